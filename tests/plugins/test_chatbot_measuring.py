"""SQuAD's figures of a reader, by articles that choose and articles that do not."""

from __future__ import annotations

import pytest

from deepfield_chatbot.recipes.measuring import Found, figures_by_others
from deepfield_chatbot.recipes.questions import Answer, Question


def question(title, number, answered=True):
    """A question whose answer stands in its paragraph, or one without answer."""
    context = f"Stone {number} of {title} lies in Cork. It has been there for a hundred years."
    answers = (Answer("Cork", context.index("Cork")),) if answered else ()
    return Question(f"{title} {number}", title, context, f"Where is stone {number}?", answers)


@pytest.fixture
def found():
    """Of two articles, each with an answer that is right and one that is none; of Rhine both are
    doubted more.
    """
    some = [question(title, n, n == 1) for title in ("Force", "Rhine") for n in (1, 2)]
    return Found(some, ["Cork"] * 4, [0.0, 1.0, 10.0, 11.0])


def test_what_was_found_is_parted_by_article(found):
    rhine = found.of({"Rhine"})
    assert [each.title for each in rhine.questions] == ["Rhine", "Rhine"]
    assert rhine.doubts == [10.0, 11.0]
    assert rhine.best_threshold() == 10.0
    figures = rhine.figures_at(10.0)
    assert figures["f1_v1"] == figures["f1_v2"] == figures["refused_v2"] == 100
    assert figures["threshold"] == 10.0


def test_no_article_chooses_what_it_is_refused_by(found):
    """By the border of Rhine all of Force is answered; by that of Force nothing of Rhine."""
    figures = figures_by_others(found)
    assert figures["f1_v1"] == 100
    assert figures["f1_v2"] == figures["refused_v2"] == figures["f1_answerable_v2"] == 50
