"""Decode audio: from the codes of a .wwc file or stream, from tokens, or from the latents of a VAE."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Annotated, BinaryIO

import numpy as np
from pydantic import Field

from ..audio.clip import Clip, warn_of_clipping, write_blocks
from ..audio.pcm import pipe_out, to_pcm
from ..audio.wave_blocks import ClippingMeter, resampled
from ..base.byte_stream import is_stream
from ..base.errors import BadAudio, BadSetting
from ..base.parameters import NAMES_MODEL, STANDARD_STREAM, IsMarked, MarkKey, Quiet, Writes
from ..base.progress_bar import progress_bar
from ..base.task_parameters import checked
from ..contracts.runtime import Codec, maker
from ..families.codec.wwc.header import MAX_SECONDS, WwcHeader, read_header
from ..families.codec.wwc.packet_reader import MAX_GAP_SECONDS, PacketReader
from ..families.codec_files import codec_of, coder_of, coding
from ..inference.code_tokens import SUFFIX as TOKENS_SUFFIX, decode_tokens
from ..inference.latent_clips.latent_coding import decode_latents
from ..inference.latent_clips.latent_file import SUFFIX as LATENTS_SUFFIX
from ..outputs.made import Made, sound_file
from ..outputs.watermark.payload import DEFAULT_KEY


@checked
def decode(
    file: Annotated[
        Path,
        Field(
            description="A .wwc, .json or .safetensors file; -: standard input, to raw 16-bit samples on standard "
            "output."
        ),
    ],
    out: Annotated[
        Path | None,
        Field(description="Sound file to write; default: <name>-decoded.wav beside the codes."),
        Writes(".wav"),
    ] = None,
    model: Annotated[
        str | None,
        Field(description="The model that encoded the file, by name or folder; default: found by its hash."),
        NAMES_MODEL,
    ] = None,
    max_gap_seconds: Annotated[
        float, Field(description="Longest silence that replaces consecutive lost packets.", ge=0, le=MAX_SECONDS)
    ] = MAX_GAP_SECONDS,
    watermark: IsMarked = True,
    watermark_key: MarkKey = DEFAULT_KEY,
    quiet: Quiet = False,
) -> Made:
    """Decode a .wwc file, the tokens in a .json file, or the latents in a .safetensors file, to a sound file.

    Codes restore the rate, the channels and the exact number of samples; damaged packets become silence and are named,
    after 0.2 s of what the codec makes up if it has learned to. Tokens and latents are mono. Standard
    input is decoded as it arrives.

    Raises BadAudio if the file is of another kind or has no valid packet; BadModel if the model that encoded it is
    missing or damaged; BadSetting or BadFolder if the sound file cannot be written.
    """
    if is_stream(file, out):
        decode_stream(sys.stdin.buffer, sys.stdout.buffer, model, max_gap_seconds)
        return Made(out=STANDARD_STREAM)
    out = file.with_name(f"{file.stem}-decoded.wav") if out is None else out
    if file.suffix.lower() == LATENTS_SUFFIX:
        return decode_latents(file, out, model, watermark, watermark_key)
    if file.suffix.lower() == TOKENS_SUFFIX:
        return decode_tokens(file, out, model, watermark, watermark_key)
    if watermark_key != DEFAULT_KEY:
        raise BadSetting(
            f"{file} has codes of a recording, whose copy gets no mark; leave --watermark-key out, or decode tokens or "
            "latents."
        )
    with _opened(file) as source:
        return _decode_file(file, source, out, model, max_gap_seconds, quiet)


def decode_stream(
    source: BinaryIO, sink: BinaryIO, model: str | None = None, max_gap_seconds: float = MAX_GAP_SECONDS
) -> None:
    """Decode a .wwc stream to raw 16-bit samples, which are written as soon as they are complete.

    Damage is reported on standard error.

    Raises BadAudio if the source is of another kind or has no valid packet; BadModel if the codec is missing or
    damaged.

    Parameters
    ----------
    source
        The stream.
    sink
        Where the samples are written to, with interleaved channels.
    model
        Name of the codec; by default the one with the hash in the header.
    max_gap_seconds
        Longest silence that replaces consecutive lost packets.
    """
    name = "standard input"
    header, repaired_byte = read_header(source, name)
    codec = codec_of(header, model, name)
    reader = PacketReader(
        source, header, coder_of(codec, header, name), codec.hop_length, max_gap_seconds, codec.n_concealed
    )
    with pipe_out(sink):
        for wave in decode_packets(codec, reader, name):
            sink.write(to_pcm(wave))
            sink.flush()
    seconds = reader.n_samples_decodable / header.sample_rate
    lost, resumes_at = lost_intervals(reader, codec), resume_time(reader, codec)
    for sentence in damage_notes(name, lost, repaired_byte, seconds, resumes_at):
        print(sentence, file=sys.stderr)


def decode_packets(codec: Codec, reader: PacketReader, name: str) -> Iterator[np.ndarray]:
    """Yield the decoded audio at the rate and of the length of what was encoded.

    Lost packets become silence; where the end is lost, the audio ends with the last valid packet.

    Raises BadAudio if there is no valid packet.

    Parameters
    ----------
    codec
        The codec.
    reader
        Reader of the packets.
    name
        Name of the source in messages.

    Yields
    ------
    np.ndarray
        ``(channels, time)`` float32.
    """
    header, n_yielded = reader.header, 0
    for wave in resampled(_decode_frames(codec, reader), codec.sample_rate, header.sample_rate, header.n_channels):
        chunk = wave[:, : max(0, reader.n_samples_decodable - n_yielded)]
        n_yielded += chunk.shape[1]
        if chunk.shape[1]:
            yield chunk
    if reader.n_frames == 0 and reader.lost:
        if (resumes_at := resume_time(reader, codec)) is not None:
            raise BadAudio(
                f"{name} has no packet that is whole before {resumes_at:.2f} s; {_allowing(resumes_at)} decodes what "
                "is there."
            )
        raise BadAudio(f"{name} has no packet that is whole, so there is nothing to decode; copy it again.")
    if n_yielded < reader.n_samples_decodable:
        yield np.zeros((header.n_channels, reader.n_samples_decodable - n_yielded), np.float32)


def lost_intervals(reader: PacketReader, codec: Codec) -> tuple[tuple[float, float | None], ...]:
    """Return the intervals of lost audio that a reader has met so far, in seconds."""
    duration = float("inf") if reader.n_samples is None else reader.n_samples / reader.header.sample_rate
    frame_seconds = codec.hop_length / codec.sample_rate
    return tuple(
        (round(first * frame_seconds, 3), None if end is None else round(min(end * frame_seconds, duration), 3))
        for first, end in reader.lost
    )


def resume_time(reader: PacketReader, codec: Codec) -> float | None:
    """Return the time in seconds at which packets continue after a gap longer than allowed, or None."""
    return None if reader.resumes_at is None else round(reader.resumes_at * codec.hop_length / codec.sample_rate, 3)


def damage_notes(
    name: str,
    lost: tuple[tuple[float, float | None], ...],
    repaired_byte: int | None,
    seconds: float,
    refused_from: float | None = None,
) -> Iterator[str]:
    """Yield a sentence for each kind of damage.

    Parameters
    ----------
    name
        Name of the source.
    seconds
        Duration of the decoded audio.
    lost, repaired_byte, refused_from
        Intervals ``(start, end)`` whose packets are damaged or missing, where ``end`` is None if a stream breaks off; a
        damaged byte of the header that was corrected; and the time at which packets continue after a gap longer than
        allowed.
    """
    if repaired_byte is not None:
        yield f"Byte {repaired_byte} of {name}, in its header, was damaged and has been put right."
    if lost:
        intervals = ", ".join(
            f"from {first:.2f} s on" if end is None else f"{first:.2f} to {end:.2f} s" for first, end in lost
        )
        first, end = lost[-1]
        if end is None:
            intervals += ", and the sound ends there"
        elif end > seconds:
            intervals += f", and the sound is {end - max(first, seconds):.2f} s shorter"
        yield f"Packets of {name} are damaged or missing; what they held is lost: {intervals}."
    if refused_from is not None:
        yield (
            f"Packets go on at {refused_from:.2f} s; {_allowing(refused_from)} puts silence before them and decodes "
            "them."
        )


def _decode_file(
    file: Path, source: BinaryIO, out: Path, model: str | None, max_gap_seconds: float, quiet: bool
) -> Made:
    header, repaired_byte = read_header(source, str(file))
    codec = codec_of(header, model, str(file))
    reader = PacketReader(
        source, header, coder_of(codec, header, str(file)), codec.hop_length, max_gap_seconds, codec.n_concealed
    )
    duration = None if header.n_samples is None else header.n_samples / header.sample_rate
    with progress_bar(f"decoding {file.name}", duration, quiet) as show:
        waves = decode_packets(codec, reader, str(file))
        first = next(waves, None)
        if first is None:
            raise BadAudio(
                f"{file} is of a sound without a sample, so there is nothing to decode; encode one that has some."
            )
        clipping = ClippingMeter()
        clips = _with_progress(chain([first], waves), header.sample_rate, show)
        written = write_blocks(out, clips, clipping=clipping)
    warn_of_clipping(out, clipping, "encode the sound at a lower level")
    seconds = reader.n_samples_decodable / header.sample_rate
    codes, line = coding(header, seconds, file.stat().st_size, codec.name)
    lost, resumes_at = lost_intervals(reader, codec), resume_time(reader, codec)
    n_trailing_bytes = reader.n_trailing_bytes() if resumes_at is None else 0
    notes = [*damage_notes(str(file), lost, repaired_byte, seconds, resumes_at)]
    if n_trailing_bytes:
        n_bytes = "1 byte" if n_trailing_bytes == 1 else f"{n_trailing_bytes:,} bytes"
        notes.append(f"The data after the end of {file} ({n_bytes}) belongs to no packet and was ignored.")
    details = {
        **codes,
        "lost_seconds": lost,
        "repaired_byte": repaired_byte,
        "n_trailing_bytes": n_trailing_bytes,
        "refused_from": resumes_at,
    }
    made = replace(sound_file(out, written), source=file, by=maker(codec))
    return Made.of(made, details=details, lines=[line], notes=notes)


def _reader(source: BinaryIO, header: WwcHeader, codec: Codec, name: str, max_gap_seconds: float) -> PacketReader:
    coder = coder_of(codec, header, name)
    return PacketReader(source, header, coder, codec.hop_length, max_gap_seconds, codec.n_concealed)


def _decode_frames(codec: Codec, reader: PacketReader) -> Iterator[np.ndarray]:
    """Yield the audio of whole frames, ``(channels, time)`` at the codec's rate."""
    decoders = [codec.decoder(reader.header.n_codebooks) for _ in range(reader.header.n_channels)]
    for codes in reader:
        yield np.stack([decoder.push(channel) for decoder, channel in zip(decoders, codes, strict=True)])
    yield np.stack([decoder.finish() for decoder in decoders])


def _with_progress(waves: Iterator[np.ndarray], sample_rate: int, show: Callable[[float], None]) -> Iterator[Clip]:
    """Yield the waves as clips; report the seconds so far to ``show``."""
    n_samples = 0
    for wave in waves:
        yield Clip(wave, sample_rate)
        n_samples += wave.shape[1]
        show(n_samples / sample_rate)


def _allowing(seconds: float) -> str:
    """Return the option that allows a gap that ends at ``seconds``."""
    return f"--max-gap-seconds {math.ceil(seconds)}"


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """Open a file for reading; raise BadAudio if that is impossible."""
    if file.is_dir():
        raise BadAudio(f"{file} is a folder; give a .wwc file.")
    if file.exists() and not file.is_file():
        raise BadAudio(f"{file} is a pipe, socket or device; give a .wwc file, or send it to `wavewright decode -`.")
    try:
        source = file.open("rb")
    except FileNotFoundError as error:
        raise BadAudio(f"{file} does not exist; check the path.") from error
    except OSError as error:
        raise BadAudio(f"{file} cannot be opened ({error.strerror}); check the path and its permissions.") from error
    with source:
        yield source
