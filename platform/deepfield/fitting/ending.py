"""How a fit ends: done, stopped or failed, and in each case with nothing half made."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from deepfield.errors import DeepfieldError
from deepfield.fits import Fit
from deepfield.fitting.progress import Stopped

__all__ = ["ended"]


@contextmanager
def ended(
    fit: Fit, name: str, kept: Callable[[], bool], settle: Callable[[str, str], None]
) -> Iterator[None]:
    """Remove what the fit inside leaves unfinished, and have written down how it ended.

    Args:
        name: of the model.
        kept: says whether the model lies in its place: nothing after that can undo it.
        settle: told the state and, if it failed, why.

    Raises:
        Stopped: if a person ended it.
        DeepfieldError: in the place of what the disk says.
    """
    state, message = "failed", ""
    try:
        yield
    except (Stopped, KeyboardInterrupt) as error:
        if kept():
            said = f"It was too late to stop: the model {name!r} is whole and was kept."
            raise Stopped(said) from error
        state = "stopped"
        raise Stopped("The fit was stopped; nothing of it was kept.") from error
    except DeepfieldError as error:
        message = str(error)
        raise
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else str(error)
        message = f"The fit broke off: {reason}. Nothing of it was kept."
        raise DeepfieldError(message) from error
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise
    finally:
        if kept():
            state, message = "done", ""
        for step in (fit.clear, partial(settle, state, message)):
            try:
                step()
            except KeyboardInterrupt:  # a second one, while the first is obeyed: it changes nothing
                step()
