"""How fast a WaveNet trains, beside the same network as it is commonly written, with dilated convolutions.

    python benchmarks/wavenet_training.py --size small

One thread, forward and backward, the median of several steps; audio seconds at 16 kHz for each second.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wavewright.families.wavenet.config import SIZES, WaveNetConfig
from wavewright.families.wavenet.losses import logistics_nats
from wavewright.families.wavenet.modules import WaveNet


class Convolutions(nn.Module):
    """The layers over the wave as they are commonly written, ``(batch, channels, time)``: a dilated Conv1d and two of size 1 each."""

    def __init__(self, config: WaveNetConfig):
        super().__init__()
        self.config, channels = config, config.channels
        self.input = nn.Conv1d(1, channels, config.input_taps)
        self.dilated = nn.ModuleList(
            nn.Conv1d(channels, 2 * channels, 2, dilation=dilation) for dilation in config.dilations
        )
        self.residual = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in config.dilations)
        self.skip = nn.ModuleList(nn.Conv1d(channels, config.skip_channels, 1) for _ in config.dilations)
        self.head = nn.Conv1d(config.skip_channels, config.head_channels, 1)
        self.output = nn.Conv1d(config.head_channels, config.outputs, 1)

    def forward(self, wave: Tensor) -> Tensor:
        """``(batch, time)`` -> ``(batch, time, outputs)``."""
        hidden = self.input(F.pad(wave, (self.config.input_taps, 0))[:, None, :-1])
        total: Tensor | float = 0.0
        for dilation, dilated, residual, skip in zip(
            self.config.dilations, self.dilated, self.residual, self.skip, strict=True
        ):
            to_tanh, to_gate = dilated(F.pad(hidden, (dilation, 0))).chunk(2, dim=1)
            units = torch.tanh(to_tanh) * torch.sigmoid(to_gate)
            total = total + skip(units)
            hidden = hidden + residual(units)
        return self.output(F.relu(self.head(F.relu(total)))).transpose(1, 2).float()


def audio_seconds(network: Callable[[Tensor], Tensor], wave: Tensor, bfloat16: bool, steps: int) -> float:
    """Seconds of audio at 16 kHz in a second of training, the median of ``steps``."""
    taken = []
    for _ in range(steps + 1):
        begin = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = logistics_nats(network(wave), wave).mean()
        loss.backward()
        taken.append(time.perf_counter() - begin)
    return wave.numel() / 16_000 / median(taken[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="small", choices=SIZES)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--samples", type=int, default=8_192)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    config = replace(SIZES[given.size], condition="none")
    torch.manual_seed(0)
    wave = 0.1 * torch.randn(given.batch_size, given.samples)
    rows = []
    for form, network in (("convolutions", Convolutions(config)), ("as Wavewright trains", WaveNet(config))):
        for bfloat16 in (False, True):
            speed = audio_seconds(network, wave, bfloat16, given.steps)
            rows.append(
                {"form": form, "precision": "bfloat16" if bfloat16 else "float32", "audio_seconds_per_second": speed}
            )
    if given.json:
        print(json.dumps({"size": given.size, "rows": rows}))
        return
    for row in rows:
        ratio = row["audio_seconds_per_second"] / rows[0]["audio_seconds_per_second"]
        print(f"{row['form']:20} {row['precision']:9} {row['audio_seconds_per_second']:6.2f} audio s/s  {ratio:5.2f}x")


if __name__ == "__main__":
    main()
