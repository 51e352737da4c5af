"""Interpolate the weights of a module between two runs of one family, and write them as a copy of the second run.

    python recipes/between.py runs/first runs/second decoder=0.4 --out runs/between    # 0: first run, 1: second run
    python recipes/speech_codec.py --out runs/between --resume       # exports it; other runs start from it with --from

The second command takes the settings of the second run, including --from. An unfinished run would train further: there,
add ``--max-minutes 0.1``.

Where one run was initialised from the other, interpolated weights can be better than both (WiSE-FT: Wortsman et al.,
"Robust fine-tuning of zero-shot models", 2022); choose the weight on recordings of validation.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from wavewright.base.errors import BadModel, BadSetting, WavewrightError
from wavewright.training.loop import LAST
from wavewright.training.run_folder import CHECKPOINTS

CHECKPOINT = Path(CHECKPOINTS) / LAST
RUN_FILES = ("run.json", "log.jsonl")


def interpolate_runs(first: Path, second: Path, weights: dict[str, float], out: Path) -> int:
    """Write the interpolated run to ``out``.

    Parameters
    ----------
    first, second : Path
        Run folders.
    weights : dict of str to float
        Weight of the second run, by the name of a module.
    out : Path
        Folder to write, which must not exist.

    Returns
    -------
    int
        The number of interpolated tensors.

    Raises
    ------
    BadModel
        For a run without a checkpoint, or with other networks.
    BadSetting
        For a module without weights, and where ``out`` exists.
    """
    for run in (first, second):
        if not (run / CHECKPOINT).is_file():
            raise BadModel(f"There is no checkpoint in {run}; give the folder of a run.")
    if out.exists():
        raise BadSetting(f"{out} exists; give a folder to write.")
    with safe_open(first / CHECKPOINT, "pt") as one, safe_open(second / CHECKPOINT, "pt") as other:
        names, known = list(other.keys()), set(one.keys())
        tensors = {name: other.get_tensor(name) for name in names}
        metadata = other.metadata()
        n_interpolated = 0
        for module, weight in weights.items():
            own = [
                name
                for name in names
                if not name.startswith("optimizer/") and module in name.replace("/", ".").split(".")
            ]
            own = [name for name in own if tensors[name].is_floating_point()]
            if not own:
                raise BadSetting(f"{second} has no module {module!r}; the modules of a codec are encoder and decoder.")
            for name in own:
                if name not in known or one.get_slice(name).get_shape() != list(tensors[name].shape):
                    raise BadModel(f"{first} has no weight {name} of that shape; give two runs of the same networks.")
                tensors[name] = one.get_tensor(name).lerp(tensors[name], weight)
            n_interpolated += len(own)
    (out / CHECKPOINT).parent.mkdir(parents=True)
    for name in RUN_FILES:
        shutil.copyfile(second / name, out / name)
    save_file(tensors, out / CHECKPOINT, metadata=metadata)
    return n_interpolated


def parse_weight(text: str) -> tuple[str, float]:
    """Return the name and number of ``decoder=0.4``; raise ValueError for anything else."""
    name, _, number = text.partition("=")
    return name, float(number)


def main() -> None:
    """Parse the command line and write the run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("weights", nargs="+", type=parse_weight, metavar="MODULE=WEIGHT")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        n_interpolated = interpolate_runs(options.first, options.second, dict(options.weights), options.out)
    except WavewrightError as error:
        parser.error(str(error))
    print(f"{n_interpolated} weights of {options.out} are interpolated between {options.first} and {options.second}")


if __name__ == "__main__":
    main()
