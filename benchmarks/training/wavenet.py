"""Measure how fast a WaveNet trains, relative to the same network as commonly written, with dilated convolutions.

    python -m benchmarks.training.wavenet --size small

One thread, forward and backward, the median of several steps; audio seconds at 16 kHz for each second;
bfloat16 where the processor has it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from benchmarks.harness.timing import median_seconds
from wavewright.families.wavenet.config import SIZES, WaveNetConfig
from wavewright.families.wavenet.modules import WaveNet
from wavewright.families.wavenet.training import logistics_nats
from wavewright.nn.precision import supports_bfloat16

SAMPLE_RATE = 16_000

SPEED = Table(
    "training speed",
    columns(size="s", network="s", precision="s", audio_seconds_a_second=".2f", times_the_first=".2f"),
)


class DilatedConvolutions(nn.Module):
    """The layers over the wave as commonly written: a dilated Conv1d and two of size 1 each."""

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        self.input = nn.Conv1d(1, channels, config.input_taps)
        self.dilated = nn.ModuleList(
            nn.Conv1d(channels, 2 * channels, 2, dilation=dilation) for dilation in config.dilations
        )
        self.residual = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in config.dilations)
        self.skip = nn.ModuleList(nn.Conv1d(channels, config.skip_channels, 1) for _ in config.dilations)
        self.head = nn.Conv1d(config.skip_channels, config.head_channels, 1)
        self.output = nn.Conv1d(config.head_channels, config.outputs, 1)

    def forward(self, wave: Tensor) -> Tensor:
        """Return the outputs ``(batch, time, outputs)`` for a wave ``(batch, time)``."""
        hidden = self.input(F.pad(wave, (self.config.input_taps, 0))[:, None, :-1])
        total = torch.zeros(())
        layers = zip(self.config.dilations, self.dilated, self.residual, self.skip, strict=True)
        for dilation, dilated, residual, skip in layers:
            to_tanh, to_gate = dilated(F.pad(hidden, (dilation, 0))).chunk(2, dim=1)
            units = torch.tanh(to_tanh) * torch.sigmoid(to_gate)
            total = total + skip(units)
            hidden = hidden + residual(units)
        return self.output(F.relu(self.head(F.relu(total)))).transpose(1, 2).float()


def audio_seconds_a_second(network: Callable[[Tensor], Tensor], wave: Tensor, bfloat16: bool, n_steps: int) -> float:
    """Return the seconds of audio in a second of training, the median of ``n_steps``."""

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = logistics_nats(network(wave), wave).mean()
        loss.backward()

    return wave.numel() / SAMPLE_RATE / median_seconds(step, n_steps, time.perf_counter)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--size", default="small", choices=SIZES)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--samples", type=int, default=8_192)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each network and precision."""
    torch.set_num_threads(1)
    config = replace(SIZES[options.size], condition="none")
    torch.manual_seed(0)
    wave = 0.1 * torch.randn(options.batch_size, options.samples)
    networks = {"dilated convolutions": DilatedConvolutions(config), "as Wavewright trains": WaveNet(config)}
    precisions = (False, True) if supports_bfloat16(torch.device("cpu")) else (False,)
    first = 0.0
    for name, network in networks.items():
        for bfloat16 in precisions:
            speed = audio_seconds_a_second(network, wave, bfloat16, options.steps)
            first = first or speed
            report.add(
                SPEED,
                {
                    "size": options.size,
                    "network": name,
                    "precision": "bfloat16" if bfloat16 else "float32",
                    "audio_seconds_a_second": speed,
                    "times_the_first": speed / first,
                },
            )


BENCHMARK = Benchmark(
    __doc__,
    (SPEED,),
    add_options,
    measure,
    smoke={"size": "tiny", "steps": 1, "batch_size": 1, "samples": 1_024},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
