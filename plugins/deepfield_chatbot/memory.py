"""Conversations of the chat page, kept beside the run history until a person deletes them.

They are bounded in number and in size, and each belongs to one knowledge base: to its name and its
identity, so that one that is deleted and made anew under the same name starts with none.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deepfield.errors import DeepfieldError
from deepfield.folders import data_folder

__all__ = ["MOST_TURNS", "About", "Kept", "Memory", "new_id"]

MOST = 50
"""Conversations about a knowledge base that are kept; those that rested longest go first."""
MOST_TURNS = 50
"""Turns of a conversation that are kept; older ones are dropped."""
MOST_CHARACTERS = 2_000_000
"""Of a conversation as it is written; older turns are dropped."""
TITLE = 80
"""Characters of a conversation's title."""
ID = re.compile(r"[0-9a-f]{32}")
SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY,
    knowledge_base TEXT NOT NULL,
    identity TEXT NOT NULL,
    title TEXT NOT NULL,
    changed TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    id TEXT NOT NULL,
    turn TEXT NOT NULL,
    PRIMARY KEY (conversation, id)
);
"""


@dataclass(frozen=True)
class About:
    """The knowledge base that a conversation is about."""

    knowledge_base: str
    """Its name."""
    identity: str


@dataclass(frozen=True)
class Kept:
    """A conversation in a list."""

    id: str
    title: str
    """How it began."""
    changed: str
    """UTC, ISO 8601."""
    turns: int


def new_id() -> str:
    """Return a name for a conversation, which nobody can guess: whoever knows it may read it."""
    return secrets.token_hex(16)


class Memory:
    """All conversations of this user, in SQLite; several processes may write at once."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or data_folder() / "chatbot-conversations.sqlite"

    def keep(self, id: str, about: About, title: str, turn_id: str, turn: str) -> None:
        """Keep a turn, in the place of what was kept of it before.

        Args:
            title: of the conversation, if this is its first turn.
            turn: as JSON.

        Raises:
            DeepfieldError: if the data folder cannot be written.
        """
        name = about.knowledge_base
        now = datetime.now(UTC).isoformat()
        line = " ".join(title.split())[:TITLE]
        with self._open() as database:
            # What was said about another of the same name can never be opened again.
            database.execute(
                "DELETE FROM conversations WHERE knowledge_base = ? AND identity != ?",
                (name, about.identity),
            )
            database.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET changed = excluded.changed",
                (id, name, about.identity, line, now),
            )
            database.execute(
                "INSERT INTO turns VALUES (?, ?, ?) "
                "ON CONFLICT (conversation, id) DO UPDATE SET turn = excluded.turn",
                (id, turn_id, turn),
            )
            database.execute(
                "DELETE FROM turns WHERE conversation = :id AND rowid NOT IN (SELECT rowid FROM ("
                "SELECT rowid, count() OVER latest AS number, sum(length(turn)) OVER latest AS size"
                " FROM turns WHERE conversation = :id WINDOW latest AS (ORDER BY rowid DESC)"
                ") WHERE number <= :turns AND size <= :characters)",
                {"id": id, "turns": MOST_TURNS, "characters": MOST_CHARACTERS},
            )
            database.execute(
                "DELETE FROM conversations WHERE knowledge_base = ? AND id NOT IN "
                "(SELECT id FROM conversations WHERE knowledge_base = ? "
                "ORDER BY changed DESC, rowid DESC LIMIT ?)",
                (name, name, MOST),
            )

    def turns(self, id: str, about: About) -> list[str]:
        """Return the turns of a conversation; none if there is no such about that knowledge base.

        Args:
            id: anything at all: it comes from an address.
        """
        if not ID.fullmatch(id) or not self.file.exists():
            return []
        with self._open() as database:
            rows = database.execute(
                "SELECT turn FROM turns JOIN conversations ON conversations.id = conversation "
                "WHERE conversation = ? AND knowledge_base = ? AND identity = ? "
                "ORDER BY turns.rowid",
                (id, about.knowledge_base, about.identity),
            ).fetchall()
        return [turn for (turn,) in rows]

    def list(self, about: About) -> list[Kept]:
        """Return the conversations about a knowledge base, the latest first."""
        if not self.file.exists():
            return []
        with self._open() as database:
            rows = database.execute(
                "SELECT conversations.id, title, changed, count(*) FROM conversations "
                "JOIN turns ON conversations.id = conversation "
                "WHERE knowledge_base = ? AND identity = ? GROUP BY conversations.id "
                "ORDER BY changed DESC, conversations.rowid DESC",
                (about.knowledge_base, about.identity),
            ).fetchall()
        return [Kept(*row) for row in rows]

    def forget(self, id: str) -> None:
        """Delete a conversation, if there is one."""
        with self._open() as database:
            database.execute("DELETE FROM conversations WHERE id = ?", (id,))

    def forget_all(self, knowledge_base: str) -> None:
        """Delete what was said about a knowledge base, by its name."""
        if self.file.exists():
            with self._open() as database:
                database.execute(
                    "DELETE FROM conversations WHERE knowledge_base = ?", (knowledge_base,)
                )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=30)) as database, database:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA foreign_keys = ON")
                database.execute("PRAGMA secure_delete = ON")  # what is deleted cannot be read back
                database.executescript(SCHEMA)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise DeepfieldError(
                f"The conversations in {str(self.file)!r} cannot be used: {error}. "
                "Set DEEPFIELD_HOME to a folder that can be written."
            ) from error
