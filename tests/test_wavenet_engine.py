"""The WaveNet engine against NumPy and torch: chunks, streams, instruction sets, saved states, samples."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import chi2, kstest
from tiny_wavenet import CONFIG, MU_LAW, random_condition, random_signal, random_tensors
from torch import nn

from wavewright.base.errors import BadModel, BadSetting
from wavewright.families.wavenet.config import MAX_STEP, SIZES
from wavewright.families.wavenet.engine import MAX_INTEGER, Engine, quantise_rows
from wavewright.families.wavenet.kernels import compiled, gate
from wavewright.families.wavenet.mode_choice import bits_per_sample
from wavewright.families.wavenet.signal import signal_to_classes, wave_to_signal
from wavewright.families.wavenet.training import WaveNet, engine_tensors, logistics_nats

EVERY_MODE = ("float32", "int16", "int8")


@pytest.fixture(scope="module")
def engines():
    """Engines by head, mode and whether they are the portable ones, each made once."""
    made = {}

    def get(config=CONFIG, mode="int16", portable=False):
        key = (config, mode, portable)
        if key not in made:
            made[key] = Engine(config, random_tensors(config), mode, portable)
        return made[key]

    return get


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_the_definition(config, tensors, wave, condition=None):
    """Outputs ``(n, O)`` for one wave ``(n,)``, in float64 and with the whole past at hand."""
    t = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    n_samples, taps = len(wave), config.input_taps
    before = np.concatenate([np.zeros(taps), wave])
    windows = np.stack([before[i : i + taps] for i in range(n_samples)])
    hidden = windows @ t["input.weight"].T + t["input.bias"]  # (n, R)
    units = []
    for layer, dilation in enumerate(config.dilations):
        past = np.concatenate([np.zeros((dilation, config.channels)), hidden])[:n_samples]
        a = np.concatenate([past, hidden], axis=1) @ t[f"dilated.{layer}.weight"].T + t[f"dilated.{layer}.bias"]
        if condition is not None:
            a += np.repeat(condition[:, layer], config.condition_hop, axis=0)[:n_samples]
        units.append(np.tanh(a[:, : config.channels]) * sigmoid(a[:, config.channels :]))
        if layer < config.n_layers - 1:
            hidden = hidden + units[-1] @ t[f"residual.{layer}.weight"].T + t[f"residual.{layer}.bias"]
    skipped = np.concatenate(units, axis=1) @ t["skip.weight"].T + t["skip.bias"]
    head = np.maximum(skipped, 0) @ t["head.weight"].T + t["head.bias"]
    return np.maximum(head, 0) @ t["output.weight"].T + t["output.bias"]


@pytest.mark.parametrize("config", [CONFIG, MU_LAW], ids=["logistics", "mu-law"])
def test_outputs_are_those_of_the_definition(engines, config):
    wave, condition = random_signal(2, 300, config), random_condition(2, 300)
    engine = engines(config, "float32")
    actual = engine.outputs(engine.start([0, 1]), wave, condition)
    for stream in range(2):
        expected = by_the_definition(config, random_tensors(config), wave[stream], condition[stream])
        np.testing.assert_allclose(actual[stream], expected, atol=1e-4)
    without = engine.outputs(engine.start([0]), wave[:1])
    np.testing.assert_allclose(without[0], by_the_definition(config, random_tensors(config), wave[0]), atol=1e-4)


@pytest.mark.parametrize("head", ["logistics", "mu-law"])
def test_outputs_are_those_of_torch_over_2000_steps(head):
    config = replace(SIZES["tiny"], labels=("a", "b"), condition="none", head=head)
    torch.manual_seed(0)
    trained = WaveNet(config).eval()
    with torch.no_grad():
        for linear in trained.modules():
            if isinstance(linear, nn.Linear) and linear.weight.shape[0] > 1:
                linear.weight.mul_(2.0)  # past the small weights of the start
        wave = random_signal(1, 2_048, config)
        frames, label = torch.zeros(1, 8, 0), torch.tensor([1])
        expected = trained(torch.from_numpy(wave), frames, label).numpy()
        rows = trained.conditioner(frames, label).numpy()
    engine = Engine(config, engine_tensors(trained), "float32")
    condition = rows.reshape(1, rows.shape[1], config.n_layers, 2 * config.channels)
    actual = engine.outputs(engine.start([0]), wave, condition)
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(actual, expected, atol=1e-4)


@pytest.mark.parametrize("mode", EVERY_MODE)
def test_chunks_streams_and_saving_change_no_sample(engines, mode):
    engine = engines(CONFIG, mode)
    condition = random_condition(3, 200)
    state = engine.start([5, 6, 7])
    whole = engine.draw(state, 200, condition)
    for stream, seed in enumerate((5, 6, 7)):
        alone, begin = engine.start([seed]), 0
        for n_samples in (1, 8, 3, 100, 88):
            segments = condition[stream : stream + 1, begin // CONFIG.condition_hop :]
            chunk = engine.draw(alone, n_samples, segments)
            np.testing.assert_array_equal(chunk[0], whole[stream, begin : begin + n_samples])
            begin += n_samples
            alone = engine.restore(alone.save())
        assert alone.position == 200
    np.testing.assert_array_equal(engine.draw(engine.restore(state.save()), 50), engine.draw(state, 50))


def test_a_wave_can_be_continued(engines):
    engine = engines()
    drawn = engine.draw(engine.start([3]), 120)
    primed, forced = engine.start([3]), engine.start([3])
    engine.prime(primed, drawn[:, :70])
    engine.outputs(forced, drawn[:, :70])
    np.testing.assert_array_equal(engine.draw(primed, 50), drawn[:, 70:])
    np.testing.assert_array_equal(engine.draw(forced, 50), drawn[:, 70:])


def test_long_waves_go_in_pieces(engines):
    engine = engines()
    wave = random_signal(1, 5_000)
    actual = engine.outputs(engine.start([0]), wave)
    state = engine.start([0])
    parts = [engine.outputs(state, wave[:, begin : begin + 700]) for begin in range(0, 5_000, 700)]
    np.testing.assert_array_equal(actual, np.concatenate(parts, axis=1))


def test_portable_and_wide_products_give_the_same(engines):
    for config in (CONFIG, MU_LAW):
        wide, portable = engines(config), engines(config, portable=True)
        wave = random_signal(2, 300, config)
        a, b = (engine.outputs(engine.start([1, 2]), wave) for engine in (wide, portable))
        np.testing.assert_array_equal(a, b)
        state = wide.start([1])
        wide.draw(state, 30)
        np.testing.assert_array_equal(portable.draw(portable.restore(state.save()), 30), wide.draw(state, 30))


def test_the_gate_is_tanh_times_sigmoid():
    @compiled("the gate")
    def gates(a, b, result):
        for index in range(len(a)):
            result[index] = gate(a[index], b[index])

    rng = np.random.default_rng(0)
    a, b = (rng.uniform(-20, 20, 100_000).astype(np.float32) for _ in range(2))
    a[:7] = [0, 1e-8, -1e-4, 8, -8, 1e6, -1e6]
    actual = np.zeros_like(a)
    gates(a, b, actual)
    expected = np.tanh(a.astype(np.float64)) * sigmoid(b.astype(np.float64))
    np.testing.assert_allclose(actual, expected, atol=6e-7)
    assert np.abs(actual).max() <= 1.000001


@pytest.mark.parametrize(("mode", "largest"), [("int16", 32_767), ("int8", 127)])
def test_no_vector_can_make_a_sum_that_leaves_32_bits(mode, largest):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((4, 2, 2_048)).astype(np.float32)
    rows[1] = 1.0  # the worst row: all weights as large as they can be
    rows[2, 0, 1:] = 0.0
    rows[3] = 0.0
    integers, scales = quantise_rows(rows, mode)
    assert integers.dtype == mode
    assert np.abs(integers.astype(np.int64)).sum(-1).max() * MAX_INTEGER < 2**31
    assert integers[2, 0, 0] in (largest, -largest) or integers[2, 1].any()
    np.testing.assert_allclose(integers * scales[:, None, None], rows, atol=scales.max())
    assert not integers[3].any()


def test_weights_of_8_bits_stay_what_they_are():
    rng = np.random.default_rng(0)
    steps = rng.integers(-127, 128, (6, 3, 20))
    steps[:, 0, 0] = 127
    row_scales = rng.uniform(1e-3, 1e-1, 6).astype(np.float32)
    integers, scales = quantise_rows((steps * row_scales[:, None, None]).astype(np.float32), "int8")
    np.testing.assert_array_equal(integers, steps)
    np.testing.assert_allclose(scales, row_scales, rtol=1e-6)


@pytest.fixture(scope="module")
def learned():
    """A tiny network after some hundred steps on decaying tones in noise, its tensors and unseen waves."""
    config = dataclasses.replace(MU_LAW, labels=(), condition="none", dilation_cycle=6, channels=24, input_taps=16)
    rng = np.random.default_rng(0)

    def tones(count, n_samples):
        time = np.arange(n_samples) / config.sample_rate
        hz, decay = rng.uniform(100, 1_000, (count, 1)), rng.uniform(0.02, 0.2, (count, 1))
        noise = 0.003 * rng.standard_normal((count, n_samples))
        return wave_to_signal(0.6 * np.sin(2 * np.pi * hz * time) * np.exp(-time / decay) + noise, config)

    torch.manual_seed(0)
    model = WaveNet(config)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(200):
        signal = tones(4, 256)
        optimizer.zero_grad()
        logits = model(torch.from_numpy(signal))
        nn.functional.cross_entropy(
            logits.flatten(0, 1), torch.from_numpy(signal_to_classes(signal)).flatten()
        ).backward()
        optimizer.step()
    return config, engine_tensors(model), tones(32, 256)


@pytest.mark.parametrize(("mode", "bound_bits"), [("int16", 0.0005), ("int8", 0.01)])
def test_integers_cost_few_bits(learned, mode, bound_bits):
    config, tensors, wave = learned
    bits = {}
    for each in ("float32", mode):
        engine = Engine(config, tensors, each)
        outputs = engine.outputs(engine.start(range(len(wave))), wave)
        bits[each] = bits_per_sample(config, outputs, wave).mean()
    assert bits["float32"] < 5.0  # of 8: it has learned
    assert abs(bits[mode] - bits["float32"]) < bound_bits
    assert bits[mode] != bits["float32"]


def test_bits_of_classes_are_cross_entropy():
    rng = np.random.default_rng(0)
    outputs, signal = rng.standard_normal((2, 50, 256)).astype(np.float32), random_signal(2, 50, MU_LAW)
    classes = torch.from_numpy(np.rint(signal * 128 + 128).astype(np.int64))
    nats = nn.functional.cross_entropy(torch.from_numpy(outputs).flatten(0, 1), classes.flatten(), reduction="none")
    np.testing.assert_allclose(bits_per_sample(MU_LAW, outputs, signal).ravel(), nats.numpy() / np.log(2), rtol=1e-5)


def test_bits_of_a_mixture_are_probabilities_of_the_grid():
    outputs = np.random.default_rng(0).standard_normal((3, 9))
    outputs[:, 6:] -= 3.0
    grid = np.arange(-MAX_STEP, MAX_STEP + 1) / MAX_STEP
    bits = bits_per_sample(
        CONFIG, np.broadcast_to(outputs[:, None], (3, len(grid), 9)), np.broadcast_to(grid, (3, len(grid)))
    )
    np.testing.assert_allclose(np.exp2(-bits).sum(axis=1), 1.0, rtol=1e-9)
    signal = random_signal(3, 40)
    of_wave = np.repeat(outputs[:, None].astype(np.float32), 40, axis=1)
    nats = logistics_nats(torch.from_numpy(of_wave), torch.from_numpy(signal)).numpy()
    np.testing.assert_allclose(bits_per_sample(CONFIG, of_wave, signal), nats / np.log(2), rtol=1e-3)


def constant_outputs(config, outputs):
    """Tensors with which every sample has the same outputs."""
    tensors = {name: np.zeros_like(tensor) for name, tensor in random_tensors(config).items()}
    return tensors | {"output.bias": np.asarray(outputs, np.float32)}


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_classes_are_drawn_as_often_as_they_are_probable(temperature):
    logits = np.random.default_rng(0).standard_normal(256) * 2
    engine = Engine(MU_LAW, constant_outputs(MU_LAW, logits))
    drawn = engine.draw(engine.start(range(4)), 5_000, temperature=temperature)
    counts = np.bincount(np.rint(drawn.ravel() * 128 + 128).astype(int), minlength=256)
    expected = 20_000 * softmax(logits.astype(np.float32) / temperature)
    rare = expected < 5
    actual_counts, expected_counts = (np.append(each[~rare], each[rare].sum()) for each in (counts, expected))
    assert ((actual_counts - expected_counts) ** 2 / expected_counts).sum() < chi2.ppf(0.999, len(actual_counts) - 1)


def test_temperature_0_takes_the_most_probable_class():
    logits = np.random.default_rng(0).standard_normal(256)
    engine = Engine(MU_LAW, constant_outputs(MU_LAW, logits))
    drawn = engine.draw(engine.start([0]), 100, temperature=0.0)
    np.testing.assert_array_equal(drawn, np.float32(logits.argmax() / 128 - 1))


@pytest.mark.parametrize("temperature", [1.0, 0.5, 0.0])
def test_logistics_are_drawn_by_their_distribution(temperature):
    outputs = [np.log(0.7), np.log(0.3), -50.0, -0.25, 0.5, 0.0, -4.0, -5.0, 0.0]
    engine = Engine(CONFIG, constant_outputs(CONFIG, outputs))
    drawn = engine.draw(engine.start(range(4)), 5_000, temperature=temperature).ravel()
    np.testing.assert_allclose(drawn * MAX_STEP, np.rint(drawn * MAX_STEP), atol=1e-2)
    first = drawn < 0.1
    assert abs(first.mean() - 0.7) < 4 * np.sqrt(0.21 / 20_000)
    for part, mean, log_scale in ((drawn[first], -0.25, -4.0), (drawn[~first], 0.5, -5.0)):
        if temperature == 0.0:
            np.testing.assert_allclose(part, mean, atol=1e-4)
        else:
            assert kstest(part, "logistic", args=(mean, temperature * np.exp(log_scale))).pvalue > 1e-3


def test_what_a_seed_draws_stays_what_it_is(engines):
    engine = Engine(MU_LAW, constant_outputs(MU_LAW, np.zeros(256)))
    drawn = engine.draw(engine.start([0, 1, 2**70]), 5)
    # SplitMix64 by its definition, from keys by NumPy's SeedSequence
    for stream, seed in enumerate((0, 1, 2**70)):
        key = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
        for sample in range(5):
            bits = (key + (2 * sample + 1) * 0x9E3779B97F4A7C15) % 2**64
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB % 2**64
            bits ^= bits >> 31
            assert drawn[stream, sample] == np.floor(256 * ((bits >> 12) + 0.5) / 2**52) / 128 - 1


def test_what_cannot_be_used_is_refused(engines):
    engine = engines()
    state = engine.start([0, 1])
    with pytest.raises(BadSetting, match=r"The mode is 'int4'; a WaveNet runs in int16, float32, int8 or auto\."):
        Engine(CONFIG, random_tensors(CONFIG), "int4")
    for seeds in ([], [-1]):
        with pytest.raises(BadSetting, match="give at least one, each 0 or more"):
            engine.start(seeds)
    with pytest.raises(BadSetting, match=r"The temperature is nan; it must lie between 0 and 10\."):
        engine.draw(state, 10, temperature=float("nan"))
    with pytest.raises(BadSetting, match=r"shape \(2, 1, 6, 20\); 10 samples need \(2, 2, 6, 20\)"):
        engine.draw(state, 10, random_condition(2, 8))
    with pytest.raises(BadSetting, match=r"shape \(2, 2, 6, 8\); 10 samples need \(2, 2, 6, 20\)"):
        engine.draw(state, 10, random_condition(2, 10)[..., :8])
    with pytest.raises(BadSetting, match="not finite"):
        engine.draw(state, 10, np.full_like(random_condition(2, 10), np.nan))
    for wave in (np.zeros((1, 5)), np.zeros(5), np.full((2, 5), 1.5), np.full((2, 5), np.nan)):
        with pytest.raises(BadSetting, match=r"must be \(streams, samples\) with 2 streams, all in \[-1, 1\]"):
            engine.outputs(state, wave)
    assert state.position == 0


def test_weights_that_do_not_fit_are_refused():
    tensors = random_tensors(CONFIG)
    without = {name: tensor for name, tensor in tensors.items() if name != "dilated.3.bias"}
    with pytest.raises(
        BadModel, match=r"The weight dilated\.3\.bias is missing; a WaveNet of this config has one of shape \(20,\)"
    ):
        Engine(CONFIG, without)
    with pytest.raises(BadModel, match=r"The weight head\.weight has shape \(18, 70\)"):
        Engine(CONFIG, tensors | {"head.weight": tensors["head.weight"].T})
    with pytest.raises(BadModel, match=r"The weight skip\.bias contains NaN or infinite values"):
        Engine(CONFIG, tensors | {"skip.bias": np.full(18, np.inf, np.float32)})


def test_foreign_and_damaged_states_are_refused(engines):
    engine = engines()
    saved = engine.start([0]).save()
    other = Engine(CONFIG, random_tensors(CONFIG, seed=9))
    with pytest.raises(BadSetting, match=r"has model '[0-9a-f]{12}', this engine has '[0-9a-f]{12}'; start anew"):
        other.restore(saved)
    with pytest.raises(BadSetting, match="has mode 'int16', this engine has 'float32'"):
        engines(CONFIG, "float32").restore(saved)
    newer = saved | {
        "about": np.frombuffer(saved["about"].tobytes().replace(b'"version": 1', b'"version": 2'), np.uint8)
    }
    with pytest.raises(BadSetting, match="has version 2, this engine has 1"):
        engine.restore(newer)
    backwards = saved | {
        "about": np.frombuffer(saved["about"].tobytes().replace(b'"position": 0', b'"position": -1'), np.uint8)
    }
    with pytest.raises(BadSetting, match="damaged: its position is -1"):
        engine.restore(backwards)
    for name, array in (
        ("past", saved["past"][:, :-1]),
        ("rings", saved["rings"].astype(np.int8)),
        ("past", saved["past"] * np.nan),
    ):
        with pytest.raises(BadSetting, match=f"damaged: its {name} cannot be those of this model"):
            engine.restore(saved | {name: array})
    for nothing in ({}, {"about": np.frombuffer(b"{", np.uint8)}, {"about": np.frombuffer(b"7", np.uint8)}):
        with pytest.raises(BadSetting, match="no saved state of a WaveNet"):
            engine.restore(nothing)


def test_a_loop_is_compiled_once_on_a_machine_and_says_so(tmp_path):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from tiny_wavenet import *; "
        "from wavewright.families.wavenet.engine import Engine;"
        "engine = Engine(CONFIG, random_tensors(CONFIG)); print(engine.draw(engine.start([1]), 20).tobytes().hex())"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", program, Path(__file__).parent],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        for _ in range(2)
    ]
    assert [run.stderr.splitlines() for run in runs] == [
        ["compiling the sample loop for this machine, once: some seconds ..."],
        [],
    ]
    assert runs[0].stdout == runs[1].stdout
