"""Write the validation mixtures of the corpus of the denoisers, by which checkpoints are judged.

    python recipes/denoiser_mixtures.py --corpus corpora/denoise --out mixtures
    wavewright enhance mixtures/noisy --out enhanced --model denoise-16k --max-attenuation-db 100
    wavewright evaluate mixtures/clean enhanced --paired --noisy mixtures/noisy

They are those of a training that have speech and keep its reverberation.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from wavewright.audio.clip import Clip
from wavewright.data.folder import scan
from wavewright.families.denoiser.recipe import prepare, recipe


def main() -> None:
    """Write the mixtures and what was mixed into them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/denoise"))
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args()
    settings = recipe("strided")
    entries = scan(options.corpus, manifest=options.corpus / "manifest.jsonl").entries
    valid = prepare(settings, entries).valid
    for number, (noisy, clean, dereverb) in enumerate(
        zip(valid["inputs"], valid["target"], valid["dereverb"], strict=True)
    ):
        if np.abs(clean).max() > 0 and not dereverb.any():
            for folder, wave in (("noisy", noisy), ("clean", clean[None])):
                (options.out / folder).mkdir(parents=True, exist_ok=True)
                Clip(wave, settings.model.sample_rate).write(options.out / folder / f"{number:02d}.wav", "FLOAT")


if __name__ == "__main__":
    main()
