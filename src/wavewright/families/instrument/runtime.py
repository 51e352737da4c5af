"""Instrument inference without PyTorch: timbres, notes, and the player of scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...base.errors import BadModel, BadSetting
from ...contracts.runtime import checked_wave
from ...contracts.score_player import ScorePlayer
from ...models.folder import ModelFolder
from ...music.timbre_path import TimbrePath
from .analysis import note_levels
from .batches import encoder_levels
from .config import (
    DECODER_FILE,
    ENCODER_FILE,
    N_CONDITIONS,
    TIMBRES,
    WEIGHT_PREFIX,
    InstrumentConfig,
    conditions,
)
from .player import InstrumentPlayer
from .programs import nearest_label
from .voice import VoiceSettings, render_note

NOTE_SECONDS, NOTE_VELOCITY = 1.5, 100


class InstrumentRuntime(ScorePlayer):
    """An instrument that is open for inference.

    Attributes
    ----------
    config : InstrumentConfig
    timbres : np.ndarray
        Latent of each label, ``(labels, latent_size)`` float32; one row for a model without labels.
    """

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(InstrumentConfig)
        size = (None, config.latent_size)
        condition = {"condition": (None, N_CONDITIONS)}
        self._decoder = folder.session(DECODER_FILE, {"latent": size, **condition}, {"levels": (None, config.n_levels)})
        self._encoder = folder.session(
            ENCODER_FILE, {"source": (None, config.n_times, config.n_levels), **condition}, {"latent": size}
        )
        name = f"{WEIGHT_PREFIX}{TIMBRES}"
        timbres = folder.weights().get(name)
        shape = (max(1, len(self.labels)), config.latent_size)
        if timbres is None or timbres.shape != shape:
            raise BadModel(f"{folder.path} needs the weight {name} with shape {shape}; copy the model folder again.")
        self.timbres: np.ndarray = self.finite(timbres)

    def timbre(self, label: str | None = None) -> np.ndarray:
        """Return the latent ``(latent_size,)`` of a label, by default the first; raise BadSetting for others."""
        return np.asarray(self.timbres[self.label_index(label)])

    def label_of_program(self, program: int) -> str | None:
        """Return the label that comes closest to a program of General MIDI; None without labels."""
        return nearest_label(program, self.labels)

    def engine(self, paths: Callable[[int], TimbrePath], sample_rate: int, seed: int = 0) -> InstrumentPlayer:
        """Return a player of MIDI channels; see :meth:`.ScorePlayer.engine`."""
        return InstrumentPlayer(self.levels, VoiceSettings.of(self.config, sample_rate), paths, seed)

    def encode(self, wave: np.ndarray, pitch: float, velocity: float = NOTE_VELOCITY) -> np.ndarray:
        """Return the latent ``(latent_size,)`` of a note.

        Parameters
        ----------
        wave : np.ndarray of shape ``(time,)``
            At the model's sample rate, from the onset on.
        pitch, velocity : float
            MIDI number, and 1 to 127.

        Raises
        ------
        BadAudio
            If the wave has another shape or invalid values.
        """
        levels = encoder_levels(note_levels(checked_wave(wave), pitch, self.config)[None])
        condition = conditions(np.array([pitch]), np.array([velocity]), np.zeros(1), self.config)
        (latent,) = self._encoder.run(["latent"], {"source": levels, "condition": condition})
        return self.finite(latent[0])

    def levels(self, latents: np.ndarray, pitch: float, velocity: float, seconds: np.ndarray) -> np.ndarray:
        """Return the levels of a note.

        Parameters
        ----------
        latents : np.ndarray
            ``(latent_size,)``, or one for each time.
        pitch, velocity : float
        seconds : np.ndarray of shape ``(n,)``
            Times after the onset.

        Returns
        -------
        np.ndarray
            ``(n, n_levels)`` in dB: partials, then bands of noise.
        """
        condition = conditions(np.array(pitch), np.array(velocity), seconds, self.config)
        latent = np.ascontiguousarray(np.broadcast_to(latents, (len(seconds), self.config.latent_size)), np.float32)
        (levels,) = self._decoder.run(["levels"], {"latent": latent, "condition": condition})
        return self.finite(levels)

    def render(
        self,
        latent: np.ndarray,
        pitch: float,
        velocity: float = NOTE_VELOCITY,
        seconds: float = NOTE_SECONDS,
        seed: int = 0,
    ) -> np.ndarray:
        """Return a note with its release, ``(time,)`` float32, in [-1, 1] unless it is clipped."""
        settings = VoiceSettings.of(self.config, self.sample_rate)
        wave = render_note(
            lambda times, _: self.levels(latent, pitch, velocity, times), settings, pitch, seconds, (seed, 0)
        )
        return np.asarray(np.clip(wave, -1, 1), np.float32)

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return notes of drawn pitches and velocities; see :meth:`.Generator.generate`."""
        if count < 0:
            raise BadSetting(f"The number of clips is {count}; it must be 0 or more.")
        waves = []
        for index in range(start, start + count):
            number = self.label_index(label, index)
            rng = self.clip_rng(seed, index, number)
            low, high = sorted((round(self.config.lowest), round(self.config.highest)))
            pitch, velocity = int(rng.integers(low, high + 1)), int(rng.integers(60, 121))
            waves.append(
                self.render(self.timbres[number], pitch, velocity, NOTE_SECONDS, int(rng.integers(2**31)))[None]
            )
        return waves
