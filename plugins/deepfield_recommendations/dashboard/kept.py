"""What is computed once for a run or a model, however often a page is drawn; shared by all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import streamlit as st

from deepfield.dashboard.context import Context
from deepfield.staging import GROUPS
from deepfield_recommendations import RANKING
from deepfield_recommendations.dashboard.asking import recommender
from deepfield_recommendations.dashboard.lists import items_of
from deepfield_recommendations.dashboard.reach import Reach
from deepfield_recommendations.dashboard.search import Search
from deepfield_recommendations.dashboard.segments import Segments
from deepfield_recommendations.dashboard.weeks import over_time
from deepfield_recommendations.histories import read_histories
from deepfield_recommendations.vocabulary import Vocabulary

__all__ = ["Kinds", "kinds", "reach", "sales", "search"]

COLUMNS = ("row", "user_id", "item_id", "time", "basket_id", "quantity")
"""Of the kept rows, what histories are read from; titles are long, and the catalogue has them."""
WORDS = ("user_id", "item_id", "basket_id")
"""Read as numbers of words, each word once."""


@dataclass(frozen=True)
class Kinds:
    """Segments of a run's people, and the people themselves.

    Args:
        people: a row each: ``row``, ``user``, ``segment`` (from 0), ``x``, ``y``, ``items``,
            ``last`` (a day, or empty), ``first`` (what is recommended first) and ``trust``.
    """

    segments: Segments
    people: pd.DataFrame


# Arrays are kept as resources: data would be copied out of the cache at every click.


@st.cache_resource(show_spinner=False, max_entries=8)
def search(model: str, _vocabulary: Vocabulary) -> Search:
    """Return what finds items of a model, by its hash."""
    return Search(_vocabulary)


def reach(context: Context) -> Reach:
    """Return what the lists of a run do with the model's catalogue."""
    return _reach(context.run.id, context.model.folder.hash, context)


@st.cache_resource(show_spinner="Adding up the lists …", max_entries=16)
def _reach(run: str, model: str, _context: Context) -> Reach:
    vocabulary = recommender(_context.model).vocabulary
    return Reach.of(items_of(_context.frame), len(_context.frame), vocabulary)


def sales(context: Context) -> tuple[pd.DataFrame, str] | None:
    """Return a run's sales over time; None where its rows or their times were not kept."""
    return _sales(context.run.id, context.run.folder)


@st.cache_resource(show_spinner="Adding up sales …", max_entries=16)
def _sales(run: str, _folder: Path) -> tuple[pd.DataFrame, str] | None:
    rows = kept_rows(_folder, ("time", "quantity", "price"))
    return None if rows is None else over_time(rows)


def kinds(context: Context) -> Kinds | None:
    """Return kinds of people; None where histories were not kept, or there are too few."""
    return _kinds(context.run.id, context.model.folder.hash, context)


@st.cache_resource(show_spinner="Drawing the map of people …", max_entries=8)
def _kinds(run: str, model: str, _context: Context) -> Kinds | None:
    rows = kept_rows(_context.run.folder, COLUMNS)
    if rows is None:
        return None
    predictor = recommender(_context.model)
    found = read_histories(rows.set_index("row"), predictor.vocabulary)
    known = np.flatnonzero(found.sequences.lengths)  # of the others nothing says what kind they are
    sequences = found.sequences.take(known)
    segments = Segments.of(sequences, predictor.vocabulary, predictor.vectors(sequences))
    if segments is None:
        return None
    answers = _context.frame.loc[found.index[known]]
    firsts = [RANKING.read(value)[:1] for value in answers["recommended"]]
    last = answers["time"] if "time" in answers else pd.Series(pd.NaT, answers.index)
    people = pd.DataFrame(
        {
            "row": answers.index.to_numpy(),
            "user": answers["user_id"].astype("str").to_numpy(),
            "segment": segments.segment,
            "x": segments.places[:, 0],
            "y": segments.places[:, 1],
            "items": sequences.lengths,
            "last": pd.to_datetime(last, utc=True).dt.strftime("%Y-%m-%d").fillna("").to_numpy(),
            "first": [each[0]["title"] if each else "" for each in firsts],
            "trust": answers["trust"].astype("str").to_numpy(),
        }
    )
    return Kinds(segments, people)


def kept_rows(folder: Path, names: tuple[str, ...]) -> pd.DataFrame | None:
    """Return columns of the rows that a run was made from, people together and in order."""
    path = folder / GROUPS
    if not path.is_file():
        return None
    known = set(pa.parquet.read_schema(path).names)
    wanted = [name for name in names if name in known]
    table = pa.parquet.read_table(
        path, columns=wanted, read_dictionary=[name for name in WORDS if name in wanted]
    )
    return table.to_pandas()
