"""Quality of processed speech against its clean recording: SI-SDR, PESQ, STOI, and DNSMOS without a reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..clip import FORMATS, Clip
from ..errors import BadAudio, BadFolder, BadSetting, how_to_install
from .sampling import Interval, bootstrap_interval

SAMPLE_RATE = 16_000
MAX_LENGTH_DIFFERENCE = 0.1  # seconds, of a pair
PACKAGES = {"pesq": "pip install pesq", "stoi": "pip install pystoi", "dnsmos": how_to_install("metrics")}
"""Metrics by packages that are not a part of Wavewright, and the command that installs each."""
MODULES = {"pesq": "pesq", "stoi": "pystoi", "dnsmos": "speechmos"}
NAMES = {"si_sdr_db": "SI-SDR (dB)", "pesq": "PESQ", "stoi": "STOI", "dnsmos": "DNSMOS"}
SHOWN_PROBLEMS = 10


def si_sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the scale-invariant signal-to-distortion ratio of waves ``(time,)`` in dB, NaN for a silent reference.

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
    return float(10 * np.log10((projection @ projection + 1e-20) / (distortion @ distortion + 1e-20)))


def pesq(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the wide-band PESQ (ITU-T P.862.2) of waves ``(time,)`` at 16 kHz, NaN without speech."""
    from pesq import NoUtterancesError
    from pesq import pesq as score

    try:
        return float(score(SAMPLE_RATE, reference, estimate, "wb"))
    except NoUtterancesError:
        return float("nan")


def stoi(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the short-time objective intelligibility (Taal et al., 2011) of waves ``(time,)`` at 16 kHz, 0 to 1."""
    from pystoi import stoi as score

    return float(score(reference, estimate, SAMPLE_RATE))


def dnsmos(_: np.ndarray, estimate: np.ndarray) -> float:
    """Return the overall DNSMOS P.835 (Reddy et al., 2022) of a wave ``(time,)`` at 16 kHz, 1 (bad) to 5."""
    from speechmos import dnsmos as score

    return float(score.run(np.clip(estimate, -1.0, 1.0), sr=SAMPLE_RATE)["ovrl_mos"])


METRICS: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "si_sdr_db": si_sdr_db,
    "pesq": pesq,
    "stoi": stoi,
    "dnsmos": dnsmos,
}
"""Metrics by their name, each a function of reference and estimate."""


@dataclass(frozen=True)
class PairedReport:
    """Scores of files against their clean recordings.

    Attributes
    ----------
    reference, processed
        Folders of the clean recordings, and of the processed ones.
    noisy
        Folder of the recordings before they were processed, or None.
    scores
        Of each processed file: metrics by name.
    noisy_scores
        Of each file before.
    not_measured
        Metrics that are left out, and the commands that install their packages.
    problems
        Files that were left out, and the reasons.
    """

    reference: Path
    processed: Path
    noisy: Path | None
    scores: dict[str, dict[str, float]]
    noisy_scores: dict[str, dict[str, float]]
    not_measured: dict[str, str]
    problems: dict[str, str]

    @cached_property
    def means(self) -> dict[str, Interval]:
        """Mean of each metric with its 95 % bootstrap interval."""
        return means_of(self.scores)

    @cached_property
    def noisy_means(self) -> dict[str, Interval]:
        """Mean of each metric before, with its interval; empty without recordings before."""
        return means_of(self.noisy_scores)

    def __str__(self) -> str:
        """Return a line for each metric, and notes."""
        lines = [f"{len(self.scores)} files of {self.processed} against {self.reference} (mean, 95 % interval)"]
        for name, mean in self.means.items():
            line = f"  {NAMES[name]:12} {mean.value:7.3f} ({mean.low:.3f} to {mean.high:.3f})"
            before = self.noisy_means.get(name)
            lines.append(line if before is None else f"{line}, before {before.value:.3f}")
        lines += [f"  {NAMES[name]} is left out: {command}" for name, command in self.not_measured.items()]
        shown = list(self.problems.items())[:SHOWN_PROBLEMS]
        lines += [f"  {file}: {problem}" for file, problem in shown]
        n_more = len(self.problems) - len(shown)
        return "\n".join([*lines, f"  and {n_more} more files; --json lists all"] if n_more else lines)


def means_of(scores: Mapping[str, Mapping[str, float]]) -> dict[str, Interval]:
    """Return the mean of each metric over the files where it is a number, with its interval."""
    means = {}
    for name in NAMES:
        values = np.array([each[name] for each in scores.values() if np.isfinite(each.get(name, np.nan))])
        if len(values):
            means[name] = bootstrap_interval(np.mean, [values])
    return means


def compare_pairs(reference: Path, processed: Path, noisy: Path | None = None) -> PairedReport:
    """Score processed files against the clean recordings of the same names, in the same folders.

    All are mixed to one channel and resampled to 16 kHz; the longer one of a pair is cut.

    Raises
    ------
    BadFolder
        If no file has a clean recording.
    BadSetting
        If a path is not a folder.
    """
    for path in filter(None, (reference, processed, noisy)):
        if not path.is_dir():
            raise BadSetting(f"{path} is not a folder; --paired compares folders whose files have the same names.")
    clean = files_by_name(reference)
    problems: dict[str, str] = {}
    installed = [name for name in METRICS if name not in MODULES or find_spec(MODULES[name]) is not None]
    scores = dict(_scores(files_by_name(processed), clean, installed, problems))
    if not scores:
        reason = next(iter(problems.values()), "no file has the name of another")
        raise BadFolder(f"Nothing in {processed} can be compared with {reference}: {reason}")
    noisy_scores = {} if noisy is None else dict(_scores(files_by_name(noisy), clean, installed, problems))
    return PairedReport(
        reference=reference,
        processed=processed,
        noisy=noisy,
        scores=scores,
        noisy_scores=noisy_scores,
        not_measured={name: PACKAGES[name] for name in METRICS if name not in installed},
        problems=problems,
    )


def files_by_name(folder: Path) -> dict[str, Path]:
    """Return the sound files below a folder by their path in it without the ending."""
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in FORMATS and path.is_file()
    }


def _scores(
    files: Mapping[str, Path], clean: Mapping[str, Path], metrics: Iterable[str], problems: dict[str, str]
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each file with its scores; add files that cannot be scored to ``problems``."""
    for name, path in files.items():
        if name not in clean:
            problems[str(path)] = "there is no clean recording of this name."
            continue
        try:
            reference, estimate = _pair(clean[name], path)
        except BadAudio as error:
            problems[str(path)] = str(error)
            continue
        yield name, {metric: METRICS[metric](reference, estimate) for metric in metrics}


def _pair(reference: Path, estimate: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return two waves ``(time,)`` of the same length; raise BadAudio if theirs differ by more than a little."""
    clips = [Clip.read(path).mono().resample(SAMPLE_RATE) for path in (reference, estimate)]
    first, second = (clip.seconds for clip in clips)
    if abs(first - second) > MAX_LENGTH_DIFFERENCE:
        raise BadAudio(f"It is {second:.2f} s long, and {reference} {first:.2f} s; pairs start and end together.")
    n_samples = min(clip.n_samples for clip in clips)
    waves = [clip.wave[0, :n_samples] for clip in clips]
    return waves[0], waves[1]
