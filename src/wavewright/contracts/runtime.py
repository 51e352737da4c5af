"""Base classes of open models, one for each thing that a model can do, and of results with the model that made them."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np

from ..base.errors import BadAudio, BadModel, BadSetting
from ..base.names import index_of
from ..dsp.stream import ChunkStream, WaveStream
from ..models.folder import ModelFolder, describe_model
from .config import TEMPERATURE_RANGE

if TYPE_CHECKING:
    from .recognition import Calibration, OutputKind


class Model:
    """A model that is open for inference; a damaged folder raises BadModel.

    Attributes
    ----------
    folder, card
        Where the model comes from and what is known of it.
    sample_rate
        Of its audio, Hz.
    labels
        Names that `generate` accepts; empty for a model without labels.
    """

    def __init__(self, folder: ModelFolder) -> None:
        self.folder = folder
        self.card = folder.card
        self.sample_rate: int = folder.card.sample_rate
        self.labels: tuple[str, ...] = tuple(folder.card.labels)

    @property
    def name(self) -> str:
        """Name on the card."""
        return self.card.name

    @property
    def content_hash(self) -> str:
        """Hash of the files of the model."""
        return self.folder.hash

    @property
    def licence(self) -> str:
        """Licence on the card."""
        return self.card.licence

    def __repr__(self) -> str:
        """Return one line: family, sample rate, labels, size."""
        return describe_model(self.folder)

    def finite(self, outputs: np.ndarray) -> np.ndarray:
        """Return what the model computed; raise BadModel if it contains NaN or infinite values."""
        if not np.isfinite(outputs).all():
            raise BadModel(
                f"{self.name} produced NaN or infinite values; its weights are damaged or its training diverged."
            )
        return outputs


class Generator(Model, ABC):
    """A model that generates clips: by label and seed, each clip independent of the others of a call."""

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the further parameters that `generate` takes for this model."""
        return ()

    @abstractmethod
    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return clips ``start`` to ``start + count - 1`` of a seed, each ``(1, time)`` float32 in [-1, 1].

        Clip ``i`` depends on the model, the label, the seed and ``i`` alone.

        Raises BadSetting for a label that the model does not have, and further parameters out of their range; BadModel
        if the model produces NaN or infinite values.

        Parameters
        ----------
        label
            One of `labels`; without it, clip ``i`` has label ``i`` modulo their number.
        count, seed, start
            Number of clips, seed, and number of the first clip among those of the seed.
        """

    def label_index(self, label: str | None, index: int = 0) -> int:
        """Return the index of the label of clip ``index``, 0 for a model without labels; raises BadSetting."""
        return index % max(len(self.labels), 1) if label is None else index_of(label, self.labels, "label", self.name)

    def clip_rng(self, seed: int, index: int, label_number: int) -> np.random.Generator:
        """Return the random numbers of clip ``index`` of a seed, which depend on the name of its label too."""
        label = self.labels[label_number] if self.labels else ""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, zlib.crc32(label.encode())])))


InterpolationName = Literal["linear", "slerp"]
"""Path between two latents: a straight line, or an arc around their centre."""


class Interpolator(Generator):
    """A generator whose clips can be interpolated."""

    @abstractmethod
    def interpolate(self, seed_a: int, seed_b: int, steps: int, label: str | None = None) -> list[np.ndarray]:
        """Return ``steps`` clips ``(1, time)`` from clip 0 of one seed to clip 0 of another, both included.

        All have one label, by default the first. Raises BadSetting for an unknown label or fewer than two steps.
        """


class Continuer(Generator):
    """A generator that continues clips."""

    @abstractmethod
    def continue_from(
        self, wave: np.ndarray, seconds: float, label: str | None = None, seed: int = 0, index: int = 0
    ) -> np.ndarray:
        """Return ``wave (1, time)`` and its continuation, ``seconds`` in all: ``(1, time)`` float32 in [-1, 1].

        Label, seed and index choose the clip as in :meth:`generate`. Raises BadAudio for another shape, integers, no
        samples, NaN or infinite values, BadSetting for a wave no shorter than ``seconds``.
        """


class Vocoder(Model, ABC):
    """A model that turns log-mel frames into audio."""

    hop_length: int
    n_mels: int

    @abstractmethod
    def mel_of(self, wave: np.ndarray) -> np.ndarray:
        """Return the log-mel frames ``(n_mels, frames)`` float32 of a wave ``(time,)`` at the model's sample rate.

        Raises BadAudio for another shape, integers, no samples, NaN or infinite values.
        """

    def vocode(self, mel: np.ndarray, seed: int = 0) -> np.ndarray:
        """Return the wave ``(1, frames * hop_length)``, float32 in [-1, 1], of log-mel frames ``(n_mels, frames)``.

        ``seed`` is that of the noise. Raises BadSetting for frames of another shape, NaN or infinite values.
        """
        return np.concatenate(list(self.vocode_stream(mel, seed)), axis=-1)

    @abstractmethod
    def vocode_stream(self, mel: np.ndarray, seed: int = 0) -> Iterator[np.ndarray]:
        """Yield the wave of :meth:`vocode` in chunks ``(1, time)``; raise BadSetting first for other frames."""

    def checked_mel(self, mel: np.ndarray, may_be_empty: bool = False) -> np.ndarray:
        """Return log-mel frames as float32; raise BadSetting unless finite and ``(n_mels, frames)``.

        There must be at least one frame, unless they ``may_be_empty``, as a piece of a stream can be.
        """
        mel = np.asarray(mel)
        has_shape = mel.ndim == 2 and mel.shape[0] == self.n_mels and (mel.shape[1] or may_be_empty)
        if not has_shape or not np.isfinite(mel).all():
            smallest = "" if may_be_empty else "at least one frame, "
            raise BadSetting(
                f"The mel frames have shape {mel.shape}; {self.name} takes finite numbers ({self.n_mels}, frames), "
                f"{smallest}one for each {self.hop_length} samples at {self.sample_rate} Hz."
            )
        return mel.astype(np.float32, copy=False)


Control = float | Sequence[float] | np.ndarray
"""One number for all symbols, or one for each."""

CONTROL_RANGES = {"rate": (0.25, 4.0), "pitch": (0.25, 4.0), "pitch_range": (0.0, 4.0), "energy": (0.1, 10.0)}
"""The smallest and largest value of each control; 1 is neutral."""


@dataclass(frozen=True)
class Controls:
    """Factors by which a sentence is spoken, for all symbols or for each; 1 is neutral.

    Parameters
    ----------
    rate
        Speaking rate, a factor from 0.25 to 4.
    pitch
        Factor of the pitch, 0.25 to 4.
    pitch_range
        Factor of the pitch's deviation from its mean in octaves, 0 to 4.
    energy
        Factor of the amplitude, 0.1 to 10.
    """

    rate: Control = 1.0
    pitch: Control = 1.0
    pitch_range: Control = 1.0
    energy: Control = 1.0

    def for_symbols(self, n_symbols: int) -> dict[str, np.ndarray]:
        """Return each control as ``(n_symbols,)`` float64; raise BadSetting for other shapes or out of its range."""
        return {name: _for_symbols(name, getattr(self, name), n_symbols) for name in CONTROL_RANGES}


NEUTRAL = Controls()
"""The voice as it is."""


def _for_symbols(name: str, value: Control, n_symbols: int) -> np.ndarray:
    low, high = CONTROL_RANGES[name]
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise BadSetting(f"{name} is {value!r}; it must be a number, or one for each symbol.") from None
    if numbers.shape not in ((), (n_symbols,)):
        raise BadSetting(
            f"{name} has shape {numbers.shape}; it must be one number, or one for each of the {n_symbols} symbols."
        )
    in_range = (numbers >= low) & (numbers <= high)
    if not in_range.all():
        worst = numbers[~in_range].flat[0] if numbers.shape else numbers
        raise BadSetting(f"{name} is {float(worst):g}; it must lie between {low:g} and {high:g}.")
    return np.broadcast_to(numbers, (n_symbols,)).astype(np.float64)


Style = str | Mapping[str, float] | None
"""A style by name, weights of several styles, or the usual style of the speaker."""


@dataclass(frozen=True)
class Utterance:
    """A sentence as log-mel frames ``(n_mels, frames)`` float32, see :mod:`wavewright.dsp.mel`.

    The other arrays have one entry for each symbol: its frames (int64), its pitch in hertz (0 where unvoiced), and its
    energy in nats, the logarithm of the mean power of the bands.
    """

    mel: np.ndarray
    durations: np.ndarray
    pitch: np.ndarray
    energy: np.ndarray


class AcousticModel(Model, ABC):
    """A model that turns symbols of speech into mel frames."""

    language: str
    languages: tuple[str, ...]
    symbols: tuple[str, ...]
    speakers: tuple[str, ...]
    styles: tuple[str, ...]
    hop_length: int
    n_mels: int

    @abstractmethod
    def speak_symbols(
        self,
        symbols: Sequence[str],
        speaker: str | None = None,
        seed: int = 0,
        controls: Controls = NEUTRAL,
        style: Style = None,
        variation: float = 0.0,
    ) -> Utterance:
        """Synthesise the mel frames of a sentence.

        Long texts are synthesised in chunks of some twenty seconds, so that memory stays small.

        Raises BadSetting for an unknown symbol, speaker or style, or a number out of its range.

        Parameters
        ----------
        symbols
            Of a sentence, from the front end of one of `languages`, of which `language` is the first.
        speaker
            Name of a speaker, by default the first.
        seed
            Of the variation.
        controls
            Rate, pitch, range of the pitch and energy.
        style
            A name of `styles`, or weights of several (``{"style-2": 0.6}``) that replace as much of the usual style.
        variation
            Deviation by which the seed changes the style, 0 to 3.

        Returns
        -------
        Utterance
            Mel frames, and durations, pitch and energy of each symbol.
        """


class EntropyCoder(ABC):
    """A lossless code for the codes of one packet."""

    @abstractmethod
    def encode(self, codes: np.ndarray) -> bytes:
        """Return the payload of ``codes (channels, n_codebooks, frames)``; raise BadSetting for invalid codes."""

    @abstractmethod
    def decode(self, payload: bytes, n_channels: int, n_frames: int) -> np.ndarray:
        """Return the codes ``(channels, n_codebooks, frames)`` int16 of a payload; any bytes give valid codes."""


class Codec(Model, ABC):
    """A model that compresses audio into codes.

    Attributes
    ----------
    hop_length
        Samples per frame of codes.
    n_codebooks
        Codes per frame, coarse to fine; the first few alone are a coarser version of the audio.
    codebook_size
        Number of different codes of each codebook; -1 in every codebook is a frame of digital silence.
    latency_samples
        Largest delay of a stream that is encoded and decoded, in samples.
    n_concealed
        Frames of a gap that the decoder can make up, where all their codes are -2; what is missing after them is
        silent. 0 for a decoder that cannot.
    """

    hop_length: int
    n_codebooks: int
    codebook_size: int
    latency_samples: int
    n_concealed: int = 0

    def encode(self, wave: np.ndarray) -> np.ndarray:
        """Return the codes ``(n_codebooks, frames)`` int16 of a wave ``(time,)``, the last frame padded with silence.

        Raises BadAudio for several channels, integers, NaN or infinite values.
        """
        return np.concatenate([*self.encoder().outputs([wave])], axis=1)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the wave ``(1, frames * hop_length)`` float32 of codes ``(codebooks, frames)`` of the first codebooks.

        Raises BadSetting for more codebooks than the model has and for values that no code has.
        """
        codes = np.atleast_2d(np.asarray(codes))
        return np.concatenate([*self.decoder(len(codes)).outputs([codes])])[None]

    @abstractmethod
    def encoder(self) -> ChunkStream[np.ndarray]:
        """Return an encoder of one channel: waves ``(time,)`` to the codes ``(n_codebooks, frames)`` int16 of frames.

        The last frame is padded with silence. A wave of another shape, of integers, with NaN or infinite values raises
        BadAudio; the stream then stays as it was.
        """

    @abstractmethod
    def decoder(self, n_codebooks: int | None = None) -> WaveStream:
        """Return a decoder of the first ``n_codebooks`` codes of each frame, by default of all, to waves ``(time,)``.

        They have ``hop_length`` samples for each frame in all; look-ahead delays them. Raises BadSetting for a number
        of codebooks that the model does not have, and as the stream does for values that no code has.
        """

    @property
    @abstractmethod
    def has_context_model(self) -> bool:
        """True if the probabilities of codes can be computed from the codes before them."""

    @abstractmethod
    def entropy_coder(self, n_codebooks: int, with_context: bool) -> EntropyCoder:
        """Return the entropy coder of the first ``n_codebooks`` codes of each frame.

        It uses the context model, or else the mean frequency of each code. Raises BadModel if the tables that it needs
        are missing or damaged.
        """

    @abstractmethod
    def mean_code_bits(self, with_past: bool) -> np.ndarray:
        """Return the mean size of a code in bits, ``(n_codebooks,)``, with or without known earlier frames."""


@dataclass(frozen=True)
class AlignedClip:
    """A clip as an encoder expects it.

    Attributes
    ----------
    wave
        ``(time,)``; for some models a one-shot from its onset, at one peak and of one length.
    level_db
        Level that was subtracted from the clip.
    """

    wave: np.ndarray
    level_db: float = 0.0


class Autoencoder(Model, ABC):
    """A model that encodes clips as latents, and decodes latents as clips.

    Attributes
    ----------
    clip_samples
        Length of the clips that the model encodes as a whole, of which longer ones are cut; None for any length.
    """

    clip_samples: int | None

    @abstractmethod
    def encode(self, wave: np.ndarray) -> np.ndarray:
        """Return the latents of a wave ``(time,)``: ``(latent_size,)``, or ``(n, latent_size)`` for any length."""

    @abstractmethod
    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Return the wave ``(1, time)`` float32 in [-1, 1] of latents."""

    def align(self, wave: np.ndarray) -> AlignedClip:
        """Return ``wave (time,)`` as :meth:`encode` expects it, by default unchanged; raises BadAudio as it does."""
        return AlignedClip(checked_wave(wave))

    def check_decoder_label(self, label: str | None) -> None:
        """Raise BadSetting for a label that the decoder does not take; by default it takes none."""
        if label is not None:
            index_of(label, (), "label", self.name)

    def distances(self, latents: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
        """Return the distance of the latents of each of several other clips, ``(n,)``.

        By default the root mean square of the differences between their means over time.
        """
        difference = mean_latents(others) - mean_latents([latents])
        distances: np.ndarray = np.sqrt(np.square(difference).mean(axis=1))
        return distances

    def embedding_2d(self, latents: Sequence[np.ndarray]) -> np.ndarray:
        """Return a map ``(n, 2)`` in [-1, 1] of the latents of ``n`` clips, by t-SNE."""
        from ..dsp.embedding_2d import tsne_2d

        return tsne_2d(mean_latents(latents))


def mean_latents(latents: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean over time of the latents of each of ``n`` clips, ``(n, latent_size)``."""
    return np.stack([np.atleast_2d(each).mean(axis=0) for each in latents])


class Classifier(Model, ABC):
    """A model that recognises labels.

    Attributes
    ----------
    window_samples
        Length of the clips that the network sees.
    output
        Number of labels that a clip or frame can have.
    frame_samples
        Samples from one frame to the next, where the output is ``frames``; else 0.
    is_aligned
        Clips start at their onset, as one-shots do; else they are windows at any position of a recording.
    calibration
        Fitted on validation clips.
    """

    window_samples: int
    output: OutputKind
    frame_samples: int
    is_aligned: bool
    calibration: Calibration

    @abstractmethod
    def probabilities(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """Return the probability of each label, ``(n, labels)``, for waves ``(n, time)``."""

    @abstractmethod
    def embed(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """Return the activations before the last layer, ``(n, embedding_size)``, for waves ``(n, time)``."""

    @abstractmethod
    def logits(self, wave: np.ndarray) -> np.ndarray:
        """Return the logits ``(labels,)`` of a wave ``(time,)`` at the sample rate of the model."""

    @abstractmethod
    def frame_logits(self, wave: np.ndarray) -> np.ndarray:
        """Return the logits ``(labels, frames)`` of a wave ``(time,)``; raise BadSetting for a model without frames."""


class Encoder(Model, ABC):
    """A model that turns recordings into embeddings, learned without labels.

    Attributes
    ----------
    embedding_size
        Numbers of an embedding.
    """

    embedding_size: int

    @abstractmethod
    def embed(self, waves: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        """Return the embeddings of waves.

        Raises BadAudio for another shape, integers, no samples, NaN or infinite values; BadSetting for a sample rate
        below 1; BadModel if the model produces NaN or infinite values.

        Parameters
        ----------
        waves
            Mono waves of any length, ``(n, time)``: the mean over windows, without silent ones.
        sample_rate
            Of the waves, in hertz; by default the model's. Waves of another sample rate are resampled.

        Returns
        -------
        np.ndarray
            ``(n, embedding_size)`` float32.
        """


def checked_temperature(temperature: float) -> float:
    """Return a temperature; raise BadSetting if it is out of TEMPERATURE_RANGE."""
    low, high = TEMPERATURE_RANGE
    if not low <= temperature <= high:
        raise BadSetting(
            f"The temperature is {temperature}; it must lie between {low:g} and {high:g} (1 draws as learned)."
        )
    return temperature


def checked_wave(wave: np.ndarray, shape: str = "(time,)", n_dims: int = 1, may_be_empty: bool = False) -> np.ndarray:
    """Return a mono wave as float32; raise BadAudio for other shapes, integers, no samples, NaN or infinite values.

    Parameters
    ----------
    wave
        ``(time,)``, or ``(1, time)`` with two ``n_dims``.
    shape
        The expected shape in words, for the message.
    may_be_empty
        Allow a wave without samples, as a chunk of a stream can be.
    """
    wave = np.asarray(wave)
    has_shape = wave.ndim == n_dims and (wave.size or may_be_empty) and (n_dims == 1 or wave.shape[0] == 1)
    if not has_shape or wave.dtype.kind != "f" or not np.isfinite(wave).all():
        smallest = "" if may_be_empty else "at least one sample, "
        raise BadAudio(
            f"The wave has shape {wave.shape} and type {wave.dtype}; it must be {shape} of floating-point numbers, "
            f"{smallest}without NaN or infinite values: mix channels first."
        )
    return wave.astype(np.float32, copy=False)


def checked_wave_batch(waves: np.ndarray) -> np.ndarray:
    """Return mono waves ``(n, time)`` as float32; raise BadAudio as :func:`checked_wave`."""
    waves = np.asarray(waves)
    if waves.ndim != 2 or not waves.shape[1] or waves.dtype.kind != "f" or not np.isfinite(waves).all():
        raise BadAudio(
            f"The waves have shape {waves.shape} and type {waves.dtype}; they must be (n, time) of floating-point "
            "numbers, at least one sample each, without NaN or infinite values: mix channels first."
        )
    return waves.astype(np.float32, copy=False)


class ModelIdentity(TypedDict):
    """Name and hash of a model, as results and manifests state them."""

    model: str
    model_hash: str


def identity(model: Model) -> ModelIdentity:
    """Return the name and the hash of a model."""
    return {"model": model.name, "model_hash": model.folder.hash}


def model_text(model: str, model_hash: str) -> str:
    """Return name and hash of a model as text; an embedding without weights has no hash."""
    return f"{model} ({model_hash})" if model_hash else model


def maker(model: Model) -> str:
    """Return name and hash of a model as text."""
    return model_text(model.name, model.folder.hash)


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """The result of a model, with the name and the hash of the model."""

    model: str
    model_hash: str

    @property
    def by(self) -> str:
        """Name and hash of the model as text."""
        return model_text(self.model, self.model_hash)
