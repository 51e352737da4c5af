"""LSTM: a recurrent network that draws one mel frame after another, given all before it, and turns frames into audio.

Stacked recurrent layers summarise the frames so far; a mixture of Gaussians is the distribution of the next frame, from
which it is drawn. A frame stands for a hundredth of a second, not for a sample, so a minute of training teaches more
than it does any other autoregressive family. Pulses and noise, or Griffin-Lim, make a wave of the frames.

Papers:
    Graves, "Generating Sequences With Recurrent Neural Networks", 2013: stacked LSTM with a mixture-density output.
    Bishop, "Mixture Density Networks", 1994.
    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997 (cell ``lstm``); Cho et al., "Learning Phrase
    Representations using RNN Encoder-Decoder for Statistical Machine Translation", 2014 (cell ``gru``).
    Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984; Perraudin, Balazs and
    Sondergaard, "A fast Griffin-Lim algorithm", 2013 (source ``griffin-lim``).
    Wang et al., "Tacotron: Towards End-to-End Speech Synthesis", 2017: the pre-net with dropout.

Changed from them: frames are whitened. A whole clip is conditioned on the position in a duration that is drawn
beforehand, which measured better than a learned end. Each mean starts from a learned multiple of the frame before. The
Gaussians may be drawn narrower than learned (temperature). The frames of a voice carry pitch and periodicity, which
control pulses and noise that are then shaped to the mel bands: mel bands alone are too wide to keep harmonics.

Read ``training.py`` (network, loss and turns), ``sampling.py`` (drawing a clip) and
``frames.py`` (wave to frames and back), in this order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import SIZES, STATISTICS_FILE, LstmConfig


class LstmFamily(Family[LstmConfig]):
    """The family ``lstm``."""

    name = "lstm"
    config = LstmConfig
    sizes = SIZES
    health = HealthRules(level_db="level_db", diversity="diversity")
    dials = (
        *TRAINING_DIALS,
        Dial("model.hidden_size", 0.5, 1.5, is_relative=True),
        Dial("model.n_layers", 1, 3),
        Dial("model.input_noise", 0.05, 0.6),
    )
    capabilities = frozenset({Capability.GENERATE})
    weight_prefixes = ("step.recurrent.",)
    few_shot_frozen = ("prenet.", "rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0")
    extra_files: ClassVar[Mapping[str, str]] = {
        STATISTICS_FILE: "whitening of frames, durations of the training clips, frames to start from"
    }

    def named_tables(self, config: LstmConfig) -> Mapping[str, tuple[str, Sequence[str]]]:
        """Return the embeddings of labels and speakers."""
        return {
            "label_embedding.weight": ("label", config.labels),
            "speaker_embedding.weight": ("speaker", config.speakers),
        }


LSTM = LstmFamily()
