// One-shots of an instrument: some of its notes, which the server renders once, and which play the pitches between them.
import { fetchFile, jsonOptions, request, run, ServerFile } from "./api.js";
import { audio, decode } from "./player.js";

const STEP = 3; // semitones between the notes that are rendered
const HELD = 3.5; // s of a note
const SLOT = 6; // s from one note to the next, in which it dies away
const DRUM_SLOT = 4;
const BATCHES = [4, 12]; // notes of the first job, and of those after it
const VELOCITY = 100;
const SUSTAINED = [[1.4, 1.9], [2.9, 3.4]]; // s; a note that is as loud in both is repeated from one to the other
const STEADY = 0.7; // fraction of the level that a sustained note keeps
const OVERLAP = 0.4; // s of a crossfade at the end of what is repeated
const SILENCE = 1e-4; // of the peak of a note
const LEVEL = 0.16; // peak of the median note
const MOST_GAIN = 30;

/** Notes of one instrument for all programs. */
export class OneShots {
  /**
   * @param {object} values Parameters of `render` that choose the instrument.
   * @param {boolean} hasPrograms Whether it has a sound for each program.
   */
  constructor(values, hasPrograms) {
    Object.assign(this, { values, hasPrograms, before: null, gain: null, samples: new Map(), queue: [], fetching: null });
  }

  /** Return the key of the one-shot that plays a pitch of a track. */
  keyOf({ is_drum: isDrum, program }, pitch) {
    if (isDrum) return `drum ${pitch}`;
    return `${this.hasPrograms ? program : 0} ${STEP * Math.round(pitch / STEP)}`;
  }

  /**
   * Return the sound of a pitch of a track, `{buffer, loop, rate, gain}`, or null while it is not there. Until then it is
   * that of `before`, other one-shots.
   */
  sound(track, pitch) { return this.own(track, pitch) ?? this.before?.own(track, pitch) ?? null; }

  own(track, pitch) {
    const sample = this.samples.get(this.keyOf(track, pitch));
    return sample && { ...sample, gain: this.gain, rate: track.is_drum ? 1 : 2 ** ((pitch - STEP * Math.round(pitch / STEP)) / 12) };
  }

  /** Fetch the sounds of `[track, pitch]` pairs, before all others that are asked for; resolves when they are there. */
  async prepare(pairs) {
    const keys = [...new Set(pairs.map(([track, pitch]) => this.keyOf(track, pitch)))];
    this.queue = [...keys, ...this.queue.filter(key => !keys.includes(key))];
    while (keys.some(key => !this.samples.has(key))) {
      this.fetching ||= this.fetchSome().finally(() => { this.fetching = null; });
      await this.fetching;
    }
  }

  /** Fetch the first notes of the queue. */
  async fetchSome() {
    this.queue = this.queue.filter(key => !this.samples.has(key));
    const keys = this.queue.slice(0, BATCHES[Math.min(this.samples.size, 1)]);
    try {
      const score = await request("/studio/midi", jsonOptions(rollOf(keys)));
      const file = await score.blob();
      const values = { ...this.values, score: new ServerFile("notes.mid", async () => file), out: "notes.wav", gain_db: 0, reverb: 0, subtype: "PCM_16" };
      const job = await run("render", values, { title: "Prepare the sounds of the instrument", wait: 2 });
      const sound = await decode(await fetchFile(job.files[0]));
      let start = 0;
      for (const key of keys) {
        const length = slotOf(key);
        this.samples.set(key, sampleOf(sound, start, length));
        start += length;
      }
      this.gain ??= gainOf(keys.map(key => this.samples.get(key).peak));
      if (this.queue.every(key => this.samples.has(key))) this.before = null;
    } catch (error) {
      this.queue = [];
      throw error;
    }
  }
}

function slotOf(key) { return key.startsWith("drum") ? DRUM_SLOT : SLOT; }

/** Return a score that plays one note after the other, at a quarter a second. */
function rollOf(keys) {
  const tracks = new Map();
  let start = 0;
  for (const key of keys) {
    const [program, pitch] = key.split(" ");
    const isDrum = program === "drum";
    if (!tracks.has(program)) tracks.set(program, { name: "", is_drum: isDrum, program: isDrum ? 0 : Number(program), notes: [] });
    tracks.get(program).notes.push({ start, length: isDrum ? 1 : HELD, pitch: Number(pitch), velocity: VELOCITY });
    start += slotOf(key);
  }
  return { tempo: 60, quarters: start, beats_per_bar: 4, tracks: [...tracks.values()] };
}

/** Return a note of a sound, without the silence at its end: `buffer`, `peak`, and `loop` if it can be repeated. */
function sampleOf(sound, start, seconds) {
  const rate = sound.sampleRate;
  const first = Math.round(start * rate);
  const channels = Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel).slice(first, first + Math.round(seconds * rate)));
  const peak = channels.reduce((most, wave) => wave.reduce((loudest, value) => Math.max(loudest, Math.abs(value)), most), 0);
  const loop = peak && seconds === SLOT ? repeated(channels, rate) : null;
  const end = Math.max(1, ...channels.map(wave => wave.findLastIndex(value => Math.abs(value) > SILENCE * peak) + 1));
  const buffer = audio().createBuffer(channels.length, end, rate);
  channels.forEach((wave, channel) => buffer.copyToChannel(wave.subarray(0, end), channel));
  return { buffer, peak, loop };
}

/** Let a sustained note be repeated, by a crossfade; return the part that is, or null where the note dies away. */
function repeated(channels, rate) {
  const level = ([from, to]) => Math.sqrt(channels.reduce((sum, wave) => sum + wave.subarray(from * rate, to * rate).reduce((power, value) => power + value * value, 0), 0));
  if (level(SUSTAINED[1]) < STEADY * level(SUSTAINED[0])) return null;
  const [start, end] = [SUSTAINED[0][1], SUSTAINED[1][1]].map(seconds => Math.round(seconds * rate));
  const n = Math.round(OVERLAP * rate);
  for (const wave of channels) {
    for (let i = 0; i < n; i++) {
      const angle = Math.PI / 2 * i / n;
      wave[end - n + i] = Math.cos(angle) * wave[end - n + i] + Math.sin(angle) * wave[start - n + i];
    }
  }
  return [start / rate, end / rate];
}

/** Return the gain at which the median of some peaks has the level of all instruments. */
function gainOf(peaks) {
  const median = peaks.sort((a, b) => a - b)[Math.floor(peaks.length / 2)];
  return median ? Math.min(MOST_GAIN, LEVEL / median) : 1;
}
