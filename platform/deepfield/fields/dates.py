"""Moments from text: ISO 8601 at the speed of Arrow, and other ways in which dates are written."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["First", "day_or_month", "is_day_or_month", "read"]

First = Literal["", "day", "month"]
UTC = pa.timestamp("us", tz="UTC")

ISO = (
    "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ](?:[01][0-9]|2[0-3])(?::[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?)?)?"
)
ZONE = "(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAMES = (
    "(?P<name>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))"
)
WEEKDAY = "(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?"
BASIC = "(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
SHAPES = (
    "(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})",
    "(?P<year>[0-9]{4})/(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})",
    r"(?P<year>[0-9]{4})\.(?P<month>[0-9]{1,2})\.(?P<day>[0-9]{1,2})",
    r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})",  # no land writes 05.31.2024
    WEEKDAY + "(?P<day>[0-9]{1,2})[ -]" + NAMES + r"\.?,?[ -](?P<year>[0-9]{4})",
    WEEKDAY + NAMES + r"\.? (?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,? (?P<year>[0-9]{4})",
    BASIC,
)
EITHER = (
    "(?P<{0}>[0-9]{{1,2}})/(?P<{1}>[0-9]{{1,2}})/(?P<year>[0-9]{{4}})",
    "(?P<{0}>[0-9]{{1,2}})-(?P<{1}>[0-9]{{1,2}})-(?P<year>[0-9]{{4}})",
)
"""Shapes of dates of which one must know whether the day or the month comes first."""
TIME = (
    "^(?:(?:T|,? +)(?P<hour>[0-9]{1,2}):?(?P<minute>[0-9]{2})"
    "(?::?(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<half>(?i:[ap]\.?m\.?))?"
    " ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$"
)


def read(texts: pa.Array, first: First = "") -> pa.Array:
    """Return moments in UTC, null where a text is none.

    Args:
        texts: of type ``large_string``.
        first: what comes first in dates like 03/04/2024; none of them is read if nothing is said.
    """
    texts = pc.utf8_trim_whitespace(texts)
    moments = np.full(len(texts), np.datetime64("NaT", "us"))
    left = np.arange(len(texts))
    for shape in (f"{ISO}$", f"{ISO}{ZONE}$", *_either(first), *SHAPES):
        if not len(left):
            break
        coming = texts.take(pa.array(left))
        alike = pc.match_substring_regex(coming, f"^{_plain(shape)}")
        fits = alike.to_numpy(zero_copy_only=False)
        if not fits.any():
            continue
        found = (_iso if shape.startswith(ISO) else _moments)(coming.filter(alike), shape)
        moments[left[fits]] = found
        left = np.sort(np.concatenate([left[~fits], left[fits][np.isnat(found)]]))
    return pa.array(moments, mask=np.isnat(moments)).cast(UTC)


def day_or_month(texts: pa.Array) -> set[First]:
    """Return what stands first in dates like 31/05/2024, as far as days past the 12th tell."""
    texts = pc.utf8_ltrim_whitespace(texts)
    texts = texts.filter(pc.match_substring_regex(texts, "^[0-9]{1,2}[/-]"))
    told: set[First] = set()
    for shape in _either("day"):
        parts = pc.extract_regex(pc.unique(pc.utf8_slice_codeunits(texts, 0, 10)), f"^{shape}")
        day, month = (_integers(parts.drop_null().field(name)) for name in ("day", "month"))
        if ((day > 12) & (month <= 12)).any():
            told.add("day")
        if ((day <= 12) & (month > 12)).any():
            told.add("month")
    return told


def is_day_or_month(text: str) -> bool:
    """Return whether one must know what stands first in a date like 03/04/2024 to read it."""
    for shape in _either("day"):
        found = re.match(shape, text.strip())
        if found and min(int(found["day"]), int(found["month"])) <= 12:
            return True
    return False


def _either(first: First) -> tuple[str, ...]:
    if not first:
        return ()
    names = ("day", "month") if first == "day" else ("month", "day")
    return tuple(shape.format(*names) for shape in EITHER)


def _plain(shape: str) -> str:
    """Return a shape without groups, which is matched many times faster."""
    return re.sub(r"\(\?P<\w+>", "(?:", shape)


def _iso(texts: pa.Array, shape: str) -> np.ndarray:
    """Return moments of texts in ISO 8601, all with a zone or none; NaT if one is no day at all."""
    try:
        found = texts.cast(UTC if shape.endswith(f"{ZONE}$") else pa.timestamp("us"))
    except pa.ArrowInvalid:  # the 30th of February; other shapes have each looked at
        return np.full(len(texts), np.datetime64("NaT", "us"))
    return found.cast(pa.timestamp("us")).to_numpy()


def _moments(texts: pa.Array, shape: str) -> np.ndarray:
    """Return moments of texts that begin with a date of that shape, NaT where there is none.

    Days and times of day recur; each is read once.
    """
    halves = pc.extract_regex(texts, f"^(?P<date>{_plain(shape)})(?P<time>.*)$")
    dates, times = (pc.dictionary_encode(halves.field(name)) for name in ("date", "time"))
    days = _days(pc.extract_regex(dates.dictionary, f"^{shape}$"))
    spans = _spans(times.dictionary)
    if shape == BASIC:  # without a time it is a bare number
        spans[pc.equal(times.dictionary, "").to_numpy(zero_copy_only=False)] = "NaT"
    if halves.null_count:  # a line break, which no date has
        return np.full(len(texts), np.datetime64("NaT", "us"))
    return days[dates.indices.to_numpy()].astype("datetime64[us]") + spans[times.indices.to_numpy()]


def _days(parts: pa.StructArray) -> np.ndarray:
    """Return days, NaT where the calendar has no such day."""
    names = {each.name for each in parts.type}
    year, day = _integers(parts.field("year")), _integers(parts.field("day"))
    if "name" in names:
        begun = pc.utf8_lower(pc.utf8_slice_codeunits(parts.field("name"), 0, 3))
        month = pc.index_in(begun, value_set=pa.array(MONTHS, begun.type)).to_numpy() + 1
    else:
        month = _integers(parts.field("month"))
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    good = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    return np.where(good & (days.astype("datetime64[M]") == months), days, np.datetime64("NaT"))


def _spans(times: pa.Array) -> np.ndarray:
    """Return how long after midnight in Greenwich the times are, NaT where there is none such."""
    parts = pc.extract_regex(times, TIME)
    known = parts.is_valid().to_numpy(zero_copy_only=False)
    part = {each.name: pc.fill_null(parts.field(n), "") for n, each in enumerate(parts.type)}
    hour, minute, second = (_integers(part[name]) for name in ("hour", "minute", "second"))
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(part["fraction"], 9, "0"), 0, 6)
    half = pc.utf8_lower(pc.utf8_slice_codeunits(part["half"], 0, 1))
    halved = pc.not_equal(half, "").to_numpy(zero_copy_only=False)
    evening = pc.equal(half, "p").to_numpy(zero_copy_only=False)
    digits = pc.replace_substring_regex(part["zone"], "[^0-9]", "")
    hours_east = _integers(pc.utf8_slice_codeunits(digits, 0, 2))
    minutes_east = _integers(pc.utf8_slice_codeunits(digits, 2, 4))
    west = pc.starts_with(part["zone"], "-").to_numpy(zero_copy_only=False)
    east = np.where(west, -1, 1) * (hours_east * 60 + minutes_east)
    known &= (minute < 60) & (second < 60) & (hours_east < 24) & (minutes_east < 60)
    known &= np.where(halved, (hour >= 1) & (hour <= 12), hour < 24)
    hour = np.where(halved, hour % 12 + 12 * evening, hour)
    spans = ((hour * 60 + minute - east) * 60 + second) * 1_000_000 + _integers(fraction)
    return np.where(known, spans.astype("timedelta64[us]"), np.timedelta64("NaT"))


def _integers(digits: pa.Array) -> np.ndarray:
    """Return numbers, 0 for a part that is not there."""
    there = pc.if_else(pc.equal(digits, ""), "0", digits)
    return there.cast(pa.int64()).to_numpy(zero_copy_only=False)
