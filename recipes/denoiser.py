"""The bundled models ``denoise-16k``, ``denoise-16k-best``, ``denoise-48k``, ``echo-16k`` and ``dialogue-48k``.

python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
python recipes/corpora synthetic --flite flite --speech corpora/speech --out corpora/synthetic
python recipes/corpora denoise --speech corpora/speech corpora/synthetic --esc10 PACK --zero-ad AUDIO \\
    --megaglest DATA --wake-words WORDS --blanket BLANKET --warzone ALBUMS --out corpora/denoise
python recipes/denoiser.py --max-minutes 120
python recipes/denoiser.py --max-minutes 120 --resume                               # as often as needed
python recipes/denoiser.py --from src/wavewright/models/bundled/denoise-16k         # further, from the bundled one
python recipes/denoiser.py --best --from src/wavewright/models/bundled/denoise-16k   # layers that run backwards
python recipes/denoiser.py --full-band --corpus corpora/denoise-48k --from src/wavewright/models/bundled/denoise-16k
python recipes/denoiser.py --echo --max-minutes 60
python recipes/denoiser.py --strided --from recipes/data/denoiser-start --set training.steps=6000   # see START
python recipes/denoiser.py --dialogue --from denoise-16k-best --out runs/dialogue-16k --max-minutes 120
python recipes/denoiser.py --dialogue-48k --corpus corpora/denoise-48k --from runs/dialogue-16k --max-minutes 60
python recipes/denoiser.py --bundle                                                 # into the package
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.denoiser.config import LOWER_PREFIX
from wavewright.families.denoiser.recipe import DenoiserRecipe, recipe

CORPUS = Corpus(Path("corpora/denoise"), "CC-BY-SA-3.0")
START = Path(__file__).parent / "data" / "denoiser-start"
"""A model folder of the strided shape, from which its training goes on, an hour or a day at a time, by ``--from``.

It is not good enough to be bundled: after 4,533 steps (4 hours of one core of an AMD EPYC, Zen 3) it has PESQ 2.05,
STOI 0.871 and SI-SDR 12.2 dB on the recipe's 30 validation mixtures with speech and without dereverberation, where
denoise-16k has 2.04, 0.875 and 14.1 dB; after 3,150 steps it had 2.03, 0.866 and 11.7 dB, after the first 800 steps
PESQ 1.74 and SI-SDR 7.6 dB. In equal minutes, from nothing and on the same mixtures, it had a loss of spectra
(valid/stft) of 6.70 in 377 steps where the size ``small`` had 7.29 in 698. Each call plans a falling learning rate over
its own minutes or steps, so that what it ends with can take the folder's place; the card names all runs.
``--set training.steps=6000`` takes 9 hours.
A call has to be long: 659 steps (2 hours of an AMD EPYC, Zen 1) with the rate of the recipe ended at a valid/stft of
4.18 and 11.2 dB where the folder has 4.16 and 11.8 dB. Compare with a call of one step: where the corpus is made anew
its validation mixtures are others, and so are the figures above.

After 2,350 steps of a run of 12,000 and 200 more of a falling rate (25 hours of mixtures), the 30
mixtures of ``recipes/denoiser_mixtures.py`` have PESQ 2.01 (1.69 to 2.35), STOI 0.850 and SI-SDR 11.4 dB, those
of this folder 1.99, 0.858, 11.5 dB, of ``denoise-16k`` 1.99, 0.866, 13.6 dB. Many of these mixtures have rooms,
codecs and limits of bands; judge by dry ones as well: on the 48 of ``--dry`` this folder has PESQ 1.93 (1.70 to 2.17),
STOI 0.860 and SI-SDR 11.9 dB, ``denoise-16k`` 1.82 (1.59 to 2.04), 0.860 and 12.9 dB (``enhance`` with
``--max-attenuation-db 100``). ``--max-minutes`` alone has no falling rate: the recipe plans its steps.
"""
STEPS, BEST_STEPS, FULL_BAND_STEPS, ECHO_STEPS = 60_000, 2_400, 6_000, 20_000
FULL_BAND_RATE, FULL_BAND_HOP = 48_000, 768  # the same bins as at 16 kHz, and more above them
ECHO_CHANNELS, ECHO_BLOCKS = 24, 2


def noise() -> DenoiserRecipe:
    """Return the settings of the run for noise and reverberation."""
    base = recipe("small")
    return replace(base, training=replace(base.training, steps=STEPS))


def strided() -> DenoiserRecipe:
    """Return the settings of the run of the shape that is to follow, as long as the minutes of a call."""
    base = recipe("strided")
    return replace(base, training=replace(base.training, precision="float32"))


def best() -> DenoiserRecipe:
    """Return the settings of the run of the size for files, which begins with the weights of the one for streams."""
    base = recipe("best")
    return replace(base, training=replace(base.training, steps=BEST_STEPS, learning_rate=1e-3, warmup_steps=50))


def full_band() -> DenoiserRecipe:
    """Return the settings of the run at 48 kHz: what is above 8 kHz is learned, all below is the model at 16 kHz."""
    base = recipe("small")
    model = replace(base.model, sample_rate=FULL_BAND_RATE, hop_length=FULL_BAND_HOP)
    training = replace(base.training, steps=FULL_BAND_STEPS, batch_size=8, frozen=(LOWER_PREFIX,))
    return replace(base, model=model, training=training)


def echo() -> DenoiserRecipe:
    """Return the settings of the run for echo: a smaller network after the linear canceller."""
    base = recipe("small")
    model = replace(base.model, removes="echo", channels=ECHO_CHANNELS, n_blocks=ECHO_BLOCKS)
    return replace(base, model=model, training=replace(base.training, steps=ECHO_STEPS, batch_size=8))


def dialogue() -> DenoiserRecipe:
    """Return the settings of the run for dialogue, apart from music and effects, up to 8 kHz.

    Its sounds are those of films: mostly music, often with effects, voices in turn, and passages without speech. The
    reverberation of a voice belongs to it.
    """
    base = best()
    data = replace(
        base.data,
        snr_db=(-12.0, 18.0),
        silent_probability=0.12,
        clean_probability=0.05,
        dereverb_probability=0.0,
        second_speaker_probability=0.15,
        recorded_probability=0.22,
        texture_probability=0.06,
        babble_probability=0.03,
        music_probability=0.42,
        procedural_probability=0.08,
        notes_probability=0.12,
    )
    model = replace(base.model, removes="background")
    return replace(base, model=model, data=data, training=replace(base.training, steps=0, batch_size=8))


def dialogue_48k() -> DenoiserRecipe:
    """Return the settings of the run at 48 kHz: what is above 8 kHz is learned, all below is the model at 16 kHz."""
    base = dialogue()
    model = replace(base.model, sample_rate=FULL_BAND_RATE, hop_length=FULL_BAND_HOP)
    return replace(base, model=model, training=replace(base.training, frozen=(LOWER_PREFIX,)))


MODELS = {
    "--dialogue": Bundled(
        "dialogue-16k",
        "denoiser",
        dialogue,
        "Parts speech from music and effects at 16 kHz, in files.",
        CORPUS,
    ),
    "--dialogue-48k": Bundled(
        "dialogue-48k",
        "denoiser",
        dialogue_48k,
        "Parts speech from music and effects at 48 kHz, in files.",
        CORPUS,
    ),
    "--strided": Bundled(
        "denoise-16k",
        "denoiser",
        strided,
        "Removes noise and reverberation from speech at 16 kHz, in files and live.",
        CORPUS,
    ),
    "--full-band": Bundled(
        "denoise-48k",
        "denoiser",
        full_band,
        "Removes noise and reverberation from speech at 48 kHz, in files and live.",
        CORPUS,
    ),
    "--best": Bundled(
        "denoise-16k-best",
        "denoiser",
        best,
        "Removes noise and reverberation from speech at 16 kHz, in files.",
        CORPUS,
    ),
    "--echo": Bundled(
        "echo-16k",
        "denoiser",
        echo,
        "Removes the echo of a loudspeaker from a microphone at 16 kHz, in files and live.",
        CORPUS,
    ),
    "": Bundled(
        "denoise-16k",
        "denoiser",
        noise,
        "Removes noise and reverberation from speech at 16 kHz, in files and live.",
        CORPUS,
    ),
}

if __name__ == "__main__":
    option = next((option for option in MODELS if option in sys.argv), "")
    sys.argv = [argument for argument in sys.argv if not argument or argument != option]
    main(MODELS[option], __doc__)
