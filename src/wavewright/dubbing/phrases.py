"""A recogniser of phrases that are known: each is compared, as a voice says it, with what is heard."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ..base.errors import BadSetting, SkippedText
from ..dsp.compiled import compiled
from ..dsp.mel import mel_spectrogram
from ..speech.voice import Voice
from ..speech.voice_names import voices, voices_of
from .stretches import RATE, speech_stretches
from .subtitle_files import SpeechSegment
from .translation import table_rows

N_MELS = 40
N_CEPSTRA = 13
RANGE_DB = 60.0  # of a band below the mean power
QUIET_DB = 40.0  # of a frame below the loudest: pauses are left out of both
N_AROUND = 3  # frames before and after that a slope is fitted to
MAX_JOINED = 4  # stretches of speech between pauses that are one phrase
MAX_RATIO = 3.0  # of the lengths of a phrase, one to the other
DOUBTFUL_RATIO = 1.01  # of the distances of the two nearest phrases
UNLIKE = (
    4.4  # distance of what is none of the phrases: more than 99 of 100 recordings are nearer, noise and music are not
)
SHOWN = 5


@compiled("the recognition of phrases")
def warped_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the mean distance of two sequences of features ``(frames, channels)`` float32 along the cheapest path.

    A diagonal step counts twice, so that all paths have one length (Sakoe and Chiba, 1978).
    """
    before = np.full(len(b) + 1, np.inf)
    before[0] = 0.0
    row = np.empty(len(b) + 1)
    for i in range(len(a)):
        row[0] = np.inf
        for j in range(len(b)):
            square = 0.0
            for k in range(a.shape[1]):
                difference = a[i, k] - b[j, k]
                square += difference * difference
            cost = np.sqrt(square)
            row[j + 1] = min(before[j] + 2.0 * cost, before[j + 1] + cost, row[j] + cost)
        before, row = row, before
    return float(before[len(b)] / (len(a) + len(b)))


def cepstra(wave: np.ndarray) -> np.ndarray:
    """Return the cepstra of a wave ``(time,)`` at 16 kHz without its quiet frames, ``(frames, N_CEPSTRA)``."""
    from scipy.fft import dct

    power = mel_spectrogram(np.pad(wave, (0, max(0, 512 - len(wave)))), RATE, 512, 160, N_MELS)
    levels = 10 * np.log10(np.maximum(power, power.mean() * 10 ** (-RANGE_DB / 10)) + 1e-30)
    loudness = power.sum(axis=0)
    is_heard = loudness >= loudness.max() * 10 ** (-QUIET_DB / 10)
    found: np.ndarray = dct(levels[:, is_heard], axis=0, norm="ortho")[:N_CEPSTRA].T
    return found


def features_of(found: np.ndarray) -> np.ndarray:
    """Return every other frame of cepstra ``(frames, N_CEPSTRA)`` without mean and spread, and of their slopes."""
    normalised = (found - found.mean(axis=0)) / (found.std(axis=0) + 1e-3)
    padded = np.pad(normalised, ((N_AROUND, N_AROUND), (0, 0)), mode="edge")
    steps = np.arange(-N_AROUND, N_AROUND + 1)
    slopes = sum(step * padded[N_AROUND + step : len(padded) - N_AROUND + step] for step in steps)
    both = np.hstack([normalised, slopes * (N_AROUND / (steps @ steps))])
    return np.ascontiguousarray(both[::2], np.float32)


@dataclass(frozen=True)
class _Heard:
    """A phrase, None for none: the first of its stretches, and whether another is nearly as like."""

    first: int
    phrase: int | None
    is_doubtful: bool


class PhraseRecogniser:
    """Tells which phrases are said in a recording, in a language that a voice speaks.

    - ``file``: a table in CSV of the phrases and their translations, as that of `translation.TableTranslator`.
    """

    def __init__(self, file: Path) -> None:
        self._phrases = [*dict.fromkeys(text for text, _ in table_rows(file, "table"))]
        if not self._phrases:
            raise BadSetting(f"The table {file} has no phrases; write one a line, and its translation.")
        self._said = cache(self._read)

    def segments(self, sound: Path, language: str) -> list[SpeechSegment]:
        """Return the phrases that are most like the stretches of speech, of which several may be one phrase."""
        said = self._said(language)
        stretches = [(start, start + len(wave) / RATE, cepstra(wave)) for start, wave in speech_stretches(sound)]
        totals = [0.0]
        best: list[_Heard] = []  # the phrase that ends with each stretch
        for end in range(1, len(stretches) + 1):
            options = []
            for first in range(max(0, end - MAX_JOINED), end):
                heard = features_of(np.concatenate([each[2] for each in stretches[first:end]]))
                phrase, distance, is_doubtful = _nearest(heard, said)
                if phrase is not None or end - first == 1:
                    options.append((totals[first] + distance * len(heard), _Heard(first, phrase, is_doubtful)))
            total, chosen = min(options, key=lambda option: option[0])
            totals.append(total)
            best.append(chosen)
        found: list[SpeechSegment] = []
        doubtful: list[float] = []
        unlike: list[float] = []
        end = len(stretches)
        while end:
            heard_there = best[end - 1]
            start = stretches[heard_there.first][0]
            if heard_there.phrase is None:
                unlike.append(start)
            else:
                text = self._phrases[heard_there.phrase]
                found.append(SpeechSegment(start, stretches[end - 1][1], text, language=language))
                doubtful += [start] * heard_there.is_doubtful
            end = heard_there.first
        _warn(
            f"{sound}: {len(unlike)} of {len(stretches)} stretches of sound are none of the phrases",
            unlike,
            "and are left out",
        )
        _warn(f"{sound}: {len(doubtful)} of {len(found)} phrases are doubtful", doubtful, "since others are as like")
        return found[::-1]

    def _read(self, language: str) -> list[np.ndarray]:
        """Return the features of each phrase as a voice of the language says it."""
        known = voices_of(language) if language else []
        if not known:
            given = (
                f"no voice speaks {language!r}" if language else "the language is unknown; give --from or --language"
            )
            raise BadSetting(
                f"A table is recognised by a voice that reads it, and {given}; the voices are "
                f"{', '.join(voices()) or 'none'}."
            )
        voice = Voice.load(known[0])
        clips = (voice.speak(phrase).clip for phrase in self._phrases)
        return [features_of(cepstra(clip.mono().resample(RATE).wave[0])) for clip in clips]


def _nearest(heard: np.ndarray, said: list[np.ndarray]) -> tuple[int | None, float, bool]:
    """Return the nearest phrase, its distance, and whether another one is nearly as near; None if all are unlike."""
    distances = np.array(
        [
            warped_distance(heard, each) if 1 / MAX_RATIO <= len(each) / len(heard) <= MAX_RATIO else np.inf
            for each in said
        ]
    )
    nearest = int(distances.argmin())
    if distances[nearest] > UNLIKE:
        return None, UNLIKE, False
    second = np.partition(distances, 1)[1] if len(distances) > 1 else np.inf
    return nearest, float(distances[nearest]), bool(second < DOUBTFUL_RATIO * distances[nearest])


def _warn(what: str, starts: list[float], why: str) -> None:
    if starts:
        shown = ", ".join(f"{start:.1f}" for start in sorted(starts)[:SHOWN])
        more = f" and {len(starts) - SHOWN} more" if len(starts) > SHOWN else ""
        warnings.warn(f"{what}, at {shown} s{more}, {why}; check them.", SkippedText, stacklevel=3)
