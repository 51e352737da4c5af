"""Measure how uniformly a codec uses its codebooks, and the bits that its entropy coders spend on a frame.

    python -m benchmarks.codec.codebooks --clips corpora/speech:valid
    python -m benchmarks.codec.codebooks --clips corpora/speech:valid --model runs/mine --count 50

Perplexity is ``exp(-sum p log p)`` of the frequencies ``p`` of the codes, at most the size of the codebook; few frames
make it too small. Frames of digital silence have no codes. Recordings of at least two seconds count. Bits a frame are
those of packets of one second with the first codebooks up to each one, without headers: by the frequency of each code
alone, and by its probability after the codes before it, where the codec stores such a model.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, read_wave, shuffle_entries, smoke_speech
from benchmarks.harness.models import load_as
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns, optional
from wavewright.contracts.runtime import EntropyCoder
from wavewright.families.codec.runtime import CodecRuntime
from wavewright.families.codec.wwc.context_coder import ContextCoder
from wavewright.families.codec.wwc.range_coder import RangeCoder

MIN_SECONDS = 2.0
PACKET_FRAMES = 50

CODEBOOKS = Table(
    "codebooks",
    columns(model="s", codebook="d", frames=",d", perplexity=".0f", fraction_of_the_codebook=".2f")
    | columns(bits_a_frame_by_frequency=".1f")
    | optional(bits_a_frame_by_context=".1f"),
)


def codes_of(codec: CodecRuntime, corpus: Path, split: str, count: int) -> list[np.ndarray]:
    """Return the codes ``(n_codebooks, frames)`` of each of at most ``count`` recordings of a split."""
    entries = corpus_entries(corpus, split, min_seconds=MIN_SECONDS)
    return [codec.encode(read_wave(entry.path, codec.sample_rate)) for entry in shuffle_entries(entries, count)]


def bits_a_frame(coder: EntropyCoder, codes: list[np.ndarray], n_codebooks: int) -> float:
    """Return the mean bits of a frame of ``codes``, each ``(codebooks, frames)``, in the first ``n_codebooks``."""
    n_bytes = 0
    for clip in codes:
        for first in range(0, clip.shape[1], PACKET_FRAMES):
            n_bytes += len(coder.encode(clip[None, :n_codebooks, first : first + PACKET_FRAMES]))
    return 8 * n_bytes / sum(clip.shape[1] for clip in codes)


def perplexity(codes: np.ndarray) -> float:
    """Return the perplexity of the codes ``(frames,)`` of one codebook."""
    probabilities = np.unique(codes, return_counts=True)[1] / len(codes)
    return float(np.exp(-(probabilities * np.log(probabilities)).sum()))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--clips", default="corpora/speech:valid", metavar="FOLDER:SPLIT")
    parser.add_argument("--model", default="speech-codec")
    parser.add_argument("--count", type=int, default=150, help="recordings")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each codebook."""
    folder, _, split = options.clips.rpartition(":")
    codec = load_as(CodecRuntime, options.model)
    clips = codes_of(codec, Path(folder), split, options.count)
    codes = np.concatenate(clips, axis=1)
    codes = codes[:, codes[0] >= 0]
    for n_codebooks, codes_of_codebook in enumerate(codes, 1):
        by_frequency = RangeCoder(codec.frequencies[:n_codebooks])
        by_context = None
        if codec.contexts is not None:
            by_context = bits_a_frame(ContextCoder(codec.contexts, n_codebooks), clips, n_codebooks)
        measured = perplexity(codes_of_codebook)
        report.add(
            CODEBOOKS,
            {
                "model": options.model,
                "codebook": n_codebooks,
                "frames": codes.shape[1],
                "perplexity": measured,
                "fraction_of_the_codebook": measured / codec.codebook_size,
                "bits_a_frame_by_frequency": bits_a_frame(by_frequency, clips, n_codebooks),
                "bits_a_frame_by_context": by_context,
            },
        )


def smoke_clips(folder: Path) -> str:
    """Return recordings of the smoke mode as ``FOLDER:SPLIT``."""
    return f"{smoke_speech(folder)}:valid"


BENCHMARK = Benchmark(__doc__, (CODEBOOKS,), add_options, measure, smoke={"clips": smoke_clips, "count": 1})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
