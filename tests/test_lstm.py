"""The recurrent family: densities and cells against scipy and torch, frames, batches, a training, a warm start."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
import soundfile
import torch
from safetensors.numpy import load_file, save_file
from tiny_models import sign_again

from wavewright.base.errors import BadAudio, BadFolder, BadModel, BadSetting
from wavewright.contracts.family import exported_weights
from wavewright.contracts.generation import ClipRequest
from wavewright.contracts.recipe import SequenceDataSettings
from wavewright.contracts.settings import TrainingSettings
from wavewright.data.entry import Entry, Scan
from wavewright.dsp.position import POSITION_FEATURES, position_features
from wavewright.families import loading
from wavewright.families.lstm import LSTM, recipe as recipes
from wavewright.families.lstm.config import SIZES, STATISTICS_FILE, LstmConfig
from wavewright.families.lstm.frames import frames_to_wave, n_complete_frames, wave_to_frames
from wavewright.families.lstm.recipe import FrameBatches, LstmRecipe, prepare, recipe
from wavewright.families.lstm.sampling import FrameSampler, draw_frame, drawn_together
from wavewright.families.lstm.statistics import N_STARTS, START_FRAMES, ClipStatistics, Whitening
from wavewright.families.lstm.training import LstmNetwork, LstmTraining, TorchFrameStep, frame_losses, mixture_nll
from wavewright.models.card import CARD_FILE, Card
from wavewright.models.folder import ModelFolder
from wavewright.training.choices import choose_recipe
from wavewright.training.export import export_copy, export_model
from wavewright.training.parameters import Call, TrainParameters
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run
from wavewright.training.train import train

RATE = 8_000
FRAMES = LstmConfig(sample_rate=RATE, n_fft=128, hop_length=64, n_mels=8)
TINY = replace(FRAMES, hidden_size=12, prenet_size=10, label_size=3, n_mixtures=2, n_iterations=2)
VOICE = replace(TINY, labels=("one", "two"), speakers=("ann", "bob", "cid"), source="voice", duration="drawn")


def tone(f0_hz=150.0, seconds=0.4, seed=0):
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * k * f0_hz * time) / k for k in range(1, 20))
    return (0.2 * wave + 0.01 * np.random.default_rng(seed).standard_normal(len(time))).astype(np.float32)


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Entries of two words by three speakers, eight takes each, of known lengths."""
    folder = tmp_path_factory.mktemp("words")
    entries = []
    for word, label in enumerate(VOICE.labels):
        for number, speaker in enumerate(VOICE.speakers):
            for take in range(8):
                path = folder / f"{label}-{speaker}-{take}.wav"
                seconds = 0.2 + 0.2 * word + 0.01 * take
                soundfile.write(path, tone(120 + 40 * number + 5 * take, seconds, take), RATE)
                split = "valid" if take == 7 else "train"
                n = round(seconds * RATE)
                entries.append(Entry(path, label, None, n / RATE, RATE, 1, n, split, speaker=speaker))
    return entries


def small_recipe(model: LstmConfig = VOICE, **training) -> LstmRecipe:
    settings = {"batch_size": 6, "threads": 1, "precision": "float32", "metric": "distance", **training}
    return LstmRecipe(model, SequenceDataSettings(sample_seconds=0.3, crop_seconds=0.3), TrainingSettings(**settings))


@pytest.fixture(scope="module")
def prepared(words, tmp_path_factory):
    return prepare(small_recipe(), words, tmp_path_factory.mktemp("cache"))


def seeded(config: LstmConfig) -> LstmNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return LstmNetwork(config)


def whole_clips(prepared, *rows):
    """A batch of these training clips."""
    return prepared.batches.batch_of(np.array(rows), np.zeros(len(rows), int))


def exported(folder, prepared, name="tiny", config=None):
    """A model folder of random weights."""
    config = config or prepared.recipe.model
    prepared = replace(prepared, recipe=replace(prepared.recipe, model=config))
    card = Card(
        name=name,
        family="lstm",
        config=json.loads(json.dumps(config.__dict__)),
        labels=list(config.labels),
        sample_rate=RATE,
    )
    export_model(folder / name, card, LstmTraining().export(seeded(config).eval().recurrent, prepared))
    return folder / name


@pytest.fixture(scope="module")
def player(prepared, tmp_path_factory):
    return loading.load(exported(tmp_path_factory.mktemp("lstm"), prepared))


# --- the network


def test_the_likelihood_of_a_mixture_is_that_of_scipy():
    draw = np.random.default_rng(0)
    n_mixtures, n_features = 3, 4
    outputs, frame = draw.standard_normal(n_mixtures * (1 + 2 * n_features)), draw.standard_normal(n_features)
    weights = scipy.special.softmax(outputs[:n_mixtures])
    means, log_deviations = outputs[n_mixtures:].reshape(2, n_mixtures, n_features)
    density = sum(
        weight * scipy.stats.multivariate_normal(mean, np.diag(np.exp(2 * log_deviation))).pdf(frame)
        for weight, mean, log_deviation in zip(weights, means, log_deviations, strict=True)
    )
    nll = mixture_nll(torch.from_numpy(outputs), torch.from_numpy(frame), n_mixtures)
    assert float(nll) == pytest.approx(-np.log(density), abs=1e-9)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_step_by_step_equals_a_whole_clip(cell):
    config = replace(VOICE, cell=cell, n_layers=3)
    network = seeded(config).eval().recurrent
    frames, position = torch.randn(2, 9, config.n_features), torch.randn(2, 9, POSITION_FEATURES)
    label, speaker = torch.tensor([1, 0]), torch.tensor([0, 2])
    state = torch.zeros(2, config.n_states, config.hidden_size)
    with torch.no_grad():
        expected = network(frames, position, label, speaker)
        for number in range(9):
            outputs, state = network.step(frames[:, number], position[:, number], label, speaker, state)
            torch.testing.assert_close(outputs, expected[:, number], atol=1e-5, rtol=0)


def test_padding_does_not_count(prepared):
    network = seeded(prepared.recipe.model).eval().requires_grad_(False).recurrent
    batch = {name: torch.as_tensor(array) for name, array in whole_clips(prepared, 0, 40).items()}
    whole = frame_losses(network, batch)["frame/nll"]
    alone = []
    for row in (0, 40):
        one = {name: torch.as_tensor(array) for name, array in whole_clips(prepared, row).items()}
        alone.append((one["mask"].sum(), frame_losses(network, one)["frame/nll"]))
    assert alone[0][0] < alone[1][0]  # of different lengths
    expected = sum(n * loss for n, loss in alone) / sum(n for n, _ in alone)
    assert float(whole) == pytest.approx(float(expected), abs=1e-5)


def test_every_loss_has_a_weight(prepared):
    for output, duration in (("mixture", "drawn"), ("mse", "learned"), ("mixture", "endless")):
        network = seeded(replace(prepared.recipe.model, output=output, duration=duration))
        batch = {name: torch.as_tensor(array) for name, array in prepared.batches(0).items()}
        ((_, loss_function),) = network.turns(0)
        assert loss_function(batch).keys() == network.loss_weights(0).keys()


# --- drawing


def test_frames_are_drawn_from_the_mixture():
    config = replace(TINY, n_mels=4, n_mixtures=2)
    outputs = np.zeros(config.n_outputs, np.float32)
    outputs[:2] = np.log([0.25, 0.75])
    outputs[2:6], outputs[6:10] = -2, 2  # means
    outputs[10:] = np.log(0.5)
    rng = np.random.default_rng(0)
    drawn = np.array([draw_frame(outputs, config, 0.4, rng) for _ in range(4000)])
    of_second = drawn[:, 0] > 0
    assert of_second.mean() == pytest.approx(0.75, abs=0.02)
    np.testing.assert_allclose(drawn[of_second].mean(axis=0), 2, atol=0.02)
    np.testing.assert_allclose(drawn[of_second].std(axis=0), 0.2, atol=0.01)
    np.testing.assert_array_equal(draw_frame(outputs, replace(config, output="mse"), 1.0, rng), outputs[:4])


def test_durations_are_distributed_as_they_were(prepared):
    statistics, rng = prepared.statistics, np.random.default_rng(0)
    for label, seconds in ((0, 0.2), (1, 0.4)):
        real = np.array([round((seconds + 0.01 * take) * RATE) // 64 + 1 for take in range(7)])
        drawn = np.array([statistics.draw_duration(label, 1, rng) for _ in range(2000)])
        assert (drawn.min(), drawn.max()) == (real.min(), real.max())
        np.testing.assert_allclose(np.quantile(drawn, [0.25, 0.5, 0.75]), np.quantile(real, [0.25, 0.5, 0.75]), atol=1)


def test_an_endless_clip_starts_from_frames_of_its_label(words, tmp_path):
    prepared = prepare(small_recipe(replace(VOICE, duration="endless")), words, tmp_path)
    statistics, clips = prepared.statistics, prepared.batches.clips
    assert statistics.starts.shape == (2, N_STARTS, START_FRAMES, VOICE.n_features)
    rng = np.random.default_rng(3)
    for label in (0, 1):
        start = statistics.draw_start(label, rng)
        own = [clip for clip, other in zip(clips.whitened, clips.labels, strict=True) if other == label]
        windows = [np.lib.stride_tricks.sliding_window_view(clip, START_FRAMES, axis=0) for clip in own]
        assert any((window == start.T).all(axis=(1, 2)).any() for window in windows)
        sampler = FrameSampler(
            lambda frame, *_: (np.zeros(VOICE.n_outputs, np.float32), _[-1]),
            VOICE,
            statistics,
            ClipRequest(None, label, 0, 1.0, rng),
        )
        np.testing.assert_array_equal(sampler.draw_frames(20, start)[:START_FRAMES], start)
    loud = Whitening(statistics.whitening.mean + 1, statistics.whitening.directions, statistics.whitening.scales)
    again = statistics.rewhitened(loud)
    np.testing.assert_allclose(loud.unwhiten(again.starts), statistics.whitening.unwhiten(statistics.starts), atol=1e-4)


def test_words_start_from_nothing(prepared):
    assert prepared.statistics.draw_start(0, np.random.default_rng(0)) is None
    assert "starts" not in prepared.statistics.tensors()


def test_a_learned_end_comes_when_it_is_sure(prepared):
    config = replace(TINY, duration="learned")

    def step(frame, position, label, speaker, state):
        outputs = np.zeros(config.n_outputs, np.float32)
        outputs[-1] = 50.0 if state[0, 0] == 10 else -50.0
        return outputs, state + 1

    statistics = replace(prepared.statistics, durations=np.ones((1, 1, 2)))
    sampler = FrameSampler(step, config, statistics, ClipRequest(None, 0, 0, 1.0, np.random.default_rng(0)))
    assert len(sampler.draw_frames()) == 11
    assert len(sampler.draw_frames(30)) == 30


def test_clips_that_are_drawn_together_are_those_that_are_drawn_alone(prepared):
    config = replace(TINY, duration="learned")
    statistics = replace(prepared.statistics, durations=np.ones((1, 1, 2)))
    n_together = []

    def step(frame, position, label, speaker, state):
        outputs = np.tanh(np.resize(frame + position.sum() + label + state.mean(), config.n_outputs))
        outputs[-1] = 50.0 if state[0, 0] >= 6 + 5 * label else -50.0  # the clips end one after the other
        return outputs.astype(np.float32), state + 1

    def steps(inputs):
        n_together.append(len(inputs))
        return [step(*each) for each in inputs]

    def drawings():
        for label in (2, 0, 3, 1, 0):
            request = ClipRequest(None, label, 0, 1.0, np.random.default_rng(label))
            yield FrameSampler(step, config, statistics, request)

    alone = [sampler.draw_frames() for sampler in drawings()]
    together = drawn_together([sampler.frames() for sampler in drawings()], steps)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
    assert n_together[0] == 5
    assert n_together[-1] == 1
    assert len(n_together) == max(map(len, alone))
    assert drawn_together([], steps) == []


def test_clips_of_a_training_are_drawn_with_one_thread(prepared, monkeypatch):
    threads, together = set(), TorchFrameStep.together
    monkeypatch.setattr(
        TorchFrameStep, "together", lambda *given: threads.add(torch.get_num_threads()) or together(*given)
    )
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        LstmTraining().samples(seeded(prepared.recipe.model).recurrent, prepared)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert threads == {1}


@pytest.mark.parametrize(
    ("seconds", "duration", "is_said"), [(0.4, "endless", True), (5.0, "endless", False), (0.4, "drawn", False)]
)
def test_words_that_would_become_textures_are_named(seconds, duration, is_said):
    notes = recipes._notes(replace(TINY, duration=duration), [seconds] * 3, 5.0)
    assert bool(notes) == is_said
    assert all("last 0.4 s" in note and "--set duration=drawn" in note for note in notes)


# --- frames


def test_white_frames_have_no_correlation_and_come_back():
    draw = np.random.default_rng(0)
    mixed = draw.standard_normal((5000, 6)) @ draw.standard_normal((6, 6)) + 3
    frames = np.concatenate([mixed, 5 * draw.standard_normal((5000, 2)) - 1], axis=1).astype(np.float32)
    whitening = Whitening.fit([frames[:2000], frames[2000:]], 6)
    white = whitening.whiten(frames)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(white[:, :6].T), np.eye(6), atol=1e-3)
    np.testing.assert_allclose(whitening.directions[6:, 6:], np.eye(2))  # pitch and periodicity stay by themselves
    np.testing.assert_allclose(whitening.unwhiten(white), frames, atol=1e-4)


@pytest.mark.parametrize("source", ["voice", "noise", "griffin-lim"])
def test_a_wave_comes_back_from_its_frames(source):
    config = replace(TINY, source=source, n_fft=256, n_mels=32, n_iterations=30 if source == "griffin-lim" else 6)
    wave = tone(180, 0.6)
    frames = wave_to_frames(wave, config)
    assert frames.shape == (4800 // 64 + 1, config.n_features)
    made = frames_to_wave(frames, config, np.random.default_rng(0), len(wave))
    again = wave_to_frames(made, config)
    assert np.abs(again - frames)[4:-4, :32].mean() < 0.45  # nepers of power: 2 dB
    if source == "voice":
        np.testing.assert_allclose(2 ** again[5:-5, 32], 2 ** frames[5:-5, 32], rtol=0.02)
        assert again[5:-5, 33].mean() < -3.5  # the lowest band is nearly free of noise


@pytest.mark.parametrize("n_samples", [64, 110, 128, 150, 1_000])
def test_a_frame_is_complete_whose_window_ends_within_the_wave(n_samples):
    wave = tone()[:n_samples]
    n_complete = n_complete_frames(n_samples, FRAMES)
    assert n_complete == sum(64 * t + 64 <= n_samples for t in range(len(wave)))
    longer = np.pad(wave, (0, 500), constant_values=0.3)  # what follows changes none of them, and the next one
    before, after = wave_to_frames(wave, FRAMES), wave_to_frames(longer, FRAMES)
    np.testing.assert_allclose(after[:n_complete], before[:n_complete], atol=1e-5)
    assert np.abs(after[n_complete] - wave_to_frames(np.pad(wave, (0, 500)), FRAMES)[n_complete]).max() > 0.01


def test_the_pitch_is_carried_through_what_has_none():
    wave = np.concatenate([tone(120), np.zeros(RATE // 2, np.float32), tone(240)])
    octaves = wave_to_frames(wave, VOICE)[:, VOICE.n_mels]
    np.testing.assert_allclose(octaves[[20, 132]], np.log2([1.2, 2.4]), atol=0.02)
    assert (np.diff(octaves[52:110]) >= -1e-6).all()
    with pytest.raises(BadAudio, match=r"frames need \(time,\), and at least one sample"):
        wave_to_frames(np.zeros(0, np.float32), VOICE)


def test_position_features_tell_where_a_frame_is():
    features = position_features(41)
    assert features.shape == (41, POSITION_FEATURES)
    np.testing.assert_allclose(features[[0, 20, 40], 0], [-1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(features[[0, 40], 5:7], [[1, np.exp(-5)], [np.exp(-5), 1]], rtol=1e-5)
    assert len(np.unique(features.round(5), axis=0)) == 41


# --- data


def test_batches_are_a_function_of_the_step(prepared):
    for name, array in prepared.batches(5).items():
        np.testing.assert_array_equal(array, prepared.batches(5)[name])
        assert len(array) == 6
    batch = prepared.batches(5)
    n_frames = batch["mask"].sum(axis=1).astype(int)
    assert batch["frames"].shape == (6, n_frames.max(), VOICE.n_features)
    for row, n in enumerate(n_frames):
        np.testing.assert_array_equal(batch["position"][row, :n], position_features(n))
        assert not batch["frames"][row, n:].any()


def test_endless_sounds_are_cropped(words, tmp_path):
    data = prepare(small_recipe(replace(TINY, labels=("two",))), words, tmp_path)
    batch = data.batches(0)
    assert batch["frames"].shape[1] <= round(0.3 * RATE / 64)
    assert data.recipe.model.labels == ("two",)
    assert len(data.train_entries) == 21
    assert isinstance(data.valid, FrameBatches)


def test_unusable_data_is_refused_or_reported(words, tmp_path):
    with pytest.raises(BadFolder, match="There is no clip with the label 'three' to train on; the folder has one, two"):
        prepare(small_recipe(replace(VOICE, labels=("one", "three"))), words, tmp_path)
    with pytest.raises(BadFolder, match="There is no clip of the speaker 'dan'"):
        prepare(small_recipe(replace(VOICE, speakers=("dan",))), words, tmp_path)
    short = replace(small_recipe(), data=SequenceDataSettings(longest_seconds=0.35, sample_seconds=0.3))
    prepared = prepare(replace(short, model=replace(VOICE, labels=())), words, tmp_path)
    assert prepared.recipe.model.labels == ("one",)
    assert "whole sounds may last 0.35 s (data.longest_seconds)" in str(prepared.failed[0])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hop_length": 100}, "hop_length is 100; it must lie between 4 and 64"),
        ({"n_fft": 129}, "n_fft is 129; it must be even, such as 130"),
        ({"f_max_hz": 5_000.0}, "f_min_hz is 0.0 and f_max_hz 5000.0; they must rise and end at half the sample rate"),
        ({"temperature": 3.0}, "temperature is 3.0; it must lie between 0.0 and 2.0"),
        ({"speakers": ("a", "a")}, "speakers are 'a', 'a'; each needs a name of its own"),
    ],
)
def test_impossible_settings_are_refused(change, sentence):
    with pytest.raises(BadSetting, match=sentence):
        replace(TINY, **change)


def test_a_metric_fits_the_output():
    assert [recipe(size).model.hidden_size for size in SIZES] == [96, 256, 384]
    with pytest.raises(BadSetting, match="a recurrent model is measured by valid/mse, distance, diversity, level_db"):
        choose_recipe("lstm", "tiny", ["output=mse", "metric=valid/nll"])
    assert choose_recipe("lstm", "tiny", ["cell=gru", "f_max_hz=none"]).model.cell == "gru"


# --- playing


def test_what_plays_equals_what_was_trained(player, prepared):
    network = export_copy(seeded(prepared.recipe.model)).recurrent
    batch = whole_clips(prepared, 3)
    frames = np.concatenate([np.zeros((1, VOICE.n_features), np.float32), batch["frames"][0, :-1]])
    inputs = [torch.as_tensor(array) for array in (frames[None], batch["position"], batch["label"], batch["speaker"])]
    with torch.no_grad():
        expected = network(*inputs)[0].numpy()
    state = np.zeros((VOICE.n_states, VOICE.hidden_size), np.float32)
    for frame, position, outputs in zip(frames, batch["position"][0], expected, strict=True):
        actual, state = player.step(frame, position, int(batch["label"][0]), int(batch["speaker"][0]), state)
        np.testing.assert_allclose(actual, outputs, atol=1e-4)
    drawn = [
        FrameSampler(
            step, VOICE, player.statistics, ClipRequest(None, 1, 2, 1.0, np.random.default_rng(0))
        ).draw_frames()
        for step in (player.step, TorchFrameStep(network))
    ]
    np.testing.assert_allclose(*drawn, atol=1e-3)


def test_clips_have_several_lengths(player):
    assert len({wave.shape[1] for wave in player.generate("two", 4, seed=3)}) > 1


def test_seconds_set_the_length(player):
    for seconds in (0.25, 1.0):
        (wave,) = player.generate("one", seconds=seconds)
        assert wave.shape == (1, seconds * RATE)


def test_a_continuation_starts_with_its_prompt(player):
    prompt = tone(150, 0.3)[None]
    whole = player.continue_from(prompt, 0.8, "one", seed=2)
    assert whole.shape == (1, 0.8 * RATE)
    n_same = prompt.shape[1] - VOICE.hop_length
    np.testing.assert_array_equal(whole[0, :n_same], prompt[0, :n_same])
    assert np.abs(whole).max() <= 1
    np.testing.assert_array_equal(whole, player.continue_from(prompt, 0.8, "one", seed=2))
    assert np.abs(whole - player.continue_from(prompt, 0.8, "one", seed=2, index=1))[0, prompt.shape[1] :].max() > 1e-3
    assert (
        np.abs(whole - player.continue_from(tone(220, 0.3)[None], 0.8, "one", seed=2))[0, prompt.shape[1] :].max()
        > 1e-3
    )


def test_prompts_labels_and_speakers_that_do_not_fit_are_refused(player):
    for wave in (np.zeros((1, 0)), np.zeros((2, 800)), np.full((1, 800), np.nan)):
        with pytest.raises(BadAudio, match=r"it must be \(1, time\) of floating-point numbers, at least one sample"):
            player.continue_from(wave, 1.0)
    with pytest.raises(BadSetting, match=r"lasts 0\.3 s; ask for more than that, not for 0\.2 s in all"):
        player.continue_from(tone(150, 0.3)[None], 0.2)
    with pytest.raises(BadSetting, match=r"tiny has no label 'tow'; its labels are one, two; did you mean two\?"):
        player.generate("tow")
    with pytest.raises(BadSetting, match=r"tiny has no speaker 'dan'; its speakers are ann, bob, cid"):
        player.generate("two", speaker="dan")
    with pytest.raises(BadSetting, match=r"The temperature is 2\.5; it must lie between 0 and 2"):
        player.generate("two", temperature=2.5)
    with pytest.raises(BadSetting, match=r"A clip of -1 s is not possible; tiny makes clips of 0\.032 to 3600 s"):
        player.generate("two", seconds=-1)


def test_a_model_whose_statistics_do_not_fit_is_refused(prepared, tmp_path):
    folder = exported(tmp_path, prepared)
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    card["labels"] = card["config"]["labels"] = ["one", "two", "three"]
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(BadModel, match=rf"{STATISTICS_FILE} has no durations of shape \(3, 3, any\)"):
        loading.load(folder)


@pytest.mark.parametrize("name", ["mean", "directions", "scales", "durations"])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_model_whose_statistics_are_no_numbers_is_refused(prepared, tmp_path, name, number):
    folder = exported(tmp_path, prepared)
    tensors = load_file(folder / STATISTICS_FILE)
    tensors[name].flat[0] = number
    save_file(tensors, folder / STATISTICS_FILE)
    sign_again(folder)
    with pytest.raises(BadModel, match=rf"{STATISTICS_FILE} has values of {name} that are missing or not finite"):
        loading.load(folder)


def test_a_run_becomes_a_model_that_plays(words, tmp_path):
    folder = words[0].path.parent
    settings = [
        "steps=6",
        "evaluate_every=3",
        "save_every=3",
        "batch_size=4",
        "threads=1",
        "sample_rate=8000",
        "hidden_size=16",
    ]
    settings += ["n_fft=128", "hop_length=64", "n_mels=12", "sample_seconds=0.3", "crop_seconds=0.2"]
    done = train(TrainParameters(folder, "lstm", "tiny", tmp_path / "run", set=settings, quiet=True))
    assert done.step == 6
    assert done.metrics.keys() == {"valid/nll", "distance", "diversity", "level_db"}
    player = loading.load(tmp_path / "run")
    (wave,) = player.generate(seconds=0.5)
    assert wave.shape == (1, 4000)
    assert np.abs(wave).max() > 0


def test_a_training_starts_from_another_model(words, prepared, tmp_path):
    """Known labels and speakers keep their embeddings, new ones start from the mean, the rest is the base's."""
    base = ModelFolder(exported(tmp_path, prepared, "base"))
    entries = [replace(entry, label={"one": "one", "two": "six"}[entry.label]) for entry in words]
    entries = [replace(entry, speaker={"ann": "ann", "bob": "dan", "cid": "ann"}[entry.speaker]) for entry in entries]
    tuned = LSTM.fine_tuning(base)
    assert (tuned.model, tuned.training.learning_rate) == (replace(VOICE, labels=(), speakers=()), 3e-4)
    settings = small_recipe().training
    started = replace(tuned, data=small_recipe().data, training=replace(settings, learning_rate=3e-4))
    scan = Scan(tuple(entries), ())
    run = Run(tmp_path / "run", "lstm", started, scan, Provenance("run"), tmp_path / "cache", base)
    assert (run.recipe.model.labels, run.recipe.model.speakers) == (("one", "six"), ("ann", "dan"))
    stored = exported_weights(base, LSTM.weight_prefixes)
    weights = {name: tensor.numpy() for name, tensor in run.network.recurrent.state_dict().items()}
    assert weights.keys() == stored.keys()
    for name in weights.keys() - {"label_embedding.weight", "speaker_embedding.weight"}:
        np.testing.assert_array_equal(weights[name], stored[name])
    for table, known in (("label_embedding.weight", 2), ("speaker_embedding.weight", 3)):
        assert stored[table].shape[0] == known
        np.testing.assert_allclose(weights[table], [stored[table][0], stored[table].mean(axis=0)], rtol=1e-6)
    assert LSTM.new_tables(base, run.recipe.model) == ["label_embedding.weight", "speaker_embedding.weight"]
    assert LSTM.new_tables(base, VOICE) == []
    # Frames are whitened as the weights expect.
    mean = ClipStatistics.read(base, VOICE).whitening.mean
    np.testing.assert_array_equal(run.prepared.statistics.whitening.mean, mean)
    row, entry = 3, run.prepared.train_entries[3]
    wave = soundfile.read(entry.path, dtype="float32")[0]
    frames = wave_to_frames(wave * 0.95 / np.abs(wave).max(), VOICE)
    whitened = run.prepared.batches.clips.whitened[row]
    np.testing.assert_allclose(whitened, run.prepared.statistics.whitening.whiten(frames), atol=0.05)
    progress = Run(tmp_path / "run", "lstm", replace(started, training=replace(started.training, steps=1)), scan,
                   Provenance("run"), tmp_path / "cache", base).train(Call(quiet=True))  # fmt: skip
    assert np.isfinite(progress.metrics["valid/nll"])


def test_a_base_without_labels_is_refused_for_recordings_with_labels(words, prepared, tmp_path):
    base = ModelFolder(exported(tmp_path, prepared, "plain", replace(VOICE, labels=())))
    with pytest.raises(BadSetting, match="plain has no labels, and this training has one, two; train on recordings"):
        LSTM.initial_weights(base, VOICE)
    base = ModelFolder(exported(tmp_path, prepared, "voices"))
    with pytest.raises(BadSetting, match="voices has the speakers ann, bob, cid, and this training has none; give"):
        LSTM.initial_weights(base, replace(VOICE, speakers=()))
