"""Build, evaluate and export the codec.

1. Encoder, quantiser and decoder learn together; at first without quantisation.
2. The decoder alone learns, with critics, so that the codes stay the same.
3. The encoder alone learns to choose the codes from which this decoder reconstructs best.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ...base.progress_bar import report_progress
from ...nn.adversarial_losses import feature_distance, hinge_critic_loss, hinge_generator_loss
from ...nn.audible import AudibleDistance
from ...nn.context_model import ContextModelConfig, train_context_model
from ...nn.frame_critics import MultiResolutionBandCritic
from ...nn.network import AdversarialNetwork, Batch, ExportSpec, FamilyTraining, GraphSpec, Turn
from ...nn.quantize import QuantizedDecoder, QuantizedEncoder, perplexity
from ...nn.spectral_losses import MelDistance, compressed_distances
from .config import CONTEXTS_FILE, DECODER_FILE, ENCODER_FILE, FREQUENCIES_FILE, CodecConfig
from .gains import GAINS, N_MEASURED_CLIPS, level_difference_db
from .modules import CodecAutoencoder
from .recipe import CONTEXT_SECONDS, FREQUENCY_SECONDS, CodecPrepared
from .wwc import TOTAL
from .wwc.contexts import CONTEXT_SIZE, LIMITS, N_PAST_CODEBOOKS, N_PAST_FRAMES, STEPS, ContextTables, n_groups_for
from .wwc.range_coder import quantised_frequencies

REFERENCE_RATE = 16_000  # Hz, of the window sizes below
MEL_SIZES = ((256, 40), (512, 80), (1024, 80), (2048, 120))  # (window, bands) of the mel spectra
COMPLEX_SIZES = (256, 512)  # windows of the complex spectra
COMPLEX_EXPONENT = 0.5  # compression of their magnitudes
CRITIC_SIZES = (512, 1024, 256)  # windows of the critics; their hop is a quarter


LOSSY_CLIPS = 0.3  # of the clips have lost frames, the others none


class CodecNetwork(AdversarialNetwork[MultiResolutionBandCritic]):
    """The autoencoder and its critics."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__(config.adversarial_from)
        self.config = config
        self.autoencoder = CodecAutoencoder(config)
        scale = config.sample_rate / REFERENCE_RATE
        self.mel = MelDistance(config.sample_rate, [(_round_size(size * scale), bands) for size, bands in MEL_SIZES])
        self.audible = AudibleDistance(config.sample_rate)
        self.complex_sizes = [_round_size(size * scale) for size in COMPLEX_SIZES]
        critic_sizes = [(_round_size(size * scale), _round_size(size * scale) // 4) for size in CRITIC_SIZES]
        self.critics = (
            MultiResolutionBandCritic(critic_sizes, config.critic_channels) if config.adversarial_from else None
        )

    def players(self) -> dict[str, nn.Module]:
        """Return the autoencoder, and the critics and the encoder by itself if there are stages for them."""
        players: dict[str, nn.Module] = {"autoencoder": self.autoencoder}
        if self.critics is not None:
            players["critics"] = self.critics
        if self.config.encoder_from:
            in_projections = self.autoencoder.quantizer.input_projections()
            players["encoder"] = nn.ModuleList([self.autoencoder.encoder, *in_projections])
        return players

    def inference_module(self) -> CodecAutoencoder:
        """Return the autoencoder."""
        return self.autoencoder

    def stage_starts(self) -> tuple[int, ...]:
        """Return the steps at which the training stages start."""
        return tuple(sorted({0, self.config.adversarial_from, self.config.encoder_from}))

    def freeze_steps(self) -> tuple[int, ...]:
        """Return the steps from which only the decoder learns, or only the encoder."""
        return (self.config.adversarial_from, self.config.encoder_from)

    def turns(self, step: int) -> list[Turn]:
        """Return the turns of a step: that of the autoencoder, those of critics and decoder, or that of the encoder."""
        if self._is_encoder_stage(step):
            return [("encoder", self._encoder_losses)]
        is_quantised = step >= self.config.unquantised_steps
        return self.adversarial_turns(
            step,
            "autoencoder",
            lambda batch: self._autoencoder_losses(batch, is_quantised),
            self._critic_losses,
            self._decoder_losses,
        )

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of each loss of a step."""
        weights = {"mel/l1": 3.0, "stft/complex": 2.0, "stft/magnitude": 2.0, "audible/disturbance": 1.0}
        if self.active_critics(step) is None:
            return weights | {"vq/commitment": 0.25}
        return weights | {"adv/critic": 1.0, "adv/generator": 0.3, "adv/features": 1.0}

    def active_critics(self, step: int) -> MultiResolutionBandCritic | None:
        """Return the critics in the stage of the decoder, else None."""
        return None if self._is_encoder_stage(step) else super().active_critics(step)

    def _is_encoder_stage(self, step: int) -> bool:
        return 0 < self.config.encoder_from <= step

    def _autoencoder_losses(self, batch: Batch, is_quantised: bool) -> dict[str, Tensor]:
        """Reconstruct the batch by all networks."""
        if is_quantised:
            latent, _, commitment = self.autoencoder.quantise(batch["wave"], batch["n_codebooks"])
        else:
            latent = self.autoencoder.latent(batch["wave"])
            commitment = latent.new_zeros(())
        reconstruction = self.autoencoder.wave(self._with_losses(latent))
        return {"vq/commitment": commitment} | self._reconstruction_losses(batch["wave"], reconstruction)

    def _critic_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """Compare recordings and reconstructions; these stay in the batch for the turn of the decoder."""
        with torch.no_grad():
            self.autoencoder.quantizer.eval()  # its codes stay as they are
            latent, _, _ = self.autoencoder.quantise(batch["wave"], batch["n_codebooks"])
        batch["fake"] = self.autoencoder.wave(self._with_losses(latent))
        real_logits, _ = critics(batch["wave"])
        fake_logits, _ = critics(batch["fake"].detach())
        return {"adv/critic": hinge_critic_loss(real_logits, fake_logits)}

    def _decoder_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """Reconstruct the batch such that the critics take it for a recording; only the decoder has gradients."""
        with torch.no_grad():
            _, real_features = critics(batch["wave"])
        fake_logits, fake_features = critics(batch["fake"])
        return self._reconstruction_losses(batch["wave"], batch["fake"]) | {
            "adv/generator": hinge_generator_loss(fake_logits),
            "adv/features": feature_distance(real_features, fake_features),
        }

    def _with_losses(self, latent: Tensor) -> Tensor:
        """Replace frames of some clips ``(batch, frames, latent_size)`` by zeros, as if packets were lost."""
        if not self.config.lost_fraction:
            return latent
        rates = self.config.lost_fraction / LOSSY_CLIPS * (torch.rand(len(latent), 1, 1) < LOSSY_CLIPS)
        is_lost = torch.rand(*latent.shape[:2], 1) < rates
        return latent * ~is_lost.to(latent.device)

    def _encoder_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Reconstruct the batch with codes and decoder as they are; only the encoder has gradients."""
        self.autoencoder.quantizer.eval()
        return self._autoencoder_losses(batch, is_quantised=True)

    def _reconstruction_losses(self, reference: Tensor, estimate: Tensor) -> dict[str, Tensor]:
        """Compare ``(batch, time)`` without the last samples, where windows are missing."""
        end = reference.shape[-1] - self.config.lead
        reference, estimate = reference[:, :end], estimate[:, :end]
        with torch.autocast(reference.device.type, enabled=False):
            distances = [
                compressed_distances(reference, estimate, size, COMPLEX_EXPONENT) for size in self.complex_sizes
            ]
            return {
                "mel/l1": self.mel(reference, estimate),
                "audible/disturbance": self.audible(reference, estimate),
                "stft/complex": torch.stack([with_phase for with_phase, _ in distances]).mean(),
                "stft/magnitude": torch.stack([magnitude for _, magnitude in distances]).mean(),
            }


def _round_size(size: float) -> int:
    """Return the multiple of 4 nearest to a number of samples, at least 8."""
    return max(4 * round(size / 4), 8)


RECORDING = "recording"  # title of an original among the samples
EVALUATION_BATCH = 8


class CodecTraining(FamilyTraining[CodecConfig, CodecAutoencoder, CodecPrepared]):
    """The part of the family that needs PyTorch."""

    network = CodecNetwork

    @torch.no_grad()
    def evaluate(self, module: CodecAutoencoder, prepared: CodecPrepared) -> dict[str, float]:
        """Measure reconstructions of held-out clips, before the codebooks are initialised without quantisation.

        - returns: ``valid/mel``: L1 distance of log-mel spectra in nats, the mean over the evaluated numbers of
          codebooks; ``valid/phase``: distance of complex spectra with all codebooks; ``perplexity/<n>`` of each
          codebook. Empty without held-out clips.
        """
        if not len(prepared.valid):
            return {}
        config, device = module.config, next(module.parameters()).device
        mel = MelDistance(config.sample_rate, MEL_SIZES[1:3]).to(device)
        totals = dict.fromkeys(("valid/mel", "valid/phase"), 0.0)
        codes = []
        for wave in torch.split(torch.as_tensor(prepared.valid, device=device), EVALUATION_BATCH):
            if module.quantizer.is_initialised:
                codes.append(module.encode(wave))
                estimates = [module.decode(codes[-1], n) for n in prepared.evaluated_codebooks]
            else:
                estimates = [module.wave(module.latent(wave))]
            phase_distance, _ = compressed_distances(wave, estimates[-1], COMPLEX_SIZES[-1], COMPLEX_EXPONENT)
            totals["valid/mel"] += len(wave) * float(np.mean([float(mel(wave, estimate)) for estimate in estimates]))
            totals["valid/phase"] += len(wave) * float(phase_distance)
        metrics = {name: total / len(prepared.valid) for name, total in totals.items()}
        if codes:
            perplexities = perplexity(torch.cat(codes).flatten(0, 1).cpu(), config.codebook_size)
            metrics |= {f"perplexity/{number}": float(each) for number, each in enumerate(perplexities, 1)}
        return metrics

    @torch.no_grad()
    def samples(self, module: CodecAutoencoder, prepared: CodecPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips and their reconstructions with each evaluated number of codebooks, and their titles."""
        device = next(module.parameters()).device
        waves, titles = [], []
        for wave in prepared.sample_clips:
            codes = module.encode(torch.as_tensor(wave[None], device=device))
            waves.append(wave[None])
            titles.append(RECORDING)
            for n_codebooks in prepared.evaluated_codebooks:
                waves.append(module.decode(codes, n_codebooks).cpu().numpy())
                titles.append(f"{module.config.kbps(n_codebooks):g} kbps")
        return waves, titles

    @torch.no_grad()
    def export(self, module: CodecAutoencoder, prepared: CodecPrepared) -> ExportSpec:
        """Return the graphs of encoder and decoder, the frequencies of codes, the gains, and reconstructions."""
        wave = torch.as_tensor(prepared.sample_clips[:2])
        encoder_memory = torch.zeros(len(wave), sum(module.encoder.memory_sizes))
        decoder_memory = torch.zeros(len(wave), sum(module.decoder.memory_sizes))
        clips = list(prepared.training_clips(FREQUENCY_SECONDS))
        codes = encode_clips(module, clips)
        waves, titles = self.samples(module, prepared)
        reconstructions = [wave for wave, title in zip(waves, titles, strict=True) if title != RECORDING]
        return ExportSpec(
            graphs={
                ENCODER_FILE: GraphSpec(
                    QuantizedEncoder(module.encoder, module.quantizer),
                    {"features": module.frames.analyse(wave), "memory": encoder_memory},
                    ("codes", "next_memory"),
                    {"features": (1,), "codes": (1,)},
                ),
                DECODER_FILE: GraphSpec(
                    QuantizedDecoder(module.decoder, module.quantizer),
                    {"codes": module.encode(wave), "memory": decoder_memory},
                    ("spectra", "next_memory"),
                    {"codes": (1,), "spectra": (1,)},
                ),
            },
            sample=np.concatenate(reconstructions, axis=1),
            files={
                FREQUENCIES_FILE: {
                    "frequencies": quantised_frequencies(np.concatenate(codes, axis=1), module.config.codebook_size),
                    GAINS: measure_gains(module, clips[:N_MEASURED_CLIPS], codes[:N_MEASURED_CLIPS]),
                }
            },
        )

    final_fraction = 0.15

    def final_files(
        self, module: CodecAutoencoder, prepared: CodecPrepared, seconds: float | None = None
    ) -> dict[str, dict[str, np.ndarray]]:
        """Return the tables of a context model of the codes of the training clips.

        Half of the seconds, where they are limited, are for the codes of as many clips as fit into them.
        """
        n_frames = module.config.context_frames
        if not n_frames:
            return {}
        half = None if seconds is None else seconds / 2
        codes = encode_clips(module, prepared.training_clips(CONTEXT_SECONDS), half)
        vectors = module.quantizer.codebook_vectors().detach().numpy()
        return {CONTEXTS_FILE: train_contexts(codes, vectors, n_frames, half).tensors()}


@torch.no_grad()
def encode_clips(
    module: CodecAutoencoder, clips: Iterable[np.ndarray], seconds: float | None = None
) -> list[np.ndarray]:
    """Return the codes ``(n_codebooks, frames)`` of clips ``(time,)`` of whole frames.

    With ``seconds``, of as many clips as fit into that time, and of one at least.
    """
    started = time.monotonic()
    codes = []
    for clip in clips:
        codes.append(module.encode(torch.as_tensor(clip[None]))[0].t().numpy())
        report_progress(f"{len(codes)} recordings encoded", None)
        if seconds is not None and time.monotonic() - started > seconds:
            break
    return codes


@torch.no_grad()
def measure_gains(module: CodecAutoencoder, clips: Sequence[np.ndarray], codes: Sequence[np.ndarray]) -> np.ndarray:
    """Return by how many dB reconstructions from 1 to all codebooks are quieter than clips, ``(n_codebooks,)``."""
    inputs = [torch.as_tensor(each.T[None].astype(np.int64)) for each in codes]
    gains_db = []
    for n_codebooks in range(1, module.config.n_codebooks + 1):
        estimates = [module.decode(each, n_codebooks)[0].numpy() for each in inputs]
        gains_db.append(level_difference_db(clips, estimates))
    return np.array(gains_db, np.float32)


def train_contexts(
    codes: Sequence[np.ndarray], vectors: np.ndarray, n_frames: int, seconds: float | None = None
) -> ContextTables:
    """Train a context model on ``n_frames`` of codes ``(n_codebooks, frames)``, or as many as fit into ``seconds``.

    ``vectors (n_codebooks, codebook_size, size)`` are those of the codes.
    """
    codebook_size = vectors.shape[1]
    probabilities = quantised_frequencies(np.concatenate(codes, axis=1), codebook_size) / TOTAL
    config = ContextModelConfig(
        n_groups_for(codebook_size), CONTEXT_SIZE, N_PAST_FRAMES, N_PAST_CODEBOOKS, STEPS, LIMITS
    )
    trained = train_context_model(codes, vectors, probabilities, config, n_frames, seconds)
    return ContextTables.from_weights(trained.order, trained.weights, trained.mean_bits)
