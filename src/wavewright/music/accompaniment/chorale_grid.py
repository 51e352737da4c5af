"""The grid of four-part harmony: the pitches of soprano, alto, tenor and bass at every sixteenth."""

from __future__ import annotations

VOICES = ("soprano", "alto", "tenor", "bass")

VOICE_RANGES = ((60, 81), (53, 74), (48, 69), (38, 64))
"""Lowest and highest pitch of each voice: the usual ranges of a choir, C4 to A5, F3 to D5, C3 to A4, D2 to E4."""

LOWEST, HIGHEST = 36, 81
N_PITCHES = HIGHEST - LOWEST + 1

STEPS_PER_QUARTER = 4

SILENT = -1
"""Pitch of a voice that rests."""

UNKNOWN = 0
"""Cell of the network whose pitch is to be found; a known pitch is ``pitch - LOWEST + 1``."""

SILENT_CELL = N_PITCHES + 1
N_CELLS = N_PITCHES + 2
