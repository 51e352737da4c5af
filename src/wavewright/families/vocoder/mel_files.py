"""Mel frames in ``.npy`` files beside the recordings, such as those that an acoustic model predicts.

With the setting ``data.mel_files``, which is off by default, these are the network's input instead of the mel frames of
the recordings: a vocoder that is trained on ground-truth-aligned predictions learns to correct their errors. They are
degraded like the others, see :class:`.recipe.VocoderBatches`.

References
----------
J. Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...base.result import Failed
from ...data.entry import Entry
from ...dsp.speech_mel import FRAMES_PER_SECOND, MEL_FLOOR, N_MELS

SUFFIX = ".npy"
MAX_LENGTH_DIFFERENCE = 2  # mel frames, between a file and its recording


def with_mel_files(entries: Sequence[Entry]) -> tuple[list[Entry], tuple[Failed, ...]]:
    """Select the entries with a valid mel file.

    A mel file has the name of the recording and the suffix ``.npy``, and holds ``(N_MELS, frames)``.

    - ``entries``: recordings.
    - returns ``usable``: entries with a valid file.
    - returns ``failed``: the other entries, each with the reason.
    """
    usable, failed = [], []
    for entry in entries:
        reason = _problem(entry)
        if reason:
            failed.append(Failed(entry.path, reason))
        else:
            usable.append(entry)
    return usable, tuple(failed)


def _problem(entry: Entry) -> str:
    """Return why the mel file of an entry cannot be used; empty if it can."""
    path = entry.path.with_suffix(SUFFIX)
    try:
        shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    except (OSError, ValueError, EOFError):
        return f"{path.name} with its mel frames is not beside it, or cannot be read; save them with numpy.save."
    n_frames = round(entry.n_frames / entry.sample_rate * FRAMES_PER_SECOND)
    is_valid = len(shape) == 2 and shape[0] == N_MELS and abs(shape[1] - n_frames) <= MAX_LENGTH_DIFFERENCE
    if entry.offset_seconds or not is_valid:
        return f"{path.name} has shape {shape}; whole recordings need ({N_MELS}, frames), here about {n_frames} frames."
    return ""


def read_mel(path: Path, start: int, n_frames: int, gain: float) -> np.ndarray:
    """Read mel frames from the file of a recording.

    - ``path``: the recording.
    - ``start``: first mel frame; those outside the file are silence.
    - ``n_frames``: number of mel frames.
    - ``gain``: factor of the wave; the mel frames are scaled to match.
    - returns: log-mel frames ``(N_MELS, n_frames)`` float32.
    """
    frames = np.full((N_MELS, n_frames), np.log(MEL_FLOOR), np.float32)
    stored = np.load(path.with_suffix(SUFFIX), mmap_mode="r", allow_pickle=False)
    first = max(start, 0)
    last = min(start + n_frames, stored.shape[1])
    if last > first:
        power = np.maximum(np.exp(stored[:, first:last].astype(np.float32)) - MEL_FLOOR, 0.0)
        frames[:, first - start : last - start] = np.log(power * np.float32(gain**2) + MEL_FLOOR)
    return frames
