"""Result of an analysis, as data and as lines of text."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...audio.clip import describe_audio, player_html
from ...audio.notebook import image_html, read_excerpt, text_html
from ...base.json_text import NOT_IN_JSON
from ...base.result import Result
from ...base.units import clock, db_to_gain
from ...music.theory import pitch_name
from ...plots.thumbnails import spectrogram_png
from .content import Content
from .key import Key
from .levels import Loudness, RecordingLevels
from .pitch import Pitch
from .silence import Silence
from .spectrum import Spectrum
from .tempo import Tempo

LISTED_SEGMENTS = 5
NEAR_FULL_SCALE = 0.995
FULL_BANDWIDTH = 0.9
"""Fraction of half the sample rate above which a bandwidth needs no remark."""


@dataclass(frozen=True)
class Curves:
    """Loudness, pitch, speech and music over time, for drawing.

    - ``short_term_lufs``: loudness of 3 s that start every 100 ms, ``(windows,)``; empty where loudness is not defined.
    - ``f0_hz``: pitch every 20 ms, ``(frames,)``, 0 where unvoiced.
    - ``speech``, ``music``: probability of each in steps of 0.5 s, ``(steps,)``.
    """

    short_term_lufs: np.ndarray
    f0_hz: np.ndarray
    speech: np.ndarray
    music: np.ndarray


@dataclass(frozen=True)
class Analysis(Result):
    """Measurements of a recording.

    - ``file``: the recording.
    - ``seconds``, ``sample_rate``, ``n_channels``: its length, rate in Hz and channels.
    - ``loudness``: none for more than 8 channels and rates below 4 kHz, for which BS.1770 defines none.
    - ``levels``, ``spectrum``, ``silence``, ``content``, ``pitch``, ``tempo``, ``key``: their measurements.
    - ``plot``: the plot, if one was asked for.
    - ``curves``: what changes over time; left out of JSON.
    """

    file: Path
    seconds: float
    sample_rate: int
    n_channels: int
    loudness: Loudness | None
    levels: RecordingLevels
    spectrum: Spectrum
    silence: Silence
    content: Content
    pitch: Pitch
    tempo: Tempo
    key: Key
    plot: Path | None = None
    curves: Curves | None = field(default=None, metadata=NOT_IN_JSON, repr=False, compare=False)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        """Return a spectrogram, a player and the report for notebooks; the plot, if there is one."""
        clip = read_excerpt(self.file)
        if clip is None:
            return text_html(self)
        drawn = spectrogram_png(clip.mono().wave[0], clip.sample_rate)
        png = self.plot.read_bytes() if self.plot is not None and self.plot.is_file() else drawn
        return image_html(png, f"Spectrogram of {self.file.name}") + player_html(clip) + text_html(self)

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        rows = {
            "loudness": self._loudness(),
            "peaks": f"true peak {_db(self.levels.true_peak_db, 'dBTP')}, sample peak {_db(self.levels.peak_db)}",
            "levels": self._levels(),
            "clipping": self._clipping(),
            "bandwidth": self._bandwidth(),
            "hum": self._hum(),
            "silence": self._silence(),
            "content": self._content(),
            "pitch": self._pitch(),
            "tempo": self._tempo(),
            "key": self._key(),
        }
        octaves = self.spectrum.octaves_db
        names = [f"{centre / 1000:g}k" if centre >= 1000 else f"{centre:g}" for centre in octaves]
        shown = ["-" if level is None else f"{level:.1f}" for level in octaves.values()]
        return [
            f"{self.file}: {describe_audio(self.seconds, self.sample_rate, self.n_channels)}",
            *(f"{name:<10} {text}" for name, text in rows.items()),
            f"{'octaves Hz':<10} {' '.join(f'{name:>6}' for name in names)}",
            f"{'dB':<10} {' '.join(f'{level:>6}' for level in shown)}",
            *([f"{'plot':<10} {self.plot}"] if self.plot else []),
        ]

    def _loudness(self) -> str:
        loudness = self.loudness
        if loudness is None:
            return f"not defined for {self.n_channels} channels at {self.sample_rate} Hz"
        if loudness.integrated_lufs is None:
            return "silence"
        both = f" (dual mono {loudness.dual_mono_lufs:.1f})" if loudness.dual_mono_lufs is not None else ""
        return (
            f"{loudness.integrated_lufs:.1f} LUFS{both}, range {loudness.range_lu:.1f} LU, largest of 3 s "
            f"{_db(loudness.max_short_term_lufs, 'LUFS')}, of 0.4 s {_db(loudness.max_momentary_lufs, 'LUFS')}"
        )

    def _levels(self) -> str:
        levels = self.levels
        return (
            f"RMS {_db(levels.rms_db)}, crest factor {_db(levels.crest_factor_db)}, noise floor "
            f"{_db(levels.noise_floor_db)}, DC offset {round(levels.dc_offset, 5) + 0.0:.5f}"
        )

    def _clipping(self) -> str:
        levels = self.levels
        over = max(levels.peak_db or 0.0, 0.0)
        above = f"over full scale by up to {over:.1f} dB, which only files of floats hold" if over >= 0.05 else ""
        if not levels.clipped_runs or levels.clipped_db is None:
            return f"none; {above}" if above else "none"
        runs = (
            f"{levels.clipped_runs} {'run' if levels.clipped_runs == 1 else 'runs'}, {levels.clipped_samples} samples"
        )
        if above:
            return f"{runs} flat at {levels.clipped_db:+.2f} dB; {above}"
        if db_to_gain(levels.clipped_db) >= NEAR_FULL_SCALE:
            return f"{runs} at full scale"
        return f"{runs} flat at {levels.clipped_db:.2f} dB (clipped and then lowered, or a square wave)"

    def _bandwidth(self) -> str:
        spectrum = self.spectrum
        if spectrum.bandwidth_hz is None or spectrum.centroid_hz is None:
            return "silence"
        nyquist_hz = self.sample_rate / 2
        text = f"{_kilohertz(spectrum.bandwidth_hz)} of {_kilohertz(nyquist_hz)}"
        if spectrum.bandwidth_hz < FULL_BANDWIDTH * nyquist_hz:
            text += " (nothing above)"
        return f"{text}, centroid {_kilohertz(spectrum.centroid_hz)}"

    def _hum(self) -> str:
        hum = self.spectrum.hum
        if hum is None:
            return "none at 50 or 60 Hz"
        harmonics = ", ".join(f"{harmonic * hum.frequency_hz:g}" for harmonic in hum.harmonics)
        return f"{hum.frequency_hz:g} Hz, {hum.level_db:.1f} dB (tones at {harmonics} Hz)"

    def _silence(self) -> str:
        silence = self.silence
        if not silence.segments:
            return f"none of {silence.min_seconds:g} s below {silence.threshold_db:g} dB"
        listed = ", ".join(f"{clock(start, 1)}-{clock(end, 1)}" for start, end in silence.segments[:LISTED_SEGMENTS])
        n_more = len(silence.segments) - LISTED_SEGMENTS
        more = f" and {n_more} more" if n_more > 0 else ""
        return f"{silence.seconds:.1f} s ({silence.fraction:.0%}): {listed}{more}"

    def _content(self) -> str:
        content = self.content
        if content.speech is None:
            return "too short to say"
        both = f" (both {content.both:.0%})" if content.both else ""
        return (
            f"speech {content.speech:.0%}, music {content.music:.0%}{both}, other {content.other:.0%}, "
            f"silence {content.silence:.0%}"
        )

    def _pitch(self) -> str:
        pitch = self.pitch
        if pitch.median_hz is None:
            low_hz, high_hz = pitch.limits_hz
            return f"nothing voiced from {low_hz:g} to {high_hz:g} Hz"
        return (
            f"median {pitch.median_hz:.1f} Hz ({note_name(pitch.median_hz)}), range {pitch.low_hz:.0f} to "
            f"{pitch.high_hz:.0f} Hz, voiced {pitch.voiced_fraction:.0%}"
        )

    def _tempo(self) -> str:
        if self.tempo.bpm is None:
            return "none"
        return _guess(f"{self.tempo.bpm:.1f} bpm", self.tempo.confidence, self.tempo.is_sure)

    def _key(self) -> str:
        if self.key.name is None:
            return "none"
        return _guess(self.key.name, self.key.confidence, self.key.is_sure)


def note_name(frequency_hz: float) -> str:
    """Return the nearest note of the tempered scale, such as ``A4`` for 440 Hz."""
    number = round(69 + 12 * math.log2(frequency_hz / 440.0))
    return pitch_name(number)


def _guess(text: str, confidence: float, is_sure: bool) -> str:
    return f"{text} (confidence {confidence:.2f})" if is_sure else f"unsure: {text}? (confidence {confidence:.2f})"


def _db(level: float | None, unit: str = "dB") -> str:
    return "none" if level is None else f"{level:.1f} {unit}"


def _kilohertz(frequency_hz: float) -> str:
    return f"{frequency_hz / 1000:.1f} kHz" if frequency_hz >= 1000 else f"{frequency_hz:.0f} Hz"
