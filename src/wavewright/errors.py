"""The errors that speak to a person: one sentence that says what was given, what is allowed and what to try."""


class WavewrightError(ValueError):
    """Something the person gave cannot be used. The command line prints the sentence and exits with code 2."""


class BadAudio(WavewrightError):
    """A sound file or array that cannot be read or used: missing, empty, truncated, not a number, too large."""


class BadModel(WavewrightError):
    """A model that does not exist, or a model folder that is damaged: wrong hash, wrong shape, missing file."""


class BadSetting(WavewrightError):
    """A setting, label or option with an unknown name, a wrong type or a value out of range."""


class BadFolder(WavewrightError):
    """A folder or manifest with nothing usable in it, or with fields that cannot be understood."""


class MissingExtra(WavewrightError):
    """A feature that needs an optional part of the installation, such as the extra ``train``."""


class TrainingStopped(WavewrightError):
    """Training ended because it could not go on in health; the sentence names what happened and the remedy."""


class BadText(WavewrightError):
    """A text, markup or lexicon that cannot be spoken: nothing in it, letters of another script, markup that is not whole."""


def how_to_install(extra: str) -> str:
    """Return what to do for an optional part of the installation, as messages say it: Wavewright is installed from its folder."""
    return f'run pip install ".[{extra}]" in the folder of Wavewright'
