"""Greetings, thanks and the like: by examples, not by rules.

A short message is small talk if it is one of the examples, but for case and punctuation, or if its
sentence vector is near to one of theirs. The examples of other languages are matched by their
letters alone, for the sentence encoder knows English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from deepfield_chatbot.encoder import Encoder

__all__ = ["KINDS", "SmallTalk"]

KINDS: dict[str, tuple[str, ...]] = {
    "greeting": (
        "hello", "hi", "hey", "hi there", "hello bot", "good morning", "good afternoon",
        "good evening", "good evening everyone", "how are you?", "nice to meet you", "greetings",
        "hallo", "guten tag", "bonjour", "hola", "ciao", "olá", "привет", "你好", "こんにちは",
    ),
    "thanks": (
        "thanks", "thank you", "thank you very much", "thanks a lot", "thx", "cheers",
        "great, that helped", "perfect, thank you", "that was helpful, thanks", "ok thanks",
        "danke", "vielen dank", "merci", "gracias", "grazie", "obrigado", "спасибо", "谢谢",
        "ありがとう",
    ),
    "goodbye": (
        "bye", "goodbye", "bye bye", "see you", "see you later", "see you tomorrow",
        "good night", "have a nice day", "that was all, bye",
    ),
    "help": (
        "help", "help me", "what can you do?", "what can I ask?", "what can I ask you?",
        "what questions can you answer?", "what do you know?", "who are you?", "what is this?",
        "how does this work?", "what should I ask?", "give me an example",
    ),
}  # fmt: skip
"""Examples of each kind."""
NEAR = 0.65
"""The cosine from which on a message is like an example. Of the messages tried in the tests those
that are small talk have .66 and more, questions about documents .56 and less."""
MOST_WORDS = 6
"""Of a message that may be small talk."""
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class SmallTalk:
    """Read-only."""

    encoder: Encoder
    letters: dict[str, str]
    """An example's words -> its kind."""
    kinds: tuple[str, ...]
    vectors: np.ndarray  # (examples, 384)

    @classmethod
    def by(cls, encoder: Encoder) -> SmallTalk:
        pairs = [(text, kind) for kind, texts in KINDS.items() for text in texts]
        vectors = encoder.encode([text for text, _ in pairs])
        letters = {_plain(text): kind for text, kind in pairs}
        return cls(encoder, letters, tuple(kind for _, kind in pairs), vectors)

    def kind(self, message: str) -> str | None:
        """Return what kind of small talk a message is; None if it is none."""
        plain = _plain(message)
        if plain in self.letters:
            return self.letters[plain]
        # The encoder reads other scripts as unknown signs, which are all alike.
        if not plain.isascii() or not 0 < len(plain.split()) <= MOST_WORDS:
            return None
        cosines = self.vectors @ self.encoder.encode([message])[0]
        best = int(cosines.argmax())
        return self.kinds[best] if cosines[best] >= NEAR else None


def _plain(text: str) -> str:
    return " ".join(WORD.findall(text.casefold()))
