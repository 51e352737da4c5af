"""The WaveNet runtime: the export equals the trained network, one clip for one seed, clear refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder, BadModel, BadSetting
from wavewright.dsp.mel import mel_to_features
from wavewright.families import loading
from wavewright.families.wavenet.config import DURATIONS_FILE, WaveNetConfig
from wavewright.families.wavenet.engine import Engine
from wavewright.families.wavenet.signal import position_features, wave_to_signal
from wavewright.families.wavenet.training import ConditionGraph, WaveNet, engine_tensors
from wavewright.models.card import Card
from wavewright.models.folder import ModelFolder
from wavewright.nn.network import ExportSpec, GraphSpec
from wavewright.tasks.demo import demo
from wavewright.tasks.demo_models import CLIPS_PER_LABEL
from wavewright.tasks.generate import generate
from wavewright.training.export import export_model

SHAPE = {
    "sample_rate": 4_000,
    "n_layers": 4,
    "dilation_cycle": 3,
    "channels": 8,
    "skip_channels": 16,
    "head_channels": 16,
    "input_taps": 5,
    "n_mixtures": 2,
    "label_size": 4,
    "condition_channels": 8,
    "condition_layers": 1,
    "hop_length": 16,
    "condition_hop": 8,
    "n_fft": 64,
    "n_mels": 10,
    "f_max_hz": 2_000.0,
}


def network_of(config: WaveNetConfig) -> WaveNet:
    torch.manual_seed(3)
    network = WaveNet(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)
    return network


def export(folder, network: WaveNet) -> ModelFolder:
    """A model folder as training writes it, with durations of 0.2 to 0.3 s for label 0 and 0.5 s for the others."""
    config = network.config
    inputs = {"frames": torch.zeros(2, 8, config.features)}
    inputs |= {name: torch.zeros(2, dtype=torch.int64) for name in ("label", "speaker") if getattr(config, f"{name}s")}
    graph = GraphSpec(ConditionGraph(network.conditioner), inputs, ("condition",), {"frames": (1,), "condition": (1,)})
    durations = np.array([[0.2, 0.25, 0.3]] + [[0.5, 0.5, 0.5]] * (max(len(config.labels), 1) - 1), np.float32)
    described = {**SHAPE, "condition": config.condition, "head": config.head, "speakers": list(config.speakers)}
    described["prediction_order"] = config.prediction_order
    card = Card(
        name="tiny", family="wavenet", config=described, labels=list(config.labels), sample_rate=config.sample_rate
    )
    spec = ExportSpec(
        {"condition.onnx": graph},
        np.zeros((1, 8), np.float32),
        {DURATIONS_FILE: {"durations": durations.ravel()}},
        engine_tensors(network),
    )
    return export_model(folder, card, spec)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A model of two words and two speakers, its folder and its network with the weights as stored."""
    folder = tmp_path_factory.mktemp("wavenet") / "tiny"
    network = network_of(WaveNetConfig(labels=("one", "two"), speakers=("x", "y"), head="mu-law", **SHAPE))
    export(folder, network)
    return folder


@pytest.fixture(scope="module", params=[0, 8])
def vocoder(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("vocoder") / "tiny"
    export(
        folder, network_of(WaveNetConfig(condition="mel", head="logistics", prediction_order=request.param, **SHAPE))
    )
    return folder


def test_played_outputs_equal_the_network_over_many_frames(spoken):
    config = loading.load(str(spoken)).config
    network = network_of(config)
    stored = ModelFolder(spoken).weights()
    with torch.no_grad():  # the weights as they are stored
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float() if parameter.ndim >= 2 else parameter)
    np.testing.assert_array_equal(stored["head.weight"], network.head.weight.detach().numpy())
    n_frames = 200
    frames = position_features(n_frames, n_frames * 16, config)
    wave = wave_to_signal(np.random.default_rng(0).uniform(-0.5, 0.5, (1, n_frames * 16)), config)
    with torch.no_grad():
        wanted = network(torch.from_numpy(wave), torch.from_numpy(frames[None]), torch.tensor([1]), torch.tensor([0]))
    player = loading.load(str(spoken))
    rows = player._drawer._session.run(
        ["condition"], {"frames": frames[None], "label": np.array([1]), "speaker": np.array([0])}
    )[0]
    engine = Engine(config, stored, "float32")
    actual = engine.outputs(engine.start([0]), wave, rows.reshape(1, -1, config.n_layers, 2 * config.channels))
    np.testing.assert_allclose(actual[0], wanted[0].numpy(), atol=1e-4)


def test_a_clip_is_the_same_alone_among_others_and_in_chunks(spoken):
    player = loading.load(str(spoken))
    clips = player.generate("one", 3, seed=5)
    assert [clip.shape[0] for clip in clips] == [1, 1, 1]
    assert all(0.2 * 4_000 <= clip.shape[1] <= 0.3 * 4_000 for clip in clips)
    assert len({clip.shape[1] for clip in clips}) == 3  # lengths are drawn
    np.testing.assert_array_equal(player.generate("one", 1, seed=5, start=2)[0], clips[2])
    assert not np.array_equal(player.generate("one", 1, seed=6)[0][:, :50], clips[0][:, :50])
    of_x, of_y = (player.generate("one", 1, seed=5, speaker=speaker)[0] for speaker in ("x", "y"))
    assert of_x.shape == of_y.shape == clips[0].shape
    assert not np.array_equal(of_x, of_y)
    assert any(np.array_equal(clips[0], same) for same in (of_x, of_y))  # one of them was drawn
    both = player.generate(count=2, seed=5)
    np.testing.assert_array_equal(both[0], clips[0])
    assert both[1].shape[1] == 2_000  # the second label
    long = np.concatenate(list(player.stream("two", seed=1, seconds=0.9)), axis=1)
    assert len(list(player.stream("two", seed=1, seconds=0.9))) > 1
    np.testing.assert_array_equal(long, player.generate("two", 1, seed=1, seconds=0.9)[0])
    assert long.shape == (1, 3_600)
    assert np.abs(long).max() <= 1


def test_a_continuation_equals_its_prompt_then_the_outputs_of_the_network(spoken):
    player = loading.load(str(spoken))
    whole = player.generate("one", 1, seed=5, seconds=0.5)[0]
    for n_prompt in (1, 37, 1_024, 1_999):
        continued = player.continue_from(whole[:, :n_prompt], 0.5, "one", seed=5)
        np.testing.assert_array_equal(
            continued, whole
        )  # the numbers that a sample is drawn by depend on its place alone
    other = player.continue_from(-whole[:, :37], 0.5, "one", seed=5)
    np.testing.assert_allclose(other[:, :37], -whole[:, :37], atol=0.05)
    assert not np.array_equal(other[:, 37:], whole[:, 37:])
    for shape in ((1, 0), (2, 100), (100,)):
        with pytest.raises(BadAudio, match=r"it must be \(1, time\) of floating-point numbers"):
            player.continue_from(np.zeros(shape, np.float32), 0.5, "one")
    with pytest.raises(BadSetting, match=r"lasts 0\.5 s; ask for more than that, not for 0\.5 s in all"):
        player.continue_from(np.zeros((1, 2_000), np.float32), 0.5, "one")


def test_a_vocoder_speaks_from_mel_frames_in_any_pieces(vocoder):
    player = loading.load(str(vocoder))
    wave = 0.3 * np.sin(2 * np.pi * 300 * np.arange(5_000) / 4_000).astype(np.float32)
    mel = player.mel_of(wave)
    assert mel.shape == (10, 313)
    copied = player.vocode(mel, seed=2)
    assert copied.shape == (1, 313 * 16)
    np.testing.assert_array_equal(np.concatenate(list(player.vocode_stream(mel, seed=2)), axis=1), copied)
    drawer = player._drawer
    whole = drawer._session.run(["condition"], {"frames": mel_to_features(mel)[None]})[0]  # two frames on each side
    pieces = [drawer._condition(mel_to_features(mel), first, _any_sound(len(copied[0]))) for first in range(0, 313, 64)]
    np.testing.assert_allclose(np.concatenate([p[0] for p in pieces]).reshape(whole[0].shape), whole[0], atol=1e-5)


def test_the_end_of_a_sound_is_conditioned_as_in_training(spoken):
    player = loading.load(str(spoken))
    asked = []
    session = player._drawer._session

    class Spy:
        def run(self, names, inputs):
            asked.append(inputs["frames"])
            return session.run(names, inputs)

    player._drawer._session = Spy()
    clip = player.generate("one", 1, seed=1, seconds=0.25)[0]  # 1000 samples: 63 frames of 16
    assert clip.shape == (1, 1_000)
    np.testing.assert_allclose(
        asked[-1][0], position_features(63 + player.config.context_frames, 1_000, player.config), atol=1e-6
    )


def _any_sound(n_samples):
    from wavewright.families.wavenet.runtime import SampleRequest

    return SampleRequest(n_samples, 0, 0, 1.0, np.random.default_rng(0), sample_seed=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p.generate("won"), "tiny has no label 'won'; its labels are one, two; did you mean two?"),
        (lambda p: p.generate("one", speaker="z"), "tiny has no speaker 'z'; its speakers are x, y."),
        (
            lambda p: p.generate("one", seconds=1e9),
            r"A clip of 1e\+09 s is not possible; tiny makes clips of 0\.00025 to 600 s",
        ),
        (lambda p: p.generate("one", temperature=3.0), "The temperature is 3.0; it must lie between 0 and 2"),
        (lambda p: p.stream("won"), "tiny has no label 'won'"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(spoken, call, message):
    with pytest.raises(BadSetting, match=message.replace("?", r"\?")):
        call(loading.load(str(spoken)))


@pytest.mark.parametrize("mel", [np.zeros((9, 5)), np.zeros(10), np.zeros((10, 0)), np.full((10, 4), np.nan)])
def test_frames_of_another_kind_are_refused(vocoder, mel):
    player = loading.load(str(vocoder))
    with pytest.raises(
        BadSetting,
        match=r"The mel frames have shape .*; tiny takes finite numbers \(10, frames\), at least one frame, one for",
    ):
        player.vocode(mel)


def test_a_model_is_opened_as_what_its_condition_makes_it(spoken, vocoder):
    with pytest.raises(BadModel, match="is of the family wavenet, which generates no clips by itself; it is for"):
        loading.load_generator(vocoder)
    with pytest.raises(BadModel, match="is of the family wavenet, which takes no mel frames; give a vocoder; it is"):
        loading.load_vocoder(spoken)


def test_weights_and_durations_that_do_not_fit_are_refused(spoken, tmp_path):
    import shutil

    from tiny_models import change_card

    folder = shutil.copytree(spoken, tmp_path / "other")
    change_card(
        folder, config={**json.loads((folder / "card.json").read_text(encoding="utf-8"))["config"], "skip_channels": 8}
    )
    with pytest.raises(BadModel, match="skip"):
        loading.load(str(folder)).generate("one")


def test_generated_files_carry_length_temperature_and_beginning(spoken, tmp_path):
    made = generate(str(spoken), "one", 2, out=tmp_path / "out", seconds=0.25, temperature=0.5, watermark=False)
    assert [clip.path.name for clip in made.files] == [
        "tiny-one-s0-0.25s-0.5t-000.wav",
        "tiny-one-s0-0.25s-0.5t-001.wav",
    ]
    assert [clip.seconds for clip in made.files] == [0.25, 0.25]
    start = Clip.read(tmp_path / "out" / made.files[0].path.name)
    begin = Clip(start.wave[:, :400], 4_000)
    begin.write(tmp_path / "begin.wav")
    more = tmp_path / "more"
    made = generate(str(spoken), "one", 1, out=more, seconds=0.5, continue_from=tmp_path / "begin.wav", watermark=False)
    assert made.files[0].path.name == "tiny-one-s0after-begin-0.5s-000.wav"
    continued = Clip.read(tmp_path / "more" / made.files[0].path.name).wave
    assert continued.shape == (1, 2_000)
    np.testing.assert_allclose(
        wave_to_signal(continued[:, :400], WaveNetConfig(head="mu-law", **SHAPE)),
        wave_to_signal(begin.wave, WaveNetConfig(head="mu-law", **SHAPE)),
        atol=1 / 64,
    )
    for arguments, message in (
        ({"continue_from": tmp_path / "begin.wav"}, "continue_from belongs to seconds; give both"),
        ({"code": (1.0,)}, "tiny has no parameter code"),
        ({"interpolate": (1, 2)}, "tiny has no parameter interpolate; leave interpolate out"),
        ({"classifier": "drum-classifier"}, "classifier belongs to min_confidence; give both"),
    ):
        with pytest.raises(BadSetting, match=message):
            generate(str(spoken), "one", 1, out=tmp_path / "never", **arguments)
    assert not (tmp_path / "never").exists()
    Clip(start.wave[:, 400:800], 4_000).write(tmp_path / "begin.wav")  # another beginning of the same name
    with pytest.raises(BadFolder, match="exists already and is another clip"):
        generate(str(spoken), "one", 1, out=tmp_path / "more", seconds=0.5, continue_from=tmp_path / "begin.wav")


def test_a_demo_leaves_out_vocoders(spoken, vocoder, tmp_path):
    made = demo(tmp_path / "demo", (str(spoken), str(vocoder)))
    assert made.details["n_clips"] == 2 * CLIPS_PER_LABEL
    with pytest.raises(BadModel, match="cannot generate audio"):
        demo(tmp_path / "other", (str(vocoder),))
