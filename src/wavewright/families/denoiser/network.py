"""The denoiser in training: one player, one turn a step."""

from __future__ import annotations

from functools import partial

from ...nn.audible import AudibleDistance
from ...nn.network import SinglePlayerNetwork
from .config import DenoiserConfig
from .losses import WEIGHTS, denoiser_losses
from .modules import Denoiser


class DenoiserNetwork(SinglePlayerNetwork[Denoiser]):
    """The denoiser and the losses that it minimises."""

    def __init__(self, config: DenoiserConfig) -> None:
        losses = partial(denoiser_losses, audible=AudibleDistance(config.sample_rate))
        super().__init__("denoiser", Denoiser(config), losses, WEIGHTS)
