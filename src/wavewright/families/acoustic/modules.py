"""The acoustic model's torch modules: text to mel frames, and the alignment that it is trained on."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...dsp.alignment import N_SYMBOL_POSITION_FEATURES
from ...nn.aligner import Aligner, alignment_score, durations_to_positions, hard_durations
from ...nn.frame_layers import ConvTransformer, Im2colConv, StyleEncoder, VariancePredictor, sequence_mask
from ...nn.network import Batch
from ...nn.phone_classifier import PhoneClassifier
from .config import N_PROSODY, AcousticConfig
from .synthesis import average_prosody

USUAL_STYLE_PROBABILITY = 0.3  # of training with a speaker's usual style instead of the recording's
USUAL_STYLE_DECAY = 0.98  # of the average over a speaker's recordings
PACE_DECAY = 0.995
PACE_RANGE = (0.5, 2.0)  # of one recording
INITIAL_STD = 0.3  # of embeddings and style tokens


class Targets(NamedTuple):
    """Durations and prosody of the symbols of recordings."""

    durations: Tensor  # frames of each symbol, ``(batch, symbols)`` int64
    prosody: Tensor  # ``(batch, symbols, N_PROSODY)``, see :func:`.synthesis.average_prosody`
    alignment_score: Tensor  # mean log-likelihood of a frame by the aligner, ``(batch,)``


class TextToMel(nn.Module):
    """FastPitch with style tokens, an aligner and a phone classifier; the module that is averaged.

    Encoder, predictors and decoder are exported as graphs; all weights are stored, so that another training can start
    from them.
    """

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        self.config = config
        channels, n_symbols, n_speakers = config.channels, len(config.symbols), config.n_speakers
        self.aligner = Aligner(n_symbols, n_speakers, config.n_mels, config.aligner_channels)
        self.phone_classifier = PhoneClassifier(config.n_mels, config.classifier_channels, n_symbols)
        self.symbol_embedding = nn.Embedding(n_symbols, channels)
        self.speaker_embedding = nn.Embedding(n_speakers, channels)
        self.style_tokens = nn.Parameter(INITIAL_STD * torch.randn(config.n_styles, channels))
        self.style_encoder = StyleEncoder(config.n_mels, config.aligner_channels, config.n_styles)
        self.usual_style = nn.Buffer(torch.full((n_speakers, config.n_styles), 1 / config.n_styles))
        self.pace = nn.Buffer(torch.ones(n_speakers))
        self.joint_alignment = nn.Buffer(torch.tensor(False))  # whether the phone classifier helps to align
        self.encoder = ConvTransformer(
            config.encoder_blocks, channels, config.hidden, config.encoder_kernel_size, config.n_heads, config.dropout
        )
        self.duration_predictor = VariancePredictor(channels, config.predictor_channels, 1, config.predictor_dropout)
        self.prosody_predictor = VariancePredictor(
            channels, config.predictor_channels, N_PROSODY, config.predictor_dropout
        )
        self.prosody_embedding = Im2colConv(N_PROSODY, channels)
        self.position_proj = nn.Linear(N_SYMBOL_POSITION_FEATURES, channels)
        self.decoder = ConvTransformer(
            config.decoder_blocks, channels, config.hidden, config.decoder_kernel_size, config.n_heads, config.dropout
        )
        self.out_proj = nn.Linear(channels, config.n_mels)
        for embedding in (self.symbol_embedding, self.speaker_embedding):
            nn.init.normal_(embedding.weight, std=INITIAL_STD)

    def encode(
        self, symbols: Tensor, speaker: Tensor, style: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Encode symbols and predict their durations and prosody.

        - ``symbols``: indices, ``(batch, symbols)``.
        - ``style``: weights of the style tokens, ``(batch, n_styles)``.
        - ``mask``: 1 for a symbol and 0 for padding, ``(batch, symbols, 1)``; None without padding.
        - returns ``encoded``: ``(batch, symbols, channels)``.
        - returns ``log_durations``: ``log(1 + frames)`` of each symbol, ``(batch, symbols)``.
        - returns ``prosody``: octaves, logit of voicing, and energy, ``(batch, symbols, N_PROSODY)``.
        """
        conditioning = (self.speaker_embedding(speaker) + style @ self.style_tokens)[:, None]
        encoded = self.encoder(self.symbol_embedding(symbols) + conditioning, mask) + conditioning
        return encoded, self.duration_predictor(encoded, mask)[..., 0], self.prosody_predictor(encoded, mask)

    def decode(
        self, encoded: Tensor, prosody: Tensor, positions: Tensor, features: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """Repeat symbols for their frames and decode these.

        - ``encoded``: ``(batch, symbols, channels)``.
        - ``prosody``: octaves times voicing, voicing, and energy, ``(batch, symbols, N_PROSODY)``.
        - ``positions``: position of each frame's symbol in the sentence, ``(batch, frames)`` int64.
        - ``features``: position of each frame in its symbol, ``(batch, frames, N_SYMBOL_POSITION_FEATURES)``.
        - ``mask``: 1 for a frame and 0 for padding, ``(batch, frames, 1)``; None without padding.
        - returns: normalised log-mel frames ``(batch, frames, n_mels)``.
        """
        symbols = encoded + self.prosody_embedding(prosody)
        frames = symbols.gather(1, positions[..., None].expand(-1, -1, symbols.shape[2]))
        mel: Tensor = self.out_proj(self.decoder(frames + self.position_proj(features), mask))
        return mel

    def is_skippable(self, symbols: Tensor) -> Tensor:
        """Return which of ``symbols (batch, symbols)`` may have no frames: the word boundaries."""
        return symbols == self.config.boundary_index

    def alignment_scores(self, batch: Batch) -> Tensor:
        """Return the aligner's log-likelihoods of a batch, ``(batch, frames, symbols)``."""
        scores: Tensor = self.aligner(
            batch["symbols"], batch["speaker"], batch["mel"], batch["prior"], batch["n_frames"], batch["n_symbols"]
        )
        return scores

    @torch.no_grad()
    def align(self, batch: Batch, scores: Tensor) -> Tensor:
        """Return the frames of each symbol on the best alignment, ``(batch, symbols)``.

        - ``batch``: see :func:`.batches.collate`.
        - ``scores``: see :meth:`alignment_scores`; with ``joint_alignment``, the phone classifier's log-probabilities
          are added.
        """
        if self.joint_alignment:
            logits = self.phone_classifier.frozen_logits(batch["mel"], frame_mask(batch))
            log_probabilities = torch.log_softmax(logits.float(), -1)
            symbols = batch["symbols"][:, None].expand(-1, log_probabilities.shape[1], -1)
            scores = scores + log_probabilities.gather(2, symbols)
        return hard_durations(scores, self.is_skippable(batch["symbols"]), batch["n_frames"], batch["n_symbols"])

    @torch.no_grad()
    def targets(self, batch: Batch) -> Targets:
        """Align a batch and measure the prosody of its symbols."""
        scores = self.alignment_scores(batch)
        durations = self.align(batch, scores)
        positions = durations_to_positions(durations, scores.shape[1])
        prosody = average_prosody(
            octaves=batch["octaves"].float().cpu().numpy(),
            voiced=batch["voiced"].float().cpu().numpy(),
            energy=batch["energy"].float().cpu().numpy(),
            durations=durations.cpu().numpy(),
            n_frames=batch["n_frames"].tolist(),
        )
        score = alignment_score(scores, positions, frame_mask(batch)[..., 0])
        return Targets(durations, torch.from_numpy(prosody).to(durations.device), score)

    def recording_styles(self, batch: Batch) -> Tensor:
        """Return the style ``(batch, n_styles)`` of each recording of a batch.

        In training, some get the usual style of their speaker instead, which is then updated.
        """
        style: Tensor = self.style_encoder(batch["mel"], frame_mask(batch))
        if not self.training:
            return style
        usual_style = self.usual_style[batch["speaker"]]
        with torch.no_grad():
            for row, speaker in enumerate(batch["speaker"].tolist()):
                self.usual_style[speaker].lerp_(style[row], 1 - USUAL_STYLE_DECAY)
        use_usual = torch.rand(len(style), 1, device=style.device) < USUAL_STYLE_PROBABILITY
        return torch.where(use_usual, usual_style, style)

    @torch.no_grad()
    def update_pace(self, speaker: Tensor, log_durations: Tensor, durations: Tensor, mask: Tensor) -> None:
        """Update the ratio of recorded to predicted durations of each speaker ``(batch,)``; ``(batch, symbols)``."""
        predicted = (torch.expm1(log_durations) * mask).sum(1).clamp(min=1.0)
        ratio = (durations * mask).sum(1) / predicted
        for row, index in enumerate(speaker.tolist()):
            self.pace[index].lerp_(ratio[row].clamp(*PACE_RANGE), 1 - PACE_DECAY)


class EncoderGraph(nn.Module):
    """Encoder and predictors as one graph; see :meth:`TextToMel.encode`."""

    def __init__(self, module: TextToMel) -> None:
        super().__init__()
        self.voice = module

    def forward(self, symbols: Tensor, speaker: Tensor, style: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return encoded symbols, log-durations and prosody."""
        return self.voice.encode(symbols, speaker, style)


class DecoderGraph(nn.Module):
    """The decoder as a graph; see :meth:`TextToMel.decode`."""

    def __init__(self, module: TextToMel) -> None:
        super().__init__()
        self.voice = module

    def forward(self, encoded: Tensor, prosody: Tensor, positions: Tensor, features: Tensor) -> Tensor:
        """Return mel frames."""
        return self.voice.decode(encoded, prosody, positions, features)


def frame_mask(batch: Batch) -> Tensor:
    """Return 1 for a frame and 0 for padding, ``(batch, frames, 1)``."""
    return sequence_mask(batch["n_frames"], batch["mel"].shape[1])


def symbol_mask(batch: Batch) -> Tensor:
    """Return 1 for a symbol and 0 for padding, ``(batch, symbols, 1)``."""
    return sequence_mask(batch["n_symbols"], batch["symbols"].shape[1])
