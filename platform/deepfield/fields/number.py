"""Columns of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from deepfield.errors import InputError
from deepfield.fields.columnar import Columnar, check_single, is_number, is_text
from deepfield.fields.field import quoted

__all__ = ["Number", "Probability", "Score"]


@dataclass(frozen=True)
class Number(Columnar):
    """A real number, in ``unit`` where there is one."""

    unit: str = field(default="", kw_only=True)
    least: float = field(default=-math.inf, kw_only=True)
    most: float = field(default=math.inf, kw_only=True)

    arrow: ClassVar[pa.DataType] = pa.float64()
    tolerance: ClassVar[float] = 1e-3
    blank_is_empty: ClassVar[bool] = False

    def read_array(self, values: pa.Array) -> pa.Array | None:
        if is_text(values.type):
            read = pd.to_numeric(pd.Series(values.to_pandas()), errors="coerce")
            numbers = read.to_numpy(dtype=float)
        elif is_number(values.type) or pa.types.is_boolean(values.type):
            numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        else:
            return None
        good = np.isfinite(numbers) & (numbers >= self.least) & (numbers <= self.most)
        return pa.array(numbers, mask=~good)

    def read_alone(self, value: Any) -> float:
        check_single(value)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            if isinstance(value, str) and _is_grouped(value):
                raise InputError(
                    f"holds {quoted(value)}, whose comma may part thousands or decimals; "
                    "write it like 1234.50"
                ) from None
            raise InputError(f"holds {quoted(value)}, which is not a number") from None
        if not math.isfinite(number):
            raise InputError(f"holds {quoted(value)}, which is not a finite number")
        if not self.least <= number <= self.most:
            raise InputError(f"holds {number:g}; expected {self._range()}")
        return number

    def same(self, wanted: Any, got: Any) -> bool:
        if pd.isna(wanted) or pd.isna(got):  # an answer may leave a number out
            return bool(pd.isna(wanted) and pd.isna(got))
        room = self.tolerance * max(1.0, abs(float(wanted)))
        return abs(float(got) - float(wanted)) <= room

    def series(self, values: pa.Array) -> Any:
        return values.to_numpy(zero_copy_only=False)

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


def _is_grouped(text: str) -> bool:
    """Return whether a text would be a number but for a comma."""
    return "," in text and text.replace(",", "").replace(".", "").strip().lstrip("+-").isdigit()
