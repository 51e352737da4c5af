"""The VAE family: frames and losses by formula, gradients, latents and their health, batches, a whole run."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from wavewright import loading
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
from wavewright.errors import BadFolder, BadSetting
from wavewright.families import VAE
from wavewright.families.vae.condition import conditions_of
from wavewright.families.vae.config import SIZES, VaeConfig
from wavewright.families.vae.latents import Latents, active_share
from wavewright.families.vae.network import build, condition_of
from wavewright.families.vae.recipe import METRICS, prepare, recipe, warm_start
from wavewright.models.folder import ModelFolder
from wavewright.nn.latents import kl_divergence
from wavewright.nn.latents import slerp as torch_slerp
from wavewright.nn.spectral_frames import SpectralFrames
from wavewright.nn.spectral_losses import SpectralEnergyDistance
from wavewright.training.health import Health
from wavewright.training.run import choose_recipe, train

RATE = 8_000
SMALL = {
    "channels": 16,
    "hidden": 24,
    "kernel": 5,
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
    "critics of what lies between": replace(TINY, adversarial_from=1, judged_between=True),
    "frames with critics": replace(FRAMES, adversarial_from=1, judged_between=True),
    "48 kHz": replace(TINY, sample_rate=48_000, n_samples=6400),
}
SETTINGS = TINY.frames


def tone(f0_hz: float, seconds: float = 0.3, decay: float = 0.05, seed: int = 0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    noise = 0.1 * np.random.default_rng(seed).standard_normal(len(time))
    return ((0.7 * np.sin(2 * np.pi * f0_hz * time) + noise) * np.exp(-time / decay)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ten decaying tones of each of two labels."""
    place = tmp_path_factory.mktemp("tones")
    for label, f0_hz in (("high", 900), ("low", 200)):
        (place / label).mkdir()
        for index in range(10):
            wave = tone(f0_hz * 1.05**index, decay=0.03 + 0.005 * index, seed=index)
            soundfile.write(place / label / f"{index}.wav", wave, RATE)
    return place


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


def test_torch_and_numpy_see_the_same_frames():
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
    tone_part = frames.tonal_spectrum(torch.from_numpy(head))
    np.testing.assert_allclose(tone_part[0].numpy(), head_to_spectrum(head[0], 0, SETTINGS), rtol=1e-4, atol=1e-3)
    heard = np.concatenate([np.zeros((n_frames, SETTINGS.n_bins), np.float32), features[:, SETTINGS.n_bins :]], axis=1)
    np.testing.assert_allclose(head_to_spectrum(heard, 0, SETTINGS), expected, atol=2e-3 * np.abs(expected).max())
    assert float(frames.complex_distance(spectrum, torch.zeros(2, n_frames, 3 * SETTINGS.n_bins))) == pytest.approx(1.0)
    assert float(frames.complex_distance(spectrum[1:], torch.from_numpy(heard)[None])) < 1e-3
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


def test_noise_has_the_level_that_its_gains_say():
    below, part = band_interpolation(12, 256, RATE)
    assert (below[0], part[0], below[-1], part[-1]) == (0, 0.0, 10, 1.0)
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
        found = kl_divergence(torch.tensor(mean), torch.tensor(log_variance))
        assert float(found) == pytest.approx(integrand.sum() * (z[1] - z[0]), abs=1e-5)


def test_the_way_between_latents_is_the_one_that_is_played():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 6, 8)).astype(np.float32)
    b[0], b[1] = 2 * a[0], a[1]  # in one line: no circle
    parts = np.array([0.3, 0.3, 0.5, 0.0, 1.0, 0.8], np.float32)
    expected = [slerp(*row, float(part)) for *row, part in zip(a, b, parts, strict=True)]
    found = torch_slerp(torch.from_numpy(a), torch.from_numpy(b), torch.from_numpy(parts)[:, None])
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_critics_hear_reconstructions_and_what_lies_between_by_turns():
    network, batch, heard = build(VARIANTS["critics of what lies between"]), batch_for(TINY), []
    network.critic.inputs = lambda wave: heard.append(wave.squeeze(1)) or [wave]
    network.critic.score = lambda pictures, label: (pictures[0].mean(2), pictures[0].mean(2))
    for step in range(4):
        for _, loss_function in network.turns(step + 4):
            losses = loss_function(batch)
        fake, is_rebuilt = heard[-2], step < 2
        assert torch.equal(fake, batch["draws"][0]) == is_rebuilt
        assert ("adv/features" in losses) == is_rebuilt
    assert fake.shape == batch["draws"][0].shape
    fake.square().mean().backward()
    assert network.autoencoder.encoder.take.weight.grad.abs().max() > 0


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
def test_a_step_moves_every_parameter_and_names_every_loss(config):
    torch.manual_seed(0)
    network, seen = build(config), set()
    for step in (2, 4) if config.adversarial_from else (0,):  # between two sounds and of one, where both are judged
        network.zero_grad()
        batch = batch_for(config)
        for player, loss_function in network.turns(step):
            losses, weights = loss_function(batch), network.loss_weights(step)
            assert all(torch.isfinite(loss) for loss in losses.values())
            parameters = list(network.players()[player].parameters())
            sum(weights[name] * loss for name, loss in losses.items()).backward(inputs=parameters)
            seen |= losses.keys()
            assert [name for name, p in network.players()[player].named_parameters() if p.grad is None] == []
    assert seen == network.loss_weights(step).keys()
    assert batch["draws"][0].shape == (4, config.n_samples)
    assert batch["mean"].shape == (4, config.n_frames // config.fold, 8)


def test_beta_rises_and_critics_come_later():
    network = build(replace(TINY, beta=0.1, warmup_steps=10, adversarial_from=20))
    assert [network.loss_weights(step)["kl/nats"] for step in (0, 4, 9, 500)] == pytest.approx([0.01, 0.05, 0.1, 0.1])
    assert [len(network.turns(step)) for step in (0, 19, 20)] == [1, 1, 2]
    assert (network.stage_starts(), build(TINY).stage_starts()) == ((0, 20), (0,))
    assert "penalty/r1" not in network.loss_weights(19)


def test_free_nats_cost_nothing():
    network, batch = build(replace(TINY, free_nats=10.0)), batch_for(TINY)
    loss = network._losses(batch)["kl/nats"]
    assert loss.item() == pytest.approx(10.0 * TINY.latent_size)


def test_labels_are_withheld_as_often_as_asked():
    batch = {"label": torch.ones(2000, dtype=torch.int64), "pitch": torch.full((2000,), 60.0)}
    told = condition_of(replace(TINY, pitched=True), batch, dropout=0.3)
    assert told.shape == (2000, 5)
    assert float(told[:, 0].abs().max()) == 0.0
    assert float(told[:, 1].mean()) == pytest.approx(0.7, abs=0.05)
    torch.testing.assert_close(told[0, 2:], torch.tensor([0.0, 0.0, 1.0]))
    rows = conditions_of(3, 1, [60.0, 63.0], replace(TINY, pitched=True))
    np.testing.assert_allclose(rows, [[0, 1, 0, 0, 1], [0, 1, 0.125, 1, 0], [0, 1, 0, 0, 1]], atol=1e-6)
    assert conditions_of(2, None, None, TINY).tolist() == [[0, 0], [0, 0]]


def test_it_learns_one_batch():
    torch.manual_seed(0)
    network = build(replace(TINY, labels=(), beta=0.0, channels=32, hidden=64))
    waves = torch.from_numpy(np.stack([tone(200.0 * 1.4**k, 0.256)[None] for k in range(4)]))
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    levels = []
    for _ in range(60):
        losses = network._losses({"wave": waves})
        optimizer.zero_grad()
        sum(network.loss_weights(0)[name] * loss for name, loss in losses.items()).backward()
        optimizer.step()
        levels.append(float(losses["mel/l1"].detach()))
    assert np.mean(levels[-5:]) < 0.45 * np.mean(levels[:3])


@pytest.mark.parametrize("size", SIZES)
def test_sizes(size):
    network = build(replace(SIZES[size], labels=("a", "b"))).autoencoder
    assert sum(p.numel() for p in network.parameters()) < 5_000_000
    assert recipe(size).training.batch_size % 4 == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hop_length": 96}, "n_fft is 256 and hop_length 96; n_fft must be 2, 4, 6"),
        ({"n_samples": 2050}, "n_samples is 2050; it must be a multiple of 64, for example 2048"),
        ({"sample_rate": 96_000}, "sample_rate is 96000; it must lie between 4000 and 48000"),
        ({"causal": True}, "A model of whole clips cannot be causal; leave causal out, or set latent=frames"),
        ({"labels": ("a", "a")}, "labels are 'a', 'a'; each needs a name of its own"),
        ({"n_samples": 64}, "n_samples is 64, 0.008 s at 8000 Hz; it must be 0.05 to 60 s"),
    ],
)
def test_impossible_settings_are_refused(change, sentence):
    with pytest.raises(BadSetting, match=sentence):
        replace(TINY, **change)


def test_latency_is_what_the_layers_ask_for():
    causal = replace(FRAMES, causal=True)
    assert causal.latency_seconds == (256 + 64) / RATE  # a window and the second frame of a latent
    assert FRAMES.latency_seconds == (256 + (6 + 1) * 64) / RATE  # three layers look two frames ahead each
    assert TINY.latency_seconds == 2048 / RATE


# --- latents


def test_latents_are_drawn_as_the_encoder_spreads_them():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0] * [2.0, 1.0, 0.5, 0.1]
    means = (rng.standard_normal((4000, 1, 4)) @ turn.T + [1, 2, 3, 4]).astype(np.float32)
    known = Latents.fit(
        means, np.full((4000, 1, 4), 0.25), np.zeros(4000, int), 1, [str(index) for index in range(4000)]
    )
    drawn = np.stack([known.draw(rng, 0, 1)[0] for _ in range(4000)])
    np.testing.assert_allclose(drawn.mean(axis=0), [1, 2, 3, 4], atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), turn @ turn.T + 0.25 * np.eye(4), atol=0.25)
    np.testing.assert_allclose(known.draw(rng, 0, 1, temperature=0.0)[0], known.mean[0], atol=1e-6)
    assert known.nearest(known.points[17], 2)[0] == (17, 0.0)


def test_sequences_of_latents_keep_their_pace():
    rng, persistence = np.random.default_rng(0), np.array([0.9, 0.0])
    sequences = rng.standard_normal((200, 100, 2))
    for index in range(1, 100):
        sequences[:, index] = persistence * sequences[:, index - 1] + np.sqrt(1 - persistence**2) * sequences[:, index]
    known = Latents.fit(sequences.astype(np.float32), np.full((200, 100, 2), 1e-6), np.zeros(200, int), 1, ["x"] * 200)
    drawn = np.stack([known.draw(rng, 0, 100) for _ in range(100)])
    found = (drawn[:, 1:] * drawn[:, :-1]).mean(axis=(0, 1)) / np.square(drawn).mean(axis=(0, 1))
    np.testing.assert_allclose(found, persistence, atol=0.05)


def test_dead_latents_are_counted_and_named():
    rng = np.random.default_rng(0)
    means = rng.standard_normal((50, 1, 4)) * [1, 1, 1e-3, 1]
    nats = np.ones((50, 1, 4)) * [1, 1, 1, 1e-4]
    assert active_share(means, nats) == 0.5
    said: list[str] = []
    for active in (0.0, 0.2, 1.0):
        health = Health()
        for _ in range(4):
            assert health.after_evaluation({"valid/active": active}, VAE.health, said.append) is None
    assert len(said) == 2
    assert "the latents have collapsed" in said[0]
    assert "lower model.beta" in said[0]
    assert "80% of the dimensions of the latents are dead" in said[1]


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


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_of_the_one_shots_is_varied(folder, tmp_path, share):
    settings = (f"varied_fraction={share}", "slowest=1", "fastest=1", "gain_range_db=0")
    prepared = prepare(tiny_recipe(TINY, *settings), scan(folder, "folder").entries, tmp_path)
    known = {wave.tobytes() for wave in prepared.waves(prepared.train)}
    drawn = [wave for step in range(40) for wave in prepared.batches(step)["wave"]]
    varied = np.mean([wave[0].tobytes() not in known for wave in drawn])
    assert varied == (share if share in (0.0, 1.0) else pytest.approx(share, abs=0.1))
    np.testing.assert_allclose([np.abs(wave).max() for wave in drawn], PEAK, rtol=1e-3)


def test_crops_of_sounds_of_any_length(folder, tmp_path):
    prepared = prepare(tiny_recipe(replace(FRAMES, n_samples=1024)), scan(folder, "folder").entries, tmp_path)
    batch = prepared.batches(3)
    assert batch["wave"].shape == (8, 1, 1024)
    np.testing.assert_array_equal(batch["wave"], prepared.batches(3)["wave"])
    assert sum(place == (row, 1024) for row in range(20) for place in prepared.train.positions) > 10


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
    assert choose_recipe("vae", "small", ["latent=frames", "causal=true", "n_samples=32768"]).model.causal
    with pytest.raises(BadSetting, match="batch_size is 6; it must be a multiple of 4"):
        choose_recipe("vae", "tiny", ["batch_size=6"])
    with pytest.raises(BadSetting, match="metric is 'valid/loss'; a VAE is measured by valid/mel"):
        choose_recipe("vae", "tiny", ["metric=valid/loss"])


def test_a_model_begins_from_another_and_learns_other_labels(folder, tmp_path):
    settings = [
        "steps=2",
        "threads=1",
        "sample_rate=8000",
        "n_samples=2048",
        "n_fft=256",
        "hop_length=64",
        "batch_size=4",
    ]
    settings += [f"{name}={value}" for name, value in SMALL.items()]
    train(folder, "vae", "tiny", tmp_path / "base", "folder", settings=settings, quiet=True)
    other = tmp_path / "others"
    shutil.copytree(folder / "low", other / "low")
    shutil.copytree(folder / "high", other / "bell")
    base = ModelFolder(tmp_path / "base")
    state = warm_start(base, replace(base.config(VaeConfig), labels=("bell", "low")))
    autoencoder = build(base.config(VaeConfig)).inference_module()
    autoencoder.load_state_dict(
        known := {name: torch.from_numpy(array) for name, array in warm_start(base, TINY).items()}
    )
    latents = torch.randn(3, 1, 8)
    untold = build(replace(TINY, labels=())).inference_module()
    untold.load_state_dict({name: torch.from_numpy(array) for name, array in warm_start(base, untold.config).items()})
    expected = autoencoder._said(latents, torch.zeros(3, 2))[0]
    torch.testing.assert_close(untold._said(latents, None)[0], expected, atol=1e-4, rtol=1e-4)
    train(
        folder,
        "vae",
        "tiny",
        tmp_path / "no labels",
        "none",
        settings=["steps=1", "threads=1"],
        base=str(base.path),
        quiet=True,
    )
    without = ModelFolder(tmp_path / "no labels")
    told = build(TINY).inference_module()
    told.load_state_dict({name: torch.from_numpy(array) for name, array in warm_start(without, TINY).items()})
    untold.load_state_dict(
        {name: torch.from_numpy(array) for name, array in warm_start(without, untold.config).items()}
    )
    torch.testing.assert_close(
        told._said(latents, torch.eye(2)[[0, 1, 0]])[0], untold._said(latents, None)[0], atol=1e-4, rtol=1e-4
    )
    old, new = known["decoder.condition.weight"].numpy(), state["decoder.condition.weight"]
    np.testing.assert_allclose(new, np.stack([old.mean(axis=1), old[:, 1]], axis=1), rtol=1e-6)
    done = train(
        other,
        "vae",
        "tiny",
        tmp_path / "run",
        "folder",
        settings=["steps=1", "learning_rate=1e-9", "threads=1"],
        base=str(base.path),
        quiet=True,
    )
    player, before = loading.load(tmp_path / "run"), loading.load(base.path)
    assert (done.step, player.labels) == (1, ("bell", "low"))
    wave = tone(300.0, 0.25)
    np.testing.assert_allclose(player.encode(wave), before.encode(wave), atol=2e-3)


@pytest.mark.parametrize("latent", ["clip", "frames"])
def test_a_run_becomes_a_model_that_plays(folder, tmp_path, latent):
    settings = ["steps=6", "evaluate_every=6", "save_every=3", "threads=1", "sample_rate=8000", "n_samples=2048"]
    settings += [
        "n_fft=256",
        "hop_length=64",
        f"latent={latent}",
        "valid_fraction=0.2",
        "adversarial_from=3",
        "batch_size=4",
    ]
    settings += [f"{name}={value}" for name, value in SMALL.items()]
    settings += ["frames_per_latent=2", "critic_channels=8"]
    done = train(folder, "vae", "tiny", tmp_path / "run", "folder", settings=settings, quiet=True)
    assert done.finished == "all planned steps are done"
    assert done.metrics.keys() == {*METRICS} - ({"copying"} - done.metrics.keys())
    player = loading.load(tmp_path / "run")
    assert player.labels == ("high", "low")
    assert set(player.known.names) <= {f"{label}/{index}.wav" for label in player.labels for index in range(10)}
    (wave,) = player.generate("low", seed=4)
    assert wave.dtype == np.float32
    assert 0 < np.abs(wave).max() <= 1
