"""Training of the family ``denoiser``: evaluate, sample and export the network."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from ...nn.audible import AudibleDistance
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.frequency_layers import normalisation
from ...nn.network import FamilyTraining, SinglePlayerNetwork
from .config import BLOCK_FRAMES, FRAME_FILE, LOOKAHEAD_FRAMES, WEIGHT_PREFIX, DenoiserConfig
from .losses import CONSISTENT_WEIGHTS, MAX_SI_SDR_DB, SILENCE, WEIGHTS, denoiser_losses, si_sdr_db
from .modules import Denoiser, DenoiserFrames
from .recipe import DenoiserPrepared


class DenoiserNetwork(SinglePlayerNetwork[Denoiser]):
    """The denoiser and the losses that it minimises."""

    def __init__(self, config: DenoiserConfig) -> None:
        audible = AudibleDistance(config.sample_rate) if config.loss == "audible" else None
        losses = partial(denoiser_losses, audible=audible)
        super().__init__("denoiser", Denoiser(config), losses, WEIGHTS if audible else CONSISTENT_WEIGHTS)
        self.audible = audible  # a part of the network, so that it follows it to its device


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
