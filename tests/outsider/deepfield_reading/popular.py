"""The most read books that a reader did not take yet: counted, and no network at all."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from pydantic import Field
from safetensors.numpy import load_file, save_file

from deepfield import Explanation, Options, Predictor
from deepfield.trust import trust_labels

LONGEST = 20
"""Places of a list for which the odds are known."""


class PopularFitOptions(Options):
    fewest: int = Field(1, ge=1, description="readers whom a book needs to be recommended")


class Popular(Predictor):
    FitOptions = PopularFitOptions
    # Two moments of each reader are held out to choose by and to measure on; then nothing is.
    learns_from_all = True

    def __init__(self, books: list[str], counts: np.ndarray, odds: np.ndarray) -> None:
        self.books = books  # the most read first
        self.known = frozenset(books)
        self.counts = counts
        self.odds = odds  # (LONGEST,): how often the book at each place was taken next

    @classmethod
    def load(cls, folder, device="auto"):
        weights = load_file(folder.weights)
        return cls(folder.config["books"], weights["counts"], weights["odds"])

    def predict(self, rows, options):
        # Whole groups, each in order; one row goes back for each, under the label of its last row.
        found = []
        for _, taken in rows.groupby("reader", sort=False)["book"]:
            places = self._places(set(taken), options.books)
            things = [
                {
                    "item": self.books[place],
                    "title": "",
                    "score": float(self.counts[place]),
                    "probability": float(self.odds[rank]),
                    "because": f"{self.counts[place]:.0f} readers took it",
                }
                for rank, place in enumerate(places)
            ]
            hit = 1 - np.prod(1 - self.odds[: len(places)])
            known = not self.known.isdisjoint(taken)
            found.append((taken.index[-1], things, hit, 0.0 if known else 2.0))
        labels, lists, hits, foreign = zip(*found, strict=True)
        return pd.DataFrame(
            {
                "recommended": list(lists),
                "confidence": hits,
                "trust": trust_labels(np.array(hits), 0.2, np.array(foreign)),
            },
            index=pd.Index(labels),
        )

    def explain(self, rows, options):
        explanations = []
        for reader, taken in rows.groupby("reader", sort=False)["book"]:
            first = self._places(set(taken), 1)
            what = f"{self.books[first[0]]} is the most read" if first else "Nothing is left"
            explanations.append(Explanation(f"{what} of what {reader} did not take yet."))
        return explanations

    @classmethod
    def fit(cls, training, validation, folder, *, base, options, report, device="auto"):
        counts = training.drop_duplicates(["reader", "book"])["book"].value_counts()
        counts = counts[counts >= options.fewest]
        books = sorted(counts.index, key=lambda book: (-counts[book], book))
        model = cls(books, counts.loc[books].to_numpy(dtype=float), np.zeros(LONGEST))
        if len(validation):
            # What each of these readers took before is in the training rows.
            before = training[training["reader"].isin(validation["reader"])]
            before = before.groupby("reader")["book"].agg(set)
            after = validation.groupby("reader")["book"].agg(set)
            for reader, wanted in after.items():
                for rank, place in enumerate(model._places(before[reader], LONGEST)):
                    model.odds[rank] += books[place] in wanted
            model.odds /= len(after)
        else:  # measured already: only the counts are new, and what they are worth is known
            model.odds = load_file(base.weights)["odds"]
        report(1.0, {"epoch": 1, "books": len(books)})
        weights = {"counts": model.counts, "odds": model.odds}
        save_file(weights, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({"books": books}))

    def _places(self, taken, most):
        left = (place for place, book in enumerate(self.books) if book not in taken)
        return [place for _, place in zip(range(most), left, strict=False)]
