"""The vocoder's sources, filters, losses and batches, each against its formula."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_vocoder import SAMPLE_RATE, TINY, glide, tiny_recipe, write_voices

from wavewright.base.errors import BadSetting
from wavewright.data.folder import scan
from wavewright.dsp.mel import speech_mel
from wavewright.families.vocoder.config import SIZES, VocoderConfig
from wavewright.families.vocoder.recipe import VocoderBatches, VocoderDataSettings, measure_bandwidth, prepare
from wavewright.families.vocoder.synthesis import (
    N_PITCH_BINS,
    PULSE_DELAY,
    PulseTrain,
    StreamingSynthesis,
    bin_to_hz,
    decode_filters,
    hz_to_bin,
    logits_to_hz,
    phase_to_pulses,
    track_phase,
)
from wavewright.families.vocoder.training import DifferentiableSynthesis, VocoderNetwork, limit_bandwidth, pitch_loss


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_voices(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="module")
def prepared(folder, tmp_path_factory):
    return prepare(tiny_recipe(), scan(folder, "none").entries, tmp_path_factory.mktemp("cache"))


def gaussian_logits(pitch_bins):
    """Logits of a network that is fairly certain of these bins."""
    return (-0.5 * np.square(np.arange(N_PITCH_BINS) - np.asarray(pitch_bins)[:, None])).astype(np.float32)


def test_pitch_bins_are_equally_spaced_in_octaves_and_decoded_between_them():
    assert bin_to_hz(0) == 50
    assert bin_to_hz(N_PITCH_BINS - 1) == pytest.approx(600)
    np.testing.assert_allclose(bin_to_hz(hz_to_bin([50, 123.4, 600])), [50, 123.4, 600])
    assert hz_to_bin(1_000) == N_PITCH_BINS - 1
    pitch_bins = np.array([10.0, 30.3, 77.5, 100.8])
    np.testing.assert_allclose(hz_to_bin(logits_to_hz(gaussian_logits(pitch_bins))), pitch_bins, atol=0.08)


def test_pulses_come_once_a_period_with_the_power_of_noise():
    pulses = PulseTrain(24_000, 384).push(np.full(200, 200.0))
    assert np.square(pulses[2_000:]).mean() == pytest.approx(0.9, abs=0.02)  # a little less near half the sample rate
    np.testing.assert_allclose(pulses[2_120:4_120], pulses[2_000:4_000], atol=1e-3)
    magnitude = np.abs(np.fft.rfft(pulses[2_400:74_400]))
    assert magnitude[600] == pytest.approx(magnitude[6_000], rel=0.02)  # 200 Hz and 2 kHz: harmonics of equal power


def test_pulses_in_chunks_are_those_of_the_whole():
    f0_hz = 150 + 40 * np.sin(np.arange(60) / 5)
    whole = PulseTrain(24_000, 384).push(f0_hz)
    train = PulseTrain(24_000, 384)
    chunks = [train.push(chunk) for chunk in np.split(f0_hz, [1, 2, 17, 17, 40])]
    np.testing.assert_array_equal(np.concatenate(chunks), whole)


def test_the_phase_of_a_voice_is_tracked():
    hop = 256
    wave, phase = glide(1.0)
    n_intervals = len(wave) // hop - 3
    exact = 110 + 40 * (np.arange(n_intervals + 1) + 1) * hop / SAMPLE_RATE
    inexact = np.where(np.arange(n_intervals + 1) % 20 == 7, 0.0, exact * 1.004)  # 0.4 % off, sometimes unvoiced
    tracked = track_phase(wave[: (n_intervals + 2) * hop], inexact, SAMPLE_RATE, hop)
    error = tracked - phase[hop - 1 : hop + n_intervals * hop]
    error -= np.round(error)
    assert np.abs(error[hop:-hop]).max() < 0.04
    pulses = phase_to_pulses(tracked[None])
    peak = np.flatnonzero(pulses > 5)[10]
    phase_at_peak = phase[hop + peak - PULSE_DELAY - 1 : hop + peak - PULSE_DELAY + 1]
    assert np.abs(phase_at_peak - np.round(phase_at_peak)).min() < 0.04


@pytest.mark.parametrize("config", [TINY, replace(SIZES["tiny"], n_subframes=2, fft_subframes=4)])
def test_synthesis_in_numpy_equals_that_in_torch(config):
    rng = np.random.default_rng(0)
    n_intervals, length = 40, config.subframe_length
    parameters = rng.standard_normal((n_intervals * config.n_subframes, 3 * config.n_bins)).astype(np.float32)
    mel = rng.normal(-6, 1, (n_intervals + 1, 80)).astype(np.float32)
    sources = rng.standard_normal((2, n_intervals * config.hop_length)).astype(np.float32)
    wave = StreamingSynthesis(config, noise_reduction=0).push(parameters, mel.T, *sources)
    pulses, noise = (torch.from_numpy(np.pad(source, (length, 0)))[None] for source in sources)
    synthesis = DifferentiableSynthesis(config)
    expected = synthesis(torch.from_numpy(parameters)[None], torch.from_numpy(mel)[None], pulses, [noise])[0][0]
    n_samples = len(wave) - config.delay
    np.testing.assert_allclose(wave[config.delay :], expected[:n_samples].numpy(), atol=1e-4 * np.abs(wave).max())


def test_noise_reduction_moves_noise_to_pulses_where_they_dominate_and_keeps_the_power():
    parameters = np.random.default_rng(0).standard_normal((50, 3 * TINY.n_bins)).astype(np.float32)
    parameters[0, 2 * TINY.n_bins :] = 1e-3  # pulses alone
    parameters[1, : 2 * TINY.n_bins] = 1e-3  # noise alone
    envelope = np.exp(np.random.default_rng(1).normal(size=(50, TINY.n_bins))).astype(np.float32)
    filters, gains = decode_filters(parameters, envelope, noise_reduction=0.4)
    learned_filters, learned_gains = decode_filters(parameters, envelope, noise_reduction=0)
    np.testing.assert_allclose(gains[0], 0.6 * learned_gains[0], rtol=1e-3)
    np.testing.assert_allclose(gains[1], learned_gains[1], rtol=1e-3)
    power, learned_power = np.abs(filters) ** 2 + gains**2, np.abs(learned_filters) ** 2 + learned_gains**2
    np.testing.assert_allclose(power, learned_power, rtol=1e-4)
    np.testing.assert_allclose(np.angle(filters[2:]), np.angle(learned_filters[2:]), atol=1e-5)


def test_noise_through_the_envelope_of_mel_frames_has_these_mel_frames():
    rng = np.random.default_rng(0)
    bands = np.interp(np.arange(80), [0, 20, 79], [-3.0, -1.0, -6.0]).astype(np.float32)
    mel = np.repeat(bands[:, None], 101, axis=1)
    parameters = np.repeat(np.array([0, 0, 1], np.float32), TINY.n_bins)[None].repeat(400, axis=0)
    noise = rng.standard_normal(100 * 256).astype(np.float32)
    wave = StreamingSynthesis(TINY, noise_reduction=0.5).push(parameters, mel, np.zeros_like(noise), noise)
    measured = np.log(np.exp(speech_mel(wave, SAMPLE_RATE)[:, 5:-5]).mean(axis=1))
    assert np.abs(measured - bands)[2:78].max() < 0.35
    assert abs((measured - bands)[2:78].mean()) < 0.05


def test_the_bandwidth_of_a_recording_is_measured_and_limits_the_losses():
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    limited = limit_bandwidth(torch.from_numpy(noise)[None], torch.tensor([0.625]))
    assert measure_bandwidth(noise) == 1
    assert measure_bandwidth(limited[0].numpy()) == pytest.approx(0.625, abs=0.02)
    spectrum = torch.fft.rfft(limited)[0].abs()
    assert spectrum[10_001:].max() < 1e-2
    unlimited = torch.fft.rfft(torch.from_numpy(noise)).abs()
    torch.testing.assert_close(spectrum[:10_000], unlimited[:10_000], rtol=1e-3, atol=1e-2)


def test_the_pitch_loss_weights_intervals():
    pitch_bin, weight = torch.tensor([[40.0, 60.0]]), torch.tensor([[1.0, 0.0]])
    right = pitch_loss(torch.from_numpy(2 * gaussian_logits([40, 10]))[None], pitch_bin, weight)
    wrong = pitch_loss(torch.from_numpy(2 * gaussian_logits([43, 60]))[None], pitch_bin, weight)
    assert float(right) == pytest.approx(1.06, abs=0.05)  # the entropy of the target itself
    assert wrong > right + 5


def test_a_crop_holds_the_mel_frames_and_the_pitch_of_its_recording(prepared):
    batches = prepared.batches
    wave = batches.store[2][0]
    mel = speech_mel(wave, SAMPLE_RATE)
    crop = batches.crop(2, 10, 12)
    np.testing.assert_allclose(crop["mel"], mel[:, 9 : 9 + 12 + 3].T, atol=1e-4)
    np.testing.assert_allclose(batches.crop(2, 0, 12)["mel"][1:], mel[:, :14].T, atol=1e-4)
    np.testing.assert_array_equal(crop["wave"], wave[10 * 256 : 22 * 256])
    assert crop["pulses"].shape == (12 * 256 + TINY.subframe_length,)
    assert (crop["pitch_weight"] == 1).all()
    octaves_per_second = (np.log2(crop["f0_hz"][-1] / crop["f0_hz"][0])) / (11 * 256 / SAMPLE_RATE)
    assert 0.3 < octaves_per_second < 0.8
    pulses = crop["pulses"][TINY.subframe_length + PULSE_DELAY :]
    correlation = np.corrcoef(pulses, crop["wave"][: len(pulses)])[0, 1]
    assert correlation > 0.28  # 0.3 for ten falling partials among 61 equal ones


def test_batches_depend_on_the_step_alone_and_their_mel_frames_are_degraded(prepared):
    batches = prepared.batches
    first, again, other = batches(3), batches(3), batches(4)
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    assert not np.array_equal(first["wave"], other["wave"])
    data = VocoderDataSettings(crop_frames=12, mel_noise=0.0, mel_blur=0.0)
    clean = VocoderBatches(batches.store, batches.rows, replace(batches.recipe, data=data))(3)
    np.testing.assert_array_equal(clean["wave"], first["wave"])
    assert 0.01 < np.abs(first["mel"] - clean["mel"]).mean() < 0.5


def test_mel_files_replace_the_frames_of_recordings(folder, tmp_path):
    entries = scan(folder, "none").entries
    mel = np.repeat(-6.0 + 0.1 * np.arange(50, dtype=np.float32)[None], 80, axis=0)
    try:
        for entry in entries[:5]:
            np.save(entry.path.with_suffix(".npy"), mel)
        np.save(entries[5].path.with_suffix(".npy"), mel[:, :20])
        data = VocoderDataSettings(crop_frames=12, valid_fraction=0.3, mel_files=True)
        prepared = prepare(tiny_recipe(data), entries, tmp_path)
        crop = prepared.batches.crop(0, 5, 12, gain=0.5)
    finally:
        for entry in entries[:6]:
            entry.path.with_suffix(".npy").unlink(missing_ok=True)
    expected = -6.0 + 0.1 * np.arange(4, 4 + 12 + 3) + 2 * np.log(0.5)  # from one frame before the crop on
    np.testing.assert_allclose(crop["mel"], np.repeat(expected[:, None], 80, axis=1), atol=0.01)
    assert len(prepared.train_entries) + len(prepared.valid["wave"]) == 5
    reasons = sorted(problem.reason.partition(" ")[2] for problem in prepared.failed)
    assert reasons[0].startswith("has shape (80, 20); whole recordings need (80, frames), here about 50 frames.")
    assert reasons[-1].startswith("with its mel frames is not beside it")


def test_losses_have_the_names_of_their_weights(prepared):
    network = VocoderNetwork(prepared.recipe.model)
    tensors = {name: torch.as_tensor(array) for name, array in prepared.batches(0).items()}
    assert network.stage_starts() == (0, 2)
    assert [player for player, _ in network.turns(1)] == ["vocoder"]
    assert [player for player, _ in network.turns(2)] == ["critics", "vocoder"]
    for step in (0, 2):
        losses, batch = {}, dict(tensors)
        for _, turn in network.turns(step):
            losses |= turn(batch)
        assert losses.keys() == network.loss_weights(step).keys()
        assert all(bool(loss.isfinite()) for loss in losses.values())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"labels": ("a",)}, r"A vocoder has no labels; leave labels empty\.$"),
        ({"sample_rate": 22_050}, "mel frames of speech need 16000 Hz or more, and a multiple of 500"),
        ({"n_subframes": 5}, "n_subframes is 5; it must divide the 384 samples of a hop"),
        ({"look_ahead": 0}, "look_ahead"),
    ],
)
def test_impossible_configurations_are_refused(settings, words):
    with pytest.raises(BadSetting, match=words):
        VocoderConfig(**settings)


def test_crops_that_are_shorter_than_what_the_losses_leave_out_are_refused(folder, tmp_path):
    recipe = tiny_recipe(VocoderDataSettings(crop_frames=8))
    long_filters = replace(recipe, model=replace(TINY, n_subframes=1, fft_subframes=16))  # 13 + 2 hops
    with pytest.raises(BadSetting, match="with n_subframes 1 and fft_subframes 16 it must be at least 19"):
        prepare(long_filters, scan(folder, "none").entries, tmp_path)


def test_without_held_out_recordings_there_is_no_metric_and_no_patience(folder, tmp_path):
    base = tiny_recipe(VocoderDataSettings(crop_frames=12, valid_fraction=0.0))
    recipe = replace(base, training=replace(base.training, patience=2))
    training = prepare(recipe, scan(folder, "none").entries, tmp_path).recipe.training
    assert (training.metric, training.patience) == ("", 0)


def test_an_unknown_metric_is_refused():
    base = tiny_recipe()
    training = replace(base.training, metric="valid/bits")
    with pytest.raises(BadSetting, match="a vocoder is measured by valid/mel, valid/pitch"):
        replace(base, training=training)
