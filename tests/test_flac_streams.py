"""FLAC streams of the server: whole in every decoder, and from the first word on in those that leave out a block."""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import pytest

from wavewright.apps.server.encoders import open_encoder
from wavewright.apps.server.flac_stream import FIRST_BLOCK
from wavewright.audio.pcm import to_pcm

LIVE = {"probesize": "32", "analyzeduration": "0", "fflags": "nobuffer+flush_packets", "flags": "low_delay"}
"""Options of FFmpeg for the least delay, as players of live speech set them."""


def streamed(n_samples: int, sample_rate: int, step: int) -> tuple[bytes, bytes]:
    """Return a FLAC stream of chunks, and its samples."""
    wave = np.random.default_rng(n_samples).uniform(-1, 1, (1, n_samples)).astype(np.float32)
    encoder = open_encoder("flac", sample_rate)
    pieces = [encoder.push(wave[:, start : start + step]) for start in range(0, n_samples, step)]
    return b"".join([*pieces, encoder.finish()]), to_pcm(wave)


@pytest.mark.parametrize("program", ["flac", "ffmpeg", "sox"])
@pytest.mark.parametrize("n_samples", [5, 16, 17, 4_112, 20_000])
def test_every_decoder_plays_the_whole_stream(tmp_path, program, n_samples):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    stream, samples = streamed(n_samples, 22_050 if n_samples > 100 else 12_345, 700)
    path = tmp_path / "a.flac"
    path.write_bytes(stream)
    command = {
        "flac": ["flac", "-s", "-d", "-c", "--force-raw-format", "--endian=little", "--sign=signed", path],
        "ffmpeg": ["ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-"],
        "sox": ["sox", path, "-t", "s16", "-"],
    }[program]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout == samples


def test_a_live_decoder_leaves_out_no_word():
    """FFmpeg without a buffer takes the first block for its format alone, whoever wrote it."""
    av = pytest.importorskip("av")
    stream, samples = streamed(20_000, 24_000, 1_200)
    with av.open(io.BytesIO(stream), options=LIVE, buffer_size=256) as container:
        heard = b"".join(frame.to_ndarray().tobytes() for frame in container.decode(audio=0))
    assert samples.endswith(heard)
    assert len(samples) - len(heard) <= 2 * FIRST_BLOCK


def test_long_streams_count_their_samples():
    """Numbers of samples take up to seven bytes."""
    from wavewright.apps.server.flac_stream import _coded

    for number in (0, 127, 128, 2_047, 2_048, 65_535, 65_536, 1_000_000, 0x10FFFF):
        if not 0xD800 <= number < 0xE000:
            assert _coded(number) == chr(number).encode()
    assert _coded(2**36 - 1) == b"\xfe" + b"\xbf" * 6
