"""`wavewright edit`: files, folders and streams edited by chains; what the results say; what is refused."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from wavewright import Clip, clip, edit
from wavewright.clip import write_blocks
from wavewright.editing.chain import CHAIN_EFFECTS, Chain
from wavewright.errors import BadAudio, BadFolder, BadSetting
from wavewright.pcm import to_pcm
from wavewright.sound_file import read_metadata, read_origin

RATE = 22_050


def noise(n_samples: int, n_channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, (n_channels, n_samples)).astype(np.float32)


@pytest.fixture
def source(tmp_path):
    return Clip(noise(RATE, 2), RATE).write(tmp_path / "in.wav", "FLOAT", {"title": "A title", "artist": "Someone"})


def test_a_file_is_the_chain_of_its_samples(source, tmp_path):
    text = "highpass 120; compress -24dB 2; gain 3dB; fadeout 0.2s linear"
    edited = edit(source, tmp_path / "out.wav", do=text)
    expected = Chain.parse(text)(Clip.read(source).wave, RATE)
    np.testing.assert_array_equal(Clip.read(edited.out).wave, expected)
    assert soundfile.info(edited.out).subtype == "FLOAT"


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_tags_are_kept_changed_and_left_out(source, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    edit(source, out, do="gain -6dB", tag=("title=Another",))
    tags = read_metadata(out)
    assert (tags["title"], tags["artist"]) == ("Another", "Someone")
    assert edit(source, out, do="gain -6dB", tag=("title=Another",), no_tags=True).is_new
    tags = read_metadata(out)
    assert tags["title"] == "Another"
    assert "artist" not in tags
    assert "gain" in tags["comment"]
    assert not edit(source, out, do="gain -6dB", tag=("title=Another",), no_tags=True).is_new


def test_the_original_stays_and_its_tags_are_kept(source, tmp_path):
    before = source.read_bytes()
    out = edit(source, tmp_path / "out.flac", do="gain -6dB", tag=("title=Another",), subtype="PCM_24").out
    assert source.read_bytes() == before
    tags = read_metadata(out)
    assert (tags["title"], tags["artist"]) == ("Another", "Someone")
    assert soundfile.info(out).subtype == "PCM_24"


def test_the_comment_replays_the_edit(source, tmp_path):
    out = edit(source, tmp_path / "out.wav", do="lowpass 3kHz; normalise -3dB").out
    again = edit(source, tmp_path / "again.wav", do=str(read_origin(out)["edit"])).out
    np.testing.assert_array_equal(Clip.read(out).wave, Clip.read(again).wave)
    assert read_origin(out) == read_origin(again)


def test_a_generated_sound_keeps_what_made_it(source, tmp_path):
    origin = {"model": "drums", "seed": 7}
    made = Clip(noise(1_000), RATE).write(tmp_path / "made.wav", metadata={"comment": json.dumps(origin)})
    assert read_origin(edit(made, do="gain 1").out)["source_comment"] == origin


def test_what_is_up_to_date_is_kept(source, tmp_path):
    assert edit(source, do="gain 1").is_new
    assert not edit(source, do="gain 1").is_new
    assert edit(source, do="gain 2").is_new
    assert edit(source, do="gain 2", tag=("title=New",)).is_new
    Clip(noise(100), RATE).write(source)
    assert edit(source, do="gain 2").is_new


def test_a_chain_in_a_file_has_its_files_beside_it(source, tmp_path):
    (tmp_path / "chains").mkdir()
    other = Clip(noise(500, seed=1), RATE).write(tmp_path / "chains" / "other.wav", "FLOAT")
    chain = tmp_path / "chains" / "mine.txt"
    chain.write_text("# louder\ngain 1dB\n\nappend other.wav  # at the end\n")
    wave = Clip.read(edit(source, chain=chain).out).wave
    np.testing.assert_array_equal(wave[:, RATE:], np.repeat(Clip.read(other).wave, 2, axis=0))


def test_a_dry_run_writes_nothing(source, tmp_path):
    plan = edit(source, do="mono; normalise; reverb tail=0.5s", dry_run=True)
    assert not plan.out.exists()
    assert plan.n_passes == 2
    assert [(step.n_channels, step.seconds) for step in plan.steps] == [(2, 1.0), (1, 1.0), (1, 1.0), (1, 1.5)]
    assert "in 2 passes" in str(plan)


def test_a_folder_is_edited_with_a_manifest(tmp_path):
    folder = tmp_path / "takes"
    (folder / "more").mkdir(parents=True)
    for index, name in enumerate(("a.wav", "more/b.flac")):
        Clip(noise(1_000 + index), RATE).write(folder / name)
    (folder / "broken.wav").write_bytes(b"RIFF")
    result = edit(folder, do="gain -3", workers=1, quiet=True)
    assert [file.out.relative_to(result.out).as_posix() for file in result.files] == ["a.wav", "more/b.flac"]
    assert [*result.failed] == ["broken.wav"]
    assert result.exit_code == 2
    lines = [json.loads(line) for line in result.manifest.read_text().splitlines()]
    assert [line["source"] for line in lines] == ["a.wav", "b.flac"]
    assert all(line["edit"] == "gain gain=-3dB" for line in lines)
    assert "edited" in str(result)
    assert not any(file.is_new for file in edit(folder, do="gain -3", workers=1, quiet=True).files)


def test_a_stream_is_edited_as_it_arrives(monkeypatch):
    wave = noise(4_000)
    sink = io.BytesIO()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(to_pcm(wave)), isatty=lambda: False))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=sink, isatty=lambda: False))
    edit("-", do="gain -6dB; stereo")
    samples = np.frombuffer(sink.getvalue(), "<i2").reshape(-1, 2)
    np.testing.assert_allclose(samples[:, 0] / 32_768, wave[0] * 10 ** (-0.3), atol=1e-4)
    np.testing.assert_array_equal(samples[:, 0], samples[:, 1])
    with pytest.raises(BadSetting, match="'normalise' needs the whole sound"):
        edit("-", do="gain 1; normalise")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either the steps with --do"),
        ({"do": "gain 1", "chain": "x.txt"}, "either the steps with --do"),
        ({"chain": "nowhere.txt"}, "nowhere.txt cannot be read as a chain"),
        ({"do": "gain 1", "tag": ("colour=red",)}, "the name is one of title"),
        ({"do": "gain 1", "tag": ("comment=x",)}, "the name is one of title"),
        ({"do": "gain 1", "subtype": "PCM_17"}, "is no subtype"),
        ({"do": "highpass 12kHz"}, r"Step 1 of the chain \(highpass frequency=12000Hz\): .*below half"),
        ({"do": "pan 0.5; mono; pan -0.5"}, "Step 1 of the chain .*mono"),
        ({"do": "insert other.wav at=3s"}, "Step 1 of the chain .*beyond the end of the sound at 1.000 s"),
        ({"do": "overlay missing.wav"}, "missing.wav does not exist"),
    ],
)
def test_wrong_edits_are_refused_before_anything_is_written(source, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Clip(noise(100), RATE).write(tmp_path / "other.wav")
    with pytest.raises((BadSetting, BadAudio), match=message):
        edit(source, tmp_path / "out.wav", **arguments)
    assert not (tmp_path / "out.wav").exists()


def test_files_that_are_read_are_never_written(source, tmp_path):
    other = Clip(noise(100), RATE).write(tmp_path / "other.wav")
    for out in (source, other):
        with pytest.raises(BadSetting, match="never replaced"):
            edit(source, out, do=f"append {other}")
    with pytest.raises(BadFolder, match="never replaced"):
        edit(tmp_path, tmp_path, do="gain 1")


def test_nothing_is_left_of_an_edit_that_fails(source, tmp_path):
    damaged = tmp_path / "damaged.wav"
    data = bytearray(source.read_bytes())
    data[-400:-396] = np.float32(np.nan).tobytes()
    damaged.write_bytes(data)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadAudio, match="not a finite number"):
        edit(damaged, tmp_path / "out.wav", do="gain 1; normalise")
    assert sorted(tmp_path.iterdir()) == before


def test_a_chain_that_leaves_nothing_is_refused(tmp_path):
    source = Clip(np.zeros((1, RATE), np.float32), RATE).write(tmp_path / "in.wav")
    with pytest.raises(BadAudio, match="leaves nothing of"):
        edit(source, do="silence")
    assert not (tmp_path / "in-edited.wav").exists()


def test_the_current_folder_has_a_folder_beside_it(tmp_path, monkeypatch):
    (tmp_path / "takes").mkdir()
    Clip(noise(100), RATE).write(tmp_path / "takes" / "a.wav")
    monkeypatch.chdir(tmp_path / "takes")
    assert edit(".", do="gain 1", workers=1, quiet=True).out == tmp_path / "takes-edited"


def test_effects_are_listed_with_their_settings():
    listed = edit(list_=True)
    assert [effect.name for effect in listed.effects] == [*CHAIN_EFFECTS]
    assert "compress: Compress the range above a threshold." in str(listed)
    assert "threshold=-18dB, -120 to 0" in str(listed)
    with pytest.raises(BadSetting, match="nothing to edit"):
        edit()


def test_wav_files_beyond_their_limit_are_rf64(tmp_path, monkeypatch):
    monkeypatch.setattr(clip, "MAX_CHUNK_FILE_BYTES", 10_000)
    sound = Clip(noise(8_000), 8_000)
    path = write_blocks(tmp_path / "long.wav", [sound], metadata={"comment": "A comment"}, expected_seconds=1.0)
    assert path.read_bytes()[:4] == b"RF64"
    np.testing.assert_allclose(Clip.read(path).wave, sound.wave, atol=1 / 32_768)
    assert read_metadata(path)["comment"] == "A comment"
    with pytest.raises(BadSetting, match="4 GB"):
        write_blocks(tmp_path / "unknown.wav", [sound])
