"""The networks of the family ``gan`` and their training: losses, evaluation and export."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...contracts.family import EMBEDDINGS_FILE
from ...data.one_shots import CLIPS_PER_CLASS
from ...nn.adversarial_losses import OBJECTIVES, energy_distance, gradient_penalty, penalties
from ...nn.blocks import LinearUpsample, ResidualBlock, ResidualGRU
from ...nn.critics import MultiResolutionCritic, WaveCritic
from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, Network, Turn
from ...nn.novelty import DifferentiableLogMelEmbedding, copy_penalty
from ...nn.spectrum import istft, stft
from .config import GRAPH_FILE, WEIGHT_PREFIX, GanConfig
from .recipe import GanPrepared
from .runtime import edge_gain

FIRST_FRAMES = 8  # length of the spectral generator's first feature map
WAVEGAN_LAYERS, WAVEGAN_STRIDE, WAVEGAN_KERNEL = 5, 4, 25
MIN_WAVEGAN_CHANNELS = 16
MAX_LOG_GAIN = 5.0
INITIAL_NOISE_LOG_GAIN = -4.0  # the first clips are tones with little noise


def draw_latents(config: GanConfig, n_clips: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Draw the input of a generator from torch's global generator.

    - returns ``latent``: ``(n_clips, latent_size)``, normal.
    - returns ``code``: InfoGAN code ``(n_clips, code_size)``: a one-hot category, then dimensions in [-1, 1]; None
      without a code.
    """
    latent = torch.randn(n_clips, config.latent_size, device=device)
    code = []
    if config.code_categories:
        category = torch.randint(config.code_categories, (n_clips,), device=device)
        code.append(F.one_hot(category, config.code_categories).float())
    if config.code_continuous:
        code.append(torch.rand(n_clips, config.code_continuous, device=device) * 2 - 1)
    return latent, torch.cat(code, 1) if code else None


class ConditioningMLP(nn.Module):
    """Two linear layers from latent vector, label embedding and code to the vector that conditions a generator."""

    size = 256

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.label_embedding = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        n_inputs = config.latent_size + (config.label_size if config.labels else 0) + config.code_size
        self.layers = nn.Sequential(
            nn.Linear(n_inputs, self.size), nn.LeakyReLU(0.2), nn.Linear(self.size, self.size), nn.LeakyReLU(0.2)
        )

    def forward(self, latent: Tensor, label: Tensor | None, code: Tensor | None) -> Tensor:
        """Return ``(batch, 256)`` of latents ``(batch, latent_size)``, labels ``(batch,)`` and InfoGAN codes."""
        inputs = [latent]
        if self.label_embedding is not None:
            inputs.append(self.label_embedding(label))
        if code is not None:
            inputs.append(code)
        condition: Tensor = self.layers(torch.cat(inputs, 1))
        return condition


class SpectralGenerator(nn.Module):
    """Generator of complex STFT frames and noise gains; the inverse STFT of their sum is the clip.

    Eight frames are doubled by interpolation until they cover the clip, with a residual block after each doubling and
    ``n_blocks`` at the full frame rate. The spectrum of each bin is a slowly varying complex amplitude, rotated by the
    phase that a sinusoid at the centre of the bin advances from frame to frame, so that a steady tone is a constant for
    the network.

    References
    ----------
    H. Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders", 2023: a spectrum as the
    output of a generator.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        channels, n_bins = config.channels, config.n_fft // 2 + 1
        n_doublings = max((config.n_frames - 1).bit_length() - 3, 0)  # 8 frames doubled until they cover the clip
        self.conditioning = ConditioningMLP(config)
        self.in_proj = nn.Linear(ConditioningMLP.size, channels * FIRST_FRAMES)
        self.position_embedding = nn.Parameter(torch.randn(1, channels, FIRST_FRAMES << n_doublings) * 0.1)
        self.stages = nn.ModuleList(ResidualBlock(channels, ConditioningMLP.size) for _ in range(n_doublings))
        self.upsample = LinearUpsample(2)
        self.blocks = nn.ModuleList(ResidualBlock(channels, ConditioningMLP.size) for _ in range(config.n_blocks))
        self.recurrence = ResidualGRU(channels) if config.recurrent else None
        self.spectrum_head = nn.Conv1d(channels, 3 * n_bins, 1)  # log gain, real part, imaginary part
        self.noise_head = nn.Conv1d(channels, config.noise_bands, 1)  # log gain of each band
        nn.init.constant_(self.noise_head.get_parameter("bias"), INITIAL_NOISE_LOG_GAIN)
        # In whole numbers first: as a float32 angle, bin 512 of frame 122 would be off by thousandths of a radian.
        cycles = torch.arange(n_bins).unsqueeze(1) * torch.arange(config.n_frames) * config.hop_length % config.n_fft
        rotation = 2 * torch.pi * cycles / config.n_fft  # (bins, frames)
        self.rotation_cos = nn.Buffer(torch.cos(rotation), persistent=False)
        self.rotation_sin = nn.Buffer(torch.sin(rotation), persistent=False)
        self.bands_to_bins = nn.Buffer(_bands_to_bins(config), persistent=False)  # (bins, bands)
        self.window = nn.Buffer(torch.hann_window(config.n_fft), persistent=False)
        self.fade = nn.Buffer(torch.from_numpy(edge_gain(config)), persistent=False)

    def forward(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Predict spectrum and noise.

        - ``latent``, ``label``, ``code``: ``(batch, latent_size)``, ``(batch,)`` and ``(batch, code_size)``; label and
          code only where the model has them.
        - returns ``spectrum``: real and imaginary part ``(batch, 2, bins, frames)``.
        - returns ``noise_gain``: factor of the STFT of white noise, ``(batch, bins, frames)``.
        """
        condition = self.conditioning(latent, label, code)
        hidden: Tensor = self.in_proj(condition).unflatten(1, (-1, FIRST_FRAMES))  # (batch, channels, 8)
        for block in self.stages:
            hidden = block(self.upsample(hidden), condition)
        hidden = (hidden + self.position_embedding)[..., : self.config.n_frames]
        for block in self.blocks:
            hidden = block(hidden, condition)
        if self.recurrence is not None:
            hidden = self.recurrence(hidden)
        hidden = F.leaky_relu(hidden, 0.2)
        log_gain, real, imaginary = self.spectrum_head(hidden).float().chunk(3, 1)
        gain = log_gain.clamp(max=MAX_LOG_GAIN).exp()
        real, imaginary = gain * real, gain * imaginary
        spectrum = torch.stack(
            [
                real * self.rotation_cos - imaginary * self.rotation_sin,
                real * self.rotation_sin + imaginary * self.rotation_cos,
            ],
            1,
        )
        band_gain = self.noise_head(hidden).float().clamp(max=MAX_LOG_GAIN).exp()  # (batch, bands, frames)
        return spectrum, self.bands_to_bins @ band_gain

    def wave(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        """Generate clips ``(batch, 1, n_samples)``, faded at both ends; see :meth:`forward` for the arguments."""
        config = self.config
        spectrum, noise_gain = self(latent, label, code)
        white_noise = torch.randn(latent.shape[0], config.n_samples, device=latent.device)
        noise = stft(white_noise, config.n_fft, config.hop_length, self.window)
        summed = torch.complex(spectrum[:, 0], spectrum[:, 1]) + noise_gain * noise
        wave = istft(summed, config.n_fft, config.hop_length, self.window, config.n_samples)
        return (wave * self.fade).unsqueeze(1)


def _bands_to_bins(config: GanConfig) -> Tensor:
    """Return triangular weights from gains of mel-spaced bands to bins, ``(bins, bands)``; each row sums to 1."""
    n_bins, n_bands = config.n_fft // 2 + 1, config.noise_bands
    hertz = torch.arange(n_bins) * config.sample_rate / config.n_fft
    mel = torch.log1p(hertz / 700)
    position = mel / mel[-1] * (n_bands - 1)  # of each bin on the axis of bands
    return (1 - (position.unsqueeze(1) - torch.arange(n_bands)).abs()).clamp(min=0)


class WaveGenerator(nn.Module):
    """Generator of WaveGAN, with interpolation and convolution for its transposed convolutions.

    References
    ----------
    C. Donahue et al., "Adversarial Audio Synthesis", 2019, table 2.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        self.conditioning = ConditioningMLP(config)
        self.first_frames = -(-config.n_samples // WAVEGAN_STRIDE**WAVEGAN_LAYERS)
        in_channels = config.channels
        self.in_proj = nn.Linear(ConditioningMLP.size, in_channels * self.first_frames)
        self.recurrence = ResidualGRU(in_channels) if config.recurrent else None
        self.layers = nn.ModuleList()
        for index in range(WAVEGAN_LAYERS):
            is_last = index == WAVEGAN_LAYERS - 1
            out_channels = 1 if is_last else max(in_channels // 2, MIN_WAVEGAN_CHANNELS)
            conv = nn.Conv1d(in_channels, out_channels, WAVEGAN_KERNEL, padding=WAVEGAN_KERNEL // 2)
            self.layers.append(nn.Sequential(LinearUpsample(WAVEGAN_STRIDE), conv))
            in_channels = out_channels
        self.fade = nn.Buffer(torch.from_numpy(edge_gain(config)), persistent=False)

    def forward(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        """Return clips ``(batch, 1, n_samples)`` in [-1, 1]; see :meth:`SpectralGenerator.forward`."""
        hidden: Tensor = self.in_proj(self.conditioning(latent, label, code)).unflatten(1, (-1, self.first_frames))
        if self.recurrence is not None:
            hidden = self.recurrence(hidden)
        for layer in self.layers:
            hidden = layer(F.relu(hidden))
        return torch.tanh(hidden.float())[..., : self.config.n_samples]

    def wave(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        """Return clips ``(batch, 1, n_samples)``, faded at their end; this generator adds no noise."""
        clips: Tensor = self(latent, label, code)
        return clips * self.fade


GeneratorNetwork: TypeAlias = SpectralGenerator | WaveGenerator


class ExportedGenerator(nn.Module):
    """A generator with positional inputs: ``latent``, then ``label`` and ``code`` where the model has them."""

    def __init__(self, generator: GeneratorNetwork) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, latent: Tensor, *conditions: Tensor) -> tuple[Tensor, Tensor] | Tensor:
        """Return the output of the generator."""
        config = self.generator.config
        label = conditions[0] if config.labels else None
        code = conditions[-1] if config.code_size else None
        output: tuple[Tensor, Tensor] | Tensor = self.generator(latent, label, code)
        return output


ENERGY_POOLING, ENERGY_WAVE_POOLING = 4, 64  # of spectrograms (along both axes) and of waveforms, before distances


class GanNetwork(Network):
    """Generator and critic, and the losses that each minimises.

    A batch holds ``wave (batch, 1, n_samples)`` and, for a model with labels, ``label (batch,)``: groups of
    CLIPS_PER_CLASS clips of one class. The turn of the critic adds the inputs that the generator is scored on.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        self.generator: GeneratorNetwork
        if config.generator == "spectral":
            self.generator = SpectralGenerator(config)
        else:
            self.generator = WaveGenerator(config)
        self.critic = _build_critic(config)
        self.novelty: DifferentiableLogMelEmbedding | None = None
        if config.copy_weight:
            self.novelty = DifferentiableLogMelEmbedding(config.sample_rate, config.n_samples)

    def players(self) -> dict[str, nn.Module]:
        """Return the modules that have an optimizer each, by name."""
        return {"critic": self.critic, "generator": self.generator}

    def inference_module(self) -> nn.Module:
        """Return the generator: its weights are averaged over the steps, evaluated and exported."""
        return self.generator

    def stage_starts(self) -> tuple[int, ...]:
        """Return the first step, and the step at which the generator starts to learn."""
        return (0, self.config.critic_warmup_steps) if self.config.critic_warmup_steps else (0,)

    def check_plan(self, n_steps: int) -> None:
        """Raise BadSetting if a training of so many steps ends before the generator starts to learn."""
        self.config.check_steps(n_steps)

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of every loss that a turn may return; the same at every step."""
        config = self.config
        weights = {"adv/critic": 1.0, "adv/generator": 1.0}
        if config.penalty_weight:
            names = ["penalty/gradient"] if OBJECTIVES[config.loss].penalises_slope else ["penalty/r1", "penalty/r2"]
            weights |= dict.fromkeys(names, config.penalty_weight)
        if config.energy_weight:
            weights["distance/energy"] = config.energy_weight
        if config.code_categories:
            weights["info/category"] = config.info_weight
        if config.code_continuous:
            weights["info/continuous"] = config.info_weight
        if config.copy_weight:
            weights["distance/copies"] = config.copy_weight
        return weights

    def turns(self, step: int) -> list[Turn]:
        """Return ``critic_turns`` turns of the critic, then one of the generator, on the clips of the last of them.

        During ``critic_warmup_steps`` there are only the turns of the critic.
        """
        config = self.config
        with_penalty = bool(config.penalty_weight) and step % config.penalty_every == 0
        critic: Turn = ("critic", partial(self._critic_losses, with_penalty=with_penalty, for_generator=False))
        if step < config.critic_warmup_steps:
            return [critic] * config.critic_turns
        last: Turn = ("critic", partial(self._critic_losses, with_penalty=with_penalty, for_generator=True))
        return [*[critic] * (config.critic_turns - 1), last, ("generator", self._generator_losses)]

    def augment(self, wave: Tensor) -> Tensor:
        """Attenuate and delay clips ``(batch, 1, time)`` at random, so that the critics ignore level and position."""
        batch, _, time = wave.shape
        gain_db = -torch.rand(batch, 1, 1, device=wave.device) * self.config.augment_gain_db
        shift = torch.randint(self.config.augment_shift_samples + 1, (batch, 1), device=wave.device)
        index = torch.arange(time, device=wave.device) - shift  # (batch, time)
        delayed = wave.squeeze(1).gather(1, index.clamp(min=0)) * (index >= 0)
        return delayed.unsqueeze(1) * 10 ** (gain_db / 20)

    def _generate(self, batch: Batch) -> None:
        """Add clips generated for the labels of the batch, their code and the critic's inputs of them to the batch."""
        real = batch["wave"]
        latent, batch["code"] = draw_latents(self.config, real.shape[0], real.device)
        batch["generated"] = self.generator.wave(latent, batch.get("label"), batch["code"])
        batch["fake_inputs"] = self.critic.inputs(self.augment(batch["generated"]))

    def _critic_losses(self, batch: Batch, with_penalty: bool, for_generator: bool) -> dict[str, Tensor]:
        """Return the losses of the critic; ``for_generator``, the turn of the generator uses the same clips."""
        config, label = self.config, batch.get("label")
        objective = OBJECTIVES[config.loss]
        with torch.set_grad_enabled(for_generator and torch.is_grad_enabled()):
            self._generate(batch)
        real = [each.detach() for each in self.critic.inputs(self.augment(batch["wave"]))]
        fake = [each.detach() for each in batch["fake_inputs"]]
        batch["real_inputs"] = real
        real_logits, _ = self.critic.score(real, label)
        fake_logits, features = self.critic.score(fake, label)
        losses = {"adv/critic": objective.critic(real_logits, fake_logits)}
        if with_penalty:

            def logits_of(inputs: list[Tensor]) -> Tensor:
                return self.critic.score(inputs, label)[0]

            if objective.penalises_slope:
                losses["penalty/gradient"] = gradient_penalty(logits_of, real, fake)
            else:
                losses |= penalties(logits_of, real, fake, real_logits, fake_logits, config.penalty_sigma)
        return losses | self._code_losses(features, batch["code"])

    def _generator_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of the generator on the clips of the critic's last turn."""
        config, label = self.config, batch.get("label")
        real, fake = batch["real_inputs"], batch["fake_inputs"]
        fake_logits, features = self.critic.score(fake, label)
        objective, real_logits = OBJECTIVES[config.loss], fake_logits
        if objective.compares_pairs:
            with torch.no_grad():
                real_logits, _ = self.critic.score(real, label)
        losses = {"adv/generator": objective.generator(real_logits, fake_logits)}
        if config.energy_weight:
            distances = [energy_distance(_pool_groups(r), _pool_groups(f)) for r, f in zip(real, fake, strict=True)]
            losses["distance/energy"] = torch.stack(distances).mean()
        if self.novelty is not None:
            losses["distance/copies"] = self._copy_loss(self.novelty, batch)
        return losses | self._code_losses(features, batch["code"])

    def _copy_loss(self, novelty: DifferentiableLogMelEmbedding, batch: Batch) -> Tensor:
        """Return the penalty of clips closer to a recording than their label's limit; see :func:`copy_penalty`."""
        wave = batch["generated"].squeeze(1)
        label = batch.get("label", torch.zeros(len(wave), dtype=torch.int64, device=wave.device))
        with torch.autocast(wave.device.type, enabled=False):
            embedded = novelty(wave.float())
            limits = self.config.copy_margin * batch["limits"]
            return copy_penalty(embedded, label, batch["recordings"], batch["recording_labels"], limits)

    def _code_losses(self, features: Tensor, code: Tensor | None) -> dict[str, Tensor]:
        """Return the errors of the code that the critic recovers from its features (Chen et al., 2016, equation 5)."""
        if code is None or self.critic.code_head is None:
            return {}
        n_categories = self.config.code_categories
        estimate = self.critic.code_head(features)
        losses = {}
        if n_categories:
            losses["info/category"] = F.cross_entropy(estimate[:, :n_categories], code[:, :n_categories].argmax(1))
        if self.config.code_continuous:
            losses["info/continuous"] = F.mse_loss(estimate[:, n_categories:], code[:, n_categories:])
        return losses


def _build_critic(config: GanConfig) -> MultiResolutionCritic | WaveCritic:
    """Return the critic of a configuration, with fresh weights."""
    if config.critic == "spectral":
        return MultiResolutionCritic(
            config.sample_rate,
            config.n_samples,
            len(config.labels),
            config.critic_channels,
            CLIPS_PER_CLASS,
            config.recurrent,
            config.code_size,
        )
    return WaveCritic(
        config.n_samples,
        len(config.labels),
        config.critic_channels,
        CLIPS_PER_CLASS,
        config.phase_shuffle,
        config.recurrent,
        config.code_size,
    )


def _pool_groups(inputs: Tensor) -> Tensor:
    """Pool spectrograms, or magnitudes of waveforms, and group them by class: ``(groups, members, features)``."""
    if inputs.ndim == 4:
        pooled = F.avg_pool2d(inputs, ENERGY_POOLING, ceil_mode=True)
    else:
        pooled = F.avg_pool1d(inputs.abs(), ENERGY_WAVE_POOLING, ceil_mode=True)
    return torch.unflatten(pooled.flatten(1), 0, (-1, CLIPS_PER_CLASS))


EVALUATED_CLIPS = 100  # of each class, at every evaluation
SAMPLE_CLIPS = 3  # of each class, written at every evaluation


class GanTraining(FamilyTraining[GanConfig, GeneratorNetwork, GanPrepared]):
    """The part of the family that needs PyTorch."""

    network = GanNetwork

    def evaluate(self, module: GeneratorNetwork, prepared: GanPrepared) -> dict[str, float]:
        """Return the metrics of generated clips; see :meth:`wavewright.metrics.reference.Reference.measure`."""
        waves = {label: generate(module, label, EVALUATED_CLIPS)[:, 0] for label in prepared.reference.embeddings}
        return prepared.reference.measure(waves, module.config.sample_rate)

    def samples(self, module: GeneratorNetwork, prepared: GanPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few clips ``(1, n_samples)`` of each class from the same latents at every call, and their labels."""
        labels = module.config.labels
        clips: list[np.ndarray] = []
        titles: list[str] = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            for label in prepared.reference.embeddings:
                clips += list(generate(module, label, SAMPLE_CLIPS))
                titles += [labels[label] if labels else ""] * SAMPLE_CLIPS
        return clips, titles

    def export(self, module: GeneratorNetwork, prepared: GanPrepared) -> ExportSpec:
        """Return the graph of the generator, its weights, a clip of each class and the training embeddings."""
        config = module.config
        latent, code = draw_latents(config, 2, torch.device("cpu"))
        inputs = {"latent": latent}
        if config.labels:
            inputs["label"] = torch.zeros(2, dtype=torch.int64)
        if code is not None:
            inputs["code"] = code
        outputs = ("spectrum", "noise_gain") if config.generator == "spectral" else ("wave",)
        clips, _ = self.samples(module, prepared)
        reference = prepared.reference
        return ExportSpec(
            graphs={GRAPH_FILE: GraphSpec(ExportedGenerator(module), inputs, outputs)},
            sample=np.concatenate(clips[::SAMPLE_CLIPS], axis=1),
            weights={f"{WEIGHT_PREFIX}{name}": value.numpy(force=True) for name, value in module.state_dict().items()},
            files={EMBEDDINGS_FILE: {"embeddings": reference.all_embeddings, "limits": reference.limits}},
        )


@torch.no_grad()
def generate(generator: GeneratorNetwork, label: int, n_clips: int) -> np.ndarray:
    """Return clips ``(n_clips, 1, n_samples)`` of a label with random numbers of torch's global generator."""
    config, device = generator.config, next(generator.parameters()).device
    latent, code = draw_latents(config, n_clips, device)
    latent *= config.temperature
    labels = torch.full((n_clips,), label, device=device) if config.labels else None
    clips: np.ndarray = generator.wave(latent, labels, code).cpu().numpy()
    return clips
