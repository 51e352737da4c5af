"""Measure the speed of a voice: first sound, cold start to a file, real-time factor, and size.

    python -m benchmarks speech.voice_speed --voice en-kathleen --json voice_speed.json

The first sound is timed from the call of ``Voice.stream`` to its first chunk with samples, after ``warm_up``, for
each of the 100 sentences of benchmarks/speech/texts/hundred.txt, by the clock and by processor time. Cold starts are
processes of Python that write a file.  Other engines that are
installed (flite, espeak-ng) speak the same sentences in the same run. Real-time factors are those of the processor, and
the same for all: once with one process for all sentences, once with a process for each, its start included.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import wavewright
from benchmarks.harness.corpora import SMOKE_VOICE, sentences
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import ProcessTimes, time_process
from benchmarks.speech.speakers import ENGINES, Utterance, other_engines, spoken_in_one_process
from wavewright.audio.sound_file import open_sound
from wavewright.speech.voice import Voice

SPEAK = (sys.executable, "-m", "wavewright", "speak")
MAX_FIRST_SOUND_MS = 30.0
MAX_LATE_FIRST_SOUND_MS = 80.0
MAX_REAL_TIME_FACTOR = 0.010
MAX_COLD_START_SECONDS = 2.0
MAX_MEGABYTES = 20.0
OTHER_FOLDERS = ("checkpoints", "samples", "tensorboard")  # of a run, which are no part of its model

FIRST_SOUND = Table("first sound", columns(clock="s", median_ms=".1f", late_ms_95_percent=".1f"))
REAL_TIME_FACTORS = Table(
    "real-time factors",
    columns(speaker="s", one_process=".4f", times_real_time=".0f", process_each=".4f", times_real_time_each=".1f"),
)
VOICE = Table(
    "voice",
    columns(voice="s", vocoder="s", cold_start_seconds=".2f", cold_start_processor_seconds=".2f", megabytes=".1f"),
)


def first_samples_ms(voice: Voice, texts: list[str]) -> np.ndarray:
    """Return the time to the first sound of each text in ms, ``(2, texts)``: by the clock and of the processor."""
    times = []
    for sentence in texts:
        clock, processor = time.perf_counter(), time.process_time()
        next(chunk for chunk in voice.stream(sentence) if chunk.wave.shape[1])
        times.append((1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - processor)))
    return np.array(times).T


def real_time_factor(voice: Voice, texts: list[str]) -> float:
    """Return the processor seconds for a second of sound, over all texts."""
    start = time.process_time()
    seconds = sum(voice.speak(sentence).clip.seconds for sentence in texts)
    return (time.process_time() - start) / seconds


def real_time_factor_of_processes(voice: str, vocoder: str, texts: list[str]) -> float:
    """Return the same with a process of ``wavewright speak`` for each text."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.wav"
        command = [*SPEAK, "--voice", voice, "--vocoder", vocoder, "--out", str(out)]
        spent = seconds = 0.0
        for text in texts:
            spent += time_process([*command, "--", text]).processor_seconds
            seconds += open_sound(out).header.seconds
    return spent / seconds


def factors_of_engines(texts: list[str], texts_of_processes: list[str]) -> dict[str, tuple[float, float]]:
    """Return both factors of each other engine that is installed, by name."""
    at_once = {name: _factor([spoken]) for name, spoken in spoken_in_one_process(texts).items()}
    one_by_one = {
        engine.name: _factor([engine.speak(sentence, 0) for sentence in texts_of_processes])
        for engine in other_engines()
    }
    return {name: (factor, one_by_one[name]) for name, factor in at_once.items()}


def _factor(utterances: list[Utterance]) -> float:
    seconds = sum(len(each.wave) / each.sample_rate for each in utterances)
    return sum(each.processor_seconds for each in utterances) / seconds


def cold_starts(voice: str, vocoder: str, count: int) -> list[ProcessTimes]:
    """Return the times of ``count`` processes that speak into a file."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*SPEAK, "Good evening, and welcome to the late news.", "--voice", voice, "--vocoder", vocoder]
        return [time_process([*command, "--out", str(Path(folder) / "out.wav")]) for _ in range(count)]


def bytes_of(voice: Voice) -> int:
    """Return the size of the acoustic model, the vocoder and the data of the front end."""
    front_end = Path(wavewright.__file__).parent / "text"
    folders = (Path(voice.acoustic.folder.path), Path(voice.vocoder.folder.path), front_end)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files if path.parent.name not in (*OTHER_FOLDERS, "__pycache__"))


def measure(options: Options, report: Report) -> None:
    """Measure one voice."""
    texts, voice = sentences(options.count), Voice.load(options.voice, options.vocoder)
    voice.warm_up()
    for clock, values in zip(("wall clock", "processor"), first_samples_ms(voice, texts), strict=True):
        median_ms, late_ms = float(np.median(values)), float(np.quantile(values, 0.95))
        report.add(FIRST_SOUND, clock=clock, median_ms=median_ms, late_ms_95_percent=late_ms)
        if clock == "wall clock":
            report.target(options.voice, "first sound, median, ms", median_ms, at_most=MAX_FIRST_SOUND_MS)
            report.target(options.voice, "first sound, 95 %, ms", late_ms, at_most=MAX_LATE_FIRST_SOUND_MS)
    of_processes = texts[: options.processes]
    factors = {
        options.voice: (
            real_time_factor(voice, texts),
            real_time_factor_of_processes(options.voice, options.vocoder, of_processes),
        ),
        **factors_of_engines(texts, of_processes),
    }
    for peer in ENGINES:
        report.has(peer)
    for name, (at_once, each) in factors.items():
        row = {"speaker": name, "one_process": at_once, "times_real_time": 1 / at_once, "process_each": each}
        report.add(REAL_TIME_FACTORS, row, times_real_time_each=1 / each if each else None)
    report.target(options.voice, "real-time factor", factors[options.voice][0], at_most=MAX_REAL_TIME_FACTOR)
    if "flite" in factors:
        for number, how in enumerate(("one process", "a process for each sentence")):
            limit = factors["flite"][number]
            report.target(options.voice, f"real-time factor, flite's, {how}", factors[options.voice][number], limit)
    starts = cold_starts(options.voice, options.vocoder, options.cold_starts)
    cold_seconds = statistics.median(each.seconds for each in starts)
    megabytes = bytes_of(voice) / 1e6
    row = {"voice": options.voice, "vocoder": options.vocoder, "cold_start_seconds": cold_seconds}
    processor_seconds = statistics.median(each.processor_seconds for each in starts)
    report.add(VOICE, row, cold_start_processor_seconds=processor_seconds, megabytes=megabytes)
    report.target(options.voice, "cold start, s", cold_seconds, at_most=MAX_COLD_START_SECONDS)
    report.target(options.voice, "size, MB", megabytes, at_most=MAX_MEGABYTES)


BENCHMARK = Benchmark(
    __doc__,
    (FIRST_SOUND, REAL_TIME_FACTORS, VOICE),
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("vocoder", "vocoder"),
    Option("count", type=int, help="sentences, all hundred by default", smoke=1),
    Option("cold_starts", 5, smoke=1),
    Option("processes", 20, "sentences that are spoken by a process each", smoke=1),
)
