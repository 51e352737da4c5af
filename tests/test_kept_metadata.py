"""What a file holds beside its sound stays after an edit, moved with the sound, or is named: as FFmpeg reads it."""

from __future__ import annotations

import io
import json
import struct
import sys
import warnings

import numpy as np
import pytest
import soundfile

import wavewright
from tests.foreign_files import av, chapters_of, chirp, encode, tags_of
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.file_formats.metadata import Marker, Picture, SoundMetadata
from wavewright.audio.sound_file import open_sound
from wavewright.audio.wav_chunks import LoopPoints
from wavewright.base.errors import MissingExtra, SoundWarning
from wavewright.effects.editing.chain import Chain

RATE = 48_000
TAGS = {
    "title": "Träume №1",
    "artist": "Björk",
    "album": "Ålbum",
    "album_artist": "Verschiedene",
    "composer": "Grażyna Bacewicz",
    "disc": "1/2",
    "track": "3",
    "genre": "Jazz",
    "date": "2021",
    "copyright": "me",
}
CODECS = {"mp3": "libmp3lame", "flac": "flac", "m4a": "aac", "opus": "libopus", "mkv": "flac", "wma": "wmav2"}


def png():
    """Return a small picture."""
    written = io.BytesIO()
    with av.open(written, "w", format="image2pipe") as container:
        stream = container.add_stream("png", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "rgb24"
        frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 200, np.uint8), format="rgb24")
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return written.getvalue()


def edited(source, out, chain, **options):
    return wavewright.edit(source, out, do=chain, quiet=True, **options).out


def lower(tags):
    return {name.lower(): text for name, text in tags.items()}


@pytest.mark.parametrize("source", CODECS)
@pytest.mark.parametrize("target", ["mp3", "flac", "ogg", "opus", "wav", "aiff", "m4a"])
def test_tags_of_other_programs_stay_as_ffmpeg_reads_them(tmp_path, source, target):
    path = encode(tmp_path / f"a.{source}", CODECS[source], chirp(1.0, RATE), RATE, tags=TAGS, options={"b": "128000"})
    before, after = (lower(tags_of(each)) for each in (path, edited(path, tmp_path / f"b.{target}", "gain -1dB")))
    assert "encoder" in before, "an automatic tag, which no kind of file has to hold"
    assert {name: after.get(name) for name in TAGS if name in before} == {
        name: text for name, text in before.items() if name in TAGS
    }
    assert len(before.keys() & TAGS.keys()) >= 8


@pytest.mark.parametrize("n_letters", [1, 13, 300])
def test_the_name_of_an_encoder_is_no_reason_to_refuse_a_file(tmp_path, n_letters):
    source = Clip(chirp(1.0), 44_100).write(tmp_path / "a.wav", metadata={"software": "e" * n_letters, "title": "t"})
    assert open_sound(source).tags["software"] == "e" * n_letters
    assert "software" not in open_sound(edited(source, tmp_path / "b.mp3", "gain -1dB")).tags
    asked = edited(source, tmp_path / "c.mp3", "gain -1dB", tag=("software=mine",))
    assert open_sound(asked).tags["software"] == "mine"


@pytest.mark.parametrize("ending", ["mp3", "flac", "ogg", "opus", "wav", "aiff", "m4a"])
def test_what_is_written_is_what_ffmpeg_reads(tmp_path, ending):
    tags = {"title": "Œuvre — 音", "artist": "Ångström", "albumartist": "Ж", "composer": "ñ", "comment": "é" * 2_000}
    path = Clip(chirp(1.0), 44_100).write(tmp_path / f"a.{ending}", metadata=tags)
    seen = lower(tags_of(path))
    names = {"albumartist": "album_artist"}
    assert {name: seen.get(names.get(name, name)) for name in tags} == tags
    automatic = {"software"} if ending == "m4a" else set()
    assert {name: text for name, text in open_sound(path).tags.items() if name not in automatic} == tags


@pytest.mark.parametrize("ending", ["mp3", "flac", "ogg", "wav", "aiff", "m4a"])
def test_a_cover_and_chapters_stay_and_move(tmp_path, ending):
    cover = Picture(3, "image/png", "front", png())
    chapters = (Marker(0.0, 1.0, "Eins"), Marker(1.0, 2.5, "Zwei"), Marker(2.5, 4.0, "Drei"))
    metadata = SoundMetadata((("title", "t"), ("isrc", "DE123")), (cover,), chapters)
    source = tmp_path / "a.mp3"
    wavewright.audio.clip.write_blocks(source, [Clip(chirp(4.0), 44_100)], None, metadata)
    assert [chapter[2] for chapter in chapters_of(source)] == ["Eins", "Zwei", "Drei"]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        out = edited(source, tmp_path / f"b.{ending}", "trim 1.5s; pad start=0.25s")
    kept = open_sound(out).metadata
    assert [picture.content for picture in kept.pictures] == [cover.content]
    assert [(marker.start, marker.label) for marker in kept.markers] == [
        (pytest.approx(0.25, abs=0.0011), "Zwei"),
        (pytest.approx(1.25, abs=0.0011), "Drei"),
    ]
    if ending != "aiff":
        expected = [(0.25, "Zwei"), (1.25, "Drei")]
        seen = [(round(start, 2), title) for start, _, title in chapters_of(out) if title]
        assert seen == expected or (ending == "wav" and not seen)  # newer versions of FFmpeg alone read cue points
    with av.open(str(out)) as container:
        assert [stream.codec_context.name for stream in container.streams.video] == ["png"]
    text = " ".join(str(warning.message) for warning in said)
    assert "1 of its 3 markers" in text
    assert ("kinds or descriptions" in text) == (ending == "m4a"), "what there is no place for is named"
    assert kept.tags["isrc"] == "DE123"


def wav_with_chunks(path, n_samples=RATE * 4):
    """Write a WAV file with chunks made by hand, as the specifications say: loops, cue points, a broadcast chunk."""
    wave = chirp(n_samples / RATE, RATE, 1)
    soundfile.write(path, wave.T, RATE, "PCM_16")
    loop = struct.pack("<9I6I", 0, 0, 20_833, 57, 0, 0, 0, 1, 0, 0, 0, 48_000, 95_999, 0, 0)
    cue = struct.pack("<I", 2) + b"".join(
        struct.pack("<II4sIII", number, position, b"data", 0, 0, position)
        for number, position in ((1, 24_000), (2, 144_000))
    )
    label = struct.pack("<I", 1) + b"verse\0"
    adtl = b"adtl" + b"labl" + struct.pack("<I", len(label)) + label
    bext = bytearray(602)
    bext[:4] = b"take"
    struct.pack_into("<QH", bext, 338, RATE * 3_600, 1)
    parts = {b"smpl": loop, b"cue ": cue, b"LIST": adtl, b"bext": bytes(bext), b"iXML": IXML, b"acid": bytes(24)}
    content = bytearray(path.read_bytes())
    for name, part in parts.items():
        content += name + struct.pack("<I", len(part)) + part + bytes(len(part) % 2)
    struct.pack_into("<I", content, 4, len(content) - 8)
    path.write_bytes(content)
    return path


IXML = (
    b"<BWFXML><SCENE>4</SCENE><SPEED><FILE_SAMPLE_RATE>48000</FILE_SAMPLE_RATE><TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>1"
    b"</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></SPEED></BWFXML>"
)

CHAINS = {
    # chain: where a moment of the source is then, in seconds; the pitch in semitones
    "limit -1dBTP": (lambda time: time, 0),
    "highpass 80Hz; compress; gain 1dB; normalise -3dB": (lambda time: time, 0),
    "trim 0.25s": (lambda time: time - 0.25, 0),
    "trim 0.25s 3.5s": (lambda time: time - 0.25, 0),
    "trim -3.9s": (lambda time: time - 0.1, 0),
    "pad start=0.5s": (lambda time: time + 0.5, 0),
    "speed 2": (lambda time: time / 2, 12),
    "trim 0.25s; speed 0.5; pad start=1s": (lambda time: (time - 0.25) * 2 + 1, -12),
    "resample 24000Hz": (lambda time: time, 0),
    "stereo": (lambda time: time, 0),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_positions_move_with_the_sound(tmp_path, chain):
    position, semitones = CHAINS[chain]
    source = wav_with_chunks(tmp_path / "a.wav")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SoundWarning)
        out = edited(source, tmp_path / "b.wav", chain)
    kept = open_sound(out).metadata
    rate = open_sound(out).header.sample_rate
    assert kept.loops == (LoopPoints(round(position(1.0) * rate), round(position(2.0) * rate)),)
    assert kept.sampler.note == pytest.approx(57 + semitones)
    assert [(marker.start, marker.label) for marker in kept.markers] == [
        (pytest.approx(position(0.5)), "verse"),
        (pytest.approx(position(3.0)), ""),
    ]
    parts = {part.name: part.content for part in kept.parts}
    moved = parts["bext"]
    # The first sample of the result is the moment of the source that is now at 0.
    scale = position(1.0) - position(0.0)
    first = -position(0.0) / scale
    assert struct.unpack_from("<Q", moved, 338)[0] == round((3_600 + first) * rate)
    assert moved[:4] == b"take"
    assert b"<SCENE>4</SCENE>" in parts["iXML"]
    is_as_it_was = all(position(time) == time for time in (0.0, 1.0))
    assert (b"TIMESTAMP" in parts["iXML"]) == (is_as_it_was and rate == RATE)


def test_a_loop_point_is_at_the_same_sound(tmp_path):
    source = wav_with_chunks(tmp_path / "a.wav")
    with pytest.warns(SoundWarning, match="'acid'"):
        out = edited(source, tmp_path / "b.wav", "reverse; trim 0.5s; reverse; pad start=0.1s")
    before, after = Clip.read(source).wave[0], Clip.read(out).wave[0]
    old, new = (open_sound(path).metadata.loops[0] for path in (source, out))
    np.testing.assert_array_equal(after[new.start : new.end], before[old.start : old.end])


@pytest.mark.parametrize("chain", ["reverb", "trim 1.5s", "fadeout 3s", "silence", "tremolo", "stretch 1.5", "loop 1s"])
def test_loops_whose_seam_is_changed_are_left_out_and_said_to_be(tmp_path, chain):
    source = wav_with_chunks(tmp_path / "a.wav")
    with pytest.warns(SoundWarning, match=r"Left out: .*its loop points"):
        out = edited(source, tmp_path / "b.wav", chain)
    own = chain == "loop 1s"
    assert len(open_sound(out).metadata.loops) == own


@pytest.mark.parametrize(
    ("ending", "named"),
    [("mp3", "loop points, .*'bext'"), ("flac", "'bext'"), ("m4a", "loop points")],
)
def test_what_another_kind_of_file_has_no_place_for_is_named(tmp_path, ending, named, capsys):
    source = wav_with_chunks(tmp_path / "a.wav")
    out = tmp_path / f"b.{ending}"
    assert run(["edit", str(source), "--out", str(out), "--do", "gain -1dB", "--quiet"]) == 0
    said = capsys.readouterr().err
    assert said.count("does not have all that its source has. Left out:") == 1
    with pytest.warns(SoundWarning, match=named):
        edited(source, tmp_path / f"c.{ending}", "gain -1dB")


@pytest.mark.parametrize("ending", ["flac", "ogg", "aiff"])
@pytest.mark.parametrize(("end", "is_said"), [(1.5, True), (2.0, False), (None, False)])
def test_the_end_of_a_region_is_named_where_it_is_lost(tmp_path, ending, end, is_said):
    source = tmp_path / "a.wav"
    Clip(chirp(4.0, RATE, 1), RATE).write(source)
    metadata = SoundMetadata(markers=(Marker(0.5, end, "first"), Marker(2.0, 4.0, "last")))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        Clip.read(source).write(tmp_path / f"b.{ending}", metadata=metadata)
    assert ["the ends of its regions" in str(each.message) for each in said] == [True] * is_said


def test_loops_and_markers_go_through_aiff_and_flac(tmp_path):
    source = wav_with_chunks(tmp_path / "a.wav")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SoundWarning)
        aiff = edited(source, tmp_path / "b.aiff", "gain -1dB")
        flac = edited(aiff, tmp_path / "c.flac", "gain -1dB")
        back = edited(flac, tmp_path / "d.wav", "gain -1dB")
    for path in (aiff, flac, back):
        kept = open_sound(path).metadata
        assert kept.loops == (LoopPoints(48_000, 96_000),)
        assert [(marker.start, marker.label) for marker in kept.markers] == [(0.5, "verse"), (3.0, "")]


def test_levels_that_are_not_true_any_more_are_left_out(tmp_path):
    tags = {"title": "t", "REPLAYGAIN_TRACK_GAIN": "-6 dB"}
    source = encode(tmp_path / "a.flac", "flac", chirp(1.0), 44_100, tags=tags)
    with pytest.warns(SoundWarning, match=r"its level \(replaygain_track_gain\)"):
        out = edited(source, tmp_path / "b.flac", "gain -6dB")
    assert {name for name in lower(tags_of(out)) if "replaygain" in name} == set()


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_places_in_small_letters_are_places(tmp_path, ending, capsys):
    """As FFmpeg writes them into FLAC."""
    tags = {"WAVEFORMATEXTENSIBLE_CHANNEL_MASK": "0x3f"}
    source = encode(tmp_path / "a.flac", "flac", chirp(1.0, n_channels=6), 44_100, tags=tags)
    assert run(["edit", str(source), "--out", str(tmp_path / f"b.{ending}"), "--do", "gain -1dB"]) == 0
    assert "Left out" not in capsys.readouterr().err
    assert open_sound(tmp_path / f"b.{ending}").positions == ("L", "R", "C", "LFE", "Lb", "Rb")


def test_tags_stay_when_a_file_is_split_and_enhanced(tmp_path):
    source = wav_with_chunks(tmp_path / "a.wav")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SoundWarning)
        tagged = edited(source, tmp_path / "b.wav", "gain -1dB", tag=("title=Take", "composer=C"))
        wavewright.split(tagged, tmp_path / "parts", at=(2.0,))
    first, second = (open_sound(tmp_path / "parts" / f"b_0{number}.wav").metadata for number in (1, 2))
    assert first.tags["title"] == second.tags["title"] == "Take"
    assert second.tags["composer"] == "C"
    assert json.loads(second.tags["comment"])["source_comment"]["edit"].startswith("gain")
    assert [marker.start for marker in first.markers] == [0.5]
    assert [marker.start for marker in second.markers] == [1.0]
    assert (len(first.loops), len(second.loops)) == (1, 0)
    time = {part.name: part.content for part in second.parts}["bext"]
    assert struct.unpack_from("<Q", time, 338)[0] == (3_600 + 2) * RATE


def test_a_second_edit_of_a_result_is_kept_and_repeats_nothing(tmp_path):
    source = encode(tmp_path / "a.mp3", "libmp3lame", chirp(1.0), 44_100, tags=TAGS)
    out = tmp_path / "b.mp3"
    assert wavewright.edit(source, out, do="gain -1dB", quiet=True).is_new
    assert not wavewright.edit(source, out, do="gain -1dB", quiet=True).is_new
    again = edited(out, tmp_path / "c.mp3", "gain 1dB")
    assert tags_of(again)["title"] == TAGS["title"]


# --- M4A


@pytest.mark.parametrize("subtype", ["ALAC_16", "ALAC_24"])
def test_lossless_m4a_files_hold_every_sample(tmp_path, subtype):
    bits = int(subtype[-2:])
    wave = np.round(chirp(1.0) * 2 ** (bits - 1)) / 2 ** (bits - 1)
    path = Clip(wave, 44_100).write(tmp_path / "a.m4a", subtype)
    np.testing.assert_array_equal(Clip.read(path).wave, wave.astype(np.float32))
    assert open_sound(path).header.subtype == subtype
    assert open_sound(edited(path, tmp_path / "b.wav", "gain -1dB")).header.subtype == f"PCM_{bits}"
    assert open_sound(edited(path, tmp_path / "c.m4a", "gain -1dB")).header.subtype == subtype


@pytest.mark.parametrize(("rate", "n_channels"), [(44_100, 1), (48_000, 2), (10_000, 2), (48_000, 6)])
def test_aac_files_sound_like_what_was_written(tmp_path, rate, n_channels):
    wave = chirp(2.0, rate, n_channels)
    path = Clip(wave, rate).write(tmp_path / "a.m4a")
    clip = Clip.read(path)
    assert (clip.n_channels, open_sound(path).header.subtype) == (n_channels, "aac")
    assert clip.seconds == pytest.approx(2.0, abs=0.05)
    back = clip.resample(rate).wave[:, : wave.shape[1]]
    n = min(back.shape[1], wave.shape[1])
    for channel in range(n_channels):
        if channel != 3:  # the low frequencies alone of a 5.1 sound
            assert np.corrcoef(back[channel, :n], wave[channel, :n])[0, 1] > 0.98


def test_m4a_needs_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"\.\[media\]"):
        Clip(chirp(0.5), 44_100).write(tmp_path / "a.m4a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["mp3", "m4a", "flac", "ogg", "opus", "wav"])
def test_the_usual_output_is_of_the_kind_of_the_source(tmp_path, ending):
    source = Clip(chirp(1.0, RATE), RATE).write(tmp_path / f"take.{ending}")
    assert wavewright.edit(source, do="gain -1dB", quiet=True).out == tmp_path / f"take-edited.{ending}"
    assert str(Chain.parse("gain -1dB")) == "gain gain=-1dB"
