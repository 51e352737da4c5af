"""Measure the speed of a voice: first sound, cold start to a file, real-time factor, and size.

    python -m benchmarks speech.voice_speed --voice en-kathleen --json voice_speed.json

The first sound is timed from the call of ``Voice.stream`` to its first chunk with samples, after ``warm_up``, for
each of the 100 sentences of benchmarks/speech/texts/hundred.txt. Cold starts are processes of Python that write a file.
Other engines that are installed (flite, espeak-ng) speak the same sentences in the same run. Real-time factors are
those of the processor, and the same for all: once with one process for all sentences, once with a process for each, its
start included.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

import wavewright
from benchmarks.harness.corpora import SMOKE_VOICE, sentences
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import children_seconds, median_seconds, time_process, timed
from benchmarks.speech.speakers import ENGINES, speak_in_one_process
from wavewright.audio.clip import Clip
from wavewright.speech.voice import Chunk, Voice

SPEAK = (sys.executable, "-m", "wavewright", "speak")
NO_PARTS = ("checkpoints", "samples", "tensorboard", "__pycache__")  # folders that are no part of a model

FIRST_SOUND = Table("first sound", columns(median_ms=".1f", late_ms_95_percent=".1f"))
REAL_TIME_FACTORS = Table(
    "real-time factors",
    columns(speaker="s", one_process=".4f", times_real_time=".0f", process_each=".4f", times_real_time_each=".1f"),
)
VOICE = Table("voice", columns(voice="s", cold_start_seconds=".2f", megabytes=".1f"))


def factor(speak: Callable[[], Iterable[Clip]], clock: Callable[[], float] = time.process_time) -> float:
    """Return the processor seconds for a second of the sound that a function speaks."""
    seconds, spent = timed(lambda: sum(clip.seconds for clip in speak()), clock)
    return spent / seconds


def process_of(voice: str, text: str) -> Clip:
    """Return what a process of ``wavewright speak`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.wav"
        time_process([*SPEAK, "--voice", voice, "--out", str(out), "--", text])
        return Clip.read(out)


def measure(options: Options, report: Report) -> None:
    texts, voice = sentences(options.count), Voice.load(options.voice)
    voice.warm_up()

    def first_samples(text: str) -> Chunk:
        return next(chunk for chunk in voice.stream(text) if chunk.wave.shape[1])

    values = [1_000 * timed(partial(first_samples, text), time.perf_counter)[1] for text in texts]
    median_ms, late_ms = float(np.median(values)), float(np.quantile(values, 0.95))
    report.add(FIRST_SOUND, median_ms=median_ms, late_ms_95_percent=late_ms)
    report.target(options.voice, "first sound, median, ms", median_ms, at_most=30.0)
    report.target(options.voice, "first sound, 95 %, ms", late_ms, at_most=80.0)
    of_processes = texts[: options.processes]
    factors = {
        options.voice: (
            factor(lambda: (voice.speak(text).clip for text in texts)),
            factor(lambda: (process_of(options.voice, text) for text in of_processes), children_seconds),
        )
    }
    for peer in filter(report.has, ENGINES):
        speak = partial(speak_in_one_process, peer)
        at_once = factor(lambda speak=speak: [speak(texts)], children_seconds)
        each = factor(lambda speak=speak: (speak([text]) for text in of_processes), children_seconds)
        factors[peer.name] = at_once, each
    for name, (at_once, each) in factors.items():
        row = {"speaker": name, "one_process": at_once, "times_real_time": 1 / at_once, "process_each": each}
        report.add(REAL_TIME_FACTORS, row, times_real_time_each=1 / each)
    report.target(options.voice, "real-time factor", factors[options.voice][0], at_most=0.010)
    cold_start = partial(process_of, options.voice, "Good evening, and welcome to the late news.")
    cold_seconds = median_seconds(cold_start, options.cold_starts, time.perf_counter, n_warm_up=0)
    folders = (voice.acoustic.folder.path, voice.vocoder.folder.path, Path(wavewright.__file__).parent / "text")
    files = [path for folder in folders for path in Path(folder).rglob("*") if path.is_file()]
    megabytes = sum(path.stat().st_size for path in files if path.parent.name not in NO_PARTS) / 1e6
    report.add(VOICE, voice=options.voice, cold_start_seconds=cold_seconds, megabytes=megabytes)
    report.target(options.voice, "cold start, s", cold_seconds, at_most=2.0)
    report.target(options.voice, "size, MB", megabytes, at_most=20.0)


BENCHMARK = Benchmark(
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("count", type=int, help="sentences, all hundred by default", smoke=1),
    Option("cold_starts", 5, smoke=1),
    Option("processes", 20, "sentences that are spoken by a process each", smoke=1),
)
