"""Rows that bear a name which is another row's: one of them counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deepfield.fields import printable
from deepfield.results import no_results
from deepfield.staging.database import Database
from deepfield.staging.spool import Column
from deepfield.table import Rejected
from deepfield.tasks import Batch, Task

__all__ = ["Apart"]


class Apart:
    """Finds them among staged rows, by each key that is unique.

    A second row of the source is set aside. One of the history that is in the source too, or in
    the history twice, is left out and said nothing of: exports overlap.

    Args:
        rows: what stands for the staged rows in a query.
    """

    def __init__(
        self, task: Task, database: Database, rows: str, columns: Sequence[Column]
    ) -> None:
        self.task = task
        self.database = database
        self._unique = [each for each in columns if each.name in task.model.inputs.unique]
        self.rows = rows
        """What stands for those that count in a query."""

    def batches(self) -> Iterator[Batch]:
        """Yield the rows of the source that are set aside."""
        nothing = no_results(self.task.model)
        for column in self._unique:
            self._find(column.stored)
            query = "SELECT row, name, first FROM twice WHERE row > 0 ORDER BY row"
            for found in self.database.stream(query):
                yield Batch(
                    nothing,
                    nothing,
                    [
                        Rejected(
                            row,
                            printable(self.task.source.name),
                            f"column {column.name!r} holds {name!r:.60}, as row {first} does",
                        )
                        for row, name, first in zip(
                            *(each.to_pylist() for each in found.columns), strict=True
                        )
                    ],
                )
            ((count,),) = self.database.run("SELECT count(*) FROM twice")
            if count:
                self.database.run(f"CREATE TABLE {column.stored}_twice AS SELECT row FROM twice")
                self.rows = (
                    f"(SELECT * FROM {self.rows} AS held "
                    f"ANTI JOIN {column.stored}_twice AS twice ON held.row = twice.row)"
                )

    def _find(self, name: str) -> None:
        """Fill the table ``twice``: rows to leave out, and the one that counts instead."""
        # Grouping hashes, and comparing the few names whose hashes meet, spares memory.
        self.database.run(
            f"""CREATE OR REPLACE TABLE twice AS
            WITH met AS (
                SELECT hash({name}) AS met FROM {self.rows} WHERE {name} IS NOT NULL
                GROUP BY 1 HAVING count(*) > 1
            ), told AS (
                SELECT row, {name} AS name,
                    coalesce(
                        min(row) FILTER (row > 0) OVER (PARTITION BY {name}),
                        min(row) OVER (PARTITION BY {name})
                    ) AS first
                FROM {self.rows} WHERE hash({name}) IN (SELECT met FROM met)
            )
            SELECT row, name, first FROM told WHERE row <> first"""
        )
