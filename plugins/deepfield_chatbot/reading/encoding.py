"""Bytes to text: by mark, by what the file says of itself, as UTF-8, or by likelihood."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from deepfield.errors import InputError

__all__ = ["decoded"]

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DECLARED = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{2,40})""", re.IGNORECASE)
LOOKED_AT = 200_000
"""Bytes by which an encoding is guessed."""


def decoded(data: bytes, name: str, markup: bool = False) -> str:
    """Return the text of a file, lines ending in a plain newline.

    Args:
        markup: whether the file may say its encoding itself, as HTML does.

    Raises:
        InputError: if it is no text.
    """
    text = _decoded(data, name, markup)
    # What cannot be written as UTF-8 later, and controls, are of no use to anybody.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return re.sub(r"[\x00-\x08\x0b\x0e-\x1f\x7f]", "", re.sub(r"\r\n?|\x0c", "\n", text))


def _decoded(data: bytes, name: str, markup: bool) -> str:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if markup and (said := DECLARED.search(data[:4096])):
        try:
            return data.decode(said[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass  # it says what it is not; see below
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is not None and "\0" not in text:
        return text
    for encoding, zeros in (("utf-16-le", data[1:4000:2]), ("utf-16-be", data[0:4000:2])):
        if zeros.count(0) > 0.4 * max(len(zeros), 1) and data[:4000].count(0) < 2600:
            return data.decode(encoding, "replace")
    if data[:LOOKED_AT].count(0):
        raise InputError(f"{name!r} is no text: it holds bytes that no text has.")
    best = from_bytes(data[:LOOKED_AT]).best()
    return data.decode(best.encoding if best else "cp1252", "replace")
