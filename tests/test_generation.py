"""The base of models that draw step by step: one clip however it is asked for, one sentence for bad input."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from wavewright.base.errors import BadAudio, BadModel, BadSetting
from wavewright.contracts.generation import ClipRequest, SequenceGenerator

CONFIG = SimpleNamespace(speakers=("x", "y", "z"), temperature=0.5)


class NoiseGenerator(SequenceGenerator[ClipRequest]):
    """White noise in chunks of 7 samples, scaled by temperature; what a caller leaves open lasts 0.2 s."""

    scale = 0.1

    @property
    def seconds_range(self):
        return 0.05, 2.0

    def _draw_request(self, label, speaker, n_samples, temperature, rng):
        drawn_speaker = self._draw_speaker(rng)
        speaker = drawn_speaker if speaker is None else speaker
        return ClipRequest(n_samples or 20, label, speaker, temperature, rng)

    def _chunks(self, request, prompt=None):
        n_prompt = 0 if prompt is None else prompt.shape[1]
        noise = request.rng.standard_normal((1, request.n_samples - n_prompt)) + request.label + 10 * request.speaker
        wave = (self.scale * request.temperature * noise).astype(np.float32)
        wave = wave if prompt is None else np.concatenate([prompt, wave], axis=1)
        for start in range(0, wave.shape[1], 7):
            yield wave[:, start : start + 7]


def open_generator(*labels):
    card = SimpleNamespace(name="noise", sample_rate=100, labels=labels)
    return NoiseGenerator(SimpleNamespace(card=card), CONFIG)


@pytest.fixture
def generator():
    return open_generator("a", "b")


def test_a_clip_depends_on_label_seed_and_index_alone(generator):
    clips = generator.generate("b", 3, seed=4)
    for index, clip in enumerate(clips):
        assert clip.shape == (1, 20)
        np.testing.assert_array_equal(generator.generate("b", 1, seed=4, start=index)[0], clip)
        chunks = list(generator.stream("b", seed=4, index=index))
        assert [chunk.shape[1] for chunk in chunks] == [7, 7, 6]
        np.testing.assert_array_equal(np.concatenate(chunks, axis=1), clip)
    np.testing.assert_array_equal(generator.generate(count=2, seed=4)[1], clips[1])  # label 1 modulo 2 is b


def test_random_numbers_come_from_seed_index_and_label():
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([7, 2, 0xE8B7BE43])))  # CRC-32 of "a"
    labelled, unlabelled = open_generator("a", "b"), open_generator()
    assert labelled.clip_rng(7, 2, 0).random() == rng.random()
    draws = [labelled.clip_rng(*address).random() for address in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))]
    assert len({*draws, unlabelled.clip_rng(0, 0, 0).random()}) == 5


def test_labels_are_taken_in_turn():
    generator = open_generator("a", "b", "c")
    assert [generator.label_index(None, index) for index in range(5)] == [0, 1, 2, 0, 1]
    assert generator.label_index("c") == 2
    assert open_generator().label_index(None, 3) == 0


def test_a_speaker_that_is_asked_for_changes_no_other_random_number(generator):
    clips = [generator.generate("a", 1, seed=1, speaker=name)[0] for name in CONFIG.speakers]
    np.testing.assert_allclose(clips[2] - clips[0], 20 * 0.05, rtol=1e-5)
    assert any(np.array_equal(generator.generate("a", 1, seed=1)[0], clip) for clip in clips)


def test_seconds_and_temperature_are_those_asked_for(generator):
    (clip,) = generator.generate("a", seconds=0.31, speaker="x")
    (wider,) = generator.generate("a", seconds=0.31, speaker="x", temperature=1.0)
    assert clip.shape == (1, 31)
    np.testing.assert_allclose(wider, 2 * clip, rtol=1e-6)


def test_a_continuation_starts_with_the_wave(generator):
    wave = np.linspace(-0.5, 0.5, 12, dtype=np.float32)[None]
    whole = generator.continue_from(wave, 0.3, "a", seed=3)
    assert whole.shape == (1, 30)
    np.testing.assert_array_equal(whole[:, :12], wave)


@pytest.mark.parametrize(
    "wave", [np.zeros((1, 0)), np.zeros((2, 5)), np.zeros(5), np.full((1, 5), np.nan), np.zeros((1, 5), int)]
)
def test_other_waves_are_refused(generator, wave):
    with pytest.raises(BadAudio, match=r"it must be \(1, time\) of floating-point numbers, at least one sample"):
        generator.continue_from(wave, 1.0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda g: g.generate("c"), r"noise has no label 'c'; its labels are a, b"),
        (lambda g: g.stream("a", speaker="w"), r"noise has no speaker 'w'; its speakers are x, y, z"),
        (lambda g: g.stream("a", seconds=0.01), r"A clip of 0.01 s is not possible; noise makes clips of 0.05 to 2 s"),
        (lambda g: g.generate(seconds=float("nan")), "A clip of nan s is not possible"),
        (lambda g: g.generate(temperature=2.1), r"The temperature is 2.1; it must lie between 0 and 2"),
        (lambda g: g.generate(temperature=float("nan")), "The temperature is nan"),
        (
            lambda g: g.continue_from(np.zeros((1, 50)), 0.5),
            r"lasts 0.5 s; ask for more than that, not for 0.5 s in all",
        ),
    ],
)
def test_what_a_model_cannot_do_is_refused_before_the_first_chunk(generator, call, sentence):
    with pytest.raises(BadSetting, match=sentence):
        call(generator)


def test_values_that_are_not_finite_are_refused_everywhere(generator):
    generator.scale = np.nan
    sentence = "noise produced NaN or infinite values"
    with pytest.raises(BadModel, match=sentence):
        generator.generate()
    with pytest.raises(BadModel, match=sentence):
        next(generator.stream())
    with pytest.raises(BadModel, match=sentence):
        generator.continue_from(np.zeros((1, 5)), 0.5)
