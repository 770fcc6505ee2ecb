"""Write with a model in a thread of its own, and hand over the text as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any, Literal, Protocol

from deepfield.errors import DeepfieldError

__all__ = ["Ending", "Streams", "write"]

Ending = Literal["end", "length", "stopped"]
"""Why a reply ends: by itself, at its greatest length, or because it was stopped."""


class Streams(Protocol):
    """What writes a reply piece by piece, such as the chatbot's ``Generator``."""

    name: str

    @property
    def thinks(self) -> bool:
        """Return whether a reply begins with thoughts, up to ``</think>``."""

    def stream(
        self,
        question: str,
        passages: Sequence[str],
        history: Sequence[tuple[str, str]] = (),
        *,
        most: int = 256,
        stop: Callable[[], bool] = lambda: False,
    ) -> Generator[str, None, Ending]:
        """Return the pieces of a reply, and at their end why they end."""


def write(
    model: Any, tokenizer: Any, ids: list[int], most: int, stop: Callable[[], bool], name: str
) -> Generator[str, None, Ending]:
    """Yield the pieces of what a model writes after ``ids``, and return why it ends.

    The likeliest token is taken each time, so the same question gets the same reply. Whoever
    closes the iterator ends the thread, after the token that it is at.

    Args:
        stop: asked after each token, in the thread that writes.

    Raises:
        DeepfieldError: if memory runs out.
    """
    import torch
    from transformers import TextIteratorStreamer

    streamer = TextIteratorStreamer(
        tokenizer, skip_prompt=True, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    closed = threading.Event()
    stopped = threading.Event()
    raised: list[BaseException] = []
    written: list[int] = []

    def is_over(all_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        if not closed.is_set() and stop():
            stopped.set()
        over = closed.is_set() or stopped.is_set()
        return torch.full((len(all_ids),), over, dtype=torch.bool, device=all_ids.device)

    def work() -> None:
        try:
            asked = torch.tensor([ids], device=model.device)
            found = model.generate(
                asked,
                attention_mask=torch.ones_like(asked),
                max_new_tokens=most,
                streamer=streamer,
                stopping_criteria=[is_over],
            )
            written.extend(found[0, len(ids) :].tolist())
        except BaseException as error:  # raised again where the text is read
            raised.append(error)
        finally:
            streamer.end()

    if stop():
        return "stopped"
    thread = threading.Thread(target=work, name="deepfield-generator", daemon=True)
    thread.start()
    try:
        yield from (piece for piece in streamer if piece)
    finally:
        closed.set()
        thread.join()
    if raised:
        error = raised[0]
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate" in str(error):
            raise DeepfieldError(
                f"Memory ran out while {name!r} wrote; take a smaller model or fewer passages."
            ) from error
        raise error
    if stopped.is_set():
        return "stopped"
    ends = model.generation_config.eos_token_id or []
    return "length" if len(written) >= most and written[-1] not in ends else "end"
