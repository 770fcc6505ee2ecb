"""Item vectors from who took what, for networks to start from.

A log of some ten thousand baskets is too little to learn thousands of vectors by the baskets that
followed: they come to know the months that are over. A factorisation of the whole log does not
learn when anything happened.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from deepfield_recommendations.sequences import Sequences

__all__ = ["factorised"]

SHRINKAGE = 2.0
"""What is added to an item's length, so that what hardly anybody took stays near nothing."""


def factorised(sequences: Sequences, items: int, width: int) -> np.ndarray:
    """Return (items + 1, width) float32 vectors whose products are about the items' cosines.

    A truncated singular value decomposition of what each user took, an item's logarithm of how
    often, each user and item weighing alike; the mean square of their lengths is 1.
    """
    shape = (len(sequences), items + 1)
    ones = np.ones(len(sequences.items))
    taken = sparse.csr_matrix((ones, (sequences.users, sequences.items)), shape)
    taken.data = np.log1p(taken.data)
    of_user = np.sqrt(np.asarray(taken.power(2).sum(axis=1)).ravel())
    taken = sparse.diags_array(np.maximum(of_user, 1e-9) ** -0.5) @ taken
    of_item = np.sqrt(np.asarray(taken.power(2).sum(axis=0)).ravel())
    taken = taken @ sparse.diags_array(1 / (of_item + SHRINKAGE))
    rank = min(width, min(shape) - 1)
    _, strengths, directions = svds(taken.tocsr(), rank, random_state=0)
    vectors = np.zeros((items + 1, width), np.float32)
    vectors[:, :rank] = directions.T * np.sqrt(strengths)
    return vectors / np.sqrt((vectors**2).sum(axis=1).mean())
