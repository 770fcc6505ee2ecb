"""A stranger's domain that is fitted to documents: what does this word mean in our house?"""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from deepfield import Domain, ModelSpec, Options, Table, hookimpl
from deepfield.fields import Text


class GlossaryOptions(Options):
    nearest: float = Field(0.8, ge=0, le=1, description="likeness under which a term is unknown")


class Glossary(Domain):
    name = "glossary"
    title = "Glossary"
    question = "What does this word mean in our house?"
    icon = ":material/dictionary:"
    inputs = Table(Text("term", longest=200))
    outputs = Table(Text("meaning"), Text("document"))
    Options = GlossaryOptions
    models = (
        ModelSpec("letters", technique="ANN", predictor="deepfield_glossary.letters:Letters"),
    )

    def samples(self) -> pd.DataFrame:
        return pd.DataFrame({"term": ["epoch", "Epochs", "logits", "xylophone"]})


@hookimpl
def register_domains() -> list[Domain]:
    return [Glossary()]
