"""NIfTI: one row a slice, upright, as radiologists look at it."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from deepfield.domain import Options
from deepfield.errors import InputError
from deepfield.formats import MAX_PICTURES, File, Format, Picture, Recent

__all__ = ["Nifti", "NiftiOptions", "Plane", "chosen"]

Plane = Literal["axial", "coronal", "sagittal"]


class NiftiOptions(Options):
    plane: Plane = Field(
        "axial",
        title="Plane of slices",
        description="how a NIfTI volume is cut: across (axial), from the front (coronal) or from "
        "the side (sagittal)",
    )
    slices: str = Field(
        "all",
        title="Slices",
        description="which slices of a NIfTI volume are scored: all, middle, one by its number "
        "from 0, or first:end:step as in Python (40:80:2)",
    )

    @field_validator("slices")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        if not re.fullmatch(
            r"all|middle|-?\d{1,6}|(-?\d{1,6})?:(-?\d{1,6})?(:0*[1-9]\d{0,5})?", value
        ):
            raise ValueError("expected all, middle, a number, or first:end:step such as 40:80:2")
        return value


class Nifti(Format):
    name = "nifti"
    title = "NIfTI"
    suffixes = (".nii", ".nii.gz")
    Options = NiftiOptions

    def __init__(self) -> None:
        self.recent = Recent()

    def recognises(self, head: bytes) -> bool:
        return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")

    def columns(self, options: BaseModel) -> dict[str, Literal["str", "Int64", "Float64"]]:
        return {"plane": "str", "slice": "Int64", "volume": "Int64"}

    def pictures(self, file: File, options: BaseModel) -> list[Picture]:
        # nibabel is imported when the first volume comes: listing domains must cost nothing.
        from deepfield_medical_imaging.volume import Volume

        wanted: Any = options
        volume = Volume(file, self.recent)
        places = chosen(wanted.slices, volume.count(wanted.plane), wanted.plane)
        if len(places) * volume.times > MAX_PICTURES:
            raise InputError(
                f"holds {len(places) * volume.times:,} slices; at most {MAX_PICTURES:,} are read, "
                "choose some of them"
            )
        return volume.pictures(wanted.plane, places)


def chosen(slices: str, count: int, plane: str) -> range:
    """Return the places of the slices that a person asked for, of ``count``.

    Raises:
        InputError: if there is none.
    """
    if slices == "all":
        return range(count)
    if slices == "middle":
        return range(count // 2, count // 2 + 1)
    if ":" in slices:
        parts = [int(part) if part else None for part in slices.split(":")]
        found = range(count)[slice(*parts)]
    else:
        place = int(slices)
        place += count if place < 0 else 0
        found = range(count)[place : place + 1] if place >= 0 else range(0)
    if not found:
        raise InputError(f"has {count} {plane} slices, from 0 to {count - 1}; none is {slices!r}")
    return found
