"""Times in every part of a file move with the sound: chapters, lyrics, cue sheets, and those of files brought in."""

from __future__ import annotations

import pytest
import soundfile

import wavewright
from tests.foreign_files import chirp
from wavewright.audio.clip import Clip, write_blocks
from wavewright.audio.file_formats.metadata import Marker, SoundMetadata
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio
from wavewright.outputs.carried_metadata import moved_text

RATE = 48_000
LRC = "[ar:Ann]\n[00:00.50]one\n[00:01.50][00:03.00]two <00:01.75>words\n[00:02.00]three"
SHEET = """PERFORMER "Ann"
FILE "a.flac" WAVE
  TRACK 01 AUDIO
    TITLE "one"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "two"
    INDEX 00 00:01:37
    INDEX 01 00:01:50
  TRACK 03 AUDIO
    TITLE "three"
    INDEX 01 00:03:00
"""


def made(path, metadata, seconds=4.0):
    write_blocks(path, [Clip(chirp(seconds, RATE, 1), RATE)], None, metadata, seconds, left_out=[])
    return path


def edited(source, out, chain):
    wavewright.edit(source, out, do=chain, quiet=True)
    return open_sound(out).metadata


@pytest.mark.parametrize("ending", ["flac", "ogg", "opus", "mp3"])
@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("trim 1.25s", [(0.0, "b"), (0.75, "c")]),
        ("trim 2.5s", [(0.0, "c")]),
        ("trim 0.5s 1.5s", [(0.0, "a"), (0.5, "b")]),
        ("pad start=1s", [(1.0, "a"), (2.0, "b"), (3.0, "c")]),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_the_chapter_at_a_cut_begins_at_0(tmp_path, ending, chain, expected):
    chapters = (Marker(0.0, 1.0, "a"), Marker(1.0, 2.0, "b"), Marker(2.0, 4.0, "c"))
    kept = edited(made(tmp_path / f"a.{ending}", SoundMetadata(markers=chapters)), tmp_path / f"b.{ending}", chain)
    assert [(pytest.approx(marker.start, abs=0.01), marker.label) for marker in kept.markers] == expected


@pytest.mark.parametrize(
    ("chain", "lines"),
    [
        (
            "trim 1s",
            ("[00:00.00]one", "[00:00.50]two <00:00.75>words", "[00:01.00]three", "[00:02.00]two <00:00.75>words"),
        ),
        ("trim 0s 1s", ("[00:00.50]one",)),
    ],
)
def test_lines_of_lyrics_move(tmp_path, chain, lines):
    source = made(tmp_path / "a.flac", SoundMetadata((("lyrics", LRC),)))
    assert edited(source, tmp_path / "b.flac", chain).tags["lyrics"].split("\n") == ["[ar:Ann]", *lines]


@pytest.mark.parametrize("offset", [-250, 0, 500])
@pytest.mark.parametrize(("chain", "moved"), [("speed 1.25", lambda t: t / 1.25), ("pad start=1s", lambda t: t + 1)])
def test_the_offset_of_lyrics_is_in_their_times(tmp_path, offset, chain, moved):
    """A positive offset has every line come so many milliseconds earlier."""
    text = f"[offset:{offset:+d}]\n[00:01.125]one <00:01.750>word\n[00:03.000]two"
    source = made(tmp_path / "a.flac", SoundMetadata((("lyrics", text),)))
    times = [moved(time - offset / 1_000) for time in (1.125, 1.75, 3.0)]
    one, word, two = (f"00:{time:06.3f}" for time in times)
    assert edited(source, tmp_path / "b.flac", chain).tags["lyrics"] == f"[{one}]one <{word}>word\n[{two}]two"
    assert edited(source, tmp_path / "c.flac", "gain -1dB").tags["lyrics"] == text


def test_lyrics_that_move_say_no_length_of_before(tmp_path):
    text = "[ar:Ann]\n[length: 00:04]\n[00:01.00]one\n[00:03.00]two"
    source = made(tmp_path / "a.flac", SoundMetadata((("lyrics", text),)))
    assert edited(source, tmp_path / "b.flac", "gain -1dB").tags["lyrics"] == text
    moved = edited(source, tmp_path / "c.flac", "speed 2").tags["lyrics"]
    assert moved == "[ar:Ann]\n[00:00.50]one\n[00:01.50]two"


@pytest.mark.parametrize(
    ("chain", "titles", "indices"),
    [
        ("trim 2s", ["two", "three"], ["00:00:00", "00:01:00"]),
        ("pad start=1s", ["one", "two", "three"], ["00:01:00", "00:02:37", "00:02:50", "00:04:00"]),
        ("trim 0s 1.1s", ["one"], ["00:00:00"]),
    ],
)
def test_indices_of_a_cue_sheet_move(tmp_path, chain, titles, indices):
    source = made(tmp_path / "a.flac", SoundMetadata((("cuesheet", SHEET),)))
    sheet = edited(source, tmp_path / "b.flac", chain).tags["cuesheet"]
    assert [line.split('"')[1] for line in sheet.splitlines() if "TITLE" in line] == titles
    assert [line.split()[-1] for line in sheet.splitlines() if "INDEX" in line] == indices


@pytest.mark.parametrize("starts", [(0, 125, 225), (10, 11, 150), (0, 74, 76, 200)])
def test_a_sheet_of_a_reversed_sound_is_one_again(tmp_path, starts):
    """The first track becomes the last one, from its end on; numbers and times still rise."""
    tracks = (f"  TRACK {k:02d} AUDIO\n    INDEX 01 00:{at // 75:02d}:{at % 75:02d}" for k, at in enumerate(starts, 1))
    sheet = "\n".join(['FILE "a.flac" WAVE', *tracks])
    source = made(tmp_path / "a.flac", SoundMetadata((("cuesheet", sheet),)))
    frames = round(75 * open_sound(source).header.seconds)
    lines = edited(source, tmp_path / "b.flac", "reverse").tags["cuesheet"].splitlines()
    assert lines[0] == 'FILE "a.flac" WAVE'
    assert lines[1::2] == [f"  TRACK {k:02d} AUDIO" for k in range(1, len(starts) + 1)]
    times = [[int(each) for each in line.split()[-1].split(":")] for line in lines[2::2]]
    assert [4_500 * minutes + 75 * seconds + rest for minutes, seconds, rest in times] == [
        frames - end for end in reversed((*starts[1:], frames))
    ]


def test_a_sheet_without_starts_is_left_out():
    sheet = "TRACK 01\nINDEX 00 00:00:00"
    assert moved_text(("cuesheet", sheet), lambda marker: marker, 1.0) is None


@pytest.mark.parametrize(
    ("step", "starts"),
    [
        ("append '{}'", [(1.0, "own"), (4.5, "brought")]),
        ('append "{}" crossfade=0.25s', [(1.0, "own"), (4.25, "brought")]),
        ("insert '{}' at=0.5s", [(1.0, "brought"), (3.0, "own")]),
        ("insert '{}' at=2s; speed 2", [(0.5, "own"), (1.25, "brought")]),
    ],
)
def test_markers_of_files_that_are_brought_in(tmp_path, step, starts):
    source = made(tmp_path / "a.wav", SoundMetadata(markers=(Marker(1.0, None, "own"),)))
    other = made(tmp_path / "the other.wav", SoundMetadata(markers=(Marker(0.5, None, "brought"),)), 2.0)
    kept = edited(source, tmp_path / "b.wav", step.format(other))
    assert [(pytest.approx(marker.start), marker.label) for marker in kept.markers] == starts


@pytest.mark.parametrize("step", ["append '{}'", "insert '{}' at=0.5s"])
@pytest.mark.parametrize("rates", [(22_050, 44_100), (44_100, 22_050), (44_100, 44_100)])
@pytest.mark.parametrize("n_channels", [(1, 1), (1, 2), (2, 1), (1, 6), (2, 2)])
def test_channels_and_rates_that_are_brought_in_are_kept_or_named(tmp_path, step, rates, n_channels, recwarn):
    names = ("a.wav", "other.wav")
    sounds = [Clip(chirp(1.0, *each), each[0]) for each in zip(rates, n_channels, strict=True)]
    source, other = (each.write(tmp_path / name) for name, each in zip(names, sounds, strict=True))
    wavewright.edit(source, out=tmp_path / "b.wav", do=step.format(other))
    expected = [f"{n_channels[1] - n_channels[0]} of its {n_channels[1]} channels"] * (n_channels[1] > n_channels[0])
    expected += [f"the sample rate of {rates[1]} Hz"] * (rates[1] > rates[0])
    assert len(recwarn) == bool(expected)
    assert not expected or all(f"{each} of other.wav" in str(recwarn[0].message) for each in expected)


@pytest.mark.parametrize("rate", [8_000, 37_800, 48_000, 88_200, 96_000])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "opus"])
def test_rates_and_bits_that_a_format_lacks_are_named(tmp_path, rate, subtype, ending, recwarn):
    """Formats with loss have no bits of samples, and at most 48 kHz."""
    soundfile.write(tmp_path / "a.wav", 0.5 * chirp(0.5, rate, 1).T, rate, subtype)
    out = wavewright.edit(tmp_path / "a.wav", out=tmp_path / f"b.{ending}", do="reverse").files[0].path
    rounded = ["bits of its samples beyond 24"] * (ending == "flac" and subtype in ("PCM_32", "FLOAT", "DOUBLE"))
    lower = [f"its sample rate of {rate} Hz"] * (open_sound(out).header.sample_rate < rate)
    assert bool(lower) == (rate > 48_000 and ending in ("mp3", "opus"))
    assert [str(each.message).partition("Left out: ")[2] for each in recwarn] == [
        f"{name}." for name in (*rounded, *lower)
    ]


@pytest.mark.parametrize(("ending", "most"), [("mp3", 2), ("flac", 8)])
def test_channels_that_a_format_lacks_are_refused_with_their_number(tmp_path, ending, most):
    soundfile.write(tmp_path / "a.wav", chirp(0.1, 8_000, most + 1).T, 8_000)
    with pytest.raises(BadAudio, match=rf"b.{ending} has place for {most} channels, and the sound has {most + 1}"):
        wavewright.edit(tmp_path / "a.wav", out=tmp_path / f"b.{ending}", do="reverse")
    assert not (tmp_path / f"b.{ending}").exists()
