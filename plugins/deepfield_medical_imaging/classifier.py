"""Classifiers of scans: one grey picture to a calibrated call and a heat map."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from deepfield.explanation import Explanation, Heatmap
from deepfield.fields import Image, Label, Probability
from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine
from deepfield.predictor import Predictor, Report
from deepfield.table import Table
from deepfield.trust import Calibration, MahalanobisGuard, trust_labels
from deepfield_medical_imaging import MedicalImagingOptions, ScanFitOptions

if TYPE_CHECKING:
    from deepfield_medical_imaging.network import ImageClassifier

__all__ = ["NETWORK", "ScanClassifier", "build"]

NETWORK = Path(__file__).with_name("network.py")


class ScanClassifier(Predictor):
    """MobileNetV2 with temperature scaling, an abstention threshold and a Mahalanobis guard.

    Of two classes the second is the one looked for: its probability is given, and the reader's
    threshold applies to it. Of more classes each has its probability, and the likeliest is called.
    """

    largest_batch = 256
    FitOptions = ScanFitOptions

    def __init__(
        self,
        folder: ModelFolder,
        engine: Engine,
        calibration: Calibration,
        guard: MahalanobisGuard,
    ) -> None:
        self.folder = folder
        self.engine = engine
        self.calibration = calibration
        self.guard = guard
        self.classes: list[str] = folder.config["classes"]
        size = folder.config["image_size"]
        self.inputs = Table(Image("image", mode="L", size=(size, size)))
        shown = self.classes[1:] if len(self.classes) == 2 else self.classes
        self.outputs: Table = Table(
            Label("finding", values=tuple(self.classes), help="what the picture is called"),
            *(Probability(name, help=f"calibrated probability of {name}") for name in shown),
        )

    @classmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        size = folder.config["image_size"]
        example = np.zeros((1, size, size), dtype=np.uint8)
        # The small files first: a folder that lacks one says so before a graph is made.
        calibration = Calibration.load(folder.file("calibration.json"))
        guard = MahalanobisGuard.load(folder.file("guard.safetensors"))
        engine = open_engine(folder, lambda: build(folder), example, NETWORK, device)
        return cls(folder, engine, calibration, guard)

    def predict(self, rows: pd.DataFrame, options: MedicalImagingOptions) -> pd.DataFrame:
        logits, textures = self.engine(np.stack(rows["image"].to_list()))
        probabilities = self.calibration.probabilities(logits)  # (n, classes)
        if len(self.classes) == 2:
            called = (probabilities[:, 1] >= options.threshold).astype(int)
        else:
            called = probabilities.argmax(axis=1)
        confidence = np.take_along_axis(probabilities, called[:, None], axis=1)[:, 0]
        places = {name: self.classes.index(name) for name in self.outputs.names[1:]}
        return pd.DataFrame(
            {
                "finding": np.array(self.classes, dtype=object)[called],
                **{name: probabilities[:, place] for name, place in places.items()},
                "confidence": confidence,
                "trust": trust_labels(
                    confidence,
                    self.calibration.least_confidence(options.max_error),
                    self.guard.score(textures),
                ),
            },
            index=rows.index,
        )

    def explain(self, rows: pd.DataFrame, options: MedicalImagingOptions) -> list[Explanation]:
        """Return where the evidence lies for the class that each picture was called."""
        import torch

        from deepfield.neural.attribution import evidence_maps

        answers = self.predict(rows, options)
        called = answers["finding"].map(self.classes.index).to_numpy(dtype=np.int64)
        network = self._network
        maps = evidence_maps(
            network.logits,
            network.middle,
            torch.from_numpy(np.stack(rows["image"].to_list())),
            torch.tensor(called),
        )
        return [
            Explanation(
                f"Called {answer.finding} with confidence {answer.confidence:.1%}: "
                f"{_where(heat)} spoke most for it.",
                (Heatmap(heat),),
            )
            for answer, heat in zip(answers.itertuples(), maps, strict=True)
        ]

    @classmethod
    def fit_inputs(
        cls, inputs: Table, options: ScanFitOptions, sample: pd.DataFrame | None
    ) -> Table:
        """Return pictures of the size that the fitted model will read."""
        return inputs.replace(Image("image", mode="L", size=(options.image_size,) * 2))

    @classmethod
    def fit(
        cls,
        training: pd.DataFrame,
        validation: pd.DataFrame,
        folder: Path,
        *,
        base: ModelFolder,
        options: ScanFitOptions,
        report: Report,
        device: str = "auto",
    ) -> None:
        from deepfield_medical_imaging.fitting import fine_tune

        fine_tune(
            training,
            validation,
            folder,
            base=base,
            options=options,
            report=report,
            device=device,
        )

    @cached_property
    def _network(self) -> ImageClassifier:
        """Return the torch network, which only explanations need when OpenVINO scores."""
        return build(self.folder).eval()


def build(folder: ModelFolder) -> ImageClassifier:
    """Return the torch network of a model folder, with its weights."""
    from deepfield.neural.weights import load_weights
    from deepfield_medical_imaging.network import ImageClassifier, NetworkConfig

    config = folder.config
    network = ImageClassifier(
        NetworkConfig(tuple(config["classes"]), config["architecture"], config["image_size"])
    )
    load_weights(network, folder.weights)
    return network


def _where(heat: np.ndarray) -> str:
    """Say in words where the centre of the heat lies, as one looks at the picture."""
    if not heat.any():
        return "no single part of the picture"
    rows, columns = np.indices(heat.shape)
    y = float((rows * heat).sum() / heat.sum()) / max(heat.shape[0] - 1, 1)
    x = float((columns * heat).sum() / heat.sum()) / max(heat.shape[1] - 1, 1)
    height = "upper" if y < 0.4 else "lower" if y > 0.6 else "middle"
    side = "left" if x < 0.4 else "right" if x > 0.6 else "centre"
    return f"the {height} {side} of the picture"
