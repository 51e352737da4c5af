"""Packages and programs that a benchmark compares with or judges by, none of which Wavewright needs."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass

from wavewright.base.errors import MissingExtra


@dataclass(frozen=True)
class Peer:
    """A package of Python, or a program on the PATH.

    ``install`` is the command that installs it, ``module`` what a package is imported as, empty for a program, and
    ``program`` the reverse.
    """

    name: str
    install: str
    module: str = ""
    program: str = ""

    @property
    def is_installed(self) -> bool:
        """True if it can be used here."""
        if self.module:
            return importlib.util.find_spec(self.module) is not None
        return shutil.which(self.program) is not None

    @property
    def missing(self) -> str:
        """The sentence that says how to install it."""
        return f"{self.name} is not installed ({self.install})."

    def require(self) -> None:
        """Raise MissingExtra if it is not installed."""
        if not self.is_installed:
            raise MissingExtra(self.missing)


FLITE = Peer("flite", "apt install flite", program="flite")
ESPEAK_NG = Peer("espeak-ng", "apt install espeak-ng", program="espeak-ng")
FFMPEG = Peer("FFmpeg", "apt install ffmpeg", program="ffmpeg")
PANDOC = Peer("Pandoc", "apt install pandoc", program="pandoc")
SOX = Peer("SoX", "apt install sox", program="sox")
STRACE = Peer("strace", "apt install strace, Linux alone", program="strace")
PESQ = Peer("PESQ", "pip install pesq==0.0.4", module="pesq")
STOI = Peer("STOI", "pip install pystoi==0.4.1", module="pystoi")
VISQOL = Peer("ViSQOL", 'pip install "visqol-python[lattice]==3.8.0"', module="visqol")
PERTH = Peer("Perth", "pip install resemble-perth==1.0.1 torchaudio 'setuptools<81'", module="perth")
LIBOPUS = Peer("libopus", 'pip install ".[media]"', module="av")
DNSMOS = Peer("DNSMOS", 'pip install ".[metrics]"', module="speechmos")
RESEMBLYZER = Peer(
    "Resemblyzer",
    "pip install --no-deps Resemblyzer==0.1.4 && pip install webrtcvad-wheels 'setuptools<81'",
    module="resemblyzer",
)
MOONSHINE = Peer("Moonshine", "pip install --no-deps useful-moonshine-onnx==20251121", module="moonshine_onnx")
POCKETSPHINX = Peer("PocketSphinx", "pip install pocketsphinx==5.1.1", module="pocketsphinx")
LIBROSA = Peer("librosa", 'pip install ".[metrics]"', module="librosa")
SCIKIT_LEARN = Peer("scikit-learn", 'pip install ".[metrics]"', module="sklearn")
PEDALBOARD = Peer("pedalboard", "pip install pedalboard==0.9.26", module="pedalboard")
DAWDREAMER = Peer("DawDreamer", "pip install --no-deps dawdreamer==0.9.0", module="dawdreamer")
PYTHON_STRETCH = Peer("python-stretch", "pip install python-stretch==0.3.1", module="python_stretch")
FLUIDSYNTH = Peer("FluidSynth", "apt install fluidsynth", program="fluidsynth")
TINYSOUNDFONT = Peer("tinysoundfont", "pip install --no-deps tinysoundfont==0.3.7", module="tinysoundfont")
