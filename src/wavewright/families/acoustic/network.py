"""The network that the training loop trains: players, losses and turns of a voice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...nn.aligner import forward_sum_loss, frame_positions
from ...nn.frame_critics import MelCritic
from ...nn.losses import feature_distance
from ...nn.network import AdversarialNetwork, Batch, Turn
from ...nn.phone_classifier import phone_loss
from ...nn.speech_losses import mel_losses, prosody_losses
from .config import AcousticConfig
from .modules import TextToMel, frame_mask, symbol_mask


class AcousticNetwork(AdversarialNetwork[MelCritic]):
    """Text to mel, and the critics of its frames.

    Four stages: the aligner alone; encoder, predictors, decoder and phone classifier on its alignment; the same on the
    joint alignment of aligner and phone classifier; the same with critics.
    """

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__(config.adversarial_from)
        self.config = config
        self.voice = TextToMel(config)
        self.critics = MelCritic(config.n_mels, config.critic_channels) if config.adversarial_from else None

    def players(self) -> dict[str, nn.Module]:
        """Return text to mel, and the critics if there are any."""
        return {"voice": self.voice} if self.critics is None else {"voice": self.voice, "critics": self.critics}

    def inference_module(self) -> TextToMel:
        """Return text to mel."""
        return self.voice

    def stage_starts(self) -> tuple[int, ...]:
        """Return the steps at which the stages start."""
        config = self.config
        optional = {step for step in (config.joint_alignment_from, config.adversarial_from) if step}
        return tuple(sorted({0, config.synthesis_from} | optional))

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of every loss of a step."""
        if step < self.config.synthesis_from:
            return {"align/forward_sum": 1.0}
        weights = {
            "mel/l1": 5.0,
            "mel/ssim": 1.0,
            "duration/square": 1.0,
            "phone/recorded": 1.0,
            "pitch/square": 2.0,
            "voicing/square": 1.0,
            "energy/square": 0.5,
        }
        if self.active_critics(step) is not None:
            weights |= {"adv/critic": 1.0, "adv/generator": 0.2, "adv/features": 2.0, "phone/predicted": 0.5}
        return weights

    def turns(self, step: int) -> list[Turn]:
        """Return the turn of text to mel, preceded by that of the critics once they are active."""
        if step < self.config.synthesis_from:
            return [("voice", self._alignment_losses)]
        self.voice.joint_alignment.fill_(0 < self.config.joint_alignment_from <= step)
        return self.adversarial_turns(
            step, "voice", self._synthesis_losses, self._critic_losses, self._adversarial_losses
        )

    def _alignment_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the forward-sum loss of the aligner."""
        scores = self.voice.alignment_scores(batch)
        is_skippable = self.voice.is_skippable(batch["symbols"])
        return {"align/forward_sum": forward_sum_loss(scores, is_skippable, batch["n_frames"], batch["n_symbols"])}

    def _synthesis_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of the predictors, the phone classifier and the mel frames."""
        losses = self._predict(batch)
        return losses | mel_losses(batch["mel"], batch["predicted_mel"], frame_mask(batch))

    def _critic_losses(self, batch: Batch, critics: MelCritic) -> dict[str, Tensor]:
        """Return the hinge loss of the critics; the prediction stays in the batch for the other turn."""
        batch["losses"] = self._predict(batch)
        mask = frame_mask(batch)
        real_logits, _ = critics(batch["mel"] * mask)
        fake_logits, _ = critics(batch["predicted_mel"].detach())
        hinge = (F.relu(1 - real_logits) + F.relu(1 + fake_logits)) * mask
        return {"adv/critic": hinge.sum() / (mask.sum() * real_logits.shape[-1])}

    def _adversarial_losses(self, batch: Batch, critics: MelCritic) -> dict[str, Tensor]:
        """Return the synthesis losses, those of the generator, and the phone loss of the predicted frames."""
        mask = frame_mask(batch)
        with torch.no_grad():
            _, real_features = critics(batch["mel"] * mask)
        fake_logits, fake_features = critics(batch["predicted_mel"])
        phone_logits = self.voice.phone_classifier.frozen_logits(batch["predicted_mel"], mask)
        losses: dict[str, Tensor] = batch["losses"]
        return {
            **losses,
            **mel_losses(batch["mel"], batch["predicted_mel"], mask),
            "phone/predicted": phone_loss(phone_logits, batch["symbols"], batch["positions"], mask),
            "adv/generator": -(fake_logits * mask).sum() / (mask.sum() * fake_logits.shape[-1]),
            "adv/features": feature_distance(real_features, fake_features),
        }

    def _predict(self, batch: Batch) -> dict[str, Tensor]:
        """Add ``predicted_mel``, with the recorded prosody, and ``positions`` to a batch; return the other losses."""
        voice = self.voice
        durations, prosody, _ = voice.targets(batch)
        symbols, frames = symbol_mask(batch), frame_mask(batch)
        encoded, log_durations, predicted_prosody = voice.encode(
            batch["symbols"], batch["speaker"], voice.recording_styles(batch), symbols
        )
        positions, features = frame_positions(durations, batch["mel"].shape[1])
        batch["positions"] = positions
        batch["predicted_mel"] = voice.decode(encoded, prosody, positions, features, frames).float() * frames
        log_durations = log_durations.float()
        voice.update_pace(batch["speaker"], log_durations, durations, symbols[..., 0])
        losses = prosody_losses(log_durations, predicted_prosody.float(), durations, prosody, symbols[..., 0])
        phone_logits = voice.phone_classifier(batch["mel"], frames)
        return losses | {"phone/recorded": phone_loss(phone_logits, batch["symbols"], positions, frames)}
