"""Figures of lines in words."""

from __future__ import annotations

from deepfield.evaluation.page import interval, number
from deepfield.evaluation.polylines.result import PolylineEvaluation

__all__ = ["FIGURE_WORDS", "own_figures", "protocol", "worst_rows"]

FIGURE_WORDS = {
    "accuracy": "accuracy",
    "f1": "F1",
    "precision": "precision (1 − FP)",
    "recall": "recall (1 − FN)",
    "false_positives": "FP (wrong share of drawn lines)",
    "false_negatives": "FN (missed share of labelled lines)",
    "answered": "answered (trust is ok)",
    "accuracy_when_answered": "accuracy where answered",
    "ece": "expected calibration error of lines",
    "in_time": "answered within 200 ms",
}
"""Every figure's name for people, in the order in which they are shown."""


def own_figures(found: PolylineEvaluation) -> list[tuple[str, str, str]]:
    """Return the figures as they are shown: words, value, interval."""
    there = {each.name: each for each in found.figures}
    return [
        (words, number(there[name].value), interval(there[name]))
        for name, words in FIGURE_WORDS.items()
        if name in there
    ]


def worst_rows(found: PolylineEvaluation, most: int = 20) -> list[tuple[str, ...]]:
    """Return picture, labelled, drawn, accuracy, FP, FN of the worst that have a flaw."""
    frame = found.pictures
    flawed = frame[(frame["false_negatives"] > 0) | (frame["false_positives"] > 0)]
    return [
        (
            str(each.source),
            f"{each.labelled}",
            f"{each.drawn}",
            number(float(str(each.accuracy))),
            number(float(str(each.false_positives))),
            number(float(str(each.false_negatives))),
        )
        for each in flawed.head(most).itertuples()
    ]


def protocol(found: PolylineEvaluation) -> str:
    """Say in a few sentences what was compared with what, and how long it took."""
    return (
        f"{found.labelled:,} labelled and {found.drawn:,} drawn lines were compared by the metric "
        "of the TuSimple benchmark: a line is right within 20 pixels across it, and found from 85 "
        f"% of the heights on. One picture at a time took {found.run_time_ms:,.0f} ms in the "
        "median, without reading it."
    )
