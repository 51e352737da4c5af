"""Draw a clip frame by frame, with the step of a network that is open for inference or in training."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from ...contracts.generation import ClipRequest
from ...dsp.position import position_features
from .config import LOG_DEVIATIONS, LstmConfig
from .frames import frames_to_wave, n_complete_frames, wave_to_frames
from .statistics import MIN_FRAMES, ClipStatistics

EDGE_SECONDS = 0.02  # at either end of a clip
LOUD_EDGE = 1.26  # ratio to the peak of the rest, 2 dB, above which an edge is attenuated


def edge_frames(config: LstmConfig) -> int:
    """Return the number of frames that shape the first EDGE_SECONDS of a clip."""
    return 1 + -(-round(EDGE_SECONDS * config.sample_rate) // config.hop_length)


def window_frames(config: LstmConfig) -> int:
    """Return the number of frames after the end of a clip whose windows reach into it."""
    return -(-config.n_fft // config.hop_length)


def frame_levels_db(frames: np.ndarray, config: LstmConfig) -> np.ndarray:
    """Return the power of ``frames (frames, n_features)`` in dB, ``(frames,)``."""
    log_power = np.logaddexp.reduce(frames[:, : config.n_mels].astype(np.float64), axis=1)
    return np.asarray(10 / np.log(10) * log_power)


def quietest_cut(levels_db: np.ndarray, n_frames: int, n_edge: int) -> int:
    """Return the start of the cut of ``n_frames`` whose louder edge (of ``n_edge`` frames) is quietest."""
    n_starts = len(levels_db) - n_frames + 1
    edge_levels_db = np.lib.stride_tricks.sliding_window_view(levels_db, min(n_edge, n_frames)).max(axis=1)
    start_db = edge_levels_db[:n_starts]
    end_db = edge_levels_db[len(edge_levels_db) - n_starts :]
    return int(np.argmin(np.maximum(start_db, end_db)))


def attenuate_edges(wave: np.ndarray, n_edge: int, has_start: bool = True) -> np.ndarray:
    """Attenuate the edges of ``wave (time,)``, ``n_edge`` samples each, that exceed the peak of the rest by LOUD_EDGE.

    The gain lowers an edge to that peak and returns to 1 over ``n_edge`` more samples; other waves are unchanged.
    Without ``has_start`` only the end is treated.
    """
    if len(wave) < 4 * n_edge:
        return wave
    attenuated = wave.copy()
    peak = float(np.abs(wave[n_edge:-n_edge]).max())
    start, end = attenuated[: 2 * n_edge], attenuated[: -2 * n_edge - 1 : -1]
    for edge in (start, end) if has_start else (end,):
        edge_peak = float(np.abs(edge[:n_edge]).max())
        if edge_peak > LOUD_EDGE * peak:
            gain = np.interp(np.arange(2 * n_edge), [n_edge, 2 * n_edge], [peak / edge_peak, 1.0])
            np.multiply(edge, gain.astype(np.float32), out=edge)
    return attenuated


def within_full_scale(wave: np.ndarray) -> np.ndarray:
    """Return ``wave (time,)``, scaled to a peak of 1 if it is louder."""
    return np.asarray(wave / max(1.0, float(np.abs(wave).max())))


def join_prompt(prompt: np.ndarray, wave: np.ndarray, n_fade: int) -> np.ndarray:
    """Return ``wave (time,)`` with its start replaced by ``prompt (time,)``, cross-faded over the last ``n_fade``."""
    n_prompt = min(len(prompt), len(wave))
    n_fade = min(n_fade, n_prompt)
    fade_in = np.linspace(0.0, 1.0, n_fade, dtype=np.float32)
    joined = wave.copy()
    joined[: n_prompt - n_fade] = prompt[: n_prompt - n_fade]
    overlap = slice(n_prompt - n_fade, n_prompt)
    joined[overlap] = (1 - fade_in) * prompt[overlap] + fade_in * wave[overlap]
    return joined


MAX_LEARNED_SECONDS = 10.0  # of a clip whose learned end does not come
WARM_UP_SECONDS = 1.0  # start of an endless clip that is dropped: its first frames are often far too loud
CUT_SECONDS = 0.5  # range in which the start and end of an endless clip are chosen
MAX_FEATURE = 6.0  # of a whitened frame, in standard deviations; the network has seen none beyond


class FrameStep(Protocol):
    """The step of a network from one frame to the next."""

    def __call__(
        self, frame: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the outputs ``(n_outputs,)`` for the next frame, and the next state.

        ``frame (n_features,)`` is the whitened frame before, ``position`` the features of the position, and ``state``
        is ``(n_states, hidden_size)``.
        """


StepInputs = tuple[np.ndarray, np.ndarray, int, int, np.ndarray]
"""Arguments of a :class:`FrameStep`."""

StepOutputs = tuple[np.ndarray, np.ndarray]

ResultT = TypeVar("ResultT")
Drawing = Generator[StepInputs, StepOutputs, ResultT]
"""Work that yields the inputs of each step and is sent its outputs, so that many can share the steps of a batch."""


def drawn(drawing: Drawing[ResultT], step: FrameStep) -> ResultT:
    """Return the result of a drawing, step by step."""
    try:
        inputs = next(drawing)
        while True:
            inputs = drawing.send(step(*inputs))
    except StopIteration as end:
        result: ResultT = end.value
        return result


def drawn_together(
    drawings: Sequence[Drawing[ResultT]], step: Callable[[Sequence[StepInputs]], Sequence[StepOutputs]]
) -> list[ResultT]:
    """Return the results of drawings whose steps a network makes together, as one batch."""
    results: dict[int, ResultT] = {}
    running = dict(enumerate(drawings))
    outputs: dict[int, StepOutputs | None] = dict.fromkeys(running)
    while running:
        inputs: dict[int, StepInputs] = {}
        for index, drawing in [*running.items()]:
            try:
                sent = outputs[index]
                inputs[index] = next(drawing) if sent is None else drawing.send(sent)
            except StopIteration as end:
                results[index] = end.value
                del running[index]
        outputs = dict(zip(inputs, step([*inputs.values()]), strict=True)) if inputs else {}
    return [results[index] for index in range(len(drawings))]


@dataclass(frozen=True)
class FrameSampler:
    """Draws the frames of the clip that a request determines; the temperature scales the mixture's deviations."""

    step: FrameStep
    config: LstmConfig
    statistics: ClipStatistics
    request: ClipRequest

    def draw_frames(self, n_frames: int | None = None, prompt: np.ndarray | None = None) -> np.ndarray:
        """Return the whitened frames of a clip, see :meth:`frames`."""
        return drawn(self.frames(n_frames, prompt), self.step)

    def frames(self, n_frames: int | None = None, prompt: np.ndarray | None = None) -> Drawing[np.ndarray]:
        """Draw the whitened frames ``(frames, n_features)`` of a clip, which starts with those of ``prompt``.

        Without ``n_frames`` the length is drawn, or the network ends the clip.
        """
        config, request = self.config, self.request
        has_learned_end = False
        if n_frames is None and config.duration == "learned":
            has_learned_end = True
            n_frames = round(MAX_LEARNED_SECONDS * config.frame_rate)
        elif n_frames is None:
            n_frames = self.statistics.draw_duration(request.label, request.speaker, request.rng)
        positions = position_features(n_frames)
        n_prompt = 0 if prompt is None else min(len(prompt), n_frames)
        whitened = np.zeros((n_frames + 1, config.n_features), np.float32)  # a frame of zeros precedes every clip
        if prompt is not None:
            whitened[1 : n_prompt + 1] = prompt[:n_prompt]
        state = np.zeros((config.n_states, config.hidden_size), np.float32)
        for index in range(n_frames):
            outputs, state = yield whitened[index], positions[index], request.label, request.speaker, state
            if index < n_prompt:
                continue
            whitened[index + 1] = draw_frame(outputs, config, request.temperature, request.rng)
            if has_learned_end and index >= MIN_FRAMES:
                end_probability = 1 / (1 + np.exp(-float(outputs[-1])))
                if request.rng.random() < end_probability:
                    return whitened[1 : index + 2]
        return whitened[1:]


def draw_clip(sampler: FrameSampler, prompt: np.ndarray | None = None) -> np.ndarray:
    """Return the clip of a sampler's request, ``(n_samples,)`` float32 in [-1, 1], see :func:`clip_drawing`."""
    return drawn(clip_drawing(sampler, prompt), sampler.step)


def clip_drawing(sampler: FrameSampler, prompt: np.ndarray | None = None) -> Drawing[np.ndarray]:
    """Draw the clip of a sampler's request, ``(n_samples,)`` float32 in [-1, 1].

    Without ``n_samples``, the length is drawn, or the network ends the clip. ``prompt (time,)`` is the start of the
    clip, which the network observes and the clip keeps.
    """
    config, n_samples = sampler.config, sampler.request.n_samples
    n_edge = round(EDGE_SECONDS * config.sample_rate)
    if prompt is None and n_samples is not None and config.duration == "endless":
        return within_full_scale(attenuate_edges((yield from _cut_from_texture(sampler, n_samples)), n_edge))
    whitening = sampler.statistics.whitening
    n_frames = None if n_samples is None else n_samples // config.hop_length + 1
    whitened = yield from sampler.frames(n_frames, None if prompt is None else _prompt_frames(prompt, sampler))
    n_samples = (len(whitened) - 1) * config.hop_length if n_samples is None else n_samples
    n_after = window_frames(config) if config.duration == "endless" else 0  # windows that reach back over the end
    frames = np.pad(whitening.unwhiten(whitened), ((0, n_after), (0, 0)), mode="edge")
    wave = frames_to_wave(frames, config, sampler.request.rng, n_samples + n_after * config.hop_length, prompt)[
        :n_samples
    ]
    wave = within_full_scale(attenuate_edges(wave, n_edge, has_start=prompt is None))
    return wave if prompt is None else join_prompt(np.clip(prompt, -1.0, 1.0), wave, config.hop_length)


def _prompt_frames(prompt: np.ndarray, sampler: FrameSampler) -> np.ndarray:
    """Return the whitened frames of a prompt; the windows of further frames reach into the silence after it."""
    n_complete = max(1, n_complete_frames(len(prompt), sampler.config))
    return sampler.statistics.whitening.whiten(wave_to_frames(prompt, sampler.config)[:n_complete])


def _cut_from_texture(sampler: FrameSampler, n_samples: int) -> Drawing[np.ndarray]:
    """Draw a longer clip without start or end and cut ``(n_samples,)`` out of it where its edges are quiet.

    The frames around the cut are synthesised as well, so that whole frames shape the edges.
    """
    config = sampler.config
    n_around = window_frames(config)
    n_warm_up = max(n_around, round(WARM_UP_SECONDS * config.frame_rate))
    n_choices = max(n_around, round(CUT_SECONDS * config.frame_rate))
    n_frames = n_samples // config.hop_length + 2
    start = sampler.statistics.draw_start(sampler.request.label, sampler.request.rng)  # dropped with the warm-up
    whitened = yield from sampler.frames(n_warm_up + n_choices + n_frames + n_around, start)
    frames = sampler.statistics.whitening.unwhiten(whitened)
    levels_db = frame_levels_db(frames, config)[n_warm_up:-n_around]
    first = n_warm_up + quietest_cut(levels_db, n_frames, edge_frames(config))
    around = frames[first - n_around : first + n_frames + n_around]
    wave = frames_to_wave(around, config, sampler.request.rng, (len(around) - 1) * config.hop_length)
    return wave[n_around * config.hop_length :][:n_samples]


def draw_frame(outputs: np.ndarray, config: LstmConfig, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a whitened frame ``(n_features,)`` from the distribution that ``outputs (n_outputs,)`` describe.

    A component of the mixture is drawn by its weight, then a frame from its Gaussian, whose standard deviations
    ``temperature`` multiplies. The output ``mse`` is the frame itself.
    """
    n_mixtures, n_features = config.n_mixtures, config.n_features
    if config.output == "mse":
        return outputs[:n_features]
    logits = outputs[:n_mixtures].astype(np.float64)
    weights = np.exp(logits - logits.max())
    component = min(int(np.searchsorted(np.cumsum(weights / weights.sum()), rng.random())), n_mixtures - 1)
    means, log_deviations = outputs[n_mixtures : n_mixtures * (1 + 2 * n_features)].reshape(2, n_mixtures, n_features)
    deviations = np.exp(np.clip(log_deviations[component], *LOG_DEVIATIONS))
    noise = rng.standard_normal(n_features, dtype=np.float32)
    frame = means[component] + temperature * deviations * noise
    return np.asarray(np.clip(frame, -MAX_FEATURE, MAX_FEATURE))
