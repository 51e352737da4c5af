"""Enhance sound files: one, or all of a folder; what is up to date is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...audio.clip import Clip, describe_audio, warn_of_left_out, write_blocks
from ...audio.notebook import files_html
from ...audio.sound_file import OpenSound, SoundSource, open_sound, read_origin
from ...audio.video_file import is_video, replace_sound
from ...audio.wave_blocks import LOWER_FIRST, ClippedSamples, ClippingMeter, CountedWaves
from ...contracts.enhancement import EnhancementSettings
from ...contracts.model_results import ConvertedFile
from ...effects.editing.carried_metadata import carried, with_source_comment
from ...effects.editing.chain import SoundFormat
from ...families import loading
from ...outputs.converted_folder import Conversion, ConvertedFolder, ConvertFile, subtype_like
from .report import EnhancementReport, write_report
from .sound import DenoiserSize, ModelProcessor, Processor, ProcessorChain, WpeProcessor, model_for

BLOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Enhancement:
    """Settings of the enhancement of files."""

    model: str | None = None  # name or folder; by default the bundled model of `size` for the rate of each file
    size: DenoiserSize = "small"
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
        name = model_for(sample_rate, enhancement.size) if enhancement.model is None else enhancement.model
        if name not in self._opened:
            enhancer = loading.load_enhancer(name)
            self._opened[name] = (
                ProcessorChain(WpeProcessor(), ModelProcessor(enhancer, replace(settings, mix=1.0)), settings.mix)
                if enhancement.uses_wpe
                else ModelProcessor(enhancer, settings)
            )
        return self._opened[name]


@dataclass(frozen=True, kw_only=True)
class EnhancedFile(ConvertedFile):
    """An enhanced sound file; ``is_new`` unless it existed before."""

    n_channels: int
    highest_hz: float
    is_new: bool = True
    report: EnhancementReport | None = None
    clipped: ClippedSamples | None = None

    @property
    def sound_files(self) -> tuple[Path, ...]:
        """The sound files that were written."""
        return (self.out,)

    def _repr_html_(self) -> str:
        """Return players and the text for notebooks."""
        return files_html(self.sound_files, self)

    def __str__(self) -> str:
        """Return the file, its length and the model."""
        note = "" if self.is_new else " (kept, it is up to date)"
        line = f"{self.out}: {describe_audio(self.seconds, self.sample_rate, self.n_channels)} by {self.made_by}{note}"
        lines = [line, self.details] if self.details else [line]
        if self.highest_hz < self.sample_rate / 2:
            lines.append(
                f"What lay above {self.highest_hz:.0f} Hz is lost, since {self.model} has a lower sample rate."
            )
        return "\n".join(lines)

    @property
    def details(self) -> str:
        """A warning of clipped samples and the report, if there are any."""
        lines = [str(self.report)] if self.report is not None else []
        if self.clipped:
            lines.insert(0, self.clipped.warning(LOWER_FIRST))
        return "\n".join(lines)


EnhancedFolder = ConvertedFolder[EnhancedFile]
"""The enhanced files of a folder."""


def enhance_file(
    source: SoundSource,
    out: Path,
    processors: Processors,
    show: Callable[[float], object] = lambda _: None,
) -> EnhancedFile:
    """Enhance a sound file of any length, in bounded memory; keep a file that is up to date.

    The bits of a sample stay those of the source where the format of ``out`` has them. Of a video, whose copy cannot
    say what made it, the sound is replaced every time.

    Raises BadAudio if the source cannot be read, or BadModel if there is no such model, or BadSetting or
    WavewrightError if ``out`` cannot be written.
    """
    sound = open_sound(source)
    source, header = sound.path, sound.header
    processor = processors.of(header.sample_rate)
    origin = with_source_comment(processors.enhancement.origin(sound, processor), sound)
    is_new = read_origin(out) != origin
    clipping = ClippingMeter()
    if is_new:
        waves = CountedWaves(sound.blocks(BLOCK_SECONDS), lambda n_samples: show(n_samples / header.sample_rate))
        blocks = (
            Clip(wave, header.sample_rate)
            for wave in processor.process_blocks(waves, header.sample_rate, header.n_channels)
        )
        if is_video(out):
            replace_sound(source, out, blocks, clipping)
        else:
            unchanged = SoundFormat(header.sample_rate, header.n_channels, header.seconds)
            kept = carried(sound.metadata, (), (unchanged,))
            metadata = kept.metadata.with_tags({"comment": json.dumps(origin)})
            left_out = [*kept.left_out]
            write_blocks(
                out,
                blocks,
                subtype_like(header, out),
                metadata,
                header.seconds,
                clipping=clipping,
                left_out=left_out,
            )
            warn_of_left_out(out, left_out)
    return EnhancedFile(
        model=processor.name,
        model_hash=processor.hash,
        out=out,
        file=source,
        seconds=open_sound(out).header.seconds or 0.0,
        sample_rate=header.sample_rate,
        n_channels=header.n_channels,
        highest_hz=processor.highest_hz,
        is_new=is_new,
        report=write_report(source, out) if processors.enhancement.with_report else None,
        clipped=clipping.result(),
    )


@dataclass(frozen=True)
class FolderEnhancement(Conversion[EnhancedFile]):
    """The enhancement of all files of a folder."""

    enhancement: Enhancement
    verbs = ("enhancing", "enhanced")

    def begin(self) -> ConvertFile[EnhancedFile]:
        """Return the function that enhances a file; models are opened once."""
        processors = Processors(self.enhancement)
        return lambda source, out: enhance_file(source, out, processors)

    def unnamed_origin(self, file: EnhancedFile) -> dict[str, object]:
        """Return the model and the name of the source."""
        return {"model": file.model, "model_hash": file.model_hash, "source": file.file.name}
