"""How a voice plays: symbols to mel frames through two ONNX graphs, with every control, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...contracts.lookup import index_of
from ...contracts.runtime import AcousticModel, Control, Style, Utterance
from ...dsp.alignment import N_SYMBOL_POSITION_FEATURES
from ...errors import BadModel, BadSetting
from ...models.folder import ModelFolder
from .config import DECODER_FILE, ENCODER_FILE, N_TOLD, SPEAKERS_FILE, AcousticConfig
from .speaking import Controls, speak

MOST_SYMBOLS = 20_000  # of one call: some twenty minutes of speech
LARGEST_VARIATION = 3.0
CONTROL_RANGES = {"rate": (0.25, 4.0), "pitch": (0.25, 4.0), "pitch_range": (0.0, 4.0), "energy": (0.1, 10.0)}
"""The smallest and largest value of each control; 1 leaves what the voice would do."""


class AcousticRuntime(AcousticModel):
    """A voice that plays. What it says depends on the model and the arguments alone."""

    def __init__(self, folder: ModelFolder):
        super().__init__(folder)
        self.config = config = folder.config(AcousticConfig)
        self.symbols, self.speakers, self.styles = config.symbols, config.speakers, config.style_names
        self.language = config.language
        self.sample_rate, self.hop_length, self.n_mels = config.sample_rate, config.hop_length, config.n_mels
        self._numbers = {symbol: number for number, symbol in enumerate(config.symbols)}
        self._usual, self._pace = self._speakers()
        channels, n_symbols = config.channels, None
        encoded = {"encoded": (1, n_symbols, channels)}
        self._encoder = folder.session(
            ENCODER_FILE,
            {"symbols": (1, n_symbols), "speaker": (1,), "style": (1, config.n_styles)},
            encoded | {"log_durations": (1, n_symbols), "melody": (1, n_symbols, N_TOLD)},
        )
        self._decoder = folder.session(
            DECODER_FILE,
            encoded
            | {"told": (1, None, N_TOLD), "places": (1, None), "features": (1, None, N_SYMBOL_POSITION_FEATURES)},
            {"mel": (1, None, config.n_mels)},
        )

    def speak_symbols(
        self,
        symbols: Sequence[str],
        speaker: str | None = None,
        seed: int = 0,
        rate: Control = 1.0,
        pitch: Control = 1.0,
        pitch_range: Control = 1.0,
        energy: Control = 1.0,
        style: Style = None,
        variation: float = 0.0,
    ) -> Utterance:
        """Speak ``symbols``, those of a sentence as the front end of ``language`` gives them, by a speaker, the first without a name.

        ``rate`` is how many times faster, ``pitch`` how many times higher, ``pitch_range`` how much wider the melody moves about its middle
        and ``energy`` how many times larger the amplitude; each one number, or one for every symbol. ``style`` is a name of ``styles``, or
        weights of several (``{"style-2": 0.6}``), of which as much is mixed into what is usual for the speaker. ``variation`` is how far
        ``seed`` moves the style from there. Longer texts are spoken in pieces of some twenty seconds, so that memory stays small.

        Raises BadSetting for a symbol, speaker, style or number that the voice does not have or cannot do.
        """
        numbers = self._numbered(symbols)
        chosen = 0 if speaker is None else index_of(speaker, self.speakers, "speaker", self.card.name)
        controls = Controls(
            *(
                _for_symbols(name, value, len(numbers))
                for name, value in (("rate", rate), ("pitch", pitch), ("pitch_range", pitch_range), ("energy", energy))
            )
        )
        controls = replace(controls, rate=controls.rate / self._pace[chosen])
        weights = self._style(chosen, style, variation, seed)
        spoken = speak(self._encode, self._decode, self.config, numbers, chosen, weights, controls)
        if not np.isfinite(spoken.mel).all():
            raise BadModel(
                f"{self.card.name} gives frames that are not numbers; its weights are damaged or its training exploded."
            )
        return spoken

    def _encode(
        self, numbers: np.ndarray, speaker: int, style: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        given = {"symbols": numbers[None], "speaker": np.array([speaker], np.int64), "style": style[None]}
        encoded, log_durations, melody = self._encoder.run(None, given)
        return encoded[0], log_durations[0], melody[0]

    def _decode(self, encoded: np.ndarray, told: np.ndarray, places: np.ndarray, features: np.ndarray) -> np.ndarray:
        given = {"encoded": encoded[None], "told": told[None], "places": places[None], "features": features[None]}
        return self._decoder.run(None, given)[0][0]

    def _numbered(self, symbols: Sequence[str]) -> np.ndarray:
        """The numbers of symbols ``(symbols,)`` int64; raises BadSetting for none, too many or unknown ones."""
        if isinstance(symbols, str):
            symbols = symbols.split()
        if not 1 <= len(symbols) <= MOST_SYMBOLS:
            raise BadSetting(
                f"There are {len(symbols)} symbols to speak; {self.card.name} speaks 1 to {MOST_SYMBOLS} at once: give it sentences."
            )
        unknown = next((symbol for symbol in symbols if symbol not in self._numbers), None)
        if unknown is not None:
            raise BadSetting(f"{self.card.name} has no symbol {unknown!r}; its symbols are {' '.join(self.symbols)}.")
        return np.array([self._numbers[symbol] for symbol in symbols], np.int64)

    def _style(self, speaker: int, style: Style, variation: float, seed: int) -> np.ndarray:
        """How much of each style ``(n_styles,)`` float32, which sum to 1."""
        if not 0 <= variation <= LARGEST_VARIATION:
            raise BadSetting(f"The variation is {variation}; it must lie between 0 and {LARGEST_VARIATION:g}.")
        asked = {style: 1.0} if isinstance(style, str) else dict(style or {})
        for name, amount in asked.items():
            index_of(name, self.styles, "style", self.card.name)
            if not 0 <= amount <= 1:
                raise BadSetting(f"The weight of {name} is {amount}; it must lie between 0 and 1.")
        total = sum(asked.values())
        if total > 1:
            raise BadSetting(f"The weights of the styles sum to {total:g}; together they may be 1 at most.")
        weights = (1 - total) * self._usual[speaker] + np.array([asked.get(name, 0.0) for name in self.styles])
        if variation:
            draw = np.random.Generator(np.random.PCG64(seed)).standard_normal(len(weights))
            weights = weights * np.exp(variation * draw)
        return (weights / weights.sum()).astype(np.float32)

    def _speakers(self) -> tuple[np.ndarray, np.ndarray]:
        """What is usual for each speaker: ``(speakers, n_styles)`` and ``(speakers,)``; raises BadModel where that does not fit the config."""
        tensors = self.folder.tensors(SPEAKERS_FILE)
        n_speakers = max(len(self.speakers), 1)
        for name, shape in {"usual_style": (n_speakers, self.config.n_styles), "pace": (n_speakers,)}.items():
            found = tensors.get(name, np.zeros(0))
            fits = found.shape == shape and bool(np.isfinite(found).all()) and found.min() >= 0
            if not fits or np.atleast_2d(found.T).sum(axis=0).min() <= 0:
                raise BadModel(
                    f"{self.folder.path / SPEAKERS_FILE} has no table {name!r} of shape {shape}, which its card asks for; copy the model "
                    "again."
                )
        usual = tensors["usual_style"].astype(np.float64)
        return usual / usual.sum(axis=1, keepdims=True), tensors["pace"].astype(np.float64)


def _for_symbols(name: str, value: Control, n_symbols: int) -> np.ndarray:
    """A control as one number for each symbol ``(symbols,)``; raises BadSetting for other shapes and numbers out of range."""
    low, high = CONTROL_RANGES[name]
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise BadSetting(f"{name} is {value!r}; it must be a number, or one for each symbol.") from None
    if numbers.shape not in ((), (n_symbols,)):
        raise BadSetting(
            f"{name} has shape {numbers.shape}; it must be one number, or one for each of the {n_symbols} symbols."
        )
    if not ((numbers >= low) & (numbers <= high)).all():
        worst = numbers.ravel()[~((numbers >= low) & (numbers <= high)).ravel()][0]
        raise BadSetting(f"{name} is {worst:g}; it must lie between {low:g} and {high:g}.")
    return np.broadcast_to(numbers, (n_symbols,)).astype(np.float64)
