"""What a job gives: its rows' shape, and all of it, in memory or read back from its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from deepfield.errors import UsageError
from deepfield.explanation import Explanation
from deepfield.frames import lists_of_arrow
from deepfield.history import Run
from deepfield.loading import Model
from deepfield.writers import OWN

__all__ = ["Result", "beside", "no_results", "read_results", "results_schema"]


@dataclass
class Result:
    """What a job gave."""

    run: Run
    """The row in the history."""
    rejected: pd.DataFrame
    """Rows set aside: row, source, reason."""
    unread_history: pd.DataFrame
    """Earlier rows that could not be read, and so gave no row its past: row, source, reason."""
    explanations: dict[int, Explanation] = field(default_factory=dict)
    """By row number; empty unless asked for."""
    left_alone: int = 0
    """Files beside the rows that are no rows."""
    unfamiliar: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The first few rows that the model called unfamiliar, as the source gave them."""
    _frame: pd.DataFrame | None = None
    annotated: Path | None = None
    """The video or the folder with the answers over their pictures, where that was asked for."""

    @property
    def frame(self) -> pd.DataFrame:
        """Return the results, with the row numbers as index; read back from the file if need be."""
        if self._frame is None:
            self._frame = read_results(Path(self.run.result or ""))
        return self._frame

    @property
    def stopped(self) -> bool:
        """Return whether a person ended the job before its last row."""
        return self.run.status == "stopped"


def read_results(path: Path) -> pd.DataFrame:
    """Read a file of results of any of the kinds that sinks write.

    Raises:
        UsageError: if it is of a plugin's kind, which is written only.
    """
    suffix = path.suffix.lower()
    if suffix not in OWN:
        raise UsageError(
            f"{str(path)!r} is of a kind that is written and not read back; write results to "
            f"{', '.join(OWN)} to have them again."
        )
    if suffix == ".csv":
        frame = pd.read_csv(path)
    elif suffix == ".parquet":
        frame = pyarrow.parquet.read_table(path).to_pandas(types_mapper=lists_of_arrow)
    else:
        frame = pd.read_json(path, orient="records", lines=True)
    return frame.set_index("row") if "row" in frame.columns else frame


def results_schema(model: Model) -> pa.Schema:
    """Return the types of the columns whose meaning is known; others travel along."""
    image = model.inputs.image
    inputs = [(each.name, pa.string() if each is image else each.arrow) for each in model.inputs]
    return pa.schema([("row", pa.int64()), *inputs, *model.results.arrow_schema()])


def no_results(model: Model) -> pd.DataFrame:
    """Return results of no rows."""
    names = [*model.inputs.names, *model.results.names]
    return pd.DataFrame(columns=names).rename_axis("row")


def beside(
    model: Model, raw: pd.DataFrame, checked: pd.DataFrame, answers: pd.DataFrame
) -> pd.DataFrame:
    """Set answers beside the columns that came in; a picture becomes its name.

    Raises:
        UsageError: if a column that came in is named like one of the results.
    """
    taken = [name for name in raw.columns if name in (*answers.columns, "row")]
    if taken:
        raise UsageError(
            f"The source has a column {taken[0]!r}, and so have the results. "
            "Rename it or leave it out."
        )
    columns = raw.copy(deep=False)
    for each in model.inputs:
        if each.name in raw.columns:
            columns[each.name] = (
                raw[each.name].map(each.show).astype("str")
                if each is model.inputs.image
                else checked[each.name]
            )
    return columns.join(answers).rename_axis("row")
