"""Packets of 20 ms that are lost: the codec makes them up, Opus by its own concealment.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks.codec.loss --clips "unseen speaker=corpora/prompts:test" --json loss.json

Each packet is lost with the same probability, independently; all codecs lose the same ones. Both send 20 ms a packet.
Opus (libopus by its C interface, as an application for speech) has no redundancy in its packets, as ours has none.
Copies by Opus are scored after their delay is removed. Judges are those of `benchmarks.codec.opus`.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.codec.opus import CopyJudges, add_clip_options, clips_of, remove_delay, smoke_clips
from benchmarks.harness.corpora import read_wave
from benchmarks.harness.peers import LIBOPUS_IN_C
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Row, Table, columns, optional
from benchmarks.speech.judges import SAMPLE_RATE
from wavewright.audio.clip import Clip
from wavewright.contracts.runtime import Codec
from wavewright.data.entry import Entry
from wavewright.families import loading
from wavewright.families.codec.wwc import LOST
from wavewright.families.codec_files import n_codebooks_for

PACKET_SAMPLES = SAMPLE_RATE // 50
VOIP, SET_BITRATE = 2048, 4002  # constants of libopus
MAX_PACKET_BYTES = 4_000

LossyCopy = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From a wave ``(time,)`` at 16 kHz and which packets are lost to the copy, at 16 kHz."""

COPIES = Table(
    "copies",
    columns(sound="s", codec="s", lost_percent=".0f", clips="d")
    | optional(word_error_percent=".1f", pesq=".2f")
    | columns(log_mel_nats=".2f")
    | optional(stoi=".3f", visqol=".2f", speaker_similarity=".2f", dnsmos=".2f"),
)


def copy_by_codec(codec: Codec, kbps: float) -> LossyCopy:
    """Return a function that copies by the codes of a codec, of which frames are lost."""
    n_codebooks = n_codebooks_for(codec, kbps, 1, is_stream=True)

    def copy(wave: np.ndarray, is_lost: np.ndarray) -> np.ndarray:
        codes = codec.encode(Clip(wave[None], SAMPLE_RATE).resample(codec.sample_rate).wave[0])[:n_codebooks]
        codes[:, np.resize(is_lost, codes.shape[1])] = LOST
        copied = Clip(codec.decode(codes), codec.sample_rate).resample(SAMPLE_RATE).wave[0]
        return np.pad(copied, (0, max(len(wave) - len(copied), 0)))[: len(wave)]

    return copy


def copy_by_libopus(kbps: float) -> LossyCopy:
    """Return a function that copies by libopus, which conceals the packets that are lost."""
    library = ctypes.CDLL(ctypes.util.find_library("opus") or "libopus.so.0")
    for name in ("opus_encoder_create", "opus_decoder_create"):
        getattr(library, name).restype = ctypes.c_void_p

    def copy(wave: np.ndarray, is_lost: np.ndarray) -> np.ndarray:
        error = ctypes.c_int()
        encoder = ctypes.c_void_p(library.opus_encoder_create(SAMPLE_RATE, 1, VOIP, ctypes.byref(error)))
        decoder = ctypes.c_void_p(library.opus_decoder_create(SAMPLE_RATE, 1, ctypes.byref(error)))
        library.opus_encoder_ctl(encoder, SET_BITRATE, ctypes.c_int(round(1_000 * kbps)))
        padded = np.pad(wave, (0, -len(wave) % PACKET_SAMPLES + 2 * PACKET_SAMPLES))
        samples = (np.clip(padded, -1, 1) * 32_767).astype(np.int16).reshape(-1, PACKET_SAMPLES)
        packet = (ctypes.c_ubyte * MAX_PACKET_BYTES)()
        out = np.zeros(PACKET_SAMPLES, np.int16)
        pieces = []
        for row, lost in zip(samples, np.resize(is_lost, len(samples)), strict=True):
            source = np.ascontiguousarray(row).ctypes.data_as(ctypes.c_void_p)
            n_bytes = library.opus_encode(encoder, source, PACKET_SAMPLES, packet, MAX_PACKET_BYTES)
            received = (None, 0) if lost else (packet, n_bytes)
            library.opus_decode(decoder, *received, out.ctypes.data_as(ctypes.c_void_p), PACKET_SAMPLES, 0)
            pieces.append(out.copy())
        library.opus_encoder_destroy(encoder)
        library.opus_decoder_destroy(decoder)
        return remove_delay(wave, np.concatenate(pieces).astype(np.float32) / 32_768)

    return copy


def row_of(
    sound: str, codec: str, copy: LossyCopy, lost: float, entries: Sequence[Entry], is_english: bool, judges: CopyJudges
) -> Row:
    """Return the row of a codec at one rate of loss."""
    scores: dict[str, list[float]] = defaultdict(list)
    for index, entry in enumerate(entries):
        wave = read_wave(entry.path, SAMPLE_RATE).astype(np.float32)
        is_lost = np.random.default_rng(index).random(len(wave) // PACKET_SAMPLES + 3) < lost
        text = str(entry.text) if is_english and entry.text else ""
        for name, value in judges.scores(wave, copy(wave, is_lost), text, is_speech=True).items():
            scores[name].append(value)
    errors, words = (float(np.nansum(scores.pop(name, [0.0]))) for name in ("errors", "words"))
    kept = ("pesq", "log_mel_nats", "stoi", "visqol", "speaker_similarity", "dnsmos")
    return {
        "sound": sound,
        "codec": codec,
        "lost_percent": 100 * lost,
        "clips": len(entries),
        "word_error_percent": 100 * errors / words if words else None,
        **{name: float(np.nanmean(scores[name])) for name in kept if np.isfinite(scores.get(name, [np.nan])).any()},
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    add_clip_options(parser, (1.6, 3.0), (6.0, 8.0))
    parser.add_argument("--lost", nargs="+", type=float, default=(0.0, 0.05, 0.1, 0.2), help="shares of the packets")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each codec and rate of loss."""
    codec = loading.load_codec(options.model)
    copies = {f"{options.model} {kbps:g}": copy_by_codec(codec, kbps) for kbps in options.kbps}
    if ctypes.util.find_library("opus"):
        copies |= {f"Opus {kbps:g}": copy_by_libopus(kbps) for kbps in options.opus_kbps}
    else:
        report.skip(LIBOPUS_IN_C, "Opus")
    kinds = [clips_of(description, options.count, options.min_seconds) for description in options.clips]
    judges = CopyJudges(options, report)
    for sound, entries in kinds:
        for name, copy in copies.items():
            for lost in options.lost:
                report.add(COPIES, row_of(sound, name, copy, lost, entries, sound in options.english, judges))


BENCHMARK = Benchmark(
    __doc__,
    (COPIES,),
    add_options,
    measure,
    smoke={
        "clips": smoke_clips,
        "count": 1,
        "kbps": [3.0],
        "opus_kbps": [6.0],
        "lost": [0.1],
        "no_dnsmos": True,
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
