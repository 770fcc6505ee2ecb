"""Intents are learned from examples, and what is none of them is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from deepfield.errors import InputError
from deepfield.models import ModelFolder
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.intents import IntentClassifier, fit_intents

EXAMPLES = {
    "hours": ["When do you open?", "Are you open on Sunday?", "What are your opening hours?",
              "When does the shop close?", "Until what time can I come?", "Is it open today?"],
    "returns": ["I want my money back", "How do I return a pair of shoes?", "Can I send this back?",
                "What is your refund policy?", "I'd like to return my order", "Give me a refund"],
    "delivery": ["Where is my parcel?", "When will my order arrive?", "Track my shipment",
                 "My package has not come", "How long does delivery take?", "Is it on its way?"],
}  # fmt: skip
TEXTS = [text for texts in EXAMPLES.values() for text in texts]
LABELS = [label for label, texts in EXAMPLES.items() for _ in texts]


@pytest.fixture(scope="module")
def encoder():
    return Encoder.load(device="cpu", openvino=False)


@pytest.fixture(scope="module")
def fitted(encoder):
    return fit_intents(TEXTS, LABELS, encoder)


def test_intents_are_told_apart(fitted, encoder):
    asked = [
        "At what hour do you close on Friday?",
        "I wish to send it back",
        "Has my box shipped?",
    ]
    found = fitted.judge(encoder.encode(asked))
    assert [each.label for each in found] == ["hours", "returns", "delivery"]
    assert all(0 < each.confidence <= 1 for each in found)


def test_what_is_no_intent_is_foreign(fitted, encoder):
    near, far = fitted.judge(encoder.encode(["When do you open?", "Penguins live in Antarctica."]))
    assert near.foreignness <= 1 < far.foreignness


def test_a_fit_is_the_same_again_and_is_kept(fitted, encoder, tmp_path):
    fitted.save(tmp_path)
    vectors = encoder.encode(TEXTS)
    for other in (
        IntentClassifier.load(ModelFolder(tmp_path)),
        fit_intents(TEXTS, LABELS, encoder),
    ):
        np.testing.assert_allclose(other.logits(vectors), fitted.logits(vectors), atol=1e-5)
        assert other.labels == fitted.labels


def test_examples_from_outside_set_the_border(encoder):
    outside = [f"The {animal} lives in the {place}." for animal in ("owl", "bear", "fox", "hen")
               for place in ("wood", "barn", "hills")]  # fmt: skip
    fitted = fit_intents([*TEXTS, *outside], [*LABELS, *["oos"] * len(outside)], encoder)
    assert fitted.labels == ("delivery", "hours", "returns")
    found = fitted.judge(encoder.encode(["The lynx lives in the forest."]))
    assert found[0].foreignness > 1


def test_too_few_examples_are_refused(encoder):
    with pytest.raises(InputError, match="at least two labels; there are 1"):
        fit_intents(["a", "b"], ["x", "x"], encoder)
    with pytest.raises(InputError, match="'y' has 1 example"):
        fit_intents(["a", "b", "c"], ["x", "x", "y"], encoder)
