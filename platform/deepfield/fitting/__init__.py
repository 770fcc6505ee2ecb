"""Fit a domain's model to a person's own rows, and measure what came of it."""

from deepfield.fitting.bases import fit_bases, options_kind
from deepfield.fitting.fitting import Fitted, Fitting
from deepfield.fitting.progress import FitProgress, Stopped

__all__ = ["FitProgress", "Fitted", "Fitting", "Stopped", "fit_bases", "options_kind"]
