"""The controllers of a MIDI channel: volume, pan, expression, modulation, pedal and pitch bend."""

from __future__ import annotations

import math

import numpy as np

from .engine import BEND_RANGE

MODULATION, DATA, VOLUME, PAN, EXPRESSION, FINE_DATA, SUSTAIN = 1, 6, 7, 10, 11, 38, 64
RPN_FINE, RPN_COARSE, SOUND_OFF, RESET_CONTROLLERS, NOTES_OFF = 100, 101, 120, 121, 123
NO_PARAMETER, BEND_RANGE_PARAMETER = (127, 127), (0, 0)
PEDAL_DOWN = 64
DEFAULT_BEND = 2.0
FULL = 127


class MidiChannel:
    """The controllers of a channel as the General MIDI standard starts, reads and resets them.

    - ``modulation``: of the wheel, 0 to 127.
    - ``is_sustained``: true while the pedal is down.
    - ``bend_range``: in semitones, to either side.
    """

    def __init__(self) -> None:
        self._faders = {VOLUME: 100, PAN: 64, EXPRESSION: FULL}
        self.bend_range = DEFAULT_BEND
        self.reset_controllers()

    def reset_controllers(self) -> None:
        """Set what controller 121 resets."""
        self._faders[EXPRESSION] = FULL
        self.modulation = self._bend = 0
        self.is_sustained = False
        self._parameter = NO_PARAMETER

    def control(self, controller: int, value: int) -> None:
        """Follow a controller; those that are messages to the notes of the channel, and others, do nothing here."""
        if controller in self._faders:
            self._faders[controller] = value
        elif controller == MODULATION:
            self.modulation = value
        elif controller == SUSTAIN:
            self.is_sustained = value >= PEDAL_DOWN
        elif controller == RESET_CONTROLLERS:
            self.reset_controllers()
        elif controller == RPN_COARSE:
            self._parameter = (value, self._parameter[1])
        elif controller == RPN_FINE:
            self._parameter = (self._parameter[0], value)
        elif controller in (DATA, FINE_DATA) and self._parameter == BEND_RANGE_PARAMETER:
            semitones, cents = divmod(round(self.bend_range * 100), 100)
            self.bend_range = value + cents / 100 if controller == DATA else semitones + min(value, 99) / 100

    def pitch_bend(self, value: int) -> None:
        """Bend by -8192 to 8191; values beyond are limited."""
        self._bend = min(max(value, BEND_RANGE[0]), BEND_RANGE[1])

    @property
    def bend_semitones(self) -> float:
        """The pitch bend in semitones."""
        return self.bend_range * self._bend / -BEND_RANGE[0]

    def gains(self) -> np.ndarray:
        """Return the gains of both sides, ``(2,)``, of constant power over the pan."""
        level = (self._faders[VOLUME] * self._faders[EXPRESSION] / FULL**2) ** 2
        angle = max(0, self._faders[PAN] - 1) / 126 * math.pi / 2
        return level * np.array([math.cos(angle), math.sin(angle)])
