"""Sound outputs and MIDI inputs as interfaces, and those of this machine by sounddevice and python-rtmidi."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeAlias

import numpy as np

from ...base.errors import BadSetting, MissingExtra, how_to_install
from ...base.names import nearest_names, quoted

Package: TypeAlias = Any
"""A package of the extra ``live``, or an object of one; they have no types."""

Fill = Callable[[np.ndarray], bool]
"""Fills a block ``(channels, time)`` with the next samples, and returns whether more follow."""

Receive = Callable[[bytes], None]
"""Takes a MIDI message."""


class OpenOutput(ABC):
    """A sound output that plays."""

    latency_seconds: float  # from a block that is filled to its sound, as far as the device knows

    @abstractmethod
    def wait(self, seconds: float) -> bool:
        """Wait for the end of the sound; return whether it has ended."""


class SoundOutput(ABC):
    """A device that plays blocks."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of the devices."""

    @abstractmethod
    def opened(
        self, name: str | None, sample_rate: int, n_channels: int, n_block: int, fill: Fill
    ) -> AbstractContextManager[OpenOutput]:
        """Open a device as a context, in which ``fill`` is called for each block.

        - ``name``: a part of its name; None for the usual one.
        - ``n_block``: samples of a block; 0 leaves that to the device.

        Raises BadSetting if there is no such device, or it does not play at that sample rate.
        """


class MidiInput(ABC):
    """A device that sends MIDI messages."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of the ports."""

    @abstractmethod
    def opened(self, name: str | None, receive: Receive) -> AbstractContextManager[str]:
        """Open a port by a part of its name as a context, in which ``receive`` is called with each message.

        Without a name, that is the first one, or one that other programs connect to. The context yields the name.

        Raises BadSetting if there is no such port.
        """


def chosen(name: str | None, names: list[str], kind: str) -> int | None:
    """Return the index of the only or first device whose name contains a text; None without a name.

    Raises BadSetting if there is none.
    """
    if name is None:
        return None
    matches = [index for index, known in enumerate(names) if name.casefold() in known.casefold()]
    if not matches:
        nearest = nearest_names(name, names, 1)
        there = f"the nearest is {nearest[0]}" if nearest else f"there are {', '.join(names) or 'none'}"
        raise BadSetting(f"There is no {kind} {quoted(name)}; {there}.")
    return matches[0]


def _imported(module: str) -> Package:
    """Import a package of the extra ``live``; raise MissingExtra without it."""
    import importlib

    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: PortAudio itself is missing
        reason = "" if isinstance(error, ModuleNotFoundError) else f" ({error})"
        raise MissingExtra(
            f"Playing needs {module}, which cannot be used{reason}: {how_to_install('live')}."
        ) from error


class _SystemStream(OpenOutput):
    def __init__(self, stream: Package, has_ended: threading.Event) -> None:
        self.latency_seconds = float(stream.latency)
        self._has_ended = has_ended

    def wait(self, seconds: float) -> bool:
        return self._has_ended.wait(seconds)


class SystemOutput(SoundOutput):
    """The sound devices of this machine, by PortAudio."""

    def names(self) -> list[str]:
        """Return the names of the devices that play."""
        devices = _imported("sounddevice").query_devices()
        return [str(each["name"]) for each in devices if each["max_output_channels"] > 0]

    @contextmanager
    def opened(
        self, name: str | None, sample_rate: int, n_channels: int, n_block: int, fill: Fill
    ) -> Iterator[OpenOutput]:
        """Open a device; see :class:`SoundOutput`."""
        sounddevice = _imported("sounddevice")
        names = self.names()
        index = chosen(name, names, "sound output")
        has_ended = threading.Event()

        def callback(output: np.ndarray, _n_samples: int, _time: object, _status: object) -> None:
            block = np.zeros((output.shape[1], output.shape[0]), np.float32)
            has_more = fill(block)
            output[:] = block.T
            if not has_more:
                raise sounddevice.CallbackStop

        try:
            stream = sounddevice.OutputStream(
                samplerate=sample_rate,
                blocksize=n_block,
                device=None if index is None else names[index],
                channels=n_channels,
                dtype="float32",
                latency="low" if n_block else "high",
                callback=callback,
                finished_callback=has_ended.set,
            )
        except (sounddevice.PortAudioError, ValueError) as error:
            raise BadSetting(
                f"The sound output cannot be opened at {sample_rate} Hz ({error}); choose another one with --device."
            ) from error
        with stream:
            yield _SystemStream(stream, has_ended)


class SystemMidi(MidiInput):
    """The MIDI ports of this machine, by RtMidi."""

    def names(self) -> list[str]:
        """Return the names of the input ports."""
        return list(_imported("rtmidi").MidiIn().get_ports())

    @contextmanager
    def opened(self, name: str | None, receive: Receive) -> Iterator[str]:
        """Open a port; see :class:`MidiInput`."""
        midi = _imported("rtmidi").MidiIn()
        names = list(midi.get_ports())
        index = chosen(name, names, "MIDI input")
        midi.set_callback(lambda message, _data: receive(bytes(message[0])))
        if index is None and not names:
            midi.open_virtual_port("Wavewright")
            title = "Wavewright, a port that other programs connect to"
        else:
            midi.open_port(index or 0)
            title = names[index or 0]
        try:
            yield title
        finally:
            midi.cancel_callback()
            midi.close_port()
