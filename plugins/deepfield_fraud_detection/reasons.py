"""What speaks for fraud, in words: columns belong to themes, and each theme has a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from deepfield_fraud_detection.encoding import Columns
from deepfield_fraud_detection.features import BY_CARD, BY_TERMINAL, EVENTS, MOMENT

__all__ = ["THEMES", "sentences", "theme_of", "themes_of"]

AMOUNT = "amount for this card"
OUTLIERS = "card's earlier unusual amounts"
CARD_PACE = "card's pace"
CARD_FRAUDS = "card's known frauds"
TERMINAL_FRAUDS = "terminal's known frauds"
TERMINAL_PACE = "terminal's pace"
CARD_LATEST = "card's latest transactions"
TERMINAL_LATEST = "terminal's latest known transactions"
WHEN = "time of day and week"

THEMES = (
    AMOUNT,
    OUTLIERS,
    CARD_PACE,
    CARD_FRAUDS,
    CARD_LATEST,
    TERMINAL_FRAUDS,
    TERMINAL_LATEST,
    TERMINAL_PACE,
    WHEN,
)
LEAST = 0.15
"""Log-odds under which a theme is no reason."""
MOST = 3
"""Reasons that are written out for a row."""


def theme_of(column: str) -> str:
    """Return what a column is about; one of a person's own table is about itself."""
    if column.startswith("card_unusual"):
        return OUTLIERS
    if column.startswith("card_frauds"):
        return CARD_FRAUDS
    if (
        column.startswith(("card_mean", "card_usual", "amount_to", "amount_dev"))
        or column == "amount"
    ):
        return AMOUNT
    if column in BY_CARD:
        return CARD_PACE
    if column.startswith(("terminal_count", "terminal_unusual")):
        return TERMINAL_PACE
    if column in BY_TERMINAL:
        return TERMINAL_FRAUDS
    return WHEN if column in MOMENT else column


def themes_of(columns: Columns, events: bool = False) -> tuple[list[str], np.ndarray]:
    """Return the themes of a network's parts, and (parts, themes) that adds the parts up."""
    found = [theme_of(name) for name in columns.names]
    if events:
        found += [CARD_LATEST] * EVENTS + [TERMINAL_LATEST] * EVENTS
    themes = [each for each in THEMES if each in found]
    themes += [each for each in dict.fromkeys(found) if each not in THEMES]
    sums = np.zeros((len(found), len(themes)))
    sums[np.arange(len(found)), [themes.index(each) for each in found]] = 1
    return themes, sums


def sentences(rows: pd.DataFrame, themes: Sequence[str], added: np.ndarray) -> list[str]:
    """Return for each row what spoke most for fraud, or that nothing did.

    Args:
        rows: checked inputs with what was gathered.
        added: (n, themes) log-odds.
    """
    names = set(rows.columns)
    values = {name: rows[name].to_numpy() for name in names}
    found = []
    order = np.argsort(-added, axis=1)[:, :MOST]
    for row in range(len(rows)):
        said = [
            _say(themes[theme], row, values) for theme in order[row] if added[row, theme] >= LEAST
        ]
        text = "; ".join(said) or "nothing stands out"
        found.append(text[0].upper() + text[1:])
    return found


def _say(theme: str, row: int, values: dict[str, np.ndarray]) -> str:
    def value(name: str) -> float:
        return float(values[name][row]) if name in values else float("nan")

    def count(name: str, one: str, many: str) -> str:
        number = 0 if np.isnan(value(name)) else round(value(name))
        return f"{number:,} {one if number == 1 else many}"

    if theme == AMOUNT:
        times, usual = np.exp(value("amount_to_usual")), value("card_usual_mean")
        amount = f"{value('amount'):,.2f} EUR"
        if np.isnan(times):
            return f"{amount}, and too few earlier transactions of this card to compare with"
        return f"{amount} is {times:,.1f} times what is usual for this card ({usual:,.2f} EUR)"
    if theme == OUTLIERS:
        return count("card_unusual_14d", "unusual amount", "unusual amounts") + (
            " of this card in 14 days"
        )
    if theme == CARD_PACE:
        today = count("card_count_1d", "transaction", "transactions")
        return f"{today} of this card in a day, {value('card_count_7d'):,.0f} in 7 days"
    if theme == CARD_FRAUDS:
        return (
            count("card_frauds_30d", "known fraud", "known frauds") + " with this card in 30 days"
        )
    if theme == TERMINAL_FRAUDS:
        known = count("terminal_known_30d", "known transaction", "known transactions")
        if not value("terminal_known_30d") > 0:
            return "nothing is known yet of this terminal's last 30 days"
        frauds = value("terminal_frauds_30d")
        return f"{known} at this terminal in 30 days, {frauds:,.0f} of them fraud"
    if theme == CARD_LATEST:
        return (
            f"the latest transactions of this card, {value('card_hours_1'):,.1f} h ago and before"
        )
    if theme == TERMINAL_LATEST:
        last = sum(value(f"terminal_fraud_{back}") == 1 for back in range(1, EVENTS + 1))
        return f"{last} of the latest {EVENTS} known transactions at this terminal were fraud"
    if theme == TERMINAL_PACE:
        seen = count("terminal_count_7d", "transaction", "transactions")
        odd = value("terminal_unusual_7d")
        return f"{seen} at this terminal in 7 days" + (
            f", {odd:,.0f} of them of an unusual amount" if odd >= 1 else ""
        )
    if theme == WHEN:
        return f"made on {pd.Timestamp(values['time'][row]):%A at %H:%M} UTC"
    what = values[theme][row] if theme in values else None
    shown = f"{what:,.6g}" if isinstance(what, int | float | np.number) else str(what)
    return f"{theme} is {shown}"
