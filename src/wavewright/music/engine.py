"""The contract of instruments: events of MIDI channels in, stereo blocks out."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

N_CHANNELS = 16
DRUM_BANKS = (120, 126, 127)
"""Banks (the value of controller 0) that are drums on any channel: that of General MIDI 2, and those of XG."""

DRUM_CHANNEL = 9
"""Channel of drums in General MIDI, counted from 0."""

BEND_RANGE = (-8192, 8191)


class InstrumentEngine(ABC):
    """An instrument that plays MIDI channels in real time.

    Events take effect at the first sample that the next :meth:`process` returns. The length of the blocks changes no
    sample. A new engine is in the state that :meth:`reset` sets.

    - ``sample_rate``: in Hz.
    """

    sample_rate: int

    @abstractmethod
    def note_on(self, channel: int, key: int, velocity: int) -> None:
        """Start a note of a key, 0 to 127 (69 is A4), with a velocity, 1 to 127; channel 9 of 0 to 15 plays drums."""

    @abstractmethod
    def note_off(self, channel: int, key: int) -> None:
        """Release the oldest held note of this key, if there is one."""

    @abstractmethod
    def control(self, channel: int, controller: int, value: int) -> None:
        """Change a controller.

        - ``controller``: engines follow 1 (modulation), 7 (volume), 8 (balance), 10 (pan), 11 (expression), 64
          (sustain), 120 (all sound off), 121 (reset controllers), 123 (all notes off), and 6, 38, 100 and 101 for the
          range of the pitch bend and the tuning (RPN 0 to 2); after 98 or 99 (NRPN), 6 and 38 mean others. 91 and 93
          are the sends to reverb and chorus; an engine without these effects ignores them, as every other controller.
        """

    @abstractmethod
    def pitch_bend(self, channel: int, value: int) -> None:
        """Bend all notes of a channel; -8192 to 8191, by default over two semitones to either side."""

    def pressure(self, channel: int, value: int) -> None:  # noqa: B027 (engines without it play on)
        """Set the pressure of a channel, 0 to 127; engines that do not know it ignore it."""

    @abstractmethod
    def program(self, channel: int, bank: int, program: int) -> None:
        """Select the instrument for the notes that follow; 0 to 16383 (controllers 0 and 32) and 0 to 127."""

    def load(self, channel: int) -> None:  # noqa: B027 (engines without samples have nothing to read)
        """Read what the program of a channel may play, so that no note waits for it; other threads may call it."""

    @abstractmethod
    def process(self, n_samples: int) -> np.ndarray:
        """Return the next block, float32 ``(2, n_samples)``, full scale at 1.

        The array may be overwritten by the next call.
        """

    @abstractmethod
    def is_silent(self) -> bool:
        """Return whether all that follows is zero until the next note."""

    @abstractmethod
    def reset(self) -> None:
        """Stop all sound and return to the state of a new engine."""
