"""How often the right passage is found: BM25, sentence vectors, and both.

    python benchmarks/find_passages.py paragraphs --data DIR
    python benchmarks/find_passages.py questions --data DIR

paragraphs: all questions of the SQuAD v1.1 articles in DIR, each to all paragraphs of all articles.
The paragraph that a question was asked of is right, though others may answer it too.

questions: of Banking77's training set one query of each intent stands in a list of questions with
answers, and the others ask it in other words. The query of the same intent is right. This stands
for lists of questions and answers, of which there is no set here.

Seconds are of the processor, for other work may share the machine.
"""

from __future__ import annotations

import csv
import gzip
import json
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from deepfield_chatbot.contents import Contents
from deepfield_chatbot.document import Document, Writing
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.knowledge_base import KnowledgeBase, add_documents


@click.command(help=__doc__)
@click.argument("what", type=click.Choice(["paragraphs", "questions"]))
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--every", default=1, show_default=True, help="ask only every so many questions")
@click.option("--fast/--exact", default=True, show_default=True, help="bfloat16 where there is")
def main(what: str, data: Path, every: int, fast: bool) -> None:
    encoder = Encoder.load(fast=fast)
    read = paragraphs_of if what == "paragraphs" else questions_of
    documents, questions, right = read(data)
    questions, right = questions[::every], right[::every]
    began = time.process_time()
    base = KnowledgeBase(add_documents(Contents.empty(), documents, encoder), encoder)
    seconds = time.process_time() - began
    base.lexical, base.vectors  # noqa: B018  # made now, that no question waits for them
    click.echo(
        f"{sum(len(each.blocks) for each in documents):,} {what}, {len(base.contents):,} passages, "
        f"{len(base.contents.vectors):,} vectors: {len(base.contents) / seconds:.0f} passages "
        "a second of one core"
    )
    places = ranks(base, questions, right, encoder)
    click.echo(f"{len(questions):,} questions   first   in 5   in 20")
    for name, found in places.items():
        shares = "   ".join(f"{(found < most).mean():.3f}" for most in (1, 5, 20))
        click.echo(f"{name:<16} {shares}")
    some = questions[:: max(1, len(questions) // 100)]
    began = time.process_time()
    for question in some:
        base.search(question)
    each = (time.process_time() - began) / len(some)
    click.echo(f"{1000 * each:.1f} ms of one core to search")


def ranks(
    base: KnowledgeBase, questions: Sequence[str], right: Sequence[int], encoder: Encoder
) -> dict[str, np.ndarray]:
    """Return at which place, from 0, the right block comes for each question, by way of finding."""
    blocks = base.contents.passages["page"].to_numpy()
    found: dict[str, list[int]] = {"BM25": [], "vectors": [], "both": []}
    for question, vector, wanted in zip(questions, encoder.encode(questions), right, strict=True):
        among = base.candidates(question, vector)
        ways = zip(found.values(), (among.words, among.cosines, among.scores), strict=True)
        for places, scores in ways:
            order = np.lexsort((among.numbers, -scores))
            several = dict.fromkeys(blocks[among.numbers[order]].tolist())
            places.append(list(several).index(wanted) if wanted in several else 10**6)
    return {name: np.array(places) for name, places in found.items()}


def paragraphs_of(data: Path) -> tuple[list[Document], list[str], list[int]]:
    """Return a document for each article, a page for each paragraph; questions and their pages."""
    with gzip.open(data / "squad-v1.1.36-articles.json.gz", "rt", encoding="utf-8") as text:
        articles = json.load(text)["data"]
    documents, questions, right, page = [], [], [], 0
    for article in articles:
        writing, title = Writing(), article["title"].replace("_", " ")
        for paragraph in article["paragraphs"]:
            page += 1
            writing.add(paragraph["context"], page=page)
            questions += [row["question"].strip() for row in paragraph["qas"]]
            right += [page] * len(paragraph["qas"])
        documents.append(document(title, writing))
    return documents, questions, right


def questions_of(data: Path) -> tuple[list[Document], list[str], list[int]]:
    """Return a list of questions with answers, and other ways to ask them."""
    with gzip.open(data / "banking77-train.csv.gz", "rt", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    writing, listed, questions, right = Writing(), {}, [], []
    for row in rows:
        if row["category"] not in listed:
            listed[row["category"]] = len(listed) + 1
            answer = f"Answer {len(listed)}."
            writing.add(row["text"], page=len(listed), answer=answer)
        else:
            questions.append(row["text"])
            right.append(listed[row["category"]])
    return [document("", writing)], questions, right


def document(title: str, writing: Writing) -> Document:
    return Document(title or "list", "text", title, writing.text, tuple(writing.blocks), title)


if __name__ == "__main__":
    main()
