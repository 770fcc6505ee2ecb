"""Make the model of the glossary from a few terms: ``python tests/outsider/train_glossary.py``."""

from pathlib import Path

import pandas as pd
from deepfield_glossary import Glossary
from deepfield_glossary.letters import Letters, write_model
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.loading import Model
from deepfield.models import ModelFolder

FOLDER = Path(__file__).parent / "deepfield_glossary" / "models" / "letters"
TERMS = {
    "epoch": "one pass over all that is learned from",
    "logits": "scores before they become probabilities",
    "recall": "the share of what is sought that is found",
}
domain = Glossary()

entries = [
    {"term": term, "meaning": meaning, "document": "shipped"} for term, meaning in TERMS.items()
]
FOLDER.mkdir(parents=True, exist_ok=True)
write_model(FOLDER, entries)
folder = ModelFolder(FOLDER)
model = Model(domain, domain.models[0], folder, Letters.load(folder))
asked = {term[:-1]: meaning for term, meaning in TERMS.items()}
answers = model.predict(pd.DataFrame({"term": [*asked]}))
found = float((answers["meaning"].to_numpy() == [*asked.values()]).mean())
data = ModelCardData(
    license="apache-2.0",
    model_name="Glossary, letters",
    eval_results=[
        EvalResult(
            task_type="text-retrieval",
            dataset_type="its-own-terms",
            dataset_name=f"its own {len(asked)} terms, each without its last letter",
            metric_type="accuracy",
            metric_value=round(found, 4),
        )
    ],
)
words = (
    "Three terms, so that there is something to try: it answers what the term that is spelled most "
    f"alike means. Of its own terms without their last letters it finds {found:.0%}."
)
card = f"---\n{data.to_yaml()}\n---\n\n# Glossary, letters\n\n{words}\n"
ModelCard(card).save(FOLDER / "README.md")
folder.write_golden(domain.samples(), model.predict(domain.samples()))
