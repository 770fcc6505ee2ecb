"""Lines over a picture: what each is called, how sure it is, and the points that it joins."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from deepfield.errors import InputError
from deepfield.fields.field import Field, quoted
from deepfield.fields.number import Probability
from deepfield.fields.records import Records
from deepfield.fields.words import Text

__all__ = ["Points", "Polylines"]


@dataclass(frozen=True)
class Points(Field):
    """Points in order, ``[[x, y], …]``, in pixels of the picture as it came.

    The centre of the upper left pixel is (0, 0); y grows downwards. Points may lie outside.
    """

    arrow: ClassVar[pa.DataType] = pa.list_(pa.list_(pa.float32()))
    pixels: ClassVar[float] = 2.0
    share: ClassVar[float] = 0.005
    """Of the extent of all points; beside ``pixels`` it is how far recomputed points may lie."""

    def read(self, value: Any) -> np.ndarray:
        """Return the points as float32, (n, 2)."""
        try:
            found = json.loads(value) if isinstance(value, str) else value
            # pandas gives an array of arrays, which numpy takes for objects.
            whole = list(found) if isinstance(found, np.ndarray) else found
            points = np.array(whole, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InputError(f"holds {quoted(value)}, which are no points") from error
        if not points.size:
            return np.empty((0, 2), dtype=np.float32)
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise InputError(f"holds {quoted(value)}, which are no points [x, y]")
        return points

    def same(self, wanted: Any, got: Any) -> bool:
        """Return whether as many points lie where they lay, on the mean over all of them."""
        wanted, got = self.read(wanted), self.read(got)
        if len(wanted) != len(got) or not len(wanted):
            return len(wanted) == len(got)
        room = self.pixels + self.share * float(np.linalg.norm(np.ptp(wanted, axis=0)))
        return float(np.linalg.norm(wanted - got, axis=1).mean()) <= room

    def json_schema(self) -> dict[str, Any]:
        point = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
        return {**super().json_schema(), "type": "array", "items": point, "unit": "pixel"}


@dataclass(frozen=True)
class SureWithin(Probability):
    """A probability that engines may round a little more differently."""

    tolerance: ClassVar[float] = 2e-2


@dataclass(frozen=True)
class Polylines(Records):
    """Lines over a picture, each with a name, a confidence and its points."""

    of: str = field(kw_only=True)
    """The input, a picture, that they lie over."""
    names: tuple[str, ...] = field(default=(), kw_only=True)
    """The names that lines may bear, in the order in which colours are given: so a line keeps its
    colour over all frames of a video. Empty where lines have colours by their place."""
    parts: tuple[Field, ...] = field(
        default=(Text("name"), SureWithin("confidence"), Points("points")), kw_only=True
    )

    def read(self, value: Any) -> list[dict[str, Any]]:
        """Return the lines as dicts, their points as float32 (n, 2), from any form they are in."""
        found = super().read(value)
        for each in self.parts:
            if isinstance(each, Points):
                found = [{**line, each.name: each.read(line[each.name])} for line in found]
        return found

    def json_schema(self) -> dict[str, Any]:
        schema = super().json_schema()
        if self.names and "name" in schema["items"]["properties"]:
            schema["items"]["properties"]["name"]["enum"] = list(self.names)
        return {**schema, "of": self.of}
