"""The recogniser that speech is judged by: Moonshine tiny (English, MIT), from its maker's packages; nothing of it is bundled.

    npm pack @usefulsensors/moonshine-js@0.1.21
    mkdir -p judges && tar -xzf usefulsensors-moonshine-js-0.1.21.tgz -C judges package/dist/model/tiny package/LICENSE
    pip install ".[metrics]" && pip install --no-deps useful-moonshine-onnx==20251121

    python -m benchmarks.speech.recogniser judges/package/dist/model/tiny/quantized FILE...      # what it understands

Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice Commands", 2024.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

from wavewright.clip import Clip
from wavewright.errors import BadFolder, MissingExtra
from wavewright.metrics.word_errors import WordErrors, spoken_words, word_errors
from wavewright.onnx_runtime import open_session
from wavewright.units import db_to_gain

SAMPLE_RATE = 16_000
DEFAULT_FOLDER = Path("judges/package/dist/model/tiny/quantized")
SILENCE_DB = -35.0  # below the loudest frame; long silences make it answer nothing
FRAME = 512  # samples
PADDING_SECONDS = 0.25
TOKENS_PER_SECOND, SPARE_TOKENS = 8, 8  # more than anyone says; without a limit unclear sounds make it repeat itself


class Recogniser:
    """Waves to English text, on one thread."""

    def __init__(self, folder: Path = DEFAULT_FOLDER):
        """Load the model from the folder of its two graphs; raises BadFolder without them, MissingExtra without its package."""
        try:
            from moonshine_onnx import MoonshineOnnxModel, load_tokenizer
        except ImportError as error:
            raise MissingExtra(
                f"The recogniser's package cannot be imported ({error}); see the commands in benchmarks/speech/recogniser.py."
            ) from error
        if not (folder / "encoder_model.onnx").is_file():
            raise BadFolder(f"{folder} has no encoder_model.onnx; see the commands in benchmarks/speech/recogniser.py.")
        self.model = MoonshineOnnxModel(models_dir=str(folder), model_name="tiny")
        for part, file in (("encoder", "encoder_model.onnx"), ("decoder", "decoder_model_merged.onnx")):
            setattr(self.model, part, open_session(folder / file))
        self.tokenizer = load_tokenizer()

    def text_of(self, wave: np.ndarray, sample_rate: int) -> str:
        """What is said in ``wave`` ``(time,)``; empty for silence."""
        heard = spoken_part(Clip(np.asarray(wave, np.float32)[None], sample_rate).resample(SAMPLE_RATE).wave[0])
        if not len(heard):
            return ""
        padded = np.pad(heard, round(PADDING_SECONDS * SAMPLE_RATE))
        most = SPARE_TOKENS + math.ceil(TOKENS_PER_SECOND * len(heard) / SAMPLE_RATE)
        return str(self.tokenizer.decode_batch(self.model.generate(padded[None], most))[0]).strip()

    def errors(self, wave: np.ndarray, sample_rate: int, text: str) -> WordErrors:
        """Word errors of what is understood in ``wave`` ``(time,)`` against the ``text`` that is said."""
        return word_errors(spoken_words(text), spoken_words(self.text_of(wave, sample_rate)))


def spoken_part(wave: np.ndarray) -> np.ndarray:
    """``wave`` ``(time,)`` from its first to its last frame within 35 dB of the loudest; empty for silence."""
    frames = np.pad(wave, (0, -len(wave) % FRAME)).reshape(-1, FRAME)
    level = np.sqrt(np.square(frames).mean(axis=1))
    loud = np.flatnonzero((level > 0) & (level >= level.max(initial=0.0) * db_to_gain(SILENCE_DB)))
    return wave[loud[0] * FRAME : (loud[-1] + 1) * FRAME] if len(loud) else wave[:0]


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    recogniser = Recogniser(Path(sys.argv[1]))
    for name in sys.argv[2:]:
        clip = Clip.read(name).mono()
        print(f"{name}: {recogniser.text_of(clip.wave[0], clip.sample_rate)}")


if __name__ == "__main__":
    main()
