"""Encode audio: as codes of a codec, to a file or a stream, as tokens for language models, or as latents of a VAE."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, BinaryIO

import numpy as np
from pydantic import Field

from .. import models
from ..audio.clip import warn_of_left_out
from ..audio.pcm import pipe_out, read_pcm
from ..audio.sound_file import AudioHeader, open_sound
from ..audio.wave_blocks import CountedWaves, fitted, resampled, until_interrupted
from ..base.byte_stream import is_stream
from ..base.errors import BadSetting, unsupported
from ..base.names import index_of
from ..base.parameters import FREE_TEXT, NAMES_MODEL, OF_FILES, STANDARD_STREAM, Quiet, Writes
from ..base.progress_bar import progress_bar
from ..base.rules import Without
from ..base.task_parameters import checked
from ..base.whole_file import check_target, new_target, whole_file
from ..contracts.family import Capability
from ..contracts.runtime import Codec, maker
from ..families import loading
from ..families.codec.wwc.header import HEADER_BYTES, WwcHeader
from ..families.codec.wwc.packets import PacketWriter, n_codec_samples
from ..families.codec_files import (
    DEFAULT_CODEC,
    coder_of,
    coding,
    frames_per_packet,
    n_codebooks_for,
    version_of,
)
from ..inference.code_tokens import SUFFIX as TOKENS_SUFFIX, encode_tokens
from ..inference.latent_clips.latent_coding import encode_latents
from ..inference.latent_clips.latent_file import SUFFIX as LATENTS_SUFFIX
from ..outputs.carried_metadata import left_out_of
from ..outputs.made import Made, MadeFile

SUFFIX = ".wwc"


@checked
def encode(
    file: Annotated[
        Path,
        Field(
            description="Sound file of any length; -: standard input (16-bit mono at the codec's rate, or WAV), to "
            "standard output, by frames."
        ),
    ],
    kbps: Annotated[
        float | None,
        Field(
            description="Target bitrate in kbit/s, all channels together; the nearest is used; default: nearest to 3.",
            gt=0,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        Field(
            description="File to write; default: a new .wwc beside the sound, .json of tokens, .safetensors by a VAE."
        ),
        Writes(".wwc"),
    ] = None,
    model: Annotated[
        str, Field(description="Name of a codec or a VAE, or the path of its folder."), NAMES_MODEL
    ] = DEFAULT_CODEC,
    tokens: Annotated[
        int | None,
        Field(description="Write the codes of so many codebooks as JSON of tokens for language models.", ge=1, le=32),
        Without("kbps"),
        OF_FILES,
    ] = None,
    label: Annotated[
        str | None, Field(description="Label of the sound, for a VAE's decoder; default: none."), FREE_TEXT
    ] = None,
    quiet: Quiet = False,
) -> Made:
    """Compress a sound file to the codes of a neural codec (.wwc), to tokens (.json) or to a VAE's latents.

    A sound of another rate than the model's is resampled. A codec encodes each channel by itself; decoding restores the
    rate, the channels and the exact number of samples. Tokens and a VAE's latents are those of the mean of all
    channels. Standard input is encoded as it arrives.

    Raises BadAudio if the sound cannot be read; BadModel if the model is neither a codec nor a VAE, or damaged;
    BadSetting if the model does not have the bitrate or the label; BadFolder if the file cannot be written.
    """
    if is_stream(file, out):
        codec = _open_codec(model, label)
        encode_stream(sys.stdin.buffer, sys.stdout.buffer, codec, kbps)
        return Made(out=STANDARD_STREAM)
    sound = open_sound(file)
    if _is_autoencoder(model):
        autoencoder = loading.load_autoencoder(model)
        if kbps is not None or tokens is not None:
            option = "--tokens" if kbps is None else "--kbps"
            raise unsupported(autoencoder.name, "makes latents, whose number nobody can choose", option)
        path = _checked_out(out, file, LATENTS_SUFFIX, "latents")
        made = encode_latents(autoencoder, file, path, label)
    else:
        codec = _open_codec(model, label)
        if tokens is not None:
            path = _checked_out(out, file, TOKENS_SUFFIX, "tokens")
            made = encode_tokens(codec, file, path, tokens)
        else:
            path = _checked_out(out, file, SUFFIX, "codes")
            made = _encode_file(file, sound.header, path, codec, kbps, quiet)
    warn_of_left_out(path, left_out_of(sound))
    return made


def encode_stream(source: BinaryIO, sink: BinaryIO, codec: Codec, kbps: float | None) -> None:
    """Encode 16-bit audio frame by frame; each frame is a packet, written as soon as it is complete.

    Ctrl-C ends the audio, not the stream: the audio up to then is written.

    Raises BadAudio if the source cannot be read; BadSetting if the codec does not have the bitrate.

    Parameters
    ----------
    source
        Raw samples or a WAV file; see :func:`.pcm.read_pcm`.
    sink
        Where the stream is written to.
    codec
        The codec.
    kbps
        Target bitrate of the codes, kbit/s; default: the nearest to 3.
    """
    audio = read_pcm(source, codec.sample_rate)
    header = header_of(codec, kbps, audio.n_channels, audio.sample_rate, is_stream=True)
    if audio.sample_rate != codec.sample_rate:
        print(resampling_note(audio.sample_rate, codec.sample_rate, codec.name), file=sys.stderr)
    with pipe_out(sink):
        sink.write(header.to_bytes())
        sink.flush()
        writer = PacketWriter(sink, header, coder_of(codec, header, "the stream"), is_stream=True)
        write_codes(codec, writer, CountedWaves(until_interrupted(audio.waves)))


def resampling_note(from_rate: int, to_rate: int, model: str) -> str:
    """Return a sentence about audio of another sample rate than the codec's."""
    lost = f", and what lies above {to_rate // 2} Hz is lost" if from_rate > to_rate else ""
    return f"{from_rate} Hz is resampled to the {to_rate} Hz of {model}{lost}; decoding gives {from_rate} Hz back."


def _is_autoencoder(model: str) -> bool:
    """Return whether a model encodes latents; raise BadModel if there is no such model."""
    folder = models.find(model)
    card = loading.read_card(folder)
    return Capability.AUTOENCODE in loading.capabilities_of(card)


def _open_codec(model: str, label: str | None) -> Codec:
    """Open a codec; raise BadSetting if there is a label."""
    codec = loading.load_codec(model)
    if label is not None:
        index_of(label, (), "label", codec.name)
    return codec


def _encode_file(file: Path, audio: AudioHeader, out: Path, codec: Codec, kbps: float | None, quiet: bool) -> Made:
    header = header_of(codec, kbps, audio.n_channels, audio.sample_rate)
    with progress_bar(f"encoding {file.name}", audio.seconds, quiet) as show, whole_file(out) as sink:
        sink.write(
            bytes(HEADER_BYTES)
        )  # the number of samples is known at the end: headers of sound files may be wrong
        waves = CountedWaves(open_sound(file).blocks(), lambda n_samples: show(n_samples / audio.sample_rate))
        writer = PacketWriter(sink, header, coder_of(codec, header, str(out)), is_stream=False)
        write_codes(codec, writer, waves)
        sink.seek(0)
        sink.write(replace(header, n_samples=waves.n_samples).to_bytes())
    seconds = waves.n_samples / audio.sample_rate
    codes, line = coding(header, seconds, HEADER_BYTES + writer.n_bytes, codec.name)
    is_resampled = codec.sample_rate != audio.sample_rate
    notes = [resampling_note(audio.sample_rate, codec.sample_rate, codec.name)] if is_resampled else []
    made = MadeFile(
        path=out,
        source=file,
        seconds=seconds,
        sample_rate=audio.sample_rate,
        n_channels=audio.n_channels,
        by=maker(codec),
    )
    return Made.of(made, details={**codes, "codec_sample_rate": codec.sample_rate}, lines=[line], notes=notes)


def header_of(
    codec: Codec, kbps: float | None, n_channels: int, sample_rate: int, is_stream: bool = False
) -> WwcHeader:
    """Return the header of audio of unknown length; a packet of a stream is a frame.

    Raises BadSetting for an impossible bitrate or too many channels.
    """
    n_frames = 1 if is_stream else frames_per_packet(codec, n_channels)
    return WwcHeader(
        model_hash=codec.folder.hash,
        codec_sample_rate=codec.sample_rate,
        sample_rate=sample_rate,
        n_channels=n_channels,
        n_samples=None,
        n_codebooks=n_codebooks_for(codec, kbps, n_channels, is_stream),
        frames_per_packet=n_frames,
        version=version_of(codec),
    )


def write_codes(codec: Codec, writer: PacketWriter, audio: CountedWaves) -> None:
    """Encode each channel by itself and write the codes."""
    header = writer.header
    encoders = [codec.encoder() for _ in range(header.n_channels)]
    for wave in _resampled_to_codec(codec, audio, header):
        codes = [encoder.push(channel) for encoder, channel in zip(encoders, wave, strict=True)]
        writer.push(np.stack(codes)[:, : header.n_codebooks])
    codes = [encoder.finish() for encoder in encoders]
    writer.finish(np.stack(codes)[:, : header.n_codebooks], audio.n_samples)


def _resampled_to_codec(codec: Codec, audio: CountedWaves, header: WwcHeader) -> Iterator[np.ndarray]:
    """Yield the audio at the codec's rate, in as many samples as its length asks for."""
    waves = resampled(audio, header.sample_rate, codec.sample_rate, header.n_channels)
    return fitted(
        waves,
        header.n_channels,
        lambda: n_codec_samples(audio.n_samples, header.sample_rate, codec.sample_rate),
    )


def _checked_out(out: Path | None, file: Path, suffix: str, content: str) -> Path:
    """Return the path, by default beside the sound; raise if no file of that kind can be written there."""
    out = new_target(file.with_suffix(suffix)) if out is None else out
    if out.suffix.lower() != suffix:
        needed = {TOKENS_SUFFIX: "--tokens", LATENTS_SUFFIX: "a VAE as --model"}.get(out.suffix.lower())
        hint = f"; {out.suffix} needs {needed}" if needed else ""
        raise BadSetting(f"{out} ends with {out.suffix!r}; {content} are written to {suffix} files{hint}.")
    check_target(out)
    return out
