"""Intents are learned from examples, and what is none of them is noticed."""

from __future__ import annotations

import numpy as np
import pytest
from shop import LABELS, OUTSIDE, TEXTS

from deepfield.errors import InputError
from deepfield.models import ModelFolder
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.intents.classifier import IntentClassifier
from deepfield_chatbot.intents.fitting import fit_intents


@pytest.fixture(scope="module")
def encoder():
    return Encoder.load(device="cpu", openvino=False)


@pytest.fixture(scope="module")
def fitted(encoder):
    return fit_intents(TEXTS, LABELS, encoder)


@pytest.fixture(scope="module")
def told_of_outside(encoder):
    labels = [*LABELS, *["OOS"] * len(OUTSIDE)]
    return fit_intents([*TEXTS, *OUTSIDE], labels, encoder)


def test_intents_are_told_apart(fitted, encoder):
    asked = [
        "At what hour do you close on Friday?",
        "I wish to send it back",
        "Has my box shipped?",
    ]
    judged = fitted.judge(encoder.encode(asked))
    assert fitted.called(judged).tolist() == ["hours", "returns", "delivery"]
    np.testing.assert_allclose(judged.odds.sum(axis=1), 1, atol=1e-5)
    odds = judged.odds.astype(float)
    np.testing.assert_allclose(judged.lead, np.log(odds / (1 - odds)), atol=1e-2)
    assert (fitted.confidence(judged) == judged.odds.max(axis=1)).all()


def test_what_is_no_intent_is_foreign(fitted, encoder):
    judged = fitted.judge(
        encoder.encode(["When do you open?", "Penguins live in Antarctica.", " "])
    )
    assert judged.foreign.tolist() == [False, True, True]
    assert judged.outside.tolist() == [0, 0, 0]  # nothing told of it


def test_a_fit_is_the_same_again_and_is_kept(fitted, told_of_outside, encoder, tmp_path):
    vectors = encoder.encode([*TEXTS, *OUTSIDE])
    there = fit_intents(TEXTS, LABELS, encoder).judge(vectors)
    for name, value in vars(fitted.judge(vectors)).items():
        np.testing.assert_allclose(getattr(there, name), value, atol=1e-5)
    for place, each in enumerate((fitted, told_of_outside)):
        each.save(tmp_path / str(place))
        kept = IntentClassifier.load(ModelFolder(tmp_path / str(place)))
        assert (kept.labels, kept.out_of_scope) == (each.labels, each.out_of_scope)
        assert kept.calibration == each.calibration
        for name, value in vars(each.judge(vectors)).items():
            np.testing.assert_allclose(getattr(kept.judge(vectors), name), value, atol=2e-2)


def test_examples_from_outside_are_a_class(told_of_outside, encoder):
    fitted = told_of_outside
    assert fitted.labels == ("delivery", "hours", "returns")
    assert fitted.classes == ("delivery", "hours", "returns", "OOS")
    judged = fitted.judge(encoder.encode(["The lynx lives in the forest.", "When do you close?"]))
    assert fitted.called(judged).tolist() == ["OOS", "hours"]
    assert judged.outside[0] > 0.5 > judged.outside[1]
    confidence = fitted.confidence(judged)
    assert confidence[0] == judged.outside[0]
    assert confidence[1] < judged.odds[1].max()


def test_a_handful_of_examples_is_learned_and_promises_little(encoder):
    few = [*TEXTS[:3], *TEXTS[6:9]]
    fitted = fit_intents(few, ["hours"] * 3 + ["returns"] * 3, encoder)
    judged = fitted.judge(encoder.encode(["When will you close?", "Refund me, please"]))
    assert fitted.called(judged).tolist() == ["hours", "returns"]
    assert (judged.odds.max(axis=1) < 0.999).all()
    assert fitted.calibration.least_confidence(0.2) > 1
    assert fitted.calibration.least_confidence(0.9) < 1


def test_progress_rises_and_may_stop_the_fit(encoder):
    seen = []
    fit_intents(TEXTS, LABELS, encoder, epochs=3, report=lambda *told: seen.append(told))
    done = [share for share, *_ in seen]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1)
    assert [told[1]["epoch"] for told in seen if len(told) > 1 and told[1]] == [1, 2, 3]

    def stop(done, figures=None):
        if done > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_intents(TEXTS, LABELS, encoder, epochs=3, report=stop)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ("xx", "Intents need at least two labels; there are 1."),
        ("xxy", "The intent 'y' has 1 example; at least 2 are needed."),
        (["x", "x", "oos"], "at least two labels beside 'oos'; there are 1"),
        (["x", "x", "y", "y", "Other", "none"], "'Other' and 'none' all mean out of scope"),
    ],
)
def test_what_cannot_be_learned_is_one_sentence(encoder, labels, sentence):
    with pytest.raises(InputError, match=sentence):
        fit_intents(TEXTS[: len(labels)], list(labels), encoder)


def test_intents_of_another_encoder_are_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    file = tmp_path / "config.json"
    file.write_text(file.read_text().replace('"encoder": "5', '"encoder": "6'))
    with pytest.raises(InputError, match="another sentence encoder"):
        IntentClassifier.load(ModelFolder(tmp_path))
