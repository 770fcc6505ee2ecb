"""Which words carried an intent: how the answer changes when each is left out.

Every word of a sentence is left out in turn (Li et al. 2016), and what is left is encoded and
judged as any other sentence is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepfield.explanation import Contributions, Explanation
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.intents.classifier import WORD, IntentClassifier

__all__ = ["explain_intents", "without_words"]

MOST = 64
"""Words of a message that are left out in turn, its first: an intent is said in few."""
SHOWN = 12
"""Words that an explanation names; what the others added is in its base."""
NAMED = 3
"""Words that its sentence names."""


def without_words(text: str) -> tuple[list[str], list[str]]:
    """Return the words of a text, each under a name of its own, and the text without each."""
    found = list(WORD.finditer(text))[:MOST]
    names: list[str] = []
    for match in found:
        name, number = match[0], 2
        while name in names:
            name, number = f"{match[0]} ({number})", number + 1
        names.append(name)
    return names, [f"{text[: each.start()]} {text[each.end() :]}".strip() for each in found]


def explain_intents(
    classifier: IntentClassifier, encoder: Encoder, texts: Sequence[str]
) -> list[Explanation]:
    """Return which words carried what each text is called.

    Of a sentence in scope by the log-odds of its intent against all others; of one that is not, by
    how foreign it is.
    """
    parts = [without_words(text) for text in texts]
    # All together: sentences of about one length are encoded at once, whosesoever they are.
    every = [
        each for text, (_, others) in zip(texts, parts, strict=True) for each in (text, *others)
    ]
    judged = classifier.judge_texts(every, encoder)
    starts = np.cumsum([0, *(1 + len(others) for _, others in parts)])
    confidence, lead = classifier.confidence(judged), judged.lead
    explanations = []
    for (names, _), start, end in zip(parts, starts[:-1], starts[1:], strict=True):
        foreign, best = bool(judged.foreign[start]), int(judged.best[start])
        label = classifier.labels[best]
        scores = (judged.foreignness if foreign else lead[:, best])[start:end].astype(float)
        added = scores[0] - scores[1:]
        strongest = np.argsort(-np.abs(added), kind="stable")[:SHOWN]
        values = {names[place]: float(added[place]) for place in sorted(strongest)}
        carried = [names[place] for place in strongest if added[place] > 0][:NAMED]
        words = ", ".join(f"“{each}”" for each in carried)
        if foreign:
            by = f"; strangest: {words}" if words else ""
            said = f"Out of scope{by}. The likeliest intent would be {label!r}."
            unit = "foreignness, of which over 1 is out of scope"
        else:
            by = f", carried most by {words}" if words else ""
            said = f"Wants {label!r} with confidence {confidence[start]:.1%}{by}."
            unit = "log-odds"
        base = float(scores[0]) - sum(values.values())
        explanations.append(Explanation(said, (Contributions(values, base, unit),)))
    return explanations
