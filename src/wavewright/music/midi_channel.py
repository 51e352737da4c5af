"""The state of a MIDI channel, the same for all engines: controllers, registered parameters, pressure, pitch bend."""

from __future__ import annotations

import math

import numpy as np

from .engine import BEND_RANGE

MODULATION, DATA, VOLUME, BALANCE, PAN, EXPRESSION, FINE_DATA, SUSTAIN = 1, 6, 7, 8, 10, 11, 38, 64
REVERB, CHORUS = 91, 93
NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE = 98, 99, 100, 101
SOUND_OFF, RESET_CONTROLLERS, NOTES_OFF = 120, 121, 123
PEDAL_DOWN = 64
FULL = 127

CHANNEL_PRESSURE, PITCH_WHEEL, WHEEL_RANGE, TUNING, N_CONTROLS = 128, 129, 130, 131, 132
"""Columns of the state after the 128 controllers; wheel range in semitones, tuning in cents."""

BEND_RANGE_PARAMETER, FINE_TUNING, COARSE_TUNING = (0, 0), (0, 1), (0, 2)
NO_PARAMETER = 127
UNTUNED = {FINE_TUNING: (64, 0), COARSE_TUNING: (64, 0)}
"""Coarse and fine values of the parameters that tune, without an effect."""

INITIAL = {VOLUME: 100, BALANCE: 64, PAN: 64, EXPRESSION: FULL, RPN_FINE: NO_PARAMETER, RPN_COARSE: NO_PARAMETER}
"""Values of controllers at the start; all others are 0."""

KEPT = (0, 7, 8, 10, 32, 39, 40, 42, *range(70, 80), *range(91, 96), WHEEL_RANGE)
RESET = [column for column in range(N_CONTROLS) if column not in KEPT]
"""Columns that controller 121 resets, by recommended practice RP-015; it ends the tuning, too, as in FluidSynth."""


class MidiChannel:
    """The state of a channel as the General MIDI standard starts, reads and resets it.

    - ``row``: float64 ``(N_CONTROLS,)``, changed in place: the controllers, then the columns from CHANNEL_PRESSURE on.
      An own one by default.
    """

    def __init__(self, row: np.ndarray | None = None) -> None:
        self.row = np.zeros(N_CONTROLS) if row is None else row
        self._reset(list(range(N_CONTROLS)))
        self.row[WHEEL_RANGE] = 2.0
        self._parameters = {BEND_RANGE_PARAMETER: (2, 0), **UNTUNED}
        self._is_registered = True

    def _reset(self, columns: list[int]) -> None:
        """Set columns of the state to what they are at the start."""
        initial = np.zeros(N_CONTROLS)
        initial[list(INITIAL)] = list(INITIAL.values())
        self.row[columns] = initial[columns]

    def control(self, controller: int, value: int) -> None:
        """Follow a controller; those that are messages to the notes of the channel do nothing here."""
        if controller == RESET_CONTROLLERS:
            self._reset(RESET)
            self._parameters |= UNTUNED
        elif controller < SOUND_OFF:
            self.row[controller] = value
            if NRPN_FINE <= controller <= RPN_COARSE:
                self._is_registered = controller >= RPN_FINE
            elif controller in (DATA, FINE_DATA):
                self._set_registered(value, is_fine=controller == FINE_DATA)

    def _set_registered(self, value: int, *, is_fine: bool) -> None:
        """Set the parameter that was selected last, if it is registered and one of those that are followed."""
        selected = int(self.row[RPN_COARSE]), int(self.row[RPN_FINE])
        if not self._is_registered or selected not in self._parameters:
            return
        # The coarse value ends the fine one that was set before: it belonged to another coarse value.
        self._parameters[selected] = (self._parameters[selected][0], value) if is_fine else (value, 0)
        (semitones, cents), (fine, finer), (coarse, _) = self._parameters.values()
        self.row[WHEEL_RANGE] = semitones + min(cents, 99) / 100
        self.row[TUNING] = 100 * (coarse - 64) + (fine * 128 + finer - 8_192) / 81.92

    def pitch_bend(self, value: int) -> None:
        """Bend by -8192 to 8191; values beyond are limited."""
        self.row[PITCH_WHEEL] = min(max(value, BEND_RANGE[0]), BEND_RANGE[1])

    def pressure(self, value: int) -> None:
        """Set the pressure, 0 to 127."""
        self.row[CHANNEL_PRESSURE] = value

    @property
    def modulation(self) -> float:
        """The modulation wheel, 0 to 127."""
        return float(self.row[MODULATION])

    @property
    def is_sustained(self) -> bool:
        """True while the pedal is down."""
        return bool(self.row[SUSTAIN] >= PEDAL_DOWN)

    @property
    def bend_semitones(self) -> float:
        """What the pitch bend and the tuning of the channel move the pitch by, in semitones."""
        return float(self.row[WHEEL_RANGE] * self.row[PITCH_WHEEL] / -BEND_RANGE[0] + self.row[TUNING] / 100.0)

    def gains(self) -> np.ndarray:
        """Return the gains of both sides, ``(2,)``: of constant power over the pan, and less of one by the balance."""
        level = (self.row[VOLUME] * self.row[EXPRESSION] / FULL**2) ** 2
        angle = max(0, self.row[PAN] - 1) / 126 * math.pi / 2
        balance = self.row[BALANCE] / 64 - 1
        sides = math.cos(angle) * min(1, 1 - balance) ** 2, math.sin(angle) * min(1, 1 + balance) ** 2
        return np.array(sides) * float(level)
