"""Speech recogniser that judges speech: Moonshine tiny (English, MIT), from its maker's packages; it is not bundled.

docs/metrics.md has the commands that install it. Jeffries et al., "Moonshine: Speech Recognition for Live Transcription
and Voice Commands", 2024.
"""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..audio.clip import Clip
from ..base.errors import BadFolder, MissingExtra, how_to_install
from ..base.onnx_runtime import open_session
from ..base.units import db_to_gain
from .word_errors import WordErrors, spoken_words, word_errors

SAMPLE_RATE = 16_000
GRAPHS = {"encoder": "encoder_model.onnx", "decoder": "decoder_model_merged.onnx"}
PACKAGE = "moonshine_onnx"
INSTALL = "pip install --no-deps useful-moonshine-onnx"
SILENCE_DB = -35.0  # below the loudest frame; the model answers nothing after a long silence
FRAME = 512  # samples
PADDING_SECONDS = 0.25
TOKENS_PER_SECOND = 8  # more than any speaker needs; without a limit the model repeats itself on unclear sounds
SPARE_TOKENS = 8
LONGEST, PAUSE = 30 * SAMPLE_RATE, SAMPLE_RATE // 5  # samples, between two cuts of a recording; over which it is quiet


class Recogniser:
    """Waves to English text, on one thread.

    Raises BadFolder if a graph is missing or cannot be opened; MissingExtra if a package is not installed.

    Parameters
    ----------
    folder : Path
        Folder of the two GRAPHS.
    """

    def __init__(self, folder: Path) -> None:
        for module, install in ((PACKAGE, INSTALL), ("tokenizers", how_to_install("metrics"))):
            if find_spec(module) is None:
                raise MissingExtra(f"The recogniser needs {module}, which is not installed: {install}.")
        from moonshine_onnx import MoonshineOnnxModel, load_tokenizer

        for name in GRAPHS.values():
            if not (folder / name).is_file():
                raise BadFolder(f"{folder} has no {name}; give the folder of Moonshine's graphs, see docs/metrics.md.")
        try:
            self.model = MoonshineOnnxModel(models_dir=str(folder), model_name="tiny")
            for network, name in GRAPHS.items():
                setattr(self.model, network, open_session(folder / name))
            caches = [each.shape for each in self.model.decoder.get_inputs() if each.name.endswith("decoder.key")]
            _, self.model.num_key_value_heads, _, self.model.head_dim = caches[0]
            self.model.num_layers = len(caches)
        except Exception as error:  # those of ONNX Runtime have no other base class in common
            raise BadFolder(f"The graphs in {folder} cannot be opened: {error}") from error
        self.tokenizer = load_tokenizer()

    def text_of(self, wave: np.ndarray, sample_rate: int) -> str:
        """Return the text of ``wave (time,)``; empty for silence."""
        speech = trim_silence(Clip(np.asarray(wave, np.float32)[None], sample_rate).resample(SAMPLE_RATE).wave[0])
        if not len(speech):
            return ""
        padded = np.pad(speech, round(PADDING_SECONDS * SAMPLE_RATE))
        max_tokens = SPARE_TOKENS + math.ceil(TOKENS_PER_SECOND * len(speech) / SAMPLE_RATE)
        return str(self.tokenizer.decode_batch(self.model.generate(padded[None], max_tokens))[0]).strip()

    def errors(self, wave: np.ndarray, sample_rate: int, text: str) -> WordErrors:
        """Return the word errors of the recognised text of ``wave (time,)`` against ``text``."""
        return word_errors(spoken_words(text), spoken_words(self.text_of(wave, sample_rate)))


def trim_silence(wave: np.ndarray) -> np.ndarray:
    """Return ``wave (time,)`` from its first to its last frame within 35 dB of the loudest; empty for silence."""
    frames = np.pad(wave, (0, -len(wave) % FRAME)).reshape(-1, FRAME)
    level = np.sqrt(np.square(frames).mean(axis=1))
    loud = np.flatnonzero((level > 0) & (level >= level.max(initial=0.0) * db_to_gain(SILENCE_DB)))
    return wave[loud[0] * FRAME : (loud[-1] + 1) * FRAME] if len(loud) else wave[:0]


def pauses(wave: np.ndarray) -> list[int]:
    """Return where to cut ``wave (time,)`` at 16 kHz so that no piece is longer than the recogniser reads, 30 s.

    The cuts are in the quietest 0.2 s of the second half of each 30 s.
    """
    cuts = [0]
    while len(wave) - cuts[-1] > LONGEST:
        start = cuts[-1] + LONGEST // 2
        power = np.square(wave[start : cuts[-1] + LONGEST], dtype=np.float64).reshape(-1, PAUSE).sum(axis=1)
        cuts.append(start + int(power.argmin()) * PAUSE + PAUSE // 2)
    return cuts[1:]
