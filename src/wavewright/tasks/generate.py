"""Generate clips with a model and write them as files that record their origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, cast

import numpy as np
from pydantic import Field

from ..audio.clip import Clip
from ..audio.sound_file import open_sound
from ..base import parameters
from ..base.errors import BadSetting, unsupported
from ..base.files import short_hash_of
from ..base.names import file_stem
from ..base.parameters import FREE_TEXT, MAX_SEED, NAMES_MODEL
from ..base.rules import Needs, Without
from ..base.task_parameters import checked
from ..contracts.runtime import Continuer, Generator, Interpolator
from ..families import loading
from ..inference.latent_clips.source import changes_of
from ..inference.rejection import ClipFunction, RejectionSampler, ScoredClip
from ..outputs.clip_folder import OutputClip, write_clips
from ..outputs.made import Made, MadeFile
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.payload import DEFAULT_KEY

MAX_INTERPOLATION_STEPS = 1000

MAX_SECONDS = 600.0

LOOP_EXTRA_SECONDS = 2.0
"""Seconds by which the clips are longer that loops are cut out of."""

Options = dict[str, object]
"""Further parameters of `Generator.generate`, by name."""


@dataclass(frozen=True)
class ClipOrigin:
    """Everything that determines the clips of a call, besides label and index.

    Attributes
    ----------
    model, model_hash
        Name and hash of the model.
    seed
        Seed of the clips; the first of an interpolation.
    options
        Further parameters of the model.
    prompt, prompt_hash
        Name of the file to continue, and the start of its SHA-256; None without one.
    interpolate
        Both seeds of an interpolation, or None.
    steps
        Clips of the interpolation.
    is_loop
        The clips are seamless loops.
    """

    model: str
    model_hash: str
    seed: int
    options: Options
    prompt: str | None = None
    prompt_hash: str | None = None
    interpolate: tuple[int, int] | None = None
    steps: int = 0
    is_loop: bool = False

    def record(self, label: str | None, index: int) -> dict[str, object]:
        """Return the origin of one clip as stored in its file and in the manifest."""
        record: dict[str, object] = {"model": self.model, "model_hash": self.model_hash, "seed": self.seed}
        for name, value in self.options.items():
            record[name] = list(value) if isinstance(value, tuple) else value
        if self.prompt is not None:
            record |= {"continue_from": self.prompt, "continue_from_hash": self.prompt_hash}
        if self.interpolate is not None:
            record |= {"interpolate": list(self.interpolate), "steps": self.steps}
        if self.is_loop:
            record["loop"] = True
        return record | {"index": index, "label": label}

    def stem(self, label: str | None, index: int) -> str:
        """Return the name of the file of one clip without its ending."""
        settings = f"s{self.seed}"
        if self.interpolate is not None:
            settings += f"to{self.interpolate[1]}x{self.steps}"
        code = self.options.get("code")
        if isinstance(code, tuple):
            settings += "c" + "_".join(f"{number:g}" for number in code)
        if self.prompt is not None:
            settings += f"after-{Path(self.prompt).stem}"
        for name, unit in (("seconds", "s"), ("temperature", "t"), ("pitch", "p")):
            if name in self.options:
                settings += f"-{self.options[name]:g}{unit}"
        speaker = self.options.get("speaker")
        names = [str(name) for name in (label, speaker) if name is not None]
        if self.is_loop:
            settings += "-loop"
        return file_stem(self.model, *names, settings, f"{index:03d}")


@checked
def generate(
    model: Annotated[str, Field(description="Name of a model, or the path of its folder."), NAMES_MODEL],
    label: Annotated[
        str | None, Field(description="Label of the clips; default: every label in turn."), FREE_TEXT
    ] = None,
    count: Annotated[int, Field(description="Number of clips.", ge=1, le=100_000)] = 8,
    seed: Annotated[int, Field(description="Same seed, same clips.", ge=0, le=MAX_SEED)] = 0,
    interpolate: Annotated[
        tuple[int, int] | None,
        Field(description="Two seeds: interpolate in --count clips from the first clip of one to that of the other."),
        Without(
            *("seed", "min_confidence", "min_novelty", "code", "seconds", "temperature", "speaker", "continue_from"),
            *("pitch", "loop"),
        ),
    ] = None,
    out: parameters.ClipFolder = Path("wavewright-clips"),
    format: parameters.ClipFormat = "wav",
    min_confidence: Annotated[
        float | None,
        Field(description="Leave out clips to which a classifier gives their label with less than this.", ge=0, le=1),
    ] = None,
    min_novelty: Annotated[
        float | None,
        Field(
            description="Leave out clips closer than this to a training clip, in dB, 0 for none; default: closer than "
            "different training clips of the label are to each other.",
            ge=0,
        ),
    ] = None,
    code: Annotated[
        tuple[float, ...] | None,
        Field(description="InfoGAN code, number by number: 1 for the chosen category, 0 for the others, then -1 to 1."),
    ] = None,
    seconds: Annotated[
        float | None,
        Field(
            description="Length of each clip, with --continue-from included; default: as clips of its label are.",
            gt=0,
            le=MAX_SECONDS,
        ),
        parameters.InForm(low=0.2),
    ] = None,
    temperature: Annotated[
        float | None,
        Field(description="Below 1 safer, above 1 more varied; default: the model's own.", ge=0, le=2),
        parameters.InForm(step=0.05, start=1),
    ] = None,
    speaker: Annotated[
        str | None, Field(description="Speaker of the clips; default: drawn for each clip."), FREE_TEXT
    ] = None,
    continue_from: Annotated[
        Path | None, Field(description="A sound file to continue; each clip starts with it."), Needs("seconds")
    ] = None,
    classifier: Annotated[
        str | None,
        Field(description="Classifier for --min-confidence; default: one that knows the labels."),
        NAMES_MODEL,
        Needs("min_confidence"),
    ] = None,
    pitch: parameters.MidiPitch = None,
    loop: Annotated[
        bool,
        Field(description="Make each clip a seamless loop, with loop points in WAV files; --seconds is its length."),
    ] = False,
    watermark: parameters.IsMarked = True,
    watermark_key: parameters.MarkKey = DEFAULT_KEY,
) -> Made:
    """Generate clips with a model.

    Files are named ``<model>-<label>-s<seed>-<index>``. A clip depends on model, label, seed and index alone, so the
    same call writes the same files again, and these replace each other; a file of that name with another clip is never
    replaced. Each file records model, hash, seed, index and label in its comment; ``manifest.jsonl`` lists all files of
    the folder. A call that fails writes nothing.

    Raises BadModel if the model cannot generate; BadSetting if the model does not have what is requested; BadFolder if
    the output folder cannot be used.
    """
    generator = loading.load_generator(model)
    named = {"code": code, "seconds": seconds, "temperature": temperature, "speaker": speaker, "pitch": pitch}
    options: Options = {name: value for name, value in named.items() if value is not None}
    _check_options(generator, {**options, "continue_from": continue_from, "interpolate": interpolate})
    drawn = dict(options)
    if loop and seconds is not None:  # the crossfade and the search take some of it
        drawn["seconds"] = min(seconds + LOOP_EXTRA_SECONDS, MAX_SECONDS)
    sampler = RejectionSampler(
        generator, _clip_function(generator, drawn, continue_from), min_confidence, min_novelty, classifier
    )
    prompt = _prompt_name_and_hash(continue_from)
    origin = ClipOrigin(generator.name, generator.folder.hash, seed, options, *prompt, is_loop=loop)
    if interpolate is None:
        clips = sampler.sample(label, count, seed)
    else:
        origin = ClipOrigin(origin.model, origin.model_hash, interpolate[0], {}, interpolate=interpolate, steps=count)
        clips = _interpolated(cast(Interpolator, generator), label, interpolate, count)
    if loop:
        clips = _as_loops(clips, generator.sample_rate, seconds)
    marking = marking_of(origin.model_hash, watermark, watermark_key)
    written = write_clips(_with_origin(clips, origin), generator.sample_rate, out, format, marking)
    notes = list(_changes(continue_from, generator.sample_rate))
    if sampler.n_near_copies:
        notes.append(
            f"{sampler.n_near_copies} of them are close to training clips and may be copies: more recordings or a "
            "shorter training help."
        )
    return Made(
        out=out,
        files=tuple(replace(each, details=_known(each)) for each in written),
        notes=tuple(notes),
        details={
            "seed": origin.seed,
            "interpolate": interpolate,
            "n_rejected": sampler.n_rejected,
            "n_near_copies": sampler.n_near_copies,
            "is_marked": watermark,
        },
        lines=(f"  {sampler.n_rejected} left out",) if sampler.n_rejected else (),
    )


def _as_loops(clips: Iterator[ScoredClip], sample_rate: int, seconds: float | None) -> Iterator[ScoredClip]:
    """Yield the clips as seamless loops, of a length if it is given."""
    from ..dsp.looping import looped  # loads parts of SciPy that nothing else here needs

    for clip in clips:
        yield replace(clip, wave=looped(clip.wave, sample_rate, seconds))


def _known(written: MadeFile) -> dict[str, object]:
    """Return what the result says of a clip: label, index, and the scores of the limits that were checked."""
    known = {"label": written.origin["label"], "index": written.origin["index"]}
    return {**known, "confidence": None, "novelty_db": None, **written.details}


def _check_options(generator: Generator, given: Options) -> None:
    """Raise BadSetting for an option that the model does not have."""
    kinds = {"continue_from": Continuer, "interpolate": Interpolator}
    known = {*generator.options, *(name for name, kind in kinds.items() if isinstance(generator, kind))}
    for name, value in given.items():
        if value is not None and name not in known:
            raise unsupported(generator.name, f"has no parameter {name}", name)


def _clip_function(generator: Generator, options: Options, continue_from: Path | None) -> ClipFunction:
    """Return the function of label, seed and index."""
    if continue_from is None:
        generate_clips = cast(Callable[..., list[np.ndarray]], generator.generate)  # options differ between families
        return lambda label, seed, index: generate_clips(label, 1, seed, index, **options)[0]
    prompt = Clip.read(continue_from).resample(generator.sample_rate).wave.mean(axis=0, keepdims=True)  # (1, time)
    continue_clip = cast(Callable[..., np.ndarray], cast(Continuer, generator).continue_from)
    return lambda label, seed, index: continue_clip(prompt, label=label, seed=seed, index=index, **options)


def _prompt_name_and_hash(continue_from: Path | None) -> tuple[str | None, str | None]:
    """Return the name of the file to continue and the start of its SHA-256."""
    if continue_from is None:
        return None, None
    return continue_from.name, short_hash_of(continue_from)


def _changes(continue_from: Path | None, sample_rate: int) -> tuple[str, ...]:
    """Return a sentence about mixing and resampling of the file to continue, if there was any."""
    if continue_from is None:
        return ()
    header = open_sound(continue_from).header
    changes = changes_of(header.n_channels, header.sample_rate, sample_rate)
    return (f"{continue_from} was {', '.join(changes)}.",) if changes else ()


def _interpolated(
    generator: Interpolator, label: str | None, seeds: tuple[int, int], steps: int
) -> Iterator[ScoredClip]:
    """Yield the clips of an interpolation between two seeds."""
    if steps > MAX_INTERPOLATION_STEPS:
        raise BadSetting(
            f"An interpolation in {steps} clips is too long; at most {MAX_INTERPOLATION_STEPS} fit into memory."
        )
    for seed in seeds:
        if not 0 <= seed <= MAX_SEED:
            raise BadSetting(f"The seed {seed} is out of range; give a whole number from 0 to {MAX_SEED}.")
    name = label if label is not None else (generator.labels[0] if generator.labels else None)
    for index, wave in enumerate(generator.interpolate(*seeds, steps, label)):
        yield ScoredClip(wave, name, index)


def _with_origin(clips: Iterator[ScoredClip], origin: ClipOrigin) -> Iterator[OutputClip]:
    """Yield clips to write, with their file names, origins and scores."""
    for clip in clips:
        measured = {"confidence": clip.confidence, "novelty_db": clip.novelty_db}
        scores = {name: value for name, value in measured.items() if value is not None}
        yield OutputClip(
            clip.wave,
            origin.stem(clip.label, clip.index),
            origin.record(clip.label, clip.index),
            scores,
            is_loop=origin.is_loop,
        )
