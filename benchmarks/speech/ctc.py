"""A recogniser of symbols, learned from a few hundred recordings or more: letters or phones of log-mel frames.

Connectionist temporal classification: Graves et al., "Connectionist temporal classification: labelling unsegmented
sequence data with recurrent neural networks", 2006.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wavewright.dsp.mel import mel_spectrogram, power_to_db
from wavewright.dubbing.stretches import RATE

N_MELS, HOP, STACKED = 40, 160, 2
LEVEL_DB, SPREAD_DB = 40.0, 20.0  # of log-mel frames below their peak
WIDTH, DILATIONS, DROPOUT = 128, (1, 2, 4, 1, 2, 4), 0.15
BATCH, LEARNING_RATE = 16, 2e-3
MASKED_BANDS, MASKED_FRAMES = 6, 12  # of an augmented recording, at most


class CtcNetwork(nn.Module):
    """Dilated convolutions from stacked log-mel frames to symbols and the blank, which is the last."""

    def __init__(self, n_symbols: int, width: int = WIDTH, dilations: Sequence[int] = DILATIONS) -> None:
        super().__init__()
        self.blank = n_symbols
        self.start = nn.Conv1d(STACKED * N_MELS, width, 5, padding=2)
        self.blocks = nn.ModuleList(nn.Conv1d(width, width, 5, padding=2 * d, dilation=d) for d in dilations)
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for _ in dilations)
        self.end = nn.Conv1d(width, n_symbols + 1, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Return log-probabilities ``(batch, symbols + 1, time)`` of frames ``(batch, STACKED * N_MELS, time)``."""
        hidden = F.gelu(self.start(frames))
        for block, norm in zip(self.blocks, self.norms, strict=True):
            hidden = hidden + F.dropout(F.gelu(block(norm(hidden))), DROPOUT, self.training)
        return F.log_softmax(self.end(hidden), dim=1)


def frames_of(wave: np.ndarray) -> Tensor:
    """Return the stacked log-mel frames ``(STACKED * N_MELS, time)`` of a wave ``(time,)`` at 16 kHz."""
    mel = power_to_db(mel_spectrogram(np.pad(wave, (0, max(0, 4_000 - len(wave)))), RATE, 512, HOP, N_MELS), floor=1e-8)
    mel = (mel - mel.max() + LEVEL_DB) / SPREAD_DB  # not by its own spectrum, which is that of its vowel if it has one
    n_frames = mel.shape[1] // STACKED * STACKED
    stacked = mel[:, :n_frames].T.reshape(-1, STACKED * N_MELS).T
    return torch.from_numpy(np.ascontiguousarray(stacked, np.float32))


def train(
    network: CtcNetwork,
    waves: Sequence[np.ndarray],
    targets: Sequence[Sequence[int]],
    n_epochs: int,
    seed: int,
    on_epoch: Callable[[int, float], None] | None = None,
) -> CtcNetwork:
    """Return a network that has learned from recordings ``(time,)`` at 16 kHz and the numbers of their symbols.

    ``on_epoch`` is called with the number of each epoch, from 1, and its mean loss of a symbol.
    """
    rng = np.random.default_rng(seed)
    frames, wanted = [frames_of(wave) for wave in waves], [torch.tensor(each) for each in targets]
    n_batches = -(-len(frames) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, n_epochs * n_batches)
    network.train()
    for epoch in range(1, n_epochs + 1):
        order = np.argsort([each.shape[1] + rng.uniform(0, 40) for each in frames])  # batches of like lengths
        batches = np.array_split(order, n_batches)
        total = 0.0
        for number in rng.permutation(n_batches):
            chosen = batches[number]
            given = [_augmented(frames[index], rng) for index in chosen]
            loss = ctc_losses(network, given, [wanted[index] for index in chosen]).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        if on_epoch is not None:
            on_epoch(epoch, total / n_batches)
    return network.eval()


def ctc_losses(network: CtcNetwork, frames: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    """Return the loss of each recording, divided by the number of its symbols, ``(recordings,)``."""
    lengths = torch.tensor([each.shape[1] for each in frames])
    padded = nn.utils.rnn.pad_sequence([each.T for each in frames], batch_first=True).transpose(1, 2)
    sizes = torch.tensor([len(each) for each in targets])
    losses = F.ctc_loss(
        network(padded).permute(2, 0, 1),
        torch.cat(list(targets)),
        lengths,
        sizes,
        blank=network.blank,
        reduction="none",
        zero_infinity=True,
    )
    return losses / sizes


@torch.no_grad()
def best_symbols(network: CtcNetwork, wave: np.ndarray) -> list[int]:
    """Return the symbols of the most likely path through the frames of a wave ``(time,)`` at 16 kHz."""
    best = network(frames_of(wave)[None])[0].argmax(dim=0)
    return [int(symbol) for symbol in torch.unique_consecutive(best) if symbol != network.blank]


@torch.no_grad()
def path_likelihood(network: CtcNetwork, wave: np.ndarray) -> float:
    """Return the mean log-likelihood of a frame on the most likely path through a wave ``(time,)`` at 16 kHz."""
    return float(network(frames_of(wave)[None])[0].amax(dim=0).mean())


@torch.no_grad()
def most_likely(network: CtcNetwork, wave: np.ndarray, targets: Sequence[Sequence[int]]) -> int:
    """Return the number of the target with the highest likelihood for a wave ``(time,)`` at 16 kHz."""
    scores = network(frames_of(wave)[None]).permute(2, 0, 1)
    losses = F.ctc_loss(
        scores.expand(-1, len(targets), -1),
        torch.cat([torch.tensor(each) for each in targets]),
        torch.full((len(targets),), len(scores)),
        torch.tensor([len(each) for each in targets]),
        blank=network.blank,
        reduction="none",
    )
    return int(losses.argmin())


def _augmented(frames: Tensor, rng: np.random.Generator) -> Tensor:
    """Return frames at another speed, with a few bands and frames masked."""
    length = max(round(frames.shape[1] * rng.uniform(0.9, 1.1)), 1)
    changed = F.interpolate(frames[None], size=length, mode="linear")[0].clone()
    band, n_bands = rng.integers(N_MELS), rng.integers(MASKED_BANDS)
    changed.view(STACKED, N_MELS, -1)[:, band : band + n_bands] = 0.0
    start = rng.integers(length)
    changed[:, start : start + rng.integers(MASKED_FRAMES)] = 0.0
    return changed
