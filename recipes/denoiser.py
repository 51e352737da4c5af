"""The bundled models ``denoise-16k`` and ``echo-16k``: noise, reverberation and echo removed from speech at 16 kHz.

python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
python recipes/corpora denoise --speech corpora/speech --esc10 PACK --zero-ad AUDIO --out corpora/denoise
python recipes/denoiser.py --max-minutes 120
python recipes/denoiser.py --max-minutes 120 --resume                               # as often as needed
python recipes/denoiser.py --from src/wavewright/models/bundled/denoise-16k         # further, from the bundled one
python recipes/denoiser.py --echo --max-minutes 60
python recipes/denoiser.py --bundle                                                 # into the package
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.denoiser.recipe import DenoiserRecipe, recipe

CORPUS = Corpus(Path("corpora/denoise"), "CC-BY-SA-3.0")
STEPS, ECHO_STEPS = 60_000, 20_000
ECHO_CHANNELS, ECHO_BLOCKS = 24, 2


def noise() -> DenoiserRecipe:
    """Return the settings of the run for noise and reverberation."""
    base = recipe("small")
    return replace(base, training=replace(base.training, steps=STEPS))


def echo() -> DenoiserRecipe:
    """Return the settings of the run for echo: a smaller network after the linear canceller."""
    base = recipe("small")
    model = replace(base.model, removes="echo", channels=ECHO_CHANNELS, n_blocks=ECHO_BLOCKS)
    return replace(base, model=model, training=replace(base.training, steps=ECHO_STEPS, batch_size=8))


DENOISE = Bundled(
    "denoise-16k",
    "denoiser",
    noise,
    "Removes noise and reverberation from speech at 16 kHz, in files and live.",
    CORPUS,
)
ECHO = Bundled(
    "echo-16k",
    "denoiser",
    echo,
    "Removes the echo of a loudspeaker from a microphone at 16 kHz, in files and live.",
    CORPUS,
)

if __name__ == "__main__":
    removes_echo = "--echo" in sys.argv
    if removes_echo:
        sys.argv.remove("--echo")
    main(ECHO if removes_echo else DENOISE, __doc__)
