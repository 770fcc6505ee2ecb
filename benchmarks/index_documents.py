"""Passages indexed a second, and a million of them searched with the memory that takes.

    python benchmarks/index_documents.py --data DIR
    python benchmarks/index_documents.py --data DIR --millions 1

Without --millions: texts of some 128 tokens, cut from SQuAD's articles, are encoded one vector
each; and the articles are indexed from text to knowledge base: cut into passages, their parts
encoded (2.5 vectors a passage), and BM25's index made. Ours in bfloat16 (where the processor has
it) and in float32, and the eager loop that one writes first: torch, 32 texts at once as they come.
Seconds are of the clock on all cores, medians of rounds in turns; beside them processor seconds.
The least cosine with the eager vectors stands beside the speed.

With it: passages like SQuAD's are made, so many millions: a real one's number of parts, each of its
vectors moved at random as real ones vary (cosine some .8 with the first) and made of length 1;
as many terms, drawn by Zipf's law from the real ones and others. The knowledge base is made and
written, then opened and searched with real questions by a process of its own. Peaks are resident
memory, pages of mapped files included. Recall@10 is that of cells against looking at every vector.
Expect some 10 GB of memory while a million is made, and 6 GB of disk in TMPDIR. Linux alone.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import numpy as np
import synthetic_passages

from deepfield.models import ModelFolder
from deepfield_chatbot.answering import READ
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.document import Document, Writing
from deepfield_chatbot.encoder import LONGEST, WIDTH, Encoder
from deepfield_chatbot.knowledge_base import KnowledgeBase, add_documents, base_config
from deepfield_chatbot.pieces import padded
from deepfield_chatbot.recipes.questions import Question, load_sets
from deepfield_chatbot.vectors import Vectors, open_vectors

TOKENS = 128
EAGER_ROWS = 32
STEP = 100_000
"""Vectors that are looked at at once."""


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--passages", default=1024, show_default=True, type=click.IntRange(16))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--millions", type=click.FloatRange(0, min_open=True), help="search so many instead")
@click.option("--questions", default=200, show_default=True, type=click.IntRange(1))
@click.option("--output", type=click.Path(path_type=Path), help="a .json file for the figures")
def main(
    data: Path,
    passages: int,
    rounds: int,
    millions: float | None,
    questions: int,
    output: Path | None,
) -> None:
    squad = load_sets(data, ["squad"])
    found = {"cores": len(os.sched_getaffinity(0))}
    if millions is None:
        found |= indexing(squad, passages, rounds)
    else:
        found |= searching(squad, round(1e6 * millions), passages, questions)
    text = json.dumps(found, indent=2)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


class EagerEncoder(Encoder):
    """As one writes it first: texts as they come, padded to the longest of each batch."""

    def encode(
        self, texts: Sequence[str], report: Callable[[float], None] = lambda done: None
    ) -> np.ndarray:
        vectors = [np.zeros((0, WIDTH), dtype=np.float32)]
        for start in range(0, len(texts), EAGER_ROWS):
            some = self.tokenizer.encode_batch(list(texts[start : start + EAGER_ROWS]))
            vectors.append(self.engine(padded(some, LONGEST))[0])
        return np.concatenate(vectors)


def indexing(squad: Sequence[Question], count: int, rounds: int) -> dict[str, Any]:
    """Return passages a second by each encoder: of texts of one length, and of documents."""
    encoders = {
        "deepfield": Encoder.load("cpu"),
        "deepfield, float32": Encoder.load("cpu", fast=False),
        "eager torch": EagerEncoder.load("cpu", openvino=False),
    }
    texts, documents = texts_of(squad, encoders["deepfield"], count), articles(squad, count)
    seconds: dict[tuple[str, str], list[tuple[float, float]]] = {}
    vectors: dict[str, np.ndarray] = {}
    held = 0
    for encoder in encoders.values():
        encoder.encode(texts[:EAGER_ROWS])  # warms up
    for _ in range(rounds):
        for name, encoder in encoders.items():
            began, busy = time.perf_counter(), time.process_time()
            vectors[name] = encoder.encode(texts)
            taken = (time.perf_counter() - began, time.process_time() - busy)
            seconds.setdefault(("texts of 128 tokens", name), []).append(taken)
            began, busy = time.perf_counter(), time.process_time()
            contents = add_documents(Contents.empty(), documents, encoder)
            contents.lexical()
            taken = (time.perf_counter() - began, time.process_time() - busy)
            seconds.setdefault(("documents", name), []).append(taken)
            held = len(contents)
    counts = {"texts of 128 tokens": len(texts), "documents": held}
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for (what, name), taken_ in seconds.items():
        wall, busy = np.median(np.array(taken_), axis=0)
        eager = float(np.median([each for each, _ in seconds[what, "eager torch"]]))
        figures.setdefault(what, {})[name] = {
            "passages a second": round(counts[what] / wall, 1),
            "a second of the processor": round(counts[what] / busy, 1),
            "times eager": round(eager / wall, 2),
        }
    tokenizer = encoders["deepfield"].tokenizer
    lengths = [len(each.ids) for each in tokenizer.encode_batch_fast(texts)]
    products = {
        name: np.einsum("nd,nd->n", each, vectors["eager torch"]) for name, each in vectors.items()
    }
    return {
        "passages": counts,
        "tokens, mean": round(float(np.mean(lengths)), 1),
        **figures,
        "least cosine with eager": {n: round(float(p.min()), 5) for n, p in products.items()},
    }


def texts_of(squad: Sequence[Question], encoder: Encoder, count: int) -> list[str]:
    """Return stretches of articles, each of some 128 tokens with the two marks."""
    found: list[str] = []
    for document in articles(squad, 10**9):
        offsets = encoder.tokenizer.encode(document.text, add_special_tokens=False).offsets
        for start in range(0, len(offsets) - TOKENS, TOKENS - 2):
            found.append(document.text[offsets[start][0] : offsets[start + TOKENS - 3][1]])
            if len(found) == count:
                return found
    return found


def articles(squad: Sequence[Question], count: int) -> list[Document]:
    """Return documents, one for each article, of so many paragraphs."""
    writings: dict[str, Writing] = {}
    for title, context in list(dict.fromkeys((each.title, each.context) for each in squad))[:count]:
        writings.setdefault(title.replace("_", " "), Writing()).add(context)
    return [
        Document(title, "text", title, each.text, tuple(each.blocks), title)
        for title, each in writings.items()
    ]


def searching(squad: Sequence[Question], count: int, real: int, questions: int) -> dict[str, Any]:
    """Make a knowledge base of so many passages, and return what it takes to make and to search."""
    chance = np.random.default_rng(0)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as made:
        os.environ["DEEPFIELD_HOME"] = made  # where the index of cells is kept
        encoder = Encoder.load("cpu")
        asked = list(dict.fromkeys(each.question for each in squad if each.answers))
        asked = [asked[place] for place in chance.permutation(len(asked))[:questions]]
        few = add_documents(Contents.empty(), articles(squad, real), encoder)
        click.echo("making passages", err=True)
        contents = synthetic_passages.synthetic(few, count, chance)
        found |= {"passages": len(contents), "vectors": len(contents.vectors)}
        found["terms"] = len(contents.terms)
        found["gigabytes of vectors, terms and texts"] = gigabytes(
            contents.vectors.nbytes + contents.passages.nbytes
        )
        folder = Path(made) / "base"
        click.echo("making the index of terms, and writing all", err=True)
        began = time.perf_counter()
        contents.save(folder, base_config(contents, "reader"))
        found["seconds to index terms and write all"] = round(time.perf_counter() - began, 1)
        click.echo("making cells", err=True)
        began = time.perf_counter()
        vectors = open_vectors(contents.vectors)
        found["seconds to make cells"] = round(time.perf_counter() - began, 1)
        found["peak gigabytes while making"] = resident("VmHWM")
        found["gigabytes on disk"] = gigabytes(
            sum(each.stat().st_size for each in Path(made).rglob("*") if each.is_file())
        )
        found["recall@10 of cells"] = recall(vectors, encoder.encode(asked[:100]))
        del contents, vectors
        click.echo("searching", err=True)
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            found |= process.submit(served, folder, asked).result()
    return found


def served(folder: Path, asked: Sequence[str]) -> dict[str, Any]:
    """Open a knowledge base and search it; return seconds, and this process's memory."""
    encoder = Encoder.load("cpu")
    encoder.encode(asked[:1])
    before = resident("VmRSS")
    began = time.perf_counter()
    base = KnowledgeBase.load(ModelFolder(folder), encoder)
    base.search(asked[0], READ)
    opened = time.perf_counter() - began
    seconds, busy = [], []
    for question in asked:
        began, before_busy = time.perf_counter(), time.process_time()
        base.search(question, READ)
        seconds.append(time.perf_counter() - began)
        busy.append(time.process_time() - before_busy)
    median, late = 1000 * np.quantile(seconds, [0.5, 0.95])
    return {
        "seconds to open and search once": round(opened, 1),
        "ms a search, median": round(float(median), 1),
        "ms a search, 95th percentile": round(float(late), 1),
        "ms of the processor, median": round(1000 * float(np.median(busy)), 1),
        "gigabytes before opening": before,
        "gigabytes while searching": resident("VmRSS"),
        "peak gigabytes while searching": resident("VmHWM"),
    }


def recall(vectors: Vectors, questions: np.ndarray) -> float:
    """Return the share of each question's ten nearest vectors that are found."""
    best = np.full((len(questions), 10), -np.inf, dtype=np.float32)
    places = np.zeros((len(questions), 10), dtype=np.int64)
    for start in range(0, len(vectors.vectors), STEP):
        some = vectors.vectors[start : start + STEP].astype(np.float32)
        cosines = np.concatenate([best, questions @ some.T], axis=1)
        numbers = np.arange(start, start + len(some))
        among = np.concatenate([places, np.tile(numbers, (len(questions), 1))], axis=1)
        kept = np.argpartition(-cosines, 9, axis=1)[:, :10]
        best = np.take_along_axis(cosines, kept, axis=1)
        places = np.take_along_axis(among, kept, axis=1)
    shares = [
        len(np.intersect1d(vectors.nearest(question, 10), wanted)) / 10
        for question, wanted in zip(questions, places, strict=True)
    ]
    return round(float(np.mean(shares)), 3)


def resident(what: str) -> float:
    """Return this process's memory in GB: VmRSS as it is, VmHWM at its highest.

    What ``resource`` tells of a new process may be the peak of the one that started it.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(what):
            return gigabytes(1024 * int(line.split()[1]))
    raise click.ClickException("This system does not tell a process's memory in /proc/self/status.")


def gigabytes(size: int) -> float:
    return round(size / 1e9, 2)


if __name__ == "__main__":
    main()
