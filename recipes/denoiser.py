"""The bundled models ``denoise-16k``, ``denoise-48k``, ``echo-16k`` and ``dialogue-48k``, and those they begin with.

python recipes/corpora speech --kathleen K --kerstin G --commands C --speechocean O --asterisk A \\
    --out corpora/speech
python recipes/corpora synthetic --flite flite --speech corpora/speech --out corpora/synthetic
python recipes/corpora denoise --speech corpora/speech corpora/synthetic --esc10 PACK --zero-ad AUDIO \\
    --megaglest DATA --wake-words WORDS --blanket BLANKET --warzone ALBUMS --out corpora/denoise
python recipes/denoiser.py --set training.steps=6000                                 # 4 hours of one core
python recipes/denoiser.py --set training.steps=6000 --resume                        # with the same settings
python recipes/denoiser.py --from denoise-16k                                        # further, from the bundled one
python recipes/corpora speech --kathleen K --sample-rate 48000 --out corpora/speech-48k
python recipes/corpora denoise --speech corpora/speech-48k --esc10 PACK --zero-ad AUDIO --megaglest DATA \\
    --blanket BLANKET --warzone ALBUMS --sample-rate 48000 --out corpora/denoise-48k    # no voices up to 8 kHz alone
python recipes/denoiser.py --full-band --corpus corpora/denoise-48k --from denoise-16k  # above 8 kHz alone
python recipes/denoiser.py --full-band --corpus corpora/denoise-48k --from denoise-48k \\
    --set training.steps=600                                                         # the same, after a new denoise-16k
python recipes/denoiser.py --echo --max-minutes 60
python recipes/denoiser.py --bands --max-minutes 120                                 # the network of the following
python recipes/denoiser.py --best --from runs/denoise-bands-16k                      # layers that run backwards
python recipes/denoiser.py --dialogue --from runs/denoise-16k-best --out runs/dialogue-16k --max-minutes 120
python recipes/denoiser.py --dialogue-48k --corpus corpora/denoise-48k --from runs/dialogue-16k --max-minutes 60
python recipes/denoiser.py --bundle                                                  # into the package

A call has to be long: each plans a falling learning rate over its own steps, and 659 steps (2 hours of an AMD EPYC,
Zen 1) ended worse than they began. The bundled ``denoise-16k`` has 4,533 steps in four calls with twice as many rooms
and codecs, 3,000 with the settings of :func:`noise`, 900 with ``training.learning_rate=8e-4`` and
``data.room_probability=0.3``, then 1,800 of 1,900 and 2,600 with these rooms, all without speechocean762, and 1,500 of
1,700 with it, these rooms, ``data.speaker_exponent=0.8``, ``data.lowest_formants=0.85`` and ``highest_formants=1.2``;
then 2,602 with these settings, ``training.base_weight=0.3`` and three times the weight of SI-SDR. Its card names them
all. ``denoise-48k`` is this one up to 8 kHz, and above it has 3,000 steps on a former one and 360 on this one
(``training.learning_rate=5e-4``).
On processors that do not multiply bfloat16, float32 is four times as fast; on those that do (AMD EPYC, Zen 4; Intel
Xeon, Emerald Rapids) a step takes 1.5 s with ``training.precision=bfloat16``.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

from bundling import Bundled, Corpus, main

from wavewright.families.denoiser.config import LOWER_PREFIX, WEIGHT_PREFIX, DenoiserConfig
from wavewright.families.denoiser.recipe import DenoiserRecipe, recipe
from wavewright.models import find
from wavewright.models.folder import WEIGHTS_FILE, ModelFolder, write_card
from wavewright.training.export import replace_tensors
from wavewright.training.provenance import runs_up_to, sources_through

CORPUS = Corpus(Path("corpora/denoise"), "CC-BY-SA-3.0")
STEPS, BANDS_STEPS, BEST_STEPS, FULL_BAND_STEPS, ECHO_STEPS = 3_000, 60_000, 2_400, 3_000, 20_000
FULL_BAND_RATE, FULL_BAND_HOP = 48_000, 768  # the same bins as at 16 kHz, and more above them
ECHO_CHANNELS, ECHO_BLOCKS = 24, 2
LOWER = f"{WEIGHT_PREFIX}{LOWER_PREFIX}"  # of the names of the tensors up to 8 kHz
BASE = Path("runs/denoise-48k-base")  # where a full-band training begins after a new network up to 8 kHz


def noise() -> DenoiserRecipe:
    """Return the settings of the run for noise and reverberation; fewer rooms and codecs than those of the size."""
    base = recipe("strided")
    data = replace(
        base.data,
        room_probability=0.2,
        dereverb_probability=0.15,
        codec_probability=0.02,
        clip_probability=0.02,
        band_limit_probability=0.05,
    )
    training = replace(
        base.training,
        steps=STEPS,
        learning_rate=1e-3,
        warmup_steps=100,
        evaluate_every=250,
        metric="valid/stft",
        precision="float32",
    )
    return replace(base, data=data, training=training)


def bands() -> DenoiserRecipe:
    """Return the settings of the run that those of networks that look ahead begin with."""
    base = recipe("small")
    return replace(base, training=replace(base.training, steps=BANDS_STEPS))


def best() -> DenoiserRecipe:
    """Return the settings of the run of the size for files, which begins with the weights of the one for streams."""
    base = recipe("best")
    return replace(base, training=replace(base.training, steps=BEST_STEPS, learning_rate=1e-3, warmup_steps=50))


def full_band() -> DenoiserRecipe:
    """Return the settings of the run at 48 kHz: what is above 8 kHz is learned, all below is the model at 16 kHz."""
    base = noise()
    model = replace(base.model, sample_rate=FULL_BAND_RATE, hop_length=FULL_BAND_HOP)
    training = replace(base.training, steps=FULL_BAND_STEPS, batch_size=8, learning_rate=2e-3, frozen=(LOWER_PREFIX,))
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


def with_lower_part(full: ModelFolder, lower: ModelFolder, out: Path) -> ModelFolder:
    """Write a model that is ``lower`` up to 8 kHz and ``full`` above; return it."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(full.path, out)
    tensors = full.tensors() | {name: array for name, array in lower.tensors().items() if name.startswith(LOWER)}
    known = {source.name for source in full.card.sources}
    sources = [*full.card.sources, *(source for source in sources_through(lower) if source.name not in known)]
    training = full.card.training | {"earlier_runs": runs_up_to(lower)}
    write_card(out, full.card.model_copy(update={"sources": sources, "training": training}))
    return replace_tensors(ModelFolder(out), WEIGHTS_FILE, tensors)


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
    "--bands": Bundled(
        "denoise-bands-16k",
        "denoiser",
        bands,
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
    if option == "--full-band" and "--from" in sys.argv:
        index = sys.argv.index("--from") + 1
        base = ModelFolder(find(sys.argv[index]))
        if base.config(DenoiserConfig).upper_edges:
            sys.argv[index] = str(with_lower_part(base, ModelFolder(find("denoise-16k")), BASE).path)
    main(MODELS[option], __doc__)
