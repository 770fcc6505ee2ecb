"""A stranger's kind of file for results: how many of each iris make the bouquet."""

from __future__ import annotations

from collections import Counter


class Bouquet:
    def __init__(self, path, model):
        self.file = path.open("w", encoding="utf-8")
        self.counts = Counter()

    def write(self, frame):
        self.counts.update(frame["species"])

    def close(self):
        with self.file:
            self.file.writelines(f"{count} {species}\n" for species, count in self.counts.items())
