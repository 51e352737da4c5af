// A field that takes a clip: from the history, from a file, or dropped on it.
import { drawClip } from "./drawing.js";
import { SOUND_FILES } from "./folder.js";
import { dropTarget, library } from "./library.js";
import { playClip } from "./pads.js";
import { recordButton } from "./record.js";
import { chosenFiles, complain, fill, guarded, h, needed, say } from "./ui.js";

const EMPTY = "Drop a sound file or a pad here.";

/** A labelled place for one clip; `onchange(clip)` is called when it gets another one, or null: its clip was removed. */
export class Slot {
  constructor(title, onchange = () => {}) {
    this.clip = null;
    this.nSets = 0;
    this.then = null;
    this.onchange = onchange;
    this.name = h("span.soft", {}, EMPTY);
    this.canvas = h("canvas", { hidden: true, "aria-hidden": true });
    this.chooser = h("select", { "aria-label": `${title}: a clip of the history`, onchange: () => this.choose(this.chooser.value) });
    this.file = h("input", { type: "file", accept: SOUND_FILES, hidden: true, onchange: () => this.takeFiles().catch(complain) });
    this.player = h("button.small", { disabled: true, "aria-label": `Play ${title}`, onclick: guarded(() => playClip(this.clip)) }, "Play");
    this.element = h("div.slot", { role: "group", "aria-label": title }, h("h3", {}, title), this.canvas, this.name,
      h("div.row", {}, this.player, h("button.small", { onclick: () => this.openFile(), "aria-label": `Open file: ${title}` }, "Open file"),
        recordButton(title, clip => this.set(clip)), this.chooser, this.file));
    dropTarget(this.element, clips => this.set(clips[0]), complain);
    library.onChange(() => {
      this.showChoices();
      if (this.clip && !library.get(this.clip.id)) this.clear();
    });
    this.showChoices();
  }

  showChoices() {
    fill(this.chooser, [["", "from history …"], ...library.choices()], "");
  }

  choose(id) { if (library.get(id)) this.set(library.get(id)).catch(complain); }

  async takeFiles() {
    const files = chosenFiles(this.file);
    if (!files.length) return;
    const { then } = this;
    await this.set((await library.addFiles(files))[0]);
    await then?.();
  }

  /** Let the user open a file; `then()` is called once it is set, and not at all if none is chosen. */
  openFile(then = null) {
    this.then = then;
    this.file.click();
  }

  /** Return the clip; where there is none, let the user open a file, go on by `then()`, and return null. */
  ask(then, sentence = "Choose a recording first; then it starts.") {
    if (this.clip) return this.clip;
    this.openFile(then);
    say(sentence);
    return null;
  }

  /** Set the clip and draw it; quietly: without telling of it. */
  async set(clip, isQuiet = false) {
    if (!clip) return;
    const number = ++this.nSets;
    const sound = await library.sound(clip);
    if (number !== this.nSets) return; // another clip was set meanwhile
    this.clip = clip;
    this.name.textContent = `${clip.name}, ${sound.duration.toFixed(2)} s`;
    this.player.disabled = false;
    this.canvas.hidden = false;
    drawClip(this.canvas, sound).catch(complain);
    if (!isQuiet) await this.onchange(clip);
  }

  /** Take the clip away. */
  clear(isQuiet = false) {
    this.nSets++;
    this.clip = null;
    this.name.textContent = EMPTY;
    this.player.disabled = this.canvas.hidden = true;
    if (!isQuiet) this.onchange(null);
  }

  /** Return the clip as a file that tasks read; raise an error if there is none. */
  reference() {
    return library.file(needed(this.clip, "Choose a clip first: drop a file or a pad, or take one from the history."));
  }
}
