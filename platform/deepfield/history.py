"""Every run is a row: what was scored, by which model, with what result."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from deepfield.errors import DeepfieldError, NotFoundError
from deepfield.folders import data_folder

__all__ = ["History", "Run"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    started TEXT NOT NULL,
    face TEXT NOT NULL,
    domain TEXT NOT NULL,
    model TEXT NOT NULL,
    model_hash TEXT NOT NULL,
    source TEXT NOT NULL,
    options TEXT NOT NULL,
    status TEXT NOT NULL,
    process INTEGER NOT NULL,
    rows_in INTEGER NOT NULL DEFAULT 0,
    rows_out INTEGER NOT NULL DEFAULT 0,
    rows_rejected INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    result TEXT,
    rejected TEXT,
    reason TEXT
);
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (started DESC);
PRAGMA user_version = 1;
"""


@dataclass(frozen=True)
class Run:
    """One row of the history."""

    id: str
    started: str
    """UTC, ISO 8601."""
    face: str
    """python, command line or dashboard."""
    domain: str
    model: str
    model_hash: str
    source: str
    options: dict[str, Any]
    status: str
    """running, done, stopped (by a person), failed, or lost (its process is gone)."""
    process: int
    rows_in: int
    rows_out: int
    rows_rejected: int
    seconds: float
    result: str | None
    rejected: str | None
    reason: str | None

    @property
    def folder(self) -> Path:
        """Return where a face may keep this run's files."""
        return data_folder() / "runs" / self.id


class History:
    """The run history of this user, in SQLite; several processes may write at once."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or data_folder() / "history.sqlite"

    def start(self, **values: Any) -> Run:
        """Add a run that begins now and return it.

        Raises:
            DeepfieldError: if the data folder cannot be written.
        """
        values |= {
            "id": uuid.uuid4().hex[:12],
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "options": json.dumps(values["options"], default=str),
            "status": "running",
            "process": os.getpid(),
        }
        columns = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        with self._open() as database:
            database.execute(f"INSERT INTO runs ({columns}) VALUES ({marks})", values)
        return self.get(values["id"])

    def update(self, id: str, **values: Any) -> None:
        """Set columns of a run."""
        changes = ", ".join(f"{name} = :{name}" for name in values)
        with self._open() as database:
            database.execute(f"UPDATE runs SET {changes} WHERE id = :id", {**values, "id": id})

    def get(self, id: str) -> Run:
        """Return a run by its identifier or the beginning of it.

        Raises:
            NotFoundError: if none begins so, or more than one.
        """
        with self._open() as database:
            query = "SELECT * FROM runs WHERE substr(id, 1, ?) = ? LIMIT 2"
            rows = database.execute(query, (len(id), id)).fetchall() if id else []
        if len(rows) != 1:
            how = "Several runs begin" if rows else "No run begins"
            raise NotFoundError(f"{how} with {id!r}; 'deepfield runs' lists them.")
        return _run(rows[0])

    def list(self, domain: str | None = None, limit: int = 50) -> list[Run]:
        """Return the latest runs, newest first."""
        with self._open() as database:
            rows = database.execute(
                "SELECT * FROM runs WHERE ? IS NULL OR domain = ? "
                "ORDER BY started DESC, rowid DESC LIMIT ?",
                (domain, domain, limit),
            ).fetchall()
        return [_run(row) for row in rows]

    def forget(self, id: str) -> None:
        """Remove a run and what it kept; a result file that a person named is theirs and stays."""
        run = self.get(id)
        with self._open() as database:
            database.execute("DELETE FROM runs WHERE id = ?", (run.id,))
        shutil.rmtree(run.folder, ignore_errors=True)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=30)) as database, database:
                database.row_factory = sqlite3.Row
                database.execute("PRAGMA journal_mode = WAL")
                if not database.execute("PRAGMA user_version").fetchone()[0]:
                    database.executescript(SCHEMA)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise DeepfieldError(
                f"The run history {str(self.file)!r} cannot be used: {error}. "
                "Set DEEPFIELD_HOME to a folder that can be written."
            ) from error


def _run(row: sqlite3.Row) -> Run:
    values = {**dict(row), "options": json.loads(row["options"])}
    if values["status"] == "running" and not psutil.pid_exists(values["process"]):
        values["status"] = "lost"
    return Run(**values)
