"""Measure the loudness of the synthesiser's patches, and write the gains that make them equally loud.

    python recipes/patch_levels.py
    python recipes/patch_levels.py --write

The loudness is that of single notes (BS.1770), the peak that of eight notes at the largest velocity. ``--write``
changes ``gain_db`` in the files of the patches.
"""

from __future__ import annotations

import argparse
import re

import numpy as np

from wavewright.dsp.loudness import integrated_loudness
from wavewright.synth import Patch, SynthEngine, load_patch, patch_names
from wavewright.synth.patch import PATCHES

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


def main() -> None:
    """Print the level of each patch; write the gains with ``--write``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=patch_names(), default=list(patch_names()))
    parser.add_argument("--write", action="store_true", help="write gain_db of the patches")
    options = parser.parse_args()
    for name in options.only:
        if options.write:
            write_gain(name)
        print(f"{name}: {loudness_of(name):.1f} LUFS, eight notes {chord_peak_db(name):.1f} dB", flush=True)


if __name__ == "__main__":
    main()
