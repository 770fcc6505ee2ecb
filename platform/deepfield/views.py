"""What a plugin adds to the page of a domain: views of results, and tabs that need none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, get_args

from deepfield.errors import ContractError

__all__ = ["ALL_ROWS", "TABS", "View", "ViewOf", "check_view"]

ALL_ROWS = "rows"
"""The name of the view that every domain has: the table of all rows."""
TABS = ("score", "evaluate", "fit", "make", "card", "past")
"""The names of the tabs that a domain's page may have without a plugin's."""

ViewOf = Literal["run", "model"]


@dataclass(frozen=True)
class View:
    """A view for one domain: of a run's results, or of a model before anything is scored.

    Of the views of results the first of a domain is shown at once.
    """

    name: str
    """For the page's memory and widgets, unique among a domain's views: ``alerts``."""
    domain: str
    """The name of the domain; it may be another plugin's, and need not be installed."""
    title: str
    """For people: ``Alerts``."""
    show: str
    """``package.module:function``, imported on first use and called with a ``Context``; a view of a
    model with a ``ModelContext``."""
    icon: str = ":material/monitoring:"
    """A Material symbol."""
    of: ViewOf = "run"
    """``run``: shown with the results of one. ``model``: a tab of the domain's page, which needs no
    run; its name stands in the page's address."""
    opens: bool = False
    """Whether the domain's page opens with this tab, which then stands first."""

    def load(self) -> Callable[[Any], None]:
        """Import the function that shows the view.

        Raises:
            ContractError: if its module has no such function. What the module raises comes through.
        """
        module, _, name = self.show.partition(":")
        found = getattr(import_module(module), name, None)
        if not callable(found):
            raise ContractError(f"view {self.name!r}: {self.show!r} is no function")
        return found


def check_view(view: object) -> None:
    """Raise ContractError unless ``view`` says everything that the dashboard builds on."""
    if not isinstance(view, View):
        raise ContractError(f"register_views gave {view!r}, which is no View")
    who = f"view {view.name!r}"
    for attribute in ("name", "domain", "title", "show", "icon"):
        value = getattr(view, attribute)
        if not isinstance(value, str) or not value:
            raise ContractError(f"{who} lacks {attribute!r}, a str")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", view.name):
        raise ContractError(f"{who}: the name is not of the form 'heat-map'")
    if view.of not in get_args(ViewOf):
        raise ContractError(f"{who} is of {view.of!r}; a view is of a 'run' or of a 'model'")
    if view.opens and view.of != "model":
        raise ContractError(f"{who}: a page opens with a view of a 'model', which needs no run")
    if view.of == "run" and view.name == ALL_ROWS:
        raise ContractError(f"{who}: this is the name of the table of all rows")
    if view.of == "model" and view.name in TABS:
        raise ContractError(f"{who}: this is the name of a tab that every page may have")
    if not re.fullmatch(r":material/[a-z0-9_]+:", view.icon):
        raise ContractError(f"{who}: the icon {view.icon!r} is not of the form ':material/name:'")
    if not re.fullmatch(r"[\w.]+:\w+", view.show):
        raise ContractError(f"{who}: {view.show!r} is not of the form 'package.module:function'")
