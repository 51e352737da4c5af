"""The VAE: frames and losses by formula, gradients, latents, batches, warm start, and a whole run."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_clips import write_labelled
from tiny_families import kept
from tiny_vae import CAUSAL, make_vae

from wavewright.base.errors import BadFolder, BadSetting
from wavewright.contracts.settings import override
from wavewright.data.folder import scan
from wavewright.data.manifest import read
from wavewright.data.preparation import PEAK
from wavewright.dsp.interpolation import slerp
from wavewright.dsp.spectral_frames import (
    StreamingISTFT,
    StreamingSTFT,
    band_interpolation,
    head_to_spectrum,
    noise_gains,
    spectrum_to_features,
)
from wavewright.families import loading
from wavewright.families.vae import VAE, latent_distribution
from wavewright.families.vae.attributes import AttributeDirections, measure_attributes
from wavewright.families.vae.conditioning import conditioning_batch, pitch_features
from wavewright.families.vae.config import METRICS, SIZES, VaeConfig
from wavewright.families.vae.latent_distribution import LatentDistribution, active_fraction
from wavewright.families.vae.recipe import CONDITIONING_WEIGHT, initial_weights, new_tables, prepare, recipe
from wavewright.families.vae.training import (
    Vae,
    draw_conditioning,
    encode_clips,
    fit_directions,
    fit_distribution,
    kl_divergence,
    slerp as torch_slerp,
)
from wavewright.models.folder import ModelFolder
from wavewright.nn.spectral_frames import SpectralFrames
from wavewright.nn.spectral_losses import SpectralEnergyDistance
from wavewright.training.choices import choose_recipe
from wavewright.training.health import Health
from wavewright.training.parameters import TrainParameters
from wavewright.training.train import train

RATE = 8_000
SMALL = {
    "channels": 16,
    "hidden": 24,
    "kernel_size": 5,
    "encoder_blocks": 1,
    "decoder_blocks": 2,
    "latent_size": 8,
    "noise_bands": 12,
}
TINY = VaeConfig(
    sample_rate=RATE, n_samples=2048, n_fft=256, hop_length=64, labels=("high", "low"), critic_channels=8, **SMALL
)
FRAMES = replace(TINY, latent="frames", frames_per_latent=2)
VARIANTS = {
    "clips": TINY,
    "critics": replace(TINY, adversarial_from=1),
    "no labels": replace(TINY, labels=()),
    "pitched": replace(TINY, pitched=True),
    "no noise": replace(TINY, noise_bands=0),
    "frames": FRAMES,
    "causal": replace(FRAMES, causal=True, labels=()),
    "critics of interpolations": replace(TINY, adversarial_from=1, critic_interpolations=True),
    "frames with critics": replace(FRAMES, adversarial_from=1, critic_interpolations=True),
    "48 kHz": replace(TINY, sample_rate=48_000, n_samples=6400),
}
SETTINGS = TINY.frame_settings


def tone(f0_hz: float, seconds: float = 0.3, decay: float = 0.05, seed: int = 0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    noise = 0.1 * np.random.default_rng(seed).standard_normal(len(time))
    return ((0.7 * np.sin(2 * np.pi * f0_hz * time) + noise) * np.exp(-time / decay)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with ten decaying tones of each of two labels."""
    waves = {
        label: [tone(f0_hz * 1.05**index, decay=0.03 + 0.005 * index, seed=index) for index in range(10)]
        for label, f0_hz in (("high", 900), ("low", 200))
    }
    return write_labelled(tmp_path_factory.mktemp("tones"), waves, RATE)


def batch_for(config: VaeConfig, n: int = 4) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    wave = 0.1 * torch.randn(n, 1, config.n_samples, generator=draw)
    return {"wave": wave, "label": torch.arange(n) % 2, "pitch": torch.full((n,), 64.0)}


# --- frames


def test_frames_rebuild_the_wave_piece_by_piece():
    wave = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    padded = np.pad(wave, (0, SETTINGS.n_fft))
    whole = StreamingSTFT(SETTINGS).push(padded)
    analysis, synthesis = StreamingSTFT(SETTINGS), StreamingISTFT(SETTINGS)
    pieces = [analysis.push(piece) for piece in np.split(padded, [1, 70, 71, 500])]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    rebuilt = np.concatenate([synthesis.push(piece) for piece in pieces])
    before = SETTINGS.n_fft - SETTINGS.hop_length
    np.testing.assert_allclose(rebuilt[before : before + 1000], wave, atol=1e-6)
    np.testing.assert_array_equal(rebuilt, StreamingISTFT(SETTINGS).push(whole))


def test_torch_and_numpy_compute_the_same_frames():
    frames, rng = SpectralFrames(SETTINGS), np.random.default_rng(1)
    wave = rng.standard_normal((2, 640)).astype(np.float32)
    n_frames = frames.n_frames(640)
    spectrum = frames.spectrum(torch.from_numpy(wave), n_frames)
    expected = StreamingSTFT(SETTINGS).push(np.pad(wave[1], (0, SETTINGS.n_fft - SETTINGS.hop_length)))
    np.testing.assert_allclose(spectrum[1].numpy(), expected, atol=1e-4)
    features = frames.features(spectrum)[1].numpy()
    np.testing.assert_allclose(features, spectrum_to_features(expected, 0, SETTINGS), atol=1e-4)
    np.testing.assert_allclose(features[4:], spectrum_to_features(expected[4:], 4, SETTINGS), atol=1e-4)
    head = (0.3 * rng.standard_normal((1, n_frames, 3 * SETTINGS.n_bins))).astype(np.float32)
    tonal = frames.tonal_spectrum(torch.from_numpy(head))
    np.testing.assert_allclose(tonal[0].numpy(), head_to_spectrum(head[0], 0, SETTINGS), rtol=1e-4, atol=1e-3)
    perfect = np.concatenate(
        [np.zeros((n_frames, SETTINGS.n_bins), np.float32), features[:, SETTINGS.n_bins :]], axis=1
    )
    np.testing.assert_allclose(head_to_spectrum(perfect, 0, SETTINGS), expected, atol=2e-3 * np.abs(expected).max())
    assert float(frames.complex_distance(spectrum, torch.zeros(2, n_frames, 3 * SETTINGS.n_bins))) == pytest.approx(1.0)
    assert float(frames.complex_distance(spectrum[1:], torch.from_numpy(perfect)[None])) < 1e-3
    rebuilt = frames.to_wave(spectrum, 640)
    np.testing.assert_allclose(rebuilt.numpy(), wave, atol=1e-5)


def test_a_steady_tone_is_a_constant_for_the_encoder():
    bin_number = 20
    time = np.arange(4096) / RATE
    wave = np.cos(2 * np.pi * bin_number * RATE / SETTINGS.n_fft * time).astype(np.float32)
    features = spectrum_to_features(StreamingSTFT(SETTINGS).push(wave), 0, SETTINGS)[8:, SETTINGS.n_bins :]
    phase = np.arctan2(features[:, SETTINGS.n_bins + bin_number], features[:, bin_number])
    np.testing.assert_allclose(phase, phase[0], atol=1e-3)
    np.testing.assert_allclose(
        np.hypot(features[:, SETTINGS.n_bins + bin_number], features[:, bin_number]), 1.0, atol=1e-3
    )


def test_noise_has_the_level_of_its_gains():
    lower, fraction = band_interpolation(12, 256, RATE)
    assert (lower[0], fraction[0], lower[-1], fraction[-1]) == (0, 0.0, 10, 1.0)
    white = StreamingSTFT(SETTINGS).push(np.random.default_rng(0).standard_normal(40_000).astype(np.float32))
    gains = noise_gains(np.full((len(white), 12), math.log(0.5), np.float32), SETTINGS)
    magnitude = np.abs(white * gains)[4:, 1:-1] / SETTINGS.scale
    assert np.sqrt(np.square(magnitude).mean()) == pytest.approx(0.5, rel=0.02)


# --- losses and gradients


def test_the_divergence_is_the_integral_that_defines_it():
    z = np.linspace(-20, 20, 20_001)
    for mean, log_variance in ((0.0, 0.0), (1.5, -1.0), (-0.3, 1.2)):
        density, prior = (
            np.exp(-((z - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)
            for m, v in ((mean, np.exp(log_variance)), (0.0, 1.0))
        )
        integrand = np.where(
            density > 0, density * np.log(np.maximum(density, 1e-300) / np.maximum(prior, 1e-300)), 0.0
        )
        result = kl_divergence(torch.tensor(mean), torch.tensor(log_variance))
        assert float(result) == pytest.approx(integrand.sum() * (z[1] - z[0]), abs=1e-5)


def test_slerp_is_the_same_in_torch_and_numpy():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 6, 8)).astype(np.float32)
    b[0], b[1] = 2 * a[0], a[1]  # in one line: no circle
    positions = np.array([0.3, 0.3, 0.5, 0.0, 1.0, 0.8], np.float32)
    expected = [slerp(*row, float(t)) for *row, t in zip(a, b, positions, strict=True)]
    result = torch_slerp(torch.from_numpy(a), torch.from_numpy(b), torch.from_numpy(positions)[:, None])
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-5)


def test_critics_judge_reconstructions_and_interpolations_by_turns():
    network, batch = Vae(VARIANTS["critics of interpolations"]), batch_for(TINY)
    judged: list[torch.Tensor] = []
    network.critic.inputs = lambda wave: judged.append(wave.squeeze(1)) or [wave]
    network.critic.score = lambda inputs, label: (inputs[0].mean(2), inputs[0].mean(2))
    for step in range(4):
        for _, loss_function in network.turns(step + 4):
            losses = loss_function(batch)
        fake, is_reconstruction = judged[-2], step < 2
        assert torch.equal(fake, batch["draws"][0]) == is_reconstruction
        assert ("adv/features" in losses) == is_reconstruction
    assert fake.shape == batch["draws"][0].shape
    fake.square().mean().backward()
    assert network.autoencoder.encoder.in_proj.weight.grad.abs().max() > 0


def test_the_spectral_distance_is_smallest_for_draws_of_the_same_distribution():
    torch.manual_seed(0)
    distance = SpectralEnergyDistance(RATE, 2048)
    white, others = torch.randn(16, 2048), [torch.randn(16, 2048) for _ in range(2)]
    assert all(float(value) < 1e-6 for value in distance(white, [white]).values())
    for gain in (0.5, 2.0):
        nearer, farther = distance(white, others), distance(white, [gain * other for other in others])
        assert all(float(nearer[name]) < float(farther[name]) for name in nearer)
    silence = distance(white, [torch.zeros(16, 2048)] * 2)
    assert all(float(silence[name]) > float(nearer[name]) for name in nearer)


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_gradients_reach_every_parameter_and_losses_are_declared(config):
    torch.manual_seed(0)
    network, seen = Vae(config), set()
    for step in (
        (2, 4) if config.adversarial_from else (0,)
    ):  # of interpolations and of reconstructions, where both are judged
        network.zero_grad()
        batch = batch_for(config)
        for runtime, loss_function in network.turns(step):
            losses, weights = loss_function(batch), network.loss_weights(step)
            assert all(torch.isfinite(loss) for loss in losses.values())
            parameters = list(network.players()[runtime].parameters())
            sum(weights[name] * loss for name, loss in losses.items()).backward(inputs=parameters)
            seen |= losses.keys()
            assert [name for name, p in network.players()[runtime].named_parameters() if p.grad is None] == []
    assert seen == network.loss_weights(step).keys()
    assert batch["draws"][0].shape == (4, config.n_samples)
    assert batch["mean"].shape == (4, config.n_latents, 8)


def test_kl_ramp_and_start_of_the_critics():
    network = Vae(replace(TINY, beta=0.1, warmup_steps=10, adversarial_from=20))
    assert [network.loss_weights(step)["kl/nats"] for step in (0, 4, 9, 500)] == pytest.approx([0.01, 0.05, 0.1, 0.1])
    assert [len(network.turns(step)) for step in (0, 19, 20)] == [1, 1, 2]
    assert (network.stage_starts(), Vae(TINY).stage_starts()) == ((0, 20), (0,))
    assert "penalty/r1" not in network.loss_weights(19)


def test_free_nats_cost_nothing():
    network, batch = Vae(replace(TINY, free_nats=10.0)), batch_for(TINY)
    loss = network.reconstruction_losses(batch)["kl/nats"]
    assert loss.item() == pytest.approx(10.0 * TINY.latent_size)


def test_labels_are_dropped_with_their_probability():
    batch = {"label": torch.ones(2000, dtype=torch.int64), "pitch": torch.full((2000,), 60.0)}
    conditioning = draw_conditioning(replace(TINY, pitched=True), batch, dropout=0.3)
    assert conditioning.shape == (2000, 5)
    assert float(conditioning[:, 0].abs().max()) == 0.0
    assert float(conditioning[:, 1].mean()) == pytest.approx(0.7, abs=0.05)
    torch.testing.assert_close(conditioning[0, 2:], torch.tensor([0.0, 0.0, 1.0]))
    rows = conditioning_batch(3, 1, [60.0, 63.0], replace(TINY, pitched=True))
    np.testing.assert_allclose(rows, [[0, 1, 0, 0, 1], [0, 1, 0.125, 1, 0], [0, 1, 0, 0, 1]], atol=1e-6)
    assert conditioning_batch(2, None, None, TINY).tolist() == [[0, 0], [0, 0]]


def test_one_batch_is_overfitted():
    torch.manual_seed(0)
    network = Vae(replace(TINY, labels=(), beta=0.0, channels=32, hidden=64))
    waves = torch.from_numpy(np.stack([tone(200.0 * 1.4**k, 0.256)[None] for k in range(4)]))
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    levels = []
    for _ in range(60):
        losses = network.reconstruction_losses({"wave": waves})
        optimizer.zero_grad()
        sum(network.loss_weights(0)[name] * loss for name, loss in losses.items()).backward()
        optimizer.step()
        levels.append(float(losses["mel/l1"].detach()))
    assert np.mean(levels[-5:]) < 0.45 * np.mean(levels[:3])


@pytest.mark.parametrize("size", SIZES)
def test_sizes(size):
    network = Vae(replace(SIZES[size], labels=("a", "b"))).autoencoder
    assert sum(p.numel() for p in network.parameters()) < 5_000_000
    assert recipe(size).training.batch_size % 4 == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hop_length": 96}, "n_fft is 256 and hop_length 96; n_fft must be 2, 4, 6"),
        ({"n_samples": 2050}, "n_samples is 2050; it must be a multiple of 64, for example 2048"),
        ({"sample_rate": 96_000}, "sample_rate is 96000; it must lie between 4000 and 48000"),
        ({"causal": True}, "causal belongs to latent=frames; give both, or leave causal out"),
        ({"labels": ("a", "a")}, "labels are 'a', 'a'; each needs a name of its own"),
        ({"n_samples": 64}, "n_samples is 64, 0.008 s at 8000 Hz; it must be 0.05 to 60 s"),
    ],
)
def test_impossible_settings_are_refused(change, sentence):
    with pytest.raises(BadSetting, match=sentence):
        replace(TINY, **change)


def test_crops_need_no_whole_number_of_latents():
    assert VaeConfig(latent="frames").n_frames == 128  # 125, rounded up to whole latents of 4 frames
    config = replace(TINY, latent="frames", n_samples=1984, frames_per_latent=4)  # 34 frames
    network, batch = Vae(config), batch_for(config)
    losses = network.reconstruction_losses(batch)
    sum(losses.values()).backward()
    assert batch["mean"].shape == (4, config.n_latents, 8) == (4, 9, 8)
    assert all(draw.shape == (4, 1984) for draw in batch["draws"])
    assert all(torch.isfinite(loss) for loss in losses.values())


@pytest.mark.parametrize("n_samples", [0.1, 1, 64, 65, 500, 1_000, 1_001])
def test_a_clip_of_any_length_has_the_latents_that_cover_it(n_samples):
    n_latents, length = FRAMES.generated_lengths(n_samples / RATE)
    overlapping = FRAMES.frame_settings.n_overlapping - 1
    fewer, enough = (n * FRAMES.frames_per_latent - overlapping for n in (n_latents - 1, n_latents))
    assert length == max(1, round(n_samples))
    assert fewer * FRAMES.hop_length < length <= enough * FRAMES.hop_length


def test_latency_is_the_look_ahead_of_the_layers():
    causal = replace(FRAMES, causal=True)
    assert causal.latency_seconds == (256 + 64) / RATE  # a window and the second frame of a latent
    assert FRAMES.latency_seconds == (256 + (6 + 1) * 64) / RATE  # three layers look two frames ahead each
    assert TINY.latency_seconds == 2048 / RATE


# --- latents


def test_samples_have_the_moments_of_the_aggregated_posterior():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0] * [2.0, 1.0, 0.5, 0.1]
    means = (rng.standard_normal((4000, 1, 4)) @ turn.T + [1, 2, 3, 4]).astype(np.float32)
    distribution = LatentDistribution.fit(
        means, np.full((4000, 1, 4), 0.25), np.zeros(4000, int), 1, [str(index) for index in range(4000)]
    )
    drawn = np.stack([distribution.sample(rng, 0, 1)[0] for _ in range(4000)])
    np.testing.assert_allclose(drawn.mean(axis=0), [1, 2, 3, 4], atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), turn @ turn.T + 0.25 * np.eye(4), atol=0.25)
    np.testing.assert_allclose(distribution.sample(rng, 0, 1, temperature=0.0)[0], distribution.mean[0], atol=1e-6)
    assert distribution.nearest(distribution.clip_latents[17], 2)[0] == (17, 0.0)


def test_sampled_sequences_keep_their_autocorrelation():
    rng, autocorrelation = np.random.default_rng(0), np.array([0.9, 0.0])
    sequences = rng.standard_normal((200, 100, 2))
    for index in range(1, 100):
        sequences[:, index] = (
            autocorrelation * sequences[:, index - 1] + np.sqrt(1 - autocorrelation**2) * sequences[:, index]
        )
    distribution = LatentDistribution.fit(
        sequences.astype(np.float32), np.full((200, 100, 2), 1e-6), np.zeros(200, int), 1, ["x"] * 200
    )
    drawn = np.stack([distribution.sample(rng, 0, 100) for _ in range(100)])
    result = (drawn[:, 1:] * drawn[:, :-1]).mean(axis=(0, 1)) / np.square(drawn).mean(axis=(0, 1))
    np.testing.assert_allclose(result, autocorrelation, atol=0.05)


def test_inactive_latents_are_counted_and_reported():
    rng = np.random.default_rng(0)
    means = rng.standard_normal((50, 1, 4)) * [1, 1, 1e-3, 1]
    nats = np.ones((50, 1, 4)) * [1, 1, 1, 1e-4]
    assert active_fraction(means, nats) == 0.5
    reported: list[str] = []
    for active in (0.0, 0.2, 1.0):
        health = Health()
        for _ in range(4):
            assert health.after_evaluation({"valid/active": active}, VAE.health, reported.append) is None
    assert len(reported) == 2
    assert "the latents have collapsed" in reported[0]
    assert "lower model.beta" in reported[0]
    assert "80% of the dimensions of the latents are dead" in reported[1]


# --- data


def tiny_recipe(config: VaeConfig = TINY, *settings: str):
    base = recipe("tiny")
    training = replace(base.training, threads=1, precision="float32")
    return override(replace(base, model=config, training=training), settings)


def test_batches_are_a_function_of_the_step(folder, tmp_path):
    prepared = prepare(tiny_recipe(TINY, "gain_range_db=6"), scan(folder, "folder").entries, tmp_path)
    first, again = prepared.batches(7), prepared.batches(7)
    assert first["wave"].shape == (8, 1, 2048)
    assert sorted(set(first["label"])) == [0, 1]
    np.testing.assert_array_equal(first["wave"], again["wave"])
    peaks = np.abs(first["wave"]).max(axis=(1, 2))
    assert np.all((peaks > 0.95 * 10 ** (-6 / 20) - 1e-6) & (peaks < 0.951))
    assert len(set(peaks)) > 1
    assert prepared.names[0] == "high/0.wav" if "high/0.wav" in prepared.names else "low/0.wav"


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_a_fraction_of_the_one_shots_is_augmented(folder, tmp_path, fraction):
    settings = (f"varied_fraction={fraction}", "slowest=1", "fastest=1", "gain_range_db=0")
    prepared = prepare(tiny_recipe(TINY, *settings), scan(folder, "folder").entries, tmp_path)
    recorded = {wave.tobytes() for wave in prepared.waves(prepared.train)}
    drawn = [wave for step in range(40) for wave in prepared.batches(step)["wave"]]
    varied = np.mean([wave[0].tobytes() not in recorded for wave in drawn])
    assert varied == (fraction if fraction in (0.0, 1.0) else pytest.approx(fraction, abs=0.1))
    np.testing.assert_allclose([np.abs(wave).max() for wave in drawn], PEAK, rtol=1e-3)


def test_crops_of_clips_of_any_length(folder, tmp_path):
    prepared = prepare(tiny_recipe(replace(FRAMES, n_samples=1024)), scan(folder, "folder").entries, tmp_path)
    batch = prepared.batches(3)
    assert batch["wave"].shape == (8, 1, 1024)
    np.testing.assert_array_equal(batch["wave"], prepared.batches(3)["wave"])
    assert sum(position == (row, 1024) for row in range(20) for position in prepared.train.positions) > 10


def test_pitch_comes_from_the_manifest_and_goes_with_the_speed(folder, tmp_path):
    rows = [
        {"audio_filepath": str(folder / label / f"{index}.wav"), "label": label, "pitch": 60 + index}
        for label in ("high", "low")
        for index in range(10)
    ]
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    entries = read(manifest).entries
    assert entries[3].pitch == 63.0
    config = replace(TINY, pitched=True)
    batch = prepare(tiny_recipe(config, "slowest=2", "fastest=2"), entries, tmp_path).batches(0)
    assert np.all(np.isin(batch["pitch"], 72 + np.arange(10)))
    with pytest.raises(BadSetting, match=r"have no pitch .* give each a MIDI number as pitch in a manifest"):
        prepare(tiny_recipe(config), scan(folder, "folder").entries, tmp_path)
    rows[0]["pitch"] = 128
    manifest.write_text(json.dumps(rows[0]), encoding="utf-8")
    with pytest.raises(BadFolder, match="pitch is 128; it must be a number of MIDI, 0 to 127"):
        read(manifest)


def test_settings_that_do_not_fit_are_refused():
    assert choose_recipe("vae", "small", ["latent=frames", "causal=true"]).model.causal
    with pytest.raises(BadSetting, match="batch_size is 6; it must be a multiple of 4"):
        choose_recipe("vae", "tiny", ["batch_size=6"])
    with pytest.raises(BadSetting, match="metric is 'valid/loss'; a VAE is measured by valid/mel"):
        choose_recipe("vae", "tiny", ["metric=valid/loss"])


# --- warm start


TRAINING = (
    "threads=1",
    "batch_size=4",
    "sample_rate=8000",
    "n_samples=2048",
    "n_fft=256",
    "hop_length=64",
    *(f"{name}={value}" for name, value in SMALL.items()),
)


@pytest.fixture(scope="module")
def base(folder):
    """A model of the labels ``high`` and ``low``, trained for two steps."""

    def make(out):
        train(TrainParameters(folder, "vae", "tiny", out, label_from="folder", set=["steps=2", *TRAINING], quiet=True))

    return ModelFolder(kept("base", make, __file__))


def state_of(base: ModelFolder, config: VaeConfig) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in initial_weights(base, config).items()}


def decoder_head(state: dict[str, torch.Tensor], config: VaeConfig, conditioning: torch.Tensor | None) -> torch.Tensor:
    """Return the head of three fixed latents."""
    autoencoder = Vae(config).inference_module()
    autoencoder.load_state_dict(state)
    latents = torch.randn(3, 1, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return autoencoder.decode_frames(latents, conditioning)[0]


def untrained_state(base: ModelFolder, config: VaeConfig) -> dict[str, torch.Tensor]:
    """Return :func:`state_of` with the initial zeros and ones, which an untrained export shares between layers."""
    return Vae(config).inference_module().state_dict() | state_of(base, config)


def test_a_new_label_starts_at_the_mean_of_the_known_ones(base):
    known = initial_weights(base, TINY)[CONDITIONING_WEIGHT]
    config = replace(TINY, labels=("bell", "low"))
    weights = initial_weights(base, config)[CONDITIONING_WEIGHT]
    np.testing.assert_allclose(weights, np.stack([known.mean(axis=1), known[:, 1]], axis=1), rtol=1e-6)
    assert new_tables(base, config) == (CONDITIONING_WEIGHT,)
    assert new_tables(base, replace(TINY, labels=("low",))) == ()


def test_the_weights_of_pitch_stay_with_other_labels_or_none(tmp_path):
    make_vae(tmp_path, CAUSAL)
    pitched = ModelFolder(tmp_path / "tiny")
    known = initial_weights(pitched, CAUSAL)[CONDITIONING_WEIGHT]
    assert known.shape == (CAUSAL.condition_size, 5)
    for labels in ((), ("low",), ("bell", "high", "low")):
        weights = initial_weights(pitched, replace(CAUSAL, labels=labels))[CONDITIONING_WEIGHT]
        np.testing.assert_array_equal(weights[:, len(labels) :], known[:, 2:])
        assert weights.shape[1] == len(labels) + 3


def test_without_labels_a_model_starts_as_the_base_with_dropped_labels(base):
    unlabelled = replace(TINY, labels=())
    head = decoder_head(state_of(base, unlabelled), unlabelled, None)
    expected = decoder_head(state_of(base, TINY), TINY, torch.zeros(3, 2))
    torch.testing.assert_close(head, expected, atol=1e-4, rtol=1e-4)


def test_labels_that_the_base_does_not_have_start_without_effect(base, folder, tmp_path):
    settings = ["steps=1", "threads=1"]
    train(
        TrainParameters(
            folder, "vae", "tiny", tmp_path / "run", label_from="none", set=settings, from_=str(base.path), quiet=True
        )
    )
    unlabelled = replace(TINY, labels=())
    run = ModelFolder(tmp_path / "run")
    expected = decoder_head(state_of(run, unlabelled), unlabelled, None)
    for label in range(2):
        head = decoder_head(state_of(run, TINY), TINY, torch.eye(2)[[label] * 3])
        torch.testing.assert_close(head, expected, atol=1e-4, rtol=1e-4)


def test_labels_that_a_base_with_pitch_does_not_have_start_without_effect(tmp_path):
    make_vae(tmp_path, replace(CAUSAL, labels=()))
    pitched = ModelFolder(tmp_path / "tiny")
    known = initial_weights(pitched, replace(CAUSAL, labels=()))[CONDITIONING_WEIGHT]
    weights = initial_weights(pitched, CAUSAL)[CONDITIONING_WEIGHT]
    np.testing.assert_array_equal(weights, np.pad(known, ((0, 0), (2, 0))))
    assert new_tables(pitched, CAUSAL) == (CONDITIONING_WEIGHT,)


def test_pitch_that_the_base_does_not_have_starts_without_effect(tmp_path):
    unpitched = replace(TINY, pitched=False)
    make_vae(tmp_path, unpitched)
    base, pitched = ModelFolder(tmp_path / "tiny"), replace(TINY, pitched=True)
    weights = torch.eye(2)[[0, 1, 1]]
    features = torch.cat([weights, torch.from_numpy(pitch_features(np.array([40.0, 60.0, 81.0])))], 1)
    head = decoder_head(untrained_state(base, pitched), pitched, features)
    expected = decoder_head(untrained_state(base, unpitched), unpitched, weights)
    torch.testing.assert_close(head, expected, atol=1e-5, rtol=1e-5)
    assert new_tables(base, pitched) == (CONDITIONING_WEIGHT,)


@pytest.mark.parametrize("labels", [("high", "low"), ()])
def test_without_pitch_a_model_starts_as_the_base_at_the_centre_pitch(tmp_path, labels):
    pitched = replace(TINY, labels=labels, pitched=True)
    make_vae(tmp_path, pitched)
    base, unpitched = ModelFolder(tmp_path / "tiny"), replace(TINY, labels=labels)
    weights = torch.eye(3)[:, : len(labels)]
    centre = torch.from_numpy(pitch_features(np.full(3, 60.0)))
    expected = decoder_head(untrained_state(base, pitched), pitched, torch.cat([weights, centre], 1))
    head = decoder_head(untrained_state(base, unpitched), unpitched, weights if labels else None)
    torch.testing.assert_close(head, expected, atol=1e-4, rtol=1e-4)
    assert new_tables(base, unpitched) == ()


@pytest.mark.parametrize("pitched", [False, True])
def test_new_conditioning_does_not_move_back_to_a_base_without_it(tmp_path, pitched):
    unconditioned = replace(CAUSAL, labels=(), pitched=False)
    make_vae(tmp_path, unconditioned)
    base = ModelFolder(tmp_path / "tiny")
    config = replace(CAUSAL, labels=() if pitched else ("high", "low"), pitched=pitched)
    initial = initial_weights(base, config)
    known = initial_weights(base, unconditioned)
    changed = {name for name, array in initial.items() if name not in known or array.shape != known[name].shape}
    assert (
        set(new_tables(base, config))
        == changed
        == {
            "decoder.condition.weight",
            "decoder.condition.bias",
            "decoder.unfold.weight",
            "decoder.broadcast.weight",
        }
    )


def test_a_run_starts_from_the_weights_of_another_model(base, folder, tmp_path):
    others = tmp_path / "others"
    shutil.copytree(folder / "low", others / "low")
    shutil.copytree(folder / "high", others / "bell")
    settings = ["steps=1", "learning_rate=1e-9", "threads=1"]
    done = train(
        TrainParameters(
            others, "vae", "tiny", tmp_path / "run", label_from="folder", set=settings, from_=str(base.path), quiet=True
        )
    )
    assert done.step == 1
    run = ModelFolder(tmp_path / "run")
    config = run.config(VaeConfig)
    assert config.labels == ("bell", "low")
    exported, expected = initial_weights(run, config), initial_weights(base, config)
    assert exported.keys() == expected.keys()
    for name, weight in exported.items():
        np.testing.assert_allclose(weight, expected[name], atol=2e-3, err_msg=name)
    network = Vae(config)
    network.inference_module().load_state_dict(state_of(base, config))
    losses = network.reconstruction_losses(batch_for(config))
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_directions_are_fitted_to_the_clips_whose_latents_are_stored(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(latent_distribution, "MAX_CLIPS", 7)
    monkeypatch.setattr(AttributeDirections, "fit", lambda latents, attributes, decode, rate: (latents, attributes))
    prepared = prepare(tiny_recipe(), scan(folder, "folder").entries, tmp_path)
    module = Vae(prepared.recipe.model).inference_module()
    waves = prepared.waves(prepared.train)
    means = encode_clips(module, waves)[0][:, 0]
    latents, attributes = fit_directions(module, prepared, fit_distribution(module, prepared))
    assert len(latents) == 7
    clips = [int(np.square(means - latent).sum(axis=1).argmin()) for latent in latents]
    np.testing.assert_array_equal(attributes, [measure_attributes(waves[clip], RATE) for clip in clips])


@pytest.mark.parametrize("latent", ["clip", "frames"])
def test_a_run_exports_a_model(folder, tmp_path, latent):
    settings = ["steps=6", "evaluate_every=6", "save_every=3", "threads=1", "sample_rate=8000", "n_samples=1984"]
    settings += [
        "n_fft=256",
        "hop_length=64",
        f"latent={latent}",
        "valid_fraction=0.2",
        "adversarial_from=3",
        "batch_size=4",
    ]
    settings += [f"{name}={value}" for name, value in SMALL.items()]
    settings += ["frames_per_latent=4", "critic_channels=8"]  # crops of 31 hops
    done = train(
        TrainParameters(folder, "vae", "tiny", tmp_path / "run", label_from="folder", set=settings, quiet=True)
    )
    assert done.finished == "all planned steps are done"
    assert done.metrics.keys() == {*METRICS} - ({"copying"} - done.metrics.keys())
    runtime = loading.load(tmp_path / "run")
    assert runtime.labels == ("high", "low")
    assert set(runtime.distribution.clip_names) <= {
        f"{label}/{index}.wav" for label in runtime.labels for index in range(10)
    }
    (wave,) = runtime.generate("low", seed=4)
    assert wave.dtype == np.float32
    assert 0 < np.abs(wave).max() <= 1
