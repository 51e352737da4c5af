"""Pictures of sounds by matplotlib: waveform, spectrogram and mel spectrogram of a file, or a grid of clips to compare."""

from __future__ import annotations

import io
import json
import math
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from .clip import Clip, read_blocks, read_header
from .dsp.mel import hz_to_mel, mel_filterbank, power_to_db
from .dsp.spectrum import spectrogram
from .errors import BadFolder, BadSetting, MissingExtra, WavewrightError, how_to_install
from .units import db_to_gain, gain_to_db, samples_to_seconds
from .whole_file import why_not_written, write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

Kind = Literal["waveform", "spectrogram", "mel", "all"]

N_COLUMNS = 1_200
"""About as many points in time as a picture can show."""

GRID_COLUMNS = 160
N_MELS = 72
RANGE_DB = 80.0
SILENT_POWER = 1e-6
"""What is not louder than this, about 110 dB below full scale, is drawn as silence."""

WINDOW_SECONDS = 0.03
BLOCK_SECONDS = 60.0
MAX_WAVE_ROWS = 4
TITLE_LETTERS = 60
SOFTWARE = "Wavewright"  # in the PNG's metadata
PNG_MAGIC, MOST_TEXT_BYTES = b"\x89PNG\r\n\x1a\n", 65_536
TICKS_HZ = (300, 1_000, 3_000, 10_000, 30_000)

MOST_NAMES, NAME_LETTERS = 60, 28  # beside the points of a map
MAP_COLOURS = ("#3f5fa8", "#c2571a", "#2f8f6b", "#8a4fb0", "#b8912b", "#c0406f", "#3a9bb5", "#6b6b76")
MAP_MARKERS = "os^Dv"
"""Labels beyond the colours get the next shape."""

INK, WAVE_COLOUR, GRID_COLOUR, COLOURS = "#2b2b33", "#3f5fa8", "#e3e3ea", "magma"


@dataclass(frozen=True)
class Picture:
    """What a file looks like in columns of ``column_samples`` samples each.

    ``low`` and ``high`` ``(channels, columns)`` are the extreme samples, ``power`` ``(bins, columns)`` is the mean power spectrum of
    all channels.
    """

    sample_rate: int
    n_samples: int
    column_samples: int
    low: np.ndarray
    high: np.ndarray
    power: np.ndarray

    @property
    def seconds(self) -> float:
        """The length of the file in seconds."""
        return samples_to_seconds(self.n_samples, self.sample_rate)

    @property
    def peak_db(self) -> float:
        """The level of the loudest sample relative to full scale."""
        return float(gain_to_db(max(abs(self.low.min()), abs(self.high.max()))))

    def __str__(self) -> str:
        return described(self.seconds, self.sample_rate, len(self.low), self.peak_db)


def described(seconds: float, sample_rate: int, n_channels: int, peak_db: float) -> str:
    """``0.50 s, 16000 Hz, mono, peak -6.0 dB``."""
    channels = {1: "mono", 2: "stereo"}.get(n_channels, f"{n_channels} channels")
    return f"{seconds:.2f} s, {sample_rate} Hz, {channels}, peak {peak_db:.1f} dB"


def draw(picture: Picture, out: Path, kind: Kind = "all", title: str = "") -> None:
    """Draw a picture into a PNG file, one panel for each thing to draw, all on one axis of time; raises as :func:`check_drawable`."""
    check_drawable(out)
    wave_rows = [("waveform", row) for row in range(len(picture.low) if len(picture.low) <= MAX_WAVE_ROWS else 1)]
    panels = [*wave_rows, ("spectrogram", 0), ("mel", 0)]
    panels = [(name, row) for name, row in panels if kind in (name, "all")]
    heights = [1.2 if name == "waveform" else 2.4 for name, _ in panels]
    figure = _figure_class()(figsize=(10, 1.1 + sum(heights)), dpi=120, layout="constrained")
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (name, row) in zip(all_axes, panels, strict=True):
        if name == "waveform":
            _draw_wave(axes, picture, row)
            continue
        image = _draw_spectrogram(axes, picture) if name == "spectrogram" else _draw_mel(axes, picture)
        bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=14)
        bar.set_label("dB below the loudest", fontsize=8, color=INK)
        bar.ax.tick_params(labelsize=7)
        bar.outline.set_visible(False)
    all_axes[-1].set_xlabel("seconds", fontsize=9, color=INK)
    all_axes[-1].set_xlim(0, picture.seconds)
    all_axes[0].set_title(
        _shortened(title, TITLE_LETTERS), loc="left", fontsize=11, fontweight="bold", color=INK, parse_math=False
    )
    all_axes[0].set_title(str(picture), loc="right", fontsize=8, color=INK)
    _save(figure, out, {"Software": SOFTWARE, "Source": json.dumps(title)})


def drawn_title(path: Path) -> str | None:
    """Return the title in the metadata of a PNG that :func:`draw` wrote, None for any other file."""
    texts: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        if file.read(8) != PNG_MAGIC:
            return None
        while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
            n_bytes = int.from_bytes(head[:4], "big")
            if n_bytes > MOST_TEXT_BYTES:
                return None
            name, _, text = file.read(n_bytes).partition(b"\0")
            if head[4:] == b"tEXt":
                texts[name] = text
            file.read(4)  # the checksum
    if texts.get(b"Software") != SOFTWARE.encode() or b"Source" not in texts:
        return None
    try:
        return str(json.loads(texts[b"Source"]))
    except ValueError:  # the file ends in it
        return None


def draw_grid(clips: Sequence[Clip], titles: Sequence[str], out: str | Path) -> Path:
    """Draw the log-mel spectrograms of many clips side by side on one scale of time into a PNG file; returns its path.

    Each picture spans 80 dB below its own loudest point. Raises BadSetting where there is not one title for each clip, or no clip, and
    as :func:`check_drawable`.
    """
    out = Path(out)
    check_drawable(out)
    if len(clips) == 0 or len(clips) != len(titles):
        raise BadSetting(
            f"There are {len(clips)} clips and {len(titles)} titles; give at least one clip, and a title for each."
        )
    n_across = math.ceil(math.sqrt(len(clips)))
    n_down = math.ceil(len(clips) / n_across)
    figure = _figure_class()(figsize=(0.6 + 1.7 * n_across, 0.5 + 1.45 * n_down), dpi=120, layout="constrained")
    all_axes = figure.subplots(n_down, n_across, squeeze=False)
    longest_seconds = max(clip.seconds for clip in clips)
    for position, axes in enumerate(all_axes.flat):
        if position >= len(clips):
            axes.set_axis_off()
            continue
        _draw_mel(axes, picture_of_clip(clips[position], GRID_COLUMNS))
        is_lowest, is_leftmost = position + n_across >= len(clips), position % n_across == 0
        axes.set_title(titles[position], fontsize=7, color=INK, pad=2, parse_math=False)
        axes.set_xlim(0, longest_seconds)
        axes.set_facecolor("black")
        axes.set_xlabel("seconds" if is_lowest else "", fontsize=7)
        axes.set_ylabel("Hz" if is_leftmost else "", fontsize=7)
        axes.tick_params(labelsize=6, length=2, labelbottom=is_lowest, labelleft=is_leftmost)
    _save(figure, out)
    return out


def draw_map(
    places: np.ndarray, labels: Sequence[str | None], names: Sequence[str], out: Path, title: str = ""
) -> None:
    """Draw a map of sounds into a PNG file: ``places (n, 2)`` in [-1, 1], a colour and shape for each label, names where few.

    Raises as :func:`check_drawable`.
    """
    check_drawable(out)
    figure = _figure_class()(figsize=(9, 8), dpi=120, layout="constrained")
    axes = figure.subplots()
    kinds = sorted({label for label in labels if label is not None})
    for number, kind in enumerate([*kinds, None]):
        chosen = np.array([label == kind for label in labels])
        if chosen.any():
            colour, marker = (
                MAP_COLOURS[number % len(MAP_COLOURS)],
                MAP_MARKERS[number // len(MAP_COLOURS) % len(MAP_MARKERS)],
            )
            shown = "no label" if kind is None else kind
            axes.scatter(
                places[chosen, 0],
                places[chosen, 1],
                s=28,
                color=colour,
                marker=marker,
                label=shown,
                alpha=0.8,
                linewidths=0,
            )
    if len(names) <= MOST_NAMES:
        for name, place in zip(names, places, strict=True):
            axes.annotate(
                _shortened(name, NAME_LETTERS),
                place,
                (4, 3),
                textcoords="offset points",
                fontsize=6,
                color=INK,
                parse_math=False,
            )
    if kinds:
        legend = axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    axes.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_color(GRID_COLOUR)
    axes.set_title(
        _shortened(title, TITLE_LETTERS), loc="left", fontsize=11, fontweight="bold", color=INK, parse_math=False
    )
    _save(figure, out)


def check_drawable(out: Path) -> None:
    """Raise where nothing can be drawn into ``out``: BadSetting unless it is a PNG file, BadFolder without its folder, MissingExtra
    without matplotlib."""
    if out.suffix.lower() != ".png":
        raise BadSetting(f"{out} does not end with .png; pictures are written as .png files.")
    if not out.parent.is_dir():
        raise BadFolder(f"{out} cannot be written, because the folder {out.parent} does not exist; create it first.")
    _figure_class()


def picture_of(file: Path) -> Picture:
    """A sound file of any length in about ``N_COLUMNS`` columns, read in bounded memory; raises BadAudio as ``Clip.read``."""
    header = read_header(file)
    n_samples = header.n_samples or sum(block.n_samples for block in read_blocks(file))
    _, _, column_samples = _sizes(header.sample_rate, n_samples, N_COLUMNS)
    block_columns = max(1, round(BLOCK_SECONDS * header.sample_rate / column_samples))
    blocks = read_blocks(file, samples_to_seconds(block_columns * column_samples, header.sample_rate))
    return _picture(blocks, header.sample_rate, n_samples, N_COLUMNS)


def picture_of_clip(clip: Clip, n_columns: int = N_COLUMNS) -> Picture:
    """A clip in about ``n_columns`` columns."""
    return _picture([clip], clip.sample_rate, clip.n_samples, n_columns)


def _sizes(sample_rate: int, n_samples: int, n_columns: int) -> tuple[int, int, int]:
    """``n_fft``, ``hop_length`` and samples a column, which is a whole number of hops."""
    n_fft = 2 ** round(math.log2(WINDOW_SECONDS * sample_rate))
    column_samples = max(1, math.ceil(n_samples / n_columns))
    hop_length = min(column_samples, n_fft // 2)
    return n_fft, hop_length, hop_length * math.ceil(column_samples / hop_length)


def _picture(blocks: Iterable[Clip], sample_rate: int, n_samples: int, n_columns: int) -> Picture:
    """The picture of blocks that are a whole number of columns long, except the last one."""
    n_fft, hop_length, column_samples = _sizes(sample_rate, n_samples, n_columns)
    low, high, power = [], [], []
    n_read = 0
    for block in blocks:
        n_read += block.n_samples
        n_block_columns = math.ceil(block.n_samples / column_samples)
        wave = np.pad(block.wave, ((0, 0), (0, n_block_columns * column_samples - block.n_samples)))
        columns = wave.reshape(block.n_channels, n_block_columns, column_samples)
        low.append(columns.min(axis=-1))
        high.append(columns.max(axis=-1))
        frames = spectrogram(wave, n_fft, hop_length).mean(axis=0)[
            :, :-1
        ]  # (bins, frames), the last frame lies behind the end
        power.append(frames.reshape(len(frames), n_block_columns, -1).mean(axis=-1))
    low_high_power = (np.concatenate(parts, axis=1) for parts in (low, high, power))
    return Picture(sample_rate, n_read, column_samples, *low_high_power)


def _draw_wave(axes: Axes, picture: Picture, row: int) -> None:
    """Between which samples the wave of one channel moves, or of all where there are too many for a panel each."""
    is_one = len(picture.low) <= MAX_WAVE_ROWS
    low = picture.low[row] if is_one else picture.low.min(axis=0)
    high = picture.high[row] if is_one else picture.high.max(axis=0)
    seconds = (np.arange(len(low)) + 0.5) * picture.column_samples / picture.sample_rate
    axes.fill_between(seconds, low, high, color=WAVE_COLOUR, linewidth=0.6)
    if picture.column_samples == 1:  # columns are samples, between which there is nothing to fill
        axes.plot(seconds, high, color=WAVE_COLOUR, linewidth=0.8, marker="." if len(low) < 100 else "")
    limit = 1.0 if picture.peak_db <= 0 else 1.05 * float(db_to_gain(picture.peak_db))
    axes.set_ylim(-limit, limit)
    axes.grid(color=GRID_COLOUR, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel("amplitude" if len(picture.low) == 1 or not is_one else f"channel {row + 1}", fontsize=9, color=INK)
    _tidy(axes)


def _draw_spectrogram(axes: Axes, picture: Picture) -> AxesImage:
    """Level over linear frequency."""
    image = _draw_levels(axes, picture, picture.power, picture.sample_rate / 2000)
    axes.set_ylabel("kHz", fontsize=9, color=INK)
    return image


def _draw_mel(axes: Axes, picture: Picture) -> AxesImage:
    """Level over mel, marked in hertz."""
    n_fft = 2 * (len(picture.power) - 1)
    filters = mel_filterbank(picture.sample_rate, n_fft, N_MELS)
    image = _draw_levels(axes, picture, filters @ picture.power, N_MELS)
    highest_mel = hz_to_mel(picture.sample_rate / 2)
    ticks_hz = [frequency_hz for frequency_hz in TICKS_HZ if frequency_hz < picture.sample_rate / 2]
    # Band i of N_MELS is centred i + 1 parts of N_MELS + 1 up the scale and drawn between i and i + 1.
    places = [float(hz_to_mel(frequency_hz) / highest_mel) * (N_MELS + 1) - 0.5 for frequency_hz in ticks_hz]
    axes.set_yticks(
        places, [f"{frequency_hz // 1000}k" if frequency_hz >= 1000 else str(frequency_hz) for frequency_hz in ticks_hz]
    )
    axes.set_ylabel("Hz (mel scale)", fontsize=9, color=INK)
    return image


def _draw_levels(axes: Axes, picture: Picture, power: np.ndarray, top: float) -> AxesImage:
    """An image of power ``(bands, columns)`` in decibels below its loudest point."""
    loudest = max(float(power.max()), SILENT_POWER)
    level_db = power_to_db(power, reference=loudest, floor=loudest * 10 ** (-RANGE_DB / 10), range_db=None)
    end_seconds = power.shape[1] * picture.column_samples / picture.sample_rate
    _tidy(axes)
    return axes.imshow(
        level_db,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0.0, end_seconds, 0.0, top),
        cmap=COLOURS,
        vmin=-RANGE_DB,
        vmax=0.0,
    )


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.tick_params(labelsize=8, colors=INK)


def _shortened(text: str, n_letters: int) -> str:
    return text if len(text) <= n_letters else f"{text[: n_letters - 3]}..."


def _figure_class() -> type[Figure]:
    """Import matplotlib's Figure, which needs no screen; its font list goes into Wavewright's own cache."""
    import platformdirs

    if "matplotlib" not in sys.modules:  # a program that has imported it keeps its settings
        os.environ.setdefault("MPLCONFIGDIR", str(platformdirs.user_cache_path("wavewright") / "matplotlib"))
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(f"Drawing needs matplotlib, which is not installed: {how_to_install('plot')}.") from error
    return Figure


def _save(figure: Figure, out: Path, metadata: dict[str, str] | None = None) -> None:
    """Write the figure whole or not at all."""
    image = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a title in letters that the font lacks
        figure.savefig(image, format="png", metadata=metadata)
    try:
        write_whole(out, image.getvalue())
    except OSError as error:
        raise WavewrightError(why_not_written(out, error.strerror or str(error))) from error
