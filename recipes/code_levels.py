"""Measure the level that a trained codec's copies lose, for each number of codebooks, and store it as their gain.

    python recipes/code_levels.py runs/speech-codec --corpus corpora/speech

Training does the same at its end. The model has another hash afterwards: keep a copy of its folder for files that it
wrote before.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from wavewright.data.folder import scan
from wavewright.errors import WavewrightError
from wavewright.families.codec.config import FREQUENCIES_FILE, CodecConfig
from wavewright.families.codec.levels import CLIPS_TO_COPY, GAINS, missing_db
from wavewright.families.codec.recipe import COUNTED_SECONDS, CodecRecipe, prepare
from wavewright.families.codec.runtime import CodecRuntime
from wavewright.models.folder import ModelFolder
from wavewright.training.export import rewrite


def store_gains_db(folder: ModelFolder, corpus: Path) -> np.ndarray:
    """Store and return the level in dB that copies lose, by the number of codebooks, on the training recordings."""
    codec = CodecRuntime(folder)
    codec.gains = np.ones(codec.n_levels, np.float32)
    prepared = prepare(
        CodecRecipe(model=folder.config(CodecConfig)), scan(corpus, manifest=corpus / "manifest.jsonl").entries
    )
    clips = list(prepared.counted(COUNTED_SECONDS))[:CLIPS_TO_COPY]
    codes = [codec.encode(clip) for clip in clips]
    losses_db = [
        missing_db(
            clips, [codec.decode(each[:n_levels])[0, : len(clip)] for each, clip in zip(codes, clips, strict=True)]
        )
        for n_levels in range(1, codec.n_levels + 1)
    ]
    gains_db = np.array(losses_db, np.float32)
    rewrite(folder, FREQUENCIES_FILE, folder.tensors(FREQUENCIES_FILE) | {GAINS: gains_db})
    return gains_db


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    options = parser.parse_args()
    try:
        gains_db = store_gains_db(ModelFolder(options.model), options.corpus)
    except WavewrightError as error:
        parser.error(str(error))
    listed = " ".join(f"{gain:.1f}" for gain in gains_db)
    print(f"{options.model}: gains of copies with 1 to {len(gains_db)} codebooks: {listed} dB")


if __name__ == "__main__":
    main()
