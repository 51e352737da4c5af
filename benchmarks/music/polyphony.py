"""Find the notes of several voices that a SoundFont plays, beside basic-pitch's network.

    python -m benchmarks music.polyphony --scores FOLDER --soundfont TimGM6mb.sf2 --json polyphony.json

FOLDER has the folders chorales, quartets and songs that ``recipes/composer.py`` writes with ``--scores-only``; their
validation scores, of which nothing is learned, are played. Nothing is learned from TimGM6mb (Debian package
timgm6mb-soundfont) either. Without FOLDER, pieces by rules are played. Notes count by mir_eval: onset within 50 ms,
pitch within 50 cents, and, for F with ends, an end within 50 ms or a fifth of the note. A note that is held longer than
its instrument sounds counts as played. The figure of an ensemble is the mean over its pieces.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import shuffle_entries
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.music.transcription import RATE, SCORES, Melody, Sound, grouped, played, polyphonic, transcribe_all
from wavewright.base.errors import ScoreWarning
from wavewright.inference.transcription.settings import POLYPHONIC
from wavewright.music.formats import read_score
from wavewright.music.rules import compose_by_rule
from wavewright.music.score import CONTROL_CHANGE, PROGRAM, Score, Track, controls_of, notes_of
from wavewright.music.timing import TEMPO
from wavewright.synth.soundfont import SoundFontEngine, default_soundfont, read_soundfont

TICKS_PER_SECOND = 1_000
SHORTEST_SECONDS = 0.04
REVERB = 91  # controller of its send
REVERB_LEVELS = (0, 40)

ENSEMBLES = {
    "piano, songs": ("songs", (0,)),
    "piano, quartets": ("quartets", (0,)),
    "electric piano, songs": ("songs", (4,)),
    "nylon guitar, chorales": ("chorales", (24,)),
    "steel guitar, songs": ("songs", (25,)),
    "choir, chorales": ("chorales", (52,)),
    "organ, chorales": ("chorales", (19,)),
    "string quartet": ("quartets", (40, 40, 41, 42)),
    "winds, chorales": ("chorales", (73, 68, 71, 70)),
    "flute and piano, songs": ("songs", (73, 0)),
}
"""Kinds of scores, and the program of each part; later parts have the last one."""

RULE = "progression"
FIRST_SEED = 1_000
MIN_NOTES = 20  # of a score
RANGES = {0: (21, 108), 4: (28, 103), 24: (40, 84), 25: (40, 86), 52: (40, 84), 19: (36, 96)}
RANGES |= {40: (55, 98), 41: (48, 86), 42: (36, 76), 73: (60, 96), 68: (58, 90), 71: (50, 90), 70: (34, 72)}

EACH = Table("ensembles", columns(ensemble="s", transcriber="s", pieces="d", notes="d") | SCORES)
SPEED = Table("processor time", columns(transcriber="s", times_real_time=".1f"))
ALL = Table("all", columns(transcriber="s") | SCORES)


def piece_of(score: Score, seconds: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the parts of some seconds of a score: start, end, pitch and other velocities, ``(notes, 4)`` each."""
    begin = rng.uniform(0, max(score.seconds - seconds, 0.0))
    parts = []
    for track in score.tracks:
        notes = track.notes
        start = score.tempo_map.seconds(notes["start"]) - begin
        end = score.tempo_map.seconds(notes["start"] + notes["duration"]) - begin
        used = (start >= 0) & (start < seconds) & (not track.is_drum)
        velocity = np.clip(rng.normal(78, 14, len(notes)), 30, 120)
        rows = np.stack([start + 0.2, end + 0.2, notes["pitch"], velocity], axis=1)[used]
        if len(rows):
            parts.append(rows)
    return parts


def tidied(rows: np.ndarray, limits: tuple[int, int]) -> np.ndarray:
    """Return the notes of an instrument's range; none of a pitch overlaps with the next of it."""
    rows = rows[(rows[:, 2] >= limits[0]) & (rows[:, 2] <= limits[1])]
    rows = rows[np.lexsort((rows[:, 2], rows[:, 0]))]
    kept: list[np.ndarray] = []
    last: dict[int, np.ndarray] = {}
    for row in rows:
        before = last.get(int(row[2]))
        if before is not None:
            if row[0] - before[0] < SHORTEST_SECONDS:
                continue
            before[1] = min(before[1], row[0] - 0.005)
        row[1] = max(row[1], row[0] + SHORTEST_SECONDS)
        last[int(row[2])] = row
        kept.append(row)
    return np.array(kept).reshape(-1, 4)


def arranged(parts: list[np.ndarray], programs: tuple[int, ...], reverb: int) -> tuple[Score, Melody]:
    """Return the score of a piece for an ensemble, and its notes."""
    by_program: dict[int, list[np.ndarray]] = {}
    for number, part in enumerate(parts):
        by_program.setdefault(programs[min(number, len(programs) - 1)], []).append(part)
    tracks, everything = [], []
    for program, own in by_program.items():
        rows = tidied(np.concatenate(own), RANGES[program])
        ticks = np.rint(TICKS_PER_SECOND * rows[:, :2]).astype(int)
        notes = [(a, b - a, int(row[2]), int(row[3])) for (a, b), row in zip(ticks, rows, strict=True)]
        controls = controls_of([(0, PROGRAM, 0, program), (0, CONTROL_CHANGE, REVERB, reverb)])
        tracks.append(Track(notes_of(notes), controls=controls))
        everything.append(rows)
    rows = tidied(np.concatenate(everything), (0, 127))
    score = Score(tuple(tracks), TICKS_PER_SECOND, np.array([(0, 1_000_000)], TEMPO))
    return score, Melody(rows[:, :2], rows[:, 2].astype(int), rows[:, 3].astype(int))


def scores_of_kind(folder: Path | None, kind: str, number: int) -> Iterator[Score]:
    """Yield scores of which nothing is learned."""
    if folder is None:
        for seed in range(FIRST_SEED, FIRST_SEED + number):
            yield compose_by_rule(RULE, seed=seed, bars=8)
        return
    paths = sorted((folder / kind).glob("valid-*"))
    n_found = 0
    for path in shuffle_entries(paths, len(paths), len(paths)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScoreWarning)
            score = read_score(path)
        if n_found < number and score.n_notes > MIN_NOTES:
            n_found += 1
            yield score


def sounds(options: Options) -> Iterator[Sound]:
    """Yield the pieces of all ensembles."""
    font = default_soundfont() if options.soundfont is None else read_soundfont(options.soundfont)
    for name, (kind, programs) in list(ENSEMBLES.items())[: options.ensembles]:
        for number, score in enumerate(scores_of_kind(options.scores, kind, options.pieces)):
            rng = np.random.default_rng([FIRST_SEED, number])
            parts = piece_of(score, options.seconds, rng)
            if parts:
                arrangement, notes = arranged(parts, programs, REVERB_LEVELS[number % len(REVERB_LEVELS)])
                if len(notes.pitches):
                    yield Sound("ensembles", name, played(arrangement, SoundFontEngine(font, RATE)), notes)


def measure(options: Options, report: Report) -> None:
    results = transcribe_all(sounds(options), {"Wavewright": polyphonic(options.model)}, report)
    for (ensemble, name), group, means in grouped(results, 1, 2):
        row = {"pieces": len(group), "notes": sum(int(each[-1]["notes"]) for each in group)}
        report.add(EACH, {**means, **row}, ensemble=ensemble, transcriber=name)
    f = {}
    for (name,), _, means in grouped(results, 2):
        report.add(ALL, means, transcriber=name)
        f[name] = means["f"]
    if "basic-pitch" in f:
        report.target("all", "F of notes, beside basic-pitch", f["Wavewright"], at_least=f["basic-pitch"])


BENCHMARK = Benchmark(
    measure,
    Option("model", POLYPHONIC, "name of a transcriber, or the path of its folder"),
    Option("scores", type=Path, help="folder of chorales, quartets and songs"),
    Option("soundfont", type=Path, help="default: the bundled bank, which is learned from"),
    Option("seconds", 20.0, "of each piece", smoke=3.0),
    Option("pieces", 4, "of each ensemble", smoke=1),
    Option("ensembles", type=int, help="default: all", smoke=1),
)
