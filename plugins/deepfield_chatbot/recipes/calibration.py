"""Turn trained weights into the model folder: calibrate, set the borders, measure, write the card.

    python -m deepfield_chatbot.recipes.calibration --weights runs/reader/sharp/weights.safetensors
        --data shared/data/qa --intents shared/data/intents
        --output plugins/deepfield_chatbot/models/reader

Six articles of SQuAD that the reader did not learn from calibrate. Three of them, which did not
choose its checkpoint either, are measured, each by what is fitted to the other five. Each question
is put to its article alone and to all six together, so that what is fitted holds for small and for
larger knowledge bases. Questions that the documents do not answer are those of SQuAD 2.0. Off topic
are queries of Banking77 (to calibrate) and of CLINC150 (to measure). Banking77 also stands for
lists of questions with answers: every other intent is listed.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from deepfield.models import ModelFolder
from deepfield_chatbot.answering import Answerer
from deepfield_chatbot.encoder import Encoder, minilm_folder
from deepfield_chatbot.judging import Judge
from deepfield_chatbot.network import SHAPE
from deepfield_chatbot.pieces import open_tokenizer
from deepfield_chatbot.reader import Reader, open_spans
from deepfield_chatbot.recipes.answer_measures import (
    Judged,
    off_topic_figures,
    pair_figures,
    text_figures,
)
from deepfield_chatbot.recipes.asking import Asked, articles, ask, banking, elsewhere, listed
from deepfield_chatbot.recipes.card import write_card
from deepfield_chatbot.recipes.handbook import make_handbook, write_golden_answers
from deepfield_chatbot.recipes.hiding import hiding_figures
from deepfield_chatbot.recipes.judge import PLAIN, fit_judge
from deepfield_chatbot.recipes.measuring import CHOSEN_BY
from deepfield_chatbot.recipes.questions import VALIDATION, Question, load_sets

__all__ = ["main", "make_model"]

EXPLAINED = 60
"""Answers whose explanation is measured."""
NOTHING: tuple[str, ...] = ()


def make_model(
    weights: Path,
    questions: Sequence[Question],
    intents: Path,
    output: Path,
    root: Path,
    *,
    chosen_by: Sequence[str] = CHOSEN_BY,
    length: int = 224,
    shape: Mapping[str, Any] | None = None,
    every: int = 1,
    encoder: Encoder | None = None,
    openvino: bool | None = None,
    trained_by: Sequence[str] = (),
    history: str = "",
    trained: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the model folder and return its figures.

    Args:
        weights: of the reader, safetensors.
        questions: of articles that it did not learn from.
        intents: the folder of Banking77 and CLINC150.
        root: of the checkout whose documentation is indexed.
        chosen_by: the articles that chose the checkpoint; the others are measured.
        shape: of the trunk; None: that of all-MiniLM-L6-v2.
        every: ask only every so many of the questions and queries, to try it.
        trained_by: the commands that trained the weights, for the card.
        history: what did not go as these commands say, in sentences.
        trained: figures of the training.
    """
    config = dict(shape or {name: minilm_folder().config[name] for name in SHAPE})
    config |= {"domain": "chatbot", "model": "reader", "technique": "transformer"}
    config |= {"length": length, "trained_by": list(trained_by)}
    config |= {"history": history, "weights": f"{weights.parent.name}/{weights.name}"}
    output.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights, output / "model.safetensors")
    _write(output, config)
    encoder = encoder or Encoder.load("cpu", fast=False, openvino=openvino)
    tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
    engine = open_spans(ModelFolder(output), "cpu", openvino)
    reader = Reader(engine, tokenizer, PLAIN, length)

    titles = list(dict.fromkeys(each.title for each in questions))
    banks, others = banking(intents)[:: 5 * every], elsewhere(intents)[:: 4 * every]
    names = sorted({intent for _, intent in banks})
    fitting, measuring = set(names[::2]), set(names[1::2])
    measured = [title for title in titles if title not in chosen_by]
    alone: dict[str, list[Asked]] = {}
    together: dict[str, list[Asked]] = {}
    foreign: dict[str, list[Asked]] = {}
    whole = articles(questions, encoder)
    began = time.process_time()
    for title in titles:
        own = [each for each in questions if each.title == title]
        wanted = [(each.question, _texts(each)) for each in own[::every]]
        small = articles(own, encoder)
        alone[title], together[title] = ask(small, reader, wanted), ask(whole, reader, wanted)
        if title in measured:
            place, step = measured.index(title), len(measured)
            foreign[title] = [
                *ask(small, reader, [(text, NOTHING) for text in others[place :: 2 * step]]),
                *ask(whole, reader, [(text, NOTHING) for text in others[place + step :: 2 * step]]),
            ]
        else:
            foreign[title] = ask(small, reader, [(text, NOTHING) for text, _ in banks[::6]])
        click.echo(f"{title}: {len(wanted)} questions, to it alone and to all")
    foreign["all"] = ask(whole, reader, [(text, NOTHING) for text, _ in banks[::3]])
    some = [*alone.values(), *together.values(), *foreign.values()]
    seconds = (time.process_time() - began) / sum(map(len, some))

    pairs = {
        part: _of_pairs(banks, own, others[place::2], encoder, reader)
        for place, (part, own) in enumerate((("fit", fitting), ("measured", measuring)))
    }
    to_refuse = [one for title in [*chosen_by, "all"] for one in foreign[title]]

    def judged_by(kin: Sequence[str]) -> Judge:
        texts = [one for title in kin for one in (*alone[title], *together[title])]
        return fit_judge(texts, to_refuse, pairs["fit"])

    def judged(of: Mapping[str, Sequence[Asked]]) -> list[Judged]:
        return [Judged(one, judges[title]) for title in measured for one in of[title]]

    # What is shipped is fitted to all articles; each is measured by what the others were fitted to.
    judge = judged_by(titles)
    judges = {title: judged_by([each for each in titles if each != title]) for title in measured}
    _write(output, {**config, "answering": judge.to_json()})

    figures: dict[str, Any] = {
        "questions": {
            "fit": sum(map(len, [*alone.values(), *together.values()])),
            "alone": len(judged(alone)),
            "together": len(judged(together)),
        },
        "every": every,
        "articles": {"chose": list(chosen_by), "all": titles},
        "alone": text_figures(judged(alone)),
        "together": text_figures(judged(together)),
        "off topic": off_topic_figures(judged(foreign), [*judged(alone), *judged(together)]),
        "pairs": pair_figures(pairs["measured"], judge),
        "passages": {"together": len(whole.contents)},
        "seconds": seconds,
        "megabytes": round((output / "model.safetensors").stat().st_size / 1e6, 1),
        "trained": dict(trained or {}),
    }
    answerer = Answerer(whole, Reader(engine, tokenizer, judge, length))
    figures["hiding"] = hiding_figures(
        answerer, [each.one.question for each in judged(together) if each.one.right][:EXPLAINED]
    )
    make_handbook(root, output)
    figures["samples"] = write_golden_answers(output)
    text = json.dumps(figures, indent=2, default=float, ensure_ascii=False)
    (output / "figures.json").write_text(text + "\n", encoding="utf-8")
    write_card(ModelFolder(output), figures)
    return figures


def _of_pairs(
    rows: Sequence[tuple[str, str]],
    own: set[str],
    others: Sequence[str],
    encoder: Encoder,
    reader: Reader,
) -> list[Asked]:
    """Ask a list of some intents: their queries, half as many of other intents, and off topic."""
    known = [row for row in rows if row[1] in own]
    base = listed(known, encoder)
    first = set(base.contents.passages["text"].to_pylist())
    inside = [(text, (intent,)) for text, intent in known if f"{text}\n{intent}" not in first]
    outside = [(text, NOTHING) for text, intent in rows if intent not in own]
    half = max(1, len(inside) // 2)
    far = [(text, NOTHING) for text in others]
    return ask(
        base, reader, [*inside, *outside[:: max(1, len(outside) // half)][:half], *far[:half]]
    )


def _texts(question: Question) -> tuple[str, ...]:
    return tuple(dict.fromkeys(answer.text for answer in question.answers))


def _write(folder: Path, config: Mapping[str, Any]) -> None:
    text = json.dumps(config, indent=2, ensure_ascii=False)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")


@click.command(help=__doc__)
@click.option("--weights", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--intents", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--root", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--length", default=224, show_default=True, help="word pieces of a window")
@click.option("--every", default=1, show_default=True, help="ask only every so many, to try it")
@click.option("--trained-by", multiple=True, help="the commands that trained the weights")
@click.option("--history", default="", help="sentences on what did not go as these commands say")
def main(weights, data, intents, output, root, length, every, trained_by, history) -> None:
    questions = [each for each in load_sets(data, ["squad"]) if each.title in VALIDATION]
    beside = weights.with_name("figures.json")
    trained = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    figures = make_model(
        weights,
        questions,
        intents,
        output,
        root,
        length=length,
        every=every,
        trained_by=trained_by or TRAINED_BY,
        history=history,
        trained=trained,
    )
    click.echo(json.dumps(figures, indent=2, default=float, ensure_ascii=False))


TRAINED_BY = tuple(
    f"python -m deepfield_chatbot.recipes.training {stage} --data DIR --work runs/reader"
    for stage in ("warm", "main", "sharp")
)


if __name__ == "__main__":
    main()
