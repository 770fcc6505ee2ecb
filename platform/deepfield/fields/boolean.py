"""A column of yes and no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from deepfield.errors import InputError
from deepfield.fields.columnar import Columnar, is_number, is_text
from deepfield.fields.field import quoted

__all__ = ["Boolean"]


@dataclass(frozen=True)
class Boolean(Columnar):
    """Yes or no, as people write them, or the numbers 1 and 0.

    A column is of pandas' ``bool``, or its nullable ``boolean`` where some rows are empty.
    """

    arrow: ClassVar[pa.DataType] = pa.bool_()
    words: ClassVar[dict[str, bool]] = {
        **dict.fromkeys(("true", "yes", "1", "1.0", "y", "t"), True),
        **dict.fromkeys(("false", "no", "0", "0.0", "n", "f"), False),
    }

    def read_array(self, values: pa.Array) -> pa.Array | None:
        kind = values.type
        if pa.types.is_boolean(kind):
            return values
        if is_text(kind):
            words = pc.utf8_lower(pc.utf8_trim_whitespace(values))
            place = pc.index_in(words, value_set=pa.array(list(self.words), kind))
            return pa.array(list(self.words.values())).take(place)
        if is_number(kind):
            numbers = values.cast(pa.float64(), safe=False)
            known = pc.or_(pc.equal(numbers, 0), pc.equal(numbers, 1))
            return pc.if_else(known, pc.equal(numbers, 1), pa.scalar(None, pa.bool_()))
        return None

    def read_alone(self, value: Any) -> bool:
        answer = self.words.get(str(value).strip().lower())
        if answer is None:
            raise InputError(f"holds {quoted(value)}, which is neither true nor false")
        return answer

    def series(self, values: pa.Array) -> Any:
        if values.null_count:
            return pd.BooleanDtype().__from_arrow__(values)  # type: ignore[attr-defined]
        return values.to_numpy(zero_copy_only=False)

    def json_schema(self) -> dict[str, Any]:
        return {**super().json_schema(), "type": "boolean"}
