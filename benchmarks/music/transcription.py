"""Transcribe melodies that patches, SoundFonts and recorded notes play, beside basic-pitch's network.

    python -m benchmarks music.transcription --chorales jsb-chorales-16th-satb.npz --notes NOTES \
        --soundfont FluidR3_GM.sf2 --json transcription.json

Melodies are soprano lines of chorales (without a file, tunes by rules alone) and folk tunes by rules; some long notes
are repeated. Random melodies are fast, or low, by instruments whose notes swell or overlap. Recorded notes have the
folders ``<instrument>/**/<note>.wav`` (or .mp3), such as ``Fs4.wav``; a melody takes the nearest note, at another speed
where its pitch differs. Notes count by mir_eval: onset within 50 ms, pitch within 50 cents, and, for F with offsets, an
end within 50 ms or a fifth of the note.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import chorales, read_wave
from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import timed
from wavewright.audio.clip import Clip
from wavewright.base.units import db_to_gain
from wavewright.families import loading
from wavewright.inference.transcription import Transcription, detect_wave, transcribe_wave
from wavewright.music.engine import InstrumentEngine
from wavewright.music.performance import perform
from wavewright.music.rules import compose_by_rule
from wavewright.music.score import PROGRAM, Score, Track, controls_of, notes_of
from wavewright.music.theory import pitch_of
from wavewright.music.timing import TEMPO
from wavewright.synth import SynthEngine, load_patch
from wavewright.synth.soundfont import SoundFont, SoundFontEngine, default_soundfont, read_soundfont

MIR_EVAL = Peer("mir_eval", "pip install mir_eval==0.8.2", module="mir_eval")
BASIC_PITCH = Peer(
    "basic-pitch",
    "pip install six importlib_resources mido librosa && "
    "pip install --no-deps basic-pitch==0.4.0 resampy==0.4.3 pretty_midi==0.2.11",
    module="basic_pitch",
)

PATCHES = {
    **{"viola": 64, "cello": 50, "oboe": 74, "clarinet": 66, "recorder": 79, "saxophone": 62, "trombone": 53},
    **{"harp": 64, "steel-guitar": 57, "vibraphone": 69, "square-lead": 72, "electric-piano": 62, "choir-aah": 64},
    **{"upright-bass": 38, "koto": 62, "accordion": 69},
}
"""Patches and the middle of their melodies."""

PROGRAMS = {
    **{41: 64, 42: 50, 68: 74, 71: 66, 65: 62, 57: 53, 46: 64, 11: 69, 25: 57, 32: 38, 52: 64, 21: 69},
    **{79: 76, 105: 62, 4: 62},
}
INSTRUMENTS = (
    *("violin", "contrabass", "trumpet", "flute", "harp", "guitar-electric", "bass-electric", "bassoon"),
    *("french-horn", "tuba", "guitar-nylon", "organ"),
)
FAST, MEDIUM, SLOW = (0.085, 0.14), (0.15, 0.35), (0.2, 0.45)
RANDOM = {
    **{"fast flute": (73, 74, 93, FAST), "flute": (73, 67, 88, SLOW), "low cello": (42, 36, 50, SLOW)},
    **{"cello": (42, 48, 64, SLOW), "low contrabass": (43, 31, 45, SLOW), "fast violin": (40, 67, 88, FAST)},
    **{"fast recorder": (74, 74, 93, FAST), "low bassoon": (70, 36, 52, MEDIUM)},
}
"""Random melodies by the SoundFont: program, lowest and highest pitch, seconds of a step."""

STEPS, STEP_CHANCES = (-3, -2, -1, 0, 1, 2, 3), (0.06, 0.12, 0.3, 0.04, 0.3, 0.12, 0.06)  # degrees of the scale
LENGTHS = (1, 1, 1, 2)  # of notes, in steps
MAJOR = (0, 2, 4, 5, 7, 9, 11)
FIRST_SEED = 1_000
RULE = "folk-tune"
RATE = 44_100
STEP_SECONDS = (0.12, 0.2)  # of a sixteenth of a chorale
REPEATED = 0.25  # fraction of quarters within longer notes that begin again
RELEASE_SECONDS = 0.05  # of recorded notes that are stopped
ATTACK_DB = 12.0  # below its largest level a recorded note begins
BEGINNING = 0.01  # of the peak of a recorded note
LEVEL_SECONDS, ATTACK_SECONDS = 0.01, 0.5  # of the level of a recorded note; from its beginning, for the largest

SCORES = columns(f=".3f", precision=".3f", recall=".3f", f_offsets=".3f")
SOUND = Table("sounds", columns(source="s", transcriber="s", instruments="d", notes="d") | SCORES)
EACH = Table("instruments", columns(source="s", instrument="s", transcriber="s") | SCORES)
SPEED = Table("processor time", columns(transcriber="s", times_real_time=".1f"))

Notes = tuple[np.ndarray, np.ndarray]
"""Intervals in seconds ``(notes, 2)`` and pitches in semitones."""


@dataclass(frozen=True)
class Melody:
    """Notes of one voice: starts, ends and MIDI pitches, and velocities."""

    intervals: np.ndarray
    pitches: np.ndarray
    velocities: np.ndarray

    def near(self, middle: int) -> Melody:
        """Return the melody in the octave whose median is nearest to a pitch."""
        octaves = round((middle - float(np.median(self.pitches))) / 12)
        return Melody(self.intervals, self.pitches + 12 * octaves, self.velocities)

    def score(self, program: int | None = None) -> Score:
        """Return the melody as a score of 1,000 ticks a second."""
        ticks = np.rint(1_000 * self.intervals).astype(int)
        rows = [(a, b - a, int(p), int(v)) for (a, b), p, v in zip(ticks, self.pitches, self.velocities, strict=True)]
        controls = controls_of([] if program is None else [(0, PROGRAM, 0, program)])
        return Score((Track(notes_of(rows), controls=controls),), 1_000, np.array([(0, 1_000_000)], TEMPO))


def chorale(piece: np.ndarray, n_steps: int, rng: np.random.Generator) -> Melody:
    """Return the beginning of the soprano of a chorale; some quarters of long notes begin again."""
    soprano = piece[:n_steps, 0]
    is_start = np.diff(soprano, prepend=-2) != 0
    is_start |= (np.arange(len(soprano)) % 4 == 0) & (rng.random(len(soprano)) < REPEATED)
    onsets = np.flatnonzero(is_start)
    ends = np.append(onsets[1:], len(soprano))
    sounding = soprano[onsets] >= 0
    seconds = rng.uniform(*STEP_SECONDS)
    length = (ends - onsets) * rng.choice([0.85, 0.95, 1.0])
    intervals = 0.1 + seconds * np.stack([onsets, onsets + length], 1)[sounding]
    return Melody(intervals, soprano[onsets][sounding], rng.integers(60, 110, sounding.sum()))


def tune(seed: int, seconds: float) -> Melody:
    """Return the beginning of a folk tune by rules."""
    score = compose_by_rule(RULE, seed=seed, bars=16)
    notes = score.tracks[0].notes
    start = 0.1 + score.tempo_map.seconds(notes["start"])
    end = 0.1 + score.tempo_map.seconds(notes["start"] + notes["duration"])
    is_used = end < seconds
    return Melody(np.stack([start, end], 1)[is_used], notes["pitch"][is_used], notes["velocity"][is_used])


def random_melody(seed: int, lowest: int, highest: int, step_s: tuple[float, float], seconds: float) -> Melody:
    """Return a melody of small steps in C major, without rests."""
    rng = np.random.default_rng(seed)
    pool = [pitch for pitch in range(lowest, highest + 1) if pitch % 12 in MAJOR]
    step, index, time_s = np.exp(rng.uniform(*np.log(step_s))), len(pool) // 2, 0.3
    rows = []
    while time_s < seconds:
        length = step * rng.choice(LENGTHS)
        rows.append((time_s, time_s + 0.97 * length, pool[index]))
        time_s += length
        index = int(np.clip(index + rng.choice(STEPS, p=STEP_CHANCES), 0, len(pool) - 1))
    starts, ends, pitches = np.array(rows).T
    return Melody(np.stack([starts, ends], 1), pitches.astype(int), np.full(len(rows), 85))


def played(score: Score, engine: InstrumentEngine, sample_rate: int = RATE) -> np.ndarray:
    """Return a score by an instrument, ``(channels, time)``."""
    return np.concatenate(list(perform(score, sample_rate).blocks(lambda: engine)), axis=1)


class RecordedNotes:
    """Notes of one instrument, by pitch."""

    def __init__(self, folder: Path) -> None:
        paths = [path for ending in ("wav", "mp3") for path in folder.rglob(f"*.{ending}")]
        self._paths = {
            pitch_of(path.stem.replace("s", "#")): path
            for path in sorted(paths)
            if re.fullmatch(r"[A-G]s?\d", path.stem)
        }
        self.middle = int(np.median([*self._paths]))
        self._read = cache(self._read_note)

    def _read_note(self, pitch: int) -> tuple[np.ndarray, int]:
        """Return a recorded note from its beginning on, and the sample of its attack."""
        wave = read_wave(self._paths[pitch], RATE)
        wave = wave[np.flatnonzero(np.abs(wave) > BEGINNING * np.abs(wave).max())[0] :]
        wave /= np.abs(wave).max()
        n_level = round(LEVEL_SECONDS * RATE)
        power = np.convolve(wave[: round(ATTACK_SECONDS * RATE)] ** 2, np.full(n_level, 1 / n_level), "same")
        return wave, int(np.argmax(power >= power.max() * db_to_gain(-2 * ATTACK_DB)))

    def play(self, melody: Melody) -> tuple[np.ndarray, Melody]:
        """Return a melody as a wave ``(1, time)``; notes end where the recording does."""
        import soxr

        wave = np.zeros(round(RATE * (melody.intervals[-1, 1] + 0.5)), np.float32)
        intervals = melody.intervals.copy()
        fade = np.linspace(1, 0, round(RELEASE_SECONDS * RATE), dtype=np.float32)
        for row, pitch, velocity in zip(intervals, melody.pitches, melody.velocities, strict=True):
            nearest = min(self._paths, key=lambda known, pitch=pitch: abs(known - pitch))
            note, attack = self._read(nearest)
            if nearest != pitch:
                ratio = 2 ** ((pitch - nearest) / 12)
                note, attack = soxr.resample(note, RATE * ratio, RATE), round(attack / ratio)
            start = round(RATE * row[0]) - attack
            note = note[max(0, -start) :]
            start = max(start, 0)
            n_samples = min(len(note), round(RATE * row[1]) - start + len(fade), len(wave) - start)
            note = note[:n_samples] * (velocity / 127) ** 2
            note[-min(len(fade), n_samples) :] *= fade[-n_samples:]
            wave[start : start + n_samples] += note
            row[1] = min(row[1], (start + n_samples) / RATE)
        return wave[None] / 2, Melody(intervals, melody.pitches, melody.velocities)


def recorded_instruments(folder: Path | None, names: Sequence[str]) -> Iterator[tuple[str, RecordedNotes]]:
    """Yield the instruments that a folder has, by name."""
    for name in names if folder is not None else ():
        for own in sorted(folder.glob(f"*{name}*"))[:1]:
            yield name, RecordedNotes(own)


@dataclass(frozen=True)
class Sound:
    """A melody that an instrument plays."""

    source: str
    instrument: str
    wave: np.ndarray
    melody: Melody


def sounds(options: Options) -> Iterator[Sound]:
    """Yield all sounds, melodies other for every instrument and near the middle of its range."""
    pieces = [] if options.chorales is None else chorales(options.chorales, "test")
    numbers = itertools.count(1)
    font: SoundFont = default_soundfont() if options.soundfont is None else read_soundfont(options.soundfont)

    def melodies(middle: int) -> Iterator[Melody]:
        number = next(numbers)
        yield tune(FIRST_SEED + number, options.seconds).near(middle)
        if pieces:
            rng = np.random.default_rng(FIRST_SEED + number)
            yield chorale(pieces[number], round(options.seconds / np.mean(STEP_SECONDS)), rng).near(middle)

    instruments = slice(options.instruments)
    for name, middle in [*PATCHES.items()][instruments]:
        for melody in melodies(middle):
            yield Sound("patches", name, played(melody.score(), SynthEngine(load_patch(name), RATE)), melody)
    for program, middle in [*PROGRAMS.items()][instruments]:
        for melody in melodies(middle):
            wave = played(melody.score(program), SoundFontEngine(font, RATE))
            yield Sound("SoundFont", f"program {program}", wave, melody)
    for (name, (program, *span)), seed in itertools.product([*RANDOM.items()][instruments], range(options.random)):
        melody = random_melody(FIRST_SEED + seed, *span, options.seconds)
        yield Sound("random melodies", name, played(melody.score(program), SoundFontEngine(font, RATE)), melody)
    for name, recorded in recorded_instruments(options.notes, INSTRUMENTS[instruments]):
        for melody in melodies(recorded.middle):
            yield Sound("recorded notes", name, *recorded.play(melody))


Transcriber = Callable[[Sound], Notes]


def found_notes(transcription: Transcription) -> Notes:
    """Return the notes that Wavewright finds."""
    notes = transcription.notes
    intervals = np.array([(note.start_s, note.end_s) for note in notes]).reshape(-1, 2)
    return intervals, np.array([note.pitch for note in notes], float)


def polyphonic(model: str) -> Transcriber:
    """Return a model of several voices."""
    detector = loading.load_note_detector(model)
    return lambda sound: found_notes(detect_wave(sound.wave, RATE, detector))


def basic_pitch() -> Transcriber:
    """Return basic-pitch's network and its creation of notes, with their usual settings."""
    import contextlib
    import io
    import logging

    logging.disable(logging.WARNING)  # it warns about engines that are not needed
    from basic_pitch import FilenameSuffix, build_icassp_2022_model_path
    from basic_pitch.inference import Model, predict

    model = Model(build_icassp_2022_model_path(FilenameSuffix.onnx))

    def transcribe(sound: Sound) -> Notes:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            path = Clip(sound.wave, RATE).write(Path(folder) / "melody.wav", "FLOAT")
            _, _, events = predict(path, model)
        notes = np.array(sorted(event[:3] for event in events), float).reshape(-1, 3)
        return notes[:, :2], notes[:, 2]

    return transcribe


def scores_of(reference: Melody, found: Notes) -> dict[str, float]:
    """Return precision, recall, F, F with offsets, and the number of notes."""
    from mir_eval.transcription import precision_recall_f1_overlap
    from mir_eval.util import midi_to_hz

    notes = reference.intervals, midi_to_hz(reference.pitches), found[0], midi_to_hz(found[1])
    precision, recall, f, _ = precision_recall_f1_overlap(*notes, offset_ratio=None)
    f_offsets = precision_recall_f1_overlap(*notes)[2]
    return {"precision": precision, "recall": recall, "f": f, "f_offsets": f_offsets, "notes": len(reference.pitches)}


Result = tuple[str, str, str, Mapping[str, float]]
"""Source, instrument and transcriber of a sound, and its scores."""


def transcribe_all(made: Iterable[Sound], own: Mapping[str, Transcriber], report: Report) -> list[Result]:
    """Return the scores of each sound by each transcriber, and by basic-pitch where it is installed; add the times."""
    MIR_EVAL.require()
    transcribers = dict(own)
    if report.has(BASIC_PITCH):
        transcribers["basic-pitch"] = basic_pitch()
    results: list[Result] = []
    seconds, sound_seconds = dict.fromkeys(transcribers, 0.0), 0.0
    for sound in made:
        sound_seconds += sound.wave.shape[1] / RATE
        for name, transcriber in transcribers.items():
            found, spent = timed(partial(transcriber, sound))
            seconds[name] += spent
            results.append((sound.source, sound.instrument, name, scores_of(sound.melody, found)))
    for name, each in seconds.items():
        report.add(SPEED, transcriber=name, times_real_time=sound_seconds / each)
    return results


def grouped(results: Iterable[Result], *columns: int) -> Iterator[tuple[list[str], list[Result], dict[str, float]]]:
    """Yield the results that share some columns: the columns, the results, and the means of their scores."""
    groups: dict[tuple[str, ...], list[Result]] = {}
    for result in results:
        groups.setdefault(tuple(str(result[column]) for column in columns), []).append(result)
    for key, group in groups.items():
        yield [*key], group, {name: float(np.mean([each[-1][name] for each in group])) for name in SCORES}


def measure(options: Options, report: Report) -> None:
    own: dict[str, Transcriber] = {"Wavewright": lambda sound: found_notes(transcribe_wave(sound.wave, RATE))}
    if options.model is not None:
        own["several voices"] = polyphonic(options.model)
    results = transcribe_all(sounds(options), own, report)
    for (source, instrument, name), _, means in grouped(results, 0, 1, 2):
        report.add(EACH, means, source=source, instrument=instrument, transcriber=name)
    for (source, name), group, means in grouped(results, 0, 2):
        row = {"instruments": len({each[1] for each in group}), "notes": sum(int(each[-1]["notes"]) for each in group)}
        report.add(SOUND, {**means, **row}, source=source, transcriber=name)
        report.target(source, "F of notes", means["f"] if name == "Wavewright" else None, at_least=0.85)


BENCHMARK = Benchmark(
    measure,
    Option("chorales", type=Path, help="jsb-chorales-16th-satb.npz"),
    Option("notes", type=Path, help="folder of the instruments' recorded notes"),
    Option("soundfont", type=Path, help="default: the bundled bank"),
    Option("model", help="a transcriber of several voices, to measure beside"),
    Option("seconds", 20.0, "about the length of a melody", smoke=3.0),
    Option("random", 2, "random melodies of an instrument", smoke=1),
    Option("instruments", type=int, help="of each source; default: all", smoke=1),
)
