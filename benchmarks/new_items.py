"""Items that were never sold: who takes which of them, of the latest month of online-retail?

    python benchmarks/new_items.py --data DIR

The customers and baskets are those of next_item.py. Ranked are only the items that were first sold
in that month, for the customers whose basket held one: recall@20 and hit@20, and by how much two
towers beat the likeness of names, with a 95 % bootstrap interval over customers. Beside it the
usual figures, all items ranked. Prices and names of the new items are those of their month.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from next_item import Task, invoices
from scipy import sparse

from deepfield.best import top
from deepfield.evaluation.ranking.figures import margin, ranking_figures
from deepfield.neural.training import Schedule, spoken
from deepfield_recommendations.item_tower import TowerConfig, TwoTowers
from deepfield_recommendations.item_words import ItemWords, words_of
from deepfield_recommendations.recipes.retail import read_log
from deepfield_recommendations.sequences import Sequences
from deepfield_recommendations.tower_training import (
    NEVER,
    first_sales,
    tower_scores,
    train_towers,
)
from deepfield_recommendations.training import Recipe, best_epoch

CPU = torch.device("cpu")
K = 20


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--epochs", default=4, show_default=True, type=click.IntRange(1))
@click.option("--rate", default=3e-3, show_default=True, help="learning rate")
@click.option("--seed", default=0, show_default=True)
@click.option("--test/--no-test", default=True, help="judge on the latest month")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="a .json file for the figures")
def main(
    data: Path, epochs: int, rate: float, seed: int, test: bool, runs: Path, output: Path | None
) -> None:
    task = invoices(data)
    config = TowerConfig(task.items)
    words = words_of(read_log(data)[0], config.places)
    recipe = Recipe(judged=10_000, again=True, k=K, bf16=True)
    schedule = Schedule(epochs, rate, 0.01, warmup_epochs=0.3, ema_decay=0.99, seed=seed)

    def learn(training: Sequences, wanted: Sequences | None, name: str, how: Schedule) -> TwoTowers:
        said = spoken(lambda line: click.echo(line, err=True))
        return train_towers(
            config, words, training, wanted, runs / f"towers-{name}", recipe=recipe, schedule=how,
            report=said, device=CPU,
        )  # fmt: skip

    asked = np.flatnonzero(task.chosen_by.lengths)
    month = replace(
        task,
        known=task.training,
        histories=task.training.take(asked),
        wanted=task.chosen_by.take(asked),
    )
    towers = learn(task.training, task.chosen_by, "chosen", schedule)
    report = {"month before": figures(towers, month, words)}
    if test:
        schedule = replace(schedule, epochs=best_epoch(runs / "towers-chosen"))
        towers = learn(task.known, None, "again", schedule)
        report["test"] = figures(towers, task, words)
    text = json.dumps(report, indent=2)
    if output is not None:
        output.write_text(text + "\n")
    click.echo(text)


def figures(towers: TwoTowers, task: Task, words: ItemWords) -> dict[str, object]:
    scores = {"two towers": tower_scores(towers, task.histories, CPU)}
    usual = ranking_figures(top(scores["two towers"], K), task.wanted.users, task.wanted.items)
    new = first_sales(task.known, task.items) == NEVER
    new[0] = False
    wanted = task.wanted.where(new[task.wanted.items])
    asked = np.flatnonzero(wanted.lengths)
    wanted = wanted.take(asked)
    scores["likeness of names"] = likeness(words, task.histories)
    scores["chance"] = np.random.default_rng(0).random(scores["two towers"].shape)
    found = {
        name: ranking_figures(
            top(np.where(new, each[asked], -np.inf), K), wanted.users, wanted.items
        )
        for name, each in scores.items()
    }
    return {
        "items": int(new.sum()),
        "customers": len(asked),
        "all items": {name: float(each.mean()) for name, each in usual.items()},
        "new items": {
            name: {figure: float(value.mean()) for figure, value in each.items()}
            for name, each in found.items()
        },
        "beyond likeness of names": {
            figure: margin(found["two towers"][figure], found["likeness of names"][figure])
            for figure in ("recall", "hit", "ndcg")
        },
    }


def likeness(words: ItemWords, histories: Sequences) -> np.ndarray:
    """Return cosines of what users took with items, by words that count the rarer the more."""
    items = np.repeat(np.arange(1, len(words) + 1), np.diff([*words.starts, len(words.codes)]))
    shape = (len(words) + 1, int(words.codes.max()) + 1)
    table = sparse.csr_matrix((np.ones(len(items)), (items, words.codes)), shape)
    rare = np.log(len(words) / (1 + np.asarray((table > 0).sum(axis=0)).ravel()))
    table = table @ sparse.diags_array(rare)
    table = sparse.diags_array(1 / np.maximum(sparse.linalg.norm(table, axis=1), 1e-9)) @ table
    ones = np.ones(len(histories.items))
    taken = sparse.csr_matrix(
        (ones, (histories.users, histories.items)), (len(histories), shape[0])
    )
    return (taken @ table @ table.T).toarray()


if __name__ == "__main__":
    main()
