"""Tables of a model card, and other people's words in it."""

from __future__ import annotations

from deepfield.evaluation.report import FIGURE_WORDS, interval, number
from deepfield.evaluation.result import Evaluation
from deepfield.evaluation.survey import Survey
from deepfield.fitting.by_time import moment
from deepfield.fitting.data import Examples
from deepfield.fitting.splitting import Split

__all__ = ["cell", "code", "counts", "figures", "one_line", "spread"]


def counts(examples: Examples, parts: Split, order_by: str) -> str:
    """Return the rows of each class in each part, and from when to when they are."""
    labelled = examples.labelled
    lines = ["| class | to learn from | to choose by | to measure on |", "|---|---|---|---|"]
    if order_by:
        moments = labelled.rows[order_by].infer_objects()
        spans = [moments.loc[rows] for rows in vars(parts).values()]
        for word, ends in (
            ("first", [each.min() for each in spans]),
            ("last", [each.max() for each in spans]),
        ):
            lines.append(f"| *{word} row* | " + " | ".join(map(moment, ends)) + " |")
    for name in labelled.counts:
        sizes = [f"{(labelled.labels.loc[rows] == name).sum():,}" for rows in vars(parts).values()]
        lines.append(f"| {cell(name)} | " + " | ".join(sizes) + " |")
    return "\n".join(lines)


def figures(evaluation: Evaluation) -> str:
    """Return every figure with its interval, and the confusion matrix."""
    found = {each.name: each for each in evaluation.figures if not each.of}
    lines = ["| figure | value | 95 % interval |", "|---|---|---|"]
    lines += [
        f"| {words} | {number(found[name].value)} | {interval(found[name])} |"
        for name, words in FIGURE_WORDS.items()
        if name in found
    ]
    for of in evaluation.classes:
        for name in ("sensitivity", "precision"):
            each = evaluation.figure(name, of)
            lines.append(
                f"| {FIGURE_WORDS[name]} of {cell(of)} | {number(each.value)} | {interval(each)} |"
            )
    names = [cell(name) for name in evaluation.classes]
    lines += ["", "Confusion matrix, truth down, called across:", ""]
    lines += ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for name, row in zip(names, evaluation.confusion.to_numpy(), strict=True):
        lines.append(f"| **{name}** | " + " | ".join(f"{each:,}" for each in row) + " |")
    return "\n".join(lines)


def spread(found: Survey) -> str:
    """Return how answers are spread over rows whose truth nobody knows."""
    columns = list(found.scores.columns)
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for name, *values in found.scores.itertuples(index=False):
        lines.append(f"| {cell(name)} | " + " | ".join(f"{value:.4g}" for value in values) + " |")
    return (
        "No label says what is true of the held-out part, so nothing tells how often the model is "
        f"right.\n\n{cell(found.words)}\n\n"
        "The answers by mean, and by the value under which each share of the rows lies:\n\n"
        + "\n".join(lines)
    )


def cell(text: str) -> str:
    """Return other people's words so that a table and Markdown show them to the letter."""
    for sign in "\\`*_{}[]()<>#|!":
        text = text.replace(sign, f"\\{sign}")
    return one_line(text)


def code(text: str) -> str:
    return one_line(text).replace("`", "'")


def one_line(text: str) -> str:
    return " ".join(text.split())
