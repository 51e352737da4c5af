"""The acoustic networks: aligner, encoder, predictors, decoder and critics, and what each of them minimises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...contracts.runtime import Utterance
from ...dsp.alignment import N_SYMBOL_POSITION_FEATURES
from ...dsp.speech_mel import MEL_STD
from ...nn.aligner import (
    Aligner,
    alignment_score,
    durations_to_positions,
    forward_sum_loss,
    frame_positions,
    hard_durations,
)
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.frame_critics import MelCritic
from ...nn.frame_layers import ConvTransformer, Im2colConv, StyleEncoder, VariancePredictor, sequence_mask
from ...nn.losses import feature_distance
from ...nn.network import Batch, Network, Turn
from ...nn.phone_classifier import PhoneClassifier, phone_loss
from ...nn.speech_losses import envelope_distance, mel_losses, prosody_losses
from .config import BOUNDARY, DECODER_FILE, ENCODER_FILE, N_TOLD, SPEAKERS_FILE, AcousticConfig
from .prosody import frames_to_wave, told_of_symbols
from .recipe import HEARD_CLIPS, WEIGHT_PREFIX, AcousticPrepared, Clip
from .speaking import VOICED_FROM, Controls, speak

USUAL_SHARE = 0.3  # of the clips are told the usual style of their speaker instead of their own
USUAL_DECAY, PACE_DECAY = 0.98, 0.995  # for each recording that is heard


class Voice(nn.Module):
    """Everything but the critics: the part that is averaged and evaluated; encoder, predictors and decoder play."""

    usual_style: Tensor
    pace: Tensor
    is_listening: Tensor

    def __init__(self, config: AcousticConfig):
        super().__init__()
        self.config = config
        channels, n_speakers = config.channels, max(len(config.speakers), 1)
        self.aligner = Aligner(len(config.symbols), n_speakers, config.n_mels, config.aligner_channels)
        self.listener = PhoneClassifier(config.n_mels, config.listener_channels, len(config.symbols))
        self.embed = nn.Embedding(len(config.symbols), channels)
        self.speaker = nn.Embedding(n_speakers, channels)
        self.styles = nn.Parameter(0.3 * torch.randn(config.n_styles, channels))
        self.style_reader = StyleEncoder(config.n_mels, config.aligner_channels, config.n_styles)
        self.register_buffer("usual_style", torch.full((n_speakers, config.n_styles), 1 / config.n_styles))
        self.register_buffer("pace", torch.ones(n_speakers))
        self.register_buffer("is_listening", torch.tensor(False))  # whether the listener helps the aligner
        blocks = (channels, config.hidden)
        self.encoder = ConvTransformer(
            config.encoder_blocks, *blocks, config.encoder_kernel, config.n_heads, config.dropout
        )
        hidden = config.predictor_channels
        self.durations = VariancePredictor(channels, hidden, 1, config.predictor_dropout)
        self.melody = VariancePredictor(channels, hidden, N_TOLD, config.predictor_dropout)
        self.told = Im2colConv(N_TOLD, channels)
        self.place = nn.Linear(N_SYMBOL_POSITION_FEATURES, channels)
        self.decoder = ConvTransformer(
            config.decoder_blocks, *blocks, config.decoder_kernel, config.n_heads, config.dropout
        )
        self.out = nn.Linear(channels, config.n_mels)
        for layer in (self.embed, self.speaker):
            nn.init.normal_(layer.weight, std=0.3)

    def encode(
        self, symbols: Tensor, speaker: Tensor, style: Tensor, heard: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What symbols sound like ``(batch, symbols, channels)``, ``log(1 + frames)`` of each and its melody ``(batch, symbols, N_TOLD)``.

        ``symbols (batch, symbols)``, ``speaker (batch,)``, ``style (batch, n_styles)``; ``heard (batch, symbols, 1)`` where some are padding.
        """
        manner = (self.speaker(speaker) + style @ self.styles)[:, None]
        encoded = self.encoder(self.embed(symbols) + manner, heard) + manner
        return encoded, self.durations(encoded, heard)[..., 0], self.melody(encoded, heard)

    def decode(
        self, encoded: Tensor, told: Tensor, places: Tensor, features: Tensor, heard: Tensor | None = None
    ) -> Tensor:
        """Mel frames ``(batch, frames, n_mels)``, as a network has them.

        ``told (batch, symbols, N_TOLD)``: octaves where voiced, voicing, energy; ``places (batch, frames)``: the symbol of each frame;
        ``features (batch, frames, N_SYMBOL_POSITION_FEATURES)``; ``heard (batch, frames, 1)`` where some are padding.
        """
        symbols = encoded + self.told(told)
        frames = symbols.gather(1, places[..., None].expand(-1, -1, symbols.shape[2]))
        return self.out(self.decoder(frames + self.place(features), heard))

    def align(self, batch: Batch) -> Tensor:
        """The aligner's log-likelihoods for a batch, ``(batch, frames, symbols)``."""
        return self.aligner(*(batch[name] for name in ("symbols", "speaker", "mel", "prior", "n_frames", "n_symbols")))

    @torch.no_grad()
    def durations_of(self, batch: Batch, scores: Tensor) -> Tensor:
        """Frames of each symbol on the best alignment ``(batch, symbols)``, by the aligner's ``scores`` and what the listener understands."""
        if self.is_listening:
            heard = torch.log_softmax(self.listener.frozen_logits(batch["mel"], frames_heard(batch)).float(), -1)
            scores = scores + heard.gather(2, batch["symbols"][:, None].expand(-1, heard.shape[1], -1))
        return hard_durations(scores, self.skippable(batch["symbols"]), batch["n_frames"], batch["n_symbols"])

    def skippable(self, symbols: Tensor) -> Tensor:
        """Which symbols may last no time."""
        return symbols == (self.config.symbols.index(BOUNDARY) if BOUNDARY in self.config.symbols else -1)

    @torch.no_grad()
    def note_pace(self, speaker: Tensor, log_durations: Tensor, durations: Tensor, heard: Tensor) -> None:
        """Remember how many times longer than predicted the symbols of each recording last; all but ``speaker`` ``(batch, symbols)``."""
        longer = (durations * heard).sum(1) / (torch.expm1(log_durations) * heard).sum(1).clamp(min=1.0)
        for row, number in enumerate(speaker.tolist()):
            self.pace[number].lerp_(longer[row].clamp(0.5, 2.0), 1 - PACE_DECAY)

    def style_of(self, batch: Batch) -> Tensor:
        """How much of each style the recordings have ``(batch, n_styles)``; in training, for some what is usual, which moves on."""
        heard = frames_heard(batch)
        style = self.style_reader(batch["mel"], heard)
        if not self.training:
            return style
        usual = self.usual_style[batch["speaker"]]
        with torch.no_grad():
            for row, speaker in enumerate(batch["speaker"].tolist()):
                self.usual_style[speaker].lerp_(style[row], 1 - USUAL_DECAY)
        takes_usual = torch.rand(len(style), 1, device=style.device) < USUAL_SHARE
        return torch.where(takes_usual, usual, style)


def frames_heard(batch: Batch) -> Tensor:
    """1 for a frame and 0 for padding, ``(batch, frames, 1)``."""
    return sequence_mask(batch["n_frames"], batch["mel"].shape[1])


def symbols_heard(batch: Batch) -> Tensor:
    """1 for a symbol and 0 for padding, ``(batch, symbols, 1)``."""
    return sequence_mask(batch["n_symbols"], batch["symbols"].shape[1])


@torch.no_grad()
def recorded_prosody(voice: Voice, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """What the recordings of a batch do: ``durations (batch, symbols)``, what is told of symbols ``(batch, symbols, N_TOLD)`` and how
    well the frames fit the symbols ``(batch,)``, log-likelihood a frame."""
    durations = voice.durations_of(batch, scores := voice.align(batch))
    fit = alignment_score(scores, durations_to_positions(durations, scores.shape[1]), frames_heard(batch)[..., 0])
    melody = {name: batch[name].float().cpu().numpy() for name in ("octaves", "voiced", "energy")}
    told = told_of_symbols(**melody, durations=durations.cpu().numpy(), n_frames=batch["n_frames"].tolist())
    return durations, torch.from_numpy(told).to(durations.device), fit


class Acoustic(Network):
    """The voice and its critics, and what each minimises."""

    def __init__(self, config: AcousticConfig):
        super().__init__()
        self.config = config
        self.voice = Voice(config)
        self.critics = MelCritic(config.n_mels, config.critic_channels) if config.critics_from else None

    def players(self) -> dict[str, nn.Module]:
        return {"voice": self.voice} if self.critics is None else {"voice": self.voice, "critics": self.critics}

    def averaged(self) -> nn.Module:
        """The part whose weights are averaged over the steps, evaluated and exported."""
        return self.voice

    def stage_starts(self) -> tuple[int, ...]:
        """The steps at which the aligner and the voice begin to learn, the listener helps to align, and critics come in."""
        later = {step for step in (self.config.listens_from, self.config.critics_from) if step}
        return tuple(sorted({0, self.config.voice_from} | later))

    def _critics_at(self, step: int) -> MelCritic | None:
        """The critics, once the voice learns from them, too."""
        return self.critics if step >= self.config.critics_from else None

    def loss_weights(self, step: int) -> dict[str, float]:
        if step < self.config.voice_from:
            return {"align/forward_sum": 1.0}
        weights = {"mel/l1": 5.0, "mel/ssim": 1.0, "duration/square": 1.0, "phone/heard": 1.0}
        weights |= {"pitch/square": 2.0, "voicing/square": 1.0, "energy/square": 0.5}
        if self._critics_at(step) is None:
            return weights
        return weights | {"adv/critic": 1.0, "adv/generator": 0.2, "adv/features": 2.0, "phone/said": 0.5}

    def turns(self, step: int) -> list[Turn]:
        if step < self.config.voice_from:
            return [("voice", self._aligner_losses)]
        critics, listens_from = self._critics_at(step), self.config.listens_from
        self.voice.is_listening.fill_(0 < listens_from <= step)
        if critics is None:
            return [("voice", self._voice_losses)]
        return [
            ("critics", lambda batch: self._critic_losses(batch, critics)),
            ("voice", lambda batch: self._sharpened_losses(batch, critics)),
        ]

    def _aligner_losses(self, batch: Batch) -> dict[str, Tensor]:
        """The aligner learns which frames belong to which symbols."""
        scores, is_skippable = self.voice.align(batch), self.voice.skippable(batch["symbols"])
        return {"align/forward_sum": forward_sum_loss(scores, is_skippable, batch["n_frames"], batch["n_symbols"])}

    def _spoken(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The frames of a batch with the recordings' prosody, and how far the predicted one is from it, and the listener from understanding
        the recordings; the places of their frames stay in the batch."""
        voice = self.voice
        durations, told, _ = recorded_prosody(voice, batch)
        symbols, frames = symbols_heard(batch), frames_heard(batch)
        encoded, log_durations, melody = voice.encode(
            batch["symbols"], batch["speaker"], voice.style_of(batch), symbols
        )
        places, features = frame_positions(durations, batch["mel"].shape[1])
        batch["places"] = places
        spoken = voice.decode(encoded, told, places, features, frames).float() * frames
        voice.note_pace(batch["speaker"], log_durations.float(), durations, symbols[..., 0])
        losses = prosody_losses(log_durations.float(), melody.float(), durations, told, symbols[..., 0])
        understood = voice.listener(batch["mel"], frames)
        return spoken, losses | {"phone/heard": phone_loss(understood, batch["symbols"], places, frames)}

    def _voice_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Encoder, predictors and decoder learn to speak as the recordings do."""
        spoken, losses = self._spoken(batch)
        return losses | mel_losses(batch["mel"], spoken, frames_heard(batch))

    def _critic_losses(self, batch: Batch, critics: MelCritic) -> dict[str, Tensor]:
        """The critics tell recordings from what the voice says, which stays in the batch for its own turn."""
        batch["spoken"], batch["losses"] = self._spoken(batch)
        heard = frames_heard(batch)
        real, fake = critics(batch["mel"] * heard)[0], critics(batch["spoken"].detach())[0]
        count = heard.sum() * real.shape[-1]
        hinge = (F.relu(1 - real) + F.relu(1 + fake)) * heard
        return {"adv/critic": hinge.sum() / count}

    def _sharpened_losses(self, batch: Batch, critics: MelCritic) -> dict[str, Tensor]:
        """The voice learns to please the critics and to be understood by its listener, too."""
        heard = frames_heard(batch)
        with torch.no_grad():
            _, real = critics(batch["mel"] * heard)
        logits, fake = critics(batch["spoken"])
        adversarial = -(logits * heard).sum() / (heard.sum() * logits.shape[-1])
        said = phone_loss(
            self.voice.listener.frozen_logits(batch["spoken"], heard), batch["symbols"], batch["places"], heard
        )
        losses = batch["losses"] | mel_losses(batch["mel"], batch["spoken"], heard) | {"phone/said": said}
        return losses | {"adv/generator": adversarial, "adv/features": feature_distance(real, fake)}


def build(config: AcousticConfig) -> Acoustic:
    """The networks of a configuration, with fresh weights."""
    return Acoustic(config)


def on_device(batch: dict[str, np.ndarray], voice: Voice) -> Batch:
    """A batch as tensors beside the voice's weights."""
    device = voice.out.weight.device
    return {name: torch.as_tensor(value, device=device) for name, value in batch.items()}


@torch.no_grad()
def evaluate(voice: Voice, prepared: AcousticPrepared) -> dict[str, float]:
    """How near a voice is to the held-out recordings; nothing without such.

    ``valid/mel``: L1 of log-mel frames in nats, with the recordings' durations, pitch and energy; ``valid/envelope``: without their detail;
    ``valid/spoken``: with what the voice predicts, its frames laid over the recordings' symbol by symbol; ``valid/duration_ms``: mean error of
    a symbol; ``valid/pitch_semitones``: of voiced symbols; ``valid/alignment``: the aligner's log-likelihood of a frame, nats.
    """
    if prepared.valid is None:
        return {}
    batches = prepared.valid.all()
    measured = [_measure(voice, on_device(batch, voice)) for batch in batches]
    sizes = [len(batch["speaker"]) for batch in batches]
    return {name: float(np.average([found[name] for found in measured], weights=sizes)) for name in measured[0]}


def _measure(voice: Voice, batch: Batch) -> dict[str, float]:
    """The metrics of one batch; see :func:`evaluate`."""
    durations, told, fit = recorded_prosody(voice, batch)
    symbols, frames = symbols_heard(batch), frames_heard(batch)
    encoded, log_durations, melody = voice.encode(
        batch["symbols"], batch["speaker"], voice.usual_style[batch["speaker"]], symbols
    )
    places, features = frame_positions(durations, batch["mel"].shape[1])
    with_recorded = voice.decode(encoded, told, places, features, frames)
    lasting = ~voice.skippable(batch["symbols"])
    lengths = torch.expm1(log_durations) * voice.pace[batch["speaker"]][:, None]
    predicted = torch.maximum(lengths.round(), lasting).long() * symbols[..., 0].long()
    voicing = torch.sigmoid(melody[..., 1])
    own = torch.stack([melody[..., 0] * voicing, voicing, melody[..., 2]], -1)
    with_own = _laid_over(voice, encoded, own, predicted, places, features)
    voiced = symbols[..., 0] * (told[..., 1] > VOICED_FROM)
    semitones = 12 * (melody[..., 0] - told[..., 0] / told[..., 1].clamp(min=1e-3)).abs()
    frame_ms = 1e3 * voice.config.hop_length / voice.config.sample_rate
    return {
        "valid/mel": MEL_STD * float(mel_losses(batch["mel"], with_recorded, frames)["mel/l1"]),
        "valid/envelope": MEL_STD * float(envelope_distance(batch["mel"], with_recorded, frames)),
        "valid/spoken": MEL_STD * float(mel_losses(batch["mel"], with_own, frames)["mel/l1"]),
        "valid/duration_ms": frame_ms * float((predicted - durations).abs().sum() / symbols.sum()),
        "valid/pitch_semitones": float((semitones * voiced).sum() / voiced.sum().clamp(min=1)),
        "valid/alignment": float(fit.mean()),
    }


def _laid_over(
    voice: Voice, encoded: Tensor, told: Tensor, predicted: Tensor, places: Tensor, features: Tensor
) -> Tensor:
    """Frames spoken with ``predicted (batch, symbols)`` durations, at the moments of symbols that recorded frames lie at.

    ``places`` and ``features`` are those of the recordings; gives ``(batch, frames, n_mels)`` with as many frames.
    """
    n_frames = predicted.sum(1)
    own_places, own_features = frame_positions(predicted, int(n_frames.max()))
    spoken = voice.decode(encoded, told, own_places, own_features, sequence_mask(n_frames, int(n_frames.max())))
    length = predicted.gather(1, places)
    start = (predicted.cumsum(1) - predicted).gather(1, places)
    within = torch.minimum(((features[..., 0] + 0.5) * length).long(), (length - 1).clamp(min=0))
    frame = torch.minimum(start + within, n_frames[:, None] - 1)
    return spoken.gather(1, frame[..., None].expand(-1, -1, spoken.shape[2]))


class Encoding(nn.Module):
    """The voice's encoder and predictors as a graph; see :meth:`Voice.encode`."""

    def __init__(self, voice: Voice):
        super().__init__()
        self.voice = voice

    def forward(self, symbols: Tensor, speaker: Tensor, style: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.voice.encode(symbols, speaker, style)


class Decoding(nn.Module):
    """The voice's decoder as a graph; see :meth:`Voice.decode`."""

    def __init__(self, voice: Voice):
        super().__init__()
        self.voice = voice

    def forward(self, encoded: Tensor, told: Tensor, places: Tensor, features: Tensor) -> Tensor:
        return self.voice.decode(encoded, told, places, features)


@torch.no_grad()
def fits(voice: Voice, prepared: AcousticPrepared, step: int) -> np.ndarray | None:
    """How well the frames of each training clip fit its symbols, log-likelihood a frame; None while the aligner still learns."""
    if step < voice.config.voice_from:
        return None
    clips = prepared.batches
    found = np.empty(len(clips.clips))
    for rows in clips.by_length():
        found[rows] = recorded_prosody(voice, on_device(clips.of(rows), voice))[2].cpu().numpy()
    return found


@torch.no_grad()
def samples(voice: Voice, prepared: AcousticPrepared) -> tuple[list[np.ndarray], list[str]]:
    """A few held-out sentences, or training sentences where there are none, as the voice says them and by the recordings' frames."""
    waves, titles = [], []
    for clip in (prepared.valid or prepared.batches).clips[:HEARD_CLIPS]:
        spoken = _say(voice, clip)
        waves += [frames_to_wave(mel, voice.config)[None] for mel in (spoken.mel, clip.mel.T.astype(np.float32))]
        titles += [str(clip.entry.text), "recorded frames"]
    return waves, titles


def _say(voice: Voice, clip: Clip) -> Utterance:
    """A clip's text in the usual style of its speaker."""
    device = voice.out.weight.device

    def played(method: Callable[..., Any], *arrays: np.ndarray) -> list[np.ndarray]:
        found = method(*(torch.as_tensor(array, device=device)[None] for array in arrays))
        return [tensor[0].float().cpu().numpy() for tensor in ((found,) if isinstance(found, Tensor) else found)]

    def encode(numbers: np.ndarray, speaker: int, style: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        hidden, durations, melody = played(voice.encode, numbers, np.array(speaker), style)
        return hidden, durations, melody

    return speak(
        encode,
        lambda *arrays: played(voice.decode, *arrays)[0],
        voice.config,
        clip.symbols,
        clip.speaker,
        voice.usual_style[clip.speaker].cpu().numpy(),
        Controls.plain(len(clip.symbols), 1 / float(voice.pace[clip.speaker])),
    )


@torch.no_grad()
def export(voice: Voice, prepared: AcousticPrepared) -> ExportSpec:
    """The graphs of encoder and decoder, the usual styles, a sentence as it sounds, and every weight by name, to begin others from."""
    clip = max(
        (prepared.valid or prepared.batches).clips, key=lambda clip: clip.n_frames
    )  # many sounds, in many places
    symbols = torch.as_tensor(clip.symbols)[None].repeat(2, 1)
    speaker = torch.tensor([clip.speaker, 0])
    encoded, log_durations, melody = voice.encode(symbols, speaker, voice.usual_style[speaker])
    durations = torch.expm1(log_durations).round().long().clamp(1, 8)[:1].repeat(2, 1)
    places, features = frame_positions(durations, int(durations[0].sum()))
    return ExportSpec(
        graphs={
            ENCODER_FILE: GraphSpec(
                Encoding(voice),
                {"symbols": symbols, "speaker": speaker, "style": voice.usual_style[speaker]},
                ("encoded", "log_durations", "melody"),
                {"symbols": (1,), "encoded": (1,), "log_durations": (1,), "melody": (1,)},
            ),
            DECODER_FILE: GraphSpec(
                Decoding(voice),
                {"encoded": encoded, "told": melody, "places": places, "features": features},
                ("mel",),
                {"encoded": (1,), "told": (1,), "places": (1,), "features": (1,), "mel": (1,)},
            ),
        },
        sample=frames_to_wave(_say(voice, clip).mel, voice.config)[None],
        files={SPEAKERS_FILE: {"usual_style": voice.usual_style.numpy(), "pace": voice.pace.numpy()}},
        weights={f"{WEIGHT_PREFIX}{name}": parameter.numpy() for name, parameter in voice.named_parameters()},
    )
