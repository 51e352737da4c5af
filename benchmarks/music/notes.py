"""Compare notes of a learned instrument with held-out recordings, beside a sampler; its tuning and its speed.

    python recipes/notes.py corpus --soundfont FluidR3_GM.sf2 --packages FOLDER --corpus corpora/notes
    python -m benchmarks music.notes --corpus corpora/notes --json notes.json

Held out are pitches of the instruments that the model has learned (MIDI numbers whose remainder by 7 is 3), and all
notes of instruments whose labels it lacks. Of the latter, all are made from one note, that nearest to middle C.

- ``model``: the latent of the label, or of the one note.
- ``sampler``: the nearest training note of the same instrument, or the one note, at another speed.
- ``nearest note``: the same without the change of pitch.
- ``analysis``: the levels of the held-out note itself, without the network: the limit of the representation.

Distances are root mean squares of differences of log-mel spectra in dB (64 bands, 80 dB below the peak and up) over the
first second, at equal energy. Errors of the tuning are against equal temperament at A4 = 440 Hz.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import median_seconds
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder
from wavewright.base.units import semitones_to_ratio
from wavewright.data.folder import scan
from wavewright.dsp.mel import mel_spectrogram
from wavewright.families.instrument.analysis import note_levels, refined_f0
from wavewright.families.instrument.recipe import pitch_by_name, velocity_by_name
from wavewright.families.instrument.runtime import InstrumentRuntime
from wavewright.families.instrument.voice import VoiceSettings, render_note
from wavewright.families.loading import load_instrument
from wavewright.metrics.sampling import Interval, bootstrap_interval
from wavewright.music.timbre_path import TimbrePath

DISTANCES = Table("distance", columns(notes="s", source="s", count="d", distance_db=".1f"))
TUNING = Table("tuning", columns(source="s", count="d", median_cents=".2f", p95_cents=".2f"))
SPEEDS = Table("speed", columns(voices="d", timbre="s", times_real_time=".0f"))

TEST_DIVISOR, TEST_REMAINDER = 7, 3
MIDDLE_C = 60
SECONDS = 1.0
N_FFT, HOP, N_MELS, FLOOR_DB = 2048, 512, 64, -80.0
ONSET_DB = -40.0
SOURCES = ("model", "sampler", "nearest note", "analysis")
SEED = 5
"""Of the choice of notes."""


def from_onset(wave: np.ndarray) -> np.ndarray:
    """Return a wave ``(time,)`` from where it reaches ONSET_DB of its peak."""
    is_loud = np.abs(wave) >= np.abs(wave).max() * 10 ** (ONSET_DB / 20)
    return wave[int(is_loud.argmax()) :]


@dataclass(frozen=True)
class Note:
    """A recorded note."""

    path: Path
    label: str
    pitch: float
    velocity: int

    def wave(self, sample_rate: int) -> np.ndarray:
        """Return the note from its onset on, ``(time,)``."""
        wave = Clip.read(self.path).resample(sample_rate).wave.mean(axis=0).astype(np.float64)
        return from_onset(wave)


@dataclass(frozen=True)
class Comparison:
    """A held-out note and the note of the same instrument that it is made from."""

    target: Note
    source: Note
    is_known: bool
    """True for an instrument that the model has learned."""


def notes_of(corpus: Path) -> list[Note]:
    """Return the notes of a corpus, sorted by label."""
    entries = scan(corpus, label_from="folder").entries
    pairs = [(entry, pitch_by_name(entry.path)) for entry in entries]
    notes = [
        Note(entry.path, entry.label or "", pitch, velocity_by_name(entry.path))
        for entry, pitch in pairs
        if pitch is not None
    ]
    return sorted(notes, key=lambda note: (note.label, str(note.path)))


def comparisons(notes: list[Note], labels: tuple[str, ...], n_notes: int) -> Iterator[Comparison]:
    """Yield up to ``n_notes`` held-out notes of each instrument, each with the note that it is made from."""
    rng = np.random.default_rng(SEED)
    for label, group in groupby(notes, key=lambda note: note.label):
        members, is_known = list(group), label in labels
        if is_known:
            held_out = [note for note in members if note.pitch % TEST_DIVISOR == TEST_REMAINDER]
            candidates = [note for note in members if note.pitch % TEST_DIVISOR != TEST_REMAINDER]
        else:
            candidates = [min(members, key=lambda note: (abs(note.pitch - MIDDLE_C), note.velocity))]
            held_out = [note for note in members if note is not candidates[0]]
        if not (held_out and candidates):
            continue
        for index in np.sort(rng.choice(len(held_out), min(n_notes, len(held_out)), replace=False)):
            target = held_out[index]
            yield Comparison(target, min(candidates, key=lambda note: distance_of(note, target)), is_known)


def distance_of(note: Note, other: Note) -> float:
    """Return the distance of two notes, in semitones and in tens of velocity."""
    return abs(note.pitch - other.pitch) + abs(note.velocity - other.velocity) / 10


def at_speed(wave: np.ndarray, semitones: float) -> np.ndarray:
    """Return a wave whose pitch is changed by playing it faster or slower."""
    positions = np.arange(0, len(wave) - 1, float(semitones_to_ratio(semitones)))
    return np.interp(positions, np.arange(len(wave)), wave)


def versions(each: Comparison, model: InstrumentRuntime) -> dict[str, np.ndarray]:
    """Return the waves ``(time,)`` of each source, and of the target."""
    rate, config, target = model.sample_rate, model.config, each.target
    wave, source = target.wave(rate), each.source.wave(rate)
    if each.is_known:
        latent = model.timbre(target.label)
    else:
        latent = model.encode(source, each.source.pitch, each.source.velocity)
    levels = np.maximum(note_levels(wave, target.pitch, config), FLOOR_DB * 1.5)
    levels -= 10 * np.log10((10 ** (levels / 10)).sum(axis=1).max())

    def measured(times: np.ndarray, _: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(times, config.times_s, column) for column in levels.T], axis=1)

    settings = VoiceSettings.of(config, rate)
    return {
        "target": wave,
        "model": model.render(latent, target.pitch, target.velocity, SECONDS),
        "sampler": at_speed(source, target.pitch - each.source.pitch),
        "nearest note": source,
        "analysis": render_note(measured, settings, target.pitch, SECONDS, (0, 0)),
    }


def log_mel_db(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return mel powers ``(N_MELS, frames)`` in dB of the mean power of the first second."""
    n_samples = round(SECONDS * sample_rate)
    started = from_onset(wave)[:n_samples]
    padded = np.pad(started, (0, n_samples - len(started)))
    mel = mel_spectrogram(padded, sample_rate, N_FFT, HOP, N_MELS, 30.0, 16_000.0)
    return np.asarray(10 * np.log10(mel / mel.mean() + 1e-12))


def spectral_distance(target: np.ndarray, wave: np.ndarray, sample_rate: int) -> float:
    """Return the distance of two waves in dB."""
    pair = [log_mel_db(each, sample_rate) for each in (target, wave)]
    floor = pair[0].max() + FLOOR_DB
    return float(np.sqrt(np.square(np.maximum(pair[0], floor) - np.maximum(pair[1], floor)).mean()))


def error_cents(wave: np.ndarray, pitch: float, sample_rate: int) -> float:
    """Return the deviation from equal temperament, by the phase of the strongest of four harmonics."""
    expected = 440.0 * float(semitones_to_ratio(pitch - 69))
    estimate = refined_f0(wave, expected, sample_rate)
    start, hop, length = (round(seconds * sample_rate) for seconds in (0.2, 0.02, 0.3))
    wave = np.pad(wave, (0, max(0, start + hop + length - len(wave))))
    segments = [wave[begin : begin + length] * np.hanning(length) for begin in (start, start + hop)]
    harmonics = np.arange(1, 5)
    phasors = np.exp(-2j * np.pi * estimate * harmonics[:, None] * np.arange(length) / sample_rate)
    first, second = (phasors @ segment for segment in segments)
    strongest = int(np.abs(first).argmax())
    frequency = estimate * harmonics[strongest]
    turn = np.angle(second[strongest] / first[strongest] * np.exp(-2j * np.pi * frequency * hop / sample_rate))
    ratio = (frequency + turn * sample_rate / (2 * np.pi * hop)) / harmonics[strongest] / expected
    return float(1200 * np.log2(ratio))


def measure(options: Options, report: Report) -> None:
    """Add all rows."""
    model = load_instrument(options.model)
    assert isinstance(model, InstrumentRuntime)
    distances: dict[tuple[str, str], list[float]] = {}
    errors: dict[str, list[float]] = {}
    for each in comparisons(notes_of(options.corpus), model.labels, options.notes):
        kind = "other instruments, from one note" if not each.is_known else "known instruments, other pitches"
        waves = versions(each, model)
        for source in SOURCES:
            distance = spectral_distance(waves["target"], waves[source], model.sample_rate)
            distances.setdefault((kind, source), []).append(distance)
        for source in ("target", "model", "sampler"):
            error = error_cents(waves[source], each.target.pitch, model.sample_rate)
            errors.setdefault(source, []).append(abs(error))
    if not distances:
        raise BadFolder(f"{options.corpus} has no held-out notes; name the folder that recipes/notes.py writes.")
    add_distances(distances, errors, report)
    measure_speed(model, options.seconds, options.runs, report)


def add_distances(
    distances: Mapping[tuple[str, str], list[float]], errors: Mapping[str, list[float]], report: Report
) -> None:
    """Add the tables of distances and tuning, and their targets."""
    for (kind, source), values in distances.items():
        mean: Interval = bootstrap_interval(np.mean, [np.array(values)])
        report.add(DISTANCES, notes=kind, source=source, count=len(values), distance_db=mean)
        if source == "model":
            limit = float(np.mean(distances[kind, "nearest note"]))
            report.target(kind, "distance below that of the nearest note, dB", mean.value, at_most=limit)
    for source, values in errors.items():
        median, p95 = np.percentile(values, [50, 95])
        row = {"source": source, "count": len(values), "median_cents": median, "p95_cents": p95}
        report.add(TUNING, row)
        if source == "model":
            report.target("model", "95th percentile of the tuning, cents", p95, at_most=0.5)


def measure_speed(model: InstrumentRuntime, seconds: float, n_runs: int, report: Report) -> None:
    """Add times real time for held notes, of one timbre and of one that moves."""
    ends = np.stack([model.timbre(model.labels[index]) for index in (0, -1)])
    paths = {"one": TimbrePath(ends[:1], np.zeros(1)), "moving": TimbrePath(ends, np.array([0.0, seconds]))}
    for n_voices in (1, 4, 16):
        for timbre, path in paths.items():

            def play(path: TimbrePath = path, n_voices: int = n_voices) -> None:
                engine = model.engine(lambda _: path, model.sample_rate)
                for key in range(n_voices):
                    engine.note_on(0, 40 + 3 * key, 100)
                for _ in range(round(seconds * 10)):
                    engine.process(model.sample_rate // 10)

            ratio = seconds / median_seconds(play, n_runs)
            report.add(SPEEDS, voices=n_voices, timbre=timbre, times_real_time=ratio)


def smoke_corpus(folder: Path) -> Path:
    """Write a few notes of a known and of another instrument."""
    model = load_instrument("notes")
    for label, other in (("flute", "flute"), ("violin", "viola")):
        (folder / other).mkdir()
        for name, pitch in (("C4", 60), ("C#4", 61), ("D#4", 63), ("F#4", 66)):
            wave = model.render(model.timbre(label), pitch, 80, 0.8)
            Clip(wave[None], model.sample_rate).write(folder / other / f"{name}-v80.wav")
    return folder


BENCHMARK = Benchmark(
    __doc__,
    (DISTANCES, TUNING, SPEEDS),
    measure,
    Option("corpus", Path("corpora/notes"), "a folder of notes for each instrument", smoke=smoke_corpus),
    Option("model", "notes"),
    Option("notes", 3, "held-out notes of each known instrument", smoke=1),
    Option("seconds", 4.0, "of the notes whose speed is measured", smoke=0.2),
    Option("runs", 5, smoke=1),
)
