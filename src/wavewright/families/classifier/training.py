"""The training of the family ``classifier``: build, evaluate and export its network.

The last layer of a classifier that starts from an encoder can begin as a logistic regression on augmented recordings:
with random weights there, the first steps change the encoder at random too.

Papers:
    Kumar, Raghunathan, Jones, Ma and Liang, "Fine-Tuning can Distort Pretrained Features and Underperform
    Out-of-Distribution", 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...metrics.calibration import fit_score, fit_temperature
from ...nn.network import Batch, ExportSpec, FamilyTraining, GraphSpec, Network, Turn
from ...nn.spectrum import LogMel
from .config import (
    CALIBRATION_FILE,
    GRAPH_FILE,
    LAST_LAYER,
    SCALE,
    WEIGHT_PREFIX,
    BCResNetConfig,
    ClassifierConfig,
    output_names,
)
from .features import log_mel_settings
from .modules import BCResNet
from .recipe import ClassifierPrepared, scores

MAX_ITERATIONS = 150
PENALTY = 0.005  # of the squared weights, for inputs of variance 1


def logistic_regression(inputs: Tensor, targets: Tensor, is_single: bool) -> tuple[Tensor, Tensor]:
    """Return weights ``(labels, size)`` and biases of least mean cross-entropy and penalty.

    Inputs are ``(clips, size)``, targets probabilities ``(clips, labels)``; with ``is_single``, a clip has one label.
    """
    weight = inputs.new_zeros((targets.shape[1], inputs.shape[1])).requires_grad_()
    bias = inputs.new_zeros(targets.shape[1]).requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=MAX_ITERATIONS, line_search_fn="strong_wolfe")
    cross_entropy = F.cross_entropy if is_single else F.binary_cross_entropy_with_logits

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = cross_entropy(F.linear(inputs, weight, bias), targets) + PENALTY * weight.square().sum()
        torch.autograd.backward(total)
        return total

    step: Callable[[Callable[[], Tensor]], Tensor] = optimizer.step
    step(loss)
    return weight.detach(), bias.detach()


class ClassifierNetwork(Network):
    """Wave to logits and embedding, and the loss that it minimises.

    A batch holds ``wave (batch, n_samples)``, ``target (batch, labels)`` (probabilities), ``frequency_mask (batch,
    n_mels)`` and ``time_mask (batch, n_frames)`` (0 where masked, else 1), and it may hold ``bands (batch, n_mels)``:
    the band, with a fraction, that each band is read from.
    """

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.log_mel = log_mel_layer(config)
        self.bc_resnet = BCResNet(config)

    def forward(self, wave: Tensor) -> tuple[Tensor, ...]:
        """Return logits ``(batch, labels)`` and embeddings ``(batch, embedding_size)`` of ``(batch, n_samples)``."""
        output: tuple[Tensor, ...] = self.bc_resnet(self.log_mel(wave))
        return output

    def players(self) -> dict[str, nn.Module]:
        """Return the only module with an optimizer."""
        return {"classifier": self}

    def inference_module(self) -> nn.Module:
        """Return the network from spectrograms on: its weights are averaged over the steps, evaluated and exported."""
        return self.bc_resnet

    def loss_weights(self, step: int) -> dict[str, float]:
        """Return the weight of the cross-entropy."""
        return {"class/cross_entropy": 1.0}

    def turns(self, step: int) -> list[Turn]:
        """Return the only turn of a step."""
        return [("classifier", self._losses)]

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy, of all labels or the mean of each; masked bands and frames are silent."""
        wave = batch["wave"]
        with torch.no_grad(), torch.autocast(wave.device.type, enabled=False):  # exactly as in inference
            spectrogram = self.bc_resnet.normalise(self.log_mel(wave))
        logits = self.bc_resnet.classify(perturbed(spectrogram, batch))[0].float()
        if self.config.output == "softmax":
            return {"class/cross_entropy": -(batch["target"] * logits.log_softmax(1)).sum(1).mean()}
        return {"class/cross_entropy": F.binary_cross_entropy_with_logits(logits, batch["target"])}


def perturbed(spectrogram: Tensor, batch: Batch) -> Tensor:
    """Return spectrograms ``(batch, n_mels, frames)`` with the bands and the masks of their batch."""
    if "bands" in batch:
        spectrogram = interpolated(spectrogram, batch["bands"])
    mask: Tensor = batch["frequency_mask"].unsqueeze(2) * batch["time_mask"].unsqueeze(1)  # (batch, n_mels, frames)
    return spectrogram * mask


def interpolated(spectrogram: Tensor, bands: Tensor) -> Tensor:
    """Return spectrograms ``(batch, n_mels, frames)`` read at ``bands (batch, n_mels)``, between two linearly."""
    lower = bands.floor().long().clamp(max=spectrogram.shape[1] - 2)
    weight = (bands - lower).unsqueeze(2)
    shape = -1, -1, spectrogram.shape[2]
    low, high = (spectrogram.gather(1, rows.unsqueeze(2).expand(shape)) for rows in (lower, lower + 1))
    return low + weight * (high - low)


def log_mel_layer(config: BCResNetConfig) -> LogMel:
    """Return the layer that computes the log-mel spectrogram, equal to :func:`.features.log_mel_spectrogram`."""
    return LogMel(*log_mel_settings(config))


EVALUATION_BATCH = 32  # clips
MIN_CALIBRATION_CLIPS = 20  # fewer say little about confidence
SMALLEST_DEVIATION = 1e-3  # of an input of the last layer, for its logistic regression
REJECTED_FRACTION = 0.05  # of the validation clips, which fit the labels least


class ClassifierTraining(FamilyTraining[ClassifierConfig, BCResNet, ClassifierPrepared]):
    """The part of the family that needs PyTorch."""

    network = ClassifierNetwork

    def fit_fresh_weights(self, module: BCResNet, prepared: ClassifierPrepared) -> tuple[str, ...]:
        """Fit the last layer to the first batches; see :func:`fit_last_layer`."""
        n_batches = prepared.recipe.data.fitted_batches
        if not n_batches or module.config.output == "frames":
            return ()
        fit_last_layer(module, prepared.batches, n_batches)
        return (*LAST_LAYER, SCALE)

    def evaluate(self, module: BCResNet, prepared: ClassifierPrepared) -> dict[str, float]:
        """Return ``valid/`` and each of :func:`.recipe.scores`; empty without validation clips."""
        if not len(prepared.valid_labels):
            return {}
        measured = scores(valid_logits(module, prepared), prepared.valid_labels)
        return {f"valid/{name}": value for name, value in measured.items()}

    def samples(self, module: BCResNet, prepared: ClassifierPrepared) -> tuple[list[np.ndarray], list[str]]:
        """Return no clips: a classifier generates none."""
        return [], []

    def export(self, module: BCResNet, prepared: ClassifierPrepared) -> ExportSpec:
        """Return the graph from log-mel spectrograms to logits and embedding, its weights, and a sample.

        The sample is a decaying tone: a classifier generates no clips, and recordings are not published with its
        weights without consent.
        """
        config = module.config
        seconds = np.arange(config.n_samples) / config.sample_rate
        tone = (0.5 * np.exp(-6 * seconds) * np.sin(2 * np.pi * 220 * seconds)).astype(np.float32)
        noise = 0.1 * torch.randn(2, config.n_samples, generator=torch.Generator().manual_seed(0))
        log_mel = log_mel_layer(config)(noise)
        weights = {name: value for name, value in module.state_dict().items() if value.is_floating_point()}
        return ExportSpec(
            graphs={GRAPH_FILE: GraphSpec(module, {"log_mel": log_mel}, output_names(config))},
            sample=tone[None],
            weights={f"{WEIGHT_PREFIX}{name}": value.numpy(force=True) for name, value in weights.items()},
            files=calibration_of(module, prepared),
        )


def fit_last_layer(module: BCResNet, batches: Callable[[int], Mapping[str, np.ndarray]], n_batches: int) -> None:
    """Replace a network's last layer by the logistic regression from the layers before it, on the first batches."""
    inputs, targets = inputs_and_targets(module, batches, n_batches)
    mean, deviation = inputs.mean(0), inputs.std(0) + SMALLEST_DEVIATION
    weight, bias = logistic_regression((inputs - mean) / deviation, targets, module.config.output == "softmax")
    with torch.no_grad():
        if module.config.has_statistics:
            module.get_buffer("scale.running_mean").copy_(mean)
            module.get_buffer("scale.running_var").copy_(deviation.square())
        else:
            weight = weight / deviation
            bias = bias - weight @ mean
        module.fc.weight.copy_(weight)
        module.fc.bias.copy_(bias)


@torch.no_grad()
def inputs_and_targets(
    module: BCResNet, batches: Callable[[int], Mapping[str, np.ndarray]], n_batches: int
) -> tuple[Tensor, Tensor]:
    """Return the inputs of the last layer ``(clips, pooled_size)`` and the targets ``(clips, labels)``, in float64."""
    was_training, log_mel = module.training, log_mel_layer(module.config)
    module.eval()
    inputs, targets = [], []
    for index in range(n_batches):
        batch = {name: torch.as_tensor(array) for name, array in batches(index).items()}
        inputs.append(module.pooled(perturbed(module.normalise(log_mel(batch["wave"])), batch)))
        targets.append(batch["target"])
    module.train(was_training)
    return torch.cat(inputs).double(), torch.cat(targets).double()


def calibration_of(module: BCResNet, prepared: ClassifierPrepared) -> dict[str, dict[str, np.ndarray]]:
    """Return the file with temperature and smallest fit, by the validation clips; none where these are too few."""
    n_clips = len(prepared.valid_labels)
    if n_clips < MIN_CALIBRATION_CLIPS:
        return {}
    logits = valid_logits(module, prepared)
    is_single = module.config.output == "softmax"
    fit = np.quantile(fit_score(logits), REJECTED_FRACTION) if is_single else -np.inf
    numbers = {"temperature": fit_temperature(logits, prepared.valid_labels), "min_fit": fit, "n_clips": n_clips}
    return {CALIBRATION_FILE: {name: np.array([value], np.float64) for name, value in numbers.items()}}


def valid_logits(module: BCResNet, prepared: ClassifierPrepared) -> np.ndarray:
    """Return the mean logits of the windows of each validation clip, ``(clips, labels)``."""
    logits = logits_of(module, prepared.valid_waves)
    counts = np.bincount(prepared.valid_clips)
    sums = np.zeros((len(counts), logits.shape[1]))
    np.add.at(sums, prepared.valid_clips, logits)
    return sums / counts[:, None]


@torch.no_grad()
def logits_of(module: BCResNet, waves: np.ndarray) -> np.ndarray:
    """Return the logits ``(n, labels)`` of clips ``(n, n_samples)``, computed a few at a time."""
    device = next(module.parameters()).device
    log_mel = log_mel_layer(module.config).to(device)
    logits = [
        module(log_mel(torch.as_tensor(waves[start : start + EVALUATION_BATCH], device=device)))[0]
        for start in range(0, len(waves), EVALUATION_BATCH)
    ]
    joined: np.ndarray = torch.cat(logits).float().cpu().numpy()
    return joined
