// A field that takes a clip: from the history, from a file, or dropped on it.
import { drawClip } from "./drawing.js";
import { dropTarget, library } from "./library.js";
import { playClip } from "./pads.js";
import { complain, fill, guarded, h } from "./ui.js";

/** A labelled place for one clip; `onchange(clip)` is called when it gets another one. */
export class Slot {
  constructor(title, onchange = () => {}) {
    this.clip = null;
    this.onchange = onchange;
    this.name = h("span.soft", {}, "Drop a sound file or a pad here.");
    this.canvas = h("canvas", { hidden: true, "aria-hidden": true });
    this.chooser = h("select", { "aria-label": `${title}: a clip of the history`, onchange: () => this.choose(this.chooser.value) });
    this.file = h("input", { type: "file", accept: "audio/*", hidden: true, onchange: guarded(() => this.takeFiles()) });
    this.player = h("button.small", { disabled: true, "aria-label": `Play ${title}`, onclick: guarded(() => playClip(this.clip)) }, "Play");
    this.element = h("div.slot", { role: "group", "aria-label": title }, h("h3", {}, title), this.canvas, this.name,
      h("div.row", {}, this.player, h("button.small", { onclick: () => this.file.click(), "aria-label": `Open file: ${title}` }, "Open file"),
        this.chooser, this.file));
    dropTarget(this.element, clips => this.set(clips[0]), complain);
    library.onChange(() => this.showChoices());
    this.showChoices();
  }

  showChoices() {
    const clips = library.all().slice(0, 60);
    fill(this.chooser, [["", "from history …"], ...clips.map(clip => [clip.id, `${clip.isFavourite ? "★ " : ""}${clip.name}`])], "");
  }

  choose(id) { if (library.get(id)) this.set(library.get(id)); }

  async takeFiles() {
    const files = [...this.file.files];
    this.file.value = "";
    if (files.length) await this.set((await library.addFiles(files))[0]);
  }

  /** Set the clip and draw it. */
  async set(clip) {
    if (!clip) return;
    const sound = await library.sound(clip);
    this.clip = clip;
    this.name.textContent = `${clip.name}, ${sound.duration.toFixed(2)} s`;
    this.player.disabled = false;
    this.canvas.hidden = false;
    drawClip(this.canvas, sound);
    await this.onchange(clip);
  }

  /** Return how parameters name the clip; raise an error if there is none. */
  async reference() {
    if (!this.clip) {
      throw Object.assign(new Error("Choose a clip first: drop a file or a pad, or take one from the history."), { isExpected: true });
    }
    return library.reference(this.clip);
  }
}
