"""Rows that have a history, for any number of them: read, sorted and gathered out of memory.

source ──▶ checked rows on disk ──sort by a key──▶ whole groups ──▶ gather ──▶ … ──▶ predict
                                                                                     │
source, read once more ──────────── merged in the input's order ◀──sort by row── results on disk
"""

from __future__ import annotations

from collections.abc import Generator

from deepfield.staging.kept import GROUPS, kept_group
from deepfield.staging.passes import Staging
from deepfield.staging.places import staging_folder
from deepfield.table import Table
from deepfield.tasks import Batch, Task

__all__ = ["GROUPS", "kept_group", "needs_staging", "staged"]


def needs_staging(inputs: Table) -> bool:
    """Return whether a row's answer hangs on other rows, so that all are read before one is."""
    return bool(inputs.group_by or inputs.unique)


def staged(task: Task) -> Generator[Batch, None, None]:
    """Yield what was set aside as it is found, and then what was answered, in order."""
    with staging_folder() as folder:
        yield from Staging(task, folder).batches()
