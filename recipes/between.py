"""Between two runs of one family: a copy of the second in which a part of the networks lies between the first run's and its own.

    python recipes/between.py runs/first runs/second decoder=0.4 --out runs/between    # 0 is the first run's, 1 the second's
    python recipes/speech_codec.py --out runs/between --resume              # exports it; other runs begin --from it

The second command takes the settings of the second run, including --from. An unfinished run would train further: there,
add ``--max-minutes 0.1``.

Where one run began from the other, what lies between can be better than both (Wortsman et al., "Robust fine-tuning of zero-shot models",
2022); choose the share on recordings of validation.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from wavewright.errors import BadModel, BadSetting, WavewrightError
from wavewright.training.loop import LAST
from wavewright.training.run_folder import CHECKPOINTS

CHECKPOINT = Path(CHECKPOINTS) / LAST
KEPT = ("run.json", "log.jsonl")


def mixed(first: Path, second: Path, shares: dict[str, float], out: Path) -> int:
    """Write the run to ``out``; how many tensors lie between. Raises BadModel for a run without a checkpoint, or with other networks,
    BadSetting for a part that no weight is of, and where ``out`` is there."""
    for run in (first, second):
        if not (run / CHECKPOINT).is_file():
            raise BadModel(f"There is no checkpoint in {run}; give the folder of a run.")
    if out.exists():
        raise BadSetting(f"{out} is there; give a folder to write.")
    with safe_open(first / CHECKPOINT, "pt") as one, safe_open(second / CHECKPOINT, "pt") as other:
        names, known = list(other.keys()), set(one.keys())
        tensors = {name: other.get_tensor(name) for name in names}
        metadata = other.metadata()
        n_mixed = 0
        for part, share in shares.items():
            own = [
                name
                for name in names
                if not name.startswith("optimizer/") and part in name.replace("/", ".").split(".")
            ]
            own = [name for name in own if tensors[name].is_floating_point()]
            if not own:
                raise BadSetting(
                    f"No weight of {second} is of a part {part!r}; the parts of a codec are encoder and decoder."
                )
            for name in own:
                if name not in known or one.get_slice(name).get_shape() != list(tensors[name].shape):
                    raise BadModel(f"{first} has no weight {name} of that shape; give two runs of the same networks.")
                tensors[name] = one.get_tensor(name).lerp(tensors[name], share)
            n_mixed += len(own)
    (out / CHECKPOINT).parent.mkdir(parents=True)
    for name in KEPT:
        shutil.copyfile(second / name, out / name)
    save_file(tensors, out / CHECKPOINT, metadata=metadata)
    return n_mixed


def share_of(text: str) -> tuple[str, float]:
    """``decoder=0.4`` as its name and number; raises ValueError for anything else."""
    name, _, number = text.partition("=")
    return name, float(number)


def main() -> None:
    """Parse the command line and write the run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("shares", nargs="+", type=share_of, metavar="PART=SHARE")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        n_mixed = mixed(given.first, given.second, dict(given.shares), given.out)
    except WavewrightError as error:
        parser.error(str(error))
    print(f"{n_mixed} weights of {given.out} lie between those of {given.first} and {given.second}")


if __name__ == "__main__":
    main()
