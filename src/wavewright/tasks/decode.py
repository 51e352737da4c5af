"""Decode sound: from the codes of a .wwc file or stream, or from the latents of a VAE."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, BinaryIO

import numpy as np
from pydantic import Field

from ..clip import Clip, resampled, write_blocks
from ..errors import BadAudio, BadSetting
from ..families.codec.header import LONGEST_SECONDS, read_header
from ..families.codec.packets import MAX_GAP_SECONDS, PacketReader
from . import BY_PLACE, checked
from .codecs import Codec, codec_of, coder_of, described, levels_in_words
from .encode import check_stream
from .latent_codes import DecodedLatents, decode_latents
from .latent_file import SUFFIX as LATENTS_SUFFIX
from .pcm import pipe_out, to_pcm
from .progress_bar import progress_bar


@dataclass(frozen=True)
class Decoded:
    """A sound file made of codes.

    ``lost_seconds`` are the stretches ``(from, to)`` whose packets are damaged or missing: silent in the file, or beyond its end; ``to``
    is None where a stream breaks off. ``refused_from`` is the time in seconds at which packets continue after a gap
    longer than allowed, or None. ``repaired_byte`` is the index of a damaged byte of the header that was corrected, or
    None.
    ``n_bytes_behind`` its end were left out.
    """

    out: Path
    file: Path
    model: str
    model_hash: str
    seconds: float
    sample_rate: int
    n_channels: int
    n_codebooks: int
    n_bytes: int
    kbps: float
    lost_seconds: tuple[tuple[float, float | None], ...] = ()
    repaired_byte: int | None = None
    n_bytes_behind: int = 0
    refused_from: float | None = None

    def __str__(self) -> str:
        sound = described(round(self.seconds * self.sample_rate), self.sample_rate, self.n_channels)
        lines = [
            f"{self.out}: {sound} from {self.n_bytes:,} bytes, {self.kbps:.2f} kbps, {levels_in_words(self.n_codebooks)} of {self.model}"
        ]
        lines += damage(str(self.file), self.lost_seconds, self.repaired_byte, self.seconds, self.refused_from)
        if self.n_bytes_behind:
            behind = "1 byte" if self.n_bytes_behind == 1 else f"{self.n_bytes_behind:,} bytes"
            lines.append(f"What lies behind the end of {self.file} ({behind}) belongs to no packet and was left out.")
        return "\n".join(lines)


@checked
def decode(
    file: Annotated[
        Path | None, Field(description="A .wwc or .safetensors file; none with --stream."), BY_PLACE
    ] = None,
    out: Annotated[
        Path | None, Field(description="Sound file to write; default: <name>-decoded.wav beside the codes.")
    ] = None,
    model: Annotated[
        str | None, Field(description="The model that encoded the file, by name or folder; default: found by its hash.")
    ] = None,
    stream: Annotated[bool, Field(description="From standard input to raw 16-bit samples on standard output.")] = False,
    max_gap_seconds: Annotated[
        float, Field(description="Longest silence that stands for codes lost in one place.", ge=0, le=LONGEST_SECONDS)
    ] = MAX_GAP_SECONDS,
    quiet: Annotated[bool, Field(description="Show no progress.")] = False,
) -> Decoded | DecodedLatents | None:
    """Turn a .wwc file, or the latents in a .safetensors file, back into sound.

    Codes give the rate, the channels and the exact number of samples of what was encoded; what is damaged is silent and named, the rest
    is decoded. Latents are mono, and damaged ones are refused. With ``stream`` nothing is returned. Raises BadAudio for a file of
    another kind or with nothing in it that is whole, BadModel where the model that encoded it is not there, BadSetting and BadFolder
    where the sound cannot be written.
    """
    if stream:
        check_stream(file, out)
        decode_stream(sys.stdin.buffer, sys.stdout.buffer, model, max_gap_seconds)
        return None
    if file is None:
        raise BadSetting("There is nothing to decode; give a .wwc file, or --stream to read standard input.")
    out = file.with_name(f"{file.stem}-decoded.wav") if out is None else out
    if file.suffix.lower() == LATENTS_SUFFIX:
        return decode_latents(file, out, model)
    with _opened(file) as source:
        return _decode_file(file, source, out, model, max_gap_seconds, quiet)


def _decode_file(
    file: Path, source: BinaryIO, out: Path, model: str | None, max_gap_seconds: float, quiet: bool
) -> Decoded:
    header, repaired = read_header(source, str(file))
    codec = codec_of(header, model, str(file))
    reader = PacketReader(source, header, coder_of(codec, header, str(file)), codec.hop_length, max_gap_seconds)
    total = None if header.n_samples is None else header.n_samples / header.sample_rate
    with progress_bar(f"decoding {file.name}", total, quiet) as show:
        waves = decoded(codec, reader, str(file))
        first = next(waves, None)
        if first is None:
            raise BadAudio(
                f"{file} is of a sound without a sample, so there is nothing to decode; encode one that has some."
            )
        write_blocks(out, _shown(chain([first], waves), header.sample_rate, show))
    seconds = reader.n_samples_there / header.sample_rate
    n_bytes = file.stat().st_size
    return Decoded(
        out,
        file,
        codec.card.name,
        codec.folder.hash,
        seconds,
        header.sample_rate,
        header.n_channels,
        header.n_codebooks,
        n_bytes,
        8 * n_bytes / seconds / 1000,
        lost_seconds(reader, codec),
        repaired,
        reader.n_bytes_behind() if reader.first_refused is None else 0,
        refused_from(reader, codec),
    )


def decode_stream(
    source: BinaryIO, sink: BinaryIO, model: str | None = None, max_gap_seconds: float = MAX_GAP_SECONDS
) -> None:
    """Decode a .wwc stream from ``source`` to raw 16-bit samples in ``sink``, channels side by side, sent as soon as they are there.

    What is damaged is named on standard error.
    """
    name = "standard input"
    header, repaired = read_header(source, name)
    codec = codec_of(header, model, name)
    reader = PacketReader(source, header, coder_of(codec, header, name), codec.hop_length, max_gap_seconds)
    with pipe_out(sink):
        for wave in decoded(codec, reader, name):
            sink.write(to_pcm(wave))
            sink.flush()
    seconds = reader.n_samples_there / header.sample_rate
    for sentence in damage(name, lost_seconds(reader, codec), repaired, seconds, refused_from(reader, codec)):
        print(sentence, file=sys.stderr)


def decoded(codec: Codec, reader: PacketReader, name: str) -> Iterator[np.ndarray]:
    """The sound ``(channels, time)`` that the codes stand for, at the rate of what was encoded and as long; silence where codes are lost.

    Where the end is lost, the sound ends with the last packet that is there. Raises BadAudio where no packet is.
    """
    header, n_given = reader.header, 0
    for wave in resampled(_at_codec_rate(codec, reader), codec.sample_rate, header.sample_rate, header.n_channels):
        wave = wave[:, : max(0, reader.n_samples_there - n_given)]
        n_given += wave.shape[1]
        if wave.shape[1]:
            yield wave
    if reader.n_frames == 0 and reader.lost:
        if (first := refused_from(reader, codec)) is not None:
            raise BadAudio(
                f"{name} has no packet that is whole before {first:.2f} s; {_allowing(first)} decodes what is there."
            )
        raise BadAudio(f"{name} has no packet that is whole, so there is nothing to decode; copy it again.")
    if n_given < reader.n_samples_there:
        yield np.zeros((header.n_channels, reader.n_samples_there - n_given), np.float32)


def lost_seconds(reader: PacketReader, codec: Codec) -> tuple[tuple[float, float | None], ...]:
    """The stretches of the sound that are lost, in seconds, as far as the reader has come."""
    longest = float("inf") if reader.n_samples is None else reader.n_samples / reader.header.sample_rate
    frame = codec.hop_length / codec.sample_rate
    return tuple(
        (round(first * frame, 3), None if end is None else round(min(end * frame, longest), 3))
        for first, end in reader.lost
    )


def refused_from(reader: PacketReader, codec: Codec) -> float | None:
    """Return the time in seconds at which packets continue after a gap longer than allowed, or None."""
    return (
        None if reader.first_refused is None else round(reader.first_refused * codec.hop_length / codec.sample_rate, 3)
    )


def _allowing(seconds: float) -> str:
    """Return the option that allows a gap that ends at ``seconds``."""
    return f"--max-gap-seconds {math.ceil(seconds)}"


def damage(
    name: str,
    lost: tuple[tuple[float, float | None], ...],
    repaired_byte: int | None,
    seconds: float,
    refused_from: float | None = None,
) -> Iterator[str]:
    """A sentence for each kind of damage that was found in a sound that became so many ``seconds`` long."""
    if repaired_byte is not None:
        yield f"Byte {repaired_byte} of {name}, in its header, was damaged and has been put right."
    if lost:
        listed = ", ".join(
            f"from {first:.2f} s on" if end is None else f"{first:.2f} to {end:.2f} s" for first, end in lost
        )
        first, end = lost[-1]
        if end is None:
            listed += ", and the sound ends there"
        elif end > seconds:
            listed += f", and the sound is {end - max(first, seconds):.2f} s shorter"
        yield f"Packets of {name} are damaged or missing; what they held is lost: {listed}."
    if refused_from is not None:
        yield f"Packets go on at {refused_from:.2f} s; {_allowing(refused_from)} puts silence before them and decodes them."


def _at_codec_rate(codec: Codec, reader: PacketReader) -> Iterator[np.ndarray]:
    """The sound ``(channels, time)`` at the codec's rate, whole frames."""
    decoders = [codec.decoder(reader.header.n_codebooks) for _ in range(reader.header.n_channels)]
    for codes in reader:
        yield np.stack([decoder.push(channel) for decoder, channel in zip(decoders, codes, strict=True)])
    yield np.stack([decoder.finish() for decoder in decoders])


def _shown(waves: Iterator[np.ndarray], sample_rate: int, show: Callable[[float], None]) -> Iterator[Clip]:
    """The waves as clips; ``show`` is told how many seconds have gone by."""
    n_samples = 0
    for wave in waves:
        yield Clip(wave, sample_rate)
        n_samples += wave.shape[1]
        show(n_samples / sample_rate)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """The file to read; raises BadAudio where there is none."""
    if file.is_dir():
        raise BadAudio(f"{file} is a folder; give a .wwc file.")
    if file.exists() and not file.is_file():
        raise BadAudio(
            f"{file} is a pipe, socket or device; give a .wwc file, or send it to standard input with --stream."
        )
    try:
        source = file.open("rb")
    except FileNotFoundError as error:
        raise BadAudio(f"{file} does not exist; check the path.") from error
    except OSError as error:
        raise BadAudio(f"{file} cannot be opened ({error.strerror}); check the path and its permissions.") from error
    with source:
        yield source
