"""Open a model as the instrument of a score, with timbres over its bars."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np

from ..contracts.composition import ScorePlayer
from ..families.loading import load_instrument
from ..music.bars import bars_of
from ..music.engine import InstrumentEngine
from ..music.score import Score
from ..music.timbre_path import TimbrePath, timbre_path


def open_instrument(
    model: str | Path, timbre: str | None, score: Score, seconds: float, sample_rate: int, seed: int
) -> tuple[ScorePlayer, str, Callable[[], InstrumentEngine]]:
    """Return a learned instrument, its name with the timbre, and the function that opens its engine.

    Raises BadModel if the model is none that plays scores; BadSetting if the timbre is none, or the model lacks its
    labels.

    Parameters
    ----------
    model : str or Path
        Name or folder of a model.
    timbre : str, optional
        See :func:`.music.timbre_path.parse_timbre`; by default the label nearest to each program.
    score : Score
    seconds : float
        Length of the performance, whose bars may be faster than those of the score.
    sample_rate : int
        In Hz.
    seed : int
    """
    player = load_instrument(model)
    paths = _paths_by_program(player) if timbre is None else _one_path(player, timbre, score, seconds)
    title = player.name if timbre is None else f"{player.name}, {timbre}"
    return player, title, partial(player.engine, paths, sample_rate, seed)


def _paths_by_program(player: ScorePlayer) -> Callable[[int], TimbrePath]:
    """Return the timbres of programs, which do not change over time."""

    @cache
    def path_of(program: int) -> TimbrePath:
        return TimbrePath(player.timbre(player.label_of_program(program))[None], np.zeros(1))

    return path_of


def _one_path(player: ScorePlayer, timbre: str, score: Score, seconds: float) -> Callable[[int], TimbrePath]:
    """Return one path of timbres for all programs."""
    bars, tempo_map = bars_of(score), score.tempo_map
    ratio = seconds / max(float(tempo_map.seconds(score.length)), 1e-6)

    def seconds_of_bar(number: float) -> float:
        index = min(max(int(number) - bars[0].number, 0), len(bars) - 1)
        bar = bars[index]
        tick = bar.start + bar.length * (number - bars[0].number - index)
        return ratio * float(tempo_map.seconds(round(tick)))

    path = timbre_path(timbre, player.timbre, seconds_of_bar, seconds)
    return lambda _: path
