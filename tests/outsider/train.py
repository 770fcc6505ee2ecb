"""Train the linear model on scikit-learn's iris flowers: ``python tests/outsider/train.py``."""

from pathlib import Path

import numpy as np
from deepfield_flowers import SPECIES, Flowers
from deepfield_flowers.linear import LinearPredictor
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from safetensors.numpy import save_file
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from deepfield.loading import Model
from deepfield.models import ModelFolder

FOLDER = Path(__file__).parent / "deepfield_flowers" / "models" / "linear"

flowers = load_iris()
train, test, wanted, truth = train_test_split(
    flowers.data, flowers.target, test_size=0.3, random_state=0, stratify=flowers.target
)
mean, spread = train.mean(axis=0), train.std(axis=0)
network = LogisticRegression(max_iter=1000).fit((train - mean) / spread, wanted)
weights = {
    "kernel": np.ascontiguousarray(network.coef_.T),
    "bias": network.intercept_,
    "mean": mean,
    "spread": spread,
}
save_file(weights, FOLDER / "model.safetensors")
(FOLDER / "config.json").write_text('{"domain": "flowers", "model": "linear"}\n')
accuracy = float((network.predict((test - mean) / spread) == truth).mean())
data = ModelCardData(
    license="bsd-3-clause",
    model_name="Flowers, linear",
    eval_results=[
        EvalResult(
            task_type="tabular-classification",
            dataset_type="iris",
            dataset_name="iris (Fisher 1936), 45 flowers held out",
            metric_type="accuracy",
            metric_value=round(accuracy, 4),
        )
    ],
)
words = (
    f"One linear layer over four standardised lengths, for {', '.join(SPECIES)}. "
    f"Accuracy on the 45 flowers that it was not fitted to: {accuracy:.3f}."
)
ModelCard(f"---\n{data.to_yaml()}\n---\n\n# Flowers, linear\n\n{words}\n").save(
    FOLDER / "README.md"
)
folder, domain = ModelFolder(FOLDER), Flowers()
model = Model(domain, domain.models[0], folder, LinearPredictor.load(folder))
folder.write_golden(domain.samples(), model.predict(domain.samples()))
