"""The model card of the shipped reader, from its measured figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.models import ModelFolder
from deepfield_chatbot.answering import MAX_ERROR, READ

__all__ = ["ANSWERABLE", "ERRORS", "write_card"]

ERRORS = (0.1, 0.2, 0.3, 0.4)
"""Accepted ones that are measured."""
ANSWERABLE = 0.8
"""The share of questions about the documents that they answer, as confidence takes it."""
COLUMNS = (
    "asked of",
    "questions",
    "exact, F1 (answerable)",
    "exact, F1 (all, with refusal)",
    f"right answer among the {READ}",
    "answered of answerable",
    "refused of unanswerable",
    "right where answered",
    "ECE",
)
KINDS = {"alone": "its article alone", "together": "all six articles together"}


def write_card(folder: ModelFolder, figures: dict[str, Any]) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables."""
    results = [
        EvalResult(
            task_type="question-answering",
            dataset_type=f"squad-{part}",  # one type for each, or the hub takes them for one
            dataset_name=f"SQuAD, three articles unseen in training, asked of {kind}",
            metric_type=metric,
            metric_name=title,
            metric_value=round(value, 2),
        )
        for part, kind in KINDS.items()
        for metric, title, value in (
            (
                "exact_match",
                "exact match, end to end, answerable",
                figures[part]["forced"]["exact"],
            ),
            ("f1", "F1, end to end, answerable", figures[part]["forced"]["f1"]),
            ("f1_v2", "F1, end to end, with refusal", figures[part]["with refusal"]["f1"]),
        )
    ]
    metadata = ModelCardData(
        license="apache-2.0",
        library_name="deepfield",
        pipeline_tag="question-answering",
        tags=["chatbot", "transformer", "extractive-question-answering"],
        model_name="Deepfield chatbot, reader",
        eval_results=results,
    )
    commands = "\n".join(f"    {each}" for each in folder.config["trained_by"])
    off, pairs, hiding = figures["off topic"], figures["pairs"], figures["hiding"]
    choosing = figures["articles"]["chose"]
    measured = [each for each in figures["articles"]["all"] if each not in choosing]
    text = f"""---
{metadata.to_yaml()}
---

# Chatbot: reader

MiniLM of six layers (Wang et al. 2020) with a span head (Devlin et al. 2019): it points at the
words of a passage that answer a question, or at none. 22.6 million parameters,
{figures["megabytes"]} MB as float16. It started from all-MiniLM-L6-v2 (Apache 2.0) and was trained
throughout on questions to Wikipedia, forums and stories. {READ} passages are found for a question
(BM25 and sentence vectors) and read; of their spans the likeliest counts.

## Intended use and limits

To find what documents say, with the place where they say it. English. It answers with words of one
passage: it does not count, compare, add up, or join what stands apart. Read the passage before you
act on it. It was trained on encyclopedic and everyday text; how it does on contracts, tables or
code was not measured. The shipped knowledge base is Deepfield's own documentation.

## Data

Learned from: SQuAD v1.1 and v2.0 (36 articles less six, and pieces of its training sets),
SQuADShifts' Wikipedia and Reddit, TyDi QA, QED of Natural Questions, FairytaleQA; none of it is
shipped. Articles that nothing learned from: {_named(choosing)} (these chose the checkpoint) and
{_named(measured)} (measured here). All calibrate; an article is measured here by what was fitted to
the others.
{_trained(figures["trained"])}
## Figures

End to end: the passage is not given but found, among those of {KINDS["alone"]} or of
{KINDS["together"]} ({figures["passages"]["together"]:,} passages). An answer is right here if it
shares half its words with one that people gave (F1 of .5 at least). Refusal is at an accepted error
rate of {MAX_ERROR:.0%}.{_thinned(figures["every"])}

| {" | ".join(COLUMNS)} |
|{"---|" * len(COLUMNS)}
{chr(10).join(_row(kind, figures, part) for part, kind in KINDS.items())}

F1 of answerable questions by the number of passages read: {_by_count(figures["together"])}.

Searching and reading takes {1000 * figures["seconds"]:.0f} ms of one core a question, float32.

## Trust

- `confidence`: the span that counts is chosen by a logistic regression on how far it is ahead of no
  answer, on BM25 and vectors together, on the cosine of the nearest part and on the share of the
  question's words that the passage has. How sure it is says another, fitted to such winners, by the
  same and by the number of its words, the rank of its passage and how many other passages say the
  same; then temperature and bias.
- `unsure`: under the confidence that keeps the accepted error rate, by a bound with 90 % certainty.
  Confidence, this bound, "right where answered" and ECE take it that the documents answer
  {ANSWERABLE:.0%} of the questions about them; of those that they do not answer, which SQuAD 2.0's
  writers made look as if they did, only as many count. Who asks more of such gets more wrong
  answers than promised:

| accepted error rate | answered of answerable | wrong of answered |
|---|---|---|
{chr(10).join(_at(figures["together"], error) for error in ERRORS)}

- `unfamiliar`: off topic, by the best of the passages' scores, cosines and shared words. The border
  may cost 2 % of questions. {off["queries"]:,} queries of CLINC150: AUROC {off["auroc"]:.3f},
  {off["flagged"]:.1%} flagged and {off["own flagged"]:.1%} of questions about the articles;
  {off["not answered"]:.1%} not answered, whether unfamiliar or unsure.
- Lists of questions with answers ({pairs["questions"]:,} queries of Banking77 and CLINC150 to a
  list of every other intent): the right one first for {pairs["right first"]:.1%} of those listed,
  answered {pairs["listed answered"]:.1%}; of what is not listed {pairs["unlisted refused"]:.1%}
  refused; right where answered {_share(pairs["right where answered"])}.

## Explanation

Words are hidden one by one; those whose loss takes most from the span's margin are named. Hiding
the {hiding["words"]} strongest together took {hiding["named"]:.2f} logits on the mean of
{hiding["answers"]} answers, {hiding["words"]} words at random {hiding["drawn"]:.2f}; it hurt more
in {hiding["hurt more"]:.0%}.

## Made by
{_history(folder)}
{commands}
    python -m deepfield_chatbot.recipes.calibration \\
        --weights runs/reader/{folder.config["weights"]} \\
        --data DIR --intents DIR --output plugins/deepfield_chatbot/models/reader{_option(figures)}
"""
    ModelCard(text).save(folder.path / "README.md")


def _history(folder: ModelFolder) -> str:
    """Return what is to be said of trainings that did not go as the commands say."""
    told = folder.config.get("history")
    return f"\n{told}\n" if told else ""


def _thinned(every: int) -> str:
    return "" if every == 1 else f" One question in {every} was asked."


def _option(figures: dict[str, Any]) -> str:
    return "" if figures["every"] == 1 else f" --every {figures['every']}"


def _named(titles: Sequence[str]) -> str:
    return ", ".join(titles).replace("_", " ")


def _trained(trained: dict[str, Any]) -> str:
    """Return a sentence on the reader where the paragraph is given, as papers measure it."""
    found = trained.get("measured")
    if not found:
        return ""
    return (
        f"\nWith the right paragraph given, on the three measured articles: exact match "
        f"{found['exact_v1']:.1f} and F1 {found['f1_v1']:.1f} on v1.1, "
        f"{found['exact_v2']:.1f} and {found['f1_v2']:.1f} on v2.0.\n"
    )


def _row(kind: str, figures: dict[str, Any], part: str) -> str:
    found = figures[part]
    forced, all_of = found["forced"], found["with refusal"]
    cells = (
        kind,
        f"{figures['questions'][part]:,}",
        f"{forced['exact']:.1f}, {forced['f1']:.1f}",
        f"{all_of['exact']:.1f}, {all_of['f1']:.1f}",
        f"{found['in passages read']:.1%}",
        f"{found['answerable answered']:.1%}",
        _share(found["unanswerable refused"]),
        _share(found["right where answered"]),
        f"{found['ece']:.3f}",
    )
    return f"| {' | '.join(cells)} |"


def _by_count(found: dict[str, Any]) -> str:
    return ", ".join(f"{found[f'f1 of {count} read']:.1f} of {count}" for count in (1, 2, 4, READ))


def _at(found: dict[str, Any], error: float) -> str:
    each = found[f"at {error:.0%}"]
    cells = f"{each['answered of answerable']:.1%}", _share(each["wrong of answered"])
    return f"| {error:.0%} | {' | '.join(cells)} |"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"
