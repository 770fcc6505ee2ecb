"""From transactions to decisions: Deepfield's networks against trees and pandas by hand.

    python benchmarks/score_transactions.py                # a million simulated rows
    python benchmarks/score_transactions.py --large        # and ten million at once

Four questions, each with a peer where there is one:

 a. a Parquet file scored into another, its features gathered on the way: rows a second;
 b. why each row got its answer: contributions, in words too, against LightGBM's own;
 c. with --large, ten times the rows: memory, and time a row beside that of part a;
 d. one new transaction whose card and terminal have a past: milliseconds.

The peer is what a good engineer writes in an hour: pandas in memory, the same features by the same
functions, LightGBM of 500 trees, fitted in this run to a fifth of the rows. It checks no row, sets
none aside, and writes no decision, reason or trust. Each contender runs in a process of its own,
several times in turn; medians are given, and peak memory is the whole process's. Loading a model is
not timed. Where a machine does other things too, read the ratios.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

NETWORKS = ("mlp", "gru")
TREES = 500


@click.command(help=__doc__)
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(1000))
@click.option("--explained", default=100_000, show_default=True, type=click.IntRange(100))
@click.option("--calls", default=300, show_default=True, help="transactions that come alone")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--large", is_flag=True, help="also ten times the rows at once")
@click.option("--output", type=click.Path(path_type=Path), help="a .json file for the figures")
@click.option("--contender", hidden=True)
@click.option("--given", hidden=True)
def main(
    rows: int,
    explained: int,
    calls: int,
    rounds: int,
    large: bool,
    output: Path | None,
    contender: str | None,
    given: str | None,
) -> None:
    if contender is not None and given is not None:
        click.echo(json.dumps(CONTENDERS[contender](**json.loads(given))))
        return
    with tempfile.TemporaryDirectory() as folder:
        report = compare(Path(folder), rows, explained, calls, rounds, large)
    text = json.dumps(report, indent=2)
    if output is not None:
        output.write_text(text + "\n")
    click.echo(text)


def compare(
    folder: Path, rows: int, explained: int, calls: int, rounds: int, large: bool
) -> dict[str, Any]:
    """Return the figures of every part, and of LightGBM beside them."""
    all_rows, few_rows = folder / "rows.parquet", folder / "few.parquet"
    fewer_rows = folder / "fewer.parquet"  # a hundred thousand would take LightGBM minutes
    simulate(all_rows, rows)
    simulate(few_rows, explained)
    simulate(fewer_rows, explained // 10)
    trees = str(folder / "trees.txt")
    run("fit-trees", source=str(all_rows), model=trees, rows=rows // 5)
    report: dict[str, Any] = {
        "a. features and answers": in_turn(
            rounds,
            {
                **networks(all_rows, folder, ("none", "alerts")),
                "lightgbm": ("trees", {"source": str(all_rows), "model": trees}),
            },
        ),
        "b. with contributions of every row": in_turn(
            rounds,
            {
                **networks(few_rows, folder, ("all",)),
                "lightgbm": ("trees", {"source": str(fewer_rows), "model": trees, "explain": True}),
            },
        ),
        "d. one at a time": in_turn(
            rounds,
            {
                **{
                    name: ("one-by-one", {"source": str(all_rows), "network": name, "calls": calls})
                    for name in NETWORKS
                },
                "lightgbm, features at hand": (
                    "trees-one-by-one",
                    {"source": str(all_rows), "model": trees, "calls": calls},
                ),
            },
        ),
    }
    if large:
        many_rows = folder / "many.parquet"
        simulate(many_rows, 10 * rows)
        asked = networks(many_rows, folder, ("alerts",))
        report["c. ten times the rows"] = in_turn(1, {"mlp, alerts": asked["mlp, alerts"]})
        seconds = [
            report[part]["mlp, alerts"]["rows a second"]
            for part in ("a. features and answers", "c. ten times the rows")
        ]
        report["c. ten times the rows"]["time a row, beside a."] = round(seconds[0] / seconds[1], 3)
    return report


def networks(source: Path, folder: Path, reasons: tuple[str, ...]) -> dict[str, Any]:
    """Return the runs of each network with each choice of reasons."""
    return {
        f"{name}, {choice}": (
            "network",
            {"source": str(source), "network": name, "reasons": choice, "folder": str(folder)},
        )
        for choice in reasons
        for name in NETWORKS
    }


def in_turn(rounds: int, asked: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the median of each figure; of peak memory the largest."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, (contender, given) in asked.items():
            runs[name].append(run(contender, **given))
    found = {}
    for name, each in runs.items():
        found[name] = {
            figure: round((max if figure == "peak MB" else statistics.median)(values), 2)
            for figure in each[0]
            if (values := [one[figure] for one in each])
        }
        shown = "  ".join(f"{value:,} {figure}" for figure, value in found[name].items())
        click.echo(f"{name:>26}  {shown}", err=True)
    return found


def run(contender: str, **given: Any) -> dict[str, float]:
    command = [sys.executable, __file__, "--contender", contender, "--given", json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{contender} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def simulate(path: Path, rows: int) -> None:
    from deepfield_datasets.synthetic_transactions import SyntheticTransactions

    SyntheticTransactions().write(path, rows)


def measured(seconds: float, rows: int) -> dict[str, float]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows a second": rows / seconds,
        "peak MB": peak / (2**20 if sys.platform == "darwin" else 2**10),
    }


def network(source: str, network: str, reasons: str, folder: str) -> dict[str, float]:
    """Score a file by one of our networks."""
    import deepfield

    model = deepfield.load("fraud-detection", network)
    output = Path(folder) / "scored.parquet"
    started = time.perf_counter()
    result = deepfield.score(model, source, output=output, overwrite=True, reasons=reasons)
    return measured(time.perf_counter() - started, result.run.rows_out)


def trees(source: str, model: str, explain: bool = False) -> dict[str, float]:
    """Score a file by hand: pandas, LightGBM, and contributions if they are asked for."""
    import lightgbm
    import pandas as pd

    booster = lightgbm.Booster(model_file=model)
    output = Path(model).with_name("by-hand.parquet")
    started = time.perf_counter()
    frame = pd.read_parquet(source)
    numbers = features(frame)
    scored = frame.assign(fraud=booster.predict(numbers))
    if explain:
        added = booster.predict(numbers, pred_contrib=True)
        names = [*(f"added_by_{name}" for name in booster.feature_name()), "added_by_none"]
        scored = scored.join(pd.DataFrame(added, frame.index, names))
    scored.to_parquet(output)
    return measured(time.perf_counter() - started, len(frame))


def one_by_one(source: str, network: str, calls: int) -> dict[str, float]:
    """Answer the last rows of a file one by one, the others being their past."""
    import deepfield

    model = deepfield.load("fraud-detection", network)
    frame = latest_last(source)
    past = model.remember(frame.iloc[:-calls])
    news = [frame.iloc[[place]] for place in range(len(frame) - calls, len(frame))]
    return waited([lambda row=row: model.predict(row, past=past) for row in news])


def trees_one_by_one(source: str, model: str, calls: int) -> dict[str, float]:
    """Ask LightGBM for one row at a time, whose features somebody has found already."""
    import lightgbm

    booster = lightgbm.Booster(model_file=model)
    numbers = features(latest_last(source).iloc[-100_000:])[-calls:]
    return waited([lambda row=row: booster.predict(row, num_threads=1) for row in numbers[:, None]])


def waited(calls: list[Callable[[], Any]]) -> dict[str, float]:
    """Return milliseconds a call, the first one apart: it pays for what is done once."""
    calls[0]()
    seconds = []
    for call in calls:
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    rising = sorted(seconds)
    return {
        "ms, median": 1000 * statistics.median(rising),
        "ms, 95th percentile": 1000 * rising[int(0.95 * (len(rising) - 1))],
    }


def fit_trees(source: str, model: str, rows: int) -> dict[str, float]:
    """Fit LightGBM to the first rows of a file."""
    import lightgbm

    frame = latest_last(source).iloc[:rows]
    started = time.perf_counter()
    fitted = lightgbm.LGBMClassifier(n_estimators=TREES, verbose=-1)
    fitted.fit(features(frame), frame["is_fraud"].to_numpy(dtype=int))
    fitted.booster_.save_model(model)
    return measured(time.perf_counter() - started, rows)


def latest_last(source: str) -> Any:
    import pandas as pd

    return pd.read_parquet(source).sort_values("time", kind="stable", ignore_index=True)


def features(frame: Any) -> Any:
    """Return what our networks read, (n, 43) float32, by the same functions."""
    from deepfield_fraud_detection.features import (
        BY_CARD,
        BY_TERMINAL,
        MOMENT,
        by_card,
        by_terminal,
        moment,
    )

    frame = frame.join(by_card(frame.sort_values(["card_id", "time"], kind="stable"), 7.0))
    frame = frame.join(by_terminal(frame.sort_values(["terminal_id", "time"], kind="stable"), 7.0))
    frame[list(MOMENT)] = moment(frame["time"])
    return frame[["amount", *BY_CARD, *BY_TERMINAL, *MOMENT]].to_numpy(dtype="float32")


CONTENDERS: dict[str, Callable[..., dict[str, float]]] = {
    "network": network,
    "trees": trees,
    "one-by-one": one_by_one,
    "trees-one-by-one": trees_one_by_one,
    "fit-trees": fit_trees,
}

if __name__ == "__main__":
    main()
