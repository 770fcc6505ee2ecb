from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deepfield_flowers import SPECIES, Flowers
from deepfield_glossary import Glossary
from sklearn.datasets import load_iris

from deepfield.loading import load_model
from deepfield.plugins import Registry
from deepfield.testing import _Plugin


@pytest.fixture(scope="session")
def irises() -> pd.DataFrame:
    found = load_iris()
    frame = pd.DataFrame(found.data, columns=Flowers.inputs.names)
    return frame.assign(label=[SPECIES[each] for each in found.target])


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Return what finds the flowers alone."""
    registry = Registry()
    registry.add(_Plugin(Flowers()), "flowers")
    return registry


@pytest.fixture(scope="session")
def visits() -> Callable[..., pd.DataFrame]:
    """Make visits of people who do not exist: in no order of time, many at the same minute."""

    def made_up(rows: int, seed: int = 0, shops: int = 40, people: int = 300) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        minutes = random.integers(0, 20 * 24 * 60, rows)
        return pd.DataFrame(
            {
                "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(minutes, "min"),
                "spend": random.gamma(2, 8, rows).round(2),
                "shop": [f"s{number}" for number in random.integers(0, shops, rows)],
                "person": [f"p{number}" for number in random.integers(0, people, rows)],
                "receipt": [f"r{number}" for number in range(rows)],
            }
        )

    return made_up


@pytest.fixture(scope="session")
def film() -> Callable[..., Path]:
    """Write small videos in which frame n is a grey of its own, with a white corner at the top."""

    def shot(path: Path, frames: int = 12, size=(90, 160), **how) -> Path:
        import av

        rate = how.get("rate", 10)
        with av.open(str(path), "w", options=how.get("options", {})) as container:
            stream = container.add_stream(how.get("codec", "libx264"), rate=rate)
            stream.height, stream.width = size
            stream.pix_fmt = how.get("pix_fmt", "yuv420p")
            stream.codec_context.gop_size = how.get("gop", 5)
            if how.get("rotation"):
                stream.set_display_rotation(how["rotation"])
            for number in range(frames):
                frame = av.VideoFrame.from_ndarray(scene(number, size), "rgb24")
                frame.pts = how.get("pts", range(frames))[number]
                container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
            container.mux(stream.encode())
        return path

    return shot


def scene(number: int, size=(90, 160)) -> np.ndarray:
    """Return what frame ``number`` of a film shows: a grey of its own, and a white upper left."""
    picture = np.full((*size, 3), 20 + 8 * (number % 28), dtype=np.uint8)
    picture[: size[0] // 4, : size[1] // 4] = 255
    return picture


@pytest.fixture(scope="module")
def glossaries() -> Registry:
    """Return what finds the glossary alone: a domain that learns from documents."""
    registry = Registry()
    registry.add(_Plugin(Glossary()), "glossary")
    return registry


@pytest.fixture
def handbook(tmp_path) -> Path:
    """Two documents of one name in two folders, and what is left alone."""
    folder = tmp_path / "handbook"
    for name, text in {
        "house/words.txt": "stove: where we cook\npantry: where food lies\n",
        "garden/words.txt": "compost: what becomes soil\n",
        "picture.png": "no text",
        ".hidden.txt": "secret: not to be read\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def meaning() -> Callable[[str, str], str]:
    """Return what asks a fitted glossary of a name what a term means."""

    def of(name: str, term: str) -> str:
        found = load_model(Glossary(), name).predict(pd.DataFrame({"term": [term]}))
        return found["meaning"][0]

    return of
