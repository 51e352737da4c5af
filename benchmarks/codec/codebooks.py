"""How evenly a codec uses its codebooks, and what codes cost: perplexity and bits of each level on held-out recordings.

    python -m benchmarks.codec.codebooks --clips corpora/speech:valid
    python -m benchmarks.codec.codebooks --clips corpora/speech:valid --model runs/mine --count 50

Perplexity is ``exp(-sum p log p)`` of the shares ``p`` of a level's codes, at most the size of its codebook; few frames make it too small, so
that their number is printed. Frames of digital silence have no codes. Recordings of at least two seconds count, in a fixed random order.
Bits are bytes of packets of a second, without what surrounds their payload, of so many first levels, over the frames: by how frequent each
code is, and by how frequent it is behind others, where the codec knows that.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from wavewright import loading
from wavewright.clip import Clip
from wavewright.data.folder import scan
from wavewright.errors import BadFolder, WavewrightError
from wavewright.families.codec.contexts import ContextCoder
from wavewright.families.codec.packets import Coder
from wavewright.families.codec.range_coder import RangeCoder

SHORTEST_SECONDS = 2.0
PACKET_FRAMES = 50


def codes_of(player, folder: Path, split: str, count: int) -> list[np.ndarray]:
    """The codes ``(n_levels, frames)`` of each of at most ``count`` recordings of a split."""
    entries = scan(folder, manifest=folder / "manifest.jsonl").entries
    entries = [entry for entry in entries if entry.split == split and entry.seconds >= SHORTEST_SECONDS]
    if not entries:
        raise BadFolder(
            f"{folder} has no recordings of {SHORTEST_SECONDS:g} s of the split {split!r}; name another split or folder."
        )
    chosen = np.random.default_rng(0).permutation(len(entries))[:count]
    waves = (Clip.read(entries[row].path).mono().resample(player.sample_rate).wave[0] for row in chosen)
    return [player.encode(wave) for wave in waves]


def bits(coder: Coder, codes: list[np.ndarray], n_levels: int) -> float:
    """What a frame of ``codes`` takes in the mean, of the first ``n_levels`` levels."""
    n_bytes = 0
    for clip in codes:
        for first in range(0, clip.shape[1], PACKET_FRAMES):
            n_bytes += len(coder.encode(clip[None, :n_levels, first : first + PACKET_FRAMES]))
    return 8 * n_bytes / sum(clip.shape[1] for clip in codes)


def perplexity(codes: np.ndarray) -> float:
    """Of the codes ``(frames,)`` of a level."""
    shares = np.unique(codes, return_counts=True)[1] / len(codes)
    return float(np.exp(-(shares * np.log(shares)).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", required=True, metavar="FOLDER:SPLIT")
    parser.add_argument("--model", default="speech-codec")
    parser.add_argument("--count", type=int, default=150)
    given = parser.parse_args()
    folder, _, split = given.clips.rpartition(":")
    try:
        player = loading.load(given.model)
        clips = codes_of(player, Path(folder), split, given.count)
    except WavewrightError as error:
        parser.error(str(error))
    codes = np.concatenate(clips, axis=1)
    codes = codes[:, codes[0] >= 0]
    print(f"{given.model}: {codes.shape[1]:,} frames, codebooks of {player.codebook_size}")
    for level, of_level in enumerate(codes, 1):
        found = perplexity(of_level)
        costs = f"{bits(RangeCoder(player.frequencies[:level]), clips, level):6.1f} bits a frame up to here"
        if player.contexts is not None:
            costs += f", {bits(ContextCoder(player.contexts, level), clips, level):6.1f} behind others"
        print(f"level {level:2}  perplexity {found:5.0f}  {found / player.codebook_size:.2f} of its codebook  {costs}")


if __name__ == "__main__":
    main()
