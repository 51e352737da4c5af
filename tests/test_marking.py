"""The mark of generated sound: on by default wherever a model makes the sound, the same streamed and whole, and off."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from byte_streams import ByteStream

import wavewright
from wavewright import models
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.pcm import to_pcm
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadSetting
from wavewright.models.folder import ModelFolder
from wavewright.outputs.watermark.detection import detect_wave
from wavewright.outputs.watermark.marking import Marking, mark_wave, marking_of
from wavewright.outputs.watermark.payload import Payload
from wavewright.speech.chunk import Chunk, TimedMark
from wavewright.speech.narration.narrator import NarratorLoader, marked_chunks
from wavewright.speech.narration.settings import NarrationSettings

TEXT = "The quick brown fox jumps over the lazy dog, and then it sleeps in the sun for a while."


def hash_of(name: str) -> str:
    return ModelFolder(models.find(name)).hash


def payload_of(name: str) -> Payload:
    return Payload.of_model(hash_of(name))


def payload_in(path: Path, key: str = "wavewright") -> Payload | None:
    """Return the payload that is detected in a file."""
    clip = Clip.read(path)
    return detect_wave(clip.wave, clip.sample_rate, key, any_speed=False).payload


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# -------------------------------------------------------------------------------------------------------------- speech


def test_speech_is_marked_and_as_before_without_the_mark():
    marked = wavewright.speak(TEXT, out=Path("marked.wav"))
    plain = wavewright.speak(TEXT, out=Path("plain.wav"), watermark=False)
    assert (marked.details["is_marked"], plain.details["is_marked"]) == (True, False)
    assert marked.details["words"] == plain.details["words"]
    assert payload_in(Path("marked.wav")) == payload_of("en")
    assert payload_in(Path("plain.wav")) is None
    voice = wavewright.Voice.load().speak(TEXT)
    step = 2.0**-15  # of the files, from which the clips are read
    np.testing.assert_allclose(plain.clip.wave, voice.clip.wave, rtol=0, atol=step / 2)
    expected = mark_wave(voice.clip.wave, 24_000, payload_of("en"), has_levels=True)
    np.testing.assert_allclose(marked.clip.wave, expected, rtol=0, atol=step / 2)


def test_a_stream_has_the_samples_of_the_file(monkeypatch):
    whole = wavewright.speak(TEXT).clip.wave
    monkeypatch.setattr(sys, "stdout", ByteStream())
    wavewright.speak(TEXT, out=Path("-"))
    assert sys.stdout.buffer.getvalue()[44:] == to_pcm(whole)


def test_books_and_batches_are_marked_and_made_again_when_the_mark_changes():
    Path("book.txt").write_text(f"{TEXT}\n", encoding="utf-8")
    Path("lines.csv").write_text(f'name,text\nfox,"{TEXT}"\n', encoding="utf-8")
    for call in (partial(wavewright.narrate, Path("book.txt")), partial(wavewright.speak_lines, Path("lines.csv"))):
        for settings, key in (({}, "wavewright"), ({"watermark_key": "mine"}, "mine")):
            spoken = call(quiet=True, **settings)
            (made,) = spoken.files
            assert spoken.details["is_marked"]
            assert made.is_new
            assert payload_in(made.path, key) == payload_of("en")
            assert not call(quiet=True, **settings).is_new
        assert json.loads(open_sound(made.path).tags["comment"])["watermark"] == 1
        spoken = call(quiet=True, watermark=False)
        assert not spoken.details["is_marked"]
        assert payload_in(made.path, "mine") is None


@pytest.mark.parametrize("sizes", [[1] * 40, [700, 0, 2_000, 767, 768, 1, 9_000], [30_000], [10]])
def test_chunks_keep_words_and_samples(sizes):
    rng = np.random.default_rng(0)
    wave = (0.1 * rng.standard_normal((1, sum(sizes)))).astype(np.float32)
    parts = np.split(wave, np.cumsum(sizes)[:-1], axis=1)
    marks = [(TimedMark(str(index), 0.1 * index),) for index in range(len(parts))]
    chunks = [Chunk(part, marks=each, n_clipped=3) for part, each in zip(parts, marks, strict=True)]
    output = list(marked_chunks(iter(chunks), 24_000, Marking(Payload(7))))
    joined = np.concatenate([chunk.wave for chunk in output], axis=1)
    np.testing.assert_array_equal(joined, mark_wave(wave, 24_000, Payload(7)))
    assert [chunk.marks for chunk in output] == [*marks, ()]
    assert sum(chunk.n_clipped for chunk in output) == 3 * len(parts)


def test_the_first_chunk_of_speech_has_audio():
    narrator = NarratorLoader().load(NarrationSettings())
    plain = next(narrator.voice.stream("Yes."))
    first = next(narrator.chunks("Yes.", print))
    assert first.words == plain.words
    assert plain.wave.shape[1] - 768 <= first.wave.shape[1] < plain.wave.shape[1]


# -------------------------------------------------------------------------------------------- clips, music, backgrounds


def test_clips_are_marked_and_state_it():
    made = wavewright.generate("ambience", "rain", 1, seconds=4, out=Path("out"))
    assert made.details["is_marked"]
    assert payload_in(made.out / made.files[0].path.name) == payload_of("ambience")
    line = json.loads((made.out / "manifest.jsonl").read_text(encoding="utf-8"))
    assert (
        line["watermark"]
        == json.loads(open_sound(made.out / made.files[0].path.name).tags["comment"])["watermark"]
        == 1
    )
    plain = wavewright.generate("ambience", "rain", 1, seconds=4, out=Path("plain"), watermark=False)
    assert not plain.details["is_marked"]
    assert "watermark" not in (plain.out / "manifest.jsonl").read_text(encoding="utf-8")
    assert payload_in(plain.out / plain.files[0].path.name) is None
    expected = wavewright.load_generator("ambience").generate("rain", 1, seconds=4.0)[0]
    np.testing.assert_allclose(Clip.read(plain.out / plain.files[0].path.name).wave, expected, atol=2**-23)


def test_a_marked_loop_is_seamless():
    made = wavewright.generate("ambience", "rain", 1, seconds=4, loop=True, out=Path("out"))
    plain = wavewright.generate("ambience", "rain", 1, seconds=4, loop=True, out=Path("plain"), watermark=False)
    waves = [Clip.read(each.out / each.files[0].path.name).wave[0] for each in (made, plain)]
    mark = waves[0] - waves[1]
    assert np.abs(mark).max() > 100 * max(abs(mark[0]), abs(mark[-1]))


def test_derived_clips_are_marked():
    wavewright.generate("ambience", "rain", 2, seconds=4, out=Path("source"), watermark=False)
    a, b = sorted(Path("source").glob("*.wav"))
    model = "morph-textures"
    calls = {
        "vary": lambda: wavewright.vary(a, count=1, model=model, residual=0.0, out=Path("out")),
        "adjust": lambda: wavewright.adjust(a, {"brightness": 0.3}, model=model, out=Path("out")),
        "morph": lambda: wavewright.morph(a, b, over_time=True, out=Path("out"), watermark_key="mine"),
    }
    for name, call in calls.items():
        derived = call()
        assert derived.details["is_marked"]
        key = "mine" if name == "morph" else "wavewright"
        assert payload_in(derived.out / derived.files[0].path.name, key) == payload_of(model), name
    origin = json.loads(open_sound(derived.out / derived.files[0].path.name).tags["comment"])
    assert (origin["watermark"], len(origin["watermark_key"])) == (1, 4)
    assert "mine" not in json.dumps(origin)


def test_decoded_latents_are_marked_and_decoded_codes_are_not():
    plain = wavewright.generate("ambience", "rain", 1, seconds=4, out=Path("source"), watermark=False)
    source = plain.out / plain.files[0].path.name
    wavewright.encode(source, out=Path("a.safetensors"), model="morph-textures")
    assert wavewright.decode(Path("a.safetensors"), Path("a.wav")).details["is_marked"]
    assert payload_in(Path("a.wav")) == payload_of("morph-textures")
    assert not wavewright.decode(Path("a.safetensors"), Path("b.wav"), watermark=False).details["is_marked"]
    assert payload_in(Path("b.wav")) is None
    wavewright.encode(source, out=Path("a.wwc"), quiet=True)
    wavewright.decode(Path("a.wwc"), Path("c.wav"), quiet=True)
    assert payload_in(Path("c.wav")) is None
    with pytest.raises(BadSetting, match="whose copy gets no mark"):
        wavewright.decode(Path("a.wwc"), Path("d.wav"), watermark_key="mine")


def test_a_learned_instrument_is_marked_and_a_soundfont_is_not():
    common = {"score": "A3", "seconds": 6.0, "quiet": True}
    learned = wavewright.render(out=Path("a.wav"), instrument="notes", stems=Path("stems"), **common)
    assert learned.details["is_marked"]
    assert payload_in(learned.out) == payload_in(learned.files[1].path) == payload_of("notes")
    assert not wavewright.render(out=Path("b.wav"), instrument="notes", watermark=False, **common).details["is_marked"]
    assert not wavewright.render(out=Path("c.wav"), instrument="reed-organ", **common).details["is_marked"]
    assert payload_in(Path("b.wav")) is payload_in(Path("c.wav")) is None


def test_composed_music_is_marked_and_rules_are_not():
    composed = wavewright.compose("chorales", Path("a.wav"), bars=2, quiet=True)
    assert composed.details["is_marked"]
    assert payload_in(composed.out) == payload_of("chorales")
    plain = wavewright.compose("chorales", Path("b.wav"), bars=2, quiet=True, watermark=False)
    assert not plain.details["is_marked"]
    assert payload_in(plain.out) is None
    assert not wavewright.compose("chorales", Path("c.mid"), bars=2, quiet=True).details["is_marked"]
    ruled = wavewright.compose_by_rule("band", Path("d.wav"), bars=4, quiet=True)
    assert not ruled.details["is_marked"]
    assert payload_in(ruled.out) is None


def test_a_background_with_sounds_of_a_model_is_marked():
    made = wavewright.layer("seaside", seconds=4, out=Path("a.wav"), quiet=True)
    assert made.details["is_marked"]
    assert payload_in(made.out) == payload_of("ambience")
    assert not wavewright.layer("seaside", seconds=4, out=Path("b.wav"), quiet=True, watermark=False).details[
        "is_marked"
    ]
    assert payload_in(Path("b.wav")) is None


# --------------------------------------------------------------------------------------------------- the command line


def test_the_command_line_leaves_the_mark_out(capsys):
    assert run(["speak", TEXT, "--json", "--no-watermark"]) == 0
    assert json.loads(capsys.readouterr().out)["details"]["is_marked"] is False
    assert payload_in(Path("speech.wav")) is None
    assert run(["speak", TEXT, "--json", "--watermark-key", "mine"]) == 0
    assert json.loads(capsys.readouterr().out)["details"]["is_marked"] is True
    assert payload_in(Path("speech.wav")) is None
    assert payload_in(Path("speech.wav"), "mine") == payload_of("en")


@pytest.mark.parametrize("command", [["speak", "Hello."], ["generate", "drums"], ["detect", "a.wav"], ["serve"]])
def test_an_empty_key_is_refused(capsys, command):
    option = "--key" if command[0] == "detect" else "--watermark-key"
    assert run([*command, option, ""]) == 2
    assert f"{option} is ; it must have at least 1 characters" in capsys.readouterr().err
    assert list(Path().iterdir()) == []


def test_markings():
    assert marking_of("abc123", watermark=False, key="mine") is None
    assert marking_of(None, watermark=True, key="mine") == Marking(Payload(0), "mine")
    assert marking_of("abc123", watermark=True, key="wavewright") == Marking(Payload(0xABC))
    assert Marking().origin() == {"watermark": 1}
    assert Marking(key="a").origin() != Marking(key="b").origin()
