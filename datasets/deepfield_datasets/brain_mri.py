"""Brain MRI slices with and without tumours, read from a folder that a person names.

Rows: ``image`` (path) and ``label`` (glioma, meningioma, pituitary or no tumour). The files carry
no patient: split at random within a class, and only after near-duplicates are gone.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from deepfield.dataset import DatasetCard, RealDataset
from deepfield.errors import InputError

__all__ = ["BrainMri"]

LABELS = {
    "notumor": "no tumour",
    "glioma": "glioma",
    "meningioma": "meningioma",
    "pituitary": "pituitary",
}


class BrainMri(RealDataset):
    name = "brain-mri"
    card = DatasetCard(
        title="Brain tumor MRI dataset",
        summary="Single MRI slices of the head in three planes, labelled glioma, meningioma, "
        "pituitary tumour or no tumour.",
        license="CC0",
        source="https://www.kaggle.com/datasets/masoudnickparvar/brain-tumor-mri-dataset",
        citation="Masoud Nickparvar, Brain Tumor MRI Dataset, Kaggle (2021); from figshare "
        "(Cheng 2017), SARTAJ and Br35H",
        traps=(
            "Three quarters of the published test images are flipped or brightened copies of "
            "training images: keep one image of each group of near-duplicates before splitting.",
            "No patient is named, so slices of one patient may lie on both sides of a split.",
            "Images without a tumour come from another collection than the tumours: a model may "
            "know them by their scanner.",
        ),
    )

    def load(self, folder: Path) -> pd.DataFrame:
        rows = [
            {"image": str(path), "label": LABELS[path.parent.name.lower()]}
            for path in sorted(self.folder(folder).rglob("*.jp*g"))
            if path.parent.name.lower() in LABELS
        ]
        if not rows:
            raise InputError(
                f"{str(folder)!r} holds no brain slices: four folders were expected in it, "
                f"{', '.join(map(repr, LABELS))}, with JPEG files."
            )
        return pd.DataFrame(rows)
