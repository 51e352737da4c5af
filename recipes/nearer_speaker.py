"""Move a speaker of a voice towards another one: clearer in the language that the other reads, and less alike.

    python recipes/nearer_speaker.py runs/two-voices kerstin kathleen --embedding 0.2 --style 0.5
    python -m benchmarks speech.crossed --voice runs/two-voices-kerstin       # how clear, and how alike

``--embedding`` is the share of the other speaker's embedding, ``--style`` that of the usual style and pace; nothing
else changes, and a second call moves the speaker further. Choose both by other sentences than those of the benchmark.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save

from wavewright.base.errors import BadSetting, WavewrightError
from wavewright.base.files import sha256_of
from wavewright.base.names import index_of
from wavewright.base.whole_file import write_whole
from wavewright.families.acoustic.config import SPEAKERS_FILE, WEIGHT_PREFIX, AcousticConfig
from wavewright.families.acoustic.recipe import SPEAKER_TABLES
from wavewright.models.folder import WEIGHTS_FILE, ModelFolder, write_card

EMBEDDING = f"{WEIGHT_PREFIX}speaker_embedding.weight"


def move(folder: ModelFolder, speaker: str, other: str, embedding: float = 0.0, style: float = 0.0) -> None:
    """Store the moved speaker.

    Raises BadSetting for an unknown speaker, and for a share that is not from 0 to 1.
    """
    speakers, path = folder.config(AcousticConfig).speakers, folder.path
    row, towards = (index_of(name, speakers, "speaker", folder.card.name) for name in (speaker, other))
    for file, names, share in ((WEIGHTS_FILE, (EMBEDDING,), embedding), (SPEAKERS_FILE, SPEAKER_TABLES, style)):
        if not 0 <= share <= 1:
            raise BadSetting(f"A share is {share:g}; it must lie between 0 and 1.")
        tensors = load_file(path / file)
        for name in {*names} & {*tensors}:
            rows = tensors[name].astype(np.float32)
            tensors[name][row] = (1 - share) * rows[row] + share * rows[towards]
        write_whole(path / file, save(tensors))  # where the graphs expect them
    hashes = {file: sha256_of(path / file) for file in (WEIGHTS_FILE, SPEAKERS_FILE)}
    write_card(path, folder.card.model_copy(update={"files": folder.card.files | hashes}))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("speaker")
    parser.add_argument("other")
    parser.add_argument("--embedding", type=float, default=0.0, help="share of the other's embedding")
    parser.add_argument("--style", type=float, default=0.0, help="share of the other's usual style and pace")
    given = parser.parse_args()
    try:
        move(ModelFolder(given.run), given.speaker, given.other, given.embedding, given.style)
    except WavewrightError as error:
        parser.error(str(error))
    print(f"{given.run}: {given.speaker} is nearer to {given.other}")


if __name__ == "__main__":
    main()
