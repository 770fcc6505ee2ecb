"""DICOM: one row a frame. What is said of the patient is not read unless asked for."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from deepfield.domain import Options
from deepfield.formats import File, Format, Picture, Recent

__all__ = ["KEPT_TAGS", "Dicom", "DicomOptions"]

KEPT_TAGS = (
    "PatientID",
    "PatientSex",
    "PatientAge",
    "StudyDate",
    "AccessionNumber",
    "Modality",
    "BodyPartExamined",
    "ViewPosition",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "InstanceNumber",
)
"""What ``keep_tags`` puts beside the results. Name and date of birth are never read."""

DIRECTORY = b"\x02\x00\x02\x00UI\x14\x001.2.840.10008.1.3.10"
"""The tag that says, among the first of a file, that it is a DICOMDIR."""


class DicomOptions(Options):
    keep_tags: bool = Field(
        False,
        title="Keep tags of patients",
        description="put tags of DICOM files beside the results, PatientID and StudyDate among "
        "them; without it nothing that a file says about the patient is read",
    )


class Dicom(Format):
    name = "dicom"
    title = "DICOM"
    suffixes = (".dcm", ".dicom", ".ima")
    Options = DicomOptions

    def __init__(self) -> None:
        self.recent = Recent()

    def recognises(self, head: bytes) -> bool:
        return head[128:132] == b"DICM"

    def lists_others(self, head: bytes) -> bool:
        return DIRECTORY in head

    def columns(self, options: BaseModel) -> dict[str, Literal["str", "Int64", "Float64"]]:
        kept = KEPT_TAGS if _keep_tags(options) else ()
        return {"study": "str", "series": "str", "frame": "Int64", **dict.fromkeys(kept, "str")}

    def pictures(self, file: File, options: BaseModel) -> list[Picture]:
        # pydicom is imported when the first scan comes: listing domains must cost nothing.
        from deepfield_medical_imaging.dicom_file import Scan

        kept = KEPT_TAGS if _keep_tags(options) else ()
        return Scan(file, self.recent, kept).pictures()


def _keep_tags(options: Any) -> bool:
    return options.keep_tags
