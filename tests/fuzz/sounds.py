"""Damaged sound files of every format that libsndfile writes, and folders of them."""

from __future__ import annotations

import io
import math
import random
from pathlib import Path

import numpy as np
import soundfile

from fuzz import mutate

RATE = 8_000
FORMATS = ("WAV", "WAVEX", "AIFF", "AU", "CAF", "W64", "RF64", "FLAC", "OGG", "MP3")
NAMES = {"WAVEX": "wav"}
MAX_SECONDS = 60.0  # decoded by a case, however long the header says the sound is

_healthy: dict[tuple[str, str], bytes] = {}


def WARM_UP() -> None:
    import wavewright.data.inspect
    import wavewright.tasks.inspect_data  # noqa: F401

    rng = np.random.default_rng(0)
    wave = (0.3 * np.sin(np.arange(3_000) / 9) + 0.05 * rng.standard_normal(3_000)).astype(np.float32)
    for name in FORMATS:
        for subtype in soundfile.available_subtypes(name):
            for channels in (1, 2):
                file = io.BytesIO()
                try:
                    soundfile.write(file, np.stack([wave] * channels, axis=1), RATE, subtype, format=name)
                except soundfile.LibsndfileError:
                    continue
                _healthy[name, f"{subtype} {channels}"] = file.getvalue()


def read_sound(rng: random.Random, folder: Path) -> None:
    """Read a damaged sound file in blocks from a random start."""
    from wavewright.audio.sound_file import open_sound

    path = _damaged(rng, folder / "sound")
    sound = open_sound(path)
    header, _ = sound.header, sound.metadata
    start, block = rng.choice((0.0, 0.0, 0.1, 5.0)), rng.choice((0.01, 1.0, 10.0))
    n_samples, loudest = 0, 0.0
    for wave in sound.blocks(block, start, MAX_SECONDS):
        assert len(wave) == header.n_channels
        n_samples += wave.shape[1]
        loudest = max(loudest, float(np.abs(wave).max()))
    assert n_samples > 0
    assert math.isfinite(loudest)


def look_at_folder(rng: random.Random, folder: Path) -> None:
    """Inspect a folder of damaged sound files with odd names, sometimes with a good one among them."""
    from wavewright.tasks.inspect_data import inspect

    sounds = folder / "sounds"
    sounds.mkdir()
    for number in range(rng.randrange(1, 4)):
        name = "".join(character for character in rng.choice(mutate.STRANGE_NAMES) if character not in "/\0")[:80]
        try:
            _damaged(rng, sounds / f"{number}{name}")
        except (OSError, UnicodeError):  # no name here
            _damaged(rng, sounds / str(number))
    if rng.random() < 0.5:
        (sounds / "good.wav").write_bytes(_healthy["WAV", "PCM_16 1"])
    str(inspect(sounds))


def _damaged(rng: random.Random, stem: Path) -> Path:
    kind = rng.choice(sorted(_healthy))
    contents = _healthy[kind]
    ending = NAMES.get(kind[0], kind[0].lower())
    if rng.random() < 0.1:
        ending = rng.choice(("wav", "flac", "mp3", "ogg", "aiff", "au", "caf", "m4a", "snd"))
    chance = rng.random()
    if chance < 0.05:
        contents = rng.randbytes(rng.choice((0, 1, 4, 100, 5_000)))
    elif chance < 0.15:  # the head of one, the body of another
        contents = contents[: rng.randrange(200)] + _healthy[rng.choice(sorted(_healthy))][rng.randrange(200) :]
    elif chance < 0.95:
        contents = mutate.bytes_of(rng, contents)
    path = stem.with_name(f"{stem.name}.{ending}")
    path.write_bytes(contents)
    return path


READERS = {"sounds": read_sound, "sound-folders": look_at_folder}
