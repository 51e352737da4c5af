"""Coded files (.wwc): damaged, with wrong headers, and with packets that have wrong numbers."""

from __future__ import annotations

import io
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from tiny_codec import HOP_LENGTH, N_CODEBOOKS, SAMPLE_RATE, MeansCodec, drawn_codes

from fuzz import mutate

USES = ("codec",)

MAX_SOUND_BYTES = 2**27
"""Largest decoded sound of a case, with the longest gaps that are allowed."""

_files: list[tuple[bytes, bool]] = []


def WARM_UP() -> None:
    from wavewright.families import codec_files, loading
    from wavewright.families.codec.wwc.header import WwcHeader
    from wavewright.families.codec.wwc.packets import PacketWriter, n_codec_samples

    means = MeansCodec()
    load = loading.load
    loading.load = lambda name: means if name == "speech-codec" else load(name)
    loading._hashes_of = lambda capability: {"speech-codec": means.folder.hashes}
    for n_samples, n_channels, rate, n_frames, is_stream in (
        *((16_000, 1, 16_000, 50, False), (40_000, 2, 44_100, 20, False), (9_000, 1, 8_000, 7, False)),
        *((16_000, 1, 16_000, 1, True), (20_000, 1, 44_100, 1, True), (9_001, 3, 11_025, 5, True)),
    ):
        header = WwcHeader(
            means.folder.hash, SAMPLE_RATE, rate, n_channels, None if is_stream else n_samples, 3, n_frames
        )
        sink = io.BytesIO()
        sink.write(header.to_bytes())
        writer = PacketWriter(sink, header, codec_files.coder_of(means, header, "x"), is_stream)
        n_codes = -(-n_codec_samples(n_samples, rate, SAMPLE_RATE) // HOP_LENGTH)
        writer.finish(drawn_codes(n_channels, 3, n_codes, 32), n_samples)
        _files.append((sink.getvalue(), is_stream))
    decode_file(random.Random(0), Path.cwd(), _files[0][0])  # compiles the loops


def decode_file(rng: random.Random, folder: Path, contents: bytes | None = None) -> None:
    """Decode a damaged file, or one with these contents."""
    from wavewright.audio.sound_file import open_sound
    from wavewright.tasks.decode import decode

    path = folder / "codes.wwc"
    path.write_bytes(_damaged(rng) if contents is None else contents)
    decoded = decode(path, folder / "out.wav", max_gap_seconds=rng.choice((0, 1, 20)), quiet=True)
    str(decoded)
    header = open_sound(decoded.out).header
    assert (header.n_samples, header.sample_rate) == (round(decoded.seconds * decoded.sample_rate), decoded.sample_rate)
    assert decoded.out.stat().st_size < MAX_SOUND_BYTES
    decoded.out.unlink()


def decode_stream(rng: random.Random, folder: Path) -> None:
    """Decode a damaged stream that arrives in pieces of any size."""
    from wavewright.tasks.decode import decode_stream

    sink = io.BytesIO()
    decode_stream(Dripping(rng, _damaged(rng)), sink, max_gap_seconds=rng.choice((0, 1, 20)))  # type: ignore[arg-type]
    assert len(sink.getvalue()) < MAX_SOUND_BYTES


class Dripping:
    """A pipe that returns some of its bytes at a time."""

    def __init__(self, rng: random.Random, contents: bytes) -> None:
        self._source, self._rng = io.BytesIO(contents), rng
        self.buffer = self

    def read(self, n_bytes: int = -1) -> bytes:
        return self._source.read(n_bytes)

    def read1(self, n_bytes: int = -1) -> bytes:
        size = self._rng.choice((1, 7, 100, 100_000))
        return self._source.read(size if n_bytes < 0 else min(n_bytes, size))

    def readline(self, n_bytes: int = -1) -> bytes:
        return self._source.readline(n_bytes)

    def isatty(self) -> bool:
        return False


def _damaged(rng: random.Random) -> bytes:
    contents, _ = rng.choice(_files)
    kind = rng.randrange(8)
    if kind == 0:
        return contents
    if kind == 1:
        return _lying(rng, contents)
    if kind == 2:
        return contents[:28] + _crafted(rng)
    if kind == 3:
        position = rng.randrange(28, len(contents))
        return contents[:position] + _crafted(rng) + contents[rng.randrange(28, len(contents)) :]
    if kind == 4:
        position = rng.randrange(28, len(contents))
        return contents[:position] + rng.randbytes(rng.choice((10, 1_000, 50_000))) + contents[position:]
    if kind == 5:
        return _lying(rng, mutate.bytes_of(rng, contents))
    return mutate.bytes_of(rng, contents)


def _lying(rng: random.Random, contents: bytes) -> bytes:
    """Return a file whose header has wrong numbers and a valid check."""
    from wavewright.families.codec.wwc.header import UNKNOWN, with_crc

    changed = bytearray(contents[:24].ljust(24, b"\0"))
    for _ in range(rng.choice((1, 1, 2))):
        position, n_bytes, values = rng.choice(
            (
                (3, 1, (0, 1, 2, 3)),
                (10, 3, (1_000, 8_000, 16_001, 768_000, 2**24 - 1)),
                (13, 3, (1_000, 1_001, 8_000, 11_025, 44_100, 768_000, 999)),
                (16, 1, (0, 1, 2, 4, 16, 255)),
                (17, 5, (0, 1, 319, 321, 10**6, 16_000 * 3_600 * 1_000, UNKNOWN - 1, UNKNOWN)),
                (22, 1, (0, 1, 3, N_CODEBOOKS, 5, 32, 33)),
                (23, 1, (0, 1, 7, 50, 255)),
            )
        )
        changed[position : position + n_bytes] = rng.choice(values).to_bytes(n_bytes, "little")
    return with_crc(bytes(changed)) + contents[28:]


def _crafted(rng: random.Random) -> bytes:
    """Return packets with valid checks, arbitrary numbers and random payloads."""
    from wavewright.families.codec.wwc.packets import pack

    number, packets = rng.choice((0, 1, 5, 200, 3_600, 10**6, 2**32 - 2)), []
    for _ in range(rng.choice((1, 2, 3, 6))):
        payload = rng.randbytes(rng.choice((0, 1, 30, 127, 128, 300)))
        count = rng.choice((0, 1, number * HOP_LENGTH, 2**40 - 1)) if rng.random() < 0.2 else None
        is_right = count is None or count < 2**40
        packets.append(pack(number, payload, count.to_bytes(5, "little") if count is not None and is_right else b""))
        number = min(number + rng.choice((1, 1, 1, 0, 2, 9, 10, 3_600)), 2**32 - 1)
    return b"".join(packets)


def encode_stream(rng: random.Random, folder: Path) -> None:
    """Encode standard input: a WAV file, raw samples or something else."""
    import soundfile

    from wavewright.tasks.encode import encode_stream

    wave = np.random.default_rng(rng.getrandbits(32)).uniform(
        -1, 1, (rng.choice((0, 1, 500, 3_000)), rng.choice((1, 2)))
    )
    file = io.BytesIO()
    kind, subtype = rng.choice(
        (("WAV", "PCM_16"),) * 4 + (("WAV", "FLOAT"), ("WAVEX", "PCM_16"), ("FLAC", "PCM_16"), ("AU", "PCM_16"))
    )
    soundfile.write(file, wave, rng.choice((8_000, 16_000, 44_100)), subtype, format=kind)
    contents = file.getvalue()
    if rng.random() < 0.2:
        contents = contents[44:]
    if rng.random() < 0.8:
        contents = mutate.bytes_of(rng, contents)
    codec: SimpleNamespace = MeansCodec()  # type: ignore[assignment]
    encode_stream(Dripping(rng, contents), io.BytesIO(), codec, rng.choice((0.5, 3.0, 100.0)))  # type: ignore[arg-type]


READERS = {"wwc": decode_file, "wwc-streams": decode_stream, "sound-on-standard-input": encode_stream}
