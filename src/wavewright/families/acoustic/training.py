"""The training of the family ``acoustic``: build, evaluate and export its network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...base.result import Failed
from ...contracts.runtime import NEUTRAL, Utterance
from ...dsp.mel import F_MAX_HZ, MEL_FLOOR, MEL_STD, mel_filterbank, power_scale
from ...dsp.phase import griffin_lim, mel_to_power
from ...nn.adversarial_losses import feature_distance
from ...nn.aligner import forward_sum_loss, frame_positions
from ...nn.frame_critics import MelCritic
from ...nn.frame_layers import sequence_mask
from ...nn.network import AdversarialNetwork, Batch, ExportSpec, FamilyTraining, GraphSpec, Turn
from ...nn.phone_classifier import phone_loss
from .batches import SpeechClip, collate, low_outliers
from .config import DECODER_FILE, ENCODER_FILE, SPEAKERS_FILE, WEIGHT_PREFIX, AcousticConfig
from .modules import DecoderGraph, EncoderGraph, TextToMel, frame_mask, symbol_mask
from .recipe import AcousticPrepared
from .synthesis import VOICING_THRESHOLD, SymbolSentence, synthesise

SSIM_SIZE, SSIM_STRIDE = 7, 3  # bands and frames of a window, and from one window to the next
SSIM_MEAN_FLOOR, SSIM_VARIANCE_FLOOR = 0.01, 0.03  # keep flat windows from counting
ENVELOPE_SIZE = 5  # bands and frames that are averaged


def mel_losses(reference: Tensor, estimate: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Compute L1 distance and structural dissimilarity of mel frames.

    - ``reference``, ``estimate``: normalised log-mel frames ``(batch, frames, n_mels)``; the estimate is 0 for padding.
    - ``mask``: 1 for a frame and 0 for padding, ``(batch, frames, 1)``.
    - returns: ``mel/l1`` and ``mel/ssim``, 1 minus the structural similarity; ``()`` each.

    References
    ----------
    Z. Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004; here with square
    windows.
    """
    with torch.autocast(reference.device.type, enabled=False):
        reference = reference.float() * mask
        l1 = ((estimate - reference).abs() * mask).sum() / (mask.sum() * reference.shape[-1])
        moments = torch.stack([reference, estimate, reference**2, estimate**2, reference * estimate], 1)
        mean_r, mean_e, square_r, square_e, product = F.avg_pool2d(moments, SSIM_SIZE, SSIM_STRIDE).unbind(1)
        luminance = (2 * mean_r * mean_e + SSIM_MEAN_FLOOR) / (mean_r**2 + mean_e**2 + SSIM_MEAN_FLOOR)
        variance = square_r - mean_r**2 + square_e - mean_e**2
        structure = (2 * (product - mean_r * mean_e) + SSIM_VARIANCE_FLOOR) / (variance + SSIM_VARIANCE_FLOOR)
        weight = F.avg_pool2d(mask[:, None], (SSIM_SIZE, 1), (SSIM_STRIDE, 1))[:, 0]
        similarity = (luminance * structure * weight).sum() / (weight.sum() * luminance.shape[-1])
        return {"mel/l1": l1, "mel/ssim": 1 - similarity}


def envelope_distance(reference: Tensor, estimate: Tensor, mask: Tensor) -> Tensor:
    """Compute the L1 distance of smoothed mel frames.

    By :func:`mel_losses` an estimate with realistic but random fine structure is farther from a recording than a
    blurred one; by this distance it is not.
    """
    difference = F.avg_pool2d(((estimate - reference) * mask)[:, None], ENVELOPE_SIZE, 1)[:, 0].abs()
    weight = F.avg_pool2d(mask[:, None], (ENVELOPE_SIZE, 1), 1)[:, 0]
    return (difference * weight).sum() / (weight.sum() * difference.shape[-1]).clamp(min=1.0)


def prosody_losses(
    log_durations: Tensor, predicted: Tensor, durations: Tensor, target: Tensor, mask: Tensor
) -> dict[str, Tensor]:
    """Compute the squared errors of predicted durations, pitch, voicing and energy.

    - ``log_durations``: predicted ``log(1 + frames)`` of each symbol, ``(batch, symbols)``.
    - ``predicted``: octaves, logit of voicing, and energy, ``(batch, symbols, 3)``.
    - ``durations``: frames of each symbol, ``(batch, symbols)``.
    - ``target``: octaves times voicing, voicing, and energy, ``(batch, symbols, 3)``.
    - ``mask``: 1 for a symbol and 0 for padding, ``(batch, symbols)``.
    - returns: ``duration/square``, ``pitch/square`` (of voiced symbols), ``voicing/square``, ``energy/square``; ``()``
      each.
    """
    voicing = target[..., 1]
    octaves = target[..., 0] / voicing.clamp(min=1e-3)
    differences = {
        "duration/square": (log_durations - torch.log1p(durations.float()), mask),
        "pitch/square": (predicted[..., 0] - octaves, voicing * mask),
        "voicing/square": (torch.sigmoid(predicted[..., 1]) - voicing, mask),
        "energy/square": (predicted[..., 2] - target[..., 2], mask),
    }
    return {
        name: (difference.square() * weight).sum() / weight.sum().clamp(min=1.0)
        for name, (difference, weight) in differences.items()
    }


MAX_LOG_POWER = 20.0  # of a band; the exponential of more could overflow


def mel_to_wave(mel: np.ndarray, config: AcousticConfig) -> np.ndarray:
    """Return a wave ``(frames * hop_length,)`` whose log-mel frames are close to ``mel (n_mels, frames)``."""
    power = np.maximum(np.exp(np.minimum(mel, MAX_LOG_POWER)) - MEL_FLOOR, 0.0) / power_scale(config.mel_n_fft)
    filters = mel_filterbank(config.sample_rate, config.mel_n_fft, config.n_mels, f_max_hz=F_MAX_HZ)
    magnitude = np.sqrt(mel_to_power(power, filters))
    wave = griffin_lim(magnitude, config.mel_n_fft, config.hop_length, n_samples=mel.shape[1] * config.hop_length)
    clipped: np.ndarray = np.clip(wave, -1.0, 1.0)
    return clipped.astype(np.float32)


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


N_SAMPLES = 4
MAX_EXAMPLE_FRAMES = 8  # of a symbol, in the example of the export


class AcousticTraining(FamilyTraining[AcousticConfig, TextToMel, AcousticPrepared]):
    """The part of the family that needs PyTorch."""

    network = AcousticNetwork

    @torch.no_grad()
    def evaluate(self, module: TextToMel, prepared: AcousticPrepared) -> dict[str, float]:
        """Return the validation metrics, see :func:`batch_metrics`; empty without validation data."""
        if prepared.valid is None:
            return {}
        rows = prepared.valid.by_length()
        metrics = [batch_metrics(module, to_tensors(prepared.valid.of(each), module)) for each in rows]
        sizes = [len(each) for each in rows]
        return {name: float(np.average([each[name] for each in metrics], weights=sizes)) for name in metrics[0]}

    @torch.no_grad()
    def samples(self, module: TextToMel, prepared: AcousticPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few sentences by Griffin-Lim, each followed by its recording's own frames, with titles."""
        waves, titles = [], []
        for clip in prepared.examples[:N_SAMPLES]:
            for mel in (synthesise_clip(module, clip).mel, clip.mel.T.astype(np.float32)):
                waves.append(mel_to_wave(mel, module.config)[None])
            titles += [str(clip.entry.text), "recorded frames"]
        return waves, titles

    @torch.no_grad()
    def export(self, module: TextToMel, prepared: AcousticPrepared) -> ExportSpec:
        """Return the graphs of encoder and decoder, all weights, the speakers' tables, and a sentence as the sample."""
        clip = max(prepared.examples, key=lambda each: each.n_frames)  # many symbols in many contexts
        symbols = torch.as_tensor(clip.symbols)[None].repeat(2, 1)
        speaker = torch.tensor([clip.speaker, 0])
        style = module.usual_style[speaker]
        encoded, log_durations, prosody = module.encode(symbols, speaker, style)
        durations = torch.expm1(log_durations).round().long().clamp(1, MAX_EXAMPLE_FRAMES)[:1].repeat(2, 1)
        positions, features = frame_positions(durations, int(durations[0].sum()))
        encoder = GraphSpec(
            EncoderGraph(module),
            {"symbols": symbols, "speaker": speaker, "style": style},
            ("encoded", "log_durations", "prosody"),
            {"symbols": (1,), "encoded": (1,), "log_durations": (1,), "prosody": (1,)},
        )
        decoder = GraphSpec(
            DecoderGraph(module),
            {"encoded": encoded, "prosody": prosody, "positions": positions, "features": features},
            ("mel",),
            {"encoded": (1,), "prosody": (1,), "positions": (1,), "features": (1,), "mel": (1,)},
        )
        return ExportSpec(
            graphs={ENCODER_FILE: encoder, DECODER_FILE: decoder},
            sample=mel_to_wave(synthesise_clip(module, clip).mel, module.config)[None],
            files={SPEAKERS_FILE: {"usual_style": module.usual_style.numpy(), "pace": module.pace.numpy()}},
            weights={f"{WEIGHT_PREFIX}{name}": weight.numpy() for name, weight in module.named_parameters()},
        )

    @torch.no_grad()
    def suspect_clips(self, module: TextToMel, prepared: AcousticPrepared, step: int) -> list[Failed] | None:
        """Return the training clips whose texts may be wrong, worst first; None while the aligner is trained."""
        if step < module.config.synthesis_from:
            return None
        batches = prepared.batches
        scores = np.empty(len(batches.clips))
        for rows in batches.by_length():
            scores[rows] = module.targets(to_tensors(batches.of(rows), module)).alignment_score.cpu().numpy()
        return suspect_problems(batches.clips, scores)


def suspect_problems(clips: list[SpeechClip], scores: np.ndarray) -> list[Failed]:
    """Return the clips whose scores, the mean log-likelihood of a frame ``(clips,)``, are far too low, worst first."""
    median = np.median(scores)
    failed = []
    for row in low_outliers(scores):
        entry = clips[row].entry
        reason = f"its sound fits its text badly ({scores[row]:.2f} nats a frame, usual is {median:.2f}): {entry.text}"
        failed.append(Failed(entry.path, reason))
    return failed


def to_tensors(batch: Mapping[str, np.ndarray], module: TextToMel) -> Batch:
    """Return a batch as tensors on the module's device."""
    device = module.out_proj.weight.device
    return {name: torch.as_tensor(array, device=device) for name, array in batch.items()}


def batch_metrics(module: TextToMel, batch: Batch) -> dict[str, float]:
    """Compute the validation metrics of a batch.

    - returns: ``valid/mel``: L1 distance of log-mel frames in nats, with the recordings' durations and prosody.
      ``valid/envelope``: the same of smoothed frames, see :func:`envelope_distance`.
      ``valid/free_running``: the L1 distance with predicted durations and prosody, warped to the recordings' time.
      ``valid/duration_ms``: mean absolute error of a symbol's duration. ``valid/pitch_semitones``: mean absolute error
      of the pitch of a voiced symbol. ``valid/alignment``: mean log-likelihood of a frame by the aligner, nats.
    """
    config = module.config
    symbols, frames = symbol_mask(batch), frame_mask(batch)
    durations, prosody, alignment_score = module.targets(batch)
    usual_style = module.usual_style[batch["speaker"]]
    encoded, log_durations, predicted_prosody = module.encode(batch["symbols"], batch["speaker"], usual_style, symbols)
    positions, features = frame_positions(durations, batch["mel"].shape[1])
    mel = module.decode(encoded, prosody, positions, features, frames)

    predicted = torch.expm1(log_durations) * module.pace[batch["speaker"]][:, None]
    predicted = torch.maximum(predicted.round(), ~module.is_skippable(batch["symbols"]))
    predicted_durations = predicted.long() * symbols[..., 0].long()
    octaves, voicing = predicted_prosody[..., 0], torch.sigmoid(predicted_prosody[..., 1])
    decoder_prosody = torch.stack([octaves * voicing, voicing, predicted_prosody[..., 2]], -1)
    free_running = _warped_mel(module, encoded, decoder_prosody, predicted_durations, positions, features)

    is_voiced = symbols[..., 0] * (prosody[..., 1] > VOICING_THRESHOLD)
    semitones = 12 * (octaves - prosody[..., 0] / prosody[..., 1].clamp(min=1e-3)).abs()
    frame_ms = 1e3 * config.hop_length / config.sample_rate
    return {
        "valid/mel": MEL_STD * float(mel_losses(batch["mel"], mel, frames)["mel/l1"]),
        "valid/envelope": MEL_STD * float(envelope_distance(batch["mel"], mel, frames)),
        "valid/free_running": MEL_STD * float(mel_losses(batch["mel"], free_running, frames)["mel/l1"]),
        "valid/duration_ms": frame_ms * float((predicted_durations - durations).abs().sum() / symbols.sum()),
        "valid/pitch_semitones": float((semitones * is_voiced).sum() / is_voiced.sum().clamp(min=1)),
        "valid/alignment": float(alignment_score.mean()),
    }


def _warped_mel(
    module: TextToMel, encoded: Tensor, prosody: Tensor, durations: Tensor, positions: Tensor, features: Tensor
) -> Tensor:
    """Decode with predicted ``durations (batch, symbols)`` and warp each symbol to its recorded frames.

    ``positions`` and ``features`` are those of the recorded frames; so many come back, ``(batch, frames, n_mels)``.
    """
    n_frames = durations.sum(1)
    max_frames = int(n_frames.max())
    own_positions, own_features = frame_positions(durations, max_frames)
    mel = module.decode(encoded, prosody, own_positions, own_features, sequence_mask(n_frames, max_frames))
    duration = durations.gather(1, positions)
    start = (durations.cumsum(1) - durations).gather(1, positions)
    relative = features[..., 0] + 0.5  # position of the recorded frame in its symbol, 0 to 1
    offset = torch.minimum((relative * duration).long(), (duration - 1).clamp(min=0))
    index = torch.minimum(start + offset, n_frames[:, None] - 1)
    return mel.gather(1, index[..., None].expand(-1, -1, mel.shape[2]))


class _TorchModel:
    """Encoder and decoder of a module for :func:`.synthesis.synthesise`: arrays of one sentence in and out."""

    def __init__(self, module: TextToMel) -> None:
        self.module = module

    def encode(self, symbols: np.ndarray, speaker: int, style: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        encoded, log_durations, prosody = self.module.encode(
            self._tensor(symbols), self._tensor(np.array(speaker)), self._tensor(style)
        )
        return self._array(encoded), self._array(log_durations), self._array(prosody)

    def decode(
        self, encoded: np.ndarray, prosody: np.ndarray, positions: np.ndarray, features: np.ndarray
    ) -> np.ndarray:
        inputs = (self._tensor(array) for array in (encoded, prosody, positions, features))
        return self._array(self.module.decode(*inputs))

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, device=self.module.out_proj.weight.device)[None]

    def _array(self, tensor: Tensor) -> np.ndarray:
        array: np.ndarray = tensor[0].float().cpu().numpy()
        return array


def synthesise_clip(module: TextToMel, clip: SpeechClip) -> Utterance:
    """Return the text of a clip in the usual style of its speaker, by the network in training."""
    style = module.usual_style[clip.speaker].cpu().numpy()
    pace = float(module.pace[clip.speaker])
    sentence = SymbolSentence(clip.symbols, clip.speaker, style, pace, **NEUTRAL.for_symbols(len(clip.symbols)))
    return synthesise(_TorchModel(module), module.config, sentence)


@torch.no_grad()
def predicted_mel(module: TextToMel, clip: SpeechClip) -> np.ndarray:
    """Return normalised log-mel frames ``(frames, n_mels)`` with a recording's own durations and prosody."""
    batch = to_tensors(collate([clip]), module)
    durations, prosody, _ = module.targets(batch)
    encoded, _, _ = module.encode(batch["symbols"], batch["speaker"], module.usual_style[batch["speaker"]])
    positions, features = frame_positions(durations, clip.n_frames)
    mel: np.ndarray = module.decode(encoded, prosody, positions, features)[0].cpu().numpy()
    return mel
