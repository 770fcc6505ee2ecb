from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def visits() -> Callable[..., pd.DataFrame]:
    """Make visits of people who do not exist: in no order of time, many at the same minute."""

    def made_up(rows: int, seed: int = 0, shops: int = 40, people: int = 300) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        minutes = random.integers(0, 20 * 24 * 60, rows)
        return pd.DataFrame(
            {
                "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(minutes, "min"),
                "spend": random.gamma(2, 8, rows).round(2),
                "shop": [f"s{number}" for number in random.integers(0, shops, rows)],
                "person": [f"p{number}" for number in random.integers(0, people, rows)],
                "receipt": [f"r{number}" for number in range(rows)],
            }
        )

    return made_up
