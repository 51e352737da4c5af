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

CORE_AUDIO_LABELS, CORE_AUDIO_BITMAP = 0, 0x10000
CORE_AUDIO_BITS = {5: 9, 6: 10, 33: 4, 34: 5}
"""Tags of the layouts of AIFF and CAF files with labels and with a mask; labels of surrounds, and their bits."""

CORE_AUDIO_MASKS = {
    **{100 << 16 | 1: 0x4, 101 << 16 | 2: 0x3, 108 << 16 | 4: 0x33, 113 << 16 | 3: 0x7, 115 << 16 | 4: 0x107},
    **{117 << 16 | 5: 0x607, 121 << 16 | 6: 0x60F, 131 << 16 | 3: 0x103, 132 << 16 | 4: 0x603, 133 << 16 | 3: 0xB},
    **{134 << 16 | 4: 0x10B, 135 << 16 | 5: 0x60B, 136 << 16 | 4: 0xF, 137 << 16 | 5: 0x10F, 185 << 16 | 4: 0x33},
    **{186 << 16 | 5: 0x37, 187 << 16 | 6: 0x3F, 188 << 16 | 7: 0x70F, 189 << 16 | 8: 0x63F},
}
"""Masks of the layouts of AIFF and CAF files whose channels have the order of WAV files, by their tags."""

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


def core_audio_mask(layout: bytes) -> int:
    """Return the mask of the layout of an AIFF or CAF file; 0 for channels in another order, or unknown ones."""
    tag, mask, n_described = (int.from_bytes(layout[start : start + 4]) for start in (0, 4, 8))
    if tag != CORE_AUDIO_LABELS:
        return mask if tag == CORE_AUDIO_BITMAP else CORE_AUDIO_MASKS.get(tag, 0)
    labels = [int.from_bytes(layout[12 + 20 * n :][:4]) for n in range(min(n_described, len(FFMPEG_NAMES)))]
    bits = [CORE_AUDIO_BITS.get(label, label - 1) for label in labels]
    is_ordered = bits == sorted(set(bits)) and all(0 <= bit < len(FFMPEG_NAMES) for bit in bits)
    return sum(1 << bit for bit in bits) if is_ordered else 0


def core_audio_layout(mask: int) -> bytes:
    """Return the layout of a mask for an AIFF file, the inverse of :func:`core_audio_mask`."""
    return b"".join(number.to_bytes(4) for number in (CORE_AUDIO_BITMAP, mask, 0))


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
