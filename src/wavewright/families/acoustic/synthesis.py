"""Prosody as numbers, and synthesis of a sentence: the same by the exported graphs and by the network in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ...contracts.runtime import Utterance
from ...dsp.alignment import averages_by_symbol, symbol_position_features
from ...dsp.mel import features_to_mel
from .config import BOUNDARY, N_PROSODY, AcousticConfig

REFERENCE_F0_HZ = 200.0  # 0 octaves
ENERGY_MEAN, ENERGY_STD = -3.0, 3.0  # of speech, in nats, for normalisation
MAX_F0_HZ, MIN_F0_HZ = 500.0, 65.0  # limits of the pitch tracker


def hz_to_octaves(f0_hz: np.ndarray) -> np.ndarray:
    """Return octaves above REFERENCE_F0_HZ, float32; 0 where unvoiced (0 Hz)."""
    octaves = np.where(f0_hz > 0, np.log2(np.maximum(f0_hz, 1.0) / REFERENCE_F0_HZ), 0.0)
    return octaves.astype(np.float32)


def octaves_to_hz(octaves: np.ndarray) -> np.ndarray:
    """Invert :func:`hz_to_octaves` for voiced symbols."""
    f0_hz: np.ndarray = REFERENCE_F0_HZ * 2.0**octaves
    return f0_hz.astype(np.float32)


def frame_energy(mel: np.ndarray) -> np.ndarray:
    """Return the normalised log of the mean power of log-mel frames ``(frames, n_mels)``, ``(frames,)`` float32."""
    power = np.exp(mel.astype(np.float64)).mean(axis=1)
    energy: np.ndarray = (np.log(power) - ENERGY_MEAN) / ENERGY_STD
    return energy.astype(np.float32)


def energy_to_nats(energy: np.ndarray) -> np.ndarray:
    """Invert the normalisation of :func:`frame_energy`."""
    nats: np.ndarray = ENERGY_STD * energy + ENERGY_MEAN
    return nats.astype(np.float32)


def average_prosody(
    octaves: np.ndarray, voiced: np.ndarray, energy: np.ndarray, durations: np.ndarray, n_frames: Sequence[int]
) -> np.ndarray:
    """Average the prosody of frames over symbols.

    - ``octaves``, ``voiced``, ``energy``: of each frame, ``(batch, frames)``.
    - ``durations``: frames of each symbol, ``(batch, symbols)``.
    - returns: ``(batch, symbols, N_PROSODY)`` float32: octaves times voicing, voicing (the fraction of voiced frames),
      energy.
    """
    prosody = np.zeros((*durations.shape, N_PROSODY), np.float32)
    for row, (clip_durations, end) in enumerate(zip(durations, n_frames, strict=True)):
        mean_octaves, voicing = averages_by_symbol(octaves[row, :end], voiced[row, :end], clip_durations)
        mean_energy, _ = averages_by_symbol(energy[row, :end], np.ones(end), clip_durations)
        prosody[row] = np.stack([mean_octaves * voicing, voicing, mean_energy], axis=1)
    return prosody


MAX_CHUNK_SYMBOLS = 240  # about 20 seconds
PAUSES = (".", "?", "!", ";", ",")  # where a long sentence is split, in this order of preference; else between words
MAX_SYMBOL_FRAMES = 250  # longer predictions are errors
MAX_LOG_DURATION = 20.0  # the exponential of more could overflow
VOICING_THRESHOLD = 0.5


class EncoderDecoder(Protocol):
    """The networks of a voice, for one sentence."""

    def encode(self, symbols: np.ndarray, speaker: int, style: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Encode symbols and predict their durations and prosody.

        - ``symbols``: indices, ``(symbols,)``.
        - ``style``: weights of the style tokens, ``(n_styles,)``.
        - returns ``encoded``: ``(symbols, channels)``.
        - returns ``log_durations``: ``log(1 + frames)``, ``(symbols,)``.
        - returns ``prosody``: octaves, logit of voicing, and energy, ``(symbols, N_PROSODY)``.
        """

    def decode(
        self, encoded: np.ndarray, prosody: np.ndarray, positions: np.ndarray, features: np.ndarray
    ) -> np.ndarray:
        """Decode normalised log-mel frames ``(frames, n_mels)``; the arguments are those of :meth:`encode`'s results.

        ``positions (frames,)`` are those of each frame's symbol in the sentence, ``features (frames,
        N_SYMBOL_POSITION_FEATURES)`` of the frame in its symbol.
        """


@dataclass(frozen=True)
class SymbolSentence:
    """The symbols of a sentence, and how they are spoken: a factor for each symbol, ``(symbols,)``; 1 is neutral."""

    symbols: np.ndarray  # indices, ``(symbols,)``
    speaker: int  # index of the speaker
    style: np.ndarray  # weights of the style tokens, ``(n_styles,)``
    pace: float  # of the speaker, which the rate is relative to
    rate: np.ndarray  # of speaking
    pitch: np.ndarray
    pitch_range: np.ndarray  # of the deviation of the pitch from the sentence's mean in octaves
    energy: np.ndarray  # of the amplitude

    def slice(self, start: int, end: int) -> SymbolSentence:
        """Return symbols ``start`` to ``end``."""
        names = ("symbols", "rate", "pitch", "pitch_range", "energy")
        return replace(self, **{name: getattr(self, name)[start:end] for name in names})


def synthesise(model: EncoderDecoder, config: AcousticConfig, sentence: SymbolSentence) -> Utterance:
    """Synthesise the mel frames of a sentence, in chunks if it is long."""
    ends = chunk_ends([config.symbols[index] for index in sentence.symbols])
    chunks = [
        _synthesise_chunk(model, config, sentence.slice(start, end))
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]
    return Utterance(
        mel=np.concatenate([chunk.mel for chunk in chunks], axis=1),
        durations=np.concatenate([chunk.durations for chunk in chunks]),
        pitch=np.concatenate([chunk.pitch for chunk in chunks]),
        energy=np.concatenate([chunk.energy for chunk in chunks]),
    )


def chunk_ends(symbols: Sequence[str]) -> list[int]:
    """Return the end of each chunk of at most MAX_CHUNK_SYMBOLS: after the best pause of its second half."""
    ends: list[int] = []
    start = 0
    while len(symbols) - start > MAX_CHUNK_SYMBOLS:
        second_half = range(start + MAX_CHUNK_SYMBOLS // 2, start + MAX_CHUNK_SYMBOLS)
        last = start + MAX_CHUNK_SYMBOLS - 1
        for mark in (*PAUSES, BOUNDARY):
            occurrences = [index for index in second_half if symbols[index] == mark]
            if occurrences:
                last = occurrences[-1]
                break
        start = last + 1
        ends.append(start)
    return [*ends, len(symbols)]


def _synthesise_chunk(model: EncoderDecoder, config: AcousticConfig, chunk: SymbolSentence) -> Utterance:
    encoded, log_durations, prosody = model.encode(chunk.symbols, chunk.speaker, chunk.style)
    predicted = np.expm1(np.minimum(log_durations, MAX_LOG_DURATION))
    durations = round_durations(predicted / (chunk.rate / chunk.pace), chunk.symbols == config.boundary_index)
    voicing = 1 / (1 + np.exp(-prosody[:, 1].astype(np.float64)))
    octaves = scale_pitch(prosody[:, 0].astype(np.float64), voicing * durations, chunk.pitch, chunk.pitch_range)
    energy = prosody[:, 2] + 2 * np.log(chunk.energy) / ENERGY_STD
    positions, features = symbol_position_features(durations)
    decoder_prosody = np.stack([octaves * voicing, voicing, energy], axis=1).astype(np.float32)
    mel = features_to_mel(model.decode(encoded, decoder_prosody, positions, features))
    return Utterance(
        mel=mel.astype(np.float32),
        durations=durations,
        pitch=np.where(voicing > VOICING_THRESHOLD, octaves_to_hz(octaves), 0.0).astype(np.float32),
        energy=energy_to_nats(energy),
    )


def round_durations(durations: np.ndarray, is_skippable: np.ndarray) -> np.ndarray:
    """Round durations ``(symbols,)`` to at most MAX_SYMBOL_FRAMES frames without accumulating errors.

    Symbols where ``is_skippable (symbols,)`` is false have at least one frame.
    """
    shortest = np.where(is_skippable, 0, 1)
    ends = np.floor(np.cumsum(np.clip(durations, shortest, MAX_SYMBOL_FRAMES)) + 0.5).astype(np.int64)
    return np.maximum(np.diff(ends, prepend=0), shortest)


def scale_pitch(
    octaves: np.ndarray, weights: np.ndarray, pitch: np.ndarray | float, pitch_range: np.ndarray | float
) -> np.ndarray:
    """Apply factors of pitch and its range to octaves ``(symbols,)``, whose mean is weighted by ``weights``."""
    total = weights.sum()
    mean = (octaves * weights).sum() / total if total > 0 else 0.0
    scaled: np.ndarray = mean + (octaves - mean) * pitch_range + np.log2(pitch)
    return scaled
