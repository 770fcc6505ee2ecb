"""Scans that nobody has: made by a generator that was trained against discriminators."""

from __future__ import annotations

from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from PIL import Image
from pydantic import BaseModel, Field, create_model

from deepfield.dataset import DatasetCard, SimulatedDataset
from deepfield.domain import Options
from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine

if TYPE_CHECKING:
    from deepfield_medical_imaging.generator import Generator

__all__ = ["SyntheticScans", "generators"]

CODE = Path(__file__).with_name("generator.py")
FOLDERS = Path(__file__).with_name("generators")


class SyntheticScans(SimulatedDataset):
    """Rows: ``image`` (a dict of PNG ``bytes`` and a name as ``path``), ``made_as`` (its class)."""

    domain = "medical-imaging"

    def __init__(self, study: str, what: str, classes: tuple[str, ...]) -> None:
        self.name = f"synthetic-{study}"
        self.study = study
        self.classes = classes
        self.card = DatasetCard(
            title=f"Synthetic {what}",
            summary=f"{what.capitalize()} of 128 pixels that a generative adversarial network made "
            f"up: {', '.join(classes)}. Nobody's scans.",
            license="Apache-2.0",
            source="deepfield_medical_imaging.recipes.adversarial_training",
            traps=(
                "Made to look like scans, not to be true to disease: no figure of a medical model "
                "may rest on them.",
            ),
        )
        one_of: Any = Literal[("any", *classes)]
        made_as = Field("any", title="Class", description="what the scans are made to show")
        self.Options = create_model("ScanKind", __base__=Options, made_as=(one_of, made_as))

    def generate(self, rows: int, seed: int = 0, options: BaseModel | None = None) -> pd.DataFrame:
        chosen = getattr(options, "made_as", "any")
        places = [
            number % len(self.classes) if chosen == "any" else self.classes.index(chosen)
            for number in range(rows)
        ]
        return pd.DataFrame(
            [
                {
                    "image": {
                        "bytes": _png(picture),
                        "path": f"{self.name}-{seed}-{number + 1}.png",
                    },
                    "made_as": self.classes[place],
                }
                for number, (place, picture) in enumerate(
                    zip(places, self.pictures(np.array(places), seed), strict=True)
                )
            ]
        )

    def pictures(self, places: np.ndarray, seed: int) -> np.ndarray:
        """Return uint8 (n, 128, 128) for classes (n,); the nth depends on its seed and place."""
        latent = self.folder.config["latent"]
        codes = np.zeros((len(places), latent + len(self.classes)), dtype=np.float32)
        for number, place in enumerate(places):
            codes[number, :latent] = np.random.default_rng([seed, number]).normal(size=latent)
            codes[number, latent + place] = 1
        (made,) = self._engine(codes)
        return np.clip(np.rint((made[:, 0] + 1) * 127.5), 0, 255).astype(np.uint8)

    @cached_property
    def folder(self) -> ModelFolder:
        return ModelFolder(FOLDERS / self.study)

    @cached_property
    def _engine(self) -> Engine:
        example = np.zeros((1, self.folder.config["latent"] + len(self.classes)), dtype=np.float32)
        return open_engine(self.folder, lambda: build(self.folder), example, CODE)


def generators() -> list[SyntheticScans]:
    """Return a dataset for each generator that is shipped."""
    return [
        SyntheticScans("chest-xray", "chest films", ("normal", "pneumonia")),
        SyntheticScans(
            "brain-mri", "brain slices", ("no tumour", "glioma", "meningioma", "pituitary")
        ),
    ]


def build(folder: ModelFolder) -> Generator:
    """Return the torch network of a generator's folder, with its weights."""
    from deepfield.neural.weights import load_weights
    from deepfield_medical_imaging.generator import Generator, GeneratorConfig

    config = folder.config
    network = Generator(
        GeneratorConfig(tuple(config["classes"]), config["latent"], widths=tuple(config["widths"]))
    )
    load_weights(network, folder.weights)
    return network.eval()


def _png(picture: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return file.getvalue()
