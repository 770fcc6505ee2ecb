"""Kinds of people: who took alike, what sets them apart, and a map of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["Segments", "taken_by", "vectors_of"]

WIDTH = 24
"""Of the vectors that are made where a model has none."""
MOST_SEGMENTS = 6
"""As many as the theme has colours to tell apart."""
MOST_AT_ONCE = 20_000
"""Beyond so many people the means are found from parts of them."""
NEARLY = 0.1
"""How far below the best a silhouette may lie to be about as good."""
COMPARED = 2000
"""People by whom a number of segments is judged."""
MOST_NEIGHBOURS = 2000
"""Up to so many people are drawn by t-SNE, which takes seconds; more by principal components."""
FEWEST = 8
"""People below which there are no kinds of them."""
TYPICAL = 15
SEED = 0


@dataclass(frozen=True)
class Segments:
    """People in groups, on a map.

    Args:
        places: (users, 2) on the map.
        segment: (users,) from 0, the largest first.
        typical: of each segment: ``title``, ``here`` (the share of its people who took it),
            ``all`` (of all people), ``item``; what sets it apart most comes first.
        way: how the map was drawn.
    """

    places: np.ndarray
    segment: np.ndarray
    typical: list[pd.DataFrame]
    way: str

    @classmethod
    def of(
        cls, sequences: Sequences, vocabulary: Vocabulary, vectors: np.ndarray | None
    ) -> Segments | None:
        """Find groups; None where there are too few people.

        Args:
            sequences: of people who took something that is known.
            vectors: (users, width) by which people are alike; None: made from who took what.
        """
        taken = taken_by(sequences, len(vocabulary))
        if len(sequences) < FEWEST:
            return None
        if vectors is None:
            vectors = vectors_of(taken)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / np.maximum(length, 1e-9)
        labels = _grouped(vectors)
        places, way = _placed(vectors)
        order = np.argsort(-np.bincount(labels), kind="stable")
        segment = np.argsort(order)[labels]
        typical = [_typical(taken, segment == number, vocabulary) for number in range(len(order))]
        return cls(places, segment, typical, way)

    def names(self) -> list[str]:
        """Return what each segment is called: its number and two items that set it apart."""
        return [
            f"{number} · " + " · ".join(items["title"].head(2))
            for number, items in enumerate(self.typical, start=1)
        ]


def taken_by(sequences: Sequences, items: int) -> sparse.csr_matrix:
    """Return who took what, (users, items + 1) of ones."""
    ones = np.ones(len(sequences.items), dtype=np.float32)
    shape = (len(sequences), items + 1)
    found = sparse.csr_matrix((ones, (sequences.users, sequences.items)), shape)
    found.sum_duplicates()
    found.data[:] = 1
    return found


def vectors_of(taken: sparse.csr_matrix) -> np.ndarray:
    """Return vectors of people by what they took: a truncated SVD, what few took counting more."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    people = np.asarray(taken.sum(axis=0)).ravel()
    rare = np.log((1 + taken.shape[0]) / (1 + people))
    weighted = normalize(taken @ sparse.diags(rare))
    width = min(WIDTH, min(taken.shape) - 1)
    with np.errstate(invalid="ignore"):  # of people who are all alike there is no variance
        found = TruncatedSVD(width, n_iter=4, random_state=SEED).fit_transform(weighted)
    return found.astype(np.float32)


def _grouped(vectors: np.ndarray) -> np.ndarray:
    """Return the group of each person: as many groups as have about the best silhouette.

    People seldom fall apart clearly; where several numbers do as well, the greatest says most.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.metrics import silhouette_score

    some = np.random.default_rng(SEED).permutation(len(vectors))[:COMPARED]
    tried: list[tuple[float, np.ndarray]] = []
    most = min(MOST_SEGMENTS, max(2, len(vectors) // FEWEST), len(np.unique(vectors, axis=0)))
    for count in range(2, most + 1):
        means = KMeans if len(vectors) <= MOST_AT_ONCE else MiniBatchKMeans
        found = means(count, n_init=4, random_state=SEED).fit_predict(vectors)
        if len(np.unique(found[some])) > 1:
            tried.append((silhouette_score(vectors[some], found[some]), found))
    if not tried:
        return np.zeros(len(vectors), dtype=int)
    best = max(score for score, _ in tried)
    return [found for score, found in tried if score >= best - NEARLY * abs(best)][-1]


def _placed(vectors: np.ndarray) -> tuple[np.ndarray, str]:
    """Return where each person stands on a map."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    # Where nearly all are the same, t-SNE has nothing to spread, and may even crash.
    if len(vectors) > MOST_NEIGHBOURS or len(np.unique(vectors, axis=0)) < FEWEST:
        with np.errstate(invalid="ignore"):
            return PCA(2, random_state=SEED).fit_transform(vectors), "principal components"
    perplexity = min(30.0, len(vectors) / 4)
    drawn = TSNE(2, perplexity=perplexity, init="pca", max_iter=500, random_state=SEED)
    return drawn.fit_transform(vectors), "t-SNE"


def _typical(taken: sparse.csr_matrix, inside: np.ndarray, vocabulary: Vocabulary) -> pd.DataFrame:
    """Return what people inside took oftener than all did, by what tells most about them."""
    here = np.asarray(taken[inside].sum(axis=0)).ravel() / inside.sum()
    usual = np.asarray(taken.sum(axis=0)).ravel() / taken.shape[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        telling = np.where(here > usual, here * np.log(here / usual), 0.0)
    codes = np.argsort(-telling, kind="stable")[:TYPICAL]
    codes = codes[telling[codes] > 0]
    return pd.DataFrame(
        {
            "title": vocabulary.titles[codes - 1],
            "here": here[codes],
            "all": usual[codes],
            "item": vocabulary.ids[codes - 1],
        }
    )
