"""Move a speaker's default style towards some of a voice's learned styles.

    python -m benchmarks speech.styles --voice runs/en                                # which style is clearest
    python recipes/usual_style.py runs/en kathleen style-4=0.3 style-6=0.3     # the rest is unchanged

The default style is the one that speaks where no style is requested. Training stores the mean of the styles of a
speaker's recordings, which hardly any of them has.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from wavewright.base.errors import WavewrightError
from wavewright.base.names import index_of
from wavewright.families.acoustic.config import SPEAKERS_FILE, AcousticConfig
from wavewright.models.folder import ModelFolder
from wavewright.training.export import replace_tensors


def move(folder: ModelFolder, speaker: str, weights: dict[str, float]) -> np.ndarray:
    """Store the new style ``(n_styles,)`` of a speaker and return it; raise BadSetting for unknown names."""
    config = folder.config(AcousticConfig)
    tensors = folder.tensors(SPEAKERS_FILE)
    usual = tensors["usual_style"].astype(np.float32)
    row = index_of(speaker, config.speakers, "speaker", folder.card.name)
    added = np.zeros_like(usual[row])
    for name, weight in weights.items():
        added[index_of(name, config.style_names, "style", folder.card.name)] = weight
    usual[row] = (1 - added.sum()) * usual[row] / usual[row].sum() + added
    replace_tensors(folder, SPEAKERS_FILE, tensors | {"usual_style": usual})
    return usual[row]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("speaker")
    parser.add_argument("weights", nargs="+", metavar="STYLE=WEIGHT")
    options = parser.parse_args()
    try:
        weights = {name: float(weight) for name, _, weight in (each.partition("=") for each in options.weights)}
        if min(weights.values()) < 0 or sum(weights.values()) > 1:
            parser.error(f"The weights are {', '.join(options.weights)}; they must be 0 or more and sum to 1 at most.")
        style = move(ModelFolder(options.run), options.speaker, weights)
    except (WavewrightError, ValueError) as error:
        parser.error(str(error))
    print(f"{options.run}: {options.speaker} speaks in the styles", " ".join(f"{weight:.2f}" for weight in style))


if __name__ == "__main__":
    main()
