"""Model folders: cards with strange values and names, damaged graphs and weights with matching hashes on the card."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
from pathlib import Path
from typing import Any

import numpy as np

from fuzz import mutate
from wavewright.models import bundled

MODELS = tuple(bundled())
GRAPH_MODELS = tuple(name for name in ("digits", "drum-classifier", "drums", "vocoder", "wavenet") if name in MODELS)
NAMED_MODELS = tuple(name for name in ("drums", "drums", "en") if name in MODELS)
QUICK_CASES = 60
N_SYMBOLS = 6

CONFIG_NUMBERS = (
    -1,
    0,
    1,
    2,
    3,
    5,
    7,
    12,
    16,
    64,
    100,
    1_000,
    4_096,
    65_536,
    10**9,
    10**12,
    2**63,
    0.5,
    1e300,
    -0.0,
    float("nan"),
)
CONFIG_VALUES = (None, True, "5", "", [], {}, [1, 2], ["a", "a"], [["a"]], "mel", "none", "drawn", *CONFIG_NUMBERS)
LOCATIONS = (
    b"../weights.safetenso",
    b"/etc/passwd\x00\x00\x00\x00\x00\x00\x00\x00",
    b"card.json",
    b"",
    b"*/_ORT_MEM_ADDR_/*",
    b"c:\\weights",
)


def WARM_UP() -> None:
    from wavewright.apps.cli.models import list_models
    from wavewright.families import loading

    list_models()
    for name in MODELS:
        _play(loading.load(name))


def read_card(rng: random.Random, folder: Path) -> None:
    """List, show, load and play a model whose card has strange values anywhere, or damage to its bytes."""
    model = _copied(rng.choice(MODELS), folder)
    path = model / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    kind = rng.randrange(5)
    if kind == 0:
        path.write_bytes(mutate.bytes_of(rng, path.read_bytes()))
    elif kind == 1:
        path.write_text(mutate.json_of(rng, card), encoding="utf-8", errors="surrogatepass")
    else:
        for _ in range(rng.choice((1, 1, 2))):
            if isinstance(card["config"], dict):
                _change_config(rng, card)
        path.write_text(json.dumps(card), encoding="utf-8")
    _use(model)


def read_names(rng: random.Random, folder: Path) -> None:
    """Generate files with models whose cards have strange names."""
    from wavewright.families import loading
    from wavewright.tasks import demo
    from wavewright.tasks.generate import generate

    demo.TEXTS = ("Hi.",)
    source = rng.choice(NAMED_MODELS)
    model = _copied(source, folder)
    path = model / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    names = [
        name
        for name in (*mutate.STRANGE_NAMES, "kick", "hi hat", "Hip-Hop/Rap", "é" * 90, "CON", "..a")
        if _is_unicode(name)
    ]
    if rng.random() < 0.4:
        card["name"] = rng.choice(names)
    if source == "drums":
        card["labels"] = [rng.choice(names) if rng.random() < 0.3 else label for label in card["labels"]]
    else:
        card["config"]["speakers"] = [rng.choice(names) for _ in card["config"]["speakers"]]
    path.write_text(json.dumps(card), encoding="utf-8")
    if source == "drums":
        generate(str(model), rng.choice(card["labels"]), 1, out=folder / "out")
    else:
        loading.load(model)
        demo.demo(out=folder / "out", models=(str(model),))


def read_graph(rng: random.Random, folder: Path) -> None:
    """Load and play a model whose graph is damaged or points to other bytes; its card has the matching hash."""
    model = _copied(rng.choice(GRAPH_MODELS), folder)
    graph = rng.choice(sorted(model.glob("*.onnx")))
    contents = graph.read_bytes()
    kind = rng.randrange(4)
    if kind == 0:
        contents = mutate.bytes_of(rng, contents)
    elif kind == 1:
        contents = _with_digits_changed(rng, contents)
    elif kind == 2:
        location = rng.choice(LOCATIONS)
        contents = _replaced(rng, contents, b"weights.safetensors", location)
    else:
        contents = contents + rng.choice((b"\x3a\x00", contents, rng.randbytes(30), contents[: len(contents) // 2]))
    _write(graph, contents)
    _sign(model)
    _use(model)


def read_weights(rng: random.Random, folder: Path) -> None:
    """Load and play a model with a damaged file of tensors; its card has the matching hash."""
    model = _copied(rng.choice(MODELS), folder)
    path = rng.choice(sorted(model.glob("*.safetensors")))
    contents = path.read_bytes()
    n_header = 8 + int.from_bytes(contents[:8], "little")
    kind = rng.randrange(3)
    if kind == 0:
        contents = mutate.bytes_of(rng, contents)
    elif kind == 1:
        header = mutate.json_of(rng, json.loads(contents[8:n_header])).encode("utf-8", "surrogatepass")
        contents = len(header).to_bytes(8, "little") + header + contents[n_header:]
    else:
        position = rng.randrange(n_header, len(contents))
        n_bytes = min(rng.choice((2, 4, 400)), len(contents) - position)
        contents = (
            contents[:position]
            + rng.choice((b"\xff", b"\x7f", b"\x00", b"\x7c")) * n_bytes
            + contents[position + n_bytes :]
        )
    _write(path, contents)
    _sign(model)
    _use(model)


def _copied(name: str, folder: Path) -> Path:
    """Copy a bundled model to ``folder / "home"``, where models are found by name."""
    from wavewright import models

    model = folder / "home" / name
    model.mkdir(parents=True)
    os.environ["WAVEWRIGHT_HOME"] = str(folder / "home")
    for path in models.find(models.BUNDLED_FOLDER / name).iterdir():
        (model / path.name).write_bytes(path.read_bytes())
    return model


def _use(model: Path) -> None:
    """List, which never fails, show, load and play a model."""
    from wavewright.apps.cli.models import list_models, show_model
    from wavewright.families import loading

    str(list_models())
    str(show_model(str(model)))
    _play(loading.load(model))


def _play(player: Any) -> None:
    """Call the main method of a model for a moment of sound."""
    if hasattr(player, "compose"):
        player.compose(bars=1)
        return
    wave = 0.1 * np.random.default_rng(0).standard_normal(int(0.3 * player.sample_rate)).astype(np.float32)
    if hasattr(player, "vocode") and getattr(player.config, "condition", "mel") == "mel":
        player.vocode(player.mel_of(wave[: player.sample_rate // 20]))
    elif hasattr(player, "speak_symbols"):
        player.speak_symbols(player.symbols[:N_SYMBOLS])
    elif hasattr(player, "decoder"):
        player.decode(player.encode(wave))
        _ = player.frequencies, player.contexts
    elif hasattr(player, "probabilities"):
        player.probabilities(wave[None], player.sample_rate)
    elif hasattr(player, "embed"):
        player.embed(wave[None], player.sample_rate)
    elif hasattr(player, "cancel"):
        player.cancel(wave, wave)
    elif of_wave := getattr(player, "enhance", getattr(player, "detect", None)):
        of_wave(wave)
    else:
        if hasattr(player, "encode"):
            player.encode(wave, *(60.0,) * hasattr(player, "engine"))
        player.generate()


def _change_config(rng: random.Random, card: dict[str, Any]) -> None:
    """Change a setting, a field of the card or a name."""
    settings = card["config"] if rng.random() < 0.8 else card
    key = rng.choice(sorted(settings))
    value = settings[key]
    if isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.6:
        settings[key] = rng.choice((value + 1, value - 1, 2 * value, value // 2, -value, rng.choice(CONFIG_NUMBERS)))
    elif isinstance(value, list) and value and rng.random() < 0.6:
        settings[key] = rng.choice(
            (value[:-1], value + value[:1], [*value, rng.choice(mutate.STRANGE_NAMES)], [*value, 5])
        )
    else:
        settings[key] = rng.choice(CONFIG_VALUES)


def _with_digits_changed(rng: random.Random, contents: bytes) -> bytes:
    """Change some digits in the strings of a graph, such as the offsets and lengths of weights."""
    changed = bytearray(contents)
    numbers = list(re.finditer(rb"[0-9]{3,}", contents))
    for number in rng.sample(numbers, min(len(numbers), rng.choice((1, 3, 20)))):
        changed[rng.randrange(*number.span())] = rng.choice(b"0123456789-+ x")
    return bytes(changed)


def _replaced(rng: random.Random, contents: bytes, old: bytes, new: bytes) -> bytes:
    """Replace one or all locations in a graph by others of the same length, which keeps the rest valid."""
    new = new[: len(old)].ljust(len(old), rng.choice((b" ", b"\x00", b"/", b"s")))
    return contents.replace(old, new, rng.choice((1, -1)))


def _write(path: Path, contents: bytes) -> None:
    path.unlink()
    path.write_bytes(contents)


def _sign(model: Path) -> None:
    """Write the hashes of the files to the card, as somebody who damages a model on purpose would."""
    card = json.loads((model / "card.json").read_text(encoding="utf-8"))
    card["files"] = {name: hashlib.sha256((model / name).read_bytes()).hexdigest() for name in card["files"]}
    (model / "card.json").write_text(json.dumps(card), encoding="utf-8")


def _is_unicode(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


READERS = {"cards": read_card, "names": read_names, "graphs": read_graph, "weights": read_weights}
