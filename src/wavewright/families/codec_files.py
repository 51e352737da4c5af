"""Files of codes (.wwc): their codec, their bitrate and their packets."""

from __future__ import annotations

import numpy as np

from ..base.errors import BadModel, BadSetting
from ..contracts.family import Capability
from ..contracts.runtime import Codec, EntropyCoder
from . import loading
from .codec.wwc.header import (
    CONTEXTUAL,
    MAX_CHANNELS,
    MAX_CODEBOOKS,
    MAX_FRAMES,
    MAX_PAYLOAD_BYTES,
    STATIC,
    VERSIONS,
    WwcHeader,
)

DEFAULT_CODEC = "speech-codec"
PACKET_SECONDS = 1.0
PACKET_BYTES = 7.5  # of a packet besides its codes: length (2), number, CRC (4), half a byte to end the payload
DEFAULT_KBPS = 3.0
KBPS_TOLERANCE = 1.25  # largest ratio of a bitrate to the nearest one that a model has


def coding(header: WwcHeader, seconds: float, n_bytes: int, model: str) -> tuple[dict[str, float], str]:
    """Return size, codebooks and bitrate of a .wwc file, and a line of them, by its header, duration and bytes."""
    kbps = 8 * n_bytes / seconds / 1000
    line = f"  {n_bytes:,} bytes, {kbps:.2f} kbps, {codebooks_text(header.n_codebooks)} of {model}"
    return {"n_codebooks": header.n_codebooks, "n_bytes": n_bytes, "kbps": kbps}, line


def codebooks_text(n_codebooks: int) -> str:
    """Return a number of codebooks as text."""
    return "1 codebook" if n_codebooks == 1 else f"{n_codebooks} codebooks"


def codec_of(header: WwcHeader, name: str | None, file: str) -> Codec:
    """Open the codec ``name``, or by default that with the hash in the header; ``file`` is the name in messages.

    Raises BadModel if the model has another hash, or no model has it.
    """
    name, codec = loading.load_by_hash(header.model_hash, name, file, Capability.CODE, loading.load_codec)
    if header.n_codebooks > codec.n_codebooks or header.codec_sample_rate != codec.sample_rate:
        raise BadModel(
            f"{file} has {codebooks_text(header.n_codebooks)} at {header.codec_sample_rate} Hz, and {name} has "
            f"{codec.n_codebooks} at {codec.sample_rate} Hz, whose hash it carries; one of the two is damaged: copy "
            "both again."
        )
    return codec


def version_of(codec: Codec) -> int:
    """Return the version of the format that a codec writes."""
    return CONTEXTUAL if codec.has_context_model else STATIC


def coder_of(codec: Codec, header: WwcHeader, file: str) -> EntropyCoder:
    """Return the entropy coder of a file; raise BadModel if its version needs a context model that the codec lacks."""
    if header.version == CONTEXTUAL and not codec.has_context_model:
        raise BadModel(f"{file} needs the context model of {codec.name}, whose folder has none; copy the model again.")
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


def n_codebooks_for(codec: Codec, kbps: float | None, n_channels: int, is_stream: bool = False) -> int:
    """Return the number of codebooks whose bitrate is nearest to a target.

    - ``kbps``: target bitrate of all channels, kbit/s. It counts all bytes of a file. Of a stream, whose packets are
      single frames, it counts the codes alone: packets add 2.6 kbit/s at 50 frames per second. By default the bitrate
      of the codec that is nearest to DEFAULT_KBPS, however far.

    Raises BadSetting if no bitrate is near a target that was given.
    """
    frame_rate = codec.sample_rate / codec.hop_length
    bits = codec.mean_code_bits(with_past=not is_stream)[:MAX_CODEBOOKS]
    code_rates = n_channels * frame_rate * np.cumsum(bits)
    packet_rate = 0.0 if is_stream else 8 * PACKET_BYTES * frame_rate / frames_per_packet(codec, n_channels)
    rates_kbps = (code_rates + packet_rate) / 1000  # (n_codebooks,)
    if kbps is not None and not rates_kbps[0] / KBPS_TOLERANCE <= kbps <= rates_kbps[-1] * KBPS_TOLERANCE:
        channels = "1 channel" if n_channels == 1 else f"{n_channels} channels"
        raise BadSetting(
            f"{kbps:g} kbps cannot be made of {channels} by {codec.name}; its bitrates go from {rates_kbps[0]:.2f} to "
            f"{rates_kbps[-1]:.2f} kbps."
        )
    return int(np.argmin(np.abs(rates_kbps - (DEFAULT_KBPS if kbps is None else kbps)))) + 1
