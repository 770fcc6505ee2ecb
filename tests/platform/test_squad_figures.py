"""SQuAD's figures are those of its official scripts."""

from __future__ import annotations

import math

import pytest

from deepfield.evaluation.squad import best_threshold, exact_match, squad_figures, token_f1


@pytest.mark.parametrize(
    ("answer", "right", "exact", "f1"),
    [
        ("The Eiffel Tower", ["eiffel tower"], 1, 1),
        ("Eiffel Tower, Paris", ["Eiffel Tower"], 0, 0.8),
        ("in 1999", ["1999", "the year 1999"], 0, 2 / 3),
        ("cat cat dog", ["cat dog dog"], 0, 2 / 3),
        ("", [], 1, 1),
        ("something", [], 0, 0),
        ("", ["something"], 0, 0),
        ("!", ["?"], 1, 1),  # punctuation alone is no answer
    ],
)
def test_answers_are_compared_as_the_official_scripts_do(answer, right, exact, f1):
    assert exact_match(answer, right) == exact
    assert token_f1(answer, right) == pytest.approx(f1)


def test_figures_are_percent_and_by_what_can_be_answered():
    figures = squad_figures(["1999", "no idea", ""], [["1999"], ["Rome"], []])
    assert figures["exact"] == figures["f1"] == pytest.approx(200 / 3)
    assert figures["f1_answerable"] == 50
    assert figures["refused"] == 100
    assert figures["questions"] == 3
    assert set(squad_figures(["x"], [["x"]])) == {"exact", "f1", "questions"}
    assert math.isnan(squad_figures([], [], bare=True)["f1"])


def test_the_best_threshold_refuses_what_is_doubtful():
    threshold, f1 = best_threshold(
        ["right", "made up", "right", "made up"], [["right"], [], ["right"], []], [-3, 2, -1, 0.5]
    )
    assert threshold == -1
    assert f1 == 100
    threshold, f1 = best_threshold(["made up"], [[]], [-5])
    assert threshold < -5
    assert f1 == 100
