"""Medical imaging: what does this scan show, and where does it look so?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from deepfield.dataset import Dataset
from deepfield.domain import Domain, ModelSpec, Options
from deepfield.fields import Image, Label
from deepfield.formats import Format
from deepfield.hookspecs import hookimpl
from deepfield.table import Table
from deepfield_medical_imaging.dicom import Dicom
from deepfield_medical_imaging.nifti import Nifti

__all__ = [
    "MedicalImaging",
    "MedicalImagingOptions",
    "ScanFitOptions",
    "register_datasets",
    "register_domains",
    "register_sources",
]


class MedicalImagingOptions(Options):
    """What a reader may set."""

    threshold: float = Field(
        0.5,
        ge=0.01,
        le=0.99,
        title="Call disease from",
        description="with models of two classes, the least calibrated probability at which a scan "
        "is called diseased; lower finds more and calls more of the healthy ill",
    )
    max_error: float = Field(
        0.05,
        ge=0.005,
        le=0.2,
        title="Accepted error rate",
        description="mark answers unsure so that of the others at most this share is wrong, "
        "as validation scans showed",
    )


class ScanFitOptions(Options):
    """What a person may set when fitting a classifier to their own scans."""

    positive: str = Field(
        "",
        title="Class to look for",
        description="of two classes, the one whose probability is given and thresholded "
        "[default: the last in the alphabet]",
    )
    image_size: int = Field(
        128,
        ge=64,
        le=320,
        multiple_of=32,
        title="Pixels a side",
        description="to which scans are resized: more shows finer detail and takes longer",
    )
    epochs: int = Field(
        0,
        ge=0,
        le=200,
        title="Epochs",
        description="how often every scan is seen; 0 chooses by their number, and stops early "
        "when held-out scans gain no more",
    )
    augmentation: Literal["light", "strong"] = Field(
        "light",
        title="Augmentation",
        description="how far scans are changed at random while learning; strong hides up to half "
        "of a scan: for disease that is spread out, not for one small lesion",
    )
    learning_rate: float = Field(
        4e-4, ge=1e-5, le=1e-2, title="Learning rate", description="the highest, after warm-up"
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="of all that is drawn")


class MedicalImaging(Domain):
    name = "medical-imaging"
    title = "Medical imaging"
    question = "What does this scan show, and where: pneumonia, a brain tumour, your own classes?"
    icon = ":material/radiology:"
    notice = (
        "Research software, not a medical device. Each model knows the scans of few hospitals, as "
        "its card says; no finding here replaces a radiologist's."
    )
    example = (
        "The built-in example is eight scans that nobody has, made by our generators: four chest "
        "films, four brain slices. A model that knows its limits calls the other kind unfamiliar."
    )
    inputs = Table(
        Image(
            "image",
            mode="L",
            help="a scan of the kind that the model knows: DICOM, NIfTI, PNG, JPEG or TIFF",
        )
    )
    outputs = Table(Label("finding", help="what the scan is called: a class of the model"))
    Options = MedicalImagingOptions
    formats = ("dicom", "nifti")
    models = (
        ModelSpec(
            "chest-xray",
            technique="CNN",
            predictor="deepfield_medical_imaging.classifier:ScanClassifier",
            title="Chest X-ray, pneumonia",
            summary="MobileNetV2, fine-tuned throughout on 4,400 chest films of children",
        ),
        ModelSpec(
            "brain-mri",
            technique="CNN",
            predictor="deepfield_medical_imaging.classifier:ScanClassifier",
            title="Brain MRI, tumours",
            summary="MobileNetV2, fine-tuned throughout on 2,600 slices: glioma, meningioma, "
            "pituitary tumour or none",
        ),
    )

    def samples(self) -> pd.DataFrame:
        frames = []
        for study in ("chest-xray", "brain-mri"):
            folder = Path(__file__).with_name("samples") / study
            rows = pd.read_csv(folder / "rows.csv")
            pictures = [
                {"bytes": (folder / name).read_bytes(), "path": name} for name in rows["image"]
            ]
            frames.append(rows.assign(image=pd.Series(pictures, dtype=object)))
        return pd.concat(frames, ignore_index=True)


@hookimpl
def register_domains() -> list[Domain]:
    return [MedicalImaging()]


@hookimpl
def register_datasets() -> list[Dataset]:
    from deepfield_medical_imaging.synthesis import generators

    return [*generators()]


@hookimpl
def register_sources() -> list[Format]:
    return [Dicom(), Nifti()]
