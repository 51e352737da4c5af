"""Measure the gains of a finished codec again, which make decoded audio as loud as its recordings.

    python recipes/code_levels.py runs/speech-codec --corpus corpora/speech

Training does the same at its end. The hash of the model changes: keep a copy of its folder for the files that it wrote.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from wavewright.base.errors import WavewrightError
from wavewright.data.folder import scan
from wavewright.families.codec.config import FREQUENCIES_FILE, CodecConfig
from wavewright.families.codec.gains import GAINS, N_MEASURED_CLIPS, level_difference_db
from wavewright.families.codec.recipe import FREQUENCY_SECONDS, CodecDataSettings, CodecRecipe, prepare
from wavewright.families.codec.runtime import CodecRuntime
from wavewright.models.folder import ModelFolder
from wavewright.training.export import replace_tensors


def measure_gains(folder: ModelFolder, corpus: Path) -> np.ndarray:
    """Store and return the gains in dB of 1 to all codebooks, measured on the training recordings of a corpus."""
    codec = CodecRuntime(folder)
    codec.gains = np.ones(codec.n_codebooks, np.float32)
    prepared = prepare(
        CodecRecipe(folder.config(CodecConfig), CodecDataSettings()),
        scan(corpus, manifest=corpus / "manifest.jsonl").entries,
    )
    clips = list(prepared.training_clips(FREQUENCY_SECONDS))[:N_MEASURED_CLIPS]
    codes = [codec.encode(clip) for clip in clips]
    gains_db = []
    for n_codebooks in range(1, codec.n_codebooks + 1):
        decoded = [codec.decode(each[:n_codebooks])[0, : len(clip)] for each, clip in zip(codes, clips, strict=True)]
        gains_db.append(level_difference_db(clips, decoded))
    stored = np.array(gains_db, np.float32)
    replace_tensors(folder, FREQUENCIES_FILE, folder.tensors(FREQUENCIES_FILE) | {GAINS: stored})
    return stored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    arguments = parser.parse_args()
    try:
        gains_db = measure_gains(ModelFolder(arguments.model), arguments.corpus)
    except WavewrightError as error:
        parser.error(str(error))
    gains = " ".join(f"{gain:.1f}" for gain in gains_db)
    print(f"{arguments.model}: the gains of 1 to {len(gains_db)} codebooks are {gains} dB")


if __name__ == "__main__":
    main()
