#!/usr/bin/env bash
# tinysoundfont 0.3.7, spessasynth_core 4.3.22: half the velocity is 6 dB less in one and 12 dB less in the other.
#
# Guess: SoundFont fixes in numbers how loud a note is: 10 dB of attenuation in the file are 10 dB, velocity 64 is 12 dB
# below 127 and volume (controller 7) the same by the same curve, in each synthesizer for it within a tenth.
# Seen: SpessaSynth (and FluidSynth 2.3.1, seen beside) has the curves, but takes 0.4 of the attenuation, as old sound
# cards did and many fonts expect: 4 dB. TinySoundFont has the 10 dB, but takes velocity as a gain, 20 log where 40 log
# belongs, and volume to the third power, with another volume before the first message. So neither is right in all
# three, and the balance of the instruments of one font, the dynamics of one performance and the mix of one file are
# three other ones: a crescendo from velocity 32 to 127 is 12 dB or 24. What was learned from renderings by one is not
# true for the other.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numpy==2.4.6
"$work/venv/bin/pip" install --quiet --no-deps tinysoundfont==0.3.7 2> "$work/log"
npm install --silent --no-audit --no-fund --prefix "$work" spessasynth_core@4.3.22 >> "$work/log"

cat > "$work/font.py" <<'PY'
import struct
import sys

import numpy as np


def chunk(name, data):
    """Return a chunk of RIFF."""
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def named(name, form, *numbers):
    """Return a record that begins with a name of 20 bytes."""
    return name.ljust(20, b"\0") + struct.pack(form, *numbers)


# Two instruments of one sine in a loop: as it is, and with 100 centibels of attenuation (generator 48).
sine = np.rint(16_000 * np.sin(2 * np.pi * np.arange(44_100) / 100)).astype("<i2").tobytes() + bytes(92)
looped, sample, instrument, attenuation = (54, 1), (53, 0), 41, (48, 100)
records = {
    b"phdr": named(b"plain", "<HHHIII", 0, 0, 0, 0, 0, 0) + named(b"lower", "<HHHIII", 1, 0, 1, 0, 0, 0)
    + named(b"EOP", "<HHHIII", 0, 0, 2, 0, 0, 0),
    b"pbag": struct.pack("<6H", 0, 0, 1, 0, 2, 0),
    b"pmod": bytes(10),
    b"pgen": struct.pack("<6H", instrument, 0, instrument, 1, 0, 0),
    b"inst": named(b"plain", "<H", 0) + named(b"lower", "<H", 1) + named(b"EOI", "<H", 2),
    b"ibag": struct.pack("<6H", 0, 0, 2, 0, 5, 0),
    b"imod": bytes(10),
    b"igen": struct.pack("<12H", *looped, *sample, *attenuation, *looped, *sample, 0, 0),
    b"shdr": named(b"sine", "<5IBbHH", 0, 44_100, 1_000, 41_000, 44_100, 69, 0, 0, 1) + named(b"EOS", "<26x"),
}
info = b"INFO" + chunk(b"ifil", struct.pack("<HH", 2, 1)) + chunk(b"isng", b"EMU8000\0") + chunk(b"INAM", b"Sine\0\0")
parts = info, b"sdta" + chunk(b"smpl", sine), b"pdta" + b"".join(chunk(*record) for record in records.items())
with open(sys.argv[1], "wb") as file:
    file.write(chunk(b"RIFF", b"sfbk" + b"".join(chunk(b"LIST", part) for part in parts)))
PY
cat > "$work/tiny.py" <<'PY'
import sys

import numpy as np
import tinysoundfont

for program, velocity, volume in ([int(number) for number in case.split(",")] for case in sys.argv[2:]):
    synth = tinysoundfont.Synth(samplerate=44_100)
    synth.program_select(0, synth.sfload(sys.argv[1]), 0, program)
    if volume:
        synth.control_change(0, 7, volume)
    synth.noteon(0, 69, velocity)
    sound = np.frombuffer(bytes(synth.generate(44_100)), np.float32)
    print(20 * np.log10(sound[44_100:].std()))
PY
cat > "$work/spessa.mjs" <<'JS'
import { readFileSync } from "node:fs";
import { SoundBankLoader, SpessaSynthProcessor } from "spessasynth_core";

for (const [program, velocity, volume] of process.argv.slice(3).map((each) => each.split(",").map(Number))) {
  const synth = new SpessaSynthProcessor(44100, { enableEffects: false });
  await synth.processorInitialized;
  const font = SoundBankLoader.fromArrayBuffer(new Uint8Array(readFileSync(process.argv[2])).buffer);
  synth.soundBankManager.addSoundBank(font, "sine");
  synth.programChange(0, program);
  if (volume) synth.controllerChange(0, 7, volume);
  synth.noteOn(0, 69, velocity);
  const [left, right] = [new Float32Array(44100), new Float32Array(44100)];
  for (let at = 0; at < 44100; at += 128) synth.process(left, right, at, Math.min(128, 44100 - at));
  const half = left.subarray(22050);
  console.log(10 * Math.log10(half.reduce((sum, value) => sum + value * value, 0) / half.length));
}
JS
"$work/venv/bin/python" "$work/font.py" "$work/sine.sf2"
cases="0,127,127 1,127,127 0,64,127 0,32,127 0,127,64 0,127,0"
steps() { awk 'NR == 1 { first = $1; next } { printf "%.1f ", $1 - first }'; }
tiny=$("$work/venv/bin/python" "$work/tiny.py" "$work/sine.sf2" $cases | steps)
spessa=$(node "$work/spessa.mjs" "$work/sine.sf2" $cases | steps)
printf 'dB of 10 dB of attenuation, velocity 64 and 32, volume 64, no volume, beside velocity and volume 127:\n'
printf 'TinySoundFont %s\nSpessaSynth %s\n' "$tiny" "$spessa"
[ "$tiny" = '-10.0 -6.0 -12.0 -17.7 0.0 ' ]
[ "$spessa" = '-4.0 -11.9 -23.9 -11.9 -4.1 ' ]
