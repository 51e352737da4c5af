"""Open models by name, for inference."""

# mypy: disable-error-code="type-abstract"
# The abstract classes of `contracts.runtime` are passed as types to `isinstance` only.

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, overload

from .. import families, models
from ..base.errors import BadModel
from ..base.names import quoted
from ..contracts.family import Capability
from ..contracts.runtime import AcousticModel, Autoencoder, Classifier, Codec, Encoder, Generator, Model, Vocoder
from ..models.card import Card
from ..models.folder import ModelFolder

if TYPE_CHECKING:
    from ..contracts.composition import ScoreComposer, ScorePlayer
    from ..contracts.enhancement import EchoCanceller, Enhancer
    from ..contracts.morphing import Morpher
    from ..contracts.note_detection import NoteDetector
    from .acoustic.runtime import AcousticRuntime
    from .classifier.runtime import ClassifierRuntime
    from .codec.runtime import CodecRuntime
    from .encoder.runtime import EncoderRuntime
    from .gan.runtime import GanRuntime
    from .lstm.runtime import LstmRuntime
    from .vae.runtime import VaeRuntime
    from .vocoder.runtime import VocoderRuntime
    from .wavenet.runtime import WaveNetVocoder

Kind = TypeVar("Kind", bound=Model)

N_OPEN = 8
"""Models that stay open with `models_stay_open`."""

_shelves: list[OrderedDict[tuple[Path, str], Model]] = []
_shelf_lock = threading.Lock()


@overload
def load(name: Literal["drums"]) -> GanRuntime: ...
@overload
def load(name: Literal["ambience", "digits"]) -> LstmRuntime: ...
@overload
def load(name: Literal["morph-drums", "morph-textures"]) -> VaeRuntime: ...
@overload
def load(name: Literal["speech-codec"]) -> CodecRuntime: ...
@overload
def load(name: Literal["drum-classifier"]) -> ClassifierRuntime: ...
@overload
def load(name: Literal["sound-encoder"]) -> EncoderRuntime: ...
@overload
def load(name: Literal["en"]) -> AcousticRuntime: ...
@overload
def load(name: Literal["vocoder"]) -> VocoderRuntime: ...
@overload
def load(name: Literal["wavenet"]) -> WaveNetVocoder: ...
@overload
def load(name: str | Path) -> Model: ...


def load(name: str | Path) -> Model:
    """Open a model and compare every file with its hash.

    The functions ``load_generator``, ``load_vocoder``, ``load_codec``, ``load_autoencoder``, ``load_acoustic_model``,
    ``load_classifier``, ``load_enhancer`` and ``load_echo_canceller`` do the same for a model that must have a certain
    capability, and return its type.
    `Voice.load` opens a voice.

    Raises BadModel if there is no such model, its family is unknown or its folder is damaged.

    Parameters
    ----------
    name
        Name of a model in ``runs/``, in the user's model folder or among the bundled models, or the path of its folder.

    Examples
    --------
    >>> load("drums").labels
    ('kick', 'snare', 'hat', 'tom', 'cymbal')
    """
    folder = ModelFolder(models.find(name))
    if not _shelves:
        return open_anew(folder)
    with _shelf_lock:
        return _from_shelf(_shelves[-1], folder)


@contextmanager
def models_stay_open() -> Iterator[None]:
    """Open each model once while the block runs, in a process that calls tasks again and again.

    :func:`load` then returns the same object for a model whose files are the same, of the last ``N_OPEN`` models.
    """
    shelf: OrderedDict[tuple[Path, str], Model] = OrderedDict()
    _shelves.append(shelf)
    try:
        yield
    finally:
        _shelves[:] = [other for other in _shelves if other is not shelf]  # empty ones are equal


def _from_shelf(shelf: OrderedDict[tuple[Path, str], Model], folder: ModelFolder) -> Model:
    """Return a model that is open; open it, and forget the one that was used longest ago, if it is not."""
    key = folder.path.resolve(), folder.hash
    if key not in shelf:
        shelf[key] = open_anew(folder)
    shelf.move_to_end(key)
    if len(shelf) > N_OPEN:
        shelf.popitem(last=False)
    return shelf[key]


def open_anew(folder: ModelFolder) -> Model:
    """Open a model from its files, which are checked, even if it is open already; raise BadModel as :func:`load`."""
    family = family_of(folder.card, folder.path)
    folder.verify()
    return family.open(folder)


def load_generator(name: str | Path) -> Generator:
    """Open a model that generates clips; raise BadModel as :func:`load`, and if it does not generate."""
    return _load_as(Generator, name, "generates no clips by itself")


def load_vocoder(name: str | Path) -> Vocoder:
    """Open a vocoder; raise BadModel as :func:`load`, and if the model is none."""
    return _load_as(Vocoder, name, "takes no mel frames; give a vocoder")


def load_codec(name: str | Path) -> Codec:
    """Open a codec; raise BadModel as :func:`load`, and if the model is none."""
    return _load_as(Codec, name, "has no codes; give a codec")


def load_autoencoder(name: str | Path) -> Autoencoder:
    """Open an autoencoder; raise BadModel as :func:`load`, and if the model is none."""
    return _load_as(Autoencoder, name, "has no latents; give an autoencoder, such as a VAE")


def load_morpher(name: str | Path) -> Morpher:
    """Open a model that morphs recordings; raise BadModel as :func:`load`, and if the model does not."""
    from ..contracts.morphing import Morpher

    return _load_as(Morpher, name, "morphs, varies and adjusts no recordings; give a VAE")


def load_acoustic_model(name: str | Path) -> AcousticModel:
    """Open a model that speaks symbols; raise BadModel as :func:`load`, and if the model does not."""
    return _load_as(AcousticModel, name, "speaks no texts; give a voice")


def load_classifier(name: str | Path) -> Classifier:
    """Open a classifier; raise BadModel as :func:`load`, and if the model is none."""
    return _load_as(Classifier, name, "recognises no labels; give a classifier")


def load_note_detector(name: str | Path) -> NoteDetector:
    """Open a model that finds notes of several voices; raise BadModel as :func:`load`, and if the model does not."""
    from ..contracts.note_detection import NoteDetector

    return _load_as(NoteDetector, name, "finds no notes of several voices; give a transcriber")


def load_encoder(name: str | Path) -> Encoder:
    """Open an encoder; raise BadModel as :func:`load`, and if the model is none."""
    return _load_as(Encoder, name, "makes no embeddings; give an encoder, of `wavewright pretrain`")


def load_enhancer(name: str | Path) -> Enhancer:
    """Open a model that enhances speech, or an ONNX file of another program that does (``denoiser/graph_file.py``).

    Raises BadModel as :func:`load`, and if the model does not enhance.
    """
    if Path(name).suffix.lower() == ".onnx":
        from .denoiser.graph_file import GraphEnhancer

        return GraphEnhancer(Path(name))
    from ..contracts.enhancement import Enhancer

    return _load_as(Enhancer, name, "enhances no recordings; give a denoiser")


def load_echo_canceller(name: str | Path) -> EchoCanceller:
    """Open a model that removes echo; raise BadModel as :func:`load`, and if the model does not."""
    from ..contracts.enhancement import EchoCanceller

    return _load_as(EchoCanceller, name, "removes no echo; give a denoiser with model.removes=echo")


def load_composer(name: str | Path) -> ScoreComposer:
    """Open a model that composes scores; raise BadModel as :func:`load`, and if the model does not."""
    from ..contracts.composition import ScoreComposer

    return _load_as(ScoreComposer, name, "composes no scores; give a composer")


def load_instrument(name: str | Path) -> ScorePlayer:
    """Open a model that plays scores; raise BadModel as :func:`load`, and if the model does not."""
    from ..contracts.composition import ScorePlayer

    return _load_as(ScorePlayer, name, "plays no scores; give an instrument")


def _load_as(kind: type[Kind], name: str | Path, problem: str) -> Kind:
    """Open a model of a kind; raise BadModel, which states the problem of its family, if it is of another kind."""
    model = load(name)
    if isinstance(model, kind):
        return model
    command = command_line(str(name), model.card)
    raise BadModel(f"{name} is of the family {model.card.family}, which {problem}; it is for `{command}`.")


def capabilities_of(card: Card) -> frozenset[Capability]:
    """Return what a model of a known family can do."""
    return families.FAMILIES[card.family].capabilities_of(card.config)


def command_line(name: str, card: Card) -> str:
    """Return the command line that uses a model of a known family, by its name or path."""
    return families.FAMILIES[card.family].command_lines(name, card.config)[0]


def load_by_hash(
    model_hash: str, name: str | None, file: str, capability: Capability, load: Callable[[str], Kind]
) -> tuple[str, Kind]:
    """Open a model by name, or by default the one with a hash; also return its name.

    ``file`` is the name in messages; ``load`` opens a model with the capability by name.

    Raises BadModel if the model has another hash, or no model has it.
    """
    kind = "codec" if capability is Capability.CODE else "autoencoder"
    if name is None:
        hashes = _hashes_of(capability)
        name = next((each for each, its_hashes in hashes.items() if model_hash in its_hashes), None)
        if name is None:
            known = ", ".join(f"{each} is {its_hashes[0]}" for each, its_hashes in hashes.items()) or "there is none"
            raise BadModel(
                f"{file} was encoded by the {kind} {model_hash}, which is not among the models here ({known}); "
                "give the folder of that model with --model."
            )
    model = load(name)
    if model_hash not in model.folder.hashes:
        raise BadModel(
            f"{file} was encoded by the {kind} {model_hash}, and {name} is {model.folder.hash}; give the model that "
            "encoded it with --model."
        )
    return name, model


def _hashes_of(capability: Capability) -> dict[str, tuple[str, ...]]:
    """Return the hashes of every named model with a capability, the current one first."""
    hashes = {}
    for name in models.names():
        try:
            folder = ModelFolder(models.find(name))
        except BadModel:
            continue  # a damaged model elsewhere is no reason to refuse this
        family = families.FAMILIES.get(folder.card.family)
        if family is not None and capability in family.capabilities_of(folder.card.config):
            hashes[name] = folder.hashes
    return hashes


def read_card(folder: Path) -> Card:
    """Read the card of a model and validate its config; raise BadModel if it is damaged or its family unknown."""
    card = Card.read(folder)
    card.config_as(family_of(card, folder).config, folder)
    return card


def family_of(card: Card, folder: Path) -> families.AnyFamily:
    """Return the family of a model; raise BadModel for one that this version does not know."""
    family = families.FAMILIES.get(card.family)
    if family is None:
        known = ", ".join(families.FAMILIES)
        raise BadModel(
            f"{folder} has the family {quoted(card.family)}; this Wavewright knows {known}: upgrade it to use this "
            "model."
        )
    return family


def classifier_of(labels: set[str]) -> str | None:
    """Return the name of the first classifier that knows all of these labels; None without one, or without labels."""
    for name in models.names() if labels else []:
        try:
            path = models.find(name)
            card = Card.read(path)
            if not labels <= set(card.labels):
                continue
            card = read_card(path)
        except BadModel:
            continue  # a damaged model elsewhere is no reason to refuse this
        if Capability.CLASSIFY in families.FAMILIES[card.family].capabilities:
            return name
    return None


def speakers_of(card: Card) -> tuple[str, ...] | None:
    """Return the speakers of a model that speaks, empty if its only one has no name; None for other models."""
    family = families.FAMILIES.get(card.family)
    if family is None or Capability.SPEAK not in family.capabilities:
        return None
    return card.speakers


def voices_of(card: Card, name: str) -> tuple[str, ...]:
    """Return the names of the voices of a model with a name: ``<name>-<speaker>`` each, or its own name."""
    speakers = speakers_of(card)
    if speakers is None:
        return ()
    return tuple(f"{name}-{speaker}" for speaker in speakers) or (name,)
