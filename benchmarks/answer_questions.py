"""Milliseconds and F1 of an answer: ours, BM25 with its reader, and Haystack of the same parts.

    python benchmarks/answer_questions.py --data DIR
    python benchmarks/answer_questions.py --data DIR --weights runs/reader/main/weights.safetensors

The documents are SQuAD's articles, and as many paragraphs of TyDi, new-wiki, Reddit and FairytaleQA
as make up the number of passages. Asked are questions of the three articles that the reader did not
learn from and that did not choose it, each with an answer, one at a time and in turns. Every way
reads eight passages with the same weights.

both: ours, words and meaning.
BM25: ours without meaning.
Haystack: BM25 and vectors of its in-memory store, a vector for each passage, joined by reciprocal
ranks; its extractive reader. Encoder and reader are run by torch, eagerly, in float32.

F1 and exact match are of forced answers, for Haystack's reader knows no refusal. "read" is the
share of questions whose paragraph was among those read. What compares the spans of our ways is
fitted here to questions of three other articles, for what is shipped was fitted to those that are
asked, too. Milliseconds are of the clock, on all cores, over all rounds; beside them those of the
processor. Haystack comes with `pip install -e '.[haystack]'`, and is else left out.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from haystack_pipeline import Place, Way, has_haystack, haystack
from tokenizers import Tokenizer

from deepfield.evaluation.squad import squad_figures
from deepfield.models import ModelFolder
from deepfield_chatbot.answering import Answerer
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.document import Block, Document, Writing
from deepfield_chatbot.encoder import Encoder, minilm_folder
from deepfield_chatbot.knowledge_base import Candidates, Found, KnowledgeBase, add_documents
from deepfield_chatbot.network import SHAPE
from deepfield_chatbot.passages import cut
from deepfield_chatbot.pieces import open_tokenizer
from deepfield_chatbot.reader import Reader, open_spans
from deepfield_chatbot.recipes.asking import ask
from deepfield_chatbot.recipes.judge import PLAIN, fit_choice
from deepfield_chatbot.recipes.measuring import CHOSEN_BY
from deepfield_chatbot.recipes.questions import VALIDATION, Question, load_sets

FILL = ("tydi", "new-wiki", "reddit", "fairytale")
NAMELESS = ("reddit",)
"""Sets whose paragraphs have no title."""
FITTED = 200
"""Questions that what compares spans is fitted to."""
WARM = 5
SHIPPED = Path("plugins/deepfield_chatbot/models/reader")
MISSING = (
    "Haystack is not installed, so it is left out; run `pip install -e '.[haystack]'` to have it "
    "measured."
)


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--model", type=click.Path(path_type=Path), default=SHIPPED, show_default=True)
@click.option(
    "--weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="of a reader as it was trained, in the place of --model",
)
@click.option("--passages", default=10_000, show_default=True, type=click.IntRange(600))
@click.option("--questions", "count", default=200, show_default=True, type=click.IntRange(1))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--output", type=click.Path(path_type=Path), help="a .json file for the figures")
def main(
    data: Path,
    model: Path,
    weights: Path | None,
    passages: int,
    count: int,
    rounds: int,
    output: Path | None,
) -> None:
    with_haystack = has_haystack()
    if not with_haystack:
        click.echo(MISSING, err=True)
    with tempfile.TemporaryDirectory() if weights else nullcontext("") as made:
        folder = bare(weights, Path(made)) if weights else ModelFolder(model)
        tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
        reader = Reader(open_spans(folder, "cpu"), tokenizer, PLAIN, folder.config["length"])
        squad = [each for each in load_sets(data, ["squad"]) if each.answers]
        documents, places = documents_of(data, squad, passages, tokenizer)
        asked = drawn(squad, [each for each in VALIDATION if each not in CHOSEN_BY], count)
        click.echo(f"indexing {len(places):,} paragraphs", err=True)
        encoder = Encoder.load("cpu")
        base = KnowledgeBase(add_documents(Contents.empty(), documents, encoder), encoder)
        base.lexical, base.vectors  # noqa: B018  # made now, that no question waits for them
        words = WordsAlone(base.contents, encoder, base.lexical)
        others = drawn(squad, CHOSEN_BY, FITTED)
        ways: dict[str, Way] = {
            name: ours(Answerer(each, fitted(each, reader, others)))
            for name, each in (("both", base), ("BM25", words))
        }
        if with_haystack:
            click.echo("indexing for Haystack", err=True)
            ways["Haystack"] = haystack(base, folder)
        found = measured(ways, asked, places, rounds)
    text = json.dumps(
        {
            "cores": len(os.sched_getaffinity(0)),
            "passages": len(base.contents),
            "questions": len(asked),
            "rounds": rounds,
            "ways": found,
        },
        indent=2,
    )
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


def measured(
    ways: dict[str, Way], asked: Sequence[Question], places: dict[str, Place], rounds: int
) -> dict[str, dict[str, float]]:
    """Ask each question by each way in turn; return the figures of each way."""
    for way in ways.values():
        for each in asked[:WARM]:
            way(each.question)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    of_processor: dict[str, list[float]] = {name: [] for name in ways}
    answers: dict[str, list[tuple[str, set[Place]]]] = {}
    for _ in range(rounds):
        answers = {name: [] for name in ways}
        for each in asked:
            for name, way in ways.items():
                began, busy = time.perf_counter(), time.process_time()
                answers[name].append(way(each.question))
                seconds[name].append(time.perf_counter() - began)
                of_processor[name].append(time.process_time() - busy)
    right = [[answer.text for answer in each.answers] for each in asked]
    wanted = [places[each.context] for each in asked]
    first = float(np.median(next(iter(seconds.values()))))
    found: dict[str, dict[str, float]] = {}
    for name, said in answers.items():
        figures = squad_figures([text for text, _ in said], right, bare=True)
        read = [place in among for place, (_, among) in zip(wanted, said, strict=True)]
        median, late = 1000 * np.quantile(seconds[name], [0.5, 0.95])
        found[name] = {
            "median ms": round(float(median), 1),
            "95th percentile ms": round(float(late), 1),
            "median ms of the processor": round(1000 * float(np.median(of_processor[name])), 1),
            "times ours": round(float(median) / 1000 / first, 2),
            "f1": round(figures["f1"], 1),
            "exact": round(figures["exact"], 1),
            "read": round(float(np.mean(read)), 3),
        }
    return found


def documents_of(
    data: Path, squad: Sequence[Question], most: int, tokenizer: Tokenizer
) -> tuple[list[Document], dict[str, Place]]:
    """Return documents of so many passages, and where each paragraph of them stands.

    The articles that are held out come first, then SQuAD's others, then the other sets: a document
    each, with the titles as headings.
    """
    rest = sorted({each.title for each in squad} - set(VALIDATION))
    order = {title: place for place, title in enumerate([*VALIDATION, *rest])}
    paragraphs = [
        (title.replace("_", " "), title.replace("_", " "), context)
        for title, context in dict.fromkeys(
            (each.title, each.context) for each in sorted(squad, key=lambda q: order[q.title])
        )
    ]
    for name in FILL:
        paragraphs += [
            (name, "" if name in NAMELESS else title.replace("_", " "), context)
            for title, context in dict.fromkeys(
                (each.title, each.context) for each in load_sets(data, [name])
            )
        ]
    writings: dict[str, Writing] = {}
    places: dict[str, Place] = {}
    held = 0
    for document, title, context in paragraphs:
        if held >= most:
            break
        if context in places:
            continue
        block = Block(0, len(context))
        held += len(cut(Document("", "text", "", context, (block,)), tokenizer))
        writing = writings.setdefault(document, Writing())
        writing.add(context, (title,) if title else (), page=len(writing.blocks) + 1)
        places[context] = (document, len(writing.blocks))
    if held < most:
        click.echo(f"The sets in {str(data)!r} have no more than {held:,} passages.", err=True)
    documents = [
        Document(name, "text", name, each.text, tuple(each.blocks))
        for name, each in writings.items()
    ]
    return documents, places


def drawn(questions: Sequence[Question], titles: Sequence[str], count: int) -> list[Question]:
    """Draw questions of articles."""
    among = [each for each in questions if each.title in titles]
    chosen = np.random.default_rng(0).permutation(len(among))[:count]
    return [among[place] for place in chosen]


def bare(weights: Path, made: Path) -> ModelFolder:
    """Return a model folder of weights alone."""
    config = {name: minilm_folder().config[name] for name in SHAPE} | {"length": 224}
    (made / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (made / "model.safetensors").symlink_to(weights.resolve())
    return ModelFolder(made)


def ours(answerer: Answerer) -> Way:
    def answer(question: str) -> tuple[str, set[Place]]:
        said = answerer.answer([question])[0]
        return said.guess, {(each.document, each.page) for each in said.passages}

    return answer


class WordsAlone(KnowledgeBase):
    """Finds by BM25; no question is encoded and no vector looked at."""

    def search_all(self, questions: Sequence[str], count: int = 5) -> list[list[Found]]:
        return [self._nearest(each, np.zeros(0), count) for each in questions]

    def candidates(self, question: str, vector: np.ndarray, count: int = 0) -> Candidates:
        scores = self.lexical.scores(question)
        numbers = np.argpartition(-scores, count - 1)[:count]
        words = scores[numbers]
        return Candidates(numbers, words, np.zeros(count), words)


def fitted(base: KnowledgeBase, reader: Reader, questions: Sequence[Question]) -> Reader:
    """Return the reader with spans compared as fits this way of finding."""
    wanted = [
        (each.question, tuple({answer.text: None for answer in each.answers})) for each in questions
    ]
    judge = replace(PLAIN, choice=fit_choice(ask(base, reader, wanted)))
    return Reader(reader.engine, reader.tokenizer, judge, reader.length)


if __name__ == "__main__":
    main()
