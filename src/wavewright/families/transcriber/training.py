"""The networks of the family ``transcriber`` and their training: losses, evaluation and export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, SinglePlayerNetwork
from .batches import Example, batch_of
from .config import (
    GRAPH_FILE,
    HARMONICS,
    LOWEST_PITCH,
    N_OUTPUTS,
    N_PITCHES,
    N_RESOLUTIONS,
    PITCH_TAPS,
    STEPS_PER_OCTAVE,
    STEPS_PER_SEMITONE,
    THRESHOLDS_FILE,
    TIME_TAPS,
    WEIGHT_PREFIX,
    TranscriberConfig,
)
from .decoding import NoteThresholds, decode, matches
from .features import FLOOR_DB, MIDDLE_DB, UNIT_DB, db_of_bytes, inputs_of_db
from .recipe import TranscriberPrepared

STEM_TAPS = 7  # bins around each harmonic
SILENT = (FLOOR_DB - MIDDLE_DB) / UNIT_DB
RARE = -4.0, -3.0, 0.0  # first biases of the outputs: most pitches are silent


class Transcriber(nn.Module):
    """Levels to logits of onset, note and velocity of each pitch and frame."""

    def __init__(self, config: TranscriberConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.stem = nn.Conv2d(N_RESOLUTIONS * len(HARMONICS), width, (1, STEM_TAPS), (1, STEPS_PER_SEMITONE))
        self.attack = nn.Conv2d(width, width, (TIME_TAPS, 1), padding=(TIME_TAPS // 2, 0))
        self.blocks = nn.ModuleList(Block(config, 2**number) for number in range(config.n_blocks))
        self.out = nn.Conv2d(width, N_OUTPUTS, 1)
        self.out.bias = nn.Parameter(torch.tensor(RARE))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # nearly twice as fast on a CPU
                layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)

    def forward(self, levels: Tensor) -> Tensor:
        """Return logits ``(batch, 3, frames, 88)`` of inputs ``(batch, 2, frames, n_bins)``."""
        hidden = F.relu(self.stem(self.stacked(levels)))
        hidden = hidden + F.relu(self.attack(hidden))
        for block in self.blocks:
            hidden = block(hidden)
        logits: Tensor = self.out(hidden)
        return logits

    def stacked(self, levels: Tensor) -> Tensor:
        """Return the levels around the harmonics of each pitch, ``(batch, 16, frames, bins)``."""
        around = STEM_TAPS // 2 - 1  # bins before the first of the first pitch
        length = STEPS_PER_SEMITONE * (N_PITCHES - 1) + STEM_TAPS
        shifts = [round(STEPS_PER_OCTAVE * float(np.log2(multiple))) - around for multiple in HARMONICS]
        before = max(0, -min(shifts))
        after = max(0, max(shifts) + length - levels.shape[3])
        padded = F.pad(levels, (before, after), value=SILENT)
        return torch.cat([padded[..., before + shift : before + shift + length] for shift in shifts], dim=1)


class Block(nn.Module):
    """Convolutions over time, with taps ``dilation`` frames apart, and over pitch, added to their inputs."""

    def __init__(self, config: TranscriberConfig, dilation: int) -> None:
        super().__init__()
        width, narrow = config.channels, config.pitch_channels
        padding = (dilation * (TIME_TAPS // 2), 0)
        self.time = nn.Conv2d(width, width, (TIME_TAPS, 1), padding=padding, dilation=(dilation, 1))
        self.to_narrow = nn.Conv2d(width, narrow, 1)
        self.pitch = nn.Conv2d(narrow, narrow, (1, PITCH_TAPS), padding=(0, PITCH_TAPS // 2))
        self.from_narrow = nn.Conv2d(narrow, width, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return ``(batch, channels, frames, 88)`` of the same."""
        hidden = hidden + F.relu(self.time(hidden))
        mixed: Tensor = hidden + F.relu(self.from_narrow(F.relu(self.pitch(self.to_narrow(hidden)))))
        return mixed


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
    """Return the thresholds with the largest F of notes and then of notes with their ends, and the first F."""
    references = [
        np.concatenate([example.notes[:, :2] * config.frame_seconds, example.notes[:, 2:3] + LOWEST_PITCH], axis=1)
        for example in examples
    ]

    def f_of(thresholds: NoteThresholds, *, with_ends: bool = False) -> float:
        n_matched = n_all = 0
        for output, reference in zip(outputs, references, strict=True):
            notes = decode(output, thresholds, config.frame_seconds)
            n_matched += matches(reference, notes, with_ends=with_ends)
            n_all += len(notes) + len(reference)
        return 2 * n_matched / max(n_all, 1)

    maxima = np.sort(np.concatenate([_maxima(output[0]) for output in outputs]))[::-1]
    largest = max(float(output[1].max()) for output in outputs)
    n_notes = sum(map(len, references))
    found = {}
    for ratio, fraction in product(ONSETS_PER_NOTE, NOTES):
        onset = float(maxima[min(round(ratio * n_notes), len(maxima) - 1)]) if len(maxima) else 0.5
        thresholds = NoteThresholds(onset, fraction * largest, ENDS[0] * largest)
        found[thresholds] = f_of(thresholds)
    best = max(found, key=lambda thresholds: found[thresholds])
    ends = [replace(best, end=fraction * largest) for fraction in ENDS]
    return max(ends, key=lambda thresholds: f_of(thresholds, with_ends=True)), found[best]


def _maxima(onset: np.ndarray) -> np.ndarray:
    """Return the values at the maxima over time of ``(frames, 88)``."""
    padded = np.pad(onset, ((1, 1), (0, 0)))
    values: np.ndarray = onset[(onset > padded[:-2]) & (onset >= padded[2:])]
    return values
