"""Choose the codec, the bitrate and the packets of a .wwc file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import numpy as np

from .. import loading, models
from ..contracts.runtime import Codec, EntropyCoder, Model
from ..errors import BadModel, BadSetting
from ..families.codec.config import CONTEXTS_FILE
from ..families.codec.header import (
    CONTEXTUAL,
    MAX_CHANNELS,
    MAX_CODEBOOKS,
    MAX_FRAMES,
    MAX_PAYLOAD_BYTES,
    STATIC,
    VERSIONS,
    WwcHeader,
)
from ..models import ModelFolder

DEFAULT_CODEC = "speech-codec"
PACKET_SECONDS = 1.0
PACKET_BYTES = 7.5  # of a packet besides its codes: length (2), number, CRC (4), half a byte to end the payload
KBPS_TOLERANCE = 1.25  # largest ratio of a bitrate to the nearest one that a model has

ModelT = TypeVar("ModelT", bound=Model)


def codec_of(header: WwcHeader, name: str | None, file: str) -> Codec:
    """Open the codec that encoded a file.

    Parameters
    ----------
    header
        Header of the file.
    name
        Name of the model; by default the model with the hash in the header.
    file
        Name of the file in messages.

    Raises
    ------
    BadModel
        If the model has another hash, or no model has it.
    """
    name, codec = by_hash(header.model_hash, name, file, "codec", loading.load_codec)
    if header.n_codebooks > codec.n_codebooks or header.codec_sample_rate != codec.sample_rate:
        raise BadModel(
            f"{file} has {codebooks_text(header.n_codebooks)} at {header.codec_sample_rate} Hz, and {name} has "
            f"{codec.n_codebooks} at {codec.sample_rate} Hz, whose hash it carries; one of the two is damaged: copy "
            "both again."
        )
    return codec


def by_hash(
    model_hash: str, name: str | None, file: str, kind: Literal["codec", "VAE"], load: Callable[[str], ModelT]
) -> tuple[str, ModelT]:
    """Open the model that encoded a file.

    Parameters
    ----------
    model_hash
        Hash of the model.
    name
        Name of the model; by default the model that has the hash.
    file
        Name of the file in messages.
    kind
        Kind of the model, for messages and to search by.
    load
        Opens a model of this kind by name.

    Returns
    -------
    name : str
        Name of the model.
    model : ModelT
        The model.

    Raises
    ------
    BadModel
        If the model has another hash, or no model has it.
    """
    if name is None:
        hashes = _hashes(kind.lower())
        name = next((each for each, its_hashes in hashes.items() if model_hash in its_hashes), None)
        if name is None:
            known = ", ".join(f"{each} is {its_hashes[0]}" for each, its_hashes in hashes.items()) or "there is none"
            raise BadModel(
                f"{file} was encoded by the {kind} {model_hash}, which is not among the models here ({known}); "
                "give the folder of that model with --model."
            )
    model = load(name)
    if model_hash not in model.folder.hashes:
        raise BadModel(
            f"{file} was encoded by the {kind} {model_hash}, and {name} is {model.folder.hash}; give the model that "
            "encoded it with --model."
        )
    return name, model


def version_of(codec: Codec) -> int:
    """Return the version of the format that a codec writes."""
    return CONTEXTUAL if codec.has_context_model else STATIC


def coder_of(codec: Codec, header: WwcHeader, file: str) -> EntropyCoder:
    """Return the entropy coder of a file; raise BadModel if its version needs a context model that the codec lacks."""
    if header.version == CONTEXTUAL and not codec.has_context_model:
        raise BadModel(f"{file} needs {CONTEXTS_FILE}, which {codec.name} does not have; copy the model again.")
    return codec.entropy_coder(header.n_codebooks, with_context=header.version == CONTEXTUAL)


def frames_per_packet(codec: Codec, n_channels: int) -> int:
    """Return the frames of a packet: about a second, fewer if many channels exceed the largest payload.

    Raises BadSetting for too many channels.
    """
    if n_channels > MAX_CHANNELS:
        raise BadSetting(
            f"The sound has {n_channels} channels; a .wwc file has at most {MAX_CHANNELS}: mix some of them down."
        )
    n_frames = min(MAX_FRAMES, round(PACKET_SECONDS * codec.sample_rate / codec.hop_length))
    n_codebooks = min(MAX_CODEBOOKS, codec.n_codebooks)
    max_payload_bytes = VERSIONS[version_of(codec)]
    while n_frames > 1 and max_payload_bytes(n_channels, n_codebooks, n_frames) > MAX_PAYLOAD_BYTES:
        n_frames -= 1
    return max(1, n_frames)


def n_codebooks_for(codec: Codec, kbps: float, n_channels: int, is_stream: bool = False) -> int:
    """Return the number of codebooks whose bitrate is nearest to a target.

    Parameters
    ----------
    codec
        The codec.
    kbps
        Target bitrate of all channels, kbit/s. It counts all bytes of a file. Of a stream, whose packets are single
        frames, it counts the codes alone: packets add 2.6 kbit/s at 50 frames per second.
    n_channels
        Number of channels.
    is_stream
        Encode a stream.

    Raises
    ------
    BadSetting
        If no bitrate is near the target.
    """
    frame_rate = codec.sample_rate / codec.hop_length
    bits = codec.mean_code_bits(with_past=not is_stream)[:MAX_CODEBOOKS]
    code_rates = n_channels * frame_rate * np.cumsum(bits)
    packet_rate = 0.0 if is_stream else 8 * PACKET_BYTES * frame_rate / frames_per_packet(codec, n_channels)
    rates_kbps = (code_rates + packet_rate) / 1000  # (n_codebooks,)
    if not rates_kbps[0] / KBPS_TOLERANCE <= kbps <= rates_kbps[-1] * KBPS_TOLERANCE:
        channels = "1 channel" if n_channels == 1 else f"{n_channels} channels"
        raise BadSetting(
            f"{kbps:g} kbps cannot be made of {channels} by {codec.name}; its bitrates go from {rates_kbps[0]:.2f} to "
            f"{rates_kbps[-1]:.2f} kbps."
        )
    return int(np.argmin(np.abs(rates_kbps - kbps))) + 1


def described(n_samples: int, sample_rate: int, n_channels: int) -> str:
    """Return duration, sample rate and channels as text."""
    channels = {1: "mono", 2: "stereo"}.get(n_channels, f"{n_channels} channels")
    return f"{n_samples / sample_rate:.2f} s, {sample_rate} Hz, {channels}"


def codebooks_text(n_codebooks: int) -> str:
    """Return a number of codebooks as text."""
    return "1 codebook" if n_codebooks == 1 else f"{n_codebooks} codebooks"


def _hashes(family: str) -> dict[str, tuple[str, ...]]:
    """Return the hashes of every named model of a family, the current one first."""
    hashes = {}
    for name in models.names():
        try:
            folder = ModelFolder(models.find(name))
        except BadModel:
            continue  # a damaged model elsewhere is no reason to refuse this
        if folder.card.family == family:
            hashes[name] = folder.hashes
    return hashes
