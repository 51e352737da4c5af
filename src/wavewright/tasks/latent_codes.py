"""A sound to the latents of a VAE and back, for `encode` and `decode` where they are given such a model or such a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..clip import Clip
from ..errors import BadAudio
from .codecs import by_hash, described
from .latent_file import SILENT_DB, About, LatentFile
from .latent_sounds import Source, open_vae, read_sound

if TYPE_CHECKING:
    from ..families.vae.runtime import VaeRuntime


@dataclass(frozen=True)
class EncodedLatents:
    """A file of latents; ``source`` is the sound that was given, ``seconds`` what decoding gives of it."""

    out: Path
    source: Source
    model: str
    model_hash: str
    seconds: float
    n_latents: int
    latent_size: int
    label: str | None
    n_bytes: int

    def __str__(self) -> str:
        latents = "1 latent" if self.n_latents == 1 else f"{self.n_latents} latents"
        lines = [
            f"{self.out}: {self.seconds:.2f} s as {latents} of {self.latent_size} numbers by {self.model} ({self.model_hash}), "
            f"{self.n_bytes:,} bytes"
        ]
        return "\n".join([*lines, str(self.source)] if self.source.changes else lines)


@dataclass(frozen=True)
class DecodedLatents:
    """A sound file made of latents."""

    out: Path
    file: Path
    model: str
    model_hash: str
    seconds: float
    sample_rate: int
    label: str | None

    def __str__(self) -> str:
        sound = described(round(self.seconds * self.sample_rate), self.sample_rate, 1)
        return f"{self.out}: {sound} from the latents of {self.model} ({self.model_hash})"


def encode_latents(player: VaeRuntime, file: Path, out: Path, label: str | None) -> EncodedLatents:
    """Write the latents of a sound file; decoding gives its rate back, and for a model of sounds of any length its number of samples.

    A model of one-shots hears the sound from its onset. Raises BadAudio where the file cannot be read, BadSetting for a label that the
    model does not have.
    """
    player.condition(label)  # refuses a label that there is not, before a long file is read
    source, wave = read_sound(file, player, may_be_silent=True)
    n_samples = round(source.seconds * source.sample_rate)
    if player.config.latent == "clip":
        n_samples = min(n_samples, round(player.config.n_samples * source.sample_rate / player.sample_rate))
    sound = player.heard(wave)
    latents = player.encode(sound.wave)
    about = About(
        model=player.card.name,
        model_hash=player.folder.hash,
        sample_rate=source.sample_rate,
        n_samples=n_samples,
        level_db=sound.level_db if sound.wave.any() else SILENT_DB,  # no latents stand for silence
        label=label,
    )
    n_bytes = LatentFile(latents, about).write(out)
    n_latents, latent_size = np.atleast_2d(latents).shape
    seconds = n_samples / source.sample_rate
    return EncodedLatents(out, source, about.model, about.model_hash, seconds, n_latents, latent_size, label, n_bytes)


def decode_latents(file: Path, out: Path, model: str | None) -> DecodedLatents:
    """Write the sound that a file of latents stands for.

    Raises BadAudio for a file that is damaged or of another kind, BadModel where the model that encoded it is not there.
    """
    found = LatentFile.read(file)
    about = found.about
    _, player = by_hash(about.model_hash, model, str(file), "VAE", open_vae)
    wave = player.decode(found.latents, about.label) * np.float32(about.gain)
    sound = Clip(wave / max(float(np.abs(wave).max()), 1.0), player.sample_rate).resample(about.sample_rate)
    n_missing = about.n_samples - sound.n_samples
    if n_missing > 1:  # rounding may cost one
        raise BadAudio(
            f"{file} speaks of {about.n_samples} samples at {about.sample_rate} Hz, and its latents last for {sound.n_samples}; encode "
            "the sound again."
        )
    whole = np.pad(sound.wave[:, : about.n_samples], ((0, 0), (0, max(0, n_missing))))
    Clip(whole, about.sample_rate).write(out)
    seconds = about.n_samples / about.sample_rate
    return DecodedLatents(out, file, about.model, about.model_hash, seconds, about.sample_rate, about.label)
