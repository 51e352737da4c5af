r"""How well a voice is understood where no recogniser of its language is at hand: phone errors beside its recordings.

    python recipes/phone_errors.py train --corpus corpora/german --speaker kerstin --out runs/phones-de
    python recipes/phone_errors.py judge --corpus corpora/german --speaker kerstin --model runs/phones-de \
        --voice de-kerstin

``train`` trains a recogniser of phones on the recordings of split ``train``, about half an hour of one core; every
twentieth text of them chooses the epoch. ``judge`` reads the recordings of split ``valid``, their copies by a vocoder,
and the same texts by voices, and prints the phone errors of each, and the points above the recordings, with 95 %
intervals over the sentences. The phones are those of the front end without their stress; the recogniser has met no
sound of a voice or vocoder. It is connectionist temporal classification (A. Graves et al., 2006) by recurrent layers,
with masks over time and bands (D. Park et al., "SpecAugment", 2019).
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder, WavewrightError
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.dsp.loudness import normalise_loudness
from wavewright.dsp.mel import mel_to_features, speech_mel
from wavewright.families import loading
from wavewright.metrics.sampling import bootstrap_interval
from wavewright.metrics.word_errors import word_errors
from wavewright.speech.voice import Voice
from wavewright.text import front_end

N_MELS, STRIDE, CHANNELS, HIDDEN, N_LAYERS = 80, 2, 192, 160, 3
DROPOUT, NOISE = 0.3, 0.2
N_MASKS, MAX_BANDS, MAX_FRAMES = 2, 16, 12  # that are hidden at once
SPEEDS = 0.88, 1.14
LEARNING_RATE, CLIP_NORM, BATCH_SIZE, EPOCHS = 2e-3, 5.0, 16, 45
CHOOSING = 20  # every so many texts choose the epoch
LOUDNESS_LUFS = -26.0
WEIGHTS_FILE, PHONES_FILE = "weights.safetensors", "phones.json"


class PhoneRecogniser(nn.Module):
    """Log-probabilities of the phones in each mel frame; 0 is none."""

    def __init__(self, n_phones: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(N_MELS, CHANNELS, 5, stride=STRIDE, padding=2)
        self.rnn = nn.LSTM(CHANNELS, HIDDEN, N_LAYERS, batch_first=True, dropout=DROPOUT, bidirectional=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.out = nn.Linear(2 * HIDDEN, n_phones + 1)

    def forward(self, mel: Tensor) -> Tensor:
        """Return ``(frames / STRIDE, batch, phones + 1)`` of ``mel (batch, frames, N_MELS)``."""
        hidden = F.gelu(self.conv(mel.transpose(1, 2))).transpose(1, 2)
        logits: Tensor = self.out(self.dropout(self.rnn(self.dropout(hidden))[0]))
        return logits.log_softmax(-1).transpose(0, 1)

    @torch.no_grad()
    def read(self, mel: np.ndarray) -> list[int]:
        """Return the most probable phones of ``mel (frames, N_MELS)``, repetitions and gaps left out."""
        best = self(torch.as_tensor(mel)[None])[:, 0].argmax(-1).unique_consecutive()
        return [int(phone) for phone in best if phone]


@dataclass(frozen=True)
class Spoken:
    """A sentence: its mel frames ``(frames, N_MELS)`` and its phones."""

    mel: np.ndarray
    phones: list[str]


def phones_of(text: str, language: str) -> list[str]:
    """Return the phones of a text without their stress."""
    words = (word for sentence in front_end(language).sentences(text) for word in sentence.words)
    return [phone.rstrip("012") for word in words for phone in word.phones]


def mel_frames(clip: Clip) -> np.ndarray:
    """Return the mel frames of a clip at one loudness, normalised."""
    wave = normalise_loudness(clip.mono().wave[0], clip.sample_rate, LOUDNESS_LUFS)
    return mel_to_features(speech_mel(wave, clip.sample_rate)).astype(np.float32)


def entries_of(corpus: Path, speaker: str, split: str) -> list[Entry]:
    """Return the recordings of a speaker with a text, one of each; raise BadFolder without any."""
    entries = [each for each in scan(corpus / "manifest.jsonl").entries if each.speaker == speaker and each.text]
    entries = [each for each in entries if each.split == split]
    if not entries:
        raise BadFolder(f"{corpus} has no texts of {speaker} in split {split}; see recipes/corpora/speech.py.")
    return entries if split == "train" else list({str(each.text): each for each in reversed(entries)}.values())


def read_entry(entry: Entry) -> Spoken:
    """Return a recording with its phones."""
    return Spoken(mel_frames(Clip.read(entry.path)), phones_of(str(entry.text), str(entry.language)))


def augmented(mel: Tensor) -> Tensor:
    """Return mel frames at another speed, with noise, and with bands and frames that are hidden."""
    speed = float(torch.empty(1).uniform_(*SPEEDS))
    mel = F.interpolate(mel.T[None], scale_factor=1 / speed, mode="linear", align_corners=False)[0].T
    mel = mel + NOISE * torch.randn_like(mel)
    for _ in range(N_MASKS):
        for axis, longest in ((0, MAX_FRAMES), (1, MAX_BANDS)):
            width = int(torch.randint(1, longest + 1, ()))
            start = int(torch.randint(0, max(1, mel.shape[axis] - width), ()))
            mel.narrow(axis, start, min(width, mel.shape[axis] - start)).zero_()
    return mel


def batches(clips: list[Spoken], index: dict[str, int]) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Yield batches of frames, their numbers, phones and their numbers, of about equal lengths, in random order."""
    by_length = sorted(clips, key=lambda clip: len(clip.mel) + 40 * float(torch.rand(())))
    starts = range(0, len(clips), BATCH_SIZE)
    for row in torch.randperm(len(starts)).tolist():
        part = by_length[starts[row] : starts[row] + BATCH_SIZE]
        mels = [augmented(torch.as_tensor(clip.mel)) for clip in part]
        phones = [torch.tensor([index[phone] for phone in clip.phones]) for clip in part]
        lengths = (torch.tensor([len(each) for each in rows]) for rows in (mels, phones))
        n_frames, n_phones = lengths
        yield pad_sequence(mels, batch_first=True), n_frames, torch.cat(phones), n_phones


def errors(network: PhoneRecogniser, names: list[str], clips: Iterable[Spoken]) -> np.ndarray:
    """Return the errors and the phones of each clip, ``(clips, 2)``."""
    network.eval()
    counts = (word_errors(clip.phones, [names[phone - 1] for phone in network.read(clip.mel)]) for clip in clips)
    return np.array([(count.n_errors, count.n_words) for count in counts], float)


def percent(counts: np.ndarray) -> float:
    """Return the phone errors of all clips in percent of their phones."""
    return float(100 * counts[:, 0].sum() / counts[:, 1].sum())


def train(options: argparse.Namespace) -> None:
    """Train a recogniser, and write that of the best epoch."""
    torch.manual_seed(0)
    entries = entries_of(options.corpus, options.speaker, "train")
    chooses = [zlib.crc32(str(entry.text).encode()) % CHOOSING == 0 for entry in entries]
    clips = [read_entry(entry) for entry in entries]
    names = sorted({phone for clip in clips for phone in clip.phones})
    index = {name: row for row, name in enumerate(names, 1)}
    choosing = [clip for clip, is_chosen in zip(clips, chooses, strict=True) if is_chosen]
    learned = [clip for clip, is_chosen in zip(clips, chooses, strict=True) if not is_chosen]
    network = PhoneRecogniser(len(names))
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.01)
    n_turns = options.epochs * -(-len(learned) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, n_turns, pct_start=0.15)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / PHONES_FILE).write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    best = float("inf")
    for epoch in range(1, options.epochs + 1):
        network.train()
        for mel, n_frames, phones, n_phones in batches(learned, index):
            loss = F.ctc_loss(network(mel), phones, -(-n_frames // STRIDE), n_phones, zero_infinity=True)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
            optimiser.step()
            schedule.step()
        now = percent(errors(network, names, choosing))
        if now < best:
            best = now
            save_file(network.state_dict(), options.out / WEIGHTS_FILE)
        print(f"epoch {epoch}: {float(loss):.3f} nats a phone, {now:.1f} % of {len(choosing)} sentences", flush=True)


def judge(options: argparse.Namespace) -> None:
    """Print the phone errors of recordings, copies and voices."""
    names = json.loads((options.model / PHONES_FILE).read_text(encoding="utf-8"))
    network = PhoneRecogniser(len(names))
    network.load_state_dict(load_file(options.model / WEIGHTS_FILE))
    entries = entries_of(options.corpus, options.speaker, "valid")
    vocoder = loading.load_vocoder(options.vocoder)
    speakers: dict[str, Callable[[Entry], Clip]] = {"recordings": lambda entry: Clip.read(entry.path)}
    for name in options.voice:
        voice = Voice.load(name, options.vocoder)
        speakers[name] = lambda entry, voice=voice: voice.speak(str(entry.text)).clip
    speakers[f"copies by {options.vocoder}"] = lambda entry: Clip(
        vocoder.vocode(vocoder.mel_of(Clip.read(entry.path).mono().resample(vocoder.sample_rate).wave[0])),
        vocoder.sample_rate,
    )
    recorded = np.zeros((0, 2))
    for name, speak in speakers.items():
        clips = (Spoken(mel_frames(speak(each)), phones_of(str(each.text), str(each.language))) for each in entries)
        counts = errors(network, names, clips)
        recorded = counts if name == "recordings" else recorded
        both = np.column_stack([counts[:, 0] - recorded[:, 0], counts[:, 1]])
        rate, above = (bootstrap_interval(percent, [each]) for each in (counts, both))
        shown = [f"{each.value:.1f} ({each.low:.1f} to {each.high:.1f})" for each in (rate, above)]
        print(f"{name}: {shown[0]} % of {int(counts[:, 1].sum())} phones, {shown[1]} points above the recordings")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("train", "judge"))
    parser.add_argument("--corpus", type=Path, default=Path("corpora/german"))
    parser.add_argument("--speaker", default="kerstin")
    parser.add_argument("--out", type=Path, default=Path("runs/phones-de"), help="folder that train writes")
    parser.add_argument("--model", type=Path, default=Path("runs/phones-de"), help="folder that judge reads")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--voice", nargs="+", default=["de-kerstin"])
    parser.add_argument("--vocoder", default="vocoder")
    options = parser.parse_args()
    try:
        {"train": train, "judge": judge}[options.action](options)
    except WavewrightError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
