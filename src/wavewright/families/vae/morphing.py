"""What is done to sounds before and after they are walked between: onsets brought together, levels kept apart, a way chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...dsp.interpolation import lerp, slerp
from ...dsp.onset import align, count_onsets
from ...dsp.tilt import tilt_spectrum
from ...errors import BadAudio, BadSetting
from ...units import db_to_gain, gain_to_db, seconds_to_samples
from .condition import Told
from .detail import Detail
from .directions import Directions, measure

Way = Literal["linear", "spherical"]
"""``linear``: a straight line, whose middle is calmer than its ends; ``spherical``: along a great circle round the mean of all
sounds, which keeps its distance from it."""

Between = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
"""Two vectors ``(d,)`` and a part from 0 to 1 to the vector at that part of the way."""

Slide = Callable[[np.ndarray, float], tuple[np.ndarray, np.ndarray]]
"""Latents and by how many octaves they are to sound brighter, to new latents and their wave ``(time,)``."""

PEAK = 0.95  # of a one-shot as the encoder knows them, as those in training (data.preparation)
LEAD_SECONDS = 0.002  # before the onset, as in training
LARGEST_TILT_DB, TILTS = 9.0, 9  # an octave, and how often that is halved
MOST_SLIDES = 6  # towards the brightness that a sound of a walk is to have
NEAR_OCTAVES = 0.02  # is near enough
LARGEST_SLIDE = 1.5  # octaves at a time


@dataclass(frozen=True)
class Aligned:
    """A one-shot from its onset on, ``wave (n_samples,)`` with its largest sample at PEAK, and what was taken from its level in dB."""

    wave: np.ndarray
    level_db: float

    @classmethod
    def of(cls, wave: np.ndarray, sample_rate: int, n_samples: int) -> Aligned:
        """``wave (time,)`` cut or filled to ``n_samples``; silence stays as it is."""
        cut = align(wave, sample_rate, n_samples, seconds_to_samples(LEAD_SECONDS, sample_rate))
        peak = float(np.abs(cut).max())
        if peak == 0.0:
            return cls(cut, 0.0)
        return cls((cut * np.float32(PEAK / peak)).astype(np.float32), float(gain_to_db(peak / PEAK)))


@dataclass(frozen=True)
class Coded:
    """A sound as a model has it: its latents ``(n, latent_size)``, what the decoder is told beside them, and the recording's detail, if kept."""

    latents: np.ndarray
    told: Told
    detail: Detail | None = None

    def towards(self, other: Coded, between: Between, part: float) -> Coded:
        """The sound at ``part`` (0 to 1) of the way to another one with as many latents, each of which takes the way ``between``."""
        detail = self.detail.towards(other.detail, part) if self.detail and other.detail else None
        return Coded(walked(between, self.latents, other.latents, part), self.told.towards(other.told, part), detail)


def checked(wave: np.ndarray) -> np.ndarray:
    """``wave (time,)`` as float32; raises BadAudio for what is none."""
    heard = np.asarray(wave, np.float32)
    if heard.ndim != 1 or not heard.size or not np.isfinite(heard).all():
        raise BadAudio(
            f"The wave has shape {heard.shape}; it must be (time,) with at least one sample, all of them finite numbers: mix channels "
            "first."
        )
    return heard


def way_between(way: str, centre: np.ndarray) -> Between:
    """Where a way leads, round ``centre (d,)`` if it is spherical; raises BadSetting for a way that there is not."""
    if way == "linear":
        return lerp
    if way == "spherical":
        return lambda a, b, part: centre + slerp(a - centre, b - centre, part) if 0 < part < 1 else (b if part else a)
    raise BadSetting(f"There is no way {way!r}; choose linear or spherical.")


def walked(between: Between, a: np.ndarray, b: np.ndarray, part: float) -> np.ndarray:
    """The latents ``(n, latent_size)`` at ``part`` of the way from ``a`` to ``b``, row by row."""
    return np.stack([between(first, last, part) for first, last in zip(a, b, strict=True)])


def parts_of(steps: int) -> np.ndarray:
    """The parts of a way in so many steps, 0 to 1; raises BadSetting for less than its two ends."""
    if steps < 2:
        raise BadSetting(f"A way in {steps} steps is not possible; it needs at least 2, its two ends.")
    return np.linspace(0.0, 1.0, steps)


def brightness(wave: np.ndarray, sample_rate: int) -> float:
    """The brightness of ``wave (time,)`` in octaves, see :func:`.directions.measure`."""
    return float(measure(wave, sample_rate)[0])


def one_way(values: np.ndarray) -> np.ndarray:
    """``values (n,)`` without steps back on the way from the first to the last, which stay; what already goes one way stays as well.

    Between the highest so far and the lowest still to come, where those differ.
    """
    rising = np.clip(values * (sign := 1.0 if values[-1] >= values[0] else -1.0), sign * values[0], sign * values[-1])
    return sign * (np.maximum.accumulate(rising) + np.minimum.accumulate(rising[::-1])[::-1]) / 2


@dataclass(frozen=True)
class Evenly:
    """A walk decoded by ``decode``: its brightness never goes back, where ``directions`` have that slider, and nothing begins more often
    than the end that does so less often, as far as one of ``evened`` brings that about, the frames over which the energy of a sound's
    detail is smoothed."""

    decode: Callable[[Coded], np.ndarray]
    directions: Directions
    sample_rate: int
    evened: Sequence[float] = (0.0,)

    def waves(self, walk: Sequence[Coded]) -> list[np.ndarray]:
        """The waves ``(time,)`` of a walk."""
        plain = [self.decode(sound) for sound in walk]
        most = min(count_onsets(end, self.sample_rate) for end in (plain[0], plain[-1]))
        wanted = one_way(np.array([brightness(wave, self.sample_rate) for wave in plain]))
        inner = zip(walk[1:-1], plain[1:-1], wanted[1:-1].tolist(), strict=True)
        return [plain[0], *(self._begun(sound, wave, octaves, most) for sound, wave, octaves in inner), plain[-1]]

    def _begun(self, sound: Coded, plain: np.ndarray, octaves: float, most: int) -> np.ndarray:
        """A sound of ``octaves`` that begins at most so often, or the first of those that begin the fewest times; ``plain`` is its wave."""
        found: list[tuple[int, np.ndarray]] = []
        for n_frames in self.evened if sound.detail else (0.0,):
            evened = replace(sound, detail=sound.detail and sound.detail.evened(n_frames))
            wave = self._bright(evened, self.decode(evened) if n_frames else plain, octaves)
            found.append((count_onsets(wave, self.sample_rate), wave))
            if found[-1][0] <= most:
                break
        return min(found, key=lambda each: each[0])[1]

    def _bright(self, sound: Coded, wave: np.ndarray, octaves: float) -> np.ndarray:
        """The ``wave (time,)`` of a sound, or of one of so many octaves where there is a slider."""
        if "brightness" not in {slider.name for slider in self.directions.attributes}:
            return wave

        def slide(latents: np.ndarray, more: float) -> tuple[np.ndarray, np.ndarray]:
            moved = self.directions.move(latents, {"brightness": more})
            return moved, self.decode(replace(sound, latents=moved))

        return slid_to(octaves, sound.latents, wave, slide, self.sample_rate)


def slid_to(asked: float, latents: np.ndarray, wave: np.ndarray, slide: Slide, sample_rate: int) -> np.ndarray:
    """The sound nearest to ``asked`` octaves of brightness on the way there: ``wave (time,)`` of ``latents``, or one it is slid to.

    What the slider does not reach, an even tilt of the spectrum does.
    """
    missing = asked - brightness(wave, sample_rate)
    nearest, least = wave, abs(missing)
    for _ in range(MOST_SLIDES):
        if least < NEAR_OCTAVES:
            break
        latents, wave = slide(latents, float(np.clip(missing, -LARGEST_SLIDE, LARGEST_SLIDE)))
        missing = asked - brightness(wave, sample_rate)
        if abs(missing) < least:
            nearest, least = wave, abs(missing)
    return nearest if least < NEAR_OCTAVES else tilted_to(asked, nearest, sample_rate)


def tilted_to(asked: float, wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """``wave (time,)`` with its spectrum tilted until its brightness is ``asked`` octaves, or as near as LARGEST_TILT_DB gets."""
    low, high = -LARGEST_TILT_DB, LARGEST_TILT_DB
    for _ in range(TILTS):
        middle = (low + high) / 2
        if brightness(tilt_spectrum(wave, middle, sample_rate), sample_rate) < asked:
            low = middle
        else:
            high = middle
    return tilt_spectrum(wave, (low + high) / 2, sample_rate)


def loudness_db(wave: np.ndarray) -> float:
    """The root mean square of a wave in dB of full scale, at least -100."""
    return float(gain_to_db(np.sqrt(np.mean(np.square(wave, dtype=np.float64))), -100.0))


def levelled(waves: list[np.ndarray], level_a_db: float, level_b_db: float) -> list[np.ndarray]:
    """``waves (time,)`` of a way whose loudness goes evenly in dB from the first one's to the last one's, each at the level it had.

    All are turned down alike where one would pass full scale.
    """
    first, last = loudness_db(waves[0]) + level_a_db, loudness_db(waves[-1]) + level_b_db
    parts = np.linspace(0.0, 1.0, len(waves))
    gains = [
        db_to_gain((1 - part) * first + part * last - loudness_db(wave))
        for part, wave in zip(parts, waves, strict=True)
    ]
    return limited([(wave * gain).astype(np.float32) for wave, gain in zip(waves, gains, strict=True)])


@dataclass(frozen=True)
class Sweep:
    """Sounds ``(1, time)`` that belong together, and by how many dB all were turned down, since the loudest would pass full scale."""

    waves: list[np.ndarray]
    turned_down_db: float

    @classmethod
    def of(cls, waves: list[np.ndarray]) -> Sweep:
        """``waves (time,)``, however loud."""
        return cls([wave[None] for wave in limited(waves)], max(float(gain_to_db(_peak(waves), 0.0)), 0.0))


def limited(waves: list[np.ndarray]) -> list[np.ndarray]:
    """``waves (time,)``, all turned down alike where one would pass full scale."""
    peak = _peak(waves)
    return [wave / np.float32(peak) for wave in waves] if peak > 1.0 else waves


def turned_down(wave: np.ndarray) -> np.ndarray:
    """``wave (time,)``, turned down where its largest sample passes 1."""
    return limited([wave])[0]


def _peak(waves: list[np.ndarray]) -> float:
    return max(float(np.abs(wave).max(initial=0.0)) for wave in waves)
