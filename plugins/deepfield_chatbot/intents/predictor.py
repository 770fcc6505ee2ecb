"""Intents of a table of messages: encoded, classified, explained, and fitted to examples."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa

from deepfield.explanation import Explanation
from deepfield.fields import Label, Records
from deepfield.frames import framed
from deepfield.models import ModelFolder
from deepfield.predictor import Predictor, Report
from deepfield.table import Table
from deepfield.trust import trust_labels
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.intents import IntentFitOptions, Intents, IntentsOptions
from deepfield_chatbot.intents.classifier import IntentClassifier, Judged
from deepfield_chatbot.intents.explaining import explain_intents
from deepfield_chatbot.intents.fitting import fit_intents

__all__ = ["IntentPredictor"]


class IntentPredictor(Predictor):
    """A classifier over the vectors of the sentence encoder, which all models share."""

    FitOptions = IntentFitOptions
    fewest_rows = 3

    def __init__(self, classifier: IntentClassifier, encoder: Encoder) -> None:
        self.classifier = classifier
        self.encoder = encoder
        intent, likeliest = Intents.outputs
        assert isinstance(likeliest, Records)
        self.likeliest = likeliest
        self.outputs = Table(
            Label("intent", values=classifier.classes, help=intent.help), likeliest
        )

    @classmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        classifier = IntentClassifier.load(folder)
        # In float32: what a message is called must not hang on the machine.
        return cls(classifier, Encoder.load(device, fast=False))

    def predict(self, rows: pd.DataFrame, options: IntentsOptions) -> pd.DataFrame:
        classifier = self.classifier
        judged = classifier.judge_texts(rows["text"].to_list(), self.encoder)
        confidence = classifier.confidence(judged)
        least = classifier.calibration.least_confidence(options.max_error)
        return framed(
            {
                "intent": classifier.called(judged),
                "likeliest": self._likeliest(judged, options.listed, rows.index),
                "confidence": confidence,
                "trust": trust_labels(confidence, least, judged.foreignness),
            },
            rows.index,
        )

    def explain(self, rows: pd.DataFrame, options: IntentsOptions) -> list[Explanation]:
        """Return which words carried each answer."""
        return explain_intents(self.classifier, self.encoder, rows["text"].to_list())

    @classmethod
    def fit(
        cls,
        training: pd.DataFrame,
        validation: pd.DataFrame,
        folder: Path,
        *,
        base: ModelFolder,
        options: IntentFitOptions,
        report: Report,
        device: str = "auto",
    ) -> None:
        # Cross-fitting calibrates on every example, so that none needs to be kept back for it.
        examples = pd.concat([training, validation])
        fitted = fit_intents(
            examples["text"].to_list(),
            examples["label"].to_list(),
            Encoder.load(device, fast=False),
            epochs=options.epochs,
            seed=options.seed,
            report=report,
        )
        fitted.save(folder)

    def _likeliest(self, judged: Judged, listed: int, index: pd.Index) -> pd.Series:
        """Return the likeliest intents of each message, the best first."""
        listed = min(listed, len(self.classifier.labels))
        order = np.argsort(-judged.odds, axis=1, kind="stable")[:, :listed]  # (n, listed)
        names = np.array(self.classifier.labels, dtype=object)
        odds = np.take_along_axis(judged.odds, order, axis=1).astype(float).round(6)
        parts = list(self.likeliest.arrow.value_type)
        columns = zip((names[order].ravel(), odds.ravel()), parts, strict=True)
        things = pa.StructArray.from_arrays(
            [pa.array(values, part.type) for values, part in columns], fields=parts
        )
        offsets = pa.array(np.arange(0, order.size + 1, listed), pa.int32())
        return self.likeliest.column(pa.ListArray.from_arrays(offsets, things), index)
