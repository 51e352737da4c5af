"""Standard input is read no further than what comes may be long."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from wavewright.apps.cli import run
from wavewright.audio.pcm import read_pcm
from wavewright.base.errors import BadAudio, BadText, SkippedText
from wavewright.speech.narration.speech_file import MAX_CHARACTERS
from wavewright.text import standard_input

ENDLESS = 3 * 10**9


class Endless(io.RawIOBase):
    """Three gigabytes of one piece again and again, and how many were read."""

    def __init__(self, piece):
        self.piece, self.n_read = piece, 0

    def readable(self):
        return True

    def readinto(self, into):
        n_bytes = min(len(into), ENDLESS - self.n_read)
        n_pieces = len(into) // len(self.piece) + 2
        start = self.n_read % len(self.piece)
        into[:n_bytes] = (self.piece * n_pieces)[start : start + n_bytes]
        self.n_read += n_bytes
        return n_bytes


def send(monkeypatch, source):
    buffered = io.BufferedReader(source)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffered, isatty=lambda: False))
    return buffered


@pytest.mark.parametrize("piece", [b"a", b"word ", b"A line.\n", "\u20ac".encode(), b"\xff", b"<speak>"])
def test_a_text_of_gigabytes_is_refused_when_it_is_too_long(tmp_path, monkeypatch, capsys, piece):
    monkeypatch.chdir(tmp_path)
    source = Endless(piece)
    send(monkeypatch, source)
    assert run(["speak"]) == 2
    message = capsys.readouterr().err
    assert f"The text has more than {MAX_CHARACTERS:,} characters, and 50,000 fit into one clip" in message
    assert source.n_read < 2**20
    assert list(tmp_path.iterdir()) == []


def test_a_dash_stands_for_standard_input(monkeypatch, capsys):
    send(monkeypatch, io.BytesIO("It is 5\u00b0C.\n".encode()))
    assert run(["phonemes", "-"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "it",
        "is",
        "five",
        "degrees",
        "celsius.",
    ]


@pytest.mark.parametrize(
    ("piece", "words"), [(b"a ", "Line 1 of standard input has more than"), (b"<speak>", "Line 1 of")]
)
def test_a_line_of_gigabytes_is_refused_in_a_stream(monkeypatch, capsys, piece, words):
    source = Endless(piece)
    send(monkeypatch, source)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=io.BytesIO(), isatty=lambda: False, flush=lambda: None))
    assert run(["speak", "--out", "-"]) == 2
    assert words in capsys.readouterr().err
    assert source.n_read < 2 * standard_input.MAX_LINE_BYTES


def test_markup_that_never_ends_is_refused_in_a_stream(monkeypatch, capsys):
    source = Endless(b"<speak>\n")
    send(monkeypatch, source)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=io.BytesIO(), isatty=lambda: False, flush=lambda: None))
    assert run(["speak", "--out", "-"]) == 2
    assert "The markup on standard input has more than" in capsys.readouterr().err
    assert source.n_read < 2 * standard_input.MAX_LINE_BYTES


@pytest.mark.parametrize("n_before", [1, 7])
def test_bytes_that_are_no_text_do_not_end_a_stream(n_before):
    lines = [b"One.\n"] * n_before + [b"caf\xe9 and\xff\xfe more\n", b"Last \xc3\xbc.\n"]
    with pytest.warns(SkippedText, match=rf"not UTF-8 \(line {n_before + 1}, byte 3\)") as warned:
        lines_read = list(standard_input.read_lines(io.BytesIO(b"".join(lines))))
    assert lines_read == ["One.\n"] * n_before + ["caf and more\n", "Last ü.\n"]
    assert len(warned) == 1
    with pytest.raises(BadText, match=rf"not UTF-8 \(line {n_before + 1}, byte 3\)"):
        list(standard_input.read_lines(io.BytesIO(b"".join(lines)), strict=True))
    with pytest.raises(BadText, match=r"not UTF-8 \(line 1, byte 3\)"):  # a file in another encoding
        list(standard_input.read_lines(io.BytesIO(lines[-2])))


@pytest.mark.parametrize("n_characters", [MAX_CHARACTERS - 1, MAX_CHARACTERS, MAX_CHARACTERS + 1])
@pytest.mark.parametrize("letter", ["a", "ü", "\u20ac", "\U0001f600"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_longest_text_is_read_whatever_its_letters(n_characters, letter, mark):
    source = io.BytesIO(mark + (letter * n_characters).encode())
    if n_characters > MAX_CHARACTERS:
        with pytest.raises(
            BadText, match=rf"(has more than {MAX_CHARACTERS:,}|has {n_characters:,}) characters.*; try"
        ):
            standard_input.read_text(source, MAX_CHARACTERS, "try")
    else:
        assert standard_input.read_text(source, MAX_CHARACTERS, "try") == letter * n_characters


def test_a_sound_whose_header_never_ends_is_refused():
    source = Endless(b"LIST\x08\x00\x00\x00abcdefgh")
    endless = io.BufferedReader(source)
    head = io.BytesIO(b"RIFF\xff\xff\xff\x7fWAVE")

    class Both:
        def read(self, n_bytes):
            return head.read(n_bytes) or endless.read(n_bytes)

    with pytest.raises(BadAudio, match="does not say what its samples are"):
        read_pcm(Both(), 16_000)
    assert source.n_read < 2**21
