"""What all visitors share, made once: the registry, loaded models, results read back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from deepfield.domain import Domain
from deepfield.loading import Model, load_model
from deepfield.plugins import Registry
from deepfield.results import read_results
from deepfield.store import find_model

__all__ = ["model", "registry", "results"]


@st.cache_resource(show_spinner="Looking for plugins …")
def registry() -> Registry:
    return Registry.discover()


def model(domain: Domain, name: str) -> Model:
    """Return a model of a domain; a fitted one that was replaced is loaded anew.

    Raises:
        DeepfieldError: if there is none of that name, or it cannot be loaded.
    """
    folder = find_model(domain, name).folder
    found = [folder / each for each in ("config.json", "model.safetensors")]
    stamp = tuple(each.stat().st_mtime_ns if each.exists() else 0 for each in found)
    return _model(domain, domain.name, name, stamp)


@st.cache_resource(show_spinner="Loading the model …", max_entries=16)
def _model(_domain: Domain, domain_name: str, name: str, stamp: tuple[int, ...]) -> Model:
    return load_model(_domain, name, formats=registry().formats_for(_domain))


def results(path: Path) -> pd.DataFrame:
    """Return a file's results; one that was written anew is read anew.

    What a caller sets in it is the caller's own; the values are shared until then.
    """
    state = path.stat()
    return _results(str(path), state.st_mtime_ns, state.st_size).copy(deep=False)


# A resource, for data would be copied out of the cache, a million rows, at every click.
@st.cache_resource(show_spinner="Reading the results …", max_entries=16)
def _results(path: str, written: int, size: int) -> pd.DataFrame:
    return read_results(Path(path))
