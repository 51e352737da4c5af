"""The spoken prompts of Asterisk's core sounds: which file says what, and how G.722 becomes a wave."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
from corpus import checked_folder

from wavewright.clip import Clip
from wavewright.errors import BadAudio, BadFolder, MissingExtra

SAMPLE_RATE = 16_000  # of G.722
VOICES = {"en": "en_US_f_Allison", "fr": "fr_CA_f_June", "it": "it_IT_m_Carlo", "ru": "ru_RU_f_IvrvoiceRU"}


def prompts(folder: Path, language: str) -> dict[str, tuple[Path, str]]:
    """File and text of each spoken prompt by its key, of a language whose two packages were unpacked into ``folder``.

    Tones, screams and silences have their description in square brackets, or none, and drop out, as do signs such as ``[@]`` behind a
    word. Raises BadFolder where a package is missing.
    """
    sounds = folder / "usr/share/asterisk/sounds" / VOICES[language]
    checked_folder(sounds, f"the unpacked package asterisk-core-sounds-{language}-g722")
    texts = folder / f"usr/share/doc/asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz"
    if not texts.is_file():
        raise BadFolder(f"{texts} does not exist; unpack the package asterisk-core-sounds-{language} there, too.")
    found = {}
    for line in gzip.decompress(texts.read_bytes()).decode("utf-8").splitlines():
        key, colon, described = line.partition(":")
        text = re.sub(r"\[[^]]*\]", "", described).strip()
        path = sounds / f"{key.strip()}.g722"
        if colon and not line.startswith(";") and text and not key.startswith("silence/") and path.is_file():
            found[key.strip()] = (path, text)
    return found


def decoded(path: Path) -> Clip:
    """A headerless G.722 file as a clip; raises MissingExtra without PyAV, BadAudio where it holds no sound."""
    try:
        import av
    except ImportError as error:
        raise MissingExtra('Decoding G.722 needs PyAV: pip install ".[media]".') from error
    try:
        with av.open(str(path), format="g722") as container:
            parts = [frame.to_ndarray() for frame in container.decode(audio=0)]  # (1, time) 16-bit
    except av.FFmpegError as error:
        raise BadAudio(f"{path} cannot be decoded ({error}); unpack the package again.") from error
    if not parts:
        raise BadAudio(f"{path} holds no samples; unpack the package again.")
    return Clip(np.concatenate(parts, axis=1).astype(np.float32) / 2**15, SAMPLE_RATE)
