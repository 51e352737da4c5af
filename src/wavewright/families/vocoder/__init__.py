"""Vocoder: log-mel frames to speech by filtering pulses and noise, many times faster than real time.

Voiced speech is roughly a pulse train through a filter, and unvoiced speech is noise through a filter. From mel frames
a network predicts the pitch and, for each subframe of 4 ms, a complex filter for the pulses and a gain for the noise in
every bin. The filters are applied outside the network, by short-time Fourier transforms::

    mel frames -+-> FilterNetwork -+-> pitch -> pulse train -----.
                |                  |                             |
                |                  '-> parameters --.            |
                |                                   v            v
                '-> spectral envelope ---------> filters ---> segments -> overlap-add -> wave
                                                                 ^
                                       seeded white noise -------'

The pulses have a continuous phase and the noise is random from the start, so the network does not have to learn either.

Inference, for ``n`` intervals between mel frames (16 ms, 384 samples at 24 kHz) with the size ``small``:
    1. ``1 + n + look_ahead`` log-mel frames of 80 bands, 0 to 8 kHz. The first is the one before the first interval.
    2. The input layer of the `FilterNetwork` joins the four mel frames around each interval: ``(n, 4 * 80)``. Four
       ConvNeXt blocks follow, ``(n, 320)``, then one with a row for each of four subframes, ``(4 * n, 128)``. The
       outputs are pitch logits ``(n, 128)`` and filter parameters ``(4 * n, 3 * 289)``.
    3. The pitch at the end of each interval drives the pulses ``(n * 384,)``. The noise has as many samples. There is
       no voicing decision: the pulses never stop, and the filters silence them in unvoiced speech.
    4. The ``n + 1`` mel frames at the ends of the intervals are interpolated to envelopes ``(4 * n, 289)``, which the
       parameters are relative to. The mel frames end at 8 kHz; above, the envelope repeats the highest band.
    5. In bins where the pulses dominate, the filters move up to half of the noise amplitude to them: noise reduction.
       Each subframe makes a segment ``(576,)``: a window of two subframes of both sources, through the filters. The
       segments, overlapped and added, are the wave ``(n * 384,)``, late by two subframes.

Training draws crops of 40 intervals, and differs from inference:
    - Mel frames are always degraded: attenuated with the recording, blurred and noisy, since predicted ones are
      inexact. They are those of the recordings; with ``data.mel_files=true`` they come from files, such as predictions.
    - The pulses are in phase with the recording, so that losses can compare short windows. The predicted pitch has
      a loss of its own, a cross-entropy with a Gaussian around the true pitch, of standard deviation 0.7 bins. Unvoiced
      intervals have the weight 0.1 and an interpolated pitch; in a crop without voiced intervals the weight is 0.
    - Each crop ``x`` is resynthesised twice with different noise, for a spectral energy distance between it and the
      draws ``y`` and ``y'``: ``(d(x, y) + d(x, y') - d(y, y')) / 2``.
    - Losses compare only the bandwidth that a recording has, so that recordings of any sample rate train one model. It
      is measured: the highest frequency whose mean power is at most 60 dB below that of the strongest, as a fraction of
      the Nyquist frequency.
    - There is no noise reduction. Evaluations have it and use the predicted pitch, like inference.
    - Training from scratch has no critics; fine-tuning has them from step 300 of 3,000. ``model.adversarial_from`` sets
      the step. The critics start with the weights of the base's last checkpoint if that exists and has critics, and
      anew otherwise.
    - The averaged weights of the last step are exported. ``valid/mel`` and ``valid/pitch`` are reported; they choose a
      checkpoint only if ``training.metric`` names one of them.

The commands are ``wavewright train FOLDER --family vocoder --size small --max-minutes 120 --out runs/my-vocoder``, and
for fine-tuning ``wavewright train FOLDER --family vocoder --from runs/my-vocoder --out runs/my-voice``.

Read ``config.py`` (the words and the sizes), ``pulses.py`` (the sources), ``synthesis.py`` (the filters) and
``runtime.py``, in this order; then, for training, ``recipe.py`` (settings and batches) and ``training.py`` (network,
losses, turns, ``synthesis.py`` with gradients, evaluation and export).

Papers:
    Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders", 2023: ConvNeXt blocks that
    predict spectra.
    Wang, Takaki and Yamagishi, "Neural source-filter-based waveform model for statistical parametric speech
    synthesis", 2019: the sources.
    Engel et al., "DDSP: Differentiable Digital Signal Processing", 2020: time-varying filters, learned through Fourier
    transforms.
    Gritsenko et al., "A Spectral Energy Distance for Parallel Speech Synthesis", 2020: distances between stochastic
    outputs.
    Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023: critics of bands of complex spectra.
    Kim et al., "CREPE: A Convolutional Representation for Pitch Estimation", 2018: pitch as logits over bins.

Changes:
    - The convolutions are causal but for two mel frames of look-ahead, so that audio streams.
    - The filters multiply the envelope that the mel frames imply, so the network learns only the difference.
    - At inference there is noise reduction (``noise_reduction``).
    - The pulses of training, and the bandwidth of the losses, as above.
"""

from __future__ import annotations

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import SIZES, WEIGHT_PREFIX, VocoderConfig


class VocoderFamily(Family[VocoderConfig]):
    """The family ``vocoder``."""

    name = "vocoder"
    config = VocoderConfig
    sizes = SIZES
    health = HealthRules(loss="valid/mel")
    dials = (
        *TRAINING_DIALS,
        Dial("model.channels", 0.5, 1.5, is_relative=True),
        Dial("model.blocks", 2, 6),
        Dial("data.mel_noise", 0.05, 0.3),
    )
    ranking = "valid/mel"
    capabilities = frozenset({Capability.VOCODE})
    weight_prefixes = (WEIGHT_PREFIX,)


VOCODER = VocoderFamily()
