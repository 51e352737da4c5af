// A sequencer on the clock of the audio context: it reads the present score some time ahead of what sounds.
import { audio, begin, finish, output, strike } from "./player.js";

const TICK_MS = 25;
const AHEAD = 0.1; // s that are scheduled
const AHEAD_HIDDEN = 1.5; // in a tab that is not shown, whose timers browsers slow down
const START = 0.03; // s from Play to the first note
const LATE = 0.05; // s; after a longer pause of the page the score goes on where it was
const TAIL = 1; // s after the end of a score that is not repeated
const STOP = 0.05; // s in which notes fade when the score is stopped
const REVERB_SECONDS = 1.6;
const TIMING_S = 0.008; // standard deviations of humanise
const VELOCITY = 6;
const ROUNDING = 1e-6; // quarters
const FULL = 100; // velocity of the one-shots

/** Return where a quarter of a score is played: `swing` is the start of the second eighth. */
function swung(quarter, swing) { return moved(quarter, 0.5, swing); }

/** Return the quarter of a score that is played at a quarter of the performance. */
function straight(quarter, swing) { return moved(quarter, swing, 0.5); }

/** Return a quarter where the part `from` of each one is moved to `to`. */
function moved(quarter, from, to) {
  const whole = Math.floor(quarter);
  const part = quarter - whole;
  return whole + (part < from ? to / from * part : to + (1 - to) / (1 - from) * (part - from));
}

/** Return the sum of uniform numbers, about normal with a standard deviation of 1. */
function deviation() { return 2 * (Math.random() + Math.random() + Math.random() - 1.5); }

/** Return an impulse response: noise that dies away. */
function room() {
  const rate = audio().sampleRate;
  const buffer = audio().createBuffer(2, Math.round(REVERB_SECONDS * rate), rate);
  for (const channel of [0, 1]) {
    const wave = buffer.getChannelData(channel);
    for (let i = 0; i < wave.length; i++) wave[i] = (2 * Math.random() - 1) * 10 ** (-3 * i / wave.length);
  }
  return buffer;
}

/** Return the tempo of a score at a quarter of the performance. */
function tempoAt({ tempo, tempos = [] }, at) { return tempos.findLast(each => each.start <= at + ROUNDING)?.tempo ?? tempo; }

/** Return the quarter of the performance after another one at which the tempo changes. */
function nextChange({ tempos = [] }, at) { return tempos.find(each => each.start > at + ROUNDING)?.start ?? Infinity; }

/**
 * A score that plays while it changes.
 *
 * `score()` returns the score, `sound(track, pitch)` the one-shot of a note, null where it is not there, and
 * `settings()` `{loop, swing, humanise}`, all of which are read as the score plays; `onstate()` is called when it starts
 * and ends.
 */
export class Sequencer {
  constructor({ score, sound, settings, onstate }) {
    Object.assign(this, { score, sound, settings, onstate, voices: new Set(), starts: [], isPlaying: false });
    document.addEventListener("visibilitychange", () => { if (this.isPlaying) this.tick(); });
  }

  /** Return the node of all notes: into a limiter, and into reverb. */
  bus() {
    if (this.input) return this.input;
    const limiter = new DynamicsCompressorNode(audio(), { threshold: -6, knee: 0, ratio: 20, attack: 0.002, release: 0.2 });
    this.input = new GainNode(audio());
    this.wet = new GainNode(audio(), { gain: 0 });
    this.dry = new GainNode(audio());
    this.input.connect(this.dry).connect(limiter).connect(output());
    this.wet.connect(limiter);
    return this.input;
  }

  /** Set the fraction of reverb. */
  setReverb(fraction) {
    this.bus();
    if (fraction && !this.room) {
      this.room = new ConvolverNode(audio(), { buffer: room() });
      this.input.connect(this.room).connect(this.wet);
    }
    this.dry.gain.value = 1 - fraction;
    this.wet.gain.value = fraction;
  }

  /** Start a note of a track, at once or at a time; return what releases it, null where its sound is not there. Drums are not released. */
  strike(track, pitch, velocity = FULL, { when = 0, seconds = null } = {}) {
    const sound = this.sound(track, pitch);
    if (!sound) return null;
    const release = strike(sound.buffer, { ...sound, gain: sound.gain * (velocity / FULL) ** 2, when, seconds: track.is_drum ? null : seconds,
      into: this.bus(), onend: () => this.voices.delete(release) });
    this.voices.add(release);
    return track.is_drum ? () => {} : release;
  }

  /** Play from a quarter on, in place of what plays now. */
  play(quarter = 0) {
    begin(this);
    this.isPlaying = true;
    this.done = quarter; // all notes before it have been scheduled
    this.endsAt = null;
    this.starts = [{ time: audio().currentTime + START, at: swung(quarter, this.swing()), tempo: tempoAt(this.score(), swung(quarter, this.swing())) }];
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tick();
    this.onstate();
  }

  /** Let the score end; called by the player. */
  end(wasWhole) {
    this.isPlaying = false;
    clearInterval(this.timer);
    if (!wasWhole) for (const release of this.voices) release(STOP);
    this.onstate();
  }

  swing() { return Number.isInteger(this.score().beats_per_bar) ? this.settings().swing : 0.5; }

  /** Return the time at which a quarter of the performance sounds, by the newest tempo. */
  timeOf(at) {
    const { time, at: first, tempo } = this.starts.at(-1);
    return time + (at - first) * 60 / tempo;
  }

  /** Go on at a quarter of the performance with a tempo, at a time. */
  startAgain(time, at, tempo) {
    const sounding = this.starts.findLastIndex(start => start.time <= audio().currentTime);
    this.starts = [...this.starts.slice(Math.max(0, sounding)), { time, at, tempo }];
  }

  /** Schedule the notes up to some time ahead. */
  tick() {
    const now = audio().currentTime;
    if (this.endsAt !== null) {
      if (now > this.endsAt) finish(this);
      return;
    }
    const until = now + (document.hidden ? AHEAD_HIDDEN : AHEAD);
    for (;;) {
      const score = this.score();
      const swing = this.swing();
      const at = swung(this.done, swing);
      const tempo = tempoAt(score, at);
      const due = Math.max(this.timeOf(at), now - LATE);
      if (tempo !== this.starts.at(-1).tempo || due !== this.timeOf(at)) this.startAgain(due, at, tempo);
      if (due >= until) return;
      const end = straight(Math.min(score.quarters, nextChange(score, at)), swing);
      const reached = straight(at + (until - due) * tempo / 60, swing);
      const next = Math.min(end, reached);
      if (next > this.done) this.schedule(score, this.done, next, swing);
      this.done = Math.max(next, this.done);
      if (reached < end) return;
      if (this.done < score.quarters) continue; // the tempo changes
      const ended = this.timeOf(swung(score.quarters, swing));
      if (!this.settings().loop) { this.endsAt = ended + TAIL; return; }
      this.startAgain(Math.max(ended, now), 0, tempoAt(score, 0));
      this.done = 0;
    }
  }

  /** Schedule the notes that start from one quarter up to another. */
  schedule(score, from, to, swing) {
    const { humanise } = this.settings();
    for (const track of score.tracks) {
      for (const note of track.notes) {
        if (note.start < from || note.start >= to) continue;
        const when = this.timeOf(swung(note.start, swing));
        const seconds = this.timeOf(swung(note.start + note.length, swing)) - when;
        const late = humanise ? TIMING_S * deviation() : 0;
        const velocity = note.velocity + (humanise ? VELOCITY * deviation() : 0);
        this.strike(track, note.pitch, Math.max(1, Math.min(127, velocity)), { when: Math.max(0, when + late), seconds });
      }
    }
  }

  /** Return the quarter of the score that sounds now. */
  position() {
    const now = audio().currentTime - (audio().outputLatency || 0);
    const start = this.starts.findLast(each => each.time <= now) || this.starts[0];
    return straight(Math.max(0, start.at + (now - start.time) * start.tempo / 60), this.swing());
  }
}
