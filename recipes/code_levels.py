"""How much quieter than its sounds a codec's copies are, measured anew for a model that is finished, so that they are played as loud.

    python recipes/code_levels.py runs/speech-codec --corpus corpora/speech

A run of training does the same when it is over. The model has another hash then: keep a copy of its folder for the files that it wrote
before.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from wavewright.data.folder import scan
from wavewright.errors import WavewrightError
from wavewright.families.codec.config import FREQUENCIES_FILE, CodecConfig
from wavewright.families.codec.gains import GAINS, N_MEASURED_CLIPS, level_difference_db
from wavewright.families.codec.recipe import FREQUENCY_SECONDS, CodecRecipe, prepare
from wavewright.families.codec.runtime import CodecRuntime
from wavewright.models.folder import ModelFolder
from wavewright.training.export import rewrite


def level(folder: ModelFolder, corpus: Path) -> np.ndarray:
    """Store and return by how many dB copies of each number of levels are quieter than recordings of a corpus, those that the usual
    settings train on."""
    player = CodecRuntime(folder)
    player.gains = np.ones(player.n_codebooks, np.float32)
    prepared = prepare(
        CodecRecipe(model=folder.config(CodecConfig)), scan(corpus, manifest=corpus / "manifest.jsonl").entries
    )
    clips = list(prepared.training_clips(FREQUENCY_SECONDS))[:N_MEASURED_CLIPS]
    codes = [player.encode(clip) for clip in clips]
    missing = [
        level_difference_db(
            clips, [player.decode(each[:n_codebooks])[0, : len(clip)] for each, clip in zip(codes, clips, strict=True)]
        )
        for n_codebooks in range(1, player.n_codebooks + 1)
    ]
    gains_db = np.array(missing, np.float32)
    rewrite(folder, FREQUENCIES_FILE, folder.tensors(FREQUENCIES_FILE) | {GAINS: gains_db})
    return gains_db


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    given = parser.parse_args()
    try:
        gains_db = level(ModelFolder(given.model), given.corpus)
    except WavewrightError as error:
        parser.error(str(error))
    print(
        f"{given.model}: the copies of 1 to {len(gains_db)} levels are played {' '.join(f'{gain:.1f}' for gain in gains_db)} dB louder"
    )


if __name__ == "__main__":
    main()
