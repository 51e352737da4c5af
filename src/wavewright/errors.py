"""The errors that speak to a person: one sentence that says what was given, what is allowed and what to try."""

import unicodedata

UNPRINTABLE = ("Cc", "Cf", "Zl", "Zp")
"""Unicode categories of control and formatting characters and of line and paragraph separators."""

LONGEST_SENTENCE = 1_500
"""Characters of a message; a longer one, which quotes a long number or text, loses its middle."""


class WavewrightError(ValueError):
    """Something the person gave cannot be used. The command line prints the sentence and exits with code 2.

    A message may quote any file, so control characters are shown as escapes, and a long message is shortened.
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__(_printable(shortened(sentence)))


class BadAudio(WavewrightError):
    """A sound file or array that cannot be read or used: missing, empty, truncated, not a number, too large."""


class BadModel(WavewrightError):
    """A model that does not exist, or a model folder that is damaged: wrong hash, wrong shape, missing file."""


class BadSetting(WavewrightError):
    """A setting, label or option with an unknown name, a wrong type or a value out of range."""


class BadFolder(WavewrightError):
    """A folder or manifest with nothing usable in it, or with fields that cannot be understood."""


class InUse(WavewrightError):
    """A folder or file that another process or thread is writing to."""


class MissingExtra(WavewrightError):
    """A feature that needs an optional part of the installation, such as the extra ``train``."""


class TrainingStopped(WavewrightError):
    """Training ended because it could not go on in health; the sentence names what happened and the remedy."""


class BadText(WavewrightError):
    """A text, markup or lexicon that cannot be spoken: nothing in it, letters of another script, markup that is not whole."""


class NothingToSpeak(BadText):
    """A text without anything that can be spoken."""


class SkippedText(UserWarning):
    """A passage of a text was skipped because it cannot be read."""


def shortened(sentence: str) -> str:
    """Return a message without its middle where it has more than LONGEST_SENTENCE characters."""
    if len(sentence) <= LONGEST_SENTENCE:
        return sentence
    half = LONGEST_SENTENCE // 2
    return f"{sentence[:half]} ... {sentence[-half:]}"


def _printable(sentence: str) -> str:
    if sentence.isprintable():
        return sentence
    return "".join(
        _escaped(character) if unicodedata.category(character) in UNPRINTABLE else character for character in sentence
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def how_to_install(extra: str) -> str:
    """Return the advice for messages on how to install an optional extra: Wavewright is installed from its folder."""
    return f'run pip install ".[{extra}]" in the folder of Wavewright'
