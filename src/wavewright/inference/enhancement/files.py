"""Enhance sound files: one, or all of a folder; what is up to date is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...audio.sound_file import OpenSound, SoundSource, open_sound
from ...contracts.enhancement import EnhancementSettings
from ...contracts.runtime import model_text
from ...families import loading
from ...outputs.carried_metadata import carried_with
from ...outputs.made import MadeFile
from ...outputs.made_file import keep_or_make
from .sound import ModelProcessor, Processor, ProcessorChain, WpeProcessor, model_for


@dataclass(frozen=True)
class Enhancement:
    """Settings of the enhancement of files."""

    model: str | None = None  # name or folder; by default the bundled model for the rate of each file
    uses_wpe: bool = False  # remove reverberation by WPE first
    uses_model: bool = True
    with_report: bool = False  # plot and measure each file before and after
    settings: EnhancementSettings = field(default_factory=EnhancementSettings)

    def origin(self, source: OpenSound, processor: Processor) -> dict[str, object]:
        """Return what determines an enhanced file: the comment of the file, and a part of its line of the manifest."""
        settings = self.settings
        return {
            "model": processor.name,
            "model_hash": processor.hash,
            "source": source.path.name,
            "source_hash": source.hash,
            "dereverb": settings.dereverb,
            "max_attenuation_db": settings.max_attenuation_db,
            "mix": settings.mix,
            "linked": settings.is_linked,
        }


@dataclass(frozen=True)
class Processors:
    """Processors of recordings for an enhancement, by their sample rate; each model is opened once."""

    enhancement: Enhancement
    _opened: dict[str, Processor] = field(default_factory=dict)

    def of(self, sample_rate: int) -> Processor:
        """Return the processor for a sample rate; raise BadModel if there is no such model or it is damaged."""
        enhancement = self.enhancement
        settings = enhancement.settings
        if not enhancement.uses_model:
            return WpeProcessor(settings.mix)
        name = model_for(sample_rate) if enhancement.model is None else enhancement.model
        if name not in self._opened:
            enhancer = loading.load_enhancer(name)
            self._opened[name] = (
                ProcessorChain(WpeProcessor(), ModelProcessor(enhancer, replace(settings, mix=1.0)), settings.mix)
                if enhancement.uses_wpe
                else ModelProcessor(enhancer, settings)
            )
        return self._opened[name]


def lost_above(highest_hz: float, made: MadeFile) -> MadeFile:
    """Return a file with a note if what lay above a frequency is lost, since its model has a lower rate."""
    if highest_hz >= (made.sample_rate or 0) / 2:
        return made
    lost = f"What lay above {highest_hz:.0f} Hz is lost, since {made.by} has a lower sample rate."
    return replace(made, notes=(*made.notes, lost), details={**made.details, "highest_hz": highest_hz})


def enhance_file(
    source: SoundSource,
    out: Path,
    processors: Processors,
    show: Callable[[float], object] = lambda _: None,
) -> MadeFile:
    """Enhance a sound file of any length, in bounded memory; keep a file that is up to date.

    The bits of a sample stay those of the source where the format of ``out`` has them. Of a video, whose copy cannot
    say what made it, the sound is replaced every time.

    Raises BadAudio if the source cannot be read, or BadModel if there is no such model, or BadSetting or
    WavewrightError if ``out`` cannot be written.
    """
    sound = open_sound(source)
    header = sound.header
    processor = processors.of(header.sample_rate)
    made = keep_or_make(
        sound,
        out,
        carried_with(processors.enhancement.origin(sound, processor), sound),
        lambda blocks: processor.process_blocks(blocks(), header.sample_rate, header.n_channels),
        by=model_text(processor.name, processor.hash),
        show=show,
    )
    made = lost_above(processor.highest_hz, made)
    if processors.enhancement.with_report:
        from .report import write_report  # draws, which is slow to import

        report = write_report(sound, out)
        return replace(made, notes=(*made.notes, str(report).strip()), details={**made.details, "report": report})
    return made


def begin_enhancing(enhancement: Enhancement, _: Path) -> Callable[[Path, Path], MadeFile]:
    """Return the function that enhances each file of a folder; models are opened once."""
    processors = Processors(enhancement)
    return lambda source, out: enhance_file(source, out, processors)
