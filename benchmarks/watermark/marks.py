"""Measure the mark: inaudibility, detection after changes, false positives, cost, and Perth in the same run.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks watermark.marks --speech corpora/prompts --sounds corpora/effects --json marks.json
    python -m benchmarks watermark.marks --only detection --clips 50

The speech is that of the folder, joined, and of the voice en-kathleen, half each. Neither was used to choose the levels
of the mark. A clip of 3 s is cut anywhere out of a marked sound. A trial for false positives is an unmarked sound and a
key of its own, without the search over speeds; --keys keys meet every sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soxr

from benchmarks.harness.corpora import read_wave, sentences, smoke_ambience, smoke_drums, smoke_speech
from benchmarks.harness.peers import PERTH, PESQ, VISQOL
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.harness.timing import median_seconds
from benchmarks.speech.judges import visqol
from benchmarks.watermark.changes import LONG_CHANGES, REPORTED, SHORT_CHANGES, UNMARKED_CHANGES, Change
from benchmarks.watermark.perth import has_perth, is_perths, marked_by_perth
from wavewright.outputs.watermark.carrier import folded
from wavewright.outputs.watermark.detection import LevelFolds, MarkSearch, detect_wave, segments_of
from wavewright.outputs.watermark.evidence import MAX_P_VALUE, log_evidence_of, log_sum, p_value_of, scores_of
from wavewright.outputs.watermark.marking import mark_wave
from wavewright.outputs.watermark.payload import Payload
from wavewright.speech.voice import Voice

PAYLOAD = Payload(0xABC)
RATE = 16_000  # of PESQ; the speech of the corpus has it, the voice has 24 kHz
VISQOL_RATE = 48_000
SHORT_SECONDS, LONG_SECONDS = 3.0, 30.0
SEED = 4
MIN_DETECTED = {SHORT_SECONDS: 0.99, LONG_SECONDS: 0.95}
PAUSE_DB = -40.0  # of frames below the loudest one, in which the level of the mark is measured
FRAME_SECONDS = 0.02

QUALITY = Table(
    "quality",
    columns(mark="s", clips="d")
    | optional(pesq=".2f", lowest_pesq=".2f", visqol=".2f", lowest_visqol=".2f")
    | columns(pauses_db=".2f"),
)
DETECTION = Table(
    "detection", columns(mark="s", change="s", seconds="g", clips="d", detected=".2f") | optional(median_log10_p=".0f")
)
TOGETHER = Table("together", columns(sounds="s", files="d", detected_alone=".2f", log10_p_together=".0f"))
FALSE_POSITIVES = Table(
    "false_positives", columns(layer="s", change="s", trials="d", detected="d") | optional(smallest_p=".0e")
)
COST = Table("cost", columns(mark="s", real_time_factor=".5f"))

Mark = Callable[[np.ndarray, int], np.ndarray]


def marked_speech(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return speech with both layers."""
    return mark_wave(wave[None], sample_rate, PAYLOAD, has_levels=True)[0]


def marked_sound(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return sound with the noise alone."""
    return mark_wave(wave[None], sample_rate, PAYLOAD)[0]


def joined(waves: Iterator[np.ndarray], seconds: float, sample_rate: int) -> Iterator[np.ndarray]:
    """Yield waves of a length, made of consecutive ones."""
    pending: list[np.ndarray] = []
    n_samples = round(seconds * sample_rate)
    for wave in waves:
        pending.append(wave)
        if sum(map(len, pending)) >= n_samples:
            yield np.concatenate(pending)[:n_samples].astype(np.float32)
            pending = []


def recorded(folder: Path, seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    """Yield recorded speech of a length, with its sample rate."""
    files = sorted(each for each in folder.rglob("*") if each.suffix in (".flac", ".wav"))
    order = np.random.default_rng(SEED).permutation(len(files))
    return ((wave, RATE) for wave in joined((read_wave(files[index], RATE) for index in order), seconds, RATE))


def spoken(seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    """Yield speech of the default voice of a length, with its sample rate."""
    voice = Voice.load()
    texts = (text for text in sentences() * 10)
    waves = (voice.speak(text, seed=number).clip.wave[0] for number, text in enumerate(texts))
    return ((wave, voice.sample_rate) for wave in joined(waves, seconds, voice.sample_rate))


def speech(options: Options, count: int, seconds: float) -> list[tuple[np.ndarray, int]]:
    """Return recorded and generated speech, half each."""
    sources = recorded(options.speech, seconds), spoken(seconds)
    return [wave for source in sources for wave, _ in zip(source, range(-(-count // 2)), strict=False)]


def measure_quality(options: Options, report: Report) -> None:
    """Add the ratings of speech with each mark, against the speech without."""
    clips = speech(options, options.quality_clips, 10.0)
    marks = {"noise": marked_sound, "noise and levels": marked_speech, PERTH.name: marked_by_perth}
    has_pesq, has_visqol, _ = (report.has(peer) for peer in (PESQ, VISQOL, PERTH))
    for name, mark in marks.items():
        if name == PERTH.name and not has_perth():
            continue
        pairs = [(wave, mark(wave, rate), rate) for wave, rate in clips]
        pesq = [_pesq(*pair) for pair in pairs] if has_pesq else None
        of_visqol = [_visqol(*pair) for pair in pairs] if has_visqol else None
        ratings = {
            "pesq": pesq and float(np.mean(pesq)),
            "lowest_pesq": pesq and min(pesq),
            "visqol": of_visqol and float(np.mean(of_visqol)),
            "lowest_visqol": of_visqol and min(of_visqol),
        }
        pauses = float(np.mean([_pause_change_db(*pair) for pair in pairs]))
        report.add(QUALITY, mark=name, clips=len(pairs), **ratings, pauses_db=pauses)
        if name != PERTH.name:
            report.target(name, "PESQ", ratings["pesq"], at_least=4.4)
            report.target(name, "ViSQOL", ratings["visqol"], at_least=4.6)
            report.target(name, "louder pauses in dB", pauses, at_most=0.1)


def _pesq(wave: np.ndarray, output: np.ndarray, rate: int) -> float:
    from pesq import pesq

    return float(pesq(RATE, soxr.resample(wave, rate, RATE), soxr.resample(output, rate, RATE), "wb"))


def _visqol(wave: np.ndarray, output: np.ndarray, rate: int) -> float:
    pair = [soxr.resample(each, rate, VISQOL_RATE) for each in (wave, output)]
    return visqol(pair[0], pair[1], "audio")


def _pause_change_db(wave: np.ndarray, output: np.ndarray, rate: int) -> float:
    """Return the change of the level in frames far below the loudest one."""
    n_frame = round(FRAME_SECONDS * rate)
    before, after = (
        np.square(each[: len(each) // n_frame * n_frame]).reshape(-1, n_frame).mean(axis=1) for each in (wave, output)
    )
    is_pause = before < before.max() * 10 ** (PAUSE_DB / 10)
    return float(10 * np.log10((after[is_pause].sum() + 1e-15) / (before[is_pause].sum() + 1e-15)))


def measure_detection(options: Options, report: Report) -> None:
    """Add the fraction of clips in which each mark is detected after each change."""
    sets = ((SHORT_SECONDS, options.clips, SHORT_CHANGES), (LONG_SECONDS, options.long_clips, LONG_CHANGES))
    for seconds, count, changes in sets:
        if not count:
            continue
        clips = [
            (mark_cut(wave, rate, seconds, number), rate)
            for number, (wave, rate) in enumerate(speech(options, count, seconds + 2.0))
        ]
        for name, change in changes.items():
            p_values = [
                detect_wave(change(wave, rate)[None].astype(np.float32), rate, any_speed=_needs_search(name)).p_value
                for wave, rate in clips
            ]
            detected = float(np.mean([p_value <= MAX_P_VALUE for p_value in p_values]))
            _add_detection(report, "Wavewright", name, seconds, len(clips), detected, _log10(np.median(p_values)))
            if name not in REPORTED:
                report.target(name, f"detected at {seconds:g} s", detected, at_least=MIN_DETECTED[seconds])
        if has_perth() and options.perth_clips:
            measure_perth(options, report, seconds, min(count, options.perth_clips), changes)


def _needs_search(change: str) -> bool:
    return change.startswith(("speed", "stretch", "pitch"))


def mark_cut(wave: np.ndarray, rate: int, seconds: float, number: int, mark: Mark = marked_speech) -> np.ndarray:
    """Return a segment of a marked wave from a random sample on."""
    n_samples = round(seconds * rate)
    start = int(np.random.default_rng(number).integers(len(wave) - n_samples + 1))
    return mark(wave, rate)[start : start + n_samples]


def _add_detection(
    report: Report, mark: str, change: str, seconds: float, clips: int, detected: float, log10_p: float | None
) -> None:
    row = {"mark": mark, "change": change, "seconds": seconds, "clips": clips, "detected": detected}
    report.add(DETECTION, **row, median_log10_p=log10_p)


def measure_perth(options: Options, report: Report, seconds: float, count: int, changes: dict[str, Change]) -> None:
    """Add the detections of Perth, also in high-passed speech without a mark."""
    clips = speech(options, count, seconds + 2.0)
    marked = [
        (mark_cut(wave, rate, seconds, number, marked_by_perth), rate) for number, (wave, rate) in enumerate(clips)
    ]
    for name, change in changes.items():
        detected = float(np.mean([is_perths(change(wave, rate), rate) for wave, rate in marked]))
        _add_detection(report, PERTH.name, name, seconds, len(marked), detected, None)
    for name in ("none", "high-pass 1.5 kHz"):
        change = SHORT_CHANGES[name]
        found = float(np.mean([is_perths(change(wave[: round(seconds * rate)], rate), rate) for wave, rate in clips]))
        _add_detection(report, f"{PERTH.name}, unmarked", name, seconds, len(clips), found, None)


def measure_together(options: Options, report: Report) -> None:
    """Add detections in short sounds, alone and together."""
    for folder in options.one_shots:
        files = sorted(each for each in folder.rglob("*") if each.suffix in (".flac", ".wav", ".ogg"))
        order = np.random.default_rng(SEED).permutation(len(files))[: options.clips]
        search, alone = MarkSearch(), []
        for index in order:
            wave = marked_sound(read_wave(files[index], RATE), RATE)[None]
            alone.append(detect_wave(wave, RATE, any_speed=False, together=search).is_marked)
        p_value = p_value_of(search.result_with_payload()[0])
        row = {"sounds": folder.name, "files": len(order), "detected_alone": float(np.mean(alone))}
        report.add(TOGETHER, **row, log10_p_together=_log10(p_value))


def measure_false_positives(options: Options, report: Report) -> None:
    """Add the trials on unmarked sound by keys of their own."""
    waves = [wave for wave, _ in zip(recorded(options.speech, 6.0), range(options.unmarked), strict=False)]
    files = sorted(each for each in options.sounds.rglob("*") if each.suffix in (".flac", ".wav", ".ogg"))
    order = np.random.default_rng(SEED).permutation(len(files))[: options.unmarked]
    waves += [(read_wave(files[index], RATE)[: 6 * RATE], RATE) for index in order]
    keys = [f"key {number}" for number in range(options.keys)]
    n_trials = {"noise": 0, "levels": 0}
    n_detected = 0
    for name, change in UNMARKED_CHANGES.items():
        outputs = [change(wave, rate)[None].astype(np.float32) for wave, rate in waves]
        folds = np.stack(
            [folded(next(segments_of([output], RATE))) for output in outputs]
        )  # (sounds, views, harmonics)
        windows = [LevelFolds(output[0].astype(float), any_speed=False) for output in outputs]
        evidence = {
            "noise": np.concatenate([log_sum(log_evidence_of(scores_of(folds, key))) - np.log(2.0) for key in keys]),
            "levels": np.array([window.search(key)[0] for key in keys for window in windows]),
        }
        for layer, logs in evidence.items():
            found = int(np.sum(logs >= -np.log(MAX_P_VALUE)))
            n_trials[layer] += len(logs)
            n_detected += found
            row = {"layer": layer, "change": name, "trials": len(logs), "detected": found}
            report.add(FALSE_POSITIVES, **row, smallest_p=p_value_of(float(logs.max())))
    report.target("all trials", "false positives", n_detected, at_most=0)
    report.note(f"Trials: {n_trials['noise']:,} of the noise and {n_trials['levels']:,} of the levels.")


def measure_cost(options: Options, report: Report) -> None:
    """Add the real-time factors of adding the marks, and of a search at all speeds."""
    wave, rate = next(spoken(options.cost_seconds))
    marks = {"noise": marked_sound, "noise and levels": marked_speech}
    marks |= {PERTH.name: marked_by_perth} if has_perth() else {}
    for name, mark in marks.items():
        factor = median_seconds(lambda mark=mark: mark(wave, rate)) / options.cost_seconds  # type: ignore[misc]
        report.add(COST, mark=name, real_time_factor=factor)
        if name != PERTH.name:
            report.target(name, "real-time factor of adding it", factor, at_most=0.004)
    factor = median_seconds(lambda: detect_wave(wave[None], rate)) / options.cost_seconds
    report.add(COST, mark="search in unmarked speech", real_time_factor=factor)


def _log10(p_value: float) -> float:
    return float(np.log10(max(p_value, 1e-300)))


MEASURES = {
    "quality": measure_quality,
    "detection": measure_detection,
    "together": measure_together,
    "false-positives": measure_false_positives,
    "cost": measure_cost,
}


def measure(options: Options, report: Report) -> None:
    """Measure the parts that are asked for."""
    for part in options.only:
        MEASURES[part](options, report)


BENCHMARK = Benchmark(
    __doc__,
    (QUALITY, DETECTION, TOGETHER, FALSE_POSITIVES, COST),
    measure,
    Option("speech", Path("corpora/prompts"), "folder of recorded speech", smoke=smoke_speech),
    Option("sounds", Path("corpora/effects"), "folder of other sounds", smoke=smoke_ambience),
    Option("one_shots", [Path("corpora/drums"), Path("corpora/digits")], smoke=lambda folder: [smoke_drums(folder)]),
    Option("only", tuple(MEASURES), "parts to measure", choices=MEASURES),
    Option("clips", 100, "clips of 3 s", smoke=2),
    Option("long_clips", 20, "clips of 30 s", smoke=0),
    Option("quality_clips", 20, "clips of 10 s to rate", smoke=1),
    Option("perth_clips", 20, "of them for Perth", smoke=0),
    Option("unmarked", 50, "unmarked recordings, and as many other sounds", smoke=1),
    Option("keys", 200, "keys for every unmarked sound", smoke=2),
    Option("cost_seconds", 60.0, "length of the speech to mark", smoke=3.0),
)
