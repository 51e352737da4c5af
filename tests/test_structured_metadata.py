"""Structures in metadata, made by hand as their specifications say: samplers, cue points, chapters, people, dates."""

from __future__ import annotations

import struct
import warnings
from functools import partial

import numpy as np
import pytest
import soundfile

import wavewright
from wavewright.audio import metadata_file
from wavewright.audio.clip import Clip
from wavewright.audio.file_formats import id3_metadata, m4a_metadata
from wavewright.audio.file_formats.metadata import Marker, Picture, SoundMetadata
from wavewright.audio.sound_file import open_sound
from wavewright.audio.wav_chunks import LoopPoints, Sampler
from wavewright.base.errors import SoundWarning

RATE = 48_000


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def wav(path, *chunks, seconds=2.0, padded=True):
    """Write a sine with further chunks."""
    soundfile.write(path, 0.3 * np.sin(np.arange(round(seconds * RATE)) / 20), RATE, "PCM_16")
    content = bytearray(path.read_bytes())
    for each in chunks:
        content += each
    struct.pack_into("<I", content, 4, len(content) - 8)
    path.write_bytes(content)
    return path


def smpl(note, fraction=0, loops=(), fields=(0, 0, 0, 0), data=b""):
    head = struct.pack("<9I", *fields[:2], 20_833, note, fraction, *fields[2:], len(loops), len(data))
    return chunk(b"smpl", head + b"".join(struct.pack("<6I", k, *loop) for k, loop in enumerate(loops)) + data)


def edited(source, out, chain):
    """Edit a file; return its metadata and what is named."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        wavewright.edit(source, out, do=chain, quiet=True)
    return open_sound(out).metadata, " ".join(str(each.message) for each in said if each.category is SoundWarning)


@pytest.mark.parametrize(
    ("chain", "semitones"),
    [
        ("gain -1dB", 0.0),
        ("speed 1.03", 12 * np.log2(1.03)),
        ("pitch -0.25st", -0.25),
        ("speed 0.5; pitch 3.3st", -8.7),
    ],
)
@pytest.mark.parametrize("loops", [(), ((0, 4_800, 47_999, 77, 3), (1, 0, 9_599, 0, 0))])
def test_a_sampler_keeps_its_fraction_and_moves_by_fractions(tmp_path, chain, semitones, loops):
    fields, data = (0x01000041, 7, 30, 0x01020304), b"own data"
    inst = chunk(b"inst", struct.pack("<7b", 60, 0, -3, 20, 90, 5, 120))
    source = wav(tmp_path / "a.wav", smpl(60, 2**31, loops, fields, data), inst)
    kept, said = edited(source, tmp_path / "b.wav", chain)
    assert kept.sampler.note == pytest.approx(60.5 + semitones, abs=1e-6)
    assert (kept.sampler.fields, kept.sampler.data) == (fields, data)
    assert kept.sampler.ranges == (20, 90, 5, 120, -3)
    assert [(loop.kind, loop.fraction, loop.count) for loop in kept.loops] == [
        (kind, fraction, count) for kind, _, _, fraction, count in loops if "pitch" not in chain
    ]
    assert ("loop points" in said) == (bool(loops) and "pitch" in chain)


def test_a_note_beyond_midi_is_named(tmp_path):
    kept, said = edited(wav(tmp_path / "a.wav", smpl(120)), tmp_path / "b.wav", "speed 2")
    assert kept.sampler is None
    assert "the note of its sampler" in said


@pytest.mark.parametrize(
    ("ending", "named"),
    [
        ("aiff", "counts or fractions of its loops"),
        ("flac", "the note of its sampler"),
        ("mp3", "its loop points, the note of its sampler"),
        ("m4a", "the note of its sampler"),
    ],
)
def test_what_of_a_sampler_has_no_place_is_named(tmp_path, ending, named):
    if ending == "m4a":
        pytest.importorskip("av")
    _, said = edited(wav(tmp_path / "a.wav", smpl(69, 0, [(0, 0, 9_599, 0, 5)])), tmp_path / f"b.{ending}", "gain -1dB")
    assert named in said


@pytest.mark.parametrize("kind", ["avr", "8svx"])
def test_loops_of_old_samplers_stay(tmp_path, kind):
    """A loop from frame 1,000 to 9,000, half an octave above middle C in AVR; 8SVX has a cycle in place of a note."""
    source, n = tmp_path / f"a.{kind}", 20_000
    if kind == "avr":
        head = struct.pack(">4s8shhhhhIIII6x20x64x", b"2BIT", b"", 0, 16, -1, -1, -256 | 66, RATE, n, 1_000, 9_000)
        source.write_bytes(head + bytes(2 * n))
    else:
        head = struct.pack(">IIIHBBI", 1_000, 8_000, 0, RATE, 1, 0, 0x10000)
        chunks = (b"VHDR" + struct.pack(">I", len(head)) + head, b"BODY" + struct.pack(">I", n) + bytes(n))
        source.write_bytes(b"FORM" + struct.pack(">I", 4 + sum(map(len, chunks))) + b"8SVX" + b"".join(chunks))
    kept, _ = edited(source, tmp_path / "b.wav", "gain -1dB")
    assert [(loop.start, loop.end) for loop in kept.loops] == [(1_000, 9_000)]
    assert kept.sampler.note == (66 if kind == "avr" else 60)


def test_an_instrument_of_aiff_goes_through_wav(tmp_path):
    sampler = Sampler(61.25, (10, 100, 2, 126, 6))
    loops = (LoopPoints(4_800, 9_600), LoopPoints(0, 48_000, 1, is_release=True))
    wave = Clip(np.full((1, RATE), 0.1, np.float32), RATE)
    from wavewright.audio.clip import write_blocks

    source = tmp_path / "a.aiff"
    write_blocks(source, [wave], None, SoundMetadata(sampler=sampler, loops=loops))
    assert open_sound(source).metadata.loops == loops
    assert open_sound(source).metadata.sampler == sampler
    kept, said = edited(source, tmp_path / "b.wav", "gain -1dB")
    assert kept.sampler == sampler
    assert "counts or fractions" in said, "that a loop is for the release"
    content = (tmp_path / "b.wav").read_bytes()
    assert struct.unpack_from("<7b", content, content.index(b"inst") + 8) == (61, -25, 6, 10, 100, 2, 126)


def test_remarks_and_regions_of_cue_points_stay(tmp_path):
    cue = chunk(b"cue ", struct.pack("<I", 1) + struct.pack("<II4sIII", 9, 24_000, b"data", 0, 0, 24_000))
    number = struct.pack("<I", 9)
    region = b"beat" + struct.pack("<4H", 49, 7, 1, 1252) + b"text\0"
    texts = chunk(b"labl", number + b"verse\0") + chunk(b"note", number + b"check the pitch\0")
    adtl = chunk(b"LIST", b"adtl" + texts + chunk(b"ltxt", number + struct.pack("<I", 4_800) + region))
    source = wav(tmp_path / "a.wav", cue, adtl)
    kept, said = edited(source, tmp_path / "b.wav", "trim 0.25s")
    (marker,) = kept.markers
    assert (marker.start, marker.end) == (pytest.approx(0.25), pytest.approx(0.35))
    assert (marker.label, marker.remark, marker.parts[0].content.rstrip(b"\0")) == (
        "verse",
        "check the pitch",
        region[:-1],
    )
    assert said == ""
    aiff, said = edited(source, tmp_path / "c.aiff", "gain 0dB")
    assert aiff.markers[0].remark == "check the pitch"
    assert "ends of its regions" in said
    _, said = edited(source, tmp_path / "d.mp3", "gain 0dB")
    assert "remarks of its markers" in said


def test_labels_without_a_place_are_named(tmp_path):
    number = [struct.pack("<I", each) for each in range(3)]
    point = struct.pack("<I", 1) + number[1] + bytes(4) + b"data" + bytes(8) + struct.pack("<I", 480)
    texts = chunk(b"labl", number[1] + b"here\0") + chunk(b"note", number[2] + b"nowhere\0") + chunk(b"file", number[1])
    source = wav(tmp_path / "a.wav", chunk(b"cue ", point), chunk(b"LIST", b"adtl" + texts))
    kept, said = edited(source, tmp_path / "b.wav", "gain -1dB")
    assert [marker.label for marker in kept.markers] == ["here"]
    assert "the chunk 'note', the chunk 'file'" in said


@pytest.mark.parametrize("magic", [b"RIFF", b"RF64"])
def test_sound_behind_a_size_of_zero_is_no_chunk(tmp_path, magic):
    source = wav(tmp_path / "a.wav")
    content = bytearray(source.read_bytes())
    content[:4] = magic
    struct.pack_into("<I", content, content.index(b"data") + 4, 0)
    source.write_bytes(content)
    assert open_sound(source).metadata.parts == ()


@pytest.mark.parametrize("name", [b"levl", b"umid", b"plst"])
def test_chunks_about_the_level_are_named(tmp_path, name):
    kept, said = edited(wav(tmp_path / "a.wav", chunk(name, b"1234")), tmp_path / "b.wav", "gain -3dB")
    assert kept.parts == ()
    assert name.decode() in said


def test_the_loudness_of_broadcasters_is_named_and_moved(tmp_path):
    bext = bytearray(602)
    struct.pack_into("<QH", bext, 338, RATE, 2)
    struct.pack_into("<5h", bext, 412, -2_300, 500, -100, -2_000, -2_100)
    kept, said = edited(wav(tmp_path / "a.wav", chunk(b"bext", bytes(bext))), tmp_path / "b.wav", "gain -3dB")
    assert "the loudness in the chunk 'bext'" in said
    assert struct.unpack_from("<5h", kept.parts[0].content, 412) == (0x7FFF,) * 5


@pytest.mark.parametrize(("chain", "is_known"), [("topandtail", False), ("silence", False), ("trim 0.5s", True)])
def test_a_time_of_the_day_that_is_not_known_any_more_is_named(tmp_path, chain, is_known):
    bext = bytearray(602)
    struct.pack_into("<QH", bext, 338, RATE, 1)
    kept, said = edited(wav(tmp_path / "a.wav", chunk(b"bext", bytes(bext))), tmp_path / "b.wav", chain)
    assert ("the time in the chunk 'bext'" in said) != is_known
    assert struct.unpack_from("<Q", kept.parts[0].content, 338)[0] == (round(1.5 * RATE) if is_known else 0)


@pytest.mark.parametrize("n_bytes", [1, 3, 5])
def test_a_chunk_without_its_pad_byte_hides_nothing(tmp_path, n_bytes):
    odd = b"bext" + struct.pack("<I", n_bytes) + b"\1" * n_bytes
    unpadded = b"IART" + struct.pack("<I", 5) + b"Anna\0" + b"INAM" + struct.pack("<I", 6) + b"Take 7"
    source = wav(tmp_path / "a.wav", odd, chunk(b"LIST", b"INFO" + unpadded))
    assert open_sound(source).metadata.tags == {"artist": "Anna", "title": "Take 7"}


@pytest.mark.parametrize(("field", "is_info"), [("IXYZ", True), ("Ixyz", True), ("MOOD", False), ("IMOOD", False)])
def test_tags_are_in_an_info_list_if_all_have_codes_there_and_else_in_id3(tmp_path, field, is_info):
    path = wav(tmp_path / "a.wav", seconds=0.01)
    metadata_file.write(path, SoundMetadata((("title", "Take 7"), (field, "Ann"))), RATE, 480)
    listed = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"Take 7\0") + chunk(b"IXYZ", b"Ann\0"))
    content = path.read_bytes()
    assert (listed in content, b"ID3" in content) == (is_info, not is_info)
    assert {name: [*texts] for name, texts in open_sound(path).metadata.values.items()} == {
        "title": ["Take 7"],
        field.lower(): ["Ann"],
    }


# --- ID3


def frame(name, content):
    return name + len(content).to_bytes(4) + b"\0\0" + content


def tag(*frames, version=3):
    body = b"".join(frames)
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, 0]) + size + body


@pytest.mark.parametrize(
    ("frames", "date"),
    [
        ((b"TYER", b"2019", b"TDAT", b"2712", b"TIME", b"0815"), "2019-12-27T08:15"),
        ((b"TIME", b"2359", b"TDAT", b"0102", b"TYER", b"1999"), "1999-02-01T23:59"),
        ((b"TDAT", b"3112", b"TYER", b"2000"), "2000-12-31"),
        ((b"TYER", b"2001", b"TIME", b"1200"), "2001"),
        ((b"TYER", b"c. 1990", b"TDAT", b"0101"), "c. 1990"),
    ],
)
def test_dates_of_older_tags_are_joined(frames, date):
    content = tag(*(frame(name, b"\0" + text) for name, text in zip(frames[::2], frames[1::2], strict=True)))
    assert id3_metadata.parse(content).fields == (("date", date),)


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        (b"(17)", ["Rock"]),
        (b"(51)(39)", ["Techno-Industrial", "Noise"]),
        (b"17\x0031", ["Rock", "Trance"]),
        (b"(4)Eurodisco", ["Eurodisco"]),
        (b"Rock", ["Rock"]),
    ],
)
def test_genres_by_their_numbers(text, genres):
    assert [genre for _, genre in id3_metadata.parse(tag(frame(b"TCON", b"\0" + text))).fields] == genres


OF_THREE_LETTERS = (
    "BUF:RBUF CNT:PCNT COM:COMM CRA:AENC ETC:ETCO GEO:GEOB IPL:TIPL MCI:MCDI POP:POPM SLT:SYLT TAL:TALB TBP:TBPM "
    "TCM:TCOM TCO:TCON TCR:TCOP TDY:TDLY TEN:TENC TFT:TFLT TKE:TKEY TLA:TLAN TLE:TLEN TMT:TMED TOA:TOPE TOF:TOFN "
    "TOL:TOLY TOR:TDOR TOT:TOAL TP1:TPE1 TP2:TPE2 TP3:TPE3 TP4:TPE4 TPA:TPOS TPB:TPUB TRC:TSRC TRK:TRCK TSS:TSSE "
    "TT1:TIT1 TT2:TIT2 TT3:TIT3 TXT:TEXT UFI:UFID ULT:USLT WAF:WOAF WAR:WOAR WAS:WOAS WCM:WCOM WCP:WCOP WPB:WPUB"
)
"""Frames of ID3v2.2 (sections 4.1 to 4.17 of its specification) and their names in version 2.4."""


@pytest.mark.parametrize("names", [each.split(":") for each in OF_THREE_LETTERS.split()], ids=lambda names: names[0])
def test_frames_of_three_letters_are_those_of_four(names):
    content = {"T": b"\x0012", "I": b"\0a\0b\0"}.get(names[0][0], b"\0engx\0y")
    older = b"%s\0\0%c%s" % (names[0].encode(), len(content), content)
    assert id3_metadata.parse(tag(older, version=2)) == id3_metadata.parse(
        tag(frame(names[1].encode(), content), version=4)
    )


@pytest.mark.parametrize("ending", ["mp3", "wav", "aiff", "flac", "ogg", "m4a"])
def test_people_comments_and_lyrics_stay_or_are_named(tmp_path, ending):
    if ending == "m4a":
        pytest.importorskip("av")
    fields = (
        *(("artist", "Ann"), ("artist", "Bob"), ("performer:flute", "Ann"), ("performer:harp", "Bob")),
        *(("producer", "Cy"), ("involvedpeople:tea", "Di"), ("lyrics:eng:", "la"), ("comment:deu:mood", "gut")),
        *(("tracknumber", "3"), ("tracktotal", "12")),
    )
    source = tmp_path / "a.mp3"
    from wavewright.audio.clip import write_blocks

    write_blocks(source, [Clip(np.full((1, RATE), 0.1, np.float32), RATE)], None, SoundMetadata(fields))
    kept, said = edited(source, tmp_path / f"b.{ending}", "gain -1dB")
    wanted = {*fields[:-2], ("tracknumber", "3/12")}
    if ending in ("flac", "ogg", "m4a"):
        wanted -= {("lyrics:eng:", "la"), ("comment:deu:mood", "gut")}
        wanted |= {("lyrics", "la"), ("mood", "gut")}
        assert "language and description of the tag 'lyrics', " in said
    else:
        assert said == ""
    assert {(name.lower(), text) for name, text in kept.fields if name != "comment"} >= wanted


@pytest.mark.parametrize("ending", ["mp3", "wav", "aiff", "flac", "ogg"])
@pytest.mark.parametrize(("frames", "fields"), [(b"deu\0", "comment:deu:"), (b"XXX\0", "comment")])
def test_a_comment_in_the_record_has_its_language(tmp_path, ending, frames, fields):
    """The comment of the result says how it was made, and holds the text."""
    source = tmp_path / "a.mp3"
    Clip(np.full((1, RATE), 0.1, np.float32), RATE).write(source)
    source.write_bytes(tag(frame(b"COMM", b"\0" + frames + b"gut")) + source.read_bytes())
    assert open_sound(source).metadata.fields == ((fields, "gut"),)
    _, said = edited(source, tmp_path / f"b.{ending}", "gain -1dB")
    origin = open_sound(tmp_path / f"b.{ending}").origin
    assert (origin["source_comment"], said) == ("gut", "")
    assert origin.get("source_comment_language") == ("deu" if fields != "comment" else None)


@pytest.mark.parametrize("endings", [("mp3", "wav"), ("flac", "mp3"), ("ogg", "aiff")])
def test_the_address_of_a_picture_is_no_image(tmp_path, endings):
    source = tmp_path / "a.mp3"
    Clip(np.full((1, RATE), 0.1, np.float32), RATE).write(source)
    source.write_bytes(tag(frame(b"APIC", b"\0-->\0\3front\0http://example.org")) + source.read_bytes())
    for number, ending in enumerate(endings):
        kept, said = edited(source, tmp_path / f"{number}.{ending}", "gain -1dB")
        assert (kept.pictures, said) == ((Picture(3, "-->", "front", b"http://example.org"),), "")
        source = tmp_path / f"{number}.{ending}"


def extended(rate):
    """Return a number in 80 bits."""
    exponent = int(np.log2(rate))
    return struct.pack(">HQ", 16_383 + exponent, round(rate * 2.0 ** (63 - exponent)))


@pytest.mark.parametrize(("rate", "named"), [(22_254.545, True), (11_127.273, True), (22_050.0, False)])
def test_a_fraction_of_a_sample_rate_is_named(tmp_path, rate, named):
    """The old Macintosh had such rates; AIFF holds them in 80 bits, CAF in 64."""
    for ending, coded in (("aiff", extended), ("caf", partial(struct.pack, ">d"))):
        path = tmp_path / f"a.{ending}"
        soundfile.write(path, np.full(9_000, 0.1), int(rate), format=ending.upper())
        content = path.read_bytes()
        assert content.count(coded(int(rate))) == 1
        path.write_bytes(content.replace(coded(int(rate)), coded(rate)))
        _, said = edited(path, tmp_path / f"{ending}.wav", "gain -1dB")
        assert (f"the exact sample rate '{rate} Hz'" in said) == named


@pytest.mark.parametrize(("loop", "named"), [((147, 44_100), False), ((1_000, 5_410), True), ((147, 5_000), True)])
def test_loops_that_end_between_samples_are_named(tmp_path, loop, named):
    """147 samples at 44.1 kHz are 160 at 48 kHz."""
    source = tmp_path / "a.wav"
    Clip(np.full((1, 50_000), 0.1, np.float32), 44_100).write(source)
    metadata_file.write(source, SoundMetadata(loops=(LoopPoints(*loop),)), 44_100, 50_000)
    kept, said = edited(source, tmp_path / "b.wav", "resample 48000")
    assert [(each.start, each.end) for each in kept.loops] == [tuple(round(each * 160 / 147) for each in loop)]
    assert ("fractions of a sample of its loops" in said) == named
    _, said = edited(source, tmp_path / "c.wav", "pad start=0.33333s")
    assert said == ""


def test_several_texts_are_given_on_the_command_line(tmp_path):
    source = wav(tmp_path / "a.wav")
    for ending in ("wav", "flac", "mp3"):
        out = tmp_path / f"b.{ending}"
        wavewright.edit(source, out, do="gain -1dB", tag=("artist=A", "artist=B", "title=t"), quiet=True)
        assert [text for name, text in open_sound(out).metadata.fields if name == "artist"] == ["A", "B"]
        assert not wavewright.edit(
            source, out, do="gain -1dB", tag=("artist=A", "artist=B", "title=t"), quiet=True
        ).is_new


def test_what_is_coded_or_damaged_is_named(tmp_path):
    source = tmp_path / "a.mp3"
    Clip(np.full((1, RATE), 0.1, np.float32), RATE).write(source)
    coded = b"TALB" + (20).to_bytes(4) + b"\0\x80" + bytes(20)
    source.write_bytes(tag(frame(b"TIT2", b"\0t"), coded, frame(b"APIC", b"\0image")) + source.read_bytes())
    _, said = edited(source, tmp_path / "b.mp3", "gain -1dB")
    assert "'TALB'" in said
    assert "'APIC'" in said


# --- M4A


def test_names_to_sort_by_are_read_once(tmp_path):
    pytest.importorskip("av")
    from wavewright.audio.clip import write_blocks

    fields = tuple((f"{name}sort", name) for name in ("albumartist", "album", "artist", "composer", "title"))
    blocks = [Clip(np.full((1, RATE), 0.1, np.float32), RATE)]
    path = tmp_path / "a.m4a"
    write_blocks(path, blocks, None, SoundMetadata(fields))
    assert {*fields} == {field for field in open_sound(path).metadata.fields if "sort" in field[0].lower()}


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("bpm", ["120"]),
        ("purl", ["http://example.org/feed"]),
        ("artist", ["A", "B", "C"]),
        ("tracknumber", ["3/12"]),
        ("compilation", ["1"]),
        ("media_type", ["10"]),
        ("bpm", ["120.5"]),
        ("MusicBrainz Album Id", ["x", "y"]),
    ],
)
def test_atoms_of_m4a_are_read_again(tmp_path, name, texts):
    av = pytest.importorskip("av")
    metadata = SoundMetadata(
        tuple((name, text) for text in texts), markers=(Marker(0.0, 0.5, "one"), Marker(0.5, 1.0, "two"))
    )
    from wavewright.audio.clip import write_blocks

    path = tmp_path / "a.m4a"
    write_blocks(path, [Clip(np.full((1, RATE), 0.1, np.float32), RATE)], None, metadata)
    with path.open("rb") as file:
        assert [text for key, text in m4a_metadata.read(file).fields if key.lower() == name.lower()] == texts
    with av.open(str(path)) as container:
        assert len(container.chapters()) == 2
        if name == "artist":
            assert container.metadata["artist"].startswith("A")
