"""Remove speakers from a voice; the other speakers sound as before, sample for sample.

    python recipes/corpora speech --kathleen K --out corpora/speech
    python recipes/corpora readers --speech corpora/speech --out corpora/readers
    python recipes/remove_speakers.py runs/voices NAME --corpus corpora/readers --out runs/fewer
    python recipes/voices.py --out runs/fewer --bundle          # into the package

The rows of a speaker in every table of speakers (embedding, aligner, usual style, pace) are removed from the files of
weights, and the graphs point to the shorter tables; no other number changes. The sample is made again with the first
remaining speaker, and the metrics are computed again on the validation recordings of the remaining speakers in
``--corpus`` (none without it). The card still lists every source of the training data and names the removed speakers.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from predicted_frames import stored_voice
from safetensors.numpy import load_file, save

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder, BadSetting, WavewrightError
from wavewright.base.names import index_of
from wavewright.data.folder import scan
from wavewright.families.acoustic.config import SPEAKERS_FILE, WEIGHT_PREFIX, AcousticConfig
from wavewright.families.acoustic.recipe import SPEAKER_TABLES, AcousticDataSettings, AcousticRecipe, prepare
from wavewright.families.acoustic.runtime import AcousticRuntime
from wavewright.families.acoustic.training import AcousticTraining, mel_to_wave
from wavewright.models.card import Card
from wavewright.models.folder import SAMPLE_FILE, SCALE_SUFFIX, WEIGHTS_FILE, WEIGHTS_KEY, ModelFolder
from wavewright.text import front_end
from wavewright.training.export import write_hashed_card

SAMPLE_TEXT = "It is ten past six, the kettle is on, and on 3 May the ferry leaves at noon."
SAMPLE_TEXTS = {"de": "Es ist zehn nach sechs, das Wasser kocht, und am 3. Mai fährt die Fähre um zwölf."}
"""Of other languages than English."""


def remove_speakers(
    model: ModelFolder, removed: tuple[str, ...], out: Path, corpus: Path | None = None, description: str | None = None
) -> ModelFolder:
    """Write the model without some of its speakers to the new folder ``out``.

    Parameters
    ----------
    model : ModelFolder
        A voice of several speakers, stored with all of its weights.
    removed : tuple of str
        The speakers to remove; at least one has to remain.
    out : Path
        The folder to write, which must not exist.
    corpus : Path, optional
        Recordings with a manifest, for the metrics of the speakers that remain.
    description : str, optional
        New description on the card.

    Raises
    ------
    BadSetting
        For an unknown speaker, and where none would remain.
    BadFolder
        Where ``out`` exists already.
    """
    speakers = model.config(AcousticConfig).speakers
    rows = {index_of(name, speakers, "speaker", model.card.name) for name in removed}
    remaining = [row for row in range(len(speakers)) if row not in rows]
    if not remaining:
        raise BadSetting(f"No speaker would remain of {', '.join(speakers)}; name fewer.")
    if out.exists():
        raise BadFolder(f"{out} exists already; give another --out.")
    model.verify()
    out.mkdir(parents=True)
    try:
        _write_tables(model.path, out, remaining)
        for graph in sorted(model.path.glob("*.onnx")):
            onnx.save_model(pointing_to(onnx.load(graph, load_external_data=False), model.path, out), out / graph.name)
        card = _card_of(model.card, [speakers[row] for row in remaining], removed)
        card = card if description is None else card.model_copy(update={"description": description})
        write_hashed_card(out, card)
        _sample(ModelFolder(out)).write(out / SAMPLE_FILE)
        write_hashed_card(out, card)
        metrics = {} if corpus is None else measured(ModelFolder(out), corpus)
        write_hashed_card(out, card.model_copy(update={"metrics": metrics}))
    except BaseException:
        shutil.rmtree(out)
        raise
    return ModelFolder(out)


def _write_tables(model: Path, out: Path, remaining: list[int]) -> None:
    """Copy the files of tensors with the remaining rows of every table of speakers."""
    weights = {f"{WEIGHT_PREFIX}{name}{suffix}" for name in SPEAKER_TABLES for suffix in ("", SCALE_SUFFIX)}
    for file, tables in ((WEIGHTS_FILE, weights), (SPEAKERS_FILE, {*SPEAKER_TABLES})):
        tensors = load_file(model / file)
        shorter = {
            name: np.ascontiguousarray(array[remaining]) if name in tables else array for name, array in tensors.items()
        }
        (out / file).write_bytes(save(shorter))


def pointing_to(graph: onnx.ModelProto, old: Path, new: Path) -> onnx.ModelProto:
    """Point the external data of a graph to the tensors of the same names in another folder's file of weights."""
    (old_header, old_start), (header, start) = header_of(old / WEIGHTS_FILE), header_of(new / WEIGHTS_FILE)
    names = {(old_start + entry["data_offsets"][0], entry["dtype"]): name for name, entry in old_header.items()}
    kinds = {onnx.TensorProto.FLOAT16: "F16", onnx.TensorProto.FLOAT: "F32", onnx.TensorProto.INT8: "I8"}
    kinds[onnx.TensorProto.INT64] = "I64"
    for tensor in graph.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        location = {entry.key: entry.value for entry in tensor.external_data}
        entry = header[names[int(location["offset"]), kinds[tensor.data_type]]]
        begin, end = entry["data_offsets"]
        del tensor.external_data[:], tensor.dims[:]
        tensor.dims.extend(entry["shape"])
        for key, value in {"location": WEIGHTS_FILE, "offset": start + begin, "length": end - begin}.items():
            tensor.external_data.add(key=key, value=str(value))
    for metadata in graph.metadata_props:
        if metadata.key == WEIGHTS_KEY:
            metadata.value = json.dumps({name: header[name] for name in json.loads(metadata.value)})
    return graph


def header_of(path: Path) -> tuple[dict[str, Any], int]:
    """Return the entries of a safetensors file by name, and the offset of its data."""
    contents = path.read_bytes()
    n_bytes = int.from_bytes(contents[:8], "little")
    return json.loads(contents[8 : 8 + n_bytes]), 8 + n_bytes


def _card_of(card: Card, remaining: list[str], removed: tuple[str, ...]) -> Card:
    """Return the card without the speakers; sources and training settings are unchanged."""
    earlier = card.training.get("removed_speakers", [])
    return card.model_copy(
        update={
            "config": card.config | {"speakers": remaining},
            "training": card.training | {"removed_speakers": [*earlier, *removed]},
        }
    )


def _sample(folder: ModelFolder) -> Clip:
    """Return a sentence by the first speaker through Griffin-Lim, as in every export."""
    voice = AcousticRuntime(folder)
    text = SAMPLE_TEXTS.get(voice.language, SAMPLE_TEXT)
    symbols = [symbol for sentence in front_end(voice.language).sentences(text) for symbol in sentence.symbols]
    return Clip(mel_to_wave(voice.speak_symbols(symbols).mel, voice.config)[None], voice.sample_rate)


def measured(folder: ModelFolder, corpus: Path) -> Mapping[str, float]:
    """Return the training metrics on the corpus's validation recordings of the model's speakers."""
    recipe = AcousticRecipe(
        model=folder.config(AcousticConfig), data=AcousticDataSettings(**folder.card.recipe["data"])
    )
    prepared = prepare(recipe, scan(corpus, manifest=corpus / "manifest.jsonl").entries)
    return {
        name: round(value, 5) for name, value in AcousticTraining().evaluate(stored_voice(folder), prepared).items()
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="the model folder of a voice")
    parser.add_argument("speakers", nargs="+", help="those to remove")
    parser.add_argument("--corpus", type=Path, help="recordings of those who remain, for the metrics")
    parser.add_argument("--description", help="new description on the card")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    options = parser.parse_args()
    try:
        model, removed = ModelFolder(options.model), tuple(options.speakers)
        model_folder = remove_speakers(model, removed, options.out, options.corpus, options.description)
    except WavewrightError as error:
        parser.exit(2, f"{error}\n")
    speakers = ", ".join(model_folder.config(AcousticConfig).speakers)
    print(f"{model_folder.path}: {speakers}; {model_folder.card.metrics}")


if __name__ == "__main__":
    main()
