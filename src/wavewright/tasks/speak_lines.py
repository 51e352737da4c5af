"""Speak a table of texts, a sound file for each line."""

from __future__ import annotations

from ..base.task_parameters import parameters_from
from ..outputs.made import Made
from ..speech.narration.batch import SpeakLinesParameters, speak_batch


@parameters_from(SpeakLinesParameters)
def speak_lines(given: SpeakLinesParameters) -> Made:
    """Speak a table of texts, a sound file for each line, with the settings in its columns.

    Lines whose sound files exist and are up to date are skipped, so that an interrupted call can be repeated. A line
    that cannot be spoken does not keep the others from being spoken. ``manifest.jsonl`` lists all files. Words that
    cannot be read, such as those of another script, are skipped with a SkippedText warning. Files are written whole or
    not at all.

    Raises BadText if the file is no table of texts; BadSetting if a style, a language or a lexicon of all lines does
    not exist; BadModel if a voice or vocoder of all lines does not exist, or they do not belong together; BadFolder if
    the file does not exist, or files cannot be written.
    """
    return speak_batch(given)
