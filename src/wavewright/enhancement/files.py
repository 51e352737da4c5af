"""Enhance sound files: one, or all of a folder in parallel, with a manifest; what is up to date is kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from .. import loading
from ..clip import BITS, FORMATS, UNCLIPPED, Clip, describe_audio, read_blocks, read_header, write_blocks
from ..contracts.enhancement import EnhancementSettings
from ..errors import BadFolder, WavewrightError
from ..manifest_file import MANIFEST_FILE, add_records, manifest_lines
from ..model_results import ConvertedFile
from ..names import inside
from ..progress_bar import progress_bar
from ..sound_file import MEDIA_SUFFIXES, AudioHeader, read_origin
from ..video_file import is_video, replace_sound
from ..wave_blocks import CountedWaves
from ..whole_file import make_folder
from .report import EnhancementReport, write_report
from .sound import DenoiserSize, ModelProcessor, Processor, WpeProcessor, model_for

BLOCK_SECONDS = 10.0
HASH_BYTES = 2**20  # read at a time
SHOWN_FAILURES = 20


@dataclass(frozen=True)
class Enhancement:
    """Settings of the enhancement of files."""

    model: str | None = None  # name or folder; by default the bundled model of `size` for the rate of each file
    size: DenoiserSize = "small"
    uses_wpe: bool = False  # remove reverberation alone, without a model
    with_report: bool = False  # plot and measure each file before and after
    settings: EnhancementSettings = field(default_factory=EnhancementSettings)

    def origin(self, source: Path, processor: Processor) -> dict[str, object]:
        """Return what determines an enhanced file: the comment of the file, and a part of its line of the manifest."""
        settings = self.settings
        return {
            "model": processor.name,
            "model_hash": processor.hash,
            "source": source.name,
            "source_hash": _hash_of(source),
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
        if enhancement.uses_wpe:
            return WpeProcessor(enhancement.settings.mix)
        name = model_for(sample_rate, enhancement.size) if enhancement.model is None else enhancement.model
        if name not in self._opened:
            self._opened[name] = ModelProcessor(loading.load_enhancer(name), enhancement.settings)
        return self._opened[name]


@dataclass(frozen=True, kw_only=True)
class EnhancedFile(ConvertedFile):
    """An enhanced sound file; ``is_new`` unless it existed before."""

    n_channels: int
    highest_hz: float
    is_new: bool = True
    report: EnhancementReport | None = None

    def __str__(self) -> str:
        """Return the file, its length and the model."""
        note = "" if self.is_new else " (kept, it is up to date)"
        line = f"{self.out}: {describe_audio(self.seconds, self.sample_rate, self.n_channels)} by {self.made_by}{note}"
        lines = [line] if self.report is None else [line, str(self.report)]
        if self.highest_hz < self.sample_rate / 2:
            lines.append(
                f"What lay above {self.highest_hz:.0f} Hz is lost, since {self.model} has a lower sample rate."
            )
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class EnhancedFolder:
    """The enhanced files of a folder.

    Attributes
    ----------
    out, manifest
        Their folder, and its manifest.
    files
        The enhanced files.
    failed
        Files that could not be enhanced, and the reasons.
    n_ignored
        Files that are no sound by their names.
    exit_code
        Exit code of the command: 2 if files failed.
    """

    out: Path
    manifest: Path
    files: tuple[EnhancedFile, ...]
    failed: Mapping[str, str]
    n_ignored: int = 0
    exit_code: int = 0

    def __str__(self) -> str:
        """Return counts, and the files that failed."""
        n_new = sum(file.is_new for file in self.files)
        seconds = sum(file.seconds for file in self.files)
        n_files = len(self.files) + len(self.failed)
        counted = f"{len(self.files)} of {n_files} files are enhanced in {self.out}, {seconds:.1f} s"
        lines = [f"{counted}: {n_new} new, {len(self.files) - n_new} kept"]
        lines += [f"{file.out}\n{file.report}" for file in self.files if file.report is not None]
        lines += [f"  {file}: {problem}" for file, problem in islice(self.failed.items(), SHOWN_FAILURES)]
        n_more = len(self.failed) - SHOWN_FAILURES
        lines += [f"  and {n_more} more files failed; --json lists all"] if n_more > 0 else []
        lines += [f"Ignored: {self.n_ignored} other files"] if self.n_ignored else []
        return "\n".join(lines)


def enhance_file(
    source: Path,
    out: Path,
    processors: Processors,
    show: Callable[[float], object] = lambda _: None,
) -> EnhancedFile:
    """Enhance a sound file of any length, in bounded memory; keep a file that is up to date.

    The bits of a sample stay those of the source where the format of ``out`` has them. Of a video, whose copy cannot
    say what made it, the sound is replaced every time.

    Raises
    ------
    BadAudio
        If the source cannot be read.
    BadModel
        If there is no such model.
    BadSetting, WavewrightError
        If ``out`` cannot be written.
    """
    header = read_header(source)
    processor = processors.of(header.sample_rate)
    origin = processors.enhancement.origin(source, processor)
    is_new = read_origin(out) != origin
    if is_new:
        waves = CountedWaves(
            (block.wave for block in read_blocks(source, BLOCK_SECONDS)),
            lambda n_samples: show(n_samples / header.sample_rate),
        )
        blocks = (
            Clip(wave, header.sample_rate) for wave in processor.process(waves, header.sample_rate, header.n_channels)
        )
        if is_video(out):
            replace_sound(source, out, blocks)
        else:
            write_blocks(out, blocks, _subtype(header, out), {"comment": json.dumps(origin)})
    return EnhancedFile(
        model=processor.name,
        model_hash=processor.hash,
        out=out,
        file=source,
        seconds=read_header(out).seconds or 0.0,
        sample_rate=header.sample_rate,
        n_channels=header.n_channels,
        highest_hz=processor.highest_hz,
        is_new=is_new,
        report=write_report(source, out) if processors.enhancement.with_report else None,
    )


def enhance_folder(
    source: Path, out: Path, enhancement: Enhancement, workers: int = 0, quiet: bool = False
) -> EnhancedFolder:
    """Enhance all sound files of a folder and of those in it, several at a time; the files keep their names.

    A file that fails does not keep the others from being enhanced. Those that exist and are up to date are kept, so an
    interrupted call can be repeated. A manifest lists all.

    Parameters
    ----------
    source, out : Path
        The folder, and the one to write to.
    enhancement : Enhancement
        Settings of the enhancement.
    workers : int
        Files at a time, 0 for the number of cores.
    quiet : bool
        Show no progress.

    Raises
    ------
    BadFolder
        If there is no sound in the folder, or ``out`` is the folder itself or cannot be written to.
    """
    if out.resolve() == source.resolve():
        raise BadFolder(
            f"{out} is the folder of the recordings, which are never replaced; give another one with --out."
        )
    names, n_ignored = _sound_files(source, out)
    targets = _targets(names, out)
    make_folder(out)
    manifest_lines(out / MANIFEST_FILE)  # refuse a file of that name that is not a manifest before any work
    done: dict[Path, EnhancedFile] = {}
    problems: dict[Path, str] = {}
    jobs = [(source / sound, targets[sound]) for sound in names]
    try:
        with progress_bar(f"enhancing {source.name}", _total_seconds([path for path, _ in jobs]), quiet) as show:
            for path, result in _results(jobs, enhancement, workers):
                sound = path.relative_to(source)
                if isinstance(result, EnhancedFile):
                    done[sound] = result
                else:
                    problems[sound] = result
                show(sum(file.seconds for file in done.values()))
    finally:
        if done:
            add_records(
                out,
                {str(targets[sound].relative_to(out)): _record(done[sound], out) for sound in names if sound in done},
            )
    return EnhancedFolder(
        out=out,
        manifest=out / MANIFEST_FILE,
        files=tuple(done[sound] for sound in names if sound in done),
        failed={str(sound): problems[sound] for sound in names if sound in problems},
        n_ignored=n_ignored,
        exit_code=2 if problems else 0,
    )


def _results(
    jobs: Sequence[tuple[Path, Path]], enhancement: Enhancement, workers: int
) -> Iterator[tuple[Path, EnhancedFile | str]]:
    """Yield each source with its enhanced file, or with the reason why there is none, as they are finished."""
    n_workers = min(workers or os.cpu_count() or 1, len(jobs))
    if n_workers == 1:
        processors = Processors(enhancement)
        for source, out in jobs:
            yield source, _enhance_or_explain(source, out, processors)
        return
    with ProcessPoolExecutor(n_workers, get_context("spawn"), _begin_worker, (enhancement,)) as pool:
        futures: dict[Future[EnhancedFile | str], Path] = {
            pool.submit(_enhance_in_worker, source, out): source for source, out in jobs
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


_of_worker: list[Processors] = []


def _begin_worker(enhancement: Enhancement) -> None:
    """Prepare a process for files."""
    _of_worker[:] = [Processors(enhancement)]


def _enhance_in_worker(source: Path, out: Path) -> EnhancedFile | str:
    return _enhance_or_explain(source, out, _of_worker[0])


def _enhance_or_explain(source: Path, out: Path, processors: Processors) -> EnhancedFile | str:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return enhance_file(source, out, processors)
    except WavewrightError as error:
        return str(error)


def _sound_files(folder: Path, out: Path) -> tuple[list[Path], int]:
    """Return the sound files below a folder, relative to it, and the number of other files; ``out`` is left out."""
    suffixes = (*FORMATS, *MEDIA_SUFFIXES)
    files = [
        path.relative_to(folder)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.resolve().is_relative_to(out.resolve()) and not path.name.startswith(".")
    ]
    names = [path for path in files if path.suffix.lower() in suffixes]
    if not names:
        raise BadFolder(f"{folder} contains no sound file; give a folder of recordings.")
    return names, len(files) - len(names)


def _targets(names: Sequence[Path], out: Path) -> dict[Path, Path]:
    """Return the file to write for each sound: the same name, as WAV where its own format cannot be written."""
    targets: dict[Path, Path] = {}
    used: dict[Path, Path] = {}
    for sound in names:
        target = sound if sound.suffix.lower() in FORMATS or is_video(sound) else sound.with_suffix(".wav")
        if target in used:
            target = sound.with_name(f"{sound.name}.wav")
        used[target] = sound
        targets[sound] = inside(out, target)
    return targets


def _total_seconds(paths: Sequence[Path]) -> float | None:
    try:
        lengths = [read_header(path).seconds for path in paths]
    except WavewrightError:
        return None
    return sum(length for length in lengths if length is not None)


def _record(file: EnhancedFile, out: Path) -> dict[str, object]:
    """Return a line of the manifest, with the field names that ``data.manifest`` reads."""
    unnamed = {"model": file.model, "model_hash": file.model_hash, "source": file.file.name}  # by a format's comment
    return {
        "audio_filepath": str(file.out.relative_to(out)),
        "duration": round(file.seconds, 6),
        **(read_origin(file.out) or unnamed),
    }


def _subtype(header: AudioHeader, out: Path) -> str | None:
    """Return the subtype of the source if the format of ``out`` has it, else None for the usual one."""
    is_pcm = header.subtype in BITS or header.subtype in UNCLIPPED
    suffix = out.suffix.lower()
    if not is_pcm or suffix not in (".wav", ".flac", ".aiff", ".aif"):
        return None
    if suffix == ".flac" and header.subtype not in ("PCM_S8", "PCM_16", "PCM_24"):
        return "PCM_24" if header.subtype in (*UNCLIPPED, "PCM_32") else None
    return None if header.subtype in ("PCM_S8", "PCM_U8") else header.subtype


def _hash_of(path: Path) -> str:
    """Return the first digits of the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BYTES):
            digest.update(block)
    return digest.hexdigest()[:12]
