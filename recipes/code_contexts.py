"""Estimate the context model of a trained codec's codes again; its networks do not change.

    python recipes/code_contexts.py runs/speech-codec --corpus corpora/speech

Training does the same at its end. This is for codecs without a context model, for unfinished runs, and for codecs that
shall spend fewer bytes on other recordings. The model has another hash afterwards: keep a copy of its folder for files
that it wrote before, and for priors over its codes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from wavewright.data.folder import scan
from wavewright.errors import WavewrightError
from wavewright.families.codec.config import CONTEXTS_FILE, CodecConfig
from wavewright.families.codec.network import Coder, learn_contexts
from wavewright.families.codec.recipe import LEARNED_SECONDS, CodecRecipe, prepare, warm_start
from wavewright.families.codec.runtime import CodecRuntime
from wavewright.models.folder import ModelFolder
from wavewright.training.export import rewrite


def store_contexts(folder: ModelFolder, corpus: Path) -> ModelFolder:
    """Store the context model of the training recordings of a corpus; return the folder, opened again."""
    config, codec = folder.config(CodecConfig), CodecRuntime(folder)
    coder = Coder(config)
    coder.load_state_dict({name: torch.as_tensor(array) for name, array in warm_start(folder, config).items()})
    prepared = prepare(CodecRecipe(model=config), scan(corpus, manifest=corpus / "manifest.jsonl").entries)
    codes = [codec.encode(clip) for clip in prepared.counted(LEARNED_SECONDS)]
    contexts = learn_contexts(codes, coder.quantizer.codebook_vectors().detach().numpy(), config.context_frames)
    return rewrite(folder, CONTEXTS_FILE, contexts.tensors())


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        codec = CodecRuntime(store_contexts(ModelFolder(options.model), options.corpus))
    except WavewrightError as error:
        parser.error(str(error))
    if codec.contexts is not None:
        bits_of_codebooks = " ".join(f"{bits:.2f}" for bits in codec.contexts.bits(knows_earlier=True))
        print(f"{options.model}, {codec.folder.hash}: a code takes {bits_of_codebooks} bits, by codebook")


if __name__ == "__main__":
    main()
