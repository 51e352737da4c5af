"""Overview of an audio file: waveform envelope and mean spectra in columns of equal length, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..audio.clip import Clip, describe_audio
from ..audio.sound_file import SoundSource, open_sound
from ..base.units import gain_to_db, samples_to_seconds
from ..dsp.spectrum import spectrogram

N_COLUMNS = 1_200  # about the width of a plot in pixels
WINDOW_SECONDS = 0.03
BLOCK_SECONDS = 15.0


@dataclass(frozen=True)
class AudioSummary:
    """Duration, sample rate, channels and peak level, in dB of full scale, of a sound file."""

    seconds: float
    sample_rate: int
    n_channels: int
    peak_db: float

    def __str__(self) -> str:
        """Return a line such as ``0.50 s, 16000 Hz, mono, peak -6.0 dB``."""
        return f"{describe_audio(self.seconds, self.sample_rate, self.n_channels)}, peak {self.peak_db:.1f} dB"


@dataclass(frozen=True)
class AudioOverview:
    """Waveform envelope and spectrogram of a file in columns of equal length, ``column_samples`` each.

    ``low`` and ``high`` are the smallest and largest sample of each column, ``(channels, columns)``; ``power`` is the
    mean power spectrum of all channels, ``(bins, columns)``.
    """

    sample_rate: int
    n_samples: int
    column_samples: int
    low: np.ndarray
    high: np.ndarray
    power: np.ndarray

    @property
    def seconds(self) -> float:
        """Length of the file in seconds."""
        return samples_to_seconds(self.n_samples, self.sample_rate)

    @property
    def summary(self) -> AudioSummary:
        """Duration, sample rate, channels and peak level."""
        peak_db = float(gain_to_db(max(abs(self.low.min()), abs(self.high.max()))))
        return AudioSummary(self.seconds, self.sample_rate, len(self.low), peak_db)


def read_overview(file: SoundSource) -> AudioOverview:
    """Summarise a sound file of any length in about ``N_COLUMNS`` columns, in bounded memory.

    Raises BadAudio if the file cannot be read.
    """
    sound = open_sound(file)
    header = sound.header
    n_samples = header.n_samples or sum(block.shape[1] for block in sound.blocks())
    _, _, column_samples = _column_sizes(header.sample_rate, n_samples, N_COLUMNS)
    block_columns = max(1, round(BLOCK_SECONDS * header.sample_rate / column_samples))
    blocks = sound.blocks(samples_to_seconds(block_columns * column_samples, header.sample_rate))
    return _overview(blocks, header.sample_rate, n_samples, N_COLUMNS)


def clip_overview(clip: Clip, n_columns: int = N_COLUMNS) -> AudioOverview:
    """Summarise a clip in about ``n_columns`` columns."""
    return _overview([clip.wave], clip.sample_rate, clip.n_samples, n_columns)


def _overview(blocks: Iterable[np.ndarray], sample_rate: int, n_samples: int, n_columns: int) -> AudioOverview:
    """Summarise blocks, all but the last of which are a whole number of columns long."""
    n_fft, hop_length, column_samples = _column_sizes(sample_rate, n_samples, n_columns)
    low, high, power = [], [], []
    n_read = 0
    for block in blocks:
        n_read += block.shape[1]
        n_block_columns = math.ceil(block.shape[1] / column_samples)
        wave = np.pad(block, ((0, 0), (0, n_block_columns * column_samples - block.shape[1])))
        columns = wave.reshape(len(block), n_block_columns, column_samples)
        low.append(columns.min(axis=-1))
        high.append(columns.max(axis=-1))
        spectra = spectrogram(wave, n_fft, hop_length).mean(axis=0)  # (bins, frames)
        spectra = spectra[:, :-1]  # the last frame is centred on the end of the block
        power.append(spectra.reshape(len(spectra), n_block_columns, -1).mean(axis=-1))
    return AudioOverview(
        sample_rate=sample_rate,
        n_samples=n_read,
        column_samples=column_samples,
        low=np.concatenate(low, axis=1),
        high=np.concatenate(high, axis=1),
        power=np.concatenate(power, axis=1),
    )


def _column_sizes(sample_rate: int, n_samples: int, n_columns: int) -> tuple[int, int, int]:
    """Return ``n_fft``, ``hop_length`` and the samples of a column, which are a whole number of hops."""
    n_fft = 2 ** round(math.log2(WINDOW_SECONDS * sample_rate))
    column_samples = max(1, math.ceil(n_samples / n_columns))
    hop_length = min(column_samples, n_fft // 2)
    return n_fft, hop_length, hop_length * math.ceil(column_samples / hop_length)
