"""The one family of errors that a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["ContractError", "DeepfieldError", "InputError", "NotFoundError", "UsageError"]

MOST_NAMES = 30
"""Known names that an error lists."""


class DeepfieldError(Exception):
    """Say in one sentence what is wrong, what was found and what to do.

    Every interface shows it without a traceback. Anything else that is raised is a bug.
    """


class UsageError(DeepfieldError):
    """A wrong argument: the command line exits with 2."""


class NotFoundError(UsageError):
    """A name that stands for nothing."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> NotFoundError:
        """Name what was asked for, the nearest known name, and those that exist."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        told = ", ".join(names[:MOST_NAMES]) or "none"
        if len(names) > MOST_NAMES:
            told += f" and {len(names) - MOST_NAMES:,} more"
        return cls(f"No {kind} named {name!r}.{hint} Known: {told}.")


class InputError(DeepfieldError):
    """Data that cannot be read at all (a bad row alone is set aside, not raised)."""


class ContractError(DeepfieldError):
    """A plugin that does not keep the contract."""
