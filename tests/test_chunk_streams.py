"""Every stream of the package: any cuts give what the whole gives, `reset` gives a new stream, the latency is right."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from effect_streams import noise, tone
from tiny_families import bidirectional_denoiser

import wavewright
from wavewright import Clip
from wavewright.audio.sound_file import SoundFormat
from wavewright.contracts.enhancement import EchoStream, EnhancementSettings
from wavewright.dsp.echo import LinearEchoCanceller
from wavewright.dsp.stream import ChunkStream
from wavewright.dsp.time_scale import SpeedUpStream
from wavewright.effects import Delay, Gain, Limiter, TwoPassEffect
from wavewright.effects.editing.chain import CHAIN_EFFECTS
from wavewright.effects.effect import SeriesStream
from wavewright.effects.mixing.automation import Automation, MovingEffect, Points
from wavewright.families import loading
from wavewright.families.denoiser.graph_file import PieceStream
from wavewright.families.transcriber.config import TranscriberConfig
from wavewright.families.transcriber.decoding import NoteDecoder, NoteThresholds
from wavewright.families.transcriber.features import SpectrumStream
from wavewright.inference.recognition.recogniser import SlidingWindows
from wavewright.inference.recognition.spotting import KeywordSpotter, SpotterSettings
from wavewright.outputs.watermark.marking import Watermark

RATE, EFFECT_RATE = 16_000, 48_000
WAVE = noise(9_001)
MONO = noise(24_001, 1)[0]
STROKES = tone(440.0, RATE, 1.5, 0.5)[0] * np.exp(-np.arange(24_000) % 8_000 / 2_000).astype(np.float32)
HALF = EnhancementSettings(mix=0.5)


model = functools.cache(loading.load)


class Pieces:
    """A graph of waves that adds the piece before."""

    hop_length, sample_rate, piece_shape = 160, RATE, (1, 160)

    def new_states(self):
        return {"last": np.zeros((1, 160), np.float32)}

    def run(self, piece, states):
        return piece + states["last"], {"last": piece}


def speech_mel():
    return model("vocoder").mel_of(0.1 * MONO)


def codes():
    return model("speech-codec").encode(0.1 * MONO)


def keyword_spotter():
    return KeywordSpotter(model("drum-classifier"), SpotterSettings(threshold=0.0, refractory_seconds=0.0))


REGION = {"start_seconds": 0.03, "end_seconds": 0.13}
SETTINGS = {
    "spectralgain": REGION,
    "isolate": REGION,
    "heal": REGION,
    "vibrato": {"depth_cents": 1.0},
    "resample": {"sample_rate_hz": 44_100},
}
"""Of effects that would do nothing by default, or too much for the latency to be measured."""

OTHERS: dict[str, tuple[Callable[[], ChunkStream], Callable[[], np.ndarray]]] = {
    "denoiser": (lambda: model("denoise-16k").stream(2, HALF), lambda: WAVE),
    "denoiser of blocks": (lambda: model(bidirectional_denoiser()).stream(1, HALF), lambda: MONO[None]),
    "denoiser of pieces": (
        lambda: PieceStream(SimpleNamespace(graph=Pieces(), finite=lambda wave: wave), 2, HALF),
        lambda: WAVE,
    ),
    "series": (
        lambda: SeriesStream(*(each.stream(SoundFormat(RATE, 2)) for each in (Limiter(-20.0), Delay(0.01)))),
        lambda: WAVE,
    ),
    "linear echo": (lambda: EchoStream(LinearEchoCanceller(RATE)), lambda: WAVE),
    "echo": (lambda: model("echo-16k").stream(), lambda: WAVE),
    "encoder": (lambda: model("speech-codec").encoder(), lambda: MONO),
    "decoder": (lambda: model("speech-codec").decoder(4), lambda: codes()[:4]),
    "vocoder": (lambda: model("vocoder").stream(3), speech_mel),
    "spectra": (lambda: SpectrumStream(TranscriberConfig()), lambda: MONO),
    "notes": (
        lambda: NoteDecoder(NoteThresholds(0.99, 0.3, 0.1), 0.01),
        lambda: np.random.default_rng(0).random((3, 200, 88), np.float32),
    ),
    "transcriber": (lambda: model("polyphonic").stream(), lambda: STROKES),
    "speech sped up": (
        lambda: SpeedUpStream(np.array([0, 9_000, 24_001]), np.array([0, 9_000, 18_000]), RATE),
        lambda: MONO[None],
    ),
    "watermark": (lambda: Watermark(RATE, 2, has_levels=True), lambda: WAVE),
    "windows": (lambda: SlidingWindows(1_000, 300), lambda: MONO),
    "key words": (keyword_spotter, lambda: MONO),
}


@pytest.fixture(scope="module")
def other_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("streams") / "other.wav"
    impulse = np.zeros((2, 4_000), np.float32)
    impulse[:, 0] = 0.5
    Clip(impulse + noise(4_000, seed=1, level=0.01), EFFECT_RATE).write(path)
    return path


def opened(name: str, other_file) -> tuple[Callable[[], ChunkStream], np.ndarray]:
    """Return what opens a stream, and its input."""
    if name in OTHERS:
        open_stream, make = OTHERS[name]
        return open_stream, make()
    wave = WAVE[:1] if name == "pan" else WAVE
    if name == "moving":
        motion = Points.through(((0.0, 0.0), (0.3, 12.0)), "linear")
        effect = MovingEffect(Gain(), (Automation(0, "gain_db", motion),), lambda _: iter(()))
    else:
        kind = CHAIN_EFFECTS[name]
        files = {each.name: other_file for each in fields(kind) if each.default is MISSING}
        effect = kind(**files, **SETTINGS.get(name, {}))
    if isinstance(effect, TwoPassEffect):
        measurement = effect.measurement(SoundFormat(EFFECT_RATE, 2))
        measurement.add(wave)
        effect = measurement.effect()
    return lambda: effect.stream(SoundFormat(EFFECT_RATE, len(wave))), wave


def time_axis(chunks: np.ndarray) -> int:
    return 1 if chunks.ndim == 3 else chunks.ndim - 1


def of_cuts(stream: ChunkStream, chunks: np.ndarray, cuts: list[int]) -> list:
    """Return the outputs of a stream as one list of samples, notes, windows or events."""
    outputs = [*stream.outputs(np.split(chunks, cuts, axis=time_axis(chunks)))]
    if isinstance(outputs[0], np.ndarray):
        axis = 0 if isinstance(stream, SpectrumStream) else -1
        return [np.concatenate(outputs, axis=axis)]
    return [each for output in outputs for each in output]


def assert_same(one: list, other: list) -> None:
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)


NAMES = [*OTHERS, "moving", *CHAIN_EFFECTS]


@pytest.mark.parametrize("name", NAMES)
def test_any_cuts_give_what_the_whole_gives_and_a_reset_stream_is_new(name, other_file):
    open_stream, chunks = opened(name, other_file)
    n_samples = chunks.shape[time_axis(chunks)]
    whole = of_cuts(open_stream(), chunks, [])
    assert whole, "a test of nothing"
    stream = open_stream()
    for seed in range(2):
        rng = np.random.default_rng(seed)
        cuts = sorted(rng.integers(0, n_samples + 1, rng.integers(1, 12)).tolist())
        assert_same(of_cuts(stream, chunks, cuts), whole)
        stream.reset()
        stream.push(np.take(chunks, range(n_samples // 3), axis=time_axis(chunks)))  # which it forgets
        stream.reset()


@pytest.mark.parametrize("name", NAMES)
def test_the_latency_is_that_of_the_sound(name, other_file):
    open_stream, chunks = opened(name, other_file)
    stream = open_stream()
    if (not stream.latency_samples and name != "watermark") or name == "key words":
        return
    output = of_cuts(stream, chunks, [])[0][0]
    n_fft = 1 << (len(output) + chunks.shape[1]).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(output, n_fft) * np.fft.rfft(chunks[0], n_fft).conj())
    assert abs(int(correlation.argmax()) - stream.latency_samples) <= 4


def test_every_stream_is_tested(other_file):
    sources = (path.read_text() for path in Path(wavewright.__path__[0]).rglob("*.py"))
    bases = {found[1]: found[2] for text in sources for found in re.finditer(r"^class (\w+)\((\w+)", text, re.M)}

    def is_stream(name: str) -> bool:
        return name == "ChunkStream" or (name in bases and is_stream(bases[name]))

    streams = {name for name in bases if is_stream(name)}
    kinds = {kind for name in NAMES for kind in type(opened(name, other_file)[0]()).__mro__}
    assert len(streams) > 50
    assert streams <= {kind.__name__ for kind in kinds}
