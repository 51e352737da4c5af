"""The demo page: it plays every clip, loads nothing else, and its thumbnails show the audio."""

from __future__ import annotations

import base64
import html
import importlib.util
import re
import shlex
import shutil
import struct
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_families import trained
from tiny_models import TinySpectral, change_card, make_gan, seeded
from tiny_speech import install

from wavewright import models
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import read_origin
from wavewright.base.errors import BadFolder, BadModel
from wavewright.models.card import Card, Source
from wavewright.music.rules import compose_by_rule
from wavewright.plots.thumbnails import envelope_path, indexed_png, palette, spectrogram_png
from wavewright.synth.procedural import PROCEDURES
from wavewright.tasks import demo_models, demo_tools
from wavewright.tasks.demo import demo
from wavewright.tasks.demo_models import BITRATES_KBPS, TEXTS
from wavewright.tasks.demo_page.page import ModelSection, Player, PlayerRow, render_page

# The package's own word `demo` is the function.
demos = sys.modules["wavewright.tasks.demo"]


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """Run the jobs in this process, which sees what tests replace."""
    monkeypatch.setattr(demos, "MAX_WORKERS", 1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_gan(tmp_path_factory.mktemp("demo"))


class Page(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def all(self, tag_name, attribute):
        return [attributes[attribute] for tag, attributes in self.tags if tag == tag_name and attribute in attributes]


def test_the_page_has_clips_of_every_model_and_loads_nothing_else(model, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "bundled")
    monkeypatch.setattr(demos, "TOOLS", ())
    shutil.copytree(model, tmp_path / "bundled" / "tiny")
    make_gan(tmp_path / "bundled", "plain", labels=())
    made = demo(tmp_path / "out")
    page = Page(made.files[0].path.read_text(encoding="utf-8"))
    files = page.all("audio", "src")
    assert len(files) == made.details["n_clips"] == 4 * demo_models.CLIPS_PER_LABEL + 3 * 8
    for file in files:
        assert soundfile.info(tmp_path / "out" / file).frames == 1600
    assert all(source.startswith("data:image/png;base64,") for source in page.all("img", "src"))
    assert len(page.all("button", "aria-label")) == made.details["n_clips"] + 4 + 3  # one a clip, one a row
    links = page.all("a", "href")
    assert sorted(link for link in links if not link.startswith("#")) == sorted(files)
    assert {link[1:] for link in links if link.startswith("#")} <= {
        *page.all("details", "id"),
        *page.all("footer", "id"),
    }
    assert not page.all("link", "href")
    assert not page.all("script", "src")
    assert "CC0-1.0" in made.files[0].path.read_text(encoding="utf-8")


def test_the_page_has_sounds_without_a_model(model, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "bundled")
    monkeypatch.setattr(demo_tools, "TOOL_SECONDS", 0.5)
    monkeypatch.setattr(demo_tools, "BACKGROUNDS", ("windy-hill",))
    shutil.copytree(model, tmp_path / "bundled" / "tiny")
    made = demo(tmp_path / "out")
    text = made.files[0].path.read_text(encoding="utf-8")
    for name in (*PROCEDURES, "windy-hill"):
        assert f"audio/{name}.flac" in Page(text).all("audio", "src")
        assert soundfile.info(tmp_path / "out" / "audio" / f"{name}.flac").frames > 1_000
    for name in (*demo_tools.PATCHES, "formula"):
        assert soundfile.info(tmp_path / "out" / "audio" / f"{name}.flac").frames > 44_100
    if importlib.util.find_spec("verovio"):
        assert text.count('<img class="notation" src="data:image/svg+xml;base64,') == 1
    assert not list((tmp_path / "out").rglob("chorale.*"))
    assert "wavewright layer windy-hill --seconds 0.5 --seed 3 --out windy-hill.flac" in text


def test_the_page_has_edits_of_a_voice(tmp_path, monkeypatch):
    wave = np.sin(np.arange(24_000) / 20).astype(np.float32)[None]
    monkeypatch.setattr(demo_tools, "speak", lambda _text, voice, out: Clip(0.5 * wave, 24_000).write(out))
    (tmp_path / "page").mkdir()
    row = demo_tools.ToolClips(tmp_path / "page", [])._edit("voice")
    assert [player.name for player in row.players] == ["before", *(title for title, _ in demo_tools.CHAINS)]
    assert row.players[2].seconds == pytest.approx(1.3, abs=0.01)


def test_the_page_has_a_dubbed_scene(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "page").mkdir()
    install(monkeypatch, tmp_path / "models")
    row = demo_tools.ToolClips(tmp_path / "page", [])._dub("de", "en")
    scene, dubbed = (soundfile.info(tmp_path / "page" / player.file) for player in row.players)
    assert scene.frames / scene.samplerate == pytest.approx(dubbed.frames / dubbed.samplerate, abs=0.01)
    assert [path.name for path in (tmp_path / "page").iterdir()] == ["audio"]
    words = shlex.split(row.command)[1:]
    assert words[:2] == ["dub", "scene.wav"]


@pytest.mark.uses("denoise-48k", "denoise-16k")
def test_the_page_has_an_episode(tmp_path, monkeypatch):
    (tmp_path / "page").mkdir()
    time = np.arange(48_000) / 24_000
    pitch = 150 + 30 * np.sin(2 * np.pi * 1.5 * time)  # of a voice that sings syllables
    harmonics = sum(np.sin(2 * np.pi * np.cumsum(k * pitch) / 24_000) / k for k in range(1, 20))
    sound = (0.1 * harmonics * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)))[None]
    monkeypatch.setattr(demo_tools, "speak", lambda _text, voice, out: Clip(sound, 24_000).write(out))
    row = demo_tools.ToolClips(tmp_path / "page", [])._podcast("voice")
    before, after = row.players[0], row.players[2]
    assert before.seconds == pytest.approx(2 + 2.5 + 2)
    assert after.seconds == pytest.approx(before.seconds - 1.5, abs=0.3)


def test_the_demo_page_escapes_names(tmp_path):
    folder = make_gan(tmp_path, labels=("<b>", '"&', "c"))
    text = demo(tmp_path / "out", (str(folder),)).files[0].path.read_text(encoding="utf-8")
    assert "<b>" not in text
    assert "&quot;&amp; 1" in text


def test_the_commands_on_the_page_generate_its_clips(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = make_gan(tmp_path / "runs", labels=("hi hat", "kick"))
    text = demo(tmp_path / "out", (str(folder),)).files[0].path.read_text(encoding="utf-8")
    commands = [html.unescape(command) for command in re.findall("<code>(.*?)</code>", text)]
    assert commands[0] == "wavewright generate tiny --label 'hi hat' --count 3 --seed 7 --format flac"
    for command in commands:
        assert run([*shlex.split(command)[1:], "--out", "again"]) == 0
    names = sorted(path.name for path in (tmp_path / "again").glob("*.flac"))
    assert names == sorted(path.name for path in (tmp_path / "out" / "audio").glob("*.flac"))
    for name in names:
        again, shown = (Clip.read(tmp_path / folder / name) for folder in ("again", "out/audio"))
        np.testing.assert_allclose(shown.wave, again.wave, atol=2**-15)  # 16 bits on the page, 24 by the command


def test_a_demo_replaces_a_demo_and_no_other_page(model, tmp_path):
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
    (tmp_path / "mine" / "index.html").write_text("<p>My page", encoding="utf-8")
    with pytest.raises(BadFolder, match=r"index\.html exists and is not the page of a demo"):
        demo(tmp_path / "mine", (str(model),))
    assert [path.name for path in (tmp_path / "mine").rglob("*")] == ["index.html"]
    for seed in range(2):
        demo(tmp_path / "theirs", (str(make_gan(tmp_path / f"other{seed}", module=seeded(TinySpectral, seed))),))
    assert len(list((tmp_path / "theirs" / "audio").glob("*.flac"))) == 3 * demo_models.CLIPS_PER_LABEL + 2 * 8


def test_an_interrupted_demo_says_so_and_the_next_one_replaces_it(model, tmp_path, monkeypatch):
    other = make_gan(tmp_path / "other", labels=())
    section = demo_models.ModelClips.section

    def interrupted(clips, folder):
        if folder.path == other:
            raise KeyboardInterrupt
        return section(clips, folder)

    monkeypatch.setattr(demo_models.ModelClips, "section", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo(tmp_path / "out", (str(model), str(other)))
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<strong>1 of 2 parts are here.</strong>" in text
    files = Page(text).all("audio", "src")
    assert len(files) == 3 * demo_models.CLIPS_PER_LABEL + 2 * 8
    assert sorted(files) == sorted(f"audio/{path.name}" for path in (tmp_path / "out" / "audio").glob("*.flac"))
    monkeypatch.setattr(demo_models.ModelClips, "section", section)
    made = demo(tmp_path / "out", (str(model), str(other)))
    assert 'class="growing"' not in made.files[0].path.read_text(encoding="utf-8")
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")] == []
    manifest = (tmp_path / "out" / "audio" / "manifest.jsonl").read_text(encoding="utf-8")
    assert len(manifest.splitlines()) == made.details["n_clips"]


def test_two_processes_write_the_same_page_as_one(tmp_path, monkeypatch):
    folders = [str(make_gan(tmp_path / name, labels=(name, "hat"))) for name in ("one", "two")]
    for name, folder in zip(("one", "two"), folders, strict=True):
        change_card(Path(folder), name=name)
    pages = []
    for n_workers in (1, 2):
        monkeypatch.setattr(demos, "MAX_WORKERS", n_workers)
        pages.append(demo(tmp_path / f"out{n_workers}", folders).files[0].path)
    assert pages[0].read_bytes() == pages[1].read_bytes()
    for path in (tmp_path / "out1" / "audio").glob("*.flac"):
        assert path.read_bytes() == (tmp_path / "out2" / "audio" / path.name).read_bytes()


def test_the_error_of_another_process_is_raised(tmp_path, monkeypatch):
    monkeypatch.setattr(demos, "MAX_WORKERS", 2)
    folders = [str(make_gan(tmp_path / name)) for name in ("one", "two")]
    for folder in folders:
        change_card(Path(folder), name="../x")
    with pytest.raises(BadModel, match="contains a path separator"):
        demo(tmp_path / "out", folders)
    assert not (tmp_path / "out").exists()


def test_clips_keep_their_origin_as_flac(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    install(monkeypatch, tmp_path / "models")
    demo(tmp_path / "out", models=("en",))
    for path in (tmp_path / "out" / "audio").iterdir():
        assert read_origin(path)["model"] == "en"
        assert soundfile.info(path).subtype == "PCM_16"


def test_a_demo_is_there_as_a_whole_or_not_at_all(model, tmp_path, fill_disk):
    fill_disk(2 * demo_models.CLIPS_PER_LABEL + 1)
    with pytest.raises(OSError, match="No space left") as refusal:
        demo(tmp_path / "out", (str(model),))
    assert refusal.value.filename == str(tmp_path / "out" / "audio" / "tiny-hat-s7-000.flac")
    assert not (tmp_path / "out").exists()


def test_a_demo_without_models_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path)
    with pytest.raises(BadModel, match="no bundled model that generates audio"):
        demo(tmp_path / "out")
    change_card(make_gan(tmp_path, "judge"), family="classifier", config={})
    with pytest.raises(BadModel, match="judge cannot generate audio"):
        demo(tmp_path / "out", ("judge",))
    assert not (tmp_path / "out").exists()


def read_png(contents):
    """Pixels ``(rows, columns, 3)`` of an indexed PNG, every chunk's checksum compared."""
    assert contents[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, offset = {}, 8
    while offset < len(contents):
        (length,) = struct.unpack(">I", contents[offset : offset + 4])
        kind, data = contents[offset + 4 : offset + 8], contents[offset + 8 : offset + 8 + length]
        assert struct.unpack(">I", contents[offset + 8 + length : offset + 12 + length])[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        offset += 12 + length
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 3, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(256, 3)[rows[:, 1:]]


def test_a_png_has_its_pixels():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    np.testing.assert_array_equal(read_png(indexed_png(pixels, palette())), palette()[pixels])


def test_the_palette_grows_lighter():
    assert (np.diff(palette().astype(int) @ [299, 587, 114]) >= 0).all()


@pytest.mark.parametrize("frequency_hz", [500, 4_000, 15_000])
def test_a_tone_is_a_bright_line_at_its_height(frequency_hz):
    wave = np.sin(2 * np.pi * frequency_hz * np.arange(30_000) / 44_100).astype(np.float32)
    brightness = read_png(spectrogram_png(wave, 44_100)).sum(axis=(1, 2)).astype(int)
    row_hz = np.geomspace(40, 22_050, 96)[::-1]
    assert row_hz[brightness.argmax()] == pytest.approx(frequency_hz, rel=0.07)


def test_silence_and_single_samples_have_thumbnails():
    for wave in (np.zeros(1, np.float32), np.zeros(5_000, np.float32)):
        assert (read_png(spectrogram_png(wave, 8_000)) == palette()[0]).all()
        assert re.fullmatch(r"M[-\d. L]+Z", envelope_path(wave))


def test_the_envelope_touches_peaks():
    wave = np.zeros(384, np.float32)
    wave[10], wave[200] = 0.5, -0.25
    heights = [float(point.split()[1]) for point in envelope_path(wave)[1:-1].split("L")]
    assert (min(heights), max(heights)) == (-0.5, 0.25)


def test_thumbnails_of_the_page_are_small(model, tmp_path):
    made = demo(tmp_path / "out", (str(model),))
    page = Page(made.files[0].path.read_text(encoding="utf-8"))
    for source in page.all("img", "src"):
        assert read_png(base64.b64decode(source.split(",")[1])).shape[0] == 96
    assert made.files[0].path.stat().st_size < 30_000 * made.details["n_clips"]


def test_voices_speak_a_few_sentences(tmp_path, monkeypatch):
    players = install(monkeypatch, tmp_path)
    made = demo(tmp_path / "out", models=("en",))
    page = Page(made.files[0].path.read_text(encoding="utf-8"))
    assert made.details["n_clips"] == 2 * len(TEXTS)
    assert [call.speaker for call in players["en"].calls[:: len(players["en"].calls) // 2]][:2] == ["kathleen", "ruth"]
    for sound in page.all("audio", "src"):
        assert soundfile.info(tmp_path / "out" / sound).samplerate == 24_000
    text = html.unescape(made.files[0].path.read_text(encoding="utf-8"))
    assert shlex.join(["wavewright", "speak", TEXTS[0], "--voice", "en-ruth"]) in text
    for text_spoken in TEXTS:
        assert text.count(f"<q>{text_spoken}</q>") == 2


def test_vocoders_and_codecs_use_a_voice_and_classifiers_a_generator(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    install(monkeypatch, tmp_path / "models")
    for name, family in (("judge", "classifier"), ("squeeze", "codec")):
        (tmp_path / "models" / name).mkdir()
        card = Card(name=name, family=family, sample_rate=16_000, description=f"What {name} does.")
        (tmp_path / "models" / name / "card.json").write_text(card.to_json(), encoding="utf-8")
    encoded = []

    def encode(file, kbps, out, model, quiet):
        encoded.append(kbps)
        out.write_bytes(bytes(1_200))

    monkeypatch.setattr(demo_models, "encode", encode)
    monkeypatch.setattr(
        demo_models, "decode", lambda codes, out, model, quiet: Clip(np.zeros((1, 800)), 16_000).write(out)
    )
    made = demo(tmp_path / "out", models=("judge", "squeeze", "vocoder", "en"))
    assert made.details["skipped"] == {
        "judge": "A classifier recognises audio, and no model of the page generates its labels."
    }
    assert "Skipped: judge. A classifier recognises audio, and no model of the page generates its labels." in str(made)
    assert encoded == [*BITRATES_KBPS]
    assert made.details["n_clips"] == 2 * len(TEXTS) + 1 + 1 + len(BITRATES_KBPS)
    text = made.files[0].path.read_text(encoding="utf-8")
    assert re.findall("<h2>(.*?)</h2>", text) == ["en", "squeeze", "vocoder", "judge", "Credits and licences"]
    reason = "A classifier recognises audio, and no model of the page generates its labels."
    assert f"<p>What judge does.</p>\n<p>No clips: {reason}</p>" in text
    assert "3 kbps: 1.2 kB" in text
    assert not list((tmp_path / "out").rglob("*.wwc"))


def test_a_classifier_recognises_clips_of_a_generator(tmp_path):
    made = demo(tmp_path / "out", models=("drum-classifier", "drums"))
    assert not made.details["skipped"]
    text = html.unescape(made.files[0].path.read_text(encoding="utf-8"))
    [row] = re.findall(r"<code>(wavewright recognise [^<]*)</code>", text)
    assert shlex.split(row)[2:] == ["drum-classifier", "drums-cymbal-s9-000.flac", "--top", "3"]
    recognised = re.findall(r"<q>(\w+) 0\.\d\d, \w+ 0\.\d\d, \w+ 0\.\d\d</q>", text)
    assert len(recognised) == 5
    assert recognised[:2] == ["kick", "snare"]


def test_an_encoder_finds_clips_of_the_same_label(tmp_path):
    made = demo(tmp_path / "out", ("sound-encoder", "drums"))
    text = html.unescape(made.files[0].path.read_text(encoding="utf-8"))
    [command] = re.findall(r"<code>(wavewright similar [^<]*)</code>", text)
    assert command.endswith("--folder . --embedding sound-encoder")
    names, distances = zip(
        *re.findall(r'aria-label="Play drums-(\w+)-s7-00\d, distance (\d+\.\d\d)"', text), strict=True
    )
    assert len(names) == demo_models.SIMILAR_CLIPS
    n_others = demo_models.CLIPS_PER_LABEL - 1
    assert list(names[:n_others]) == [command.split()[2].split("-")[1]] * n_others
    assert list(map(float, distances)) == sorted(map(float, distances))


def test_a_transcriber_finds_the_notes_of_several_voices(tmp_path):
    made = demo(tmp_path / "out", models=("polyphonic",))
    assert made.details["n_clips"] == 2
    text = made.files[0].path.read_text(encoding="utf-8")
    assert "wavewright transcribe polyphonic-recording.flac --polyphonic --out notes.mid" in text
    found = int(re.search(r"its (\d+) notes by a piano", text)[1])
    composed = compose_by_rule(demo_models.VOICES_RULE, seed=demo_models.SEEDS[0], bars=demo_models.PIECE_BARS).n_notes
    assert abs(found - composed) < 0.5 * composed
    assert not list((tmp_path / "out").rglob("*.mid"))


def test_composers_write_pieces_and_versions_of_one(tmp_path):
    made = demo(tmp_path / "out", models=(str(trained("composer").out),))
    assert made.details["n_clips"] == 4
    text = made.files[0].path.read_text(encoding="utf-8")
    assert "wavewright compose tiny --bars 4 --seed 7 --out tiny.mid" in text
    assert "wavewright revise tiny tiny.mid --vary 0.4 --seed 9 --out other.wav" in text
    assert not list((tmp_path / "out").rglob("*.mid"))


def test_instruments_play_a_tune_with_a_few_timbres(tmp_path):
    made = demo(tmp_path / "out", models=(str(trained("instrument").out),))
    assert made.details["n_clips"] == 3  # two labels, and from one to the other
    text = made.files[0].path.read_text(encoding="utf-8")
    assert "wavewright render scarborough-fair.abc --instrument tiny --timbre high..low" in text
    assert not list((tmp_path / "out").rglob("*.abc"))


def test_models_that_need_a_voice_are_refused_without_one(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    install(monkeypatch, tmp_path / "models")
    monkeypatch.setattr(models, "BUNDLED_FOLDER", tmp_path / "none")
    shutil.rmtree(tmp_path / "models" / "en")
    with pytest.raises(BadModel, match="vocoder cannot generate audio"):
        demo(tmp_path / "out", models=("vocoder",))
    assert not (tmp_path / "out").exists()


def section(name, *sources, text=""):
    clip = Clip(np.zeros((1, 100)), 8_000)
    card = Card(name=name, family="gan", sample_rate=8_000, sources=[*sources])
    return ModelSection(
        card, "0" * 12, [PlayerRow("row", "command", [Player.of(f"audio/{name}.flac", name, clip, text)])]
    )


def test_every_source_is_credited_once():
    shared = Source(name="readers", licence="CC0-1.0", credit="Ann", origin="somewhere", n_clips=3)
    own = Source(name="Bob (CC-BY-3.0)", licence="CC-BY-3.0", credit="Bob, via a corpus", n_clips=2)
    text = render_page([section("one", shared), section("two", shared.model_copy(update={"n_clips": 5}), own)])
    assert text.count("readers") == 1
    assert text.count("Bob") == 1
    assert "one (3), two (5)" in text
    assert "<li>Bob, via a corpus, CC-BY-3.0: two (2)</li>" in text
    assert "2 sources" in text


def test_the_menu_leads_to_every_model_and_texts_are_escaped():
    text = render_page([section("one", text="<b>Hello</b>"), section("t&o")])
    page = Page(text)
    assert page.all("details", "id") == ["model-1", "model-2"]
    assert [link for link in page.all("a", "href") if link.startswith("#")] == ["#model-1", "#model-2", "#credits"]
    assert "<q>&lt;b&gt;Hello&lt;/b&gt;</q>" in text
    assert "t&amp;o" in text
    for tag in ("nav", "main", "footer", "details", "section", "figure"):
        assert text.count(f"<{tag}") == text.count(f"</{tag}>")
