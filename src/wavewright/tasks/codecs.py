"""What encoding and decoding ask of a model: codes a frame, their frequencies, and how many levels make a bitrate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

import numpy as np

from .. import loading, models
from ..contracts.runtime import Model
from ..errors import BadModel, BadSetting
from ..families.codec.contexts import ContextCoder, Contexts
from ..families.codec.header import (
    CONTEXTUAL,
    MOST_CHANNELS,
    MOST_FRAMES,
    MOST_LEVELS,
    MOST_PAYLOAD_BYTES,
    STATIC,
    VERSIONS,
    Header,
)
from ..families.codec.packets import Coder
from ..families.codec.range_coder import RangeCoder, entropy_bits
from ..models import Card, ModelFolder

DEFAULT_CODEC = "speech-codec"
PACKET_SECONDS = 1.0
PACKET_BYTES = 7.5  # of a packet besides its codes: its two bytes of length, its number and its check, and what flushing the coder costs
NEAR = 1.25  # a bitrate is refused that is further than this factor from what a model can do


class Encoder(Protocol):
    """Sound to codes, in chunks of any size; no size changes a code."""

    def push(self, wave: np.ndarray) -> np.ndarray:
        """The codes ``(n_codebooks, frames)`` of the frames that ``wave (time,)`` completes."""

    def finish(self) -> np.ndarray:
        """The codes of the frames that are left, the last of which may be part of one."""


class Decoder(Protocol):
    """Codes to sound, in chunks of any size."""

    def push(self, codes: np.ndarray) -> np.ndarray:
        """The samples ``(time,)`` that ``codes (n_codebooks, frames)`` let be computed; look-ahead holds some back."""

    def finish(self) -> np.ndarray:
        """The samples that are left, so that there are ``hop_length`` for each frame."""


class Codec(Protocol):
    """A model whose codes have tables of frequencies: ``frequencies (n_codebooks, codebook_size)`` uint32, each row with the sum 2 ** 16,
    and ``contexts``, which say how frequent codes are behind others; None where the model has none.
    """

    card: Card
    folder: ModelFolder
    sample_rate: int
    hop_length: int
    n_codebooks: int

    @property
    def frequencies(self) -> np.ndarray: ...
    @property
    def contexts(self) -> Contexts | None: ...

    def encoder(self) -> Encoder:
        """A new encoder of one channel."""

    def decoder(self, n_codebooks: int) -> Decoder:
        """A new decoder of one channel, which is given the first ``n_codebooks`` of the codes."""


class Played(Protocol):
    """A model that is open: its folder has the hash that names its weights."""

    @property
    def folder(self) -> ModelFolder: ...


Opened = TypeVar("Opened", bound=Played)


def open_codec(name: str) -> Codec:
    """The codec of a name or path; raises BadModel for a model that is none."""
    return as_codec(loading.load(name), name)


def as_codec(codec: Model, name: str) -> Codec:
    """Return the model itself, loaded by ``name``; raise BadModel if it is no codec."""
    from ..families.codec.runtime import CodecRuntime

    if not isinstance(codec, CodecRuntime):
        raise BadModel(f"{name} is of the family {codec.card.family}, which makes no codes; give a codec with --model.")
    return codec


def codec_of(header: Header, name: str | None, file: str) -> Codec:
    """The codec that made the codes of ``file``: the model of a name, or the one that has the hash of the header.

    Raises BadModel where the model has another hash, or where none has it.
    """
    name, codec = by_hash(header.model_hash, name, file, "codec", open_codec)
    if header.n_codebooks > codec.n_codebooks or header.codec_sample_rate != codec.sample_rate:
        raise BadModel(
            f"{file} has {levels_in_words(header.n_codebooks)} at {header.codec_sample_rate} Hz, and {name} has {codec.n_codebooks} at "
            f"{codec.sample_rate} Hz, whose hash it carries; one of the two is damaged: copy both again."
        )
    return codec


def by_hash(
    model_hash: str, name: str | None, file: str, kind: Literal["codec", "VAE"], opened: Callable[[str], Opened]
) -> tuple[str, Opened]:
    """The model that encoded ``file``, and its name: the given one, or that of the model that has the hash.

    ``opened`` opens a model of its kind by name.

    Raises BadModel where the model has another hash, or where none has it.
    """
    if name is None:
        hashes = _hashes(kind.lower())
        name = next((name for name, found in hashes.items() if model_hash in found), None)
        if name is None:
            known = ", ".join(f"{name} is {found[0]}" for name, found in hashes.items()) or "there is none"
            raise BadModel(
                f"{file} was encoded by the {kind} {model_hash}, which is not among the models here ({known}); "
                "give the folder of that model with --model."
            )
    player = opened(name)
    if model_hash not in player.folder.hashes:
        raise BadModel(
            f"{file} was encoded by the {kind} {model_hash}, and {name} is {player.folder.hash}; give the model that encoded it "
            "with --model."
        )
    return name, player


def version_by(codec: Codec) -> int:
    """The version of the format that a codec writes."""
    return STATIC if codec.contexts is None else CONTEXTUAL


def coder_of(codec: Codec, header: Header, file: str) -> Coder:
    """What writes and reads the codes of ``file``; raises BadModel where its version needs contexts that the codec does not have."""
    if header.version == STATIC:
        return RangeCoder(codec.frequencies[: header.n_codebooks])
    if codec.contexts is None:
        raise BadModel(
            f"{file} needs contexts.safetensors, which {codec.card.name} does not have; copy the model again."
        )
    return ContextCoder(codec.contexts, header.n_codebooks)


def frames_per_packet(codec: Codec, n_channels: int) -> int:
    """Frames of about a second, fewer where so many channels would be too much for a packet; raises BadSetting for too many channels."""
    if n_channels > MOST_CHANNELS:
        raise BadSetting(
            f"The sound has {n_channels} channels; a .wwc file has at most {MOST_CHANNELS}: mix some of them down."
        )
    n_frames = min(MOST_FRAMES, round(PACKET_SECONDS * codec.sample_rate / codec.hop_length))
    most_bytes = VERSIONS[version_by(codec)]
    while n_frames > 1 and most_bytes(n_channels, min(MOST_LEVELS, codec.n_codebooks), n_frames) > MOST_PAYLOAD_BYTES:
        n_frames -= 1
    return max(1, n_frames)


def n_codebooks_for(codec: Codec, kbps: float, n_channels: int, is_stream: bool = False) -> int:
    """The number of levels whose bitrate on disk, all channels together, is nearest to ``kbps``; raises BadSetting where none is near.

    Of a stream, whose packets are single frames, the bytes of packets (2.6 kbps at 50 frames a second) are not counted.
    """
    frames = codec.sample_rate / codec.hop_length
    n_most = min(MOST_LEVELS, codec.n_codebooks)
    bits = (
        entropy_bits(codec.frequencies) if codec.contexts is None else codec.contexts.bits(knows_earlier=not is_stream)
    )
    of_codes = n_channels * frames * np.cumsum(bits[:n_most])
    of_packets = 0.0 if is_stream else 8 * PACKET_BYTES * frames / frames_per_packet(codec, n_channels)
    rates = (of_codes + of_packets) / 1000  # (n_codebooks,)
    if not rates[0] / NEAR <= kbps <= rates[-1] * NEAR:
        channels = "1 channel" if n_channels == 1 else f"{n_channels} channels"
        raise BadSetting(
            f"{kbps:g} kbps cannot be made of {channels} by {codec.card.name}; its bitrates go from {rates[0]:.2f} to {rates[-1]:.2f} kbps."
        )
    return int(np.argmin(np.abs(rates - kbps))) + 1


def described(n_samples: int, sample_rate: int, n_channels: int) -> str:
    """A sound in words."""
    channels = {1: "mono", 2: "stereo"}.get(n_channels, f"{n_channels} channels")
    return f"{n_samples / sample_rate:.2f} s, {sample_rate} Hz, {channels}"


def levels_in_words(n_codebooks: int) -> str:
    """So many levels."""
    return "1 level" if n_codebooks == 1 else f"{n_codebooks} levels"


def _hashes(family: str) -> dict[str, tuple[str, ...]]:
    """Return the hashes of every named model of a family, the current one first."""
    found = {}
    for name in models.names():
        try:
            folder = ModelFolder(models.find(name))
        except BadModel:
            continue  # a damaged model elsewhere is no reason to refuse this
        if folder.card.family == family:
            found[name] = folder.hashes
    return found
