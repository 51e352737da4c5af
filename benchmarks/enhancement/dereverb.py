"""Measure dereverberation of sentences in simulated rooms: the bundled model and weighted prediction error (WPE).

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks.enhancement.dereverb --speech corpora/prompts --json dereverb.json

Each sentence is in a room of its own, simulated by pyroomacoustics, with a reverberation time of 0.3 to 1.0 s and the
source 1 to 3 m away, and faint noise 40 dB below. Wide-band PESQ and STOI (in percent) against the dry sentence, and
word errors as in benchmarks/speech/judges.py. WPE is that of ``enhance --dereverb`` and, where it is installed, that of
nara-wpe with the same settings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.enhancement.rooms import PYROOMACOUSTICS, convolved, simulated_response
from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_speech
from benchmarks.harness.peers import STOI, Peer
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Row, Table, columns, optional
from benchmarks.speech.judges import SAMPLE_RATE, Judges, add_judge_options, mean_interval, word_error_interval
from wavewright import loading
from wavewright.contracts.enhancement import EnhancementSettings
from wavewright.dsp.wpe import DELAY, N_ITERATIONS, N_TAPS, dereverberate
from wavewright.metrics.paired import stoi

NARA_WPE = Peer("nara-wpe", "pip install nara-wpe==0.0.11", module="nara_wpe")
T60, DISTANCE = (0.3, 1.0), (1.0, 3.0)
PEAK, NOISE = 0.5, 0.01  # of the reverberant sentence; of the noise over its level
SEED = 31

DEREVERBERATED = Table(
    "dereverberated",
    columns(method="s", clips="d") | optional(pesq=".2f", stoi_percent=".1f", word_error_percent=".1f", dnsmos=".2f"),
)

Dereverberate = Callable[[np.ndarray], np.ndarray]


def nara_wpe(wave: np.ndarray) -> np.ndarray:
    """Dereverberate a wave ``(time,)`` by nara-wpe."""
    from nara_wpe.utils import istft, stft
    from nara_wpe.wpe import wpe_v8

    spectra = stft(wave[None], size=512, shift=128).transpose(2, 0, 1)
    dry = wpe_v8(spectra, taps=N_TAPS, delay=DELAY, iterations=N_ITERATIONS).transpose(1, 2, 0)
    estimate: np.ndarray = istft(dry, size=512, shift=128)[0][: len(wave)].astype(np.float32)
    return estimate


def methods_of(options: argparse.Namespace, report: Report) -> dict[str, Dereverberate]:
    """Return the methods by name; note those that are not installed in ``report``."""
    methods: dict[str, Dereverberate] = {"none": lambda wave: wave}
    methods["WPE"] = lambda wave: dereverberate(wave[None], SAMPLE_RATE)[0]
    if NARA_WPE.is_installed:
        methods["nara-wpe"] = nara_wpe
    else:
        report.skip(NARA_WPE, "nara-wpe")
    settings = EnhancementSettings(dereverb=True)
    for name in options.model:
        model = loading.load_enhancer(name)
        methods[name] = lambda wave, model=model: model.enhance(wave, settings)  # type: ignore[misc]
    return methods


def measure_method(
    name: str, method: Dereverberate, pairs: list[tuple[np.ndarray, np.ndarray]], texts: list[str], judges: Judges
) -> Row:
    """Return the row of a method for pairs of dry and reverberant sentences."""
    pesq, stoi_percent, dnsmos, errors = [], [], [], []
    for (dry, wet), text in zip(pairs, texts, strict=True):
        estimate = method(wet)
        pesq.append(judges.pesq(dry, estimate))
        dnsmos.append(judges.dnsmos(estimate, SAMPLE_RATE))
        errors.append(judges.word_errors(estimate, SAMPLE_RATE, text))
        if STOI.is_installed:
            stoi_percent.append(100 * stoi(dry, estimate))
    return {
        "method": name,
        "clips": len(pairs),
        "pesq": mean_interval(pesq),
        "stoi_percent": mean_interval(stoi_percent) if stoi_percent else None,
        "word_error_percent": word_error_interval(np.array(errors, float)),
        "dnsmos": mean_interval(dnsmos),
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--speech", type=Path, default=Path("corpora/prompts"), help="a corpus with texts")
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", nargs="*", default=["denoise-16k"], help="denoisers at 16 kHz")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--min-seconds", type=float, default=2.0)
    add_judge_options(parser)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each method."""
    judges = Judges(options, report, with_pesq=True)
    if not PYROOMACOUSTICS.is_installed:
        report.skip(PYROOMACOUSTICS, "Rooms of another program than the one that models are trained in")
    entries = corpus_entries(options.speech, options.split, needs_text=True, min_seconds=options.min_seconds)
    chosen = draw_entries(entries, options.count)
    rng = np.random.default_rng(SEED)
    pairs = []
    for entry in chosen:
        dry = read_wave(entry.path, SAMPLE_RATE)
        wet = convolved(dry, simulated_response(rng, SAMPLE_RATE, T60, DISTANCE))
        gain = np.float32(PEAK / np.abs(wet).max())
        noise = rng.standard_normal(len(wet)) * NOISE * np.std(gain * wet)
        pairs.append((gain * dry, (gain * wet + noise).astype(np.float32)))
    texts = [str(entry.text) for entry in chosen]
    for name, method in methods_of(options, report).items():
        report.add(DEREVERBERATED, measure_method(name, method, pairs, texts, judges))


BENCHMARK = Benchmark(
    __doc__,
    (DEREVERBERATED,),
    add_options,
    measure,
    smoke={"speech": smoke_speech, "count": 1, "no_dnsmos": True},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
