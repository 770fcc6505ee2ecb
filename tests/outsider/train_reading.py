"""Fit the model of reading to made-up readers: ``python tests/outsider/train_reading.py``."""

from pathlib import Path

from deepfield_reading import Reading, simulate
from deepfield_reading.popular import Popular
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.evaluation import evaluate
from deepfield.loading import Model
from deepfield.models import ModelFolder

FOLDER = Path(__file__).parent / "deepfield_reading" / "models" / "popular"
domain = Reading()

readers = domain.inputs.read(simulate(2000, seed=1)).rows.sort_values("time", kind="stable")
last = ~readers.duplicated("reader", keep="last")
Popular.fit(
    readers[~last],
    readers[last],
    FOLDER,
    base=None,
    options=Popular.FitOptions(),
    report=lambda done, figures=None: None,
)
folder = ModelFolder(FOLDER)
model = Model(domain, domain.models[0], folder, Popular.load(folder))
measured = evaluate(model, simulate(2000, seed=2))
data = ModelCardData(
    license="apache-2.0",
    model_name="Reading, popular",
    eval_results=[
        EvalResult(
            task_type="ranking",
            dataset_type="made-up-readers",
            dataset_name="2,000 made-up readers, the last book of each",
            metric_type=f"ndcg@{measured.k}",
            metric_value=round(measured.figure("ndcg").value, 4),
        )
    ],
)
words = (
    "The most read books that a reader did not take yet. "
    f"NDCG@{measured.k} on the last book of readers whom it was not fitted to: "
    f"{measured.figure('ndcg').value:.3f}. Everything is made up."
)
ModelCard(f"---\n{data.to_yaml()}\n---\n\n# Reading, popular\n\n{words}\n").save(
    FOLDER / "README.md"
)
folder.write_golden(domain.samples(), model.predict(domain.samples()))
