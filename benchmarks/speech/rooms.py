r"""Measure the reverb that a dub gets in the place of a room: its time and its level beside those of simulated rooms.

    python -m benchmarks.speech.rooms --corpus corpora/speech --speaker carlo june --voice en-kathleen

Each trial is a random room (wavewright.dsp.rooms.Room) with sentences of a reader of the corpus, in another language,
and noise 50 dB below them; the voice speaks other sentences. The level is that of what comes more than 30 ms after the
direct sound, over the rest: C30. Every sixth trial has no room, but that of the recording.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.signal import fftconvolve

from benchmarks.harness.corpora import corpus_entries, read_wave, sentences, smoke_speech
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from wavewright.base.units import seconds_to_samples
from wavewright.dsp.rooms import Room
from wavewright.dubbing.rooms import TAIL_SECONDS, matched_reverb
from wavewright.dubbing.stretches import RATE
from wavewright.effects.space import Reverb
from wavewright.speech.voice import Voice

N_SENTENCES = 8
NOISE_DB = -50.0
EARLY_SECONDS = 0.03
HEARD_C30_DB = 12.0  # a room with less than this is heard
MAX_OCTAVES = 0.5

ROOMS = Table(
    "rooms",
    columns(speaker="s", t60_s=".2f", c30_db=".1f", reverb_s=".2f", reverb_c30_db=".1f"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--speaker", nargs="+", default=["carlo", "june"])
    parser.add_argument("--voice", default="en-kathleen")
    parser.add_argument("--rooms", type=int, default=36)
    parser.add_argument("--seed", type=int, default=11)


def c30_db(response: np.ndarray) -> float:
    """Return the early over the late energy of an impulse response ``(time,)`` at RATE in dB, at most 40."""
    n_early = seconds_to_samples(EARLY_SECONDS, RATE)
    early, late = np.square(response[:n_early]).sum(), np.square(response[n_early:]).sum()
    return float(10 * np.log10(early / max(late, 1e-4 * early)))


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each room."""
    voice = Voice.load(options.voice)
    lines = [voice.speak(text).clip.resample(RATE).wave[0] for text in sentences()[:N_SENTENCES]]
    rng, errors = np.random.default_rng(options.seed), []
    for trial in range(options.rooms):
        speaker = options.speaker[trial % len(options.speaker)]
        entries = [each for each in corpus_entries(options.corpus, speaker=speaker) if each.seconds > 1.5]
        room = Room.random(rng)
        response = room.response(rng, RATE) if trial % 6 else np.ones(1)
        heard = []
        for row in rng.permutation(len(entries))[:N_SENTENCES]:
            wave = np.pad(read_wave(entries[row].path, RATE), (0, seconds_to_samples(TAIL_SECONDS, RATE)))
            wet = fftconvolve(wave, response)[: len(wave)]
            heard.append((wet + wet.std() * 10 ** (NOISE_DB / 20) * rng.standard_normal(len(wet))).astype(np.float32))
        reverb = matched_reverb(heard, lines)
        found = np.ones(1) if reverb is None else impulse_response(reverb)
        seconds = 0.0 if reverb is None else reverb.seconds
        level, t60 = c30_db(response), room.t60 if trial % 6 else 0.0
        report.add(
            ROOMS,
            {"speaker": speaker, "t60_s": t60, "c30_db": level, "reverb_s": seconds, "reverb_c30_db": c30_db(found)},
        )
        if level < HEARD_C30_DB:
            errors.append((abs(np.log2(max(seconds, 0.05) / t60)), c30_db(found) - level))
    if errors:
        octaves, levels = np.median(np.abs(errors), axis=0)
        report.target(
            f"{len(errors)} rooms that are heard", "reverberation time, octaves", octaves, at_most=MAX_OCTAVES
        )
        report.note(f"median error of C30 in rooms that are heard: {levels:.1f} dB")


def impulse_response(reverb: Reverb) -> np.ndarray:
    """Return the impulse response of a reverb at RATE, ``(time,)``."""
    impulse = np.zeros((1, 2 * RATE), np.float32)
    impulse[0, 0] = 1.0
    response: np.ndarray = reverb.stream(RATE, 1).push(impulse)[0]
    return response


BENCHMARK = Benchmark(
    __doc__,
    (ROOMS, TARGETS),
    add_options,
    measure,
    smoke={"corpus": smoke_speech, "speaker": ["kathleen"], "rooms": 2},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
