from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deepfield_fraud_detection.metrics import card_precision_at_k, card_precisions


def transactions(*rows: tuple[str, str, float, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["time", "card_id", "fraud", "is_fraud"])
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    return frame


def test_card_precision_by_hand():
    frame = transactions(
        # First day: c (.9) and a (.8) are looked into; a is compromised, by its other transaction.
        ("2024-04-01 08:00", "a", 0.8, False),
        ("2024-04-01 09:00", "a", 0.1, True),
        ("2024-04-01 10:00", "b", 0.7, True),
        ("2024-04-01 11:00", "c", 0.9, False),
        # Second day: a is blocked, so b and c are looked into, and both are compromised.
        ("2024-04-02 08:00", "a", 1.0, True),
        ("2024-04-02 09:00", "b", 0.5, True),
        ("2024-04-02 10:00", "c", 0.4, True),
        ("2024-04-02 11:00", "d", 0.3, True),
        # Third day: only d is left, and it counts as one of two.
        ("2024-04-03 08:00", "b", 0.9, True),
        ("2024-04-03 09:00", "d", 0.1, True),
    )
    assert card_precisions(frame, k=2).to_list() == [0.5, 1.0, 0.5]
    assert card_precision_at_k(frame, k=2) == pytest.approx(2 / 3)
    assert card_precision_at_k(frame.sample(frac=1, random_state=0), k=2) == pytest.approx(2 / 3)


def test_equal_scores_are_looked_into_in_the_order_of_card_ids():
    frame = transactions(("2024-04-01", "b", 0.5, True), ("2024-04-01", "a", 0.5, False))
    assert card_precision_at_k(frame, k=1) == 0
    assert card_precision_at_k(frame.iloc[::-1], k=1) == 0


def test_card_precision_equals_a_plain_loop_on_random_rows():
    random = np.random.default_rng(0)
    number = 4_000
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2024-04-01", tz="UTC")
            + pd.to_timedelta(random.integers(0, 7 * 86_400, number), unit="s"),
            "card_id": random.integers(0, 300, number),
            "fraud": random.random(number),
            "is_fraud": random.random(number) < 0.1,
        }
    )
    found: set[int] = set()
    shares = []
    for _, day in frame.groupby(frame["time"].dt.date):
        best: dict[int, float] = {}
        for card, score in zip(day["card_id"], day["fraud"], strict=True):
            if card not in found:
                best[card] = max(score, best.get(card, 0))
        compromised = set(day["card_id"][day["is_fraud"]])
        hits = set(sorted(best, key=best.__getitem__, reverse=True)[:20]) & compromised
        shares.append(len(hits) / 20)
        found |= hits
    assert card_precisions(frame, k=20).to_list() == shares
