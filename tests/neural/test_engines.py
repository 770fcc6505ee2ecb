from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from deepfield.errors import InputError
from deepfield.models import ModelFolder
from deepfield.neural.attribution import evidence_maps
from deepfield.neural.engines import OpenVinoEngine, TorchEngine, open_engine
from deepfield.neural.weights import load_weights, save_weights


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, 3, padding=1)
        self.head = nn.Linear(4, 2)

    def maps(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.convolution(pixels.float().unsqueeze(1) / 255))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pooled = self.maps(pixels).mean((2, 3))
        return self.head(pooled), pooled


@pytest.fixture
def folder(tmp_path) -> ModelFolder:
    torch.manual_seed(0)
    (tmp_path / "config.json").write_text("{}")
    save_weights(Small(), tmp_path / "model.safetensors")
    return ModelFolder(tmp_path)


def build(folder: ModelFolder) -> Small:
    network = Small()
    load_weights(network, folder.weights)
    return network


PIXELS = np.random.default_rng(0).integers(0, 256, (70, 24, 24), dtype=np.uint8)


def engines(folder: ModelFolder):
    return [
        open_engine(
            folder, lambda: build(folder), PIXELS[:1], Path(__file__), "cpu", openvino=choice
        )
        for choice in (True, False)
    ]


def test_engines_give_the_same_answers(folder):
    fast, plain = engines(folder)
    assert isinstance(fast, OpenVinoEngine)
    assert isinstance(plain, TorchEngine)
    for one, other in zip(fast(PIXELS), plain(PIXELS), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, atol=2e-2)


def test_cached_graph_needs_no_network(folder):
    first = engines(folder)[0](PIXELS)

    def never() -> nn.Module:
        raise AssertionError("the graph was in the cache")

    again = open_engine(folder, never, PIXELS[:1], Path(__file__), "cpu", openvino=True)(PIXELS)
    np.testing.assert_array_equal(first[0], again[0])


def test_a_graph_is_found_again_when_its_model_has_moved(folder, tmp_path, home):
    """A fit is measured in its work folder before its model gets its place and its name."""
    (home / "cache").unlink()
    code = tmp_path / "code.py"
    code.write_text("moved")
    open_engine(folder, lambda: build(folder), PIXELS[:1], code, "cpu", openvino=True)
    place = tmp_path / "mine"
    place.mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).rename(place / name)

    def never() -> nn.Module:
        raise AssertionError("the graph was in the cache")

    open_engine(ModelFolder(place), never, PIXELS[:1], code, "cpu", openvino=True)
    (_,) = (home / "cache" / "engines").iterdir()


def test_changed_code_makes_a_new_graph(folder, tmp_path):
    """The same weights in a network that computes something else must not meet an old graph."""
    code = tmp_path / "network.py"
    code.write_text("first")
    open_engine(folder, lambda: build(folder), PIXELS[:1], code, "cpu", openvino=True)
    code.write_text("second")

    class Doubled(Small):
        def forward(self, pixels):
            logits, pooled = super().forward(pixels)
            return 2 * logits, pooled

    def changed():
        network = Doubled()
        load_weights(network, folder.weights)
        return network

    again = open_engine(folder, changed, PIXELS[:1], code, "cpu", openvino=True)
    plain = engines(folder)[1]
    np.testing.assert_allclose(again(PIXELS)[0], 2 * plain(PIXELS)[0], atol=2e-2)


def test_engine_may_be_called_from_many_threads(folder):
    fast = engines(folder)[0]
    alone = fast(PIXELS)[0]
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(lambda _: fast(PIXELS)[0], range(12)):
            np.testing.assert_allclose(answer, alone, atol=1e-6)


def test_weights_of_another_network_are_one_sentence(folder):
    with pytest.raises(InputError, match="do not fit their network"):
        load_weights(nn.Linear(3, 3), folder.weights)


def test_heat_map_finds_the_bright_corner():
    network = Small().eval()
    with torch.no_grad():  # a network made by hand: the second class is "bright"
        network.convolution.weight.zero_()
        network.convolution.bias.zero_()
        network.convolution.weight[0, 0, 1, 1] = 1.0
        network.head.weight.copy_(torch.tensor([[-1.0, 0, 0, 0], [1.0, 0, 0, 0]]))
    picture = torch.zeros(1, 16, 16, dtype=torch.uint8)
    picture[:, 10:, 10:] = 255
    (heat,) = evidence_maps(
        lambda x: network(x)[0], network.convolution, picture, torch.tensor([1])
    )
    assert heat.shape == (16, 16)
    assert heat[12:, 12:].min() > 0.95
    assert heat[:7, :7].max() < 0.01


class Guessed(Small):
    """Clamps before it looks for what is missing, which engines understand differently."""

    def forward(self, rows):
        limited = rows.clamp(-3, 3)
        return torch.where(torch.isnan(limited), 0.0, limited).sum(dim=1, keepdim=True)


def test_an_engine_that_answers_otherwise_is_not_used(folder, caplog):
    special = np.array([[0.0, 1.0], [np.nan, 1.0]], dtype=np.float32)
    for example, kind in ((special[:1], OpenVinoEngine), (special, TorchEngine)):
        code = folder.path / f"{kind.__name__}.py"
        code.write_text(kind.__name__)  # two networks, two graphs
        engine = open_engine(folder, Guessed, example, code, "cpu", openvino=True)
        assert isinstance(engine, kind)
    assert "OpenVINO answers otherwise than torch" in caplog.text
    np.testing.assert_array_equal(engine(special)[0], [[1.0], [1.0]])


class Strange(Small):
    """Holds a step that OpenVINO does not know."""

    def forward(self, rows):
        return torch.special.i0e(rows) + torch.linalg.eigvalsh(rows.T @ rows).sum()


def test_what_openvino_cannot_take_runs_in_torch(folder, caplog):
    rows = np.ones((3, 2), dtype=np.float32)
    code = folder.path / "strange.py"
    code.write_text("strange")
    engine = open_engine(folder, Strange, rows, code, "cpu", openvino=True)
    assert isinstance(engine, TorchEngine)
    assert "OpenVINO cannot take" in caplog.text
    assert engine(rows)[0].shape == (3, 2)


def test_a_signal_ends_nothing_after_an_engine_was_let_go_by_another_thread(tmp_path):
    graph = tmp_path / "network.xml"
    code = f"""
import gc, signal, threading
import numpy as np
from deepfield.neural.engines import OpenVinoEngine, import_openvino

openvino = import_openvino()
place = openvino.opset13.parameter([-1, 4], np.float32)
openvino.save_model(openvino.Model([openvino.opset13.relu(place)], [place]), {str(graph)!r})
held = [OpenVinoEngine({str(graph)!r})]
other = threading.Thread(target=held.clear)
other.start()
other.join()
gc.collect()
signal.signal(signal.SIGUSR1, lambda *_: print("handled"))
signal.raise_signal(signal.SIGUSR1)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr
