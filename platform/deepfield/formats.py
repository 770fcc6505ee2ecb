"""Files that hold pictures in a way of their own, one or many: what a plugin registers for them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO, Any, ClassVar, Literal, Protocol

import numpy as np
from PIL import Image
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from deepfield.domain import Options, check_options, read_options
from deepfield.errors import ContractError, DeepfieldError, InputError
from deepfield.images import SUFFIXES, Fit, Mode, Resized
from deepfield.recent import Recent, broken
from deepfield.writers import Writer

__all__ = [
    "File",
    "Format",
    "Formats",
    "Picture",
    "Recent",
    "Stream",
    "check_format",
    "read_bytes",
]

HEAD = 512
"""Bytes of a file that ``Format.recognises`` is shown."""
MAX_PICTURES = 100_000
"""Pictures that one file may hold."""
MAX_FILE = 2**30
"""Bytes of one file that is read whole."""


class File(Protocol):
    """A path, an upload or a member of an archive. ``str`` gives the name that a person knows."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


@dataclass(frozen=True)
class Picture:
    """One picture of a file. It is decoded each time that a field reads it, by any thread."""

    name: str
    decode: Callable[[], np.ndarray | Image.Image]
    """Returns uint8, (H, W) or (H, W, 3), or a Pillow image; raises InputError with a reason."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """What stands beside it in the results, of the columns that its format announces."""
    file: str = ""
    """The name of the file it is from; ``opened`` fills it in where a format does not."""
    sized: Callable[[Mode, tuple[int, int], Fit], Resized] | None = None
    """Decodes straight to a mode and a size (height, width), where that costs less than to decode
    the whole picture and make it smaller."""
    hold: Callable[[], object] = lambda: None
    """Returns what must be kept while its row is in work, lest it be decoded anew; a ``weakref`` to
    it, say. The picture itself keeps nothing alive: a page may hold many thousands of them."""

    def __str__(self) -> str:
        return self.name

    def picture(self) -> np.ndarray | Image.Image:
        return self.decode()


class Stream(Iterator[Picture]):
    """Pictures that are decoded in order while they are asked for: of any number, a few at a time.

    Args:
        pictures: a generator; closing it ends the reading.
        total: how many there will be, as far as a header tells.
        at_once: how many rows go through scoring together, since each holds what was decoded.
    """

    def __init__(
        self, pictures: Iterator[Picture], total: int | None = None, at_once: int = 16
    ) -> None:
        self.pictures = pictures
        self.total = total
        self.at_once = at_once

    def __next__(self) -> Picture:
        return next(self.pictures)

    def close(self) -> None:
        """End the reading, wherever it is."""
        getattr(self.pictures, "close", lambda: None)()


class Format(ABC):
    """A kind of file. A domain that takes it names it in ``Domain.formats``."""

    name: ClassVar[str]
    title: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    """Endings in lower case, with their dot: ``.dcm``, ``.nii.gz``."""
    Options: ClassVar[type[BaseModel]] = Options
    """How a person may want such files read: flags, form and keyword arguments, as for a domain."""

    def recognises(self, head: bytes) -> bool:
        """Return whether a file of an unknown ending is of this kind, by its first 512 bytes."""
        return False

    def lists_others(self, head: bytes) -> bool:
        """Return whether a file without an ending that says its kind is a mere list of others.

        It is left alone in folders and archives; named by itself, it is opened.
        """
        return False

    def columns(self, options: BaseModel) -> dict[str, Literal["str", "Int64", "Float64"]]:
        """Return the columns that stand beside the pictures, with their pandas types."""
        return {}

    @abstractmethod
    def pictures(self, file: File, options: BaseModel) -> list[Picture] | Stream:
        """Return the pictures of a file, at least one, having read no more than its header.

        A ``Stream`` where there may be any number of them and each needs those before it.

        Raises:
            InputError: half a sentence that goes on from "column 'image' …": why it has none.
                Any other exception is taken for a broken file, and its message is not shown: it
                may quote what the file says about a patient.
        """


class Formats:
    """The formats that one domain takes, and the writers that plugins add for its results."""

    def __init__(self, formats: Iterable[Format] = (), writers: Iterable[Writer] = ()) -> None:
        self.all = tuple(formats)
        self.writers = tuple(writers)

    @property
    def suffixes(self) -> list[str]:
        """Return the endings of all, and of pictures that need no format."""
        return sorted({*SUFFIXES, *(suffix for each in self.all for suffix in each.suffixes)})

    @property
    def fields(self) -> dict[str, FieldInfo]:
        """Return the options of all, by name."""
        return {name: info for each in self.all for name, info in each.Options.model_fields.items()}

    def of_name(self, name: str) -> Format | None:
        """Return the format that a file's ending tells."""
        lower = name.lower()
        return next((each for each in self.all if lower.endswith(each.suffixes)), None)

    def of(self, file: File) -> Format | None:
        """Return a file's format: by its ending or, where that says nothing, its first bytes."""
        return self._known(file)[0]

    def takes(self, file: File) -> bool:
        """Return whether a file is a picture, or of a format."""
        return is_picture(str(file)) or self.of(file) is not None

    def chooses(self, file: File) -> bool:
        """Return whether a file that lies among others is to be read."""
        format, head = self._known(file)
        return is_picture(str(file)) if format is None else not format.lists_others(head)

    def _known(self, file: File) -> tuple[Format | None, bytes]:
        """Return a file's format, and its first bytes if it was found by them."""
        found = self.of_name(str(file))
        if found is not None or not self.all or is_picture(str(file)):
            return found, b""
        try:
            with file.open("rb") as opened:
                head = opened.read(HEAD)
        except Exception:  # a member of an archive may raise anything; who reads it will say so
            return None, b""
        return next((each for each in self.all if each.recognises(head)), None), head

    def split(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the options that are these formats', and the others."""
        ours = {name: value for name, value in values.items() if name in self.fields}
        return ours, {name: value for name, value in values.items() if name not in ours}

    def parse(self, values: Mapping[str, Any]) -> dict[str, BaseModel]:
        """Return the options of each format by its name, defaults filled in.

        Raises:
            UsageError: one sentence for the first value that is wrong.
        """
        return {
            each.name: read_options(
                each.Options,
                {name: values[name] for name in each.Options.model_fields if name in values},
                f"the format {each.title}",
            )
            for each in self.all
        }


def is_picture(name: str) -> bool:
    """Return whether a file's ending is that of a picture which needs no format."""
    return name.lower().endswith(tuple(SUFFIXES))


def opened(format: Format, file: File, options: BaseModel) -> list[Picture] | Stream:
    """Return the pictures of a file; one that says why not, where it has none to give."""
    try:
        found = format.pictures(file, options)
        if isinstance(found, Stream):
            return Stream(_guarded(found, file), found.total, found.at_once)
        if len(found) > MAX_PICTURES:
            raise InputError(f"holds {len(found):,} pictures; at most {MAX_PICTURES:,} are read")
        found = found or [_unreadable(file, "holds no picture")]
        return [each if each.file else replace(each, file=str(file)) for each in found]
    except Exception as error:
        return [_unreadable(file, _reason(file, error))]


def _guarded(stream: Stream, file: File) -> Iterator[Picture]:
    """Yield the pictures of a stream; where it breaks off, one more that says why."""
    try:
        for each in stream:
            yield each if each.file else replace(each, file=str(file))
    except Exception as error:
        yield _unreadable(file, _reason(file, error))
    finally:
        stream.close()


def _reason(file: File, error: Exception) -> str:
    """Return half a sentence about a file; raise anew what is not about it."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, DeepfieldError):  # the data folder cannot be written, say
        raise error
    if isinstance(error, FileNotFoundError):
        return f"does not exist: {str(file)!r}"
    if isinstance(error, PermissionError):
        return "may not be read: permission denied"
    return broken(error)


def single(format: Format, file: File, options: BaseModel) -> Picture:
    """Return the one picture of a file that a table names: its row is one row."""
    found = opened(format, file, options)
    count = found.total if isinstance(found, Stream) else len(found)
    if isinstance(found, Stream):
        stream, found = found, list(islice(found, 2))
        stream.close()
    if len(found) > 1:
        return _unreadable(
            file,
            f"holds {f'{count:,}' if count else 'many'} pictures; "
            "score the file itself to have a row for each",
        )
    return replace(found[0], name=str(file))


def read_bytes(file: File, most: int = MAX_FILE) -> bytes:
    """Return a whole file, or raise InputError if it is empty or has more than ``most`` bytes."""
    with file.open("rb") as stream:
        data = stream.read(most + 1)
    if not data:
        raise InputError("is empty (0 bytes)")
    if len(data) > most:
        raise InputError(f"has more than {most >> 20:,} MB")
    return data


def check_format(format: object) -> None:
    """Raise ContractError unless ``format`` says everything that sources build on."""
    if not isinstance(format, Format):
        raise ContractError(f"register_sources gave {format!r}, which is no Format")
    who = type(format).__name__
    for attribute in ("name", "title"):
        if not isinstance(getattr(format, attribute, None), str):
            raise ContractError(f"{who} lacks {attribute!r}, a str")
    endings = getattr(format, "suffixes", None)
    if not isinstance(endings, tuple) or not all(
        re.fullmatch(r"(\.[a-z0-9]+)+", each) for each in endings
    ):
        raise ContractError(f"{who}.suffixes is no tuple of endings such as '.dcm'")
    taken = {*SUFFIXES, ".zip"} & set(endings)
    if taken:
        raise ContractError(f"{who}: the ending {min(taken)!r} is read by the core itself")
    check_options(who, format.Options)


def _unreadable(file: File, reason: str) -> Picture:
    def decode() -> np.ndarray:
        raise InputError(reason)

    return Picture(str(file), decode, file=str(file))
