"""A sentence spoken by whatever computes the networks: the same for the runtime and for a network in training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...contracts.runtime import Utterance
from ...dsp.alignment import symbol_position_features
from ...dsp.speech_mel import features_to_mel
from .config import BOUNDARY, AcousticConfig
from .prosody import ENERGY_CENTRE, ENERGY_SPREAD, octaves_to_hz

Encode = Callable[[np.ndarray, int, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Numbers of symbols ``(symbols,)``, a speaker's number and style ``(n_styles,)`` to what symbols sound like ``(symbols, channels)``,
``log(1 + frames)`` ``(symbols,)`` and melody ``(symbols, 3)``: octaves, voicing before the logistic function, energy."""

Decode = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""What symbols sound like, what is told of each ``(symbols, 3)``, places and place features to frames ``(frames, n_mels)``."""

LONGEST_PIECE = (
    240  # symbols that are spoken at once, about 20 seconds; what is longer is parted at a pause, or between words
)
PAUSES = (".", "?", "!", ";", ",")  # where a long sentence is parted, the best place first; else between words
MOST_FRAMES = 250  # of a symbol: what the network cannot have learned does not fill memory
VOICED_FROM = 0.5


@dataclass(frozen=True)
class Controls:
    """How a sentence is to be spoken, a number for each symbol ``(symbols,)``.

    ``rate``: how many times faster; ``pitch``: how many times higher; ``pitch_range``: how much the melody moves about its middle, over how
    much it would; ``energy``: how many times larger the amplitude.
    """

    rate: np.ndarray
    pitch: np.ndarray
    pitch_range: np.ndarray
    energy: np.ndarray

    @classmethod
    def plain(cls, n_symbols: int, rate: float = 1.0) -> Controls:
        """Nothing changed but perhaps the rate."""
        ones = np.ones(n_symbols)
        return cls(rate * ones, ones, ones, ones)

    def part(self, start: int, end: int) -> Controls:
        """Those of symbols ``start`` to ``end``."""
        return Controls(*(getattr(self, name)[start:end] for name in ("rate", "pitch", "pitch_range", "energy")))


def speak(
    encode: Encode,
    decode: Decode,
    config: AcousticConfig,
    numbers: np.ndarray,
    speaker: int,
    style: np.ndarray,
    controls: Controls,
) -> Utterance:
    """Speak the symbols ``numbers (symbols,)``, piece by piece where they are many."""
    ends = piece_ends([config.symbols[number] for number in numbers])
    pieces = [
        _speak_piece(encode, decode, config, numbers[start:end], speaker, style, controls.part(start, end))
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]
    return Utterance(
        np.concatenate([piece.mel for piece in pieces], axis=1),
        *(np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("durations", "pitch", "energy")),
    )


def piece_ends(symbols: Sequence[str]) -> list[int]:
    """Where pieces of at most LONGEST_PIECE symbols end, the last one at the end: behind the best pause of the second half of a piece."""
    ends: list[int] = []
    start = 0
    while len(symbols) - start > LONGEST_PIECE:
        window = range(start + LONGEST_PIECE // 2, start + LONGEST_PIECE)
        places = (max((at for at in window if symbols[at] == mark), default=None) for mark in (*PAUSES, BOUNDARY))
        start = 1 + next((place for place in places if place is not None), start + LONGEST_PIECE - 1)
        ends.append(start)
    return [*ends, len(symbols)]


def _speak_piece(
    encode: Encode,
    decode: Decode,
    config: AcousticConfig,
    numbers: np.ndarray,
    speaker: int,
    style: np.ndarray,
    controls: Controls,
) -> Utterance:
    encoded, log_durations, melody = encode(numbers, speaker, style)
    is_skippable = numbers == (config.symbols.index(BOUNDARY) if BOUNDARY in config.symbols else -1)
    durations = whole_frames(np.expm1(np.minimum(log_durations, 20.0)) / controls.rate, is_skippable)
    voicing = 1 / (1 + np.exp(-melody[:, 1].astype(np.float64)))
    octaves = melody_of(melody[:, 0].astype(np.float64), voicing * durations, controls)
    energy = melody[:, 2] + 2 * np.log(controls.energy) / ENERGY_SPREAD
    told = np.stack([octaves * voicing, voicing, energy], axis=1).astype(np.float32)
    places, features = symbol_position_features(durations)
    frames = decode(encoded, told, places, features)
    return Utterance(
        features_to_mel(frames).astype(np.float32),
        durations,
        np.where(voicing > VOICED_FROM, octaves_to_hz(octaves), 0.0).astype(np.float32),
        (ENERGY_SPREAD * energy + ENERGY_CENTRE).astype(np.float32),
    )


def whole_frames(durations: np.ndarray, is_skippable: np.ndarray) -> np.ndarray:
    """Durations ``(symbols,)`` in frames as whole numbers, int64, that stay in step with the sum; at least 1 but for skippable symbols."""
    lengths = np.clip(durations, np.where(is_skippable, 0.0, 1.0), MOST_FRAMES)
    ends = np.floor(np.cumsum(lengths) + 0.5).astype(np.int64)
    whole = np.diff(ends, prepend=0)
    return np.maximum(whole, np.where(is_skippable, 0, 1))


def melody_of(octaves: np.ndarray, weights: np.ndarray, controls: Controls) -> np.ndarray:
    """The octaves of each symbol with its pitch and range as asked for; ``weights (symbols,)`` say how much each counts for the middle."""
    total = weights.sum()
    middle = (octaves * weights).sum() / total if total > 0 else 0.0
    return middle + (octaves - middle) * controls.pitch_range + np.log2(controls.pitch)
