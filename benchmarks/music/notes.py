"""Compare notes of a learned instrument with held-out recordings, beside a sampler; its tuning and its speed.

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

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from benchmarks.harness.judges import mean_interval
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import median_seconds
from benchmarks.harness.waves import of_length
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder
from wavewright.base.units import db_to_gain, semitones_to_ratio
from wavewright.data.folder import scan
from wavewright.dsp.mel import mel_spectrogram
from wavewright.families.instrument.analysis import note_levels, refined_f0
from wavewright.families.instrument.recipe import pitch_by_name, velocity_by_name
from wavewright.families.instrument.runtime import InstrumentRuntime
from wavewright.families.instrument.voice import VoiceSettings, render_note
from wavewright.families.loading import load_instrument
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
    return wave[int((np.abs(wave) >= np.abs(wave).max() * db_to_gain(ONSET_DB)).argmax()) :]


@dataclass(frozen=True)
class Note:
    """A recorded note."""

    path: Path
    label: str
    pitch: float
    velocity: int

    def wave(self, sample_rate: int) -> np.ndarray:
        """Return the note from its onset on, ``(time,)``."""
        return from_onset(Clip.read(self.path).resample(sample_rate).wave.mean(axis=0).astype(np.float64))

    def distance(self, other: Note) -> float:
        """Return the distance of another note, in semitones and in tens of velocity."""
        return abs(self.pitch - other.pitch) + abs(self.velocity - other.velocity) / 10


def notes_of(corpus: Path) -> list[Note]:
    """Return the notes of a corpus, sorted by label."""
    paths = [(entry.path, entry.label or "") for entry in scan(corpus, label_from="folder").entries]
    pitched = [(path, label, pitch_by_name(path)) for path, label in paths]
    notes = [Note(path, label, pitch, velocity_by_name(path)) for path, label, pitch in pitched if pitch is not None]
    return sorted(notes, key=lambda note: (note.label, str(note.path)))


def comparisons(notes: list[Note], labels: tuple[str, ...], n_notes: int) -> Iterator[tuple[Note, Note, bool]]:
    """Yield up to ``n_notes`` held-out notes of each instrument, each with the note of the same that it is made from.

    The last value is True for an instrument that the model has learned.
    """
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
            yield target, min(candidates, key=target.distance), is_known


def at_speed(wave: np.ndarray, semitones: float) -> np.ndarray:
    """Return a wave whose pitch is changed by playing it faster or slower."""
    positions = np.arange(0, len(wave) - 1, float(semitones_to_ratio(semitones)))
    return np.interp(positions, np.arange(len(wave)), wave)


def versions(target: Note, origin: Note, is_known: bool, model: InstrumentRuntime) -> dict[str, np.ndarray]:
    """Return the waves ``(time,)`` of each source, and of the target."""
    rate, config = model.sample_rate, model.config
    wave, source = target.wave(rate), origin.wave(rate)
    latent = model.timbre(target.label) if is_known else model.encode(source, origin.pitch, origin.velocity)
    levels = np.maximum(note_levels(wave, target.pitch, config), FLOOR_DB * 1.5)
    levels -= 10 * np.log10((10 ** (levels / 10)).sum(axis=1).max())

    def measured(times: np.ndarray, _: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(times, config.times_s, column) for column in levels.T], axis=1)

    settings = VoiceSettings.of(config, rate)
    return {
        "target": wave,
        "model": model.render(latent, target.pitch, target.velocity, SECONDS),
        "sampler": at_speed(source, target.pitch - origin.pitch),
        "nearest note": source,
        "analysis": render_note(measured, settings, target.pitch, SECONDS, (0, 0)),
    }


def spectral_distance(target: np.ndarray, wave: np.ndarray, sample_rate: int) -> float:
    """Return the distance in dB of the mel powers of two waves in their first second, each over its mean power."""
    starts = [of_length(from_onset(each), round(SECONDS * sample_rate)) for each in (target, wave)]
    mels = [mel_spectrogram(start, sample_rate, N_FFT, HOP, N_MELS, 30.0, 16_000.0) for start in starts]
    first, second = (10 * np.log10(mel / mel.mean() + 1e-12) for mel in mels)
    floor = first.max() + FLOOR_DB
    return float(np.sqrt(np.square(np.maximum(first, floor) - np.maximum(second, floor)).mean()))


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
    model = load_instrument(options.model)
    distances: dict[str, dict[str, list[float]]] = {}
    errors: dict[str, list[float]] = {}
    for target, origin, is_known in comparisons(notes_of(options.corpus), model.labels, options.notes):
        kind = "known instruments, other pitches" if is_known else "other instruments, from one note"
        waves = versions(target, origin, is_known, model)
        for source in SOURCES:
            distance = spectral_distance(waves["target"], waves[source], model.sample_rate)
            distances.setdefault(kind, {}).setdefault(source, []).append(distance)
        for source in ("target", "model", "sampler"):
            error = error_cents(waves[source], target.pitch, model.sample_rate)
            errors.setdefault(source, []).append(abs(error))
    if not distances:
        raise BadFolder(f"{options.corpus} has no held-out notes; name the folder that recipes/notes.py writes.")
    for kind, of_sources in distances.items():
        means = {source: mean_interval(values) for source, values in of_sources.items()}
        for source, mean in means.items():
            report.add(DISTANCES, notes=kind, source=source, count=len(of_sources[source]), distance_db=mean)
        limit = means["nearest note"].value
        report.target(kind, "distance below that of the nearest note, dB", means["model"], at_most=limit)
    for source, values in errors.items():
        median, p95 = np.percentile(values, [50, 95])
        report.add(TUNING, source=source, count=len(values), median_cents=median, p95_cents=p95)
        p95_of_model = p95 if source == "model" else None
        report.target("model", "95th percentile of the tuning, cents", p95_of_model, at_most=0.5)
    measure_speed(model, options.seconds, options.runs, report)


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
    measure,
    Option("corpus", Path("corpora/notes"), "a folder of notes for each instrument", smoke=smoke_corpus),
    Option("model", "notes"),
    Option("notes", 3, "held-out notes of each known instrument", smoke=1),
    Option("seconds", 4.0, "of the notes whose speed is measured", smoke=0.2),
    Option("runs", 5, smoke=1),
)
