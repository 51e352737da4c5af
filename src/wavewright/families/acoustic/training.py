"""The training of the family ``acoustic``: build, evaluate and export its network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ...contracts.runtime import Utterance
from ...data.entry import Problem
from ...dsp.speech_mel import MEL_STD
from ...nn.aligner import frame_positions
from ...nn.export_spec import ExportSpec, GraphSpec
from ...nn.frame_layers import sequence_mask
from ...nn.network import Batch, FamilyTraining
from ...nn.speech_losses import envelope_distance, mel_losses
from .batches import SpeechClip, collate
from .config import DECODER_FILE, ENCODER_FILE, SPEAKERS_FILE, WEIGHT_PREFIX, AcousticConfig
from .griffin_lim import mel_to_wave
from .modules import DecoderGraph, EncoderGraph, TextToMel, frame_mask, symbol_mask
from .network import AcousticNetwork
from .recipe import AcousticPrepared
from .synthesis import VOICING_THRESHOLD, Controls, SymbolSentence, synthesise
from .transcripts import low_outliers

N_SAMPLES = 4
MAX_EXAMPLE_FRAMES = 8  # of a symbol, in the example of the export


class AcousticTraining(FamilyTraining[AcousticConfig, TextToMel, AcousticPrepared]):
    """The part of the family that needs PyTorch."""

    network = AcousticNetwork

    @torch.no_grad()
    def evaluate(self, module: TextToMel, prepared: AcousticPrepared) -> dict[str, float]:
        """Return the validation metrics, see :func:`batch_metrics`; empty without validation data."""
        if prepared.valid is None:
            return {}
        rows = prepared.valid.by_length()
        metrics = [batch_metrics(module, to_tensors(prepared.valid.of(each), module)) for each in rows]
        sizes = [len(each) for each in rows]
        return {name: float(np.average([each[name] for each in metrics], weights=sizes)) for name in metrics[0]}

    @torch.no_grad()
    def samples(self, module: TextToMel, prepared: AcousticPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return a few sentences by Griffin-Lim, each followed by its recording's own frames, with titles."""
        waves, titles = [], []
        for clip in prepared.examples[:N_SAMPLES]:
            for mel in (synthesise_clip(module, clip).mel, clip.mel.T.astype(np.float32)):
                waves.append(mel_to_wave(mel, module.config)[None])
            titles += [str(clip.entry.text), "recorded frames"]
        return waves, titles

    @torch.no_grad()
    def export(self, module: TextToMel, prepared: AcousticPrepared) -> ExportSpec:
        """Return the graphs of encoder and decoder, all weights, the speakers' tables, and a sentence as the sample."""
        clip = max(prepared.examples, key=lambda each: each.n_frames)  # many symbols in many contexts
        symbols = torch.as_tensor(clip.symbols)[None].repeat(2, 1)
        speaker = torch.tensor([clip.speaker, 0])
        style = module.usual_style[speaker]
        encoded, log_durations, prosody = module.encode(symbols, speaker, style)
        durations = torch.expm1(log_durations).round().long().clamp(1, MAX_EXAMPLE_FRAMES)[:1].repeat(2, 1)
        positions, features = frame_positions(durations, int(durations[0].sum()))
        encoder = GraphSpec(
            EncoderGraph(module),
            {"symbols": symbols, "speaker": speaker, "style": style},
            ("encoded", "log_durations", "prosody"),
            {"symbols": (1,), "encoded": (1,), "log_durations": (1,), "prosody": (1,)},
        )
        decoder = GraphSpec(
            DecoderGraph(module),
            {"encoded": encoded, "prosody": prosody, "positions": positions, "features": features},
            ("mel",),
            {"encoded": (1,), "prosody": (1,), "positions": (1,), "features": (1,), "mel": (1,)},
        )
        return ExportSpec(
            graphs={ENCODER_FILE: encoder, DECODER_FILE: decoder},
            sample=mel_to_wave(synthesise_clip(module, clip).mel, module.config)[None],
            files={SPEAKERS_FILE: {"usual_style": module.usual_style.numpy(), "pace": module.pace.numpy()}},
            weights={f"{WEIGHT_PREFIX}{name}": weight.numpy() for name, weight in module.named_parameters()},
        )

    @torch.no_grad()
    def suspect_clips(self, module: TextToMel, prepared: AcousticPrepared, step: int) -> list[Problem] | None:
        """Return the training clips whose texts may be wrong, worst first; None while the aligner is trained."""
        if step < module.config.synthesis_from:
            return None
        batches = prepared.batches
        scores = np.empty(len(batches.clips))
        for rows in batches.by_length():
            scores[rows] = module.targets(to_tensors(batches.of(rows), module)).alignment_score.cpu().numpy()
        return suspect_problems(batches.clips, scores)


def suspect_problems(clips: list[SpeechClip], scores: np.ndarray) -> list[Problem]:
    """Return the clips that match their texts far worse than the others, worst first.

    Parameters
    ----------
    clips : list of SpeechClip
        Aligned clips.
    scores : np.ndarray
        Mean log-likelihood of a frame, ``(clips,)``.
    """
    median = np.median(scores)
    problems = []
    for row in low_outliers(scores):
        entry = clips[row].entry
        reason = f"its sound fits its text badly ({scores[row]:.2f} nats a frame, usual is {median:.2f}): {entry.text}"
        problems.append(Problem(entry.path, reason))
    return problems


def to_tensors(batch: Mapping[str, np.ndarray], module: TextToMel) -> Batch:
    """Return a batch as tensors on the module's device."""
    device = module.out_proj.weight.device
    return {name: torch.as_tensor(array, device=device) for name, array in batch.items()}


def batch_metrics(module: TextToMel, batch: Batch) -> dict[str, float]:
    """Compute the validation metrics of a batch.

    Returns
    -------
    dict[str, float]
        ``valid/mel``: L1 distance of log-mel frames in nats, with the recordings' durations and prosody.
        ``valid/envelope``: the same of smoothed frames, see :func:`wavewright.nn.speech_losses.envelope_distance`.
        ``valid/free_running``: the L1 distance with predicted durations and prosody, warped to the recordings' time.
        ``valid/duration_ms``: mean absolute error of a symbol's duration.
        ``valid/pitch_semitones``: mean absolute error of the pitch of a voiced symbol.
        ``valid/alignment``: mean log-likelihood of a frame by the aligner, nats.
    """
    config = module.config
    symbols, frames = symbol_mask(batch), frame_mask(batch)
    durations, prosody, alignment_score = module.targets(batch)
    usual_style = module.usual_style[batch["speaker"]]
    encoded, log_durations, predicted_prosody = module.encode(batch["symbols"], batch["speaker"], usual_style, symbols)
    positions, features = frame_positions(durations, batch["mel"].shape[1])
    mel = module.decode(encoded, prosody, positions, features, frames)

    predicted = torch.expm1(log_durations) * module.pace[batch["speaker"]][:, None]
    predicted = torch.maximum(predicted.round(), ~module.is_skippable(batch["symbols"]))
    predicted_durations = predicted.long() * symbols[..., 0].long()
    octaves, voicing = predicted_prosody[..., 0], torch.sigmoid(predicted_prosody[..., 1])
    decoder_prosody = torch.stack([octaves * voicing, voicing, predicted_prosody[..., 2]], -1)
    free_running = _warped_mel(module, encoded, decoder_prosody, predicted_durations, positions, features)

    is_voiced = symbols[..., 0] * (prosody[..., 1] > VOICING_THRESHOLD)
    semitones = 12 * (octaves - prosody[..., 0] / prosody[..., 1].clamp(min=1e-3)).abs()
    frame_ms = 1e3 * config.hop_length / config.sample_rate
    return {
        "valid/mel": MEL_STD * float(mel_losses(batch["mel"], mel, frames)["mel/l1"]),
        "valid/envelope": MEL_STD * float(envelope_distance(batch["mel"], mel, frames)),
        "valid/free_running": MEL_STD * float(mel_losses(batch["mel"], free_running, frames)["mel/l1"]),
        "valid/duration_ms": frame_ms * float((predicted_durations - durations).abs().sum() / symbols.sum()),
        "valid/pitch_semitones": float((semitones * is_voiced).sum() / is_voiced.sum().clamp(min=1)),
        "valid/alignment": float(alignment_score.mean()),
    }


def _warped_mel(
    module: TextToMel, encoded: Tensor, prosody: Tensor, durations: Tensor, positions: Tensor, features: Tensor
) -> Tensor:
    """Decode with predicted ``durations (batch, symbols)`` and warp each symbol to its recorded frames.

    ``positions`` and ``features`` are those of the recorded frames; so many come back, ``(batch, frames, n_mels)``.
    """
    n_frames = durations.sum(1)
    max_frames = int(n_frames.max())
    own_positions, own_features = frame_positions(durations, max_frames)
    mel = module.decode(encoded, prosody, own_positions, own_features, sequence_mask(n_frames, max_frames))
    duration = durations.gather(1, positions)
    start = (durations.cumsum(1) - durations).gather(1, positions)
    relative = features[..., 0] + 0.5  # position of the recorded frame in its symbol, 0 to 1
    offset = torch.minimum((relative * duration).long(), (duration - 1).clamp(min=0))
    index = torch.minimum(start + offset, n_frames[:, None] - 1)
    return mel.gather(1, index[..., None].expand(-1, -1, mel.shape[2]))


class _TorchModel:
    """Encoder and decoder of a module for :func:`.synthesis.synthesise`: arrays of one sentence in and out."""

    def __init__(self, module: TextToMel) -> None:
        self.module = module

    def encode(self, symbols: np.ndarray, speaker: int, style: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        encoded, log_durations, prosody = self.module.encode(
            self._tensor(symbols), self._tensor(np.array(speaker)), self._tensor(style)
        )
        return self._array(encoded), self._array(log_durations), self._array(prosody)

    def decode(
        self, encoded: np.ndarray, prosody: np.ndarray, positions: np.ndarray, features: np.ndarray
    ) -> np.ndarray:
        inputs = (self._tensor(array) for array in (encoded, prosody, positions, features))
        return self._array(self.module.decode(*inputs))

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, device=self.module.out_proj.weight.device)[None]

    def _array(self, tensor: Tensor) -> np.ndarray:
        array: np.ndarray = tensor[0].float().cpu().numpy()
        return array


def synthesise_clip(module: TextToMel, clip: SpeechClip) -> Utterance:
    """Return the text of a clip in the usual style of its speaker, by the network in training."""
    style = module.usual_style[clip.speaker].cpu().numpy()
    controls = Controls.neutral(len(clip.symbols), rate=1 / float(module.pace[clip.speaker]))
    sentence = SymbolSentence(clip.symbols, clip.speaker, style, controls)
    return synthesise(_TorchModel(module), module.config, sentence)


@torch.no_grad()
def predicted_mel(module: TextToMel, clip: SpeechClip) -> np.ndarray:
    """Return ground-truth-aligned mel frames: with the durations and prosody of the recording, in the usual style.

    Parameters
    ----------
    module : TextToMel
        The network.
    clip : SpeechClip
        A recording.

    Returns
    -------
    np.ndarray
        Normalised log-mel frames ``(frames, n_mels)``.
    """
    batch = to_tensors(collate([clip]), module)
    durations, prosody, _ = module.targets(batch)
    encoded, _, _ = module.encode(batch["symbols"], batch["speaker"], module.usual_style[batch["speaker"]])
    positions, features = frame_positions(durations, clip.n_frames)
    mel: np.ndarray = module.decode(encoded, prosody, positions, features)[0].cpu().numpy()
    return mel
