"""The studies behind the shipped models: which data, which classes, which split, which limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfield.dataset import RealDataset
from deepfield_datasets.brain_mri import BrainMri
from deepfield_datasets.chest_xray import ChestXray
from deepfield_medical_imaging.recipes.augmentation import Strength

__all__ = ["STUDIES", "Study", "nearest_block", "split_at_random", "split_by_patient"]


@dataclass(frozen=True)
class Study:
    """What is special about one of the shipped models."""

    model: str
    title: str
    dataset: RealDataset
    classes: tuple[str, ...]
    held_out: Callable[[pd.DataFrame], pd.Series]
    """Rows of the dataset -> True for those that validate."""
    split: str
    """What was held out, for the card."""
    limits: str
    """What the model is for and where it ends, for the card."""
    augmentation: Strength
    group: str | None = None
    """The column whose rows are kin: no calibration is judged on rows kin to those it saw."""


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


def nearest_block(validation: pd.DataFrame) -> pd.Series:
    """Return True for the lowest-numbered half of each series' validation patients."""
    middle = validation.groupby("series")["number"].transform("median")
    return validation["number"] <= middle


def split_at_random(rows: pd.DataFrame, share: float = 0.15, seed: int = 0) -> pd.Series:
    """Return True for a share of each class, drawn at random: where no row is kin to another."""
    drawn = rows.groupby("label")["image"].sample(frac=share, random_state=seed)
    return pd.Series(rows.index.isin(drawn.index), index=rows.index)


STUDIES = {
    study.model: study
    for study in (
        Study(
            "chest-xray",
            "Chest X-ray, pneumonia",
            ChestXray(),
            ("normal", "pneumonia"),
            split_by_patient,
            "held-out training patients",
            "It learned from front chest films of children aged one to five of one hospital in "
            "Guangzhou; on adults, other projections, other hospitals' machines or other diseases "
            "its answers mean nothing. It tells pneumonia from a normal film and knows no third "
            "answer. A film is squashed to a square before it is read, as its training films were.",
            "strong",
            group="patient",
        ),
        Study(
            "brain-mri",
            "Brain MRI, tumours",
            BrainMri(),
            ("no tumour", "glioma", "meningioma", "pituitary"),
            split_at_random,
            "held-out slices",
            "It learned from single slices of a public collection, put together from three others: "
            "every tumour is plain to see in its slice, the slices were chosen by hand, the planes "
            "are mixed, and the slices without a tumour are from another source than the rest. Of "
            "a whole scan most slices show no tumour though the patient has one; on other "
            "sequences, diseases or scanners its answers mean nothing. No patient is named in the "
            "data, so slices of one patient may lie on both sides of the split: **expect less on "
            "new patients.**",
            "light",
        ),
    )
}
