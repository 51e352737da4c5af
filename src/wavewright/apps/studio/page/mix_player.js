// A mix played in the browser at once: regions with their fades, faders and automation; effects where they are rendered.
import { audio, begin, finish, isPlaying, output } from "./player.js";
import { fadeAt, gainOf, lengthOf, namedStrips, valueAt } from "./mix_project.js";

const LEAD = 0.06; // s from a call to the first sample
const LONGEST_LEAD = 2; // s
const AHEAD = 0.6; // s before the end of a round at which the next one is set
const LOOK_MS = 100;
const STEPS = 256; // of the curve of a fade or of a moving position; set as ramps, which may begin late
const SMOOTH = 0.01; // s in which a fader follows
const SHORTEST_ROUND = 0.1; // s

/**
 * Set a mix to be played.
 *
 * @param {BaseAudioContext} context Where it is played.
 * @param {AudioNode} destination What the master goes into.
 * @param {object} project The mix, with all values.
 * @param {function(string): AudioBuffer|undefined} soundOf Returns the sound of a file.
 * @param {object} options The part of the mix from `from` to `to`, in seconds, which starts at `when` of the context;
 *     `frozen`, sounds of tracks with their effects by name, in place of their regions.
 * @returns {{strips: Map<string, object>, stop: function(number): void}} The nodes of the strips by name.
 */
export function scheduleMix(context, destination, project, soundOf, { from, to, when, frozen = new Map() }) {
  const until = when + to - from;
  const sources = [];
  const strips = new Map();
  const add = strip => {
    const nodes = new StripNodes(context, strip, project.channels, from, when);
    strips.set(strip.name, nodes);
    return nodes;
  };
  const start = (buffer, node, { at, offset, seconds, rate = 1, loopStart = null }) => {
    const source = new AudioBufferSourceNode(context, { buffer, playbackRate: rate });
    if (loopStart !== null) Object.assign(source, { loop: true, loopStart, loopEnd: buffer.duration });
    source.connect(node);
    source.start(at, offset);
    source.stop(Math.min(at + seconds, until));
    sources.push(source);
  };
  for (const track of project.tracks) {
    const { input } = add(track);
    if (frozen.has(track.name)) {
      const buffer = frozen.get(track.name);
      if (from < buffer.duration) start(buffer, input, { at: when, offset: from, seconds: buffer.duration - from });
      continue;
    }
    for (const region of track.regions) {
      const buffer = soundOf(region.file);
      if (!buffer) continue;
      const length = lengthOf(region, buffer.duration);
      if (region.start + length <= from || region.start >= to) continue;
      const into = Math.max(0, from - region.start);
      const at = when + Math.max(0, region.start - from);
      start(buffer, regionNode(context, input, region, length, into, at), {
        at, offset: region.offset + (region.loop ? into * region.speed % Math.max(1e-3, buffer.duration - region.offset) : into * region.speed),
        seconds: length - into, rate: region.speed, loopStart: region.loop ? region.offset : null });
    }
  }
  for (const bus of project.buses) add(bus);
  const master = add({ ...project.master, name: "master" });
  for (const strip of namedStrips(project)) {
    const { end } = strips.get(strip.name);
    end.connect(strips.get(strip.output)?.input ?? master.input);
    for (const send of strip.sends) if (strips.has(send.to)) end.connect(new GainNode(context, { gain: gainOf(send.gain_db ?? 0) })).connect(strips.get(send.to).input);
  }
  master.end.connect(destination);
  setAudible(strips, project, 0);
  return {
    strips,
    stop(at) {
      for (const source of sources) source.stop(at);
      for (const { audible } of strips.values()) audible.gain.setTargetAtTime(0, at - 0.01, 0.003);
    },
  };
}

/** Return the node that a region goes into: its level, position and fades. */
function regionNode(context, input, region, length, into, at) {
  const level = new GainNode(context, { gain: gainOf(region.gain_db) });
  const left = length - into;
  let last = level;
  if (region.fade_in > into || (region.fade_out > 0 && left > 0)) {
    const faded = new GainNode(context);
    const times = fadeTimes(region, length).filter(t => t > into);
    moveAlong(faded.gain, [into, ...times], seconds => fadeAt(region, length, seconds), at - into);
    last = level.connect(faded);
  }
  if (region.pan) last = balanced(context, last, region.pan).end;
  last.connect(input);
  return level;
}

/** Let a parameter follow a function of seconds, which bends at given times, the first of them its start. */
function moveAlong(param, times, valueOf, shift) {
  param.setValueAtTime(valueOf(times[0]), times[0] + shift);
  for (let index = 1; index < times.length; index++) {
    const [first, last] = [times[index - 1], times[index]];
    const isFlat = [0.5, 1].every(part => valueOf(first + part * (last - first)) === valueOf(first));
    const steps = isFlat ? 1 : STEPS;
    for (let i = 1; i <= steps; i++) {
      const seconds = first + i / steps * (last - first);
      param.linearRampToValueAtTime(valueOf(seconds), seconds + shift);
    }
  }
}

/** Return the times at which the fades of a region begin and end, from its start. */
function fadeTimes({ fade_in: fadeIn, fade_out: fadeOut }, length) {
  return [...new Set([Math.min(fadeIn, length), Math.max(0, length - fadeOut), length])].filter(t => t > 0).sort((a, b) => a - b);
}

/** Return the gains of both channels at a position: constant power, 0 dB in the centre. */
function panGains(pan) {
  const angle = 0.25 * Math.PI * (1 + pan);
  return [Math.SQRT2 * Math.cos(angle), Math.SQRT2 * Math.sin(angle)];
}

/** Put a position behind a node; return the gains of both channels, and the end. */
function balanced(context, node, pan) {
  const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
  const end = new ChannelMergerNode(context, { numberOfInputs: 2 });
  const stereo = new GainNode(context, { channelCount: 2, channelCountMode: "explicit" });
  node.connect(stereo).connect(splitter);
  const sides = panGains(pan).map((gain, channel) => {
    const side = new GainNode(context, { gain });
    splitter.connect(side, channel).connect(end, 0, channel);
    return side;
  });
  return { sides, end };
}

/** The nodes of a track, a bus or the master: automation, level, position, what is heard of it, and its meter. */
class StripNodes {
  constructor(context, strip, nChannels, from, when) {
    this.context = context;
    this.input = new GainNode(context, { channelCount: Math.min(nChannels, 2), channelCountMode: "explicit" });
    this.moving = new GainNode(context);
    this.level = new GainNode(context, { gain: gainOf(strip.gain_db) });
    this.audible = new GainNode(context);
    this.end = new AnalyserNode(context, { fftSize: 2048 });
    this.input.connect(this.moving).connect(this.level);
    const { gain_db: gains, pan: positions } = strip.automation;
    if (gains.length) this.moveGain(gains, from, when);
    this.isPanned = positions.length > 0;
    if (nChannels === 2) {
      const { sides, end } = balanced(context, this.level, strip.pan);
      this.sides = sides;
      end.connect(this.audible);
      if (this.isPanned) this.movePosition(positions, from, when);
    } else { this.level.connect(this.audible); }
    this.audible.connect(this.end);
    if (strip.name === "master") this.channels = this.channelMeters();
  }

  channelMeters() {
    const splitter = new ChannelSplitterNode(this.context, { numberOfOutputs: 2 });
    this.end.connect(splitter);
    return [0, 1].map(channel => {
      const meter = new AnalyserNode(this.context, { fftSize: 2048 });
      splitter.connect(meter, channel);
      return meter;
    });
  }

  moveGain(points, from, when) {
    const { gain } = this.moving;
    gain.setValueAtTime(gainOf(valueAt(points, from)), when);
    for (const [seconds, db] of points) { // linear in dB
      if (seconds > from) gain.exponentialRampToValueAtTime(gainOf(db), when + seconds - from);
    }
  }

  movePosition(points, from, when) {
    this.sides.forEach((side, channel) => {
      const times = [from, ...points.map(([seconds]) => seconds).filter(seconds => seconds > from)];
      moveAlong(side.gain, times, seconds => panGains(valueAt(points, seconds))[channel], when - from);
    });
  }

  /** Follow the fader while it plays. */
  follow(strip) {
    const now = this.context.currentTime;
    this.level.gain.setTargetAtTime(gainOf(strip.gain_db), now, SMOOTH);
    if (this.sides && !this.isPanned) panGains(strip.pan).forEach((gain, channel) => this.sides[channel].gain.setTargetAtTime(gain, now, SMOOTH));
  }
}

/** Let be heard what is not muted and, where tracks are solo, those alone. */
function setAudible(strips, project, within) {
  const hasSolo = project.tracks.some(track => track.solo);
  for (const strip of namedStrips(project)) {
    const nodes = strips.get(strip.name);
    const isHeard = !strip.mute && (!hasSolo || strip.solo !== false);
    if (within) nodes?.audible.gain.setTargetAtTime(isHeard ? 1 : 0, nodes.context.currentTime, within);
    else if (nodes) nodes.audible.gain.value = isHeard ? 1 : 0;
  }
}

/** Return the largest sample that a meter holds, in dB. */
export function peakDb(meter, samples) {
  meter.getFloatTimeDomainData(samples);
  let peak = 1e-6;
  for (const sample of samples) if (Math.abs(sample) > peak) peak = Math.abs(sample);
  return 20 * Math.log10(peak);
}

/**
 * Plays a mix: `given()` returns `project`, `soundOf`, `frozen`, `end` in seconds, and `loop`, `[from, to]` or null;
 * `onstate()` is called when it starts or stops.
 */
export class MixPlayer {
  constructor(given, onstate) { Object.assign(this, { given, onstate, rounds: [], sound: null }); }

  get isPlaying() { return this.sound !== null && isPlaying(this.sound); }

  /** Play from a position on. */
  play(from) {
    const sound = { end: () => this.end(sound) };
    begin(sound);
    this.beginNow(() => from);
    this.sound = sound;
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.onstate();
  }

  /** Begin as soon as all is set: what is late would begin when it is set, and not in time with the rest. */
  beginNow(fromAfter) {
    for (let lead = LEAD; ; lead *= 2) {
      const called = performance.now();
      const mix = this.begin(fromAfter(lead), audio().currentTime + lead);
      if (lead > LONGEST_LEAD || performance.now() - called < 1000 * lead) return;
      mix.stop(audio().currentTime);
      this.rounds.pop();
    }
  }

  begin(from, when) {
    const { project, soundOf, frozen, end, loop } = this.given();
    const to = loop && loop[1] - loop[0] >= SHORTEST_ROUND && from < loop[1] ? loop[1] : end;
    const mix = scheduleMix(audio(), output(), project, soundOf, { from, to, when, frozen });
    this.rounds.push({ mix, from, to, when, loop });
    return mix;
  }

  /** Set the next round of a loop in time, and note the end. */
  look() {
    const now = audio().currentTime;
    const last = this.rounds[this.rounds.length - 1];
    const ends = last.when + last.to - last.from;
    const { loop } = this.given();
    if (loop && loop[1] - loop[0] >= SHORTEST_ROUND) {
      if (ends - now < AHEAD) this.begin(loop[0], Math.max(ends, now + LEAD));
    } else if (now > ends + 0.1) { finish(this.sound); }
    while (this.rounds.length > 1 && this.rounds[1].when < now - 1) this.rounds.shift();
  }

  get round() {
    const now = audio().currentTime;
    return [...this.rounds].reverse().find(each => each.when <= now) || this.rounds[0];
  }

  /** Return the position in the mix. */
  position({ from, to, when } = this.round) {
    return Math.min(to, from + Math.max(0, audio().currentTime - when));
  }

  /** Go on with what has changed, from a position or from the present one. */
  restart(from = null) {
    if (!this.isPlaying) return;
    const { rounds: former, round } = this;
    this.rounds = [];
    this.beginNow(lead => from ?? this.position(round) + lead);
    for (const { mix } of former) mix.stop(this.round.when);
  }

  /** Let the faders follow. */
  follow(project) {
    for (const { mix: { strips } } of this.rounds) {
      for (const strip of namedStrips(project)) strips.get(strip.name)?.follow(strip);
      strips.get("master").follow(project.master);
      setAudible(strips, project, SMOOTH);
    }
  }

  /** Return the nodes of the strips that play. */
  get strips() { return this.isPlaying ? this.round.mix.strips : null; }

  end(sound) {
    if (this.sound !== sound) return;
    this.stoppedAt = this.position();
    clearInterval(this.timer);
    for (const { mix } of this.rounds) mix.stop(audio().currentTime + 0.02);
    this.rounds = [];
    this.sound = null;
    this.onstate();
  }
}
