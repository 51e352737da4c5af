"""Measure the mark: inaudibility, detection after changes, false positives, cost, and Perth in the same run.

    python -m benchmarks watermark.marks --speech corpora/prompts --sounds corpora/effects --json marks.json

The speech is that of the folder, joined, and of the voice en-kathleen, half each. Neither was used to choose the levels
of the mark. A clip of 3 s is cut anywhere out of a marked sound. A trial for false positives is an unmarked sound and a
key of its own, without the search over speeds; --keys keys meet every sound.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from benchmarks.harness.corpora import read_wave, sentences, shuffle_entries, smoke_ambience, smoke_drums, smoke_speech
from benchmarks.harness.judges import visqol
from benchmarks.harness.peers import PERTH, PESQ, VISQOL
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from benchmarks.harness.timing import median_seconds
from benchmarks.harness.waves import of_length
from benchmarks.watermark.changes import LONG_CHANGES, REPORTED, SHORT_CHANGES, UNMARKED_CHANGES, Change
from wavewright.metrics import paired
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
SOUND_SUFFIXES = (".flac", ".wav", ".ogg")
PAUSE_DB = -40.0  # of frames below the loudest one, in which the level of the mark is measured
FRAME_SECONDS = 0.02
SMALLEST_P = 1e-300
PERTH_NEEDS = ("perth", "librosa", "torch", "torchaudio", "pkg_resources", "yaml", "scipy")
PERTH_THRESHOLD = 0.5

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


def marked_sound(wave: np.ndarray, sample_rate: int, has_levels: bool = False) -> np.ndarray:
    """Return sound with the noise alone, or with both layers."""
    return mark_wave(wave[None], sample_rate, PAYLOAD, has_levels=has_levels)[0]


marked_speech = partial(marked_sound, has_levels=True)


def files_of(folder: Path, count: int | None = None) -> list[Path]:
    """Return sound files of a folder in an order drawn by a seed."""
    files = sorted(each for each in folder.rglob("*") if each.suffix in SOUND_SUFFIXES)
    return shuffle_entries(files, len(files) if count is None else count, SEED)


@cache
def perth() -> Any:  # noqa: ANN401
    """Return Perth, or None unless it and what else it needs are installed."""
    if not all(importlib.util.find_spec(name) is not None for name in PERTH_NEEDS):
        return None
    return importlib.import_module("perth.perth_net.perth_net_implicit.perth_watermarker").PerthImplicitWatermarker()


def marked_by_perth(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return sound ``(time,)`` with the mark of Perth, as long as it was."""
    return of_length(np.asarray(perth().apply_watermark(wave, sample_rate=sample_rate)), len(wave))


def is_perths(wave: np.ndarray, sample_rate: int) -> bool:
    """Return whether Perth detects its mark."""
    watermark = perth().get_watermark(np.ascontiguousarray(wave, np.float32), sample_rate=sample_rate)
    return bool(np.mean(watermark) > PERTH_THRESHOLD)


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
    return ((wave, RATE) for wave in joined((read_wave(file, RATE) for file in files_of(folder)), seconds, RATE))


def spoken(seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    """Yield speech of the default voice of a length, with its sample rate."""
    voice = Voice.load()
    waves = (voice.speak(text, seed=number).clip.wave[0] for number, text in enumerate(sentences() * 10))
    return ((wave, voice.sample_rate) for wave in joined(waves, seconds, voice.sample_rate))


def speech(options: Options, count: int, seconds: float) -> list[tuple[np.ndarray, int]]:
    """Return recorded and generated speech, half each."""
    sources = recorded(options.speech, seconds), spoken(seconds)
    return [wave for source in sources for wave, _ in zip(source, range(-(-count // 2)), strict=False)]


def measure_quality(options: Options, report: Report) -> None:
    """Add the ratings of speech with each mark, against the speech without."""
    clips = speech(options, options.quality_clips, 10.0)
    raters = {"pesq": (PESQ, RATE, paired.pesq), "visqol": (VISQOL, VISQOL_RATE, partial(visqol, mode="audio"))}
    raters = {name: (rate, rater) for name, (peer, rate, rater) in raters.items() if report.has(peer)}
    for name, mark in marks_of(report).items():
        pairs = [(wave, mark(wave, rate), rate) for wave, rate in clips]
        ratings = {}
        for rater, (rate, rated) in raters.items():
            scores = [rated(*(soxr.resample(each, own_rate, rate) for each in pair)) for *pair, own_rate in pairs]
            ratings |= {rater: float(np.mean(scores)), f"lowest_{rater}": min(scores)}
        pauses = float(np.mean([_pause_change_db(*pair) for pair in pairs]))
        report.add(QUALITY, mark=name, clips=len(pairs), **ratings, pauses_db=pauses)
        if name != PERTH.name:
            report.target(name, "PESQ", ratings.get("pesq"), at_least=4.4)
            report.target(name, "ViSQOL", ratings.get("visqol"), at_least=4.6)
            report.target(name, "louder pauses in dB", pauses, at_most=0.1)


def marks_of(report: Report) -> dict[str, Mark]:
    """Return each mark by its name, that of Perth where it is installed."""
    marks: dict[str, Mark] = {"noise": marked_sound, "noise and levels": marked_speech}
    return marks | ({PERTH.name: marked_by_perth} if report.has(PERTH) and perth() else {})


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
        clips = [(mark_cut(*clip, seconds, n), clip[1]) for n, clip in enumerate(speech(options, count, seconds + 2.0))]
        row = {"mark": "Wavewright", "seconds": seconds, "clips": len(clips)}
        for name, change in changes.items():
            any_speed = name.startswith(("speed", "stretch", "pitch"))
            p_values = [
                detect_wave(change(wave, rate)[None].astype(np.float32), rate, any_speed=any_speed).p_value
                for wave, rate in clips
            ]
            detected = float(np.mean([p_value <= MAX_P_VALUE for p_value in p_values]))
            report.add(
                DETECTION,
                row,
                change=name,
                detected=detected,
                median_log10_p=np.log10(max(np.median(p_values), SMALLEST_P)),
            )
            if name not in REPORTED:
                report.target(name, f"detected at {seconds:g} s", detected, at_least=MIN_DETECTED[seconds])
        if options.perth_clips and perth():
            measure_perth(options, report, seconds, min(count, options.perth_clips), changes)


def mark_cut(wave: np.ndarray, rate: int, seconds: float, number: int, mark: Mark = marked_speech) -> np.ndarray:
    """Return a segment of a marked wave from a random sample on."""
    n_samples = round(seconds * rate)
    start = int(np.random.default_rng(number).integers(len(wave) - n_samples + 1))
    return mark(wave, rate)[start : start + n_samples]


def measure_perth(options: Options, report: Report, seconds: float, count: int, changes: dict[str, Change]) -> None:
    """Add the detections of Perth, also in high-passed speech without a mark."""
    clips = speech(options, count, seconds + 2.0)
    marked = [(mark_cut(*clip, seconds, number, marked_by_perth), clip[1]) for number, clip in enumerate(clips)]
    unmarked = [(wave[: round(seconds * rate)], rate) for wave, rate in clips]
    unmarked_changes = {name: SHORT_CHANGES[name] for name in ("none", "high-pass 1.5 kHz")}
    sets = ((PERTH.name, marked, changes), (f"{PERTH.name}, unmarked", unmarked, unmarked_changes))
    for mark, waves, of_mark in sets:
        for name, change in of_mark.items():
            detected = float(np.mean([is_perths(change(wave, rate), rate) for wave, rate in waves]))
            report.add(DETECTION, mark=mark, change=name, seconds=seconds, clips=len(waves), detected=detected)


def measure_together(options: Options, report: Report) -> None:
    """Add detections in short sounds, alone and together."""
    for folder in options.one_shots:
        files, search, alone = files_of(folder, options.clips), MarkSearch(), []
        for file in files:
            wave = marked_sound(read_wave(file, RATE), RATE)[None]
            alone.append(detect_wave(wave, RATE, any_speed=False, together=search).is_marked)
        p_value = p_value_of(search.result_with_payload()[0])
        row = {"sounds": folder.name, "files": len(files), "detected_alone": float(np.mean(alone))}
        report.add(TOGETHER, **row, log10_p_together=np.log10(max(p_value, SMALLEST_P)))


def measure_false_positives(options: Options, report: Report) -> None:
    """Add the trials on unmarked sound by keys of their own."""
    waves = [wave for wave, _ in zip(recorded(options.speech, 6.0), range(options.unmarked), strict=False)]
    waves += [(read_wave(file, RATE)[: 6 * RATE], RATE) for file in files_of(options.sounds, options.unmarked)]
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
    for name, mark in marks_of(report).items():
        factor = median_seconds(partial(mark, wave, rate)) / options.cost_seconds
        report.add(COST, mark=name, real_time_factor=factor)
        if name != PERTH.name:
            report.target(name, "real-time factor of adding it", factor, at_most=0.004)
    factor = median_seconds(lambda: detect_wave(wave[None], rate)) / options.cost_seconds
    report.add(COST, mark="search in unmarked speech", real_time_factor=factor)


def measure(options: Options, report: Report) -> None:
    for part in (measure_quality, measure_detection, measure_together, measure_false_positives, measure_cost):
        part(options, report)


BENCHMARK = Benchmark(
    measure,
    Option("speech", Path("corpora/prompts"), "folder of recorded speech", smoke=smoke_speech),
    Option("sounds", Path("corpora/effects"), "folder of other sounds", smoke=smoke_ambience),
    Option("one_shots", [Path("corpora/drums"), Path("corpora/digits")], smoke=lambda folder: [smoke_drums(folder)]),
    Option("clips", 100, "clips of 3 s", smoke=2),
    Option("long_clips", 20, "clips of 30 s", smoke=0),
    Option("quality_clips", 20, "clips of 10 s to rate", smoke=1),
    Option("perth_clips", 20, "of them for Perth", smoke=0),
    Option("unmarked", 50, "unmarked recordings, and as many other sounds", smoke=1),
    Option("keys", 200, "keys for every unmarked sound", smoke=2),
    Option("cost_seconds", 60.0, "length of the speech to mark", smoke=3.0),
)
