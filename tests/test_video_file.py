"""A video with another sound: every frame, tags, chapters and the start of the sound stay, as FFmpeg reads them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import wavewright
from tests.foreign_files import av, chapters_of, chirp, decode, encode, tags_of
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.audio.video_file import replace_sound
from wavewright.audio.video_tracks import VideoTracks
from wavewright.base.errors import SoundWarning

N_FRAMES, FRAMES_PER_SECOND, RATE = 50, 25, 48_000
START_SECONDS = 0.5
CHAPTERS = [(0.0, 1.0, "one"), (1.0, 2.0, "two")]


def write_video(path, codec="mpeg4", start_seconds=0.0):
    """Write a video with reordered frames, tags, chapters and a sound that starts later."""
    with av.open(str(path), "w") as container:
        container.metadata.update({"title": "Träume", "artist": "me"})
        chapters = [
            {
                "id": number,
                "start": round(1_000 * start),
                "end": round(1_000 * end),
                "time_base": Fraction(1, 1_000),
                "metadata": {"title": title},
            }
            for number, (start, end, title) in enumerate(CHAPTERS)
        ]
        container.set_chapters(chapters)
        picture = container.add_stream(codec, rate=FRAMES_PER_SECOND, options={"bf": "2"})
        picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        sound = container.add_stream("libopus" if path.suffix == ".webm" else "ac3", rate=RATE, layout="stereo")
        for number in range(N_FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number * 4, np.uint8), format="rgb24")
            frame.pts = number
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        wave = np.random.default_rng(0).uniform(-0.5, 0.5, (2, RATE)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
        frame.rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), round(start_seconds * RATE)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


def frames(path):
    """Return the time and the bytes of each packet of the picture, in the order of the file."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(container.streams.video[0]) if packet.size]
    return [(float(packet.pts * packet.time_base), bytes(packet)) for packet in packets]


@pytest.mark.parametrize(
    ("ending", "codec"),
    [(".mp4", "mpeg4"), (".mov", "mpeg4"), (".mkv", "mpeg4"), (".mkv", "libx264"), (".webm", "vp8")],
)
def test_frames_tags_and_chapters_stay(tmp_path, ending, codec):
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV cannot write {codec}")
    source, out = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    write_video(source, codec)
    assert len(frames(source)) == N_FRAMES
    result = wavewright.edit(source, out, do="gain -6dB", quiet=True)
    before, after = frames(source), frames(out)
    assert [content for _, content in after] == [content for _, content in before]
    np.testing.assert_allclose([time for time, _ in after], [time for time, _ in before], atol=2e-3)
    assert abs(result.seconds - 1.0) < 0.1
    tags = {name.lower(): text for name, text in tags_of(out).items()}
    assert (tags["title"], tags["artist"]) == ("Träume", "me")
    assert chapters_of(out) == CHAPTERS


@pytest.mark.parametrize(
    ("ending", "codec", "rate"),
    [(".mp4", "aac", RATE), (".mov", "aac", 44_100), (".mkv", "flac", RATE), (".webm", "libopus", RATE)],
)
def test_a_container_without_a_picture_is_edited(tmp_path, ending, codec, rate):
    source, out = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    encode(source, codec, chirp(1.0, rate), rate)
    wavewright.edit(source, out, do="gain -6dB", quiet=True)
    before, after = (decode(path)[1][:, rate // 4 : 3 * rate // 4] for path in (source, out))
    assert np.sqrt((after**2).mean() / (before**2).mean()) == pytest.approx(10 ** (-6 / 20), rel=0.05)
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_a_sound_that_starts_after_the_picture_begins_with_silence(tmp_path, ending):
    """So that times are those of the video, as for captions; it begins at the same time in a copy, and in its copy."""
    paths = [tmp_path / f"{name}{ending}" for name in "abc"]
    write_video(paths[0], start_seconds=START_SECONDS)
    for source, out in pairwise(paths):
        wavewright.edit(source, out, do="gain -6dB", quiet=True)
    for path in paths:
        clip = Clip.read(path)
        assert clip.seconds == pytest.approx(START_SECONDS + 1.0, abs=0.05)
        assert clip.seconds == pytest.approx(open_sound(path).header.seconds, abs=0.05)
        start = round(START_SECONDS * clip.sample_rate)
        assert np.abs(clip.wave[:, : start - round(0.03 * clip.sample_rate)]).max() < 1e-3
        assert clip.wave[:, start : start + 2_000].std() > 0.03


@pytest.mark.parametrize(
    ("ending", "codec", "sample_format", "bits"),
    [
        (".wv", "wavpack", "s16p", 16),
        (".wv", "wavpack", "s32p", 24),
        (".wv", "wavpack", "fltp", 32),
        (".tta", "tta", "s32", 24),
        (".mka", "pcm_s24le", "s32", 24),
    ],
)
def test_lossless_files_stay_so(tmp_path, ending, codec, sample_format, bits):
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV cannot write {codec}")
    source, out = tmp_path / f"a{ending}", tmp_path / "b.wav"
    wave = np.random.default_rng(1).integers(-(2**23), 2**23, (1, RATE)).astype(np.float32) / 2**23
    is_integer = sample_format.startswith("s")
    n_bits = int(sample_format[1:3]) if is_integer else 0
    samples = (wave.astype(np.float64) * 2.0 ** (n_bits - 1)).astype(f"int{n_bits}") if is_integer else wave
    with av.open(str(source), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono", format=sample_format)
        frame = av.AudioFrame.from_ndarray(samples, format=sample_format, layout="mono")
        frame.rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    wavewright.edit(source, out, do="gain 0dB", quiet=True)
    written = Clip.read(out)
    assert open_sound(out).header.subtype == {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"}[bits]
    np.testing.assert_array_equal(written.wave, Clip.read(source).wave)


@pytest.mark.parametrize("keeps_sound", [False, True])
def test_titles_and_roles_of_tracks_of_sound_stay(tmp_path, keeps_sound):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mkv"
    roles = av.stream.Disposition
    with av.open(str(source), "w") as container:
        for title, role in (("Main", roles.default), ("Commentary", roles.comment)):
            sound = container.add_stream("ac3", rate=RATE, layout="stereo")
            sound.metadata["title"], sound.disposition = title, role
        for sound in container.streams.audio:
            frame = av.AudioFrame.from_ndarray(np.zeros((2, RATE), np.float32), format="fltp", layout="stereo")
            frame.rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
            container.mux([*sound.encode(frame), *sound.encode(None)])
    tracks = VideoTracks("en", keeps_sound=True, sound_language="de") if keeps_sound else VideoTracks()
    with pytest.warns(SoundWarning, match="holds 2 tracks of sound; the first was read"):
        clip = Clip.read(source)
    replace_sound(source, out, iter([clip]), None, tracks)
    with av.open(str(out)) as container:
        found = [(stream.metadata.get("title"), stream.disposition) for stream in container.streams.audio]
    if keeps_sound:
        assert found == [(None, roles.default), ("Main", roles(0)), ("Commentary", roles.comment)]
    else:
        assert found == [("Main", roles.default), ("Commentary", roles.comment)]


def element(identifier, *contents):
    """Return an element of Matroska."""
    content = b"".join(each.encode() if isinstance(each, str) else each for each in contents)
    return identifier + (1 << 56 | len(content)).to_bytes(8) + content


def write_annotated(path):
    """Write a video with what mkvmerge writes and PyAV does not read: it reads last titles, and no chapters within."""
    write_video(path)
    times = {0x91: (0.0, 0.25, 0.75), 0x92: (0.75, 0.5, 1.0)}
    start, end = ([element(bytes([each]), round(1e9 * time).to_bytes(8)) for time in times[each]] for each in times)
    shown = [element(b"\x80", element(b"\x85", text), element(b"\x43\x7c", language)) for text, language in DISPLAYED]
    within = element(b"\xb6", start[1], end[1], shown[2])
    chapters = [element(b"\xb6", start[0], end[0], shown[0], shown[1], within), element(b"\xb6", start[2], shown[3])]
    tag = element(b"\x67\xc8", element(b"\x45\xa3", "TITLE"), element(b"\x44\x87", "The series"))
    added = [
        element(bytes.fromhex("15 49 A9 66"), element(b"\x7b\xa9", "The film")),
        element(bytes.fromhex("10 43 A7 70"), element(b"\x45\xb9", *chapters)),
        element(bytes.fromhex("12 54 C3 67"), element(b"\x73\x73", tag)),
        element(bytes.fromhex("16 54 AE 6B"), element(b"\xae", element(b"\x22\xb5\x9d", "en-GB"))),
        element(bytes.fromhex("19 41 A4 69"), element(b"\x61\xa7", element(b"\x46\x7e", "a font"))),
    ]
    content = path.read_bytes()
    for name in ("15 49 A9 66", "10 43 A7 70"):  # PyAV's own become padding (EBML's void elements)
        at = content.rindex(bytes.fromhex(name))  # behind the table of the elements
        n_size = 9 - content[at + 4].bit_length()
        size = int.from_bytes(content[at + 4 : at + 4 + n_size]) & (1 << 7 * n_size) - 1
        void = b"\xec" + (1 << 56 | size + n_size - 5).to_bytes(8)
        content = content[:at] + void + content[at + 9 :]
    at = content.index(bytes.fromhex("18 53 80 67")) + 4
    size = int.from_bytes(content[at : at + 8]) + sum(map(len, added))
    path.write_bytes(content[:at] + size.to_bytes(8) + content[at + 8 :] + b"".join(added))


DISPLAYED = [("Part", "eng"), ("Teil", "ger"), ("Within", "eng"), ("Second", "eng")]


@pytest.mark.parametrize("out", ["b.mkv", "b.wav", "b.mp3"])
def test_titles_and_chapters_of_matroska_that_pyav_does_not_read(tmp_path, out):
    source = tmp_path / "a.mkv"
    write_annotated(source)
    message = "further texts of its markers, the part 'language en-GB', the part 'description a font'"
    with pytest.warns(SoundWarning, match=message):
        wavewright.edit(source, tmp_path / out, do="gain -6dB", quiet=True)
    expected = [(0.0, "Part"), (0.25, "Within"), (0.75, "Second")]
    metadata = open_sound(tmp_path / out).metadata
    assert [(marker.start, marker.label) for marker in metadata.markers] == expected
    assert metadata.values["title"][0] == "The film"
    if out != "b.wav":  # of whose cue points FFmpeg reads no labels
        assert [(start, label) for start, _, label in chapters_of(tmp_path / out)] == expected
        assert {name.lower(): text for name, text in tags_of(tmp_path / out).items()}["title"].startswith("The film")


def test_tags_that_a_copy_of_a_video_lacks_are_named(tmp_path):
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    with av.open(str(source), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update({"title": "T", "mood": "calm", "replaygain_track_gain": "-3 dB"})
        sound = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE), np.float32), format="fltp", layout="mono")
        frame.rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        container.mux([*sound.encode(frame), *sound.encode(None)])
    lost = r"Left out: its level \(replaygain_track_gain\), the tag 'mood'\.$"
    with pytest.warns(SoundWarning, match=lost):
        wavewright.edit(source, out, do="gain -6dB", quiet=True)
    assert tags_of(out)["title"] == "T"
