"""The GAN family: shapes, gradients, losses, conditioning, batches, warm start, and export equals training."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
from tiny_clips import write_labelled
from tiny_families import trained

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder, BadSetting
from wavewright.data.folder import scan
from wavewright.data.one_shots import CLIPS_PER_CLASS, change_speed
from wavewright.families.gan import GAN
from wavewright.families.gan.config import LABEL_TABLE, SIZES, GanConfig
from wavewright.families.gan.recipe import fine_tuning, prepare, recipe
from wavewright.families.gan.training import GanNetwork, SpectralGenerator, draw_latents, generate
from wavewright.families.loading import load
from wavewright.metrics import reference
from wavewright.metrics.copying import smallest_distance
from wavewright.metrics.distances import distances_among
from wavewright.models.folder import ModelFolder
from wavewright.nn.adversarial_losses import (
    OBJECTIVES,
    energy_distance,
    finite_difference_penalty,
    gradient_penalty,
)
from wavewright.nn.blocks import LinearUpsample, phase_shuffle
from wavewright.nn.critics import group_deviation
from wavewright.nn.novelty import copy_penalty
from wavewright.training.health import MIN_LEVEL_DB, Health
from wavewright.training.parameters import TrainParameters
from wavewright.training.train import train

TINY = replace(
    SIZES["tiny"], sample_rate=8000, n_samples=4000, labels=("high", "low"), n_fft=256, hop_length=64, noise_bands=20
)
TINY_SETTINGS = ("threads=1", "sample_rate=8000", "n_samples=4000", "n_fft=256", "hop_length=64", "noise_bands=20")
VARIANTS = {
    "spectral": TINY,
    "recurrent": replace(TINY, recurrent=True),
    "waveform": replace(TINY, generator="waveform", critic="waveform"),
    "wave, spectral critic": replace(TINY, generator="waveform"),
    "wgan-gp": replace(TINY, loss="wgan-gp", critic_turns=2),
    "wgan-gp on waves": replace(TINY, loss="wgan-gp", generator="waveform", critic="waveform", recurrent=True),
    "hinge": replace(TINY, loss="hinge"),
    "bce": replace(TINY, loss="bce", penalty_weight=0.0, energy_weight=0.0),
    "infogan": replace(TINY, code_categories=3, code_continuous=2),
    "unconditional": replace(TINY, labels=()),
    "against copies": replace(TINY, copy_weight=1.0),
    "against copies, unconditional": replace(TINY, labels=(), copy_weight=1.0),
    "44.1 kHz": replace(TINY, sample_rate=44_100, n_samples=6001),
}


def batch_for(config: GanConfig, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    batch = {"wave": torch.randn(2 * CLIPS_PER_CLASS, 1, config.n_samples, generator=generator) * 0.1}
    if config.labels:
        batch["label"] = torch.arange(2).repeat_interleave(CLIPS_PER_CLASS)
    if config.copy_weight:
        n_labels = max(len(config.labels), 1)
        recordings = torch.randn(6, 240, generator=generator)
        batch |= {
            "recordings": recordings,
            "recording_labels": torch.arange(6) % n_labels,
            "limits": torch.full((n_labels,), 200.0),
        }
    return batch


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_a_step_moves_every_parameter_and_names_every_loss(config):
    torch.manual_seed(0)
    network, batch, seen = GanNetwork(config), batch_for(config), set()
    for player, loss_function in network.turns(0):
        losses = loss_function(batch)
        assert all(torch.isfinite(loss) for loss in losses.values())
        weights = network.loss_weights(0)
        parameters = list(network.players()[player].parameters())
        sum(weights[name] * loss for name, loss in losses.items()).backward(inputs=parameters)
        seen |= losses.keys()
        still = [name for name, p in network.players()[player].named_parameters() if p.grad is None]
        assert still == []
    assert seen == network.loss_weights(0).keys()


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_sizes_and_ranges(config):
    network = GanNetwork(config)
    latent, code = draw_latents(config, 3, torch.device("cpu"))
    label = torch.tensor([0, 1, 0]) if config.labels else None
    wave = network.generator.wave(latent, label, code)
    assert wave.shape == (3, 1, config.n_samples)
    assert sum(p.numel() for p in network.parameters()) < 2_000_000


def test_a_label_changes_the_clip_and_the_same_seed_does_not():
    torch.manual_seed(0)
    generator = GanNetwork(TINY).generator

    def clip_of(label):
        torch.manual_seed(1)
        return generator.wave(torch.ones(1, TINY.latent_size), torch.tensor([label]))

    assert torch.equal(clip_of(0), clip_of(0))
    assert not torch.allclose(clip_of(0), clip_of(1))


def test_a_constant_at_the_generators_output_is_a_steady_tone():
    generator = SpectralGenerator(TINY)
    k, n_bins = 32, TINY.n_fft // 2 + 1  # bin 32 of 256 at 8 kHz: 1 kHz
    with torch.no_grad():
        for layer in (generator.spectrum_head, generator.noise_head):
            layer.weight.zero_()
            layer.bias.fill_(-100.0 if layer is generator.noise_head else 0.0)
        generator.spectrum_head.bias[n_bins + k] = TINY.n_fft / 4  # half the window's sum: amplitude one
    wave = generator.wave(torch.zeros(1, TINY.latent_size), torch.tensor([0]))[0, 0].detach()
    inner = slice(TINY.n_fft, TINY.n_samples - TINY.n_fft)
    expected = torch.cos(2 * math.pi * 1000 / 8000 * torch.arange(TINY.n_samples))
    torch.testing.assert_close(
        wave[inner] * (expected[inner].norm() / wave[inner].norm()), expected[inner], atol=2e-3, rtol=0
    )


def test_the_first_samples_fade_in():
    wave = GanNetwork(TINY).generator.wave(torch.randn(1, TINY.latent_size), torch.tensor([0]))
    assert wave[0, 0, 0] == 0


def test_each_objective_is_trained_in_a_variant():
    assert {config.loss for config in VARIANTS.values()} == {*OBJECTIVES}


def test_losses_follow_their_formulas():
    real, fake = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [3.0]])
    softplus = lambda x: math.log1p(math.exp(x))  # noqa: E731
    mean = lambda *values: sum(values) / len(values)  # noqa: E731
    expected = {
        "bce": (mean(softplus(-2), softplus(1)) + mean(softplus(0.5), softplus(3)), mean(softplus(-0.5), softplus(-3))),
        "wgan-gp": (1.75 - 0.5, -1.75),
        "hinge": (mean(0, 2) + mean(1.5, 4), -1.75),
        "r3gan": (mean(softplus(-1.5), softplus(4)), mean(softplus(1.5), softplus(-4))),
    }
    assert {*expected} == {*OBJECTIVES} == {*get_args(get_type_hints(GanConfig)["loss"])}
    for objective, (critic, generator) in expected.items():
        losses = OBJECTIVES[objective]
        assert losses.critic(real, fake).item() == pytest.approx(critic, abs=1e-6)
        assert losses.generator(real, fake).item() == pytest.approx(generator, abs=1e-6)
        depends = losses.generator(real + torch.tensor([[3.0], [0.0]]), fake) != losses.generator(real, fake)
        assert losses.compares_pairs == depends.item()


def test_penalties_of_a_linear_critic_are_its_squared_slope():
    torch.manual_seed(0)
    slope = torch.tensor([3.0, -4.0])
    critic = lambda inputs: (inputs[0] * slope).sum(1, keepdim=True)  # noqa: E731
    points = torch.randn(200_000, 2)
    estimate = finite_difference_penalty(critic, [points], critic([points]), sigma=0.1)
    assert estimate.item() == pytest.approx(25 / 2, rel=0.02)
    assert gradient_penalty(critic, [points[:10]], [points[10:20]]).item() == pytest.approx((5 - 1) ** 2, rel=1e-4)


def test_energy_distance_is_zero_between_equal_distributions_and_known_between_points():
    zeros, ones = torch.zeros(1, 2, 1), torch.ones(1, 2, 1)
    assert energy_distance(zeros, ones).item() == pytest.approx(2.0, abs=1e-4)
    torch.manual_seed(0)
    real, fake = torch.randn(1, 1500, 3), torch.randn(1, 1500, 3)
    assert abs(energy_distance(real, fake).item()) < 0.01
    assert energy_distance(real, torch.zeros(1, 1500, 3)).item() > 0.3


def test_group_deviation_sees_repetition():
    same = torch.randn(2, 3, 5).repeat_interleave(CLIPS_PER_CLASS, 0)
    assert group_deviation(same, CLIPS_PER_CLASS).max() < 2e-4
    varied = torch.randn(2 * CLIPS_PER_CLASS, 3, 5)
    expected = (
        varied.unflatten(0, (2, CLIPS_PER_CLASS)).std(1, unbiased=False).mean(1).repeat_interleave(CLIPS_PER_CLASS, 0)
    )
    torch.testing.assert_close(group_deviation(varied, CLIPS_PER_CLASS).squeeze(1), expected, rtol=1e-4, atol=1e-4)


def test_phase_shuffle_moves_and_reflects():
    ramp = torch.arange(10.0).expand(64, 1, 10)
    torch.manual_seed(0)
    shuffled = phase_shuffle(ramp, 2)
    rows = {tuple(row.tolist()) for row in shuffled.squeeze(1)}
    moved = [tuple(float(abs(i - s) if i - s < 10 else 18 - (i - s)) for i in range(10)) for s in range(-2, 3)]
    assert rows == set(moved)
    assert torch.equal(phase_shuffle(ramp, 0), ramp)


def test_upsampling_keeps_images_down():
    time = torch.arange(512)
    tone = torch.cos(2 * math.pi * 0.03 * time).view(1, 1, -1)
    spectrum = torch.fft.rfft(LinearUpsample(4)(tone)[0, 0] * torch.hann_window(2048)).abs()
    image = spectrum[round(2048 * (1 - 0.03) / 4) - 6 :].max()  # the first image lies at (1 - f) / 4
    assert 20 * math.log10(image / spectrum.max()) < -50


def test_clips_are_evaluated_at_the_temperature_of_the_model():
    torch.manual_seed(0)
    generator = GanNetwork(TINY).generator
    generator.config = replace(TINY, temperature=0.5)
    torch.manual_seed(1)
    wave = generate(generator, 0, 2)
    torch.manual_seed(1)
    latent, _ = draw_latents(TINY, 2, torch.device("cpu"))
    np.testing.assert_array_equal(wave, generator.wave(0.5 * latent, torch.tensor([0, 0])).detach().numpy())


def test_only_clips_within_the_limit_of_their_label_are_pushed_away():
    known = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    clips = torch.tensor([[3.0, 0.0], [3.0, 0.0], [5.0, 0.0], [9.0, 0.0]], requires_grad=True)
    label, known_label, limits = torch.tensor([0, 1, 0, 1]), torch.tensor([0, 1]), torch.tensor([4.0, 8.0])
    loss = copy_penalty(clips, label, known, known_label, limits)
    assert loss.item() == pytest.approx((1 - 3 / 4 + 1 - 7 / 8 + 0 + 1 - 1 / 8) / 4)
    loss.backward()
    expected = [
        [-1 / 16, 0],
        [1 / 32, 0],
        [0, 0],
        [1 / 32, 0],
    ]  # away from the recording of its label, by limit and batch
    torch.testing.assert_close(clips.grad, torch.tensor(expected))


def test_a_plan_in_which_the_generator_would_not_learn_is_refused(folder, tmp_path):
    base = trained("gan").out
    with pytest.raises(
        BadSetting, match=r"plan of 150 steps ends before the generator starts to learn.*critic_warmup_steps=30"
    ):
        train(
            TrainParameters(
                folder,
                "gan",
                "tiny",
                tmp_path / "m",
                label_from="folder",
                set=["steps=150"],
                quiet=True,
                from_=str(base),
            )
        )
    assert not (tmp_path / "m").exists()


def test_critics_learn_alone_during_their_warmup():
    torch.manual_seed(0)
    network = GanNetwork(replace(TINY, critic_warmup_steps=2, critic_turns=2))
    players = [[player for player, _ in network.turns(step)] for step in range(4)]
    assert players == [["critic", "critic"]] * 2 + [["critic", "critic", "generator"]] * 2
    assert (network.stage_starts(), GanNetwork(TINY).stage_starts()) == ((0, 2), (0,))
    losses = network.turns(0)[-1][1](batch_for(TINY))
    sum(losses.values()).backward()
    assert all(parameter.grad is None for parameter in network.generator.parameters())
    assert all(parameter.grad is not None for parameter in network.critic.parameters())


def test_augmentation_covers_its_range_of_delays_and_levels():
    network = GanNetwork(replace(TINY, augment_gain_db=6.0, augment_shift_samples=10))
    click = torch.zeros(400, 1, 100)
    click[:, 0, 0] = 1.0
    torch.manual_seed(0)
    augmented = network.augment(click).squeeze(1)
    delay, level = augmented.abs().argmax(1), augmented.abs().amax(1)
    assert set(delay.tolist()) == set(range(11))
    assert level.max() <= 1
    assert 0.5 <= level.min() < 0.53


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two kinds of decaying tones, ten each, and one broken file."""
    rng, time = np.random.default_rng(0), np.arange(6000) / 8000
    waves = {
        label: [
            0.8 * np.sin(2 * np.pi * low * rng.uniform(1, 1.5) * time) * np.exp(-time * rng.uniform(5, 20))
            for _ in range(10)
        ]
        for label, low in (("high", 1500), ("low", 200))
    }
    root = write_labelled(tmp_path_factory.mktemp("tones"), waves, 8000)
    (root / "low" / "broken.wav").write_bytes(b"RIFF nothing")
    return root


def prepared(folder, cache, batch_size=8, **data):
    tiny = recipe("tiny")
    training = replace(tiny.training, batch_size=batch_size)
    tiny = replace(tiny, model=replace(TINY, labels=()), data=replace(tiny.data, **data), training=training)
    return prepare(tiny, scan(folder, "folder").entries, cache)


def test_batches_are_a_pure_function_of_the_step(folder, tmp_path):
    data = prepared(folder, tmp_path)
    first, again, other = data.batches(5), data.batches(5), data.batches(6)
    assert np.array_equal(first["wave"], again["wave"])
    assert not np.array_equal(first["wave"], other["wave"])
    assert first["wave"].shape == (8, 1, TINY.n_samples)
    assert first["label"].tolist() == sorted(
        first["label"].tolist(), key=first["label"].tolist().index
    )  # members side by side
    assert np.abs(first["wave"]).max(axis=(1, 2)) == pytest.approx(0.95, abs=1e-3)


def test_labels_come_from_the_folders_and_small_classes_are_left_out(folder, tmp_path):
    data = prepared(folder, tmp_path, smallest_class=4)
    assert data.recipe.model.labels == ("high", "low")
    with pytest.raises(BadFolder, match="at least 4 are needed"):
        prepared(folder, tmp_path, smallest_class=50)


def test_batches_and_recordings_that_do_not_work_are_refused_before_training(folder, tmp_path):
    for batch_size in (2, 6):
        with pytest.raises(BadSetting, match="multiple of 4"):
            prepared(folder, tmp_path, batch_size=batch_size)
    for index in range(6):
        (tmp_path / "copies" / "high").mkdir(parents=True, exist_ok=True)
        (tmp_path / "copies" / "high" / f"{index}.wav").write_bytes((folder / "high" / "0.wav").read_bytes())
    with pytest.raises(BadFolder, match="with the label 'high' too few differ"):
        prepared(tmp_path / "copies", tmp_path, valid_fraction=0.0)


def test_every_training_clip_is_embedded_and_few_are_measured(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "MAX_REFERENCE_CLIPS", 5)
    data = prepared(folder, tmp_path, valid_fraction=0.0)
    assert data.reference.all_embeddings.shape == (20, 240)
    assert [rows.shape for rows in data.reference.embeddings.values()] == [(5, 240), (5, 240)]
    for rows, limit in zip(data.reference.embeddings.values(), data.reference.limits, strict=True):
        apart = distances_among(rows)[np.triu_indices(5, k=1)]
        assert apart.min() <= limit <= apart.max()
    waves = np.stack([change_speed(data.batches.clips.store[i], 8000, 1.0, TINY.n_samples)[0] for i in range(20)])
    np.testing.assert_allclose(data.reference.all_embeddings, data.reference.embedding(waves, 8000), atol=1e-4)


def test_layers_of_a_drum_are_one_drum_and_no_limit_falls_below_the_least(folder, tmp_path):
    everything = scan(folder, "folder").entries
    by_drum = tuple(replace(entry, group=f"{entry.label}/{int(entry.path.stem) // 2}") for entry in everything)
    chosen = replace(recipe("tiny"), model=replace(TINY, labels=("high", "low"), copy_weight=1.0))
    chosen = replace(chosen, training=replace(chosen.training, batch_size=8))
    data = prepare(chosen, by_drum, tmp_path)
    clips = data.batches.batches.clips
    for label, limit in enumerate(data.reference.limits):
        rows = data.reference.embeddings[label]
        groups = np.array(clips.groups)[np.array(clips.labels) == label]
        assert limit == pytest.approx(smallest_distance(rows, 3.0, groups), rel=1e-4)
    batch = data.batches(0)
    assert np.array_equal(batch["recordings"], data.reference.all_embeddings)
    assert batch["recording_labels"].tolist() == [0] * 10 + [1] * 10
    raised = prepare(replace(chosen, data=replace(chosen.data, min_limits_db=(1.0, 90.0))), by_drum, tmp_path)
    assert raised.reference.limits.tolist() == pytest.approx([max(data.reference.limits[0], 1.0), 90.0])
    with pytest.raises(BadSetting, match="1 minimum limits for 2 labels; give one for each, or none"):
        prepare(replace(chosen, data=replace(chosen.data, min_limits_db=(1.0,))), by_drum, tmp_path)
    with pytest.raises(BadSetting, match="must lie between 0 and 100 dB"):
        replace(chosen.data, min_limits_db=(-1.0, 2.0))


@pytest.mark.parametrize(("exponent", "ratio"), [(0.0, 1.0), (0.5, 2.0), (1.0, 4.0)])
def test_larger_classes_are_drawn_more_often_as_the_exponent_says(folder, tmp_path, exponent, ratio):
    few = tmp_path / "few"
    for label, n_clips in (("high", 8), ("low", 2)):
        (few / label).mkdir(parents=True)
        for index in range(n_clips):
            shutil.copyfile(folder / label / f"{index}.wav", few / label / f"{index}.wav")
    batches = prepared(
        few, tmp_path, valid_fraction=0.0, smallest_class=2, class_exponent=exponent, batch_size=4
    ).batches
    assert batches.class_probabilities[0] / batches.class_probabilities[1] == pytest.approx(ratio)
    drawn = np.array([batches(step)["label"][0] for step in range(600)])
    expected = ratio / (1 + ratio)
    assert abs(np.mean(drawn == 0) - expected) < 4 * np.sqrt(expected * (1 - expected) / len(drawn))


def test_speed_changes_pitch():
    time = np.arange(8000) / 8000
    fast = change_speed(np.sin(2 * np.pi * 500 * time)[None].astype(np.float32), 8000, 1.2, 4000)
    assert abs(np.abs(np.fft.rfft(fast[0, :4000])).argmax() * 2 - 600) <= 2


def test_real_clips_are_near_the_reference_and_one_clip_is_a_collapse(folder, tmp_path):
    data = prepared(folder, tmp_path)
    store = data.batches.clips.store
    real = {
        label: np.stack([store[i][0, : TINY.n_samples] for i in rows[0]])
        for label, rows in data.batches.by_label.items()
    }
    collapsed = {label: np.repeat(waves[:1], 10, 0) for label, waves in real.items()}
    good, bad = data.reference.measure(real, 8000), data.reference.measure(collapsed, 8000)
    assert good["diversity"] == pytest.approx(1, abs=0.05)
    assert bad["diversity"] < 0.01
    assert good["distance"] < bad["distance"]
    assert good["copying"] == 1  # they are the training clips
    messages: list[str] = []
    health = Health()
    assert [health.after_evaluation(bad, GAN.health, messages.append) for _ in range(3)] == [None] * 3
    assert "repeats itself" in messages[0]
    assert health.in_a_row.keys() == {"collapsed", "copying", "silent"}
    silence = {label: 1e-5 * waves for label, waves in real.items()}
    assert data.reference.measure(silence, 8000)["level_db"] < MIN_LEVEL_DB


def test_training_makes_a_model_folder(folder, tmp_path):
    out = tmp_path / "run"
    settings = [*TINY_SETTINGS, "steps=6", "evaluate_every=3", "save_every=3"]
    progress = train(TrainParameters(folder, "gan", "tiny", out, label_from="folder", set=settings, quiet=True))
    assert progress.finished == "all planned steps are done"
    model = load(str(out))
    assert list(model.card.labels) == ["high", "low"]
    clips = np.stack(model.generate("low", count=2, seed=4))
    assert clips.shape == (2, 1, 4000)
    assert np.array_equal(clips[1:], model.generate("low", count=1, seed=4, start=1))
    assert Clip.read(out / "sample.ogg").sample_rate == 8000
    assert (out / "log.jsonl").is_file()
    assert any((out / "samples").iterdir())
    with pytest.raises(BadSetting, match="--resume"):
        train(TrainParameters(folder, "gan", "tiny", out, label_from="folder", set=settings, quiet=True))
    with pytest.raises(BadSetting, match=r"training\.seed was 0, now 7"):
        train(
            TrainParameters(
                folder,
                "gan",
                "tiny",
                out,
                label_from="folder",
                set=[*settings, "training.seed=7"],
                resume=True,
                quiet=True,
            )
        )


def test_a_run_starts_from_the_generator_of_another(folder, tmp_path):
    settings = [*TINY_SETTINGS, "steps=2"]
    train(TrainParameters(folder, "gan", "tiny", tmp_path / "base", label_from="folder", set=settings, quiet=True))
    base = ModelFolder(tmp_path / "base")
    tuned = fine_tuning(base)
    assert tuned.model == replace(base.config(GanConfig), labels=(), critic_warmup_steps=200)
    shutil.rmtree(tmp_path / "base" / "checkpoints")  # as a bundled model, which has none
    settings = ["steps=2", "threads=1", "critic_warmup_steps=1", "learning_rate=1e-9"]
    train(
        TrainParameters(
            folder,
            "gan",
            "tiny",
            tmp_path / "mine",
            label_from="folder",
            set=settings,
            quiet=True,
            from_=str(tmp_path / "base"),
        )
    )
    mine = ModelFolder(tmp_path / "mine").weights()
    for name, stored in base.weights().items():
        np.testing.assert_allclose(mine[name], stored, atol=1e-3)
    waves = [load(str(tmp_path / name)).generate("low", 1, 3)[0] for name in ("mine", "base")]
    np.testing.assert_allclose(*waves, atol=1e-5)


def test_labels_of_a_run_may_differ_from_those_of_its_base(folder, tmp_path):
    settings = [*TINY_SETTINGS, "steps=2"]
    train(TrainParameters(folder, "gan", "tiny", tmp_path / "base", label_from="folder", set=settings, quiet=True))
    base = ModelFolder(tmp_path / "base")
    others = shutil.copytree(folder, tmp_path / "others")
    (others / "low").rename(others / "deep")
    settings = ["steps=2", "threads=1", "critic_warmup_steps=1", "learning_rate=1e-9"]
    train(
        TrainParameters(
            others,
            "gan",
            "tiny",
            tmp_path / "mine",
            label_from="folder",
            set=settings,
            quiet=True,
            from_=str(tmp_path / "base"),
        )
    )
    mine, known = (
        GAN.initial_weights(ModelFolder(tmp_path / run), GanConfig(labels=labels))
        for run, labels in (("mine", ("deep", "high")), ("base", ("high", "low")))
    )
    table = known[LABEL_TABLE]
    np.testing.assert_allclose(mine[LABEL_TABLE], [table.mean(0), table[0]], atol=1e-3)
    for name in known.keys() - {LABEL_TABLE}:
        np.testing.assert_allclose(mine[name], known[name], atol=1e-6)
    assert GAN.new_tables(base, GanConfig(labels=("deep", "high"))) == [LABEL_TABLE]
    assert GAN.new_tables(base, GanConfig(labels=("high", "low"))) == []
    with pytest.raises(BadSetting, match="base has the labels high, low, and this training has none"):
        GAN.initial_weights(base, GanConfig())


def test_a_resume_with_other_recordings_continues_and_logs_it(folder, tmp_path, capsys):
    sounds = shutil.copytree(folder, tmp_path / "sounds")
    settings = [*TINY_SETTINGS, "steps=2"]
    train(TrainParameters(sounds, "gan", "tiny", tmp_path / "run", label_from="folder", set=settings))
    train(TrainParameters(sounds, "gan", "tiny", tmp_path / "run", label_from="folder", set=settings, resume=True))
    assert "the recordings are not those" not in " ".join(capsys.readouterr().err.split())
    (sounds / "low" / "0.wav").unlink()
    train(TrainParameters(sounds, "gan", "tiny", tmp_path / "run", label_from="folder", set=settings, resume=True))
    log = " ".join(capsys.readouterr().err.split())
    assert "the recordings are not those of the first call (20 then, 19 now); continuing with the new ones." in log


def test_unknown_families_sizes_and_devices_are_refused_with_those_there_are(folder, tmp_path):
    for arguments, words in [
        ({"family": "gam"}, "gan"),
        ({"size": "huge"}, "tiny, small, base"),
        ({"device": "tpu"}, "cpu"),
    ]:
        with pytest.raises(BadSetting, match=words):
            train(TrainParameters(folder, out=tmp_path / "never", max_minutes=1, **arguments))
    assert not (tmp_path / "never").exists()
