"""Plots as PNG files: waveform, spectrogram and mel spectrogram of a file, grids of clips, and 2-D maps."""

from __future__ import annotations

import io
import json
import math
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..audio.clip import Clip
from ..base.errors import BadFolder, BadSetting, MissingExtra, WavewrightError, how_to_install
from ..base.units import db_to_gain
from ..base.whole_file import why_not_written, write_whole
from ..dsp.mel import hz_to_mel, mel_filterbank, power_to_db
from .overview import AudioOverview, clip_overview

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

PlotKind = Literal["waveform", "spectrogram", "mel", "all"]

GRID_COLUMNS = 160
N_MELS = 72
RANGE_DB = 80.0
SILENT_POWER = 1e-6  # about 110 dB below full scale; anything quieter is drawn as silence
MAX_WAVE_ROWS = 4
MAX_TITLE_LENGTH = 60
LOGARITHMIC_TICKS = tuple(digit * 10**power for power in range(5) for digit in (1, 2, 5))
TICKS_HZ = (300, 1_000, 3_000, 10_000, 30_000)

SOFTWARE = "Wavewright"  # in the metadata of the PNG
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
MAX_TEXT_BYTES = 65_536

MAX_NAMES = 60  # beside the points of a map
MAX_NAME_LENGTH = 28
MAP_COLOURS = ("#3f5fa8", "#c2571a", "#2f8f6b", "#8a4fb0", "#b8912b", "#c0406f", "#3a9bb5", "#6b6b76")
MAP_MARKERS = "os^Dv"  # labels beyond the colours use the next marker

INK = "#2b2b33"
WAVE_COLOUR = "#3f5fa8"
GRID_COLOUR = "#e3e3ea"
SHADE_COLOUR = "#f0e2c8"
COLOUR_MAP = "magma"


@dataclass(frozen=True)
class Curve:
    """A quantity over time: its name, ``seconds`` and ``values (points,)`` with gaps at NaN, and the limits drawn."""

    name: str
    seconds: np.ndarray
    values: np.ndarray
    limits: tuple[float, float]
    is_logarithmic: bool = False


def draw_overview(
    overview: AudioOverview,
    out: Path,
    kind: PlotKind | Sequence[PlotKind] = "all",
    title: str = "",
    curves: Sequence[Curve] = (),
    shaded: Sequence[tuple[float, float]] = (),
) -> None:
    """Plot an overview into a PNG file, one panel for each kind of plot, on a common time axis.

    - ``kind``: panels to plot.
    - ``title``: title of the plot; it is stored in the metadata, see :func:`read_png_title`.
    - ``curves``: quantities to plot below, a panel each.
    - ``shaded``: start and end in seconds of what is shaded in waveforms and curves.

    Raises BadSetting or BadFolder or MissingExtra as :func:`check_drawable`.
    """
    check_drawable(out)
    kinds = (kind,) if isinstance(kind, str) else kind
    n_wave_rows = len(overview.low) if len(overview.low) <= MAX_WAVE_ROWS else 1
    panels = [*(("waveform", row) for row in range(n_wave_rows)), ("spectrogram", 0), ("mel", 0)]
    panels = [(name, row) for name, row in panels if {name, "all"} & {*kinds}]
    panels += [("curve", index) for index in range(len(curves))]
    heights = [2.4 if name in ("spectrogram", "mel") else 1.2 for name, _ in panels]
    figure = figure_class()(figsize=(10, 1.1 + sum(heights)), dpi=120, layout="constrained")
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (name, row) in zip(all_axes, panels, strict=True):
        if name in ("waveform", "curve"):
            for start, end in shaded:
                axes.axvspan(start, end, color=SHADE_COLOUR, linewidth=0)
            _draw_wave(axes, overview, row) if name == "waveform" else _draw_curve(axes, curves[row])
            continue
        image = _draw_spectrogram(axes, overview) if name == "spectrogram" else _draw_mel(axes, overview)
        bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=14)
        bar.set_label("dB below the loudest", fontsize=8, color=INK)
        bar.ax.tick_params(labelsize=7)
        bar.outline.set_visible(False)
    all_axes[-1].set_xlabel("seconds", fontsize=9, color=INK)
    all_axes[-1].set_xlim(0, overview.seconds)
    all_axes[0].set_title(
        shorten(title, MAX_TITLE_LENGTH), loc="left", fontsize=11, fontweight="bold", color=INK, parse_math=False
    )
    all_axes[0].set_title(str(overview.summary), loc="right", fontsize=8, color=INK)
    save_figure(figure, out, {"Software": SOFTWARE, "Source": json.dumps(title)})


def draw_comparison(overviews: Mapping[str, AudioOverview], out: Path) -> None:
    """Plot the mel spectrograms of several versions of a sound into a PNG file, below each other, in one colour scale.

    - ``overviews``: versions by their title; colours are relative to the loudest cell of the first.

    Raises BadSetting or BadFolder or MissingExtra as :func:`check_drawable`.
    """
    check_drawable(out)
    figure = figure_class()(figsize=(10, 0.8 + 2.4 * len(overviews)), dpi=120, layout="constrained")
    all_axes = figure.subplots(len(overviews), 1, sharex=True, squeeze=False)[:, 0]
    first = next(iter(overviews.values()))
    filters = mel_filterbank(first.sample_rate, 2 * (len(first.power) - 1), N_MELS)
    loudest = max(SILENT_POWER, float((filters @ first.power).max()))
    for axes, (title, overview) in zip(all_axes, overviews.items(), strict=True):
        image = _draw_mel(axes, overview, loudest)
        axes.set_title(shorten(title, MAX_TITLE_LENGTH), loc="left", fontsize=10, color=INK, parse_math=False)
        axes.set_xlim(0, overview.seconds)
    bar = figure.colorbar(image, ax=list(all_axes), pad=0.01, aspect=30)
    bar.set_label("dB below the loudest of the first", fontsize=8, color=INK)
    all_axes[-1].set_xlabel("seconds", fontsize=9, color=INK)
    save_figure(figure, out, {"Software": SOFTWARE, "Source": json.dumps(" | ".join(overviews))})


def read_png_title(path: Path) -> str | None:
    """Return the title in the metadata of a PNG that :func:`draw_overview` wrote, None for any other file."""
    texts: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        if file.read(8) != PNG_MAGIC:
            return None
        while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
            n_bytes = int.from_bytes(head[:4], "big")
            if n_bytes > MAX_TEXT_BYTES:
                return None
            name, _, text = file.read(n_bytes).partition(b"\0")
            if head[4:] == b"tEXt":
                texts[name] = text
            file.read(4)  # the checksum
    if texts.get(b"Software") != SOFTWARE.encode() or b"Source" not in texts:
        return None
    try:
        return str(json.loads(texts[b"Source"]))
    except ValueError:  # truncated
        return None


def draw_grid(clips: Sequence[Clip], titles: Sequence[str], out: str | Path) -> Path:
    """Plot the log-mel spectrograms of several clips in a grid, with a common time scale.

    Each spectrogram covers 80 dB below its own loudest cell.

    Raises BadSetting if there is no clip, or not one title for each; and as :func:`check_drawable`, or BadFolder or
    MissingExtra as :func:`check_drawable`.
    """
    out = Path(out)
    check_drawable(out)
    if len(clips) == 0 or len(clips) != len(titles):
        raise BadSetting(
            f"There are {len(clips)} clips and {len(titles)} titles; give at least one clip, and a title for each."
        )
    n_across = math.ceil(math.sqrt(len(clips)))
    n_down = math.ceil(len(clips) / n_across)
    figure = figure_class()(figsize=(0.6 + 1.7 * n_across, 0.5 + 1.45 * n_down), dpi=120, layout="constrained")
    all_axes = figure.subplots(n_down, n_across, squeeze=False)
    longest_seconds = max(clip.seconds for clip in clips)
    for position, axes in enumerate(all_axes.flat):
        if position >= len(clips):
            axes.set_axis_off()
            continue
        _draw_mel(axes, clip_overview(clips[position], GRID_COLUMNS))
        is_lowest = position + n_across >= len(clips)
        is_leftmost = position % n_across == 0
        axes.set_title(titles[position], fontsize=7, color=INK, pad=2, parse_math=False)
        axes.set_xlim(0, longest_seconds)
        axes.set_facecolor("black")
        axes.set_xlabel("seconds" if is_lowest else "", fontsize=7)
        axes.set_ylabel("Hz" if is_leftmost else "", fontsize=7)
        axes.tick_params(labelsize=6, length=2, labelbottom=is_lowest, labelleft=is_leftmost)
    save_figure(figure, out)
    return out


def draw_map(
    positions: np.ndarray, labels: Sequence[str | None], names: Sequence[str], out: Path, title: str = ""
) -> None:
    """Plot clips as points of a 2-D map into a PNG file.

    - ``positions``: coordinates in [-1, 1], ``(n, 2)``.
    - ``labels``: label of each point; each label has a colour and a marker.

    Raises BadSetting or BadFolder or MissingExtra as :func:`check_drawable`.
    """
    check_drawable(out)
    figure = figure_class()(figsize=(9, 8), dpi=120, layout="constrained")
    axes = figure.subplots()
    label_names = sorted({label for label in labels if label is not None})
    for index, name in enumerate([*label_names, None]):
        points = positions[np.array([label == name for label in labels], dtype=bool)]
        if not len(points):
            continue
        axes.scatter(
            points[:, 0],
            points[:, 1],
            s=28,
            color=MAP_COLOURS[index % len(MAP_COLOURS)],
            marker=MAP_MARKERS[index // len(MAP_COLOURS) % len(MAP_MARKERS)],
            label="no label" if name is None else name,
            alpha=0.8,
            linewidths=0,
        )
    if len(names) <= MAX_NAMES:
        for name, position in zip(names, positions, strict=True):
            axes.annotate(
                shorten(name, MAX_NAME_LENGTH),
                position,
                (4, 3),
                textcoords="offset points",
                fontsize=6,
                color=INK,
                parse_math=False,
            )
    if label_names:
        legend = axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    axes.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_color(GRID_COLOUR)
    axes.set_title(
        shorten(title, MAX_TITLE_LENGTH), loc="left", fontsize=11, fontweight="bold", color=INK, parse_math=False
    )
    save_figure(figure, out)


def check_drawable(out: Path) -> None:
    """Check that a plot can be written.

    Raises BadSetting if the file does not end with ``.png``, or BadFolder if its folder does not exist, or MissingExtra
    if matplotlib is not installed.
    """
    if out.suffix.lower() != ".png":
        raise BadSetting(f"{out} does not end with .png; plots are written as .png files.")
    if not out.parent.is_dir():
        raise BadFolder(f"{out} cannot be written, because the folder {out.parent} does not exist; create it first.")
    figure_class()


def check_plot_of(out: Path, title: str) -> None:
    """Check that a plot can be written, and replaces no other file than an earlier plot with the same title.

    Raises BadFolder if the file exists and is no such plot, or BadSetting or BadFolder or MissingExtra as
    :func:`check_drawable`.
    """
    check_drawable(out)
    if out.exists() and (not out.is_file() or read_png_title(out) != title):
        raise BadFolder(f"{out} exists and is not a plot of {title}; choose another path.")


def _draw_wave(axes: Axes, overview: AudioOverview, row: int) -> None:
    """Plot the envelope of one channel, or of all channels where there are too many for a panel each."""
    is_one = len(overview.low) <= MAX_WAVE_ROWS
    low = overview.low[row] if is_one else overview.low.min(axis=0)
    high = overview.high[row] if is_one else overview.high.max(axis=0)
    seconds = (np.arange(len(low)) + 0.5) * overview.column_samples / overview.sample_rate
    axes.fill_between(seconds, low, high, color=WAVE_COLOUR, linewidth=0.6)
    if overview.column_samples == 1:  # columns are single samples, so the filled area is empty
        axes.plot(seconds, high, color=WAVE_COLOUR, linewidth=0.8, marker="." if len(low) < 100 else "")
    peak_db = overview.summary.peak_db
    limit = 1.0 if peak_db <= 0 else 1.05 * float(db_to_gain(peak_db))
    axes.set_ylim(-limit, limit)
    axes.grid(color=GRID_COLOUR, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel(
        "amplitude" if len(overview.low) == 1 or not is_one else f"channel {row + 1}", fontsize=9, color=INK
    )
    tidy_axes(axes)


def _draw_curve(axes: Axes, curve: Curve) -> None:
    """Plot a quantity over time."""
    axes.plot(curve.seconds, curve.values, color=WAVE_COLOUR, linewidth=1.0)
    if curve.is_logarithmic:
        axes.set_yscale("log")
        ticks = [tick for tick in LOGARITHMIC_TICKS if curve.limits[0] <= tick <= curve.limits[1]]
        axes.set_yticks(ticks, [str(tick) for tick in ticks])
        axes.set_yticks([], minor=True)
    axes.set_ylim(*curve.limits)
    axes.grid(color=GRID_COLOUR, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel(curve.name, fontsize=9, color=INK)
    tidy_axes(axes)


def _draw_spectrogram(axes: Axes, overview: AudioOverview) -> AxesImage:
    """Plot the level over time and linear frequency."""
    image = _draw_levels(axes, overview, overview.power, overview.sample_rate / 2000)
    axes.set_ylabel("kHz", fontsize=9, color=INK)
    return image


def _draw_mel(axes: Axes, overview: AudioOverview, loudest: float = 0.0) -> AxesImage:
    """Plot the level over time and mel frequency, with ticks in hertz."""
    n_fft = 2 * (len(overview.power) - 1)
    filters = mel_filterbank(overview.sample_rate, n_fft, N_MELS)
    image = _draw_levels(axes, overview, filters @ overview.power, N_MELS, loudest)
    highest_mel = hz_to_mel(overview.sample_rate / 2)
    ticks_hz = [frequency_hz for frequency_hz in TICKS_HZ if frequency_hz < overview.sample_rate / 2]
    # Band i is centred at (i + 1) / (N_MELS + 1) of the mel scale, and drawn between i and i + 1.
    positions = [float(hz_to_mel(frequency_hz) / highest_mel) * (N_MELS + 1) - 0.5 for frequency_hz in ticks_hz]
    axes.set_yticks(
        positions,
        [f"{frequency_hz // 1000}k" if frequency_hz >= 1000 else str(frequency_hz) for frequency_hz in ticks_hz],
    )
    axes.set_ylabel("Hz (mel scale)", fontsize=9, color=INK)
    return image


def _draw_levels(axes: Axes, overview: AudioOverview, power: np.ndarray, top: float, loudest: float = 0.0) -> AxesImage:
    """Draw power ``(bands, columns)`` as an image in dB relative to ``loudest``, by default its loudest cell."""
    loudest = loudest or max(float(power.max()), SILENT_POWER)
    level_db = power_to_db(power, reference=loudest, floor=loudest * 10 ** (-RANGE_DB / 10), range_db=None)
    end_seconds = power.shape[1] * overview.column_samples / overview.sample_rate
    tidy_axes(axes)
    return axes.imshow(
        level_db,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0.0, end_seconds, 0.0, top),
        cmap=COLOUR_MAP,
        vmin=-RANGE_DB,
        vmax=0.0,
    )


def tidy_axes(axes: Axes) -> None:
    """Remove the frame above and at the right; colour the rest."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.tick_params(labelsize=8, colors=INK)


def shorten(text: str, max_length: int) -> str:
    """Return a text, cut and with dots if it is longer."""
    return text if len(text) <= max_length else f"{text[: max_length - 3]}..."


def figure_class() -> type[Figure]:
    """Import matplotlib's Figure, which needs no display; its font list is cached in Wavewright's own folder."""
    import platformdirs

    if "matplotlib" not in sys.modules:  # a program that has imported it keeps its settings
        os.environ.setdefault("MPLCONFIGDIR", str(platformdirs.user_cache_path("wavewright") / "matplotlib"))
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(f"Drawing needs matplotlib, which is not installed: {how_to_install('plot')}.") from error
    return Figure


def save_titled(figure: Figure, title: str, out: Path) -> None:
    """Write a figure under its title, which the file names as its source."""
    text = shorten(title, MAX_TITLE_LENGTH)
    figure.suptitle(text, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK, parse_math=False)
    save_figure(figure, out, {"Software": SOFTWARE, "Source": json.dumps(title)})


def save_figure(figure: Figure, out: Path, metadata: dict[str, str] | None = None) -> None:
    """Write the figure completely or not at all."""
    image = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a title in letters that the font lacks
        figure.savefig(image, format="png", metadata=metadata)
    try:
        write_whole(out, image.getvalue())
    except OSError as error:
        raise WavewrightError(why_not_written(out, error.strerror or str(error))) from error


# --- Confusion matrix and reliability diagram of a classifier as a PNG file

MAX_NUMBERED = 25  # labels up to which cells show their counts


def draw_confusion(
    confusion: np.ndarray,
    labels: Sequence[str],
    confidence: Sequence[float],
    accuracy: Sequence[float],
    counts: Sequence[int],
    out: Path,
    title: str = "",
) -> None:
    """Draw a confusion matrix, and beside it confidence against accuracy.

    - ``confusion``: counts ``(labels, labels)``, rows are true labels; colours are fractions of a row.
    - ``confidence``, ``accuracy``, ``counts``: means and number of predictions of each bin of confidence.

    Raises BadSetting or BadFolder or MissingExtra as :func:`.plots.check_drawable`.
    """
    check_drawable(out)
    n_labels = len(labels)
    side = min(12.0, 3.0 + 0.42 * n_labels)
    figure = figure_class()(figsize=(side + 4.5, max(side, 4.5)), dpi=120, layout="constrained")
    matrix, diagram = figure.subplots(1, 2, width_ratios=(side, 4.0))
    fractions = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    matrix.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    names = [shorten(label, MAX_NAME_LENGTH) for label in labels]
    matrix.set_xticks(range(n_labels), names, rotation=60, ha="right", fontsize=8, parse_math=False)
    matrix.set_yticks(range(n_labels), names, fontsize=8, parse_math=False)
    matrix.set_xlabel("recognised as", fontsize=9, color=INK)
    matrix.set_ylabel("label", fontsize=9, color=INK)
    if n_labels <= MAX_NUMBERED:
        for row, column in np.argwhere(confusion > 0):
            colour = "white" if fractions[row, column] > 0.5 else INK
            text = str(confusion[row, column])
            matrix.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    matrix.set_title(
        shorten(title, MAX_TITLE_LENGTH), loc="left", fontsize=11, fontweight="bold", color=INK, parse_math=False
    )
    diagram.plot([0, 1], [0, 1], color=GRID_COLOUR, linewidth=1.0)
    diagram.plot(confidence, accuracy, color=WAVE_COLOUR, linewidth=1.0)
    sizes = 20 + 180 * np.asarray(counts) / max(1, *counts, 1)
    diagram.scatter(confidence, accuracy, s=sizes, color=WAVE_COLOUR, alpha=0.7, linewidths=0)
    diagram.set(xlim=(0, 1), ylim=(-0.02, 1.02), aspect="equal")
    diagram.set_xlabel("confidence", fontsize=9, color=INK)
    diagram.set_ylabel("accuracy", fontsize=9, color=INK)
    tidy_axes(diagram)
    save_figure(figure, out)
