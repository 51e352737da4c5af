"""Write the validation mixtures of the corpus of the denoisers, by which checkpoints are judged.

    python recipes/denoiser_mixtures.py --corpus corpora/denoise --out mixtures          # --dry: speech and noise alone
    wavewright enhance mixtures/noisy --out enhanced --model denoise-16k --max-attenuation-db 100
    wavewright evaluate mixtures/clean enhanced --paired --noisy mixtures/noisy

They are those of a training that have speech and keep its reverberation; dry ones have neither rooms nor codecs, limits
of bands or clipping.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from wavewright.audio.clip import Clip
from wavewright.data.folder import scan
from wavewright.families.denoiser.recipe import prepare, recipe

DAMAGES = (
    *("silent_probability", "clean_probability", "room_probability", "dereverb_probability"),
    *("band_limit_probability", "roll_off_probability", "clip_probability", "codec_probability"),
)
"""Settings that are 0 for dry mixtures."""


def main() -> None:
    """Write the mixtures and what was mixed into them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/denoise"))
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--dry", action="store_true", help="speech and noise alone")
    options = parser.parse_args()
    settings = recipe("strided")
    if options.dry:
        settings = replace(settings, data=replace(settings.data, **dict.fromkeys(DAMAGES, 0.0)))
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
