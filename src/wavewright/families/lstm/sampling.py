"""One sound drawn frame by frame, by whatever computes the network's steps: the same for the runtime and for a network in training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...dsp.position import position_features
from .config import LOG_DEVIATIONS, LstmConfig
from .frames import Whitening, frames_to_wave, wave_to_frames

SHORTEST_FRAMES = 4
LONGEST_LEARNED_SECONDS = 10.0  # a sound with a learned end that has not come stops here
WARM_UP_SECONDS = 1.0  # start of an endless sound that is dropped: the first frames are often far too loud
EDGE_SECONDS = 0.02  # at either end of a sound
LOUD_EDGE = 1.26  # ratio to the peak of the rest, 2 dB, above which an edge is attenuated
CUT_SECONDS = 0.5  # range in which the start and end of an endless sound are chosen
LARGEST_WHITE = 6.0  # deviations of a frame from the mean: what the network never saw is not fed back to it


class Step(Protocol):
    """A network's step from one frame to the next."""

    def __call__(
        self, frame: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """White frame ``(n_features,)``, position features, and state ``(n_states, hidden_size)`` to ``(n_outputs,)`` and a state."""


@dataclass(frozen=True)
class Statistics:
    """What a model knows of its training sounds: the whitening of frames and how long sounds are.

    ``durations (labels, speakers, quantiles)`` are frames, from the shortest sound to the longest; at least one label and speaker.
    """

    whitening: Whitening
    durations: np.ndarray

    def tensors(self) -> dict[str, np.ndarray]:
        """As named tensors, to be stored."""
        whitening = self.whitening
        return {
            "mean": whitening.mean,
            "directions": whitening.directions,
            "scales": whitening.scales,
            "durations": self.durations.astype(np.float32),
        }

    @classmethod
    def of(cls, tensors: Mapping[str, np.ndarray]) -> Statistics:
        """From named tensors; raises KeyError where one is missing."""
        arrays = {name: tensors[name].astype(np.float32) for name in ("mean", "directions", "scales", "durations")}
        return cls(Whitening(arrays["mean"], arrays["directions"], arrays["scales"]), arrays["durations"])

    def draw_duration(self, label: int, speaker: int, rng: np.random.Generator) -> int:
        """A number of frames, distributed as the durations of the training sounds."""
        quantiles = self.durations[label, speaker]
        drawn = np.interp(rng.random(), np.linspace(0, 1, len(quantiles)), quantiles)
        return max(SHORTEST_FRAMES, round(float(drawn)))


def draw_sound(
    step: Step,
    config: LstmConfig,
    statistics: Statistics,
    rng: np.random.Generator,
    label: int,
    speaker: int,
    n_samples: int | None = None,
    temperature: float = 1.0,
    given: np.ndarray | None = None,
) -> np.ndarray:
    """A wave ``(n_samples,)`` float32 in [-1, 1], turned down where it would be louder.

    ``given (time,)`` is its beginning, which goes through the cells before anything is drawn, and stays as it is. Without ``n_samples``
    the duration is drawn or, where it is learned, ends by itself. An endless sound is cut from a longer one, see
    :func:`quietest_cut`.
    """
    whitening = statistics.whitening

    def draw(n_frames: int | None, heard: np.ndarray | None = None) -> np.ndarray:
        return draw_frames(step, config, statistics, rng, label, speaker, n_frames, temperature, heard)

    if given is None and n_samples is not None and config.duration == "endless":
        wave = _cut_from_texture(draw, whitening, config, rng, n_samples)
        return _within_full_scale(attenuate_edges(wave, round(EDGE_SECONDS * config.sample_rate)))
    heard = None
    if given is not None:
        n_whole = max(
            1, (len(given) - config.n_fft // 2) // config.hop_length + 1
        )  # later frames hear the silence after it
        heard = whitening.white(wave_to_frames(given, config)[:n_whole])
    n_frames = None if n_samples is None else n_samples // config.hop_length + 1
    white = draw(n_frames, heard)
    n_samples = (len(white) - 1) * config.hop_length if n_samples is None else n_samples
    n_after = window_frames(config) if config.duration == "endless" else 0  # windows that reach back over the end
    frames = np.pad(whitening.frames(white), ((0, n_after), (0, 0)), mode="edge")
    wave = frames_to_wave(frames, config, rng, n_samples + n_after * config.hop_length, given)[:n_samples]
    wave = _within_full_scale(attenuate_edges(wave, round(EDGE_SECONDS * config.sample_rate), given is None))
    return wave if given is None else _joined(np.clip(given, -1.0, 1.0), wave, config)


def _cut_from_texture(
    draw: Callable[[int], np.ndarray],
    whitening: Whitening,
    config: LstmConfig,
    rng: np.random.Generator,
    n_samples: int,
) -> np.ndarray:
    """Draw a longer sound without beginning or end and cut ``(n_samples,)`` out of it where its edges are quiet.

    The frames around the cut are synthesised as well, so that whole frames shape the edges.
    """
    n_around = window_frames(config)
    n_warm_up, n_choices = (
        max(n_around, round(seconds * config.frame_rate)) for seconds in (WARM_UP_SECONDS, CUT_SECONDS)
    )
    n_frames = n_samples // config.hop_length + 2
    n_drawn = n_warm_up + n_choices + n_frames + n_around
    frames = whitening.frames(draw(n_drawn))
    first = n_warm_up + quietest_cut(
        frame_levels_db(frames, config)[n_warm_up:-n_around], n_frames, edge_frames(config)
    )
    around = frames[first - n_around : first + n_frames + n_around]
    wave = frames_to_wave(around, config, rng, (len(around) - 1) * config.hop_length)
    return wave[n_around * config.hop_length :][:n_samples]


def quietest_cut(levels_db: np.ndarray, n_frames: int, n_edge: int) -> int:
    """Return the start of the cut whose louder edge is quietest.

    Parameters
    ----------
    levels_db : np.ndarray
        Level of each frame, ``(frames,)``.
    n_frames : int
        Length of the cut.
    n_edge : int
        Frames of an edge, at either end.
    """
    n_choices = len(levels_db) - n_frames + 1
    loudest = np.lib.stride_tricks.sliding_window_view(levels_db, min(n_edge, n_frames)).max(axis=1)
    of_beginning, of_end = loudest[:n_choices], loudest[len(loudest) - n_choices :]
    return int(np.argmin(np.maximum(of_beginning, of_end)))


def window_frames(config: LstmConfig) -> int:
    """Return the number of frames after the end of a sound whose windows reach into it."""
    return -(-config.n_fft // config.hop_length)


def attenuate_edges(wave: np.ndarray, n_edge: int, has_beginning: bool = True) -> np.ndarray:
    """Attenuate the edges of ``wave (time,)``, ``n_edge`` samples each, that exceed the peak of the rest by LOUD_EDGE.

    The gain lowers an edge to that peak and returns to 1 over ``n_edge`` more samples; other waves are unchanged.
    Without ``has_beginning`` only the end is treated.
    """
    if len(wave) < 4 * n_edge:
        return wave
    attenuated, peak = wave.copy(), float(np.abs(wave[n_edge:-n_edge]).max())
    for edge in (attenuated[: 2 * n_edge], attenuated[: -2 * n_edge - 1 : -1])[0 if has_beginning else 1 :]:
        loudest = float(np.abs(edge[:n_edge]).max())
        if loudest > LOUD_EDGE * peak:
            edge *= np.interp(np.arange(2 * n_edge), [n_edge, 2 * n_edge], [peak / loudest, 1.0]).astype(np.float32)
    return attenuated


def edge_frames(config: LstmConfig) -> int:
    """Return the number of frames that sound in the first EDGE_SECONDS of a clip."""
    return 1 + -(-round(EDGE_SECONDS * config.sample_rate) // config.hop_length)


def frame_levels_db(frames: np.ndarray, config: LstmConfig) -> np.ndarray:
    """Return the power of ``frames (frames, n_features)`` in dB, ``(frames,)``."""
    log_power = np.logaddexp.reduce(frames[:, : config.n_mels].astype(np.float64), axis=1)
    return 10 / np.log(10) * log_power


def _within_full_scale(wave: np.ndarray) -> np.ndarray:
    """Return ``wave (time,)``, scaled to a peak of 1 where it is louder."""
    return wave / max(1.0, float(np.abs(wave).max()))


def draw_frames(
    step: Step,
    config: LstmConfig,
    statistics: Statistics,
    rng: np.random.Generator,
    label: int,
    speaker: int,
    n_frames: int | None = None,
    temperature: float = 1.0,
    heard: np.ndarray | None = None,
) -> np.ndarray:
    """White frames ``(frames, n_features)``, the first of which are ``heard``; arguments as of :func:`draw_sound`."""
    has_learned_end = config.duration == "learned" and n_frames is None
    if n_frames is None:
        longest = round(LONGEST_LEARNED_SECONDS * config.frame_rate)
        n_frames = longest if has_learned_end else statistics.draw_duration(label, speaker, rng)
    positions = position_features(n_frames)
    n_heard = 0 if heard is None else min(len(heard), n_frames)
    white = np.zeros((n_frames + 1, config.n_features), np.float32)  # the first stands for what was before the sound
    if heard is not None:
        white[1 : n_heard + 1] = heard[:n_heard]
    state = np.zeros((config.n_states, config.hidden_size), np.float32)
    for number in range(n_frames):
        outputs, state = step(white[number], positions[number], label, speaker, state)
        if number < n_heard:
            continue
        white[number + 1] = draw_frame(outputs, config, temperature, rng)
        if has_learned_end and number >= SHORTEST_FRAMES and rng.random() < 1 / (1 + np.exp(-float(outputs[-1]))):
            return white[1 : number + 2]
    return white[1:]


def draw_frame(outputs: np.ndarray, config: LstmConfig, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """A white frame ``(n_features,)`` from ``outputs (n_outputs,)``: of a Gaussian of the mixture, or the mean itself.

    ``temperature`` multiplies the Gaussians' deviations; which of them is drawn is as likely as it was learned.
    """
    n_mixtures, n_features = config.n_mixtures, config.n_features
    if config.output == "mse":
        return outputs[:n_features]
    logits = outputs[:n_mixtures].astype(np.float64)
    shares = np.exp(logits - logits.max())
    chosen = min(int(np.searchsorted(np.cumsum(shares / shares.sum()), rng.random())), n_mixtures - 1)
    means, log_deviations = outputs[n_mixtures : n_mixtures * (1 + 2 * n_features)].reshape(2, n_mixtures, n_features)
    noise = rng.standard_normal(n_features, dtype=np.float32)
    drawn = means[chosen] + temperature * np.exp(np.clip(log_deviations[chosen], *LOG_DEVIATIONS)) * noise
    return np.clip(drawn, -LARGEST_WHITE, LARGEST_WHITE)


def _joined(given: np.ndarray, wave: np.ndarray, config: LstmConfig) -> np.ndarray:
    """``given`` as it is, but for a short fade at its end into ``wave``, of which it is the beginning."""
    n_fade = min(config.hop_length, len(given), len(wave))
    n_given = min(len(given), len(wave))
    rise = np.linspace(0.0, 1.0, n_fade, dtype=np.float32)
    joined = wave.copy()
    joined[: n_given - n_fade] = given[: n_given - n_fade]
    fading = slice(n_given - n_fade, n_given)
    joined[fading] = (1 - rise) * given[fading] + rise * wave[fading]
    return joined
