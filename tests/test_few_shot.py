"""Adaptations to few recordings: frozen weights, labels kept by generated clips, errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
from command_line import refused
from tiny_families import SAMPLE_RATE, SPEAKERS, trained

from wavewright import families
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadSetting
from wavewright.families import loading
from wavewright.models.folder import ModelFolder
from wavewright.tasks.train import train
from wavewright.training.run import Run
from wavewright.training.train import FEWEST_GENERATED

NEW = "middle"
SETTINGS = ("training.steps=2", "training.batch_size=4", "training.threads=1", "training.precision=float32")
AT_ONCE = "model.critic_warmup_steps=0"  # of a GAN


def few_recordings(folder, label=NEW, n_takes=5):
    for take in range(n_takes):
        rng = np.random.default_rng(take)
        wave = np.sin(2 * np.pi * (130 + 3 * take) * np.arange(11_200) / SAMPLE_RATE) + 0.1 * rng.standard_normal(
            11_200
        )
        path = folder / label / f"{SPEAKERS[take % 2]}_{take}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        Clip(0.2 * wave[None].astype(np.float32), SAMPLE_RATE).write(path)
    return folder


def manifest_of(folder):
    lines = [
        {"audio_filepath": str(path.relative_to(folder)), "label": NEW, "speaker": path.stem.split("_")[0], "group": ""}
        for path in sorted(folder.rglob("*.wav"))
    ]
    path = folder / "manifest.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def weights_of(name, folder):
    family, model = families.family(name), ModelFolder(folder)
    return family.initial_weights(model, model.config(family.config))


@pytest.mark.parametrize("name", ["gan", "vae", "lstm"])
def test_a_new_label_comes_and_the_others_stay(name, tmp_path):
    base, out = trained(name).out, tmp_path / "run"
    source = few_recordings(tmp_path / "few")
    folder = manifest_of(source) if name == "lstm" else source  # its base has speakers
    settings = (*SETTINGS, AT_ONCE) if name == "gan" else SETTINGS
    train(folder, from_=str(base), out=out, label_from="folder", few_shot=True, set=settings, quiet=True)
    model = loading.load_generator(out)
    assert sorted(model.labels) == sorted((*ModelFolder(base).card.labels, NEW))
    assert np.isfinite(model.generate(NEW, 1, 3)[0]).all()
    generated = sorted((out / "generated").glob("*.flac"))
    assert len(generated) == 2 * FEWEST_GENERATED
    card = ModelFolder(out).card
    assert {source.name: source.n_clips for source in card.sources}[ModelFolder(base).card.name] == 2 * FEWEST_GENERATED
    before, after = weights_of(name, base), weights_of(name, out)
    frozen = families.family(name).few_shot_frozen
    assert any(key.startswith(frozen) for key in before)
    for key, weight in before.items():
        if key.startswith(frozen):
            np.testing.assert_array_equal(after[key], weight)
    assert any(
        not key.startswith(frozen) and after[key].shape == weight.shape and not np.array_equal(after[key], weight)
        for key, weight in before.items()
    )


def test_the_share_is_that_of_all_clips_and_0_keeps_no_label(tmp_path):
    base, folder = trained("gan").out, few_recordings(tmp_path / "few", n_takes=8)
    call = {"from_": str(base), "label_from": "folder", "few_shot": True, "set": (*SETTINGS, AT_ONCE), "quiet": True}
    train(folder, out=tmp_path / "more", prior_fraction=0.75, **call)
    assert len(list((tmp_path / "more/generated").glob("*.flac"))) == 24
    train(folder, out=tmp_path / "none", prior_fraction=0.0, **call)
    assert loading.load_generator(tmp_path / "none").labels == (NEW,)
    assert not (tmp_path / "none/generated").exists()


def test_a_run_resumes_with_its_clips(tmp_path):
    base, folder, out = trained("gan").out, few_recordings(tmp_path / "few"), tmp_path / "run"
    call = {"from_": str(base), "label_from": "folder", "few_shot": True, "quiet": True, "out": out}
    train(folder, set=(*SETTINGS, AT_ONCE), **call)
    before = {path.name: path.stat().st_mtime_ns for path in (out / "generated").glob("*.flac")}
    result = train(folder, set=(*SETTINGS[1:], AT_ONCE, "training.steps=3"), resume=True, **call)
    assert result.details["step"] == 3
    assert before == {path.name: path.stat().st_mtime_ns for path in (out / "generated").glob("*.flac")}


def test_own_recordings_of_a_label_replace_the_generated_ones(tmp_path):
    base = trained("gan").out
    folder = few_recordings(few_recordings(tmp_path / "few"), label="low")
    call = {"label_from": "folder", "few_shot": True, "set": (*SETTINGS, AT_ONCE), "quiet": True}
    train(folder, from_=str(base), out=tmp_path / "run", **call)
    records = (tmp_path / "run/generated/manifest.jsonl").read_text().splitlines()
    assert {json.loads(record)["label"] for record in records} == {"high"}


def test_a_call_that_is_refused_or_interrupted_before_its_run_begins_leaves_nothing(tmp_path, monkeypatch):
    out, folder, base = tmp_path / "run", few_recordings(tmp_path / "few"), str(trained("gan").out)
    call = {"from_": base, "out": out, "label_from": "folder", "few_shot": True, "quiet": True}
    with pytest.raises(BadSetting, match="ends before the generator starts"):
        train(folder, set=(*SETTINGS, "model.critic_warmup_steps=9"), **call)
    assert not out.exists()
    with monkeypatch.context() as patched:
        patched.setattr(Run, "train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(folder, set=(*SETTINGS, AT_ONCE), **call)
    assert not out.exists()
    assert train(folder, set=(*SETTINGS, AT_ONCE), **call).details["step"] == 2


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_wrong_calls_give_one_sentence(tmp_path, capsys):
    folder, out = few_recordings(tmp_path / "few"), tmp_path / "run"
    base = str(trained("gan").out)
    common = (str(folder), "--out", str(out), "--label-from", "folder", "--max-minutes", "1")
    assert "--few-shot belongs to --from" in refused(capsys, "train", *common, "--few-shot")
    message = refused(capsys, "train", *common, "--from", base, "--prior-fraction", "0.5")
    assert "--prior-fraction belongs to --few-shot" in message
    message = refused(capsys, "train", *common, "--from", str(trained("codec").out), "--few-shot")
    assert "for the families" in message
    scarce = few_recordings(tmp_path / "scarce", n_takes=4)
    message = refused(capsys, "train", str(scarce), *common[1:], "--from", base, "--few-shot")
    assert "'middle' has 4 recordings" in message
    both = few_recordings(few_recordings(tmp_path / "both", label="low"), label="high")
    with pytest.raises(BadSetting, match="nothing to keep; leave --prior-fraction out"):
        train(
            both, from_=base, out=out, label_from="folder", few_shot=True, prior_fraction=0.5, max_minutes=1, quiet=True
        )
    assert not out.exists()
