"""A recogniser of a closed set of prompts, learned from a few hundred recordings of a speaker; a command for `dub`.

    PYTHONPATH=. python benchmarks/speech/prompt_recogniser.py MODEL.pt FILE

prints a segment for each stretch of sound between silences of a second, as JSON. The network (benchmarks/speech/ctc.py)
maps log-mel frames to letters; the answer is the text of the set that it gives the highest likelihood. The set is one
of texts: the recording need not have been learned from.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.speech.ctc import CtcNetwork, best_symbols, most_likely, train
from wavewright.dubbing.stretches import FRAME_SECONDS, active_frames, frame_levels, waves_between

SILENCE_SECONDS = 1.0
SPARE_LETTERS = 5  # of a text that is shorter or longer than what the network reads letter by letter
LETTERS = " abcdefghijklmnopqrstuvwxyz0123456789"


def letters(text: str) -> str:
    """Return a text in lower case without accents, and with a space for everything but letters and digits."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join("".join(char if char in LETTERS else " " for char in plain).split())


def numbers(text: str) -> list[int]:
    """Return the numbers of the letters of a text."""
    return [LETTERS.index(char) for char in letters(text)]


def learn(waves: Sequence[np.ndarray], texts: Sequence[str], n_epochs: int, seed: int) -> CtcNetwork:
    """Return a network that learned from recordings ``(time,)`` at 16 kHz and their texts."""
    torch.manual_seed(seed)
    return train(CtcNetwork(len(LETTERS)), waves, [numbers(text) for text in texts], n_epochs, seed)


def nearest_text(network: CtcNetwork, wave: np.ndarray, texts: Sequence[str]) -> str:
    """Return the text with the highest likelihood for a wave ``(time,)`` at 16 kHz, of those of about its length."""
    n_letters = len(best_symbols(network, wave))
    near = [text for text in texts if 0.5 * n_letters - SPARE_LETTERS <= len(text) <= 2 * n_letters + SPARE_LETTERS]
    texts = near or texts
    return texts[most_likely(network, wave, [numbers(text) for text in texts])]


def save(network: CtcNetwork, texts: Sequence[str], path: Path) -> None:
    """Write a network and the texts of its set."""
    torch.save({"weights": network.state_dict(), "texts": list(texts)}, path)


def main() -> None:
    """Print the segments of a file."""
    model, file = sys.argv[1:]
    torch.set_num_threads(1)
    stored = torch.load(model, weights_only=True)
    network = CtcNetwork(len(LETTERS)).eval()
    network.load_state_dict(stored["weights"])
    times = _spans(Path(file))
    waves = waves_between(Path(file), times)
    rows = [
        {"start": start, "end": end, "text": nearest_text(network, wave, stored["texts"])}
        for (start, end), wave in zip(times, waves, strict=True)
    ]
    print(json.dumps(rows))


def _spans(sound: Path) -> list[tuple[float, float]]:
    """Return start and end in seconds of each stretch between silences of SILENCE_SECONDS."""
    active = np.flatnonzero(active_frames(frame_levels(sound)))
    gaps = np.flatnonzero(np.diff(active) > SILENCE_SECONDS / FRAME_SECONDS)
    starts, ends = active[np.r_[0, gaps + 1]], active[np.r_[gaps, len(active) - 1]] + 1
    margin = 0.1 / FRAME_SECONDS
    return [
        (max(s - margin, 0) * FRAME_SECONDS, (e + margin) * FRAME_SECONDS) for s, e in zip(starts, ends, strict=True)
    ]


if __name__ == "__main__":
    main()
