"""Plots of audio by matplotlib, written as PNG files."""

from .overview import AudioOverview, AudioSummary, clip_overview, read_overview
from .piano_roll import draw_piano_roll
from .plots import (
    Curve,
    PlotKind,
    check_drawable,
    check_plot_of,
    draw_comparison,
    draw_confusion,
    draw_grid,
    draw_map,
    draw_overview,
    read_png_title,
)

__all__ = [
    "AudioOverview",
    "AudioSummary",
    "Curve",
    "PlotKind",
    "check_drawable",
    "check_plot_of",
    "clip_overview",
    "draw_comparison",
    "draw_confusion",
    "draw_grid",
    "draw_map",
    "draw_overview",
    "draw_piano_roll",
    "read_overview",
    "read_png_title",
]
