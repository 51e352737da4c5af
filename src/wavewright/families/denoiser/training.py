"""Training of the family ``denoiser``: evaluate, sample and export the network.

Losses of enhanced spectra: compressed complex spectra and magnitudes; of the wave: SI-SDR and audible error.
With ``loss=consistent`` they are magnitudes, complex spectra, the distance of the spectra from those of the wave that
they are synthesised to, and the absolute error of the wave.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ...nn.audible import AudibleDistance
from ...nn.frequency_layers import normalisation
from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, SinglePlayerNetwork
from .config import BLOCK_FRAMES, FRAME_FILE, LOOKAHEAD_FRAMES, MIN_MAGNITUDE, WEIGHT_PREFIX, DenoiserConfig
from .modules import Denoiser, DenoiserFrames
from .recipe import DenoiserPrepared

MIXTURE_FRACTION = 0.15
"""Smallest level that spectra are divided by, over that of the mixture, where the target is quieter or silent."""
MAX_SI_SDR_DB = 40.0  # from which on a better wave costs no less
SILENCE = 1e-4  # largest sample of a target that counts as silent
MAX_LEVELLING = 2.0  # factor by which a level is corrected
MIN_LEVELLED = 1e-6  # fraction of the power of speech that is above 8 kHz, where that is corrected

CONSISTENT_WEIGHTS = {"stft/complex": 20.0, "stft/magnitude": 30.0, "stft/consistency": 30.0, "wave/l1": 20.0}
"""Weights of ``loss=consistent``.

References
----------
S. Ahn et al., "FastEnhancer: Speed-Optimized Streaming Neural Speech Enhancement", 2025.
Y.-X. Lu et al., "MP-SENet: A Speech Enhancement Model with Parallel Denoising of Magnitude and Phase Spectra", 2023.
"""
WEIGHTS = {"stft/complex": 30.0, "stft/magnitude": 70.0, "stft/missing": 35.0, "wave/si_sdr": 0.3, "wave/audible": 3.0}


def denoiser_losses(denoiser: Denoiser, batch: Batch, audible: AudibleDistance | None = None) -> dict[str, Tensor]:
    """Return the losses of a batch, as :class:`.recipe.DenoiserBatches` makes it; those of waves without silence."""
    enhanced = denoiser(batch["inputs"], batch["dereverb"])
    with torch.autocast(enhanced.device.type, enabled=False):
        target = denoiser.analyse(batch["target"])
        level = torch.maximum(rms(target), MIXTURE_FRACTION * rms(denoiser.analyse(batch["inputs"][:, 0]))).clamp_min(
            1e-4
        )
        losses = compressed_distances(enhanced / level, target / level, denoiser.config.exponent)
        if denoiser.config.loss == "consistent":
            del losses["stft/missing"]
            return losses | _consistency(denoiser, enhanced, batch["target"], level)
        is_audible = batch["target"].abs().amax(1) > SILENCE
        targets = batch["target"][is_audible]
        waves = denoiser.synthesise(enhanced, batch["target"].shape[1])[is_audible]
        n_audible = max(len(targets), 1)
        losses["wave/si_sdr"] = -si_sdr_db(waves, targets).clamp_max(MAX_SI_SDR_DB).sum() / n_audible
        if audible:
            losses["wave/audible"] = audible(targets, waves) if len(targets) else waves.sum()
        return losses


def _consistency(denoiser: Denoiser, enhanced: Tensor, target: Tensor, level: Tensor) -> dict[str, Tensor]:
    """Return the distance of spectra from those of their wave, and the error of the wave over its level."""
    wave = denoiser.synthesise(enhanced, target.shape[1])
    spectra = denoiser.analyse(wave)
    exponent = denoiser.config.exponent
    difference = _compressed(enhanced / level, exponent)[0] - _compressed(spectra / level, exponent)[0]
    # A spectrum's root mean square is about that of the wave times the root of the hop length.
    wave_level = level[..., 0] / denoiser.config.hop_length**0.5
    return {
        "stft/consistency": (difference.real.square() + difference.imag.square()).mean(),
        "wave/l1": ((wave - target) / wave_level).abs().mean(),
    }


def rms(spectra: Tensor) -> Tensor:
    """Return the root mean square ``(batch, 1, 1)`` of spectra ``(batch, frames, bins)``."""
    power = spectra.real.square() + spectra.imag.square()
    return power.mean((1, 2), keepdim=True).sqrt()


def compressed_distances(estimate: Tensor, target: Tensor, exponent: float) -> dict[str, Tensor]:
    """Return the mean squared distances of spectra whose magnitudes are raised to a power.

    References
    ----------
    K. Wilson et al., "Exploring tradeoffs in models for low-latency speech enhancement", 2018 (power-law compression);
    S. Braun, I. Tashev, "A consolidated view of loss functions for supervised deep learning-based speech
    enhancement", 2021; Q. Wang et al., "VoiceFilter-Lite", 2020 (what is missing costs more than what is left over, so
    that speech of unknown voices stays intelligible).
    """
    estimate, estimated_magnitude = _compressed(estimate, exponent)
    target, target_magnitude = _compressed(target, exponent)
    difference = estimate - target
    excess = estimated_magnitude - target_magnitude
    return {
        "stft/complex": (difference.real.square() + difference.imag.square()).mean(),
        "stft/magnitude": excess.square().mean(),
        "stft/missing": excess.clamp_max(0.0).square().mean(),
    }


def _compressed(spectra: Tensor, exponent: float) -> tuple[Tensor, Tensor]:
    magnitude = (spectra.real.square() + spectra.imag.square() + MIN_MAGNITUDE).sqrt()
    compressed = magnitude**exponent
    return spectra * (compressed / magnitude), compressed


def si_sdr_db(estimate: Tensor, target: Tensor) -> Tensor:
    """Return the scale-invariant signal-to-distortion ratio ``(batch,)`` in dB of waves ``(batch, time)``.

    References
    ----------
    J. Le Roux et al., "SDR - half-baked or well done?", 2019.
    """
    scale = (estimate * target).sum(1, keepdim=True) / (target.square().sum(1, keepdim=True) + 1e-8)
    projection = scale * target
    distortion = estimate - projection
    ratio = (projection.square().sum(1) + 1e-9) / (distortion.square().sum(1) + 1e-9)
    return 10 * torch.log10(ratio)


class DenoiserNetwork(SinglePlayerNetwork[Denoiser]):
    """The denoiser and the losses that it minimises."""

    def __init__(self, config: DenoiserConfig) -> None:
        audible = AudibleDistance(config.sample_rate) if config.loss == "audible" else None
        losses = partial(denoiser_losses, audible=audible)
        super().__init__("denoiser", Denoiser(config), losses, WEIGHTS if audible else CONSISTENT_WEIGHTS)
        self.audible = audible  # a part of the network, so that it follows it to its device


@torch.no_grad()
def at_level(module: Denoiser, waves: Sequence[np.ndarray]) -> Denoiser:
    """Return a copy that keeps the level of clean speech, the waves ``(time,)``, below and above 8 kHz.

    SI-SDR does not depend on the level, and energy that is missing costs little in the audible error: without this, all
    speech is two decibels quieter. A post-filter of echo is returned as it is.
    """
    loud = [wave for wave in waves if np.abs(wave).max() > SILENCE]
    if not loud or module.config.removes == "echo":
        return module
    module = copy.deepcopy(module)
    n_lower = module.config.n_lower_bins
    products = torch.zeros(2, module.config.n_bins)
    for wave in torch.split(torch.as_tensor(np.array(loud)).to(module.window.device), EVALUATION_BATCH):
        clean = module.analyse(wave)
        enhanced = module(wave[:, None], torch.zeros(len(wave), 1, device=wave.device))
        products += torch.stack([(enhanced * clean.conj()).real, clean.abs().square()]).sum((1, 2)).cpu()
    parts = (products[:, :n_lower], products[:, n_lower:])
    for estimator, part in zip((module.estimator, module.upper_estimator), parts, strict=True):
        of_enhanced, of_clean = part.sum(1).tolist()
        has_speech = of_enhanced > 0 and of_clean > MIN_LEVELLED * float(products[1].sum())
        if estimator is not None and has_speech:
            estimator.scale_mask(min(max(of_clean / of_enhanced, 1 / MAX_LEVELLING), MAX_LEVELLING))
    return module


EVALUATION_BATCH = 8
EXPORTED_FRAMES = 3  # of the example with which the graph is traced; it takes any number


class DenoiserTraining(FamilyTraining[DenoiserConfig, Denoiser, DenoiserPrepared]):
    """The part of the family that needs PyTorch."""

    network = DenoiserNetwork

    @torch.no_grad()
    def evaluate(self, module: Denoiser, prepared: DenoiserPrepared) -> dict[str, float]:
        """Return the metrics of mixtures of held-out recordings.

        - returns: ``valid/si_sdr`` in dB, the mean over mixtures with speech; ``valid/stft``, the weighted loss of
          spectra. Empty without held-out recordings.
        """
        if not prepared.valid:
            return {}
        device = next(module.parameters()).device
        total, ratios_db = 0.0, []
        n_mixtures = len(prepared.valid["target"])
        for start in range(0, n_mixtures, EVALUATION_BATCH):
            rows = slice(start, start + EVALUATION_BATCH)
            batch = {name: torch.as_tensor(array[rows], device=device) for name, array in prepared.valid.items()}
            losses = denoiser_losses(module, batch)
            spectral = sum(WEIGHTS[name] * float(losses[name]) for name in ("stft/complex", "stft/magnitude"))
            total += spectral * len(batch["target"])
            wave = module.synthesise(module(batch["inputs"], batch["dereverb"]), batch["target"].shape[1])
            ratios = si_sdr_db(wave, batch["target"]).clamp_max(MAX_SI_SDR_DB)
            ratios_db += ratios[batch["target"].abs().amax(1) > SILENCE].tolist()
        return {"valid/si_sdr": float(np.mean(ratios_db)), "valid/stft": total / n_mixtures}

    @torch.no_grad()
    def samples(self, module: Denoiser, prepared: DenoiserPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few mixtures, what the module makes of them, and their targets."""
        device = next(module.parameters()).device
        waves, titles = [], []
        batch = {name: torch.as_tensor(array, device=device) for name, array in prepared.examples.items()}
        n_samples = batch["target"].shape[1]
        enhanced = module.synthesise(module(batch["inputs"], batch["dereverb"]), n_samples).cpu().numpy()
        for inputs, wave, target in zip(
            prepared.examples["inputs"], enhanced, prepared.examples["target"], strict=True
        ):
            waves += [inputs[:1], wave[None], target[None]]
            titles += ["noisy", "enhanced", "target"]
        return waves, titles

    @torch.no_grad()
    def export(self, module: Denoiser, prepared: DenoiserPrepared) -> ExportSpec:
        """Return the graph of any number of frames, and an example before and after."""
        module = at_level(module, [*prepared.valid.get("target", ())])
        config = module.config
        rng = torch.Generator().manual_seed(0)
        n_frames = BLOCK_FRAMES + LOOKAHEAD_FRAMES if config.bidirectional else EXPORTED_FRAMES
        noise = torch.randn(config.n_inputs, (n_frames - 1) * config.hop_length, generator=rng).to(module.window)
        inputs = {
            "features": module.features(module.analyse(noise)[None])[0].cpu(),
            "dereverb": torch.ones(1, 1),
        }
        states = {name: torch.randn(shape, generator=rng) / 2 for name, shape in config.state_shapes.items()}
        outputs = ("mask", *(f"next_{name}" for name in states))
        waves, _ = self.samples(module, prepared)
        axes = {"features": (0,), "mask": (0,)}
        return ExportSpec(
            graphs={FRAME_FILE: GraphSpec(DenoiserFrames(module), inputs | states, outputs, axes, is_batched=False)},
            sample=np.concatenate(waves[:2], axis=1),
            weights={
                f"{WEIGHT_PREFIX}{name}": tensor.float().cpu().numpy() for name, tensor in normalisation(module).items()
            },
        )
