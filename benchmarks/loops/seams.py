"""Measure the seams of loops: of recordings and of clips by the bundled model ``ambience``.

    python -m benchmarks.loops.seams --corpus corpora/textures --json seams.json

A seam is the crossfade of a loop and the point where its end meets its start, when it is played twice. Two measures:

- flux: the largest spectral flux at the seam, as a percentile of the same measure elsewhere in the loop.
- spectrum: octave bands of the seam against those of the two segments that were crossfaded, the mean difference in dB.

A plain cut to the same length (no search, no crossfade) is measured for comparison.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import scipy.signal

from benchmarks.harness.corpora import smoke_ambience
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from wavewright.audio.clip import Clip
from wavewright.dsp.looping import CROSSFADE_SECONDS, SeamlessLoop, make_loop
from wavewright.families import loading

SUFFIXES = (".wav", ".flac", ".ogg")
FLUX_SECONDS = 0.02
OCTAVES_HZ = (125, 250, 500, 1_000, 2_000, 4_000)
SILENCE = 1e-2  # power in a band of half a second at about -90 dB of full scale
MIN_SECONDS = 3.0
MAX_SECONDS = 60.0

SEAMS = Table(
    "seams",
    {
        **columns(loops="s", method="s", count="d", flux_in_95="d", spectrum_in_1_db="d"),
        **columns(median_flux_percentile=".1f", median_spectrum_db=".2f", worst_spectrum_db=".2f"),
    },
)


def spectral_flux(wave: np.ndarray, sample_rate: int) -> tuple[np.ndarray, int]:
    """Return the rise of the magnitudes of the STFT from frame to frame, ``(frames,)``, and the hop."""
    n_fft = 2 * round(FLUX_SECONDS * sample_rate / 2)
    hop = n_fft // 4
    frames = np.lib.stride_tricks.sliding_window_view(wave.mean(axis=0), n_fft)[::hop]
    magnitudes = np.abs(np.fft.rfft(frames * np.hanning(n_fft), axis=1))
    return np.maximum(0.0, np.diff(magnitudes, axis=0)).sum(axis=1), hop


def flux_percentile(loop: np.ndarray, sample_rate: int, position: int, n_around: int) -> float:
    """Return the percentile of the flux within ``n_around`` of a position among all positions of the loop."""
    flux, hop = spectral_flux(np.concatenate([loop, loop], axis=1), sample_rate)
    n_frames = max(1, 2 * n_around // hop)
    largest = np.lib.stride_tricks.sliding_window_view(flux, n_frames).max(axis=1)
    at_seam = largest[min(len(largest) - 1, max(0, (position - n_around) // hop))]
    return float(100 * np.mean(largest[: loop.shape[1] // hop] < at_seam))


def octave_levels(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the power of ``wave (channels, time)`` in octave bands, in dB, of those below half the sample rate."""
    spectrum = np.abs(np.fft.rfft(wave * scipy.signal.get_window("hann", wave.shape[1]), axis=1)) ** 2
    hertz = np.fft.rfftfreq(wave.shape[1], 1 / sample_rate)
    bands = [(hz / np.sqrt(2) <= hertz) & (hertz < hz * np.sqrt(2)) for hz in OCTAVES_HZ if 1.5 * hz < sample_rate / 2]
    return np.array([10 * np.log10(spectrum[:, band].sum() + SILENCE) for band in bands])


def spectrum_difference(seam: np.ndarray, before: np.ndarray, after: np.ndarray, sample_rate: int) -> float:
    """Return the mean difference in dB of a seam from the mean power of the two segments that meet there."""
    power = np.mean([10 ** (octave_levels(each, sample_rate) / 10) for each in (before, after)], axis=0)
    return float(np.abs(octave_levels(seam, sample_rate) - 10 * np.log10(power)).mean())


def measure_loop(wave: np.ndarray, sample_rate: int, loop: SeamlessLoop) -> tuple[float, float]:
    """Return the percentile of the flux, the larger one of crossfade and meeting point, and the spectrum in dB."""
    n, n_loop = loop.crossfade_samples, loop.wave.shape[1]
    end = loop.start_samples + n_loop
    flux = max(
        flux_percentile(loop.wave, sample_rate, n_loop, round(FLUX_SECONDS * sample_rate)),
        flux_percentile(loop.wave, sample_rate, n_loop - n // 2, n // 2),
    )
    before, after = wave[:, end - n : end], wave[:, loop.start_samples - n : loop.start_samples]
    return flux, spectrum_difference(loop.wave[:, -n:], before, after, sample_rate)


def plain_cut(wave: np.ndarray, sample_rate: int) -> SeamlessLoop:
    """Return the whole sound as a loop, without search or crossfade; its seam is as long as a crossfade."""
    n = round(CROSSFADE_SECONDS * sample_rate)
    return SeamlessLoop(wave[:, n:], n, n, 0.0, 0.0)


def measure_plain(sample_rate: int, loop: SeamlessLoop) -> tuple[float, float]:
    """Return the measures of a plain cut: what is around the meeting point against both of its sides."""
    n, n_loop = loop.crossfade_samples, loop.wave.shape[1]
    flux = flux_percentile(loop.wave, sample_rate, n_loop, round(FLUX_SECONDS * sample_rate))
    seam = np.concatenate([loop.wave[:, -(n // 2) :], loop.wave[:, : n // 2]], axis=1)
    sides = loop.wave[:, -len(seam[0]) :], loop.wave[:, : len(seam[0])]
    return flux, spectrum_difference(seam, *sides, sample_rate)


METHODS: dict[str, Callable[[np.ndarray, int], tuple[float, float]]] = {
    "loop": lambda wave, rate: measure_loop(wave, rate, make_loop(wave, rate)),
    "loop of a given length": lambda wave, rate: measure_loop(
        wave, rate, make_loop(wave, rate, seconds=0.6 * wave.shape[1] / rate)
    ),
    "plain cut": lambda wave, rate: measure_plain(rate, plain_cut(wave, rate)),
}


def recordings(folder: Path, count: int) -> Iterator[Clip]:
    """Yield recordings of a folder that are long enough, and not silent."""
    n_yielded = 0
    for path in sorted(each for each in folder.rglob("*") if each.suffix in SUFFIXES):
        clip = Clip.read(path, seconds=MAX_SECONDS)
        if clip.seconds >= MIN_SECONDS and np.abs(clip.wave).max() > 1e-3 and n_yielded < count:
            n_yielded += 1
            yield clip


def generated(count: int, seconds: float) -> Iterator[Clip]:
    """Yield clips of all labels of ``ambience`` in turn."""
    model = loading.load_generator("ambience")
    for index in range(count):
        yield Clip(model.generate(None, 1, 0, index, seconds=seconds)[0], model.sample_rate)  # type: ignore[call-arg]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/textures"), help="folder of recordings")
    parser.add_argument("--count", type=int, default=100, help="recordings, and as many generated clips")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the generated clips")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each kind of loops and method."""
    kinds = {
        "recordings": lambda: recordings(options.corpus, options.count),
        "generated": lambda: generated(options.count, options.seconds),
    }
    for kind, clips in kinds.items():
        for method, function in METHODS.items():
            measured = np.array([function(clip.wave, clip.sample_rate) for clip in clips()])
            n_in_flux, n_in_spectrum = (int((measured[:, 0] <= 95).sum()), int((measured[:, 1] <= 1).sum()))
            report.add(
                SEAMS,
                {
                    "loops": kind,
                    "method": method,
                    "count": len(measured),
                    "flux_in_95": n_in_flux,
                    "spectrum_in_1_db": n_in_spectrum,
                    "median_flux_percentile": float(np.median(measured[:, 0])),
                    "median_spectrum_db": float(np.median(measured[:, 1])),
                    "worst_spectrum_db": float(measured[:, 1].max()),
                },
            )
            if method == "loop":
                report.target(kind, "flux within the 95th percentile", n_in_flux / len(measured), at_least=1.0)
                report.target(kind, "spectrum within 1 dB", n_in_spectrum / len(measured), at_least=1.0)


BENCHMARK = Benchmark(
    __doc__, (SEAMS, TARGETS), add_options, measure, smoke={"corpus": smoke_ambience, "count": 4, "seconds": 4.0}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
