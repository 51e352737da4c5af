"""Membership inference: can the loss of a model tell its training recordings from others, and which by far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting
from ..contracts.morphing import Morpher
from ..contracts.runtime import Autoencoder, Codec, Model
from ..contracts.scoring import RecordingScorer
from ..metrics.confusion import wilson_interval
from ..metrics.reconstruction import mel_distance
from ..metrics.sampling import Interval, bootstrap_interval
from .memorisation import Memorisation, Scored, memorisation_of
from .recordings import AuditedRecording

RATES = (0.01, 0.001)
"""Fractions of held-out recordings that may be taken for training recordings."""


@dataclass(frozen=True)
class DetectionRate:
    """Fraction of the training recordings that are recognised as such at a rate of false alarms."""

    false_alarms: float  # fraction of held-out recordings that are taken for training recordings
    detected: Interval | None
    """Fraction with its 95 % interval; None if there are too few held-out recordings for the rate."""


@dataclass(frozen=True)
class Membership:
    """How well the loss tells training recordings from held-out ones.

    - ``loss``: what the loss is.
    - ``n_train``, ``n_held_out``: recordings that were scored.
    - ``auc``: probability that a training recording has the lower loss, with a 95 % interval; 0.5 for no difference.
    - ``rates``: at 1 % and 0.1 % false alarms.
    - ``memorisation``: training recordings whose loss is a small fraction of that of held-out ones.
    """

    loss: str
    n_train: int
    n_held_out: int
    auc: Interval
    rates: tuple[DetectionRate, ...]
    memorisation: Memorisation

    @property
    def is_distinguished(self) -> bool:
        """True if the interval of the AUC lies above 0.5."""
        return self.auc.low > 0.5


def membership_of(loss: str, train: Sequence[Scored], held_out: Sequence[Scored], seed: int = 0) -> Membership:
    """Return how well losses tell training recordings from held-out ones; lower ones are more probable."""
    first, second = (np.array([each.loss for each in group]) for group in (train, held_out))
    auc = bootstrap_interval(area_under_curve, [first, second], repeats=500, seed=seed)
    rates = tuple(DetectionRate(rate, _detected(first, second, rate)) for rate in RATES)
    return Membership(loss, len(first), len(second), auc, rates, memorisation_of(train, held_out))


def area_under_curve(train: np.ndarray, held_out: np.ndarray) -> float:
    """Return the probability that a training recording has a lower loss than a held-out one (Mann and Whitney)."""
    ordered = np.sort(held_out)
    above = len(ordered) - np.searchsorted(ordered, train, side="right")
    ties = np.searchsorted(ordered, train, side="right") - np.searchsorted(ordered, train, side="left")
    return float((above + 0.5 * ties).sum() / (len(train) * len(held_out)))


def _detected(train: np.ndarray, held_out: np.ndarray, rate: float) -> Interval | None:
    """Return the fraction of training recordings below the loss that this fraction of held-out ones falls below."""
    n_allowed = int(rate * len(held_out))
    if n_allowed < 1:
        return None
    limit = np.sort(held_out)[n_allowed]
    return wilson_interval(int((train < limit).sum()), len(train))


def losses_of(model: Model, recordings: Sequence[AuditedRecording], show: Callable[[float], None]) -> list[Scored]:
    """Return the loss of each recording; those without a label or speaker that the model needs are left out.

    The model is one that :func:`loss_name` names a loss for.
    """
    losses = []
    for number, recording in enumerate(recordings):
        try:
            losses.append(Scored(recording.entry.path, _loss_of(model, recording)))
        except BadSetting:  # of a label or speaker that the model does not know
            continue
        show(number + 1)
    return losses


def loss_name(model: Model) -> str:
    """Return what the loss of a model is; empty for a model without one."""
    if isinstance(model, RecordingScorer):
        return model.loss_name
    return "error of the reconstruction, nats of log-mel" if isinstance(model, Autoencoder | Codec) else ""


def _loss_of(model: Model, recording: AuditedRecording) -> float:
    wave, entry = recording.prepared, recording.entry
    if isinstance(model, RecordingScorer):
        return model.loss_of(wave, entry.label, entry.speaker if getattr(model, "speakers", ()) else None)
    wave = model.align(wave).wave if isinstance(model, Autoencoder) else wave
    output = _reconstruction(model, wave, entry.label)
    n_samples = min(len(wave), len(output))
    return mel_distance(wave[:n_samples], output[:n_samples], model.sample_rate)


def _reconstruction(model: Model, wave: np.ndarray, label: str | None) -> np.ndarray:
    """Return the reconstruction ``(time,)`` of a wave, aligned for an autoencoder."""
    if isinstance(model, Morpher):
        reconstruction: np.ndarray = model.decode(model.encode(wave), label if label in model.labels else None)
    elif isinstance(model, Autoencoder | Codec):
        reconstruction = model.decode(model.encode(wave))
    else:
        raise TypeError(type(model).__name__)
    output: np.ndarray = reconstruction[0]
    return output
