"""The errors that speak to a person: one sentence that says what was given, what is allowed and what to try."""

import unicodedata

UNPRINTABLE = ("Cc", "Cf", "Zl", "Zp")
"""Unicode's categories of control characters, marks of direction, and ends of lines."""

LONGEST_SENTENCE = 1_500
"""Characters; longer ones quote what nobody reads to the end, such as a number of 400 digits or a text."""


class WavewrightError(ValueError):
    """Something the person gave cannot be used. The command line prints the sentence and exits with code 2.

    What a sentence quotes may come from any file: control characters in it are shown as escapes, and a long sentence loses its middle.
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__(_printable(_shortened(sentence)))


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
    """A passage of a text was not spoken, because it cannot be read."""


def _shortened(sentence: str) -> str:
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
    """Return what to do for an optional part of the installation, as messages say it: Wavewright is installed from its folder."""
    return f'run pip install ".[{extra}]" in the folder of Wavewright'
