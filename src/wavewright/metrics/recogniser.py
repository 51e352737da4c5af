"""Speech recogniser that judges speech: Moonshine tiny (English, MIT), from its maker's packages; it is not bundled.

docs/metrics.md has the commands that install it. Jeffries et al., "Moonshine: Speech Recognition for Live Transcription
and Voice Commands", 2024.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..audio.clip import Clip
from ..base.errors import BadFolder, MissingExtra, how_to_install
from ..base.onnx_runtime import open_session
from ..base.units import db_to_gain, seconds_to_samples
from ..dsp.spectrum import spectrogram
from .embeddings import SpectralEmbedding
from .spectral_features import N_SPANS, spectral_features
from .word_errors import WordErrors, spoken_words, word_errors

# --- Embedding of spoken words, without a recogniser


@dataclass(frozen=True)
class SpeechEmbedding(SpectralEmbedding):
    """A deterministic embedding of spoken words, invariant to gain and to silence around the word; no weights.

    In ``LogMelEmbedding`` the padding of a short clip differs from a longer clip by 70 dB, so its distances between
    words are mostly distances between lengths. Here the wave is trimmed to the span between its first and last 10 ms
    within 35 dB of the loudest, and analysed in frames of about 46 ms with a hop of an eighth. The 241 numbers are

    - the log-mel spectrogram, 8 x 24: mean power in 8 equal time spans and 24 mel bands (HTK scale, 30 Hz to 8 kHz or
      half the sample rate), in dB relative to the loudest cell, not below -50 dB;
    - spectral flux and tonality, 3 x 8 each: as in ``LogMelEmbedding``, in 3 equal time spans;
    - the length: 6 dB for each doubling.

    Distances read in dB. Takes of one word differ as freely as speech does, so no distance defines near-duplicates:
    compare with ``takes_from="group"``.

    Attributes
    ----------
    sample_rate : int
        Sample rate of the analysis in hertz, 4,000 to 768,000.
    """

    sample_rate: int = 16_000

    name: ClassVar[str] = "speech"
    near_duplicate_distance: ClassVar[float | None] = None
    silence_db: ClassVar[float] = -35.0
    floor_db: ClassVar[float] = -50.0
    f_max_hz: ClassVar[float] = 8_000.0
    length_db: ClassVar[float] = 6.0

    def _trim(self, wave: np.ndarray) -> np.ndarray:
        """Return ``wave`` ``(time,)`` without the silence at both ends; a silent wave is returned whole."""
        n_frame = max(1, seconds_to_samples(0.01, self.sample_rate))
        frames = np.pad(wave, (0, -len(wave) % n_frame)).reshape(-1, n_frame)
        rms = np.sqrt(np.square(frames).mean(axis=1))
        active = np.flatnonzero((rms > 0) & (rms >= rms.max() * db_to_gain(self.silence_db)))
        return wave[active[0] * n_frame : (active[-1] + 1) * n_frame] if len(active) else wave

    def _embed(self, wave: np.ndarray, filters: np.ndarray) -> np.ndarray:
        """Embed one trimmed wave ``(time,)`` as ``(241,)``."""
        hop_length = self.n_fft // 8
        padded = np.pad(wave, (0, max(0, N_SPANS * hop_length - len(wave))))  # a frame for every span
        power = spectrogram(padded, self.n_fft, hop_length).T  # (frames, bins)
        features = spectral_features(power, filters, self.floor_db, geometric=False, pad_flux=False)
        return np.concatenate([*features, [self.length_db * np.log2(len(wave) / self.sample_rate)]])


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
