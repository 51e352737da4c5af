// Pads: clips with their picture, played by pointer or key, compared as A and B, marked, saved. All colours of the page
// are in studio.css.
import { drawClip } from "./drawing.js";
import { draggable, library } from "./library.js";
import { equalGains, loudness, play, stop } from "./player.js";
import { checkbox, complain, counted, guarded, h, save, say } from "./ui.js";
import { withUniqueNames, zip } from "./zip.js";

const stillness = matchMedia("(prefers-reduced-motion: reduce)");
let playing = null;

/** Play a clip; its pad, if there is one, shows it. */
export async function playClip(clip, { pad = null, gain = 1, onend = () => {} } = {}) {
  const sound = await library.sound(clip);
  playing?.classList.remove("playing");
  playing = pad;
  let line = null;
  const handle = play(sound, { gain, onend: wasWhole => { line?.cancel(); pad?.classList.remove("playing"); onend(wasWhole); } });
  if (!pad) return handle;
  pad.classList.add("playing");
  const frames = [{ left: "0", visibility: "visible" }, { left: "100%", visibility: "visible" }];
  if (!stillness.matches) line = pad.querySelector(".head").animate(frames, 1000 * sound.duration);
  return handle;
}

/** Return names for clips, such as "Kick 1", by their ids. */
export function titlesOf(clips) {
  const numbers = new Map();
  return new Map(clips.map(clip => {
    const base = clip.label ? `${clip.label[0].toUpperCase()}${clip.label.slice(1)}` : clip.name.replace(/\.\w+$/, "");
    const number = (numbers.get(base) || 0) + 1;
    numbers.set(base, number);
    return [clip.id, clip.label || number > 1 ? `${base} ${number}` : base];
  }));
}

/** Return a pad of a clip: its picture, which plays it, its name, and a star; `onchoose()` when it is played or focused. */
export function padOf(clip, { title = titlesOf([clip]).get(clip.id), shortcut = "", isLocked = false, onchoose = () => {} } = {}) {
  const canvas = h("canvas", { "aria-hidden": true });
  const button = h("button.pad", {
    "aria-label": `Play ${title}${isLocked ? ", locked" : ""}`, "aria-keyshortcuts": shortcut || null, onfocus: onchoose,
    onclick: () => { onchoose(); if (pad.classList.contains("playing")) stop(); else playClip(clip, { pad }).catch(complain); },
  }, canvas, h("span.head"));
  const star = h("button.star", { "aria-label": `Favourite: ${title}`, title: "Favourite", onclick: guarded(() => library.favour(clip, !isFavourite(clip))) });
  const pad = h("figure.clip", { "data-clip": clip.id, title: isLocked ? "The next clips leave this pad as it is" : null }, button,
    h("figcaption", {}, h("strong", {}, title), shortcut && h("kbd", {}, shortcut)), star);
  pad.classList.toggle("locked", isLocked);
  pad.play = () => { onchoose(); return playClip(clip, { pad }); };
  pad.showStar = () => {
    star.setAttribute("aria-pressed", String(isFavourite(clip)));
    star.replaceChildren(h("span", {}, isFavourite(clip) ? "★" : "☆"));
  };
  pad.showStar();
  Promise.all([library.sound(clip), library.blob(clip)]).then(([sound, blob]) => {
    draggable(pad, clip, blob);
    drawSoon(canvas, sound);
  }).catch(complain);
  return pad;
}

function isFavourite(clip) { return Boolean(library.get(clip.id)?.isFavourite); }

let drawing = Promise.resolve();

/** Draw a clip after those before it, one at a time, so that the page stays quick. */
function drawSoon(canvas, sound) {
  drawing = drawing.then(() => new Promise(resolve => setTimeout(resolve, 10))).then(() => {
    if (canvas.isConnected && canvas.clientWidth) return drawClip(canvas, sound);
  }).catch(complain);
}

/** Keys of the computer that play pads, in their order. */
export const PAD_KEYS = "12345678QWERTYUI";

/** Return the actions of those keys. */
export function padActions(pads) {
  return Object.fromEntries([...PAD_KEYS.toLowerCase()].map((key, index) => [key, () => pads.querySelectorAll(".clip")[index]?.play()]));
}

/** Two clips beside each other, played in turn at equal loudness. */
export class Comparison {
  constructor() {
    this.sides = { A: null, B: null };
    this.side = null;
    this.equal = checkbox("equal loudness", true);
    this.rows = { A: this.row("A"), B: this.row("B") };
    this.note = h("span.soft");
    library.onChange(() => {
      for (const side of ["A", "B"]) if (this.sides[side] && !library.get(this.sides[side].id)) this.set(side, null);
    });
    this.element = h("div.compare", { hidden: true, role: "group", "aria-label": "Compare two clips" }, this.rows.A, this.rows.B,
      h("button", { onclick: guarded(() => this.other()), "aria-keyshortcuts": "X" }, "Switch A/B (X)"),
      this.equal, this.note);
  }

  row(side) {
    return h("button.side", { disabled: true, onclick: guarded(() => this.play(side)) }, `${side}: none`);
  }

  /** Put a clip on one side. */
  set(side, clip) {
    this.sides[side] = clip;
    this.rows[side].textContent = clip ? `${side}: ${clip.name}` : `${side}: none`;
    this.rows[side].disabled = !clip;
    this.element.hidden = !this.sides.A && !this.sides.B;
    this.measure().catch(complain);
  }

  async measure() {
    const { A, B } = this.sides;
    this.gains = { A: 1, B: 1 };
    this.note.textContent = "";
    if (!A || !B) return;
    const [a, b] = await Promise.all([A, B].map(async clip => loudness(await library.sound(clip))));
    [this.gains.A, this.gains.B] = equalGains(a, b);
    const db = Math.abs(a - b);
    if (Number.isFinite(db)) this.note.textContent = `${a > b ? "A" : "B"} is ${db.toFixed(1)} LU louder`;
  }

  gain(side) { return this.equal.control.checked ? this.gains?.[side] ?? 1 : 1; }

  async play(side) {
    this.mark(side);
    this.handle = await playClip(this.sides[side], { gain: this.gain(side), onend: () => { this.handle = null; this.mark(null); } });
    this.mark(side);
  }

  mark(side) {
    this.side = side ?? this.side;
    for (const each of ["A", "B"]) this.rows[each].classList.toggle("on", each === side);
  }

  /** Play the other side, from the same position on if one plays. */
  async other() {
    if (!this.sides.A || !this.sides.B) { say("Put a clip on A and another one on B first."); return; }
    const next = this.side === "A" ? "B" : "A";
    if (!this.handle) { await this.play(next); return; }
    this.handle.swap(await library.sound(this.sides[next]), this.gain(next));
    this.mark(next);
  }
}

/** Save clips as one ZIP archive with a manifest that says how each was made. */
export async function exportClips(clips, name) {
  if (!clips.length) { say("There are no clips to export."); return; }
  const files = withUniqueNames(await Promise.all(clips.map(async clip => ({ name: clip.name, blob: await library.blob(clip), clip }))));
  const lines = files.map(({ name: file, clip }) => JSON.stringify({
    file, task: clip.task, label: clip.label ?? null, seed: clip.seed ?? null, parameters: clip.parameters ?? null,
    command: clip.command ?? null, favourite: clip.isFavourite, made: new Date(clip.madeAt).toISOString(),
  }));
  const manifest = new Blob([lines.join("\n") + "\n"], { type: "application/jsonl" });
  save(await zip([{ name: "manifest.jsonl", blob: manifest }, ...files]), name);
  say(`${counted(files.length, "clip")} exported to ${name}.`);
}
