"""The denoiser in training: one player, one turn a step."""

from __future__ import annotations

from ...nn.network import SinglePlayerNetwork
from .config import DenoiserConfig
from .losses import WEIGHTS, denoiser_losses
from .modules import Denoiser


class DenoiserNetwork(SinglePlayerNetwork[Denoiser]):
    """The denoiser and the losses that it minimises."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__("denoiser", Denoiser(config), denoiser_losses, WEIGHTS)
