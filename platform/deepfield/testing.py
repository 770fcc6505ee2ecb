"""The contract kit: prove that a domain keeps the contract, ours or an outsider's.

    from deepfield.testing import contract

    @contract(Flowers)
    def test_flowers_keeps_the_contract(domain, check):
        check(domain)

gives one test for each check. A failure that is known is declared, with its reason:
``@contract(Flowers, known_failures={"golden_rows_match": "retraining is under way"})``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepfield.domain import TRUST, Domain, check_domain
from deepfield.explanation import Explanation
from deepfield.fields import Category, Number, Ranking
from deepfield.fitting.bases import file_endings
from deepfield.grouping import answered, gathered, typed, whole_groups
from deepfield.loading import Model, load_model
from deepfield.models import ModelFolder
from deepfield.plugins import Registry
from deepfield.scoring import Job
from deepfield.selftest import check_model, differences

__all__ = ["CHECKS", "contract"]

Check = Callable[[Domain], None]

MOST_CUTS = 12
"""Moments at which a table is cut, spread over it: each costs an answer to every row before it."""
MOST_BATCHES = 60
"""Batches that samples are answered in; a row each where there are fewer."""


def contract(
    make: Callable[[], Domain], *, known_failures: Mapping[str, str] | None = None
) -> Callable[[Callable], Callable]:
    """Turn a test of ``domain`` and ``check`` into one test for each check of the kit."""
    known = dict(known_failures or {})
    unknown = known.keys() - CHECKS.keys()
    if unknown:
        raise ValueError(f"no check is named {', '.join(sorted(unknown))}: {', '.join(CHECKS)}")
    parameters = [
        pytest.param(
            check,
            id=name,
            marks=pytest.mark.xfail(reason=known[name], strict=True) if name in known else (),
        )
        for name, check in CHECKS.items()
    ]

    def decorate(test: Callable) -> Callable:
        with_checks = pytest.mark.parametrize("check", parameters)(test)
        return pytest.mark.parametrize("domain", [pytest.param(make(), id="")])(with_checks)

    return decorate


def describes_itself(domain: Domain) -> None:
    check_domain(domain)
    registry = Registry()
    registry.add(_Plugin(domain), "under test")
    assert registry.domain(domain.name) is domain


def fits_take_rows_or_files(domain: Domain) -> None:
    """Its models that can be fitted agree on it, and those that take files can."""
    for ending in file_endings(domain):
        assert ending.startswith(".")


def imports_no_framework(domain: Domain) -> None:
    """A list of domains must come up at once, on machines without the frameworks too."""
    module = type(domain).__module__
    code = (
        f"import sys, {module}; "
        "heavy = {'torch', 'tensorflow', 'jax', 'timm', 'transformers'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"importing {module} imports {done.stderr.strip()}"


def samples_fit_the_inputs(domain: Domain) -> None:
    samples = domain.samples()
    assert len(samples) >= 2, "samples() gives at least two rows"
    assert not domain.inputs.read(samples).problems
    pd.testing.assert_frame_equal(samples, domain.samples())


def one_row_out_for_each_row_in(domain: Domain) -> None:
    for model in _models(domain):
        samples = domain.samples()
        samples.index = pd.Index([f"row {n}" for n in range(len(samples))])
        there, back = model.predict(samples), model.predict(_turned(model, samples))
        assert there.index.equals(_answered(model, samples))
        assert there.columns.to_list() == model.results.names
        assert not differences(there, back.loc[there.index], model.results)


def results_are_what_their_fields_say(domain: Domain) -> None:
    for model in _models(domain):
        results = model.predict(domain.samples())
        checked = model.results.read(results)
        assert not checked.problems
        assert results["trust"].isin(TRUST).all()
        for each in model.results:
            if isinstance(each, Category) and each.values:
                assert results[each.name].isin(each.values).all()
            if isinstance(each, Ranking):
                for value in results[each.name]:
                    items = [thing["item"] for thing in each.read(value)]
                    assert len(set(items)) == len(items), f"a list names an item twice: {items}"


def batch_size_changes_nothing(domain: Domain) -> None:
    """This finds a network left in training mode, and groups that are not told apart."""
    for model in _models(domain):
        samples = domain.samples()
        whole = model.predict(samples)
        if domain.inputs.group_by:  # a row by itself has no history: groups are cut instead
            size = -(-len(samples) // MOST_BATCHES)
            single = Job(model, samples, batch_size=size).run().frame
        else:
            single = pd.concat([model.predict(samples.iloc[[row]]) for row in range(len(samples))])
        for other in (single, model.predict(samples)):
            _assert_alike(model, whole, other)


def the_future_changes_nothing(domain: Domain) -> None:
    """A row's answer stays what it is if later rows are lost or are others."""
    for model in _models(domain):
        inputs, options = model.inputs, domain.Options()
        if not inputs.group_by:
            continue

        def unsettled(rows: pd.DataFrame, model: Model = model, options: Any = options) -> Any:
            # Rows of one period may decide on each other, later ones too; not what is gathered.
            complete = gathered(model.predictor, model.inputs, rows, options)
            return model.predict_checked(complete, options)

        samples = typed(inputs, inputs.read(domain.samples()).rows)
        samples = samples.sort_values(inputs.order_by, kind="stable", ignore_index=True)
        whole = unsettled(samples)
        times = samples[inputs.order_by]
        for moment in times.iloc[_spread(len(samples))].drop_duplicates():
            now, later = times <= moment, times > moment
            if inputs.answer_per:  # only groups that end by then have their answer already
                then = unsettled(samples[now])
                ended = then.index.intersection(whole.index)
                _assert_alike(model, whole.loc[ended], then.loc[ended])
                continue
            _assert_alike(model, whole[now], unsettled(samples[now]))
            others = samples.copy()
            for name in set(inputs.names) & set(samples.columns) - {inputs.order_by}:
                others.loc[later, name] = samples.loc[later, name].to_numpy()[::-1]
            _assert_alike(model, whole[now], unsettled(others)[now])


def a_past_gives_the_answers_of_one_table(domain: Domain) -> None:
    """New rows after remembered ones are answered as if all stood in one table."""
    for model in _models(domain):
        inputs = model.inputs
        if not inputs.group_by or model.predictor.period(domain.Options()):
            continue
        samples = domain.samples()
        times = inputs.read(samples).rows[inputs.order_by]
        samples = samples.loc[times.sort_values(kind="stable").index]
        whole = model.predict(samples)
        for count in _spread(len(samples))[1:]:
            past = model.remember(samples[:-count])
            found = model.predict(samples[-count:], past=past)
            _assert_alike(model, whole.loc[found.index], found)


def input_is_left_untouched(domain: Domain) -> None:
    for model in _models(domain):
        samples = domain.samples()
        before = samples.copy(deep=True)
        model.predict(samples)
        model.explain(samples.iloc[:1])
        pd.testing.assert_frame_equal(samples, before)


def loading_twice_is_harmless(domain: Domain) -> None:
    samples = domain.samples()
    for first, second in zip(_models(domain), _models(domain), strict=True):
        assert not differences(first.predict(samples), second.predict(samples), first.results)


def golden_rows_match(domain: Domain) -> None:
    for spec in domain.models:
        finding = check_model(domain, spec)
        assert finding.passed, finding.problems


def bad_rows_are_refused_and_the_rest_is_served(domain: Domain) -> None:
    for model in _models(domain):
        samples = domain.samples()
        spoilt = next(each.name for each in domain.inputs if each.required)
        samples[spoilt] = samples[spoilt].astype(object)
        samples.loc[samples.index[0], spoilt] = None
        result = Job(model, samples).run()
        assert len(result.frame) == len(_answered(model, samples[1:]))
        assert result.run.rows_in - result.run.rows_rejected == len(samples) - 1
        assert result.rejected["row"].to_list() == [1]
        assert spoilt in result.rejected["reason"][0]


def explanations_have_the_right_shape(domain: Domain) -> None:
    for model in _models(domain):
        samples = domain.samples()
        explanations = model.explain(samples)
        assert len(explanations) == len(_answered(model, samples))
        for each in explanations:
            assert isinstance(each, Explanation)
            assert each.summary.strip()
            if each.heatmap is not None:
                values = each.heatmap.values
                assert values.ndim == 2
                assert np.isfinite(values).all()
                assert values.min() >= 0
                assert values.max() <= 1
            if each.contributions is not None:
                assert all(np.isfinite(list(each.contributions.values.values())))


def models_have_cards(domain: Domain) -> None:
    for spec in domain.models:
        folder = ModelFolder(spec.folder)
        assert folder.figures, f"the card of {spec.name} has no figures (model-index)"
        assert len(folder.card) > 100


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        describes_itself,
        fits_take_rows_or_files,
        imports_no_framework,
        samples_fit_the_inputs,
        one_row_out_for_each_row_in,
        results_are_what_their_fields_say,
        batch_size_changes_nothing,
        the_future_changes_nothing,
        a_past_gives_the_answers_of_one_table,
        input_is_left_untouched,
        loading_twice_is_harmless,
        golden_rows_match,
        bad_rows_are_refused_and_the_rest_is_served,
        explanations_have_the_right_shape,
        models_have_cards,
    )
}


class _Plugin:
    """A plugin of one domain, as pluggy wants it."""

    def __init__(self, domain: Domain) -> None:
        from deepfield.hookspecs import hookimpl

        self.register_domains = hookimpl(lambda: [domain], specname="register_domains")


def _assert_alike(model: Model, whole: pd.DataFrame, other: pd.DataFrame) -> None:
    assert not differences(whole, other, model.results)
    for each in model.results:
        if isinstance(each, Number):
            np.testing.assert_allclose(
                whole[each.name].astype(float), other[each.name].astype(float), atol=1e-4
            )


def _answered(model: Model, samples: pd.DataFrame) -> pd.Index:
    """Return the labels of the rows that get an answer, in order."""
    if not model.inputs.answer_per:
        return samples.index
    ends = answered(model.inputs, whole_groups(model.inputs, model.inputs.read(samples).rows))
    return samples.index[samples.index.isin(ends)]


def _turned(model: Model, samples: pd.DataFrame) -> pd.DataFrame:
    """Return rows the other way round; those of one group that is answered keep their order."""
    key = model.inputs.answer_per
    if not key:
        return samples.iloc[::-1]
    return pd.concat([part for _, part in samples.groupby(key, sort=False)][::-1])


def _spread(rows: int) -> list[int]:
    """Return the places of the first row and the last, and of others evenly between them."""
    return np.unique(np.linspace(0, rows - 1, min(rows, MOST_CUTS)).astype(int)).tolist()


def _models(domain: Domain) -> list[Model]:
    return [load_model(domain, spec.name) for spec in domain.models]
