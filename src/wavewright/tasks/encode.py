"""Encode sound: to the codes of a neural codec, as a file or as a stream, or to the latents of a VAE."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, BinaryIO

import numpy as np
from pydantic import Field

from .. import loading
from ..clip import AudioHeader, read_blocks, read_header, resampled
from ..errors import BadFolder, BadSetting
from ..families.codec.header import HEADER_BYTES, Header
from ..families.codec.packets import PacketWriter, n_codec_samples
from ..whole_file import whole_file
from . import BY_PLACE, checked
from .codecs import (
    DEFAULT_CODEC,
    Codec,
    as_codec,
    coder_of,
    described,
    frames_per_packet,
    levels_in_words,
    n_codebooks_for,
    open_codec,
    version_by,
)
from .latent_codes import EncodedLatents, encode_latents
from .latent_file import SUFFIX as LATENTS_SUFFIX
from .pcm import pipe_out, read_pcm
from .progress_bar import progress_bar

SUFFIX = ".wwc"
DEFAULT_KBPS = 3.0


@dataclass(frozen=True)
class Encoded:
    """A file of codes. ``kbps`` counts every byte on disk; ``codec_sample_rate`` is what the codec heard."""

    out: Path
    file: Path
    model: str
    model_hash: str
    seconds: float
    sample_rate: int
    codec_sample_rate: int
    n_channels: int
    n_codebooks: int
    n_bytes: int
    kbps: float

    def __str__(self) -> str:
        sound = described(round(self.seconds * self.sample_rate), self.sample_rate, self.n_channels)
        lines = [
            f"{self.out}: {sound} in {self.n_bytes:,} bytes, {self.kbps:.2f} kbps, {levels_in_words(self.n_codebooks)} of {self.model}"
        ]
        if self.codec_sample_rate != self.sample_rate:
            lines.append(resampling(self.sample_rate, self.codec_sample_rate, self.model))
        return "\n".join(lines)


@checked
def encode(
    file: Annotated[Path | None, Field(description="Sound file of any length; none with --stream."), BY_PLACE] = None,
    kbps: Annotated[
        float | None,
        Field(description="Thousand bits a second, all channels together; the nearest is taken; default: 3.", gt=0),
    ] = None,
    out: Annotated[
        Path | None,
        Field(description="File to write; default: <name>.wwc beside the sound, or <name>.safetensors by a VAE."),
    ] = None,
    model: Annotated[str, Field(description="Name of a codec or a VAE, or the path of its folder.")] = DEFAULT_CODEC,
    stream: Annotated[
        bool,
        Field(
            description="From standard input (16-bit mono at the codec's rate, or WAV) to standard output, frame by frame."
        ),
    ] = False,
    label: Annotated[
        str | None, Field(description="Kind of the sound, for a VAE's decoder; default: not told.")
    ] = None,
    quiet: Annotated[bool, Field(description="Show no progress.")] = False,
) -> Encoded | EncodedLatents | None:
    """Compress a sound file to the codes of a neural codec, as a .wwc file, or to the latents of a VAE, as a .safetensors file.

    A sound of another rate than the model's is resampled. A codec encodes each channel by itself; decoding gives the rate, the channels
    and the exact number of samples back. A VAE hears one channel, the mean of all. With ``stream`` nothing is returned. Raises BadAudio
    where the sound cannot be read, BadModel for a model that is neither, BadSetting for a bitrate or a label that it does not have,
    BadFolder where the file cannot be written.
    """
    if stream:
        check_stream(file, out)
        codec = _unlabelled(open_codec(model), label)
        encode_stream(sys.stdin.buffer, sys.stdout.buffer, codec, DEFAULT_KBPS if kbps is None else kbps)
        return None
    if file is None:
        raise BadSetting("There is nothing to encode; give a sound file, or --stream to read standard input.")
    from ..families.vae.runtime import VaeRuntime

    sound, player = read_header(file), loading.load(model)
    if isinstance(player, VaeRuntime):
        if kbps is not None:
            raise BadSetting(f"{player.card.name} makes latents, whose number nobody can choose; leave --kbps out.")
        place = _checked_out(file.with_suffix(LATENTS_SUFFIX) if out is None else out, LATENTS_SUFFIX, "latents")
        return encode_latents(player, file, place, label)
    codec = _unlabelled(as_codec(player, model), label)
    place = _checked_out(file.with_suffix(SUFFIX) if out is None else out, SUFFIX, "codes")
    return _encode_file(file, sound, place, codec, DEFAULT_KBPS if kbps is None else kbps, quiet)


def _encode_file(file: Path, sound: AudioHeader, out: Path, codec: Codec, kbps: float, quiet: bool) -> Encoded:
    header = _header(codec, kbps, sound.n_channels, sound.sample_rate)
    with progress_bar(f"encoding {file.name}", sound.seconds, quiet) as show, whole_file(out) as place:
        place.write(
            bytes(HEADER_BYTES)
        )  # the number of samples is known at the end: some files do not say it, some say it wrongly
        counted = _Counted(
            (block.wave for block in read_blocks(file)), lambda n_samples: show(n_samples / sound.sample_rate)
        )
        writer = PacketWriter(place, header, coder_of(codec, header, str(out)), is_stream=False)
        _write_codes(codec, writer, counted)
        place.seek(0)
        place.write(replace(header, n_samples=counted.n_samples).to_bytes())
    seconds = counted.n_samples / sound.sample_rate
    n_bytes = HEADER_BYTES + writer.n_bytes
    return Encoded(
        out,
        file,
        codec.card.name,
        codec.folder.hash,
        seconds,
        sound.sample_rate,
        codec.sample_rate,
        sound.n_channels,
        header.n_codebooks,
        n_bytes,
        8 * n_bytes / seconds / 1000,
    )


def encode_stream(source: BinaryIO, sink: BinaryIO, codec: Codec, kbps: float) -> None:
    """Encode 16-bit sound from ``source`` (see :func:`.pcm.read_pcm`) to ``sink``: each frame is a packet, sent when it is there.

    Ctrl-C ends the sound, not the stream: what came so far is finished.
    """
    sound = read_pcm(source, codec.sample_rate)
    header = replace(_header(codec, kbps, sound.n_channels, sound.sample_rate, is_stream=True), frames_per_packet=1)
    if sound.sample_rate != codec.sample_rate:
        print(resampling(sound.sample_rate, codec.sample_rate, codec.card.name), file=sys.stderr)
    with pipe_out(sink):
        sink.write(header.to_bytes())
        sink.flush()
        writer = PacketWriter(sink, header, coder_of(codec, header, "the stream"), is_stream=True)
        _write_codes(codec, writer, _Counted(_until_interrupted(sound.waves)))


def check_stream(file: Path | None, out: Path | None) -> None:
    """Raise BadSetting unless a stream goes from standard input to standard output, and neither is a terminal."""
    given = file or out
    if given is not None:
        raise BadSetting(f"A stream goes from standard input to standard output; leave {given} out, or --stream.")
    for name, end in (("input", sys.stdin), ("output", sys.stdout)):
        if end.isatty():
            raise BadSetting(
                f"A stream goes from a file or program to another, and standard {name} is the terminal; redirect it."
            )


def resampling(from_rate: int, to_rate: int, model: str) -> str:
    """What becomes of sound of another rate than a codec's."""
    lost = f", and what lies above {to_rate // 2} Hz is lost" if from_rate > to_rate else ""
    return f"{from_rate} Hz is resampled to the {to_rate} Hz of {model}{lost}; decoding gives {from_rate} Hz back."


class _Counted:
    """Waves ``(channels, time)``, and how many samples of each channel were drawn so far, which ``show`` is told."""

    def __init__(self, waves: Iterable[np.ndarray], show: Callable[[int], None] = lambda n_samples: None):
        self._waves = waves
        self._show = show
        self.n_samples = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for wave in self._waves:
            self.n_samples += wave.shape[1]
            self._show(self.n_samples)
            yield wave


def _until_interrupted(waves: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The waves up to the moment when somebody presses Ctrl-C while one is awaited."""
    with suppress(KeyboardInterrupt):
        yield from waves


def _header(codec: Codec, kbps: float, n_channels: int, sample_rate: int, is_stream: bool = False) -> Header:
    """The header of a sound whose length is not known yet; raises BadSetting where there can be none."""
    n_frames = frames_per_packet(codec, n_channels)
    n_codebooks = n_codebooks_for(codec, kbps, n_channels, is_stream)
    return Header(
        codec.folder.hash, codec.sample_rate, sample_rate, n_channels, None, n_codebooks, n_frames, version_by(codec)
    )


def _write_codes(codec: Codec, writer: PacketWriter, sound: _Counted) -> None:
    """Encode each channel of the sound by itself and write its codes."""
    header = writer.header
    encoders = [codec.encoder() for _ in range(header.n_channels)]
    for wave in _at_rate_of(codec, sound, header):
        writer.push(
            np.stack([encoder.push(row)[: header.n_codebooks] for encoder, row in zip(encoders, wave, strict=True)])
        )
    writer.finish(np.stack([encoder.finish()[: header.n_codebooks] for encoder in encoders]), sound.n_samples)


def _at_rate_of(codec: Codec, sound: _Counted, header: Header) -> Iterator[np.ndarray]:
    """The sound at the codec's rate, in exactly as many samples as its length asks for."""
    n_given = 0
    for wave in resampled(sound, header.sample_rate, codec.sample_rate, header.n_channels):
        n_wanted = n_codec_samples(sound.n_samples, header.sample_rate, codec.sample_rate)
        wave = np.ascontiguousarray(wave[:, : n_wanted - n_given], dtype=np.float32)
        n_given += wave.shape[1]
        if wave.size:
            yield wave
    n_missing = n_codec_samples(sound.n_samples, header.sample_rate, codec.sample_rate) - n_given
    if n_missing:
        yield np.zeros((header.n_channels, n_missing), np.float32)


def _unlabelled(codec: Codec, label: str | None) -> Codec:
    """The codec itself; raises BadSetting where it is to be told a label."""
    if label is not None:
        raise BadSetting(f"{codec.card.name} is a codec, which is told no label; leave --label out.")
    return codec


def _checked_out(out: Path, suffix: str, what: str) -> Path:
    """The path itself; raises where no file of that kind can be written there."""
    if out.suffix.lower() != suffix:
        raise BadSetting(f"{out} ends with {out.suffix!r}; {what} are written to {suffix} files.")
    if not out.parent.is_dir():
        raise BadFolder(f"{out} cannot be written, because the folder {out.parent} does not exist; create it first.")
    if out.is_dir():
        raise BadFolder(f"{out} is a folder; give the name of a file to write.")
    return out
