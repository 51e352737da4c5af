"""The training of the family ``vocoder``: build, evaluate and export its network."""

from __future__ import annotations

import numpy as np
import torch

from ...dsp.speech_mel import mel_to_features
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.network import FamilyTraining
from ...nn.spectral_losses import MelDistance
from .config import FRAMES_FILE, WEIGHT_PREFIX, VocoderConfig
from .losses import limit_bandwidth
from .modules import FilterNetwork
from .network import VocoderNetwork
from .pitch_bins import logits_to_hz
from .pulses import PulseTrain
from .recipe import VocoderPrepared
from .synthesis import NOISE_REDUCTION, StreamingSynthesis

MEL_SCALES = ((512, 80), (1024, 80))  # (samples at 16 kHz, bands) of valid/mel
PITCH_TOLERANCE_OCTAVES = 1 / 24  # 50 cents, as for the raw pitch accuracy of mir_eval
RECORDING, COPY = "recording", "copy"  # titles of samples


class VocoderTraining(FamilyTraining[VocoderConfig, FilterNetwork, VocoderPrepared]):
    """The part of the family that needs PyTorch."""

    network = VocoderNetwork

    @torch.no_grad()
    def evaluate(self, module: FilterNetwork, prepared: VocoderPrepared) -> dict[str, float]:
        """Return the validation metrics; empty without validation data.

        Held-out recordings are resynthesised as at inference: with the predicted pitch and with noise reduction, from
        mel frames that are not degraded. ``valid/mel`` is their log-mel distance in nats, within the bandwidth of each
        recording; ``valid/pitch`` is the fraction of voiced intervals whose pitch is off by more than 50 cents (1 minus
        the raw pitch accuracy).
        """
        config, clips = module.config, prepared.valid
        if not clips:
            return {}
        scale = config.sample_rate / 16_000
        mel_distance = MelDistance(config.sample_rate, [(round(n_fft * scale), bands) for n_fft, bands in MEL_SCALES])
        distances = []
        n_voiced = n_wrong = 0
        for row in range(len(clips["wave"])):
            wave, f0_hz = resynthesise(module, clips["mel"][row])
            waves = torch.from_numpy(np.stack([clips["wave"][row, : len(wave)], wave]))
            waves = limit_bandwidth(waves, torch.full((2,), float(clips["bandwidth"][row])))
            distances.append(float(mel_distance(waves[:1], waves[1:])))
            is_voiced = clips["pitch_weight"][row] == 1
            error_octaves = np.abs(np.log2(f0_hz[is_voiced] / clips["f0_hz"][row][is_voiced]))
            n_voiced += int(is_voiced.sum())
            n_wrong += int((error_octaves > PITCH_TOLERANCE_OCTAVES).sum())
        return {"valid/mel": float(np.mean(distances)), "valid/pitch": n_wrong / max(n_voiced, 1)}

    @torch.no_grad()
    def samples(self, module: FilterNetwork, prepared: VocoderPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few recordings and their resyntheses ``(1, time)``, with titles."""
        clips, titles = [], []
        for recording, mel in zip(prepared.examples["wave"], prepared.examples["mel"], strict=True):
            wave, _ = resynthesise(module, mel)
            clips += [recording[None, : len(wave)], np.clip(wave, -1.0, 1.0)[None]]
            titles += [RECORDING, COPY]
        return clips, titles

    @torch.no_grad()
    def export(self, module: FilterNetwork, prepared: VocoderPrepared) -> ExportSpec:
        """Return the graph of the filter network, its weights, and a few resyntheses as the sample."""
        features = torch.as_tensor(np.stack([mel_to_features(mel.T) for mel in prepared.examples["mel"][:2]]))
        memory = torch.zeros(len(features), sum(module.memory_sizes))
        graph = GraphSpec(
            module,
            {"features": features, "memory": memory},
            ("filter_parameters", "pitch_logits", "next_memory"),
            dynamic_axes={"features": (1,), "filter_parameters": (1,), "pitch_logits": (1,)},  # time
        )
        clips, titles = self.samples(module, prepared)
        copies = [clip for clip, title in zip(clips, titles, strict=True) if title == COPY]
        return ExportSpec(
            graphs={FRAMES_FILE: graph},
            sample=np.concatenate(copies, axis=1),
            weights={f"{WEIGHT_PREFIX}{name}": weight.numpy() for name, weight in module.named_parameters()},
        )


@torch.no_grad()
def resynthesise(module: FilterNetwork, mel: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Synthesise a wave as the runtime does, with the network in PyTorch.

    Parameters
    ----------
    module : FilterNetwork
        The network.
    mel : np.ndarray
        Log-mel frames ``(1 + intervals + look_ahead, n_mels)``.
    seed : int
        Of the noise.

    Returns
    -------
    wave : np.ndarray
        ``(intervals * hop_length - delay,)`` float32, without delay.
    f0_hz : np.ndarray
        Predicted pitch at the end of each interval, ``(intervals,)``.
    """
    config, device = module.config, next(module.parameters()).device
    parameters, pitch_logits, _ = module(torch.as_tensor(mel_to_features(mel.T)[None], device=device))
    f0_hz = logits_to_hz(pitch_logits[0].float().cpu().numpy())
    pulses = PulseTrain(config.sample_rate, config.hop_length).push(f0_hz)
    noise = np.random.default_rng(seed).standard_normal(len(pulses), np.float32)
    synthesis = StreamingSynthesis(config, NOISE_REDUCTION)
    wave = synthesis.push(parameters[0].float().cpu().numpy(), mel[1 : len(f0_hz) + 2].T, pulses, noise)
    return wave[config.delay :], f0_hz
