"""Which frames of recordings belong to which words, by a voice's aligner, and by it and its listener, beside a forced alignment by other means.

    pip install pocketsphinx==5.1.1
    python -m benchmarks.speech.alignments --corpus corpora/speech --voice en --speaker kathleen

Word starts of recordings that the voice learned from, as its training lays symbols along them, beside PocketSphinx (see
benchmarks/speech/timestamps.py). PocketSphinx hears words begin earlier by some constant, which is told and taken off.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from benchmarks.speech.timestamps import Aligner
from wavewright import loading
from wavewright.clip import Clip as Sound
from wavewright.data.folder import scan
from wavewright.data.preparation import Preparation
from wavewright.data.store import ClipStore
from wavewright.errors import BadFolder, WavewrightError
from wavewright.families.acoustic.config import AcousticConfig
from wavewright.families.acoustic.network import Voice, build, on_device, recorded_prosody
from wavewright.families.acoustic.recipe import AcousticRecipe, Clip, SpeechBatches, recorded_clips, warm_start
from wavewright.text import front_end


def learned(corpus: Path, config: AcousticConfig, speaker: str, count: int) -> list[Clip]:
    """Recordings of a speaker that are there to learn from; raises BadFolder where there are none."""
    entries = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    own = [entry for entry in entries if entry.speaker == speaker and entry.split == "train" and entry.text]
    if not own:
        raise BadFolder(f"{corpus} has no recording of {speaker} with a text to learn from.")
    chosen = [own[row] for row in np.random.default_rng(0).permutation(len(own))[:count]]
    store = ClipStore.build(chosen, config.sample_rate, None, Preparation("crop", level="none"))
    return recorded_clips(store, AcousticRecipe(model=config), front_end(config.language))[0]


def words_of(clip: Clip, config: AcousticConfig) -> tuple[list[tuple[str, ...]], list[int]]:
    """The phones of each word, without stress, and the number of its first symbol."""
    words: list[tuple[str, ...]] = []
    starts: list[int] = []
    was_phone = False
    for place, number in enumerate(clip.symbols):
        symbol = config.symbols[number]
        is_phone = symbol[0].isalpha()
        if is_phone and not was_phone:
            words.append(())
            starts.append(place)
        if is_phone:
            words[-1] += (symbol.rstrip("012"),)
        was_phone = is_phone
    return words, starts


@torch.no_grad()
def apart(voice: Voice, clips: list[Clip], is_listening: bool, heard: list[list[float] | None]) -> dict[str, float]:
    """By how many milliseconds word starts lie from those ``heard`` by other means."""
    voice.is_listening.fill_(is_listening)
    differences: list[float] = []
    for clip, found in zip(clips, heard, strict=True):
        if found is not None:
            durations = recorded_prosody(
                voice, on_device(SpeechBatches([clip], AcousticRecipe(model=voice.config)).all()[0], voice)
            )[0]
            begins = (
                np.concatenate([[0], durations[0].cumsum(0).numpy()])
                * voice.config.hop_length
                / voice.config.sample_rate
            )
            differences += [
                1000 * (begins[place] - start)
                for place, start in zip(words_of(clip, voice.config)[1], found, strict=True)
            ]
    shift = float(np.median(differences))
    errors = np.abs(np.array(differences) - shift)
    late = float(np.quantile(errors, 0.95))
    return {
        "words": len(errors),
        "shift_ms": shift,
        "median_ms": float(np.median(errors)),
        "late_ms": late,
        "mean_ms": float(errors.mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--voice", default="en", help="an acoustic model, stored with all of its weights")
    parser.add_argument("--speaker", default="kathleen")
    parser.add_argument("--count", type=int, default=80, help="how many recordings")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    try:
        folder, aligner = loading.load(given.voice).folder, Aligner()
        config = folder.config(AcousticConfig)
        voice = build(config).voice.eval()
        voice.load_state_dict({name: torch.from_numpy(array) for name, array in warm_start(folder, config).items()})
        clips = learned(given.corpus, config, given.speaker, given.count)
    except WavewrightError as error:
        parser.error(str(error))
    heard = [aligner.starts(Sound.read(clip.entry.path), words_of(clip, config)[0]) for clip in clips]
    found = {
        name: apart(voice, clips, is_listening, heard)
        for name, is_listening in (("aligner", False), ("with listener", True))
    }
    for name, row in found.items():
        print(f"{name:15}" + "  ".join(f"{key} {value:.0f}" for key, value in row.items()))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
