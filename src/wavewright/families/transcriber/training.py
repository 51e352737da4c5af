"""Training of the family ``transcriber``: build the network, evaluate and export it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.network import Batch, FamilyTraining, SinglePlayerNetwork
from .batches import Example, batch_of, targets_of
from .config import GRAPH_FILE, LOWEST_PITCH, THRESHOLDS_FILE, WEIGHT_PREFIX, TranscriberConfig
from .decoding import NoteThresholds, decode, matches
from .features import db_of_bytes, inputs_of_db
from .modules import Transcriber
from .recipe import TranscriberPrepared

ONSET, NOTE, VELOCITY = "onset/cross_entropy", "note/cross_entropy", "velocity/mse"
WEIGHTS = {ONSET: 3.0, NOTE: 1.0, VELOCITY: 0.2}
ONSET_WEIGHT = 2.0  # of frames with an onset in its cross-entropy
ONSETS_PER_NOTE = (2.2, 1.7, 1.4, 1.2, 1.0, 0.85, 0.7)
NOTES, ENDS = (0.2, 0.35, 0.5), (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
"""Where the thresholds of a model are looked for, by its validation recordings.

The first are maxima of the onset above the threshold for each note that was played, the others fractions of the largest
probability of a note.
"""

EXPORTED_FRAMES = 24
SAMPLE_HZ = (261.63, 329.63, 392.0)


class TranscriberNetwork(SinglePlayerNetwork[Transcriber]):
    """A network whose only player is the transcriber."""

    def __init__(self, config: TranscriberConfig) -> None:
        super().__init__("transcriber", Transcriber(config), losses, WEIGHTS)


def losses(transcriber: Transcriber, batch: Batch) -> dict[str, Tensor]:
    """Return the losses of a batch."""
    onset, note, velocity = transcriber(batch["levels"]).float().unbind(1)
    targets, weight = batch["targets"], batch["velocity_weight"]
    heavier = torch.tensor(ONSET_WEIGHT, device=onset.device)
    error = (torch.sigmoid(velocity) - targets[:, 2]).square() * weight
    return {
        ONSET: F.binary_cross_entropy_with_logits(onset, targets[:, 0], pos_weight=heavier),
        NOTE: F.binary_cross_entropy_with_logits(note, targets[:, 1]),
        VELOCITY: error.sum() / weight.sum().clamp_min(1.0),
    }


class TranscriberTraining(FamilyTraining[TranscriberConfig, Transcriber, TranscriberPrepared]):
    """The part of the family that needs PyTorch."""

    network = TranscriberNetwork

    @torch.no_grad()
    def evaluate(self, module: Transcriber, prepared: TranscriberPrepared) -> dict[str, float]:
        """Return the losses of the validation recordings, and F of their notes with the best thresholds.

        ``valid/loss`` is the weighted sum of the losses; a note is right with an onset within 50 ms and its pitch.
        """
        if not prepared.valid:
            return {}
        device = next(module.parameters()).device
        totals = dict.fromkeys(WEIGHTS, 0.0)
        for example in prepared.valid:
            batch = batch_of([(db_of_bytes(example.levels), example.notes)])
            each = losses(module, {name: torch.as_tensor(array, device=device) for name, array in batch.items()})
            for name, loss in each.items():
                totals[name] += float(loss) / len(prepared.valid)
        _, note_f = best_thresholds(probabilities_of(module, prepared.valid), prepared.valid, module.config)
        return {
            "valid/loss": sum(WEIGHTS[name] * total for name, total in totals.items()),
            "valid/note_f": note_f,
            "valid/onset_loss": totals[ONSET],
            "valid/note_loss": totals[NOTE],
        }

    def samples(self, module: Transcriber, prepared: TranscriberPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return no clips: a transcriber generates none."""
        return [], []

    @torch.no_grad()
    def export(self, module: Transcriber, prepared: TranscriberPrepared) -> ExportSpec:
        """Return the graph of any number of frames, the thresholds, and a chord as the sample."""
        config = module.config
        rng = torch.Generator().manual_seed(0)
        levels = torch.randn(1, 2, EXPORTED_FRAMES + 2 * config.context_frames, config.n_bins, generator=rng)
        time_s = np.arange(config.sample_rate) / config.sample_rate
        chord = sum(np.sin(2 * np.pi * hz * time_s) for hz in SAMPLE_HZ) * 0.2 * np.exp(-3 * time_s)
        thresholds = NoteThresholds()
        if prepared.valid:
            thresholds, _ = best_thresholds(probabilities_of(module, prepared.valid), prepared.valid, config)
        numbers = {name: np.array([value], np.float64) for name, value in vars(thresholds).items()}
        return ExportSpec(
            graphs={
                GRAPH_FILE: GraphSpec(module, {"levels": levels}, ("logits",), {"levels": (2,), "logits": (2,)}),
            },
            sample=np.asarray(chord, np.float32)[None],
            files={THRESHOLDS_FILE: numbers},
            weights={f"{WEIGHT_PREFIX}{name}": value.numpy(force=True) for name, value in module.state_dict().items()},
        )


@torch.no_grad()
def probabilities_of(module: Transcriber, examples: Sequence[Example]) -> list[np.ndarray]:
    """Return the outputs of recordings, ``(3, frames, 88)`` each."""
    device = next(module.parameters()).device
    outputs = []
    for example in examples:
        inputs = torch.as_tensor(inputs_of_db(db_of_bytes(example.levels))[None], device=device)
        outputs.append(torch.sigmoid(module(inputs))[0].float().cpu().numpy())
    return outputs


def best_thresholds(
    outputs: Sequence[np.ndarray], examples: Sequence[Example], config: TranscriberConfig
) -> tuple[NoteThresholds, float]:
    """Return the thresholds with the largest F of notes, and this F; ends are chosen by the frames of notes."""
    references = [
        np.stack([example.notes[:, 0] * config.frame_seconds, example.notes[:, 2] + LOWEST_PITCH], 1)
        for example in examples
    ]
    maxima = np.sort(np.concatenate([_maxima(output[0]) for output in outputs]))[::-1]
    largest = max(float(output[1].max()) for output in outputs)
    n_notes, end = sum(map(len, references)), _best_end(outputs, examples, largest)
    found = {}
    for ratio, fraction in product(ONSETS_PER_NOTE, NOTES):
        onset = float(maxima[min(round(ratio * n_notes), len(maxima) - 1)]) if len(maxima) else 0.5
        thresholds = NoteThresholds(onset, fraction * largest, end)
        n_matched = n_all = 0
        for output, reference in zip(outputs, references, strict=True):
            notes = decode(output, thresholds, config.frame_seconds)
            n_matched += matches(reference, notes)
            n_all += len(notes) + len(reference)
        found[thresholds] = 2 * n_matched / max(n_all, 1)
    best = max(found, key=lambda thresholds: found[thresholds])
    return best, found[best]


def _maxima(onset: np.ndarray) -> np.ndarray:
    """Return the values at the maxima over time of ``(frames, 88)``."""
    padded = np.pad(onset, ((1, 1), (0, 0)))
    values: np.ndarray = onset[(onset > padded[:-2]) & (onset >= padded[2:])]
    return values


def _best_end(outputs: Sequence[np.ndarray], examples: Sequence[Example], largest: float) -> float:
    """Return the probability below which most frames are after their notes, by F of the frames."""
    targets = [targets_of(example.notes, len(example.levels))[0][1] > 0 for example in examples]

    def f_of(threshold: float) -> float:
        pairs = [(output[1] >= threshold, target) for output, target in zip(outputs, targets, strict=True)]
        n_both = sum(int((found & target).sum()) for found, target in pairs)
        return 2 * n_both / max(sum(int(found.sum() + target.sum()) for found, target in pairs), 1)

    return max((fraction * largest for fraction in ENDS), key=f_of)
