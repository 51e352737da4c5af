"""Errors for users: one sentence that says what was given, what is allowed and what to try."""

from __future__ import annotations

import errno
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories of control and format characters, lone surrogates, and line and paragraph separators."""

MAX_MESSAGE = 1_500
"""Characters of a message; a longer one, which quotes a long number or text, loses its middle."""

MAX_EXCERPT = 200
"""Characters of an excerpt of a file or of a library's message."""

BAD_INPUT = 2
"""Exit code of a command whose input is wrong, or of whose items some failed."""

FULL_DISK = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows has no EDQUOT


class WavewrightError(ValueError):
    """Invalid input. The command line prints the sentence and exits with code 2.

    A message may quote any file, so control characters are escaped and a long message is shortened.
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__(printable(sentence, MAX_MESSAGE))


class BadAudio(WavewrightError):
    """A sound file or array that cannot be read or used: missing, empty, truncated, not finite, too large."""


class BadScore(WavewrightError):
    """A score that cannot be read, written or rendered: not a score, damaged beyond repair, too long."""


class BadSoundFont(WavewrightError):
    """A SoundFont file that cannot be read or written: not a SoundFont, damaged, without presets or samples."""


class BadModel(WavewrightError):
    """A model that does not exist, or a damaged model folder: wrong hash, wrong shape, missing file."""


class BadSetting(WavewrightError):
    """A setting, label or option with an unknown name, a wrong type or a value out of range."""


def unsupported(model: str, reason: str, option: str) -> BadSetting:
    """Return the error for an option that a model has no use for."""
    return BadSetting(f"{model} {reason}; leave {option} out, or use another model.")


class BadFamily(WavewrightError):
    """A model family that breaks its contract; its developer has to change it."""


class BadFolder(WavewrightError):
    """A folder or manifest with nothing usable in it, or with invalid fields."""


class InUse(WavewrightError):
    """A folder or file that another process or thread is writing to."""


class MissingExtra(WavewrightError):
    """A feature that needs an optional dependency, such as those of the extra ``train``."""


class TrainingStopped(WavewrightError):
    """Training that could not continue; the sentence names the cause and the remedy."""


class BadText(WavewrightError):
    """A text, markup or lexicon that cannot be spoken: empty, in another script, or with incomplete markup."""


class NothingToSpeak(BadText):
    """A text without anything that can be spoken."""


class SkippedText(UserWarning):
    """A passage of a text was skipped because it cannot be read."""


class ScoreWarning(UserWarning):
    """A damaged part of a score was left out or repaired."""


class SoundWarning(UserWarning):
    """A sound file is damaged or in parts unreadable, or something of it was left out of another one."""


READ_WARNINGS = (SkippedText, ScoreWarning, SoundWarning)
"""Warnings that are for users: each is one sentence."""


@contextmanager
def collected_warnings() -> Iterator[dict[str, type[Warning]]]:
    """Collect the warnings for users where nothing shows them: at the end, each sentence is there with its category."""
    sentences: dict[str, type[Warning]] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        for category in READ_WARNINGS:
            warnings.simplefilter("always", category)
        yield sentences
    sentences |= {str(warning.message): warning.category for warning in caught}


def shortened(text: str, max_length: int = MAX_MESSAGE) -> str:
    """Return a text without its middle if it has more than ``max_length`` characters."""
    if len(text) <= max_length:
        return text
    half = max_length // 2
    return f"{text[:half]} ... {text[-half:]}"


def printable(text: str, max_length: int = MAX_EXCERPT) -> str:
    """Return a text for a message: on one line, its middle left out beyond ``max_length``, UNPRINTABLE escaped."""
    shown = shortened(text, max_length)
    if shown.isprintable():
        return shown
    return "".join(
        _escaped(character) if unicodedata.category(character) in UNPRINTABLE else character for character in shown
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


EXPECTED_ERRORS = (WavewrightError, OSError, MemoryError)
"""Errors that `sentence_of` explains; any other one is a fault of Wavewright."""


def sentence_of(error: Exception) -> str:
    """Return the sentence of a WavewrightError, or one for an error of the operating system or a lack of memory."""
    if isinstance(error, MemoryError):
        return "There is not enough memory for it; give it less, or shorter files, or run fewer jobs at a time."
    if not isinstance(error, OSError):
        return str(error)
    if error.errno in FULL_DISK:
        target = f" to write {error.filename}" if error.filename else ""
        return f"There is no space left{target}; free some, or write to another disk."
    target = f" {error.filename}" if error.filename else ""
    return f"The system refused{target}: {error.strerror or error}."


def problem_of(what: object, error: Exception) -> str:
    """Return the sentence of any error about one of several items, which must not stop the others."""
    if isinstance(error, EXPECTED_ERRORS):
        return sentence_of(error)
    reason = printable(f"{type(error).__name__}: {error}")
    return f"Wavewright failed at {what} ({reason}); please report it with the file."


def how_to_install(extra: str) -> str:
    """Return the advice for messages on how to install an optional extra: Wavewright is installed from its folder."""
    return f'run pip install ".[{extra}]" in the folder of Wavewright'


TRAINING_PACKAGES = {"torch": "PyTorch", "onnx": "onnx", "threadpoolctl": "threadpoolctl"}
"""Modules without which nothing is trained, and their names for users; PyTorch is often installed without the rest."""


def check_training(what: str, **more: str) -> None:
    """Check that the packages of training are installed.

    - ``more``: further modules of the extra ``train``, and their names for users.

    Raises MissingExtra with the names of all that are missing.
    """
    packages = TRAINING_PACKAGES | more
    missing = [name for module, name in packages.items() if find_spec(module) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise MissingExtra(f"{what} {_joined(missing)}, which {verb} not installed: {how_to_install('train')}.")


def training_problem() -> str:
    """Return why nothing can be trained here, or an empty text."""
    try:
        check_training("Training needs")
    except MissingExtra as error:
        return str(error)
    return ""


def _joined(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


class Named:
    """Context that names the position in a file in all errors."""

    def __init__(self, position: str) -> None:
        self._position = position

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, WavewrightError):
            raise type(error)(f"{self._position}: {error}") from error
