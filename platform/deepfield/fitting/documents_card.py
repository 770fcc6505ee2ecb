"""The model card of a model that learned from documents, of which none is held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from huggingface_hub import ModelCard, ModelCardData

from deepfield.evaluation.inventory import Inventory
from deepfield.fitting.card import repeat_command
from deepfield.fitting.card_sections import cell, code, one_line
from deepfield.loading import Model

__all__ = ["write_documents_card"]


def write_documents_card(
    model: Model,
    found: Inventory,
    data: Mapping[str, Any],
    files: Sequence[str],
    request: dict[str, Any],
) -> None:
    """Write ``README.md``: YAML metadata, then words. There are no figures.

    Args:
        data: what the config says of the files.
        files: their names.
    """
    domain, spec, config = model.domain, model.spec, model.folder.config
    head = ModelCardData(
        library_name="deepfield", tags=[domain.name, "fitted", "documents"], model_name=spec.name
    )
    read = set(files) - set(found.rejected["source"])
    kinds = Counter(PurePosixPath(name).suffix.lower() for name in read)
    listed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    took = f"`{code(found.source)}`: {found.done} ({cell(listed)})." if files else f"{found.done}."
    if found.added:
        took += (
            f" This changed version {data['added_to'][:12]} of this model: a document of the same "
            "name was replaced, and what else it held stays."
        )
    digest = (
        f"SHA-256 over the names and contents of the files:\n`{data['fingerprint']}`."
        if files
        else ""
    )
    held = ", ".join(f"{count:,} {cell(name)}" for name, count in found.counts.items())
    text = f"""---
{head.to_yaml()}
---

# {spec.name}

{domain.title}: made with Deepfield {config["deepfield"]} on {config["fitted"][:10]} from a person's
own documents, starting from `{config["base"]}` (version {config["base_hash"][:12]},
{spec.technique}).

## Intended use and limits

{domain.notice or "It knows what it was fitted to, and nothing else."}

## Data

{took}
{f"The model holds {held}." if held else ""}

{len(found.rejected):,} files could not be read (`rejected.csv` says why). {found.left_alone:,}
others were left alone: they are of other kinds. {digest}

The folder holds what these documents say, and so may the answers in `golden/`: share it only with
those who may read them.

## Figures

None. Nothing was held out, for nothing says what a right answer is; the golden rows only tell that
it answers the same on any machine.

## Reproduce

    {one_line(repeat_command(domain.name, spec.name, request))}
"""
    ModelCard(text, ignore_metadata_errors=True).save(model.folder.path / "README.md")
