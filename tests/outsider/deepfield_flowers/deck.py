"""A stranger's kind of file: grey squares, one a line, ``12 200 7``."""

from __future__ import annotations

from functools import partial

import numpy as np
from pydantic import Field

from deepfield import Options
from deepfield.errors import InputError
from deepfield.formats import Format, Picture, read_bytes

MOST_BYTES = 100_000


class DeckOptions(Options):
    brightness: int = Field(0, ge=0, le=255, description="what is added to each grey")


class Deck(Format):
    name = "deck"
    title = "Deck"
    suffixes = (".deck", ".deck.txt")
    Options = DeckOptions

    def recognises(self, head):
        return head.startswith(b"DECK")

    def columns(self, options):
        return {"card": "Int64"}

    def pictures(self, file, options):
        lines = read_bytes(file, MOST_BYTES).decode().removeprefix("DECK\n").splitlines()
        return [
            Picture(f"{file} [{card}]", partial(square, line, options), {"card": card})
            for card, line in enumerate(lines)
        ]


def square(line, options):
    try:
        greys = [int(word) + options.brightness for word in line.split()]
    except ValueError as error:
        raise InputError("holds a word that is no number") from error
    return np.tile(np.array(greys, dtype=np.uint8), (len(greys), 1))
