"""Run a network fast: OpenVINO on a CPU, torch where that is missing or a GPU is there.

The graph that OpenVINO runs is made from the model's weights when it is first needed and kept in
the cache folder; with it there, a process scores without importing torch at all.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deepfield.errors import DeepfieldError, UsageError
from deepfield.folders import cache_folder
from deepfield.models import ModelFolder

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Engine", "OpenVinoEngine", "TorchEngine", "open_engine"]

log = logging.getLogger(__name__)

Precision = Literal["f32", "bf16"]
_opening = threading.Lock()
_opened: Any = None

SLICE = 4
"""Pictures a request: enough to share what a call costs, few enough to stay in cores' caches."""
NEAR = 1e-2
"""How far answers of two engines may lie apart, of 1 or of their size."""


class Engine(ABC):
    """A network in memory: one array in, a tuple of arrays out. Safe to call from many threads."""

    device: str

    @abstractmethod
    def __call__(self, batch: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the network's outputs as float32, the batch being the first axis of each."""


class TorchEngine(Engine):
    """The network as torch runs it."""

    def __init__(self, network: nn.Module, device: str, rows_at_once: int = 64) -> None:
        self.network = network.eval().to(device)
        self.device = device
        self.rows_at_once = rows_at_once

    def __call__(self, batch: np.ndarray) -> tuple[np.ndarray, ...]:
        import torch

        step = self.rows_at_once
        with torch.inference_mode():
            parts = [
                self.network(torch.from_numpy(batch[start : start + step]).to(self.device))
                for start in range(0, len(batch), step)
            ]
        outputs = [(each,) if isinstance(each, torch.Tensor) else each for each in parts]
        return tuple(torch.cat(each).float().cpu().numpy() for each in zip(*outputs, strict=True))


class OpenVinoEngine(Engine):
    """The network as OpenVINO runs it: one request a core, each with a slice of the batch.

    Requests are waited for, not given callbacks: OpenVINO drops those from threads of its own,
    which Python does not survive.
    """

    device = "cpu"

    def __init__(
        self, graph: Path, rows_a_request: int = SLICE, precision: Precision = "f32"
    ) -> None:
        self.rows_a_request = rows_a_request
        self.compiled = _core().compile_model(
            graph,
            "CPU",
            # OpenVINO would choose bf16 by itself where the processor has it. That moved
            # probabilities of the chest model by up to 0.026: answers must not depend on the
            # machine, so float32 is asked for unless somebody measured that bf16 does no harm.
            {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": precision},
        )
        self._idle: deque[Any] = deque()

    def __call__(self, batch: np.ndarray) -> tuple[np.ndarray, ...]:
        step = self.rows_a_request
        slices = [batch[start : start + step] for start in range(0, len(batch), step)]
        requests = [self._request() for _ in range(min(len(slices), os.cpu_count() or 1))]
        answers = []
        for place in range(len(slices) + len(requests)):
            request = requests[place % len(requests)]
            if place >= len(requests):
                request.wait()
                answers.append([np.array(each.data) for each in request.output_tensors])
            if place < len(slices):
                request.start_async({0: np.ascontiguousarray(slices[place])})
        self._idle.extend(requests)
        return tuple(np.concatenate(each) for each in zip(*answers, strict=True))

    def _request(self) -> Any:
        """Take a request that nobody uses: it has its memory already."""
        try:
            return self._idle.pop()
        except IndexError:
            return self.compiled.create_infer_request()


def _core() -> Any:
    """Return the process's one runtime of OpenVINO, which is never let go.

    It gives the thread that opens it a stack for signals. Let go by another thread, it frees that
    stack and leaves it in place, and the next signal, be it Ctrl-C, kills the process.
    """
    global _opened
    with _opening:
        if _opened is None:
            _opened = import_openvino().Core()
        return _opened


def import_openvino() -> ModuleType:
    """Import OpenVINO without its telemetry, which would report to its makers unasked."""
    # A module that is None counts as not installed, and OpenVINO then falls back on a stub.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # as said
    import openvino

    return openvino


def open_engine(
    folder: ModelFolder,
    build: Callable[[], nn.Module],
    example: np.ndarray,
    code: Path,
    device: str = "auto",
    openvino: bool | None = None,
    rows_a_request: int = SLICE,
    varying: tuple[int, ...] = (0,),
    precision: Precision = "f32",
) -> Engine:
    """Return the fastest engine for a model on this machine.

    Args:
        build: makes the network with its weights; called only if torch is needed.
        example: a few rows, for tracing, and to compare what the engines answer: give it whatever
            is special, such as missing numbers.
        code: the file that defines the network; when it changes, so does the cached graph.
        device: ``auto`` takes CUDA where there is one, else the CPU.
        openvino: whether the CPU runs it through OpenVINO; None: if it is installed.
        rows_a_request: how many rows are taken at once: many where a row is small.
        varying: the axes of the input whose length is another in each call: the batch, and of
            texts their length.
        precision: what OpenVINO multiplies in. ``bf16`` is faster where the processor has it, and
            answers then hang on the machine: only where it was measured to do no harm.
    """
    if device == "cuda" and not _has_cuda():
        raise UsageError("This machine has no CUDA device that torch can use; choose auto or cpu.")
    if device == "cuda" or (device == "auto" and _has_cuda()):
        return TorchEngine(build(), "cuda", max(64, rows_a_request))
    if openvino is False or (openvino is None and find_spec("openvino") is None):
        return TorchEngine(build(), "cpu", max(64, rows_a_request))
    graph = _graph(folder, build, example, code, varying)
    if graph is None:
        return TorchEngine(build(), "cpu", max(64, rows_a_request))
    return OpenVinoEngine(graph, rows_a_request, precision)


def _graph(
    folder: ModelFolder,
    build: Callable[[], nn.Module],
    example: np.ndarray,
    code: Path,
    varying: tuple[int, ...],
) -> Path | None:
    """Return the cached graph of a model, making it if need be; None where torch must run it."""
    openvino = import_openvino()
    parts = [folder.network_hash, code.read_text(encoding="utf-8"), openvino.get_version()]
    if varying != (0,):
        parts.append(str(varying))
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    # Not by the folder's name: one that was just fitted moves, and keeps its graph.
    place = cache_folder() / "engines" / key
    if not (place / "network.xml").is_file():
        log.info("Preparing %s for this machine; this is done once.", folder.path.name)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeepfieldError(
                f"The cache folder {str(place.parent)!r} cannot be written: {error.strerror}. "
                "Set DEEPFIELD_HOME to a folder that can."
            ) from error
        # Made aside and moved, so that two processes or a kill cannot leave half a graph.
        with tempfile.TemporaryDirectory(dir=place.parent) as aside:
            made = Path(aside) / "made"
            network = build()
            try:
                openvino.save_model(
                    _convert(network, example, varying), made / "network.xml", False
                )
            except Exception as error:  # whatever a network holds, torch can run it
                log.warning(
                    "OpenVINO cannot take %s (%s); torch runs it, slower.",
                    folder.path.name,
                    str(error).strip().partition("\n")[0],
                )
                return None
            wanted = TorchEngine(network, "cpu")(example)
            if not _are_near(OpenVinoEngine(made / "network.xml")(example), wanted):
                log.warning(
                    "OpenVINO answers otherwise than torch for %s; torch runs it, slower. Its "
                    "network may hold a step that engines understand differently, such as one "
                    "that meets NaN.",
                    folder.path.name,
                )
                return None
            try:
                made.rename(place)
            except OSError:
                if not (place / "network.xml").is_file():
                    shutil.rmtree(place, ignore_errors=True)
                    made.rename(place)
    return place / "network.xml"


def _are_near(found: tuple[np.ndarray, ...], wanted: tuple[np.ndarray, ...]) -> bool:
    return all(
        np.allclose(one, other, rtol=NEAR, atol=NEAR, equal_nan=True)
        for one, other in zip(found, wanted, strict=True)
    )


def _convert(network: nn.Module, example: np.ndarray, varying: tuple[int, ...]):
    import warnings

    import torch

    openvino = import_openvino()
    level = logging.root.level
    try:
        with warnings.catch_warnings():
            # torch announces the end of tracing, which is still what OpenVINO converts by.
            warnings.simplefilter("ignore")
            return openvino.convert_model(
                network.eval(),
                example_input=torch.from_numpy(example),
                input=[-1 if axis in varying else size for axis, size in enumerate(example.shape)],
            )
    finally:
        logging.root.setLevel(level)  # a conversion that fails leaves everybody's log at ERROR


def _has_cuda() -> bool:
    """Return whether torch can use CUDA, without importing it where no driver is installed."""
    if shutil.which("nvidia-smi") is None and not Path("/dev/nvidia0").exists():
        return False
    import torch

    return torch.cuda.is_available()
