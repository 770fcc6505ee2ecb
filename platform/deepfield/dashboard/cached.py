"""What all visitors share, made once: the registry, loaded models, results read back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from deepfield.domain import Domain
from deepfield.loading import Model, load_model
from deepfield.plugins import Registry
from deepfield.results import read_results

__all__ = ["model", "registry", "results"]


@st.cache_resource(show_spinner="Looking for plugins …")
def registry() -> Registry:
    return Registry.discover()


@st.cache_resource(show_spinner="Loading the model …")
def model(_domain: Domain, domain_name: str, model_name: str) -> Model:
    return load_model(_domain, model_name, formats=registry().formats_for(_domain))


def results(path: Path) -> pd.DataFrame:
    """Return a file's results; one that was written anew is read anew."""
    state = path.stat()
    return _results(str(path), state.st_mtime_ns, state.st_size)


@st.cache_data(show_spinner="Reading the results …", max_entries=16)
def _results(path: str, written: int, size: int) -> pd.DataFrame:
    return read_results(Path(path))
