"""Fit a table network: what the shipped models, a person's fit and the benchmarks all run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import average_precision_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from deepfield.fields import Category, Number
from deepfield.neural.training import Schedule, chosen_device, train
from deepfield.neural.weights import save_weights
from deepfield.predictor import Report
from deepfield.table import Table
from deepfield.trust import Calibration
from deepfield_fraud_detection import VERDICTS, FraudDetection
from deepfield_fraud_detection.encoding import Columns, learn_edges
from deepfield_fraud_detection.features import BY_CARD, BY_TERMINAL, EVENT_COLUMNS, MOMENT
from deepfield_fraud_detection.fit_options import FraudFitOptions
from deepfield_fraud_detection.guard import RangeGuard
from deepfield_fraud_detection.network import NetworkConfig, TableNetwork
from deepfield_fraud_detection.own_tables import table_of, write_inputs

__all__ = ["columns_of", "encoded", "fit_network", "fit_table", "write_model"]

GATHERED = {*BY_CARD, *BY_TERMINAL, *EVENT_COLUMNS, "card_stands_out"}
SLICE = 8192
FEW = 20_000
"""Rows of a small table: each counts. Once validation rows have calibrated a network, another is
learned from them too, for every epoch: it is better than the one that stopped by so few rows."""


def fit_table(
    training: pd.DataFrame,
    validation: pd.DataFrame,
    folder: Path,
    histories: int,
    options: FraudFitOptions,
    report: Report,
    device: str = "auto",
    dated: bool = True,
) -> None:
    """Learn from labelled rows, with what was gathered for them, and write a model folder.

    Args:
        histories: keys whose latest events it reads, as sequences, if those of all were gathered.
        dated: whether rows of other years are foreign to what it learned.
    """
    columns = columns_of(training)
    histories = histories if set(EVENT_COLUMNS) <= set(training.columns) else 0
    fraud = [frame["label"].to_numpy() == VERDICTS[1] for frame in (training, validation)]
    arrays = [encoded(frame, columns, bool(histories)) for frame in (training, validation)]
    few = len(training) + len(validation) <= FEW
    network = fit_network(
        arrays[0],
        fraud[0],
        arrays[1],
        fraud[1],
        columns,
        histories,
        options,
        within(report, 0.0, 0.5) if few else report,
        device,
    )
    calibration = calibrated(log_odds(network, arrays[1]), fraud[1])
    if few:
        network = fit_network(
            np.concatenate(arrays),
            np.concatenate(fraud),
            None,
            None,
            columns,
            histories,
            options,
            within(report, 0.5, 1.0),
            device,
        )
    write_model(network, folder, columns, training, arrays[0], calibration, dated)


def columns_of(rows: pd.DataFrame) -> Columns:
    """Return what a network reads of checked rows: amount, moment, features, then their own."""
    own = [
        name
        for name in rows.columns
        if name not in FraudDetection.inputs.names and name not in GATHERED and name != "label"
    ]
    numbers = [name for name in own if pd.api.types.is_numeric_dtype(rows[name])]
    others = [name for name in own if name not in numbers]
    if "currency" in rows and rows["currency"].nunique() > 1:
        others.append("currency")
    known = [name for name in ("amount", *BY_CARD, *BY_TERMINAL) if name in rows]
    when = [name for name in MOMENT if "time" in rows and name not in rows]
    return Columns.learn(rows, [*known, *when, *numbers], others)


def encoded(rows: pd.DataFrame, columns: Columns, events: bool) -> np.ndarray:
    """Return (n, columns + events) float32."""
    array = columns.encode(rows)
    if not events:
        return array
    return np.concatenate([array, rows[list(EVENT_COLUMNS)].to_numpy(dtype=np.float32)], axis=1)


def fit_network(
    training: np.ndarray,
    fraud: np.ndarray,
    validation: np.ndarray | None,
    held_fraud: np.ndarray | None,
    columns: Columns,
    histories: int,
    options: FraudFitOptions,
    report: Report,
    device: str = "auto",
) -> TableNetwork:
    """Train a network on encoded rows, keeping the epoch of best average precision.

    Without validation rows every epoch is run, and the last one's weights are kept.
    """
    where = chosen_device(device)
    torch.manual_seed(options.seed)
    config = NetworkConfig(
        len(columns.numbers),
        categories=columns.sizes,
        hidden=options.hidden,
        members=options.members,
        dropout=options.dropout,
        histories=histories,
    )
    network = TableNetwork(config)
    share = np.clip(fraud.mean(), 1e-6, 1 - 1e-6)
    with torch.no_grad():
        edges = learn_edges(training[:, : config.numbers], config.steps, fraud)
        network.encoder.begin(torch.from_numpy(edges))
        network.usual.copy_(torch.from_numpy(usual_row(training[~fraud], config)))
        network.ensemble.bias.fill_(float(np.log(share / (1 - share))))
    batch = int(np.clip(2 ** round(np.log2(len(training) / 128)), 32, 1024))
    epochs = options.epochs or int(np.clip(12 * (67_000 / len(training)) ** 0.4, 5, 80))
    schedule = Schedule(
        epochs=epochs,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        ema_decay=0.99,
        clip_norm=1.0,
        seed=options.seed,
        patience=max(4, epochs // 3),
    )
    with tempfile.TemporaryDirectory() as work:
        trained = train(
            network,
            batches_of(training, fraud, batch, options.seed),
            members_loss,
            (lambda network: {})
            if validation is None or held_fraud is None
            else validator(validation, held_fraud, where),
            schedule,
            device=where,
            folder=Path(work),
            recipe="fit",
            report=report,
        )
    assert isinstance(trained, TableNetwork)
    return trained.cpu()


def write_model(
    network: TableNetwork,
    folder: Path,
    columns: Columns,
    training: pd.DataFrame,
    array: np.ndarray,
    calibration: Calibration,
    dated: bool,
) -> None:
    """Set a network's guard by training rows, and write its folder."""
    save_weights(network, folder / "model.safetensors")
    config: dict[str, Any] = {
        "technique": "RNN" if network.config.histories else "ANN",
        "columns": columns.to_json(),
        "network": asdict(network.config),
        "width": array.shape[1],
        "inputs": write_inputs(inputs_seen(training)),
    }
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    calibration.save(folder / "calibration.json")
    guard_of(array, columns, training, dated).save(folder / "guard.json")


def calibrated(odds: np.ndarray, fraud: np.ndarray) -> Calibration:
    """Return what makes probabilities of log-odds, by rows that were not learned from, (n,)."""
    logits = np.stack([np.zeros(len(odds)), odds], axis=1)
    return Calibration.fit(logits, fraud.astype(int), balanced=False)


def within(report: Report, start: float, end: float) -> Report:
    """Return a report of a part of the work; figures are those of the first part alone."""

    def tell(done: float, figures: Mapping[str, float] | None = None) -> None:
        report(start + (end - start) * done, None if start else figures)

    return tell


def guard_of(
    array: np.ndarray, columns: Columns, training: pd.DataFrame, dated: bool
) -> RangeGuard:
    """Return the guard of training rows: a table of one currency holds others for foreign."""
    currency = first = last = None
    if "currency" in training and training["currency"].nunique() == 1:
        currency = str(training["currency"].dropna().iloc[0]).upper()
    if dated and "time" in training:
        first, last = (str(each) for each in (training["time"].min(), training["time"].max()))
    return RangeGuard.fit(array, columns, currency, first, last)


def inputs_seen(training: pd.DataFrame) -> Table | None:
    """Return the table of fields that training rows were read by; None for the domain's own."""
    needed = {each.name for each in FraudDetection.inputs if each.required}
    own = set(training.columns) - GATHERED - {"label"}
    if needed <= own <= set(FraudDetection.inputs.names):
        return None
    known = {each.name: each for each in FraudDetection.inputs}
    fields = []
    for name in training.columns:
        if name in known:
            fields.append(known[name])
        elif name not in GATHERED and name != "label":
            number = pd.api.types.is_numeric_dtype(training[name])
            fields.append((Number if number else Category)(name, required=False))
    return table_of(fields)


def usual_row(genuine: np.ndarray, config: NetworkConfig) -> np.ndarray:
    """Return the median of each number and the commonest code of each category, (1, width)."""
    row = np.zeros(genuine.shape[1], dtype=np.float32)
    categories = range(config.numbers, config.numbers + len(config.categories))
    for place in range(len(row)):
        column = genuine[:, place]
        if place in categories:
            row[place] = np.bincount(column.astype(int)).argmax()
        else:
            there = column[np.isfinite(column)]
            row[place] = np.median(there) if len(there) > len(column) / 2 else np.nan
    return row[None]


def batches_of(
    array: np.ndarray, fraud: np.ndarray, batch: int, seed: int
) -> Callable[[int], DataLoader]:
    """Return the shuffled batches of an epoch by its number: whole slices, not row by row."""
    rows = TensorDataset(torch.from_numpy(array), torch.from_numpy(fraud.astype(np.float32)))

    def batches(epoch: int) -> DataLoader:
        generator = torch.Generator().manual_seed(seed * 10_007 + epoch)
        order = RandomSampler(rows, generator=generator)
        return DataLoader(
            rows, sampler=BatchSampler(order, batch, drop_last=len(rows) > batch), batch_size=None
        )

    return batches


def members_loss(network: nn.Module, rows: Tensor, fraud: Tensor) -> Tensor:
    """Return the mean cross-entropy of the members: each learns by itself, as in TabM."""
    odds = network.members(rows)  # type: ignore[operator]  # (batch, members)
    return binary_cross_entropy_with_logits(odds, fraud.unsqueeze(1).expand_as(odds))


def validator(
    array: np.ndarray, fraud: np.ndarray, device: torch.device
) -> Callable[[nn.Module], dict[str, float]]:
    def validate(network: nn.Module) -> dict[str, float]:
        score = float(average_precision_score(fraud, log_odds(network, array, device)))
        return {"score": score, "average_precision": score}

    return validate


def log_odds(
    network: nn.Module, array: np.ndarray, device: torch.device | None = None
) -> np.ndarray:
    """Return a network's log-odds before calibration, (n,) float64."""
    where = device or torch.device("cpu")
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(array[start : start + SLICE]).to(where)).cpu()
            for start in range(0, len(array), SLICE)
        ]
    return torch.cat(parts)[:, 0].double().numpy()
