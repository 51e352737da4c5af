// Meters of a mix: the level while it plays, and the loudness of the last render as the server measures it.
import { run } from "./api.js";
import { library } from "./library.js";
import { peakDb } from "./mix_player.js";
import { h } from "./ui.js";

const SIDES = ["left", "right"];
const FLOOR_DB = -60;
const SLOW_MS = 250; // between two readings for screen readers
const FALL_DB = 0.5; // of a bar for each picture

/** The elements `live` and `loudness`. */
export class MixMeter {
  constructor() {
    this.samples = new Float32Array(2048);
    this.shown = [FLOOR_DB, FLOOR_DB];
    this.bars = SIDES.map(side => h("span.level", { role: "meter", "aria-label": `Level, ${side}`, "aria-valuemin": String(FLOOR_DB), "aria-valuemax": "0", "aria-valuenow": String(FLOOR_DB) }, h("i")));
    this.peak = h("output", {}, "−∞ dB");
    this.live = h("span.meters", { title: "Largest samples of the left and the right channel" }, h("span.bars", {}, ...this.bars), this.peak);
    this.list = h("dl");
    this.note = h("p.soft", { hidden: true }, "The mix has changed since it was rendered.");
    this.loudness = h("div.loudness", { hidden: true, role: "group", "aria-label": "Loudness of the render" }, this.list, this.note);
  }

  /** Show the level of both channels, null for silence. */
  showLevel(channels) {
    const now = performance.now();
    const isDue = !channels || now - (this.readAt ?? 0) > SLOW_MS;
    if (isDue) this.readAt = now;
    const levels = SIDES.map((_, side) => channels ? peakDb(channels[side], this.samples) : FLOOR_DB);
    this.bars.forEach((bar, side) => {
      this.shown[side] = Math.max(FLOOR_DB, levels[side], channels ? this.shown[side] - FALL_DB : FLOOR_DB);
      bar.firstChild.style.transform = `scaleX(${Math.min(1, 1 - this.shown[side] / FLOOR_DB).toFixed(3)})`;
      bar.classList.toggle("over", this.shown[side] > 0);
      if (isDue) bar.setAttribute("aria-valuenow", this.shown[side].toFixed(0));
    });
    if (isDue) this.peak.textContent = channels ? dB(Math.max(...this.shown), "dB") : "−∞ dB";
  }

  /** Let the server measure a clip, and show what it says. */
  async measure(clip) {
    const { result } = await run("analyse", { file: library.file(clip) }, { title: `Loudness of ${clip.name}` });
    const { loudness, levels } = result.details;
    const rows = [["Integrated", loudness?.integrated_lufs, "LUFS"], ["Loudest 3 s", loudness?.max_short_term_lufs, "LUFS"],
      ["Loudest 0.4 s", loudness?.max_momentary_lufs, "LUFS"], ["Range", loudness?.range_lu, "LU"], ["True peak", levels.true_peak_db, "dBTP"]];
    this.list.replaceChildren(...rows.map(([title, value, unit]) => h("div", {}, h("dt", {}, title), h("dd", {}, dB(value, unit)))));
    this.loudness.hidden = false;
    this.note.hidden = true;
  }

  /** Say that what was measured is not what is shown now. */
  age() { this.note.hidden = false; }
}

/** Return a level with its unit; none for silence. */
function dB(value, unit) { return value === null || value === undefined || value <= FLOOR_DB - 60 ? `−∞ ${unit}` : `${value.toFixed(1).replace("-", "−")} ${unit}`; }
