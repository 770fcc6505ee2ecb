"""Deep learning for every field: one small core, and a plugin for each domain.

Everything here is imported on first use, so that ``import deepfield`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from deepfield.api import evaluate as evaluate
    from deepfield.api import fit as fit
    from deepfield.api import load as load
    from deepfield.api import score as score
    from deepfield.domain import Domain as Domain
    from deepfield.domain import ModelSpec as ModelSpec
    from deepfield.domain import Options as Options
    from deepfield.errors import DeepfieldError as DeepfieldError
    from deepfield.explanation import Contributions as Contributions
    from deepfield.explanation import Explanation as Explanation
    from deepfield.explanation import Heatmap as Heatmap
    from deepfield.hookspecs import hookimpl as hookimpl
    from deepfield.models import ModelFolder as ModelFolder
    from deepfield.plugins import Registry as Registry
    from deepfield.predictor import Predictor as Predictor
    from deepfield.results import Result as Result
    from deepfield.table import Table as Table
    from deepfield.views import View as View
    from deepfield.writers import Writer as Writer

_HOMES = {
    "api": ("evaluate", "fit", "load", "score"),
    "domain": ("Domain", "ModelSpec", "Options"),
    "errors": ("DeepfieldError",),
    "explanation": ("Contributions", "Explanation", "Heatmap"),
    "hookspecs": ("hookimpl",),
    "models": ("ModelFolder",),
    "plugins": ("Registry",),
    "predictor": ("Predictor",),
    "results": ("Result",),
    "table": ("Table",),
    "views": ("View",),
    "writers": ("Writer",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'deepfield' has no attribute {name!r}")
    return getattr(import_module(f"deepfield.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
