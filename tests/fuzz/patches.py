"""Patches of the synthesiser, formulas of waves, drawings and tables of one period."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np

from fuzz import mutate

WORDS = (
    *("t", "f", "phase", "pi", "e", "1", "0", "2.5", "1e300", "9" * 30, "(", ")", ",", "+", "-", "*", "/", "^", "%"),
    *("sin(", "saw(", "pulse(", "noise(", "exp(", "log(", "sqrt(", "clip(", "mod(", "tan(", " ", "é", "__class__"),
)
DRAWING = '<svg><path d="M0 100 C 50 0 150 200 200 100 Q 250 20 300 100 L 350 90 H 400 V 100"/></svg>'
TABLE = "\n".join(f"{index},{index * 37 % 11 - 5}" for index in range(40))


def WARM_UP() -> None:
    from wavewright.synth import load_patch, patch_names, wave_patch

    for name in patch_names():
        _play(load_patch(name), random.Random(0))
    _play(wave_patch("saw(f*t) + pulse(f*t, 0.3) + noise(t)"), random.Random(0))


def _play(patch: object, rng: random.Random) -> None:
    """Play a few notes; the sound has to be finite."""
    from wavewright.synth import Patch, SynthEngine

    assert isinstance(patch, Patch)
    engine = SynthEngine(patch, rng.choice((8_000, 44_100, 192_000)))
    for _ in range(6):
        engine.note_on(0, rng.randrange(128), rng.randrange(1, 128))
        engine.control(0, rng.choice((1, 7, 10, 64, 123)), rng.randrange(128))
        engine.pitch_bend(0, rng.randrange(-8_192, 8_192))
        assert np.isfinite(engine.process(rng.randrange(1, 300))).all()


def read_patch(rng: random.Random, folder: Path) -> None:
    """Play a patch with strange numbers and texts."""
    from wavewright.synth import load_patch, patch_names
    from wavewright.synth.patch import PATCHES

    text = (PATCHES / f"{rng.choice(patch_names())}.toml").read_text(encoding="utf-8")
    for _ in range(rng.randrange(4)):
        values = list(re.finditer(r"(?<= = )[-\d.]+", text))
        chosen = rng.choice(values)
        new = rng.choice((*mutate.STRANGE_NUMBERS, '"x"', "[]", "{}", "true", "nan", "inf", "0.01", "96", "-96"))
        text = text[: chosen.start()] + new + text[chosen.end() :]
    contents = mutate.encoded(rng, mutate.text_of(rng, text)) if rng.random() < 0.3 else text.encode()
    (folder / "x.toml").write_bytes(contents)
    _play(load_patch(folder / "x.toml"), rng)


def read_formula(rng: random.Random, folder: Path) -> None:
    """Play a formula of random words."""
    from wavewright.synth import wave_patch

    text = "sin(2*pi*f*t) + 0.3*saw(2*f*t)" if rng.random() < 0.3 else ""
    text += "".join(rng.choice(WORDS) for _ in range(rng.choice((0, 1, 3, 6, 2_000))))
    _play(wave_patch(mutate.text_of(rng, text) if rng.random() < 0.3 else text), rng)


def read_drawing(rng: random.Random, folder: Path) -> None:
    """Play a damaged drawing or table of one period."""
    from wavewright.synth import wave_patch

    ending, text = rng.choice((("svg", DRAWING), ("csv", TABLE)))
    if rng.random() < 0.5:
        values = list(re.finditer(r"-?\d+", text))
        chosen = rng.choice(values)
        text = text[: chosen.start()] + rng.choice(mutate.STRANGE_NUMBERS) + text[chosen.end() :]
    path = folder / f"x.{ending}"
    path.write_bytes(mutate.encoded(rng, mutate.text_of(rng, text)) if rng.random() < 0.4 else text.encode())
    _play(wave_patch(path), rng)


READERS = {"patch": read_patch, "formula": read_formula, "drawing": read_drawing}
