"""The split of a fit: every class in every part, no group in two, and fits by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import deepfield
from deepfield.errors import InputError
from deepfield.fitting.splitting import split
from deepfield.labelled import Labelled


def rows_of(counts: dict[str, int], groups: list[str] | None = None) -> Labelled:
    labels = [name for name, count in counts.items() for _ in range(count)]
    index = pd.RangeIndex(1, len(labels) + 1)
    return Labelled(
        "rows",
        pd.DataFrame({"x": range(len(labels))}, index),
        pd.Series(labels, index),
        None if groups is None else pd.Series(groups, index, name="patient"),
    )


def test_split_shares_no_row_and_holds_every_class():
    rows = rows_of({"a": 700, "b": 200, "c": 5})
    parts = split(rows)
    assert parts.sizes == {"training": 633, "validation": 136, "test": 136}
    everything = [*parts.training, *parts.validation, *parts.test]
    assert sorted(everything) == list(rows.rows.index)
    for part in vars(parts).values():
        assert set(rows.labels[part]) == {"a", "b", "c"}
    assert list(split(rows).test) == list(parts.test)


def test_split_by_group_parts_no_group():
    generator = np.random.default_rng(0)
    groups = [f"p{each}" for each in generator.integers(0, 60, 600)]
    rows = rows_of({"a": 400, "b": 200}, groups)
    parts = split(rows)
    seen = [set(rows.groups[part]) for part in vars(parts).values()]
    assert len(set.union(*seen)) == sum(map(len, seen))
    assert all(set(rows.labels[part]) == {"a", "b"} for part in vars(parts).values())
    assert 60 < parts.sizes["test"] < 120


def test_groups_that_cannot_be_split_say_so():
    with pytest.raises(InputError, match="The class 'b' comes from 2 groups of 'patient'"):
        split(rows_of({"a": 9, "b": 9}, [*"abcabcabc", *"dedededed"]))


def test_fit_by_group(irises, registry):
    rows = irises.assign(bed=[f"bed {n % 25}" for n in range(150)])
    fitted = deepfield.fit("flowers", rows, name="mine", group="bed", registry=registry)
    assert "by the column 'bed', so that no group stands in two parts" in fitted.folder.card
    assert fitted.fit.request["group"] == "bed"
    assert fitted.fit.state == "done"


def test_categorical_labels_and_groups_are_fitted(irises, registry):
    rows = irises.assign(
        label=irises["label"].astype("category"), bed=pd.Categorical(np.arange(150) % 25)
    )
    fitted = deepfield.fit("flowers", rows, name="mine", group="bed", registry=registry)
    assert sum(fitted.sizes.values()) == 150


def test_words_of_others_are_no_markdown_in_the_card(irises, registry):
    rows = irises.assign(**{"![x](http://x)": np.arange(150) % 25})
    fitted = deepfield.fit("flowers", rows, name="mine", group="![x](http://x)", registry=registry)
    assert "![x](http" not in fitted.folder.card.split("## Reproduce")[0]
