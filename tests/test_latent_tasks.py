"""Morph, vary, adjust, map, similar and files of latents: outputs, messages and refusals."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import refused
from safetensors import safe_open
from tiny_models import make_gan
from tiny_vae import CLIPS, FRAMES, RATE, make_vae, tone

from wavewright import models
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio, BadFolder, BadModel, BadSetting, WavewrightError
from wavewright.data import manifest
from wavewright.families import loading
from wavewright.families.vae.attributes import AttributeDirections, loudness_db
from wavewright.inference.latent_clips import derivation, source
from wavewright.inference.latent_clips.latent_file import LatentFile, LatentMetadata
from wavewright.tasks.adjust import adjust
from wavewright.tasks.decode import decode
from wavewright.tasks.encode import encode
from wavewright.tasks.map_clips import map_clips
from wavewright.tasks.morph import morph
from wavewright.tasks.similar import similar
from wavewright.tasks.vary import vary

A, B = tone(300, start=0.05), tone(900, start=0.11, gain=0.05)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The user's model folder: a VAE of clips called ``morph-drums``, one of ``frames``, one with pitch, and a GAN."""
    folder = tmp_path_factory.mktemp("home")
    make_vae(folder, CLIPS, "morph-drums")
    make_vae(folder, FRAMES, "frames")
    make_vae(folder, replace(CLIPS, pitched=True), "pitched")
    make_gan(folder)
    return folder


@pytest.fixture(autouse=True)
def workspace(home, tmp_path, monkeypatch):
    """A working folder with sound files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(home))
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "bundled")
    Clip(A[None], RATE).write("a.wav", "FLOAT")
    Clip(B[None], RATE).write("b.wav", "FLOAT")
    Clip(np.zeros((1, 500)), RATE).write("silent.wav")
    return tmp_path


def kit(*names: str) -> Path:
    """Write a folder of tones of two labels, with a damaged file."""
    for index, name in enumerate(names):
        path = Path("kit") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Clip(tone(200 * 1.3**index)[None], RATE).write(path)
    Path("kit/low/broken.wav").write_bytes(b"RIFFxxxx")
    return Path("kit")


# --- morph, vary, adjust


def test_a_morph_becomes_files_that_sort_and_state_their_origin(workspace, capsys):
    command = [
        "morph",
        "a.wav",
        "b.wav",
        "--steps",
        "11",
        "--joined",
        "--label-a",
        "low",
        "--label-b",
        "high",
        "--out",
        "out",
        "--no-watermark",
    ]
    assert run(command) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [f"morph-drums-a-to-b-low-to-high-slerp-x11-{index:03d}.wav" for index in range(11)]
    runtime = loading.load("morph-drums")
    assert [line.strip().partition(":")[0] for line in lines[:12]] == [
        *names,
        "morph-drums-a-to-b-low-to-high-slerp-x11-joined.wav",
    ]
    assert lines[12].startswith("12 files, ")
    assert lines[12].endswith(f" by morph-drums ({runtime.folder.hash}) in out")
    assert lines[13:] == ["b.wav was cut to 0.26 s from its onset."]
    assert sorted(names) == names
    waves = runtime.morph(A, B, 11, label_a="low", label_b="high")
    for name, wave in zip(names, waves, strict=True):
        np.testing.assert_allclose(Clip.read(workspace / "out" / name).wave, wave, atol=2**-23)
    joined = Clip.read(workspace / "out" / "morph-drums-a-to-b-low-to-high-slerp-x11-joined.wav").wave
    np.testing.assert_allclose(joined, np.concatenate(waves, axis=1), atol=2**-23)
    origin = json.loads(open_sound(workspace / "out" / names[4]).tags["comment"])
    assert (origin["task"], origin["interpolation"], origin["steps"], origin["t"]) == ("morph", "slerp", 11, 0.4)
    assert [source["file"] for source in origin["sources"]] == ["a.wav", "b.wav"]
    entries = manifest.read(workspace / "out" / "manifest.jsonl").entries
    assert [entry.path.name for entry in entries] == names
    assert [entry.label for entry in entries] == ["low", *[None] * 9, "high"]


def test_files_of_any_rate_and_channels_are_converted(workspace):
    stereo = np.stack([A, np.roll(A, 3)])
    Clip(stereo, RATE).resample(44_100).write("stereo.flac", "PCM_24")
    derived = vary(Path("stereo.flac"), count=2, out=Path("out"))
    assert derived.details["sources"][0].changes == ("mixed from 2 channels to one", "resampled from 44100 to 8000 Hz")
    assert str(derived).endswith("stereo.flac was mixed from 2 channels to one, resampled from 44100 to 8000 Hz.")
    expected = loading.load("morph-drums").vary(stereo.mean(axis=0), count=2)
    for clip, wave in zip(derived.files, expected, strict=True):
        np.testing.assert_allclose(Clip.read(clip.path).wave, wave, atol=0.05 * np.abs(wave).max())


def test_a_morph_over_time_is_one_clip(workspace):
    derived = morph(
        Path("a.wav"), Path("b.wav"), over_time=True, interpolation="slerp", model="frames", watermark=False
    )
    (clip,) = derived.files
    assert clip.path.name == "frames-a-to-b-slerp-over_time.wav"
    (wave,) = loading.load("frames").morph(A, B, interpolation="slerp", over_time=True)
    np.testing.assert_allclose(Clip.read(clip.path).wave, wave, atol=2**-23)


def test_a_transfer_is_one_clip(workspace):
    derived = morph(Path("a.wav"), Path("b.wav"), transfer=True, label_b="low", model="frames", watermark=False)
    (clip,) = derived.files
    wave = loading.load("frames").transfer(A, B, "low")
    np.testing.assert_allclose(Clip.read(clip.path).wave, wave, atol=2**-23)


def test_variations_are_reproducible_and_replace_nothing_else(workspace):
    first = vary(Path("a.wav"), 0.5, 3, seed=4, label="low", out=Path("out"), watermark=False)
    assert [clip.path.name for clip in first.files] == [
        f"morph-drums-a-low-vary0.5-s4-{index:03d}.wav" for index in range(3)
    ]
    contents = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    vary(Path("a.wav"), 0.5, 3, seed=4, label="low", out=Path("out"), watermark=False)
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == contents
    waves = loading.load("morph-drums").vary(A, 0.5, 4, 3, "low")
    np.testing.assert_allclose(Clip.read(Path("out") / first.files[2].path.name).wave, waves[2], atol=2**-23)
    shutil.copy("b.wav", "a.wav")  # another sound of that name
    with pytest.raises(BadFolder, match="exists already and is another clip than the one that morph-drums"):
        vary(Path("a.wav"), 0.5, 3, seed=4, label="low", out=Path("out"), watermark=False)
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == contents


def test_attributes_are_adjusted_step_by_step(workspace, capsys):
    assert (
        run(
            [
                "adjust",
                "a.wav",
                "--set",
                "brightness=+0.5",
                "--set",
                "loudness=-6",
                "--steps",
                "3",
                "--json",
                "--no-watermark",
            ]
        )
        == 0
    )
    files = [Path(file["path"]).name for file in json.loads(capsys.readouterr().out)["files"]]
    assert files == [f"morph-drums-a-brightness+0.5-loudness-6-x3-{index:03d}.wav" for index in range(3)]
    runtime = loading.load("morph-drums")
    waves = runtime.adjust(A, {"brightness": 0.5, "loudness": -6.0}, (0.0, 0.5, 1.0)).waves
    aligned = runtime.align(A)
    latents = runtime.encode(aligned.wave)
    gain = 10 ** (aligned.level_db / 20)
    nearest = [runtime.distribution.clip_labels[index] for index, _ in runtime.distribution.nearest(latents, 5)]
    kinds = {name: nearest.count(number) / 5 for number, name in enumerate(runtime.labels)}
    alone = runtime.adjust(A, {"brightness": 0.5, "loudness": -6.0}, (0.0,), residual=0.0).waves[0]
    np.testing.assert_allclose(alone, gain * runtime.decode(latents, kinds), atol=1e-5)
    loudness = [loudness_db(wave[0]) for wave in waves]
    np.testing.assert_allclose(np.diff(loudness), -3.0, atol=1e-3)
    for file, wave in zip(files, waves, strict=True):
        np.testing.assert_allclose(Clip.read(Path("wavewright-clips") / file).wave, wave, atol=2**-23)
    origin = json.loads(open_sound(Path("wavewright-clips") / files[1]).tags["comment"])
    assert (origin["attributes"], origin["fraction"]) == ({"brightness": 0.5, "loudness": -6.0}, 0.5)
    one = adjust(Path("a.wav"), {"brightness": 0.5, "loudness": -6}, out=Path("one"), watermark=False)
    np.testing.assert_array_equal(
        Clip.read(Path("one") / one.files[0].path.name).wave, Clip.read(f"wavewright-clips/{files[2]}").wave
    )


def test_the_fraction_of_the_residual_is_an_option(workspace, capsys):
    runtime = loading.load("morph-drums")
    calls = {
        "vary a.wav --count 1": ("a-vary0.3", lambda: runtime.vary(A, residual=0.5)[0]),
        "adjust a.wav --set loudness=-6": (
            "a-loudness-6-x1",
            lambda: runtime.adjust(A, {"loudness": -6}, residual=0.5).waves[0],
        ),
        "morph a.wav b.wav --steps 2": ("a-to-b-slerp-x2", lambda: runtime.morph(A, B, 2, residual=0.5)[0]),
    }
    for command, (name, wave) in calls.items():
        assert run([*command.split(), "--residual", "0.5", "--out", "out", "--no-watermark"]) == 0
        file = Path("out") / f"morph-drums-{name}-residual0.5-000.wav"
        np.testing.assert_allclose(Clip.read(file).wave, wave(), atol=2**-23)
        assert json.loads(open_sound(file).tags["comment"])["residual"] == 0.5
    capsys.readouterr()
    assert "at most 1" in refused(capsys, "vary", "a.wav", "--residual", "2")


def test_steps_that_are_too_loud_are_attenuated_alike():
    runtime = loading.load("morph-drums")
    runtime.directions = AttributeDirections(np.full((2, 6), 1e-9, np.float32))
    adjusted = [runtime.adjust(gain * A, {"loudness": 3.0}, (0.0, 1.0)) for gain in (1.0, 1_000.0)]
    plain, loud = (each.waves for each in adjusted)
    peak = max(np.abs(wave).max() for wave in plain)
    assert [each.attenuation_db for each in adjusted] == [0.0, pytest.approx(20 * np.log10(1_000 * peak), abs=1e-3)]
    assert np.abs(plain[0]).max() < 1.0
    assert max(np.abs(wave).max() for wave in loud) == pytest.approx(1.0)
    assert loudness_db(loud[0][0]) - loudness_db(loud[1][0]) == pytest.approx(
        loudness_db(plain[0][0]) - loudness_db(plain[1][0]), abs=1e-3
    )


def test_an_attenuation_is_reported(workspace, capsys):
    Clip(1_000 * A[None], RATE).write("loud.wav", "FLOAT")
    assert run(["adjust", "loud.wav", "--set", "loudness=+1"]) == 0
    attenuation_db = loading.load("morph-drums").adjust(1_000 * A, {"loudness": 1.0}).attenuation_db
    assert attenuation_db > 10
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"The clip was attenuated by {attenuation_db:.1f} dB to stay within full scale."
    )
    assert adjust(Path("loud.wav"), {"loudness": 1.0}).details["attenuation_db"] == attenuation_db
    assert run(["adjust", "a.wav", "--set", "loudness=-1"]) == 0
    assert "attenuated" not in capsys.readouterr().out


def test_a_model_with_pitch_is_conditioned_on_it(workspace, capsys):
    runtime = loading.load("pitched")
    calls = {
        "vary a.wav --count 1 --pitch 48": ("pitched-a-48p-vary0.3-000", runtime.vary(A, pitch=48)[0]),
        "adjust a.wav --set loudness=-6 --pitch 48": (
            "pitched-a-48p-loudness-6-x1-000",
            runtime.adjust(A, {"loudness": -6}, pitch=48).waves[0],
        ),
        "adjust a.wav --set brightness=0.3 --candidates 1": (
            "pitched-a-brightness+0.3-c1-x1-000",
            runtime.adjust(A, {"brightness": 0.3}, candidates=1).waves[0],
        ),
        "morph a.wav b.wav --steps 3 --pitch-a 40 --pitch-b 50": (
            "pitched-a-to-b-40p-to-50p-slerp-x3-001",
            runtime.morph(A, B, 3, pitch_a=40, pitch_b=50)[1],
        ),
        "generate pitched --label low --count 1 --pitch 48": (
            "pitched-low-s0-48p-000",
            runtime.generate("low", pitch=48)[0],
        ),
    }
    for command, (name, wave) in calls.items():
        model = [] if command.startswith("generate") else ["--model", "pitched"]
        assert run([*command.split(), *model, "--out", "out", "--no-watermark"]) == 0
        assert f"  {name}.wav: " in capsys.readouterr().out
        np.testing.assert_allclose(Clip.read(Path("out") / f"{name}.wav").wave, wave, atol=2**-23)
    origin = json.loads(open_sound(Path("out") / "pitched-a-48p-vary0.3-000.wav").tags["comment"])
    assert origin["pitch"] == 48.0
    assert np.abs(runtime.vary(A, pitch=48)[0] - runtime.vary(A, pitch=60)[0]).max() > 1e-4
    np.testing.assert_array_equal(runtime.vary(A)[0], runtime.vary(A, pitch=60)[0])


# --- map and similar


def test_a_map_has_coordinates_and_similar_clips(workspace, capsys):
    names = [f"{label}/{index}.wav" for label in ("high", "low") for index in range(3)]
    assert run(["map", str(kit(*names)), "--similar", "2", "--out", "map.json"]) == 2
    lines = capsys.readouterr().out.splitlines()
    runtime = loading.load("morph-drums")
    assert lines[0] == f"map.json by morph-drums ({runtime.folder.hash})"
    assert lines[2] == "  6 clips of 2 labels"
    assert lines[3].startswith(f"  {Path('kit/low/broken.wav')} cannot be decoded")
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")
    written = json.loads(Path("map.json").read_text(encoding="utf-8"))
    assert [(clip["file"], clip["label"]) for clip in written["clips"]] == [
        (name, name.split("/")[0]) for name in names
    ]
    latents = [runtime.encode(runtime.align(Clip.read(Path("kit") / name).wave[0]).wave) for name in names]
    positions = [(clip["x"], clip["y"]) for clip in written["clips"]]
    np.testing.assert_allclose(positions, runtime.embedding_2d(latents), atol=1e-3)
    points = np.stack(latents) / runtime.distribution.clip_latents.std(axis=0)
    distances = np.sqrt(np.square(points[:, None] - points).mean(axis=2))
    np.fill_diagonal(distances, np.inf)
    for index, clip in enumerate(written["clips"]):
        nearest = np.argsort(distances[index])[:2]
        assert [near["file"] for near in clip["similar"]] == [names[other] for other in nearest]
        assert [near["distance"] for near in clip["similar"]] == pytest.approx(distances[index][nearest], abs=1e-4)
    contents = [Path(name).read_bytes() for name in ("map.json", "map.png")]
    map_clips(Path("kit"), Path("map.json"), similar=2)
    assert [Path(name).read_bytes() for name in ("map.json", "map.png")] == contents


def test_files_beside_sub_folders_are_mapped_without_a_label(workspace):
    clips = map_clips(kit("low/0.wav", "low/1.wav", "high/2.wav", "3.wav")).details["clips"]
    assert {clip.file: clip.label for clip in clips} == {
        "low/0.wav": "low",
        "low/1.wav": "low",
        "high/2.wav": "high",
        "3.wav": None,
    }


def test_without_matplotlib_the_map_is_written_and_the_plot_is_not(workspace, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    drawn = map_clips(kit("low/0.wav", "low/1.wav"))
    assert len(drawn.files) == 1
    assert str(drawn).splitlines()[-2].startswith("Drawing needs matplotlib, which is not installed")
    assert len(json.loads(Path("wavewright-map.json").read_text(encoding="utf-8"))["clips"]) == 2
    assert not list(Path().glob("*.png"))


def test_similar_files_and_similar_training_clips(workspace, capsys):
    folder = kit("low/0.wav", "low/1.wav", "high/2.wav", "high/3.wav")
    shutil.copy("kit/low/1.wav", "kit/low/twin.wav")
    result = similar(Path("kit/low/1.wav"), folder, 3)
    assert (result.clips[0].file, result.clips[0].label, result.clips[0].distance) == ("low/twin.wav", "low", 0.0)
    assert "low/1.wav" not in {near.file for near in result.clips}
    assert [near.distance for near in result.clips] == sorted(near.distance for near in result.clips)
    assert len(result.failed) == 1
    assert run(["similar", "a.wav", "--count", "2"]) == 0
    runtime = loading.load("morph-drums")
    nearest = runtime.similar(runtime.encode(runtime.align(A).wave), 2)
    assert capsys.readouterr().out.splitlines() == [
        f"Most similar to a.wav in the training clips of morph-drums ({runtime.folder.hash}):",
        *(f"  {distance:.3f}  {name} ({label})" for name, label, distance in nearest),
    ]


# --- files of latents


def test_a_one_shot_is_restored_from_its_latents(workspace, capsys):
    Clip(np.stack([B, B]), RATE).resample(16_000).write("c.wav", "FLOAT")
    assert run(["encode", "c.wav", "--model", "morph-drums", "--label", "high"]) == 0
    runtime = loading.load("morph-drums")
    n_bytes = Path("c.safetensors").stat().st_size
    assert capsys.readouterr().out.splitlines() == [
        f"c.safetensors: 0.26 s by morph-drums ({runtime.folder.hash})",
        f"  1 latent vector of 6 dimensions, {n_bytes} bytes",
        "c.wav was mixed from 2 channels to one, resampled from 16000 to 8000 Hz, cut to 0.26 s from its onset.",
    ]
    with safe_open("c.safetensors", framework="numpy") as opened:
        origin = json.loads(opened.metadata()["wavewright"])
        latents = opened.get_tensor("latents")
    aligned = runtime.align(Clip.read("c.wav").resample(RATE).wave.mean(axis=0))
    np.testing.assert_allclose(latents, runtime.encode(aligned.wave), atol=1e-5)
    assert (origin["model"], origin["model_hash"], origin["label"]) == ("morph-drums", runtime.folder.hash, "high")
    assert (origin["sample_rate"], origin["n_samples"]) == (16_000, 4096)
    assert run(["decode", "c.safetensors", "--no-watermark"]) == 0
    assert "c-decoded.wav: 0.26 s, 16000 Hz, mono by morph-drums" in capsys.readouterr().out
    back = Clip.read("c-decoded.wav")
    assert (back.sample_rate, back.wave.shape) == (16_000, (1, 4096))
    expected = Clip(10 ** (origin["level_db"] / 20) * runtime.decode(latents, "high"), RATE).resample(16_000).wave
    np.testing.assert_allclose(back.wave, expected, atol=2**-15)
    first = Path("c.safetensors").read_bytes()
    encode(Path("c.wav"), model="morph-drums", label="high", out=Path("c.safetensors"))
    assert Path("c.safetensors").read_bytes() == first


@pytest.mark.parametrize("n_samples", [1, 63, 64, 4_001])
@pytest.mark.parametrize("rate", [RATE, 11_025])
def test_a_clip_of_any_length_is_restored_at_its_length(workspace, n_samples, rate):
    Clip(0.1 * np.random.default_rng(0).standard_normal((1, n_samples)), rate).write("d.wav", "FLOAT")
    encoded = encode(Path("d.wav"), model="frames", out=Path("e.safetensors"))
    assert encoded.details["latent_size"] == 6
    decoded = decode(encoded.out, Path("f.wav"))
    back = Clip.read("f.wav")
    assert (back.sample_rate, back.n_samples, decoded.seconds) == (rate, n_samples, n_samples / rate)


@pytest.mark.parametrize("model", ["morph-drums", "frames"])
def test_silence_is_restored_as_silence_and_a_quiet_clip_as_quiet(workspace, model):
    encode(Path("silent.wav"), model=model, out=Path("s.safetensors"))
    decode(Path("s.safetensors"), Path("s.wav"))
    back = Clip.read("s.wav")
    assert (back.sample_rate, back.n_samples) == (RATE, 500)
    assert not back.wave.any()
    Clip(1e-3 * A[None], RATE).write("quiet.wav", "FLOAT")
    encode(Path("quiet.wav"), model=model, out=Path("q.safetensors"))
    decode(Path("q.safetensors"), Path("q.wav"))
    assert Clip.read("q.wav").wave.any()


def test_every_damage_is_detected(workspace):
    encoded = encode(Path("a.wav"), model="morph-drums", out=Path("x.safetensors"))
    whole = encoded.out.read_bytes()
    for index in range(len(whole)):
        damaged = bytearray(whole)
        damaged[index] ^= 1 << index % 8
        encoded.out.write_bytes(damaged)
        with pytest.raises(BadAudio, match=r"x\.safetensors"):
            LatentFile.read(encoded.out)
    for n_bytes in range(0, len(whole), 7):
        encoded.out.write_bytes(whole[:n_bytes])
        with pytest.raises(BadAudio, match=r"x\.safetensors cannot be read as latents"):
            LatentFile.read(encoded.out)


@pytest.mark.parametrize("change", [np.asfortranarray, np.transpose, lambda x: x[::-1, ::2], lambda x: x.astype(">f4")])
def test_latents_of_any_order_in_memory_are_read_again(tmp_path, change):
    latents = change(np.arange(24, dtype=np.float32).reshape(4, 6))
    path = tmp_path / "x.safetensors"
    metadata = LatentMetadata(model="m", model_hash="0", sample_rate=RATE, n_samples=100)
    LatentFile(latents, metadata).write(path)
    again = LatentFile.read(path)
    np.testing.assert_array_equal(again.latents, latents)
    assert again.metadata == metadata
    n_bytes = LatentFile(np.ascontiguousarray(latents, np.float32), metadata).write(tmp_path / "y.safetensors")
    assert path.read_bytes() == (tmp_path / "y.safetensors").read_bytes()
    assert n_bytes == path.stat().st_size


def test_inconsistent_metadata_is_refused(workspace):
    runtime = loading.load("frames")
    known = {"model": "frames", "model_hash": runtime.folder.hash, "sample_rate": RATE}
    latents = np.zeros((3, 6), np.float32)
    path = Path("x.safetensors")
    LatentFile(latents, LatentMetadata(**known, n_samples=10**9)).write(path)
    with pytest.raises(BadAudio, match="states 1000000000 samples at 8000 Hz, but its latents last for"):
        decode(path)
    LatentFile(latents[:, :5], LatentMetadata(**known, n_samples=100)).write(path)
    with pytest.raises(BadSetting, match=r"The latents have shape \(3, 5\); frames takes"):
        decode(path)
    LatentFile(latents, LatentMetadata(**known, n_samples=100, label="middle")).write(path)
    with pytest.raises(BadSetting, match="frames has no label 'middle'"):
        decode(path)
    LatentFile(latents, LatentMetadata(**known | {"model_hash": "0123456789ab"}, n_samples=100)).write(path)
    with pytest.raises(
        BadModel, match=r"by the autoencoder 0123456789ab, which is not among the models here \(frames is"
    ):
        decode(path)
    assert not list(Path().glob("*decoded*"))


# --- refusals


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("morph none.wav b.wav", "none.wav does not exist; check the path."),
        ("morph a.wav .", ". is a folder; give a sound file."),
        ("morph a.wav b.wav --model drums-morph", "There is no model 'drums-morph'; the nearest are morph-drums;"),
        (
            "morph a.wav b.wav --model tiny",
            "tiny is of the family gan, which morphs, varies and adjusts no recordings; give a VAE; it is for "
            "`wavewright generate tiny`.",
        ),
        ("morph a.wav b.wav --steps 1", "--steps is 1; it must be at least 2."),
        ("morph a.wav b.wav --interpolation round", "--interpolation is round; it must be 'linear' or 'slerp'."),
        ("morph a.wav b.wav --label-a bell", "morph-drums has no label 'bell'; its labels are high, low."),
        (
            "morph a.wav b.wav --over-time --model morph-drums",
            "morph-drums encodes clips as a whole, so nothing can change over time;",
        ),
        ("morph a.wav b.wav --over-time --transfer", "--over-time and --transfer exclude each other;"),
        (
            "morph a.wav b.wav --over-time --joined",
            "--over-time and --joined exclude each other; leave one of them out.",
        ),
        ("morph silent.wav b.wav", "silent.wav is silent: no sample exceeds -60 dB of full scale;"),
        ("morph a.wav b.wav --out a.wav", "a.wav is a file that is read, and is never replaced;"),
        ("vary a.wav --amount 1.5", "--amount is 1.5; it must be at most 1."),
        ("vary text.wav", "text.wav is not a sound file;"),
        ("adjust a.wav", "morph-drums has the attributes brightness (octaves), loudness (dB), length (doublings),"),
        (
            "adjust a.wav --set warmth=1",
            "There is no attribute 'warmth' to adjust; this model has brightness, loudness, length, attack.",
        ),
        (
            "adjust a.wav --set brightness",
            "The attribute 'brightness' has no amount; write name=amount, of brightness (octaves),",
        ),
        (
            "adjust a.wav --set loudness=1 --set loudness=2",
            "The attribute loudness is set twice; set it once, to the sum of both amounts.",
        ),
        (
            "adjust a.wav --set brightness=nan",
            "The amount of brightness is nan; it must lie between -20 and 20 octaves.",
        ),
        (
            "adjust a.wav --set loudness=1e9",
            "The amount of loudness is 1000000000.0; it must lie between -100 and 100 dB.",
        ),
        *(
            (f"{command} --pitch{end} 60", "morph-drums has no pitch to choose; leave pitch out, or use another model.")
            for command, end in (
                ("vary a.wav", ""),
                ("adjust a.wav --set loudness=1", ""),
                ("morph a.wav b.wav", "-a"),
                ("morph a.wav b.wav", "-b"),
            )
        ),
        (
            "generate morph-drums --pitch 60",
            "morph-drums has no parameter pitch; leave pitch out, or use another model.",
        ),
        ("generate tiny --pitch 60", "tiny has no parameter pitch; leave pitch out, or use another model."),
        ("vary a.wav --pitch 128", "--pitch is 128; it must be at most 127."),
        ("map none", "none does not exist; give a folder with sound files in it"),
        ("map quiet", "quiet holds no clip that can be used: "),
        ("map quiet --out map.txt", "--out is map.txt; give a name that ends in .json."),
        ("map quiet --out no/map.json", "because the folder no does not exist; create it first."),
        ("similar a.wav --count 0", "--count is 0; it must be at least 1."),
        ("similar a.wav --folder alone", "alone holds no clip that can be used: "),
        ("similar alone/e.wav --folder alone --model frames", "is silent"),
        (
            "encode a.wav --model frames --kbps 3",
            "frames makes latents, whose number nobody can choose; leave --kbps out, or use another model.",
        ),
        (
            "encode a.wav --model frames --out x.wwc",
            "x.wwc ends with '.wwc'; latents are written to .safetensors files.",
        ),
        ("encode a.wav --model frames --label bell", "frames has no label 'bell'; its labels are high, low."),
        ("encode a.wav --model tiny", "tiny is of the family gan, which has no codes; give a codec"),
        ("decode none.safetensors", "none.safetensors does not exist; check the path."),
        ("decode x.safetensors --model frames", "and frames is"),
        ("decode x.safetensors --model tiny", "tiny is of the family gan, which has no latents;"),
        ("decode x.safetensors --out x.txt", "x.txt ends with '.txt'; sound is written to .wav"),
        ("decode weights.safetensors", "weights.safetensors holds no latents of a sound;"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(workspace, home, capsys, arguments, sentence):
    Path("text.wav").write_text("no sound", encoding="utf-8")
    for folder in ("quiet", "alone"):
        Path(folder).mkdir()
        shutil.copy("silent.wav", f"{folder}/e.wav")
    shutil.copy(home / "frames" / "weights.safetensors", "weights.safetensors")
    encode(Path("a.wav"), model="morph-drums", out=Path("x.safetensors"))
    before = sorted(workspace.rglob("*"))
    assert sentence in refused(capsys, *arguments.split())
    assert sorted(workspace.rglob("*")) == before


def test_a_missing_model_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "empty"))
    for command in (["morph", "a.wav", "b.wav"], ["vary", "a.wav"], ["map", "."], ["similar", "a.wav"]):
        assert refused(capsys, *command) == "There is no model 'morph-drums'; `wavewright models` lists all."


def test_the_memory_of_residuals_is_limited(workspace, monkeypatch):
    monkeypatch.setattr(derivation, "MAX_RESIDUAL_SECONDS", 1.0)
    with pytest.raises(
        BadSetting, match=r"8 clips of 0.2 s with their residual last longer than the 1 s .* or leave the residual out"
    ):
        vary(Path("a.wav"), model="frames")
    assert len(vary(Path("a.wav"), model="frames", residual=0.0).files) == 8
    assert len(vary(Path("a.wav")).files) == 8  # of one-shots there is little


def test_the_memory_of_outputs_is_limited(workspace, monkeypatch):
    monkeypatch.setattr(derivation, "MAX_TOTAL_SECONDS", 2.0)
    vary(Path("a.wav"), count=7)
    with pytest.raises(
        BadSetting, match=r"8 clips of 0.3 s last longer than the 2 s that fit into memory; ask for fewer"
    ):
        vary(Path("a.wav"), count=8, out=Path("out"))
    monkeypatch.setattr(source, "MAX_CLIP_SECONDS", 0.2)
    with pytest.raises(BadAudio, match=r"a\.wav lasts 0 s; clips of up to 0 s can be used here: cut it"):
        adjust(Path("a.wav"), {"loudness": 1.0})
    assert not Path("out").exists()


def test_refusals_are_wavewright_errors(workspace):
    with pytest.raises(WavewrightError, match=r"morph: steps is 0; it must be at least 2\."):
        morph(Path("a.wav"), Path("b.wav"), steps=0)
