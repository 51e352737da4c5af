"""Batches of noisy recordings, mixed on the fly from speech, noise and rooms, and of what should be left of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base.ranges import ranged
from ...base.units import db_to_gain, seconds_to_samples
from ...contracts.recipe import Batch, RecipeOf
from ...data.augmentation import SpeedSettings, log_uniform
from ...data.crops import sampling_probabilities
from ...data.store import ClipStore
from ...dsp.rooms import Room, early_response
from . import mixing
from .config import DenoiserConfig

SPEECH, NOISE, MUSIC = "speech", "noise", "music"
"""Labels of the recordings of a corpus; recordings without a label are noise."""

MAX_PEAK = 0.99
MEAN_GAP_SECONDS = 0.35  # between two recordings of a speaker
EARLY_SECONDS = 0.05
"""After the direct sound: what stays of a room where reverberation is removed."""
TELEPHONE_HZ = 3_400.0
NOISE_EQUALISER_DB = 16.0
OWN_FORMANTS_PROBABILITY = 0.5


@dataclass(frozen=True)
class DenoiserDataSettings(SpeedSettings):
    """Settings of the mixtures; raises BadSetting for a number out of its range."""

    speech: str = ""  # folder of speech, for a training on a folder of noise alone
    slowest: float = ranged(0.78, 0.1, 10.0)  # speed of speech; other speeds are other voices
    fastest: float = ranged(1.28, 0.1, 10.0)
    own_speed_probability: float = ranged(0.25, 0.0, 1.0)  # of speech as it was recorded
    crop_seconds: float = ranged(3.0, 0.5, 30.0)
    valid_fraction: float = ranged(0.05, 0.0, 0.9)
    speaker_exponent: float = ranged(0.5, 0.0, 1.0)  # of a speaker's total length in the probability to be drawn
    snr_db: tuple[float, float] = ranged((-6.0, 20.0), -30.0, 60.0)  # of most mixtures; some reach 45 dB
    level_db: tuple[float, float] = ranged((-55.0, -15.0), -90.0, 0.0)  # of active speech, below full scale
    silent_probability: float = ranged(0.06, 0.0, 1.0)  # of noise without speech
    clean_probability: float = ranged(0.03, 0.0, 1.0)  # of speech without noise
    room_probability: float = ranged(0.4, 0.0, 1.0)
    dereverb_probability: float = ranged(0.3, 0.0, 1.0)  # of a target with the early reflections of the room only
    second_speaker_probability: float = ranged(0.0, 0.0, 1.0)  # of a second speaker in the target
    lowest_formants: float = ranged(0.87, 0.5, 2.0)  # of speech, over those of the voice: other throats
    highest_formants: float = ranged(1.15, 0.5, 2.0)
    recorded_probability: float = ranged(0.36, 0.0, 1.0)  # of a recording of noise, among the sources of noise
    repeated_probability: float = ranged(0.1, 0.0, 1.0)  # of a short piece of such a recording in a rhythm
    texture_probability: float = ranged(0.16, 0.0, 1.0)  # of noise with the spectra of any recording
    babble_probability: float = ranged(0.1, 0.0, 1.0)  # of several speakers as noise
    music_probability: float = ranged(0.06, 0.0, 1.0)  # of music as noise, if the corpus has any
    procedural_probability: float = ranged(0.1, 0.0, 1.0)  # of wind, rain, engines, steps and others made by rules
    notes_probability: float = ranged(0.06, 0.0, 1.0)  # of random melodies, chords and alarms
    target_music_probability: float = ranged(0.0, 0.0, 1.0)  # of music in the target
    band_limit_probability: float = ranged(0.1, 0.0, 1.0)  # of a band limit of 3.4 kHz and more
    roll_off_probability: float = ranged(0.5, 0.0, 1.0)  # of the slope of a converter of sample rates
    clip_probability: float = ranged(0.05, 0.0, 1.0)  # of a mixture that is clipped
    codec_probability: float = ranged(0.04, 0.0, 1.0)  # of a mixture after mu-law, Vorbis or Opus


@dataclass(frozen=True)
class SoundSource:
    """Recordings of one kind: rows of a store, and the probability of each."""

    store: ClipStore
    rows: np.ndarray
    probabilities: np.ndarray

    @classmethod
    def of(cls, store: ClipStore, rows: Sequence[int], speaker_exponent: float = 1.0) -> SoundSource:
        """Return a source from which rows are drawn in proportion to their length, less so for whole speakers."""
        lengths = np.array([store.lengths[row] for row in rows], np.float64)
        entries = [store.entries[row] for row in rows]
        return cls(store, np.array(rows), sampling_probabilities(entries, lengths, speaker_exponent))

    def draw(self, rng: np.random.Generator) -> int:
        """Return a random row."""
        return int(rng.choice(self.rows, p=self.probabilities))

    def crop(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return ``n_samples`` of a random recording, repeated after pauses if it is shorter."""
        row = self.draw(rng)
        length = self.store.lengths[row]
        if length >= n_samples:
            start = int(rng.integers(length - n_samples + 1))
            whole: np.ndarray = self.store.crop(row, start, n_samples)[0]
            return whole
        wave, crop = self.store[row][0], np.zeros(n_samples, np.float32)
        position = int(rng.integers(-length + 1, 1))
        while position < n_samples:
            _add(crop, wave, position)
            gap_seconds = rng.exponential(0.15) if rng.random() < 0.5 else 0.0
            position += length + seconds_to_samples(gap_seconds, self.store.sample_rate)
        return crop


class DenoiserBatches:
    """Batches of mixtures, a pure function of the step.

    A batch holds ``inputs (batch, 1, time)``, ``dereverb (batch, 1)`` and ``target (batch, time)``.

    - ``speech``, ``noise``: recordings of speech, and of noise.
    - ``music``: recordings of music.
    - ``recipe``: of the run.
    """

    def __init__(
        self,
        speech: SoundSource,
        noise: SoundSource,
        music: SoundSource | None,
        recipe: RecipeOf[DenoiserConfig, DenoiserDataSettings],
    ) -> None:
        self.speech, self.noise, self.music = speech, noise, music
        self.recipe = recipe
        self.sample_rate = recipe.model.sample_rate
        n_samples = seconds_to_samples(recipe.data.crop_seconds, self.sample_rate)
        self.n_samples = n_samples // recipe.model.hop_length * recipe.model.hop_length
        speakers = [speech.store.entries[row].speaker or "" for row in speech.rows]
        self.rows_of = {name: speech.rows[[each == name for each in speakers]] for name in set(speakers)}

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
        noise = self._noise(rng, self.n_samples)
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
            speech = self._speech(rng, self.n_samples)
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
        if self.music is not None and rng.random() < data.target_music_probability:
            music = self.music.crop(rng, self.n_samples)
            level = mixing.active_rms(reverberant) * db_to_gain(rng.uniform(-20, 0)) / max(mixing.rms(music), 1e-5)
            target, reverberant = target + level * music, reverberant + level * music
        return target, reverberant

    def _speech(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return recordings of one speaker, one after another with pauses, at a random speed."""
        store = self.speech.store
        row = self.speech.draw(rng)
        rows = self.rows_of[store.entries[row].speaker or ""]
        speed = log_uniform(rng, self.recipe.data.slowest, self.recipe.data.fastest)
        if rng.random() < self.recipe.data.own_speed_probability:
            speed = 1.0
        length = store.lengths[row]
        position = -int(rng.integers(max(length - self.sample_rate // 2, 1)))
        if rng.random() < 0.5:
            position = int(rng.integers(self.sample_rate))
        speech = np.zeros(n_samples, np.float32)
        while position < n_samples:
            needed = int(speed * (n_samples - position)) + 1
            wave = mixing.at_speed(store.crop(row, 0, min(store.lengths[row], needed))[0], speed)
            _add(speech, wave, position)
            position += len(wave) + seconds_to_samples(rng.exponential(MEAN_GAP_SECONDS), self.sample_rate)
            row = int(rng.choice(rows))
        if rng.random() < OWN_FORMANTS_PROBABILITY:
            return speech
        factor = log_uniform(rng, self.recipe.data.lowest_formants, self.recipe.data.highest_formants)
        return mixing.with_formants(speech, factor, self.sample_rate)

    def _noise(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return one or two sources of noise, added."""
        noise: np.ndarray = np.zeros(n_samples, np.float32)
        for _ in range(1 + (rng.random() < 0.35)):
            source = self._noise_source(rng, n_samples)
            if rng.random() < 0.5:
                source = mixing.equalise(source, rng, NOISE_EQUALISER_DB * rng.random())
            level = mixing.rms(source)
            if level > 1e-5:
                noise += source * np.float32(db_to_gain(rng.uniform(-8, 0)) / level)
        return noise if mixing.rms(noise) > 1e-5 else mixing.coloured_noise(rng, n_samples)

    def _noise_source(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        data, kind = self.recipe.data, rng.random()
        if kind < data.recorded_probability:
            recorded = self._recorded(self.noise, rng, n_samples)
            is_repeated = rng.random() < data.repeated_probability
            return mixing.repeated(recorded, rng, self.sample_rate) if is_repeated else recorded
        kind -= data.recorded_probability
        if kind < data.texture_probability:
            sources = [self.noise, self.speech] + ([self.music] if self.music else [])
            source = sources[int(rng.integers(len(sources)))]
            return mixing.texture(self._recorded(source, rng, n_samples), rng)
        kind -= data.texture_probability
        if kind < data.babble_probability:
            voices = [self._speech(rng, n_samples) for _ in range(rng.integers(3, 9))]
            babble = np.zeros(n_samples, np.float32)
            for voice in voices:
                babble += voice * np.float32(db_to_gain(rng.uniform(-9, 0)))
            return babble
        kind -= data.babble_probability
        if self.music is not None and kind < data.music_probability:
            return self.music.crop(rng, n_samples)
        kind -= data.music_probability
        if kind < data.procedural_probability:
            return mixing.procedural_sound(rng, n_samples, self.sample_rate)
        kind -= data.procedural_probability
        if kind < data.notes_probability:
            return mixing.random_notes(rng, n_samples, self.sample_rate)
        if rng.random() < 0.3:
            return mixing.coloured_noise(rng, n_samples)
        machines = (mixing.machine_noise, mixing.machine_noise, mixing.hum, mixing.pulsed_noise)
        return machines[int(rng.integers(len(machines)))](rng, n_samples, self.sample_rate)

    def _recorded(self, source: SoundSource, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return a piece of a recording at a random speed."""
        speed = log_uniform(rng, 0.55, 1.8)
        return mixing.at_speed(source.crop(rng, int(speed * n_samples) + 2), speed)[:n_samples]

    def _low_passed(self, wave: np.ndarray, limit_hz: float) -> np.ndarray:
        from scipy.signal import butter, sosfilt

        filtered: np.ndarray = sosfilt(butter(6, limit_hz, output="sos", fs=self.sample_rate), wave)
        return filtered.astype(np.float32)


def _add(target: np.ndarray, wave: np.ndarray, position: int) -> None:
    """Add a wave to a part of ``target`` from ``position`` on, which may be negative; what does not fit is cut off."""
    start, end = max(position, 0), min(position + len(wave), len(target))
    if end > start:
        target[start:end] += wave[start - position : end - position]
