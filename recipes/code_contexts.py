"""How frequent a codec's codes are behind others, learned anew for a model that is finished; its networks stay as they are.

    python recipes/code_contexts.py runs/speech-codec --corpus corpora/speech

A run of training does the same when it is over. This is for codecs from before there were contexts, for runs that are not over, and for
codecs that are to code other recordings in fewer bytes. The model has another hash then: keep a copy of its folder for the files that it
wrote before, and for priors over its codes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from wavewright.data.folder import scan
from wavewright.errors import WavewrightError
from wavewright.families.codec.config import CONTEXTS_FILE, CodecConfig
from wavewright.families.codec.modules import CodecAutoencoder
from wavewright.families.codec.recipe import CONTEXT_SECONDS, CodecRecipe, initial_weights, prepare
from wavewright.families.codec.runtime import CodecRuntime
from wavewright.families.codec.training import train_contexts
from wavewright.models.folder import ModelFolder
from wavewright.training.export import rewrite


def teach(folder: ModelFolder, corpus: Path) -> ModelFolder:
    """Store how frequent codes are behind others in the recordings of a corpus that are trained on; the folder, opened again."""
    config, player = folder.config(CodecConfig), CodecRuntime(folder)
    coder = CodecAutoencoder(config)
    coder.load_state_dict({name: torch.as_tensor(array) for name, array in initial_weights(folder, config).items()})
    prepared = prepare(CodecRecipe(model=config), scan(corpus, manifest=corpus / "manifest.jsonl").entries)
    codes = [player.encode(clip) for clip in prepared.training_clips(CONTEXT_SECONDS)]
    contexts = train_contexts(codes, coder.quantizer.codebook_vectors().detach().numpy(), config.context_frames)
    return rewrite(folder, CONTEXTS_FILE, contexts.tensors())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        player = CodecRuntime(teach(ModelFolder(given.model), given.corpus))
    except WavewrightError as error:
        parser.error(str(error))
    if player.contexts is not None:
        of_levels = " ".join(f"{bits:.2f}" for bits in player.contexts.mean_bits(with_past=True))
        print(f"{given.model}, {player.folder.hash}: a code takes {of_levels} bits, level by level")


if __name__ == "__main__":
    main()
