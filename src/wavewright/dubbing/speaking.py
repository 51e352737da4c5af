"""Speak the lines of a dub, a sound file for each, made again only where something changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..audio.sound_file import read_origin
from ..base.errors import BadAudio, BadModel, BadSetting, BadText
from ..base.result import Failed
from ..base.whole_file import make_folder
from ..speech.narration.narrator import Narrator, NarratorLoader
from ..speech.narration.settings import NarrationSettings
from ..speech.narration.speech_file import write_speech
from ..speech.voice_names import find_voice, is_spoken_by, languages_of
from ..text.skipped import warn
from .project import DubLine, DubProject
from .timing import Fit, LineSlot, Rates, fit, slots


@dataclass(frozen=True)
class SpokenLines:
    """Result of speaking: the project with rates and problems, new and kept lines, and those that failed."""

    project: DubProject
    n_new: int = 0
    n_kept: int = 0
    failed: tuple[Failed, ...] = ()


def line_file(folder: Path, line: DubLine) -> Path:
    """Return the sound file of a line."""
    return folder / f"{line.number:04d}.wav"


def speak_lines(
    project: DubProject,
    folder: Path,
    settings: NarrationSettings,
    end_seconds: float | None = None,
    show: Callable[[float], object] = lambda _: None,
) -> SpokenLines:
    """Speak all lines that have a text and whose sound file is missing or out of date.

    A line that cannot be spoken has the reason as its problem and no rate, its file is left as it was, and the others
    are spoken.
    """
    make_folder(folder)
    loader = NarratorLoader()
    spoken: list[DubLine] = []
    counts = {True: 0, False: 0}
    failed: list[Failed] = []
    times = slots([line.time for line in project.lines], end_seconds)
    for line, slot in zip(project.lines, times, strict=True):
        path = line_file(folder, line)
        try:
            done, is_new = _speak(project, line, slot, path, settings, loader)
            counts[is_new] += 1
        except (BadText, BadSetting, BadModel, BadAudio) as error:
            failed.append(Failed(f"line {line.number}", str(error)))
            done = _with(line, problem=str(error))
        spoken.append(done)
        show(len(spoken))
    return SpokenLines(project.model_copy(update={"lines": tuple(spoken)}), counts[True], counts[False], tuple(failed))


def _speak(
    project: DubProject,
    line: DubLine,
    slot: LineSlot,
    path: Path,
    settings: NarrationSettings,
    loader: NarratorLoader,
) -> tuple[DubLine, bool]:
    """Speak a line if its file is missing or out of date; return it with its rate, and whether it was spoken."""
    if not line.text.strip():
        raise BadText("It has no text; write its translation.")
    member = project.member_of(line)
    changes = {"voice": member.voice, "style": member.style, "pitch": settings.pitch + member.pitch}
    others = languages_of(find_voice(member.voice)[0])[1:]
    if "-" in project.to_language or is_spoken_by(project.to_language, *others):
        changes |= {"language": project.to_language}  # its dates and spellings, or its phones
    narrator = loader.load(settings.override(changes))
    _check_language(narrator, project.to_language)
    usual = narrator.usual_seconds(line.text, warn)
    chosen = fit(usual, slot, len(line.text), project.rates)
    if chosen is None:
        raise BadSetting(
            f"The next line or the end of the sound is {max(slot.limit_seconds, 0.0):.2f} s after its start; give one "
            "of the two lines another start."
        )
    fitted = Narrator(narrator.voice, narrator.settings.override({"seconds": chosen.seconds}), narrator.lexicon)
    origin = {"line": hashlib.sha256(line.text.encode()).hexdigest()[:12], **fitted.origin()}
    is_new = not path.is_file() or read_origin(path) != origin
    if is_new:
        write_speech(path, fitted.chunks(line.text, warn), narrator.voice.sample_rate, origin)
    problem = _problem(chosen, project.rates)
    return _with(line, rate=round(chosen.rate, 3), seconds=round(chosen.seconds, 3), problem=problem), is_new


def _with(line: DubLine, rate: float | None = None, seconds: float | None = None, problem: str = "") -> DubLine:
    return line.model_copy(update={"rate": rate, "seconds": seconds, "problem": problem})


def _problem(chosen: Fit, rates: Rates) -> str:
    if not chosen.too_long:
        return ""
    cut = " and its end is cut off" if chosen.is_cut else ""
    return (
        f"It is spoken at {chosen.rate:.2f} times the usual rate{cut}; shorten it by {chosen.too_long} characters for "
        f"{rates.fastest:g}."
    )


def _check_language(narrator: Narrator, language: str) -> None:
    languages = narrator.voice.acoustic.languages
    if not is_spoken_by(language, *languages):
        own = " and ".join(map(repr, languages))
        raise BadSetting(
            f"The voice {narrator.voice.name} speaks {own}, and the dub is in {language!r}; give a voice of that "
            "language."
        )
