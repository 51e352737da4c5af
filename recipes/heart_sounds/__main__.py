"""Features of the 3,240 recordings of heart sounds of PhysioNet/CinC Challenge 2016, for research on recognition.

    git clone https://github.com/zhj12399/HeartSoundSynthesis
    python -m recipes.heart_sounds --data HeartSoundSynthesis/train-data --out corpora/heart-sounds
    python -m recipes.heart_sounds.evaluation --corpus corpora/heart-sounds

The recordings (2 kHz) are in ``Audios``; the names in ``Cropped`` have the labels, normal and abnormal. The letter of a
name is the source database, a to f. The databases are by Liu et al., "An open access database for the evaluation of
heart sound algorithms", 2016 (PhysioNet, ODC-By); this copy of them states no licence, so nothing that is trained on it
is bundled. Patients are not named in it.

The first call takes some minutes; a call that is repeated computes only the databases that are missing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recipes.heart_sounds.features import feature_names, recording_features
from recipes.heart_sounds.segmentation import segment_beats
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio, BadFolder
from wavewright.data import manifest
from wavewright.data.entry import Entry, read_length

LABELS = ("normal", "abnormal")
MAX_SECONDS = 30.0  # of a recording
MANIFEST_FILE = "manifest.jsonl"


def labels_of(cropped: Path) -> dict[str, str]:
    """Return the label of each recording, by the names ``<recording>-<number>-<label>.wav`` of its parts."""
    labels = {}
    for path in sorted(cropped.glob("*-*-*.wav")):
        name, _, label = path.stem.split("-", 2)
        if label in LABELS:
            labels[name] = label
    return labels


def recordings(data: Path) -> list[Entry]:
    """Return the recordings with their labels; the group is the database.

    Raises
    ------
    BadFolder
        If the folders are missing, or no recording has a label.
    """
    audios, cropped = data / "Audios", data / "Cropped"
    if not audios.is_dir() or not cropped.is_dir():
        raise BadFolder(f"{data} has no folders Audios and Cropped; give the folder train-data of the repository.")
    labels = labels_of(cropped)
    entries = []
    for path in sorted(audios.glob("*.wav")):
        if path.stem in labels:
            n_frames, rate, channels = read_length(path)
            entries.append(Entry(path, labels[path.stem], path.stem[0], n_frames / rate, rate, channels, n_frames))
    if not entries:
        raise BadFolder(f"No recording of {audios} has a label in {cropped}; fetch the repository again.")
    return entries


def compute_features(entries: Sequence[Entry], path: Path) -> None:
    """Write features, labels, names and rates of the recordings of a database as an .npz file."""
    features, names, rates = [], [], []
    for entry in entries:
        clip = Clip.read(entry.path).mono()
        wave = clip.wave[0, : round(MAX_SECONDS * clip.sample_rate)]
        try:
            beats = segment_beats(wave, clip.sample_rate)
        except BadAudio as error:
            print(f"left out: {entry.path.name}: {error}", flush=True)
            continue
        features.append(recording_features(wave, clip.sample_rate, beats))
        names.append(entry.path.stem)
        rates.append(beats.rate_bpm)
    known = {entry.path.stem: entry.label for entry in entries}
    is_abnormal = np.array([known[name] == "abnormal" for name in names])
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        features=np.array(features, np.float32),
        is_abnormal=is_abnormal,
        names=np.array(names),
        rates_bpm=np.array(rates),
        feature_names=np.array(feature_names()),
    )
    partial.replace(path)


def main() -> None:
    """Write the manifest, and the features of each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with Audios and Cropped")
    parser.add_argument("--out", type=Path, default=Path("corpora/heart-sounds"))
    options = parser.parse_args()
    try:
        entries = recordings(options.data)
    except (BadFolder, BadAudio) as error:
        parser.error(str(error))
    options.out.mkdir(parents=True, exist_ok=True)
    manifest.write(options.out / MANIFEST_FILE, entries)
    for database in sorted({str(entry.group) for entry in entries}):
        path = options.out / f"features-{database}.npz"
        chosen = [entry for entry in entries if entry.group == database]
        n_abnormal = sum(entry.label == "abnormal" for entry in chosen)
        print(f"{database}: {len(chosen)} recordings, {n_abnormal} abnormal", flush=True)
        if not path.is_file():
            compute_features(chosen, path)


if __name__ == "__main__":
    main()
