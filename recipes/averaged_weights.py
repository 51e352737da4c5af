"""A model whose weights are the mean of those of several runs, which began from the same model.

python recipes/averaged_weights.py runs/first runs/second --out runs/both
python recipes/denoiser.py --out runs/both --bundle

References
----------
M. Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing
inference time", 2022.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np

from wavewright.models.card import CARD_FILE
from wavewright.models.folder import WEIGHTS_FILE, ModelFolder, write_card
from wavewright.training.export import replace_tensors


def averaged(runs: list[Path], out: Path) -> ModelFolder:
    """Write the model folder ``out``: files of the first run, with the mean weights of all; return it."""
    folders = [ModelFolder(run) for run in runs]
    tensors = [folder.tensors() for folder in folders]
    kinds = [{name: (array.shape, array.dtype) for name, array in each.items()} for each in tensors]
    if any(kind != kinds[0] for kind in kinds) or any(array.dtype == np.int8 for array in tensors[0].values()):
        raise SystemExit("The weights differ in names, shapes or types; average runs with the same settings.")
    means = {
        name: np.mean([each[name].astype(np.float64) for each in tensors], axis=0).astype(array.dtype)
        if array.dtype.kind == "f"
        else array  # indices, the same in all
        for name, array in tensors[0].items()
    }
    out.mkdir(parents=True)
    for name in (*folders[0].card.files, CARD_FILE):
        shutil.copyfile(folders[0].path / name, out / name)
    folder = replace_tensors(ModelFolder(out), WEIGHTS_FILE, means)
    training = folder.card.training | {"averaged_runs": len(runs)}
    write_card(out, folder.card.model_copy(update={"training": training}))
    return ModelFolder(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    averaged(options.runs, options.out).verify()
