"""Time the reading and writing of MIDI files beside mido, and of other formats, on one thread.

    python -m benchmarks.music.formats --json formats.json
    python -m benchmarks.music.formats --notes 1280 100000

Files are made of random notes on four channels with controls and texts. mido reads all tracks into messages, Wavewright
into notes with durations. Times are those of the processor, medians after a first run.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from benchmarks.harness.timing import median_seconds
from wavewright.music.formats.midi_reading import read_midi
from wavewright.music.formats.midi_writing import write_midi
from wavewright.music.formats.musicxml_reading import read_musicxml
from wavewright.music.formats.musicxml_writing import write_musicxml
from wavewright.music.score import CONTROL_CHANGE, MetaEvent, Score, Track, controls_of, notes_of

MIDO = Peer("mido", "pip install mido", "mido")
MIN_RATIO = 5.0

MIDI = Table(
    "MIDI",
    columns(notes="d", kilobytes=".1f", milliseconds_reading=".2f", milliseconds_writing=".2f", milliseconds_mido=".2f")
    | columns(times_mido=".1f"),
)
OTHERS = Table("MusicXML", columns(notes="d", kilobytes=".1f", milliseconds_reading=".1f", milliseconds_writing=".1f"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--notes", type=int, nargs="+", default=[1_280, 20_000])
    parser.add_argument("--runs", type=int, default=15)


def score_of(n_notes: int) -> Score:
    """Return a score of random notes on four channels."""
    rng = np.random.default_rng(n_notes)
    tracks = []
    for channel in range(4):
        n = n_notes // 4
        start = np.sort(rng.integers(0, 120 * n, n))
        rows = zip(start, rng.integers(30, 480, n), rng.integers(40, 90, n), rng.integers(40, 120, n), strict=True)
        ticks = np.sort(rng.integers(0, 120 * n, n // 10))
        controls = controls_of([(int(tick), CONTROL_CHANGE, 11, int(tick) % 128) for tick in ticks])
        texts = tuple(MetaEvent(int(tick), 5, b"la") for tick in ticks[::20])
        notes = notes_of([tuple(map(int, row)) for row in rows])
        tracks.append(Track(notes, f"track {channel}", channel=channel, controls=controls, metas=texts))
    return Score(tuple(tracks), 480)


def milliseconds(function: Callable[[], object], n_runs: int) -> float:
    """Return the median time of a call."""
    return 1_000 * median_seconds(function, n_runs)


def read_by_mido(contents: bytes) -> object:
    """Read a file by mido."""
    import mido

    return mido.MidiFile(file=io.BytesIO(contents))


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each number of notes."""
    MIDO.require()
    for n_notes in options.notes:
        score = score_of(n_notes)
        contents = write_midi(score)
        own = milliseconds(partial(read_midi, contents), options.runs)
        peer = milliseconds(partial(read_by_mido, contents), options.runs)
        row = {
            "notes": score.n_notes,
            "kilobytes": len(contents) / 1_000,
            "milliseconds_reading": own,
            "milliseconds_writing": milliseconds(partial(write_midi, score), options.runs),
            "milliseconds_mido": peer,
            "times_mido": peer / own,
        }
        report.add(MIDI, row)
        report.target(f"{score.n_notes} notes", "times mido", peer / own, at_least=MIN_RATIO)
        xml = write_musicxml(score)
        n_runs = max(1, options.runs // 5)
        report.add(
            OTHERS,
            {
                "notes": score.n_notes,
                "kilobytes": len(xml) / 1_000,
                "milliseconds_reading": milliseconds(partial(read_musicxml, xml), n_runs),
                "milliseconds_writing": milliseconds(partial(write_musicxml, score), n_runs),
            },
        )


BENCHMARK = Benchmark(
    __doc__ or "",
    (MIDI, OTHERS, TARGETS),
    add_options,
    measure,
    smoke={"notes": [200], "runs": 1},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
