"""Numbers as people write them."""

from __future__ import annotations

import math

__all__ = ["count", "euros", "percent", "share"]


def euros(amount: float, signed: bool = False) -> str:
    """Return an amount, without cents where they say nothing."""
    sign = "-" if amount < 0 else "+" if signed and amount > 0 else ""
    return f"{sign}€{abs(amount):,.0f}" if abs(amount) >= 1000 else f"{sign}€{abs(amount):,.2f}"


def count(number: float) -> str:
    """Return a count; what is expected, not counted, has a decimal."""
    return f"{number:,.0f}" if number == round(number) or number >= 1000 else f"{number:,.1f}"


def percent(value: float) -> str:
    """Return a share with the digits that small ones need; only what is all is 100%."""
    if math.isnan(value):
        return "–"
    words = f"{100 * value:.3g}"
    if words == "100" and value < 1:
        words = f"{min(100 * value, 99.99):.2f}"
    return f"{words}%"


def share(part: float, whole: float) -> str:
    return percent(part / whole if whole else math.nan)
