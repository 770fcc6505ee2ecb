"""The chatbot as a model: a knowledge base, and the reader that answers from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa

from deepfield.domain import Options
from deepfield.errors import InputError
from deepfield.explanation import Explanation
from deepfield.fields import Records
from deepfield.models import ModelFolder
from deepfield.predictor import FilesRead, Predictor, Report
from deepfield_chatbot import Chatbot, ChatbotOptions
from deepfield_chatbot.adding import Added, add_files
from deepfield_chatbot.answering import Answer, Answerer
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.explaining import explain_answer
from deepfield_chatbot.generator import Generator, GroundedReply
from deepfield_chatbot.knowledge_base import Found, KnowledgeBase, base_config
from deepfield_chatbot.reader import Reader
from deepfield_chatbot.reading import SUFFIXES

__all__ = ["HANDBOOK", "ChatbotPredictor"]

HANDBOOK = "handbook"
"""The folder in a reader's that holds the knowledge base it is shipped with."""
GENERATED_FROM = 4
"""Passages that a language model is given."""


class IndexOptions(Options):
    """Nothing needs to be said."""


class ChatbotPredictor(Predictor):
    """Answers from the knowledge base that a model folder is, or that a reader is shipped with."""

    largest_batch = 256
    FitOptions = IndexOptions
    needs_labels = False
    learns_from = tuple(SUFFIXES)

    def __init__(self, folder: ModelFolder, answerer: Answerer) -> None:
        self.folder = folder
        self.answerer = answerer

    @classmethod
    def load(cls, folder: ModelFolder, device: str = "auto") -> Self:
        # Questions are encoded in float32: what is found for them must not hang on the machine.
        encoder = Encoder.load(device, fast=False)
        if "documents" in folder.config:
            base, reader = KnowledgeBase.load(folder, encoder), shipped_reader(folder)
        else:
            base = KnowledgeBase.load(ModelFolder(folder.path / HANDBOOK), encoder)
            reader = folder
        return cls(folder, Answerer(base, Reader.load(reader, device)))

    def predict(self, rows: pd.DataFrame, options: ChatbotOptions) -> pd.DataFrame:
        answers = self.answerer.answer(rows["question"].to_list(), options.max_error)
        replies = self._replies(answers, options.generator)
        results = pd.DataFrame(
            [_row(*each) for each in zip(answers, replies, strict=True)],
            index=rows.index,
            columns=list(_row(NONE, None)),
        )
        results["reply"] = results["reply"].astype("str")  # of None alone it would be of objects
        lists = {
            "citations": [_citations(each, options.passages) for each in answers],
            "disagreeing": [_disagreeing(each) for each in answers],
        }
        for name, values in lists.items():
            field = self._records[name]
            results[name] = field.column(pa.array(values, type=field.arrow), rows.index)
        return results

    def explain(self, rows: pd.DataFrame, options: ChatbotOptions) -> list[Explanation]:
        answers = self.answerer.answer(rows["question"].to_list(), options.max_error)
        return [explain_answer(self.answerer.reader, each) for each in answers]

    @classmethod
    def fit_files(
        cls,
        files: Mapping[str, Path],
        folder: Path,
        *,
        base: ModelFolder,
        options: Any,
        report: Report,
        device: str = "auto",
        before: ModelFolder | None = None,
        without: Sequence[str] = (),
    ) -> FilesRead:
        """Index documents. Only those that changed since ``before`` are encoded."""
        held = Contents.empty() if before is None else Contents.load(before)
        for name in without:
            held = held.without(name)
        # Taking documents out encodes nothing, so no encoder is opened for that alone.
        added = (
            add_files(held, files, Encoder.load(device), report) if files else Added(held, (), {})
        )
        contents = added.contents
        if added.names or without:
            reader = base.config.get("model", Chatbot.models[0].name)
            contents.save(folder, base_config(contents, reader))
        pairs = len(contents) - contents.passages["answer"].null_count
        counts = {
            "documents": len(contents.entries),
            "passages": len(contents),
            "questions with answers": pairs,
        }
        return FilesRead(problems=added.problems, counts=counts)

    def _replies(self, answers: Sequence[Answer], generator: str) -> list[str | None]:
        """Return what a language model makes of each answer; None where it is not kept."""
        if not generator or not any(each.text for each in answers):
            return [None] * len(answers)
        voice = opened(generator)
        replies: list[str | None] = []
        for answer in answers:
            if not answer.text:
                replies.append(None)
                continue
            passages = [each.text for each in _nearest(answer)[:GENERATED_FROM]]
            encoder = self.answerer.base.encoder
            reply = GroundedReply(voice, encoder, answer.searched, passages, answer.text)
            for _ in reply:
                pass
            replies.append(reply.outcome.text if reply.outcome.generated else None)
        return replies

    @cached_property
    def _records(self) -> dict[str, Records]:
        return {each.name: each for each in Chatbot.outputs if isinstance(each, Records)}


def shipped_reader(folder: ModelFolder) -> ModelFolder:
    """Return the shipped reader that a knowledge base was made with.

    Raises:
        InputError: if there is none of that name.
    """
    name = folder.config.get("base")
    spec = next((each for each in Chatbot.models if each.name == name), None)
    if spec is None:
        raise InputError(
            f"The knowledge base {str(folder.path)!r} is read by {name!r}, which is no reader "
            f"here; these are: {', '.join(each.name for each in Chatbot.models)}."
        )
    return ModelFolder(spec.folder)


@lru_cache(maxsize=1)
def opened(generator: str) -> Generator:
    """Return a language model by its folder or name; the last one stays open."""
    return Generator.load(generator)


NONE = Answer("", "", "", None, 0, 0, 0.0, "unfamiliar", ())


def _row(answer: Answer, reply: str | None) -> dict[str, Any]:
    """Return an answer as the columns of a result row that hold one thing each."""
    found = answer.found
    return {
        "answer": answer.text,
        "reply": reply,
        "document": found.document if found else "",
        "page": math.nan if found is None or found.page is None else float(found.page),
        "heading": found.headings[-1] if found and found.headings else "",
        "passage": found.text if found else "",
        "start": float(answer.start - found.start) if found else math.nan,
        "end": float(answer.end - found.start) if found else math.nan,
        "confidence": answer.confidence,
        "trust": answer.trust,
    }


def _nearest(answer: Answer) -> list[Found]:
    """Return the passage of the answer, then the nearest others."""
    first = [] if answer.found is None else [answer.found]
    return [*first, *(each for each in answer.passages if each is not answer.found)]


def _citations(answer: Answer, count: int) -> list[dict[str, Any]]:
    return [
        {
            "document": each.document,
            "page": None if each.page is None else float(each.page),
            "heading": each.headings[-1] if each.headings else "",
            "passage": each.text,
            "score": each.score,
        }
        for each in _nearest(answer)[:count]
    ]


def _disagreeing(answer: Answer) -> list[dict[str, Any]]:
    return [
        {
            "answer": each.text,
            "document": each.found.document,
            "page": None if each.found.page is None else float(each.found.page),
            "confidence": each.confidence,
        }
        for each in answer.disagreeing
        if each.found is not None
    ]
