"""Thumbs up and down to answers, kept beside the run history until a person takes them back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from deepfield.errors import DeepfieldError
from deepfield.folders import data_folder

__all__ = ["Feedback", "Judgement"]


@dataclass(frozen=True)
class Judgement:
    """What a person thought of one answer."""

    id: str
    """Of the turn: a second judgement of it takes the place of the first."""
    knowledge_base: str
    version: str
    """The beginning of the model's hash."""
    thumbs: str
    """up or down."""
    question: str
    searched: str
    """The question in full."""
    kind: str
    """answer, clarify or abstain."""
    answer: str
    """What was shown: words of the document, or generated ones."""
    generated: bool
    document: str
    page: int | None
    start: int
    end: int
    """Characters of the document's text."""
    confidence: float
    trust: str
    time: str = ""
    """UTC, ISO 8601; that of keeping it."""


COLUMNS = tuple(each.name for each in fields(Judgement))


class Feedback:
    """All judgements of this user, in SQLite; several processes may write at once."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or data_folder() / "chatbot-feedback.sqlite"

    def keep(self, judgement: Judgement) -> None:
        """Keep a judgement in the place of an earlier one of the same turn.

        Raises:
            DeepfieldError: if the data folder cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        values = asdict(judgement) | {"time": now}
        marks = ", ".join(f":{name}" for name in COLUMNS)
        with self._open() as database:
            database.execute(
                f"INSERT OR REPLACE INTO feedback ({', '.join(COLUMNS)}) VALUES ({marks})", values
            )

    def take_back(self, id: str) -> None:
        """Forget the judgement of a turn, if there is one."""
        with self._open() as database:
            database.execute("DELETE FROM feedback WHERE id = ?", (id,))

    def given(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the thumbs that turns have, up or down, by the turns' identifiers."""
        if not ids or not self.file.exists():
            return {}
        marks = ", ".join("?" * len(ids))
        with self._open() as database:
            query = f"SELECT id, thumbs FROM feedback WHERE id IN ({marks})"
            return dict(database.execute(query, list(ids)).fetchall())

    def counts(self, knowledge_base: str) -> tuple[int, int]:
        """Return how many thumbs of a knowledge base are up, and how many down."""
        if not self.file.exists():
            return 0, 0
        with self._open() as database:
            found = dict(
                database.execute(
                    "SELECT thumbs, count(*) FROM feedback WHERE knowledge_base = ? "
                    "GROUP BY thumbs",
                    (knowledge_base,),
                ).fetchall()
            )
        return found.get("up", 0), found.get("down", 0)

    def table(self, knowledge_base: str | None = None) -> pd.DataFrame:
        """Return the judgements of a knowledge base, or of all, the latest first."""
        with self._open() as database:
            rows = database.execute(
                f"SELECT {', '.join(COLUMNS)} FROM feedback WHERE ? IS NULL OR knowledge_base = ? "
                "ORDER BY time DESC, rowid DESC",
                (knowledge_base, knowledge_base),
            ).fetchall()
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        frame["generated"] = frame["generated"].astype(bool)
        frame["page"] = frame["page"].astype("Int64")
        return frame

    def forget_all(self, knowledge_base: str) -> None:
        """Delete the judgements of a knowledge base, by its name."""
        if self.file.exists():
            with self._open() as database:
                database.execute("DELETE FROM feedback WHERE knowledge_base = ?", (knowledge_base,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=30)) as database, database:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA secure_delete = ON")  # what is deleted cannot be read back
                database.execute(
                    "CREATE TABLE IF NOT EXISTS feedback "
                    f"(id TEXT PRIMARY KEY, {', '.join(COLUMNS[1:])})"
                )
                yield database
        except (sqlite3.Error, OSError) as error:
            raise DeepfieldError(
                f"The feedback in {str(self.file)!r} cannot be used: {error}. "
                "Set DEEPFIELD_HOME to a folder that can be written."
            ) from error
