"""Learn intents from examples.

Every example is learned from, and every one is judged once by a network that did not see it: what
calibrates, sets the border of scope and shows the error rate are these judgements (cross-fitting).
So nothing is lost of a few examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from deepfield.errors import InputError
from deepfield.predictor import Report
from deepfield.trust import Calibration
from deepfield_chatbot.encoder import WIDTH, Encoder
from deepfield_chatbot.intents import OUT_OF_SCOPE
from deepfield_chatbot.intents.classifier import IntentClassifier, forward
from deepfield_chatbot.intents.scope import Scope, middles_of, signs_of

__all__ = ["fit_intents"]

FEWEST = 2
"""Examples of an intent: one may be held out, and one is left."""
FOLDS = 5
HIDDEN = 256
BATCH = 256
EPOCHS, STEPS = 40, 200
"""Epochs of many examples, and the steps that few get at least."""
EXPOSED = 0.1
"""The weight of examples from outside: the network is to be sure of nothing on them."""
ENCODING = 0.4
"""The share of a fit that encoding takes."""


@dataclass(frozen=True)
class _Named:
    """Labels as numbers."""

    names: tuple[str, ...]
    codes: np.ndarray  # (n,) places in names; -1 out of scope
    out_of_scope: str | None


def fit_intents(
    texts: Sequence[str],
    labels: Sequence[str],
    encoder: Encoder,
    *,
    epochs: int = 0,
    seed: int = 0,
    report: Report = lambda done, figures=None: None,
) -> IntentClassifier:
    """Learn from examples.

    Args:
        labels: of ``texts``; one of ``OUT_OF_SCOPE`` marks what is no intent.
        epochs: 0 chooses by the number of examples.
        report: told the share done and, of the last network, each epoch's loss; what it raises
            ends the fit.

    Raises:
        InputError: if there are fewer than two intents, one has a single example, or two labels
            both mean out of scope.
    """
    named = _named(labels)
    vectors = encoder.encode(texts, lambda done: report(ENCODING * done))
    outside = named.codes < 0
    folds = _dealt(named.codes, seed)
    used = np.unique(folds)
    share = (1 - ENCODING) / (len(used) + 1)

    def learn(
        rows: np.ndarray, begins: float, tell: bool = False
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return the weights and the middles of a network that learns from some rows."""

        def say(done: float, figures: dict[str, float]) -> None:
            report(begins + share * done, figures if tell else None)

        inside = rows & ~outside
        weights = _trained(
            vectors[inside], named.codes[inside], vectors[rows & outside], len(named.names),
            epochs, seed, say,
        )  # fmt: skip
        return weights, middles_of(vectors[inside], named.codes[inside], len(named.names))

    logits = np.zeros((len(vectors), len(named.names)), dtype=np.float32)
    signs = np.zeros((len(vectors), 2), dtype=np.float32)
    for place, fold in enumerate(used):
        held = folds == fold
        weights, middles = learn(~held, ENCODING + share * place)
        logits[held] = forward(weights, vectors[held])
        signs[held] = signs_of(logits[held], vectors[held], middles)
    weights, middles = learn(np.ones(len(vectors), bool), 1 - share, tell=True)
    scope = Scope.fit(middles, signs, outside)
    calibration = _calibrated(logits, named.codes, scope, signs)
    return IntentClassifier(named.names, named.out_of_scope, weights, calibration, scope)


def _named(labels: Sequence[str]) -> _Named:
    meant = sorted({each for each in labels if each.strip().lower() in OUT_OF_SCOPE})
    if len(meant) > 1:
        raise InputError(
            f"The labels {' and '.join(map(repr, meant))} all mean out of scope; use one of them."
        )
    counts = Counter(each for each in labels if each not in meant)
    if len(counts) < 2:
        beside = f" beside {meant[0]!r}" if meant else ""
        raise InputError(f"Intents need at least two labels{beside}; there are {len(counts)}.")
    rare = next((label for label, count in counts.items() if count < FEWEST), None)
    if rare is not None:
        raise InputError(f"The intent {rare!r} has 1 example; at least {FEWEST} are needed.")
    names = tuple(sorted(counts))
    places = {name: place for place, name in enumerate(names)}
    codes = np.array([places.get(each, -1) for each in labels])
    return _Named(names, codes, meant[0] if meant else None)


def _dealt(codes: np.ndarray, seed: int) -> np.ndarray:
    """Return the fold of each example: those of one intent are dealt out in turn."""
    generator = np.random.default_rng(seed)
    folds = np.zeros(len(codes), dtype=int)
    start = 0
    for code in np.unique(codes):
        places = generator.permutation(np.flatnonzero(codes == code))
        folds[places] = (start + np.arange(len(places))) % FOLDS
        start += len(places)  # so that the folds are even where intents have few examples
    return folds


def _trained(
    vectors: np.ndarray,
    codes: np.ndarray,
    outside: np.ndarray,
    labels: int,
    epochs: int,
    seed: int,
    report: Callable[[float, dict[str, float]], None],
) -> dict[str, np.ndarray]:
    """Train a hidden layer and a softmax: label smoothing, dropout, one cycle of the rate.

    On ``outside`` it learns to find all intents alike (outlier exposure, Hendrycks et al. 2019).
    """
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inputs, strange = (torch.from_numpy(each * WIDTH**0.5) for each in (vectors, outside))
        targets = torch.from_numpy(codes)
        hidden, out = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, labels)
        network = nn.Sequential(hidden, nn.GELU(), nn.Dropout(0.4), out)
        optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=0.01)
        batches = -(-len(inputs) // BATCH)
        epochs = epochs or max(EPOCHS, -(-STEPS // batches))
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 9e-3, max(epochs * batches, 2))
        for epoch in range(1, epochs + 1):
            losses = []
            for batch in torch.randperm(len(inputs)).split(BATCH):
                loss = nn.functional.cross_entropy(
                    network(inputs[batch]), targets[batch], label_smoothing=0.1
                )
                losses.append(float(loss.detach()))
                if len(strange):
                    drawn = strange[torch.randperm(len(strange))[:BATCH]]
                    spread = nn.functional.log_softmax(network(drawn), dim=1)
                    loss = loss - EXPOSED * spread.mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rate.step()
            report(epoch / epochs, {"epoch": epoch, "loss": float(np.mean(losses))})
    return {
        name: value.detach().numpy()
        for name, value in (
            ("hidden", hidden.weight), ("hidden_bias", hidden.bias),
            ("out", out.weight), ("out_bias", out.bias),
        )
    }  # fmt: skip


def _calibrated(
    logits: np.ndarray, codes: np.ndarray, scope: Scope, signs: np.ndarray
) -> Calibration:
    """Return the temperature, and the error rate above each confidence, of held-out examples.

    Answers are those of sentences that are not called out of scope; one to a sentence that is out
    of scope is wrong.
    """
    inside = codes >= 0
    found = Calibration(_temperature(logits[inside], codes[inside]), [0.0] * logits.shape[1], [])
    given = scope.foreignness(signs) <= 1
    odds = found.probabilities(logits[given])
    confidence = odds.max(axis=1) * (1 - scope.outside(signs[given]))
    return found.with_risk(confidence, odds.argmax(axis=1) == codes[given])


def _temperature(logits: np.ndarray, codes: np.ndarray) -> float:
    """Return what logits are divided by for honest probabilities (Guo et al. 2017).

    Its logarithm is expected to be near 0, within 1: a handful of examples that are all told right
    would otherwise make every answer certain.
    """

    def loss(exponent: float) -> float:
        odds = log_softmax(logits / np.exp(exponent), axis=1)
        return float(exponent**2 / 2 - odds[np.arange(len(codes)), codes].sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))
