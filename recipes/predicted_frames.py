"""Write recordings with the mel frames that a voice predicts for them, to train a vocoder on predicted frames.

    python recipes/predicted_frames.py --corpus corpora/speech --voice runs/en --out corpora/spoken
    python recipes/vocoder.py --corpus corpora/spoken --from runs/vocoder --out runs/vocoder-spoken \\
        --set data.mel_files=true model.adversarial_from=1 training.steps=5000 training.learning_rate=0.0004

The new corpus contains each recording of a speaker of the voice twice: with its own frames, and with those that the
voice predicts with the recording's timing, pitch and energy, in its speaker's usual style. It contains all other
recordings once, with their own frames. Recordings are normalised to the voice's loudness. ``name.npy`` beside
``name.flac`` has the frames, ``(80, frames)`` float16 nats.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018, train a vocoder so.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from wavewright.audio.clip import Clip
from wavewright.base.errors import WavewrightError
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.dsp.loudness import normalise_loudness
from wavewright.dsp.mel import features_to_mel, speech_mel
from wavewright.families.acoustic.batches import SpeechClip, speech_clips
from wavewright.families.acoustic.config import AcousticConfig
from wavewright.families.acoustic.modules import TextToMel
from wavewright.families.acoustic.recipe import AcousticDataSettings, initial_weights
from wavewright.families.acoustic.training import predicted_mel
from wavewright.models.folder import ModelFolder

SUFFIX = "-spoken"  # of the name of a recording that stands beside predicted frames


def stored_voice(folder: ModelFolder) -> TextToMel:
    """Return a stored voice with its aligner; raise BadModel if it lacks some of its weights."""
    config = folder.config(AcousticConfig)
    voice = TextToMel(config)
    voice.load_state_dict({name: torch.from_numpy(array) for name, array in initial_weights(folder, config).items()})
    return voice.eval()


def predicted_frames(voice: TextToMel, clip: SpeechClip) -> np.ndarray:
    """Return the mel frames ``(n_mels, frames)``, in nats, of a voice with a recording's timing, pitch and energy."""
    return features_to_mel(predicted_mel(voice, clip))


def normalised(entries: Sequence[Entry], voice: TextToMel) -> Iterator[tuple[Entry, np.ndarray]]:
    """Yield each recording ``(time,)`` at the voice's rate and loudness, without the silence around it."""
    store = ClipStore.build(entries, voice.config.sample_rate, None, Preparation("crop", level="none"))
    for row, entry in enumerate(store.entries):
        yield entry, normalise_loudness(store[row][0], store.sample_rate, AcousticDataSettings().loudness_lufs)


def training_clips(entries: Sequence[Entry], voice: TextToMel) -> dict[Path, SpeechClip]:
    """Return the training recordings of the voice's speakers by file, prepared as for its training."""
    config = voice.config
    own = [entry for entry in entries if entry.split == "train" and entry.text and entry.speaker in config.speakers]
    own = [entry for entry in own if entry.language == config.language]
    store = ClipStore.build(own, config.sample_rate, None, Preparation("crop", level="none"))
    clips, _ = speech_clips(store, config, AcousticDataSettings().loudness_lufs)
    return {clip.entry.path: clip for clip in clips}


def write(folder: Path, name: str, wave: np.ndarray, sample_rate: int, mel: np.ndarray) -> str:
    """Write a recording and its frames ``(N_MELS, frames)`` under ``name``; return the file name of the recording."""
    path = folder / f"{name}.flac"
    path.parent.mkdir(parents=True, exist_ok=True)
    Clip(np.clip(wave, -1.0, 1.0)[None], sample_rate).write(path)
    np.save(path.with_suffix(".npy"), mel.astype(np.float16))
    return str(path.relative_to(folder))


def gather(corpus: Path, voice: TextToMel, out: Path) -> tuple[int, int]:
    """Write the corpus with its frames; return the number of recordings and of those with predicted frames."""
    rows = {
        row["audio_filepath"]: row
        for row in map(json.loads, (corpus / "manifest.jsonl").read_text("utf-8").splitlines())
    }
    entries = [entry for entry in scan(corpus, manifest=corpus / "manifest.jsonl").entries if entry.split != "test"]
    recorded, written = training_clips(entries, voice), []
    for entry, wave in normalised(entries, voice):
        row = rows[str(entry.path.relative_to(corpus))]
        name = str(Path(row["audio_filepath"]).with_suffix(""))
        sample_rate = voice.config.sample_rate
        file = write(out, name, wave, sample_rate, speech_mel(wave, sample_rate))
        written.append(row | {"audio_filepath": file, "duration": len(wave) / sample_rate})
        if entry.path in recorded:
            file = write(out, f"{name}{SUFFIX}", wave, sample_rate, predicted_frames(voice, recorded[entry.path]))
            written.append(row | {"audio_filepath": file, "duration": len(wave) / sample_rate})
    (out / "manifest.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in written), "utf-8")
    shutil.copyfile(corpus / "sources.json", out / "sources.json")
    return len(written) - len(recorded), len(recorded)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--voice", type=Path, required=True, help="the model folder of the family acoustic")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        voice = stored_voice(ModelFolder(options.voice))
        n_recordings, n_predicted = gather(options.corpus, voice, options.out)
    except WavewrightError as error:
        parser.exit(2, f"{error}\n")
    print(f"{options.out}: {n_recordings} recordings, {n_predicted} of them also with predicted frames")


if __name__ == "__main__":
    main()
