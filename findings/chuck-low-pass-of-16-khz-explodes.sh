#!/usr/bin/env bash
# ChucK 1.4.2 and 1.5.5.9: LPF with a Q of 0.707 is 15 dB down at 12 kHz and explodes at 16, or takes the Q as 1.
#
# Guess: LPF and HPF with a Q of 0.707, the one of Butterworth, have -3 dB at their frequency from 100 Hz to 16 kHz.
# Seen: in 1.4.2 it is -4.0 dB at 4 kHz, -7.2 at 8 kHz and -14.5 at 12 kHz; at 16 kHz a tone of 1 kHz grows by more than
# 200 dB, which is full scale where it is played or written. In 1.5.5.9 LPF and HPF have 0.0 dB at 100 Hz and 1 kHz, as
# with a Q of 1, LPF 0.9 dB an octave lower, and both -7.3 dB at 12 kHz. BPF has its gain of 1 at each. A crossover of
# LPF and HPF is a hump in the new version, and a sweep to the top ends in a bang in the old one.
# (Debian's package chuck with its libraries, and numchuck 0.4.0.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile numchuck==0.4.0 numpy==2.4.6 2> "$work/log"
(cd "$work" && apt-get download --quiet chuck=1.4.2.0-1 libasound2 libsndfile1 libflac12 libogg0 libvorbis0a \
  libvorbisenc2 libopus0 libmp3lame0 libmpg123-0 > "$work/log" 2>&1)
for package in "$work"/*.deb; do dpkg -x "$package" "$work/deb"; done

cat > "$work/gains.ck" <<'CK'
fun void gain(string name, FilterBasic filter, float frequency, float q, float pitch)
{
    SinOsc tone => filter => blackhole;
    0.1 => tone.gain;
    pitch => tone.freq;
    frequency => filter.freq;
    q => filter.Q;
    0.5::second => now;
    0.0 => float sum;
    for (0 => int k; k < 22050; k++) { filter.last() * filter.last() +=> sum; 1::samp => now; }
    20 * Math.log10(Math.sqrt(sum / 22050) / 0.0707106781) => float decibels;
    <<< name, frequency $ int, decibels >>>;
    tone =< filter;
    filter =< blackhole;
}
[100.0, 1000, 4000, 8000, 12000] @=> float frequencies[];
for (0 => int k; k < 5; k++)
{
    frequencies[k] => float f;
    gain("LPF", new LPF, f, 0.707, f);
    gain("HPF", new HPF, f, 0.707, f);
    gain("BPF", new BPF, f, 0.707, f);
    gain("LPF an octave lower", new LPF, f, 0.707, f / 2);
}
gain("LPF at 1 kHz", new LPF, 16000, 0.707, 1000);
CK
cat > "$work/compare.py" <<'PY'
import os
import subprocess
import sys

FILE = sys.argv[1] + "/gains.ck"
OLD = [sys.argv[1] + "/deb/usr/bin/chuck.alsa", "--silent", "--srate:44100", FILE]
NEW = "from numchuck import render; render(open({!r}).read(), duration=25, sample_rate=44_100, channels=1)".format(FILE)
environment = {**os.environ, "LD_LIBRARY_PATH": sys.argv[1] + "/deb/usr/lib/x86_64-linux-gnu"}
old = subprocess.run(OLD, check=True, env=environment, capture_output=True, text=True).stderr
new = subprocess.run([sys.executable, "-c", NEW], check=True, capture_output=True, text=True).stderr
for line, other in zip(old.splitlines(), new.splitlines(), strict=True):
    name, first, second = line.rsplit(maxsplit=1)[0], *(float(each.split()[-1]) for each in (line, other))
    both = f"{first:.1f}, {second:.1f}" if first < 200 else f"above 200 dB, {second:.1f}"
    print(f"{name}: {both}".replace("-0.0", "0.0"))
PY
seen=$("$work/venv/bin/python" "$work/compare.py" "$work")
printf 'gains in decibels in 1.4.2 and in 1.5.5.9:\n%s\n' "$seen"
[ "$seen" = 'LPF 100: -3.0, 0.0
HPF 100: -3.0, 0.0
BPF 100: 0.0, 0.0
LPF an octave lower 100: -0.3, 0.9
LPF 1000: -3.1, 0.0
HPF 1000: -3.1, 0.0
BPF 1000: 0.0, 0.0
LPF an octave lower 1000: -0.3, 0.9
LPF 4000: -4.0, -0.7
HPF 4000: -4.0, -0.7
BPF 4000: 0.0, 0.0
LPF an octave lower 4000: -0.7, 0.7
LPF 8000: -7.2, -3.0
HPF 8000: -7.2, -3.0
BPF 8000: 0.0, 0.0
LPF an octave lower 8000: -2.4, -0.2
LPF 12000: -14.5, -7.3
HPF 12000: -14.5, -7.3
BPF 12000: 0.0, 0.0
LPF an octave lower 12000: -7.1, -1.9
LPF at 1 kHz 16000: above 200 dB, -0.1' ]
