"""Let a bundled denoiser keep the level of clean speech: its masks are scaled, and it is exported again.

    python recipes/denoiser_level.py denoise-16k denoise-48k --speech KATHLEEN/data

KATHLEEN is the repository rhasspy/dataset-voice-kathleen. Trainings do the same by themselves when they export.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from bundling import BUNDLED, bundle

from wavewright.audio.clip import Clip
from wavewright.base.units import seconds_to_samples
from wavewright.data.folder import scan
from wavewright.families.denoiser.config import WEIGHT_PREFIX, DenoiserConfig
from wavewright.families.denoiser.modules import Denoiser
from wavewright.families.denoiser.training import DenoiserTraining
from wavewright.models.folder import SAMPLE_FILE, WEIGHTS_FILE, ModelFolder
from wavewright.training.export import export_model

N_CLIPS, CLIP_SECONDS = 32, 3.0


def clean_speech(folder: Path, sample_rate: int) -> np.ndarray:
    """Return clips ``(n, time)`` of recordings of at least the sample rate, evenly from the folder."""
    entries = [entry for entry in scan(folder).entries if entry.sample_rate >= sample_rate]
    n_samples = seconds_to_samples(CLIP_SECONDS, sample_rate)
    some = entries[:: max(len(entries) // N_CLIPS, 1)]
    clips = (Clip.read(entry.path).mono().resample(sample_rate).wave[0] for entry in some)
    return np.array([np.pad(clip[:n_samples], (0, max(0, n_samples - len(clip)))) for clip in clips], np.float32)


def level(name: str, speech: Path) -> None:
    """Replace a bundled model."""
    folder = ModelFolder(BUNDLED / name)
    module = Denoiser(folder.config(DenoiserConfig)).eval()
    tensors = folder.tensors(WEIGHTS_FILE)
    own = {f"{WEIGHT_PREFIX}{key}": key for key in module.state_dict()}
    module.load_state_dict({key: torch.as_tensor(np.asarray(tensors[stored])).float() for stored, key in own.items()})
    waves = clean_speech(speech, folder.card.sample_rate)
    some = {"inputs": waves[:1, None], "dereverb": np.zeros((1, 1), np.float32), "target": waves[:1]}
    prepared: Any = SimpleNamespace(valid={"target": waves}, examples=some)
    spec = replace(DenoiserTraining().export(module, prepared), sample=Clip.read(folder.file(SAMPLE_FILE)).wave)
    with tempfile.TemporaryDirectory() as temporary:
        export_model(Path(temporary) / name, folder.card, spec)
        bundle(Path(temporary) / name)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--speech", type=Path, required=True, help="folder of recordings of clean speech")
    options = parser.parse_args()
    for name in options.models:
        level(name, options.speech)


if __name__ == "__main__":
    main()
