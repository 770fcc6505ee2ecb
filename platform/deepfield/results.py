"""What a job gave, in memory or read back from the file that it wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from deepfield.explanation import Explanation
from deepfield.history import Run

__all__ = ["Result", "read_results"]


@dataclass
class Result:
    """What a job gave."""

    run: Run
    """The row in the history."""
    rejected: pd.DataFrame
    """Rows set aside: row, source, reason."""
    explanations: dict[int, Explanation] = field(default_factory=dict)
    """By row number; empty unless asked for."""
    left_alone: int = 0
    """Files beside the rows that are no rows."""
    unfamiliar: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The first few rows that the model called unfamiliar, as the source gave them."""
    _frame: pd.DataFrame | None = None

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
    """Read a file of results of any of the kinds that sinks write."""
    suffix = path.suffix.lower()
    if suffix == ".csv":
        frame = pd.read_csv(path)
    elif suffix == ".parquet":
        frame = pd.read_parquet(path)
    else:
        frame = pd.read_json(path, orient="records", lines=True)
    return frame.set_index("row") if "row" in frame.columns else frame
