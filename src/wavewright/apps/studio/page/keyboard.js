// An instrument to play: on the screen, by the computer's keys, or by a MIDI keyboard where the browser has Web MIDI.
import { pitchName } from "./piano_roll.js";
import { audio } from "./player.js";
import { h, say } from "./ui.js";

export const KEYS = "awsedftgyhujkolp"; // from C on, black keys in the row above
const LOWEST = 48;
const N_KEYS = 25;
const PRESSES = new Set(["Enter", " "]);
const BLACK = new Set([1, 3, 6, 8, 10]);

/**
 * Keys that play notes: `strike(pitch, velocity)` starts one and returns what releases it, null where it has no sound
 * yet; `onnote(pitch, velocity, isDown)` is called for each.
 */
export class Keyboard {
  constructor(strike, onnote) {
    Object.assign(this, { strike, onnote, held: new Map(), octave: 0 });
    this.keys = new Map(Array.from({ length: N_KEYS }, (_, index) => [LOWEST + index, this.key(LOWEST + index)]));
    this.midi = h("button", { onclick: () => this.openMidi() }, "Connect MIDI keyboard");
    if (!navigator.requestMIDIAccess) { this.midi.disabled = true; this.midi.textContent = "This browser has no Web MIDI"; }
    this.note = h("span.soft", { role: "status" });
    const keys = h("div.keys", { role: "group", "aria-label": "Keyboard" }, ...this.keys.values());
    this.element = h("div", {}, keys,
      h("div.row", {}, this.midi, h("button.small", { onclick: () => this.shift(-12) }, "Octave down"), h("button.small", { onclick: () => this.shift(12) }, "Octave up"), this.note));
  }

  key(pitch) {
    const letter = KEYS[pitch - LOWEST - 12]?.toUpperCase() || "";
    const button = h("button", { "aria-label": pitchName(pitch), title: letter ? `key ${letter}` : null,
      onpointerdown: event => { button.setPointerCapture(event.pointerId); this.down(pitch + this.octave); },
      onpointerup: () => this.up(pitch + this.octave), onpointercancel: () => this.up(pitch + this.octave),
      onkeydown: event => { if (PRESSES.has(event.key) && !event.repeat) this.down(pitch + this.octave); },
      onkeyup: event => { if (PRESSES.has(event.key)) this.up(pitch + this.octave); }, onblur: () => this.up(pitch + this.octave) }, letter);
    if (BLACK.has(pitch % 12)) button.classList.add("black");
    return button;
  }

  shift(by) {
    for (const pitch of this.held.keys()) this.up(pitch);
    this.octave = Math.max(-36, Math.min(36, this.octave + by));
    say(`The keyboard starts at ${pitchName(LOWEST + this.octave)}.`);
  }

  /** Return the pitches of the keys. */
  pitches() { return [...this.keys.keys()].map(pitch => pitch + this.octave); }

  down(pitch, velocity = 100) {
    if (this.held.has(pitch)) return;
    const started = performance.now();
    this.keys.get(pitch - this.octave)?.classList.add("down");
    const release = this.strike(pitch, velocity);
    this.held.set(pitch, release);
    this.note.textContent = release ? `${pitchName(pitch)}, sound after ${(performance.now() - started + 1000 * (audio().baseLatency || 0)).toFixed(0)} ms` : `${pitchName(pitch)} is being prepared`;
    this.onnote(pitch, velocity, true);
  }

  up(pitch) {
    if (!this.held.has(pitch)) return;
    this.held.get(pitch)?.();
    this.held.delete(pitch);
    this.keys.get(pitch - this.octave)?.classList.remove("down");
    this.onnote(pitch, 0, false);
  }

  /** Play by one of KEYS of the computer. */
  typed(event) {
    if (event.repeat) return;
    const pitch = LOWEST + 12 + KEYS.indexOf(event.key.toLowerCase()) + this.octave;
    this.down(pitch);
    const up = released => {
      if (released.key.toLowerCase() !== event.key.toLowerCase()) return;
      this.up(pitch);
      removeEventListener("keyup", up);
    };
    addEventListener("keyup", up);
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
