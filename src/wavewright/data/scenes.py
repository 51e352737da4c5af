"""Scenes to learn from: voices that talk with pauses, and sources of noise, drawn from recordings and made by rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.ranges import ranged
from ..base.units import db_to_gain, seconds_to_samples
from . import mixing
from .augmentation import SpeedSettings, log_uniform
from .crops import sampling_probabilities
from .store import ClipStore

SPEECH, NOISE, MUSIC = "speech", "noise", "music"
"""Labels of the recordings of a corpus."""

MEAN_GAP_SECONDS = 0.35  # between two recordings of a speaker
NOISE_EQUALISER_DB = 16.0
OWN_FORMANTS_PROBABILITY = 0.5
NOISE_EXPONENT = 0.5  # of the total length of a group of noises in the probability to be drawn


@dataclass(frozen=True)
class SceneSettings(SpeedSettings):
    """Settings of voices and noises; raises BadSetting for a number out of its range."""

    slowest: float = ranged(0.78, 0.1, 10.0)  # speed of speech; other speeds are other voices
    fastest: float = ranged(1.28, 0.1, 10.0)
    own_speed_probability: float = ranged(0.25, 0.0, 1.0)  # of speech as it was recorded
    speaker_exponent: float = ranged(0.5, 0.0, 1.0)  # of a speaker's total length in the probability to be drawn
    lowest_formants: float = ranged(0.87, 0.5, 2.0)  # of speech, over those of the voice: other throats
    highest_formants: float = ranged(1.15, 0.5, 2.0)
    recorded_probability: float = ranged(0.36, 0.0, 1.0)  # of a recording of noise, among the sources of noise
    repeated_probability: float = ranged(0.1, 0.0, 1.0)  # of a short piece of such a recording in a rhythm
    texture_probability: float = ranged(0.16, 0.0, 1.0)  # of noise with the spectra of any recording
    babble_probability: float = ranged(0.1, 0.0, 1.0)  # of several speakers as noise
    music_probability: float = ranged(0.06, 0.0, 1.0)  # of music as noise, if the corpus has any
    procedural_probability: float = ranged(0.1, 0.0, 1.0)  # of wind, rain, engines, steps and others made by rules
    notes_probability: float = ranged(0.06, 0.0, 1.0)  # of random melodies, chords and alarms


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


class Scenes:
    """Random voices and noises of a store's recordings, by their labels.

    - ``store``: recordings with the labels speech, noise and music.
    - ``rows``: rows of the store to draw from; some must be speech, and some noise.
    - ``settings``: their variety.
    """

    def __init__(self, store: ClipStore, rows: Sequence[int], settings: SceneSettings) -> None:
        kinds = {kind: [row for row in rows if store.entries[row].label == kind] for kind in (SPEECH, NOISE, MUSIC)}
        self.settings = settings
        self.sample_rate = store.sample_rate
        self.voices = SoundSource.of(store, kinds[SPEECH], settings.speaker_exponent)
        self.noises = SoundSource.of(store, kinds[NOISE], NOISE_EXPONENT)
        self.music = SoundSource.of(store, kinds[MUSIC]) if kinds[MUSIC] else None
        speakers = [store.entries[row].speaker or "" for row in self.voices.rows]
        self.rows_of = {name: self.voices.rows[[each == name for each in speakers]] for name in set(speakers)}

    def speech(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return recordings of one speaker, one after another with pauses, at a random speed."""
        store = self.voices.store
        row = self.voices.draw(rng)
        rows = self.rows_of[store.entries[row].speaker or ""]
        speed = log_uniform(rng, self.settings.slowest, self.settings.fastest)
        if rng.random() < self.settings.own_speed_probability:
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
        factor = log_uniform(rng, self.settings.lowest_formants, self.settings.highest_formants)
        return mixing.with_formants(speech, factor, self.sample_rate)

    def noise(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
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
        settings, kind = self.settings, rng.random()
        if kind < settings.recorded_probability:
            recorded = self._recorded(self.noises, rng, n_samples)
            is_repeated = rng.random() < settings.repeated_probability
            return mixing.repeated(recorded, rng, self.sample_rate) if is_repeated else recorded
        kind -= settings.recorded_probability
        if kind < settings.texture_probability:
            sources = [self.noises, self.voices] + ([self.music] if self.music else [])
            source = sources[int(rng.integers(len(sources)))]
            return mixing.texture(self._recorded(source, rng, n_samples), rng)
        kind -= settings.texture_probability
        if kind < settings.babble_probability:
            voices = [self.speech(rng, n_samples) for _ in range(rng.integers(3, 9))]
            babble = np.zeros(n_samples, np.float32)
            for voice in voices:
                babble += voice * np.float32(db_to_gain(rng.uniform(-9, 0)))
            return babble
        kind -= settings.babble_probability
        if self.music is not None and kind < settings.music_probability:
            return self._recorded(self.music, rng, n_samples)
        kind -= settings.music_probability
        if kind < settings.procedural_probability:
            return mixing.procedural_sound(rng, n_samples, self.sample_rate)
        kind -= settings.procedural_probability
        if kind < settings.notes_probability:
            return mixing.random_notes(rng, n_samples, self.sample_rate)
        if rng.random() < 0.3:
            return mixing.coloured_noise(rng, n_samples)
        machines = (mixing.machine_noise, mixing.machine_noise, mixing.hum, mixing.pulsed_noise)
        return machines[int(rng.integers(len(machines)))](rng, n_samples, self.sample_rate)

    def _recorded(self, source: SoundSource, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return a piece of a recording at a random speed."""
        speed = log_uniform(rng, 0.55, 1.8)
        return mixing.at_speed(source.crop(rng, int(speed * n_samples) + 2), speed)[:n_samples]


def _add(target: np.ndarray, wave: np.ndarray, position: int) -> None:
    """Add a wave to a part of ``target`` from ``position`` on, which may be negative; what does not fit is cut off."""
    start, end = max(position, 0), min(position + len(wave), len(target))
    if end > start:
        target[start:end] += wave[start - position : end - position]
