"""Inference of the GAN: the meaning of a seed, noise and fade by formula, interpolation, refusals."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from tiny_models import CONFIG, LABELS, TinySpectral, TinyWave, make_gan, seeded, sign_again

from wavewright.base.errors import BadModel, BadSetting, TrainingStopped
from wavewright.dsp.interpolation import slerp
from wavewright.families import loading
from wavewright.families.gan.config import GanConfig
from wavewright.families.gan.training import SpectralGenerator, WaveGenerator
from wavewright.training.export import export_copy

# Clip 4 of seed 7 with the label snare, from NumPy's PCG64; another number here would change the sound of every seed.
GOLDEN_LATENT = [0.0309681, 0.4435765, -0.1832262, -0.2523767]
GOLDEN_NOISE = [0.7357402, 0.1469648, 0.8271550]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return loading.load(make_gan(tmp_path_factory.mktemp("gan")))


def random_of(seed, index, label):
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, zlib.crc32(label.encode())])))


def fade_out(n_samples, n_fade):
    """Ones, then half a period of a raised cosine down to 0."""
    gain = np.ones(n_samples, np.float32)
    gain[-n_fade:] = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, n_fade + 1) / n_fade)
    return gain


def test_a_clip_equals_torch_with_the_same_random_numbers(model):
    rng = random_of(7, 4, "snare")
    latent = torch.from_numpy(rng.standard_normal((1, 4), dtype=np.float32))
    noise = torch.from_numpy(rng.standard_normal(1600, dtype=np.float32))
    spectrum, noise_gain = export_copy(seeded(TinySpectral))(latent, torch.tensor([1]))
    window = torch.hann_window(64)
    transform = {"n_fft": 64, "hop_length": 16, "window": window}
    shaped = noise_gain[0] * torch.stft(noise, **transform, pad_mode="constant", return_complex=True)
    expected = torch.istft(torch.complex(spectrum[0, 0], spectrum[0, 1]) + shaped, **transform, length=1600)
    expected[:8] *= torch.linspace(0, 1, 8)
    expected *= torch.from_numpy(fade_out(1600, 40))  # 5 ms at 8 kHz
    wave = model.generate("snare", 1, seed=7, start=4)[0][0]
    assert 0.01 < np.abs(wave).max() < 1
    np.testing.assert_allclose(wave, expected.numpy(), atol=1e-4)


def test_the_meaning_of_a_seed_never_changes(model):
    draw = model._draw(7, 4, 1)
    np.testing.assert_allclose(draw.latent, GOLDEN_LATENT, atol=1e-6)
    np.testing.assert_allclose(draw.noise[:3], GOLDEN_NOISE, atol=1e-6)


@pytest.mark.parametrize("temperature", [0.0, 0.5, 2.0])
def test_temperature_scales_the_latent_vector_alone(model, tmp_path, temperature):
    cool = loading.load(make_gan(tmp_path, temperature=temperature))
    draw, known = cool._draw(7, 4, 1), model._draw(7, 4, 1)
    np.testing.assert_allclose(draw.latent, temperature * known.latent, rtol=1e-6)
    np.testing.assert_array_equal(draw.noise, known.noise)


def test_a_clip_depends_on_label_seed_and_index_alone(model):
    together = model.generate("kick", 5, seed=3)
    for index in range(5):
        np.testing.assert_array_equal(model.generate("kick", 1, seed=3, start=index)[0], together[index])
    others = [together[1], model.generate("hat", 1, seed=3)[0], model.generate("kick", 1, seed=4)[0]]
    assert all(np.abs(together[0] - other).max() > 1e-3 for other in others)


def test_without_a_label_each_gets_its_turn(model):
    waves = model.generate(count=4, seed=3, start=2)
    for index, wave in enumerate(waves, start=2):
        np.testing.assert_array_equal(wave, model.generate(LABELS[index % 3], 1, seed=3, start=index)[0])


def test_interpolation_ends_at_the_clips_of_its_seeds(model):
    path = np.stack(model.interpolate(7, 9, 5, "hat"))
    assert path.shape == (5, 1, 1600)
    np.testing.assert_array_equal(path[0], model.generate("hat", 1, seed=7)[0])
    np.testing.assert_array_equal(path[-1], model.generate("hat", 1, seed=9)[0])
    np.testing.assert_array_equal(model.interpolate(7, 9, 2)[0], model.generate(LABELS[0], 1, seed=7)[0])
    steps = np.abs(np.diff(path[:, 0], axis=0)).mean(axis=1)
    assert steps.max() < 0.8 * np.abs(path[0] - path[-1]).mean()


def test_slerp_has_a_constant_angular_speed_and_keeps_the_length():
    a, b = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
    for t in (0.25, 0.5, 0.9):
        angle = t * np.pi / 2
        np.testing.assert_allclose(slerp(a, b, t), [np.cos(angle), np.sin(angle)], atol=1e-6)
    np.testing.assert_allclose(slerp(a, 3 * a, 0.5), [2.0, 0.0])
    np.testing.assert_array_equal(slerp(np.zeros(2, np.float32), a, 0.5), [0.5, 0.0])
    assert slerp(np.zeros(0, np.float32), np.zeros(0, np.float32), 0.5).shape == (0,)
    noise = [np.random.default_rng(seed).standard_normal(50_000).astype(np.float32) for seed in (0, 1)]
    assert slerp(*noise, 0.5).std() == pytest.approx(1.0, abs=0.01)


def test_loud_clips_are_attenuated_to_full_scale(tmp_path):
    quiet = loading.load(make_gan(tmp_path, "quiet"))
    loud = loading.load(make_gan(tmp_path, "loud", seeded(lambda: TinySpectral(gain=100.0))))
    wave, reference = loud.generate("kick", 1)[0], quiet.generate("kick", 1)[0]
    assert np.abs(wave).max() == 1.0
    np.testing.assert_allclose(wave, reference / np.abs(reference).max(), atol=1e-4)


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    module = seeded(TinySpectral)
    with torch.no_grad():
        module.out.bias.fill_(200.0)  # its exponential is infinite
    with pytest.raises(TrainingStopped, match="noise_gain is not a finite number"):
        make_gan(tmp_path, "exploded", module)
    folder = make_gan(tmp_path, "damaged")
    weights = load_file(folder / "weights.safetensors")
    bias = weights["generator.out.bias"].tobytes()
    contents = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(contents.replace(bias, np.full(99, np.nan, np.float32).tobytes()))
    sign_again(folder)
    with pytest.raises(BadModel, match="damaged produced NaN or infinite values"):
        loading.load(folder).generate("kick", 1)


def test_unknown_labels_are_refused_with_those_there_are(model, tmp_path):
    with pytest.raises(
        BadSetting, match=r"tiny has no label 'snar'; its labels are kick, snare, hat; did you mean snare\?"
    ):
        model.generate("snar")
    with pytest.raises(BadSetting, match=r"tiny has no label 'x'; its labels are kick, snare, hat\.$"):
        model.interpolate(1, 2, 3, "x")
    with pytest.raises(BadSetting, match="needs at least 2"):
        model.interpolate(1, 2, 1)
    plain = loading.load(make_gan(tmp_path, "plain", labels=()))
    assert np.shape(plain.generate(count=2)) == (2, 1, 1600)
    with pytest.raises(BadSetting, match="plain has no labels, so 'kick' cannot be asked for"):
        plain.generate("kick")


def test_codes_are_drawn_or_chosen(tmp_path):
    coded = loading.load(make_gan(tmp_path, "coded", code_categories=2, code_continuous=1))
    draws = [coded._draw(0, index, 0).code for index in range(200)]
    assert all(sorted(code[:2]) == [0.0, 1.0] and -1 <= code[2] <= 1 for code in draws)
    assert 60 < sum(code[0] for code in draws) < 140
    own = coded._draw(5, 0, 0).code
    np.testing.assert_array_equal(coded.generate("kick", 1, seed=5, code=own), coded.generate("kick", 1, seed=5))
    other = coded.generate("kick", 1, seed=5, code=[own[1], own[0], -own[2]])
    assert np.abs(other[0] - coded.generate("kick", 1, seed=5)[0]).max() > 1e-3
    for code in ([1.0, 0.0], [1.0, 0.0, np.nan]):
        with pytest.raises(BadSetting, match="coded takes 3 finite numbers: 2 for the category, 1 in"):
            coded.generate("kick", code=code)


def test_waveform_generators_only_add_a_fade(tmp_path):
    model = loading.load(make_gan(tmp_path, "wave", seeded(TinyWave), generator="waveform"))
    latent = torch.from_numpy(random_of(2, 0, "kick").standard_normal((1, 4), dtype=np.float32))
    expected = export_copy(seeded(TinyWave))(latent, torch.tensor([0])).numpy() * fade_out(1600, 40)
    np.testing.assert_allclose(model.generate("kick", 1, seed=2), expected, atol=1e-4)
    np.testing.assert_array_equal(model.interpolate(2, 3, 2, "kick")[0], model.generate("kick", 1, seed=2)[0])


def test_real_generators_export_as_they_compute(tmp_path):
    sizes = {**CONFIG, "channels": 16, "n_blocks": 1, "noise_bands": 8, "label_size": 4, "recurrent": True}
    for make, kind in ((SpectralGenerator, "spectral"), (WaveGenerator, "waveform")):
        config = {**sizes, "generator": kind}
        module = seeded(lambda make=make, config=config: make(GanConfig(**config)))
        model = loading.load(make_gan(tmp_path, kind, module, **{**config, "labels": LABELS}))
        waves = model.generate(count=3, seed=1)
        draw = model._draw(1, 2, 2)
        with torch.no_grad():
            outputs = export_copy(module)(torch.from_numpy(draw.latent)[None], torch.tensor([2]))
        if kind == "waveform":
            np.testing.assert_allclose(waves[2], outputs[0].numpy() * module.fade.numpy(), atol=1e-4)
        else:
            wave = model._inverse_stft(*(x.numpy() for x in outputs), draw.noise)
            np.testing.assert_allclose(waves[2][0], wave * module.fade.numpy(), atol=1e-4)


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.15, 60.0])
@pytest.mark.parametrize("kind", ["spectral", "waveform"])
def test_clips_fade_out_over_their_last_seconds(tmp_path, seconds, kind):
    make = {"spectral": TinySpectral, "waveform": TinyWave}[kind]
    plain = loading.load(make_gan(tmp_path, "plain", seeded(make), generator=kind, fade_out_seconds=0.0))
    faded = loading.load(make_gan(tmp_path, "faded", seeded(make), generator=kind, fade_out_seconds=seconds))
    n_fade = min(1600, round(seconds * 8000))
    gain = fade_out(1600, n_fade) if n_fade else 1.0
    np.testing.assert_allclose(
        faded.generate("kick", 2, seed=5), np.stack(plain.generate("kick", 2, seed=5)) * gain, atol=1e-6
    )
