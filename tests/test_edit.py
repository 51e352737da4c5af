"""`wavewright edit`: files, folders and streams edited by chains; what the results say; what is refused."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from wavewright import Clip, edit, list_effects, split
from wavewright.audio import clip
from wavewright.audio.clip import write_blocks
from wavewright.audio.pcm import to_pcm
from wavewright.audio.sound_file import open_sound, read_origin
from wavewright.base.errors import BadAudio, BadFolder, BadSetting
from wavewright.dsp.true_peak import true_peak_db
from wavewright.effects.editing.chain import CHAIN_EFFECTS, Chain
from wavewright.tasks.json_results import plain

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


@pytest.mark.parametrize(("suffix", "subtype"), [(".wav", None), (".flac", "PCM_24"), (".ogg", None), (".mp3", None)])
def test_tags_are_kept_changed_and_left_out(source, tmp_path, suffix, subtype):
    out = tmp_path / f"out{suffix}"
    edit(source, out, do="gain -6dB", tag=("title=Another",), subtype=subtype)
    tags = open_sound(out).tags
    assert (tags["title"], tags["artist"]) == ("Another", "Someone")
    assert edit(source, out, do="gain -6dB", tag=("title=Another",), subtype=subtype, no_tags=True).is_new
    tags = open_sound(out).tags
    assert tags["title"] == "Another"
    assert "artist" not in tags
    assert "gain" in tags["comment"]
    assert not edit(source, out, do="gain -6dB", tag=("title=Another",), subtype=subtype, no_tags=True).is_new


def test_the_original_stays_and_its_tags_are_kept(source, tmp_path):
    before = source.read_bytes()
    out = edit(source, tmp_path / "out.flac", do="gain -6dB", tag=("title=Another",), subtype="PCM_24").out
    assert source.read_bytes() == before
    tags = open_sound(out).tags
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
    assert plan.details["n_passes"] == 2
    assert [(step["n_channels"], step["seconds"]) for step in plan.details["steps"]] == [
        (2, 1.0),
        (1, 1.0),
        (1, 1.0),
        (1, 1.5),
    ]
    assert "in 2 passes" in str(plan)


def test_a_folder_is_edited_with_a_manifest(tmp_path):
    folder = tmp_path / "takes"
    (folder / "more").mkdir(parents=True)
    for index, name in enumerate(("a.wav", "more/b.flac")):
        Clip(noise(1_000 + index), RATE).write(folder / name)
    (folder / "broken.wav").write_bytes(b"RIFF")
    result = edit(folder, do="gain -3", workers=1, quiet=True)
    assert [file.path.relative_to(result.out).as_posix() for file in result.files] == ["a.wav", "more/b.flac"]
    assert [each.what for each in result.failed] == [folder / "broken.wav"]
    assert result.exit_code == 2
    lines = [json.loads(line) for line in result.details["manifest"].read_text().splitlines()]
    assert [line["source"] for line in lines] == ["a.wav", "more/b.flac"]
    assert all(line["edit"] == "gain gain=-3dB" for line in lines)
    assert "edited" in str(result)
    assert not any(file.is_new for file in edit(folder, do="gain -3", workers=1, quiet=True).files)


LOUD = 2.2 * noise(RATE, 2, 7)


@pytest.mark.parametrize(
    ("suffix", "subtype", "is_clipped"),
    [
        *[(".wav", None, False), (".wav", "PCM_16", True), (".wav", "PCM_24", True), (".flac", "PCM_24", True)],
        *[(".aiff", "PCM_16", True), (".ogg", None, True), (".mp3", None, True), (".wav", "DOUBLE", False)],
    ],
)
@pytest.mark.parametrize("gain_db", [0.0, 6.0])
def test_samples_beyond_full_scale_are_counted_where_they_are_lost(tmp_path, suffix, subtype, is_clipped, gain_db):
    source = Clip(LOUD, RATE).write(tmp_path / "loud.wav", "FLOAT")
    edited = edit(source, tmp_path / f"out{suffix}", do=f"gain {gain_db}dB", subtype=subtype)
    magnitudes = np.abs(LOUD) * 10 ** (gain_db / 20)
    n_clipped = int((magnitudes > 1).sum())
    if not is_clipped or not n_clipped:
        assert edited.files[0].details.get("clipped") is None
        assert "clipped" not in str(edited)
        return
    clipped = edited.files[0].details["clipped"]
    assert clipped.n_samples == n_clipped
    assert clipped.fraction == pytest.approx(n_clipped / LOUD.size, abs=1e-6)
    assert clipped.peak_db == pytest.approx(20 * np.log10(magnitudes.max()), abs=0.01)
    assert f"{n_clipped} samples" in str(edited)
    assert "limit or normalise" in str(edited)
    assert plain(edited)["files"][0]["details"]["clipped"]["n_samples"] == n_clipped


def test_the_overshoot_of_a_resampler_is_counted(tmp_path):
    square = np.sign(np.sin(2 * np.pi * 100 * (np.arange(RATE) + 0.5) / RATE))[None]
    source = Clip(square, RATE).write(tmp_path / "square.wav")
    edited = edit(source, do="resample 48kHz")
    resampled = Clip(Clip.read(source).wave, RATE).resample(48_000).wave
    assert edited.files[0].details.get("clipped").n_samples == pytest.approx((np.abs(resampled) > 1).sum(), rel=0.05)
    for chain in ("resample 48kHz; normalise -1dB", "resample 48kHz; limit -1dB", "gain 0dB"):
        assert edit(source, do=chain).files[0].details.get("clipped") is None


def test_all_sound_files_of_a_folder_are_edited(tmp_path):
    folder = tmp_path / "takes"
    folder.mkdir()
    kinds = {"caf": "CAF", "w64": "W64", "au": "AU", "aifc": "AIFF", "rf64": "RF64", "WAVE": "WAV"}
    for ending, kind in kinds.items():
        soundfile.write(folder / f"{kind}.{ending}", 0.1 * noise(1_000)[0], RATE, format=kind)
    result = edit(folder, do="gain -3", workers=1, quiet=True)
    assert len(result.files) == len(kinds)
    assert not result.failed


def test_what_a_folder_and_a_split_clip_is_said(tmp_path):
    (tmp_path / "loud").mkdir()
    Clip(LOUD, RATE).write(tmp_path / "loud" / "a.flac", "PCM_24")
    assert "were clipped" in str(edit(tmp_path / "loud", do="gain 20dB", workers=1, quiet=True))
    Clip(4 * LOUD, RATE).write(tmp_path / "b.wav", "FLOAT")
    with_overs = edit(tmp_path / "b.wav", tmp_path / "b.mp3", do="limit -0.1dB").out  # MP3 overshoots as it is decoded
    parts = split(with_overs, every=0.5)
    decoded = np.abs(Clip.read(with_overs).wave)
    n_clipped = int((decoded > 1 + 2.0**-15).sum())
    clipped = parts.details.get("clipped")
    assert (clipped.n_samples if clipped else 0) == n_clipped


def test_declip_needs_no_further_step(tmp_path):
    tone = 2.5 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)[None]
    source = Clip(np.clip(tone, -1, 1), RATE).write(tmp_path / "clipped.wav")
    edited = edit(source, do="declip")
    assert edited.files[0].details.get("clipped") is None
    restored = Clip.read(edited.out).wave
    residual = restored - tone * (restored @ tone.T) / (tone @ tone.T)
    assert 10 * np.log10(np.square(restored).sum() / np.square(residual).sum()) > 25


def test_a_stream_says_what_it_clipped(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(to_pcm(noise(4_000))), isatty=lambda: False))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=io.BytesIO(), isatty=lambda: False))
    edit("-", do="gain 20dB")
    n_clipped = (np.abs(np.rint(noise(4_000) * 32_768)) * 10 > 32_768).sum()
    assert f"{n_clipped} samples" in capsys.readouterr().err


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
        ({"do": "gain 1", "chain": "x.txt"}, "do and chain exclude each other; leave one of them out"),
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
    listed = list_effects()
    assert [effect.name for effect in listed.details["effects"]] == [*CHAIN_EFFECTS]
    assert "compress: Compress the range above a threshold." in str(listed)
    assert "threshold=-18dB, -120 to 0" in str(listed)


def test_wav_files_beyond_their_limit_are_rf64(tmp_path, monkeypatch):
    monkeypatch.setattr(clip, "MAX_CHUNK_FILE_BYTES", 10_000)
    sound = Clip(noise(8_000), 8_000)
    path = tmp_path / "long.wav"
    write_blocks(path, [sound], metadata={"comment": "A comment"}, expected_seconds=1.0)
    assert path.read_bytes()[:4] == b"RF64"
    np.testing.assert_allclose(Clip.read(path).wave, sound.wave, atol=1 / 32_768)
    assert open_sound(path).tags["comment"] == "A comment"
    with pytest.raises(BadSetting, match="4 GB"):
        write_blocks(tmp_path / "unknown.wav", [sound])


@pytest.mark.parametrize("chain", ["limit ceiling=-1dB", "loudness -9LUFS max_true_peak=-1dB limit=yes; fadeout 10ms"])
@pytest.mark.parametrize("ending", ["mp3", "ogg", "opus", "wav"])
def test_a_ceiling_that_an_encoder_breaks_is_said(tmp_path, chain, ending):
    noise = 0.4 * np.random.default_rng(0).standard_normal((1, 48_000)).astype(np.float32)
    source = Clip(noise, 48_000).write(tmp_path / "a.wav", "FLOAT")
    made = edit(source, tmp_path / f"b.{ending}", do=chain, quiet=True)
    above_db = true_peak_db(Clip.read(made.out).wave) + 1
    said = [line for line in str(made).splitlines() if "the encoder raised true peaks" in line]
    assert bool(said) == (above_db > 0.05)
    assert (ending, bool(said)) not in (("wav", True), ("mp3", False))
    assert not said or f"{above_db:.1f} dB above the ceiling of -1 dB; a ceiling of -" in said[0]
    if said:
        lower = said[0].split("a ceiling of ")[1].split(" ")[0]
        again = edit(source, made.out, do=chain.replace("-1dB", f"{float(lower) - 1:g}dB"), quiet=True)
        assert true_peak_db(Clip.read(again.out).wave) < -1
