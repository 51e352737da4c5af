"""The prior: likelihoods and steps, batches of codes, sampling through a codec, a training, a warm start."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import torch
from tiny_codec_model import drawn_codes, export_codec, write_glides
from tiny_prior import TINY

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder, BadModel, BadSetting
from wavewright.contracts.family import EMBEDDINGS_FILE, exported_weights
from wavewright.contracts.generation import ClipRequest
from wavewright.contracts.settings import TrainingSettings
from wavewright.data.entry import Scan
from wavewright.data.folder import scan
from wavewright.dsp.position import POSITION_FEATURES, position_features
from wavewright.families import loading
from wavewright.families.prior import PRIOR, training as trainings
from wavewright.families.prior.codec import codes_to_symbols, symbols_to_codes
from wavewright.families.prior.config import SIZES, STATISTICS_FILE
from wavewright.families.prior.recipe import PriorDataSettings, PriorRecipe, prepare, recipe
from wavewright.families.prior.sampling import CodeSampler
from wavewright.families.prior.training import PriorNetwork, PriorTraining, TorchCodeSteps, code_nats
from wavewright.metrics.copying import smallest_distance
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.models.card import CARD_FILE, Card
from wavewright.models.folder import ModelFolder
from wavewright.tasks.generate import generate
from wavewright.training.choices import choose_recipe
from wavewright.training.export import export_copy, export_model
from wavewright.training.parameters import Call, TrainParameters
from wavewright.training.provenance import Provenance
from wavewright.training.run import Run
from wavewright.training.train import train

HOP, RATE = 320, 16_000
WHOLE = replace(TINY, labels=("low", "high"), speakers=("ann", "bob"), duration="drawn")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder with a codec among its runs, and twenty sounds."""
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "sounds").mkdir()
    write_glides(workspace / "sounds")
    export_codec(workspace / "sounds", workspace / "cache", workspace / "runs" / "tiny-codec")
    return workspace


@pytest.fixture(autouse=True)
def there(workspace, monkeypatch):
    monkeypatch.chdir(workspace)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(workspace / "home"))


def entries(workspace):
    """The sounds as words of two labels by two speakers."""
    scanned = scan(workspace / "sounds", "none").entries
    split = ["train", "train", "train", "train", "valid"]
    return [
        replace(entry, label=WHOLE.labels[i % 2], speaker=WHOLE.speakers[i // 2 % 2], split=split[i % 5])
        for i, entry in enumerate(scanned)
    ]


def small_recipe(model=WHOLE, **data):
    settings = {"crop_seconds": 0.3, "sample_seconds": 0.3, "n_variants": 2, **data}
    training = TrainingSettings(batch_size=5, threads=1, precision="float32", metric="valid/bits")
    return PriorRecipe(model, PriorDataSettings(**settings), training)


@pytest.fixture(scope="module")
def prepared(workspace):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace)
        return prepare(small_recipe(), entries(workspace), workspace / "cache")


def seeded(config) -> PriorNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = PriorNetwork(config)
        for parameter in network.parameters():  # equal tensors, such as fresh norms, are exported as one
            parameter.data += 0.01 * torch.randn_like(parameter)
        return network


def test_clips_of_a_training_are_drawn_with_one_thread(prepared, monkeypatch):
    threads = []

    class Noted(CodeSampler):
        def frames(self, n_frames):
            threads.append(torch.get_num_threads())
            return super().frames(n_frames)

    monkeypatch.setattr(trainings, "CodeSampler", Noted)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        waves, _ = PriorTraining().samples(seeded(prepared.recipe.model).eval().predictor, prepared)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert threads == [1] * len(waves)


def exported(prepared, name, **model):
    config = replace(prepared.recipe.model, **model)
    changed = replace(prepared, recipe=replace(prepared.recipe, model=config))
    card = Card(name=name, family="prior", config=asdict(config), labels=list(config.labels), sample_rate=RATE)
    folder = Path("runs") / name
    export_model(folder, card, PriorTraining().export(seeded(config).eval().predictor, changed))
    return folder


@pytest.fixture(scope="module")
def player(prepared, workspace):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace)
        return loading.load(exported(prepared, "words"))


@pytest.fixture(scope="module")
def endless(prepared, workspace):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace)
        return loading.load(exported(prepared, "endless", duration="endless", labels=(), speakers=()))


# --- the network


@pytest.mark.parametrize("cell", ["lstm", "gru", "convnext"])
def test_step_by_step_equals_a_whole_sound(cell):
    config = replace(WHOLE, cell=cell)
    predictor = seeded(config).eval().requires_grad_(False).predictor
    symbols = torch.from_numpy(np.stack([codes_to_symbols(drawn_codes(10, seed), config) for seed in (1, 2)]))
    mask = torch.ones(2, 9, dtype=torch.bool)
    mask[1, 6:] = False
    position, label, speaker = torch.randn(2, 9, POSITION_FEATURES), torch.tensor([1, 0]), torch.tensor([0, 1])
    expected = predictor(symbols, mask, position, label, speaker)
    assert expected.shape == (3, 15, 65)
    for row, first, n_frames in ((0, 0, 9), (1, 9, 6)):
        state = torch.zeros(1, *config.state_shape)
        conditioning = (label[row : row + 1], speaker[row : row + 1])
        for frame in range(n_frames):
            context, state = predictor.time_step(
                symbols[row : row + 1, frame], position[row : row + 1, frame], *conditioning, state
            )
            for level in range(3):
                now = symbols[row : row + 1, frame + 1].clone()
                now[:, level:] = 5  # what is not drawn yet must not matter
                actual = predictor.depth_step(context, now, torch.tensor([level]))[0]
                torch.testing.assert_close(actual, expected[level, first + frame], atol=1e-5, rtol=0)


def test_the_network_is_causal():
    predictor = seeded(TINY).eval().requires_grad_(False).predictor
    symbols = torch.from_numpy(codes_to_symbols(drawn_codes(9), TINY))[None]
    mask = torch.ones(1, 8, dtype=torch.bool)
    before = predictor(symbols, mask, None, None, None)
    symbols[0, 5, 1] = (symbols[0, 5, 1] + 1) % 64  # frame 4 of those that are drawn
    after = predictor(symbols, mask, None, None, None)
    changed = (before - after).abs().amax(-1) > 1e-6  # (levels, frames)
    expected = np.zeros((3, 8), bool)
    expected[2, 4] = expected[:, 5:] = True
    np.testing.assert_array_equal(changed.numpy(), expected)


def test_nats_are_scipys_and_silence_counts_once(prepared):
    config = prepared.recipe.model
    predictor = seeded(config).eval().requires_grad_(False).predictor
    batch = {name: torch.as_tensor(array) for name, array in prepared.batches(0).items()}
    batch["symbols"][0, 3] = config.silence_symbol
    mask = batch["mask"].bool()
    nats, counts = code_nats(predictor, batch)
    logits = predictor(batch["symbols"], mask, batch["position"], batch["label"], batch["speaker"]).double().numpy()
    targets = batch["symbols"][:, 1:][mask].numpy()
    assert nats.shape == counts.shape == (3, int(mask.sum()))
    for frame in (0, 2, 7):
        for level in range(3):
            is_counted = level == 0 or frame != 2
            assert float(counts[level, frame]) == is_counted
            row = logits[level, frame] if level == 0 else logits[level, frame, :-1]
            expected = -scipy.special.log_softmax(row)[targets[frame, level]] if is_counted else 0.0
            assert float(nats[level, frame]) == pytest.approx(expected, abs=1e-5)
    network = seeded(config).eval()
    ((_, loss_function),) = network.turns(0)
    losses = loss_function(batch)
    assert losses.keys() == network.loss_weights(0).keys()
    mean_of_levels = np.mean([float(nats[level].sum() / counts[level].sum()) for level in range(3)])
    assert float(losses["codes/nats"].detach()) == pytest.approx(mean_of_levels, abs=1e-5)


def test_sizes_and_settings():
    sizes = {
        size: sum(p.numel() for p in PriorNetwork(recipe(size).model).predictor.parameters()) / 1e6 for size in SIZES
    }
    assert sizes["tiny"] < 1 < 2 < sizes["small"] < 4 < sizes["base"] < 10
    assert (
        choose_recipe("prior", "small", ["codec=my-codec", "cell=convnext", "n_codebooks=6"]).model.codec == "my-codec"
    )
    for settings, sentence in (
        (["top_p=0"], "top_p is 0.0; it must lie between 0.01 and 1.0"),
        (["metric=loss"], "metric is 'loss'; a prior is measured by valid/bits"),
    ):
        with pytest.raises(BadSetting, match=sentence):
            choose_recipe("prior", "tiny", settings)


# --- data


def test_recordings_become_codes_and_what_was_before_them(prepared, workspace):
    model = prepared.recipe.model
    codec = loading.load("tiny-codec")
    assert (model.codec_hash, model.sample_rate, model.hop_length, model.codebook_size) == (
        codec.codes_hash,
        RATE,
        HOP,
        64,
    )
    assert (len(prepared.train_entries), len(prepared.batches.clips.labels)) == (16, 16)
    clips = prepared.batches.clips
    row, entry = 5, prepared.train_entries[5]
    assert (WHOLE.labels[clips.labels[row]], WHOLE.speakers[clips.speakers[row]]) == (entry.label, entry.speaker)
    crop = prepared.batches.crop(row, 0, 0)
    assert (crop[0] == model.start_symbol).all()
    np.testing.assert_array_equal(symbols_to_codes(crop[1:], model), clips.unvaried[row])
    later, first = (clips.variants[number][row] for number in (1, 0))
    assert later.shape[1] - first.shape[1] in (0, 1)
    assert (later[:, : first.shape[1]] != first).mean() > 0.2


def test_codes_are_computed_once_and_kept(prepared, workspace, monkeypatch):
    monkeypatch.setattr(type(prepared.codec), "encode", lambda *_: pytest.fail("it is encoded again"))
    again = prepare(small_recipe(), entries(workspace), workspace / "cache")
    for old, new in zip(prepared.batches.clips.variants[1], again.batches.clips.variants[1], strict=True):
        np.testing.assert_array_equal(old, new)


def test_batches_are_a_function_of_the_step(prepared):
    batch = prepared.batches(5)
    for name, array in prepared.batches(5).items():
        np.testing.assert_array_equal(array, batch[name])
        assert len(array) == 5
    assert not np.array_equal(batch["symbols"], prepared.batches(6)["symbols"])
    n_frames = batch["mask"].sum(axis=1).astype(int)
    assert batch["symbols"].shape == (5, 1 + n_frames.max(), 3)
    for row, n in enumerate(n_frames):
        np.testing.assert_array_equal(batch["position"][row, :n], position_features(n))


def test_crops_of_endless_sounds_know_the_frame_before_them(workspace, prepared):
    model = replace(TINY, duration="endless")
    batches = prepare(small_recipe(model), entries(workspace), workspace / "cache").batches
    assert batches.crop_frames == 15
    whole = codes_to_symbols(batches.clips.unvaried[2], batches.config)
    batch = batches.batch_of(np.array([2, 2]), np.array([0, 9]), np.array([0, 0]))
    assert "position" not in batch
    assert (batch["symbols"][0, 0] == model.start_symbol).all()
    np.testing.assert_array_equal(batch["symbols"][0, 1:], whole[:15])
    np.testing.assert_array_equal(batch["symbols"][1], whole[8:24])
    starts = [batches(step)["symbols"][:, 0, 0] == model.start_symbol for step in range(20)]
    assert 0.1 < np.mean(starts) < 0.6
    held_out = batches.all()
    assert sum(one["mask"].sum() for one in held_out) == batches.lengths.sum()


def test_unusable_data_is_refused(workspace):
    with pytest.raises(
        BadModel, match=r"A prior draws the codes of the codec 'no-codec', which is not among the models here"
    ):
        prepare(small_recipe(replace(TINY, codec="no-codec")), entries(workspace))
    with pytest.raises(BadSetting, match="n_codebooks is 5; tiny-codec has 4 codebooks: use as many or fewer"):
        prepare(small_recipe(replace(TINY, n_codebooks=5)), entries(workspace))
    with pytest.raises(BadModel, match="digits is of the family lstm; name a codec"):
        prepare(small_recipe(replace(TINY, codec="digits")), entries(workspace))
    with pytest.raises(BadFolder, match="There is no clip with the label 'mid' to train on; the folder has high, low"):
        prepare(small_recipe(replace(WHOLE, labels=("mid",))), entries(workspace))
    prepared = prepare(small_recipe(replace(WHOLE, labels=()), longest_seconds=0.5), short(workspace))
    assert [problem.reason for problem in prepared.failed] == [
        "it lasts 0.7 s; whole sounds may last 0.5 s (data.longest_seconds)"
    ]


def short(workspace):
    """The sounds as parts of 0.4 s, but for the last."""
    whole = entries(workspace)
    return [*(replace(entry, seconds=0.4, n_frames=6_400) for entry in whole[:-1]), whole[-1]]


# --- playing


def test_what_plays_equals_what_was_trained(player, prepared):
    steps = TorchCodeSteps(export_copy(seeded(prepared.recipe.model)).predictor)
    rngs = [np.random.default_rng(0) for _ in range(2)]
    drawn = [
        list(CodeSampler(one, player.config, ClipRequest(None, 1, 0, 1.0, rng)).frames(30))
        for one, rng in zip((player, steps), rngs, strict=True)
    ]
    assert (np.array(drawn[0]) == np.array(drawn[1])).mean() > 0.98  # a number may fall on the edge between two codes
    before, position = np.array([3, 60, 64]), position_features(20)[4]
    state = np.random.default_rng(1).standard_normal(player.config.state_shape).astype(np.float32)
    for actual, expected in zip(
        player.time_step(before, position, 1, 0, state), steps.time_step(before, position, 1, 0, state), strict=True
    ):
        np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_clips_are_as_long_as_the_words_were(player):
    assert {wave.shape[1] for wave in player.generate("high", 3, seed=3)} <= {35 * HOP, 36 * HOP}


def test_a_stream_and_tokens_are_the_clip(endless, player):
    for one, seconds in ((endless, 1.33), (player, None)):
        (whole,) = one.generate(seed=5, seconds=seconds)
        chunks = list(one.stream(seed=5, seconds=seconds))
        assert len(chunks) > 1
        np.testing.assert_array_equal(np.concatenate(chunks, axis=1), whole)
        codes = one.tokens(seed=5, seconds=seconds)
        assert codes.dtype == np.int16
        assert codes.shape == (3, -(-whole.shape[1] // HOP))
        np.testing.assert_array_equal(np.clip(one.codec.decode(codes), -1, 1)[:, : whole.shape[1]], whole)
    assert endless.generate()[0].shape == (1, 5 * RATE)


def test_a_continuation_starts_with_the_codes_of_its_prompt(endless, player):
    clip = (0.4 * np.sin(np.arange(5_000) * 0.05) ** 3).astype(np.float32)[None]
    codes_of_wave = endless.codec.encode(clip[0])[:3, :15]
    whole = endless.continue_from(clip, 0.7, seed=2)
    assert whole.shape == (1, 0.7 * RATE)
    codes = endless.tokens(seed=2, seconds=0.7, prompt=codes_of_wave)
    np.testing.assert_array_equal(codes[:, :15], codes_of_wave)
    np.testing.assert_array_equal(np.clip(endless.codec.decode(codes), -1, 1)[:, : whole.shape[1]], whole)
    assert np.abs(whole - endless.continue_from(clip, 0.7, seed=2, index=1))[0, 6_000:].max() > 1e-3
    assert player.continue_from(clip, 0.7, "high", speaker="bob").shape == (1, 0.7 * RATE)


def test_changes_of_a_clip_to_continue_are_reported(endless, tmp_path):
    tones = 0.4 * np.sin(np.arange(11_025) * np.array([[0.02], [0.03]])).astype(np.float32)
    stereo, plain = Clip(tones, 44_100).write(tmp_path / "a.wav"), Clip(tones[:1], RATE).write(tmp_path / "b.wav")
    settings = {"model": str(endless.folder.path), "count": 1, "seconds": 0.8, "out": tmp_path / "out"}
    made = generate(**settings, continue_from=stereo)
    sentence = f"{stereo} was mixed from 2 channels to one, resampled from 44100 to 16000 Hz."
    assert (made.notes, str(made).splitlines()[-1]) == ((sentence,), sentence)
    assert generate(**settings, continue_from=plain).notes == ()


def test_the_likelihood_of_codes_is_that_of_the_network_in_training(player, prepared):
    batches = prepared.batches
    row = 4
    batch = batches.batch_of(np.array([row]), np.array([0]), np.array([0]))
    predictor = export_copy(seeded(prepared.recipe.model)).predictor
    expected, _ = code_nats(predictor, {name: torch.as_tensor(array) for name, array in batch.items()})
    label, speaker = (
        names[number] for names, number in ((WHOLE.labels, batch["label"][0]), (WHOLE.speakers, batch["speaker"][0]))
    )
    nats = player.nll(batches.clips.unvaried[row], label, speaker)
    np.testing.assert_allclose(nats, expected.numpy(), atol=1e-4)
    with pytest.raises(BadSetting, match="words is conditioned on a label; give one of low, high"):
        player.nll(batches.clips.unvaried[row])


def test_what_a_model_does_not_have_is_refused(player, endless):
    for wave in (np.zeros((1, 0)), np.zeros((2, 800)), np.full((1, 800), np.nan)):
        with pytest.raises(BadAudio, match=r"it must be \(1, time\) of floating-point numbers, at least one sample"):
            endless.continue_from(wave, 1.0)
    for refused, sentence in (
        (
            lambda: endless.continue_from(np.zeros((1, 8_000)), 0.4),
            r"lasts 0\.5 s; ask for more than that, not for 0\.4 s",
        ),
        (
            lambda: endless.tokens(seconds=0.4, prompt=np.zeros((3, 20), np.int16)),
            r"The prompt has 20 frames of codes, 0\.4 s; ask for more than that, not for 20 frames in all",
        ),
        (lambda: player.generate("hihg"), r"words has no label 'hihg'; its labels are low, high; did you mean high\?"),
        (lambda: player.stream("low", speaker="dan"), "words has no speaker 'dan'; its speakers are ann, bob"),
        (lambda: endless.generate("low"), "endless has no labels"),
        (lambda: endless.generate(temperature=2.5), r"The temperature is 2\.5; it must lie between 0 and 2"),
        (lambda: player.generate(seconds=61), "A clip of 61 s is not possible; words makes clips of 0.1 to 60 s"),
    ):
        with pytest.raises(BadSetting, match=sentence):
            refused()


def test_a_prior_without_its_codec_is_refused(player, workspace, tmp_path, monkeypatch):
    card = json.loads((player.folder.path / CARD_FILE).read_text(encoding="utf-8"))
    codec = loading.load("tiny-codec")
    assert player.config.codec_hash == codec.codes_hash != codec.folder.hash
    card["config"]["codec_hash"] = "0123456789ab"
    other = tmp_path / "other"
    other.mkdir()
    for name in card["files"]:
        (other / name).write_bytes((player.folder.path / name).read_bytes())
    (other / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(
        BadModel, match=f"have the hash 0123456789ab, and those of the tiny-codec here have {codec.codes_hash}; copy"
    ):
        loading.load(other)
    card["config"]["codec_hash"] = codec.folder.hash  # as older priors name it
    (other / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")
    assert loading.load(other).codec.codes_hash == codec.codes_hash
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        BadModel, match=r"words draws the codes of the codec 'tiny-codec' \(.*\), which is not among the models"
    ):
        loading.load(workspace / "runs" / "words")


def test_a_model_whose_durations_do_not_fit_is_refused(player, prepared, workspace):
    folder = exported(prepared, "three")
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    card["labels"] = card["config"]["labels"] = ["low", "high", "mid"]
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(BadModel, match=rf"{STATISTICS_FILE} has no durations for 3 labels and 2 speakers"):
        loading.load(folder).generate("low")


def test_a_run_becomes_a_model_that_generates(workspace, tmp_path):
    settings = [
        "codec=tiny-codec",
        "steps=6",
        "evaluate_every=6",
        "save_every=3",
        "batch_size=4",
        "threads=1",
        "n_codebooks=2",
    ]
    settings += ["hidden_size=16", "embedding_size=12", "duration=drawn", "n_variants=2"]
    done = train(
        TrainParameters(workspace / "sounds", "prior", "tiny", workspace / "runs" / "glides", set=settings, quiet=True)
    )
    assert done.step == 6
    assert done.metrics.keys() == {"valid/bits", "bits/1", "bits/2"}
    assert done.metrics["valid/bits"] == pytest.approx(done.metrics["bits/1"] + done.metrics["bits/2"], rel=1e-4)
    made = generate("glides", count=2, out=tmp_path / "out")
    assert [clip.seconds for clip in made.files] == [0.7, 0.7]
    assert all(clip.details["novelty_db"] is not None for clip in made.files)
    tensors = loading.load("glides").folder.tensors(EMBEDDINGS_FILE)
    assert tensors["embeddings"].shape[1] == 240
    assert tensors["limits"].shape == (1,)


def test_a_training_starts_from_another_model(prepared, workspace, tmp_path):
    """Known labels and speakers keep their embeddings, new ones start from the mean, the rest is the base's."""
    base = ModelFolder(exported(prepared, "base"))
    renamed = {"low": "low", "high": "shrill", "ann": "ann", "bob": "eve"}
    clips = [replace(entry, label=renamed[entry.label], speaker=renamed[entry.speaker]) for entry in entries(workspace)]
    tuned = PRIOR.fine_tuning(base)
    assert tuned.model == replace(prepared.recipe.model, labels=(), speakers=())
    started = replace(small_recipe(tuned.model), training=replace(small_recipe().training, steps=1))
    scan = Scan(tuple(clips), ())
    run = Run(tmp_path / "run", "prior", started, scan, Provenance("run"), workspace / "cache", base)
    assert (run.recipe.model.labels, run.recipe.model.speakers) == (("low", "shrill"), ("ann", "eve"))
    stored = exported_weights(base, PRIOR.weight_prefixes)
    weights = {name: tensor.numpy().copy() for name, tensor in run.network.inference_module().state_dict().items()}
    tables = ["label_embedding.weight", "speaker_embedding.weight"]
    for name in weights.keys() - set(tables):
        np.testing.assert_array_equal(weights[name], stored[name])
    for table in tables:
        np.testing.assert_allclose(weights[table], [stored[table][0], stored[table].mean(axis=0)], rtol=1e-6)
    assert PRIOR.new_tables(base, run.recipe.model) == tables
    assert np.isfinite(run.train(Call(quiet=True)).metrics["valid/bits"])


class ToneCodec:
    """A codec that decodes each clip as a tone of its own pitch."""

    def decode(self, codes):
        hz = 200.0 + int(codes.astype(np.int64).sum()) % 2_000
        return 0.5 * np.sin(2 * np.pi * hz * np.arange(codes.shape[1] * HOP) / RATE)[None].astype(np.float32)


def test_training_embeddings_are_those_of_decoded_codes(prepared):
    stored = replace(prepared, codec=ToneCodec()).training_embeddings
    clips = prepared.batches.clips
    waves = [ToneCodec().decode(codes) for codes in clips.unvaried]
    embeddings = np.concatenate([LogMelEmbedding(RATE, wave.shape[1] / RATE)(wave, RATE) for wave in waves])
    np.testing.assert_allclose(stored["embeddings"], embeddings, atol=1e-4)
    for label in range(2):
        members = embeddings[clips.labels == label]
        apart = np.linalg.norm(members[:, None] - members[None], axis=-1)[np.triu_indices(len(members), 1)]
        limit = smallest_distance(members, LogMelEmbedding(RATE, 1.0).near_duplicate_distance)
        assert stored["limits"][label] == pytest.approx(limit, rel=1e-3)
        assert np.isclose(apart, limit, rtol=1e-3).any()
    groups = (np.arange(len(clips.groups)) // 3).astype(str)  # three takes of each sound
    takes = replace(prepared.batches, clips=replace(clips, groups=groups))
    by_sound = replace(prepared, codec=ToneCodec(), batches=takes).training_embeddings["limits"]
    for label in range(2):
        members = clips.labels == label
        limit = smallest_distance(
            embeddings[members], LogMelEmbedding(RATE, 1.0).near_duplicate_distance, takes.clips.groups[members]
        )
        assert by_sound[label] == pytest.approx(limit, rel=1e-3)
        assert by_sound[label] >= stored["limits"][label] * 0.999
