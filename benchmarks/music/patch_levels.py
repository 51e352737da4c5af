"""Measure the loudness of the synthesiser's patches, and write the gains that make them equally loud.

    python -m benchmarks.music.patch_levels --json levels.json
    python -m benchmarks.music.patch_levels --write

The loudness is that of single notes (BS.1770), the peak that of eight notes at the largest velocity. ``--write``
changes ``gain_db`` in the files of the patches.
"""

from __future__ import annotations

import argparse
import re
import sys

import numpy as np

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Table, columns
from wavewright.dsp.loudness import integrated_loudness
from wavewright.synth import Patch, SynthEngine, load_patch, patch_names
from wavewright.synth.patch_files import PATCHES

LEVELS = Table("levels", columns(patch="s", loudness_lufs=".1f", peak_db=".1f"))
TOLERANCE_LU = 3.0
TARGET_LUFS, DRUMS_LUFS = -34.0, -36.3
"""Of single notes at the default volume, which leaves room for eight voices."""

SAMPLE_RATE = 44_100
VELOCITY = 100
NOTE_SECONDS, PAUSE_SECONDS = 0.7, 0.05
LOW_KEYS, MIDDLE_KEYS = (28, 33, 40, 45), (48, 55, 60, 67, 72)
DRUM_KEYS = (36, 42, 38, 42, 36, 36, 38, 46)


def phrase_keys(patch: Patch) -> tuple[int, ...]:
    """Return the keys of the phrase that a patch is measured with."""
    if patch.category == "drums":
        return DRUM_KEYS
    return LOW_KEYS if patch.category == "bass" else MIDDLE_KEYS


def phrase(patch: Patch) -> np.ndarray:
    """Return a phrase of single notes, ``(2, time)``."""
    engine = SynthEngine(patch, SAMPLE_RATE)
    seconds = 0.25 if patch.category == "drums" else NOTE_SECONDS
    slow_s = patch.envelopes["amplitude"].attack_s
    blocks = []
    for key in phrase_keys(patch):
        engine.note_on(0, key, VELOCITY)
        blocks.append(engine.process(int((seconds + slow_s) * SAMPLE_RATE)))
        engine.note_off(0, key)
        blocks.append(engine.process(int(PAUSE_SECONDS * SAMPLE_RATE)))
    return np.concatenate(blocks, axis=1)


def loudness_of(name: str) -> float:
    """Return the loudness of a patch in LUFS (BS.1770)."""
    return integrated_loudness(phrase(load_patch(name)), SAMPLE_RATE)


def chord_peak_db(name: str) -> float:
    """Return the peak of eight notes at the largest velocity, in dB of full scale."""
    engine = SynthEngine(load_patch(name), SAMPLE_RATE)
    is_kit = load_patch(name).category == "drums"
    for key in (36, 38, 42, 49, 41, 45, 56, 39) if is_kit else (36, 43, 48, 52, 55, 60, 64, 67):
        engine.note_on(0, key, 127)
    return float(20 * np.log10(np.abs(engine.process(3 * SAMPLE_RATE)).max()))


def write_gain(name: str) -> None:
    """Write the gain of a patch that makes it as loud as the others."""
    patch = load_patch(name)
    target = DRUMS_LUFS if patch.category == "drums" else TARGET_LUFS
    gain_db = patch.gain_db + target - loudness_of(name)
    path = PATCHES / f"{name}.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^gain_db = .*$", f"gain_db = {gain_db:.1f}", text, flags=re.MULTILINE), encoding="utf-8")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--only", nargs="+", choices=patch_names(), default=list(patch_names()))
    parser.add_argument("--write", action="store_true", help="write gain_db of the patches")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each patch."""
    for name in options.only:
        if options.write:
            write_gain(name)
        loudness_lufs, peak_db = loudness_of(name), chord_peak_db(name)
        report.add(LEVELS, {"patch": name, "loudness_lufs": loudness_lufs, "peak_db": peak_db})
        report.target(name, "loudness, LU from -34 LUFS", abs(loudness_lufs - TARGET_LUFS), at_most=TOLERANCE_LU)
        report.target(name, "peak of eight notes, dB", peak_db, at_most=0.0)


BENCHMARK = Benchmark(
    __doc__ or "", (LEVELS, TARGETS), add_options, measure, smoke={"only": ["sub-bass", "drum-machine"]}
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
