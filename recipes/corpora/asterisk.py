"""Read the spoken prompts of Asterisk: their files and texts, and G.722."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
from corpus import checked_folder

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder, MissingExtra

SAMPLE_RATE = 16_000  # of G.722
VOICES = {"en": "en_US_f_Allison", "fr": "fr_CA_f_June", "it": "it_IT_m_Carlo", "ru": "ru_RU_f_IvrvoiceRU"}


def prompts(folder: Path, language: str) -> dict[str, tuple[Path, str]]:
    """Return the file and text of each spoken prompt of a language, whose two packages ``folder`` contains, by its key.

    Tones, screams and silences have a description in square brackets, or none, and are left out, as are signs such as
    ``[@]`` after a word. Raises BadFolder if a package is missing.
    """
    audio_folder = folder / "usr/share/asterisk/sounds" / VOICES[language]
    checked_folder(audio_folder, f"the unpacked package asterisk-core-sounds-{language}-g722")
    texts = folder / f"usr/share/doc/asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz"
    if not texts.is_file():
        raise BadFolder(f"{texts} does not exist; unpack the package asterisk-core-sounds-{language} there, too.")
    by_key = {}
    for line in gzip.decompress(texts.read_bytes()).decode("utf-8").splitlines():
        key, colon, described = line.partition(":")
        text = re.sub(r"\[[^]]*\]", "", described).strip()
        path = audio_folder / f"{key.strip()}.g722"
        if colon and not line.startswith(";") and text and not key.startswith("silence/") and path.is_file():
            by_key[key.strip()] = (path, text)
    return by_key


def decoded(path: Path) -> Clip:
    """Return a headerless G.722 file as a clip; raise MissingExtra without PyAV, BadAudio without samples."""
    try:
        import av
    except ImportError as error:
        raise MissingExtra('Decoding G.722 needs PyAV: pip install ".[media]".') from error
    try:
        with av.open(str(path), format="g722") as container:
            frames = [frame.to_ndarray() for frame in container.decode(audio=0)]  # (1, time) 16-bit
    except av.FFmpegError as error:
        raise BadAudio(f"{path} cannot be decoded ({error}); unpack the package again.") from error
    if not frames:
        raise BadAudio(f"{path} holds no samples; unpack the package again.")
    return Clip(np.concatenate(frames, axis=1).astype(np.float32) / 2**15, SAMPLE_RATE)
