"""The studies behind the shipped models: which data, which classes, which split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfield.dataset import RealDataset
from deepfield_datasets.brain_mri import BrainMri
from deepfield_datasets.chest_xray import ChestXray

__all__ = ["STUDIES", "Study", "split_at_random", "split_by_patient"]


@dataclass(frozen=True)
class Study:
    """What is special about training one of the shipped models."""

    model: str
    dataset: RealDataset
    classes: tuple[str, ...]
    held_out: Callable[[pd.DataFrame], pd.Series]
    """Rows of the dataset -> True for those that validate."""


def split_by_patient(films: pd.DataFrame, share: float = 0.15, seed: int = 0) -> pd.Series:
    """Return True for the films of validation patients.

    Half of the validation share of each series of normal films are its lowest-numbered patients:
    the official test films carry the numbers just below, so this block is as near to them as
    training data comes. The other half, and all of the pneumonia patients, are drawn at random.
    """
    generator = np.random.default_rng(seed)
    chosen: set[str] = set()
    for (label, _), group in films.groupby(["label", "series"]):
        patients = group.sort_values("number")["patient"].unique()
        count = round(share * len(patients))
        first = count // 2 if label == "normal" else 0
        chosen.update(patients[:first])
        chosen.update(generator.permutation(patients[first:])[: count - first])
    return films["patient"].isin(chosen)


def split_at_random(rows: pd.DataFrame, share: float = 0.15, seed: int = 0) -> pd.Series:
    """Return True for a share of each class, drawn at random: where no row is kin to another."""
    drawn = rows.groupby("label")["image"].sample(frac=share, random_state=seed)
    return pd.Series(rows.index.isin(drawn.index), index=rows.index)


STUDIES = {
    study.model: study
    for study in (
        Study("chest-xray", ChestXray(), ("normal", "pneumonia"), split_by_patient),
        Study(
            "brain-mri",
            BrainMri(),
            ("no tumour", "glioma", "meningioma", "pituitary"),
            split_at_random,
        ),
    )
}
