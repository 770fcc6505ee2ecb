"""What a user takes next: our networks against baselines and ALS, in one run.

    python benchmarks/next_item.py --data DIR --log online-retail
    python benchmarks/next_item.py --data DIR --log movielens-1m --only sasrec --epochs 200

movielens-1m: leave-one-out, as in the papers. The last film of each user is the test, the one
before it chooses the epoch; all films are ranked but those that the user rated before. HR@10 and
NDCG@10.

online-retail: the next basket. Of the latest month each customer's first invoice is the test, of
those with three earlier ones at least, asked for when that month began. Networks choose their epoch
on the month before, then learn again, as long, from all that came before the test. All items are
ranked, those bought before too. Recall@20 and NDCG@20, and by how much a model beats the better of
buy-again and item neighbours, with a 95 % bootstrap interval over customers.

Networks keep checkpoints in --runs, go on from there, and write each epoch's figures to log.jsonl.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from deepfield.best import top
from deepfield.evaluation.ranking.figures import margin, ranking_figures
from deepfield.neural.training import Schedule, spoken
from deepfield_datasets.movielens_1m import MovieLens1M
from deepfield_recommendations.baselines import (
    BuyAgain,
    ItemNeighbours,
    Markov,
    Popularity,
    Scorer,
)
from deepfield_recommendations.network import NetworkConfig, SequenceNetwork
from deepfield_recommendations.recipes.assessment import factors
from deepfield_recommendations.recipes.retail import MONTH, cut, read_log
from deepfield_recommendations.repeats import repeated_share
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.training import Recipe, best_epoch, network_scores, train_network

TOGETHER = 512
"""Users that are scored at once."""
REPEATED = 0.05
"""Above which share of repeated events a network scores apart what was taken before."""

Scores = Callable[[Sequences], np.ndarray]


@dataclass(frozen=True)
class Task:
    """What is learned from, what chooses, and what is judged."""

    known: Sequences
    """All that came before the test: models that need no choosing learn from it."""
    training: Sequences
    """For networks: what came before that which chooses their epoch."""
    chosen_by: Sequences
    histories: Sequences
    """Of the judged users: all that came before what is wanted."""
    wanted: Sequences
    items: int
    k: int
    again: bool
    """Whether what a user took before is ranked too."""
    now: int
    """The moment that is asked for, in seconds."""


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--log", type=click.Choice(["movielens-1m", "online-retail"]), required=True)
@click.option("--only", multiple=True, help="names of models")
@click.option("--epochs", default=100, show_default=True, type=click.IntRange(1))
@click.option("--width", default=128, show_default=True, type=click.IntRange(8))
@click.option("--length", default=200, show_default=True, type=click.IntRange(2))
@click.option("--batch", default=128, show_default=True, type=click.IntRange(1))
@click.option("--negatives", default=0, show_default=True, help="0: a softmax over all items")
@click.option("--rate", default=1e-3, show_default=True, help="learning rate")
@click.option("--dropout", default=0.2, show_default=True)
@click.option("--heads", default=1, show_default=True, type=click.IntRange(1))
@click.option("--decay", default=0.01, show_default=True, help="weight decay")
@click.option("--warmup", default=2.0, show_default=True, help="epochs")
@click.option("--seed", default=0, show_default=True)
@click.option("--bf16", is_flag=True, help="multiply in bfloat16 on a CPU that can")
@click.option("--device", default="cpu", show_default=True)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="a .json file for the figures")
def main(data: Path, log: str, only: tuple[str, ...], output: Path | None, **how: Any) -> None:
    task = films(data) if log == "movielens-1m" else invoices(data)
    click.echo(f"{len(task.wanted):,} users, {task.items:,} items", err=True)
    models: dict[str, Callable[[], Scores]] = {
        "popularity": fitted(Popularity(), task),
        "popularity of late": fitted(Popularity(half_life_days=30.0), task),
        "buy again": fitted(BuyAgain(), task),
        "item neighbours": fitted(ItemNeighbours(decay=0.8, neighbours=task.items), task),
        "Markov": fitted(Markov(), task),
        "ALS (implicit)": lambda: factors(task.known, task.items),
        "sasrec": lambda: network("transformer", task, how),
        "gru4rec": lambda: network("gru", task, how),
    }
    if log == "movielens-1m":  # it has no times, and nobody rates a film twice
        del models["popularity of late"], models["buy again"]
    found: dict[str, dict[str, np.ndarray]] = {}
    report: dict[str, dict[str, Any]] = {}
    for name, make in models.items():
        if only and name not in only:
            continue
        started = time.monotonic()
        scores = make()
        learned = time.monotonic() - started
        found[name] = ranking_figures(lists(scores, task), task.wanted.users, task.wanted.items)
        means = {figure: float(each.mean()) for figure, each in found[name].items()}
        report[name] = {**means, "seconds to learn": round(learned, 1)}
        shown = "  ".join(f"{figure}@{task.k} {value:.4f}" for figure, value in means.items())
        click.echo(f"{name:>20}  {shown}  learned in {learned:.0f} s", err=True)
    rivals = [name for name in ("buy again", "item neighbours") if name in found]
    for name in found if rivals else ():
        for figure in ("recall", "ndcg"):
            best = max(rivals, key=lambda rival: found[rival][figure].mean())
            report[name][f"{figure} beyond {best}"] = margin(
                found[name][figure], found[best][figure]
            )
    text = json.dumps(report, indent=2)
    if output is not None:
        output.write_text(text + "\n")
    click.echo(text)


def films(data: Path) -> Task:
    frame = MovieLens1M().load(data)
    users = frame["user_id"].to_numpy() - 1
    every = Sequences.of(users, frame["item_id"].to_numpy())
    back = every.starts[1:][every.users] - 1 - np.arange(len(every.items))
    before = every.where(back >= 1)
    return Task(
        known=before,
        training=every.where(back >= 2),
        chosen_by=every.where(back == 1),
        histories=before,
        wanted=every.where(back == 0),
        items=int(frame["item_id"].max()),
        k=10,
        again=False,
        now=0,
    )


def invoices(data: Path) -> Task:
    vocabulary, every = read_log(data)
    end = int(every.seconds.max()) + 1
    # Who chooses is chosen as who judges.
    choosing, testing = cut(every, end - 2 * MONTH), cut(every, end - MONTH)
    return Task(
        known=testing.before,
        training=choosing.before,
        chosen_by=choosing.wanted_of_all,
        histories=testing.histories,
        wanted=testing.wanted,
        items=len(vocabulary),
        k=20,
        again=True,
        now=end - MONTH,
    )


def fitted(scorer: Scorer, task: Task) -> Callable[[], Scores]:
    return lambda: scorer.fit(task.known, task.items).scores


def network(kind: Any, task: Task, how: dict[str, Any]) -> Scores:
    layers = 2 if kind == "transformer" else 1
    repeated = repeated_share(task.training) > REPEATED
    config = NetworkConfig(
        kind,
        task.items,
        how["length"],
        how["width"],
        layers,
        how["heads"],
        how["dropout"],
        repeats=repeated,
    )
    recipe = Recipe(how["batch"], how["negatives"], 10_000, task.again, task.k, how["bf16"])
    schedule = Schedule(
        how["epochs"],
        how["rate"],
        how["decay"],
        warmup_epochs=how["warmup"],
        ema_decay=0.99,
        patience=20,
        seed=how["seed"],
    )
    said = "-".join(map(str, (kind, *(how[name] for name in ("width", "batch", "negatives")))))
    device = torch.device(how["device"])
    folder = how["runs"] / f"{task.items}-{said}"

    def learn(
        config: NetworkConfig,
        training: Sequences,
        wanted: Sequences | None,
        name: str,
        recipe: Recipe,
        schedule: Schedule,
    ) -> SequenceNetwork:
        return train_network(
            config,
            training,
            wanted,
            folder / name,
            recipe=recipe,
            schedule=schedule,
            report=spoken(lambda line: click.echo(line, err=True)),
            device=device,
        )

    found = learn(config, task.training, task.chosen_by, "chosen", recipe, schedule)
    if repeated:
        recipe = replace(recipe, trust=float(found.trust))
        schedule = replace(schedule, epochs=best_epoch(folder / "chosen"), patience=None)
        found = learn(config, task.known, None, "again", recipe, schedule)
        torch.save(
            {"config": asdict(found.config), "state": found.state_dict()}, folder / "network.pt"
        )
    return lambda histories: network_scores(
        found, histories, device, np.full(len(histories), task.now)
    )


def lists(scores: Scores, task: Task) -> np.ndarray:
    """Return the best k items of each judged user."""
    parts = []
    for _, histories in task.histories.batches(TOGETHER):
        found = scores(histories)
        if not task.again:
            found[histories.users, histories.items] = -np.inf
        parts.append(top(found, task.k))
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
