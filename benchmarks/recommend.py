"""How fast lists are made: at a shop's catalogue, at a million items, and for one basket.

    python benchmarks/recommend.py
    python benchmarks/recommend.py --items 4000 --items 1000000 --users 4000

For each size of the catalogue: top-10 lists a second from histories in memory and from Parquet to
Parquet, with reasons and without, one purchase after a remembered past, what the index for many
items misses, and the same lists by implicit's ALS in the same run. The vectors are drawn, in
clusters as learned ones lie; how fast they are multiplied does not hang on what they mean.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

import deepfield
from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield_recommendations import Recommendations
from deepfield_recommendations.fitting import save_network
from deepfield_recommendations.index import CellIndex, ExactIndex
from deepfield_recommendations.likelihood import Curve, Likelihood
from deepfield_recommendations.network import NetworkConfig, SequenceNetwork
from deepfield_recommendations.networks import NetworkRecommender
from deepfield_recommendations.vocabulary import Vocabulary

LENGTH, WIDTH = 50, 64
EVENTS = 30
"""Purchases of a user."""
LISTED = 10


@click.command(help=__doc__)
@click.option("--items", multiple=True, type=int, default=(4000, 1_000_000), show_default=True)
@click.option("--users", default=20_000, show_default=True)
@click.option("--repeats", default=3, show_default=True, help="runs, of which the median counts")
@click.option("--output", type=click.Path(path_type=Path), help="a .json file for the figures")
def main(items: tuple[int, ...], users: int, repeats: int, output: Path | None) -> None:
    found: dict[str, Any] = {}
    for many in items:
        with tempfile.TemporaryDirectory() as folder:
            found[f"{many:,} items"] = measured(Path(folder), many, users, repeats)
        click.echo(json.dumps({f"{many:,} items": found[f"{many:,} items"]}, indent=2))
    if output is not None:
        output.write_text(json.dumps(found, indent=2) + "\n")


def measured(folder: Path, items: int, users: int, repeats: int) -> dict[str, Any]:
    model = drawn_model(folder / "model", items)
    rows = drawn_rows(items, users)
    fast = {"reasons": False}
    model.predict(rows[: EVENTS * 64], **fast)  # the engine and the index are made once
    figures = {
        "lists a second": users / median(repeats, lambda: model.predict(rows, **fast)),
    }
    few = rows[: EVENTS * 500]
    figures["lists a second with reasons"] = 500 / median(repeats, lambda: model.predict(few))
    rows.to_parquet(folder / "rows.parquet")
    figures["from Parquet to Parquet"] = users / median(
        repeats,
        lambda: deepfield.score(
            model, folder / "rows.parquet", output=folder / "lists.parquet", overwrite=True, **fast
        ),
    )
    past = model.remember(rows)
    one = rows.tail(1).assign(time=rows["time"].max() + pd.Timedelta(hours=1))
    waits = [timed(lambda: model.predict(one, past=past, **fast)) for _ in range(50)]
    figures["one purchase, ms"] = 1000 * statistics.median(waits)
    predictor = model.predictor
    assert isinstance(predictor, NetworkRecommender)
    if not predictor.dense:
        figures |= compared_indexes(predictor, rows)
    figures |= by_als(rows, items, users, repeats)
    return {name: round(value, 3 if value < 10 else 1) for name, value in figures.items()}


def drawn_model(folder: Path, items: int) -> Model:
    """Return a model with vectors in clusters, as learned ones lie."""
    import torch

    folder.mkdir()
    network = SequenceNetwork(NetworkConfig("transformer", items, LENGTH, WIDTH))
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(max(50, items // 500), WIDTH))
    vectors = centres[generator.integers(len(centres), size=items + 1)]
    vectors = (vectors + 0.6 * generator.normal(size=vectors.shape)) / WIDTH**0.5
    vectors[0] = 0
    network.items.weight.data = torch.from_numpy(vectors.astype(np.float32))
    names = pd.DataFrame({"item_id": [f"i{n}" for n in range(1, items + 1)]})
    names = names.assign(title=names["item_id"], category=None, price=1.0, taken=1, lately=1.0)
    save_network(network, folder, again=False)
    Vocabulary(names).save(folder)
    curve = Curve([-20.0, 20.0], [0.0, 1.0])
    Likelihood(curve, Curve([0.0, 1.0], [0.0, 1.0]), 0.1, 1.0).save(folder)
    found = ModelFolder(folder)
    return Model(
        Recommendations(), Recommendations.models[0], found, NetworkRecommender.load(found, "cpu")
    )


def drawn_rows(items: int, users: int) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    taken = (items * generator.random(users * EVENTS) ** 2).astype(int) + 1
    return pd.DataFrame(
        {
            "user_id": np.repeat([f"u{n:07d}" for n in range(users)], EVENTS),
            "item_id": np.array([f"i{n}" for n in range(items + 1)], dtype=object)[taken],
            "time": pd.Timestamp("2026-01-01", tz="UTC")
            + pd.to_timedelta(np.tile(np.arange(EVENTS), users), "h"),
        }
    )


def compared_indexes(predictor: NetworkRecommender, rows: pd.DataFrame) -> dict[str, float]:
    """Return what cells miss of an exact search, and how much faster they are."""
    from deepfield_recommendations.histories import read_histories

    histories = read_histories(rows[: EVENTS * 500], predictor.vocabulary).sequences
    asked = predictor.vectors(histories)
    exact = ExactIndex(predictor.items)
    started = time.monotonic()
    cells = CellIndex.build(predictor.items)
    built = time.monotonic() - started
    wanted, _ = exact.search(asked, LISTED)
    found, _ = cells.search(asked, LISTED)
    same = [len(set(a) & set(b)) / LISTED for a, b in zip(wanted, found, strict=True)]
    return {
        "recall of cells": float(np.mean(same)),
        "seconds to build cells": built,
        "searches a second, exact": len(asked) / timed(lambda: exact.search(asked, LISTED)),
        "searches a second, cells": len(asked) / timed(lambda: cells.search(asked, LISTED)),
    }


def by_als(rows: pd.DataFrame, items: int, users: int, repeats: int) -> dict[str, float]:
    """Return how fast implicit recommends to the same users with vectors as wide."""
    from implicit.als import AlternatingLeastSquares
    from scipy import sparse

    codes = rows["item_id"].str[1:].astype(int).to_numpy()
    owner = np.repeat(np.arange(users), EVENTS)
    taken = sparse.csr_matrix((np.ones(len(codes), np.float32), (owner, codes)), (users, items + 1))
    model = AlternatingLeastSquares(factors=WIDTH, iterations=1, random_state=0)
    model.fit(taken, show_progress=False)
    some = np.arange(min(users, 2000 if items > 50_000 else users))
    return {
        "lists a second, implicit": len(some)
        / median(repeats, lambda: model.recommend(some, taken[some], N=LISTED)),
        "lists a second, implicit for users it has not seen": len(some)
        / median(
            repeats,
            lambda: model.recommend(some, taken[some], N=LISTED, recalculate_user=True),
        ),
    }


def median(repeats: int, act: Callable[[], object]) -> float:
    return statistics.median(timed(act) for _ in range(repeats))


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
