"""Plots of audio whose envelope and spectrum are known."""

import sys
from pathlib import Path

import numpy as np
import pytest

from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder, BadSetting, MissingExtra
from wavewright.dsp.mel import hz_to_mel
from wavewright.plots import draw_grid, draw_map, plots, read_overview, read_png_title
from wavewright.plots.overview import N_COLUMNS
from wavewright.plots.plots import MAP_COLOURS
from wavewright.tasks.plot import image_paths, plot

image = pytest.importorskip("matplotlib.image")

RATE = 16_000


def tone(frequency_hz, seconds, level=0.5, n_channels=1, sample_rate=RATE):
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.tile(level * np.sin(2 * np.pi * frequency_hz * time), (n_channels, 1)).astype(np.float32)


def pixels_of(path):
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    return image.imread(path)[..., :3]  # (height, width, 3)


def test_the_overview_has_the_envelope_and_the_spectrum(tmp_path):
    wave = np.concatenate([tone(1_000, 1.0), np.zeros((1, RATE), np.float32), tone(3_000, 1.0, 0.25)], axis=1)
    overview = read_overview(Clip(wave, RATE).write(tmp_path / "two.wav", "FLOAT"))
    assert (overview.sample_rate, overview.n_samples, overview.seconds) == (RATE, 3 * RATE, 3.0)
    n_columns = overview.low.shape[1]
    assert n_columns == N_COLUMNS
    third = n_columns // 3
    np.testing.assert_allclose(overview.high[0, :third], 0.5, atol=0.01)
    np.testing.assert_allclose(overview.low[0, -third:], -0.25, atol=0.01)
    np.testing.assert_array_equal(overview.high[0, third : 2 * third], 0.0)
    bin_hz = RATE / 2 / (len(overview.power) - 1)
    assert (overview.power[:, 20 : third - 20].argmax(axis=0) == round(1_000 / bin_hz)).all()
    assert (overview.power[:, -third + 20 : -20].argmax(axis=0) == round(3_000 / bin_hz)).all()


def test_a_long_file_in_blocks_looks_like_the_same_file_at_once(tmp_path, monkeypatch):
    wave = (tone(440, 20.0) * np.linspace(0, 1, 20 * RATE)).astype(np.float32)
    path = Clip(wave, RATE).write(tmp_path / "long.wav")
    monkeypatch.setattr("wavewright.plots.overview.BLOCK_SECONDS", 20.0)
    at_once = read_overview(path)
    monkeypatch.setattr("wavewright.plots.overview.BLOCK_SECONDS", 3.0)
    in_blocks = read_overview(path)
    np.testing.assert_array_equal(in_blocks.high, at_once.high)
    loudest = at_once.power.max(axis=0)
    np.testing.assert_allclose(in_blocks.power.max(axis=0), loudest, rtol=0.5, atol=loudest.max() * 0.01)
    assert at_once.n_samples == in_blocks.n_samples == 20 * RATE


@pytest.mark.parametrize(("kind", "height"), [("waveform", 276), ("spectrogram", 420), ("mel", 420), ("all", 852)])
def test_each_kind_is_drawn(tmp_path, kind, height):
    path = Clip(tone(1_000, 0.5), RATE).write(tmp_path / "tone.wav")
    drawn = plot(path, tmp_path / "tone.png", kind=kind)
    assert pixels_of(tmp_path / "tone.png").shape == (height, 1_200, 3)
    assert str(drawn) == f"{tmp_path / 'tone.png'}: 0.50 s, 16000 Hz, mono\n  peak -6.0 dB"


def test_a_long_name_is_inside_the_image(tmp_path):
    path = Clip(tone(1_000, 0.2), RATE).write(tmp_path / f"{'long ' * 40}.wav")
    plot(path, tmp_path / "tone.png", kind="waveform")
    assert pixels_of(tmp_path / "tone.png").shape == (276, 1_200, 3)


def test_a_folder_is_no_sound(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadAudio, match="is a folder; give a sound file"):
        plot(".")


def test_the_loudest_row_of_a_mel_plot_is_the_tone(tmp_path):
    frequency_hz = 1_000
    path = Clip(tone(frequency_hz, 2.0), RATE).write(tmp_path / "tone.wav")
    plot(path, tmp_path / "tone.png", kind="mel")
    column = pixels_of(tmp_path / "tone.png").sum(axis=2)[:, 600]
    is_page = column > 2.95  # the page is white, the plot is dark but for the tone
    top = int(np.argmin(is_page))
    bottom = top + int(np.argmax(is_page[top:]))
    bright = top + int(column[top : bottom - 3].argmax())  # above the axis
    expected = bottom - (bottom - top) * float(hz_to_mel(frequency_hz) / hz_to_mel(RATE / 2))
    assert bright == pytest.approx(expected, abs=0.03 * (bottom - top))


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100])
def test_ticks_of_a_mel_plot_are_on_the_tones_that_they_name(tmp_path, sample_rate):
    tones = [hz for hz in plots.TICKS_HZ if hz < sample_rate / 2]
    wave = np.concatenate([tone(hz, 0.25, sample_rate=sample_rate) for hz in tones], axis=1)
    overview = read_overview(Clip(wave, sample_rate).write(tmp_path / "tones.wav"))
    axes = plots.figure_class()().subplots()
    bands = np.asarray(plots._draw_mel(axes, overview).get_array())
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"{hz:,}".replace(",000", "k") for hz in tones]
    columns = ((np.arange(len(tones)) + 0.5) / len(tones) * bands.shape[1]).astype(int)
    assert np.abs(bands[:, columns].argmax(axis=0) + 0.5 - axes.get_yticks()).max() < 2


def test_the_default_path_is_beside_the_file_and_titles_are_plain_text(tmp_path):
    path = Clip(tone(1_000, 0.2, n_channels=2), RATE).write(tmp_path / "a$b$ 音.wav")
    drawn = plot(path, kind="waveform")
    assert drawn.out == tmp_path / "a$b$ 音-plot.png"
    assert drawn.n_channels == 2
    assert sorted(tmp_path.iterdir()) == sorted([path, drawn.out])


@pytest.mark.parametrize(
    "wave", [np.full((1, 1), 0.5), np.zeros((1, 2_000)), tone(100, 0.01, n_channels=6), tone(100, 0.5, 1.5)]
)
def test_odd_files_are_drawn_too(tmp_path, wave):
    path = Clip(wave, RATE).write(tmp_path / "odd.wav", "FLOAT")
    drawn = plot(path, tmp_path / "odd.png")
    assert drawn.seconds == wave.shape[1] / RATE
    assert pixels_of(drawn.out).std() > 0.0


def test_a_grid_shows_loud_clips_bright_and_silent_ones_dark(tmp_path):
    loud = np.random.default_rng(0).uniform(-0.5, 0.5, (1, RATE // 2))
    clips = [Clip(loud, RATE), Clip(np.zeros((1, RATE // 2)), RATE)]
    draw_grid(clips, ["$loud", "silent"], tmp_path / "grid.png")
    pixels = pixels_of(tmp_path / "grid.png").sum(axis=2)
    height, width = pixels.shape
    rows = slice(int(0.3 * height), int(0.6 * height))
    assert pixels[rows, int(0.25 * width) : int(0.45 * width)].mean() > 1.0
    assert pixels[rows, int(0.65 * width) : int(0.85 * width)].max() < 0.1


def test_bad_input_is_refused(tmp_path):
    path = Clip(tone(1_000, 0.2), RATE).write(tmp_path / "tone.wav")
    with pytest.raises(BadAudio, match="does not exist"):
        plot(tmp_path / "missing.wav")
    with pytest.raises(BadSetting, match="kind is 'chroma'"):
        plot(path, kind="chroma")
    with pytest.raises(BadSetting, match=r"\.jpg"):
        plot(path, tmp_path / "tone.jpg")
    with pytest.raises(BadFolder, match="does not exist"):
        plot(path, tmp_path / "nowhere" / "tone.png")
    with pytest.raises(BadSetting, match="1 clips and 2 titles"):
        draw_grid([Clip.read(path)], ["a", "b"], tmp_path / "grid.png")
    assert list(tmp_path.iterdir()) == [path]


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    path = Clip(tone(1_000, 0.2), RATE).write(tmp_path / "tone.wav")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"\.\[plot\]"):
        plot(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_map_has_a_colour_for_each_label_where_its_points_lie(tmp_path):
    positions = np.array([(-1.0, 1.0), (-0.8, 0.9), (1.0, -1.0), (0.9, -0.9)])
    draw_map(positions, ["$up", "$up", "down", "down"], ["a", "b_$c", "d", "e" * 99], tmp_path / "map.png", title="kit")
    pixels = pixels_of(tmp_path / "map.png")
    centres = []
    for colour in MAP_COLOURS[1::-1]:  # labels are sorted, "$up" first: its colour is the first
        expected = 0.8 * np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]) + 0.2
        rows, columns = np.nonzero(np.abs(pixels - expected).max(axis=2) < 0.01)
        is_inside = columns < 0.88 * pixels.shape[1]  # the legend lies to the right
        centres.append((columns[is_inside].mean() / pixels.shape[1], rows[is_inside].mean() / pixels.shape[0]))
    (right, low), (left, high) = centres
    assert left < 0.2 < 0.7 < right
    assert high < 0.2 < 0.8 < low
    with pytest.raises(BadSetting, match=r"map\.txt does not end with \.png"):
        draw_map(positions, [None] * 4, ["a"] * 4, tmp_path / "map.txt")


def test_several_files_have_an_image_each_and_bad_ones_are_listed(tmp_path, capsys):
    files = [Clip(tone(1_000, 0.1 * number), RATE).write(tmp_path / f"tone-{number}.wav") for number in (1, 2, 3)]
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    names = [*map(str, files), str(tmp_path / "bad.wav"), str(files[0])]
    assert run(["plot", *names, "--kind", "waveform"]) == 2
    output = capsys.readouterr().out.splitlines()
    images = [line.split(": ")[0].strip() for line in output if "-plot.png: " in line]
    assert images == [str(tmp_path / f"tone-{n}-plot.png") for n in (1, 2, 3)]
    assert output[-1].count("bad.wav") == 1
    assert run(["plot", *names[:3], "--kind", "waveform", "--out", str(tmp_path / "plots")]) == 0
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == [f"tone-{n}-plot.png" for n in (1, 2, 3)]
    made = plot(files[:2], tmp_path / "plots", kind="waveform")
    assert [one.seconds for one in made.files] == [0.1, 0.2]
    with pytest.raises(BadSetting, match=r"There are 2 files, and one\.png is one image"):
        plot(files[:2], "one.png")
    with pytest.raises(BadSetting, match="file is empty; give at least one"):
        plot([])
    assert plot([files[0]], tmp_path / "plots", kind="waveform").out == tmp_path / "plots" / "tone-1-plot.png"


def test_images_of_one_name_have_paths_of_their_own():
    files = [
        Path(name)
        for name in ("a/kick.wav", "b/kick.wav", "a/kick.flac", "snare.wav", "c/a/kick.wav", "A/hat.wav", "A/HAT.wav")
    ]
    for folder in (None, Path("out")):
        paths = image_paths(files, folder)
        assert len({str(path).casefold() for path in paths}) == len(files)
    assert image_paths(files, None)[:2] == [Path("a/kick.wav-plot.png"), Path("b/kick-plot.png")]
    assert image_paths(files, Path("out"))[1:4] == [
        Path(f"out/{name}-plot.png") for name in ("b-kick.wav", "kick.flac", "snare")
    ]
    rng = np.random.default_rng(0)
    for _ in range(200):
        random = {
            Path(*rng.choice(["a", "b", "1"], rng.integers(0, 3)), f"{rng.integers(3)}.{rng.choice(['wav', 'ogg'])}")
            for _ in range(9)
        }
        for folder in (None, Path("out")):
            assert len({*image_paths(sorted(random), folder)}) == len(random)


def test_an_image_replaces_one_of_the_same_file_and_nothing_else(tmp_path):
    path = Clip(tone(1_000, 0.2), RATE).write(tmp_path / "t\u00f6ne \u97f3.wav")
    for kind in ("waveform", "all", "waveform"):
        drawn = plot(path, kind=kind)
    assert read_png_title(drawn.out) == path.name
    other = Clip(tone(500, 0.2), RATE).write(tmp_path / "other.wav")
    before = drawn.out.read_bytes()
    with pytest.raises(BadFolder, match=r"exists and is not a plot of other\.wav"):
        plot(other, drawn.out)
    assert drawn.out.read_bytes() == before
    for contents in (b"", b"mine", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt", before[:100]):
        (tmp_path / "mine.png").write_bytes(contents)
        with pytest.raises(BadFolder, match="exists and is not"):
            plot(other, tmp_path / "mine.png")
        assert (tmp_path / "mine.png").read_bytes() == contents
