"""However a fit ends, nothing half made stays and how it ended is written down."""

from __future__ import annotations

import shutil
import signal

import pytest

from deepfield.fits import start_fit
from deepfield.fitting.ending import ended
from deepfield.fitting.progress import Stopped


@pytest.fixture
def fit():
    made = start_fit(domain="bright", name="mine", source="pictures", face="python")
    (made.work / "model").mkdir()
    (made.work / "model" / "config.json").write_text("{}")
    return made


def test_a_second_interrupt_while_it_is_cleared_up_changes_nothing(fit, monkeypatch):
    removed, settled = shutil.rmtree, []

    def interrupted(path, **how):
        monkeypatch.setattr(shutil, "rmtree", removed)
        signal.raise_signal(signal.SIGINT)

    def settle(state, message):
        settled.append(state)
        if len(settled) == 1:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with (
        pytest.raises(Stopped, match="nothing of it was kept"),
        ended(fit, "mine", lambda: False, settle),
    ):
        raise KeyboardInterrupt
    assert not fit.work.exists()
    assert settled == ["stopped", "stopped"]


def test_a_model_in_its_place_is_kept_whatever_comes(fit):
    settled = []
    with (
        pytest.raises(Stopped, match="too late to stop"),
        ended(fit, "mine", lambda: True, lambda state, message: settled.append(state)),
    ):
        raise KeyboardInterrupt
    assert settled == ["done"]
    assert not fit.work.exists()
