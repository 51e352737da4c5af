"""Inference with a VAE: equal to torch for any block size; morphs, variations, adjustments, embeddings; refusals."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import asdict

import numpy as np
import pytest
import torch
from tiny_models import change_card, sign_again
from tiny_vae import CAUSAL, CLIPS, FRAMES, RATE, autoencoder_of, latents_of, make_vae, tone

from wavewright.base.errors import BadAudio, BadModel, BadSetting
from wavewright.data.preparation import PEAK, Preparation
from wavewright.dsp.embedding_2d import pca_2d, tsne_2d
from wavewright.dsp.onset import onset_sample
from wavewright.dsp.spectral_frames import StreamingSTFT, noise_gains, spectrum_to_features
from wavewright.families import loading
from wavewright.families.vae import coding, morphing, synthesis
from wavewright.families.vae.adjustment import AttributeAdjustment, adjust_brightness
from wavewright.families.vae.attributes import (
    ATTRIBUTES,
    AttributeDirections,
    brightness,
    loudness_db,
    measure_attributes,
)
from wavewright.families.vae.conditioning import ClipConditioning
from wavewright.families.vae.config import LATENTS_FILE
from wavewright.families.vae.morphing import EncodedClip, MonotonicPath, monotonic
from wavewright.families.vae.runtime import VaeRuntime
from wavewright.families.vae.synthesis import MAX_RESIDUAL_GAIN, DecoderSynthesis, NoiseSource, Residual
from wavewright.training.export import export_copy
from wavewright.training.weights_file import write_safetensors


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("vae")


@pytest.fixture(scope="module")
def clips(root):
    return make_vae(root, CLIPS, "clips")


@pytest.fixture(scope="module")
def frames(root):
    return make_vae(root, FRAMES, "frames")


@pytest.fixture(scope="module")
def causal(root):
    return make_vae(root, CAUSAL, "causal")


# --- coding


@pytest.mark.parametrize("name", ["clips", "frames", "causal"])
def test_inference_equals_torch(name, request, monkeypatch):
    monkeypatch.setattr(synthesis, "LOW_TONES_HZ", 0.0)
    runtime, config = request.getfixturevalue(name), {"clips": CLIPS, "frames": FRAMES, "causal": CAUSAL}[name]
    trained = export_copy(autoencoder_of(config))
    wave = np.pad(tone(440), (0, 2048))[:2048]
    with torch.no_grad():
        mean, _, _ = trained.encode(torch.from_numpy(wave)[None])
        latents = runtime.encode(wave)
        np.testing.assert_allclose(np.atleast_2d(latents), mean[0].numpy(), atol=1e-4)
        conditioning = torch.from_numpy(runtime.conditioning("low"))
        head, log_gains, _ = trained.decoder(mean, conditioning.unsqueeze(1).expand(-1, mean.shape[1], -1))
        spectrum = trained.spectral_frames.tonal_spectrum(head)[0]
    white = np.random.Generator(np.random.PCG64(5)).standard_normal(64 * len(spectrum), dtype=np.float32)
    noise = StreamingSTFT(config.frame_settings).push(white) * noise_gains(log_gains[0].numpy(), config.frame_settings)
    expected = trained.spectral_frames.to_wave((spectrum + torch.from_numpy(noise))[None], 2048)[0].numpy()
    result = runtime.decode(latents, "low", seed=5, n_samples=2048)
    assert 0.01 < np.abs(result).max() < 1
    np.testing.assert_allclose(result[0], expected, atol=1e-4)


def frames_of(wave, config, phases=None):
    """Return the decoder frames of ``wave (time,)``, rotated by ``phases``: no gains, no noise."""
    silence = np.zeros(config.n_fft, np.float32)
    spectrum = StreamingSTFT(config.frame_settings).push(np.concatenate([wave, silence]))
    if phases is not None:
        spectrum = spectrum * np.exp(1j * phases)
    complex_features = spectrum_to_features(spectrum.astype(np.complex64), 0, config.frame_settings)[
        :, config.frame_settings.n_bins :
    ]
    n_frames = len(complex_features)
    head = np.concatenate([np.zeros((n_frames, config.frame_settings.n_bins), np.float32), complex_features], axis=1)
    return {"head": head, "log_gains": np.full((len(head), config.noise_bands), -30.0, np.float32)}


def level_range_db(wave):
    """Return the range of the level of ``wave``, over windows of 20 ms, in dB."""
    levels = np.square(wave).reshape(-1, RATE // 50).mean(1)
    return 10 * np.log10(levels.max() / levels.min())


def test_low_tones_are_steady_despite_inconsistent_phases():
    config, hz = dataclasses.replace(CLIPS, n_fft=1024, hop_length=256), 200
    wave = (0.3 * np.sin(2 * np.pi * hz * np.arange(2 * RATE) / RATE)).astype(np.float32)
    before = config.n_fft - config.hop_length
    consistent = frames_of(wave, config)
    wave_out = DecoderSynthesis(config, NoiseSource(0)).with_low_tones_rebuilt(consistent)[before:]
    np.testing.assert_allclose(wave_out[2_000:14_000], wave[2_000:14_000], atol=0.01)  # consistent phases do not change
    phases = np.random.default_rng(0).uniform(-np.pi, np.pi, (len(consistent["head"]), 1))
    inconsistent = frames_of(wave, config, phases)
    middle = slice(2_000, 2_000 + 30 * RATE // 50)
    decoded, rebuilt = (
        synthesise(DecoderSynthesis(config, NoiseSource(0)), inconsistent)[before:][middle]
        for synthesise in (DecoderSynthesis.push, DecoderSynthesis.with_low_tones_rebuilt)
    )
    assert level_range_db(decoded) > 8
    assert level_range_db(rebuilt) < 4
    assert np.square(rebuilt).mean() == pytest.approx(np.square(wave).mean(), rel=0.3)


@pytest.mark.parametrize("name", ["frames", "causal"])
def test_blocks_do_not_change_the_result(name, request, monkeypatch):
    runtime = request.getfixturevalue(name)
    wave = np.random.default_rng(0).standard_normal(9_001).astype(np.float32) * 0.1
    latents = runtime.encode(wave)
    decoded = runtime.decode(latents, "high", n_samples=len(wave))
    assert decoded.shape == (1, 9_001)
    for size in (2, 14, 64):
        monkeypatch.setattr(coding, "BLOCK_FRAMES", size)
        np.testing.assert_array_equal(runtime.encode(wave), latents)
        np.testing.assert_array_equal(runtime.decode(latents, "high", n_samples=len(wave)), decoded)


def test_a_stream_equals_the_whole_and_has_its_latency(causal):
    wave = np.random.default_rng(0).standard_normal(6_000).astype(np.float32) * 0.1
    stream = causal.stream(seed=3)
    latents, wave_out, n_pushed = [], [], 0
    for piece in np.split(wave, [1, 63, 700, 3000, 3001]):
        n_pushed += len(piece)
        latents.append(stream.encode(piece))
        wave_out.append(stream.decode(latents[-1], causal.conditioning("low", 64.0, len(latents[-1]))))
        n_out = sum(map(len, wave_out)) - (CAUSAL.n_fft - CAUSAL.hop_length)
        assert n_out > n_pushed - causal.latency_seconds * RATE
    latents = np.concatenate(latents)
    wave_out = np.concatenate(wave_out)[CAUSAL.n_fft - CAUSAL.hop_length :]
    whole = causal.encode(wave)
    np.testing.assert_array_equal(latents, whole[: len(latents)])
    expected = causal.decode(whole, "low", 64.0, seed=3)[0]
    np.testing.assert_array_equal(wave_out, expected[: len(wave_out)])


def test_a_stream_refuses_nan_and_wrong_shapes(causal):
    stream = causal.stream()
    for wave in (np.full(100, np.nan), np.zeros((2, 100)), np.zeros(100, np.int16)):
        with pytest.raises(BadAudio, match=r"it must be \(time,\) of floating-point numbers"):
            stream.encode(wave)
    for latents in (np.full((1, 6), np.nan), np.zeros((1, 5))):
        with pytest.raises(BadSetting, match=r"causal takes finite numbers of shape \(n, 6\)"):
            stream.decode(latents, causal.conditioning())
    assert stream.encode(np.zeros(0)).shape == (0, 6)


def test_a_causal_model_does_not_depend_on_the_future(causal, frames):
    wave = np.random.default_rng(0).standard_normal(4_096).astype(np.float32) * 0.1
    other = np.concatenate([wave[:2048], 0.5 * wave[2048:]])
    differs = [np.abs(runtime.encode(wave) - runtime.encode(other)).max(axis=1) > 0 for runtime in (causal, frames)]
    first_frame = 2048 // CAUSAL.hop_length  # the first that contains sample 2048
    assert np.argmax(differs[0]) == first_frame // CAUSAL.latent_frames
    assert np.argmax(differs[1]) < np.argmax(differs[0])


# --- generation


def test_a_clip_depends_on_label_seed_and_index_alone(clips, causal):
    together = clips.generate("low", 4, seed=3)
    assert all(wave.shape == (1, 2048) and wave.dtype == np.float32 and np.abs(wave).max() <= 1 for wave in together)
    for index in range(4):
        np.testing.assert_array_equal(clips.generate("low", 1, seed=3, start=index)[0], together[index])
    np.testing.assert_array_equal(clips.generate(count=4, seed=3)[3], together[3])
    for other in (
        clips.generate("high", 1, 3),
        clips.generate("low", 1, 4),
        clips.generate("low", 1, 3, temperature=0.1),
    ):
        assert np.abs(other[0] - together[0]).max() > 1e-3
    assert causal.generate(seconds=0.25, pitch=60.0)[0].shape == (1, 2000)


@pytest.mark.parametrize("temperature", [0.0, 1.0, 2.0])
def test_generated_one_shots_have_the_level_of_training(clips, temperature):
    waves = clips.generate("low", 6, seed=11, temperature=temperature) + clips.interpolate(3, 4, 4, "high")
    np.testing.assert_allclose([np.abs(wave).max() for wave in waves], 0.95, rtol=1e-6)


def test_the_meaning_of_a_seed_never_changes(clips):
    latents, noise_seed = clips._sample_latents(7, 4, 1, 1, 0.0)
    np.testing.assert_allclose(latents[0], clips.distribution.mean[1], atol=1e-6)
    assert noise_seed == 3_653_818_661_588_730_619


def test_interpolation_ends_at_the_clips_of_its_seeds(clips):
    path = clips.interpolate(7, 9, 5, "low")
    np.testing.assert_array_equal(path[0], clips.generate("low", 1, seed=7)[0])
    np.testing.assert_array_equal(path[-1], clips.generate("low", 1, seed=9)[0])
    between = NoiseSource(1, 2, 0.3).generator()
    assert between(50_000).std() == pytest.approx(1.0, abs=0.02)
    pieces = NoiseSource(1, 2, 0.3).generator()
    np.testing.assert_array_equal(np.concatenate([pieces(7), pieces(13)]), NoiseSource(1, 2, 0.3).generator()(20))


# --- morphs and variations


def test_a_morph_without_residual_starts_and_ends_with_the_reconstructions_at_their_levels(clips):
    a, b = tone(300, start=0.05), tone(900, start=0.11, gain=0.05)
    prepared = [Preparation().apply(wave[None], RATE, 2048)[0] for wave in (a, b)]
    waves = clips.morph(a, b, 5, "linear", label_a="low", label_b="high", residual=0.0)
    assert all(wave.shape == (1, 2048) for wave in waves)
    for wave, recording, clip, label in zip((waves[0], waves[-1]), (a, b), prepared, ("low", "high"), strict=True):
        gain = np.abs(recording).max() / PEAK
        np.testing.assert_allclose(wave, gain * clips.decode(clips.encode(clip), label), atol=1e-5)
    levels = np.array([loudness_db(wave[0]) for wave in waves])
    np.testing.assert_allclose(np.diff(levels), np.full(4, (levels[-1] - levels[0]) / 4), atol=1e-3)
    slerped = clips.morph(a, b, 5, "slerp", label_a="low", label_b="high", residual=0.0)
    np.testing.assert_array_equal(slerped[0], waves[0])
    assert np.abs(slerped[2] - waves[2]).max() > 1e-5
    assert (PEAK, Preparation().lead_seconds) == (morphing.PEAK, morphing.LEAD_SECONDS)


def test_pitches_and_label_weights_are_interpolated_linearly(causal):
    a, b = causal._conditioning("high", 60.0), causal._conditioning({"low": 0.5}, 72.0)
    between = a.interpolate(b, 0.25)
    assert between.pitch == 63.0
    np.testing.assert_allclose(between.label_weights, [0.75, 0.125])
    np.testing.assert_allclose(between.vector(CAUSAL), [0.75, 0.125, 0.125, 1.0, 0.0], atol=1e-6)
    assert a.interpolate(causal._conditioning(None, None), 0.5).pitch == 60.0


def test_one_shots_are_aligned_to_their_onsets():
    late = morphing.align_one_shot(tone(300, start=0.1, gain=0.25), RATE, 2048)
    early = morphing.align_one_shot(tone(300, gain=0.5), RATE, 2048)
    assert onset_sample(late.wave, RATE) == onset_sample(early.wave, RATE)
    assert early.level_db - late.level_db == pytest.approx(20 * np.log10(2), abs=0.1)
    assert np.abs(morphing.align_one_shot(np.zeros(100, np.float32), RATE, 2048).wave).max() == 0


def test_a_morph_over_time_starts_as_one_clip_and_ends_as_the_other(frames):
    time = np.arange(4000) / RATE
    a, b = ((0.3 * np.sin(2 * np.pi * hz * time)).astype(np.float32) for hz in (300, 1500))
    (turning,) = frames.morph(a, b, over_time=True, label_a="low", label_b="low")
    assert turning.shape == (1, len(a))
    assert frames.morph(a, b[:3000], over_time=True)[0].shape == (1, 4000)
    ends = frames.morph(a, b, 2, label_a="low", label_b="low")
    near, far = (np.abs(turning[0, :256] - end[0, :256]).mean() for end in ends)
    assert near < 0.5 * far
    near, far = (np.abs(turning[0, -256:] - end[0, -256:]).mean() for end in ends[::-1])
    assert near < 0.5 * far


def test_a_transfer_has_the_statistics_of_the_style_and_the_levels_of_the_clip(frames):
    rng = np.random.default_rng(0)
    latents, style = rng.normal(3, 2, (50, 4)), rng.normal(-1, 0.5, (20, 4))
    matched = morphing.match_statistics(latents, style)
    np.testing.assert_allclose(matched.mean(axis=0), style.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(matched.std(axis=0), style.std(axis=0), atol=1e-5)
    np.testing.assert_allclose(np.corrcoef(matched[:, 0], latents[:, 0])[0, 1], 1.0)  # the course over time
    steady, bursts = rng.standard_normal((2, 8000)).astype(np.float32) * 0.1
    bursts *= np.arange(8000) // 1000 % 2
    levelled = morphing.match_levels(steady, bursts, 16)
    inside = np.arange(100, 900)
    for start in range(0, 8000, 2000):
        assert np.abs(levelled[start + inside]).max() < 1e-4
        levels = [wave[start + 1000 + inside].std() for wave in (levelled, bursts)]
        assert levels[0] == pytest.approx(levels[1], rel=0.05)
    wave, other = tone(300), tone(1500, seconds=0.3)
    made = frames.transfer(wave, other, "low")
    assert made.shape == (1, len(wave))
    np.testing.assert_array_equal(made, frames.transfer(wave, other, "low"))


def test_a_variation_of_amount_0_without_residual_is_the_reconstruction(clips):
    wave = Preparation().apply(tone(300)[None], RATE, 2048)[0]
    (same,) = clips.vary(wave, 0.0, label={}, residual=0.0)
    np.testing.assert_allclose(same, clips.decode(clips.encode(wave)), atol=1e-5)
    (guessed,) = clips.vary(wave, 0.0, residual=0.0)
    nearest = [clips.distribution.clip_labels[index] for index, _ in clips.distribution.nearest(clips.encode(wave), 5)]
    weights = {name: nearest.count(number) / 5 for number, name in enumerate(clips.labels)}
    np.testing.assert_allclose(guessed, clips.decode(clips.encode(wave), weights), atol=1e-5)
    varied = clips.vary(wave, 0.3, seed=2, count=3)
    np.testing.assert_array_equal(clips.vary(wave, 0.3, seed=2, count=1)[0], varied[0])
    apart = [np.abs(clips.vary(wave, amount, seed=2, residual=0.0)[0] - same).mean() for amount in (0.1, 0.3, 1.0)]
    assert apart[0] < apart[1] < apart[2]


def test_clips_are_told_from_those_that_were_encoded_before(clips):
    waves = [Preparation().apply(tone(pitch)[None], RATE, 2048)[0] for pitch in (300, 900)]
    asked = [*itertools.product(waves, (None, "low", {"low": 0.5, "high": 0.5}), (0.0, 0.5, 1.0))]
    anew = [
        VaeRuntime(clips.folder).vary(wave, 0.2, label=label, residual=residual)[0] for wave, label, residual in asked
    ]
    for index in [*range(len(asked)), *np.random.default_rng(0).integers(len(asked), size=60)]:
        wave, label, residual = asked[index]
        np.testing.assert_array_equal(clips.vary(wave, 0.2, label=label, residual=residual)[0], anew[index])


# --- residual of a reconstruction


def apart_db(wave, other):
    """Return the mean distance of two spectra in dB, over all bins within 50 dB of the loudest."""
    levels = [
        np.abs(StreamingSTFT(CLIPS.frame_settings).push(np.pad(each, (0, CLIPS.n_fft)))) for each in (wave, other)
    ]
    audible = np.maximum(*levels) > 10**-2.5 * max(level.max() for level in levels)
    decibels = [20 * np.log10(np.maximum(level, 10**-2.5 * level.max())) for level in levels]
    return np.abs(decibels[0] - decibels[1])[audible].mean()


def test_the_residual_restores_magnitudes_and_phases():
    settings, rng = CLIPS.frame_settings, np.random.default_rng(0)
    power = np.full((4, settings.n_bins), (0.1 * settings.scale) ** 2, np.float32)
    phases = np.exp(1j * rng.uniform(-np.pi, np.pi, power.shape)).astype(np.complex64)
    recording = np.sqrt(power) * np.array([1.0, 2.0, 0.5, 100.0], np.float32)[:, None] * phases
    residual = Residual.measure(recording, power, 1.0, settings)
    expected = np.log([1.0, 2.0, 0.5, MAX_RESIDUAL_GAIN])[:, None]
    np.testing.assert_allclose(residual.log_gains, np.broadcast_to(expected, power.shape), atol=2e-3)
    silent = Residual.measure(np.zeros_like(recording), np.zeros_like(power), 1.0, settings)
    assert not silent.log_gains.any()
    spectrum = (rng.standard_normal(power.shape) + 1j * rng.standard_normal(power.shape)).astype(np.complex64)
    restored = residual.apply(spectrum, power)
    np.testing.assert_allclose(np.abs(restored), np.exp(residual.log_gains) * np.sqrt(power), rtol=1e-4)
    np.testing.assert_allclose(restored / np.abs(restored), phases, atol=2e-3)
    np.testing.assert_allclose(residual.scale(0.0).apply(spectrum, power), spectrum, rtol=1e-5)
    half = residual.scale(0.5).apply(spectrum, power)
    np.testing.assert_allclose(np.abs(half), np.sqrt(np.abs(spectrum) * np.abs(restored)), rtol=1e-4)
    own = silent.apply(spectrum, power)
    np.testing.assert_allclose(
        own, np.sqrt(power) * spectrum / np.abs(spectrum), rtol=1e-4
    )  # phases where the recording has none


def test_residuals_are_interpolated():
    a, b, none = (
        Residual(np.full((3, 5), value + 1j), np.full((3, 5), value, np.float32)) for value in (1.0, -0.5, 0.0)
    )
    for t, gain, spectrum in ((0.0, 1.0, 1 + 1j), (1.0, -0.5, -0.5 + 1j)):
        np.testing.assert_allclose(a.interpolate(b, t).log_gains, gain, atol=1e-6)
        np.testing.assert_allclose(a.interpolate(b, t).spectrum, spectrum, atol=1e-6)
    np.testing.assert_allclose(a.interpolate(b, 0.5).spectrum, 0.25 + 1j, atol=1e-6)
    for t in (0.2, 0.5, 0.9):
        np.testing.assert_allclose(
            a.interpolate(a, t).log_gains, 1.0, atol=1e-6
        )  # what both have in common does not change
        assert 0 < a.interpolate(none, t).log_gains[0, 0] < 1
    for one, other in ((a, none), (none, a)):
        np.testing.assert_allclose(one.interpolate(other, 0.5).log_gains, 0.5**0.5, atol=1e-6)
    turning = a.interpolate(b, np.array([[0.0], [0.5], [1.0]]))
    middle = a.interpolate(b, 0.5).log_gains[0]
    np.testing.assert_allclose(turning.log_gains, [np.full(5, 1.0), middle, np.full(5, -0.5)], atol=1e-6)
    np.testing.assert_array_equal(
        a.interpolate(b, 0.3).slice_frames(1, 3).log_gains, a.interpolate(b, 0.3).log_gains[1:]
    )


def test_a_morph_between_a_clip_and_itself_is_constant(clips):
    wave = tone(300)
    waves = clips.morph(wave, wave, 4)
    for each in waves[1:]:
        assert apart_db(each[0], waves[0][0]) < 0.1


def test_a_small_residual_leaves_low_tones_steady():
    config = dataclasses.replace(CLIPS, n_fft=1024, hop_length=256)
    wave = (0.3 * np.sin(2 * np.pi * 200 * np.arange(2 * RATE) / RATE)).astype(np.float32)
    inconsistent = frames_of(wave, config, np.random.default_rng(0).uniform(-np.pi, np.pi, (len(wave) // 256 + 4, 1)))
    recording = StreamingSTFT(config.frame_settings).push(np.concatenate([wave, np.zeros(1024, np.float32)]))
    middle = slice(2_000, 2_000 + 30 * RATE // 50)

    def synthesised(fraction):
        residual = Residual.measure(
            recording,
            DecoderSynthesis(config, NoiseSource(0)).mean_power(inconsistent),
            fraction,
            config.frame_settings,
        )
        return DecoderSynthesis(config, NoiseSource(0)).with_low_tones_rebuilt(inconsistent, residual)[
            config.n_fft - config.hop_length :
        ][middle]

    assert level_range_db(synthesised(0.01)) < 4
    assert level_range_db(synthesised(0.3)) < 4
    np.testing.assert_allclose(synthesised(1.0), wave[middle], atol=0.02)


def test_a_smoothed_residual_removes_additional_onsets():
    ones = np.ones((40, CLIPS.frame_settings.n_bins), np.float32)
    power = ones * np.exp(-np.arange(40, dtype=np.float32) / 4.0)[:, None]
    flutter = Residual(ones + 0j, ones * np.where(np.arange(40) % 6 < 3, 1.5, -1.5).astype(np.float32)[:, None])

    def rises(residual):
        energy = np.square(np.abs(residual.apply(ones + 0j, power))).sum(axis=1)
        return int((np.diff(energy[3:-3]) > 0).sum())

    assert rises(flutter) == rises(flutter.smooth(0.0)) == 6
    assert rises(flutter.smooth(8.0)) == 0
    louder = Residual(ones + 0j, 0.7 * ones)
    np.testing.assert_allclose(louder.smooth(8.0).apply(ones + 0j, power), louder.apply(ones + 0j, power), rtol=1e-4)


def test_a_path_has_as_few_onsets_as_smoothing_achieves():
    time = np.arange(2_000) / RATE
    hit = np.sin(2 * np.pi * 500 * time) * np.exp(-time / 0.01)
    twice, thrice = (
        hit + np.roll(hit, 900) * (time > 0.1),
        hit + sum(np.roll(hit, n) * (time > n / RATE) for n in (600, 1_200)),
    )
    made = {0.0: thrice, 1.0: twice, 2.0: hit}
    conditioning = ClipConditioning(np.zeros(2, np.float32))
    residual = Residual(np.ones((2, 3), np.complex64), np.zeros((2, 3), np.float32))
    path = [EncodedClip(np.full((1, 6), t, np.float32), conditioning, residual) for t in (0.0, 0.5, 1.0)]

    def decode(clip, ends=hit):
        return made[clip.residual.smoothing_frames] if clip.latents[0, 0] == 0.5 else ends

    no_directions = AttributeDirections(np.zeros((0, 6), np.float32))
    for smoothing, ends, expected in (
        ((0.0, 1.0, 2.0), hit, hit),
        ((0.0, 1.0, 2.0), twice, twice),  # as often as the ends do is enough
        ((0.0, 1.0), hit, twice),  # the fewest that there are
        ((0.0,), hit, thrice),
    ):
        waves = MonotonicPath(lambda clip, ends=ends: decode(clip, ends), no_directions, RATE, smoothing).waves(path)
        np.testing.assert_array_equal(waves[1], expected)
        assert waves[0] is waves[2] is ends


def test_with_their_residual_clips_equal_the_recordings(clips, frames, monkeypatch):
    monkeypatch.setattr(synthesis, "MAX_RESIDUAL_GAIN", 1e4)  # an untrained network is far from any recording
    wave = Preparation().apply(tone(300)[None], RATE, 2048)[0]
    for runtime in (clips, frames):
        made = {
            "morph": lambda fraction, runtime=runtime: runtime.morph(wave, tone(900, gain=0.05), 3, residual=fraction)[
                0
            ],
            "vary": lambda fraction, runtime=runtime: runtime.vary(wave, 0.0, residual=fraction)[0],
            "adjust": lambda fraction, runtime=runtime: runtime.adjust(wave, {}, (0.0,), residual=fraction).waves[0],
        }
        for make in made.values():
            with_none, with_half, with_all = (
                apart_db(make(fraction)[0][: len(wave)], wave) for fraction in (0.0, 0.5, 1.0)
            )
            assert with_all < 0.35 * with_none
            assert with_all < with_half < with_none
    new = [clips.vary(wave, 1.0, seed=3, residual=fraction)[0] for fraction in (0.0, 1.0)]
    np.testing.assert_array_equal(*new)  # of which nothing is from the recording


@pytest.mark.parametrize("name", ["frames", "causal"])
def test_the_residual_does_not_depend_on_blocks(name, request, monkeypatch):
    frames = request.getfixturevalue(name)
    wave, other = (np.random.default_rng(seed).standard_normal(9_001).astype(np.float32) * 0.1 for seed in (0, 1))
    calls = [
        lambda: frames.vary(wave, 0.2, residual=0.7),
        lambda: frames.morph(wave, other[:7_000], 3),
        lambda: frames.morph(wave, other, over_time=True),
    ]
    result = [call() for call in calls]
    for size in (2, 14, 64):
        monkeypatch.setattr(coding, "BLOCK_FRAMES", size)
        for call, expected in zip(calls, result, strict=True):
            for made, before in zip(call(), expected, strict=True):
                np.testing.assert_allclose(made, before, atol=1e-6)


# --- attributes, similar clips, embeddings


def test_attributes_are_measured():
    time = np.arange(RATE) / RATE
    steady = 0.5 * np.sin(2 * np.pi * 1000 * time)
    result = dict(
        zip(
            (attribute.name for attribute in ATTRIBUTES),
            measure_attributes(steady.astype(np.float32), RATE),
            strict=True,
        )
    )
    assert 2 ** result["brightness"] == pytest.approx(1000, rel=0.03)
    assert result["loudness"] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01)
    assert 2 ** result["length"] == pytest.approx(0.9, abs=0.01)
    rising = steady * np.minimum(time / 0.1, 1.0) * np.exp(-np.maximum(time - 0.1, 0) / 0.05)
    result = measure_attributes(np.concatenate([np.zeros(500), rising]).astype(np.float32), RATE)
    assert 2 ** result[3] == pytest.approx(0.1 / np.sqrt(2), abs=0.01)  # half of the power
    assert np.isfinite(measure_attributes(np.zeros(100, np.float32), RATE)).all()


def test_each_direction_changes_its_own_attribute():
    rng, time = np.random.default_rng(0), np.arange(4000) / RATE
    mixing = rng.standard_normal((6, 6))

    def decode(points: np.ndarray) -> np.ndarray:
        """Decaying noise-free tones whose frequency, level and decay are mixed into all numbers of the latents."""
        numbers = points @ np.linalg.inv(mixing).T
        hz, gain = 500 * 2 ** (0.3 * numbers[:, :1]), 0.1 * 10 ** (numbers[:, 1:2] / 20)
        decay, rise = 0.05 * 2 ** (0.2 * numbers[:, 2:3]), 0.01 * 2 ** (0.3 * numbers[:, 3:4])
        envelope = np.minimum(time / rise, 1.0) * np.exp(-np.maximum(time - rise, 0) / decay)
        return (gain * np.sin(2 * np.pi * hz * time) * envelope).astype(np.float32)

    points = (rng.standard_normal((120, 6)) @ mixing.T).astype(np.float32)
    attributes = np.stack([measure_attributes(wave, RATE) for wave in decode(points)])
    decoded_rows = []

    def decode_rows(some: np.ndarray, rows: np.ndarray) -> np.ndarray:
        decoded_rows.append((some, rows))
        return decode(some)

    directions = AttributeDirections.fit(points, attributes, decode_rows, RATE)
    for some, rows in decoded_rows:  # the latents of a clip, moved along one direction, come with its own row
        moves = some - points[rows]
        np.testing.assert_allclose(moves, np.broadcast_to(moves[0], moves.shape), atol=1e-4)
    start = points[:20]
    for attribute in directions.attributes[:3]:
        amount = 2 * attribute.step
        moved = directions.shift(start, {attribute.name: amount})
        pairs = zip(decode(moved), decode(start), strict=True)
        change = np.median(
            [measure_attributes(after, RATE) - measure_attributes(before, RATE) for after, before in pairs], axis=0
        )
        units = change / [each.step for each in ATTRIBUTES]
        own = list(ATTRIBUTES).index(attribute)
        assert units[own] == pytest.approx(2.0, abs=0.4)
        assert np.abs(np.delete(units, own)[:2]).max() < 0.5
    unresponsive = AttributeDirections.fit(points, attributes, lambda some, rows: decode(np.zeros_like(some)), RATE)
    assert unresponsive.attributes == ()
    back = directions.shift(directions.shift(start, {"brightness": 1.0}), {"brightness": -1.0})
    np.testing.assert_allclose(back, start, atol=1e-4)


def test_an_adjustment_reaches_its_target_with_a_nonlinear_decoder():
    time = np.arange(4000) / RATE

    def decode(latents: np.ndarray) -> np.ndarray:
        """Decode a decaying tone: brightness responds twice as much, and length and level change with it."""
        bright, loud, length = latents[0].astype(np.float64)
        hz, gain = 500 * 2 ** (2 * bright + 0.5 * bright**2), 0.05 * 10 ** ((loud + 4 * bright) / 20)
        return (gain * np.sin(2 * np.pi * hz * time) * np.exp(-time / (0.02 * 2 ** (length - bright)))).astype(
            np.float32
        )

    directions, start = AttributeDirections(np.eye(3, dtype=np.float32)), np.zeros((1, 3), np.float32)
    adjustment = AttributeAdjustment(start, directions, decode, RATE)
    before = measure_attributes(decode(start), RATE)[:3]
    for target in ({"brightness": 0.4}, {"loudness": -6.0}, {"length": 0.8, "brightness": -0.4}):
        change = np.array([target.get(name, 0.0) for name in ("brightness", "loudness", "length")])
        plain = measure_attributes(decode(directions.shift(start, target)), RATE)[:3] - before - change
        result = measure_attributes(adjustment.adjust(target), RATE)[:3] - before - change
        assert np.abs(result[[0, 2]]).max() < 0.05
        assert result[1] == pytest.approx(0.0, abs=1e-3)
        assert "brightness" not in target or np.abs(plain).max() > 0.3
    np.testing.assert_array_equal(adjustment.adjust({"loudness": 0.0}), decode(start))


def test_attributes_of_a_model(clips, frames):
    assert [(attribute.name, attribute.unit) for attribute in clips.attributes][:2] == [
        ("brightness", "octaves"),
        ("loudness", "dB"),
    ]
    latents = np.arange(6, dtype=np.float32)
    moved = clips.shift_attributes(latents, {"loudness": -3.0, "brightness": 0.5})
    np.testing.assert_allclose(moved - latents, [0.5, -3.0, 0, 0, 0, 0], atol=1e-3)
    assert frames.shift_attributes(np.zeros((5, 6)), {"brightness": 1.0}).shape == (5, 6)


def test_the_most_similar_training_clip_is_the_clip_itself(clips):
    name, label, distance = clips.similar(clips.distribution.clip_latents[7], 3)[0]
    assert (name, label) == ("7.wav", "low")
    assert distance == pytest.approx(0.0, abs=1e-6)
    distances = [each[2] for each in clips.similar(clips.distribution.clip_latents[7], 20)]
    assert distances == sorted(distances)


def test_tsne_preserves_clusters(clips):
    rng = np.random.default_rng(0)
    centres = 10 * rng.standard_normal((3, 8))
    points = np.concatenate([centre + rng.standard_normal((20, 8)) for centre in centres])
    positions = tsne_2d(points)
    assert positions.shape == (60, 2)
    assert np.abs(positions).max() == pytest.approx(1.0)
    np.testing.assert_array_equal(positions, tsne_2d(points))
    apart = np.linalg.norm(positions[:, None] - positions, axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert np.mean(apart.argmin(axis=1) // 20 == np.arange(60) // 20) == 1.0
    line = np.outer(np.arange(4.0), np.ones(3))
    np.testing.assert_allclose(np.abs(np.diff(pca_2d(line)[:, 0])), np.sqrt(1 / 1.25), atol=1e-9)
    assert tsne_2d(np.ones((1, 3))).tolist() == [[0.0, 0.0]]
    assert clips.embedding_2d([clips.distribution.clip_latents[index] for index in range(8)]).shape == (8, 2)


# --- refusals


def test_invalid_requests_are_refused(clips, frames, causal):
    wave = tone(300)
    for bad in (np.zeros(0), np.zeros((2, 100)), np.full(10, np.nan)):
        with pytest.raises(BadAudio, match=r"it must be \(time,\) of floating-point numbers, at least one sample"):
            clips.encode(bad)
    refusals = [
        (lambda: clips.generate("hihg"), r"clips has no label 'hihg'; its labels are high, low; did you mean high\?"),
        (lambda: clips.generate(temperature=3.0), "The temperature is 3.0; it must lie between 0 and 2"),
        (lambda: clips.generate(seconds=1.0), "The model makes clips of 0.256 s; leave seconds out"),
        (lambda: frames.generate(seconds=-1.0), r"A clip of -1 s is not possible; ask for up to 3600 s"),
        (lambda: clips.generate(pitch=60.0), "clips has no pitch to choose; leave pitch out"),
        (lambda: causal.generate(pitch=128.0), "The pitch is 128.0; it must be a MIDI number from 0 to 127"),
        (lambda: clips.morph(wave, wave, 1), "An interpolation in 1 steps is not possible; it needs at least 2"),
        (lambda: clips.morph(wave, wave, 3, "round"), "There is no interpolation 'round'; choose linear or slerp"),
        (
            lambda: clips.morph(wave, wave, over_time=True),
            "clips encodes clips as a whole, so nothing can change over time",
        ),
        (lambda: clips.transfer(wave, wave), "clips encodes clips as a whole, so it knows nothing of rhythm"),
        (lambda: clips.vary(wave, 1.5), "The amount is 1.5; it must lie between 0"),
        (lambda: clips.vary(wave, residual=1.5), "The residual is 1.5; it must lie between 0"),
        (lambda: clips.morph(wave, wave, residual=-0.1), "The residual is -0.1; it must lie between 0"),
        (
            lambda: clips.shift_attributes(np.zeros(6), {"warmth": 1.0}),
            "There is no attribute 'warmth' to adjust; this model has brightness, loudness",
        ),
        (
            lambda: clips.shift_attributes(np.zeros(6), {"loudness": np.nan}),
            "The amount of loudness is nan; it must lie between -100 and 100 dB",
        ),
        (
            lambda: clips.decode(np.zeros(5)),
            r"The latents have shape \(5,\); clips takes finite numbers of shape \(6,\)",
        ),
        (lambda: frames.decode(np.zeros((0, 6))), r"frames takes finite numbers of shape \(n, 6\)"),
        (
            lambda: clips.decode(np.zeros(6), {"low": 2.0}),
            "The weight of the label low is 2.0; it must lie between 0 and 1",
        ),
        (lambda: clips.similar(np.zeros(6), 0), "The number of similar clips is 0; it must be at least 1"),
        (frames.stream, "frames looks ahead, so it cannot stream; train one with model.causal=true"),
        (lambda: tsne_2d(np.full((3, 2), np.nan)), r"an embedding needs rows of finite numbers \(n, d\)"),
    ]
    for ask, sentence in refusals:
        with pytest.raises(BadSetting, match=sentence):
            ask()


def test_a_model_whose_latents_do_not_fit_is_refused(tmp_path):
    make_vae(tmp_path, CLIPS)
    folder = tmp_path / "tiny"
    tensors = latents_of(CLIPS)
    for name, array, sentence in (
        ("mean", np.zeros((3, 6), np.float32), r"have no mean of shape \(2, 6\)"),
        ("point_labels", np.full(20, 2), "labels of the training clips are not those of the model"),
        ("names", np.frombuffer(b"[", np.uint8), "names of the training clips cannot be read"),
        ("names", np.frombuffer(b'["a"]', np.uint8), "are 1 names and 20 latents of training clips"),
        ("directions", np.zeros((2, 5), np.float32), r"attribute directions have shape \(2, 5\)"),
    ):
        write_safetensors(folder / LATENTS_FILE, tensors | {name: array})
        sign_again(folder)
        with pytest.raises(BadModel, match=f"{LATENTS_FILE} does not fit its card: .*{sentence}"):
            loading.load(folder)
    write_safetensors(folder / LATENTS_FILE, tensors)
    sign_again(folder)
    loading.load(folder)
    change_card(folder, config={**asdict(CLIPS), "channels": 32, "latent_size": 7})
    with pytest.raises(BadModel, match="its card asks for"):
        loading.load(folder)


def test_monotonic_values_have_no_reversals():
    there = np.array([1.0, 2.0, 2.5, 7.0])
    np.testing.assert_array_equal(monotonic(there), there)
    np.testing.assert_array_equal(monotonic(there[::-1]), there[::-1])
    np.testing.assert_allclose(
        monotonic(np.array([1.0, 4.0, 2.0, 9.0, 5.0])), [1.0, 3.0, 3.0, 5.0, 5.0]
    )  # no further than the end
    rng = np.random.default_rng(0)
    for values in rng.standard_normal((50, 7)):
        result = monotonic(values)
        assert result[[0, -1]].tolist() == values[[0, -1]].tolist()
        assert (np.diff(result) * np.sign(values[-1] - values[0]) >= 0).all()


@pytest.mark.parametrize("response", [0.6, 1.0, 1.5])
def test_brightness_is_adjusted_with_an_inexact_direction(response):
    def tone_at(octaves):
        return np.sin(2 * np.pi * 1_000 * 2.0 ** octaves[0] * np.arange(8_000) / 16_000).astype(np.float32)

    def shift(octaves, amount):
        shifted = octaves + response * amount
        return shifted, tone_at(shifted)

    start = np.zeros(1)
    target = brightness(tone_at(np.array([1.5])), 16_000)
    result = adjust_brightness(start, tone_at(start), target, shift, 16_000)
    assert abs(brightness(result, 16_000) - target) < 0.1
    assert abs(brightness(tone_at(start), 16_000) - target) > 1


def test_a_tilt_corrects_the_remaining_brightness():
    wave = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * np.exp(-np.arange(RATE) / 1000).astype(
        np.float32
    )
    for octaves in (-0.7, -0.1, 0.15):
        target = brightness(wave, RATE) + octaves
        result = adjust_brightness(np.zeros(1), wave, target, lambda latents, _: (latents, 0 * wave), RATE)
        assert brightness(result, RATE) == pytest.approx(target, abs=0.02)
    far = adjust_brightness(np.zeros(1), wave, brightness(wave, RATE) + 9, lambda latents, _: (latents, 0 * wave), RATE)
    assert np.isfinite(far).all()
    silence = np.zeros(RATE, np.float32)
    np.testing.assert_array_equal(
        adjust_brightness(np.zeros(1), silence, 3.0, lambda latents, _: (latents, silence), RATE), silence
    )
