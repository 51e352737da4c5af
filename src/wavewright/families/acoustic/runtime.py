"""Inference of a voice: symbols to mel frames through two ONNX graphs, with all controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...base.errors import BadModel, BadSetting
from ...base.names import index_of
from ...contracts.runtime import NEUTRAL, AcousticModel, Controls, Style, Utterance
from ...dsp.alignment import N_SYMBOL_POSITION_FEATURES
from ...models.folder import ModelFolder
from .config import DECODER_FILE, ENCODER_FILE, N_PROSODY, SPEAKERS_FILE, AcousticConfig
from .synthesis import SymbolSentence, synthesise

MAX_SYMBOLS = 20_000  # of one call, some twenty minutes of speech
MAX_VARIATION = 3.0


class AcousticRuntime(AcousticModel):
    """A voice that is open for inference; an utterance depends on the model and the arguments alone."""

    def __init__(self, folder: ModelFolder) -> None:
        super().__init__(folder)
        self.config = config = folder.config(AcousticConfig)
        self.language = config.language
        self.languages = config.all_languages
        self.symbols = tuple(config.rows)
        self.speakers = config.speakers
        self.styles = config.style_names
        self.hop_length = config.hop_length
        self.n_mels = config.n_mels
        self._usual_style = self._speaker_table("usual_style", (config.n_speakers, config.n_styles))
        self._usual_style /= self._usual_style.sum(axis=1, keepdims=True)
        self._pace = self._speaker_table("pace", (config.n_speakers,))
        encoded = (1, None, config.channels)
        self._encoder = folder.session(
            ENCODER_FILE,
            {"symbols": (1, None), "speaker": (1,), "style": (1, config.n_styles)},
            {"encoded": encoded, "log_durations": (1, None), "prosody": (1, None, N_PROSODY)},
        )
        self._decoder = folder.session(
            DECODER_FILE,
            {
                "encoded": encoded,
                "prosody": (1, None, N_PROSODY),
                "positions": (1, None),
                "features": (1, None, N_SYMBOL_POSITION_FEATURES),
            },
            {"mel": (1, None, config.n_mels)},
        )

    def speak_symbols(
        self,
        symbols: Sequence[str],
        speaker: str | None = None,
        seed: int = 0,
        controls: Controls = NEUTRAL,
        style: Style = None,
        variation: float = 0.0,
    ) -> Utterance:
        """Synthesise the mel frames of a sentence; see :class:`wavewright.contracts.runtime.AcousticModel`."""
        indices = self._indices(symbols)
        index = 0 if speaker is None else index_of(speaker, self.speakers, "speaker", self.name)
        weights = self._style_weights(index, style, variation, seed)
        sentence = SymbolSentence(indices, index, weights, self._pace[index], **controls.for_symbols(len(indices)))
        return synthesise(self, self.config, sentence)

    def encode(self, symbols: np.ndarray, speaker: int, style: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Encode symbols and predict their durations and prosody; see :meth:`.EncoderDecoder.encode`."""
        inputs = {"symbols": symbols[None], "speaker": np.array([speaker], np.int64), "style": style[None]}
        encoded, log_durations, prosody = self._encoder.run(["encoded", "log_durations", "prosody"], inputs)
        return encoded[0], self.finite(log_durations[0]), self.finite(prosody[0])

    def decode(
        self, encoded: np.ndarray, prosody: np.ndarray, positions: np.ndarray, features: np.ndarray
    ) -> np.ndarray:
        """Decode mel frames; see :meth:`.EncoderDecoder.decode`."""
        inputs = {"encoded": encoded, "prosody": prosody, "positions": positions, "features": features}
        (mel,) = self._decoder.run(["mel"], {name: array[None] for name, array in inputs.items()})
        return self.finite(mel[0])

    def _indices(self, symbols: Sequence[str]) -> np.ndarray:
        """Return the indices of symbols, ``(symbols,)`` int64; raise BadSetting for none, too many or unknown ones."""
        if isinstance(symbols, str):
            symbols = symbols.split()
        if not 1 <= len(symbols) <= MAX_SYMBOLS:
            raise BadSetting(
                f"There are {len(symbols)} symbols to speak; {self.name} speaks 1 to {MAX_SYMBOLS} at once: give it "
                "sentences."
            )
        unknown = next((symbol for symbol in symbols if symbol not in self.config.rows), None)
        if unknown is not None:
            raise BadSetting(f"{self.name} has no symbol {unknown!r}; its symbols are {' '.join(self.symbols)}.")
        return np.array([self.config.rows[symbol] for symbol in symbols], np.int64)

    def _style_weights(self, speaker: int, style: Style, variation: float, seed: int) -> np.ndarray:
        """Return the weights of the styles, ``(n_styles,)`` float32, sum 1."""
        if not 0 <= variation <= MAX_VARIATION:
            raise BadSetting(f"The variation is {variation}; it must lie between 0 and {MAX_VARIATION:g}.")
        requested = {style: 1.0} if isinstance(style, str) else dict(style or {})
        for name, weight in requested.items():
            index_of(name, self.styles, "style", self.name)
            if not 0 <= weight <= 1:
                raise BadSetting(f"The weight of {name} is {weight}; it must lie between 0 and 1.")
        total = sum(requested.values())
        if total > 1:
            raise BadSetting(f"The weights of the styles sum to {total:g}; together they may be 1 at most.")
        weights = (1 - total) * self._usual_style[speaker]
        weights = weights + np.array([requested.get(name, 0.0) for name in self.styles])
        if variation:
            noise = np.random.Generator(np.random.PCG64(seed)).standard_normal(len(weights))
            weights = weights * np.exp(variation * noise)
        normalised: np.ndarray = weights / weights.sum()
        return normalised.astype(np.float32)

    def _speaker_table(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return a table of the speakers as float64; raise BadModel unless its rows are positive and of this shape."""
        table = self.folder.tensors(SPEAKERS_FILE).get(name, np.zeros(0))
        is_valid = table.shape == shape and bool(np.isfinite(table).all()) and table.min() >= 0
        if not is_valid or table.reshape(len(table), -1).sum(axis=1).min() <= 0:
            raise BadModel(
                f"{self.folder.path / SPEAKERS_FILE} has no table {name!r} of shape {shape}, which its card asks "
                "for; copy the model again."
            )
        return table.astype(np.float64)
