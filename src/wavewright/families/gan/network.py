"""The two networks of the GAN and the turns that they take."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...contracts.family import EMBEDDINGS_FILE
from ...nn.blocks import LinearUpsample, ResidualBlock, ResidualGRU
from ...nn.critics import MultiResolutionCritic, WaveCritic
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.losses import critic_loss, energy_distance, generator_loss, gradient_penalty, penalties
from ...nn.network import Batch, Network, Turn
from ...nn.novelty import DifferentiableLogMelEmbedding, copy_penalty
from ...nn.spectrum import istft, stft
from .config import GanConfig
from .recipe import CLIPS_PER_CLASS, GanPrepared
from .runtime import edge_gain

FIRST_FRAMES = 8  # length of the generators' first feature map
CLIPS_TO_MEASURE = 100  # of each class, at every evaluation
CLIPS_TO_HEAR = 3  # of each class, at every evaluation


class Condition(nn.Module):
    """Latent vector ``(batch, latent_size)``, label ``(batch,)`` and code ``(batch, code_size)`` to one condition ``(batch, 256)``."""

    size = 256

    def __init__(self, config: GanConfig):
        super().__init__()
        self.labels = nn.Embedding(len(config.labels), config.label_size) if config.labels else None
        n_inputs = config.latent_size + (config.label_size if config.labels else 0) + config.code_size
        self.layers = nn.Sequential(
            nn.Linear(n_inputs, self.size), nn.LeakyReLU(0.2), nn.Linear(self.size, self.size), nn.LeakyReLU(0.2)
        )

    def forward(self, latent: Tensor, label: Tensor | None, code: Tensor | None) -> Tensor:
        given = [latent]
        if self.labels is not None:
            given.append(self.labels(label))
        if code is not None:
            given.append(code)
        return self.layers(torch.cat(given, 1))


class SpectralGenerator(nn.Module):
    """Condition -> frames -> complex spectrum and noise gains; the inverse STFT of their sum is the sound.

    The spectrum of each bin is a slowly varying complex amplitude turned by the phase that a sinusoid at the bin's centre gains from
    frame to frame, so that a steady tone is a constant for the network.
    """

    turn_cos: Tensor
    turn_sin: Tensor
    bands_to_bins: Tensor
    window: Tensor
    fade: Tensor

    def __init__(self, config: GanConfig):
        super().__init__()
        self.config = config
        channels, n_bins = config.channels, config.n_fft // 2 + 1
        n_doublings = max((config.n_frames - 1).bit_length() - 3, 0)  # 8 frames doubled until they cover the clip
        self.condition = Condition(config)
        self.start = nn.Linear(Condition.size, channels * FIRST_FRAMES)
        self.place = nn.Parameter(torch.randn(1, channels, FIRST_FRAMES << n_doublings) * 0.1)  # which frame this is
        self.stages = nn.ModuleList(ResidualBlock(channels, Condition.size) for _ in range(n_doublings))
        self.upsample = LinearUpsample(2)
        self.blocks = nn.ModuleList(ResidualBlock(channels, Condition.size) for _ in range(config.n_blocks))
        self.recurrence = ResidualGRU(channels) if config.recurrent else None
        self.to_spectrum = nn.Conv1d(channels, 3 * n_bins, 1)  # log gain, real part, imaginary part
        self.to_noise = nn.Conv1d(channels, config.noise_bands, 1)  # log gain of each band
        nn.init.constant_(self.to_noise.get_parameter("bias"), -4.0)  # noise comes in quietly
        # In whole numbers first: as a float32 angle, bin 512 of frame 122 would be off by thousandths of a radian.
        cycles = torch.arange(n_bins).unsqueeze(1) * torch.arange(config.n_frames) * config.hop_length % config.n_fft
        turn = 2 * torch.pi * cycles / config.n_fft  # (bins, frames)
        self.register_buffer("turn_cos", torch.cos(turn), persistent=False)
        self.register_buffer("turn_sin", torch.sin(turn), persistent=False)
        self.register_buffer("bands_to_bins", _bands_to_bins(config), persistent=False)  # (bins, bands)
        self.register_buffer("window", torch.hann_window(config.n_fft), persistent=False)
        self.register_buffer("fade", torch.from_numpy(edge_gain(config)), persistent=False)

    def forward(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Spectrum ``(batch, 2, bins, frames)`` (real and imaginary part) and noise gain ``(batch, bins, frames)``."""
        condition = self.condition(latent, label, code)
        hidden = self.start(condition).unflatten(1, (-1, FIRST_FRAMES))  # (batch, channels, 8)
        for block in self.stages:
            hidden = block(self.upsample(hidden), condition)
        hidden = (hidden + self.place)[..., : self.config.n_frames]
        for block in self.blocks:
            hidden = block(hidden, condition)
        if self.recurrence is not None:
            hidden = self.recurrence(hidden)
        hidden = F.leaky_relu(hidden, 0.2)
        log_gain, real, imaginary = self.to_spectrum(hidden).float().chunk(3, 1)
        gain = log_gain.clamp(max=5.0).exp()
        real, imaginary = gain * real, gain * imaginary
        spectrum = torch.stack(
            [real * self.turn_cos - imaginary * self.turn_sin, real * self.turn_sin + imaginary * self.turn_cos], 1
        )
        band_gain = self.to_noise(hidden).float().clamp(max=5.0).exp()  # (batch, bands, frames)
        return spectrum, self.bands_to_bins @ band_gain

    def wave(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        """The sound, ``(batch, 1, n_samples)``; draws its noise from torch's global generator."""
        config = self.config
        spectrum, noise_gain = self(latent, label, code)
        noise = stft(
            torch.randn(latent.shape[0], config.n_samples, device=latent.device),
            config.n_fft,
            config.hop_length,
            self.window,
        )
        summed = torch.complex(spectrum[:, 0], spectrum[:, 1]) + noise_gain * noise
        wave = istft(summed, config.n_fft, config.hop_length, self.window, config.n_samples)
        return (wave * self.fade).unsqueeze(1)


class WaveGenerator(nn.Module):
    """The generator of WaveGAN (Donahue et al., 2019, table 2) with interpolation and convolution for its transposed convolutions."""

    fade: Tensor

    def __init__(self, config: GanConfig):
        super().__init__()
        self.config = config
        self.condition = Condition(config)
        self.first_frames = -(-config.n_samples // 4**5)
        width = config.channels
        self.start = nn.Linear(Condition.size, width * self.first_frames)
        self.recurrence = ResidualGRU(width) if config.recurrent else None
        self.layers = nn.ModuleList()
        for index in range(5):
            after = 1 if index == 4 else max(width // 2, 16)
            self.layers.append(nn.Sequential(LinearUpsample(4), nn.Conv1d(width, after, 25, padding=12)))
            width = after
        self.register_buffer("fade", torch.from_numpy(edge_gain(config)), persistent=False)

    def forward(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        """The sound, ``(batch, 1, n_samples)`` in [-1, 1]."""
        hidden = self.start(self.condition(latent, label, code)).unflatten(1, (-1, self.first_frames))
        if self.recurrence is not None:
            hidden = self.recurrence(hidden)
        for layer in self.layers:
            hidden = layer(F.relu(hidden))
        return torch.tanh(hidden.float())[..., : self.config.n_samples]

    def wave(self, latent: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        """The sound with its fades, ``(batch, 1, n_samples)``; it has no noise of its own."""
        return self(latent, label, code) * self.fade


Generator = SpectralGenerator | WaveGenerator


def _bands_to_bins(config: GanConfig) -> Tensor:
    """Triangular weights that spread the gains of mel-spaced bands over bins, ``(bins, bands)``; each row sums to 1."""
    n_bins, n_bands = config.n_fft // 2 + 1, config.noise_bands
    hertz = torch.arange(n_bins) * config.sample_rate / config.n_fft
    mel = torch.log1p(hertz / 700)
    place = mel / mel[-1] * (n_bands - 1)  # position of each bin on the axis of bands
    return (1 - (place.unsqueeze(1) - torch.arange(n_bands)).abs()).clamp(min=0)


def draw(config: GanConfig, n_clips: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
    """A latent vector and an InfoGAN code for each clip, from torch's global generator."""
    latent = torch.randn(n_clips, config.latent_size, device=device)
    parts = []
    if config.code_categories:
        category = torch.randint(config.code_categories, (n_clips,), device=device)
        parts.append(F.one_hot(category, config.code_categories).float())
    if config.code_continuous:
        parts.append(torch.rand(n_clips, config.code_continuous, device=device) * 2 - 1)
    return latent, torch.cat(parts, 1) if parts else None


class Gan(Network):
    """Generator and critic, and what each minimises."""

    def __init__(self, config: GanConfig):
        super().__init__()
        self.config = config
        self.generator = SpectralGenerator(config) if config.generator == "spectral" else WaveGenerator(config)
        n_samples, n_labels, width = config.n_samples, len(config.labels), config.critic_channels
        recurrent, code_size = config.recurrent, config.code_size
        self.critic: MultiResolutionCritic | WaveCritic
        if config.critic == "spectral":
            self.critic = MultiResolutionCritic(
                config.sample_rate, n_samples, n_labels, width, CLIPS_PER_CLASS, recurrent, code_size
            )
        else:
            self.critic = WaveCritic(
                n_samples, n_labels, width, CLIPS_PER_CLASS, config.phase_shuffle, recurrent, code_size
            )
        self.novelty = DifferentiableLogMelEmbedding(config.sample_rate, n_samples) if config.copy_weight else None

    def players(self) -> dict[str, nn.Module]:
        """Who owns an optimizer."""
        return {"critic": self.critic, "generator": self.generator}

    def inference_module(self) -> nn.Module:
        """The part that plays: its weights are averaged over the steps, evaluated and exported."""
        return self.generator

    def stage_starts(self) -> tuple[int, ...]:
        """The steps from which on a step takes another time than before."""
        return (0, self.config.critic_warmup_steps) if self.config.critic_warmup_steps else (0,)

    def loss_weights(self, step: int) -> dict[str, float]:
        """The weight of every loss that a turn may return; the same at every step."""
        config = self.config
        weights = {"adv/critic": 1.0, "adv/generator": 1.0}
        if config.penalty_weight:
            names = ["penalty/gradient"] if config.loss == "wgan-gp" else ["penalty/r1", "penalty/r2"]
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
        """The critic as often as the config says, then the generator, which is judged on the critic's last fakes.

        During ``critic_warmup_steps`` the critic alone.
        """
        with_penalty = bool(self.config.penalty_weight) and step % self.config.penalty_every == 0
        early = [("critic", lambda batch: self._critic_losses(batch, with_penalty, fresh=True))] * (
            self.config.critic_turns - 1
        )
        if step < self.config.critic_warmup_steps:
            return [*early, ("critic", lambda batch: self._critic_losses(batch, with_penalty, fresh=True))]
        last = ("critic", lambda batch: self._critic_losses(batch, with_penalty, fresh=False))
        return [*early, last, ("generator", self._generator_losses)]

    def augment(self, wave: Tensor) -> Tensor:
        """Random attenuation and delay, ``(batch, 1, time)``: the critics judge the sound, not its level or position."""
        batch, _, time = wave.shape
        gain_db = -torch.rand(batch, 1, 1, device=wave.device) * self.config.augment_gain_db
        shift = torch.randint(self.config.augment_shift_samples + 1, (batch, 1), device=wave.device)
        index = torch.arange(time, device=wave.device) - shift  # (batch, time)
        delayed = wave.squeeze(1).gather(1, index.clamp(min=0)) * (index >= 0)
        return delayed.unsqueeze(1) * 10 ** (gain_db / 20)

    def _fake_pictures(self, batch: Batch) -> tuple[list[Tensor], Tensor | None]:
        """Pictures of newly generated clips with the labels of the batch, and the code that they were made from."""
        real = batch["wave"]
        latent, code = draw(self.config, real.shape[0], real.device)
        batch["made"] = wave = self.generator.wave(latent, batch.get("label"), code)
        return self.critic.inputs(self.augment(wave)), code

    def _critic_losses(self, batch: Batch, with_penalty: bool, fresh: bool) -> dict[str, Tensor]:
        """The critic's losses; unless ``fresh``, the fake pictures stay in the batch for the generator's turn."""
        config, label = self.config, batch.get("label")
        with torch.set_grad_enabled(not fresh and torch.is_grad_enabled()):
            fake, code = self._fake_pictures(batch)
        batch["fake"], batch["code"] = fake, code
        batch["real"] = real = [picture.detach() for picture in self.critic.inputs(self.augment(batch["wave"]))]
        detached = [picture.detach() for picture in fake]
        real_logits, _ = self.critic.score(real, label)
        fake_logits, features = self.critic.score(detached, label)
        losses = {"adv/critic": critic_loss(config.loss, real_logits, fake_logits)}
        if with_penalty:

            def judge(pictures: list[Tensor]) -> Tensor:
                return self.critic.score(pictures, label)[0]

            if config.loss == "wgan-gp":
                losses["penalty/gradient"] = gradient_penalty(judge, real, detached)
            else:
                losses |= penalties(judge, real, detached, real_logits, fake_logits, config.penalty_sigma)
        return losses | self._code_losses(features, code)

    def _generator_losses(self, batch: Batch) -> dict[str, Tensor]:
        config, label, fake, real = self.config, batch.get("label"), batch["fake"], batch["real"]
        fake_logits, features = self.critic.score(fake, label)
        real_logits = fake_logits.detach()
        if config.loss == "r3gan":
            with torch.no_grad():
                real_logits, _ = self.critic.score(real, label)
        losses = {"adv/generator": generator_loss(config.loss, real_logits, fake_logits)}
        if config.energy_weight:
            losses["distance/energy"] = torch.stack(
                [energy_distance(_pooled_groups(r), _pooled_groups(f)) for r, f in zip(real, fake, strict=True)]
            ).mean()
        if self.novelty is not None:
            losses["distance/copies"] = self._closeness(self.novelty, batch)
        return losses | self._code_losses(features, batch["code"])

    def _closeness(self, novelty: DifferentiableLogMelEmbedding, batch: Batch) -> Tensor:
        """Return the penalty of generated clips that are closer to a recording than their label's limit.

        See :func:`copy_penalty`.
        """
        wave = batch["made"].squeeze(1)
        label = batch.get("label", torch.zeros(len(wave), dtype=torch.int64, device=wave.device))
        with torch.autocast(wave.device.type, enabled=False):
            embedded = novelty(wave.float())
            limits = self.config.copy_margin * batch["limits"]
            return copy_penalty(embedded, label, batch["recordings"], batch["recording_labels"], limits)

    def _code_losses(self, features: Tensor, code: Tensor | None) -> dict[str, Tensor]:
        """How badly the code is recovered from the sound (Chen et al., 2016, equation 5)."""
        if code is None or self.critic.code_head is None:
            return {}
        n_categories = self.config.code_categories
        guess = self.critic.code_head(features)
        losses = {}
        if n_categories:
            losses["info/category"] = F.cross_entropy(guess[:, :n_categories], code[:, :n_categories].argmax(1))
        if self.config.code_continuous:
            losses["info/continuous"] = F.mse_loss(guess[:, n_categories:], code[:, n_categories:])
        return losses


def _pooled_groups(picture: Tensor) -> Tensor:
    """A spectrogram pooled 4 x 4, or the size of a waveform pooled by 64, grouped by class: ``(groups, members, features)``."""
    pooled = (
        F.avg_pool2d(picture, 4, ceil_mode=True)
        if picture.ndim == 4
        else F.avg_pool1d(picture.abs(), 64, ceil_mode=True)
    )
    return pooled.flatten(1).unflatten(0, (-1, CLIPS_PER_CLASS))


def build(config: GanConfig) -> Gan:
    """The networks of a configuration, with fresh weights."""
    return Gan(config)


@torch.no_grad()
def generate(generator: Generator, label: int, n_clips: int) -> np.ndarray:
    """Generate clips ``(n_clips, 1, n_samples)`` float32, with random numbers of torch's global generator."""
    device = next(generator.parameters()).device
    latent, code = draw(generator.config, n_clips, device)
    latent *= generator.config.temperature
    labels = torch.full((n_clips,), label, device=device) if generator.config.labels else None
    return generator.wave(latent, labels, code).cpu().numpy()


def evaluate(generator: Generator, prepared: GanPrepared) -> dict[str, float]:
    """The validation metrics of a generator; see :meth:`wavewright.metrics.reference.Reference.measure`."""
    waves = {label: generate(generator, label, CLIPS_TO_MEASURE)[:, 0] for label in prepared.reference.embeddings}
    return prepared.reference.measure(waves, generator.config.sample_rate)


def samples(generator: Generator, prepared: GanPrepared) -> tuple[list[np.ndarray], list[str]]:
    """A few clips of each class, ``(1, n_samples)`` each, and their titles: the same latent vectors at every call."""
    waves, titles = [], []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for label in prepared.reference.embeddings:
            waves += list(generate(generator, label, CLIPS_TO_HEAR))
            titles += [generator.config.labels[label] if generator.config.labels else ""] * CLIPS_TO_HEAR
    return waves, titles


class Playing(nn.Module):
    """A generator as a graph of tensors alone: ``latent``, then ``label`` and ``code`` where the model has them."""

    def __init__(self, generator: Generator):
        super().__init__()
        self.generator = generator

    def forward(self, latent: Tensor, *given: Tensor) -> tuple[Tensor, Tensor] | Tensor:
        config = self.generator.config
        return self.generator(latent, given[0] if config.labels else None, given[-1] if config.code_size else None)


def export(generator: Generator, prepared: GanPrepared) -> ExportSpec:
    """The graph of the generator, one clip of each class, and where the training clips lie, for the search for copies."""
    config = generator.config
    latent, code = draw(config, 2, torch.device("cpu"))
    inputs = {"latent": latent}
    if config.labels:
        inputs["label"] = torch.zeros(2, dtype=torch.int64)
    if code is not None:
        inputs["code"] = code
    outputs = ("spectrum", "noise_gain") if config.generator == "spectral" else ("wave",)
    waves, _ = samples(generator, prepared)
    return ExportSpec(
        graphs={"generator.onnx": GraphSpec(Playing(generator), inputs, outputs)},
        sample=np.concatenate(waves[::CLIPS_TO_HEAR], axis=1),
        files={EMBEDDINGS_FILE: {"embeddings": prepared.reference.all_embeddings, "limits": prepared.reference.limits}},
    )
