"""The recogniser that judges speech: Moonshine tiny (English, MIT), from its maker's packages; it is not bundled.

    npm pack @usefulsensors/moonshine-js@0.1.21
    mkdir -p judges && tar -xzf usefulsensors-moonshine-js-0.1.21.tgz -C judges package/dist/model/tiny package/LICENSE
    pip install ".[metrics]" && pip install --no-deps useful-moonshine-onnx==20251121

Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice Commands", 2024.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from benchmarks.harness.peers import MOONSHINE
from wavewright.clip import Clip
from wavewright.errors import BadFolder
from wavewright.metrics.word_errors import WordErrors, spoken_words, word_errors
from wavewright.onnx_runtime import open_session
from wavewright.units import db_to_gain

SAMPLE_RATE = 16_000
DEFAULT_FOLDER = Path("judges/package/dist/model/tiny/quantized")
SILENCE_DB = -35.0  # below the loudest frame; the model answers nothing after a long silence
FRAME = 512  # samples
PADDING_SECONDS = 0.25
TOKENS_PER_SECOND = 8  # more than any speaker needs; without a limit the model repeats itself on unclear sounds
SPARE_TOKENS = 8


class Recogniser:
    """Waves to English text, on one thread."""

    def __init__(self, folder: Path = DEFAULT_FOLDER) -> None:
        """Load the two graphs in a folder; raise BadFolder without them, MissingExtra without the package."""
        MOONSHINE.require()
        from moonshine_onnx import MoonshineOnnxModel, load_tokenizer

        if not (folder / "encoder_model.onnx").is_file():
            raise BadFolder(f"{folder} has no encoder_model.onnx; see the commands in benchmarks/speech/recogniser.py.")
        self.model = MoonshineOnnxModel(models_dir=str(folder), model_name="tiny")
        self.model.encoder = open_session(folder / "encoder_model.onnx")
        self.model.decoder = open_session(folder / "decoder_model_merged.onnx")
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
