"""Turn trained weights into the model folder: calibrate, set the borders, measure, write the card.

    python -m deepfield_chatbot.recipes.calibration --weights runs/reader/main/weights.safetensors
        --data shared/data/qa --intents shared/data/intents
        --output plugins/deepfield_chatbot/models/reader

Three of the six articles of SQuAD that the reader did not learn from calibrate, the other three are
measured. Each question is put to its article alone and to all six together, so that what is fitted
holds for small and for larger knowledge bases. Questions that the documents do not answer are those
of SQuAD 2.0. Off topic are queries of Banking77 (to calibrate) and of CLINC150 (to measure).
Banking77 also stands for lists of questions with answers: every other intent is listed.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from sklearn.metrics import roc_auc_score

from deepfield.evaluation import expected_calibration_error
from deepfield.evaluation.squad import squad_figures
from deepfield.loading import Model
from deepfield.models import ModelFolder
from deepfield_chatbot import Chatbot
from deepfield_chatbot.answering import MAX_ERROR, READ, Answerer
from deepfield_chatbot.encoder import Encoder, minilm_folder
from deepfield_chatbot.judging import Familiarity, Judge, Linear, Sureness
from deepfield_chatbot.network import SHAPE
from deepfield_chatbot.pieces import open_tokenizer
from deepfield_chatbot.predictor import ChatbotPredictor
from deepfield_chatbot.reader import Reader, open_spans
from deepfield_chatbot.recipes.asking import Asked, articles, ask, banking, elsewhere, listed
from deepfield_chatbot.recipes.card import ANSWERABLE, ERRORS, write_card
from deepfield_chatbot.recipes.handbook import make_handbook
from deepfield_chatbot.recipes.hiding import hiding_figures
from deepfield_chatbot.recipes.measuring import CHOSEN_BY
from deepfield_chatbot.recipes.questions import VALIDATION, Question, load_sets

__all__ = ["fit_judge", "main", "make_model"]

LOST = 0.02
"""The share of questions about the documents that the border of what is unfamiliar may cost."""
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
    trained: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the model folder and return its figures.

    Args:
        weights: of the reader, safetensors.
        questions: of articles that it did not learn from.
        intents: the folder of Banking77 and CLINC150.
        root: of the checkout whose documentation is indexed.
        chosen_by: the articles that calibrate; the others are measured.
        shape: of the trunk; None: that of all-MiniLM-L6-v2.
        every: ask only every so many of the questions and queries, to try it.
        trained: figures of the training, for the card.
    """
    config = dict(shape or {name: minilm_folder().config[name] for name in SHAPE})
    config |= {"domain": "chatbot", "model": "reader", "technique": "transformer"}
    config |= {"length": length, "trained_by": list(trained_by)}
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
    of_texts: dict[str, list[Asked]] = {"fit": [], "alone": [], "together": []}
    off_topic: dict[str, list[Asked]] = {"fit": [], "measured": []}
    whole = articles(questions, encoder)
    began = time.process_time()
    for title in titles:
        own = [each for each in questions if each.title == title]
        wanted = [(each.question, _texts(each)) for each in own[::every]]
        small = articles(own, encoder)
        parts = ("fit", "fit") if title in chosen_by else ("alone", "together")
        for part, base in zip(parts, (small, whole), strict=True):
            of_texts[part] += ask(base, reader, wanted)
        if title in chosen_by:
            off_topic["fit"] += ask(small, reader, [(text, NOTHING) for text, _ in banks[::6]])
        else:
            off_topic["measured"] += ask(small, reader, [(text, NOTHING) for text in others[::6]])
        click.echo(f"{title}: {len(wanted)} questions, to it alone and to all")
    off_topic["fit"] += ask(whole, reader, [(text, NOTHING) for text, _ in banks[::3]])
    off_topic["measured"] += ask(whole, reader, [(text, NOTHING) for text in others[::3]])
    asked_in_all = sum(map(len, of_texts.values())) + sum(map(len, off_topic.values()))
    seconds = (time.process_time() - began) / asked_in_all

    pairs = {
        part: _of_pairs(banks, own, others[place::2], encoder, reader)
        for place, (part, own) in enumerate((("fit", fitting), ("measured", measuring)))
    }
    judge = fit_judge(of_texts["fit"], off_topic["fit"], pairs["fit"])
    _write(output, {**config, "answering": judge.to_json()})

    figures: dict[str, Any] = {
        "questions": {part: len(some) for part, some in of_texts.items()},
        "every": every,
        "articles": {"fit": list(chosen_by), "all": titles},
        "alone": text_figures(of_texts["alone"], judge),
        "together": text_figures(of_texts["together"], judge),
        "off topic": off_topic_figures(
            off_topic["measured"], [*of_texts["alone"], *of_texts["together"]], judge
        ),
        "pairs": pair_figures(pairs["measured"], judge),
        "passages": {"together": len(whole.contents)},
        "seconds": seconds,
        "megabytes": round((output / "model.safetensors").stat().st_size / 1e6, 1),
        "trained": dict(trained or {}),
    }
    answerer = Answerer(whole, Reader(engine, tokenizer, judge, length))
    figures["hiding"] = hiding_figures(
        answerer, [each.question for each in of_texts["together"] if each.right][:EXPLAINED]
    )
    make_handbook(root, output)
    folder = ModelFolder(output)
    domain = Chatbot()
    model = Model(domain, domain.models[0], folder, ChatbotPredictor.load(folder, "cpu"))
    samples = domain.samples()
    answers = model.predict(samples)
    folder.write_golden(samples, answers)
    figures["samples"] = dict(zip(samples["question"], answers["answer"], strict=True))
    text = json.dumps(figures, indent=2, default=float, ensure_ascii=False)
    (output / "figures.json").write_text(text + "\n", encoding="utf-8")
    write_card(folder, figures)
    return figures


def fit_judge(texts: Sequence[Asked], off_topic: Sequence[Asked], pairs: Sequence[Asked]) -> Judge:
    """Fit confidence on what was right, and the border of what is unfamiliar."""
    linear = Linear.fit(
        np.array([each.signs for one in texts for each in one.candidates]),
        np.array([one.is_right(each) for one in texts for each in one.candidates]),
    )
    # The errors are bounded as those of questions that are independent: each of them once.
    versions: dict[tuple[str, tuple[str, ...]], list[Asked]] = {}
    for one in texts:
        versions.setdefault((one.question, one.right), []).append(one)
    each_once = [some[place % len(some)] for place, some in enumerate(versions.values())]
    once = [each_once[place] for place in as_people_ask(each_once)]
    winners = [_best(one.candidates, linear) for one in once]
    right = np.array([one.is_right(each) for one, each in zip(once, winners, strict=True)])
    spans = Sureness.fit(linear, np.array([each.signs for each in winners]), right)
    first = np.array([one.candidates[0].signs for one in pairs])
    right = np.array([one.is_right(one.candidates[0]) for one in pairs])
    of_pairs = Sureness.fit(Linear.fit(first, right), first, right)
    own = np.array([one.near for one in [*texts, *(each for each in pairs if each.right)]])
    foreign = np.array([one.near for one in off_topic])
    familiar = Linear.fit(
        np.concatenate([own, foreign]), np.arange(len(own) + len(foreign)) < len(own), even=True
    )
    answered = np.array([one.near for one in [*texts, *pairs] if one.right])
    border = float(np.quantile(familiar(answered), LOST))
    return Judge(spans, of_pairs, Familiarity(familiar, border))


def as_people_ask(some: Sequence[Asked]) -> np.ndarray:
    """Return the places of all questions that are answered, and of as many others as
    ``ANSWERABLE`` says, evenly spread.

    In SQuAD 2.0 near every second question has no answer, and each was written to look as if it
    had: no promise about errors that is fitted to that would be of use to anybody.
    """
    can = np.array([bool(one.right) for one in some])
    others = np.flatnonzero(~can)
    wanted = min(len(others), round(can.sum() * (1 - ANSWERABLE) / ANSWERABLE))
    kept = others[np.linspace(0, len(others) - 1, wanted).astype(int)] if wanted else others[:0]
    return np.sort(np.concatenate([np.flatnonzero(can), kept]))


def text_figures(some: Sequence[Asked], judge: Judge) -> dict[str, Any]:
    """Return figures of questions to texts, end to end; F1 and exact match in percent."""
    linear = judge.spans.linear
    winners = [_best(one.candidates, linear) for one in some]
    right = np.array([one.is_right(each) for one, each in zip(some, winners, strict=True)])
    confidence = judge.spans.confidence(np.array([each.signs for each in winners]))
    foreign = judge.familiar.foreignness(np.array([one.near for one in some])) > 1
    given = (confidence >= judge.spans.least(MAX_ERROR)) & ~foreign
    can = np.array([bool(one.right) for one in some])
    usual = np.isin(np.arange(len(some)), as_people_ask(some))
    sure = given & usual
    wanted = [list(one.right) for one in some]
    texts = [each.text for each in winners]
    found = {
        "forced": squad_figures(
            [text for text, yes in zip(texts, can, strict=True) if yes],
            [each for each in wanted if each],
            bare=True,
        ),
        "with refusal": squad_figures(
            [text if yes else "" for text, yes in zip(texts, given, strict=True)], wanted
        ),
        "answerable answered": float(given[can].mean()),
        "answerable unfamiliar": float(foreign[can].mean()),
        "unanswerable refused": float((~given)[~can].mean()) if (~can).any() else None,
        "right where answered": float(right[sure].mean()) if sure.any() else None,
        "ece": float(expected_calibration_error(confidence[usual], right[usual])),
        "auroc of right": float(roc_auc_score(right[usual], confidence[usual])),
        "in passages read": float(
            np.mean([any(map(one.is_right, one.candidates)) for one in some if one.right])
        ),
    }
    for count in (1, 2, 4, READ):
        best = [_best(one.candidates[:count], linear).text for one in some if one.right]
        found[f"f1 of {count} read"] = squad_figures(
            best, [each for each in wanted if each], bare=True
        )["f1"]
    for error in ERRORS:
        sure = (confidence >= judge.spans.least(error)) & usual
        found[f"at {error:.0%}"] = {
            "answered of answerable": float(sure[can & usual].mean()),
            "wrong of answered": float(1 - right[sure].mean()) if sure.any() else None,
        }
    return found


def off_topic_figures(
    foreign: Sequence[Asked], own: Sequence[Asked], judge: Judge
) -> dict[str, float]:
    """Return how well what is off topic is told from questions about the documents."""
    scores = [
        judge.familiar.foreignness(np.array([one.near for one in some])) for some in (foreign, own)
    ]
    labels = np.concatenate([np.ones(len(foreign)), np.zeros(len(own))])
    winners = [_best(one.candidates, judge.spans.linear) for one in foreign]
    confidence = judge.spans.confidence(np.array([each.signs for each in winners]))
    given = (confidence >= judge.spans.least(MAX_ERROR)) & (scores[0] <= 1)
    return {
        "queries": len(foreign),
        "auroc": float(roc_auc_score(labels, np.concatenate(scores))),
        "flagged": float((scores[0] > 1).mean()),
        "own flagged": float((scores[1] > 1).mean()),
        "not answered": float((~given).mean()),
    }


def pair_figures(some: Sequence[Asked], judge: Judge) -> dict[str, float | None]:
    """Return figures of questions to a list of questions with answers."""
    first = [one.candidates[0] for one in some]
    right = np.array([one.is_right(each) for one, each in zip(some, first, strict=True)])
    can = np.array([bool(one.right) for one in some])
    confidence = judge.pairs.confidence(np.array([each.signs for each in first]))
    given = confidence >= judge.pairs.least(MAX_ERROR)
    return {
        "questions": len(some),
        "listed": int(can.sum()),
        "right first": float(right[can].mean()),
        "listed answered": float(given[can].mean()),
        "unlisted refused": float((~given)[~can].mean()),
        "right where answered": float(right[given].mean()) if given.any() else None,
        "ece": float(expected_calibration_error(confidence, right)),
    }


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


def _best(candidates: Sequence[Any], linear: Linear) -> Any:
    """Return the candidate that counts: the likeliest."""
    return candidates[int(linear(np.array([each.signs for each in candidates])).argmax())]


def _texts(question: Question) -> tuple[str, ...]:
    return tuple(dict.fromkeys(answer.text for answer in question.answers))


def _write(folder: Path, config: Mapping[str, Any]) -> None:
    text = json.dumps(config, indent=2, ensure_ascii=False)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")


def _plain() -> Judge:
    """Return what reads before anything is fitted; nothing of it is looked at."""
    from deepfield.trust import Calibration

    blank = Sureness(Linear((1.0, 0.0, 0.0, 0.0), 0.0), Calibration(1.0, [0.0, 0.0], []))
    return Judge(blank, blank, Familiarity(Linear((0.0, 0.0, 0.0), 0.0), 0.0))


PLAIN = _plain()


@click.command(help=__doc__)
@click.option("--weights", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--intents", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--root", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--length", default=224, show_default=True, help="word pieces of a window")
@click.option("--every", default=1, show_default=True, help="ask only every so many, to try it")
@click.option("--trained-by", multiple=True, help="the commands that trained the weights")
def main(weights, data, intents, output, root, length, every, trained_by) -> None:
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
        trained=trained,
    )
    click.echo(json.dumps(figures, indent=2, default=float, ensure_ascii=False))


TRAINED_BY = tuple(
    f"python -m deepfield_chatbot.recipes.training {stage} --data DIR --work runs/reader"
    for stage in ("warm", "main")
)


if __name__ == "__main__":
    main()
