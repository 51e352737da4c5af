"""Recognise known phrases: align a recording with each phrase as a voice speaks it, by dynamic time warping."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ..base.errors import BadSetting, SkippedText
from ..dsp.compiled import compiled
from ..speech.voice import Voice
from ..speech.voice_names import voices, voices_of
from .stretches import RATE, mel_power, speech_stretches
from .subtitle_files import SpeechSegment
from .translation import key_of, table_rows

N_CEPSTRA = 13
RANGE_DB = 60.0  # of a band below the mean power
QUIET_DB = 40.0  # level of the frames that are left out, below the loudest: pauses are not aligned
CONTEXT_FRAMES = 3  # before and after, to which slopes are fitted
MAX_JOINED = 4  # stretches of speech between pauses that can be one phrase
MAX_LENGTH_RATIO = 3.0  # of a phrase to the recording, either way
SUSPECT_RATIO = 1.01  # of the distances of the two nearest phrases
MAX_DISTANCE = 4.4  # of a phrase: 99 of 100 recorded prompts are nearer, noise and music are not
N_SHOWN = 5


@compiled("the recognition of phrases")
def dtw_distance(a: np.ndarray, b: np.ndarray) -> float:
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

    power = mel_power(wave)
    levels_db = 10 * np.log10(np.maximum(power, power.mean() * 10 ** (-RANGE_DB / 10)) + 1e-30)
    frame_power = power.sum(axis=0)
    mask = frame_power >= frame_power.max() * 10 ** (-QUIET_DB / 10)
    coefficients: np.ndarray = dct(levels_db[:, mask], axis=0, norm="ortho")[:N_CEPSTRA].T
    return coefficients


def features_of(coefficients: np.ndarray) -> np.ndarray:
    """Return cepstra ``(frames, N_CEPSTRA)``, normalised, and their slopes, of every other frame."""
    normalised = (coefficients - coefficients.mean(axis=0)) / (coefficients.std(axis=0) + 1e-3)
    padded = np.pad(normalised, ((CONTEXT_FRAMES, CONTEXT_FRAMES), (0, 0)), mode="edge")
    steps = np.arange(-CONTEXT_FRAMES, CONTEXT_FRAMES + 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(steps), axis=0)
    slopes = windows @ steps * (CONTEXT_FRAMES / (steps @ steps))
    return np.ascontiguousarray(np.hstack([normalised, slopes])[::2], np.float32)


@dataclass(frozen=True)
class _Match:
    """Stretches ``first`` to the one before ``end`` and their phrase, None for none; ``cost`` includes those before."""

    first: int
    end: int
    phrase: int | None
    is_suspect: bool
    cost: float


class PhraseRecogniser:
    """Recognises the phrases of a table (see `translation.TableTranslator`) in a language that a voice speaks."""

    gives_sentences = True

    def __init__(self, file: Path) -> None:
        rows: dict[str, str] = {}
        for text, _ in table_rows(file, "table"):
            rows.setdefault(key_of(text), text)
        if not rows:
            raise BadSetting(f"The table {file} has no phrases; write one a line, and its translation.")
        self._phrases = [*rows.values()]
        self._templates = cache(self._spoken)

    def segments(self, sound: Path, language: str) -> list[SpeechSegment]:
        """Return the nearest phrases of the stretches of speech, of which several may be one phrase."""
        templates = self._templates(language)
        stretches = [(start, start + len(wave) / RATE, cepstra(wave)) for start, wave in speech_stretches(sound)]
        matches = _matches([coefficients for _, _, coefficients in stretches], templates)
        segments, suspect, unlike = [], [], []
        for match in matches:
            start, end = stretches[match.first][0], stretches[match.end - 1][1]
            if match.phrase is None:
                unlike.append(start)
                continue
            segments.append(SpeechSegment(start, end, self._phrases[match.phrase], language=language))
            suspect += [start] * match.is_suspect
        n_unlike = f"{len(unlike)} of {len(stretches)} stretches of sound"
        _warn(f"{sound}: {n_unlike} are none of the phrases", unlike, "and are left out")
        _warn(f"{sound}: {len(suspect)} of {len(segments)} phrases are doubtful", suspect, "since others are as near")
        return segments

    def _spoken(self, language: str) -> list[np.ndarray]:
        """Return the features of each phrase as a voice of the language speaks it."""
        known = voices_of(language) if language else []
        if not known:
            reason = (
                f"no voice speaks {language!r}" if language else "its language is unknown; give --from or --language"
            )
            raise BadSetting(
                f"A voice speaks the phrases of a table, and {reason}; the voices are {', '.join(voices()) or 'none'}."
            )
        voice = Voice.load(known[0])
        clips = (voice.speak(phrase).clip for phrase in self._phrases)
        return [features_of(cepstra(clip.mono().resample(RATE).wave[0])) for clip in clips]


def _matches(stretches: Sequence[np.ndarray], templates: Sequence[np.ndarray]) -> list[_Match]:
    """Return the matches of least cost that cover all stretches, by dynamic programming; each has its cepstra."""
    best: list[_Match] = []
    for end in range(1, len(stretches) + 1):
        options = []
        for first in range(max(0, end - MAX_JOINED), end):
            features = features_of(np.concatenate(stretches[first:end]))
            phrase, distance, is_suspect = _nearest(features, templates)
            if phrase is not None or end - first == 1:
                cost = distance * len(features) + (best[first - 1].cost if first else 0.0)
                options.append(_Match(first, end, phrase, is_suspect, cost))
        best.append(min(options, key=lambda match: match.cost))
    matches: list[_Match] = []
    while best:
        matches.insert(0, best[-1])
        del best[matches[0].first :]
    return matches


def _nearest(features: np.ndarray, templates: Sequence[np.ndarray]) -> tuple[int | None, float, bool]:
    """Return the nearest phrase, None if all are too far, its distance, and whether another is nearly as near."""
    ratios = [len(template) / len(features) for template in templates]
    distances = np.array(
        [
            dtw_distance(features, template) if 1 / MAX_LENGTH_RATIO <= ratio <= MAX_LENGTH_RATIO else np.inf
            for template, ratio in zip(templates, ratios, strict=True)
        ]
    )
    nearest, *others = np.argsort(distances)[:2]
    distance = float(distances[nearest])
    if distance > MAX_DISTANCE:
        return None, MAX_DISTANCE, False
    return int(nearest), distance, any(distances[other] < SUSPECT_RATIO * distance for other in others)


def _warn(problem: str, starts: Sequence[float], consequence: str) -> None:
    if starts:
        shown = ", ".join(f"{start:.1f}" for start in starts[:N_SHOWN])
        more = f" and {len(starts) - N_SHOWN} more" if len(starts) > N_SHOWN else ""
        warnings.warn(f"{problem}, at {shown} s{more}, {consequence}; check them.", SkippedText, stacklevel=3)
