"""The work of live sockets: a codec (samples to packets, packets with losses to samples), and enhancement."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any, BinaryIO, cast

from starlette.datastructures import QueryParams

from ...audio.pcm import to_pcm
from ...audio.wave_blocks import CountedWaves
from ...base.errors import WavewrightError
from ...base.names import quoted
from ...contracts.runtime import Codec
from ...families import loading
from ...families.codec.wwc.header import read_header
from ...families.codec.wwc.packet_reader import PacketReader
from ...families.codec.wwc.packets import PacketWriter
from ...families.codec_files import DEFAULT_CODEC, codec_of, coder_of
from ...inference.enhancement.files import Enhancement, Processors
from ...tasks.catalogue import TaskDescription, describe
from ...tasks.decode import decode_packets
from ...tasks.encode import header_of, write_codes
from ...tasks.enhance import enhancement_of
from .live_socket import MAX_CHANNELS, RATES, LiveBytes, LiveWork, checked_model, whole_number
from .speech_request import BadRequest

STREAM = "the stream"


@lru_cache(4)
def _codec(name: str) -> Codec:
    return loading.load_codec(name)


def encoding_of(query: QueryParams) -> LiveWork:
    """Return the work of ``/v1/audio/encode/stream``: the header of a .wwc stream, then a message for each packet.

    Raises BadRequest, BadModel or BadSetting for parameters that are not valid.
    """
    codec = _codec(checked_model(query.get("model") or DEFAULT_CODEC, "codec"))
    rate = whole_number(query, "sample_rate", codec.sample_rate, *RATES)
    n_channels = whole_number(query, "channels", 1, 1, MAX_CHANNELS)
    header = header_of(codec, _kbps_of(query), n_channels, rate, is_stream=True)

    def work(stream: LiveBytes) -> dict[str, int]:
        stream.write(header.to_bytes())
        writer = PacketWriter(cast("BinaryIO", stream), header, coder_of(codec, header, STREAM), is_stream=True)
        waves = CountedWaves(stream.waves(n_channels))
        write_codes(codec, writer, waves)
        return {"samples": waves.n_samples}

    return work


def decoding_of(query: QueryParams) -> LiveWork:
    """Return the work of ``/v1/audio/decode/stream``: the samples of a .wwc stream at the rate of what was encoded.

    Raises BadRequest for a model that is a path.
    """
    name = checked_model(query["model"], "codec") if query.get("model") else None

    def work(stream: LiveBytes) -> dict[str, int]:
        source = cast("BinaryIO", stream)
        header, _ = read_header(source, STREAM)
        codec = codec_of(header, name, STREAM)
        coder = coder_of(codec, header, STREAM)
        reader = PacketReader(source, header, coder, codec.hop_length, n_concealed=codec.n_concealed)
        n_samples = 0
        for wave in decode_packets(codec, reader, STREAM):
            stream.write(to_pcm(wave))
            n_samples += wave.shape[1]
        lost = sum((reader.n_frames if end is None else end) - first for first, end in reader.lost)
        return {"samples": n_samples, "lost_frames": max(lost, 0)}

    return work


def _kbps_of(query: QueryParams) -> float | None:
    text = query.get("kbps")
    if not text:
        return None
    try:
        kbps = float(text)
    except ValueError:
        kbps = 0.0
    if not 0 < kbps < 1_000:
        raise BadRequest(f"kbps is {quoted(text)}; it must be a number above 0 and below 1000.", "kbps")
    return kbps


DEFAULT_RATE = 16_000
MAX_PROCESSORS = 8
"""Settings for which models stay open."""

KEYS = ("denoise", "dereverb", "max_attenuation_db", "mix", "size", "model", "separate")
"""Parameters of the task ``enhance`` that apply to a stream."""


class LiveEnhancement:
    """The work of ``/v1/audio/enhance/stream``; models stay open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processors: dict[Enhancement, Processors] = {}

    def work_of(self, query: QueryParams) -> LiveWork:
        """Return the work that the parameters of an address ask for; raise BadRequest for one that is not valid."""
        rate = whole_number(query, "sample_rate", DEFAULT_RATE, *RATES)
        n_channels = whole_number(query, "channels", 1, 1, MAX_CHANNELS)
        enhancement = _enhancement_of(query)

        def work(stream: LiveBytes) -> dict[str, int]:
            with self._lock:
                if enhancement not in self._processors and len(self._processors) >= MAX_PROCESSORS:
                    self._processors.pop(next(iter(self._processors)))
                processors = self._processors.setdefault(enhancement, Processors(enhancement))
                processor = processors.of(rate)
            n_samples = 0
            for wave in processor.process_blocks(stream.waves(n_channels), rate, n_channels):
                stream.write(to_pcm(wave))
                n_samples += wave.shape[1]
            return {"samples": n_samples}

        return work


def _enhancement_of(query: QueryParams) -> Enhancement:
    task = describe("enhance")
    values: dict[str, Any] = {key: _value(task, key, query[key]) for key in KEYS if query.get(key)}
    if isinstance(values.get("model"), str):
        checked_model(values["model"], "denoiser")
    return enhancement_of(**values)


def _value(task: TaskDescription, key: str, text: str) -> object:
    try:
        return task.parameter(key).check(text)
    except WavewrightError as error:
        raise BadRequest(str(error), key) from error
