"""A tiny voice: a front end of letters, recordings of one tone a letter in LJSpeech's layout, and a short run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavewright.data.folder import scan
from wavewright.families.acoustic import batches, recipe as recipes
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run

SAMPLE_RATE = 16_000
HOP = 256
SYMBOLS = ("_", "|", ",", ".", "a", "b", "c", "d")
TEXTS = ("ab cd.", "ba dc.", "cab, da.", "dab ca.", "abc d.", "bad, cab.")
PITCH_HZ = {"a": 150.0, "b": 200.0, "c": 260.0, "d": 330.0}
FRAMES = {"_": 3, "|": 0, ",": 6, ".": 4, "a": 8, "b": 6, "c": 10, "d": 7}


@dataclass(frozen=True)
class Letters:
    """A sentence whose phones are its letters."""

    symbols: tuple[str, ...]


class FrontEnd:
    """A front end: silence around a sentence, boundaries between words, punctuation marks."""

    language, symbols = "en", SYMBOLS

    def sentences(self, text: str) -> list[Letters]:
        marked = text.replace(", ", ",").replace(" ", "|")
        return [Letters(("_", *(sentence + "."), "_")) for sentence in marked.split(".") if sentence]


def front_end(language: str = "en") -> FrontEnd:
    return FrontEnd()


def wave_of(text: str, octaves: float = 0.0) -> np.ndarray:
    """Return a recording of a text: letters are tones of five partials, silence and pauses faint noise, FRAMES long."""
    rng = np.random.default_rng(len(text))
    waves = []
    for symbol in FrontEnd().sentences(text)[0].symbols:
        time = np.arange(FRAMES[symbol] * HOP) / SAMPLE_RATE
        wave = 0.003 * rng.standard_normal(len(time))
        for partial in range(1, 6) if symbol in PITCH_HZ else ():
            wave += 0.2 / partial * np.sin(2 * np.pi * partial * PITCH_HZ[symbol] * 2**octaves * time)
        waves.append(wave)
    return np.concatenate(waves).astype(np.float32)


def write_folder(folder: Path, texts: tuple[str, ...] = TEXTS, octaves: float = 0.0) -> Path:
    """Write recordings and their ``metadata.csv``."""
    (folder / "wavs").mkdir(parents=True)
    for number, text in enumerate(texts):
        soundfile.write(folder / "wavs" / f"clip-{number}.wav", wave_of(text, octaves), SAMPLE_RATE)
    lines = [f"clip-{number}|{text.upper()}|{text}" for number, text in enumerate(texts)]
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def tiny_recipe() -> recipes.Recipe:
    base = recipes.recipe("tiny")
    model = replace(base.model, sample_rate=SAMPLE_RATE, synthesis_from=2, joint_alignment_from=3, adversarial_from=4)
    model = replace(model, channels=16, hidden=32, predictor_channels=16, aligner_channels=16)
    training = replace(base.training, steps=6, batch_size=3, threads=1, evaluate_every=3, weight_bits=8)
    return replace(base, model=model, training=training, data=replace(base.data, valid_fraction=0.3))


def tiny_run(folder: Path, out: Path, cache: Path, recipe: recipes.Recipe | None = None, base=None) -> Run:
    """Return a run on a folder; see `use_front_end`."""
    return Run(
        out, "acoustic", recipe or tiny_recipe(), scan(folder), Provenance("tiny", licence="CC0-1.0"), cache, base
    )


def use_front_end(patch: pytest.MonkeyPatch) -> None:
    """Have recipes read texts by the front end of this module."""
    patch.setattr(recipes, "front_end", front_end)
    patch.setattr(batches, "front_end", front_end)


@contextmanager
def trained_voice(folder: Path) -> Iterator[Run]:
    """Train a tiny voice in a folder; recipes use the front end of this module meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        use_front_end(patch)
        run = tiny_run(write_folder(folder / "mine"), folder / "run", folder / "cache")
        run.train(Call(quiet=True))
        yield run
