"""Inference with a VAE, without torch: encode, decode, generate, morph, vary, adjust, and find similar clips."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from ...base.errors import BadModel, BadSetting
from ...base.units import db_to_gain
from ...contracts.morphing import MAX_CANDIDATES, AdjustedClips, Attribute, LabelWeights, Morpher
from ...contracts.runtime import AlignedClip, InterpolationName, Interpolator, checked_temperature, checked_wave
from ...dsp.embedding_2d import tsne_2d
from ...dsp.interpolation import interpolation_steps
from ...models.folder import ModelFolder
from .adjustment import AttributeAdjustment
from .attributes import AttributeDirections
from .coding import LatentCoder, LatentStream
from .conditioning import ClipConditioning, conditioning_sequence
from .config import LATENTS_FILE, VaeConfig
from .latent_distribution import LatentDistribution
from .morphing import (
    PEAK,
    EncodedClip,
    MonotonicPath,
    adjusted_clips,
    align_one_shot,
    interpolate_levels,
    interpolate_over_time,
    interpolate_rows,
    interpolation_of,
    limit_peak,
    match_levels,
    match_statistics,
)
from .synthesis import NoiseSource, Residual

N_RECENT, RECENT_SECONDS = 2, 10.0  # clips of at most so many seconds whose latents are kept
N_NEAREST = 5  # training clips whose labels replace an unknown label
SMOOTHING_SECONDS = (0.0, 0.02, 0.05, 0.2)  # of a residual's energy, tried in this order; see morphing.MonotonicPath


class VaeRuntime(Interpolator, Morpher):
    """A VAE that is open for inference.

    Latents are ``(latent_size,)`` for a model of clips and ``(n, latent_size)`` for one of ``frames``. Every clip that
    a method returns is ``(1, time)`` float32 in [-1, 1].

    :meth:`decode` and :meth:`generate` return the decoder's sound alone. :meth:`morph`, :meth:`vary` and
    :meth:`adjust` start from recordings. Unless their ``residual`` is 0, they add the :class:`.Residual` of the
    recordings, with which an unchanged clip is nearly the recording and not a reconstruction. Without a label they
    condition the decoder on the fractions of the labels among the N_NEAREST nearest training clips; :meth:`decode` on
    none, as where training drops the label.

    - ``latency_seconds``: of a stream, for a causal model.
    """

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = folder.config(VaeConfig)
        self.latent_size = self.config.latent_size
        self.clip_samples = self.config.n_samples if self.config.latent == "clip" else None
        self.latency_seconds = self.config.latency_seconds
        self.coder = LatentCoder(folder, self.finite)
        self._recent: dict[tuple[bytes, str, float | None, float], EncodedClip] = {}
        tensors = folder.tensors(LATENTS_FILE)
        try:
            self.distribution = LatentDistribution.from_tensors(tensors, max(len(self.labels), 1), self.latent_size)
            self.directions = AttributeDirections.from_tensor(tensors.get("directions"), self.latent_size)
        except BadModel as error:
            raise BadModel(f"{folder.path / LATENTS_FILE} does not fit its card: {error}") from error

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes that :meth:`adjust` can change."""
        return self.directions.attributes

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the further parameters that `generate` takes for this model."""
        of_length = () if self.config.latent == "clip" else ("seconds",)
        return ("temperature", *(("pitch",) if self.config.pitched else ()), *of_length)

    def encode(self, wave: np.ndarray) -> np.ndarray:
        """Return the means of the encoder's Gaussians; a model of clips uses the first ``n_samples``.

        One-shots have to pass through :meth:`align` first, as in :meth:`morph`, :meth:`vary` and :meth:`adjust`.
        """
        wave = checked_wave(wave)
        if self.config.latent == "frames":
            return self.coder.encode(wave)
        n_samples = self.config.n_samples
        padded = np.pad(wave[:n_samples], (0, max(0, n_samples - len(wave))))
        latent: np.ndarray = self.coder.encode(padded)[0]
        return latent

    def align(self, wave: np.ndarray) -> AlignedClip:
        """Return ``wave (time,)`` as in training: a one-shot from its onset, at one level; others are unchanged."""
        wave = checked_wave(wave)
        if self.config.latent == "frames":
            return AlignedClip(wave)
        return align_one_shot(wave, self.sample_rate, self.config.n_samples)

    def check_decoder_label(self, label: str | None) -> None:
        """Raise BadSetting for a label that the model does not have."""
        self._conditioning(label, None)

    def decode(
        self,
        latents: np.ndarray,
        label: LabelWeights = None,
        pitch: float | None = None,
        seed: int = 0,
        n_samples: int | None = None,
    ) -> np.ndarray:
        """Return the clip of latents, attenuated if it would exceed full scale; see :meth:`.Morpher.decode`."""
        wave = self._decode(latents, self._conditioning(label, pitch), NoiseSource(seed))
        return limit_peak([wave[:n_samples]])[0][None]

    def generate(
        self,
        label: str | None = None,
        count: int = 1,
        seed: int = 0,
        start: int = 0,
        temperature: float = 1.0,
        pitch: float | None = None,
        seconds: float | None = None,
    ) -> list[np.ndarray]:
        """Return clips of a seed, see :meth:`.Generator.generate`; one-shots have the peak of training, 0.95.

        Without a label, the clips cycle through the labels by index. The latents of a model of ``frames`` are AR(1)
        sequences; see :meth:`.LatentDistribution.sample`.

        ``temperature`` is the factor of the latents' standard deviation, 0 to 2; ``pitch`` a MIDI number, for a model
        with pitch; ``seconds`` the length, for a model of ``frames``.
        """
        temperature = checked_temperature(temperature)
        n_latents, n_samples = self.config.generated_lengths(seconds)
        waves = []
        for index in range(start, start + count):
            number = self.label_index(label, index)
            latents, noise_seed = self._sample_latents(seed, index, number, n_latents, temperature)
            conditioning = self._conditioning(self._label_name(number), pitch)
            wave = self._decode(latents, conditioning, NoiseSource(noise_seed))
            waves.append(self._at_training_level(wave[:n_samples])[None])
        return waves

    def interpolate(
        self, seed_a: int, seed_b: int, steps: int, label: str | None = None, pitch: float | None = None
    ) -> list[np.ndarray]:
        """Return a path from clip 0 of one seed to clip 0 of another, by slerp around the label's mean.

        Both ends are samples of that label's Gaussian, so its mean is their centre. ``pitch`` is a MIDI number, for a
        model with pitch.
        """
        positions = interpolation_steps(steps)
        number = self.label_index(label)
        n_latents, n_samples = self.config.generated_lengths(None)
        a, noise_a = self._sample_latents(seed_a, 0, number, n_latents, 1.0)
        b, noise_b = self._sample_latents(seed_b, 0, number, n_latents, 1.0)
        interpolation = interpolation_of("slerp", self.distribution.mean[number])
        conditioning = self._conditioning(self._label_name(number), pitch)
        waves = []
        for t in positions:
            noise = NoiseSource(noise_a, noise_b, float(t))
            wave = self._decode(interpolate_rows(interpolation, a, b, t), conditioning, noise)
            waves.append(self._at_training_level(wave[:n_samples])[None])
        return waves

    def morph(
        self,
        wave_a: np.ndarray,
        wave_b: np.ndarray,
        steps: int = 9,
        interpolation: InterpolationName = "slerp",
        over_time: bool = False,
        label_a: LabelWeights = None,
        label_b: LabelWeights = None,
        pitch_a: float | None = None,
        pitch_b: float | None = None,
        seed: int = 0,
        residual: float = 1.0,
    ) -> list[np.ndarray]:
        """Return clips between two clips, see :meth:`.Morpher.morph`.

        One-shots are aligned to their onsets first. Loudness in dB, pitch and label weights change linearly. Of the
        other attributes only brightness is made monotonic; additional onsets of one-shots are limited, as far as a
        smoother residual achieves it (:class:`.MonotonicPath`). ``slerp`` is around the mean of the labels' means, each
        label with the same weight, since the two clips may have different labels.
        """
        conditionings = (label_a, label_b), (pitch_a, pitch_b)
        if over_time:
            if self.config.latent == "clip":
                raise BadSetting(
                    f"{self.name} encodes clips as a whole, so nothing can change over time; morph in steps instead."
                )
            a, b = checked_wave(wave_a), checked_wave(wave_b)
            first, last = self._encode_pair(a, b, *conditionings, residual)
            return [self._morph_over_time(first, last, interpolation, NoiseSource(seed), max(len(a), len(b)))]
        positions = interpolation_steps(steps)
        clip_a, clip_b = self.align(wave_a), self.align(wave_b)
        between = interpolation_of(interpolation, self.distribution.centre)
        n_samples = max(len(clip_a.wave), len(clip_b.wave))
        first, last = self._encode_pair(clip_a.wave, clip_b.wave, *conditionings, residual)
        smoothing_seconds = SMOOTHING_SECONDS if self.config.latent == "clip" else SMOOTHING_SECONDS[:1]
        smoothing_frames = [seconds * self.sample_rate / self.config.hop_length for seconds in smoothing_seconds]

        def decode(clip: EncodedClip) -> np.ndarray:
            return self._decode(clip.latents, clip.conditioning, NoiseSource(seed), clip.residual)[:n_samples]

        path = MonotonicPath(decode, self.directions, self.sample_rate, smoothing_frames)
        waves = path.waves([first.interpolate(last, between, t) for t in positions])
        return [wave[None] for wave in interpolate_levels(waves, clip_a.level_db, clip_b.level_db)]

    def transfer(
        self,
        wave: np.ndarray,
        style: np.ndarray,
        label: LabelWeights = None,
        pitch: float | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """Return the rhythm of one clip with the sound of another, see :meth:`.Morpher.transfer`.

        The latents of the clip get the mean and the standard deviation over time of those of the style, see
        :func:`.morphing.match_statistics`; then the result gets the clip's level over time.
        """
        if self.config.latent == "clip":
            raise BadSetting(
                f"{self.name} encodes clips as a whole, so it knows nothing of rhythm; choose another model."
            )
        wave, style = checked_wave(wave), checked_wave(style)
        encoded = self._encode_clip(style, label, pitch, residual=0.0)
        latents = match_statistics(self.encode(wave), encoded.latents)
        decoded = self._decode(latents, encoded.conditioning, NoiseSource(seed))[: len(wave)]
        return limit_peak([match_levels(decoded, wave, self.config.hop_length)])[0][None]

    def vary(
        self,
        wave: np.ndarray,
        amount: float = 0.3,
        seed: int = 0,
        count: int = 1,
        label: LabelWeights = None,
        pitch: float | None = None,
        residual: float = 1.0,
    ) -> list[np.ndarray]:
        """Return variations of a clip, see :meth:`.Morpher.vary`.

        Its latents are moved towards a sample from the distribution of the most frequent label among the N_NEAREST
        nearest training clips; a named label conditions the decoder only. The residual is multiplied by ``1 - amount``.
        """
        if not 0 <= amount <= 1:
            raise BadSetting(f"The amount is {amount}; it must lie between 0 (the clip itself) and 1 (a new one).")
        aligned = self.align(wave)
        clip = self._encode_clip(aligned.wave, label, pitch, residual)
        gain = np.float32(db_to_gain(aligned.level_db))
        number = int(self._nearest_labels(clip.latents).argmax())
        mean = self.distribution.mean[number]
        scaled_residual = clip.residual.scale(1 - amount) if clip.residual is not None and amount < 1 else None
        waves = []
        for index in range(count):
            # One vector for all latents of a sequence: all move by the same offset, and the course over time remains.
            sample, noise_seed = self._sample_latents(seed, index, number, 1, 1.0)
            # The squares of both weights add up to 1, which preserves the variance of the label's Gaussian.
            latents = mean + np.sqrt(1 - amount**2) * (clip.latents - mean) + amount * (sample - mean)
            noise = NoiseSource(noise_seed if amount else 0)
            decoded = self._decode(latents, clip.conditioning, noise, scaled_residual)[: len(aligned.wave)]
            waves.append(limit_peak([gain * decoded])[0][None])
        return waves

    def shift_attributes(self, latents: np.ndarray, amounts: Mapping[str, float]) -> np.ndarray:
        """Shift latents along the directions of attributes, open loop; :meth:`adjust` also measures the result.

        - ``amounts``: change of each attribute by name, in its unit; see :attr:`attributes`. BadSetting is raised for
          others.
        """
        return self.directions.shift(self.coder.checked_latents(latents), amounts).reshape(np.shape(latents))

    def adjust(
        self,
        wave: np.ndarray,
        amounts: Mapping[str, float],
        fractions: Sequence[float] = (1.0,),
        label: LabelWeights = None,
        seed: int = 0,
        pitch: float | None = None,
        residual: float = 1.0,
        candidates: int = MAX_CANDIDATES,
    ) -> AdjustedClips:
        """Change attributes of a clip, see :meth:`.Morpher.adjust` and :class:`.AttributeAdjustment`.

        The search measures at most ``candidates`` and takes the nearest to the target, or another if its attack is not
        intact. A spectral tilt completes brightness and a gain loudness; other attributes may miss their target.
        """
        aligned = self.align(wave)
        clip = self._encode_clip(aligned.wave, label, pitch, residual)
        gain = np.float32(db_to_gain(aligned.level_db))

        def decode(latents: np.ndarray) -> np.ndarray:
            return self._decode(latents, clip.conditioning, NoiseSource(seed), clip.residual)[: len(aligned.wave)]

        is_one_shot = self.config.latent == "clip"
        adjustment = AttributeAdjustment(
            clip.latents, self.directions, decode, self.sample_rate, is_one_shot, candidates
        )
        waves = []
        for fraction in fractions:
            waves.append(gain * adjustment.adjust({name: fraction * amount for name, amount in amounts.items()}))
        return adjusted_clips(waves)

    def distances(self, latents: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
        """Return the distance of each of several other clips' latents, ``(n,)``, as :meth:`similar` measures it."""
        return self.distribution.distances(self._mean_latents(others), self._mean_latent(latents))

    def similar(self, latents: np.ndarray, count: int = 5) -> list[tuple[str, str, float]]:
        """Return the nearest training clips, see :meth:`.Morpher.similar` and :meth:`.LatentDistribution.distances`."""
        if count < 1:
            raise BadSetting(f"The number of similar clips is {count}; it must be at least 1.")
        clips = []
        for index, distance in self.distribution.nearest(self._mean_latent(latents), count):
            label = self._label_name(int(self.distribution.clip_labels[index])) or ""
            clips.append((self.distribution.clip_names[index], label, distance))
        return clips

    def embedding_2d(self, latents: Sequence[np.ndarray]) -> np.ndarray:
        """Return a two-dimensional embedding ``(n, 2)`` in [-1, 1] of the latents of ``n`` clips, by t-SNE."""
        return tsne_2d(self._mean_latents(latents) / self.distribution.clip_std)

    def stream(self, seed: int = 0) -> LatentStream:
        """Return a live coder with the noise of a seed; raise BadSetting for a model that looks ahead."""
        if not self.config.causal:
            raise BadSetting(f"{self.name} looks ahead, so it cannot stream; train one with model.causal=true.")
        return LatentStream(self.coder, seed)

    def conditioning(self, label: LabelWeights = None, pitch: float | None = None, n_latents: int = 1) -> np.ndarray:
        """Return the conditioning of latents ``(n_latents, n_condition_inputs)``, for :meth:`.LatentStream.decode`.

        Parameters and errors are those of :meth:`decode`.
        """
        return np.repeat(self._conditioning(label, pitch).vector(self.config)[None], n_latents, axis=0)

    def _mean_latent(self, latents: np.ndarray) -> np.ndarray:
        """Return the mean over time of the latents of a clip, ``(latent_size,)``."""
        mean: np.ndarray = self.coder.checked_latents(latents).mean(axis=0)
        return mean

    def _mean_latents(self, latents: Sequence[np.ndarray]) -> np.ndarray:
        """Return the means over time of the latents of several clips, ``(n, latent_size)``."""
        means = [self._mean_latent(each) for each in latents]
        return np.stack(means) if means else np.zeros((0, self.latent_size), np.float32)

    def _nearest_labels(self, latents: np.ndarray) -> np.ndarray:
        """Return the fraction of each label among the nearest training clips, ``(labels,)``."""
        return self.distribution.label_fractions(latents.mean(axis=0), N_NEAREST)

    def _conditioning(self, label: LabelWeights, pitch: float | None) -> ClipConditioning:
        return ClipConditioning.of(label, pitch, self.config, self.name)

    def _decode(
        self,
        latents: np.ndarray,
        conditioning: ClipConditioning | Sequence[ClipConditioning],
        noise: NoiseSource,
        residual: Residual | None = None,
    ) -> np.ndarray:
        """Return the wave ``(time,)`` of any level; the conditioning is one for all latents or one for each."""
        rows = self.coder.checked_latents(latents)
        sequence = conditioning_sequence(conditioning, len(rows), self.config)
        wave = self.coder.decode(rows, sequence, noise, residual)
        return wave[: self.config.n_samples] if self.config.latent == "clip" else wave

    def _encode_clip(self, wave: np.ndarray, label: LabelWeights, pitch: float | None, residual: float) -> EncodedClip:
        """Encode an aligned clip ``(time,)``; of the last ones, which a slider asks for again, return what they were.

        Its label is by default those of the nearest training clips.
        """
        key = (hashlib.sha256(wave.tobytes()).digest(), repr(label), pitch, residual)
        encoded = self._recent.get(key) or self._encode_anew(wave, label, pitch, residual)
        if len(wave) <= RECENT_SECONDS * self.sample_rate:
            self._recent = dict([*self._recent.items(), (key, encoded)][-N_RECENT:])
        return encoded

    def _encode_anew(self, wave: np.ndarray, label: LabelWeights, pitch: float | None, residual: float) -> EncodedClip:
        latents = np.atleast_2d(self.encode(wave))
        if label is None:
            label = dict(zip(self.labels, self._nearest_labels(latents).tolist(), strict=False))
        conditioning = self._conditioning(label, pitch)
        if not 0 <= residual <= 1:
            raise BadSetting(f"The residual is {residual}; it must lie between 0 (none of it) and 1 (all of it).")
        if residual == 0:
            return EncodedClip(latents, conditioning)
        sequence = conditioning_sequence(conditioning, len(latents), self.config)
        return EncodedClip(latents, conditioning, self.coder.measure_residual(wave, latents, sequence, residual))

    def _encode_pair(
        self,
        a: np.ndarray,
        b: np.ndarray,
        labels: tuple[LabelWeights, LabelWeights],
        pitches: tuple[float | None, float | None],
        residual: float,
    ) -> tuple[EncodedClip, EncodedClip]:
        """Encode two clips ``(time,)``, the shorter one padded with zeros."""
        n_samples = max(len(a), len(b))
        first = self._encode_clip(np.pad(a, (0, n_samples - len(a))), labels[0], pitches[0], residual)
        last = self._encode_clip(np.pad(b, (0, n_samples - len(b))), labels[1], pitches[1], residual)
        return first, last

    def _morph_over_time(
        self, a: EncodedClip, b: EncodedClip, interpolation: str, noise: NoiseSource, n_samples: int
    ) -> np.ndarray:
        """Return one clip ``(1, n_samples)`` that changes from ``a`` into ``b``."""
        between = interpolation_of(interpolation, self.distribution.centre)
        latents, conditioning, residual = interpolate_over_time(a, b, between, self.config.latent_frames)
        return limit_peak([self._decode(latents, conditioning, noise, residual)[:n_samples]])[0][None]

    def _at_training_level(self, wave: np.ndarray) -> np.ndarray:
        """Return ``wave (time,)`` scaled to the level of training: one-shots to PEAK, others to at most 1."""
        peak = float(np.abs(wave).max(initial=0.0))
        if self.config.latent == "clip" and peak > 0.0:
            return wave * np.float32(PEAK / peak)
        return limit_peak([wave])[0]

    def _sample_latents(
        self, seed: int, index: int, label_number: int, n_latents: int, temperature: float
    ) -> tuple[np.ndarray, int]:
        """Draw the latents of clip ``index``, ``(n_latents, latent_size)``, and the seed of its noise.

        The order of the draws defines what a seed means.
        """
        rng = self.clip_rng(seed, index, label_number)
        noise_seed = int(rng.integers(2**63))
        return self.distribution.sample(rng, label_number, n_latents, temperature), noise_seed

    def _label_name(self, number: int) -> str | None:
        """Return a label by its index; None for a model without labels."""
        return self.labels[number] if self.labels else None
