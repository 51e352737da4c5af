"""Measure the removal of echo in simulated calls, beside other programs.

    python -m benchmarks enhancement.echo --near corpora/prompts --far corpora/prompts-ru --json echo.json

No bundled model is trained on either speaker. A call has 10 s of the far end alone, 10 s in which both talk, and 6 s of
the near end alone, in rooms simulated by pyroomacoustics; the echo is as loud as the near end, noise 40 dB below. Kinds
of calls: as they are; with a loudspeaker that distorts; with an echo 250 and 500 ms late; with a delay that moves
by 120 ms, or a path that changes, at 12 s.
Echo return loss enhancement (ERLE) in dB of seconds 4 to 10; wide-band PESQ of the near end where both talk, and of the
output against the microphone where the near end talks alone; AECMOS of echo (far end alone, both) and of other
degradation (both), by speechmos (MIT).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.enhancement.peers import SAMPLE_RATE, CancelEcho, convolved, echo_cancelling_peers, simulated_response
from benchmarks.harness.corpora import corpus_entries, read_wave, smoke_speech
from benchmarks.harness.judges import JUDGE_OPTIONS, Judges, means
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns, optional
from wavewright.data.entry import Entry
from wavewright.data.mixing import rms
from wavewright.families import loading
from wavewright.inference.enhancement.echo import LinearCanceller
from wavewright.metrics.paired import aecmos, pesq

FAR_ALONE, BOTH, NEAR_ALONE = slice(0, 10), slice(10, 20), slice(20, 26)  # seconds
SETTLED, RINGED_OUT = slice(4, 10), slice(21, 26)  # parts of the first and of the last
CHANGE_SECONDS = 12.0
LEVEL = 0.05  # of echo and near end
NOISE_LEVEL = 0.0005
DRIVE = 6.0
SEED = 21
T60, DISTANCE = (0.15, 0.5), (0.3, 1.0)

KINDS = ("as it is", "distorted", "250 ms", "500 ms", "delay moves", "path changes")

OPINIONS = ("echo_mos_far_alone", "echo_mos_both", "other_mos_both")
CALLS = Table(
    "calls",
    columns(canceller="s", call="s", calls="d", erle_db=".1f")
    | optional(pesq_both=".2f", pesq_near_alone=".2f", **dict.fromkeys(OPINIONS, ".2f")),
)


class Call(NamedTuple):
    """Waves ``(time,)`` of a call: what the loudspeaker plays, the near end, and both with noise at the microphone."""

    far: np.ndarray
    near: np.ndarray
    microphone: np.ndarray


def samples(seconds: slice) -> slice:
    """Return a slice of samples."""
    return slice(seconds.start * SAMPLE_RATE, seconds.stop * SAMPLE_RATE)


def talk(rng: np.random.Generator, entries: list[Entry], n_samples: int) -> np.ndarray:
    """Return sentences one after another, ``(n_samples,)``, of level 1."""
    waves: list[np.ndarray] = []
    while sum(map(len, waves)) < n_samples:
        waves.append(read_wave(entries[rng.integers(len(entries))].path, SAMPLE_RATE))
    wave = np.concatenate(waves)[:n_samples]
    return wave / rms(wave)


def make_call(
    rng: np.random.Generator, report: Report, kind: str, far_entries: list[Entry], near_entries: list[Entry]
) -> Call:
    """Return a call of one of KINDS."""
    n_samples = NEAR_ALONE.stop * SAMPLE_RATE
    far = 0.1 * talk(rng, far_entries, n_samples)
    far[samples(NEAR_ALONE)] = 0
    near = talk(rng, near_entries, n_samples)
    near[samples(FAR_ALONE)] = 0
    responses = [simulated_response(rng, report, T60, DISTANCE) for _ in range(2)]
    played = np.tanh(DRIVE * far) / DRIVE if kind == "distorted" else far
    delay = {"250 ms": 0.25, "500 ms": 0.5}.get(kind, 0.06)
    echo = delayed(convolved(played, responses[0]), delay)
    change = round(CHANGE_SECONDS * SAMPLE_RATE)
    if kind == "delay moves":
        echo[change:] = delayed(echo, 0.12)[change:]
    if kind == "path changes":
        echo[change:] = delayed(convolved(played, responses[1]), delay)[change:]
    echo *= LEVEL / rms(echo[samples(FAR_ALONE)])
    noise = NOISE_LEVEL * rng.standard_normal(n_samples)
    near = (LEVEL * near).astype(np.float32)
    return Call(far.astype(np.float32), near, (echo.astype(np.float32) + near + noise).astype(np.float32))


def delayed(wave: np.ndarray, seconds: float) -> np.ndarray:
    """Return a wave ``(time,)`` that comes later."""
    n_samples = round(seconds * SAMPLE_RATE)
    return np.pad(wave, (n_samples, 0))[: len(wave)]


def scores_of(cancel: CancelEcho, call: Call, judges: Judges) -> dict[str, float]:
    """Return the scores of a canceller for a call."""
    far, near, microphone = call
    left = cancel(microphone, far)
    settled, both, alone, far_alone = (samples(part) for part in (SETTLED, BOTH, RINGED_OUT, FAR_ALONE))
    erle_db = float(10 * np.log10(np.mean(microphone[settled] ** 2) / (np.mean(left[settled] ** 2) + 1e-12)))
    scores = {"erle_db": erle_db}
    if judges.has_pesq:
        scores["pesq_both"] = pesq(near[both], left[both])
        scores["pesq_near_alone"] = pesq(microphone[alone], left[alone])
    if judges.has_dnsmos:
        alone_mos, together = (
            aecmos(far[part], microphone[part], left[part], talk_type)
            for talk_type, part in (("st", far_alone), ("dt", both))
        )
        scores |= dict(zip(OPINIONS, (alone_mos[0], *together), strict=True))
    return scores


def linear(microphone: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Remove echo by the linear filter alone."""
    stream = LinearCanceller(SAMPLE_RATE).stream()
    return np.concatenate([*stream.process_blocks([np.stack([microphone, far])])], axis=1)[0]


def measure(options: Options, report: Report) -> None:
    judges = Judges(options, report, with_pesq=True)
    entries = [corpus_entries(folder, "test", min_seconds=1.5) for folder in (options.far, options.near)]
    own = {name: loading.load_echo_canceller(name).cancel for name in options.model}
    cancellers: dict[str, CancelEcho] = {"linear": linear, **own, **echo_cancelling_peers(report)}
    for number, kind in enumerate(options.kinds):
        rngs = (np.random.default_rng([SEED, number, index]) for index in range(options.count))
        calls = [make_call(rng, report, kind, *entries) for rng in rngs]
        for name, cancel in cancellers.items():
            row = means([scores_of(cancel, call, judges) for call in calls])
            report.add(CALLS, row, canceller=name, call=kind, calls=len(calls))
            if name in options.model:
                target = f"PESQ of the near end alone, {kind}"
                report.target(name, target, row.get("pesq_near_alone"), at_least=4.0)


BENCHMARK = Benchmark(
    measure,
    Option("far", Path("corpora/prompts-ru"), "a corpus of speech", smoke=smoke_speech),
    Option("near", Path("corpora/prompts"), "of others", smoke=lambda folder: smoke_speech(folder / "near")),
    Option("model", ["echo-16k"], smoke=[]),
    Option("count", 12, "calls of each kind", smoke=1),
    Option("kinds", KINDS, choices=KINDS, smoke=["as it is"]),
    *JUDGE_OPTIONS,
)
