"""Fit a domain's model to a person's own rows, and measure what came of it."""

from deepfield.fitting.bases import file_endings, fit_bases, options_kind
from deepfield.fitting.fitting import Fitting
from deepfield.fitting.progress import FitProgress, Stopped
from deepfield.fitting.task import Fitted

__all__ = [
    "FitProgress",
    "Fitted",
    "Fitting",
    "Stopped",
    "file_endings",
    "fit_bases",
    "options_kind",
]
