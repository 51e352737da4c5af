"""Subtitles as other programs write them, read as the cues of a dub."""

import re
import shutil
import subprocess
import warnings
from contextlib import nullcontext
from importlib import resources
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tiny_subtitles import ASS, SRT, VTT

from wavewright.apps import studio
from wavewright.base.errors import BadText, SkippedText
from wavewright.dubbing.subtitle_files import SUFFIXES, SpeechSegment, parse_cues, read_cues, written_cues
from wavewright.speech.subtitles import Cue, written


def test_the_studio_takes_what_is_read():
    page = (resources.files(studio) / "page" / "dub.js").read_text("utf-8")
    accepted = re.findall(r'type: "file", accept: "([^"]*)"', page)
    assert accepted
    assert {*accepted} == {",".join(SUFFIXES)}


def test_subtitles_of_three_formats():
    assert parse_cues(SRT, ".srt", "a.srt") == [
        SpeechSegment(0.5, 2.0, "Guten Morgen, Frau Meyer & Sohn."),
        SpeechSegment(2.4, 4.9, "- Ja!"),
    ]
    assert parse_cues(VTT, ".vtt", "a.vtt") == [
        SpeechSegment(0.5, 2.0, "Guten Morgen", "Anna Berg"),
        SpeechSegment(3600.25, 3601.0, "spät"),
    ]
    assert parse_cues(ASS, ".ass", "a.ass") == [
        SpeechSegment(0.5, 2.0, "Guten Morgen", "Anna"),
        SpeechSegment(2.4, 4.9, "Ja, gern und gleich.", "Ben"),
    ]
    without_empty_lines = SRT.replace("\n\n", "\n").replace(",", ".", 2)
    assert parse_cues(without_empty_lines, ".srt", "a.srt") == parse_cues(SRT, ".srt", "a.srt")


@pytest.mark.parametrize("n_turned", range(3))
def test_ends_before_the_starts_are_named(n_turned, recwarn):
    rows = [(1, 2), *[(5 + number, 4 - number) for number in range(n_turned)], (9, 9)]
    text = "\n\n".join(f"00:00:0{start},000 --> 00:00:0{end},000\nRow {start}" for start, end in rows)
    assert [(cue.start, cue.end) for cue in parse_cues(text, ".srt", "a.srt")] == rows
    expected = [f"a.srt: {n_turned} of the subtitles end before they start (the first at 5.000 s)"] * (n_turned > 0)
    assert [str(each.message).partition(";")[0] for each in recwarn] == expected


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("<ruby>WWW<rt>World Wide Web</rt></ruby>, <i>an</i> idea", "WWW, an idea"),
        ("<ruby>漢<rt>kan</rt>字<rt>ji</rt></ruby> &amp; more", "漢字 & more"),
        ("<ruby>one<rt>not closed", "one"),
    ],
)
def test_ruby_is_not_spoken_twice(line, text):
    cues = parse_cues(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{line}\n", ".vtt", "a.vtt")
    assert cues == [SpeechSegment(1.0, 2.0, text)]


ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:00.080 --> 00:00:02.389 align:start position:0%
_
hello<00:00:00.400><c> world</c>

00:00:02.389 --> 00:00:02.399 align:start position:0%
hello world
_

00:00:02.399 --> 00:00:04.000 align:start position:0%
hello world
next<00:00:02.900><c> line</c>

00:00:04.000 --> 00:00:04.010 align:start position:0%
next line
_

00:00:04.010 --> 00:00:06.000 align:start position:0%
next line
[Music]

00:00:06.000 --> 00:00:07.000 align:start position:0%
the<00:00:06.900><c> end</c>
""".replace("_", " ")


def test_captions_that_roll_up_have_each_line_once():
    found = [(cue.start, cue.text) for cue in parse_cues(ROLLING, ".vtt", "a.vtt")]
    assert found == [(0.08, "hello world"), (2.399, "next line"), (6.0, "the end")]
    twice = written_cues([(1, 2, "No."), (2, 3, "No."), (3, 4, "Yes.")])
    assert [cue.text for cue in parse_cues(twice, ".srt", "a.srt")] == ["No.", "No.", "Yes."]


def test_what_is_not_said_is_left_out():
    rows = [(1, 2, "(door slams)"), (3, 4, "\u266a La la \u266a"), (5, 6, "[sighs] I (John) know."), (7, 8, "...")]
    found = [cue.text for cue in parse_cues(written_cues(rows), ".srt", "a.srt")]
    assert found == ["La la", "I (John) know."]


def test_layers_and_movements_of_a_text_are_one_cue():
    times = [*((1 + 0.04 * n, 1.04 + 0.04 * n) for n in range(100)), (8, 9), (8, 9.5)]
    rows = [
        f"Dialogue: 0,0:00:0{a:.2f},0:00:0{b:.2f},Sign,,0,0,0,,{{\\pos(1,2)}}Si{{\\k20}}gn{{note}}" for a, b in times
    ]
    head = ASS[: ASS.index("Comment:")]
    cues = parse_cues("\n".join([head, *rows]), ".ass", "a.ass")
    assert cues == [SpeechSegment(1.0, 5.0, "Sign"), SpeechSegment(8.0, 9.5, "Sign")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_subtitles_of_other_programs_are_decoded(tmp_path, encoding, newline):
    path = tmp_path / "scene.srt"
    text = "Grüße" if encoding == "cp1252" else "Привет, Grüße"
    path.write_bytes(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".replace("\n", newline).encode(encoding))
    named = {"cp1252": "Windows-1252", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}.get(encoding)
    with pytest.warns(SkippedText, match=f"is read as {named}") if named else nullcontext():
        assert read_cues(path) == [SpeechSegment(1.0, 2.0, text)]


LINES = st.lists(st.sampled_from(["one", "NOTE", ""]), max_size=4)


@settings(deadline=None)
@given(st.lists(LINES, min_size=1, max_size=3), st.booleans())
def test_each_line_of_text_is_kept_or_named(cues, is_numbered):
    rows = []
    cues = [[f"a{number}", *lines, "b"] for number, lines in enumerate(cues)]  # no line of one begins the next
    for number, lines in enumerate(cues):
        name = [str(90 + number)] * is_numbered
        rows += [*name, f"00:00:{10 + number}.000 --> 00:00:{11 + number}.000", *lines, ""]
    words = [line for lines in cues for line in lines if line]
    assert " ".join(cue.text for cue in parse_cues("\n".join(rows), ".srt", "a")).split() == words
    with warnings.catch_warnings(record=True) as named:
        warnings.simplefilter("always")
        kept = parse_cues("\n".join(rows).replace("NOTE", "two"), ".vtt", "a")
    n_named = sum(int(re.findall(r"\d+", str(each.message))[0]) for each in named)
    assert sum(len(cue.text.split()) for cue in kept) + n_named == len(words)


def test_empty_lines_in_subtitles_are_as_ffmpeg_reads_them(tmp_path):
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    path = tmp_path / "a.srt"
    path.write_text(
        "1\n00:00:01,000 --> 00:00:02,000\nOne\n\ntwo\n\n2\n00:00:02,000 --> 00:00:03,000\nThree\n", encoding="utf-8"
    )
    subprocess.run(["ffmpeg", "-v", "error", "-i", path, tmp_path / "b.srt"], check=True)
    assert [cue.text for cue in read_cues(path)] == [cue.text for cue in read_cues(tmp_path / "b.srt")]
    assert read_cues(path)[0].text == "One two"


@pytest.mark.parametrize(
    ("text", "suffix", "line"),
    [
        ("1\n-00:00:01,000 --> 00:00:02,000\nLost\n\n2\n00:00:03,000 --> 00:00:04,000\nkept", ".srt", "-00:00"),
        ("WEBVTT\n\n00:03.000 --> 00:04.000\nkept\n\nlost", ".vtt", "lost"),
        (
            "[Events]\nDialogue: 0,bad,0:00:01.00,,,0,0,0,,Lost\nDialogue: 0,0:00:03.00,0:00:04.00,,,0,0,0,,kept",
            ".ass",
            "Dialogue: 0,bad",
        ),
    ],
)
def test_lines_without_a_valid_time_are_named(text, suffix, line):
    with pytest.warns(SkippedText, match=f"the first is '{line}"):
        assert parse_cues(text, suffix, "a") == [SpeechSegment(3.0, 4.0, "kept")]


@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".ass"])
def test_ffmpeg_writes_what_is_read(tmp_path, suffix):
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    (tmp_path / "a.srt").write_text(SRT, encoding="utf-8")
    subprocess.run(["ffmpeg", "-v", "error", "-i", tmp_path / "a.srt", tmp_path / f"b{suffix}"], check=True)
    cues = read_cues(tmp_path / f"b{suffix}")
    assert [cue.text for cue in cues] == ["Guten Morgen, Frau Meyer & Sohn.", "- Ja!"]
    np.testing.assert_allclose([(cue.start, cue.end) for cue in cues], [(0.5, 2.0), (2.4, 4.9)], atol=0.01)


def test_subtitles_that_cannot_be_used_are_refused(tmp_path):
    (tmp_path / "a.srt").write_text("no subtitle at all")
    with pytest.raises(BadText, match=r"has no subtitle with a text; check that it is a whole \.srt file"):
        read_cues(tmp_path / "a.srt")
    with pytest.raises(BadText, match=r"ends in '.txt'; subtitles end in .srt, .vtt, .ass, .ssa"):
        read_cues(tmp_path / "a.txt")
    with pytest.raises(BadText, match="cannot be read"):
        read_cues(tmp_path / "missing.srt")


def test_written_subtitles_are_read_again():
    rows = [(0.0, 1.2345, "One."), (1.5, 2.0, " "), (3661.0, 3662.9995, "Two.")]
    cues = parse_cues(written_cues(rows), ".srt", "a.srt")
    assert cues == [SpeechSegment(0.0, 1.234, "One."), SpeechSegment(3661.0, 3663.0, "Two.")]


TAGS = ["a <word> of <b>x</b>", "1 <2> 3", "R&amp;B &lt;b&gt;", "a < b > c"]


@pytest.mark.parametrize(("text", "suffix"), [*product(TAGS, [".srt", ".vtt"]), ("{\\an8} is a tag", ".srt")])
def test_what_looks_like_a_tag_in_a_text_is_kept(text, suffix):
    lines = written([Cue(0.0, 1.0, (text,))], suffix[1:])
    assert [cue.text for cue in parse_cues(lines, suffix, "a" + suffix)] == [text]


@pytest.mark.parametrize("text", ["a <word> of <b>x</b>", "1 <2> 3"])
def test_ffmpeg_shows_what_looks_like_a_tag(text, tmp_path):
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    (tmp_path / "a.srt").write_text(written([Cue(0.0, 1.0, (text,))], "srt"), encoding="utf-8")
    subprocess.run(["ffmpeg", "-v", "error", "-i", tmp_path / "a.srt", tmp_path / "b.ass"], check=True)
    assert (tmp_path / "b.ass").read_text(encoding="utf-8").replace("\u2060", "").strip().endswith(text)
