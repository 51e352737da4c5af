"""Files of latents: encode a sound file as one, and decode it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ...audio.clip import Clip, warn_of_clipping, write_blocks
from ...audio.wave_blocks import ClippingMeter
from ...base.errors import BadAudio
from ...contracts.family import Capability
from ...contracts.morphing import Morpher
from ...contracts.runtime import Autoencoder, maker
from ...families import loading
from ...outputs.made import Made, MadeFile, sound_file
from ...outputs.watermark.marking import marking_of
from ...outputs.watermark.payload import DEFAULT_KEY
from .latent_file import SILENT_DB, LatentFile, LatentMetadata
from .source import read_clip


def encode_latents(runtime: Autoencoder, file: Path, out: Path, label: str | None) -> Made:
    """Write the latents of a sound file.

    - ``runtime``: the model. A model of one-shots encodes the file from its onset.
    - ``file``: the sound file. Decoding restores its sample rate and, for a model of clips of any length, its number of
      samples.

    Raises BadAudio if the file cannot be read, or BadSetting if the model does not have the label.
    """
    runtime.check_decoder_label(label)  # refuses an unknown label before a long file is read
    source, wave = read_clip(file, runtime, allow_silence=True)
    n_samples = round(source.seconds * source.sample_rate)
    if runtime.clip_samples is not None:
        n_samples = min(n_samples, round(runtime.clip_samples * source.sample_rate / runtime.sample_rate))
    aligned = runtime.align(wave)
    latents = runtime.encode(aligned.wave)
    metadata = LatentMetadata(
        model=runtime.name,
        model_hash=runtime.folder.hash,
        sample_rate=source.sample_rate,
        n_samples=n_samples,
        level_db=aligned.level_db if aligned.wave.any() else SILENT_DB,  # no latents represent silence
        label=label,
    )
    n_bytes = LatentFile(latents, metadata).write(out)
    n_latents, latent_size = np.atleast_2d(latents).shape
    vectors = "1 latent vector" if n_latents == 1 else f"{n_latents} latent vectors"
    details = {"n_latents": n_latents, "latent_size": latent_size, "label": label, "n_bytes": n_bytes}
    made = MadeFile(path=out, source=file, seconds=n_samples / source.sample_rate, by=maker(runtime))
    lines = [f"  {vectors} of {latent_size} dimensions, {n_bytes:,} bytes"]
    return Made.of(made, details=details, lines=lines, notes=[str(source)] if source.changes else [])


def decode_latents(
    file: Path, out: Path, model: str | None, watermark: bool = True, watermark_key: str = DEFAULT_KEY
) -> Made:
    """Write the sound file of a file of latents; without ``model``, the model is found by its hash.

    Raises BadAudio if the file is damaged or of another kind, or BadModel if the model that encoded it is not there.
    """
    latent_file = LatentFile.read(file)
    metadata = latent_file.metadata
    load = loading.load_autoencoder
    _, runtime = loading.load_by_hash(metadata.model_hash, model, str(file), Capability.AUTOENCODE, load)
    runtime.check_decoder_label(metadata.label)
    if isinstance(runtime, Morpher):  # whose decoder takes a label
        wave = runtime.decode(latent_file.latents, metadata.label)
    else:
        wave = runtime.decode(latent_file.latents)
    wave = wave * np.float32(metadata.gain)
    clip = Clip(wave / max(float(np.abs(wave).max()), 1.0), runtime.sample_rate).resample(metadata.sample_rate)
    n_missing = metadata.n_samples - clip.n_samples
    if n_missing > 1:  # resampling may round one away
        raise BadAudio(
            f"{file} states {metadata.n_samples} samples at {metadata.sample_rate} Hz, but its latents last for "
            f"{clip.n_samples}; encode the sound again."
        )
    padded = np.pad(clip.wave[:, : metadata.n_samples], ((0, 0), (0, max(0, n_missing))))
    marking = marking_of(metadata.model_hash, watermark, watermark_key)
    waves = iter([padded]) if marking is None else marking.blocks([padded], metadata.sample_rate)
    clipping = ClippingMeter()
    header = write_blocks(out, (Clip(wave, metadata.sample_rate) for wave in waves), clipping=clipping)
    warn_of_clipping(out, clipping, "encode the sound at a lower level")
    made = replace(sound_file(out, header), source=file, by=maker(runtime))
    return Made.of(made, details={"label": metadata.label, "is_marked": watermark})
