// The tray below all panels: running jobs, clips to play and to drag, what happens, and whether the server answers.
import { onConnection } from "./api.js";
import { drawWave } from "./drawing.js";
import { draggable, library } from "./library.js";
import { play, stop } from "./player.js";
import { sender } from "./send.js";
import { clock, guarded, h, save, say } from "./ui.js";

const MORE = 24; // clips that are listed at a time
const OPEN = "wavewright-studio-tray";
const POSITIONS = 1000; // of the slider of a clip
const ROOM = 32; // pixels between the end of a panel and the tray
let room = 0; // pixels below the panels

/** Let the tray show the clips, once they are read. */
export function openTray() {
  const toggle = document.getElementById("tray-toggle");
  const box = document.getElementById("clips");
  const list = h("ol");
  const more = h("button.small", { onclick: () => { nShown += MORE; show(); } }, "Show older clips");
  const rows = new Map(); // by id of the clip
  let nShown = MORE;
  box.append(list, more);

  function show() {
    const clips = library.all();
    toggle.textContent = `Clips (${clips.length})`;
    if (box.hidden) return;
    const shown = clips.slice(0, nShown);
    const ids = new Set(shown.map(clip => clip.id));
    for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
    for (const clip of shown) if (rows.has(clip.id)) rows.get(clip.id).update(); else rows.set(clip.id, new Row(clip));
    const elements = shown.map(clip => rows.get(clip.id).element);
    if (elements.length !== list.children.length || elements.some((each, index) => each !== list.children[index])) list.replaceChildren(...elements);
    if (!shown.length) list.replaceChildren(h("li.soft", {}, "Clips that you make, open or record are kept here."));
    more.hidden = shown.length === clips.length;
  }

  function set(isOpen) {
    box.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
    sessionStorage.setItem(OPEN, isOpen ? "1" : "");
    show();
  }

  toggle.addEventListener("click", () => set(box.hidden));
  library.onChange(show);
  onConnection(isThere => {
    const shown = document.getElementById("connection");
    shown.dataset.state = isThere ? "there" : "gone";
    shown.textContent = isThere ? "Connected" : "No connection";
  });
  set(sessionStorage.getItem(OPEN) === "1");
  const tray = document.getElementById("tray");
  new ResizeObserver(() => makeRoom(tray.offsetHeight)).observe(tray);
  addEventListener("scroll", () => { if (room > tray.offsetHeight + ROOM) makeRoom(tray.offsetHeight); }, { passive: true });
}

/**
 * Let the page scroll as far as the tray is high, so that it covers nothing for good. Room that is in view is given back
 * once the page is scrolled away from it: nothing moves under a pointer that goes down when a job ends.
 */
function makeRoom(pixels) {
  const { scrollHeight, clientHeight, scrollTop, style } = document.documentElement;
  const unseen = scrollTop > 0 ? Math.max(0, Math.floor(scrollHeight - clientHeight - scrollTop)) : Infinity;
  room = Math.max(pixels + ROOM, room - unseen);
  document.body.style.paddingBottom = `${room}px`;
  style.scrollPaddingBottom = `${pixels + ROOM}px`;
}

/** A clip in the list: played, paused and sought, renamed, sent, saved, removed. */
class Row {
  constructor(clip) {
    Object.assign(this, { clip, handle: null, frame: 0 });
    this.button = h("button.icon", { onclick: guarded(() => this.toggle()) });
    this.canvas = h("canvas", { "aria-hidden": true });
    this.seek = h("input", { type: "range", min: 0, max: POSITIONS, step: 1, value: "0", oninput: guarded(() => this.sought()) });
    this.seconds = h("span.soft");
    this.name = h("input", { type: "text", maxlength: 80, "data-keys": true, onchange: guarded(() => this.rename()) });
    this.star = h("button.icon", { title: "Favourite", onclick: guarded(() => library.favour(clip, !clip.isFavourite)) });
    this.remover = h("button.small", { onclick: guarded(async () => { await library.remove([clip]); say(`${clip.name} is removed.`); }) }, "Remove");
    this.sending = h("span");
    this.element = h("li.tray-clip", {}, this.button, h("span.wave", {}, this.canvas, this.seek), this.seconds, this.name, this.star, this.sending,
      h("button.small", { onclick: guarded(async () => save(await library.blob(clip), clip.name)) }, "Save"), this.remover);
    this.update();
    this.draw().catch(() => { this.seconds.textContent = "?"; });
  }

  /** Show the name and the star as they are now. */
  update() {
    const { name, isFavourite } = this.clip;
    if (this.shown !== name) {
      this.name.value = name;
      this.sending.replaceChildren(sender(this.clip, name));
    }
    this.shown = name;
    this.name.setAttribute("aria-label", `Name of ${name}`);
    this.seek.setAttribute("aria-label", `Position in ${name}`);
    this.remover.setAttribute("aria-label", `Remove ${name}`);
    this.star.setAttribute("aria-label", `Favourite: ${name}`);
    this.star.setAttribute("aria-pressed", String(isFavourite));
    this.star.textContent = isFavourite ? "★" : "☆";
    this.showState();
  }

  showState() {
    this.button.textContent = this.handle ? "⏸" : "▶";
    this.button.setAttribute("aria-label", `${this.handle ? "Pause" : "Play"} ${this.clip.name}`);
  }

  async draw() {
    const [sound, blob] = await Promise.all([library.sound(this.clip), library.blob(this.clip)]);
    draggable(this.element, this.clip, blob);
    this.name.addEventListener("pointerdown", () => { this.element.draggable = false; }); // text can be selected
    this.name.addEventListener("blur", () => { this.element.draggable = true; });
    this.seek.addEventListener("pointerdown", () => { this.element.draggable = false; });
    this.seek.addEventListener("pointerup", () => { this.element.draggable = true; });
    this.seconds.textContent = clock(sound.duration);
    await drawWave(this.canvas, sound);
  }

  async toggle() { if (this.handle) this.pause(); else await this.play(); }

  /** Play from the position of the slider on. */
  async play() {
    const sound = await library.sound(this.clip);
    const start = Number(this.seek.value) >= POSITIONS ? 0 : Number(this.seek.value) / POSITIONS * sound.duration;
    const handle = play(sound, { offset: start, onend: wasWhole => {
      if (this.handle !== handle) return;
      this.handle = null;
      cancelAnimationFrame(this.frame);
      if (wasWhole) this.seek.value = "0";
      this.showState();
    } });
    this.handle = handle;
    this.showState();
    const follow = () => {
      if (this.handle !== handle) return;
      this.seek.value = String(Math.round(handle.position() / sound.duration * POSITIONS));
      this.frame = requestAnimationFrame(follow);
    };
    follow();
  }

  pause() { stop(); }

  async sought() { if (this.handle) await this.play(); }

  async rename() {
    await library.rename(this.clip, this.name.value);
    this.name.value = this.clip.name;
    say(`The clip is ${this.clip.name} now.`);
  }
}
