"""Engines take texts, of another length in each call, and bfloat16 where it was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from deepfield.models import ModelFolder
from deepfield.neural.engines import OpenVinoEngine, TorchEngine, open_engine

pytest.importorskip("openvino")


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(50, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        there = (ids != 0).unsqueeze(-1).float()
        return self.head((self.words(ids) * there).sum(1) / there.sum(1))


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_an_engine_takes_texts_of_any_length(tmp_path, monkeypatch, precision):
    monkeypatch.setenv("DEEPFIELD_HOME", str(tmp_path / "home"))
    (tmp_path / "config.json").write_text(json.dumps({}))
    save_file(Words().state_dict(), tmp_path / "model.safetensors")
    example = np.array([[1, 2, 3], [4, 5, 0]])
    engine = open_engine(
        ModelFolder(tmp_path),
        Words,
        example,
        Path(__file__),
        "cpu",
        openvino=True,
        varying=(0, 1),
        precision=precision,
    )
    assert isinstance(engine, OpenVinoEngine)
    for shape in ((1, 1), (9, 7), (3, 30)):
        ids = np.random.default_rng(0).integers(1, 50, shape)
        (wanted,) = TorchEngine(Words(), "cpu")(ids)
        np.testing.assert_allclose(engine(ids)[0], wanted, atol=2e-2)
