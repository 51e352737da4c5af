"""Recognise whole recordings of any length, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ...audio.wave_blocks import CountedWaves
from ...base.errors import BadAudio
from ...base.units import db_to_gain, seconds_to_samples
from ...contracts.recognition import is_background
from ...contracts.runtime import Classifier
from ...data.entry import SILENT_PEAK
from ...data.preparation import Preparation
from ...data.store import ONSET_SEARCH_SECONDS
from ...dsp.spectrum import FrameBuffer
from ...dsp.stream import ChunkStream
from ...metrics.calibration import fit_score, sigmoid, softmax
from .results import LabelConfidence, Recognised, SoundEvent


class SlidingWindows(ChunkStream[list[np.ndarray]]):
    """Cut a wave into windows of one length, ``n_hop`` samples apart, at most that length."""

    def __init__(self, n_window: int, n_hop: int) -> None:
        self.n_window = n_window
        self.n_hop = n_hop
        self._frames = FrameBuffer(1, n_window, n_hop)
        self.n_windows = 0

    def push(self, wave: np.ndarray) -> list[np.ndarray]:
        """Return the windows ``(n_window,)`` that a chunk ``(time,)`` completes."""
        windows = self._frames.add(np.asarray(wave, np.float32)[None])[0]
        self.n_windows += len(windows)
        return [window.copy() for window in windows]

    def finish(self) -> list[np.ndarray]:
        """Return the last window, padded with zeros, if samples are left that no window contained; begin anew."""
        rest = self._frames.rest()[0]
        has_more = len(rest) > (self.n_window - self.n_hop if self.n_windows else 0)
        self.reset()
        return [np.pad(rest, (0, self.n_window - len(rest)))] if has_more else []

    def state(self) -> dict[str, np.ndarray]:
        """Return a copy of the state."""
        return {"rest": self._frames.rest().copy(), "n_windows": np.array(self.n_windows)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a state."""
        self.reset()
        self._frames.add(state["rest"])
        self.n_windows = int(state["n_windows"])


QUIET_WINDOW_DB = -40.0  # below the loudest window of a recording; quieter windows do not count for its label
WINDOWS_PER_LENGTH = 2  # windows overlap by half
EVENT_WINDOWS_PER_LENGTH = 4
SMOOTHED_SECONDS = 0.1  # over which probabilities of frames are averaged
SILENT_LOGIT = -10.0  # of every label in the frames of a silent window
PRESENT = 0.5  # probability from which on a label is present


@dataclass(frozen=True)
class WindowOutputs:
    """Outputs of the network for the windows of a recording: logits ``(n, labels)``, powers ``(n,)``, and its hop."""

    logits: np.ndarray
    powers: np.ndarray
    n_hop: int
    frame_logits: np.ndarray | None = None  # (frames, labels), the mean where windows overlap


class RecordingRecogniser:
    """Recognise recordings by a classifier.

    - ``n_labels``: number of labels that a result lists.
    - ``event_threshold``: smallest probability of an event, which is located in time; None: none is.
    - ``rejects``: give no label to recordings that fit none.
    """

    def __init__(
        self, model: Classifier, n_labels: int = 1, event_threshold: float | None = None, rejects: bool = True
    ) -> None:
        self.model = model
        self.n_labels = n_labels
        self.event_threshold = event_threshold
        self.finds_events = event_threshold is not None
        self.rejects = rejects

    def recognise(self, blocks: Iterable[np.ndarray]) -> Recognised:
        """Recognise a recording as consecutive waves ``(1, time)`` at the sample rate of the model.

        Raises BadAudio if it is silent, or BadModel if the model produces NaN or infinite values.
        """
        counted = CountedWaves(blocks)
        outputs = self._one_shot(counted) if self.model.is_aligned and not self.finds_events else self._windows(counted)
        if not outputs.powers.any():
            raise BadAudio("The recording is silent, so there is nothing to recognise in it.")
        seconds = counted.n_samples / self.model.sample_rate
        probabilities = self.probabilities(outputs.logits)  # (windows, labels)
        probabilities[outputs.powers == 0] = 0
        is_loud = outputs.powers >= outputs.powers.max() * db_to_gain(QUIET_WINDOW_DB) ** 2
        is_single = self.model.output == "softmax"
        pooled = probabilities[is_loud].mean(axis=0) if is_single else probabilities.max(axis=0)
        fit = float(fit_score(outputs.logits[is_loud].mean(axis=0, keepdims=True))[0])  # as in the calibration
        return self._result(pooled, fit, seconds, self._events(probabilities, outputs, seconds))

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities ``(n, labels)`` of logits ``(n, labels)``."""
        scaled = logits.astype(np.float64) / self.model.calibration.temperature
        return softmax(scaled) if self.model.output == "softmax" else sigmoid(scaled)

    def _result(self, pooled: np.ndarray, fit: float, seconds: float, events: tuple[SoundEvent, ...]) -> Recognised:
        n_listed = self.n_labels
        if self.model.output != "softmax":
            n_listed = max(n_listed, int((pooled >= PRESENT).sum()))
        order = np.argsort(-pooled, kind="stable")[:n_listed]
        labels = tuple(LabelConfidence(self.model.labels[k], round(float(pooled[k]), 4)) for k in order)
        if self.model.output == "softmax":
            is_rejected = self.rejects and fit < self.model.calibration.min_fit
        else:
            is_rejected = self.rejects and labels[0].confidence < PRESENT
        label = None if is_rejected else labels[0].label
        return Recognised(label, labels[0].confidence, labels, round(fit, 3), round(seconds, 3), events)

    def _one_shot(self, blocks: Iterable[np.ndarray]) -> WindowOutputs:
        """Return the output for the clip that begins at the onset, prepared as in training."""
        rate, n_window = self.model.sample_rate, self.model.window_samples
        n_searched = n_window + seconds_to_samples(ONSET_SEARCH_SECONDS, rate)
        pieces: list[np.ndarray] = []
        n_collected = 0
        for block in blocks:  # to the end, so that the length is known
            if n_collected < n_searched:
                pieces.append(block)
            n_collected += block.shape[1]
        wave = np.concatenate(pieces, axis=1) if pieces else np.zeros((1, 0), np.float32)
        if np.abs(wave).max(initial=0.0) <= SILENT_PEAK:
            return WindowOutputs(np.zeros((1, len(self.model.labels))), np.zeros(1), n_window)
        clip = Preparation("one-shot").apply(wave, rate, n_window)[0]
        return WindowOutputs(self.model.logits(clip)[None], np.ones(1), n_window)

    def _windows(self, blocks: Iterable[np.ndarray]) -> WindowOutputs:
        """Return the outputs for overlapping windows of the whole recording."""
        n_window = self.model.window_samples
        n_hop = max(1, n_window // (EVENT_WINDOWS_PER_LENGTH if self.finds_events else WINDOWS_PER_LENGTH))
        frame_samples = self.model.frame_samples if self.finds_events else 0
        if frame_samples:
            n_hop = max(1, n_window // 2 // frame_samples) * frame_samples
        windows = SlidingWindows(n_window, n_hop)
        logits: list[np.ndarray] = []
        frames: list[np.ndarray] = []
        powers: list[float] = []

        def add(cut: list[np.ndarray]) -> None:
            for window in cut:
                is_silent = np.abs(window).max() <= SILENT_PEAK
                powers.append(0.0 if is_silent else float(np.square(window, dtype=np.float64).mean()))
                logits.append(np.zeros(len(self.model.labels)) if is_silent else self.model.logits(window))
                if frame_samples:
                    computed = self.model.frame_logits(window)
                    frames.append(np.full_like(computed, SILENT_LOGIT) if is_silent else computed)

        for block in blocks:
            add(windows.push(block[0]))
        add(windows.finish())
        shaped = np.array(logits).reshape(-1, len(self.model.labels))
        joined = overlapped(frames, n_hop // frame_samples) if frames else None
        return WindowOutputs(shaped, np.array([*powers] or [0.0]), n_hop, joined)

    def _events(self, probabilities: np.ndarray, outputs: WindowOutputs, seconds: float) -> tuple[SoundEvent, ...]:
        """Return the events of frames, or of windows: a window stands for the hop around its centre."""
        rate, labels = self.model.sample_rate, self.model.labels
        if self.event_threshold is None:
            return ()
        if outputs.frame_logits is not None:
            hop = self.model.frame_samples / rate
            smoothed = moving_mean(self.probabilities(outputs.frame_logits), round(SMOOTHED_SECONDS / hop))
            n_frames = min(len(smoothed), int(seconds / hop) + 1)
            return events_of(smoothed[:n_frames], labels, hop, -hop / 2, seconds, self.event_threshold)
        hop = outputs.n_hop / rate
        first = (self.model.window_samples / rate - hop) / 2
        return events_of(probabilities, labels, hop, first, seconds, self.event_threshold)


def overlapped(windows: list[np.ndarray], n_hop: int) -> np.ndarray:
    """Return the frames ``(frames, labels)`` of windows ``(labels, frames)`` that overlap, weighted by a triangle."""
    n_labels, n_window = windows[0].shape
    triangle = np.minimum(np.arange(1, n_window + 1), np.arange(n_window, 0, -1))[:, None]
    sums = np.zeros((n_window + n_hop * (len(windows) - 1), n_labels))
    weights = np.zeros((len(sums), 1))
    for index, window in enumerate(windows):
        sums[index * n_hop :][:n_window] += triangle * window.T
        weights[index * n_hop :][:n_window] += triangle
    return sums / weights


def moving_mean(values: np.ndarray, n_rows: int) -> np.ndarray:
    """Return the centred mean over ``n_rows`` rows of ``(n, labels)``; fewer at the ends."""
    kernel = np.ones(max(1, n_rows) | 1)
    counts = np.convolve(np.ones(len(values)), kernel, "full")
    start = len(kernel) // 2
    rows = slice(start, start + len(values))
    summed = [np.convolve(column, kernel, "full")[rows] / counts[rows] for column in values.T]
    return np.stack(summed, axis=1)


def events_of(
    probabilities: np.ndarray, labels: tuple[str, ...], hop: float, first: float, seconds: float, threshold: float
) -> tuple[SoundEvent, ...]:
    """Join consecutive windows or frames in which a label is present to events.

    - ``first``: start of the time that the first row stands for; the first and the last row extend to the ends.
    """
    events = []
    n_rows = len(probabilities)
    for k, label in enumerate(labels):
        if is_background(label):
            continue
        is_present = np.concatenate([[False], probabilities[:, k] >= threshold, [False]])
        starts, ends = np.flatnonzero(np.diff(is_present.astype(int))).reshape(-1, 2).T
        for start, end in zip(starts, ends, strict=True):
            onset = 0.0 if start == 0 else first + start * hop
            offset = seconds if end == n_rows else min(seconds, first + end * hop)
            confidence = float(probabilities[start:end, k].max())
            if onset < offset:
                events.append(SoundEvent(label, round(onset, 3), round(offset, 3), round(confidence, 4)))
    return tuple(sorted(events, key=lambda event: (event.onset, event.label)))
