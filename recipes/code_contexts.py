"""Train the context model of a finished codec again; its networks stay as they are.

    python recipes/code_contexts.py runs/speech-codec --corpus corpora/speech

Training does the same at its end. This is for codecs of earlier versions, for unfinished runs, and for codecs that
shall store other recordings in fewer bytes. The hash of the model changes: keep a copy of its folder for the files
that it wrote, and for priors over its codes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from wavewright.base.errors import WavewrightError
from wavewright.data.folder import scan
from wavewright.families.codec.config import CONTEXTS_FILE, CodecConfig
from wavewright.families.codec.modules import CodecAutoencoder
from wavewright.families.codec.recipe import CONTEXT_SECONDS, CodecDataSettings, CodecRecipe, initial_weights, prepare
from wavewright.families.codec.runtime import CodecRuntime
from wavewright.families.codec.training import train_contexts
from wavewright.models.folder import ModelFolder
from wavewright.training.export import replace_tensors


def replace_contexts(folder: ModelFolder, corpus: Path) -> ModelFolder:
    """Train a context model on the training recordings of a corpus and store it; return the folder, opened again."""
    config, codec = folder.config(CodecConfig), CodecRuntime(folder)
    autoencoder = CodecAutoencoder(config)
    weights = initial_weights(folder, config)
    autoencoder.load_state_dict({name: torch.as_tensor(array) for name, array in weights.items()})
    prepared = prepare(
        CodecRecipe(config, CodecDataSettings()), scan(corpus, manifest=corpus / "manifest.jsonl").entries
    )
    codes = [codec.encode(clip) for clip in prepared.training_clips(CONTEXT_SECONDS)]
    vectors = autoencoder.quantizer.codebook_vectors().detach().numpy()
    return replace_tensors(folder, CONTEXTS_FILE, train_contexts(codes, vectors, config.context_frames).tensors())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    try:
        codec = CodecRuntime(replace_contexts(ModelFolder(arguments.model), arguments.corpus))
    except WavewrightError as error:
        parser.error(str(error))
    bits = " ".join(f"{each:.2f}" for each in codec.mean_code_bits(with_past=True))
    print(f"{arguments.model}, {codec.folder.hash}: mean bits of a code of each codebook: {bits}")


if __name__ == "__main__":
    main()
