"""Compare the SoundFont player with FluidSynth note by note, and its speed with FluidSynth's and tinysoundfont's.

    python -m benchmarks music.soundfont --font FluidR3_GM.sf2 --json soundfont.json

FluidSynth is the program on the PATH, tinysoundfont the package; either is left out where it is not installed. All run
on one thread. docs/soundfont.md states the tolerances. Speeds are those of two pieces,
without the time that opening the bank takes.
"""

from __future__ import annotations

import subprocess
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness.peers import FLUIDSYNTH, TINYSOUNDFONT
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.harness.timing import children_seconds, median_seconds, timed
from wavewright.music.engine import DRUM_CHANNEL
from wavewright.music.formats import write_score
from wavewright.music.performance import perform
from wavewright.music.score import CONTROL_CHANGE, PITCH_BEND, PROGRAM, Score, Track, controls_of, notes_of
from wavewright.music.timing import TEMPO
from wavewright.synth.soundfont import PlayerSettings, SoundFont, SoundFontEngine, read_soundfont
from wavewright.synth.soundfont.player import BUNDLED_BANK

RATE = 44_100
TICKS_PER_QUARTER = 500
TICKS_PER_SECOND = 1_000
"""At 120 quarters a minute."""

NOTE_TICKS, STEP_TICKS = 600, 2_000
TOLERANCES = {"pitch_cents": 3.0, "onset_ms": 3.0, "level_db": 1.5, "stereo_db": 1.0}
FRAME_SECONDS, ONSET_SECONDS = 0.05, 0.005
DRY = PlayerSettings(gain_db=-12.0, reverb=0.0, chorus=0.0)

PIECES = {"4 parts": (0, 33, 73), "9 parts": (0, 33, 48, 25, 61, 73, 4, 52)}
"""Programs of the pieces, beside drums."""

CHORDS = (0, 48, 52)
"""Programs that play chords."""

TRUTH = Table(
    "truth", columns(quantity="s", notes="d", median=".3f", percentile_95=".3f", within_percent=".1f"), is_optional=True
)
SPEED = Table(
    "speed", {**columns(piece="s", effects="s", player="s", times_real_time="8.0f"), **optional(mean_voices=".1f")}
)


def exercise(number: int, rng: np.random.Generator) -> Score:
    """Return a file of notes that stand apart: four programs of a channel each, and drums."""
    tracks = []
    tick = 0
    for channel, program in enumerate([*((4 * number + index) % 128 for index in range(4)), -1]):
        notes, controls = [], []
        for _ in range(4):
            key = int(rng.integers(36, 60) if program < 0 else rng.integers(40, 84))
            notes.append((tick + 100, NOTE_TICKS, key, int(rng.integers(30, 128))))
            controls += [
                (tick, CONTROL_CHANGE, 7, int(rng.integers(60, 128))),
                (tick, CONTROL_CHANGE, 11, int(rng.integers(60, 128))),
                (tick, CONTROL_CHANGE, 10, int(rng.integers(0, 128))),
                (tick, CONTROL_CHANGE, 1, int(rng.choice([0, 0, 0, 60]))),
                (tick, PITCH_BEND, 0, int(rng.choice([0, 0, -8_192, 4_096]))),
            ]
            tick += STEP_TICKS
        first = [] if program < 0 else [(0, PROGRAM, 0, program)]
        controls = controls_of([*first, *controls])
        tracks.append(Track(notes_of(notes), f"{channel}", controls=controls, is_drum=program < 0))
    return Score(tuple(tracks), TICKS_PER_QUARTER, np.array([(0, 500_000)], TEMPO))


def piece(seconds: float, programs: tuple[int, ...]) -> Score:
    """Return a piece for some instruments and drums."""
    rng = np.random.default_rng(2)
    tracks = []
    for program in programs:
        step = int(rng.choice([250, 500, 1_000]))
        notes = []
        for tick in range(0, round(seconds * TICKS_PER_SECOND), step):
            chord = (0, 4, 7) if program in CHORDS and tick % 2_000 == 0 else (0,)
            root = int(rng.choice([36, 38, 43, 45])) + (0 if program == 33 else 24)
            length = 2_000 if len(chord) > 1 else int(step * 0.9)
            if program in CHORDS and len(chord) == 1:
                continue
            notes += [(tick, length, root + each, int(rng.integers(60, 110))) for each in chord]
        sends = [(0, CONTROL_CHANGE, 91, 50), (0, CONTROL_CHANGE, 10, int(rng.integers(20, 108)))]
        tracks.append(Track(notes_of(notes), str(program), controls=controls_of([(0, PROGRAM, 0, program), *sends])))
    beats = [
        (tick, 100, key, 90)
        for tick in range(0, round(seconds * TICKS_PER_SECOND), 250)
        for key in ((42, 36) if tick % 1_000 == 0 else (42, 38) if tick % 1_000 == 500 else (42,))
    ]
    tracks.append(Track(notes_of(beats), "drums", is_drum=True))
    return Score(tuple(tracks), TICKS_PER_QUARTER, np.array([(0, 500_000)], TEMPO))


def rendered(
    score: Score, font: SoundFont, settings: PlayerSettings | None, n_samples: int | None = None
) -> np.ndarray:
    """Render a score with the player, ``(2, time)``."""
    blocks = perform(score, RATE).blocks(partial(SoundFontEngine, font, RATE, settings), n_samples=n_samples)
    return np.concatenate(list(blocks), axis=1)


def by_fluidsynth(score: Score, font: Path, with_effects: bool) -> tuple[np.ndarray, float]:
    """Return a score by FluidSynth, ``(2, time)``, and the processor time of its process in seconds."""
    effects = [] if with_effects else ["-R", "0", "-C", "0"]
    settings = ["-o", "synth.cpu-cores=1", "-g", "0.3", "-r", str(RATE), "-O", "float", "-T", "raw"]
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "x.mid", Path(folder) / "x.raw"  # 32-bit floats without a header
        write_score(score, path)
        command = ["fluidsynth", "-n", "-i", "-q", *effects, *settings, "-F", str(out), str(font), str(path)]
        _, seconds = timed(partial(subprocess.run, command, check=True, capture_output=True), children_seconds)
        return np.fromfile(out, np.float32).reshape(-1, 2).T, seconds


def note_errors(score: Score, wave: np.ndarray, reference: np.ndarray) -> list[dict[str, float]]:
    """Compare all notes of an exercise."""
    starts = sorted(int(tick) for track in score.tracks for tick in track.notes["start"])
    n_step = STEP_TICKS * RATE // TICKS_PER_SECOND
    errors = []
    for tick in starts:
        first = (tick - 50) * RATE // TICKS_PER_SECOND
        pair = [each[:, first : first + n_step].astype(np.float64) for each in (wave, reference)]
        if np.abs(pair[1]).max() > 1e-4:
            errors.append(note_error(*pair))
    return errors


def note_error(wave: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Return the differences of a note from the reference, ``(2, time)`` each; NaN where one cannot be measured."""
    levels = [frame_levels(each) for each in (wave, reference)]
    is_loud = levels[1] > levels[1].max() - 40.0
    sides = [10.0 * np.log10((each[0] @ each[0] + 1e-12) / (each[1] @ each[1] + 1e-12)) for each in (wave, reference)]
    sides = np.clip(sides, -30.0, 30.0)  # of what lies on one side alone
    return {
        "pitch_cents": pitch_cents(wave.sum(axis=0), reference.sum(axis=0)),
        "onset_ms": 1_000.0 * (onset(wave) - onset(reference)),
        "level_db": float(np.median((levels[0] - levels[1])[is_loud])),
        "stereo_db": float(sides[0] - sides[1]),
    }


def frame_levels(wave: np.ndarray) -> np.ndarray:
    """Return the level of each frame in dB."""
    n_frame = round(FRAME_SECONDS * RATE)
    n_frames = wave.shape[1] // n_frame
    powers = np.square(wave[:, : n_frames * n_frame]).reshape(2, n_frames, n_frame).mean(axis=(0, 2))
    return 10.0 * np.log10(powers + 1e-14)


def onset(wave: np.ndarray) -> float:
    """Return the time in seconds of the first window above -30 dB of the loudest."""
    n_window = round(ONSET_SECONDS * RATE)
    powers = np.convolve(np.square(wave).sum(axis=0), np.ones(n_window), "valid")
    return float(np.argmax(powers > powers.max() * 1e-3)) / RATE


def pitch_cents(wave: np.ndarray, reference: np.ndarray) -> float:
    """Return the difference of the strongest partials, NaN unless it is clear in both."""
    n_fft = 1 << 18
    first = round(0.1 * RATE)
    n_used = round(0.5 * RATE)
    window = np.hanning(n_used)
    spectra = [np.abs(np.fft.rfft(each[first : first + n_used] * window, n_fft)) for each in (wave, reference)]
    peak = int(np.argmax(spectra[1]))
    if peak < 100 or spectra[1][peak] < 8.0 * np.sqrt(np.mean(spectra[1][spectra[1] > 0] ** 2)):
        return float("nan")
    low, high = int(peak / 1.03), int(peak * 1.03) + 1
    own = low + int(np.argmax(spectra[0][low:high]))
    return float(1_200.0 * np.log2(own / peak))


def measure_truth(options: Options, font: SoundFont, report: Report) -> None:
    """Compare the notes of all exercises with FluidSynth's."""
    rng = np.random.default_rng(1)
    errors = []
    for number in range(options.files):
        score = exercise(number, rng)
        reference, _ = by_fluidsynth(score, options.font, with_effects=False)
        errors += note_errors(score, rendered(score, font, DRY, reference.shape[1]), reference)
    values = {name: np.array([each[name] for each in errors]) for name in TOLERANCES}
    values["level_db"] -= np.median(values["level_db"])
    for name, tolerance in TOLERANCES.items():
        measured = np.abs(values[name][np.isfinite(values[name])])
        median, p95 = np.percentile(measured, [50, 95])
        within = 100.0 * float(np.mean(measured <= tolerance))
        report.add(TRUTH, quantity=name, notes=len(measured), median=median, percentile_95=p95, within_percent=within)
        report.target(name, f"notes within {tolerance:g}, %", within, at_least=95.0)


def measure_speed(options: Options, font: SoundFont, report: Report) -> None:
    """Time pieces in the player and its peers, with and without effects."""
    reads_font = options.font.suffix == ".sf2" and report.has(TINYSOUNDFONT)
    for name, programs in PIECES.items():
        score = piece(options.seconds, programs)
        n_voices = mean_voices(score, SoundFontEngine(font, RATE))
        for effects, settings in (("no", PlayerSettings(reverb=0.0, chorus=0.0)), ("yes", PlayerSettings())):
            row = {"piece": name, "effects": effects}
            own = options.seconds / median_seconds(partial(rendered, score, font, settings), options.runs)
            report.add(SPEED, row, player="Wavewright", times_real_time=own, mean_voices=n_voices)
            is_plain = (name, effects) == ("4 parts", "no")
            report.target("4 parts, no effects", "times real time", own if is_plain else None, at_least=150.0)
            if FLUIDSYNTH.is_installed:
                speed = fluidsynth_speed(score, piece(2.0, programs), options, effects == "yes")
                report.add(SPEED, row, player="FluidSynth", times_real_time=speed)
        if reads_font:
            speed = options.seconds / tinysoundfont_seconds(score, options)
            report.add(SPEED, piece=name, effects="no", player="tinysoundfont", times_real_time=speed)


def mean_voices(score: Score, engine: SoundFontEngine) -> float:
    """Return the mean number of voices while a piece is rendered."""
    blocks = perform(score, RATE).blocks(lambda: engine, block_samples=RATE // 10)
    return float(np.mean([engine.n_voices for _ in blocks]))


def fluidsynth_speed(score: Score, short_score: Score, options: Options, with_effects: bool) -> float:
    """Return FluidSynth's speed: the time of the piece, less that of a short one, which opens the bank."""
    lengths, seconds = [], []
    for each in (score, short_score):
        runs = [by_fluidsynth(each, options.font, with_effects) for _ in range(options.runs)]
        lengths.append(runs[0][0].shape[1] / RATE)
        seconds.append(float(np.median([spent for _, spent in runs])))
    return (lengths[0] - lengths[1]) / max(seconds[0] - seconds[1], 1e-9)


def tinysoundfont_seconds(score: Score, options: Options) -> float:
    """Return the time in which tinysoundfont renders a piece, events every sample as in the player."""
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=RATE)
    handle = synth.sfload(str(options.font))
    performance = perform(score, RATE)
    events = np.sort(np.concatenate(performance.events), order=["sample", "order"])

    def play() -> None:
        position = 0
        for channel in range(16):
            synth.program_select(channel, handle, 128 if channel == DRUM_CHANNEL else 0, 0, channel == DRUM_CHANNEL)
        for sample, channel, kind, first, second in events[["sample", "channel", "kind", "first", "second"]].tolist():
            if sample > position:
                synth.generate(sample - position)
                position = sample
            if kind == 0x9:
                synth.noteon(channel, first, second)
            elif kind == 0x8:
                synth.noteoff(channel, first)
            elif kind == PROGRAM:
                synth.program_change(channel, second, channel == DRUM_CHANNEL)
            elif kind == CONTROL_CHANGE:
                synth.control_change(channel, first, second)
        synth.generate(max(0, performance.n_samples - position))

    return median_seconds(play, options.runs)


def measure(options: Options, report: Report) -> None:
    font = read_soundfont(options.font)
    if report.has(FLUIDSYNTH) and options.files:
        measure_truth(options, font, report)
    measure_speed(options, font, report)


BENCHMARK = Benchmark(
    measure,
    Option("font", BUNDLED_BANK, "SoundFont file"),
    Option("files", 30, "MIDI files of the comparison", smoke=0),
    Option("seconds", 60.0, "length of the piece", smoke=1.0),
    Option("runs", 3, "runs, of which the median counts", smoke=1),
)
