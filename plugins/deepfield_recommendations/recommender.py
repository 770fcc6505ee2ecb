"""What every model of recommendations shares; it asks for scores alone."""

from __future__ import annotations

import os
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from deepfield.best import top
from deepfield.errors import UsageError
from deepfield.explanation import Contributions, Explanation
from deepfield.models import ModelFolder
from deepfield.predictor import Predictor
from deepfield_recommendations import RANKING, RecommendationOptions
from deepfield_recommendations.choosing import Choice, choose
from deepfield_recommendations.histories import Histories, read_histories
from deepfield_recommendations.likelihood import Likelihood
from deepfield_recommendations.reasons import Carried, carried
from deepfield_recommendations.repeats import last_moments
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.vocabulary import Vocabulary
from deepfield_recommendations.wording import because, in_words

__all__ = ["Recommender"]

TOGETHER = 512
"""Users whose scores of all items are held at once."""
LATEST = 100
"""Events of a history of which is told what each carried."""


class Recommender(Predictor):
    """A model folder with a vocabulary and a calibration."""

    learns_from_all = True

    def __init__(self, folder: ModelFolder) -> None:
        self.folder = folder
        self.vocabulary = Vocabulary.load(folder.path)
        self.likelihood = Likelihood.load(folder.file("calibration.json"))
        self.again = bool(folder.config["again"])
        self._ends = int(folder.config["ends"])
        lately = np.append(0.0, self.vocabulary.items["lately"].to_numpy(dtype=float))
        self._popular = lately / max(float(lately.sum()), 1e-9)  # (items + 1,) shares of events

    @abstractmethod
    def scores(self, histories: Sequences, now: np.ndarray) -> np.ndarray:
        """Return the score of each item, (users, items + 1) float32; -inf where there is none.

        Args:
            now: (users,) the second for which is asked.
        """

    def scores_of(self, histories: Sequences, now: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return the scores of some items of each user, (users, k) codes to (users, k)."""
        return np.take_along_axis(self.scores(histories, now), codes, axis=1)

    def best(
        self,
        histories: Sequences,
        now: np.ndarray,
        count: int,
        allowed: np.ndarray | None,
        keeps: bool,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the best items of each user and their scores, (users, count) each; 0 fills.

        Args:
            allowed: (items + 1,) which may stand there; None: all.
            keeps: whether what a user took before may.
        """
        scores = self.scores(histories, now)
        if not keeps:
            scores[histories.users, histories.items] = -np.inf
        if allowed is not None:
            scores[:, ~allowed] = -np.inf
        codes = top(scores, count)
        return codes, np.take_along_axis(scores, codes, axis=1)

    def likeness(self, codes: np.ndarray, others: np.ndarray | None = None) -> np.ndarray | None:
        """Return how like items are to others, or to all, (n,) and (m,) to (n, m).

        None: it knows no such. Of all items the first column, no item, is -inf.
        """
        return None

    def vectors(self, histories: Sequences) -> np.ndarray | None:
        """Return a vector for each user, (users, width); None: it has no such."""
        return None

    def predict(self, rows: pd.DataFrame, options: RecommendationOptions) -> pd.DataFrame:
        histories = read_histories(rows, self.vocabulary)
        allowed = self._allowed(options)
        count = len(histories.index)
        pieces = np.array_split(np.arange(count), -(-count // TOGETHER))
        if len(pieces) == 1:
            return self._answered(histories, pieces[0], options, allowed)
        # While the engine works for one piece, lists are chosen for another.
        with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="deepfield-lists") as pool:
            answered = pool.map(
                lambda users: self._answered(histories, users, options, allowed), pieces
            )
            parts = list(answered)
        return pd.concat(parts)

    def explain(self, rows: pd.DataFrame, options: RecommendationOptions) -> list[Explanation]:
        histories = read_histories(rows, self.vocabulary)
        allowed = self._allowed(options)
        found: list[Explanation] = []
        for start in range(0, len(histories.index), TOGETHER):
            users = np.arange(start, min(start + TOGETHER, len(histories.index)))
            sequences = histories.sequences.take(users)
            lists, values, _ = self._lists(sequences, options, allowed)
            if options.question == "similar":
                found += self._likenesses(sequences, lists)
                continue
            why = self._carried(sequences, lists[:, :1], options)
            found += [
                self._explanation(
                    sequences.take(np.array([user])), lists[user], values[user], why, user
                )
                for user in range(len(users))
            ]
        return found

    def _answered(
        self,
        histories: Histories,
        users: np.ndarray,
        options: RecommendationOptions,
        allowed: np.ndarray | None,
    ) -> pd.DataFrame:
        sequences = histories.sequences.take(users)
        lists, values, probabilities = self._lists(sequences, options, allowed)
        known = sequences.lengths > 0
        filled = lists > 0
        confidence = np.where(
            filled.any(axis=1), self.likelihood.of_lists(probabilities * filled), 0.0
        )
        sure = confidence > self.likelihood.usual
        trust = np.where(known, np.where(sure, "ok", "unsure"), "unfamiliar")
        why = (
            self._carried(sequences, lists, options)
            if options.reasons and options.question == "next"
            else None
        )
        index = histories.index[users]
        return pd.DataFrame(
            {
                "recommended": RANKING.column(
                    self._ranking(sequences, lists, values, probabilities, why), index
                ),
                "history": in_words(histories, users),
                "confidence": confidence,
                "trust": trust.astype(object),
            },
            index=index,
        )

    def _lists(
        self, sequences: Sequences, options: RecommendationOptions, allowed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return codes, scores and probabilities of each user's list, (users, k) each."""
        many = min(options.how_many, len(self.vocabulary))
        choice = Choice(many, options.diversity, options.popularity_damping)
        find = self._similar if options.question == "similar" else self._next
        codes, scores, probability = find(
            sequences, min(choice.pool, len(self.vocabulary)), options, allowed
        )
        places = choose(codes, probability, self._popular, choice, self.likeness)
        return (
            np.take_along_axis(codes, places, axis=1),
            np.take_along_axis(scores, places, axis=1),
            np.take_along_axis(probability, places, axis=1),
        )

    def _next(
        self,
        sequences: Sequences,
        count: int,
        options: RecommendationOptions,
        allowed: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what each user most likely takes next."""
        now = self._now(sequences, options)
        codes, scores = self.best(sequences, now, count, allowed, self._keeps(options))
        probability = self.likelihood.item(scores)
        nobody = sequences.lengths == 0
        if nobody.any():
            # Of whom nothing is known the most likely is what is popular, and as likely as that.
            with np.errstate(divide="ignore"):
                usual = np.log(self._popular)
            if allowed is not None:
                usual = np.where(allowed, usual, -np.inf)
            codes[nobody] = top(usual[None].astype(np.float32), count)
            scores[nobody] = usual[codes[nobody]]
            chance = np.minimum(self._popular * self.likelihood.basket, 1.0)
            probability[nobody] = chance[codes[nobody]]
        return codes, scores, probability

    def _similar(
        self,
        sequences: Sequences,
        count: int,
        options: RecommendationOptions,
        allowed: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what is most like the item that each user took last."""
        last = sequences.latest(1)[:, 0]
        alike = self.likeness(last)
        if alike is None:
            raise UsageError(
                f"The model {self.folder.path.name!r} knows of no item what it is like; ask one "
                "that does, such as sasrec or item-neighbours."
            )
        alike = np.where(alike > 0, alike, -np.inf).astype(np.float32)
        alike[np.arange(len(last)), last] = -np.inf
        alike[last == 0] = -np.inf
        if allowed is not None:
            alike[:, ~allowed] = -np.inf
        codes = top(alike, count)
        after = self.scores_of(sequences, self._now(sequences, options), codes)
        return codes, np.take_along_axis(alike, codes, axis=1), self.likelihood.item(after)

    def _allowed(self, options: RecommendationOptions) -> np.ndarray | None:
        return self.vocabulary.allowed(options.categories, options.least_price, options.most_price)

    def _keeps(self, options: RecommendationOptions) -> bool:
        """Return whether what was taken before may stand in a list."""
        return self.again if options.bought == "auto" else options.bought == "keep"

    def _now(self, sequences: Sequences, options: RecommendationOptions) -> np.ndarray:
        """Return the second for which is asked of each user."""
        if options.asked_on:
            moment = datetime.fromisoformat(options.asked_on).replace(tzinfo=UTC)
            return np.full(len(sequences), int(moment.timestamp()), dtype=np.int64)
        return np.maximum(last_moments(sequences), self._ends)

    def _carried(
        self, sequences: Sequences, lists: np.ndarray, options: RecommendationOptions
    ) -> Carried:
        now = self._now(sequences, options)  # and stays so when the last event is left out
        return carried(
            lambda some, owners, codes: self.scores_of(some, now[owners], codes),
            sequences,
            lists,
            LATEST,
        )

    def _ranking(
        self,
        sequences: Sequences,
        lists: np.ndarray,
        values: np.ndarray,
        probabilities: np.ndarray,
        why: Carried | None,
    ) -> pa.Array:
        """Return lists as results hold them, without a Python object for each item."""
        filled = lists > 0
        codes = lists[filled]
        said = because(sequences, lists, why, self.vocabulary)[filled]
        parts = {
            "item": pa.array(self.vocabulary.ids[codes - 1], pa.string()),
            "title": pa.array(self.vocabulary.titles[codes - 1], pa.string()),
            "score": pa.array(values[filled], pa.float64()),
            "probability": pa.array(probabilities[filled], pa.float64()),
            "because": pa.array(said, pa.string()),
        }
        kind = RANKING.arrow
        things = pa.StructArray.from_arrays(list(parts.values()), fields=list(kind.value_type))
        offsets = np.append(0, np.cumsum(filled.sum(axis=1))).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), things, type=kind)

    def _likenesses(self, sequences: Sequences, lists: np.ndarray) -> list[Explanation]:
        """Return what each list is like."""
        last, titles = sequences.latest(1)[:, 0], self.vocabulary.titles
        return [
            Explanation(
                f"Most like {titles[code - 1]}, which was taken last."
                if code and len(codes) and codes[0]
                else "Nothing in the catalogue is known to be like what was taken last."
            )
            for code, codes in zip(last, lists, strict=True)
        ]

    def _explanation(
        self, sequence: Sequences, codes: np.ndarray, values: np.ndarray, why: Carried, user: int
    ) -> Explanation:
        """Return what carried the first item of one user's list."""
        if not len(codes) or not codes[0]:
            return Explanation("No item of the catalogue may be recommended with these options.")
        first = str(self.vocabulary.titles[codes[0] - 1])
        if not len(sequence.items):
            return Explanation(
                f"{first} is what most people take: nothing is known of this one that the model "
                "has learned of."
            )
        own = why.users == user
        shares = dict(
            zip(
                self.vocabulary.titles[why.items[own] - 1],
                map(float, why.shares[own, 0]),
                strict=True,
            )
        )
        said = because(sequence, codes[None, :1], _of_one(why, own), self.vocabulary)[0, 0]
        rest = float(values[0]) - sum(shares.values())
        return Explanation(
            f"{first} comes first" + (f", because of {said}." if said else "."),
            (Contributions(shares, rest, "score"),),
        )


def _of_one(why: Carried, own: np.ndarray) -> Carried:
    """Return what items of one user's history carried."""
    return Carried(np.zeros(own.sum(), dtype=int), why.items[own], why.shares[own])
