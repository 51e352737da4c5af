"""Measure the removal of echo in simulated calls, beside other programs.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python recipes/corpora prompts --asterisk FOLDER --language ru --out corpora/prompts-ru
    python -m benchmarks enhancement.echo --near corpora/prompts --far corpora/prompts-ru --json echo.json

No bundled model is trained on either speaker. A call has 10 s of the far end alone, 10 s in which both talk, and 6 s of
the near end alone, in rooms simulated by pyroomacoustics; the echo is as loud as the near end, noise 40 dB below. Kinds
of calls: as they are; with a loudspeaker that distorts; with an echo 10, 250 and 500 ms late; with a delay that moves
by 120 ms, or a path that changes, at 12 s.
Echo return loss enhancement (ERLE) in dB of seconds 4 to 10; wide-band PESQ of the near end where both talk, and of the
output against the microphone where the near end talks alone; AECMOS of echo (far end alone, both) and of other
degradation (both), by speechmos (MIT).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.enhancement.peers import (
    PYROOMACOUSTICS,
    SAMPLE_RATE,
    SPEEX,
    WEBRTC,
    CancelEcho,
    convolved,
    simulated_response,
    speex_canceller,
    webrtc_canceller,
)
from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_speech
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, columns, optional
from benchmarks.speech.judges import JUDGE_OPTIONS, Judges, mean_interval
from wavewright.data.entry import Entry
from wavewright.families import loading
from wavewright.inference.enhancement.echo import LinearCanceller
from wavewright.metrics.aecmos import aecmos

FAR_ALONE, BOTH, NEAR_ALONE = slice(0, 10), slice(10, 20), slice(20, 26)  # seconds
SETTLED, RINGED_OUT = slice(4, 10), slice(21, 26)  # parts of the first and of the last
CHANGE_SECONDS = 12.0
LEVEL = 0.05  # of echo and near end
NOISE_LEVEL = 0.0005
MIN_PESQ_NEAR_ALONE = 4.0
DRIVE = 6.0
SEED = 21
T60, DISTANCE = (0.15, 0.5), (0.3, 1.0)

KINDS = ("as it is", "distorted", "10 ms", "250 ms", "500 ms", "delay moves", "path changes")

CALLS = Table(
    "calls",
    columns(canceller="s", call="s", calls="d", erle_db=".1f")
    | optional(
        pesq_both=".2f", pesq_near_alone=".2f", echo_mos_far_alone=".2f", echo_mos_both=".2f", other_mos_both=".2f"
    ),
)


@dataclass(frozen=True)
class Call:
    """Waves ``(time,)`` of a call: what the loudspeaker plays, its echo, and the near end with noise."""

    far: np.ndarray
    echo: np.ndarray
    near: np.ndarray
    noise: np.ndarray

    @property
    def microphone(self) -> np.ndarray:
        """The sum at the microphone."""
        mixture: np.ndarray = (self.echo + self.near + self.noise).astype(np.float32)
        return mixture


def samples(seconds: slice) -> slice:
    """Return a slice of samples."""
    return slice(seconds.start * SAMPLE_RATE, seconds.stop * SAMPLE_RATE)


def talk(rng: np.random.Generator, entries: list[Entry], n_samples: int) -> np.ndarray:
    """Return sentences one after another, ``(n_samples,)``, of level 1."""
    waves: list[np.ndarray] = []
    while sum(map(len, waves)) < n_samples:
        waves.append(read_wave(entries[rng.integers(len(entries))].path, SAMPLE_RATE))
    wave = np.concatenate(waves)[:n_samples]
    return wave / np.sqrt(np.mean(np.square(wave, dtype=np.float64)))


def make_call(rng: np.random.Generator, kind: str, far_entries: list[Entry], near_entries: list[Entry]) -> Call:
    """Return a call of one of KINDS."""
    n_samples = NEAR_ALONE.stop * SAMPLE_RATE
    far = 0.1 * talk(rng, far_entries, n_samples)
    far[samples(NEAR_ALONE)] = 0
    near = talk(rng, near_entries, n_samples)
    near[samples(FAR_ALONE)] = 0
    responses = [simulated_response(rng, SAMPLE_RATE, T60, DISTANCE) for _ in range(2)]
    played = np.tanh(DRIVE * far) / DRIVE if kind == "distorted" else far
    delay = {"10 ms": 0.01, "250 ms": 0.25, "500 ms": 0.5}.get(kind, 0.06)
    echo = delayed(convolved(played, responses[0]), delay)
    change = round(CHANGE_SECONDS * SAMPLE_RATE)
    if kind == "delay moves":
        echo[change:] = delayed(echo, 0.12)[change:]
    if kind == "path changes":
        echo[change:] = delayed(convolved(played, responses[1]), delay)[change:]
    echo *= LEVEL / np.sqrt(np.mean(np.square(echo[samples(FAR_ALONE)])))
    noise = NOISE_LEVEL * rng.standard_normal(n_samples)
    return Call(far.astype(np.float32), echo.astype(np.float32), (LEVEL * near).astype(np.float32), noise)


def delayed(wave: np.ndarray, seconds: float) -> np.ndarray:
    """Return a wave ``(time,)`` that comes later."""
    n_samples = round(seconds * SAMPLE_RATE)
    return np.pad(wave, (n_samples, 0))[: len(wave)]


def measure_calls(name: str, cancel: CancelEcho, kind: str, calls: list[Call], judges: Judges) -> Row:
    """Return the row of a canceller for calls of a kind."""
    scores: dict[str, list[float]] = {
        column: [] for column in CALLS.columns if column not in ("canceller", "call", "calls")
    }
    for call in calls:
        microphone = call.microphone
        left = cancel(microphone, call.far)
        settled, both, alone = samples(SETTLED), samples(BOTH), samples(RINGED_OUT)
        scores["erle_db"].append(
            float(10 * np.log10(np.mean(microphone[settled] ** 2) / (np.mean(left[settled] ** 2) + 1e-12)))
        )
        scores["pesq_both"].append(judges.pesq(call.near[both], left[both]))
        scores["pesq_near_alone"].append(judges.pesq(microphone[alone], left[alone]))
        if judges.has_dnsmos:
            far_alone, both_mos = (
                aecmos(call.far[part], microphone[part], left[part], talk_type)
                for talk_type, part in (("st", samples(FAR_ALONE)), ("dt", both))
            )
            scores["echo_mos_far_alone"].append(far_alone[0])
            scores["echo_mos_both"].append(both_mos[0])
            scores["other_mos_both"].append(both_mos[1])
    means = {column: mean_interval(values) if values else None for column, values in scores.items()}
    return {"canceller": name, "call": kind, "calls": len(calls), **means}


def cancellers_of(options: Options, report: Report) -> Iterator[tuple[str, CancelEcho]]:
    """Yield the name and the function of each canceller that is installed; note the others in ``report``."""
    yield "none", lambda microphone, _: microphone
    yield "linear", linear
    for name in options.model:
        yield name, loading.load_echo_canceller(name).cancel
    for peer, name, cancel in ((SPEEX, "SpeexDSP", speex_canceller), (WEBRTC, "WebRTC AEC3", webrtc_canceller)):
        if report.has(peer, name):
            yield name, cancel


def linear(microphone: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Remove echo by the linear filter alone."""
    stream = LinearCanceller(SAMPLE_RATE).stream()
    return np.concatenate([*stream.process_blocks([np.stack([microphone, far])])], axis=1)[0]


def measure(options: Options, report: Report) -> None:
    """Add a row for each canceller and kind of call."""
    report.has(PYROOMACOUSTICS, "Rooms of another program than the one that models are trained in")
    judges = Judges(options, report, with_pesq=True)
    entries = [corpus_entries(folder, options.split, min_seconds=1.5) for folder in (options.far, options.near)]
    cancellers = dict(cancellers_of(options, report))
    for number, kind in enumerate(options.kinds):
        calls = [
            make_call(np.random.default_rng([SEED, number, index]), kind, *entries) for index in range(options.count)
        ]
        for name, cancel in cancellers.items():
            row = measure_calls(name, cancel, kind, calls, judges)
            report.add(CALLS, row)
            if name in options.model:
                target = f"PESQ of the near end alone, {kind}"
                report.target(name, target, row["pesq_near_alone"], at_least=MIN_PESQ_NEAR_ALONE)


BENCHMARK = Benchmark(
    __doc__,
    (CALLS,),
    measure,
    Option("far", Path("corpora/prompts-ru"), "a corpus of speech", smoke=smoke_speech),
    Option(
        "near",
        Path("corpora/prompts"),
        "a corpus of other speakers",
        smoke=lambda folder: smoke_speech(folder / "near"),
    ),
    Option("split", "test"),
    Option("model", ["echo-16k"], smoke=[]),
    Option("count", 12, "calls of each kind", smoke=1),
    Option("kinds", KINDS, choices=KINDS, smoke=["as it is"]),
    *JUDGE_OPTIONS,
)
