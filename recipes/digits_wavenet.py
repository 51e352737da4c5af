"""Train a WaveNet on spoken digits by class and speaker, to compare with the bundled model ``digits``.

python recipes/corpora digits --pack PACK --out corpora/digits
python recipes/digits_wavenet.py --corpus corpora/digits --max-minutes 60
python recipes/digits_wavenet.py --corpus corpora/digits --max-minutes 60 --resume   # as often as needed

The WaveNet of docs/benchmarks was trained in three parts: 6,000 steps had a label agreement of 0.779; 4,000 more
with noise on past samples 0.796; 3,000 more with a contour 0.892. Without a contour, most clips that were not
recognised were quiet: a network with a receptive field of 68 ms cannot know that the word has not begun yet. The recipe
has the settings of the last part from the start.
"""

from __future__ import annotations

from dataclasses import replace

from bundling import DIGITS, Bundled, main

from wavewright.families.wavenet.recipe import WaveNetRecipe, recipe

STEPS = 13_000


def digits() -> WaveNetRecipe:
    """Return the settings of the run: 8 kHz, mu-law, a receptive field of 68 ms, pitch and level from a contour."""
    base = recipe("small")
    frames = replace(base.model, sample_rate=8_000, hop_length=128, condition_hop=64, f_max_hz=4_000.0)
    model = replace(frames, head="mu-law", contour=True, n_layers=16, dilation_cycle=8)
    data = replace(base.data, crop_samples=4_096, input_noise=0.15)
    training = replace(base.training, steps=STEPS, evaluate_every=1_000, weight_bits=8)
    return replace(base, model=model, data=data, training=training)


MODEL = Bundled("digits-wavenet", "wavenet", digits, "Spoken digits, zero to nine, five voices, 8 kHz.", DIGITS)

if __name__ == "__main__":
    main(MODEL, __doc__)
