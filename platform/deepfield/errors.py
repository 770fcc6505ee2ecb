"""The one family of errors that a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["ContractError", "DeepfieldError", "InputError", "NotFoundError", "UsageError"]


class DeepfieldError(Exception):
    """Say in one sentence what is wrong, what was found and what to do.

    Every interface shows it without a traceback. Anything else that is raised is a bug.
    """


class UsageError(DeepfieldError):
    """A wrong argument: the command line exits with 2."""


class NotFoundError(UsageError):
    """A name that stands for nothing installed."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> NotFoundError:
        """Name what was asked for, the nearest known name, and all that exist."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return cls(f"No {kind} named {name!r}.{hint} Installed: {', '.join(names) or 'none'}.")


class InputError(DeepfieldError):
    """Data that cannot be read at all (a bad row alone is set aside, not raised)."""


class ContractError(DeepfieldError):
    """A plugin that does not keep the contract."""
