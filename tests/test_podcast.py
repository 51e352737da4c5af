"""An episode of a podcast: levels, pauses, chapters and tags are what they should be, and errors are sentences."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from wavewright import Clip, podcast
from wavewright.apps.cli import run
from wavewright.audio.clip import write_blocks
from wavewright.audio.file_formats.metadata import Marker, SoundMetadata
from wavewright.audio.sound_file import open_sound
from wavewright.base.channel_layouts import PLACES_FIELD
from wavewright.base.errors import BadAudio, BadSetting, SoundWarning
from wavewright.base.units import db_to_gain
from wavewright.effects import RemoveSilence
from wavewright.inference.podcast import _Cuts
from wavewright.outputs.provenance.origin import read_comment, task_of
from wavewright.outputs.provenance.tags import FIELD

RATE = 48_000
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
RAW = {"keep_noise": True, "quiet": True}


def talk(turns, seconds, level_db, seed=0, rate=RATE):
    """Return noise of a level in some turns ``(start, end)`` in seconds, shaped as syllables, and silence elsewhere."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)
    active = sum(((time >= start) & (time < end)).astype(float) for start, end in turns)
    wave = np.convolve(rng.standard_normal(len(time)), np.hanning(40), "same")
    return (db_to_gain(level_db) * active * syllables * wave / np.sqrt(np.mean(wave**2))).astype(np.float32)


@pytest.fixture
def speakers(tmp_path):
    """Recordings of a quiet and a loud speaker, who speak in turn."""
    paths = tmp_path / "anna.wav", tmp_path / "ben.wav"
    Clip(talk([(0.5, 4), (11, 14)], 16, -45)[None], RATE).write(paths[0], "PCM_24")
    Clip(talk([(6, 10)], 15, -12, 1, 44_100)[None], 44_100).write(paths[1])
    return paths


def level_db(wave, start, end):
    return 10 * np.log10(np.mean(np.square(wave[round(start * RATE) : round(end * RATE)])) + 1e-12)


def test_speakers_are_equally_loud(speakers, tmp_path):
    made = podcast(speakers, out=tmp_path / "e.wav", keep_pauses=True, **RAW)
    wave = Clip.read(made.out).wave[0]
    levels = [level_db(wave, *span) for span in ((1, 3.5), (6.5, 9.5), (11.5, 13.5))]
    assert max(levels) - min(levels) < 1.0
    assert made.details["loudness_lufs"] == pytest.approx(-16.0, abs=0.2)
    assert made.details["true_peak_db"] <= -1.4
    assert made.seconds == pytest.approx(16.0, abs=0.01)
    assert made.n_channels == 1
    assert [round(track.loudness_lufs + track.gain_db) for track in made.details["tracks"]] == [-20, -20]
    assert "level +" in str(made)


@pytest.mark.parametrize("options", [RAW, {"quiet": True}])
def test_a_recording_of_six_channels_is_mixed_to_two(speakers, tmp_path, options):
    """Of the centre alone, both sides have half the power."""
    wave = Clip.read(speakers[0]).wave
    file = Clip(np.concatenate([0 * wave, 0 * wave, wave, *[0 * wave] * 3]), RATE).write(tmp_path / "six.wav", "PCM_24")
    made = podcast([file, speakers[1]], out=tmp_path / "e.wav", keep_pauses=True, **options)
    sides = Clip.read(made.out).wave[:, : 5 * RATE]
    assert len(sides) == 2
    np.testing.assert_allclose(sides[0], sides[1], atol=1e-3)
    assert level_db(sides[0], 1, 3.5) > -30


def test_a_recording_of_nine_channels_is_mixed_to_one(speakers, tmp_path):
    wave = Clip.read(speakers[0]).wave
    file = Clip(np.repeat(wave, 9, axis=0), RATE).write(tmp_path / "nine.wav", "PCM_24")
    made = podcast([file, speakers[1]], out=tmp_path / "e.wav", keep_pauses=True, **RAW)
    alone = podcast(speakers, out=tmp_path / "f.wav", keep_pauses=True, **RAW)
    tracks = [[(round(each.loudness_lufs, 1), each.n_clipped) for each in of.details["tracks"]] for of in (made, alone)]
    assert tracks[0] == tracks[1]
    np.testing.assert_allclose(Clip.read(made.out).mono().wave, Clip.read(alone.out).mono().wave, atol=0.05)


def test_nine_channels_with_known_positions_are_mixed_to_two(speakers, tmp_path):
    """Of the centre alone, both sides have half the power, as FFmpeg's mask 0x73F says."""
    wave = Clip.read(speakers[0]).wave
    channels = np.concatenate([0 * wave, 0 * wave, wave, *[0 * wave] * 6])
    tags = SoundMetadata(((PLACES_FIELD.lower(), "0x73F"),))
    file = tmp_path / "nine.wav"
    write_blocks(file, [Clip(channels, RATE)], "PCM_24", tags)
    with pytest.warns(SoundWarning, match="the places of its channels of nine.wav"):
        made = podcast([file, speakers[1]], out=tmp_path / "e.wav", keep_pauses=True, **RAW)
    sides = Clip.read(made.out).wave[:, : 5 * RATE]
    assert len(sides) == 2
    np.testing.assert_allclose(sides[0], sides[1], atol=1e-3)
    assert level_db(sides[0], 1, 3.5) > -30


def test_ffmpeg_measures_the_same_loudness(speakers, tmp_path):
    if not shutil.which("ffmpeg"):
        pytest.skip("FFmpeg is not installed")
    made = podcast(speakers, out=tmp_path / "e.mp3", loudness=-18.0, **RAW)
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(made.out), "-filter_complex", "ebur128=peak=true"]
    text = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    summary = text[text.rindex("Summary") :].split()
    loudness, peak = float(summary[summary.index("I:") + 1]), float(summary[summary.index("Peak:") + 1])
    assert loudness == pytest.approx(-18.0 - 3.0, abs=0.2)  # of one channel; on two loudspeakers it is 3 LU louder
    assert peak < -0.9


def test_pauses_are_shortened_and_chapters_move_with_the_sound(speakers, tmp_path):
    made = podcast(speakers, out=tmp_path / "e.mp3", longest_pause=0.6, chapter=("6 Ben", "0:11 Anna again"), **RAW)
    # Silences of 2 s and 1 s become 0.6 s, and one of 2 s at the end 0.3 s; 0.5 s at the start are short enough.
    assert made.details["seconds_removed"] == pytest.approx(1.4 + 0.4 + 1.7, abs=0.05)
    assert made.seconds == pytest.approx(16 - made.details["seconds_removed"], abs=0.06)
    assert [title for _, title in made.details["chapters"]] == ["Start", "Ben", "Anna again"]
    markers = open_sound(made.out).metadata.markers
    assert [marker.label for marker in markers] == ["Start", "Ben", "Anna again"]
    assert [marker.start for marker in markers] == pytest.approx(
        [start for start, _ in made.details["chapters"]], abs=0.002
    )
    wave = Clip.read(made.out).resample(RATE).wave[0]
    for start, _ in made.details["chapters"][1:]:  # each begins where its speaker does
        assert level_db(wave, start + 0.1, start + 0.4) > level_db(wave, start - 0.4, start - 0.1) + 30


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.floats(0.05, 1.5), st.floats(0.05, 1.0)), min_size=1, max_size=6),
    st.floats(0.2, 1.0),
    st.booleans(),
)
def test_what_is_cut_is_what_the_effect_cuts(tmp_path_factory, parts, longest, begins_loud):
    path = tmp_path_factory.mktemp("cuts") / "a.wav"
    waves = []
    for silent, loud in parts:
        pair = [np.zeros(round(silent * 8_000)), np.full(round(loud * 8_000), 0.5)]
        waves += pair[::-1] if begins_loud else pair
    wave = np.concatenate(waves).astype(np.float32)[None]
    Clip(wave, 8_000).write(path, "FLOAT")
    cuts = _Cuts(path, longest, -40.0)
    (effect,) = cuts.effects
    assert isinstance(effect, RemoveSilence)
    n_left = effect(wave, 8_000).shape[1]
    assert cuts.seconds_removed == pytest.approx((wave.shape[1] - n_left) / 8_000, abs=0.005)
    positions = [cuts.position(seconds) for seconds in np.linspace(0, wave.shape[1] / 8_000, 50)]
    assert np.diff(positions).min() > -1e-12
    assert positions[-1] == pytest.approx(n_left / 8_000, abs=0.005)


def test_pauses_begin_chapters(speakers, tmp_path):
    made = podcast(speakers, out=tmp_path / "e.flac", chapter_pause=1.5, **RAW)
    assert [title for _, title in made.details["chapters"]] == ["Chapter 1", "Chapter 2"]
    assert podcast(speakers, out=tmp_path / "f.flac", chapter_pause=5.0, **RAW).details["chapters"] == ()


def test_markers_tags_and_a_cover_are_kept(speakers, tmp_path):
    markers = (Marker(0.0, None, "Hello"), Marker(6.0, None, "Guest"))
    metadata = SoundMetadata((("artist", "Anna"), ("comment", "of a recorder")), markers=markers)
    source = tmp_path / "marked.wav"
    write_blocks(source, [Clip.read(speakers[0])], None, metadata)
    (tmp_path / "c.png").write_bytes(PNG)
    given = {"tag": ("title=Ropes",), "cover": tmp_path / "c.png", "keep_pauses": True, **RAW}
    with pytest.warns(SoundWarning, match=r"Left out: the tag 'comment' of marked\.wav\.$"):
        made = podcast((source, speakers[1]), out=tmp_path / "e.mp3", **given)
    assert made.details["chapters"] == ((0.0, "Hello"), (6.0, "Guest"))
    kept = open_sound(made.out).metadata
    assert {"artist": "Anna", "title": "Ropes"}.items() <= kept.tags.items()
    comment = json.loads(kept.tags["comment"])
    assert [each["file"] for each in comment["sources"]] == ["marked.wav", "ben.wav"]
    assert task_of(comment) == "podcast"
    assert len(read_comment(comment).ingredients) == 2
    assert [picture.content for picture in kept.pictures] == [PNG]
    again = podcast((made.out,), out=tmp_path / "again.mp3", keep_pauses=True, **RAW)  # of an episode
    assert [title for _, title in again.details["chapters"]] == ["Hello", "Guest"]
    assert [picture.content for picture in open_sound(again.out).metadata.pictures] == [PNG]


def test_all_tags_of_a_recording_are_kept_and_their_times_move(speakers, tmp_path):
    source = tmp_path / "talk.flac"
    lines = "[00:00.00]Hello\n[00:12.00]Guest"
    fields = (("artist", "Anna"), ("artist", "Ben"), ("podcasturl", "https://x"), ("conductor", "C"), ("lyrics", lines))
    untrue = (("replaygain_track_gain", "-3 dB"), ("software", "Recorder"), (FIELD.lower(), "{}"))
    write_blocks(source, [Clip.read(speakers[0])], None, SoundMetadata((*fields, *untrue)))
    with pytest.warns(SoundWarning, match=r"Left out: .*replaygain_track_gain"):
        made = podcast((source,), out=tmp_path / "e.flac", chapter=("0:12 Guest",), **RAW)
    kept = [field for field in open_sound(made.out).metadata.fields if field[0] not in ("comment", "software")]
    _, (later, _) = made.details["chapters"]
    assert later == pytest.approx(6.0, abs=0.1)  # of 7 s of silence, 1 s is left
    assert kept == [*fields[:-1], ("lyrics", f"[00:00.00]Hello\n[00:{later:05.2f}]Guest")]


def test_a_marker_at_the_end_is_left_out(speakers, tmp_path):
    """Recorders mark where they stopped."""
    source = tmp_path / "marked.wav"
    markers = (Marker(1.0, None, "Hello"), Marker(16.0, None, "End"))
    write_blocks(source, [Clip.read(speakers[0])], None, SoundMetadata((), markers=markers))
    made = podcast((source,), out=tmp_path / "e.wav", keep_pauses=True, **RAW)
    assert made.details["chapters"] == ((0.0, "Start"), (1.0, "Hello"))


def test_a_recording_that_was_clipped_is_named(speakers, tmp_path):
    Clip(np.clip(8 * Clip.read(speakers[1]).wave, -1, 1), 44_100).write(tmp_path / "loud.wav")
    made = podcast((tmp_path / "loud.wav",), out=tmp_path / "e.wav", **RAW)
    assert made.details["tracks"][0].n_clipped > 10
    assert "peaks when it was recorded" in str(made)
    assert podcast((speakers[1],), out=tmp_path / "f.wav", **RAW).details["tracks"][0].n_clipped == 0
    Clip(8 * Clip.read(speakers[1]).wave, 44_100).write(tmp_path / "floats.wav", "FLOAT")
    assert podcast((tmp_path / "floats.wav",), out=tmp_path / "g.wav", **RAW).details["tracks"][0].n_clipped == 0


def test_a_recording_of_six_channels_is_named_as_mixed(speakers, tmp_path):
    Clip(np.repeat(Clip.read(speakers[1]).wave, 6, axis=0), 44_100).write(tmp_path / "six.wav")
    made = podcast((tmp_path / "six.wav", speakers[0]), out=tmp_path / "e.wav", **RAW)
    assert str(made).count("; mixed from") == str(made).count("; mixed from 6 channels") == 1
    assert Clip.read(tmp_path / "e.wav").wave.shape[0] == 2


@pytest.mark.uses("denoise-48k", "denoise-16k")
def test_noise_is_removed(tmp_path):
    wave = talk([(1, 4)], 5, -15) + db_to_gain(-50) * np.random.default_rng(3).standard_normal(5 * RATE)
    Clip(np.stack([wave, 0.5 * wave]).astype(np.float32), RATE).write(tmp_path / "a.wav")
    made = podcast((tmp_path / "a.wav",), quiet=True)
    assert made.out == tmp_path / "a-episode.mp3"
    assert made.n_channels == 2
    comment = json.loads(open_sound(made.out).metadata.tags["comment"])
    assert (comment["model"], len(comment["model_hash"])) == ("denoise-48k", 12)
    assert made.details["tracks"][0].noise_after_db < made.details["tracks"][0].noise_before_db - 15
    assert made.details["loudness_lufs"] == pytest.approx(-16.0, abs=0.2)


def test_a_silent_speaker_is_left_out(speakers, tmp_path):
    Clip(np.zeros((1, RATE)), RATE).write(tmp_path / "mute.wav")
    made = podcast((speakers[1], tmp_path / "mute.wav"), out=tmp_path / "e.wav", **RAW)
    assert "mute.wav: silent" in str(made)
    with pytest.raises(BadAudio, match="Nothing is heard"):
        podcast((tmp_path / "mute.wav",), out=tmp_path / "f.wav", **RAW)
    assert not (tmp_path / "f.wav").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"chapter": ("Hello",)}, "write its start and its title"),
        ({"chapter": ("x Hello",)}, "start"),
        ({"chapter": ("2:00 Late",)}, "'Late' starts at 2:00, and the recordings end at 0:16"),
        ({"chapter": ("1 A",), "chapter_pause": 2.0}, "chapter_pause and chapter exclude each other"),
        ({"tag": ("titel=x",)}, "write name=text"),
        ({"cover": "anna.wav"}, "neither JPEG nor PNG"),
        ({"cover": "none.png"}, "cannot be read"),
        ({"out": "anna.wav"}, "never replaced"),
        ({"model": "denoise-48k"}, "keep_noise and model exclude each other"),
        ({"loudness": -5}, "loudness"),
    ],
)
def test_what_is_refused(speakers, tmp_path, monkeypatch, given, words):
    monkeypatch.chdir(tmp_path)
    before = speakers[0].read_bytes()
    with pytest.raises(BadSetting, match=words):
        podcast(speakers, **{"out": "e.mp3", **RAW, **given})
    assert not (tmp_path / "e.mp3").exists()
    assert speakers[0].read_bytes() == before


def test_the_command_takes_several_recordings(speakers, capsys):
    assert run(["podcast", *map(str, speakers), "--keep-noise", "--quiet", "--chapter", "0:06 Ben"]) == 0
    printed = capsys.readouterr().out
    assert "anna-episode.mp3: " in printed
    assert "0:05 Ben" in printed
    assert run(["podcast"]) == 2
