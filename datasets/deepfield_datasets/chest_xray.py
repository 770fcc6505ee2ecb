"""Paediatric chest X-rays of Kermany et al. (2018), read from a folder that a person names.

Rows: ``image`` (path), ``label`` (normal or pneumonia), ``patient`` (from the file name),
``series`` (which of the hospital's numbering series the film is from) and ``number`` (the
patient's place in it). Near-duplicates exist within a patient: split by ``patient``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from deepfield.dataset import DatasetCard, RealDataset
from deepfield.errors import InputError

__all__ = ["ChestXray"]

NAME = re.compile(
    r"(?P<series>NORMAL2-IM|IM|person)-?(?P<number>\d+)[-_](?P<kind>bacteria|virus)?", re.I
)


class ChestXray(RealDataset):
    name = "chest-xray"
    card = DatasetCard(
        title="Chest X-ray images (pneumonia)",
        summary="Front chest films of children of one to five years, Guangzhou, labelled normal or "
        "pneumonia by two physicians, the test part checked by a third.",
        license="CC BY 4.0",
        source="https://data.mendeley.com/datasets/rscbjbr9sj/3",
        citation="Kermany et al., Identifying medical diagnoses and treatable diseases by "
        "image-based deep learning, Cell 172 (2018)",
        traps=(
            "Near-duplicates share a patient: split by patient number.",
            "The official test films differ from the training films: models that reach 98 % on a "
            "random validation split often fall to 85-90 % there by calling normal films "
            "pneumonia.",
            "Three films in four are pneumonia.",
        ),
    )

    def load(self, folder: Path) -> pd.DataFrame:
        if any((Path(folder) / name).is_dir() for name in ("test", "chest_xray/test")):
            raise InputError(
                f"{str(folder)!r} holds the official test films beside the training films. "
                f"Name the training folder alone: {str(Path(folder) / 'train')!r}."
            )
        rows = []
        for path in sorted(self.folder(folder).rglob("*.jp*g")):
            label, match = path.parent.name.lower(), NAME.match(path.name)
            if label not in ("normal", "pneumonia") or match is None:
                continue
            series = match["series"].upper()
            rows.append(
                {
                    "image": str(path),
                    "label": label,
                    "patient": f"{series}-{match['number']}",
                    "series": series,
                    "number": int(match["number"]),
                }
            )
        if not rows:
            raise InputError(
                f"{str(folder)!r} holds no chest films: two folders were expected in it, 'normal' "
                "and 'pneumonia', with files named like IM-0115-0001.jpeg or "
                "person1_bacteria_1.jpeg."
            )
        return pd.DataFrame(rows)
