"""Documents added to a knowledge base, or taken from it, in the background of a page."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deepfield.changing import changing
from deepfield.domain import Domain
from deepfield.errors import DeepfieldError, InputError
from deepfield.models import ModelFolder
from deepfield.store import check_new_name, find_model, fitted_models
from deepfield_chatbot.adding import Added, add_files
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.keeping import keep_contents

__all__ = ["Changed", "Indexing", "Report", "adding", "free_name", "making", "removing"]

log = logging.getLogger(__name__)

Report = Callable[[float], None]


class _Cancelled(Exception):  # noqa: N818  (a person's wish is no error)
    """A person ended it."""


@dataclass(frozen=True)
class Changed:
    """What came of it."""

    name: str
    """Of the knowledge base."""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    """A file's name -> why it could not be read. The others are in."""


class Indexing:
    """One change, its thread, and how far it is."""

    def __init__(self, change: Callable[[Report], Changed], title: str, question: str = "") -> None:
        """Begin.

        Args:
            title: what is done, for people: ``Adding 3 documents``.
            question: what is to be asked when it is done.
        """
        self.title = title
        self.question = question
        self.done = 0.0
        self.changed: Changed | None = None
        self.error = ""
        self.cancelled = False
        self._change = change
        self._cancel = threading.Event()
        self._began = time.monotonic()
        self.thread = threading.Thread(target=self._run, name="deepfield-indexing", daemon=True)
        self.thread.start()

    @property
    def running(self) -> bool:
        return self.thread.is_alive()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def stopping(self) -> bool:
        return self._cancel.is_set()

    def cancel(self) -> None:
        """End it at its next report; nothing of it is kept."""
        self._cancel.set()

    def _run(self) -> None:
        try:
            self.changed = self._change(self._report)
        except _Cancelled:
            self.cancelled = True
        except DeepfieldError as error:
            self.error = str(error)
        except Exception as error:
            self.error = f"This is a bug in Deepfield: {type(error).__name__}: {error}"
            log.exception("%s failed", self.title)

    def _report(self, done: float) -> None:
        self.done = min(max(done, 0.0), 1.0)
        if self._cancel.is_set():
            raise _Cancelled


def free_name(domain: Domain, wished: str) -> str:
    """Return a name that no knowledge base has: the wished one, or with a number."""
    taken = {each.name for each in fitted_models(domain)}
    name, number = wished, 2
    while name in taken:
        name, number = f"{wished}-{number}", number + 1
    return name


def making(
    domain: Domain,
    name: str,
    files: Sequence[tuple[str, bytes]],
    encoder: Encoder,
    before: Contents,
) -> Callable[[Report], Changed]:
    """Return what makes a knowledge base of files and of what another one holds.

    Raises:
        UsageError: if the name cannot be taken.
    """
    check_new_name(domain, name)

    def change(report: Report) -> Changed:
        own = replace(before, identity=Contents.empty().identity)
        added = _with_files(own, files, encoder, report)
        keep_contents(domain, name, added.contents)
        return Changed(name, added=added.names, problems=added.problems)

    return change


def adding(
    domain: Domain, name: str, files: Sequence[tuple[str, bytes]], encoder: Encoder
) -> Callable[[Report], Changed]:
    """Return what adds files to a knowledge base; those of a name that is there are replaced."""

    def change(report: Report) -> Changed:
        with changing(domain, name, meanwhile=lambda: report(0.0)):
            added = _with_files(_held(domain, name), files, encoder, report)
            keep_contents(domain, name, added.contents, overwrite=True)
        return Changed(name, added=added.names, problems=added.problems)

    return change


def removing(domain: Domain, name: str, documents: Sequence[str]) -> Callable[[Report], Changed]:
    """Return what takes documents from a knowledge base, by their names."""

    def change(report: Report) -> Changed:
        with changing(domain, name, meanwhile=lambda: report(0.0)):
            contents = _held(domain, name)
            for place, each in enumerate(documents):
                report(place / len(documents))
                contents = contents.without(each)
            keep_contents(domain, name, contents, overwrite=True)
        return Changed(name, removed=tuple(documents))

    return change


def _held(domain: Domain, name: str) -> Contents:
    return Contents.load(ModelFolder(find_model(domain, name).folder))


def _with_files(
    contents: Contents, files: Sequence[tuple[str, bytes]], encoder: Encoder, report: Report
) -> Added:
    """Add files; that none of them can be read is an error."""
    added = add_files(contents, dict(files), encoder, report)
    if not added.names:
        others = len(added.problems) - 1
        first = next(iter(added.problems.values()), "No documents were given.")
        raise InputError(
            first + (f" {others} others could not be read either." if others > 0 else "")
        )
    return added
