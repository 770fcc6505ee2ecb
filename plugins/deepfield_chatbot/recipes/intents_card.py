"""The model card of the shipped classifier of intents, from its measured figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from deepfield.models import ModelFolder
from deepfield_chatbot.encoder import RELEASE
from deepfield_chatbot.intents.scope import LOST, OUTSIDE

__all__ = ["write_card"]

INDEXED = {
    "accuracy": "accuracy of the likeliest intent",
    "right and in scope": "right and called in scope",
    "out of scope found": "recall of out of scope",
    "ece": "ECE",
}
SETS = {
    "clinc150": "CLINC150, validation",
    "banking77": "Banking77, a held-out seventh of its training set",
}
COLUMNS = (
    "",
    "likeliest right",
    "right and in scope",
    "out of scope found",
    "AUROC of scope",
    "ECE",
    "fit, processor",
)
ROWS = {
    "clinc150": "CLINC150",
    "baseline, clinc150": "– baseline",
    "clinc150, no examples out of scope": "CLINC150, learned without sentences out of scope",
    "banking77": "Banking77",
    "baseline, banking77": "– baseline",
}


def write_card(folder: ModelFolder, figures: dict[str, Any]) -> None:
    """Write ``README.md``: YAML metadata with model-index, then words and tables."""
    data = ModelCardData(
        license="apache-2.0",
        library_name="deepfield",
        pipeline_tag="text-classification",
        tags=["intents", "transformer", "out-of-scope-detection"],
        datasets=["clinc_oos"],
        model_name="Deepfield everyday requests",
        eval_results=[
            EvalResult(
                task_type="text-classification",
                dataset_type=name,
                dataset_name=title,
                metric_type=metric.replace(" ", "_"),
                metric_name=words,
                metric_value=round(figures[name][metric], 4),
            )
            for name, title in SETS.items()
            for metric, words in INDEXED.items()
            if metric in figures[name]
        ],
    )
    found, words = figures["clinc150"], figures["explanation"]
    text = f"""---
{data.to_yaml()}
---

# Everyday requests

Which of {found["intents"]} things a message wants, or none of them. Sentence vectors of
all-MiniLM-L6-v2 (Apache 2.0; frozen, of the package `{RELEASE}`) and one hidden layer of 256 units
over them; {figures["kilobytes"]} kB as float16.

## Intended use and limits

To route requests to an assistant, and as the start of intents of your own:
`deepfield fit intents examples.csv`. English, one thing asked in one short sentence. Of several
things one is called; a long message is read to its 256th word piece. The intents are those of
CLINC150: bank, credit cards, travel, kitchen, home, car, work, small talk. Its sentences were
written by paid people for scenarios, so real messages are told less well than these figures say.

## Data

CLINC150: Larson et al. 2019, *An Evaluation Dataset for Intent Classification and Out-of-Scope
Prediction*; https://github.com/clinc/oos-eval; CC BY 3.0. Learned from: its training set,
{found["examples"]:,} sentences in scope and {found["examples out of scope"]} out of scope. Measured
on its validation sets, {found["measured"]:,} and {found["measured out of scope"]} sentences; its
test sets were not used. No sentence of it is in this folder: the golden rows were written for
Deepfield.

Banking77: Casanueva et al. 2020, *Efficient Intent Detection with Dual Sentence Encoders*; CC BY
4.0; to measure the same fit on {figures["banking77"]["intents"]} intents that are near each other.

## Figures

{_line(COLUMNS)}
{_line(["---"] * len(COLUMNS))}
{chr(10).join(_row(title, figures[name]) for name, title in ROWS.items())}

The baseline is TF-IDF of words and pairs with a logistic regression; its scope is its largest
probability, the border set by the same rule.

## Trust

- `confidence`: the temperature-scaled probability of the intent, times that of being in scope by
  a logistic regression on familiarity, for which {OUTSIDE:.0%} of messages are taken to be out of
  scope; of what is called out of scope, that probability. Both of examples judged by networks
  that did not learn from them (5 folds).
- `unfamiliar`: out of scope. Familiarity is the largest logit and the cosine to the nearest middle
  of an intent's examples, added as z-scores; the border costs at most {LOST:.1%} of the sentences
  in scope.
- `unsure`: under the confidence that keeps the accepted error rate, by a bound with 90 % certainty.
  On the validation sets, both together:

| accepted error rate | answered of those in scope | wrong of all answers |
|---|---|---|
{chr(10).join(_kept(each) for each in found["trust"])}

## Explanation

Words are left out one by one; those whose loss takes most from the answer are named. On the mean
of {words["answers"]} answers, leaving out the {words["words"]} strongest together took
{words["named"]:.2f} from the log-odds, {words["words"]} words at random {words["drawn"]:.2f};
it took more in {words["hurt more"]:.0%}.

## Reproduce

    {folder.config["trained_by"][0]}
"""
    ModelCard(text).save(folder.path / "README.md")


def _row(title: str, found: dict[str, Any]) -> str:
    cells = [title, f"{found['accuracy']:.3f}", f"{found['right and in scope']:.3f}"]
    cells += [_number(found.get(name)) for name in ("out of scope found", "auroc of scope")]
    cells += [f"{found['ece']:.3f}", f"{found['processor seconds to fit']} s"]
    return _line(cells)


def _kept(each: dict[str, Any]) -> str:
    error = "none" if each["error"] is None else f"{each['error']:.1%}"
    return _line([f"{each['promised error']:.0%}", f"{each['answered']:.1%}", error])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
