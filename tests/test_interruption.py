"""Signals that end a process: raised once, deferred where a block asks for it, and told by the exit code."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress

import pytest

from wavewright.apps import cli
from wavewright.base.interruption import ENDING, Terminated, deferred_endings, ended_by_signals, uninterrupted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without telling them")


@pytest.fixture(autouse=True)
def default_handlers():
    before = [signal.signal(number, signal.SIG_DFL) for number in ENDING]
    yield
    assert all(signal.getsignal(number) is signal.SIG_DFL for number in ENDING)
    for number, handler in zip(ENDING, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_the_first_signal_is_raised_and_later_ones_are_ignored(number):
    with ended_by_signals() as received:
        assert received() is None
        with pytest.raises(Terminated, match=signal.Signals(number).name):
            signal.raise_signal(number)
        for later in ENDING:
            signal.raise_signal(later)
        assert received() == number


@pytest.mark.parametrize("number", ENDING)
def test_a_deferred_signal_is_passed_on_and_the_next_one_raised_after_the_block(number):
    requests = []
    with ended_by_signals() as received:
        with deferred_endings(requests.append):
            signal.raise_signal(number)
            signal.raise_signal(number)
        assert requests == [number, number]
        with pytest.raises(Terminated):
            signal.raise_signal(number)
        signal.raise_signal(number)
        assert received() == number


def test_a_deferral_may_raise_and_ends_with_its_block():
    def refuse(number):
        raise Terminated

    with ended_by_signals(), pytest.raises(Terminated), deferred_endings(refuse):
        signal.raise_signal(signal.SIGTERM)
    with ended_by_signals(), pytest.raises(Terminated, match="SIGTERM"):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("number", ENDING)
def test_a_block_that_is_not_interrupted_ends_before_the_signal_is_raised(number):
    done, requests = [], []
    with ended_by_signals() as received:
        with deferred_endings(requests.append), uninterrupted():
            signal.raise_signal(number)
            assert not requests
        assert requests == [number]
        with suppress(Terminated):
            with uninterrupted(), uninterrupted():
                signal.raise_signal(number)
                done.append("inside")
            done.append("after")
        signal.raise_signal(number)  # ignored while what is half-written is removed
        assert (done, received()) == (["inside"], number)


def test_a_handler_of_somebody_else_stays_theirs():
    seen = []
    signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    with ended_by_signals() as received, deferred_endings(seen.append):
        signal.raise_signal(signal.SIGTERM)
    assert (seen, received()) == ([signal.SIGTERM], None)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.mark.parametrize("is_deferred", [False, True])
@pytest.mark.parametrize("number", ENDING)
def test_the_exit_code_tells_the_signal(monkeypatch, number, is_deferred):
    def command(arguments):
        if is_deferred:
            with deferred_endings(lambda _: None):
                signal.raise_signal(number)
            return 0
        with pytest.raises(Terminated):
            signal.raise_signal(number)
        return cli.INTERRUPTED

    monkeypatch.setattr(cli, "run", command)
    monkeypatch.setattr(cli, "open_standard_streams", lambda: None)
    monkeypatch.setattr(cli.gc, "freeze", lambda: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 128 + number
