"""Quality of processed speech against its clean recording: SI-SDR, PESQ, STOI and word error.

DNSMOS and SRMR need no reference; AECMOS needs the microphone and the far end of a call.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from ..audio.clip import Clip
from ..audio.file_kind import SOUND_SUFFIXES
from ..base.errors import BadAudio, BadFolder, BadSetting, how_to_install
from ..base.files import files_below
from ..base.result import Failed, Result
from .recogniser import Recogniser, pauses
from .reverberation import srmr
from .sampling import Interval, bootstrap_interval
from .word_errors import spoken_words, word_errors

# --- AECMOS: the predicted opinion of listeners of a call from which echo was removed

SAMPLE_RATE = 16_000
LONGEST = 20 * SAMPLE_RATE - 1  # samples; the network reads no more
SILENCE = 1e-4  # peak, -80 dBFS, below which nobody talks

Scenario = Literal["st", "nst", "dt"]
"""The far end alone (single talk), the near end alone, or both (double talk)."""


def aecmos(far: np.ndarray, microphone: np.ndarray, enhanced: np.ndarray, scenario: Scenario) -> tuple[float, float]:
    """Return the AECMOS of echo and of other degradation, 1 (bad) to 5 (excellent).

    Parameters
    ----------
    far, microphone, enhanced : np.ndarray
        Waves ``(time,)`` at 16 kHz: the far end, and the microphone before and after the removal.
    scenario : str
        Who talks.
    """
    from speechmos import aecmos as judge

    waves = {"lpb": far, "mic": microphone, "enh": enhanced}
    sample = {name: np.clip(wave, -1, 1).astype(np.float32) for name, wave in waves.items()}
    rated = judge.run(sample, sr=SAMPLE_RATE, talk_type=scenario)
    return float(rated["echo_mos"]), float(rated["deg_mos"])


def aecmos_of_call(
    near: np.ndarray, far: np.ndarray, microphone: np.ndarray, enhanced: np.ndarray
) -> tuple[float, float]:
    """Return the mean AECMOS of echo and of other degradation over the segments of a call of any length.

    Echo is rated where the far end talks, other degradation where the near end does; NaN where neither ever does.

    Parameters
    ----------
    near, far, microphone, enhanced : np.ndarray
        Waves ``(time,)`` of the same length at 16 kHz: the near end without echo, the far end, and the microphone
        before and after the removal.
    """
    echo, other = [], []
    edges = np.linspace(0, len(near), -(-len(near) // LONGEST) + 1).round().astype(int)
    for segment in map(slice, edges[:-1], edges[1:]):
        near_active, far_active = (not is_silent(wave[segment]) for wave in (near, far))
        if not (near_active or far_active):
            continue
        scenario: Scenario = "dt" if near_active and far_active else "st" if far_active else "nst"
        echo_mos, other_mos = aecmos(far[segment], microphone[segment], enhanced[segment], scenario)
        if far_active:
            echo.append(echo_mos)
        if near_active:
            other.append(other_mos)
    return _mean(echo), _mean(other)


def is_silent(wave: np.ndarray) -> bool:
    """Return whether no sample of a wave ``(time,)`` is above -80 dBFS."""
    return bool(np.abs(wave).max(initial=0.0) < SILENCE)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


MAX_LENGTH_DIFFERENCE = 0.1  # seconds, of a pair
ROUNDING = 1e-14  # power of the rounding of 32 bits to that of a wave


def si_sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the scale-invariant signal-to-distortion ratio of waves ``(time,)`` in dB, NaN for a silent reference.

    Infinite for equal waves, up to gain and rounding of 32 bits; minus infinity for an estimate without the reference.

    References
    ----------
    J. Le Roux et al., "SDR - half-baked or well done?", 2019.
    """
    reference, estimate = reference.astype(np.float64), estimate.astype(np.float64)
    power = reference @ reference
    if not power:
        return float("nan")
    projection = (estimate @ reference) / power * reference
    distortion = estimate - projection
    kept, lost = projection @ projection, distortion @ distortion
    if not kept:
        return -float("inf")
    return float(10 * np.log10(kept / lost)) if lost > ROUNDING * kept else float("inf")


def pesq(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the wide-band PESQ (ITU-T P.862.2) of waves ``(time,)`` at 16 kHz, NaN below 0.25 s and without speech."""
    from pesq import BufferTooShortError, NoUtterancesError, pesq as score

    try:
        return float(score(SAMPLE_RATE, reference, estimate, "wb"))
    except (BufferTooShortError, NoUtterancesError):
        return float("nan")


def stoi(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the short-time objective intelligibility (Taal et al., 2011) of waves ``(time,)`` at 16 kHz, 0 to 1.

    NaN for less than 0.4 s of speech.
    """
    from pystoi import stoi as score

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # pystoi warns that speech is too short, and returns 1e-5
        try:
            return float(score(reference, estimate, SAMPLE_RATE))
        except RuntimeWarning:
            return float("nan")


def dnsmos(_: np.ndarray, estimate: np.ndarray) -> float:
    """Return the overall DNSMOS P.835 (Reddy et al., 2022) of a wave ``(time,)`` at 16 kHz, 1 (bad) to 5."""
    from speechmos import dnsmos as score

    return float(score.run(np.clip(estimate, -1.0, 1.0), sr=SAMPLE_RATE)["ovrl_mos"])


class PairedMetric(NamedTuple):
    """A metric of processed speech.

    - ``title``: its name in reports.
    - ``score``: function of reference and estimate, ``(time,)`` at 16 kHz; None for what needs the far end of a call or
      a recogniser.
    - ``module``, ``install``: what it needs that is not a part of Wavewright, and the command that installs it.
    - ``needs_reference``: whether it compares, or rates the estimate alone.
    """

    title: str
    score: Callable[[np.ndarray, np.ndarray], float] | None = None
    module: str = ""
    install: str = ""
    needs_reference: bool = True


SPEECHMOS = ("speechmos", how_to_install("metrics"))
METRICS = {
    "si_sdr_db": PairedMetric("SI-SDR (dB)", si_sdr_db),
    "pesq": PairedMetric("PESQ", pesq, "pesq", "pip install pesq"),
    "stoi": PairedMetric("STOI", stoi, "pystoi", "pip install pystoi"),
    "dnsmos": PairedMetric("DNSMOS", dnsmos, *SPEECHMOS, needs_reference=False),
    "srmr": PairedMetric("SRMR", lambda _, estimate: srmr(estimate, SAMPLE_RATE), needs_reference=False),
    "aecmos_echo": PairedMetric("AECMOS echo", None, *SPEECHMOS),
    "aecmos_other": PairedMetric("AECMOS other", None, *SPEECHMOS),
    "word_error_percent": PairedMetric("word error (%)"),
}
"""All metrics by the names of their scores, in the order of reports."""


@dataclass(frozen=True)
class PairedReport(Result):
    """Scores of files against their clean recordings.

    Attributes
    ----------
    reference, processed
        Folders of the clean recordings, and of the processed ones.
    noisy, far
        Folders of the recordings before they were processed and of the far end of calls, or None.
    words_from
        What words are compared with: ``text`` (transcripts), ``recogniser`` (its reading of the clean recordings), or
        None without a recogniser.
    scores
        Of each processed file: metrics by name, without those that are not defined for it.
    noisy_scores
        Of each file before.
    clean_scores
        Of each clean recording: the metrics that need no clean recording.
    not_measured
        Metrics that are left out, and the commands that install their packages.
    equal
        Names of files that equal their clean recordings: their SI-SDR is infinite, and in no mean.
    """

    reference: Path
    processed: Path
    noisy: Path | None
    far: Path | None
    words_from: str | None
    scores: dict[str, dict[str, float]]
    noisy_scores: dict[str, dict[str, float]]
    clean_scores: dict[str, dict[str, float]]
    not_measured: dict[str, str]
    equal: tuple[str, ...] = ()

    @cached_property
    def means(self) -> dict[str, Interval]:
        """Mean of each metric with its 95 % bootstrap interval."""
        return means_of(self.scores)

    @cached_property
    def noisy_means(self) -> dict[str, Interval]:
        """Mean of each metric before, with its interval; empty without recordings before."""
        return means_of(self.noisy_scores)

    @cached_property
    def clean_means(self) -> dict[str, Interval]:
        """Mean of each metric of the clean recordings, with its interval."""
        return means_of(self.clean_scores)

    def __str__(self) -> str:
        """Return a line for each metric, and notes."""
        n_left_out = sum(Path(each.what).is_relative_to(self.processed) for each in self.failed)
        n_files = f"{len(self.scores)} of {len(self.scores) + n_left_out}" if n_left_out else f"{len(self.scores)}"
        mean_of = "mean of these" if n_left_out else "mean"
        lines = [f"{n_files} files of {self.processed} against {self.reference} ({mean_of}, 95 % interval)"]
        for name, mean in self.means.items():
            others = (("before", self.noisy_means), ("clean", self.clean_means))
            beside = [f", {which} {means[name].value:.3f}" for which, means in others if name in means]
            n_scores = sum(name in each for each in self.scores.values())
            beside += [f", of {n_scores} alone"] if n_scores < len(self.scores) else []
            lines.append(
                f"  {METRICS[name].title:14} {mean.value:7.3f} ({mean.low:.3f} to {mean.high:.3f}){''.join(beside)}"
            )
        if self.equal:
            n_equal = (
                f"{len(self.equal)} file equals its" if len(self.equal) == 1 else f"{len(self.equal)} files equal their"
            )
            lines.append(f"  {n_equal} clean recording, so no mean of the SI-SDR holds it, which is infinite.")
        if self.words_from == "recogniser":
            lines.append("  Word error against what is recognised in the clean recordings: not all have a text.")
        lines += [f"  {METRICS[name].title} is left out: {command}" for name, command in self.not_measured.items()]
        return "\n".join([*lines, *self.endings()])


def means_of(scores: Mapping[str, Mapping[str, float]]) -> dict[str, Interval]:
    """Return the mean of each metric over the files that have it, with its interval.

    The word error is that of all words, so each file counts by its number of words.
    """
    means = {}
    for name in METRICS:
        weight = "n_words" if name == "word_error_percent" else ""
        rows = [(each[name], each.get(weight, 1.0)) for each in scores.values() if name in each]
        if rows:
            means[name] = bootstrap_interval(_weighted_mean, [np.array(rows)])
    return means


def _weighted_mean(rows: np.ndarray) -> float:
    """Return the mean of values with weights, ``(n, 2)``."""
    return float(np.average(rows[:, 0], weights=rows[:, 1]))


def compare_pairs(
    reference: Path,
    processed: Path,
    noisy: Path | None = None,
    far: Path | None = None,
    recogniser: Recogniser | None = None,
    texts: Mapping[str, str] | None = None,
) -> PairedReport:
    """Score processed files against the clean recordings of the same names, in the same folders.

    All are mixed to one channel and resampled to 16 kHz; the longer one of a pair is cut.

    Raises BadFolder if no file has a clean recording; BadSetting if a path is not a folder.

    Parameters
    ----------
    reference, processed, noisy
        Folders of the clean recordings, the processed ones, and those before.
    far
        Folder of the far end of calls, for AECMOS; ``noisy`` then holds the microphone, and a file without a
        near end has a silent clean recording.
    recogniser
        Recogniser for the word error.
    texts
        Transcripts by the name of the file, see :func:`files_by_name`. If one is missing, words are compared with what
        is recognised in the clean recordings.
    """
    for path in filter(None, (reference, processed, noisy, far)):
        if not path.is_dir():
            raise BadSetting(f"{path} is not a folder; --paired compares folders whose files have the same names.")
    failed: list[Failed] = []
    clean, files = files_by_name(reference, failed), files_by_name(processed, failed)
    before = {} if noisy is None else files_by_name(noisy, failed)
    requested = {
        name: metric for name, metric in METRICS.items() if metric.score or (far is not None and metric.module)
    }
    installed = [
        name for name, metric in requested.items() if not metric.module or find_spec(metric.module) is not None
    ]
    words = None
    if recogniser is not None:
        has_texts = texts is not None and all(name in texts for name in files if name in clean)
        words = _Words(recogniser, texts if has_texts else None)
    scorer = _Scorer(
        clean=clean,
        metrics={name: score for name in installed if (score := METRICS[name].score)},
        calls=None if far is None else _Calls(before, files_by_name(far, failed), "aecmos_echo" in installed),
        words=words,
    )
    scores = dict(scorer.scores(files, failed))
    equal = tuple(scorer.equal)
    if not scores:
        reason = failed[0].reason if failed else "no file has the name of another"
        raise BadFolder(f"Nothing in {processed} can be compared with {reference}: {reason}")
    return PairedReport(
        reference=reference,
        processed=processed,
        noisy=noisy,
        far=far,
        words_from=None if words is None else "recogniser" if words.texts is None else "text",
        scores=scores,
        noisy_scores=dict(scorer.scores(before, failed)),
        clean_scores=dict(scorer.clean_scores(scores)),
        not_measured={name: metric.install for name, metric in requested.items() if name not in installed},
        failed=tuple(failed),
        equal=equal,
    )


def files_by_name(folder: Path, failed: list[Failed]) -> dict[str, Path]:
    """Return the sound files below a folder by their path in it without the ending, the first of each; note others."""
    files: dict[str, Path] = {}
    for path in files_below(folder, SOUND_SUFFIXES):
        if isinstance(path, Failed):
            failed.append(path)
        elif (first := files.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)) != path:
            failed.append(Failed(path, f"{path} has the name of {first.name} beside it, which is compared; move one."))
    return files


class _Words:
    """Word errors of recordings by a recogniser, against transcripts or against its reading of the clean recording."""

    def __init__(self, recogniser: Recogniser, texts: Mapping[str, str] | None) -> None:
        self.recogniser = recogniser
        self.texts = texts
        self._readings: dict[str, list[str]] = {}

    def errors(self, name: str, clean: np.ndarray, estimate: np.ndarray) -> dict[str, float]:
        """Return the word error of a file and its number of words; both are cut in the pauses of the clean wave."""
        cuts = pauses(clean)
        if self.texts is not None:
            reference = spoken_words(self.texts[name])
        else:
            if name not in self._readings:
                self._readings[name] = self._read(clean, cuts)
            reference = self._readings[name]
        errors = word_errors(reference, self._read(estimate, cuts))
        return {"word_error_percent": 100 * errors.rate, "n_words": float(errors.n_words)}

    def _read(self, wave: np.ndarray, cuts: list[int]) -> list[str]:
        texts = [self.recogniser.text_of(piece, SAMPLE_RATE) for piece in np.split(wave, cuts)]
        return [word for text in texts for word in spoken_words(text)]


@dataclass(frozen=True)
class _Calls:
    """AECMOS of the files of calls, of which ``microphones`` and ``far_ends`` are the files by name."""

    microphones: Mapping[str, Path]
    far_ends: Mapping[str, Path]
    is_installed: bool

    def opinions(self, name: str, clean: Path, enhanced: Path) -> dict[str, float]:
        """Return AECMOS of a file; raise BadAudio without its microphone or far end."""
        for which, files in (("microphone", self.microphones), ("far end", self.far_ends)):
            if name not in files:
                raise BadAudio(f"there is no recording of the {which} of this name.")
        if not self.is_installed:
            return {}
        near, before, after = _aligned(clean, self.microphones[name], enhanced)
        far = _read(self.far_ends[name])[: len(near)]  # it may be shorter or longer than the call
        echo, other = aecmos_of_call(near, np.pad(far, (0, len(near) - len(far))), before, after)
        return {"aecmos_echo": echo, "aecmos_other": other}


@dataclass(frozen=True)
class _Scorer:
    """Metrics of files against the clean recordings of their names."""

    clean: Mapping[str, Path]
    metrics: Mapping[str, Callable[[np.ndarray, np.ndarray], float]]
    calls: _Calls | None
    words: _Words | None
    equal: list[str] = field(default_factory=list)  # names of processed files

    def scores(self, files: Mapping[str, Path], failed: list[Failed]) -> Iterator[tuple[str, dict[str, float]]]:
        """Yield each file with its scores; add files that cannot be scored to ``failed``."""
        for name, path in files.items():
            try:
                scores = self._scores_of(name, path)
            except (BadAudio, BadSetting) as error:
                failed.append(Failed(path, str(error)))
                continue
            if scores.get("si_sdr_db") == float("inf"):
                self.equal.append(name)
            yield name, _finite(scores)

    def clean_scores(self, names: Iterable[str]) -> Iterator[tuple[str, dict[str, float]]]:
        """Yield each name with the scores of its clean recording that need no clean recording."""
        for name in names:
            wave = _read(self.clean[name])
            if is_silent(wave):
                continue
            alone = {name: score for name, score in self.metrics.items() if not METRICS[name].needs_reference}
            scores = {metric: score(wave, wave) for metric, score in alone.items()}
            if self.words is not None and self.words.texts is not None:
                scores |= self.words.errors(name, wave, wave)
            yield name, _finite(scores)

    def _scores_of(self, name: str, path: Path) -> dict[str, float]:
        if name not in self.clean:
            raise BadAudio("there is no clean recording of this name.")
        clean, estimate = _aligned(self.clean[name], path)
        opinions = {} if self.calls is None else self.calls.opinions(name, self.clean[name], path)
        if is_silent(clean):
            if self.calls is None:
                raise BadAudio(f"its clean recording {self.clean[name]} is silent.")
            return opinions
        if is_silent(estimate):
            raise BadAudio("it is silent, and its clean recording is not.")
        scores = {metric: score(clean, estimate) for metric, score in self.metrics.items()}
        return scores | opinions | ({} if self.words is None else self.words.errors(name, clean, estimate))


def _finite(scores: dict[str, float]) -> dict[str, float]:
    return {name: score for name, score in scores.items() if np.isfinite(score)}


def _aligned(reference: Path, *others: Path) -> list[np.ndarray]:
    """Return waves ``(time,)`` of the same length; raise BadAudio if theirs differ by more than a little."""
    first, *rest = waves = [_read(path) for path in (reference, *others)]
    for path, wave in zip(others, rest, strict=True):
        if abs(len(first) - len(wave)) > MAX_LENGTH_DIFFERENCE * SAMPLE_RATE:
            lengths = f"{len(wave) / SAMPLE_RATE:.2f} s long, and {reference} {len(first) / SAMPLE_RATE:.2f} s"
            raise BadAudio(f"{path} is {lengths}; pairs start and end together.")
    n_samples = min(map(len, waves))
    return [wave[:n_samples] for wave in waves]


def _read(path: Path) -> np.ndarray:
    """Return a recording ``(time,)`` at 16 kHz, channels mixed."""
    wave: np.ndarray = Clip.read(path).mono().resample(SAMPLE_RATE).wave[0]
    return wave
