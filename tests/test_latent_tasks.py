"""Morph, vary, slide, map, neighbours and files of latents: outputs, messages and refusals."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from tiny_models import make_gan
from tiny_vae import CLIPS, FRAMES, RATE, make_vae, tone

from wavewright import loading, models
from wavewright.cli import run
from wavewright.clip import Clip, read_metadata
from wavewright.data import manifest
from wavewright.errors import BadAudio, BadFolder, BadModel, BadSetting, WavewrightError
from wavewright.families.vae.directions import Directions
from wavewright.families.vae.morphing import loudness_db
from wavewright.tasks import latent_sounds
from wavewright.tasks.decode import decode
from wavewright.tasks.encode import encode
from wavewright.tasks.latent_file import About, LatentFile
from wavewright.tasks.map_sounds import map_sounds
from wavewright.tasks.morph import morph
from wavewright.tasks.neighbours import neighbours
from wavewright.tasks.slide import slide
from wavewright.tasks.vary import vary

A, B = tone(300, start=0.05), tone(900, start=0.11, gain=0.05)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return the user's model folder: VAEs of clips (``morph-drums``), of ``frames`` and with pitch, and a GAN."""
    folder = tmp_path_factory.mktemp("home")
    make_vae(folder, CLIPS, "morph-drums")
    make_vae(folder, FRAMES, "frames")
    make_vae(folder, replace(CLIPS, pitched=True), "pitched")
    make_gan(folder)
    return folder


@pytest.fixture(autouse=True)
def sounds(home, tmp_path, monkeypatch):
    """A working folder with sounds in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(home))
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "bundled")
    Clip(A[None], RATE).write("a.wav", "FLOAT")
    Clip(B[None], RATE).write("b.wav", "FLOAT")
    Clip(np.zeros((1, 500)), RATE).write("silent.wav")
    return tmp_path


def refused(capsys, *arguments):
    """The sentence of a call that must be refused."""
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.endswith(".")
    return line.removeprefix("wavewright: ")


def kit(*names: str) -> Path:
    """A folder of tones of two labels, with a file that is none."""
    for place, name in enumerate(names):
        path = Path("kit") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Clip(tone(200 * 1.3**place)[None], RATE).write(path)
    Path("kit/low/broken.wav").write_bytes(b"RIFFxxxx")
    return Path("kit")


# --- morph, vary, slide


def test_a_morph_becomes_files_that_sort_and_say_what_they_are(sounds, capsys):
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
    ]
    assert run(command) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [f"morph-drums-a-to-b-low-to-high-spherical-x11-{index:03d}.wav" for index in range(11)]
    player = loading.load("morph-drums")
    assert lines == [
        *(f"  {name}" for name in [*names, "morph-drums-a-to-b-low-to-high-spherical-x11-joined.wav"]),
        f"12 sounds by morph-drums ({player.folder.hash}) in out",
        "b.wav was heard for 0.26 s from its onset.",
    ]
    assert sorted(names) == names
    waves = player.morph(A, B, 11, label_a="low", label_b="high")
    for name, wave in zip(names, waves, strict=True):
        np.testing.assert_allclose(Clip.read(sounds / "out" / name).wave, wave, atol=2**-23)
    joined = Clip.read(sounds / "out" / "morph-drums-a-to-b-low-to-high-spherical-x11-joined.wav").wave
    np.testing.assert_allclose(joined, np.concatenate(waves, axis=1), atol=2**-23)
    said = json.loads(read_metadata(sounds / "out" / names[4])["comment"])
    assert (said["task"], said["way"], said["steps"], said["part"]) == ("morph", "spherical", 11, 0.4)
    assert [source["file"] for source in said["sources"]] == ["a.wav", "b.wav"]
    entries = manifest.read(sounds / "out" / "manifest.jsonl").entries
    assert [entry.path.name for entry in entries] == names
    assert [entry.label for entry in entries] == ["low", *[None] * 9, "high"]


def test_files_of_any_rate_and_channels_are_heard_alike(sounds):
    stereo = np.stack([A, np.roll(A, 3)])
    Clip(stereo, RATE).resample(44_100).write("stereo.flac", "PCM_24")
    derived = vary(Path("stereo.flac"), count=2, out=Path("out"))
    assert derived.sources[0].changes == ("mixed from 2 channels to one", "resampled from 44100 to 8000 Hz")
    assert str(derived).endswith("stereo.flac was mixed from 2 channels to one, resampled from 44100 to 8000 Hz.")
    expected = loading.load("morph-drums").vary(stereo.mean(axis=0), count=2)
    for sound, wave in zip(derived.sounds, expected, strict=True):
        np.testing.assert_allclose(Clip.read(sounds / "out" / sound.file).wave, wave, atol=0.05 * np.abs(wave).max())


def test_a_morph_over_time_is_one_sound(sounds):
    derived = morph(Path("a.wav"), Path("b.wav"), over_time=True, way="spherical", model="frames")
    (sound,) = derived.sounds
    assert sound.file == "frames-a-to-b-spherical-over_time.wav"
    (wave,) = loading.load("frames").morph(A, B, way="spherical", over_time=True)
    np.testing.assert_allclose(Clip.read(sounds / "wavewright-sounds" / sound.file).wave, wave, atol=2**-23)


def test_the_same_variations_every_time_and_nothing_else_is_replaced(sounds):
    first = vary(Path("a.wav"), 0.5, 3, seed=4, label="low", out=Path("out"))
    assert [sound.file for sound in first.sounds] == [
        f"morph-drums-a-low-vary0.5-s4-{index:03d}.wav" for index in range(3)
    ]
    contents = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    vary(Path("a.wav"), 0.5, 3, seed=4, label="low", out=Path("out"))
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == contents
    waves = loading.load("morph-drums").vary(A, 0.5, 4, 3, "low")
    np.testing.assert_allclose(Clip.read(Path("out") / first.sounds[2].file).wave, waves[2], atol=2**-23)
    shutil.copy("b.wav", "a.wav")  # another sound of that name
    with pytest.raises(BadFolder, match="is there already and is another sound than the one that morph-drums"):
        vary(Path("a.wav"), 0.5, 3, seed=4, label="low", out=Path("out"))
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == contents


def test_sliders_move_a_sound_step_by_step(sounds, capsys):
    assert run(["slide", "a.wav", "--set", "brightness=+0.5", "--set", "loudness=-6", "--steps", "3", "--json"]) == 0
    files = [sound["file"] for sound in json.loads(capsys.readouterr().out)["sounds"]]
    assert files == [f"morph-drums-a-brightness+0.5-loudness-6-x3-{index:03d}.wav" for index in range(3)]
    player = loading.load("morph-drums")
    waves = player.sweep(A, {"brightness": 0.5, "loudness": -6.0}, (0.0, 0.5, 1.0)).waves
    heard = player.heard(A)
    latents = player.encode(heard.wave)
    gain = 10 ** (heard.level_db / 20)
    nearest = [player.known.point_labels[place] for place, _ in player.known.nearest(latents, 5)]
    kinds = {name: nearest.count(number) / 5 for number, name in enumerate(player.labels)}
    alone = player.sweep(A, {"brightness": 0.5, "loudness": -6.0}, (0.0,), detail=0.0).waves[0]
    np.testing.assert_allclose(alone, gain * player.decode(latents, kinds), atol=1e-5)
    loudness = [loudness_db(wave[0]) for wave in waves]
    np.testing.assert_allclose(np.diff(loudness), -3.0, atol=1e-3)
    for file, wave in zip(files, waves, strict=True):
        np.testing.assert_allclose(Clip.read(Path("wavewright-sounds") / file).wave, wave, atol=2**-23)
    said = json.loads(read_metadata(Path("wavewright-sounds") / files[1])["comment"])
    assert (said["sliders"], said["part"]) == ({"brightness": 0.5, "loudness": -6.0}, 0.5)
    one = slide(Path("a.wav"), {"brightness": 0.5, "loudness": -6}, out=Path("one"))
    np.testing.assert_array_equal(
        Clip.read(Path("one") / one.sounds[0].file).wave, Clip.read(f"wavewright-sounds/{files[2]}").wave
    )


def test_a_share_of_detail_is_asked_for_and_said(sounds, capsys):
    player = loading.load("morph-drums")
    calls = {
        "vary a.wav --count 1": ("a-vary0.3", lambda: player.vary(A, detail=0.5)[0]),
        "slide a.wav --set loudness=-6": (
            "a-loudness-6-x1",
            lambda: player.sweep(A, {"loudness": -6}, detail=0.5).waves[0],
        ),
        "morph a.wav b.wav --steps 2": ("a-to-b-spherical-x2", lambda: player.morph(A, B, 2, detail=0.5)[0]),
    }
    for command, (name, wave) in calls.items():
        assert run([*command.split(), "--detail", "0.5", "--out", "out"]) == 0
        file = Path("out") / f"morph-drums-{name}-detail0.5-000.wav"
        np.testing.assert_allclose(Clip.read(file).wave, wave(), atol=2**-23)
        assert json.loads(read_metadata(file)["comment"])["detail"] == 0.5
    capsys.readouterr()
    assert "less than or equal to 1" in refused(capsys, "vary", "a.wav", "--detail", "2")


def test_a_sweep_that_is_too_loud_is_turned_down_as_a_whole():
    player = loading.load("morph-drums")
    player.directions = Directions(np.full((2, 6), 1e-9, np.float32))
    swept = [player.sweep(gain * A, {"loudness": 3.0}, (0.0, 1.0)) for gain in (1.0, 1_000.0)]
    plain, loud = (each.waves for each in swept)
    peak = max(np.abs(wave).max() for wave in plain)
    assert [each.turned_down_db for each in swept] == [0.0, pytest.approx(20 * np.log10(1_000 * peak), abs=1e-3)]
    assert np.abs(plain[0]).max() < 1.0
    assert max(np.abs(wave).max() for wave in loud) == pytest.approx(1.0)
    assert loudness_db(loud[0][0]) - loudness_db(loud[1][0]) == pytest.approx(
        loudness_db(plain[0][0]) - loudness_db(plain[1][0]), abs=1e-3
    )


def test_what_is_turned_down_is_said(sounds, capsys):
    Clip(1_000 * A[None], RATE).write("loud.wav", "FLOAT")
    assert run(["slide", "loud.wav", "--set", "loudness=+1"]) == 0
    turned_db = loading.load("morph-drums").sweep(1_000 * A, {"loudness": 1.0}).turned_down_db
    assert turned_db > 10
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"The sound was turned down by {turned_db:.1f} dB, since full scale would be passed."
    )
    assert slide(Path("loud.wav"), {"loudness": 1.0}).turned_down_db == turned_db
    assert run(["slide", "a.wav", "--set", "loudness=-1"]) == 0
    assert "turned down" not in capsys.readouterr().out


def test_a_model_that_was_trained_with_pitch_is_told_it(sounds, capsys):
    player = loading.load("pitched")
    calls = {
        "vary a.wav --count 1 --pitch 48": ("pitched-a-48p-vary0.3-000", player.vary(A, pitch=48)[0]),
        "slide a.wav --set loudness=-6 --pitch 48": (
            "pitched-a-48p-loudness-6-x1-000",
            player.sweep(A, {"loudness": -6}, pitch=48).waves[0],
        ),
        "morph a.wav b.wav --steps 3 --pitch-a 40 --pitch-b 50": (
            "pitched-a-to-b-40p-to-50p-spherical-x3-001",
            player.morph(A, B, 3, pitch_a=40, pitch_b=50)[1],
        ),
        "generate pitched --label low --count 1 --pitch 48": (
            "pitched-low-s0-48p-000",
            player.generate("low", pitch=48)[0],
        ),
    }
    for command, (name, wave) in calls.items():
        model = [] if command.startswith("generate") else ["--model", "pitched"]
        assert run([*command.split(), *model, "--out", "out"]) == 0
        assert f"  {name}.wav" in capsys.readouterr().out.splitlines()
        np.testing.assert_allclose(Clip.read(Path("out") / f"{name}.wav").wave, wave, atol=2**-23)
    said = json.loads(read_metadata(Path("out") / "pitched-a-48p-vary0.3-000.wav")["comment"])
    assert said["pitch"] == 48.0
    assert np.abs(player.vary(A, pitch=48)[0] - player.vary(A, pitch=60)[0]).max() > 1e-4
    np.testing.assert_array_equal(player.vary(A)[0], player.vary(A, pitch=60)[0])


# --- map and neighbours


def test_a_map_says_where_sounds_lie_and_what_lies_near(sounds, capsys):
    names = [f"{label}/{index}.wav" for label in ("high", "low") for index in range(3)]
    assert run(["map", str(kit(*names)), "--neighbours", "2", "--out", "map.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    player = loading.load("morph-drums")
    assert lines[0] == f"map.json: 6 sounds of 2 labels by morph-drums ({player.folder.hash}), drawn in map.png"
    assert lines[1].startswith(f"{Path('kit/low/broken.wav')} cannot be decoded")
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")
    found = json.loads(Path("map.json").read_text(encoding="utf-8"))
    assert [(sound["file"], sound["label"]) for sound in found["sounds"]] == [
        (name, name.split("/")[0]) for name in names
    ]
    latents = [player.encode(player.heard(Clip.read(Path("kit") / name).wave[0]).wave) for name in names]
    places = [(sound["x"], sound["y"]) for sound in found["sounds"]]
    np.testing.assert_allclose(places, player.map(latents), atol=1e-3)
    points = np.stack(latents) / player.known.points.std(axis=0)
    distances = np.sqrt(np.square(points[:, None] - points).mean(axis=2))
    np.fill_diagonal(distances, np.inf)
    for index, sound in enumerate(found["sounds"]):
        nearest = np.argsort(distances[index])[:2]
        assert [near["file"] for near in sound["neighbours"]] == [names[place] for place in nearest]
        assert [near["distance"] for near in sound["neighbours"]] == pytest.approx(distances[index][nearest], abs=1e-4)
    contents = [Path(name).read_bytes() for name in ("map.json", "map.png")]
    map_sounds(Path("kit"), Path("map.json"), neighbours=2)
    assert [Path(name).read_bytes() for name in ("map.json", "map.png")] == contents


def test_without_matplotlib_the_map_is_written_and_the_picture_is_not(sounds, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    drawn = map_sounds(kit("low/0.wav", "low/1.wav"))
    assert drawn.picture is None
    assert str(drawn).splitlines()[-1].startswith("Drawing needs matplotlib, which is not installed")
    assert len(json.loads(Path("wavewright-map.json").read_text(encoding="utf-8"))["sounds"]) == 2
    assert not list(Path().glob("*.png"))


def test_neighbours_among_files_and_among_training_sounds(sounds, capsys):
    folder = kit("low/0.wav", "low/1.wav", "high/2.wav", "high/3.wav")
    shutil.copy("kit/low/1.wav", "kit/low/twin.wav")
    found = neighbours(Path("kit/low/1.wav"), folder, 3)
    assert (found.nearest[0].file, found.nearest[0].label, found.nearest[0].distance) == ("low/twin.wav", "low", 0.0)
    assert "low/1.wav" not in {near.file for near in found.nearest}
    assert [near.distance for near in found.nearest] == sorted(near.distance for near in found.nearest)
    assert len(found.problems) == 1
    assert run(["neighbours", "a.wav", "--count", "2"]) == 0
    player = loading.load("morph-drums")
    nearest = player.neighbours(player.encode(player.heard(A).wave), 2)
    assert capsys.readouterr().out.splitlines() == [
        f"Nearest to a.wav among the training sounds of morph-drums ({player.folder.hash}):",
        *(f"  {distance:.3f}  {name} ({label})" for name, label, distance in nearest),
    ]


# --- files of latents


def test_a_one_shot_comes_back_from_its_latents(sounds, capsys):
    Clip(np.stack([B, B]), RATE).resample(16_000).write("c.wav", "FLOAT")
    assert run(["encode", "c.wav", "--model", "morph-drums", "--label", "high"]) == 0
    player = loading.load("morph-drums")
    n_bytes = Path("c.safetensors").stat().st_size
    assert capsys.readouterr().out.splitlines() == [
        f"c.safetensors: 0.26 s as 1 latent of 6 numbers by morph-drums ({player.folder.hash}), {n_bytes} bytes",
        "c.wav was mixed from 2 channels to one, resampled from 16000 to 8000 Hz, heard for 0.26 s from its onset.",
    ]
    with safe_open("c.safetensors", framework="numpy") as opened:
        said = json.loads(opened.metadata()["wavewright"])
        latents = opened.get_tensor("latents")
    heard = player.heard(Clip.read("c.wav").resample(RATE).wave.mean(axis=0))
    np.testing.assert_allclose(latents, player.encode(heard.wave), atol=1e-5)
    assert (said["model"], said["model_hash"], said["label"]) == ("morph-drums", player.folder.hash, "high")
    assert (said["sample_rate"], said["n_samples"]) == (16_000, 4096)
    assert run(["decode", "c.safetensors"]) == 0
    assert "c-decoded.wav: 0.26 s, 16000 Hz, mono from the latents of morph-drums" in capsys.readouterr().out
    back = Clip.read("c-decoded.wav")
    assert (back.sample_rate, back.wave.shape) == (16_000, (1, 4096))
    expected = Clip(10 ** (said["level_db"] / 20) * player.decode(latents, "high"), RATE).resample(16_000).wave
    np.testing.assert_allclose(back.wave, expected, atol=2**-15)
    first = Path("c.safetensors").read_bytes()
    encode(Path("c.wav"), model="morph-drums", label="high")
    assert Path("c.safetensors").read_bytes() == first


@pytest.mark.parametrize("n_samples", [1, 63, 64, 4_001])
@pytest.mark.parametrize("rate", [RATE, 11_025])
def test_a_sound_of_any_length_comes_back_as_long(sounds, n_samples, rate):
    Clip(0.1 * np.random.default_rng(0).standard_normal((1, n_samples)), rate).write("d.wav", "FLOAT")
    encoded = encode(Path("d.wav"), model="frames", out=Path("e.safetensors"))
    assert encoded.latent_size == 6
    decoded = decode(encoded.out, Path("f.wav"))
    back = Clip.read("f.wav")
    assert (back.sample_rate, back.n_samples, decoded.seconds) == (rate, n_samples, n_samples / rate)


@pytest.mark.parametrize("model", ["morph-drums", "frames"])
def test_silence_comes_back_as_silence_and_a_quiet_sound_as_quiet(sounds, model):
    encode(Path("silent.wav"), model=model, out=Path("s.safetensors"))
    decode(Path("s.safetensors"), Path("s.wav"))
    back = Clip.read("s.wav")
    assert (back.sample_rate, back.n_samples) == (RATE, 500)
    assert not back.wave.any()
    Clip(1e-3 * A[None], RATE).write("quiet.wav", "FLOAT")
    encode(Path("quiet.wav"), model=model, out=Path("q.safetensors"))
    decode(Path("q.safetensors"), Path("q.wav"))
    assert Clip.read("q.wav").wave.any()


def test_no_damage_goes_unnoticed(sounds):
    encoded = encode(Path("a.wav"), model="morph-drums", out=Path("x.safetensors"))
    whole = encoded.out.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        encoded.out.write_bytes(damaged)
        with pytest.raises(BadAudio, match=r"x\.safetensors"):
            LatentFile.read(encoded.out)
    for n_bytes in range(0, len(whole), 7):
        encoded.out.write_bytes(whole[:n_bytes])
        with pytest.raises(BadAudio, match=r"x\.safetensors cannot be read as latents"):
            LatentFile.read(encoded.out)


def test_latents_that_claim_what_cannot_be_are_refused(sounds):
    player = loading.load("frames")
    known = {"model": "frames", "model_hash": player.folder.hash, "sample_rate": RATE}
    latents = np.zeros((3, 6), np.float32)
    path = Path("x.safetensors")
    LatentFile(latents, About(**known, n_samples=10**9)).write(path)
    with pytest.raises(BadAudio, match="speaks of 1000000000 samples at 8000 Hz, and its latents last for"):
        decode(path)
    LatentFile(latents[:, :5], About(**known, n_samples=100)).write(path)
    with pytest.raises(BadSetting, match=r"The latents have shape \(3, 5\); frames takes"):
        decode(path)
    LatentFile(latents, About(**known, n_samples=100, label="middle")).write(path)
    with pytest.raises(BadSetting, match="frames has no label 'middle'"):
        decode(path)
    LatentFile(latents, About(**known | {"model_hash": "0123456789ab"}, n_samples=100)).write(path)
    with pytest.raises(BadModel, match=r"by the VAE 0123456789ab, which is not among the models here \(frames is"):
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
            "tiny is of the family gan, which knows no latents; give a VAE with --model",
        ),
        ("morph a.wav b.wav --steps 1", "--steps is 1; input should be greater than or equal to 2."),
        ("morph a.wav b.wav --way round", "--way is round; input should be 'linear' or 'spherical'."),
        ("morph a.wav b.wav --label-a bell", "morph-drums has no label 'bell'; its labels are high, low."),
        ("morph a.wav b.wav --over-time", "morph-drums knows clips as a whole, so nothing can change over time;"),
        (
            "morph a.wav b.wav --over-time --joined",
            "has no steps that could be joined; leave --over-time or --joined out.",
        ),
        ("morph silent.wav b.wav", "silent.wav is silent: no sample exceeds -60 dB of full scale;"),
        ("morph a.wav b.wav --out a.wav", "a.wav is a file or lies in one; give a folder to write to with --out."),
        ("vary a.wav --amount 1.5", "--amount is 1.5; input should be less than or equal to 1."),
        ("vary text.wav", "text.wav is not a sound file;"),
        ("slide a.wav", "morph-drums has the sliders brightness (octaves), loudness (dB), length (doublings),"),
        (
            "slide a.wav --set warmth=1",
            "There is no slider 'warmth'; this model has brightness, loudness, length, attack.",
        ),
        (
            "slide a.wav --set brightness",
            "The slider 'brightness' has no amount; write name=amount, of brightness (octaves),",
        ),
        (
            "slide a.wav --set loudness=1 --set loudness=2",
            "The slider loudness is set twice; set it once, to the sum of what is meant.",
        ),
        ("slide a.wav --set brightness=nan", "The slider brightness is nan; it must lie between -20 and 20 octaves."),
        ("slide a.wav --set loudness=1e9", "The slider loudness is 1000000000.0; it must lie between -100 and 100 dB."),
        *(
            (f"{command} --pitch{end} 60", "morph-drums has no pitch that could be asked for; leave it out.")
            for command, end in (
                ("generate morph-drums", ""),
                ("vary a.wav", ""),
                ("slide a.wav --set loudness=1", ""),
                ("morph a.wav b.wav", "-a"),
                ("morph a.wav b.wav", "-b"),
            )
        ),
        ("generate tiny --pitch 60", "tiny has no pitch to choose; leave pitch out, or use another model."),
        ("vary a.wav --pitch 128", "--pitch is 128; input should be less than or equal to 127."),
        ("map none", "none does not exist; give a folder with sound files in it"),
        ("map quiet", "quiet holds no sound that can be used: "),
        ("map quiet --out map.txt", "map.txt does not end with .json; a map is written as a .json file"),
        ("map quiet --out no/map.json", "because the folder no does not exist; create it first."),
        ("neighbours a.wav --count 0", "--count is 0; input should be greater than or equal to 1."),
        ("neighbours a.wav --folder alone", "alone holds no sound that can be used: "),
        ("neighbours alone/e.wav --folder alone --model frames", "is silent"),
        (
            "encode a.wav --model frames --kbps 3",
            "frames makes latents, whose number nobody can choose; leave --kbps out.",
        ),
        (
            "encode a.wav --model frames --out x.wwc",
            "x.wwc ends with '.wwc'; latents are written to .safetensors files.",
        ),
        ("encode a.wav --model frames --label bell", "frames has no label 'bell'; its labels are high, low."),
        ("encode a.wav --model tiny", "tiny is of the family gan, which has no codes; give a codec"),
        ("decode none.safetensors", "none.safetensors does not exist; check the path."),
        ("decode x.safetensors --model frames", "and frames is"),
        ("decode x.safetensors --model tiny", "tiny is of the family gan, which knows no latents;"),
        ("decode x.safetensors --out x.txt", "x.txt ends with '.txt'; sound is written to .wav"),
        ("decode weights.safetensors", "weights.safetensors holds no latents of a sound;"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(sounds, home, capsys, arguments, sentence):
    Path("text.wav").write_text("no sound", encoding="utf-8")
    for folder in ("quiet", "alone"):
        Path(folder).mkdir()
        shutil.copy("silent.wav", f"{folder}/e.wav")
    shutil.copy(home / "frames" / "weights.safetensors", "weights.safetensors")
    encode(Path("a.wav"), model="morph-drums", out=Path("x.safetensors"))
    before = sorted(sounds.rglob("*"))
    assert sentence in refused(capsys, *arguments.split())
    assert sorted(sounds.rglob("*")) == before


def test_a_missing_model_is_the_usual_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "empty"))
    for command in (["morph", "a.wav", "b.wav"], ["vary", "a.wav"], ["map", "."], ["neighbours", "a.wav"]):
        assert refused(capsys, *command) == "There is no model 'morph-drums'; `wavewright models` lists all."


def test_only_so_much_detail_is_held_in_memory(sounds, monkeypatch):
    monkeypatch.setattr(latent_sounds, "MOST_DETAILED_SECONDS", 1.0)
    with pytest.raises(
        BadSetting, match=r"8 sounds of 0.2 s with their detail last longer than the 1 s .* or leave the detail out"
    ):
        vary(Path("a.wav"), model="frames")
    assert len(vary(Path("a.wav"), model="frames", detail=0.0).sounds) == 8
    assert len(vary(Path("a.wav")).sounds) == 8  # of one-shots there is little


def test_what_does_not_fit_into_memory_is_refused(sounds, monkeypatch):
    monkeypatch.setattr(latent_sounds, "MOST_SECONDS", 2.0)
    vary(Path("a.wav"), count=7)
    with pytest.raises(
        BadSetting, match=r"8 sounds of 0.3 s last longer than the 2 s that fit into memory; ask for fewer"
    ):
        vary(Path("a.wav"), count=8, out=Path("out"))
    monkeypatch.setattr(latent_sounds, "LONGEST_SECONDS", 0.2)
    with pytest.raises(BadAudio, match=r"a\.wav lasts 0 s; sounds of up to 0 s can be used here: cut a part out of it"):
        slide(Path("a.wav"), {"loudness": 1.0})
    assert not Path("out").exists()


def test_refusals_are_of_the_house(sounds):
    with pytest.raises(WavewrightError, match=r"morph: steps is 0; input should be greater than or equal to 2\."):
        morph(Path("a.wav"), Path("b.wav"), steps=0)
