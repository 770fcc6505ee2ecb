"""What a plugin may give the platform. Each hook is called once for each plugin, at start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from deepfield.dataset import Dataset
    from deepfield.domain import Domain
    from deepfield.formats import Format
    from deepfield.views import View
    from deepfield.writers import Writer

__all__ = ["hookimpl"]

hookspec = pluggy.HookspecMarker("deepfield")
hookimpl = pluggy.HookimplMarker("deepfield")


@hookspec
def register_domains() -> list[Domain]:
    """Return the plugin's domains."""


@hookspec
def register_datasets() -> list[Dataset]:
    """Return the plugin's datasets: real ones that a person brings, or simulators."""


@hookspec
def register_sources() -> list[Format]:
    """Return the kinds of file that the plugin can take pictures from."""


@hookspec
def register_views() -> list[View]:
    """Return the plugin's views of a domain's results or models, its own or another's."""


@hookspec
def register_sinks() -> list[Writer]:
    """Return the kinds of file that the plugin writes results of a domain to."""
