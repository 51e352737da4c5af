"""Channels of surround sound: downmixes and loudness are those of FFmpeg and of ITU-R BS.775 and BS.1770."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from wavewright import Chain, Clip, analyse, edit
from wavewright.audio.file_formats.metadata import SoundMetadata
from wavewright.audio.file_formats.vorbis_metadata import write_flac
from wavewright.audio.media_samples import native_order
from wavewright.audio.sound_file import SoundFormat, open_sound
from wavewright.audio.wave_blocks import at_most_stereo, with_channels
from wavewright.base.channel_layouts import FFMPEG_NAMES, LAYOUTS, PLACES_FIELD, USUAL_PLACES, mono_weights
from wavewright.base.errors import BadSetting, SoundWarning
from wavewright.dsp.loudness import integrated_loudness
from wavewright.effects import EFFECTS

RATE = 48_000
FFMPEG_LAYOUTS = {3: "3.0", 4: "quad", 5: "5.0(side)", 6: "5.1(side)", 7: "6.1", 8: "7.1"}


def noise(n_channels: int, seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    size = (n_channels, round(seconds * RATE))
    return (0.1 * np.random.default_rng(seed).standard_normal(size)).astype(np.float32)


@pytest.mark.parametrize("n_channels", FFMPEG_LAYOUTS)
def test_the_stereo_downmix_is_that_of_ffmpeg(n_channels):
    av = pytest.importorskip("av")
    wave = noise(n_channels)
    interleaved = np.ascontiguousarray(wave.T).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=FFMPEG_LAYOUTS[n_channels])
    frame.rate = RATE
    (mixed,) = av.AudioResampler(format="fltp", layout="stereo", rate=RATE).resample(frame)
    np.testing.assert_allclose(Chain.parse("stereo")(wave, RATE), mixed.to_ndarray(), atol=1e-5)


@pytest.mark.parametrize("n_channels", range(1, 12))
def test_mono_is_the_mean_of_the_stereo_downmix_everywhere(tmp_path, n_channels):
    wave = noise(n_channels, 0.2)
    mono = Chain.parse("mono")(wave, RATE)
    if 3 <= n_channels <= 8:
        np.testing.assert_allclose(mono, Chain.parse("stereo; mono")(wave, RATE), atol=1e-6)
    else:
        np.testing.assert_allclose(mono, wave.mean(axis=0, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(Clip(wave, RATE).mono().wave, mono, atol=1e-6)
    np.testing.assert_allclose(with_channels(wave, 1), mono, atol=1e-6)


@pytest.mark.parametrize("n_channels", range(1, 9))
@pytest.mark.parametrize("name", sorted(set(EFFECTS) - {"convolve", "duck"}))
def test_an_effect_for_other_channels_names_the_one_that_helps(name, n_channels):
    source, refusal = SoundFormat(RATE, n_channels, 1.0), ""
    try:
        Chain.parse(name).formats(source)
    except BadSetting as error:
        refusal = str(error)
    if refusal:
        helps = re.search(r"this has \d channels?; write '(mono|stereo)' before it\.$", refusal)
        assert helps, refusal
        Chain.parse(f"{helps[1]}; {name}").formats(source)


def test_the_low_frequency_channel_is_in_no_downmix():
    for n_channels in (6, 7, 8):
        lfe = LAYOUTS[n_channels].index("LFE")
        assert mono_weights(n_channels)[lfe] == 0
        only = np.zeros((n_channels, 100), np.float32)
        only[lfe] = 0.5
        assert not Chain.parse("stereo")(only, RATE).any()


def test_more_channels_have_no_stereo_downmix():
    with pytest.raises(BadSetting, match="up to 8 channels, and this has 9"):
        Chain.parse("stereo")(noise(9, 0.1), RATE)


@pytest.mark.parametrize("n_channels", [3, 4, 6])
def test_the_loudness_of_surround_sound_is_that_of_ffmpeg(n_channels):
    av = pytest.importorskip("av", minversion="18.1")  # below, frames have no metadata
    wave = noise(n_channels, 3.0)
    graph = av.filter.Graph()
    layout = {**FFMPEG_LAYOUTS, 6: "5.1"}[n_channels]
    source = graph.add_abuffer(sample_rate=RATE, format="fltp", layout=layout, time_base="1/48000")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout=layout)
    frame.rate, frame.pts = RATE, 0
    graph.push(frame)
    graph.push(None)
    lufs = None
    while True:
        try:
            lufs = float(graph.pull().metadata["lavfi.r128.I"])
        except (av.error.EOFError, av.error.BlockingIOError):
            break
    assert integrated_loudness(wave, RATE) == pytest.approx(lufs, abs=0.05)


@pytest.mark.parametrize(
    ("n_channels", "n_full", "n_surround"), [(4, 2, 2), (7, 4, 2), (8, 5, 2), (6, 3, 2), (5, 3, 2)]
)
def test_channels_count_as_their_positions(n_channels, n_full, n_surround):
    wave = noise(n_channels, 2.0)
    one = integrated_loudness(wave[:1], RATE)
    expected = one + 10 * math.log10(n_full + 1.41 * n_surround)
    assert integrated_loudness(wave, RATE) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    "mixing", ["stereo", "mono", "width 0.3; swap", "balance -0.5", "midside; leftright", "pan 0.4"]
)
@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_the_loudness_of_a_chain_is_that_behind_its_mixing(n_channels, mixing):
    wave = noise(n_channels, 2.0)
    try:
        mixed = Chain.parse(f"loudness -20LUFS; {mixing}; gain 0dB")(wave, RATE)
    except BadSetting:
        assert n_channels == 6 or (n_channels == 1) != mixing.startswith("pan")
        return
    assert integrated_loudness(mixed, RATE) == pytest.approx(-20.0, abs=0.01)


def test_dual_mono_is_measured_as_two_loudspeakers(tmp_path):
    source = Clip(noise(1, 2.0), RATE).write(tmp_path / "a.wav", "FLOAT")
    mono = edit(source, do="loudness -20LUFS dual_mono=yes").out
    stereo = edit(mono, tmp_path / "b.wav", do="stereo").out
    assert integrated_loudness(Clip.read(stereo).wave, RATE) == pytest.approx(-20.0, abs=0.01)
    report = analyse(mono)
    assert report.loudness.dual_mono_lufs == pytest.approx(-20.0, abs=0.02)
    assert "dual mono -20.0" in str(report)
    assert analyse(stereo).loudness.dual_mono_lufs is None


@pytest.mark.parametrize("second", [-1.0, -0.9])
def test_channels_that_cancel_each_other_in_mono_are_warned_of(tmp_path, second):
    left = noise(1)
    opposite = Clip(np.concatenate([left, second * left]), RATE).write(tmp_path / "a.wav", "FLOAT")
    edited = edit(opposite, do="gain 1dB; mono")
    assert "cancel each other" in str(edited)
    assert len(edited.files[0].notes) == 1
    alone = edit(opposite, tmp_path / "left.wav", do="balance -1; mono; gain 6.0206dB")
    np.testing.assert_allclose(Clip.read(alone.out).wave, left, atol=1e-5)
    for unlike in (noise(2), np.concatenate([left, left]), np.zeros((2, RATE), np.float32), noise(6)):
        wide = Clip(unlike, RATE).write(tmp_path / "wide.wav", "FLOAT")
        assert edit(wide, do="mono").files[0].notes == ()


def mask_in(path):
    """Return the mask of the places of channels in the format of a WAV file, 0 without one."""
    form = path.read_bytes().partition(b"fmt ")[2]
    return int.from_bytes(form[24:28], "little") if form[4:6] == b"\xfe\xff" else 0


@pytest.mark.parametrize("mask", [0x7, 0xB, 0x33, 0x107, 0x603, 0x607, 0x3F, 0x60F, 0x737, 0xFF])
@pytest.mark.parametrize("over", ["wav", "flac"])
def test_places_of_channels_go_through_wav_and_flac(tmp_path, mask, over):
    """5.0 with side channels, 2.1, an octagon ...: as their masks say."""
    n_channels = mask.bit_count()
    source = tmp_path / "a.wav"
    soundfile.write(source, noise(n_channels, 0.1).T, RATE, "PCM_24", format="WAVEX")
    content = bytearray(source.read_bytes())
    start = content.index(b"fmt ") + 28
    content[start : start + 4] = mask.to_bytes(4, "little")
    source.write_bytes(content)
    edit(source, tmp_path / f"b.{over}", do="gain -1dB", quiet=True)  # a loss would be a warning, and fail
    edit(tmp_path / f"b.{over}", tmp_path / "c.wav", do="gain 0dB", quiet=True)
    assert mask_in(tmp_path / "c.wav") == mask


def masked(path, wave, mask):
    """Write a WAV file with the mask of the places of its channels."""
    soundfile.write(path, wave.T, RATE, "PCM_24", format="WAVEX")
    content = bytearray(path.read_bytes())
    start = content.index(b"fmt ") + 28
    content[start : start + 4] = mask.to_bytes(4, "little")
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("mask", [0xB, 0x10F, 0x107, 0x103, 0x707, 0x637, 0x13F, 0x37, 0x603])
def test_channels_are_mixed_and_measured_by_their_places(tmp_path, mask):
    """2.1, 4.1, 4.0, 3.0 with the back, 6.0, 7.0 ...: as a usual layout that is silent where they have nothing."""
    names = [name for bit, name in enumerate(FFMPEG_NAMES) if mask >> bit & 1]
    if "Ls" not in names:
        names = [{"Lb": "Ls", "Rb": "Rs"}.get(name, name) for name in names]
    layout = next(layout for layout in LAYOUTS.values() if set(names) <= set(layout))
    wave = noise(len(names), 0.5)
    whole = np.zeros((len(layout), wave.shape[1]), np.float32)
    whole[[layout.index(name) for name in names]] = wave
    source = masked(tmp_path / "a.wav", wave, mask)
    usual = Clip(whole, RATE).write(tmp_path / "b.wav", "PCM_24")
    for do in ("mono", "stereo", "mono; loudness -23LUFS"):
        left, right = (
            Clip.read(edit(path, path.with_name(f"{path.stem}-{len(do)}.flac"), do=do, quiet=True).out).wave
            for path in (source, usual)
        )
        np.testing.assert_allclose(left, right, atol=1e-6)
    for of in (lambda path: Clip.read(path).mono().wave, lambda path: Chain.parse("stereo").on(Clip.read(path)).wave):
        np.testing.assert_allclose(of(source), of(usual), atol=1e-6)
    measured = [analyse(path) for path in (source, usual)]
    assert measured[0].loudness.integrated_lufs == pytest.approx(measured[1].loudness.integrated_lufs, abs=0.01)
    normalised = edit(source, tmp_path / "c.wav", do="loudness -30LUFS", quiet=True).out
    assert analyse(normalised).loudness.integrated_lufs == pytest.approx(-30, abs=0.02)


MASKS = [
    0x7,
    0xB,
    0x107,
    0x33,
    0x603,
    0x3B,
    0x60B,
    0x37,
    0x3F,
    0x60F,
    0x13F,
    0x637,
    0x73F,
    0xFF,
    0xCF,
    0x560F,
    0x2D63F,
    0x3FFFF,
]


@pytest.mark.parametrize("over", ["wav", "flac", "aiff"])
@pytest.mark.parametrize("mask", MASKS)
def test_a_clip_says_the_places_of_the_file_that_it_is_read_from(tmp_path, mask, over):
    """Side and back, which sound alike where there is one pair, are told apart, as FFmpeg says."""
    av = pytest.importorskip("av")
    clip = Clip.read(masked(tmp_path / "a.wav", noise(mask.bit_count(), 0.1), mask))
    if over == "flac" and clip.n_channels > 8:
        pytest.skip("FLAC has place for eight channels")
    louder = Chain.parse("gain 1dB").on(clip.resample(44_100))
    for number, each in enumerate((clip, louder)):
        path = each.write(tmp_path / f"{number}.{over}")
        assert Clip.read(path).positions == clip.positions
        with av.open(str(path)) as container:
            names = [channel.name for channel in container.streams.audio[0].layout.channels]
        if over != "flac" or mask not in USUAL_PLACES:  # without the tag, FFmpeg takes FLAC's pair behind for the sides
            assert names == [name for bit, name in enumerate(FFMPEG_NAMES.values()) if mask >> bit & 1]


@pytest.mark.parametrize("mask", MASKS)
def test_a_clip_names_its_places_where_a_file_cannot_say_them(tmp_path, mask):
    clip = Clip.read(masked(tmp_path / "a.wav", noise(mask.bit_count(), 0.1), mask))
    is_usual = mask in USUAL_PLACES
    with nullcontext() if is_usual else pytest.warns(SoundWarning, match=r"Left out: the places of its channels\.$"):
        clip.write(tmp_path / "b.ogg")
    for mixed in (clip.mono(), Chain.parse("mono").on(clip)):
        mixed.write(tmp_path / "mono.ogg")  # a loss would be a warning, and fail
        assert mask_in(mixed.write(tmp_path / "mono.wav")) == 0


def test_a_clip_of_an_order_that_no_mask_says_is_written_without_one(tmp_path):
    wave = noise(3, 0.1)
    for positions in (None, ("R", "L", "C"), ("L", "R", "?")):
        assert mask_in(Clip(wave, RATE, positions).write(tmp_path / "a.wav")) == 0


@pytest.mark.parametrize("do", ["mono", "stereo", "gain -1dB"])
def test_places_go_through_a_pipe(tmp_path, do):
    source = masked(tmp_path / "a.wav", noise(3, 0.2), 0xB)
    whole = edit(source, tmp_path / "b.wav", do="gain 0dB", subtype="PCM_16", quiet=True).out
    command = [sys.executable, "-m", "wavewright", "edit", "-", "--do", do]
    piped = tmp_path / "piped.wav"
    piped.write_bytes(subprocess.run(command, input=whole.read_bytes(), capture_output=True, check=True).stdout)
    assert mask_in(piped) == (0xB if do.startswith("gain") else 0)
    expected = Clip.read(edit(whole, tmp_path / "c.wav", do=do, quiet=True).out).wave
    with soundfile.SoundFile(piped) as file:
        np.testing.assert_allclose(file.read(expected.shape[1], always_2d=True).T, expected, atol=2**-14)


USUAL_LAYOUTS = ("3.0", "quad", "5.0", "5.1", "6.1")
OTHER_LAYOUTS = ("2.1", "3.0(back)", "4.0", "4.1", "5.1(side)")
CODECS = {
    **{"a.opus": "libopus", "a.ogg": None, "a.m4a": None, "a.wv": "wavpack", "a.aiff": "pcm_s16be"},
    **{"a.caf": "pcm_s16be", "a.w64": "pcm_s16le", "a.mov": "pcm_s16le", "a.mka": "flac"},
}


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        *(
            (name, layout)
            for name in CODECS
            for layout in USUAL_LAYOUTS
            if (name, layout) not in (("a.m4a", "6.1"), ("a.mov", "6.1"))
        ),
        *((name, layout) for name in list(CODECS)[3:] for layout in OTHER_LAYOUTS),
    ],
)
def test_places_of_other_containers_go_into_a_wav_file(tmp_path, name, layout):
    """FFmpeg reads the same order and the same places of the source and of the result."""
    foreign = pytest.importorskip("tests.foreign_files")
    n_channels = foreign.av.AudioLayout(layout).nb_channels
    time = np.arange(RATE // 2) / RATE
    tones = np.array([0.3 * np.sin(2 * np.pi * (40 + 10 * number) * time) for number in range(n_channels)], np.float32)
    source, codec = tmp_path / name, CODECS[name]
    if codec is None:
        Clip(tones, RATE).write(source)
    else:
        options = {"mapping_family": "1"} if codec == "libopus" else {}
        foreign.encode(source, codec, tones, RATE, layout=layout, options=options)
    out = edit(source, tmp_path / "b.wav", do="gain -1dB", quiet=True).out
    with foreign.av.open(str(source)) as read, foreign.av.open(str(out)) as written:
        assert written.streams.audio[0].layout == read.streams.audio[0].layout
    for path in (source, out):
        spectra = np.abs(np.fft.rfft(foreign.decode(path)[1][:, -RATE // 2 :]))
        assert list(2 * spectra.argmax(axis=1)) == [40 + 10 * number for number in range(n_channels)]


@pytest.mark.parametrize(
    ("names", "expected", "layout"),
    [
        ("FC FL FR SL SR LFE", [1, 2, 0, 5, 3, 4], "FL+FR+FC+LFE+SL+SR"),
        ("FL FR XX", None, "3C"),
    ],
)
def test_an_order_of_its_own_is_that_of_wav_or_none(names, expected, layout):
    channels = [SimpleNamespace(name=name) for name in names.split()]
    opened = []
    context = SimpleNamespace(
        layout=SimpleNamespace(name=f"{len(channels)} channels ({'+'.join(names.split())})", channels=channels),
        open=lambda: opened.append(context.options),
    )
    container = SimpleNamespace(streams=SimpleNamespace(audio=[SimpleNamespace(codec_context=context)]))
    assert native_order(container) == expected
    assert opened == [{"ch_layout": layout}]
    context.layout.name = "5.1(side)"
    assert native_order(container) is None
    assert len(opened) == 1


@pytest.mark.parametrize("name", ["a.aiff", "a.caf"])
def test_an_order_of_aiff_and_caf_that_no_mask_says_is_named(tmp_path, name):
    foreign = pytest.importorskip("tests.foreign_files")
    source = foreign.encode(tmp_path / name, "pcm_s16be", noise(6), RATE, layout="5.1(side)")
    content = source.read_bytes()
    assert content.count((121 << 16 | 6).to_bytes(4)) == 1
    source.write_bytes(content.replace((121 << 16 | 6).to_bytes(4), (124 << 16 | 6).to_bytes(4)))
    with pytest.warns(SoundWarning, match=r"Left out: the (chunk 'CHAN'|part 'chan')\."):
        edit(source, tmp_path / "b.wav", do="gain -1dB", quiet=True)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
@pytest.mark.parametrize("mask", [0x600, 0x8])
def test_places_of_one_and_two_channels_that_are_not_usual_are_kept(tmp_path, name, mask):
    """Such as those of a pair of surrounds, which FFmpeg reads in the file that is made of it."""
    av = pytest.importorskip("av")
    source = masked(tmp_path / "source.wav", noise(mask.bit_count(), 0.1), mask)
    path = edit(
        edit(source, tmp_path / name, do="gain -1dB", quiet=True).out, tmp_path / f"again-{name}", do="gain 1dB"
    )
    for each in (path.out, edit(path.out, tmp_path / "last.wav", do="gain 1dB", quiet=True).out):
        with av.open(str(each)) as container:
            names = [channel.name for channel in container.streams.audio[0].layout.channels]
        assert names == [name for bit, name in enumerate(FFMPEG_NAMES.values()) if mask >> bit & 1]


@pytest.mark.parametrize("do", ["stereo", "mono", "gain -1dB"])
@pytest.mark.parametrize("out", ["b.wav", "b.flac", "b.ogg"])
def test_usual_places_are_no_loss(tmp_path, do, out):
    source = tmp_path / "a.wav"
    soundfile.write(source, noise(6, 0.1).T, RATE, "PCM_24", format="WAVEX")
    content = bytearray(source.read_bytes())
    start = content.index(b"fmt ") + 28
    content[start : start + 4] = (0x3F).to_bytes(4, "little")
    source.write_bytes(content)
    edit(source, tmp_path / out, do=do, quiet=True)  # a loss would be a warning, and fail


@pytest.mark.parametrize("n_channels", range(1, 11))
def test_more_than_two_channels_are_mixed_to_two(n_channels):
    wave = noise(n_channels, 0.1)
    mixed = at_most_stereo(wave)
    name = {1: "gain 0dB", 2: "gain 0dB", 9: "mono", 10: "mono"}.get(n_channels, "stereo")
    np.testing.assert_allclose(mixed, Chain.parse(name)(wave, RATE), atol=1e-6)


@pytest.mark.parametrize("over", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("mask", ["0x3", "0x0003", "0x03"])
def test_a_tag_of_the_usual_places_says_nothing(tmp_path, mask, over):
    plain, source = Clip(noise(2, 0.1), RATE).write(tmp_path / "plain.flac"), tmp_path / "a.flac"
    with plain.open("rb") as read, source.open("wb") as written:
        write_flac(read, written, SoundMetadata(((PLACES_FIELD, mask), ("title", "T"))))
    assert PLACES_FIELD.encode().lower() in source.read_bytes().lower()
    edit(source, tmp_path / f"b.{over}", do="gain -1dB", quiet=True)  # a loss would be a warning, and fail
    assert open_sound(tmp_path / f"b.{over}").tags["title"] == "T"


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5, 6, 8])
def test_aac_has_the_places_of_wav(tmp_path, n_channels):
    av = pytest.importorskip("av")
    path = Clip(noise(n_channels, 0.5), RATE).write(tmp_path / "a.m4a")
    with av.open(str(path)) as container:
        name = container.streams.audio[0].layout.name
    assert name == {1: "mono", 2: "stereo", **FFMPEG_LAYOUTS, 5: "5.0", 6: "5.1"}[n_channels]


@pytest.mark.parametrize("n_channels", [4, 8])
def test_alac_that_has_not_the_places_is_refused(tmp_path, n_channels):
    pytest.importorskip("av")
    with pytest.raises(BadSetting, match=rf"cannot hold {n_channels} channels as ALAC_16; it can hold one of 1, 2, 3"):
        Clip(noise(n_channels, 0.1), RATE).write(tmp_path / "a.m4a", subtype="ALAC_16")
    assert not (tmp_path / "a.m4a").exists()
