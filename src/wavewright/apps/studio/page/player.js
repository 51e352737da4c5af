// Sound in the browser: decode, play one sound at a time, compare at equal loudness, stream samples as they arrive.
import { Refusal } from "./ui.js";
import { decodedByPieces, wavFile } from "./wav.js";

let context = null;
let analyser = null;
let current = null;
const listeners = new Set();
const RELEASE = 0.3; // s

/** Return the audio context, which starts with the first sound. */
export function audio() {
  if (!context) {
    context = new AudioContext();
    analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    analyser.connect(context.destination);
  }
  if (context.state === "suspended") context.resume();
  return context;
}

/** Return the node that all sounds but streams go through. */
export function output() { audio(); return analyser; }

/** Return the node that measures what plays. */
export function meterNode() { return current?.analyser ?? output(); }

/** Call `listener(isPlaying)` whenever sound starts or stops. */
export function onPlaying(listener) { listeners.add(listener); }

function report(isPlaying) { for (const listener of listeners) listener(isPlaying); }

/** Decode a sound file, at the sample rate of a context. */
export async function decode(blob, name = "this sound file", context = audio()) {
  try {
    return await decodedByPieces(blob, context) || await context.decodeAudioData(await blob.arrayBuffer());
  } catch {
    throw new Refusal(`The browser cannot decode ${name}.`);
  }
}

/** Stop what plays. */
export function stop() { finish(current, false); }

/** Let a sound play in place of what plays now; its `end(wasWhole)` is called once it ends or is stopped. */
export function begin(sound) {
  stop();
  current = sound;
  report(true);
}

/** Return whether a sound plays. */
export function isPlaying(sound) { return current === sound; }

/** Take note that a sound has ended, unless another one plays by now. */
export function finish(sound, wasWhole = true) {
  if (!sound || current !== sound) return;
  current = null;
  sound.end(wasWhole);
  report(false);
}

/**
 * Play a buffer in place of what plays now.
 *
 * @param {AudioBuffer} buffer The sound.
 * @param {object} options `gain`; `offset` and `seconds` for a part of it; `loop`; `onend(wasWhole)`.
 * @returns {{position: function(): number, swap: function(AudioBuffer, number): void}} Its position in seconds, and a
 *     function that continues with another buffer at the same position, for A/B.
 */
export function play(buffer, { gain = 1, offset = 0, seconds = null, loop = false, onend = () => {} } = {}) {
  stop();
  const sound = new Sound(buffer, gain, offset, seconds, loop, onend);
  begin(sound);
  return sound;
}

class Sound {
  constructor(buffer, gain, offset, seconds, loop, onend) {
    this.onend = onend;
    this.loop = loop;
    this.start(buffer, gain, offset, seconds);
  }

  start(buffer, gain, offset, seconds = null) {
    const volume = audio().createGain();
    volume.gain.value = gain;
    volume.connect(analyser);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.loop = this.loop;
    if (this.loop && seconds !== null) { source.loopStart = offset; source.loopEnd = offset + seconds; }
    source.connect(volume);
    source.onended = () => { if (this.source === source) finish(this); };
    this.startedAt = context.currentTime - offset;
    this.length = buffer.duration;
    if (seconds === null || this.loop) source.start(0, offset); else source.start(0, offset, seconds);
    Object.assign(this, { source, volume });
  }

  position() {
    const passed = context.currentTime - this.startedAt;
    return this.loop ? passed % this.length : Math.min(passed, this.length);
  }

  swap(buffer, gain) {
    const { source, volume } = this;
    this.start(buffer, gain, Math.min(this.position(), Math.max(buffer.duration - 0.01, 0)));
    fadeOut(source, volume);
  }

  /** Let the sound start again at its end, or not. */
  setLoop(loop) { this.loop = this.source.loop = loop; }

  end(wasWhole) {
    if (!wasWhole) fadeOut(this.source, this.volume);
    this.onend(wasWhole);
  }
}

/** Stop a source within 10 ms, without a click. */
function fadeOut(source, volume) {
  volume.gain.setTargetAtTime(0, context.currentTime, 0.002);
  source.stop(context.currentTime + 0.01);
}

/**
 * Play a one-shot beside what plays, such as a key of an instrument.
 *
 * @param {AudioBuffer} buffer The sound.
 * @param {object} options `rate` and `gain`; `when` it starts, in seconds of the context; `seconds` after which it is
 *     released; `loop`, a part of it that is repeated while it is held, as `[start, end]` in seconds; the node it goes
 *     `into`; `onend()`.
 * @returns {function(number): void} Releases it within some seconds, 0.3 by default.
 */
export function strike(buffer, { rate = 1, gain = 1, when = 0, seconds = null, loop = null, into = output(), onend = () => {} } = {}) {
  const volume = new GainNode(audio(), { gain });
  const source = new AudioBufferSourceNode(context, { buffer, playbackRate: rate });
  if (loop) Object.assign(source, { loop: true, loopStart: loop[0], loopEnd: loop[1] });
  source.connect(volume).connect(into);
  source.onended = () => { volume.disconnect(); onend(); };
  source.start(when);
  const release = (within, at) => {
    volume.gain.setTargetAtTime(0, at, within / 5);
    source.stop(at + within);
  };
  if (seconds !== null) release(RELEASE, Math.max(when, context.currentTime) + seconds);
  return (within = RELEASE) => release(within, context.currentTime);
}

/** Samples that are played as they arrive, without gaps: one context at their own rate, so that none is resampled. */
export class SampleStream {
  constructor(sampleRate) {
    this.context = new AudioContext({ sampleRate });
    this.rate = sampleRate;
    this.chunks = [];
    this.sources = new Set();
    this.analyser = this.context.createAnalyser();
    this.analyser.connect(this.context.destination);
    this.startsAt = null;
    this.nSamples = 0;
    this.hasAll = false;
    this.finished = new Promise(resolve => { this.resolve = resolve; });
    begin(this);
  }

  /** Add 16-bit samples. */
  push(samples) {
    const wave = Float32Array.from(samples, sample => sample / 32768);
    this.chunks.push(samples);
    if (current !== this || !wave.length) return;
    this.startsAt ??= this.context.currentTime + 0.05;
    const buffer = this.context.createBuffer(1, wave.length, this.rate);
    buffer.copyToChannel(wave, 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.analyser);
    const due = this.startsAt + this.nSamples / this.rate;
    if (due < this.context.currentTime) this.startsAt += this.context.currentTime - due; // it arrived too late
    source.start(this.startsAt + this.nSamples / this.rate);
    this.nSamples += wave.length;
    this.sources.add(source);
    source.onended = () => { this.sources.delete(source); this.endIfDone(); };
  }

  /** State that there are no further samples. */
  close() { this.hasAll = true; this.endIfDone(); }

  endIfDone() {
    if (this.hasAll && !this.sources.size) finish(this);
  }

  position() { return this.startsAt === null ? 0 : this.context.currentTime - this.startsAt; }

  end() {
    for (const source of this.sources) source.stop();
    this.context.close();
    this.resolve();
  }

  /** Return all samples as a WAV file. */
  wav() { return wavFile(this.chunks, this.rate); }
}

const BLOCK = 0.4; // s, as in BS.1770
const PIECE = 10; // s, weighted at a time
const ABSOLUTE_GATE = -70; // LUFS
const RELATIVE_GATE = -10; // LU

/**
 * Return the loudness of a buffer in LUFS (ITU-R BS.1770-5: K-weighting, gated blocks), or -Infinity for silence. A
 * clip shorter than a block is one block.
 */
export async function loudness(buffer) {
  const powers = [];
  for (let start = 0; start < buffer.duration; start += PIECE) { // a long sound as a whole would take its memory again
    const seconds = Math.min(PIECE, buffer.duration - start);
    if (start && seconds < BLOCK) break;
    powers.push(...blockPowers(await weighted(buffer, start, seconds)));
  }
  const level = power => -0.691 + 10 * Math.log10(power);
  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
  const loud = powers.filter(power => level(power) > ABSOLUTE_GATE);
  if (!loud.length) return -Infinity;
  const gate = level(mean(loud)) + RELATIVE_GATE;
  return level(mean(loud.filter(power => level(power) > gate)));
}

/** Return a part of a sound after K-weighting. */
async function weighted(buffer, start, seconds) {
  const offline = new OfflineAudioContext(buffer.numberOfChannels, Math.max(1, Math.round(seconds * buffer.sampleRate)), buffer.sampleRate);
  const source = offline.createBufferSource();
  source.buffer = buffer;
  const [shelf, highpass] = kWeighting(buffer.sampleRate)
    .map(([forward, back]) => offline.createIIRFilter(forward, back));
  source.connect(shelf).connect(highpass).connect(offline.destination);
  source.start(0, start);
  return offline.startRendering();
}

/** Return the powers of blocks that overlap by three quarters. */
function blockPowers(sound) {
  const size = Math.min(sound.length, Math.round(BLOCK * sound.sampleRate));
  const hop = Math.max(1, Math.floor(size / 4));
  const powers = [];
  for (let start = 0; start + size <= sound.length; start += hop) {
    let power = 0;
    for (let channel = 0; channel < sound.numberOfChannels; channel++) {
      const wave = sound.getChannelData(channel);
      for (let i = start; i < start + size; i++) power += wave[i] * wave[i];
    }
    powers.push(power / size);
  }
  return powers;
}

/** Return the two filters of BS.1770 for a sample rate, each as feed-forward and feedback coefficients. */
function kWeighting(rate) {
  const section = (frequency, quality, numerator) => {
    const k = Math.tan(Math.PI * frequency / rate);
    const scale = 1 + k / quality + k * k;
    return [numerator(k, quality).map(value => value / scale), [1, 2 * (k * k - 1) / scale, (1 - k / quality + k * k) / scale]];
  };
  const high = 10 ** (3.999843853973347 / 20);
  const band = high ** 0.4996667741545416;
  return [
    section(1681.974450955533, 0.7071752369554196, (k, q) =>
      [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]),
    // The standard leaves the numerator of the high pass unscaled.
    ((k, q) => [[1, -2, 1], [1, 2 * (k * k - 1) / (1 + k / q + k * k), (1 - k / q + k * k) / (1 + k / q + k * k)]])(
      Math.tan(Math.PI * 38.13547087602444 / rate), 0.5003270373238773),
  ];
}

/**
 * Return the gains at which two sounds are equally loud; the louder one is attenuated, so that none clips.
 *
 * @param {number} a Loudness in LUFS.
 * @param {number} b Loudness in LUFS.
 */
export function equalGains(a, b) {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return [1, 1];
  const target = Math.min(a, b);
  return [10 ** ((target - a) / 20), 10 ** ((target - b) / 20)];
}
