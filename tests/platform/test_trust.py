from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from deepfield.errors import InputError
from deepfield.evaluation import binary_figures, expected_calibration_error
from deepfield.trust import Calibration, MahalanobisGuard, trust_labels


def overconfident(rows: int, seed: int, factor: float = 4.0):
    """Draw labels from true logits, and return logits that claim ``factor`` times too much."""
    generator = np.random.default_rng(seed)
    true = generator.normal(0, 1.5, (rows, 2))
    labels = (generator.random(rows) < softmax(true, axis=1)[:, 1]).astype(int)
    return true * factor, labels


def test_calibration_finds_the_temperature_and_halves_the_error():
    logits, labels = overconfident(20_000, 0)
    calibration = Calibration.fit(logits, labels)
    assert calibration.temperature == pytest.approx(4.0, rel=0.1)
    fresh, truth = overconfident(20_000, 1)
    before, after = softmax(fresh, axis=1), calibration.probabilities(fresh)
    errors = [
        expected_calibration_error(p.max(axis=1), p.argmax(axis=1) == truth)
        for p in (before, after)
    ]
    assert errors[1] < 0.02 < 0.1 < errors[0]


def test_calibration_takes_stacks_of_logits():
    calibration = Calibration(2.0, [0.0, 1.0], [])
    logits = np.random.default_rng(0).normal(size=(5, 3, 2))
    np.testing.assert_allclose(calibration.probabilities(logits).sum(axis=-1), 1.0)
    np.testing.assert_allclose(
        calibration.probabilities(logits)[:, 1], calibration.probabilities(logits[:, 1])
    )


@pytest.mark.parametrize("promise", [0.02, 0.05, 0.1])
def test_abstention_keeps_its_promise_on_rows_it_never_saw(promise):
    logits, labels = overconfident(20_000, 0)
    fitted = Calibration.fit(logits, labels)
    p = fitted.probabilities(logits)
    fitted = fitted.with_risk(p.max(axis=1), p.argmax(axis=1) == labels)
    fresh, truth = overconfident(20_000, 2)
    q = fitted.probabilities(fresh)
    answered = q.max(axis=1) >= fitted.least_confidence(promise)
    assert answered.sum() > 200
    assert (q.argmax(axis=1) != truth)[answered].mean() <= promise


def test_a_promise_that_nothing_keeps_abstains_always():
    fitted = Calibration(1.0, [0.0, 0.0], []).with_risk(np.full(50, 0.9), np.arange(50) % 2 == 0)
    assert fitted.least_confidence(0.01) > 1


def test_calibration_survives_its_file(tmp_path):
    fitted = Calibration(1.5, [0.0, -0.25], [[0.9, 0.01], [0.6, 0.05]])
    fitted.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == fitted


def test_guard_knows_its_own_and_flags_both_ways_of_being_foreign(tmp_path):
    generator = np.random.default_rng(0)
    axes = generator.normal(size=(8, 40))

    def familiar(rows: int):
        labels = generator.integers(0, 2, rows)
        inner = generator.normal(size=(rows, 8)) + 3 * labels[:, None]
        return inner @ axes + 0.05 * generator.normal(size=(rows, 40)), labels

    features, labels = familiar(2000)
    guard = MahalanobisGuard.fit(features, labels, familiar(2000)[0], kept=8, flagged=0.02)
    guard.save(tmp_path / "guard.safetensors")
    guard = MahalanobisGuard.load(tmp_path / "guard.safetensors")
    assert (guard.score(familiar(4000)[0]) > 1).mean() < 0.03
    far = familiar(200)[0] * 4  # in the same directions, much too far out
    outside = generator.normal(size=(200, 40))  # near, in directions that training never had
    assert (guard.score(far) > 1).mean() > 0.9
    assert (guard.score(outside) > 1).mean() > 0.99


@pytest.mark.parametrize("width", [1, 40])
@pytest.mark.parametrize("rows", [1, 3])
def test_guard_of_a_few_rows_has_borders(rows, width):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(2 * rows, width))
    labels = np.repeat([0, 1], rows)
    guard = MahalanobisGuard.fit(features, labels, generator.normal(size=(2, width)))
    assert np.isfinite(guard.borders).all()
    assert (guard.borders > 0).all()
    assert np.isfinite(guard.score(features)).all()
    assert (guard.score(features + 1e6) > 1).all()


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_guard_of_rows_that_are_all_the_same_knows_them(value):
    same = np.full((6, 40), value)
    guard = MahalanobisGuard.fit(same, np.repeat([0, 1], 3), same[:2])
    assert (guard.score(same * (1 + 1e-7)) <= 1).all()
    assert (guard.score(same + 1) > 1).all()


def test_calibration_holds_with_two_rows():
    logits, labels = np.array([[2.0, -1.0], [-1.0, 0.5]]), np.array([0, 1])
    fitted = Calibration.fit(logits, labels)
    p = fitted.probabilities(logits)
    assert np.isfinite(p).all()
    fitted = fitted.with_risk(p.max(axis=1), p.argmax(axis=1) == labels)
    assert len(fitted.risk) == 2
    assert np.isfinite(fitted.risk).all()
    assert fitted.least_confidence(0.05) > 1


def test_trust_says_unfamiliar_before_unsure():
    labels = trust_labels(np.array([0.9, 0.6, 0.9, 0.6]), 0.8, np.array([0.5, 0.5, 2.0, 2.0]))
    assert labels.tolist() == ["ok", "unsure", "unfamiliar", "unfamiliar"]


def test_what_is_no_number_is_never_ok():
    nothing = np.array([np.nan, 0.9])
    assert trust_labels(nothing, 0.8, np.zeros(2)).tolist() == ["unsure", "ok"]
    assert trust_labels(np.ones(2), 0.8, nothing).tolist() == ["unfamiliar", "ok"]


@pytest.mark.parametrize("text", ["", "{", '{"temperature": 1}'])
def test_broken_calibration_is_one_sentence(tmp_path, text):
    (tmp_path / "calibration.json").write_text(text)
    with pytest.raises(InputError, match="cannot be read"):
        Calibration.load(tmp_path / "calibration.json")


def test_figures_agree_with_counting_by_hand():
    figures = binary_figures(np.array([0.9, 0.8, 0.3, 0.6, 0.1]), np.array([1, 1, 1, 0, 0]))
    assert figures["accuracy"] == pytest.approx(3 / 5)
    assert figures["sensitivity"] == pytest.approx(2 / 3)
    assert figures["specificity"] == pytest.approx(1 / 2)
    assert figures["auc"] == pytest.approx(5 / 6)


def test_calibration_error_agrees_with_counting_by_hand():
    confidence, correct = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, True, True, False])
    assert expected_calibration_error(confidence, correct) == pytest.approx(0.05)
