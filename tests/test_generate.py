"""Generated files: names, metadata, manifest, refusals, nothing half-written."""

from __future__ import annotations

import json
import shutil
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from tiny_models import LABELS, change_card, make_gan

from wavewright import models
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadFolder, BadModel, BadSetting
from wavewright.contracts.runtime import Classifier
from wavewright.data import manifest
from wavewright.families import loading
from wavewright.inference import rejection
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.tasks.generate import ClipOrigin, generate


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    root = tmp_path_factory.mktemp("generate")
    player = loading.load(make_gan(root))
    waves = np.concatenate([np.concatenate(player.generate(label, 4, seed=0)) for label in LABELS])
    return make_gan(root, files={rejection.EMBEDDINGS_FILE: {"embeddings": LogMelEmbedding(8_000, 0.2)(waves, 8_000)}})


class Loudness(Classifier):
    """A classifier that is the surer of every label the louder the first half of a clip is."""

    def __init__(self, card):
        self.card = card

    def embed(self, waves, sample_rate=None):
        return waves

    def probabilities(self, waves, sample_rate=None):
        loudness = np.abs(waves[:, : waves.shape[1] // 2]).mean(axis=1, keepdims=True)
        return np.repeat(loudness, len(self.card.labels), axis=1)

    def logits(self, wave):
        return np.log(self.probabilities(wave[None])[0])

    def frame_logits(self, wave):
        raise BadSetting("There are no frames.")


@pytest.fixture
def judge(model, tmp_path, monkeypatch):
    """A model folder ``runs/judge``, the only one of the family classifier, which loads as :class:`Loudness`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "bundled")
    folder = shutil.copytree(model, tmp_path / "runs" / "judge")
    change_card(folder, family="classifier", name="judge", config={})
    load = loading.load
    monkeypatch.setattr(
        loading, "load", lambda name: Loudness(models.Card.read(folder)) if name == "judge" else load(name)
    )
    return folder


def test_files_hold_the_clips_of_the_model_and_their_origin(model, tmp_path):
    made = generate(str(model), "snare", 3, seed=7, out=tmp_path / "out", watermark=False)
    names = ["tiny-snare-s7-000.wav", "tiny-snare-s7-001.wav", "tiny-snare-s7-002.wav"]
    assert [clip.path.name for clip in made.files] == names
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.jsonl", *names]
    player = loading.load(model)
    waves = player.generate("snare", 3, seed=7)
    for index, name in enumerate(names):
        path = tmp_path / "out" / name
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (8_000, 1, "PCM_24")
        np.testing.assert_allclose(Clip.read(path).wave, waves[index], atol=2**-24)
        assert json.loads(open_sound(path).tags["comment"]) == {
            "model": "tiny",
            "model_hash": player.folder.hash,
            "seed": 7,
            "index": index,
            "label": "snare",
        }


def test_the_manifest_is_one_that_data_reads(model, tmp_path):
    generate(str(model), count=3, seed=1, out=tmp_path)
    scan = manifest.read(tmp_path / "manifest.jsonl")
    assert [(entry.path.name, entry.label, entry.n_frames) for entry in scan.entries] == [
        ("tiny-kick-s1-000.wav", "kick", 1600),
        ("tiny-snare-s1-001.wav", "snare", 1600),
        ("tiny-hat-s1-002.wav", "hat", 1600),
    ]
    assert not scan.failed


def test_the_same_call_makes_the_same_files_and_others_are_kept(model, tmp_path):
    generate(str(model), "kick", 2, seed=5, out=tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    generate(str(model), "kick", 2, seed=5, out=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    generate(str(model), "hat", 1, seed=5, out=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["audio_filepath"] for line in lines] == [
        "tiny-kick-s5-000.wav",
        "tiny-kick-s5-001.wav",
        "tiny-hat-s5-000.wav",
    ]


@pytest.mark.parametrize("content", [b"mine", b""])
def test_files_from_elsewhere_are_never_replaced(model, tmp_path, content):
    (tmp_path / "tiny-kick-s0-001.wav").write_bytes(content)
    with pytest.raises(BadFolder, match=r"tiny-kick-s0-001\.wav exists already and is another clip"):
        generate(str(model), "kick", 2, out=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"tiny-kick-s0-001.wav": content}


def test_clips_of_another_model_of_that_name_are_never_replaced(model, tmp_path):
    generate(str(model), "kick", 1, out=tmp_path)
    other = make_gan(tmp_path / "other", latent_size=4)
    with pytest.raises(BadFolder, match="is another clip"):
        generate(str(other), "kick", 1, out=tmp_path)


def test_a_manifest_from_elsewhere_is_never_replaced(model, tmp_path):
    (tmp_path / "manifest.jsonl").write_text("notes\n", encoding="utf-8")
    with pytest.raises(BadFolder, match="is not a manifest of clips"):
        generate(str(model), "kick", 1, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.jsonl"]


def test_a_file_in_the_way_is_named(model, tmp_path):
    (tmp_path / "out").write_bytes(b"")
    for out in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(BadFolder, match="is a file or lies in one; give a folder"):
            generate(str(model), "kick", 1, out=out)


@pytest.mark.parametrize("existed", [True, False])
def test_nothing_is_half_written(model, tmp_path, fill_disk, existed):
    fill_disk(3)
    if existed:
        (tmp_path / "out").mkdir()
    with pytest.raises(OSError, match="No space left") as refusal:
        generate(str(model), "kick", 5, out=tmp_path / "out")
    assert refusal.value.filename == str(tmp_path / "out" / "tiny-kick-s0-002.wav")
    assert list(tmp_path.rglob("*")) == ([tmp_path / "out"] if existed else [])


@pytest.mark.parametrize(("kind", "subtype"), [("flac", "PCM_24"), ("ogg", "VORBIS")])
def test_other_formats_record_the_same(model, tmp_path, kind, subtype):
    made = generate(str(model), "kick", 1, out=tmp_path, format=kind)
    path = tmp_path / made.files[0].path.name
    assert soundfile.info(path).subtype == subtype
    assert f"tiny ({json.loads(open_sound(path).tags['comment'])['model_hash']})" == made.by


def test_interpolation_goes_from_seed_to_seed(model, tmp_path):
    made = generate(str(model), "hat", 4, interpolate=(7, 9), out=tmp_path, watermark=False)
    assert [clip.path.name for clip in made.files] == [f"tiny-hat-s7to9x4-00{step}.wav" for step in range(4)]
    expected = loading.load(model).interpolate(7, 9, 4, "hat")
    np.testing.assert_allclose(Clip.read(tmp_path / made.files[3].path.name).wave, expected[3], atol=2**-24)
    comment = json.loads(open_sound(tmp_path / made.files[3].path.name).tags["comment"])
    assert (comment["interpolate"], comment["steps"], comment["index"]) == ([7, 9], 4, 3)
    assert generate(str(model), count=2, interpolate=(7, 9), out=tmp_path).files[0].details["label"] == "kick"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, r"generate: count is 0; it must be at least 1\."),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**32}, "seed is 4294967296"),
        ({"interpolate": (1, 2), "count": 1}, "An interpolation in 1 steps is not possible"),
        ({"interpolate": (1, 2), "count": 1001}, "in 1001 clips is too long; at most 1000"),
        ({"interpolate": (1, 2), "seed": 5}, "interpolate and seed exclude each other; leave one of them out"),
        ({"format": "mp4"}, "format is 'mp4'; it must be 'wav', 'flac' or 'ogg'"),
        ({"label": "bell"}, "tiny has no label 'bell'; its labels are kick, snare, hat"),
        ({"interpolate": (1, -1)}, "The seed -1 is out of range"),
        ({"interpolate": (1, 2), "min_novelty": 1.0}, "interpolate and min_novelty exclude each other"),
        ({"min_confidence": 1.5}, "min_confidence is 1.5"),
    ],
)
def test_impossible_settings_are_refused(model, tmp_path, arguments, message):
    with pytest.raises(BadSetting, match=message):
        generate(str(model), out=tmp_path / "out" / "deep", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_clips_that_the_classifier_doubts_are_left_out(model, judge, tmp_path):
    waves = np.stack(loading.load(model).generate("kick", 40, seed=2))[:, 0]
    loudness = np.abs(waves[:, :800]).mean(axis=1)
    limit = float(np.median(loudness[:8]))
    made = generate(str(model), "kick", 4, seed=2, out=tmp_path / "out", min_confidence=limit, watermark=False)
    expected = np.flatnonzero(loudness >= limit)[:4]
    assert [clip.details["index"] for clip in made.files] == expected.tolist()
    assert made.details["n_rejected"] == expected[-1] + 1 - 4
    np.testing.assert_allclose([clip.details["confidence"] for clip in made.files], loudness[expected], rtol=1e-5)
    np.testing.assert_allclose(
        Clip.read(tmp_path / "out" / made.files[-1].path.name).wave[0], waves[expected[-1]], atol=2**-24
    )
    lines = (tmp_path / "out" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["confidence"] == pytest.approx(loudness[expected[0]], rel=1e-5)


def test_each_label_has_as_many_clips_when_some_are_left_out(model, judge, tmp_path):
    limit = float(np.median([np.abs(wave[0, :800]).mean() for wave in loading.load(model).generate(count=30)]))
    made = generate(str(model), count=9, out=tmp_path / "out", min_confidence=limit)
    assert [clip.details["label"] for clip in made.files] == [*LABELS] * 3
    assert all(clip.details["index"] % 3 == LABELS.index(clip.details["label"]) for clip in made.files)


def test_limits_that_no_clip_meets_are_refused(model, judge, tmp_path):
    with pytest.raises(BadSetting, match="Only 0 of 100 clips met the limits, 2 are requested"):
        generate(str(model), "kick", 2, out=tmp_path / "out", min_confidence=1.0)
    assert not (tmp_path / "out").exists()


def test_a_classifier_must_know_the_labels(model, tmp_path, judge):
    other = make_gan(tmp_path, "bells", labels=("bell", "gong"))
    with pytest.raises(BadModel, match="No classifier knows the labels bell, gong"):
        generate(str(other), out=tmp_path / "out", min_confidence=0.5)
    with pytest.raises(BadSetting, match="The classifier judge does not know bell, gong"):
        generate(str(other), out=tmp_path / "out", min_confidence=0.5, classifier="judge")
    with pytest.raises(BadModel, match="judge is of the family classifier, which generates no clips by itself"):
        generate("judge", out=tmp_path / "out")


@pytest.mark.parametrize(
    ("model", "command"),
    [
        ("en", "speak 'Hello.' --voice en"),
        ("vocoder", "speak 'Hello.' --vocoder vocoder"),
        ("speech-codec", "encode FILE --model"),
    ],
)
def test_a_model_that_generates_nothing_names_its_command(model, command, tmp_path):
    with pytest.raises(BadModel, match=f"generates no clips by itself; .*`wavewright {command}"):
        generate(model, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_clips_too_close_to_training_clips_are_left_out(model, tmp_path):
    made = generate(str(model), "kick", 3, out=tmp_path, min_novelty=0.5)
    assert [clip.details["index"] for clip in made.files] == [
        4,
        5,
        6,
    ]  # clips 0 to 3 are the training clips of this model
    assert made.details["n_rejected"] == 4
    assert all(clip.details["novelty_db"] >= 0.5 for clip in made.files)


def remembering(folder, limits, n_training=4):
    """A model whose first clips of ``kick`` are its training clips, with a limit for each label."""
    player = loading.load(make_gan(folder))
    embeddings = LogMelEmbedding(8_000, 0.2)(np.concatenate(player.generate("kick", n_training)), 8_000)
    files = {rejection.EMBEDDINGS_FILE: {"embeddings": embeddings, "limits": np.array(limits, np.float32)}}
    return make_gan(folder, files=files)


@pytest.mark.parametrize(
    ("options", "others", "label", "stem"),
    [
        ({}, {}, None, "m-s7-003"),
        ({}, {}, "a kick", "m-a_kick-s7-003"),
        ({"code": (0.5, -1.0)}, {}, "kick", "m-kick-s7c0.5_-1-003"),
        ({"seconds": 1.5, "pitch": 60.0, "temperature": 0.25}, {}, None, "m-s7-1.5s-0.25t-60p-003"),
        ({"speaker": "ann"}, {"prompt": "take 1.wav"}, "yes", "m-yes-ann-s7after-take_1-003"),
        ({}, {"interpolate": (7, 9), "steps": 12, "is_loop": True}, None, "m-s7to9x12-loop-003"),
    ],
)
def test_the_name_of_a_clip_says_what_it_was_made_with(options, others, label, stem):
    assert ClipOrigin("m", "0" * 8, 7, options, **others).stem(label, 3) == stem


def test_each_label_has_the_limit_that_its_model_stores():
    """The novelty of clip ``i`` is ``i`` dB; a limit of another shape than one for each label counts for none."""

    def drawn(labels, limits, **options):
        tensors = {"limits": np.array(limits, np.float32)}
        card = SimpleNamespace(files=[rejection.EMBEDDINGS_FILE])
        folder = SimpleNamespace(card=card, tensors=lambda _: tensors)
        sampler = rejection.RejectionSampler(
            SimpleNamespace(labels=labels, folder=folder), lambda *call: np.full((1, 1), call[2]), **options
        )
        sampler._novelty_db = lambda wave: float(wave[0, 0])
        clips = list(sampler.sample(None, 2 * max(1, len(labels)), 0))
        return [clip.index for clip in clips], sampler.n_rejected

    assert drawn(("a", "b"), [3.0, 0.0]) == ([4, 1, 6, 3], 2)
    assert drawn((), [2.0]) == ([2, 3], 2)
    assert drawn(("a", "b"), [3.0]) == ([0, 1, 2, 3], 0)
    assert drawn(("a", "b"), [3.0, 0.0], min_novelty_db=2.0) == ([2, 3, 4, 5], 2)
    assert drawn(("a",), [1e3]) == ([10, 21], 20)  # the farthest of eleven


def test_copies_are_left_out_by_the_limit_of_their_label_unless_the_call_sets_one(tmp_path):
    model = remembering(tmp_path, [0.5, 0.0, 0.0])
    made = generate(str(model), "kick", 3, out=tmp_path / "out")
    assert [clip.details["index"] for clip in made.files] == [4, 5, 6]
    assert (made.details["n_rejected"], made.details["n_near_copies"]) == (4, 0)
    line = json.loads((tmp_path / "out" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert line["novelty_db"] == pytest.approx(made.files[0].details["novelty_db"])
    made = generate(str(model), "kick", 3, out=tmp_path / "copies", min_novelty=0)
    assert [(clip.details["index"], clip.details["novelty_db"]) for clip in made.files] == [
        (0, None),
        (1, None),
        (2, None),
    ]
    assert (
        generate(str(model), "snare", 1, out=tmp_path / "snare").files[0].details["index"] == 0
    )  # its label has no limit
    assert (
        len(generate(str(model), interpolate=(1, 2), count=3, out=tmp_path / "path").files) == 3
    )  # an interpolation has no gaps


def test_if_all_are_too_close_the_farthest_are_taken_and_counted(tmp_path):
    model = remembering(tmp_path, [1e6, 0.0, 0.0])
    made = generate(str(model), "kick", 2, out=tmp_path / "out")
    assert (len(made.files), made.details["n_near_copies"], made.details["n_rejected"]) == (
        2,
        2,
        2 * rejection.MAX_NEAR_COPIES,
    )
    assert "2 of them are close to training clips and may be copies" in str(made)
    everything = generate(str(model), "kick", 11, out=tmp_path / "all", min_novelty=1e-9)
    assert made.files[0].details["novelty_db"] == max(
        s.details["novelty_db"] for s in everything.files if s.details["index"] <= rejection.MAX_NEAR_COPIES
    )


def test_a_code_sets_all_clips_and_their_names(tmp_path):
    model = make_gan(tmp_path, code_categories=2, code_continuous=1)
    call = partial(generate, str(model), "kick", 2, out=tmp_path / "out", code=(0, 1, -0.5), watermark=False)
    made = call()
    assert [clip.path.name for clip in made.files] == ["tiny-kick-s0c0_1_-0.5-000.wav", "tiny-kick-s0c0_1_-0.5-001.wav"]
    assert call() == made  # again, in the same place
    expected = loading.load(model).generate("kick", 2, code=(0, 1, -0.5))
    np.testing.assert_allclose(Clip.read(tmp_path / "out" / made.files[1].path.name).wave, expected[1], atol=2**-24)
    assert json.loads(open_sound(tmp_path / "out" / made.files[0].path.name).tags["comment"])["code"] == [0, 1, -0.5]
    with pytest.raises(BadSetting, match=r"The code is \[1.0\]; tiny takes 3 finite numbers"):
        generate(str(model), out=tmp_path / "other", code=(1,))
    with pytest.raises(BadSetting, match="plain has no parameter code; leave code out"):
        generate(str(make_gan(tmp_path, "plain")), out=tmp_path / "other", code=(1,))
    with pytest.raises(BadSetting, match="interpolate and code exclude each other"):
        generate(str(model), out=tmp_path / "other", code=(0, 1, 0), interpolate=(1, 2))
    assert not (tmp_path / "other").exists()


def test_a_model_without_training_embeddings_says_so(tmp_path):
    with pytest.raises(BadSetting, match="tiny does not store embeddings of its training clips"):
        generate(str(make_gan(tmp_path)), out=tmp_path / "out", min_novelty=1.0)
