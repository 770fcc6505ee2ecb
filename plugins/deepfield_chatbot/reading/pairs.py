"""Questions with their answers: tables with a column of each, as CSV, TSV or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deepfield.errors import InputError
from deepfield_chatbot.document import Writing
from deepfield_chatbot.reading.encoding import decoded

QUESTION = ("question", "questions", "q", "query", "prompt", "frage", "pregunta", "domanda")
ANSWER = ("answer", "answers", "a", "reply", "response", "antwort", "réponse", "respuesta")
LONGEST = 1_000_000
"""Characters of a cell."""


def read(data: bytes, name: str) -> tuple[str, Writing]:
    """Return no title, and each question with its answer; rows that lack one are noted."""
    text = decoded(data, name)
    rows = _objects(text, name) if Path(name).suffix.lower() == ".jsonl" else _cells(text, name)
    writing, incomplete = Writing(), 0
    columns: tuple[str, str] | None = None
    for row in rows:
        columns = columns or _columns(row, name)
        question, answer = (str(row.get(each) or "").strip() for each in columns)
        if question and answer:
            # Lines of a question are joined: the answer begins with the second line.
            writing.add(" ".join(question.split()), answer=answer)
        else:
            incomplete += 1
    if incomplete:
        plural = "s lack" if incomplete > 1 else " lacks"
        writing.notes.append(f"{incomplete:,} row{plural} a question or an answer; left out.")
    return "", writing


def _columns(row: dict[str, Any], name: str) -> tuple[str, str]:
    plain = {str(each).strip().lower(): str(each) for each in row if each is not None}
    found = [
        next((plain[each] for each in names if each in plain), "") for names in (QUESTION, ANSWER)
    ]
    if not all(found):
        columns = ", ".join(map(repr, list(plain.values())[:8]))
        raise InputError(
            f"{name!r} needs a column 'question' and a column 'answer'; it has {columns or 'none'}."
        )
    return found[0], found[1]


def _cells(text: str, name: str) -> Iterator[dict[str, Any]]:
    first = text.partition("\n")[0]
    parted_by = max(",;\t|", key=first.count)
    csv.field_size_limit(LONGEST)
    try:
        yield from csv.DictReader(io.StringIO(text), delimiter=parted_by)
    except csv.Error as error:
        raise InputError(f"{name!r} cannot be read as a table: {error}.") from error


def _objects(text: str, name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name!r}: line {number} is no JSON.") from error
        if not isinstance(row, dict):
            raise InputError(f"{name!r}: line {number} is no JSON object.")
        yield row
