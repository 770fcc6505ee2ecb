"""What a sentence wants: a hidden layer and a softmax over frozen sentence vectors, in numpy."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.special import erf, logsumexp

from deepfield.errors import InputError
from deepfield.models import ModelFolder
from deepfield.trust import Calibration
from deepfield_chatbot.encoder import SHA256, WIDTH, Encoder
from deepfield_chatbot.intents.scope import Scope, signs_of

__all__ = ["WORD", "IntentClassifier", "Judged", "forward"]

WORD = re.compile(r"\w+(?:['’-]\w+)*")
EMPTY = 2.0
"""The foreignness of a message without a word."""


@dataclass(frozen=True)
class Judged:
    """What n sentences want."""

    scores: np.ndarray  # (n, labels) calibrated logits
    odds: np.ndarray  # (n, labels) calibrated probabilities, of sentences that are in scope
    foreignness: np.ndarray  # (n,) over 1 is out of scope
    outside: np.ndarray  # (n,) probability of being out of scope

    @property
    def best(self) -> np.ndarray:
        """Return the place of the likeliest intent of each, in scope or not: (n,)."""
        return self.odds.argmax(axis=1)

    @property
    def foreign(self) -> np.ndarray:
        return self.foreignness > 1

    @property
    def right(self) -> np.ndarray:
        """Return the probability that the likeliest intent is right, (n,)."""
        return self.odds.max(axis=1) * (1 - self.outside)

    @property
    def lead(self) -> np.ndarray:
        """Return the log-odds of each intent against all others, (n, labels)."""
        every = logsumexp(self.scores, axis=1, keepdims=True)
        rest = np.log1p(-np.minimum(self.odds, 1 - 1e-12))
        return self.scores - every - rest


@dataclass(frozen=True)
class IntentClassifier:
    """Read-only; ``fit_intents`` makes one."""

    labels: tuple[str, ...]
    out_of_scope: str | None
    """What examples out of scope were labelled, where there were any."""
    weights: dict[str, np.ndarray]
    calibration: Calibration
    scope: Scope

    @property
    def classes(self) -> tuple[str, ...]:
        """Return all that a sentence may be called."""
        return (*self.labels, *([] if self.out_of_scope is None else [self.out_of_scope]))

    def judge(self, vectors: np.ndarray) -> Judged:
        """Return what sentences want, by their vectors (n, 384)."""
        logits = forward(self.weights, vectors)
        signs = signs_of(logits, vectors, self.scope.middles)
        return Judged(
            logits / self.calibration.temperature,
            self.calibration.probabilities(logits),
            self.scope.foreignness(signs),
            self.scope.outside(signs),
        )

    def judge_texts(self, texts: Sequence[str], encoder: Encoder) -> Judged:
        """Return what sentences want; one without any word wants nothing, whatever is near it."""
        judged = self.judge(encoder.encode(texts))
        empty = np.array([WORD.search(text) is None for text in texts])
        return replace(
            judged,
            foreignness=np.where(empty, EMPTY, judged.foreignness),
            outside=np.where(empty, 1.0, judged.outside),
        )

    def called(self, judged: Judged) -> np.ndarray:
        """Return the class of each sentence, (n,) of text."""
        names = np.array(self.labels, dtype=object)[judged.best]
        if self.out_of_scope is not None:
            names[judged.foreign] = self.out_of_scope
        return names

    def confidence(self, judged: Judged) -> np.ndarray:
        """Return the probability that each sentence is what it is called, (n,)."""
        if self.out_of_scope is None:
            return judged.right
        return np.where(judged.foreign, judged.outside, judged.right)

    def save(self, folder: Path) -> None:
        """Write it into a model folder; matrices are kept as float16, half the size."""
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "labels": list(self.labels),
            "out_of_scope": self.out_of_scope,
            "encoder": SHA256,
        }
        text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
        (folder / "config.json").write_text(text, encoding="utf-8")
        save_file(
            {name: np.ascontiguousarray(each, np.float16) for name, each in self.weights.items()},
            folder / "model.safetensors",
        )
        self.calibration.save(folder / "calibration.json")
        self.scope.save(folder / "guard.safetensors")

    @classmethod
    def load(cls, folder: ModelFolder) -> Self:
        """Read what ``save`` wrote.

        Raises:
            InputError: if a file cannot be read, or it belongs to another sentence encoder.
        """
        if folder.config.get("encoder") != SHA256:
            raise InputError(
                f"The intents {str(folder.path)!r} were fitted to another sentence encoder; "
                "fit them again."
            )
        try:
            weights = load_file(folder.weights)
        except (OSError, SafetensorError) as error:
            raise InputError(
                f"The weights {str(folder.weights)!r} cannot be read: {error}"
            ) from error
        return cls(
            tuple(folder.config["labels"]),
            folder.config["out_of_scope"],
            {name: each.astype(np.float32) for name, each in weights.items()},
            Calibration.load(folder.file("calibration.json")),
            Scope.load(folder.file("guard.safetensors")),
        )


def forward(weights: dict[str, np.ndarray], vectors: np.ndarray) -> np.ndarray:
    """Return logits (n, labels) of sentence vectors (n, 384)."""
    hidden = vectors * WIDTH**0.5 @ weights["hidden"].T + weights["hidden_bias"]
    hidden = hidden * 0.5 * (1 + erf(hidden / 2**0.5))  # GELU
    return hidden @ weights["out"].T + weights["out_bias"]
