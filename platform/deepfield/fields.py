"""What a column means: its type, what it accepts, and how it is named to people and programs.

A field reads one value (or a whole column) and either returns it as a model wants it or says in
half a sentence what is wrong: ``holds 'twelve', which is not a number``.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from deepfield.errors import ContractError, InputError
from deepfield.images import MAX_PIXELS, Mode, read_picture

__all__ = [
    "Boolean",
    "Category",
    "Field",
    "Image",
    "Key",
    "Label",
    "Number",
    "Probability",
    "Score",
    "Text",
    "Timestamp",
    "printable",
]

Problems = dict[Hashable, str]
"""Index label of a row -> what is wrong with it."""


@dataclass(frozen=True)
class Field:
    """A named column. Subclasses say what it holds."""

    name: str
    help: str = field(default="", kw_only=True)
    required: bool = field(default=True, kw_only=True)
    """On the way in: whether the column must be there and filled."""
    aliases: tuple[str, ...] = field(default=(), kw_only=True)
    """On the way in: what people also call such a column; case and punctuation do not count."""

    arrow: ClassVar[pa.DataType] = pa.string()
    tolerance: ClassVar[float] = 0.0
    """How far a recomputed value may lie from a golden one: engines round differently."""

    def read(self, value: Any) -> Any:
        """Return one filled-in value as models read it.

        Raises:
            InputError: half a sentence that goes on from "column 'x' …".
        """
        return value

    def read_column(self, column: pd.Series) -> tuple[pd.Series, Problems]:
        """Read every value; a row with a problem holds None."""
        values: list[Any] = []
        problems: Problems = {}
        for index, value in column.items():
            try:
                values.append(None if self._is_empty(index, value, problems) else self.read(value))
            except InputError as error:
                problems[index] = str(error)
                values.append(None)
        return pd.Series(values, index=column.index, name=self.name, dtype=object), problems

    def show(self, value: Any) -> Any:
        """Return a value as results carry it beside the answers."""
        return value

    def json_schema(self) -> dict[str, Any]:
        """Return what a program must know to send or read this column."""
        return {"type": "string", **({"description": self.help} if self.help else {})}

    def _is_empty(self, index: Hashable, value: Any, problems: Problems) -> bool:
        if not (value is None or value is pd.NaT or value is pd.NA or _is_nan(value)):
            return False
        if self.required:
            problems[index] = "is empty"
        return True


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


@dataclass(frozen=True)
class Number(Field):
    """A real number, in ``unit`` where there is one."""

    unit: str = field(default="", kw_only=True)
    least: float = field(default=-math.inf, kw_only=True)
    most: float = field(default=math.inf, kw_only=True)

    arrow: ClassVar[pa.DataType] = pa.float64()
    tolerance: ClassVar[float] = 1e-3

    def read(self, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"holds {_quote(value)}, which is not a number") from None
        if not math.isfinite(number):
            raise InputError(f"holds {_quote(value)}, which is not a finite number")
        if not self.least <= number <= self.most:
            raise InputError(f"holds {number:g}; expected {self._range()}")
        return number

    def read_column(self, column: pd.Series) -> tuple[pd.Series, Problems]:
        """Convert at once; only the rows that failed are looked at one by one."""
        try:
            numbers = pd.to_numeric(column, errors="coerce").astype("float64")
        except OverflowError:  # an integer of hundreds of digits; then each is looked at
            numbers = pd.Series(np.nan, column.index)
        good = np.isfinite(numbers) & numbers.between(self.least, self.most)
        if good.all():
            return numbers, {}
        others, problems = super().read_column(column[~good])
        numbers[~good] = pd.to_numeric(others)  # what Python reads and pandas does not: "1_000"
        return numbers, problems

    def json_schema(self) -> dict[str, Any]:
        limits = {"minimum": self.least, "maximum": self.most}
        return {
            **super().json_schema(),
            "type": "number",
            **{name: value for name, value in limits.items() if math.isfinite(value)},
            **({"unit": self.unit} if self.unit else {}),
        }

    def _range(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if math.isinf(self.most):
            return f"at least {self.least:g}{unit}"
        if math.isinf(self.least):
            return f"at most {self.most:g}{unit}"
        return f"{self.least:g} to {self.most:g}{unit}"


@dataclass(frozen=True)
class Probability(Number):
    """A calibrated probability: of all rows given 0.8, four in five are so."""

    least: float = field(default=0.0, kw_only=True)
    most: float = field(default=1.0, kw_only=True)
    tolerance: ClassVar[float] = 0.01


@dataclass(frozen=True)
class Score(Number):
    """A number that orders rows and promises nothing else."""


@dataclass(frozen=True)
class Text(Field):
    """Words of a person."""

    longest: int = field(default=100_000, kw_only=True)

    def read(self, value: Any) -> str:
        text = str(value)
        if len(text) > self.longest:
            raise InputError(f"holds {len(text):,} characters; at most {self.longest:,} are read")
        return text


@dataclass(frozen=True)
class Key(Field):
    """A name for a thing: it joins rows and is never computed with."""

    unique: bool = field(default=False, kw_only=True)
    """Whether it names one row: a second that bears it is set aside."""

    def read(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True)
class Category(Field):
    """One of a few values; any text if ``values`` is empty."""

    values: tuple[str, ...] = field(default=(), kw_only=True)

    def read(self, value: Any) -> str:
        if self.values and str(value) not in self.values:
            raise InputError(f"holds {_quote(value)}; expected one of {', '.join(self.values)}")
        return str(value)

    def json_schema(self) -> dict[str, Any]:
        return {**super().json_schema(), **({"enum": list(self.values)} if self.values else {})}


@dataclass(frozen=True)
class Label(Category):
    """The category that a model decided on."""


@dataclass(frozen=True)
class Boolean(Field):
    """Yes or no."""

    arrow: ClassVar[pa.DataType] = pa.bool_()
    words: ClassVar[dict[str, bool]] = {
        **dict.fromkeys(("true", "yes", "1", "1.0", "y", "t"), True),
        **dict.fromkeys(("false", "no", "0", "0.0", "n", "f"), False),
    }

    def read(self, value: Any) -> bool:
        answer = self.words.get(str(value).strip().lower())
        if answer is None:
            raise InputError(f"holds {_quote(value)}, which is neither true nor false")
        return answer

    def json_schema(self) -> dict[str, Any]:
        return {**super().json_schema(), "type": "boolean"}


@dataclass(frozen=True)
class Timestamp(Field):
    """A moment, in UTC; a time without a zone is taken as UTC."""

    arrow: ClassVar[pa.DataType] = pa.timestamp("us", tz="UTC")

    def read(self, value: Any) -> pd.Timestamp:
        try:
            return pd.to_datetime(value, utc=True)
        except (TypeError, ValueError):
            raise InputError(f"holds {_quote(value)}, which is not a date or time") from None

    def json_schema(self) -> dict[str, Any]:
        return {**super().json_schema(), "format": "date-time"}


@dataclass(frozen=True)
class Image(Field):
    """A picture: a path, encoded bytes, an array or a Pillow image; read to a uint8 array.

    A predictor narrows its domain's field with ``size`` so that pictures are resized to just the
    pixels that its network takes, while they are read in parallel.
    """

    mode: Mode = field(default="RGB", kw_only=True)
    size: tuple[int, int] | None = field(default=None, kw_only=True)
    """(height, width) that each picture is resized to, its aspect ratio not kept."""

    def __post_init__(self) -> None:
        if self.mode not in ("L", "RGB"):
            raise ContractError(f"Image {self.name!r}: mode {self.mode!r} is neither 'L' nor 'RGB'")

    def read(self, value: Any) -> np.ndarray:
        return read_picture(value, self.mode, self.size)

    def show(self, value: Any) -> str:
        """Return the picture's name; its bytes have no place in a table of results."""
        if isinstance(value, bytes | bytearray | memoryview):
            return f"{len(value):,} bytes"
        if isinstance(value, dict):
            return printable(value.get("path") or self.show(value.get("bytes")))
        if isinstance(value, np.ndarray):
            return f"array {'×'.join(map(str, value.shape))}"
        if hasattr(value, "size") and hasattr(value, "mode"):
            return f"picture {value.size[0]}×{value.size[1]}"
        return printable(value)

    def json_schema(self) -> dict[str, Any]:
        return {
            **super().json_schema(),
            "contentEncoding": "base64",
            "contentMediaType": "image/*",
            "maxPixels": MAX_PIXELS,
        }


def printable(value: object) -> str:
    """Return text that can be written anywhere: ``�`` for each byte of a name that is no UTF-8."""
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _quote(value: Any) -> str:
    """Return the value as a person wrote it, short enough for a sentence."""
    text = repr(value if isinstance(value, str | int | float) else str(value))
    return text if len(text) <= 60 else f"{text[:57]}…{text[0]}"
