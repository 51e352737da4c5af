"""The contract of a family, run for every family: training, export, inference, refusals."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import math
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_families import LABELS, SAMPLE_RATE, TINY, recordings, tiny_recipe, tiny_run, trained
from tiny_models import sign_again

from wavewright.base.errors import BadAudio, BadModel, BadSetting, WavewrightError
from wavewright.base.onnx_runtime import open_session
from wavewright.contracts import runtime as kinds
from wavewright.contracts.composition import ScoreComposer
from wavewright.contracts.enhancement import Enhancer
from wavewright.contracts.family import Capability
from wavewright.contracts.family_check import check_exported, check_model
from wavewright.contracts.generation import SequenceGenerator
from wavewright.contracts.note_detection import NoteDetector
from wavewright.data.entry import Scan
from wavewright.families import FAMILIES, loading
from wavewright.models.card import CARD_FILE, Card
from wavewright.models.folder import WEIGHTS_FILE, ModelFolder
from wavewright.training.export import export_copy
from wavewright.training.loop import LAST, Loop
from wavewright.training.parameters import Call


def every_family(test):
    """Run a test for every family."""
    return pytest.mark.parametrize("name", sorted(FAMILIES))(test)


def families_that(capability):
    """Run a test for the families whose models do something by default."""
    names = [name for name in sorted(FAMILIES) if capability in FAMILIES[name].capabilities_of({})]
    return pytest.mark.parametrize("name", names)


def test_every_family_has_a_tiny_model():
    assert TINY.keys() == FAMILIES.keys()


def batch_of(run, step):
    return {name: torch.as_tensor(np.asarray(value)) for name, value in run.prepared.batches(step).items()}


def tensors_behind(thing, seen):
    """The tensors that an object holds in attributes, containers, partial functions and closures."""
    if id(thing) in seen or isinstance(thing, type):
        return []
    seen[id(thing)] = thing
    if isinstance(thing, torch.Tensor):
        return [thing]
    held = list(thing.values()) if isinstance(thing, dict) else list(thing) if isinstance(thing, list | tuple) else []
    if isinstance(thing, functools.partial):
        held += [thing.func, thing.args, thing.keywords]
    held += [cell.cell_contents for cell in getattr(thing, "__closure__", None) or ()]
    held += list(vars(thing).values()) if hasattr(thing, "__dict__") and not inspect.ismodule(thing) else []
    return [tensor for each in held for tensor in tensors_behind(each, seen)]


@every_family
def test_a_network_is_on_one_device_with_all_that_its_losses_hold(name, tmp_path):
    """A constant that stays on the CPU stops the first step of a training on a GPU; `meta` is a device everywhere."""
    network = tiny_run(name, tmp_path).network.to("meta")
    assert {tensor.device.type for tensor in tensors_behind(network, {})} == {"meta"}


def steps_of(network):
    """A few steps of each stage."""
    return sorted({start + offset for start in network.stage_starts() for offset in range(2)})


# --- training


@every_family
def test_a_batch_depends_on_its_step_alone(name):
    batches = trained(name).prepared.batches
    first, _, again = batches(3), batches(0), batches(3)
    assert first.keys() == again.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(value, again[key], strict=True)
    assert any(not np.array_equal(first[key], batches(1)[key]) for key in first)


@every_family
def test_the_settings_reach_every_stage(name):
    assert len(trained(name).network.stage_starts()) >= TINY[name].n_stages


@every_family
def test_losses_are_declared_and_gradients_reach_every_parameter(name):
    run = trained(name)
    network = run.training.build(run.recipe.model).train()
    declared, returned, reached = set(), set(), set()
    for step in steps_of(network):
        torch.manual_seed(step)
        batch, weights = batch_of(run, step), network.loss_weights(step)
        declared |= weights.keys()
        for player, loss_function in network.turns(step):
            losses = loss_function(batch)
            assert losses.keys() <= weights.keys()
            returned |= losses.keys()
            total = sum(weights[key] * loss for key, loss in losses.items())
            assert torch.isfinite(total)
            total.backward(inputs=[p for p in network.players()[player].parameters() if p.requires_grad])
        reached |= {key for key, p in network.named_parameters() if p.grad is not None}
    assert returned == declared
    trainable = {key for key, p in network.named_parameters() if p.requires_grad}
    assert trainable - reached == set()


@every_family
def test_the_averaged_module_is_that_of_a_player(name):
    network = trained(name).network
    owned = {id(p) for player in network.players().values() for p in player.parameters()}
    assert {id(p) for p in network.inference_module().parameters() if p.requires_grad} <= owned


@every_family
def test_metrics_are_those_of_the_family(name):
    run = trained(name)
    metrics = run.training.evaluate(run.training.build(run.recipe.model).inference_module().eval(), run.prepared)
    assert set(run.recipe.model.metrics) <= set(FAMILIES[name].metrics)
    assert set(metrics) & set(run.recipe.model.metrics)
    assert FAMILIES[name].recipe("small").training.metric.removeprefix("-") in {"", *metrics}
    assert all(math.isfinite(value) for value in metrics.values())


@every_family
def test_an_unknown_metric_is_refused(name):
    with pytest.raises(BadSetting, match=r"metric is 'hum'; a.* is measured by"):
        tiny_recipe(name, "metric=hum")


class Interrupted(Exception):
    """Stands for what ends a process."""


@every_family
def test_a_run_that_is_interrupted_and_resumed_ends_like_one_that_is_not(name, tmp_path, monkeypatch):
    interrupted = tiny_run(name, tmp_path / "run")
    train_step = Loop.train_step

    def until_step_3(loop, batch_source):
        losses = train_step(loop, batch_source)
        if loop.progress.step == 3:
            raise Interrupted
        return losses

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "train_step", until_step_3)
        with pytest.raises(Interrupted):
            interrupted.train(Call(quiet=True))
    resumed = tiny_run(name, tmp_path / "run")
    assert resumed.train(Call(quiet=True, resume=True)).step == 4
    actual, expected = (load_file(run.out / "checkpoints" / LAST) for run in (resumed, trained(name)))
    assert actual.keys() == expected.keys()
    assert all(torch.equal(actual[key], expected[key]) for key in expected)


# --- the model folder


@every_family
def test_a_card_round_trips(name):
    run = trained(name)
    card = Card.read(run.out)
    assert Card.model_validate_json(card.to_json()) == card
    assert card.config_as(FAMILIES[name].config, run.out) == run.recipe.model
    assert card.family == name
    assert json.loads((run.out / CARD_FILE).read_text(encoding="utf-8"))["recipe"]["training"]["steps"] == 4


@every_family
def test_the_model_keeps_the_contract(name):
    family, folder = FAMILIES[name], ModelFolder(trained(name).out)
    model = loading.load(folder.path)
    check_exported(family, folder)
    check_model(family, model)
    assert model.sample_rate == model.card.sample_rate
    assert repr(model).startswith(f"<tiny: {name}, ")


@every_family
def test_graphs_compute_what_the_modules_compute(name, tmp_path):
    run = trained(name)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = export_copy(run.training.build(run.recipe.model).inference_module().eval())
        spec = run.training.export(module, run.prepared)
    run_of_random_weights = tiny_run(name, tmp_path / "random")
    run_of_random_weights.out.mkdir()
    run_of_random_weights.export(module, run_of_random_weights_progress())
    for file, graph in spec.graphs.items():
        session = open_session(tmp_path / "random" / file)
        inputs = {key: value[:1] for key, value in graph.inputs.items()}
        with torch.no_grad():
            expected = graph.module(*inputs.values())
        expected = expected if isinstance(expected, tuple) else (expected,)
        actual = session.run(list(graph.outputs), {key: value.numpy() for key, value in inputs.items()})
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_allclose(one, other.numpy(), atol=1e-4, rtol=1e-3)


def run_of_random_weights_progress():
    from wavewright.training.checkpoint import Progress

    return Progress(steps=1, threads=1)


@every_family
def test_a_damaged_file_is_a_bad_model(name, tmp_path):
    source = trained(name).out
    for file in Card.read(source).files:
        for damage in (b"", b"\0" * 200, None):
            folder = tmp_path / "damaged"
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("checkpoints", "samples"))
            contents = (folder / file).read_bytes()
            (folder / file).write_bytes(contents[: len(contents) // 2] if damage is None else damage)
            with pytest.raises(BadModel):
                loading.load(folder)
            sign_again(folder)
            is_needed = file == WEIGHTS_FILE or file.endswith(".onnx")
            with pytest.raises(BadModel) if is_needed else suppress(BadModel):
                use(loading.load(folder))
            shutil.rmtree(folder)


@every_family
def test_weights_that_are_not_numbers_are_a_bad_model(name, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(trained(name).out, folder, ignore=shutil.ignore_patterns("checkpoints", "samples"))
    contents = bytearray((folder / WEIGHTS_FILE).read_bytes())
    start = 8 + int.from_bytes(contents[:8], "little")
    contents[start:] = np.full((len(contents) - start) // 2, np.nan, np.float16).tobytes()[: len(contents) - start]
    (folder / WEIGHTS_FILE).write_bytes(contents)
    sign_again(folder)
    with pytest.raises(BadModel, match=r"NaN or infinite|cannot be used|damaged|do not fit"):
        use(loading.load(folder))


# --- inference


def use(model):
    """Call what the model can do once, with valid arguments."""
    wave = tone(0.3, model.sample_rate)
    if isinstance(model, kinds.Generator):
        model.generate(count=1, seed=1)
    if isinstance(model, kinds.Vocoder):
        model.vocode(model.mel_of(wave))
    if isinstance(model, kinds.Codec | kinds.Autoencoder):
        model.decode(model.encode(wave))
    if isinstance(model, kinds.Classifier):
        model.probabilities(wave[None])
    if isinstance(model, kinds.Encoder):
        model.embed(wave[None])
    if isinstance(model, kinds.AcousticModel):
        model.speak_symbols(model.symbols[5:12])
    if isinstance(model, Enhancer):
        model.enhance(wave)
    if isinstance(model, NoteDetector):
        model.detect(wave)
    if isinstance(model, ScoreComposer):
        model.compose(1)


def tone(seconds, sample_rate, seed=0):
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    noise = 0.01 * np.random.default_rng(seed).standard_normal(len(time))
    return (0.3 * np.sin(2 * np.pi * 200 * time) + noise).astype(np.float32)


@every_family
def test_a_model_is_opened_as_what_it_can_do_or_refused_with_its_command(name):
    path = trained(name).out
    capabilities = loading.capabilities_of(Card.read(path))
    loaders = {
        Capability.GENERATE: loading.load_generator,
        Capability.VOCODE: loading.load_vocoder,
        Capability.CODE: loading.load_codec,
        Capability.AUTOENCODE: loading.load_autoencoder,
        Capability.CLASSIFY: loading.load_classifier,
        Capability.EMBED: loading.load_encoder,
        Capability.SPEAK: loading.load_acoustic_model,
        Capability.COMPOSE: loading.load_composer,
        Capability.PERFORM: loading.load_instrument,
        Capability.TRANSCRIBE: loading.load_note_detector,
    }
    for capability, load in loaders.items():
        if capability in capabilities:
            assert load(path).card.family == name
        else:
            with pytest.raises(BadModel, match=f"of the family {name}, which .*; it is for `wavewright "):
                load(path)


@families_that(Capability.GENERATE)
def test_options_are_the_further_parameters_of_generate(name):
    model = loading.load_generator(trained(name).out)
    parameters = list(inspect.signature(model.generate).parameters)
    assert parameters[:4] == ["label", "count", "seed", "start"]
    assert set(model.options) <= set(parameters[4:])


@families_that(Capability.GENERATE)
def test_a_clip_depends_on_label_seed_and_index_alone(name):
    model = loading.load_generator(trained(name).out)
    clips = model.generate(count=4, seed=11, start=1)
    assert isinstance(clips, list)
    for index, clip in enumerate(clips, start=1):
        assert clip.dtype == np.float32
        assert clip.ndim == 2
        assert clip.shape[0] == 1
        assert np.abs(clip).max() <= 1
        label = model.labels[index % len(model.labels)] if model.labels else None
        np.testing.assert_array_equal(model.generate(label, 1, seed=11, start=index)[0], clip, strict=True)
    assert not np.array_equal(model.generate(count=1, seed=12)[0], model.generate(count=1, seed=13)[0])


@families_that(Capability.GENERATE)
def test_label_temperature_and_speaker_change_a_clip(name):
    model = loading.load_generator(trained(name).out)
    if not isinstance(model, SequenceGenerator):
        pytest.skip(f"{name} has no temperature")
    generate = functools.partial(model.generate, "high", 1, seed=3)
    (clip,) = generate()
    for (other,) in (model.generate("low", 1, seed=3), generate(temperature=0.1)):
        assert not np.array_equal(other, clip)
    speakers = [generate(speaker=speaker)[0] for speaker in model.speakers]
    assert sum(np.array_equal(other, clip) for other in speakers) == 1  # without a name, a speaker is drawn


@families_that(Capability.GENERATE)
def test_an_unknown_label_is_refused_with_those_there_are(name):
    model = loading.load_generator(trained(name).out)
    with pytest.raises(BadSetting, match=f"has no label 'lowe'; its labels are {', '.join(LABELS)}; did you mean low"):
        model.generate("lowe")


def audio_methods(model):
    """Return the methods of a model that take a wave, by name, each with the shape that it takes."""
    methods = {}
    if isinstance(model, kinds.Codec | kinds.Autoencoder):
        methods["encode"] = (model.encode, 1)
    if isinstance(model, kinds.Vocoder):
        methods["mel_of"] = (model.mel_of, 1)
    if isinstance(model, kinds.Continuer):
        methods["continue_from"] = (lambda wave: model.continue_from(wave, 2.0), 2)
    if isinstance(model, kinds.Classifier):
        methods["probabilities"] = (model.probabilities, 2)
    if isinstance(model, kinds.Encoder):
        methods["embed"] = (model.embed, 2)
    return methods


@every_family
def test_audio_that_is_none_is_refused_in_the_same_words(name):
    model = loading.load(trained(name).out)
    for method, n_dims in audio_methods(model).values():
        wave = tone(0.4, model.sample_rate)
        shaped = wave if n_dims == 1 else wave[None]
        method(shaped)
        for value in (np.nan, np.inf):
            damaged = shaped.copy()
            damaged[..., 7] = value
            with pytest.raises(BadAudio, match="NaN or infinite values"):
                method(damaged)
        others = [wave[None, None], np.stack([wave, wave, wave]) if n_dims == 1 else wave]
        if not isinstance(model, kinds.Codec):  # whose streams may have chunks without samples
            others.append(shaped[..., :0])
        for other in others:
            with pytest.raises(BadAudio, match=r"has shape|have shape"):
                method(other)


@families_that(Capability.VOCODE)
def test_mel_frames_that_are_none_are_refused(name):
    model = loading.load_vocoder(trained(name).out)
    mel = model.mel_of(tone(0.3, model.sample_rate))
    damaged = mel.copy()
    damaged[3, 3] = np.nan
    for other in (damaged, mel[:-1], mel[:, :0], mel[None]):
        with pytest.raises(BadSetting, match="The mel frames have shape"):
            model.vocode(other)
    chunks = list(model.vocode_stream(mel, seed=3))
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), model.vocode(mel, seed=3))
    assert model.vocode(mel, seed=3).shape == (1, mel.shape[1] * model.hop_length)


# --- warm start


def renamed(scan: Scan) -> Scan:
    """The recordings of label ``low`` and speaker ``ann`` under the names of others, ``deep`` and ``cid``."""
    return Scan(
        tuple(
            dataclasses.replace(
                entry,
                label="deep" if entry.label == "low" else entry.label,
                speaker="cid" if entry.speaker == "ann" else entry.speaker,
            )
            for entry in scan.entries
        )
    )


@every_family
def test_a_training_starts_from_the_weights_of_another(name, tmp_path):
    family, base = FAMILIES[name], ModelFolder(trained(name).out)
    if not family.warm_starts:
        with pytest.raises(BadSetting, match="leave --from out"):
            family.fine_tuning(base)
        return
    recipe = family.fine_tuning(base)
    assert recipe.model.sample_rate == base.card.sample_rate
    run = tiny_run(name, tmp_path / "run", base=base)
    initial = run.network.inference_module().state_dict()
    weights = family.initial_weights(base, run.recipe.model)
    assert weights.keys() == initial.keys()
    for key, value in weights.items():
        np.testing.assert_array_equal(value, initial[key].numpy())
    if TINY[name].scan is None:  # labels and speakers may differ from those of the base
        run = tiny_run(name, tmp_path / "other", base=base, scan=renamed(recordings()))
        assert "low" not in run.recipe.model.labels
    assert run.train(Call(quiet=True)).step == 4
    own = {"model": "tiny", "hash": base.hash, "steps": 4, "minutes": base.card.training["minutes"]}
    assert Card.read(run.out).training["earlier_runs"] == [own]
    assert "earlier_runs" not in base.card.training
    use(loading.load(run.out))


@every_family
def test_a_damaged_base_is_refused(name, tmp_path):
    family = FAMILIES[name]
    folder = tmp_path / "base"
    shutil.copytree(trained(name).out, folder, ignore=shutil.ignore_patterns("checkpoints", "samples"))
    contents = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(contents[:100])
    sign_again(folder)
    base = ModelFolder(folder)
    with pytest.raises(WavewrightError):
        family.initial_weights(base, family.fine_tuning(base).model)


def test_sample_rates_of_recordings_are_as_declared():
    assert {entry.sample_rate for entry in recordings().entries} == {SAMPLE_RATE}
    assert all(Path(entry.path).is_file() for entry in recordings().entries)
