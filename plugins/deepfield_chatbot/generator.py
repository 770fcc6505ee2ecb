"""Write answers with a chat model, from the passages that were found and from nothing else.

Any causal language model that transformers knows by itself, of the hub or in a local folder, in
safetensors. What it writes is checked against the passages (``generating/support.py``) and shown
as generated; where a sentence finds no support, the extract is shown instead
(``generating/grounded.py``).
"""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from deepfield.errors import DeepfieldError, InputError, UsageError
from deepfield_chatbot.generating.folders import LanguageFolder, check_memory, open_folder
from deepfield_chatbot.generating.grounded import GroundedReply, Outcome
from deepfield_chatbot.generating.prompts import Prompter
from deepfield_chatbot.generating.support import Checked, Sentence, checked
from deepfield_chatbot.generating.writing import Ending, write

__all__ = ["Checked", "Generator", "GroundedReply", "Outcome", "Sentence", "checked"]

CONTEXT = 2048
"""Tokens that a model reads and writes in all, if neither it nor its tokenizer says."""


class Generator:
    """A chat model in memory. Many callers may stream at once."""

    def __init__(self, model: Any, tokenizer: Any, prompter: Prompter, name: str) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.prompter = prompter
        self.name = name

    @classmethod
    def load(cls, name_or_folder: str | Path, device: str = "auto") -> Self:
        """Open a chat model.

        A folder is opened without the network. A name of the hub (``owner/name``) is downloaded
        to the hub's cache once, and opened from there ever after. No code of a model is run, and
        no pickle opened.

        Args:
            device: ``auto`` takes CUDA where there is one, else the CPU.

        Raises:
            UsageError: if there is no such folder, model or device.
            InputError: if it is nothing that is opened here, or broken.
            DeepfieldError: if the hub cannot be reached, or memory is too small.
        """
        place = _place(device)
        folder = open_folder(str(name_or_folder))
        with _quiet():
            tokenizer = _tokenizer(folder)
            config, network = _network(folder)
            context = _context(config, tokenizer)
            prompter = Prompter(tokenizer, context, folder.name)
            model = _model(folder, config, network, place)
        _set_generation(model, tokenizer, prompter.ends)
        return cls(model, tokenizer, prompter, folder.name)

    @property
    def thinks(self) -> bool:
        """Return whether a reply begins with thoughts, up to ``</think>``."""
        return self.prompter.thinks

    def stream(
        self,
        question: str,
        passages: Sequence[str],
        history: Sequence[tuple[str, str]] = (),
        *,
        most: int = 256,
        stop: Callable[[], bool] = lambda: False,
    ) -> abc.Generator[str, None, Ending]:
        """Return an iterator over the pieces of a reply, which ends with why it ends.

        Passages are numbered from 1; the prompt is cut to the model's context, the last passages
        first. Close the iterator, or exhaust it, to end the thread that writes.

        Args:
            history: earlier questions with their replies, the last at the end.
            most: tokens of the reply; at most half of the context.
            stop: asked after each token whether to end, in the thread that writes; what it raises
                is raised by the iterator.

        Raises:
            InputError: if the question is too long for the model.
            DeepfieldError: while iterating, if memory runs out.
        """
        most = max(1, min(most, self.prompter.context // 2))
        ids = self.prompter.ids(question, passages, history, most)
        return write(self.model, self.tokenizer, ids, most, stop, self.name)


def _place(device: str) -> str:
    import torch

    has_cuda = torch.cuda.is_available()
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"No device {device!r}; choose auto, cpu or cuda.")
    if device == "cuda" and not has_cuda:
        raise UsageError("This machine has no CUDA device that torch can use; choose auto or cpu.")
    return "cuda" if has_cuda and device != "cpu" else "cpu"


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out the progress bar that transformers draws for each tensor."""
    from transformers.utils import logging

    was_shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_shown:
            logging.enable_progress_bar()


def _tokenizer(folder: LanguageFolder) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(
            folder.path, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # transformers raises anything at all
        raise _unopened(folder, "tokenizer", error) from error


def _network(folder: LanguageFolder) -> tuple[Any, Any]:
    """Return the configuration and the class of transformers that is its network."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

    try:
        config = AutoConfig.from_pretrained(
            folder.path, local_files_only=True, trust_remote_code=False
        )
        network = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    except Exception as error:  # transformers raises anything at all
        raise _unopened(folder, "configuration", error) from error
    return config, network


def _context(config: Any, tokenizer: Any) -> int:
    text = config.get_text_config()
    found = [getattr(text, "max_position_embeddings", None), tokenizer.model_max_length]
    # What no tokenizer was told is some 10^30.
    return min((each for each in found if each and 0 < each < 10**8), default=CONTEXT)


def _model(folder: LanguageFolder, config: Any, network: Any, place: str) -> Any:
    import psutil
    import torch

    from deepfield.neural.training import multiplies_in_bfloat16

    dtype = torch.float32
    if folder.is_half and (
        torch.cuda.is_bf16_supported() if place == "cuda" else multiplies_in_bfloat16()
    ):
        dtype = torch.bfloat16
    needed = folder.parameters * dtype.itemsize
    check_memory(folder.name, needed, psutil.virtual_memory().available, "this machine")
    if place == "cuda":
        check_memory(folder.name, needed, torch.cuda.mem_get_info()[0], "the GPU")
    try:
        model, told = network.from_pretrained(
            folder.path,
            config=config,
            local_files_only=True,
            use_safetensors=True,
            dtype=dtype,
            # Named, so that a configuration cannot ask for a kernel of the hub, which is code.
            attn_implementation="sdpa" if getattr(network, "_supports_sdpa", False) else "eager",
            output_loading_info=True,
        )
        model = model.eval().to(place)
    except Exception as error:  # transformers raises anything at all
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate" in str(error):
            raise DeepfieldError(
                f"Memory ran out while {folder.name!r} was opened; take a smaller model."
            ) from error
        raise _unopened(folder, "weights", error) from error
    lost = sorted(map(str, [*told["missing_keys"], *told["mismatched_keys"]]))
    if lost:  # they would be random
        raise InputError(
            f"The weights of {folder.name!r} lack {lost[0]!r} and {len(lost) - 1} others; "
            "copy the folder whole."
        )
    return model


def _set_generation(model: Any, tokenizer: Any, ends: set[int]) -> None:
    """Take the likeliest token each time, whatever the model's folder asks for."""
    from transformers import GenerationConfig

    ends = set(ends)
    for config in (model.generation_config, model.config.get_text_config()):
        told = getattr(config, "eos_token_id", None)
        ends.update([told] if isinstance(told, int) else told or [])
    padding = tokenizer.pad_token_id
    model.generation_config = GenerationConfig(
        do_sample=False,
        eos_token_id=sorted(ends) or None,
        pad_token_id=padding if padding is not None else min(ends, default=0),
    )


def _unopened(folder: LanguageFolder, part: str, error: Exception) -> InputError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")
    return InputError(
        f"The {part} of the language model {folder.name!r} cannot be opened: {reason}."
    )
