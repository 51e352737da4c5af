"""Count the key words that a recogniser finds in a stream of words with pauses and noise, at its threshold.

    python -m benchmarks recognition.keywords --model runs/words --corpus corpora/digits --speaker theo --noise NOISES

The words of a speaker come in a random order, each after a pause of 1.2 to 2.2 s; the noise is below each word by a
ratio of powers. A word counts as recalled if its label is reported from its start to 1.2 s after its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_drums
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.base.units import db_to_gain
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.data.mixing import rms
from wavewright.families.loading import load_classifier
from wavewright.inference.recognition.spotting import KeywordSpotter
from wavewright.metrics.confusion import wilson_interval

PAUSE_SECONDS = 1.2, 2.2
TOLERANCE_SECONDS = 1.2

RECALL = Table("key words in a stream", columns(speaker="s", snr_db=".0f", words="d", recall=".3f", wrong="d"))


def stream_of(
    words: Sequence[Entry], noise: Sequence[Path], sample_rate: int, snr_db: float
) -> Iterator[tuple[np.ndarray, str, float]]:
    """Yield each word with the pause before it, ``(time,)``, its label, and the seconds of the pause.

    The noise is ``snr_db`` below the word in power; without recordings, it is white.
    """
    rng = np.random.default_rng([0, round(snr_db)])
    white = [] if noise else [rng.standard_normal(10 * sample_rate)]
    ambience = np.concatenate([*white, *(read_wave(path, sample_rate) for path in noise)])
    for entry in [words[index] for index in rng.permutation(len(words))]:
        word = read_wave(entry.path, sample_rate)
        pause = rng.uniform(*PAUSE_SECONDS)
        piece = np.concatenate([np.zeros(round(pause * sample_rate)), word])
        start = int(rng.integers(max(1, len(ambience) - len(piece))))
        below = ambience[start : start + len(piece)]
        piece[: len(below)] += rms(word) / max(rms(below), 1e-6) * db_to_gain(-snr_db) * below
        yield piece.astype(np.float32), str(entry.label), pause


def count_recalled(
    spotter: KeywordSpotter, words: Iterator[tuple[np.ndarray, str, float]], sample_rate: int
) -> tuple[int, int, int]:
    """Return the number of words, of those that are recognised, and of the other events in the stream."""
    spans: list[tuple[float, float, str]] = []
    events, seconds = [], 0.0
    for piece, label, pause in words:
        spans.append((seconds + pause, seconds + len(piece) / sample_rate + TOLERANCE_SECONDS, label))
        seconds += len(piece) / sample_rate
        events += spotter.push(piece)
    events += spotter.push(np.zeros(round(TOLERANCE_SECONDS * sample_rate), np.float32))
    n_right = sum(
        any(label == event.label and start < event.seconds < end for event in events) for start, end, label in spans
    )
    return len(spans), n_right, len(events) - n_right


def measure(options: Options, report: Report) -> None:
    model = load_classifier(options.model)
    words = corpus_entries(options.corpus, options.split, model.labels, speaker=options.speaker)
    noise = [entry.path for entry in scan(options.noise).entries] if options.noise else []
    speaker, rate = options.speaker or "all", model.sample_rate
    for snr_db in options.snr:
        stream = stream_of(words, noise, rate, snr_db)
        n_words, n_right, n_wrong = count_recalled(KeywordSpotter(model), stream, rate)
        row = {"words": n_words, "recall": wilson_interval(n_right, n_words), "wrong": n_wrong}
        report.add(RECALL, speaker=speaker, snr_db=snr_db, **row)
        report.target(speaker, f"recall at {snr_db:g} dB", n_right / n_words, at_least=0.95)


BENCHMARK = Benchmark(
    measure,
    Option("model", "runs/words", "a classifier with a threshold", smoke="drum-classifier"),
    Option("corpus", Path("corpora/digits"), "recordings of single words", smoke=smoke_drums),
    Option("split", smoke="test"),
    Option("speaker", help="of the words; default: all"),
    Option("noise", type=Path, help="folder of sounds; white noise without"),
    Option("snr", [30.0, 15.0], "of the stream, in dB", smoke=[30.0]),
)
