"""How a VAE plays: sounds to latents and back, walks between sounds, variations, sliders, neighbours and new sounds, without torch."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from ...contracts.lookup import index_of
from ...contracts.runtime import Autoencoder, Interpolator
from ...errors import BadModel, BadSetting
from ...models.folder import ModelFolder
from ...units import db_to_gain
from .coding import Coder, Stream
from .condition import Told, rows_of
from .config import LATENTS_FILE, VaeConfig
from .detail import EVENED_SECONDS, Detail
from .directions import Attribute, Directions
from .latents import Latents
from .morphing import (
    PEAK,
    Aligned,
    Coded,
    Evenly,
    Sweep,
    Way,
    checked,
    levelled,
    parts_of,
    turned_down,
    walked,
    way_between,
)
from .plane import plane
from .rendering import Noise
from .steering import Steering

LabelWeights = str | Mapping[str, float] | None
"""A label, weights of several, or None: not told."""

DEFAULT_SECONDS, LONGEST_SECONDS = 3.0, 3_600.0  # of a new sound of any length
HIGHEST_TEMPERATURE = 2.0
VOTES = 5  # training sounds that say which label's distribution a sound is varied in


class VaeRuntime(Interpolator, Autoencoder):
    """A VAE that plays. Clip ``i`` depends on the model, the label, the seed and ``i`` alone: each is computed by itself.

    Latents are ``(latent_size,)`` for a model of clips and ``(n, latent_size)`` for one of ``frames``.
    """

    def __init__(self, folder: ModelFolder):
        super().__init__(folder)
        self.config = config = folder.config(VaeConfig)
        self.labels, self.sample_rate, self.latent_size = config.labels, config.sample_rate, config.latent_size
        self.latency_seconds = config.latency_seconds
        self.coder = Coder(folder)
        tensors = folder.tensors(LATENTS_FILE)
        try:
            self.known = Latents.of(tensors, max(len(config.labels), 1), config.latent_size)
            self.directions = Directions.of(tensors.get("directions"), config.latent_size)
        except BadModel as error:
            raise BadModel(f"{folder.path / LATENTS_FILE} does not fit its card: {error}") from error

    @property
    def sliders(self) -> tuple[Attribute, ...]:
        """What :meth:`slide` moves, each with its unit."""
        return self.directions.attributes

    def encode(self, wave: np.ndarray) -> np.ndarray:
        """The latents of ``wave (time,)`` at the model's sample rate, the middle of what the encoder thinks possible.

        A model of clips hears the first ``n_samples``, as they are; one-shots are best brought to their onset first, by :meth:`heard`. Raises BadAudio for an empty wave, several channels or numbers that are not finite.
        """
        heard = checked(wave)
        if self.config.latent == "frames":
            return self.coder.encode(heard)
        n_samples = self.config.n_samples
        return self.coder.encode(np.pad(heard[:n_samples], (0, max(0, n_samples - len(heard)))))[0]

    def heard(self, wave: np.ndarray) -> Aligned:
        """A sound ``(time,)`` as the encoder knows sounds: a one-shot from its onset at one level, one of any length as it is."""
        heard = checked(wave)
        if self.config.latent == "frames":
            return Aligned(heard, 0.0)
        return Aligned.of(heard, self.sample_rate, self.config.n_samples)

    def decode(
        self,
        latents: np.ndarray,
        label: LabelWeights = None,
        pitch: float | None = None,
        seed: int = 0,
        n_samples: int | None = None,
    ) -> np.ndarray:
        """The sound ``(1, time)`` float32 in [-1, 1] that latents stand for; turned down where it would pass full scale.

        ``pitch`` is a MIDI number; ``seed`` chooses the noise in it. ``n_samples`` cuts the sound; without, it is as long as the latents
        say. Raises BadSetting for latents of another shape, labels or a pitch that the model does not have.
        """
        return turned_down(self._decoded(latents, self._told(label, pitch), Noise(seed))[:n_samples])[None]

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the further parameters that `generate` takes for this model."""
        return ("temperature", "pitch", "seconds")

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
        """New sounds ``start`` to ``start + count - 1`` of a seed, each ``(1, time)`` float32 in [-1, 1].

        Their latents are drawn from the Gaussian of the label's training sounds, its deviation multiplied by ``temperature``; without
        ``label`` clip ``i`` has the label number ``i`` modulo their number. One-shots have a peak of 0.95, as in
        training.
        ``seconds`` is for a model of ``frames``. Raises BadSetting
        for what the model does not have.
        """
        if not 0 <= temperature <= HIGHEST_TEMPERATURE:
            raise BadSetting(f"The temperature is {temperature}; it must lie between 0 and {HIGHEST_TEMPERATURE:g}.")
        n_latents, n_samples = self._length(seconds)
        chosen = None if label is None else index_of(label, self.labels, "label", self.card.name)
        waves = []
        for index in range(start, start + count):
            number = index % max(len(self.labels), 1) if chosen is None else chosen
            latents, noise_seed = self._drawn(seed, index, number, n_latents, temperature)
            wave = self._decoded(latents, self._told(self._name(number), pitch), Noise(noise_seed))
            waves.append(self._at_training_level(wave[:n_samples])[None])
        return waves

    def interpolate(
        self, seed_a: int, seed_b: int, steps: int, label: str | None = None, pitch: float | None = None
    ) -> list[np.ndarray]:
        """A way from clip 0 of one seed to clip 0 of another, both included, ``(1, time)`` each, along a great circle round the label's mean.

        The noise turns from that of the first to that of the other. Without ``label`` the first is taken. Raises BadSetting for an unknown label or fewer than two steps.
        """
        parts = parts_of(steps)
        number = 0 if label is None else index_of(label, self.labels, "label", self.card.name)
        n_latents, n_samples = self._length(None)
        (a, noise_a), (b, noise_b) = (self._drawn(seed, 0, number, n_latents, 1.0) for seed in (seed_a, seed_b))
        between, told = way_between("spherical", self.known.mean[number]), self._told(self._name(number), pitch)
        waves = []
        for part in parts:
            noise = Noise(noise_a, noise_b, float(part))
            wave = self._decoded(walked(between, a, b, part), told, noise)[:n_samples]
            waves.append(self._at_training_level(wave)[None])
        return waves

    def _at_training_level(self, wave: np.ndarray) -> np.ndarray:
        """Return ``wave (time,)`` scaled to the level of training: one-shots to PEAK, others to at most 1."""
        peak = float(np.abs(wave).max(initial=0.0))
        is_one_shot = self.config.latent == "clip" and peak > 0.0
        return wave * np.float32(PEAK / peak) if is_one_shot else turned_down(wave)

    def morph(
        self,
        wave_a: np.ndarray,
        wave_b: np.ndarray,
        steps: int = 9,
        way: Way = "spherical",
        over_time: bool = False,
        label_a: LabelWeights = None,
        label_b: LabelWeights = None,
        pitch_a: float | None = None,
        pitch_b: float | None = None,
        seed: int = 0,
        detail: float = 1.0,
    ) -> list[np.ndarray]:
        """``steps`` sounds ``(1, time)`` on the way from one sound ``(time,)`` to another; the first and last are their reconstructions.

        They have a share ``detail`` of what the model does not rebuild, see :class:`.detail.Detail`: 0 for what the model alone makes. One-shots
        are brought to their onsets and to one level first; loudness goes evenly in dB from one to the other, and so do pitches and the
        labels' weights, those of the nearest training sounds where none are given; for brightness and onsets see :class:`.Evenly`. With
        ``over_time`` (a model of ``frames``) it is one sound, as long as the longer of the two, that turns from the one into the other.
        Raises BadAudio as :meth:`encode`, BadSetting for what the model cannot do.
        """
        if over_time:
            if self.config.latent == "clip":
                raise BadSetting(
                    f"{self.card.name} knows clips as a whole, so nothing can change over time; morph in steps instead."
                )
            ends = self._coded_pair((checked(wave_a), checked(wave_b)), (label_a, label_b), (pitch_a, pitch_b), detail)
            return [self._morph_over_time(*ends, way, Noise(seed), max(np.size(wave_a), np.size(wave_b)))]
        parts, a, b = parts_of(steps), self.heard(wave_a), self.heard(wave_b)
        between, n_samples = way_between(way, self.known.mean.mean(axis=0)), max(len(a.wave), len(b.wave))
        first, last = self._coded_pair((a.wave, b.wave), (label_a, label_b), (pitch_a, pitch_b), detail)
        chosen = EVENED_SECONDS if self.config.latent == "clip" else EVENED_SECONDS[:1]
        evened = [seconds * self.sample_rate / self.config.hop_length for seconds in chosen]

        def decode(sound: Coded) -> np.ndarray:
            return self._decoded(sound.latents, sound.told, Noise(seed), sound.detail)[:n_samples]

        walk = [first.towards(last, between, part) for part in parts]
        waves = Evenly(decode, self.directions, self.sample_rate, evened).waves(walk)
        return [wave[None] for wave in levelled(waves, a.level_db, b.level_db)]

    def vary(
        self,
        wave: np.ndarray,
        amount: float = 0.3,
        seed: int = 0,
        count: int = 1,
        label: LabelWeights = None,
        pitch: float | None = None,
        detail: float = 1.0,
    ) -> list[np.ndarray]:
        """``count`` variations ``(1, time)`` of a sound ``(time,)``: an amount of 0 rebuilds it, 1 is a new sound of its kind.

        A share ``detail`` of what the reconstruction lacks is kept, as in :meth:`morph`, the less of it the larger ``amount``. The latents
        turn towards a draw from the distribution of the training sounds that lie nearest, whose kinds the decoder is told where no
        ``label`` is given. Raises BadSetting for an amount or a detail outside of 0 to 1, BadAudio as :meth:`encode`.
        """
        if not 0 <= amount <= 1:
            raise BadSetting(f"The amount is {amount}; it must lie between 0 (the sound itself) and 1 (a new one).")
        sound = self.heard(wave)
        coded, gain = self._coded(sound.wave, label, pitch, detail), np.float32(db_to_gain(sound.level_db))
        number = int(self._votes(coded.latents).argmax())
        mean, kept = self.known.mean[number], coded.detail.faded(1 - amount) if coded.detail and amount < 1 else None
        varied = []
        for index in range(count):
            drawn, noise_seed = self._drawn(seed, index, number, 1, 1.0)
            turned = mean + np.sqrt(1 - amount**2) * (coded.latents - mean) + amount * (drawn - mean)
            decoded = self._decoded(turned, coded.told, Noise(noise_seed if amount else 0), kept)[: len(sound.wave)]
            varied.append(turned_down(gain * decoded)[None])
        return varied

    def slide(self, latents: np.ndarray, amounts: Mapping[str, float]) -> np.ndarray:
        """Latents with attributes moved by so many of their units, of the same shape; see :attr:`sliders`.

        Raises BadSetting for a slider that the model does not have.
        """
        return self.directions.move(self._checked_latents(latents), amounts).reshape(np.shape(latents))

    def sweep(
        self,
        wave: np.ndarray,
        amounts: Mapping[str, float],
        parts: Sequence[float] = (1.0,),
        label: LabelWeights = None,
        seed: int = 0,
        pitch: float | None = None,
        detail: float = 1.0,
    ) -> Sweep:
        """A sound ``(time,)`` with its attributes moved by each of ``parts`` of ``amounts``, see :class:`.steering.Steering`; 0 is its reconstruction.

        A share ``detail`` of what the reconstruction lacks is kept, as in :meth:`morph`. All are turned down alike where one would pass full
        scale. Raises BadAudio as :meth:`encode`, BadSetting as :meth:`slide` and for a pitch that the model does not have.
        """
        sound = self.heard(wave)
        coded, gain = self._coded(sound.wave, label, pitch, detail), np.float32(db_to_gain(sound.level_db))

        def decode(moved: np.ndarray) -> np.ndarray:
            return self._decoded(moved, coded.told, Noise(seed), coded.detail)[: len(sound.wave)]

        steering = Steering(coded.latents, self.directions, decode, self.sample_rate, self.config.latent == "clip")
        return Sweep.of(
            [gain * steering.moved({name: part * amount for name, amount in amounts.items()}) for part in parts]
        )

    def distances(self, latents: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
        """How far the latents of several other sounds lie from those of one, ``(n,)``, as :meth:`neighbours` measures it."""
        return self.known.distances(self._points(others), self._point(latents))

    def neighbours(self, latents: np.ndarray, k: int = 5) -> list[tuple[str, str, float]]:
        """The training sounds nearest to latents: file name, label and distance (1: a training sound's usual deviation), nearest first.

        Raises BadSetting unless ``k`` is at least 1.
        """
        if k < 1:
            raise BadSetting(f"The number of neighbours is {k}; it must be at least 1.")
        found = self.known.nearest(self._point(latents), k)
        labels = [self.labels[self.known.point_labels[place]] if self.labels else "" for place, _ in found]
        return [
            (self.known.names[place], label, distance) for (place, distance), label in zip(found, labels, strict=True)
        ]

    def map(self, latents: Sequence[np.ndarray]) -> np.ndarray:
        """A place in a plane for each of several sounds' latents, ``(n, 2)`` in [-1, 1]: what sounds alike lies together."""
        return plane(self._points(latents) / self.known.scale)

    def stream(self, seed: int = 0) -> Stream:
        """Live coding, piece by piece; raises BadSetting for a model that looks ahead."""
        if not self.config.causal:
            raise BadSetting(f"{self.card.name} looks ahead, so it cannot play live; train one with model.causal=true.")
        return Stream(self.coder, seed)

    def condition(self, label: LabelWeights = None, pitch: float | None = None, n_latents: int = 1) -> np.ndarray:
        """What the decoder is told with each latent, ``(n_latents, n_condition)``, as :meth:`stream` wants it."""
        return np.repeat(self._told(label, pitch).numbers(self.config)[None], n_latents, axis=0)

    def _point(self, latents: np.ndarray) -> np.ndarray:
        """Where a sound lies among others, ``(latent_size,)``: the mean of its latents."""
        return self._checked_latents(latents).mean(axis=0)

    def _points(self, latents: Sequence[np.ndarray]) -> np.ndarray:
        """Where several sounds lie, ``(n, latent_size)``."""
        points = [self._point(each) for each in latents]
        return np.stack(points) if points else np.zeros((0, self.latent_size), np.float32)

    def _told(self, label: LabelWeights, pitch: float | None) -> Told:
        """What the decoder is told; raises BadSetting for a label, a weight or a pitch that the model does not have."""
        if pitch is not None and not self.config.pitched:
            raise BadSetting(f"{self.card.name} has no pitch that could be asked for; leave it out.")
        if pitch is not None and not 0 <= pitch <= 127:
            raise BadSetting(f"The pitch is {pitch}; it must be a MIDI number from 0 to 127.")
        weights = np.zeros(len(self.labels), np.float32)
        given = {label: 1.0} if isinstance(label, str) else dict(label or {})
        for name, weight in given.items():
            if not 0 <= weight <= 1:
                raise BadSetting(f"The weight of the label {name} is {weight}; it must lie between 0 and 1.")
            weights[index_of(name, self.labels, "label", self.card.name)] = weight
        return Told(weights, pitch)

    def _decoded(
        self, latents: np.ndarray, told: Told | Sequence[Told], noise: Noise, detail: Detail | None = None
    ) -> np.ndarray:
        """The wave ``(time,)``, however loud; what is told may change from latent to latent."""
        rows = self._checked_latents(latents)
        wave = self.coder.decode(rows, rows_of(told, len(rows), self.config), noise, detail)
        return wave[: self.config.n_samples] if self.config.latent == "clip" else wave

    def _coded(self, wave: np.ndarray, label: LabelWeights, pitch: float | None, detail: float) -> Coded:
        """A sound ``(time,)`` as the encoder knows sounds, with a share of what its reconstruction lacks; raises BadSetting as :meth:`_told`."""
        latents = np.atleast_2d(self.encode(wave))
        told = self._told_of(latents, label, pitch)
        if not 0 <= detail <= 1:
            raise BadSetting(
                f"The detail is {detail}; it must lie between 0 (what the model alone makes) and 1 (all of it)."
            )
        lacks = self.coder.detail(wave, latents, rows_of(told, len(latents), self.config), detail) if detail else None
        return Coded(latents, told, lacks)

    def _coded_pair(
        self,
        waves: tuple[np.ndarray, np.ndarray],
        labels: tuple[LabelWeights, LabelWeights],
        pitches: tuple[float | None, float | None],
        detail: float,
    ) -> tuple[Coded, Coded]:
        """Two sounds, the shorter one filled with silence."""
        n_samples = max(map(len, waves))
        padded = (np.pad(wave, (0, n_samples - len(wave))) for wave in waves)
        a, b = (self._coded(*given, detail) for given in zip(padded, labels, pitches, strict=True))
        return a, b

    def _morph_over_time(self, a: Coded, b: Coded, way: Way, noise: Noise, n_samples: int) -> np.ndarray:
        between = way_between(way, self.known.mean.mean(axis=0))
        parts = np.linspace(0.0, 1.0, len(a.latents))
        latents = np.stack([between(*each) for each in zip(a.latents, b.latents, parts, strict=True)])
        told = [a.told.towards(b.told, part) for part in parts]
        kept = (
            a.detail.towards(b.detail, np.repeat(parts, self.config.fold)[:, None]) if a.detail and b.detail else None
        )
        return turned_down(self._decoded(latents, told, noise, kept)[:n_samples])[None]

    def _votes(self, latents: np.ndarray) -> np.ndarray:
        """How many of the training sounds nearest to ``latents (n, latent_size)`` have each label, as shares ``(labels,)``."""
        nearest = self.known.nearest(latents.mean(axis=0), VOTES)
        found = [self.known.point_labels[place] for place, _ in nearest]
        return np.bincount(found, minlength=max(len(self.labels), 1)) / max(len(found), 1)

    def _told_of(self, latents: np.ndarray, label: LabelWeights, pitch: float | None = None) -> Told:
        """What the decoder is told of a sound: ``label``, or without one the kinds of the training sounds nearest to its latents."""
        if label is None:
            label = dict(zip(self.labels, self._votes(latents).tolist(), strict=False))
        return self._told(label, pitch)

    def _drawn(self, seed: int, index: int, number: int, n_latents: int, temperature: float) -> tuple[np.ndarray, int]:
        """The latents of clip ``index`` ``(n_latents, latent_size)`` and the seed of its noise; their order is part of what a seed means."""
        name = self._name(number) or ""
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, zlib.crc32(name.encode())])))
        noise_seed = int(rng.integers(2**63))
        return self.known.draw(rng, number, n_latents, temperature), noise_seed

    def _length(self, seconds: float | None) -> tuple[int, int]:
        """Latents and samples of a new sound."""
        config = self.config
        if config.latent == "clip":
            if seconds is not None:
                raise BadSetting(
                    f"The sounds of {self.card.name} all last {config.n_samples / self.sample_rate:.3g} s; leave the seconds out."
                )
            return 1, config.n_samples
        seconds = DEFAULT_SECONDS if seconds is None else seconds
        if not 0 < seconds <= LONGEST_SECONDS:
            raise BadSetting(f"A sound of {seconds} s is not possible; ask for up to {LONGEST_SECONDS:.0f} s.")
        n_samples = max(1, round(seconds * self.sample_rate))
        n_frames = -(-n_samples // config.hop_length) + config.frames.n_overlapping - 1
        return -(-n_frames // config.fold), n_samples

    def _name(self, number: int) -> str | None:
        """A label by its number; None in a model without labels."""
        return self.labels[number] if self.labels else None

    def _checked_latents(self, latents: np.ndarray) -> np.ndarray:
        rows = np.atleast_2d(np.asarray(latents, np.float32))
        is_clip = self.config.latent == "clip"
        if (
            rows.ndim != 2
            or rows.shape[1] != self.latent_size
            or not len(rows)
            or not np.isfinite(rows).all()
            or (is_clip and len(rows) > 1)
        ):
            wanted = f"({self.latent_size},)" if is_clip else f"(n, {self.latent_size})"
            raise BadSetting(
                f"The latents have shape {np.shape(latents)}; {self.card.name} takes finite numbers of shape {wanted}, as encode gives."
            )
        return rows
