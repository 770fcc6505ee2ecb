"""A few new rows after many old ones get the answers that all of them together would give."""

from __future__ import annotations

import pandas as pd
import pytest
from deepfield_flowers import Flowers
from deepfield_visits import Visits
from deepfield_visits.counts import CountsPredictor

from deepfield.errors import InputError, UsageError
from deepfield.fields import Key, Number, Timestamp
from deepfield.loading import Model, load_model
from deepfield.table import Table


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(Visits())


def assert_as_together(model: Model, old: pd.DataFrame, new: pd.DataFrame, **options) -> None:
    together = pd.concat([old, new], ignore_index=True)
    new = new.set_axis([f"new {n}" for n in range(len(new))])
    past = model.remember(old)
    found, expected = model.predict(new, past=past, **options), model.predict(together, **options)
    assert found.index.equals(new.index)
    pd.testing.assert_frame_equal(found, expected[len(old) :].set_axis(new.index), check_exact=True)
    told = model.explain(together, **options)[len(old) :]
    assert model.explain(new, past=past, **options) == told


def test_a_visit_is_answered_as_it_comes(model):
    visits = Visits().samples()
    past = model.remember(visits[:-1])  # read, checked and found by its keys once
    answer = model.predict(visits[-1:], past=past)
    pd.testing.assert_frame_equal(answer, model.predict(visits)[-1:])


@pytest.mark.parametrize("count", [1, 7, 500])
def test_new_rows_after_old_ones(model, visits, count):
    rows = visits(3000).sort_values("time", kind="stable")
    assert_as_together(model, rows[:-count], rows[-count:].sample(frac=1, random_state=3))


def test_new_rows_between_old_ones_change_what_these_gave(model, visits):
    rows = visits(2000, shops=5, people=40)
    assert_as_together(model, rows[:1800], rows[1800:])


def test_keys_that_nobody_had_before(model, visits):
    rows = visits(100)
    assert_as_together(model, rows[:99], rows[99:].assign(shop="new", person="new"))
    assert_as_together(model, rows[:0], rows)


def test_a_column_that_only_one_side_has(model, visits):
    rows = visits(100)
    assert_as_together(model, rows[:90], rows[90:].drop(columns="receipt"))
    assert_as_together(model, rows[:90].drop(columns="receipt"), rows[90:])


def test_a_row_that_comes_again_counts_once(model, visits):
    rows = visits(500, shops=4, people=10)
    new = rows[450:].assign(spend=99.0)
    past = model.remember(rows)
    expected = model.predict(pd.concat([rows[:450], new], ignore_index=True))[450:]
    pd.testing.assert_frame_equal(model.predict(new, past=past), expected.set_axis(new.index))


def test_a_row_that_comes_again_under_other_keys_counts_there(model, visits):
    rows = visits(500, shops=4, people=10)
    new = rows[499:].assign(shop="s0" if rows["shop"][499] != "s0" else "s1")
    past = model.remember(rows)
    expected = model.predict(pd.concat([rows[:499], new], ignore_index=True))[499:]
    pd.testing.assert_frame_equal(model.predict(new, past=past), expected.set_axis(new.index))


def test_three_keys_are_gathered_right_wherever_rows_come_between(model, visits):
    class Three(CountsPredictor):
        inputs = Table(
            Timestamp("time"), Number("spend"), Key("shop"), Key("person"), Key("street"),
            group_by=("street", "shop", "person"), order_by="time",
        )  # fmt: skip

    three = Model(model.domain, model.spec, model.folder, Three(model.predictor.weights))
    rows = visits(600, shops=4, people=9).drop(columns="receipt")
    rows["street"] = rows["shop"].str[-1] + rows["person"].str[-1]
    assert_as_together(three, rows[:500], rows[500:])
    rows = rows.sort_values("time", kind="stable")
    assert_as_together(three, rows[:500], rows[500:])


def test_other_options_gather_anew(visits):
    class Delayed(CountsPredictor):
        def gather(self, rows, key, options):
            return super().gather(rows, key, options) + options.letters_a_day

    found = load_model(Visits())
    delayed = Model(found.domain, found.spec, found.folder, Delayed(found.predictor.weights))
    rows = visits(200).sort_values("time", kind="stable")
    past = delayed.remember(rows[:-1])
    for letters in (0, 3, 0):
        last = delayed.explain(rows, letters_a_day=letters)[-1]
        assert delayed.explain(rows[-1:], past=past, letters_a_day=letters) == [last]


def test_who_says_what_it_gathers_from_sees_that_alone(visits):
    seen = []

    class Frugal(CountsPredictor):
        def gathers_from(self, key):
            return ("spend",) if key == "shop" else ("spend", "shop_visits")

        def gather(self, rows, key, options):
            seen.append((key, sorted(rows.columns)))
            return super().gather(rows, key, options)

    found = load_model(Visits())
    frugal = Model(found.domain, found.spec, found.folder, Frugal(found.predictor.weights))
    rows = visits(500, shops=4, people=10)
    assert_as_together(frugal, rows[:450], rows[450:])
    rows = rows.sort_values("time", kind="stable")
    assert_as_together(frugal, rows[:450], rows[450:])
    assert dict(seen) == {
        "shop": ["shop", "spend", "time"],
        "person": ["person", "shop_visits", "spend", "time"],
    }
    assert len(set(map(repr, seen))) == 2  # the same, however it was called
    assert frugal.predict(rows).equals(found.predict(rows))


def test_what_cannot_be_remembered_is_one_sentence(model, visits):
    with pytest.raises(UsageError, match="Rows of flowers stand by themselves"):
        load_model(Flowers()).remember(Flowers().samples())
    with pytest.raises(InputError, match="Row 3: column 'spend' holds 'much'"):
        model.remember(visits(5).astype(object).replace({"spend": {visits(5)["spend"][3]: "much"}}))
    with pytest.raises(UsageError, match="Another model remembers these earlier rows"):
        model.predict(visits(3), past=load_model(Visits()).remember(visits(3)))
