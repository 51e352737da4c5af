"""Inference of a vocoder equals training, bit for bit in any chunks; a vocoder starts from another one."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from tiny_vocoder import SAMPLE_RATE, TINY, glide, tiny_recipe, write_voices

from wavewright.base.errors import BadAudio, BadModel, BadSetting
from wavewright.data.folder import scan
from wavewright.dsp.mel import MEL_FLOOR, speech_mel
from wavewright.families import loading
from wavewright.families.vocoder import VOCODER
from wavewright.families.vocoder.recipe import fine_tuning
from wavewright.families.vocoder.runtime import VocoderRuntime
from wavewright.families.vocoder.training import FilterNetwork, VocoderNetwork, resynthesise
from wavewright.models.folder import ModelFolder
from wavewright.training import checkpoint
from wavewright.training.export import export_copy
from wavewright.training.parameters import Call
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run


def tiny_run(out, recipe, voices, cache, base=None):
    return Run(out, "vocoder", recipe, scan(voices, "none"), Provenance(out.name), cache, base)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A run of four steps."""
    out = tmp_path_factory.mktemp("run") / "tiny"
    voices = write_voices(tmp_path_factory.mktemp("voices"))
    tiny_run(out, tiny_recipe(), voices, tmp_path_factory.mktemp("cache")).train(Call(quiet=True))
    return out


@pytest.fixture(scope="module")
def vocoder(run_folder):
    return loading.load_vocoder(run_folder)


@pytest.fixture(scope="module")
def mel():
    return speech_mel(glide(2.0)[0], SAMPLE_RATE)


def test_a_run_is_evaluated_and_exported(run_folder, vocoder):
    metrics = vocoder.card.metrics
    assert 0 < metrics["valid/mel"] < 4
    assert 0 <= metrics["valid/pitch"] <= 1
    assert vocoder.card.family == "vocoder"
    assert (run_folder / "sample.ogg").is_file()


def test_inference_equals_training(run_folder, vocoder, mel):
    network = VocoderNetwork(tiny_recipe().model)
    weights = VOCODER.initial_weights(ModelFolder(run_folder), TINY)
    network.filter_network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    silence = np.full((80, 1), np.log(MEL_FLOOR), np.float32)
    padded = np.concatenate([silence, mel, np.repeat(silence, 3, axis=1)], axis=1)
    expected, _ = resynthesise(export_copy(network.filter_network), padded.T, seed=5)
    wave = vocoder.vocode(mel, seed=5)
    assert wave.shape == (1, mel.shape[1] * 256)
    np.testing.assert_allclose(wave[0], np.clip(expected[: wave.shape[1]], -1, 1), atol=1e-3)


@pytest.mark.parametrize("sizes", [[1], [2, 3], [17, 1, 64], [70, 30]])
def test_pieces_of_any_length_give_the_same_bits(vocoder, mel, sizes):
    whole, stream, start, chunks = vocoder.vocode(mel), vocoder.stream(), 0, []
    for index in range(mel.shape[1]):
        size = sizes[index % len(sizes)]
        if start < mel.shape[1]:
            chunks.append(stream.push(mel[:, start : start + size]))
        start += size
    chunks.append(stream.finish())
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), whole)


class NetworkFolder:
    """A model folder whose graph is a network in PyTorch."""

    def __init__(self, network):
        self.network = network
        self.card = SimpleNamespace(name="network", sample_rate=network.config.sample_rate, labels=())

    def config(self, kind):
        return self.network.config

    def session(self, *_):
        return self

    @torch.no_grad()
    def run(self, names, inputs):
        return [output.numpy() for output in self.network(*map(torch.from_numpy, inputs.values()))]

    def check_length(self, output, length):
        assert output.shape[1] == length


@settings(max_examples=20)
@given(
    n_subframes=st.sampled_from([1, 2, 4, 8, 16]),
    fft_subframes=st.integers(3, 16),
    sizes=st.lists(st.integers(0, 9), max_size=5),
)
def test_a_stream_gives_a_hop_for_every_mel_frame_at_any_delay(n_subframes, fft_subframes, sizes):
    torch.manual_seed(n_subframes)
    config = replace(TINY, channels=8, subframe_channels=8, n_subframes=n_subframes, fft_subframes=fft_subframes)
    network = FilterNetwork(config).eval()
    mel = np.random.default_rng(fft_subframes).normal(-4, 1, (80, sum(sizes))).astype(np.float32)
    stream = VocoderRuntime(NetworkFolder(network)).stream(seed=1)
    pieces = [stream.push(piece) for piece in np.split(mel, np.cumsum(sizes)[:-1], axis=1)]
    wave = np.concatenate([*pieces, stream.finish()], axis=1)[0]
    assert stream.finish().shape == stream.finish().shape == (1, 0)
    silence = np.full((80, 8), np.log(MEL_FLOOR), np.float32)
    whole, _ = resynthesise(network, np.concatenate([silence[:, :1], mel, silence], axis=1).T, seed=1)
    assert len(wave) == 256 * sum(sizes)
    np.testing.assert_allclose(wave, np.clip(whole[: len(wave)], -1, 1), atol=1e-4)


def test_the_first_chunk_is_short_and_all_are_the_whole(vocoder, mel):
    chunks = list(vocoder.vocode_stream(mel, seed=1))
    assert 0 < chunks[0].shape[1] <= 10 * 256
    assert len(chunks) > 3
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), vocoder.vocode(mel, seed=1))
    assert not np.array_equal(vocoder.vocode(mel, seed=1), vocoder.vocode(mel, seed=2))
    assert np.abs(vocoder.vocode(mel)).max() <= 1
    assert vocoder.vocode(mel[:, :1]).shape == (1, 256)


@pytest.mark.parametrize("other", [np.zeros((40, 0)), np.zeros(0), np.full((80, 1), np.inf)])
def test_a_stream_refuses_other_pieces_and_continues(vocoder, mel, other):
    stream = vocoder.stream()
    chunks = [stream.push(mel[:, :5])]
    with pytest.raises(BadSetting, match=r"takes finite numbers \(80, frames\), one for each 256 samples"):
        stream.push(other)
    assert stream.push(np.zeros((80, 0))).shape == (1, 0)
    chunks += [stream.push(mel[:, 5:]), stream.finish()]
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), vocoder.vocode(mel))


def test_noise_reduction_can_be_set(vocoder, mel):
    reduced = vocoder.vocode(mel)
    vocoder.noise_reduction = 0.0
    assert not np.array_equal(vocoder.vocode(mel), reduced)
    del vocoder.noise_reduction
    np.testing.assert_array_equal(vocoder.vocode(mel), reduced)


def test_its_mel_frames_are_those_of_all_voices(vocoder):
    wave, _ = glide(0.3)
    np.testing.assert_array_equal(vocoder.mel_of(wave), speech_mel(wave, SAMPLE_RATE))
    for other in (wave[None], wave[:0], np.append(wave, np.float32(np.nan))):
        with pytest.raises(BadAudio, match=r"it must be \(time,\) of floating-point numbers"):
            vocoder.mel_of(other)


@pytest.mark.parametrize("other", [np.zeros((40, 5)), np.zeros((80, 0)), np.zeros(80), np.full((80, 4), np.nan)])
def test_other_frames_are_refused_before_the_first_chunk(vocoder, other):
    with pytest.raises(BadSetting, match=r"takes finite numbers \(80, frames\), at least one frame"):
        vocoder.vocode_stream(other)


def test_a_run_starts_from_another_with_its_critics(run_folder, tmp_path):
    base = ModelFolder(run_folder)
    tuned = fine_tuning(base)
    assert tuned.model == replace(tiny_recipe().model, adversarial_from=tuned.model.adversarial_from)
    recipe = replace(tiny_recipe(), model=tuned.model)
    run = tiny_run(tmp_path / "mine", recipe, write_voices(tmp_path), tmp_path / "cache", base)
    stored = base.weights()
    for name, parameter in run.network.filter_network.named_parameters():
        np.testing.assert_array_equal(parameter.detach().numpy(), stored[f"frames.{name}"])
    fresh = VocoderNetwork(recipe.model)
    checkpoint.load_matching(run_folder / "checkpoints" / "last.safetensors", fresh)
    for parameter, expected in zip(run.network.critics.parameters(), fresh.critics.parameters(), strict=True):
        torch.testing.assert_close(parameter, expected)


def test_a_run_of_another_shape_is_refused(run_folder, tmp_path):
    wider = replace(tiny_recipe(), model=replace(tiny_recipe().model, channels=40))
    with pytest.raises(BadModel, match="do not fit the settings of this run"):
        tiny_run(tmp_path / "mine", wider, write_voices(tmp_path), tmp_path / "cache", ModelFolder(run_folder))
