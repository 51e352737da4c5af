"""Nothing of a file is lost in silence: fields of files of other programs before and after verbs are kept or named."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.foreign_files import chapters_of, chirp, encode
from tests.planted_files import FILES, RATE, searchable, sine, wav
from wavewright import edit
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.file_formats import aiff_metadata, other_metadata, wav_metadata
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import SoundWarning
from wavewright.effects.editing.chain import Chain
from wavewright.effects.mixing.project import read_project
from wavewright.text.lexicon_file import read_lexicon

EDITS = {
    "trim": "trim 0.3s",
    "gain": "gain -3dB",
    "speed": "speed 1.25",
    "pitch": "pitch 2st",
    "append": "append '{other}'",
    "insert": "insert '{other}' at=0.2s",
    "pad": "pad start=0.5s",
}
KINDS = ("wav", "flac", "mp3", "aiff", "ogg", "opus", "m4a")


def commands(source, folder, other, number):
    """Yield a name, a command and the files that it writes, for each verb; kinds of files take turns."""
    for name, chain in EDITS.items():
        own = source.suffix.lower().removeprefix(".")
        ending = own if name in ("trim", "gain") and own in (*KINDS, "m4b", "aif") else KINDS[number % len(KINDS)]
        number += 1
        out = folder / f"{name}.{ending}"
        yield name, ["edit", source, "--out", out, "--do", chain.format(other=other)], [out]
    for ending in KINDS:
        out = folder / f"converted.{ending}"
        yield f"to {ending}", ["edit", source, "--out", out, "--do", "gain 0dB"], [out]
    out = folder / "brought in.wav"
    yield "brought in", ["edit", other, "--out", out, "--do", f"append '{source}'"], [out]
    out = folder / "enhanced.wav"
    yield "enhance", ["enhance", source, "--out", out], [out]
    parts = folder / "parts"
    yield "split", ["split", source, "--out", parts, "--at", "0.6"], parts
    project = folder / "mix.toml"
    project.write_text(f"[[tracks]]\nname = 'one'\n[[tracks.regions]]\nfile = '{source}'\n")
    out = folder / "mix.wav"
    yield "mix", ["mix", project, "--out", out], [out]
    out = folder / "episode.mp3"
    yield "podcast", ["podcast", source, "--out", out, "--keep-noise"], [out]
    out = folder / "echo.wav"
    yield "cancel-echo", ["cancel-echo", source, other, "--out", out, "--unchecked"], [out]


def lost(planted, outs, said):
    """Return the fields that are neither in the files nor named."""
    files = sorted(outs.glob("*")) if not isinstance(outs, list) else outs
    content = b"\0".join(searchable(path) for path in files).lower()
    return [
        field
        for field in planted
        if not re.search(field.name, said, re.IGNORECASE)
        and not any(field.text.lower().encode(code) in content for code in ("utf-8", "latin-1"))
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_field_is_kept_or_named(tmp_path, name):
    (tmp_path / "in").mkdir()
    source, other = tmp_path / "in" / name, tmp_path / "in" / "other.wav"
    planted = FILES[name](source)
    wav(other, n_channels=open_sound(source).header.n_channels)
    problems = []
    for verb, command, outs in commands(source, tmp_path, other, len(name)):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = run([*map(str, command)])
        said = printed.getvalue()
        if re.search("has 4 channels|the sound has 4", said):
            assert code  # of four channels there are no MP3 files, and no episodes
        elif code:
            problems.append((verb, said))
        else:
            problems += [(verb, field) for field in lost(planted, outs, said)]
    assert not problems, "\n".join(map(str, problems))


@pytest.mark.parametrize("name", ["sampler.wav", "instrument.aiff", "vorbis.ogg"])
def test_loops_and_notes_are_kept_or_named(tmp_path, name):
    source, other = tmp_path / name, tmp_path / "other.wav"
    FILES[name](source)
    wav(other)
    before = open_sound(source).metadata
    assert before.loops
    for verb, command, outs in commands(source, tmp_path, other, 0):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            assert run([*map(str, command)]) == 0
        for path in sorted(outs.glob("*.*g*")) if not isinstance(outs, list) else outs:
            after = open_sound(path).metadata
            assert len(after.loops) >= len(before.loops) or "loop points" in printed.getvalue(), verb
            if before.sampler is not None:
                is_moved = verb in ("speed", "pitch")
                is_kept = after.sampler is not None and (is_moved or after.sampler.note == before.sampler.note)
                assert is_kept or "sampler" in printed.getvalue(), verb


@pytest.mark.parametrize("name", ["info.wav", "pictures.flac", "id3 2.3.mp3", "opus.opus"])
def test_a_signature_changes_no_field(tmp_path, name):
    source, key = tmp_path / name, tmp_path / "key.pem"
    planted = FILES[name](source)
    private = ed25519.Ed25519PrivateKey.generate()
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert run(["sign", str(source), "--key", str(key)]) == 0
    assert not lost(planted, [source], "")


@pytest.mark.parametrize(
    ("name", "chunks"),
    [
        ("texts.aiff", ["NAME", "AUTH", "(c) ", "ANNO", "ANNO"]),
        ("instrument.aiff", ["MARK", "COMT", "INST"]),
        ("chunks.aif", ["APPL", "MIDI", "AESD", "ID3 "]),
        ("info.caf", ["info"]),
        ("markers.caf", ["mark", "uuid", "midi", "inst", "umid"]),
        ("production.wav", ["iXML", "axml", "cart"]),
    ],
)
def test_chunks_that_are_too_long_are_named(tmp_path, monkeypatch, capsys, name, chunks):
    for module in (aiff_metadata, other_metadata, wav_metadata):
        monkeypatch.setattr(module, "MAX_PART_BYTES", 6)
    source, out = tmp_path / name, tmp_path / f"out.{name.split('.')[1].replace('caf', 'wav')}"
    FILES[name](source)
    assert [part.name for part in open_sound(source).metadata.parts] == chunks
    assert run(["edit", str(source), "--out", str(out), "--do", "gain -1dB"]) == 0
    said = capsys.readouterr().err
    assert all(chunk.strip() in said for chunk in chunks)


@pytest.mark.uses("drum-classifier", "morph-drums")
@pytest.mark.parametrize("verb", [["slice"], ["vary", "--count", "1"], ["morph", "--steps", "3"]])
def test_fields_of_what_clips_are_made_of_are_named(tmp_path, verb, capsys):
    source, other, out = tmp_path / "info.wav", tmp_path / "other.wav", tmp_path / "out"
    planted = FILES[source.name](source)
    wav(other)
    sources = [source, other] if verb[0] == "morph" else [source]
    assert run([verb[0], *map(str, sources), *verb[1:], "--out", str(out)]) == 0
    assert planted
    assert not lost(planted, [], capsys.readouterr().err)


@pytest.mark.parametrize("n_letters", [20, 5_000])
@pytest.mark.parametrize("ending", ["wav", "flac", "mp3"])
def test_a_comment_is_in_that_of_the_result_or_named(tmp_path, n_letters, ending, capsys):
    source, out = Clip(sine(), RATE).write(tmp_path / "a.wav", metadata={"comment": "é" * n_letters}), tmp_path / "b"
    for verb in (["edit", "--do", "gain -1dB"], ["enhance"]):
        target = out.with_suffix(f".{verb[0]}.{ending}")
        assert run([verb[0], str(source), *verb[1:], "--out", str(target)]) == 0
        comment = json.loads(open_sound(target).tags["comment"])
        is_inside = "é" * n_letters in str(comment.get("source_comment"))
        assert is_inside == (n_letters == 20) != ("the tag 'comment'" in capsys.readouterr().err)


@pytest.mark.parametrize(
    "name", ["cues.wav", "instrument.aiff", "comments.flac", "vorbis.ogg", "opus.opus", "markers.caf"]
)
def test_chapters_of_every_kind_are_those_of_an_audio_book(tmp_path, name):
    source, out = tmp_path / name, tmp_path / "book.m4b"
    FILES[name](source)
    assert run(["edit", str(source), "--out", str(out), "--do", "gain -1dB"]) == 0
    wanted = [(marker.start, marker.label) for marker in open_sound(source).metadata.markers]
    assert [(pytest.approx(start, abs=1e-3), label) for start, label in wanted] == [
        (start, label) for start, _, label in chapters_of(out) if start or label
    ]


@pytest.mark.parametrize("name", ["signed.wav", "signed.flac", "manifest.mp3"])
@pytest.mark.parametrize("chain", ["gain -1dB", "trim 0.2s"])
def test_no_signature_goes_with_another_sound(tmp_path, name, chain):
    source, out = tmp_path / name, tmp_path / f"b.{name.split('.')[1]}"
    FILES[name](source)
    assert run(["edit", str(source), "--out", str(out), "--do", chain]) == 0
    assert not any(text in out.read_bytes() for text in (b"record91", b"manifest92", b"record262", b"jumdc2pa"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_text_files_of_other_programs_are_read(tmp_path, encoding):
    Clip(np.zeros((1, 800), np.float32), 8_000).write(tmp_path / "süß.wav")
    texts = {
        "chain.txt": "gain 3dB\r\nconvolve süß.wav\r\n",
        "film.toml": '[[tracks]]\r\nname = "süß"\r\nregions = [{file = "süß.wav"}]\r\n',
        "words.txt": "süß S UW1 S\r\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text.encode(encoding))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert [path.name for path in Chain.read(tmp_path / "chain.txt").files] == ["süß.wav"]
        assert list(read_project(tmp_path / "film.toml").strips) == ["süß", "master"]
        assert read_lexicon(tmp_path / "words.txt").words == {"süß": ("S", "UW1", "S")}
    notes = [str(each.message) for each in caught]
    assert len(notes) == 3 * (encoding == "cp1252")
    assert all("is not UTF-8 and is read as Windows-1252" in note for note in notes)


@pytest.mark.parametrize("name", ["b.mp3", "b.wav", "b.flac"])
def test_frames_that_ffmpeg_writes_as_described_texts_are_those_tags(tmp_path, name):
    """FFmpeg has no frame for ``lyrics`` and ``compilation``: it writes a text with the frame's name."""
    tags = {"lyrics": "la la", "compilation": "1", "title": "T"}
    encode(tmp_path / "a.mp3", "libmp3lame", chirp(0.5), 44_100, tags=tags)
    edit(tmp_path / "a.mp3", tmp_path / name, do="gain -1dB", quiet=True)  # a loss would be a warning, and fail
    assert dict(open_sound(tmp_path / name).metadata.fields).items() >= tags.items()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_the_timecode_of_a_video_is_named_where_its_sound_alone_is_written(tmp_path):
    pytest.importorskip("av")
    sources = ("-f", "lavfi", "-i", "testsrc=s=32x32:r=25:d=1", "-f", "lavfi", "-i", "sine=d=1")
    options = ("-t", "1", "-c:v", "mpeg4", "-timecode", "01:00:00:00")
    subprocess.run(["ffmpeg", "-v", "error", *sources, *options, str(tmp_path / "a.mov")], check=True)
    with pytest.warns(SoundWarning, match=r"Left out: the track 'timecode 01:00:00:00'\."):
        edit(tmp_path / "a.mov", tmp_path / "b.wav", do="gain -1dB", quiet=True)
