"""Batches of noisy recordings, mixed on the fly from speech, noise and rooms, and of what should be left of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base.ranges import ranged
from ...base.units import db_to_gain, seconds_to_samples
from ...contracts.recipe import Batch, RecipeOf
from ...data import mixing
from ...data.augmentation import log_uniform
from ...data.scenes import Scenes, SceneSettings
from ...dsp.rooms import Room, early_response
from .config import DenoiserConfig

MAX_PEAK = 0.99
EARLY_SECONDS = 0.05
"""After the direct sound: what stays of a room where reverberation is removed."""
TELEPHONE_HZ = 3_400.0


@dataclass(frozen=True)
class DenoiserDataSettings(SceneSettings):
    """Settings of the mixtures; raises BadSetting for a number out of its range."""

    speech: str = ""  # folder of speech, for a training on a folder of noise alone
    crop_seconds: float = ranged(3.0, 0.5, 30.0)
    valid_fraction: float = ranged(0.05, 0.0, 0.9)
    snr_db: tuple[float, float] = ranged((-6.0, 20.0), -30.0, 60.0)  # of most mixtures; some reach 45 dB
    level_db: tuple[float, float] = ranged((-55.0, -15.0), -90.0, 0.0)  # of active speech, below full scale
    silent_probability: float = ranged(0.06, 0.0, 1.0)  # of noise without speech
    clean_probability: float = ranged(0.03, 0.0, 1.0)  # of speech without noise
    room_probability: float = ranged(0.4, 0.0, 1.0)
    dereverb_probability: float = ranged(0.3, 0.0, 1.0)  # of a target with the early reflections of the room only
    second_speaker_probability: float = ranged(0.0, 0.0, 1.0)  # of a second speaker in the target
    target_music_probability: float = ranged(0.0, 0.0, 1.0)  # of music in the target
    band_limit_probability: float = ranged(0.1, 0.0, 1.0)  # of a band limit of 3.4 kHz and more
    roll_off_probability: float = ranged(0.5, 0.0, 1.0)  # of the slope of a converter of sample rates
    clip_probability: float = ranged(0.05, 0.0, 1.0)  # of a mixture that is clipped
    codec_probability: float = ranged(0.04, 0.0, 1.0)  # of a mixture after mu-law, Vorbis or Opus


class DenoiserBatches:
    """Batches of mixtures, a pure function of the step.

    A batch holds ``inputs (batch, 1, time)``, ``dereverb (batch, 1)`` and ``target (batch, time)``.

    - ``scenes``: voices and noises.
    - ``recipe``: of the run.
    """

    def __init__(self, scenes: Scenes, recipe: RecipeOf[DenoiserConfig, DenoiserDataSettings]) -> None:
        self.scenes = scenes
        self.recipe = recipe
        self.sample_rate = recipe.model.sample_rate
        n_samples = seconds_to_samples(recipe.data.crop_seconds, self.sample_rate)
        self.n_samples = n_samples // recipe.model.hop_length * recipe.model.hop_length

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step."""
        training = self.recipe.training
        return self.mixtures([training.seed, step], training.batch_size)

    def mixtures(self, seed: Sequence[int], count: int) -> Batch:
        """Return the first ``count`` mixtures of a seed as one batch."""
        mixed = [self.mixture(np.random.default_rng([*seed, index])) for index in range(count)]
        inputs, dereverb, targets = zip(*mixed, strict=True)
        return {
            "inputs": np.stack(inputs),
            "dereverb": np.array(dereverb, np.float32)[:, None],
            "target": np.stack(targets),
        }

    def mixture(self, rng: np.random.Generator) -> tuple[np.ndarray, float, np.ndarray]:
        """Return the inputs ``(1, time)``, 1 if reverberation is to be removed, and the target ``(time,)``, float32."""
        data = self.recipe.data
        target = reverberant = np.zeros(self.n_samples, np.float32)
        room = Room.random(rng) if rng.random() < data.room_probability else None
        dereverb = rng.random() < data.dereverb_probability
        if rng.random() >= data.silent_probability:
            target, reverberant = self._speech_in_room(rng, room, dereverb)
        noise = self.scenes.noise(rng, self.n_samples)
        if room is not None or rng.random() < 0.1:
            noise = mixing.reverberate(noise, (room or Room.random(rng)).response(rng, self.sample_rate))
        level = db_to_gain(rng.uniform(*data.level_db) if rng.random() < 0.5 else rng.normal(-27, 5))
        speech_level, noise_level = mixing.active_rms(reverberant), mixing.rms(noise)
        snr_db = self._snr_db(rng)
        if speech_level > 0:
            gain = level / speech_level
            target, reverberant = gain * target, gain * reverberant
            noise_gain = 0.0 if rng.random() < data.clean_probability else level * db_to_gain(-snr_db) / noise_level
            noise = noise * noise_gain
        else:
            noise = noise * (level * db_to_gain(rng.uniform(-20, 5)) / noise_level)
        if rng.random() < data.band_limit_probability:
            limit_hz = log_uniform(rng, TELEPHONE_HZ, 0.45 * self.sample_rate)
            target, reverberant, noise = (self._low_passed(wave, limit_hz) for wave in (target, reverberant, noise))
        if rng.random() < data.roll_off_probability:
            first = rng.uniform(0.8, 0.98)
            last = min(first + rng.uniform(0.01, 0.15), 1.0)
            target, reverberant, noise = (mixing.rolled_off(wave, first, last) for wave in (target, reverberant, noise))
        mixture = reverberant + noise
        peak = max(np.abs(mixture).max(), np.abs(target).max())
        if peak > MAX_PEAK:
            mixture, target = mixture * (MAX_PEAK / peak), target * (MAX_PEAK / peak)
        if rng.random() < data.clip_probability:
            limit = rng.uniform(0.2, 0.7) * np.abs(mixture).max()
            mixture = mixture.clip(-limit, limit)
        if rng.random() < data.codec_probability:
            mixture = mixing.coded(mixture, self.sample_rate, rng)
        return mixture.astype(np.float32)[None], float(dereverb), target.astype(np.float32)

    def _snr_db(self, rng: np.random.Generator) -> float:
        low, high = self.recipe.data.snr_db
        kind = rng.random()
        if kind < 0.55:
            return float(rng.uniform(low, high))
        return float(rng.normal(6, 6)) if kind < 0.85 else float(rng.uniform(15, 45))

    def _speech_in_room(
        self, rng: np.random.Generator, room: Room | None, dereverb: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return speech as it should be left, and as it arrives at the microphone."""
        data = self.recipe.data
        target: np.ndarray = np.zeros(self.n_samples, np.float32)
        reverberant = target
        for _ in range(1 + (rng.random() < data.second_speaker_probability)):
            speech = self.scenes.speech(rng, self.n_samples)
            if rng.random() < 0.75:
                speech = mixing.equalise(speech, rng, 9.0)
            if room is None:
                early = late = speech
            else:
                response = room.response(rng, self.sample_rate)
                late = mixing.reverberate(speech, response)
                early_reflections = early_response(response, self.sample_rate, EARLY_SECONDS)
                early = mixing.reverberate(speech, early_reflections) if dereverb else late
            target, reverberant = target + early, reverberant + late
        if self.scenes.music is not None and rng.random() < data.target_music_probability:
            music = self.scenes.music.crop(rng, self.n_samples)
            level = mixing.active_rms(reverberant) * db_to_gain(rng.uniform(-20, 0)) / max(mixing.rms(music), 1e-5)
            target, reverberant = target + level * music, reverberant + level * music
        return target, reverberant

    def _low_passed(self, wave: np.ndarray, limit_hz: float) -> np.ndarray:
        from scipy.signal import butter, sosfilt

        filtered: np.ndarray = sosfilt(butter(6, limit_hz, output="sos", fs=self.sample_rate), wave)
        return filtered.astype(np.float32)
