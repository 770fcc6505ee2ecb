"""What somebody wants, by examples: a small network over sentence vectors, and what is none of it.

A sentence is in scope by two signs: how sure the network is (its largest logit, Hendrycks et al.
2022), and how near the sentence is to the middle of any intent's examples. Each is made comparable
on held-out examples, and they are added.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.optimize import minimize_scalar
from scipy.special import erf, log_softmax, softmax

from deepfield.errors import InputError
from deepfield.models import ModelFolder
from deepfield_chatbot.encoder import SHA256, WIDTH, Encoder

__all__ = ["OUT_OF_SCOPE", "Intent", "IntentClassifier", "fit_intents"]

OUT_OF_SCOPE = ("oos", "out_of_scope", "out-of-scope", "out of scope", "other", "none")
"""Labels of examples that are none of the intents: they tell where the border lies."""
LOST = 0.012
"""The share of sentences in scope that the border may cost, so long as no examples tell better."""
FEWEST = 2
"""Examples of an intent."""


@dataclass(frozen=True)
class Intent:
    """What a sentence wants."""

    label: str
    """The likeliest intent, whether or not the sentence is in scope."""
    confidence: float
    """Calibrated probability that it is right, of a sentence that is in scope."""
    foreignness: float
    """Over 1 is out of scope."""


@dataclass(frozen=True)
class IntentClassifier:
    """Read-only; ``fit_intents`` makes one."""

    labels: tuple[str, ...]
    weights: dict[str, np.ndarray]

    def logits(self, vectors: np.ndarray) -> np.ndarray:
        """Return (n, labels) of sentence vectors (n, 384)."""
        hidden = vectors * WIDTH**0.5 @ self.weights["hidden"].T + self.weights["hidden_bias"]
        hidden = hidden * 0.5 * (1 + erf(hidden / 2**0.5))  # GELU
        return hidden @ self.weights["out"].T + self.weights["out_bias"]

    def familiarity(self, vectors: np.ndarray) -> np.ndarray:
        """Return how much each sentence is like those in scope, (n,)."""
        signs = np.stack(
            [self.logits(vectors).max(axis=1), (vectors @ self.weights["middles"].T).max(axis=1)]
        )
        scaled = (signs - self.weights["mean"][:, None]) / self.weights["spread"][:, None]
        return scaled.sum(axis=0)

    def judge(self, vectors: np.ndarray) -> list[Intent]:
        """Return the intent of each sentence vector."""
        odds = softmax(self.logits(vectors) / self.weights["temperature"], axis=1)
        best = odds.argmax(axis=1)
        # Half a unit of familiarity is a tenth of foreignness: a scale to show, with 1 its border.
        foreign = 1 + (self.weights["border"] - self.familiarity(vectors)) / 5
        return [
            Intent(self.labels[place], float(row[place]), float(max(far, 0.0)))
            for place, row, far in zip(best, odds, foreign, strict=True)
        ]

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = {"labels": list(self.labels), "encoder": SHA256}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        save_file(
            {name: np.ascontiguousarray(value) for name, value in self.weights.items()},
            folder / "model.safetensors",
        )

    @classmethod
    def load(cls, folder: ModelFolder) -> Self:
        """Read what ``save`` wrote.

        Raises:
            InputError: if it belongs to another sentence encoder.
        """
        if folder.config.get("encoder") != SHA256:
            raise InputError(
                f"The intents {str(folder.path)!r} were fitted to another sentence encoder; "
                "fit them again."
            )
        return cls(tuple(folder.config["labels"]), load_file(folder.weights))


def fit_intents(
    texts: Sequence[str],
    labels: Sequence[str],
    encoder: Encoder,
    *,
    width: int = 256,
    epochs: int = 40,
    held_out: float = 0.15,
    seed: int = 0,
    report: Callable[[float], None] = lambda done: None,
) -> IntentClassifier:
    """Fit to examples; a part of them is held out to calibrate, and to set the border of scope.

    Args:
        labels: of ``texts``; one of ``OUT_OF_SCOPE`` marks what is no intent.
        report: told the share done; what it raises ends the fit.

    Raises:
        InputError: if there are fewer than two intents, or one has a single example.
    """
    outside = np.array([each.strip().lower() in OUT_OF_SCOPE for each in labels])
    counts = Counter(label for label, out in zip(labels, outside, strict=True) if not out)
    if len(counts) < 2:
        raise InputError(f"Intents need at least two labels; there are {len(counts)}.")
    rare = next((label for label, count in counts.items() if count < FEWEST), None)
    if rare is not None:
        raise InputError(f"The intent {rare!r} has 1 example; at least {FEWEST} are needed.")
    names = tuple(sorted(counts))
    vectors = encoder.encode(texts, lambda done: report(0.5 * done))
    inside = vectors[~outside]
    codes = np.array(
        [names.index(label) for label, out in zip(labels, outside, strict=True) if not out]
    )
    chosen = _held_out(codes, held_out, seed)
    learned, kept = ~chosen, chosen if chosen.any() else np.ones(len(codes), bool)
    weights = _trained(
        inside[learned], codes[learned], len(names), width, epochs, seed,
        lambda done: report(0.5 + 0.5 * done),
    )  # fmt: skip
    middles = np.stack(
        [inside[learned & (codes == code)].mean(axis=0) for code in range(len(names))]
    )
    weights["middles"] = middles / np.linalg.norm(middles, axis=1, keepdims=True)
    one = np.ones(1, np.float32)
    plain: dict[str, np.ndarray] = {
        "mean": np.zeros(2),
        "spread": np.ones(2),
        "border": 0 * one,
        "temperature": one,
    }
    draft = IntentClassifier(names, {**weights, **plain})
    logits = draft.logits(inside[kept])
    signs = np.stack([logits.max(axis=1), (inside[kept] @ weights["middles"].T).max(axis=1)])
    weights["mean"], weights["spread"] = signs.mean(axis=1), np.maximum(signs.std(axis=1), 1e-3)
    weights["temperature"] = np.array([_temperature(logits, codes[kept])], np.float32)
    draft = IntentClassifier(names, {**weights, "border": 0 * one})
    border = _border(
        draft.familiarity(inside[kept]),
        draft.familiarity(vectors[outside]) if outside.any() else None,
    )
    weights["border"] = np.array([border])
    return IntentClassifier(
        names, {name: np.asarray(value, np.float32) for name, value in weights.items()}
    )


def _held_out(codes: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return which examples are held out: of each intent a share, of few none."""
    generator = np.random.default_rng(seed)
    chosen = np.zeros(len(codes), dtype=bool)
    for code in np.unique(codes):
        places = generator.permutation(np.flatnonzero(codes == code))
        chosen[places[: int(len(places) * share + 0.5)]] = len(places) > 3
    return chosen


def _trained(
    vectors: np.ndarray,
    codes: np.ndarray,
    labels: int,
    width: int,
    epochs: int,
    seed: int,
    report: Callable[[float], None],
) -> dict[str, np.ndarray]:
    """Train a hidden layer and a softmax: label smoothing, dropout, one cycle of the rate."""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        inputs = torch.from_numpy(vectors * WIDTH**0.5)
        targets = torch.from_numpy(codes)
        hidden, out = nn.Linear(WIDTH, width), nn.Linear(width, labels)
        network = nn.Sequential(hidden, nn.GELU(), nn.Dropout(0.4), out)
        optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=0.01)
        steps = epochs * len(inputs.split(256))
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 9e-3, max(steps, 2))
        for epoch in range(epochs):
            for batch in torch.randperm(len(inputs)).split(256):
                loss = nn.functional.cross_entropy(
                    network(inputs[batch]), targets[batch], label_smoothing=0.1
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rate.step()
            report((epoch + 1) / epochs)
    return {
        name: value.detach().numpy()
        for name, value in (
            ("hidden", hidden.weight), ("hidden_bias", hidden.bias),
            ("out", out.weight), ("out_bias", out.bias),
        )
    }  # fmt: skip


def _temperature(logits: np.ndarray, codes: np.ndarray) -> float:
    """Return what logits are divided by for honest probabilities (Guo et al. 2017)."""

    def loss(exponent: float) -> float:
        odds = log_softmax(logits / np.exp(exponent), axis=1)
        return -float(odds[np.arange(len(codes)), codes].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def _border(inside: np.ndarray, outside: np.ndarray | None) -> float:
    """Return the familiarity below which a sentence is out of scope.

    With examples from outside it is where most are told apart, losing at most twice ``LOST``.
    """
    usual = float(np.quantile(inside, LOST))
    if outside is None or len(outside) < 10:
        return usual
    borders = np.quantile(inside, np.linspace(0, 2 * LOST, 41))
    told = [(inside >= each).mean() + (outside < each).mean() for each in borders]
    return float(borders[int(np.argmax(told))])
