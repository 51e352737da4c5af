"""Measure who speaks each line of a conversation, told apart by voices alone.

    python -m benchmarks speech.conversations --corpus corpora/speech corpora/synthetic --json conversations.json

A conversation is recordings of some of the speakers in a random order: of each, three to eight of at least a second,
all joined with silences of half a second. The lines are given, as a recogniser or subtitles give them. A line is right
if it has the number of its speaker, where the numbers are matched to the speakers such that most are; of the rows with
``found``, the number of speakers is not given. Intervals are bootstrap intervals over the conversations, 95 %.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_speech
from benchmarks.harness.judges import means
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.audio.clip import Clip
from wavewright.dubbing.speakers import cluster_speakers
from wavewright.dubbing.stretches import RATE

SHORTEST_SECONDS, LONGEST_SECONDS, PAUSE_SECONDS = 1.0, 10.0, 0.5
FEWEST_LINES, MOST_LINES = 3, 8

CONVERSATIONS = Table(
    "conversations",
    columns(speakers="d", conversations="d", right_percent=".1f", right_percent_found=".1f", found_percent=".1f"),
)


def measure(options: Options, report: Report) -> None:
    by_speaker: dict[str, list[Path]] = defaultdict(list)
    for entry in itertools.chain(*(corpus_entries(corpus, min_seconds=SHORTEST_SECONDS) for corpus in options.corpus)):
        if entry.speaker and entry.seconds <= LONGEST_SECONDS:
            by_speaker[entry.speaker].append(entry.path)
    paths = [own for _, own in sorted(by_speaker.items()) if len(own) >= FEWEST_LINES]
    rng = np.random.default_rng(options.seed)
    for n_speakers in range(1, min(options.most, len(paths)) + 1):
        rows = []
        for _ in range(options.count):
            with tempfile.TemporaryDirectory() as folder:
                sound = Path(folder, "conversation.wav")
                spans, turns = _write_conversation(paths, n_speakers, rng, sound)
                given, guessed = (cluster_speakers(sound, spans, number).numbers for number in (n_speakers, 0))
            right, right_found = (100 * _right_fraction(numbers, turns) for numbers in (given, guessed))
            found = 100.0 * (max(guessed) == n_speakers)
            rows.append({"right_percent": right, "right_percent_found": right_found, "found_percent": found})
        report.add(CONVERSATIONS, means(rows), speakers=n_speakers, conversations=options.count)


def _write_conversation(
    paths: list[list[Path]], n_speakers: int, rng: np.random.Generator, out: Path
) -> tuple[list[tuple[float, float]], np.ndarray]:
    """Write a conversation; return start and end of its lines in seconds, and the number of the speaker of each."""
    chosen = rng.choice(len(paths), n_speakers, replace=False)
    lines = []
    for number, speaker in enumerate(chosen):
        count = min(int(rng.integers(FEWEST_LINES, MOST_LINES + 1)), len(paths[speaker]))
        lines += [(number, paths[speaker][row]) for row in rng.permutation(len(paths[speaker]))[:count]]
    order = rng.permutation(len(lines))
    silence = np.zeros(round(PAUSE_SECONDS * RATE), np.float32)
    parts, spans, position = [silence], [], PAUSE_SECONDS
    for row in order:
        wave = read_wave(lines[row][1], RATE)
        parts += [wave, silence]
        spans.append((position, position + len(wave) / RATE))
        position = spans[-1][1] + PAUSE_SECONDS
    Clip(np.concatenate(parts)[None], RATE).write(out)
    return spans, np.array([lines[row][0] for row in order])


def _right_fraction(numbers: tuple[int, ...], turns: np.ndarray) -> float:
    """Return the fraction of lines with the number of their speaker, after the best matching of numbers."""
    counts = np.zeros((max(numbers), turns.max() + 1))
    np.add.at(counts, (np.array(numbers) - 1, turns), 1)
    return float(counts[linear_sum_assignment(-counts)].sum() / len(turns))


BENCHMARK = Benchmark(
    measure,
    Option("corpus", [Path("corpora/speech")], smoke=lambda folder: [smoke_speech(folder)]),
    Option("most", 6, "speakers of a conversation", smoke=2),
    Option("count", 40, "conversations for each number of speakers", smoke=2),
    Option("seed", 1),
)
