"""What signals do while a command works; sent to this process, whose own handlers come back."""

from __future__ import annotations

import signal

import pytest

from deepfield.cli.stopping import stoppable

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers():
    before = [signal.getsignal(each) for each in SIGNALS]
    yield
    assert [signal.getsignal(each) for each in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_cancels_and_lets_the_work_go_on(number):
    told = []
    with stoppable(lambda: told.append(number)):
        signal.raise_signal(number)
        signal.raise_signal(number)
        told.append("the last batch")
    assert told == [number, "the last batch"]


@pytest.mark.parametrize("number", SIGNALS)
def test_at_once_it_also_ends_what_is_being_done(number):
    told = []

    def work():
        with stoppable(lambda: told.append(number), at_once=True):
            signal.raise_signal(number)
            told.append("never")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert told == [number]


def test_a_second_signal_while_the_first_cancels_does_not_cancel_again():
    told = []

    def cancel():
        told.append("cancelled")
        signal.raise_signal(signal.SIGINT)  # within the lock that cancelling takes

    with stoppable(cancel):
        signal.raise_signal(signal.SIGTERM)
    assert told == ["cancelled"]
