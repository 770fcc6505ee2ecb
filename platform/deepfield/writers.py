"""Kinds of file that a plugin writes results of a domain to, beside those of the core."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from deepfield.errors import ContractError, DeepfieldError

__all__ = ["OWN", "Writer", "WriterSink", "check_writer", "writer_for"]

OWN = (".csv", ".parquet", ".jsonl", ".ndjson")
"""Endings of the kinds that the core writes itself."""


@dataclass(frozen=True)
class Writer:
    """A kind of file for the results of one domain, chosen by the ending of the output's name."""

    name: str
    """Unique among a domain's writers: ``tusimple``."""
    domain: str
    """The name of the domain; it may be another plugin's, and need not be installed."""
    title: str
    """For people, on a button: ``TuSimple``."""
    suffix: str
    """The ending in lower case: ``.tusimple.json``. The longest that fits a name is taken."""
    open: str
    """``package.module:Class``, imported on first use and called with a path and the model. What it
    gives has ``write(frame)``, called with results in order, their numbers in the column ``row``,
    and ``close()``."""
    mime: str = "application/octet-stream"

    def load(self) -> Callable[[Path, Any], Any]:
        """Import the class that writes.

        Raises:
            ContractError: if its module has no such class. What the module raises comes through.
        """
        module, _, name = self.open.partition(":")
        found = getattr(import_module(module), name, None)
        if not callable(found):
            raise ContractError(f"writer {self.name!r}: {self.open!r} is no class")
        return found


class WriterSink:
    """A file of a plugin's kind, named ``….part`` until it is whole."""

    def __init__(self, writer: Writer, path: Path, model: Any) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        with self._said():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open = writer.load()(self.part, model)

    def write(self, frame: pd.DataFrame) -> None:
        """Append rows of results."""
        if len(frame):
            with self._said():
                self._open.write(frame)

    def close(self, keep: bool = True) -> None:
        """Finish the file. With ``keep`` it gets its own name; without, what is there stays."""
        with self._said():
            self._open.close()
            if keep:
                self.part.replace(self.path)

    def __enter__(self) -> WriterSink:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            return self.close()
        with suppress(Exception):  # what ended the work is told
            self.close(keep=False)
        return None

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else str(error.strerror)
            raise DeepfieldError(f"Writing {str(self.path)!r} broke off: {reason}.") from error


def writer_for(name: str, writers: Iterable[Writer]) -> Writer | None:
    """Return the writer whose ending fits the end of a name, the longest; None for the core's."""
    fitting = [each for each in writers if name.lower().endswith(each.suffix)]
    return max(fitting, key=lambda each: len(each.suffix), default=None)


def check_writer(writer: object) -> None:
    """Raise ContractError unless ``writer`` says everything that scoring builds on."""
    if not isinstance(writer, Writer):
        raise ContractError(f"register_sinks gave {writer!r}, which is no Writer")
    who = f"writer {writer.name!r}"
    for attribute in ("name", "domain", "title", "suffix", "open", "mime"):
        value = getattr(writer, attribute)
        if not isinstance(value, str) or not value:
            raise ContractError(f"{who} lacks {attribute!r}, a str")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", writer.name):
        raise ContractError(f"{who}: the name is not of the form 'heat-map'")
    if not re.fullmatch(r"(\.[a-z0-9_-]+)+", writer.suffix):
        raise ContractError(f"{who}: the ending {writer.suffix!r} is not of the form '.marks.json'")
    if writer.suffix in (*OWN, ".part"):
        raise ContractError(f"{who}: the ending {writer.suffix!r} is written by the core itself")
    if not re.fullmatch(r"[\w.]+:\w+", writer.open):
        raise ContractError(f"{who}: {writer.open!r} is not of the form 'package.module:Class'")
