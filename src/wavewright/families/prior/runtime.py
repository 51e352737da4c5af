"""How a prior plays: codes frame by frame and level by level through two ONNX graphs, then sound by the codec, without torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ... import models
from ...contracts.generation import ClipRequest, SequenceGenerator
from ...contracts.lookup import index_of
from ...dsp.position import POSITION_FEATURES, position_features
from ...errors import BadModel, BadSetting
from ...models.folder import ModelFolder, Shapes
from ..codec import CODEC
from ..codec.runtime import CodecRuntime
from .config import LEVEL_FILE, STATISTICS_FILE, TIME_FILE, PriorConfig
from .sampling import SHORTEST_SECONDS, draw_duration, draw_frames
from .symbols import checked, to_symbols

DEFAULT_SECONDS = 5.0  # of an endless sound
LONGEST_SECONDS = {"endless": 3_600.0, "drawn": 60.0}
CHUNK_FRAMES = 25  # that are drawn before they are decoded


@dataclass(frozen=True)
class CodesRequest(ClipRequest):
    """A clip whose length is known before its codes are drawn."""

    n_samples: int


class PriorRuntime(SequenceGenerator[CodesRequest]):
    """A prior that plays through its codec."""

    def __init__(self, folder: ModelFolder) -> None:
        config = folder.config(PriorConfig)
        super().__init__(folder, config)
        self.config = config
        self.n_levels, self.hop_length, self.codebook_size = config.n_levels, config.hop_length, config.codebook_size
        self.codec = self._codec()
        inputs: Shapes = {"before": (1, config.n_levels)}
        inputs |= {"position": (1, POSITION_FEATURES)} if config.has_position else {}
        inputs |= {name: (1,) for name, some in (("label", config.labels), ("speaker", config.speakers)) if some}
        inputs["state"] = (1, *config.state_shape)
        outputs: Shapes = {"said": (1, config.width), "next_state": (1, *config.state_shape)}
        self._over_time = folder.session(TIME_FILE, inputs, outputs)
        inputs = {"said": (1, config.width), "symbols": (1, config.n_levels), "level": (1,)}
        self._within = folder.session(LEVEL_FILE, inputs, {"logits": (1, config.codebook_size + 1)})

    @property
    def seconds_range(self) -> tuple[float, float]:
        """Shortest and longest clip, in seconds."""
        return SHORTEST_SECONDS, LONGEST_SECONDS[self.config.duration]

    def tokens(
        self,
        label: str | None = None,
        seed: int = 0,
        index: int = 0,
        seconds: float | None = None,
        temperature: float | None = None,
        speaker: str | None = None,
        given: np.ndarray | None = None,
    ) -> np.ndarray:
        """The codes ``(n_levels, frames)`` int16 of the clip that :meth:`generate` makes of the same arguments.

        They begin with the codes ``given (n_levels or more, frames)``, where there are any. ``codec.decode`` makes sound of them. Raises
        BadSetting as :meth:`generate`, for codes that no codec gives, and for ones that leave nothing to draw.
        """
        heard = None if given is None else checked(given, self.config)
        request = self._request(label, seed, index, seconds, temperature, speaker)
        n_given, n_frames = 0 if heard is None else heard.shape[1], self._n_frames(request)
        if n_given >= n_frames:
            raise BadSetting(
                f"The codes to begin with are {n_given} frames, {n_given * self.hop_length / self.sample_rate:.3g} s; ask for more than "
                f"that, not for {n_frames} frames in all."
            )
        return np.stack(list(self._frames(request, heard)), axis=1)

    def nats_of(self, codes: np.ndarray, label: str | None = None, speaker: str | None = None) -> np.ndarray:
        """What each of ``codes (n_levels or more, frames)`` costs, given all before it: nats ``(n_levels, frames)`` float64.

        The codes are a sound from its beginning on, and, for a model of whole sounds, to its end. In a silent frame the coarsest level
        says so, and the others cost nothing. Raises BadSetting for codes that no codec gives, and where the model has labels or speakers
        and none is given.
        """
        config = self.config
        symbols = to_symbols(checked(codes, config), config)
        label_number, voice = self._number(label, "label"), self._number(speaker, "speaker")
        positions = position_features(len(symbols))
        state, before = np.zeros(config.state_shape, np.float32), np.full(config.n_levels, config.begin, np.int64)
        nats = np.zeros((config.n_levels, len(symbols)))
        for frame, now in enumerate(symbols):
            said, state = self.over_time(before, positions[frame], label_number, voice, state)
            for level in range(1 if now[0] == config.silent else config.n_levels):
                logits = self.within(said, now, level)[: config.codebook_size + (level == 0)].astype(np.float64)
                nats[level, frame] = logits.max() + np.log(np.exp(logits - logits.max()).sum()) - logits[now[level]]
            before = now
        return nats

    def over_time(
        self, before: np.ndarray, position: np.ndarray, label: int, speaker: int, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The network's step from one frame to the next; see :class:`.sampling.Steps`."""
        inputs = {"before": before[None], "state": state[None]}
        inputs |= {"position": position[None]} if self.config.has_position else {}
        inputs |= {"label": np.array([label], np.int64)} if self.labels else {}
        inputs |= {"speaker": np.array([speaker], np.int64)} if self.speakers else {}
        said, after = self._over_time.run(None, inputs)
        return said[0], after[0]

    def within(self, said: np.ndarray, symbols: np.ndarray, level: int) -> np.ndarray:
        """The network's step from one level to the next; see :class:`.sampling.Steps`."""
        inputs = {"said": said[None], "symbols": symbols[None], "level": np.array([level], np.int64)}
        logits = self._within.run(None, inputs)[0][0]
        if not np.isfinite(logits).all():
            raise BadModel(
                f"{self.card.name} draws from what is no number; its weights are damaged or its training exploded."
            )
        return logits

    def _n_frames(self, request: CodesRequest) -> int:
        return -(-request.n_samples // self.hop_length)

    def _frames(self, request: CodesRequest, given: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """Frame after frame of codes ``(n_levels,)``."""
        return draw_frames(
            self,
            self.config,
            request.rng,
            self._n_frames(request),
            request.label,
            request.speaker,
            request.temperature,
            given,
        )

    def _chunks(self, request: CodesRequest, prompt: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """Yield the clip in chunks ``(1, time)`` of about CHUNK_FRAMES frames."""
        codes = None
        if prompt is not None:
            n_whole = max(1, prompt.shape[1] // self.hop_length)  # the codec pads the last frame with silence
            codes = self.codec.encode(prompt[0])[:, :n_whole]
        n_left = request.n_samples
        for wave in self._decoded(self._frames(request, codes)):
            if len(wave) and n_left:
                yield np.clip(wave[None, :n_left], -1.0, 1.0)
                n_left -= min(len(wave), n_left)

    def _decoded(self, frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Waves ``(time,)`` of frames of codes, as they are drawn."""
        decoder = self.codec.decoder(self.n_levels)
        while drawn := list(itertools.islice(frames, CHUNK_FRAMES)):
            yield decoder.push(np.stack(drawn, axis=1))
        yield decoder.finish()

    def _draw_request(
        self, label: int, speaker: int | None, n_samples: int | None, temperature: float, rng: np.random.Generator
    ) -> CodesRequest:
        drawn_speaker = self._draw_speaker(rng)
        speaker = drawn_speaker if speaker is None else speaker
        drawn_samples = round(DEFAULT_SECONDS * self.sample_rate)
        if self.config.duration == "drawn":
            drawn_samples = draw_duration(self._durations, self.config, label, speaker, rng) * self.hop_length
        return CodesRequest(drawn_samples if n_samples is None else n_samples, label, speaker, temperature, rng)

    def _number(self, asked: str | None, kind: str) -> int:
        """The number of a label or speaker; raises BadSetting for one that the model lacks, or for none where it has some."""
        known = self.labels if kind == "label" else self.speakers
        if asked is not None:
            return index_of(asked, known, kind, self.card.name)
        if known:
            raise BadSetting(f"{self.card.name} was told the {kind} of every sound; give one of {', '.join(known)}.")
        return 0

    @cached_property
    def _durations(self) -> np.ndarray:
        """Quantiles of the durations in frames, ``(labels, speakers, quantiles)``; raises BadModel where they do not fit the config."""
        shape = (max(len(self.labels), 1), max(len(self.speakers), 1))
        durations = self.folder.tensors(STATISTICS_FILE).get("durations")
        if durations is None or durations.shape[:2] != shape or not durations.size or not np.isfinite(durations).all():
            raise BadModel(
                f"{self.folder.path / STATISTICS_FILE} has no durations for {shape[0]} labels and {shape[1]} speakers, which its card "
                "asks for; copy the model again."
            )
        return durations.astype(np.float64)

    def _codec(self) -> CodecRuntime:
        """The codec whose codes are drawn; raises BadModel where it is not there, or does not fit what the card says of it."""
        codec, config = open_codec(self.config, self.card.name), self.config
        found = (codec.sample_rate, codec.hop_length, codec.codebook_size)
        if (
            found != (config.sample_rate, config.hop_length, config.codebook_size)
            or codec.n_codebooks < config.n_levels
        ):
            raise BadModel(
                f"The card of {self.folder.path} does not fit its codec {config.codec}; copy the model again."
            )
        return codec


def open_codec(config: PriorConfig, who: str) -> CodecRuntime:
    """The codec that a config names, for a prior called ``who``.

    Raises BadModel where it is not there, is no codec, or is not the one whose hash the config has.
    """
    name, wanted = config.codec, config.codec_hash
    try:
        path = models.find(name)
    except BadModel as error:
        raise BadModel(
            f"{who} draws the codes of the codec {name!r}{wanted and f' ({wanted})'}, which is not among the models here; copy its folder "
            "into runs/ or your model folder, or train with another (model.codec=NAME)."
        ) from error
    folder = ModelFolder(path)
    if folder.card.family != CODEC.name:
        raise BadModel(
            f"{who} draws the codes of a codec, and {name} is of the family {folder.card.family}; name a codec (model.codec)."
        )
    folder.verify()
    codec = CODEC.open(folder)
    if wanted not in ("", codec.codes_hash, folder.hash):  # older priors name all files of their codec
        raise BadModel(
            f"{who} draws the codes of a {name} whose networks have the hash {wanted}, and those of the {name} here have {codec.codes_hash}; "
            f"copy the former here, or train {who} again on the latter."
        )
    return codec
