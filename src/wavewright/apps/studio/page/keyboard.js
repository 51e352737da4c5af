// An instrument to play: on the screen, by the computer's keys, or by a MIDI keyboard where the browser has Web MIDI.
import { fetchFile, run } from "./api.js";
import { pitchName } from "./piano_roll.js";
import { audio, decode, strike } from "./player.js";
import { complain, h, say } from "./ui.js";

const KEYS = "awsedftgyhujkolp"; // from C on, black keys in the row above
const LOWEST = 48;
const N_KEYS = 25;
const NOTE_SECONDS = 2.5;
const SAMPLED = 4; // semitones between the notes that are rendered beforehand
const PREPARED = [60, 64, 68, 72, 56, 52, 48, 76];
const BLACK = new Set([1, 3, 6, 8, 10]);

/** Keys that play notes of a patch; `onnote(pitch, velocity, isDown)` is called for each. */
export class Keyboard {
  constructor(onnote) {
    Object.assign(this, { onnote, patch: "", samples: new Map(), held: new Map(), octave: 0, rendering: Promise.resolve() });
    this.keys = new Map(Array.from({ length: N_KEYS }, (_, index) => [LOWEST + index, this.key(LOWEST + index)]));
    this.midi = h("button", { onclick: () => this.openMidi() }, "Connect MIDI keyboard");
    if (!navigator.requestMIDIAccess) { this.midi.disabled = true; this.midi.textContent = "This browser has no Web MIDI"; }
    this.note = h("span.soft", { role: "status" });
    const keys = h("div.keys", { role: "group", "aria-label": "Keyboard", onpointerenter: () => this.prepare(), onfocusin: () => this.prepare() }, ...this.keys.values());
    this.element = h("div", {}, keys,
      h("div.row", {}, this.midi, h("button.small", { onclick: () => this.shift(-12) }, "Octave down"), h("button.small", { onclick: () => this.shift(12) }, "Octave up"), this.note));
  }

  key(pitch) {
    const letter = KEYS[pitch - LOWEST - 12]?.toUpperCase() || "";
    const button = h("button", { "aria-label": pitchName(pitch), title: letter ? `key ${letter}` : null,
      onpointerdown: event => { button.setPointerCapture(event.pointerId); this.down(pitch + this.octave); },
      onpointerup: () => this.up(pitch + this.octave), onpointercancel: () => this.up(pitch + this.octave),
      onkeydown: event => { if (event.key === "Enter" && !event.repeat) this.down(pitch + this.octave); },
      onkeyup: event => { if (event.key === "Enter") this.up(pitch + this.octave); } }, letter);
    if (BLACK.has(pitch % 12)) button.classList.add("black");
    return button;
  }

  shift(by) {
    this.octave = Math.max(-36, Math.min(36, this.octave + by));
    say(`The keyboard starts at ${pitchName(LOWEST + this.octave)}.`);
  }

  /** Choose a patch, whose notes are rendered when the keyboard is first used. */
  setPatch(patch) {
    if (patch === this.patch) return;
    this.patch = patch;
    this.samples = new Map();
    this.isPrepared = false;
  }

  /** Render notes in steps of SAMPLED semitones; the others are made of the nearest one. */
  prepare() {
    if (this.isPrepared) return;
    this.isPrepared = true;
    for (const pitch of PREPARED) this.render(pitch);
  }

  /** Render one note of the patch, after those that were asked for before. */
  render(pitch) {
    const { patch } = this;
    if (this.samples.has(pitch)) return;
    this.samples.set(pitch, null);
    this.rendering = this.rendering.then(async () => {
      if (patch !== this.patch) return;
      const values = { patch, note: pitchName(pitch), seconds: NOTE_SECONDS, out: "note.wav", gain_db: 0 };
      const job = await run("render", values, { title: `Prepare the note ${pitchName(pitch)} of ${patch}`, wait: 2 });
      if (patch === this.patch) this.samples.set(pitch, await decode(await fetchFile(job.files[0])));
    }).catch(error => { this.samples.delete(pitch); complain(error); });
  }

  /** Start the sound of a pitch; return a function that releases it. */
  sound(pitch, velocity) {
    this.prepare();
    const ready = [...this.samples].filter(([, sample]) => sample);
    const [nearest, sample] = ready.sort((a, b) => Math.abs(a[0] - pitch) - Math.abs(b[0] - pitch))[0] || [null, null];
    if (sample === null || Math.abs(nearest - pitch) > SAMPLED) this.render(pitch);
    if (sample === null) return () => {};
    return strike(sample, { rate: 2 ** ((pitch - nearest) / 12), gain: (velocity / 127) ** 1.5 });
  }

  down(pitch, velocity = 100) {
    if (this.held.has(pitch)) return;
    const started = performance.now();
    this.keys.get(pitch - this.octave)?.classList.add("down");
    this.held.set(pitch, this.sound(pitch, velocity));
    this.onnote(pitch, velocity, true);
    this.note.textContent = `${pitchName(pitch)}, sound after ${(performance.now() - started + 1000 * (audio().baseLatency || 0)).toFixed(0)} ms`;
  }

  up(pitch) {
    this.held.get(pitch)?.();
    this.held.delete(pitch);
    this.keys.get(pitch - this.octave)?.classList.remove("down");
    this.onnote(pitch, 0, false);
  }

  /** Play a short note that no key holds, such as one that is drawn. */
  tap(pitch) { setTimeout(this.sound(pitch, 100), 180); }

  /** Play by the computer's keys; return whether the key is one of the keyboard. */
  typed(event) {
    const index = KEYS.indexOf(event.key.toLowerCase());
    if (index < 0 || event.repeat || event.ctrlKey) return false;
    const pitch = LOWEST + 12 + index + this.octave;
    this.down(pitch);
    const up = released => {
      if (released.key.toLowerCase() !== event.key.toLowerCase()) return;
      this.up(pitch);
      removeEventListener("keyup", up);
    };
    addEventListener("keyup", up);
    return true;
  }

  async openMidi() {
    try {
      const access = await navigator.requestMIDIAccess();
      const listen = () => {
        for (const input of access.inputs.values()) input.onmidimessage = event => this.message(event.data);
        this.midi.textContent = access.inputs.size ? `MIDI: ${[...access.inputs.values()].map(input => input.name).join(", ")}` : "MIDI: no keyboard connected";
      };
      access.onstatechange = listen;
      listen();
    } catch {
      say("The browser does not allow Web MIDI on this page; allow it in its settings.");
    }
  }

  /** Take a MIDI message: note on, note off. */
  message([status, pitch, velocity]) {
    if ((status & 0xf0) === 0x90 && velocity > 0) this.down(pitch, velocity);
    else if ((status & 0xf0) === 0x80 || (status & 0xf0) === 0x90) this.up(pitch);
  }
}
