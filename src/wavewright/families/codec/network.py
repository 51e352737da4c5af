"""The codec's networks: encoder, quantiser and decoder, the critics that teach the decoder, and what each of them minimises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...dsp.spectrum import hann_window
from ...nn.audible import AudibleDistance
from ...nn.context_model import ContextModelConfig, train_context_model
from ...nn.convnext import ConvNeXtStack, split_memory
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.frame_critics import MultiResolutionBandCritic
from ...nn.losses import critic_loss, feature_distance, generator_loss
from ...nn.network import Batch, Network, Turn
from ...nn.quantize import QuantizedDecoder, QuantizedEncoder, ResidualQuantizer, perplexity
from ...nn.spectral_losses import MelDistance, compressed_distances
from ...nn.spectrum import frame, irfft, overlap_add, power_spectrum, rfft
from .config import CONTEXTS_FILE, DECODER_FILE, ENCODER_FILE, FREQUENCIES_FILE, TOTAL, CodecConfig
from .contexts import CONTEXT_SIZE, FRAMES_BACK, LEVELS_BACK, LIMITS, UNITS, Contexts, n_groups_of
from .levels import CLIPS_TO_COPY, GAINS, missing_db
from .range_coder import frequencies_of
from .recipe import COUNTED_SECONDS, LEARNED_SECONDS, CodecPrepared
from .spectra import COMPRESSION, LOG_POWER_MEAN, LOG_POWER_SCALE, SMALLEST_POWER, SMALLEST_ROOT

MEL_SIZES = ((256, 40), (512, 80), (1024, 80), (2048, 120))  # (samples at 16 kHz, bands) of the windows of mel spectra
COMPLEX_SIZES, EXPONENT = (256, 512), 0.5  # windows, and what magnitudes are raised to, where phases are compared
CRITIC_SIZES = ((512, 128), (1024, 256), (256, 64))  # (window, hop)
RECORDING = "recording"


class Analysis(nn.Module):
    """Wave ``(batch, time)`` to what the encoder hears of each spectrum ``(batch, steps, 3 n_bins)``, equal to spectra.to_features."""

    window: Tensor

    def __init__(self, config: CodecConfig):
        super().__init__()
        self.config = config
        self.register_buffer("window", torch.from_numpy(hann_window(config.n_fft)), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        config = self.config
        spectrum = rfft(frame(F.pad(wave, (config.lead, 0)), config.n_fft, config.step_length) * self.window)
        power = power_spectrum(spectrum) + SMALLEST_POWER
        small = spectrum * power ** (0.5 * (COMPRESSION - 1))
        level = (power.log() - LOG_POWER_MEAN) / LOG_POWER_SCALE
        return torch.cat([small.real, small.imag, level], -1)


class Synthesis(nn.Module):
    """What the decoder says of each spectrum ``(batch, steps, 2 n_bins)`` to the wave ``(batch, time)``, as spectra.to_frames does."""

    window: Tensor

    def __init__(self, config: CodecConfig):
        super().__init__()
        self.config = config
        self.register_buffer("window", torch.from_numpy(hann_window(config.n_fft)), persistent=False)

    def forward(self, described: Tensor) -> Tensor:
        config = self.config
        real, imaginary = described.float().chunk(2, -1)
        root = torch.sqrt(real.square() + imaginary.square() + SMALLEST_ROOT)
        frames = irfft(torch.complex(real * root, imaginary * root), config.n_fft) * self.window
        envelope = self.window.square().view(config.overlap, -1).sum(0).repeat(described.shape[1] + config.overlap - 1)
        wave = overlap_add(frames, config.step_length) / envelope
        return wave[:, config.lead :]


class Encoder(nn.Module):
    """Features of spectra ``(batch, steps, 3 n_bins)`` to a vector a frame ``(batch, frames, latent_size)``.

    Vectors come ``encoder_look_ahead`` frames late: the first so many belong to no frame of the features.
    """

    def __init__(self, config: CodecConfig):
        super().__init__()
        fine, wide, kernel = config.fine_channels[0], config.encoder_channels, config.kernel
        self.look_ahead, self.frame_size = config.encoder_look_ahead, config.steps_per_frame * fine
        self.into = nn.Linear(3 * config.n_bins, fine)
        self.fine = ConvNeXtStack(config.fine_blocks[0], fine, round(config.expansion * fine), kernel)
        self.merge = nn.Linear((1 + self.look_ahead) * self.frame_size, wide)
        self.blocks = ConvNeXtStack(config.encoder_blocks, wide, round(config.expansion * wide), kernel)
        self.norm = nn.LayerNorm(wide)
        self.out = nn.Linear(wide, config.latent_size)
        self.level = nn.LayerNorm(config.latent_size, elementwise_affine=False)  # so that codes can follow
        self.memory_sizes = (self.fine.memory_size, self.look_ahead * self.frame_size, self.blocks.memory_size)

    def forward(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """The vectors, and what to remember for the spectra that follow, where a ``memory (batch, size)`` was given."""
        of_fine, waiting, of_blocks = split_memory(memory, self.memory_sizes)
        hidden, of_fine = self.fine(self.into(features), of_fine)
        frames = hidden.reshape(hidden.shape[0], -1, self.frame_size)
        if self.look_ahead:
            n_frames = frames.shape[1]
            if waiting is None:
                frames = F.pad(frames, (0, 0, self.look_ahead, 0))
            else:
                frames = torch.cat([waiting.view(-1, self.look_ahead, self.frame_size), frames], 1)
                waiting = frames[:, -self.look_ahead :].flatten(1)
            frames = torch.cat([frames[:, place : place + n_frames] for place in range(1 + self.look_ahead)], -1)
        hidden, of_blocks = self.blocks(self.merge(frames), of_blocks)
        latent = self.level(self.out(self.norm(hidden)))
        return latent, _joined(of_fine, waiting, of_blocks)


class Decoder(nn.Module):
    """Quantised vectors to what is said of each spectrum: real and imaginary part, with the square root of the magnitude.

    Vectors are those of the frames to decode, one before and ``look_ahead`` behind: ``(batch, 1 + frames + look_ahead, latent_size)``
    -> ``(batch, frames * steps_per_frame, 2 n_bins)``.
    """

    def __init__(self, config: CodecConfig):
        super().__init__()
        self.config = config
        fine, wide, kernel = config.fine_channels[1], config.decoder_channels, config.kernel
        self.n_heard = 2 + config.look_ahead  # vectors
        self.into = nn.Linear(self.n_heard * config.latent_size, wide)
        self.blocks = ConvNeXtStack(config.decoder_blocks, wide, round(config.expansion * wide), kernel)
        self.split = nn.Linear(wide, config.steps_per_frame * fine)
        self.fine = ConvNeXtStack(config.fine_blocks[1], fine, round(config.expansion * fine), kernel)
        self.norm = nn.LayerNorm(fine)
        self.out = nn.Linear(fine, 2 * config.n_bins)
        self.memory_sizes = (self.blocks.memory_size, self.fine.memory_size)

    def forward(self, latent: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        of_blocks, of_fine = split_memory(memory, self.memory_sizes)
        n_frames = latent.shape[1] - self.n_heard + 1
        heard = torch.cat([latent[:, place : place + n_frames] for place in range(self.n_heard)], -1)
        hidden, of_blocks = self.blocks(self.into(heard), of_blocks)
        fine = self.split(hidden)
        hidden, of_fine = self.fine(fine.reshape(fine.shape[0], -1, self.config.fine_channels[1]), of_fine)
        return self.out(self.norm(hidden)), _joined(of_blocks, of_fine)


def _joined(*memories: Tensor | None) -> Tensor | None:
    parts = [memory for memory in memories if memory is not None]
    return torch.cat(parts, 1) if parts else None


class Coder(nn.Module):
    """Encoder, quantiser and decoder: the part that plays."""

    def __init__(self, config: CodecConfig):
        super().__init__()
        self.config = config
        self.analysis, self.synthesis = Analysis(config), Synthesis(config)
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.quantizer = ResidualQuantizer(
            config.n_codebooks, config.latent_size, config.codebook_size, config.code_size, config.quantizer
        )

    def latent(self, wave: Tensor) -> Tensor:
        """``(batch, time)``, whole frames, to ``(batch, frames, latent_size)``."""
        late = self.config.encoder_look_ahead
        return self.encoder(self.analysis(F.pad(wave, (0, late * self.config.hop_length))))[0][:, late:].float()

    def quantised(self, wave: Tensor, n_used: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(batch, time)`` through encoder and quantiser, see :meth:`ResidualQuantizer.forward`; vectors are compared in float32."""
        latent = self.latent(wave)
        with torch.autocast(latent.device.type, enabled=False):
            return self.quantizer(latent, n_used)

    def wave(self, latent: Tensor) -> Tensor:
        """``(batch, frames, latent_size)`` to ``(batch, time)``; nothing comes before and after."""
        return self.synthesis(self.decoder(F.pad(latent, (0, 0, 1, self.config.look_ahead)))[0])

    def encode(self, wave: Tensor) -> Tensor:
        """``(batch, time)`` to code numbers ``(batch, frames, n_codebooks)``."""
        return self.quantizer.encode(self.latent(wave))

    def decode(self, numbers: Tensor, n_codebooks: int | None = None) -> Tensor:
        """Code numbers to ``(batch, time)``, of the first ``n_codebooks`` levels."""
        if n_codebooks is not None:
            unused = torch.arange(numbers.shape[-1], device=numbers.device) >= n_codebooks
            numbers = numbers.masked_fill(unused, -1)
        return self.wave(self.quantizer.decode(numbers))


class Codec(Network):
    """The coder and its critics, and what each minimises."""

    def __init__(self, config: CodecConfig):
        super().__init__()
        self.config = config
        self.coder = Coder(config)
        scale = config.sample_rate / 16_000
        self.mel = MelDistance(config.sample_rate, [(_even(size * scale), bands) for size, bands in MEL_SIZES])
        self.audible = AudibleDistance(config.sample_rate)
        self.complex_sizes = [_even(size * scale) for size in COMPLEX_SIZES]
        sizes = [(_even(size * scale), _even(size * scale) // 4) for size, _ in CRITIC_SIZES]
        self.critics = MultiResolutionBandCritic(sizes, config.critic_channels) if config.adversarial_from else None

    def players(self) -> dict[str, nn.Module]:
        players: dict[str, nn.Module] = {"coder": self.coder}
        if self.critics is not None:
            players["critics"] = self.critics
        if self.config.encoder_from:
            players["encoder"] = nn.ModuleList([self.coder.encoder, *self.coder.quantizer.input_projections()])
        return players

    def averaged(self) -> nn.Module:
        """The part that plays: its weights are averaged over the steps, evaluated and exported."""
        return self.coder

    def stage_starts(self) -> tuple[int, ...]:
        """The steps from which on a step takes another time than before."""
        return tuple(sorted({0, self.config.adversarial_from, self.config.encoder_from}))

    def freeze_steps(self) -> tuple[int, ...]:
        """Return the steps from which only the decoder learns, or only the encoder."""
        return (self.config.adversarial_from, self.config.encoder_from)

    def _critics_at(self, step: int) -> MultiResolutionBandCritic | None:
        """The critics, while they teach the decoder."""
        return self.critics if step >= self.config.adversarial_from and not self._is_last(step) else None

    def _is_last(self, step: int) -> bool:
        """Whether the encoder alone learns, for the decoder and the codes as they are by then."""
        return 0 < self.config.encoder_from <= step

    def loss_weights(self, step: int) -> dict[str, float]:
        weights = {"mel/l1": 3.0, "stft/complex": 2.0, "stft/magnitude": 2.0, "audible/disturbance": 1.0}
        if self._critics_at(step) is None:
            return weights | {"vq/commitment": 0.25}
        return weights | {"adv/critic": 1.0, "adv/generator": 0.3, "adv/features": 1.0}

    def turns(self, step: int) -> list[Turn]:
        critics = self._critics_at(step)
        if self._is_last(step):
            return [("encoder", self._last_stage)]
        if critics is None:
            is_quantised = step >= self.config.unquantised_steps
            return [("coder", lambda batch: self._first_stage(batch, is_quantised))]
        return [
            ("critics", lambda batch: self._critic_losses(batch, critics)),
            ("coder", lambda batch: self._second_stage(batch, critics)),
        ]

    def _first_stage(self, batch: Batch, is_quantised: bool) -> dict[str, Tensor]:
        """Encoder, quantiser and decoder learn to give back what they are given."""
        if is_quantised:
            kept, _, commitment = self.coder.quantised(batch["wave"], batch["n_codebooks"])
        else:
            kept = self.coder.latent(batch["wave"])
            commitment = kept.new_zeros(())
        return {"vq/commitment": commitment} | self._distances(batch["wave"], self.coder.wave(kept))

    def _last_stage(self, batch: Batch) -> dict[str, Tensor]:
        """The encoder learns to choose the codes of which the decoder makes the most; where both learn, each follows what the other leaves."""
        self.coder.quantizer.eval()  # its codes stay where they are
        return self._first_stage(batch, is_quantised=True)

    def _distances(self, reference: Tensor, estimate: Tensor) -> dict[str, Tensor]:
        """How far a reconstruction is from the wave; the last samples, of which windows are missing, do not count."""
        end = reference.shape[-1] - self.config.lead
        reference, estimate = reference[:, :end], estimate[:, :end]
        with torch.autocast(reference.device.type, enabled=False):
            found = [compressed_distances(reference, estimate, size, EXPONENT) for size in self.complex_sizes]
            return {
                "mel/l1": self.mel(reference, estimate),
                "audible/disturbance": self.audible(reference, estimate),
                "stft/complex": torch.stack([with_phase for with_phase, _ in found]).mean(),
                "stft/magnitude": torch.stack([magnitude for _, magnitude in found]).mean(),
            }

    def _critic_losses(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """The critics tell recordings from reconstructions, which stay in the batch for the decoder's turn."""
        with torch.no_grad():
            self.coder.quantizer.eval()  # its codes stay where they are
            kept, _, _ = self.coder.quantised(batch["wave"], batch["n_codebooks"])
        batch["fake"] = self.coder.wave(kept)
        real, fake = critics(batch["wave"])[0], critics(batch["fake"].detach())[0]
        losses = [critic_loss("hinge", r, f) for r, f in zip(real, fake, strict=True)]
        return {"adv/critic": torch.stack(losses).mean()}

    def _second_stage(self, batch: Batch, critics: MultiResolutionBandCritic) -> dict[str, Tensor]:
        """The decoder learns to please the critics, too; what is in front of it stays as it is."""
        with torch.no_grad():
            _, real = critics(batch["wave"])
        logits, fake = critics(batch["fake"])
        adversarial = [generator_loss("hinge", logit, logit) for logit in logits]
        return self._distances(batch["wave"], batch["fake"]) | {
            "adv/generator": torch.stack(adversarial).mean(),
            "adv/features": feature_distance(real, fake),
        }


def _even(size: float) -> int:
    """The multiple of 4 nearest to a number of samples."""
    return max(4 * round(size / 4), 8)


def build(config: CodecConfig) -> Codec:
    """The networks of a configuration, with fresh weights."""
    return Codec(config)


@torch.no_grad()
def evaluate(coder: Coder, prepared: CodecPrepared) -> dict[str, float]:
    """``valid/mel`` (log-mel L1 in nats, mean of a quarter, half and all of the levels), ``valid/phase`` (complex distance with all levels)
    and the ``perplexity`` of the codes of each level on held-out clips; nothing without such clips. Before codes are placed, what the
    network gives back without them.
    """
    if not len(prepared.valid):
        return {}
    config, device = coder.config, next(coder.parameters()).device
    mel = MelDistance(config.sample_rate, MEL_SIZES[1:3]).to(device)
    totals, numbers = dict.fromkeys(("valid/mel", "valid/phase"), 0.0), []
    for wave in torch.as_tensor(prepared.valid, device=device).split(8):
        if coder.quantizer.is_ready:
            numbers.append(coder.encode(wave))
            estimates = [coder.decode(numbers[-1], n_codebooks) for n_codebooks in prepared.measured_levels]
        else:
            estimates = [coder.wave(coder.latent(wave))]
        totals["valid/mel"] += len(wave) * float(np.mean([float(mel(wave, estimate)) for estimate in estimates]))
        totals["valid/phase"] += len(wave) * float(
            compressed_distances(wave, estimates[-1], COMPLEX_SIZES[-1], EXPONENT)[0]
        )
    metrics = {name: total / len(prepared.valid) for name, total in totals.items()}
    if numbers:
        used = perplexity(torch.cat(numbers).flatten(0, 1).cpu(), config.codebook_size)
        metrics |= {f"perplexity/{level + 1}": float(number) for level, number in enumerate(used)}
    return metrics


@torch.no_grad()
def samples(coder: Coder, prepared: CodecPrepared) -> tuple[list[np.ndarray], list[str]]:
    """A few held-out clips, or training clips where there are none, with each measured number of levels, and their titles."""
    device = next(coder.parameters()).device
    waves, titles = [], []
    for wave in prepared.heard:
        given = torch.as_tensor(wave[None], device=device)
        numbers = coder.encode(given)
        waves.append(wave[None])
        titles.append(RECORDING)
        for n_codebooks in prepared.measured_levels:
            waves.append(coder.decode(numbers, n_codebooks).cpu().numpy())
            titles.append(f"{coder.config.kbps(n_codebooks):g} kbps")
    return waves, titles


@torch.no_grad()
def export(coder: Coder, prepared: CodecPrepared) -> ExportSpec:
    """The graphs of encoder and decoder, how often each code occurs, and a few clips as they come out."""
    wave = torch.as_tensor(prepared.heard[:2])
    features = coder.analysis(wave)
    numbers = coder.encode(wave)
    memories = [torch.zeros(len(wave), sum(part.memory_sizes)) for part in (coder.encoder, coder.decoder)]
    clips = list(prepared.counted(COUNTED_SECONDS))
    codes = codes_of(coder, clips)
    frequencies = frequencies_of(np.concatenate(codes, axis=1), coder.config.codebook_size)
    waves, titles = samples(coder, prepared)
    return ExportSpec(
        graphs={
            ENCODER_FILE: GraphSpec(
                QuantizedEncoder(coder.encoder, coder.quantizer),
                {"features": features, "memory": memories[0]},
                ("numbers", "memory_after"),
                {"features": (1,), "numbers": (1,)},
            ),
            DECODER_FILE: GraphSpec(
                QuantizedDecoder(coder.decoder, coder.quantizer),
                {"numbers": numbers, "memory": memories[1]},
                ("described", "memory_after"),
                {"numbers": (1,), "described": (1,)},
            ),
        },
        sample=np.concatenate([wave for wave, title in zip(waves, titles, strict=True) if title != RECORDING], axis=1),
        files={FREQUENCIES_FILE: {"frequencies": frequencies, GAINS: missing_of(coder, clips[:CLIPS_TO_COPY], codes)}},
    )


def missing_of(coder: Coder, clips: Sequence[np.ndarray], codes: Sequence[np.ndarray]) -> np.ndarray:
    """By how many dB copies of 1 to all levels are quieter than clips ``(time,)`` of ``codes (n_codebooks, frames)``, float32 ``(n_codebooks,)``."""
    numbers = [torch.as_tensor(each.T[None].astype(np.int64)) for each, _ in zip(codes, clips, strict=False)]
    copies = ([coder.decode(each, n)[0].numpy() for each in numbers] for n in range(1, coder.config.n_codebooks + 1))
    return np.array([missing_db(clips, each) for each in copies], np.float32)


@torch.no_grad()
def codes_of(coder: Coder, clips: Iterable[np.ndarray]) -> list[np.ndarray]:
    """The codes ``(n_codebooks, frames)`` of each clip ``(time,)``, whole frames each."""
    return [coder.encode(torch.as_tensor(clip[None]))[0].t().numpy() for clip in clips]


def learn_contexts(codes: Sequence[np.ndarray], vectors: np.ndarray, n_frames: int) -> Contexts:
    """How ``codes``, recordings as ``(n_codebooks, frames)``, follow each other, by so many frames; see :func:`.nn.context_model.train_context_model`."""
    codebook_size = vectors.shape[1]
    shares = frequencies_of(np.concatenate(codes, axis=1), codebook_size) / TOTAL
    layout = ContextModelConfig(n_groups_of(codebook_size), CONTEXT_SIZE, FRAMES_BACK, LEVELS_BACK, UNITS, LIMITS)
    found = train_context_model(codes, vectors, shares, layout, n_frames)
    return Contexts.of_learned(found.order, found.weights, found.mean_bits)


def files_at_the_end(coder: Coder, prepared: CodecPrepared) -> dict[str, dict[str, np.ndarray]]:
    """How frequent codes are behind others, in the recordings that were trained on: tensors of files."""
    n_frames = coder.config.context_frames
    if not n_frames:
        return {}
    codes = codes_of(coder, prepared.counted(LEARNED_SECONDS))
    return {
        CONTEXTS_FILE: learn_contexts(codes, coder.quantizer.codebook_vectors().detach().numpy(), n_frames).tensors()
    }
