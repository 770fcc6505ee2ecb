"""Find the folder of a language model, and refuse what would run code, unpickle or not fit.

Only safetensors and JSON are read. A folder that is there is opened without the network; a name
of the hub is asking for it, once: what was downloaded is not looked for again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepfield.errors import DeepfieldError, InputError, NotFoundError

__all__ = ["LanguageFolder", "check_memory", "open_folder"]

HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
SETTINGS = (".json", ".jinja", ".txt")
"""Beside weights only settings, chat templates and vocabularies are downloaded."""
SPARE = 1.2
"""Times its weights: what a model needs with all that it computes. An estimate."""
PLAIN = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True)
class LanguageFolder:
    """A folder that holds a causal language model in safetensors."""

    path: Path
    name: str
    """As the person named it."""
    config: dict[str, Any]
    parameters: int
    is_half: bool
    """Whether most of its numbers are kept in 16 bits."""


def open_folder(name: str) -> LanguageFolder:
    """Return the folder of a model of the hub, or a local one, once it is fit to be opened.

    Raises:
        DeepfieldError: if there is none, or it is nothing that is opened here.
    """
    path = _local(name)
    path = _from_hub(name) if path is None else path
    if (path / "adapter_config.json").is_file():
        # transformers would look for the model that it changes, on the hub if need be
        raise InputError(
            f"{name!r} is an adapter, not a whole model; merge it into its model and save that."
        )
    config = _read(path / "config.json", name)
    files = _weights(path, name)
    _check_config(config, name)
    counts = _counts(files, name)
    half = sum(count for kind, count in counts.items() if PLAIN.get(kind) == 2)
    total = sum(counts.values())
    return LanguageFolder(path, name, config, total, half > total / 2)


def check_memory(name: str, needed: float, free: float, where: str) -> None:
    """Refuse a model that would not fit.

    Args:
        needed: bytes of its weights.
        free: bytes.
    """
    needed *= SPARE
    if needed > free:
        raise DeepfieldError(
            f"The language model {name!r} needs about {needed / 2**30:.1f} GiB, and {where} has "
            f"{free / 2**30:.1f} GiB free; take a smaller one."
        )


def _local(name: str) -> Path | None:
    """Return a local folder, or None for a name of the hub."""
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.is_file():
        raise InputError(f"{name!r} is a file; give the folder of the language model.")
    # "models/mine" beside a folder "models" is a mistyped folder: it must not be asked of the hub.
    if HUB_NAME.fullmatch(name) and not path.parent.is_dir():
        return None
    raise NotFoundError(
        f"There is no folder {name!r}; give one with a chat model, or a name of the hub such as "
        "'Qwen/Qwen2.5-0.5B-Instruct'."
    )


def _from_hub(name: str) -> Path:
    """Return the folder in the hub's cache, filled if it is not there yet."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub import errors as hub

    try:
        path = Path(snapshot_download(name, local_files_only=True, allow_patterns=[WEIGHTS, INDEX]))
        if _is_whole(path):
            return path
    except (hub.LocalEntryNotFoundError, OSError, ValueError):
        pass  # not there, or not whole: asked of the hub now
    try:
        listed = HfApi().model_info(name, files_metadata=True, timeout=20).siblings or []
        sizes = {each.rfilename: each.size or 0 for each in listed}
        wanted = _wanted(sizes, name)
        weights = sum(sizes[each] for each in wanted if each.endswith(".safetensors"))
        check_memory(name, weights, _free_memory(), "this machine")
        return Path(snapshot_download(name, allow_patterns=wanted))
    except hub.GatedRepoError as error:
        raise InputError(
            f"The hub gives {name!r} only to those who accepted its terms; accept them on its "
            "page and run `hf auth login`."
        ) from error
    except hub.RepositoryNotFoundError as error:
        raise NotFoundError(
            f"The hub has no model {name!r}, or shows it to nobody who is not signed in; there is "
            "no folder of that name either."
        ) from error
    # HTTPError is of httpx or httpx2, by the version of huggingface_hub.
    except (OSError, hub.HTTPError) as error:
        raise DeepfieldError(
            f"{name!r} is not on this machine, and the hub cannot be reached "
            f"({_first_line(error)}); connect, or give a local folder."
        ) from error


def _wanted(names: Iterable[str], name: str) -> list[str]:
    """Return which files of a repository are downloaded."""
    names = set(names)
    weights = [WEIGHTS] if WEIGHTS in names else [each for each in names if SHARD.fullmatch(each)]
    if not weights:
        raise InputError(_no_safetensors(name))
    plain = [each for each in names if "/" not in each and each.endswith(SETTINGS)]
    return sorted({*weights, *plain, *(names & {"tokenizer.model"})})


def _is_whole(path: Path) -> bool:
    names = ("config.json", "tokenizer_config.json")
    try:
        return bool(_weights(path, "")) and all((path / each).is_file() for each in names)
    except DeepfieldError:
        return False


def _weights(path: Path, name: str) -> list[Path]:
    if (path / WEIGHTS).is_file():
        return [path / WEIGHTS]
    if not (path / INDEX).is_file():
        raise InputError(_no_safetensors(name))
    index = _read(path / INDEX, name).get("weight_map")
    names = sorted(set(index.values())) if isinstance(index, dict) else []
    for each in names:
        if (
            not isinstance(each, str)
            or Path(each).name != each
            or not each.endswith(".safetensors")
        ):
            raise InputError(f"{INDEX} of {name!r} names {each!r}, which is no file beside it.")
        if not (path / each).is_file():
            raise InputError(f"The folder {name!r} lacks {each!r}; copy it whole.")
    if not names:
        raise InputError(f"{INDEX} of {name!r} names no weights; copy the folder whole.")
    return [path / each for each in names]


def _check_config(config: dict[str, Any], name: str) -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    # Read, these would have pickled weights or foreign kernels opened.
    if "transformers_weights" in config:
        raise InputError(f"{name!r} keeps its weights under another name; save it anew.")
    if config.get("quantization_config"):
        raise InputError(
            f"{name!r} is kept quantised, which needs code of other packages; take the model that "
            "it was made from, or a smaller one."
        )
    known = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    architectures = config.get("architectures") or []
    if not isinstance(architectures, list) or not known & set(map(str, architectures)):
        is_own = "auto_map" in config and config.get("model_type") not in (
            MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        )
        if is_own:
            raise InputError(
                f"{name!r} brings code of its own, which is not run here; take a model that "
                "transformers knows by itself."
            )
        found = ", ".join(map(str, architectures)) or "none"
        raise InputError(
            f"{name!r} is no causal language model that transformers knows (its architecture: "
            f"{found}); take a chat model."
        )


def _counts(files: Iterable[Path], name: str) -> dict[str, int]:
    """Return how many numbers of each kind safetensors hold, by their heads alone."""
    counts: dict[str, int] = {}
    for file in files:
        try:
            with file.open("rb") as stream:
                length = int.from_bytes(stream.read(8), "little")
                if not 0 < length < min(file.stat().st_size, 100_000_000):
                    raise ValueError("its head is too short or too long")
                head = json.loads(stream.read(length))
            for key, tensor in head.items():
                if key != "__metadata__":
                    number = 1
                    for size in tensor["shape"]:
                        number *= size
                    counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + number
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{file.name!r} of {name!r} is broken: {_first_line(error)}; copy it anew."
            ) from error
    return counts


def _free_memory() -> int:
    import psutil

    return psutil.virtual_memory().available


def _read(file: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"The folder {name!r} has no {file.name!r}; give one that holds a chat model."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file.name!r} of {name!r} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise InputError(f"{file.name!r} of {name!r} holds no settings; copy it anew.")
    return found


def _no_safetensors(name: str) -> str:
    return (
        f"{name!r} has no weights in safetensors, the one format that is read here: others can run "
        "code when they are opened."
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
