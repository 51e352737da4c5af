"""Key words and other events in streams: a smoothed confidence, a threshold, and a refractory time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...base.errors import BadAudio, BadFolder, BadSetting, MissingExtra
from ...base.ranges import RangedSettings, ranged
from ...base.result import Failed, Result
from ...base.units import seconds_to_samples
from ...contracts.recognition import is_background
from ...contracts.runtime import Classifier, checked_wave
from ...data.entry import SILENT_PEAK, Entry
from ...data.preparation import decode_at
from ...dsp.stream import ChunkStream
from ...metrics.calibration import sigmoid, softmax
from ...models.folder import ModelFolder, write_card
from .recogniser import SlidingWindows

SPOTTING = "spotting"  # among the metrics of a card
UNCALIBRATED_THRESHOLD = 0.5
SECONDS_PER_HOUR = 3_600
SMALLEST_CONFIDENCE = 1e-5  # in the mean of logarithms, so that one window cannot rule out a word


@dataclass(frozen=True)
class SpotterSettings(RangedSettings):
    """Settings of a spotter."""

    threshold: float = ranged(UNCALIBRATED_THRESHOLD, 0.0, 1.0)  # smallest smoothed confidence of an event
    hop_seconds: float = ranged(0.1, 0.01, 10.0)  # from one window to the next
    smoothed_fraction: float = ranged(0.9, 0.0, 10.0)  # of a window: the time over which confidences are averaged
    refractory_seconds: float = ranged(1.0, 0.0, 60.0)  # after an event, in which there is no other


@dataclass(frozen=True)
class SpottedEvent:
    """A label that was recognised in a stream."""

    label: str
    seconds: float  # end of the window in which it was recognised, from the start of the stream
    confidence: float


class KeywordSpotter(ChunkStream[list[SpottedEvent]]):
    """Recognise labels in a stream; chunks of any lengths give the same events.

    Labels that begin with an underscore are background and no events. An event is reported as soon as the confidence of
    its label, the geometric mean over ``smoothed_fraction`` of a window, reaches the threshold. A model with background
    labels recognises by these what is no event; of another, windows that fit no label count as silence.

    - ``settings``: by default those on the card of the model.
    - ``latency_samples``: longest time from the end of a word in the middle of a window to its event, in samples.

    Raises BadSetting if the model knows background only.
    """

    def __init__(self, model: Classifier, settings: SpotterSettings | None = None) -> None:
        self.model = model
        self.settings = card_settings(model) if settings is None else settings
        self._columns = [k for k, label in enumerate(model.labels) if not is_background(label)]
        if not self._columns:
            raise BadSetting(f"{model.name} knows background labels only, so there is nothing to spot.")
        n_hop = min(seconds_to_samples(self.settings.hop_seconds, model.sample_rate), model.window_samples)
        self._windows = SlidingWindows(model.window_samples, max(1, n_hop))
        n_smoothed = max(1, round(self.settings.smoothed_fraction * model.window_samples / self._windows.n_hop))
        self._recent = np.zeros((n_smoothed, len(model.labels)))
        has_background = len(self._columns) < len(model.labels)
        self._min_fit = -np.inf if has_background or model.output != "softmax" else model.calibration.min_fit
        self._n_rest = 0  # windows of the refractory time that are left
        self._n_windows = 0
        self.latency_samples = model.window_samples // 2 + n_smoothed * self._windows.n_hop

    def push(self, wave: np.ndarray) -> list[SpottedEvent]:
        """Return the events that a chunk ``(time,)`` at the sample rate of the model completes.

        Raises BadAudio for another shape, integers, NaN or infinite values.
        """
        windows = self._windows.push(checked_wave(wave, may_be_empty=True))
        return [event for window in windows if (event := self._event(self._smoothed(window))) is not None]

    def finish(self) -> list[SpottedEvent]:
        """Return the events of the last, incomplete window; the stream begins anew."""
        events = [
            event for window in self._windows.finish() if (event := self._event(self._smoothed(window))) is not None
        ]
        self.reset()
        return events

    def state(self) -> dict[str, np.ndarray]:
        """Return a copy of the state, from which :meth:`restore` continues."""
        counts = np.array([self._n_rest, self._n_windows])
        return {**self._windows.state(), "recent": self._recent.copy(), "spotting": counts}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a state."""
        self._windows.restore(state)
        self._recent = state["recent"].copy()
        self._n_rest, self._n_windows = (int(count) for count in state["spotting"])

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of events."""
        return tuple(self.model.labels[column] for column in self._columns)

    def smoothed_confidences(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """Return the smoothed confidence of each of ``labels`` in every window of a recording, and begin anew.

        - ``blocks``: consecutive waves ``(1, time)`` at the sample rate of the model.
        """
        smoothed = [self._smoothed(window) for block in blocks for window in self._windows.push(block[0])]
        smoothed += [self._smoothed(window) for window in self._windows.finish()]
        self._recent[:] = 0
        return np.array([row[self._columns] for row in smoothed]).reshape(-1, len(self._columns))

    def _smoothed(self, window: np.ndarray) -> np.ndarray:
        """Return the geometric mean of the probabilities ``(labels,)`` of the last windows, the given one included."""
        current = np.zeros(len(self.model.labels))
        if np.abs(window).max() > SILENT_PEAK:
            logits = self.model.logits(window)
            scaled = logits[None].astype(np.float64) / self.model.calibration.temperature
            if float(np.logaddexp.reduce(logits)) >= self._min_fit:
                current = (softmax(scaled) if self.model.output == "softmax" else sigmoid(scaled))[0]
        self._recent = np.concatenate([self._recent[1:], current[None]])
        return np.asarray(np.exp(np.log(np.maximum(self._recent, SMALLEST_CONFIDENCE)).mean(axis=0)))

    def _event(self, smoothed: np.ndarray) -> SpottedEvent | None:
        """Return the event of the next window, if there is one."""
        end = self._n_windows * self._windows.n_hop + self.model.window_samples
        self._n_windows += 1
        if self._n_rest:
            self._n_rest -= 1
            return None
        best = max(self._columns, key=lambda column: float(smoothed[column]))
        confidence = float(smoothed[best])
        if confidence < self.settings.threshold:
            return None
        self._n_rest = self.refractory_windows
        return SpottedEvent(self.model.labels[best], round(end / self.model.sample_rate, 3), round(confidence, 4))

    @property
    def hop_seconds(self) -> float:
        """Seconds from one window to the next."""
        return self._windows.n_hop / self.model.sample_rate

    @property
    def refractory_windows(self) -> int:
        """Windows after an event in which there is no other."""
        n_samples = seconds_to_samples(self.settings.refractory_seconds, self.model.sample_rate)
        return -(-n_samples // self._windows.n_hop)


@dataclass(frozen=True)
class SpottingCalibration(Result):
    """Threshold of a spotter, measured on recordings without key words."""

    threshold: float
    false_alarms_per_hour: float  # the rate that was asked for
    measured_per_hour: float  # the rate of the threshold on the recordings
    hours: float  # their duration

    def __str__(self) -> str:
        text = (
            f"threshold {self.threshold:.4f}: {self.measured_per_hour:.2f} false alarms an hour in {self.hours:.2f} h "
            f"({self.false_alarms_per_hour:g} allowed)"
        )
        if self.hours * self.false_alarms_per_hour < 1:
            text += f"; {1 / self.false_alarms_per_hour:g} h of recordings would say more"
        return "\n".join([text, *self.endings()])


def card_settings(model: Classifier) -> SpotterSettings:
    """Return the settings with the threshold on the card of a model, the default one without."""
    stored = model.card.metrics.get(SPOTTING)
    threshold = stored.get("threshold") if isinstance(stored, dict) else None
    if isinstance(threshold, int | float) and 0 <= threshold <= 1:
        return SpotterSettings(threshold=float(threshold))
    return SpotterSettings()


def calibrate_spotter(model: Classifier, entries: Iterable[Entry], false_alarms_per_hour: float) -> SpottingCalibration:
    """Find the smallest threshold with at most so many false alarms an hour.

    - ``entries``: recordings without key words, which the model was not trained on.
    - ``false_alarms_per_hour``: allowed rate.

    Raises BadFolder if no recording can be used.
    """
    spotter = KeywordSpotter(model)
    scores, failed, seconds = [], [], 0.0
    for entry in entries:
        try:
            confidences = spotter.smoothed_confidences(decode_at(entry, model.sample_rate, 1))
            scores.append(confidences.max(axis=1))
            seconds += entry.seconds
        except (BadAudio, MissingExtra) as error:
            failed.append(Failed(entry.path, str(error)))
    if not scores or not seconds:
        raise BadFolder("None of the recordings without key words can be used; give others to calibrate on.")
    hours = seconds / SECONDS_PER_HOUR
    threshold, n_alarms = _threshold(scores, false_alarms_per_hour * hours, spotter.refractory_windows)
    return SpottingCalibration(threshold, false_alarms_per_hour, n_alarms / hours, hours, failed=tuple(failed))


def write_spotting(folder: Path, calibration: SpottingCalibration) -> None:
    """Store the threshold on the card of a model."""
    card = ModelFolder(folder).card
    numbers = {
        "threshold": calibration.threshold,
        "false_alarms_per_hour": calibration.false_alarms_per_hour,
        "measured_per_hour": calibration.measured_per_hour,
        "hours": calibration.hours,
    }
    write_card(folder, card.model_copy(update={"metrics": {**card.metrics, SPOTTING: numbers}}))


def count_alarms(scores: np.ndarray, threshold: float, n_refractory: int) -> int:
    """Count the events of confidences ``(windows,)`` with a threshold and a refractory time."""
    count, free_from = 0, 0
    for index in np.flatnonzero(scores >= threshold):
        if index >= free_from:
            count += 1
            free_from = int(index) + n_refractory + 1
    return count


def _threshold(scores: list[np.ndarray], n_allowed: float, n_refractory: int) -> tuple[float, int]:
    """Return the smallest threshold, in steps, whose count of alarms is allowed, and the count."""

    def count(threshold: float) -> int:
        return sum(count_alarms(each, threshold, n_refractory) for each in scores)

    candidates = np.unique(np.concatenate(scores))[::-1]
    best = float(min(1.0, np.nextafter(candidates[0], 2.0)))
    for candidate in candidates:
        if count(float(candidate)) > n_allowed:
            break
        best = float(candidate)
    return best, count(best)
