"""Positions of channels in WAV and FLAC files, and downmixes to stereo and mono (ITU-R BS.775)."""

from __future__ import annotations

import re
from collections.abc import Sequence

Positions = tuple[str, ...]

LAYOUTS: dict[int, Positions] = {
    1: ("C",),
    2: ("L", "R"),
    3: ("L", "R", "C"),
    4: ("L", "R", "Ls", "Rs"),
    5: ("L", "R", "C", "Ls", "Rs"),
    6: ("L", "R", "C", "LFE", "Ls", "Rs"),
    7: ("L", "R", "C", "LFE", "Cs", "Ls", "Rs"),
    8: ("L", "R", "C", "LFE", "Lb", "Rb", "Ls", "Rs"),
}
"""Positions by the number of channels: left, right, centre, low-frequency effects, surround, back."""

PLACES = "the places of its channels"
PLACES_FIELD = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK"
"""Tag of FLAC files with the mask of the places of the channels; by default the usual ones for their number."""

USUAL_PLACES = (0, 0x4, 0x3, 0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F)
"""Masks of the places of channels by their number, for files without that tag (RFC 9639, 9.1.3)."""

FFMPEG_NAMES = {
    **{"L": "FL", "R": "FR", "C": "FC", "LFE": "LFE", "Lb": "BL", "Rb": "BR"},
    **{"Lc": "FLC", "Rc": "FRC", "Cs": "BC", "Ls": "SL", "Rs": "SR"},
    **{"Tc": "TC", "Tfl": "TFL", "Tfc": "TFC", "Tfr": "TFR", "Tbl": "TBL", "Tbc": "TBC", "Tbr": "TBR"},
}
"""Positions of the bits of a mask, in their order, and their names in FFmpeg; those with T are above."""

HALF_POWER = 0.5**0.5
STEREO_WEIGHTS = {
    "L": (1.0, 0.0),
    "R": (0.0, 1.0),
    "C": (HALF_POWER, HALF_POWER),
    "LFE": (0.0, 0.0),
    "Ls": (HALF_POWER, 0.0),
    "Rs": (0.0, HALF_POWER),
    "Lb": (HALF_POWER, 0.0),
    "Rb": (0.0, HALF_POWER),
    **{"Lc": (1.0, 0.0), "Rc": (0.0, 1.0)},
    **{"Tfl": (HALF_POWER, 0.0), "Tfr": (0.0, HALF_POWER), "Tbl": (HALF_POWER, 0.0), "Tbr": (0.0, HALF_POWER)},
    **dict.fromkeys(("Cs", "Tc", "Tfc", "Tbc"), (0.5, 0.5)),
}
"""Weights of each position in the left and the right of a stereo downmix (BS.775, table 2); Lc and Rc as in FFmpeg."""

SURROUND_GAIN = 1.41
LOUDNESS_GAINS = {"LFE": 0.0, "Ls": SURROUND_GAIN, "Rs": SURROUND_GAIN}
"""Gains in the loudness, of the others 1 (BS.1770-4, tables 3 and 4): 60 to 120 degrees from the front, louder."""


def is_usual(text: str) -> bool:
    """Return whether the mask in the tag of the places of channels is the one of files without the tag."""
    return any(mask_of(text, number) == mask for number, mask in enumerate(USUAL_PLACES))


def mask_of(text: str, n_channels: int) -> int | None:
    """Return the mask in the tag of the places of channels; None if it is none of so many channels."""
    is_mask = re.fullmatch(r"0x[0-9A-Fa-f]{1,8}", text) and int(text, 16).bit_count() == n_channels
    return int(text, 16) if is_mask else None


def positions_of(text: str, n_channels: int) -> Positions | None:
    """Return the positions in the tag of three or more channels; None if it is none, or has others."""
    mask = mask_of(text, n_channels) or 0
    names = tuple(name for bit, name in enumerate(FFMPEG_NAMES) if mask >> bit & 1)
    return names if len(names) == n_channels > 2 else None


def places_of(positions: Positions) -> str | None:
    """Return the tag of the positions of channels, the inverse of :func:`positions_of`; None if there is none."""
    text = f"0x{sum(1 << bit for bit, name in enumerate(FFMPEG_NAMES) if name in positions):X}"
    return text if positions_of(text, len(positions)) == positions else None


def stereo_weights(n_channels: int, positions: Positions | None = None) -> list[list[float]] | None:
    """Return the weights of three and more channels in a stereo downmix, ``(2, channels)``; None without positions.

    ``positions`` are those of the channels; by default the usual ones for their number.
    """
    positions = positions or LAYOUTS.get(n_channels)
    if n_channels < 3 or positions is None:
        return None
    columns = [STEREO_WEIGHTS[position] for position in positions]
    return [[left for left, _ in columns], [right for _, right in columns]]


def loudness_gains(positions: Sequence[str]) -> list[float]:
    """Return the gain of each channel in the loudness; the only pair behind the listener are the surrounds."""
    if not {"Ls", "Rs"} & set(positions):
        positions = [{"Lb": "Ls", "Rb": "Rs"}.get(position, position) for position in positions]
    return [LOUDNESS_GAINS.get(position, 1.0) for position in positions]


def mono_weights(n_channels: int, positions: Positions | None = None) -> list[float]:
    """Return the weights of channels in mono: the mean of the stereo downmix, or of all channels without positions."""
    stereo = stereo_weights(n_channels, positions)
    if stereo is None:
        return [1.0 / n_channels] * n_channels
    return [(left + right) / 2 for left, right in zip(*stereo, strict=True)]
