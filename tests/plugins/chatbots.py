"""A reader whose answers are known, and knowledge bases of a few lines, for the chatbot's tests."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from deepfield.domain import ModelSpec
from deepfield.neural.engines import Engine
from deepfield.trust import Calibration
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.judging import Familiarity, Judge, Linear, Sureness
from deepfield_chatbot.knowledge_base import KnowledgeBase, add_documents
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.pieces import SEP, open_tokenizer
from deepfield_chatbot.reader import Reader
from deepfield_chatbot.reading import read_document
from deepfield_chatbot.recipes.questions import Answer, Question

TINY = {
    "vocab_size": 30522, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 64,
}  # fmt: skip
"""The shape of a reader of two layers."""
DOT = 1012
FIRST_WORD = 1996
"""Pieces from here on are words; those of 30 letters and more of the commonest are none of ours."""
ANSWERS = "thirty twenty five days nine rome cork rain moss walls december".split()  # noqa: SIM905
"""The words that the reader takes for answers."""
COMMON = "the a is in on of was does do how many what where which when who and it".split()  # noqa: SIM905

LEAVE = """# Handbook

## Leave

Everybody has thirty days of paid leave a year. Paid leave is asked for in writing.

## Illness

Whoever falls ill calls the office before nine.
"""
OTHER = """# Rules

## Leave

Everybody has twenty days of paid leave a year.
"""
GARDEN = "# Garden\n\nMoss will grow on old walls. Leaves of moss drink rain."
LETTERS = "# Letters\n\nLetter Seven was written in Rome. Letter Eight was written in Cork."
FAQ = (
    "question,answer\n"
    "How do I reset my password?,Click on 'Forgotten' below the form.\n"
    "How can I pay by card?,Choose card at the till.\n"
)
FILES = {
    "handbook.md": LEAVE, "garden.md": GARDEN, "letters.md": LETTERS, "faq.csv": FAQ,
}  # fmt: skip


@dataclass(frozen=True)
class Tiny(ModelSpec):
    """A model that lies elsewhere than in the plugin."""

    place: Path = Path()

    @property
    def folder(self):
        return self.place


def replace_spec(spec: ModelSpec, place: Path) -> Tiny:
    return Tiny(spec.name, spec.technique, spec.predictor, place=place)


class Pointing(Engine):
    """Points at the answer words of the sentence that shares most words with the question.

    The margin is 8 for each word shared, less 10: two words shared say that an answer is there.
    """

    device = "cpu"

    def __init__(self):
        tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
        self.answers = {tokenizer.token_to_id(word) for word in ANSWERS}
        self.common = {tokenizer.token_to_id(word) for word in COMMON}
        self.batches = []

    def __call__(self, batch):
        self.batches.append(batch)
        start = np.full(batch.shape, -20.0, dtype=np.float32)
        end = start.copy()
        start[:, 0] = end[:, 0] = 5.0
        for row, ids in enumerate(batch.tolist()):
            first = ids.index(SEP) + 1
            asked = {each for each in ids[1 : first - 1] if each > FIRST_WORD} - self.common
            begin = first
            for place in range(first, len(ids)):
                if ids[place] not in (DOT, SEP):
                    continue
                sentence = ids[begin:place]
                shared = len(asked & set(sentence))
                found = [
                    begin + offset
                    for offset, each in enumerate(sentence)
                    if each in self.answers and each not in asked
                ]
                if found:
                    last = found[0]
                    while last + 1 in found:
                        last += 1
                    start[row, found[0]] = max(start[row, found[0]], 4.0 * shared)
                    end[row, last] = max(end[row, last], 4.0 * shared)
                begin = place + 1
                if ids[place] == SEP:
                    break
        return start, end


def judge():
    """Sure from a margin of 4 on, of pairs from a cosine of .7; on topic by cosine and words."""
    calibration = Calibration(1.0, [0.0, 0.0], [[0.85, 0.1]])
    return Judge(
        Linear((0.5, 0.05, 0.0, 0.0), 0.0),
        Sureness(Linear((0.5, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0), 0.0), calibration),
        Sureness(Linear((0.0, 20.0, 0.0), -12.0), calibration),
        Familiarity(Linear((0.0, 10.0, 4.0), 0.0), 4.0),
    )


def reader():
    tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
    return Reader(Pointing(), tokenizer, judge())


def base_of(files, encoder):
    documents = [read_document(text.encode(), name) for name, text in files.items()]
    return KnowledgeBase(add_documents(Contents.empty(), documents, encoder), encoder)


def questions(count: int = 12) -> list[Question]:
    """Return questions to letters, of two kin, each with its paragraph."""
    towns = ["Arles", "Bruges", "Cork", "Delft", "Essen", "Fano"]
    return [
        Question(
            f"{number}",
            f"title {number % 2}",
            f"Letter {number} was written in {towns[number % 6]} on a rainy day.",
            f"Where was letter {number} written?",
            (Answer(towns[number % 6], len(f"Letter {number} was written in ")),),
        )
        for number in range(count)
    ]


def squad_files(folder, titles):
    """Write SQuAD's two files: a paragraph of each article, with a question that it answers and one
    that it does not.
    """
    text = "Moss grows on the north side of old walls. It drinks rain. "

    def paragraph(title):
        answer = {"text": "rain", "answer_start": text.index("rain")}
        asked = {"question": "What does it drink?", "answers": [answer], "id": title}
        vain = {"question": "What does it eat?", "answers": [], "id": f"{title}-vain"}
        return {"title": title, "paragraphs": [{"context": text, "qas": [asked, vain]}]}

    articles = {"data": [paragraph(title) for title in titles]}
    for name in ("squad-v1.1.36-articles.json.gz", "squad-v2.0.articles.json.gz"):
        with gzip.open(folder / name, "wt", encoding="utf-8") as file:
            json.dump(articles, file)


def tiny_opened(weights, device):
    """Return a reader of two layers with these weights, in the place of one of MiniLM's six."""
    network = SpanNetwork(TINY)
    network.load_state_dict({name: each.float() for name, each in load_file(weights).items()})
    return network
