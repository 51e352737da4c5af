"""Transcriber inference without PyTorch: a wave to levels, through the ONNX graph to probabilities, and to notes."""

from __future__ import annotations

import numpy as np

from ...base.errors import BadModel, BadSetting
from ...contracts.note_detection import DetectedNote, NoteDetector
from ...contracts.runtime import checked_wave
from ...dsp.stream import ChunkStream
from ...metrics.calibration import sigmoid
from ...models.folder import REMEDY, ModelFolder
from .config import GRAPH_FILE, N_OUTPUTS, N_PITCHES, N_RESOLUTIONS, THRESHOLDS_FILE, TranscriberConfig
from .decoding import NoteDecoder, NoteThresholds
from .features import SpectrumStream, db_of_bytes, inputs_of_db

BLOCK_FRAMES = 512  # whose outputs are computed at once


class TranscriberRuntime(NoteDetector):
    """A transcriber that is open for inference."""

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(TranscriberConfig)
        self.thresholds = read_thresholds(folder)
        self._session = folder.session(
            GRAPH_FILE,
            {"levels": (None, N_RESOLUTIONS, None, config.n_bins)},
            {"logits": (None, N_OUTPUTS, None, N_PITCHES)},
        )

    def stream(self) -> TranscriberStream:
        """Return a new stream."""
        return TranscriberStream(self)

    def activations(self, levels: np.ndarray) -> np.ndarray:
        """Return the outputs ``(3, frames, 88)`` of levels ``(frames, 2, n_bins)`` uint8, with their context."""
        inputs = inputs_of_db(db_of_bytes(levels))[None]
        logits = self.finite(self._session.run(["logits"], {"levels": inputs})[0])[0]
        context = self.config.context_frames
        return sigmoid(logits[:, context:-context])


class TranscriberStream(ChunkStream[list[DetectedNote]]):
    """A recording whose notes are found as it arrives, block by block of frames."""

    def __init__(self, runtime: TranscriberRuntime) -> None:
        self._runtime = runtime
        self._spectra = SpectrumStream(runtime.config)
        self._decoder = NoteDecoder(runtime.thresholds, runtime.config.frame_seconds)
        self._levels = self._silence()
        self._n_frames = 0

    def push(self, wave: np.ndarray) -> list[DetectedNote]:
        """Return the notes that end with the next samples ``(time,)``."""
        return self._add(self._spectra.push(checked_wave(wave, may_be_empty=True)))

    def finish(self) -> list[DetectedNote]:
        """Return the last notes."""
        notes = self._add(self._spectra.finish())
        context = self._runtime.config.context_frames
        n_left = len(self._levels) - context  # up to a block and the context after it
        rest = np.zeros((BLOCK_FRAMES + 2 * context, *self._levels.shape[1:]), np.uint8)
        levels = np.concatenate([self._levels, rest])
        for start in range(0, n_left, BLOCK_FRAMES):
            outputs = self._runtime.activations(levels[start : start + BLOCK_FRAMES + 2 * context])
            notes += self._decoder.push(outputs[:, : n_left - start])
        return notes + self._decoder.finish()

    def _add(self, levels: np.ndarray) -> list[DetectedNote]:
        """Return the notes that end in the blocks that these frames complete."""
        context = self._runtime.config.context_frames
        self._levels = np.concatenate([self._levels, levels])
        notes: list[DetectedNote] = []
        while len(self._levels) >= BLOCK_FRAMES + 2 * context:
            notes += self._decoder.push(self._runtime.activations(self._levels[: BLOCK_FRAMES + 2 * context]))
            self._levels = self._levels[BLOCK_FRAMES:]
        return notes

    def _silence(self) -> np.ndarray:
        """Return the levels before the beginning."""
        config = self._runtime.config
        return np.zeros((config.context_frames, N_RESOLUTIONS, config.n_bins), np.uint8)


def read_thresholds(folder: ModelFolder) -> NoteThresholds:
    """Return the thresholds of a model; raise BadModel if they are damaged."""
    tensors = folder.tensors(THRESHOLDS_FILE)
    try:
        return NoteThresholds(**{name: float(tensors[name][0]) for name in ("onset", "note", "end")})
    except (KeyError, IndexError, TypeError, BadSetting) as error:
        raise BadModel(f"{folder.path / THRESHOLDS_FILE} holds no thresholds; {REMEDY}.") from error
