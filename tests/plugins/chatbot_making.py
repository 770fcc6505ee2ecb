"""The recipe of the chatbot's model folder, run small: random weights, questions of our own."""

from __future__ import annotations

import csv
import gzip
import json

import pytest
import torch
from chatbots import GARDEN, LEAVE, OTHER, TINY, Pointing

from deepfield.neural.weights import save_weights
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.recipes import calibration
from deepfield_chatbot.recipes.questions import Answer, Question

NAMES = ["Seven", "Eight", "Nora", "Otto", "Pia", "Quentin", "Rosa", "Samuel", "Tom", "Ursula"]
WHERE = ["Rome", "Cork"]
QUERIES = {
    "lost_card": "I lost my {} card, what now", "exchange": "what is the exchange rate of {}",
    "limit": "how much {} may I take out", "pin": "I forgot the pin of my {} account",
}  # fmt: skip
KINDS = ["blue", "euro", "cash", "travel", "savings", "gold", "joint", "dollar", "second", "old"]


def questions():
    """Two articles of ours; every third question is one that they do not answer."""
    for title in ("Letters", "Parcels"):
        thing = title[:-1]
        for number, name in enumerate(NAMES):
            where = WHERE[number % 2]
            begins = f"{thing} of {name} was sent from "
            context = f"{begins}{where} in spring. It was heavy and came late."
            yield Question(
                f"{title} {name}", title, context, f"Where was the {thing} of {name} sent from?",
                (Answer(where, len(begins)),),
            )  # fmt: skip
            if number % 2:
                yield Question(
                    f"{title} {name} who", title, context, f"Who carried {name} and why?", ()
                )


def intents(folder):
    with gzip.open(folder / "banking77-train.csv.gz", "wt", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "category"])
        for kind in KINDS * 5:
            for intent, query in QUERIES.items():
                rows.writerow([query.format(kind), intent])
    others = [[f"play the {kind} song of {name}", "oos"] for kind in KINDS for name in NAMES]
    with gzip.open(folder / "clinc150.json.gz", "wt", encoding="utf-8") as file:
        json.dump({"oos_val": others[:20], "oos_train": others[20:40], "val": others[40:]}, file)


def make(work):
    """Make a model folder in ``work``; return its figures."""
    torch.manual_seed(0)
    save_weights(SpanNetwork(TINY), work / "weights.safetensors", torch.float16)
    intents(work)
    root = work / "checkout"
    (root / "docs").mkdir(parents=True)
    (root / "plugins" / "leave").mkdir(parents=True)
    (root / "README.md").write_text(GARDEN)
    (root / "docs" / "rules.md").write_text(OTHER)
    (root / "plugins" / "leave" / "README.md").write_text(LEAVE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "open_spans", lambda *_: Pointing())
        return calibration.make_model(
            work / "weights.safetensors",
            list(questions()),
            work,
            work / "model",
            root,
            chosen_by=["Letters"],
            length=128,
            shape=TINY,
            encoder=Encoder.load(device="cpu", openvino=False),
            openvino=False,
            trained_by=["python -m this"],
        )
