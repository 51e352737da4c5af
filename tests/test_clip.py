"""Clips and sound files: round trips, formats, tags and faulty files."""

import errno
import struct
import sys
import warnings

import numpy as np
import pytest
import soundfile

from wavewright.audio import sound_file
from wavewright.audio.clip import Clip, write_blocks
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio, BadFolder, BadSetting, MissingExtra, SoundWarning, WavewrightError

RATE = 44_100


def tones(seconds=0.5, sample_rate=RATE, n_channels=2):
    """Sines of 440 Hz, 660 Hz ... at a level of -6 dB."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.stack([0.5 * np.sin(2 * np.pi * 220 * (channel + 2) * time) for channel in range(n_channels)]).astype(
        np.float32
    )


def correlation(reference, estimate):
    return float(np.corrcoef(reference.ravel(), estimate.ravel())[0, 1])


# --- the clip itself


def test_clip_knows_its_sizes():
    clip = Clip(np.zeros((2, RATE // 2)), RATE)
    assert (clip.n_channels, clip.n_samples, clip.seconds) == (2, RATE // 2, 0.5)
    assert clip.wave.dtype == np.float32


def test_mono_is_the_mean_of_the_channels():
    clip = Clip(np.array([[1.0, 0.0], [0.0, -1.0]]), RATE)
    np.testing.assert_array_equal(clip.mono().wave, [[0.5, -0.5]])


@pytest.mark.parametrize(("source", "target"), [(44_100, 48_000), (48_000, 16_000), (22_050, 44_100)])
def test_resampling_keeps_a_sine(source, target):
    clip = Clip(tones(0.5, source), source).resample(target)
    expected = tones(0.5, target)
    assert clip.wave.shape == expected.shape
    middle = slice(target // 20, -target // 20)
    np.testing.assert_allclose(clip.wave[:, middle], expected[:, middle], atol=1e-3)


@pytest.mark.parametrize(
    ("wave", "sample_rate", "kind", "word"),
    [
        (np.zeros(10), RATE, BadAudio, "channels, time"),
        (np.zeros((RATE, 2)), RATE, BadAudio, "channels, time"),
        (np.zeros((1, 10), np.int16), RATE, BadAudio, "int16"),
        (np.zeros((1, 10)), 0, BadSetting, "sample rate"),
        (np.zeros((1, 10)), 44_100.5, BadSetting, "sample rate"),
        (np.zeros((1, 10)), 2**31, BadSetting, "sample rate"),
    ],
)
def test_impossible_clips_are_refused(wave, sample_rate, kind, word):
    with pytest.raises(kind, match=word):
        Clip(wave, sample_rate)


# --- round trips


@pytest.mark.parametrize(
    ("ending", "subtype", "step"),
    [
        (".wav", None, 2**-15),
        (".wav", "PCM_16", 2**-15),
        (".wav", "PCM_24", 2**-23),
        (".wav", "PCM_32", 2**-23),
        (".wav", "PCM_U8", 2**-7),
        (".wav", "FLOAT", 0.0),
        (".flac", None, 2**-15),
        (".flac", "PCM_24", 2**-23),
        (".aiff", None, 2**-15),
    ],
)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_lossless_files_keep_every_sample_to_half_a_step(tmp_path, ending, subtype, step, n_channels):
    clip = Clip(tones(n_channels=n_channels), RATE)
    path = clip.write(tmp_path / f"tone{ending}", subtype)
    again = Clip.read(path)
    assert again.sample_rate == RATE
    np.testing.assert_allclose(again.wave, clip.wave, rtol=0, atol=step / 2 + 1e-9)
    # what was rounded once is not rounded again
    np.testing.assert_array_equal(Clip.read(again.write(tmp_path / f"again{ending}", subtype)).wave, again.wave)


@pytest.mark.parametrize(("ending", "sample_rate"), [(".ogg", 44_100), (".mp3", 44_100), (".opus", 48_000)])
def test_lossy_files_keep_length_and_shape(tmp_path, ending, sample_rate):
    clip = Clip(tones(1.0, sample_rate), sample_rate)
    again = Clip.read(clip.write(tmp_path / f"tone{ending}"))
    assert again.wave.shape == clip.wave.shape
    assert again.sample_rate == sample_rate
    assert correlation(clip.wave, again.wave) > 0.99


def test_opus_takes_any_rate_and_stores_48_khz(tmp_path):
    path = Clip(tones(1.0), RATE).write(tmp_path / "tone.opus")
    header = open_sound(path).header
    assert (header.sample_rate, header.subtype) == (48_000, "OPUS")
    assert header.n_samples == pytest.approx(48_000, abs=1)
    expected = tones(1.0, 48_000)
    assert correlation(expected[:, :47_000], Clip.read(path).wave[:, :47_000]) > 0.99


def test_mp3_of_a_high_rate_is_stored_at_its_highest(tmp_path):
    with pytest.warns(SoundWarning, match="Left out: its sample rate of 96000 Hz"):
        path = Clip(tones(0.5, 96_000), 96_000).write(tmp_path / "tone.mp3")
    assert open_sound(path).header.sample_rate == 48_000


def test_a_minute_of_stereo_ogg_can_be_written(tmp_path):
    """One call with so much sound overflows libsndfile's stack and ends the interpreter."""
    clip = Clip(np.tile(tones(1.0), 60), RATE)
    header = open_sound(clip.write(tmp_path / "minute.ogg")).header
    assert (header.n_samples, header.n_channels) == (60 * RATE, 2)


def test_samples_beyond_full_scale_are_clipped_in_integers_and_kept_in_floats(tmp_path):
    clip = Clip(np.array([[2.0, -2.0, 0.25]]), RATE)
    np.testing.assert_array_equal(
        Clip.read(clip.write(tmp_path / "a.wav")).wave, np.float32([[1 - 2**-15, -1.0, 0.25]])
    )
    np.testing.assert_array_equal(Clip.read(clip.write(tmp_path / "b.wav", "FLOAT")).wave, clip.wave)


def test_a_single_sample_is_a_clip(tmp_path):
    path = Clip(np.array([[0.5]]), RATE).write(tmp_path / "one.wav")
    assert Clip.read(path).wave.tolist() == [[0.5]]


# --- parts and blocks


def test_mp3_chunks_join_without_a_seam(tmp_path):
    """soundfile seeks between two reads, after which libsndfile's MP3 decoder begins with silence."""
    path = Clip(tones(4.0, n_channels=1), RATE).write(tmp_path / "tone.mp3")
    whole, _ = soundfile.read(path, dtype="float32", always_2d=True)
    np.testing.assert_array_equal(Clip.read(path).wave, whole.T)


def test_flac_of_unknown_length_is_read(tmp_path):
    path = tmp_path / "piped.flac"
    path.write_bytes(lying_flac(tmp_path, 0))
    assert open_sound(path).header.n_samples is None
    np.testing.assert_array_equal(Clip.read(path).wave, np.full((1, 10_000), 0.25))


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3", ".opus"])
def test_a_part_equals_the_same_part_of_the_whole(tmp_path, ending):
    path = Clip(tones(3.0, 48_000), 48_000).write(tmp_path / f"tone{ending}")
    whole = Clip.read(path).wave
    part = Clip.read(path, start_seconds=1.25, seconds=0.5).wave
    np.testing.assert_array_equal(part, whole[:, 60_000:84_000])
    np.testing.assert_array_equal(Clip.read(path, start_seconds=2.9, seconds=5.0).wave, whole[:, 139_200:])


@pytest.mark.parametrize("block_seconds", [0.01, 0.7, 100.0])
def test_blocks_laid_end_to_end_are_the_file(tmp_path, block_seconds):
    path = Clip(tones(2.0), RATE).write(tmp_path / "tone.flac")
    blocks = list(open_sound(path).blocks(block_seconds))
    assert {block.shape[1] for block in blocks[:-1]} <= {round(block_seconds * RATE)}
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), Clip.read(path).wave)


@pytest.mark.parametrize("ending", [".wav", ".flac", ".opus"])
def test_blocks_are_written_as_one_file(tmp_path, ending):
    clip = Clip(tones(2.0), RATE)
    pieces = (Clip(clip.wave[:, start : start + 10_000], RATE) for start in range(0, clip.n_samples, 10_000))
    path = tmp_path / f"blocks{ending}"
    header = write_blocks(path, pieces)
    assert header.n_samples == open_sound(path).header.n_samples
    in_blocks = Clip.read(path)
    at_once = Clip.read(clip.write(tmp_path / f"once{ending}"))
    np.testing.assert_array_equal(in_blocks.wave, at_once.wave)


def test_blocks_that_do_not_fit_together_are_refused(tmp_path):
    clips = [Clip(tones(0.1), RATE), Clip(tones(0.1, 48_000), 48_000)]
    with pytest.raises(BadAudio, match="48000 Hz"):
        write_blocks(tmp_path / "mixed.wav", clips)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [{"start_seconds": -1.0}, {"seconds": 0.0}, {"seconds": float("nan")}])
def test_impossible_segments_are_refused(tmp_path, arguments):
    path = Clip(tones(), RATE).write(tmp_path / "tone.wav")
    with pytest.raises(BadSetting):
        Clip.read(path, **arguments)


def test_a_start_behind_the_end_says_how_long_the_file_is(tmp_path):
    path = Clip(tones(), RATE).write(tmp_path / "tone.wav")
    with pytest.raises(BadAudio, match=r"0\.500 s long"):
        Clip.read(path, start_seconds=3.0)


# --- tags


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff"])
def test_tags_come_back(tmp_path, ending):
    tags = {"title": "Große Trommel", "artist": "nobody", "comment": '{"seed": 7, "model": "drums"}'}
    path = Clip(tones(), RATE).write(tmp_path / f"tone{ending}", metadata=tags)
    assert {name: open_sound(path).tags.get(name) for name in tags} == tags


def test_the_software_tag_comes_back_without_libsndfile(tmp_path):
    path = Clip(tones(), RATE).write(tmp_path / "tone.wav", metadata={"software": "Wavewright 0.1"})
    assert open_sound(path).tags == {"software": "Wavewright 0.1"}


def test_tags_that_would_be_lost_are_refused(tmp_path):
    clip = Clip(tones(), RATE)
    with pytest.raises(BadSetting, match="'mood' is no tag"):
        clip.write(tmp_path / "a.wav", metadata={"mood": "dark"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff"])
def test_a_long_tag_comes_back(tmp_path, ending):
    tags = {"comment": "x" * 5_000, "lyrics": "one\ntwo", "composer": "Grażyna Bacewicz"}
    assert open_sound(Clip(tones(), RATE).write(tmp_path / f"a{ending}", metadata=tags)).tags == tags


# --- files that are wrong


def wav_bytes(tmp_path, n_samples=10_000, sample_rate=RATE):
    path = tmp_path / "good.wav"
    soundfile.write(path, np.full((n_samples, 1), 0.25), sample_rate, subtype="PCM_16")
    return bytearray(path.read_bytes())


def put(raw, mark, offset, layout, number):
    """Overwrite a number ``offset`` bytes behind a chunk's mark."""
    struct.pack_into(layout, raw, raw.index(mark) + offset, number)
    return raw


def lying_flac(tmp_path, n_samples):
    path = tmp_path / "good.flac"
    soundfile.write(path, np.full((10_000, 1), 0.25), RATE)
    raw = bytearray(path.read_bytes())
    word = int.from_bytes(raw[18:26], "big")
    raw[18:26] = (word - word % 2**36 + n_samples).to_bytes(8, "big")
    return raw


BAD_FILES = {
    "empty": (lambda tmp: b"", "wav", "empty file"),
    "text": (lambda tmp: b"To whom it may concern" * 50, "wav", "not a sound file"),
    "noise": (lambda tmp: np.random.default_rng(0).bytes(5_000), "ogg", "not a sound file"),
    "noise mp3": (lambda tmp: np.random.default_rng(0).bytes(5_000), "mp3", "damaged"),
    "raw": (lambda tmp: bytes(5_000), "raw", "not a sound file"),
    "cut in the header": (lambda tmp: wav_bytes(tmp)[:30], "wav", "damaged"),
    "no samples": (lambda tmp: wav_bytes(tmp, 0), "wav", "no samples"),
    "65535 channels": (lambda tmp: put(wav_bytes(tmp), b"fmt ", 10, "<H", 65_535), "wav", "damaged"),
    "no channels": (lambda tmp: put(wav_bytes(tmp), b"fmt ", 10, "<H", 0), "wav", "damaged"),
    "rate of 3 Hz": (lambda tmp: wav_bytes(tmp, sample_rate=3), "wav", "sample rate is 3 Hz"),
    "rate of 2 GHz": (lambda tmp: wav_bytes(tmp, sample_rate=2_000_000_000), "wav", "sample rate is 2000000000 Hz"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_refused_with_the_reason(tmp_path, name, capfd):
    content, ending, words = BAD_FILES[name]
    path = tmp_path / f"bad.{ending}"
    path.write_bytes(content(tmp_path))
    with pytest.raises(BadAudio, match=words) as caught:
        Clip.read(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff"])
@pytest.mark.parametrize("fraction", [0.5, 0.8])
def test_of_files_cut_short_what_there_is_is_read(tmp_path, ending, fraction, capfd):
    wave = np.random.default_rng(3).uniform(-0.5, 0.5, (2, 3 * RATE)).astype(np.float32)
    path = Clip(wave, RATE).write(tmp_path / f"whole{ending}")
    whole = Clip.read(path).wave
    cut = tmp_path / f"cut{ending}"
    cut.write_bytes(path.read_bytes()[: int(fraction * path.stat().st_size)])
    with pytest.warns(SoundWarning, match=r"cut\.\w+ .*cut short.*\.$"):
        rest = Clip.read(cut).wave
    assert abs(rest.shape[1] - fraction * whole.shape[1]) < RATE, "a page of Ogg is a second long"
    n_alike = rest.shape[1] - 2_000
    np.testing.assert_array_equal(rest[:, :n_alike], whole[:, :n_alike])
    assert capfd.readouterr().err == "", "libraries print nothing"
    with pytest.raises(BadAudio, match="cut short"):
        list(open_sound(cut).blocks(strict=True))


@pytest.mark.parametrize(("n_missing", "is_short"), [(0, False), (10, False), (960, True)])
def test_an_opus_file_may_lack_its_very_last_samples(tmp_path, monkeypatch, n_missing, is_short):
    path = tmp_path / "long.opus"
    Clip(np.random.default_rng(0).standard_normal((1, 48_000)).clip(-1, 1), 48_000).write(path)
    read = sound_file._SequentialFile.read_chunk
    monkeypatch.setattr(
        sound_file._SequentialFile, "read_chunk", lambda file, dtype: read(file, dtype)[: 48_000 - n_missing]
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert Clip.read(path).n_samples == 48_000 - n_missing
    assert bool(caught) is is_short


def test_a_header_that_lies_is_not_believed(tmp_path):
    path = tmp_path / "lying.flac"
    path.write_bytes(lying_flac(tmp_path, 2**36 - 1))
    with pytest.warns(SoundWarning, match="promises 68719476735 samples and holds 10000"):
        assert Clip.read(path).n_samples == 10_000


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_both_ways(tmp_path, number):
    wave = tones()
    wave[1, RATE // 4] = number
    path = tmp_path / "broken.wav"
    soundfile.write(path, wave.T, RATE, subtype="FLOAT")
    with pytest.raises(BadAudio, match=r"not a finite number, at 0\.2500 s"):
        Clip.read(path)
    with pytest.raises(BadAudio, match="not finite"):
        Clip(wave, RATE).write(tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(BadAudio, match="does not exist"):
        Clip.read(tmp_path / "missing.wav")
    with pytest.raises(BadAudio, match="is a folder"):
        Clip.read(tmp_path)


def test_damage_in_the_middle_is_detected(tmp_path):
    path = Clip(np.random.default_rng(0).uniform(-0.5, 0.5, (1, RATE)), RATE).write(tmp_path / "noise.flac")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(raw)
    with pytest.warns(SoundWarning, match="is damaged or cut short after 0"):
        assert Clip.read(path).n_samples == RATE
    with pytest.raises(BadAudio, match="damaged or cut short"):
        list(open_sound(path).blocks(strict=True))


# --- writing that cannot be


def test_impossible_targets_are_refused(tmp_path):
    clip = Clip(tones(), RATE)
    with pytest.raises(BadSetting, match=r"\.txt"):
        clip.write(tmp_path / "tone.txt")
    with pytest.raises(BadSetting, match="VORBIS"):
        clip.write(tmp_path / "tone.wav", "VORBIS")
    with pytest.raises(BadFolder, match="does not exist"):
        clip.write(tmp_path / "nowhere" / "tone.wav")
    with pytest.raises(BadAudio, match="no samples"):
        Clip(np.zeros((1, 0)), RATE).write(tmp_path / "tone.wav")
    with pytest.raises(BadAudio, match="at least one clip"):
        write_blocks(tmp_path / "tone.wav", [])
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = Clip(tones(), RATE).write(tmp_path / "tone.wav")
    before = path.read_bytes()

    def refuse(self, data):
        raise OSError(errno.ENOSPC, "no space left to write")

    monkeypatch.setattr(soundfile.SoundFile, "write", refuse)
    with pytest.raises(WavewrightError, match="no space left to write"):
        Clip(tones(1.0), RATE).write(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_source_that_fails_halfway_leaves_nothing(tmp_path):
    def blocks():
        yield Clip(tones(), RATE)
        raise BadAudio("the second block is broken.")

    with pytest.raises(BadAudio, match="second block"):
        write_blocks(tmp_path / "tone.wav", blocks())
    assert list(tmp_path.iterdir()) == []


# --- every other format


def test_other_formats_name_the_extra_that_they_need(tmp_path, monkeypatch):
    path = tmp_path / "song.m4a"
    path.write_bytes(b"\x00\x00\x00\x20ftypM4A " + bytes(100))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"\.\[media\]"):
        Clip.read(path)


def write_media(path, codec, wave, sample_rate):
    """Encode a wave ``(channels, time)`` with PyAV."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=sample_rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = sample_rate, 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


@pytest.mark.parametrize(("ending", "codec"), [("m4a", "aac"), ("aac", "aac"), ("webm", "libopus")])
def test_other_formats_are_read(tmp_path, ending, codec):
    path = tmp_path / f"song.{ending}"
    wave = tones(1.0, 48_000)
    write_media(path, codec, wave, 48_000)
    clip = Clip.read(path)
    assert (clip.sample_rate, clip.n_channels) == (48_000, 2)
    assert clip.n_samples == pytest.approx(48_000, abs=4_096)
    assert abs(np.abs(np.fft.rfft(clip.wave[0, :48_000])).argmax() - 440) <= 1
    part = Clip.read(path, start_seconds=0.25, seconds=0.5)
    np.testing.assert_array_equal(part.wave, clip.wave[:, 12_000:36_000])


def test_other_formats_cut_short_are_refused(tmp_path):
    path = tmp_path / "song.m4a"
    write_media(path, "aac", tones(2.0, 48_000), 48_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadAudio, match="cut short"):
        Clip.read(path)


def test_a_track_of_an_unknown_codec_is_refused(tmp_path):
    path = tmp_path / "song.m4a"
    write_media(path, "aac", tones(0.1, 48_000), 48_000)
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"zz99").replace(b"esds", b"zzzz"))
    with pytest.raises(BadAudio, match=r"song\.m4a holds an audio track that cannot be decoded"):
        Clip.read(path)
