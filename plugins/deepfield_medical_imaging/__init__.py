"""Medical imaging: does this chest film show pneumonia, and where does it look so?"""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from deepfield.domain import Domain, ModelSpec, Options
from deepfield.fields import Image, Label, Probability
from deepfield.formats import Format
from deepfield.hookspecs import hookimpl
from deepfield.table import Table
from deepfield_medical_imaging.dicom import Dicom
from deepfield_medical_imaging.nifti import Nifti

__all__ = ["MedicalImaging", "MedicalImagingOptions", "register_domains", "register_sources"]


class MedicalImagingOptions(Options):
    """What a reader may set."""

    threshold: float = Field(
        0.5,
        ge=0.01,
        le=0.99,
        title="Call pneumonia from",
        description="least calibrated probability at which a film is called pneumonia; "
        "lower finds more of it and calls more healthy children ill",
    )
    max_error: float = Field(
        0.02,
        ge=0.005,
        le=0.2,
        title="Accepted error rate",
        description="mark answers unsure so that of the others at most this share is wrong, "
        "as validation films showed",
    )


class MedicalImaging(Domain):
    name = "medical-imaging"
    title = "Medical imaging"
    question = "Does this chest X-ray of a child show pneumonia, and where?"
    icon = ":material/radiology:"
    notice = (
        "Research software, not a medical device. Trained on films of one hospital's patients "
        "aged one to five; no finding here replaces a radiologist's."
    )
    example = (
        "The built-in example is six drawn films, nobody's scans: a model that knows its limits "
        "calls them unfamiliar."
    )
    inputs = Table(
        Image("image", mode="L", help="a front chest film as DICOM, PNG, JPEG, TIFF or NIfTI")
    )
    outputs = Table(
        Label("finding", values=("normal", "pneumonia"), help="what the film is called"),
        Probability("pneumonia", help="calibrated probability of pneumonia"),
    )
    Options = MedicalImagingOptions
    formats = ("dicom", "nifti")
    models = (
        ModelSpec(
            "chest-xray",
            technique="CNN",
            predictor="deepfield_medical_imaging.chest_xray:ChestXrayPredictor",
            title="Chest X-ray, pneumonia",
            summary="MobileNetV2, fine-tuned throughout on 4,400 chest films of children",
        ),
    )

    def samples(self) -> pd.DataFrame:
        from deepfield_datasets.phantoms import ChestPhantoms

        return ChestPhantoms().generate(6, seed=7)


@hookimpl
def register_domains() -> list[Domain]:
    return [MedicalImaging()]


@hookimpl
def register_sources() -> list[Format]:
    return [Dicom(), Nifti()]
