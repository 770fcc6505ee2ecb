"""Motorway pictures of the TuSimple lane benchmark, read from a folder that a person names.

Rows: ``image`` (path), ``lanes`` (for each lane its x at every height, negative where it has none;
lanes without any point are left out), ``h_samples`` (the heights), ``date`` (which recording, such
as 0313-1), ``clip`` (its number in that) and ``seconds`` (into the recording, as far as the number
tells). Clips whose numbers are near are of the same stretch of road: split by ``split_by_clip``.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from deepfield.dataset import DatasetCard, RealDataset
from deepfield.errors import InputError
from deepfield.fields import Image
from deepfield.labelled import read_labelled_lines
from deepfield.labelled.polylines import read_lines
from deepfield.table import Table

__all__ = ["TuSimpleLanes", "split_by_clip"]

NAME = re.compile(r"(?P<date>\d{4}(?:-\d+)?)[_/](?P<clip>\d+)(?:[./]|$)")
SHAPES = "tusimple_lane_shapes.jsonl.gz"
FRAMES_A_SECOND = 20
NANOSECONDS = 10**15
"""From here on a clip's number is a time in nanoseconds; under it, it counts frames."""


class TuSimpleLanes(RealDataset):
    name = "tusimple-lanes"
    card = DatasetCard(
        title="TuSimple lanes",
        summary="Pictures from a car on motorways in daylight, 1280×720, with up to five lane "
        "lines in each, as the TuSimple Lane Detection Challenge labelled them.",
        license="TuSimple benchmark data: see its repository",
        source="https://github.com/TuSimple/tusimple-benchmark",
        citation="TuSimple, Lane Detection Challenge (2017)",
        traps=(
            "Clips near in number show the same road seconds apart: split by stretches of clips, "
            "never at random.",
            "Some labelled lanes have no point: they are none, and are left out here.",
            "Fair weather, daylight and motorways alone: figures say little of rain, night or "
            "towns.",
        ),
    )

    def load(self, folder: Path) -> pd.DataFrame:
        """Return the rows of all label files (``label*.json``, ``test_label*.json``) of a folder.

        Raises:
            InputError: if there is none, a picture is missing, or a name tells no clip.
        """
        image = Image("image")
        try:
            read = read_labelled_lines(self.folder(folder), Table(image), image)
        except InputError as error:
            if not Path(folder).is_dir():
                raise
            raise InputError(
                f"{str(folder)!r} holds no TuSimple lanes: label files were expected in it, with "
                f"raw_file, lanes and h_samples, and the pictures that they name. {error}"
            ) from error
        if read.rejected:
            first = read.rejected[0]
            raise InputError(
                f"{str(folder)!r} is not whole: {first.source!r} {first.reason}; so it is with "
                f"{len(read.rejected):,} pictures."
            )
        named = [NAME.search(name) for name in read.shown]
        if None in named:
            strange = read.shown.iloc[named.index(None)]
            raise InputError(
                f"{strange!r} tells no clip: names like 'clips/0313-1/5700/20.jpg' or "
                "'0313-1_5700.jpg' were expected."
            )
        frame = pd.DataFrame(
            {
                "image": [str(path) for path in read.rows["image"]],
                "lanes": [each.x.tolist() for each in read.lines.values()],
                "h_samples": [each.heights.tolist() for each in read.lines.values()],
                "date": [match["date"] for match in named if match],
                "clip": [int(match["clip"]) for match in named if match],
            }
        )
        by_time = frame["clip"] >= NANOSECONDS
        frame["seconds"] = frame["clip"] / np.where(by_time, 1e9, FRAMES_A_SECOND)
        return frame

    def shapes(self, file: Path) -> pd.DataFrame:
        """Return lanes alone, without their pictures: ``lanes`` and ``h_samples``.

        Args:
            file: JSON Lines, packed by gzip or plain, or the folder that holds them under the name
                ``tusimple_lane_shapes.jsonl.gz``.

        Raises:
            InputError: if there is no such file, or a line of it is no such thing.
        """
        path = Path(file) / SHAPES if Path(file).is_dir() else Path(file)
        opened = gzip.open if path.suffix == ".gz" else open
        rows = []
        try:
            with opened(path, "rt", encoding="utf-8") as lines:
                for place, line in enumerate(lines, 1):
                    try:
                        found = read_lines(json.loads(line))
                    except (ValueError, InputError) as error:
                        raise InputError(f"Line {place} of {str(path)!r}: {error}.") from error
                    rows.append({"lanes": found.x.tolist(), "h_samples": found.heights.tolist()})
        except (OSError, EOFError) as error:
            raise InputError(f"{str(path)!r} holds no shapes of lanes: {error}.") from error
        return pd.DataFrame(rows, columns=["lanes", "h_samples"])


def split_by_clip(
    frame: pd.DataFrame,
    share: float = 0.15,
    seed: int = 0,
    *,
    stretches: int = 3,
    gap: float = 20.0,
) -> pd.Series:
    """Return ``training``, ``held out`` or ``left out`` for each row of ``load``.

    What is held out are whole stretches of clips that follow one another, one drawn by the seed
    from each of as many equal parts of the recordings. Never at random: a clip and the next show
    the same road and the same cars, and a model that saw one of them knows the other. For the same
    reason pictures of the same recording that are nearer in time than ``gap`` to one that is held
    out are left out: they belong to neither side.

    Args:
        share: of the rows, to be held out.
        stretches: how many there are; more of them show more kinds of road, and leave out more.
        gap: seconds.
    """
    order = frame.sort_values(["date", "clip"], kind="stable")
    generator = np.random.default_rng(seed)
    held = np.zeros(len(order), dtype=bool)
    for part in np.array_split(np.arange(len(order)), stretches):
        size = min(round(len(part) * share), len(part))
        start = int(generator.integers(0, len(part) - size + 1))
        held[part[start : start + size]] = True
    dates, seconds = order["date"].to_numpy(), order["seconds"].to_numpy()
    near = np.zeros(len(order), dtype=bool)
    for date in np.unique(dates[held]):
        own = np.sort(seconds[held & (dates == date)])
        there = np.flatnonzero(dates == date)
        after = np.searchsorted(own, seconds[there]).clip(1, max(len(own) - 1, 1))
        apart = np.minimum(
            np.abs(seconds[there] - own[after - 1]),
            np.abs(seconds[there] - own[np.minimum(after, len(own) - 1)]),
        )
        near[there] = apart < gap
    side = np.where(held, "held out", np.where(near, "left out", "training"))
    return pd.Series(side, order.index, dtype=object).reindex(frame.index)
