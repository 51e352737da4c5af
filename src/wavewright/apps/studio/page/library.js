// Clips that the page has: their sound and how they were made, kept in the browser across reloads.
import { fetchFile, run, ServerFile } from "./api.js";
import { exampleClip, exampleClips, exampleFile } from "./examples.js";
import { forgetJob } from "./pending.js";
import { decode } from "./player.js";
import { counted, needed, Refusal, say } from "./ui.js";
import { readWav } from "./wav.js";

const MOST_CLIPS = 400;
const MOST_LISTED = 60;
const MOST_DECODED = 50_000_000; // samples of sounds that stay decoded, 0.2 GB
const LONG_SECONDS = 2400; // from which a sound is not decoded whole
const SHORT_BYTES = 5_000_000; // of which no codec makes as much
const LARGE_BYTES = 80_000_000; // of a file that is no WAV; the page waits while the browser copies what it decoded at once
const LONG_RATE = 12_000;
const DRAGGED = "application/x-wavewright-clip";
const CHANNEL = "wavewright-studio-clips";

/**
 * Return the sound of a file, decoded by the browser, or of the WAV file that the server makes of one that the browser
 * cannot decode, or only at once where it is large. Of a long one, an hour of which takes more than a gigabyte, that is
 * one channel at a lower rate.
 */
async function decoded(blob, file) {
  let isLong = blob.size > SHORT_BYTES && await secondsOf(blob) > LONG_SECONDS;
  const isQuick = blob.size <= LARGE_BYTES || await readWav(blob);
  const sound = !isLong && isQuick && await decode(blob).catch(() => null);
  if (sound) return sound;
  const convert = chain => run("edit", { source: file, do: chain, out: "decoded.wav" }, { title: `Convert ${file.name}` });
  let job = isLong ? null : await convert("gain 0dB");
  isLong ||= job.result.files[0].seconds > LONG_SECONDS;
  if (isLong) {
    job = await convert(`mono; resample ${LONG_RATE}Hz`);
    say(`${file.name} is long: here it is heard and shown in one channel up to ${LONG_RATE / 2000} kHz. What is made of it is made of the whole file.`);
  }
  return decode(await fetchFile(job.files[0]), file.name, isLong ? new OfflineAudioContext(1, 1, LONG_RATE) : undefined);
}

/** Return the length of a sound file in seconds, NaN if the browser does not know it. */
function secondsOf(blob) {
  const url = URL.createObjectURL(blob);
  const element = new Audio();
  return new Promise(resolve => {
    element.onerror = () => resolve(NaN);
    element.onloadedmetadata = () => resolve(Number.isFinite(element.duration) ? element.duration : NaN);
    element.src = url;
  }).finally(() => { element.removeAttribute("src"); URL.revokeObjectURL(url); });
}

/** Return the result of a request to the store. */
function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * A clip: `id`, `name` of its file, `label`, `task`, `parameters` and `command` that made it, `seed`, `index`,
 * `isFavourite`, `madeAt` in ms, and the `text` of a sentence of a voice. Its sound is a blob beside it.
 */
class Library {
  constructor() {
    this.clips = new Map();
    this.sounds = new Map(); // decoded, by id, the last used one at the end
    this.files = new Map(); // as tasks read them, by id
    this.listeners = new Set();
    this.users = new Set();
  }

  /** Open the store and read the list of clips; without a store, clips last as long as the page. */
  async open() {
    try {
      const opening = indexedDB.open("wavewright-studio", 1);
      opening.onupgradeneeded = () => {
        opening.result.createObjectStore("clips", { keyPath: "id" });
        opening.result.createObjectStore("sounds");
      };
      this.store = await resultOf(opening);
      for (const clip of await this.request("clips", "readonly", clips => clips.getAll())) this.clips.set(clip.id, clip);
      this.channel = new BroadcastChannel(CHANNEL);
      this.channel.onmessage = event => this.takeChanges(event.data);
    } catch {
      this.store = null;
      this.unstored = new Map();
    }
  }

  request(name, mode, action) { return resultOf(action(this.store.transaction(name, mode).objectStore(name))); }

  /** Change both stores at once; `change(clips, sounds)`. */
  async write(change) {
    const transaction = this.store.transaction(["clips", "sounds"], "readwrite");
    change(transaction.objectStore("clips"), transaction.objectStore("sounds"));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(new Refusal("The browser has no room for this clip; remove clips from the history."));
    });
  }

  /** Take what another tab has added, changed or removed. */
  async takeChanges({ written = [], removed = [] }) {
    for (const id of written) {
      const clip = await this.request("clips", "readonly", clips => clips.get(id));
      if (!clip) continue;
      if (this.clips.has(id)) Object.assign(this.clips.get(id), clip); else this.clips.set(id, clip);
      if (this.files.has(id) && this.files.get(id).name !== clip.name) this.files.delete(id);
    }
    for (const id of removed) this.forget(id);
    this.changed();
  }

  forget(id) { for (const map of [this.clips, this.sounds, this.files]) map.delete(id); }

  /** Call `listener` when clips were added, changed or removed. */
  onChange(listener) { this.listeners.add(listener); }

  changed() { for (const listener of this.listeners) listener(); }

  /** Let a panel say by `ids()` which clips it shows: they are kept however old they are. */
  keepFor(ids) { this.users.add(ids); }

  /** Return a clip, of the history or of the examples. */
  get(id) { return this.clips.get(id) || exampleClip(id); }

  /** Return all clips, the newest first. */
  all() { return [...this.clips.values()].sort((a, b) => b.madeAt - a.madeAt || a.index - b.index); }

  /** Return the newest clips and the examples as options of a list. */
  choices() {
    return [...this.all().slice(0, MOST_LISTED).map(clip => [clip.id, `${clip.isFavourite ? "★ " : ""}${clip.name}`]),
      ...exampleClips().filter(clip => this.get(clip.id) === clip).map(clip => [clip.id, `example: ${clip.name}`])];
  }

  /** Add a clip with its sound. */
  async add(blob, facts, reference = null) {
    const clip = { id: crypto.randomUUID(), isFavourite: false, madeAt: Date.now(), index: 0, ...facts };
    if (clip.parameters) clip.parameters = JSON.parse(JSON.stringify(clip.parameters));
    if (this.store) {
      await this.write((clips, sounds) => { clips.put(clip); sounds.put(blob, clip.id); });
      this.channel.postMessage({ written: [clip.id] });
    } else {
      this.unstored.set(clip.id, blob);
    }
    this.clips.set(clip.id, clip);
    this.files.set(clip.id, new ServerFile(clip.name, () => this.blob(clip), reference));
    return clip;
  }

  /** Add the sound files of a job as clips, in their order; `facts` are those of all of them, or a function of a file. */
  async addJob(job, parameters, facts = {}) {
    const files = job.files.filter(file => /\.(wav|flac|ogg|opus|mp3|m4a|m4b)$/i.test(file.name));
    const made = new Map((job.result?.files || []).map(file => [file.path, file.details]));
    const blobs = await Promise.all(files.map(file => fetchFile(file)));
    const clips = await Promise.all(files.map((file, index) => this.add(blobs[index], {
      name: file.name.split("/").pop(), task: job.task, parameters, command: job.command,
      index: made.get(file.name)?.index ?? index, label: made.get(file.name)?.label ?? null, ...(typeof facts === "function" ? facts(file) : facts),
    }, { job: job.id, file: file.name })));
    forgetJob(job.id);
    await this.prune();
    this.changed();
    return clips;
  }

  /** Add files of the user as clips; those that are no sound are left out, and named. */
  async addFiles(files, factsOf = () => ({ label: null })) {
    const clips = [];
    const refused = [];
    for (const file of files) {
      const source = new ServerFile(file.name, async () => file);
      try {
        const sound = await decoded(file, source);
        const clip = await this.add(file, { name: file.name, task: "file", ...factsOf(file) }, source.reference);
        this.remember(clip, sound);
        clips.push(clip);
      } catch (error) {
        if (!error.isExpected) { this.changed(); throw error; }
        refused.push(error.message);
      }
    }
    if (clips.length) { await this.prune(); this.changed(); }
    const more = refused.length > 1 ? ` ${counted(refused.length - 1, "other file")} cannot be used either.` : "";
    if (!clips.length) throw new Refusal(refused.length ? refused[0] + more : "There is no sound file in what was given; give one.");
    if (refused.length) say(`${counted(clips.length, "file")} added. ${refused[0]}${more}`);
    return clips;
  }

  /** Mark a clip as favourite, or not; that of an example is kept then. */
  async favour(clip, isFavourite) {
    const example = exampleClip(clip.id);
    if (example && !this.clips.has(clip.id)) {
      await this.add(await exampleFile(example.name), { ...example, isFavourite, madeAt: Date.now() });
      this.changed();
      return;
    }
    if (!this.clips.has(clip.id)) return;
    clip.isFavourite = isFavourite;
    await this.put(clip);
  }

  /** Store what is known of a clip. */
  async put(clip) {
    if (this.store) {
      await this.request("clips", "readwrite", clips => clips.put(clip));
      this.channel.postMessage({ written: [clip.id] });
    }
    this.changed();
  }

  /** Give a clip another name, which keeps its ending. */
  async rename(clip, text) {
    const ending = clip.name.match(/\.\w+$/)?.[0] ?? "";
    const stem = (text.endsWith(ending) ? text.slice(0, text.length - ending.length) : text).replace(/[^\p{L}\p{N} ._-]+/gu, "_").replace(/^[ .]+|[ .]+$/g, "");
    if (!stem || !this.clips.has(clip.id)) return;
    clip.name = stem + ending;
    this.files.delete(clip.id); // the server has it by its old name
    await this.put(clip);
  }

  /** Return the sound file of a clip. */
  async blob(clip) {
    if (exampleClip(clip.id) && !this.clips.has(clip.id)) return exampleFile(clip.name);
    const blob = this.store ? await this.request("sounds", "readonly", sounds => sounds.get(clip.id)) : this.unstored.get(clip.id);
    if (!blob) throw new Refusal(`The clip ${clip.name} was removed.`);
    return blob;
  }

  /** Return the decoded sound of a clip. */
  async sound(clip) {
    const sound = this.sounds.get(clip.id) || await decoded(await this.blob(clip), this.file(clip));
    this.remember(clip, sound);
    return sound;
  }

  /** Keep a decoded sound; those that were used longest ago leave where there are too many. */
  remember(clip, sound) {
    this.sounds.delete(clip.id);
    this.sounds.set(clip.id, sound);
    const sizeOf = each => each.length * each.numberOfChannels;
    let total = [...this.sounds.values()].reduce((sum, each) => sum + sizeOf(each), 0);
    for (const [id, each] of this.sounds) {
      if (total <= MOST_DECODED || this.sounds.size === 1) return;
      this.sounds.delete(id);
      total -= sizeOf(each);
    }
  }

  /** Return a clip as a file that tasks read. */
  file(clip) {
    if (!this.files.has(clip.id)) this.files.set(clip.id, new ServerFile(clip.name, () => this.blob(clip)));
    return this.files.get(clip.id);
  }

  /** Remove clips for good. */
  async remove(clips) {
    const ids = clips.map(clip => clip.id);
    for (const id of ids) { this.forget(id); this.unstored?.delete(id); }
    if (this.store) {
      await this.write((infos, sounds) => { for (const id of ids) { infos.delete(id); sounds.delete(id); } });
      this.channel.postMessage({ removed: ids });
    }
    this.changed();
  }

  /** Remove the oldest clips beyond MOST_CLIPS that are no favourites and on no panel. */
  async prune() {
    if (this.clips.size <= MOST_CLIPS) return;
    const used = new Set([...this.users].flatMap(ids => ids()));
    const old = this.all().filter(clip => !isKept(clip)).slice(MOST_CLIPS).filter(clip => !used.has(clip.id));
    if (old.length) await this.remove(old);
  }
}

export const library = new Library();

/** Return whether a clip stays when the history is cleared: a favourite, or a sentence of a voice. */
export function isKept(clip) { return clip.isFavourite || clip.text !== undefined; }

/** Let an element be dragged as a clip, to a place of this page, or to a folder as a file. */
export function draggable(element, clip, blob) {
  element.draggable = true;
  element.addEventListener("dragstart", event => {
    event.dataTransfer.setData(DRAGGED, clip.id);
    event.dataTransfer.setData("text/plain", clip.command || clip.name);
    event.dataTransfer.setData("DownloadURL", `audio/wav:${clip.name}:${URL.createObjectURL(blob)}`);
    event.dataTransfer.effectAllowed = "copy";
  });
}

/** Let clips and sound files be dropped on an element; `take(clips)` receives them. */
export function dropTarget(element, take, onerror) {
  const accepts = event => [DRAGGED, "Files"].some(type => event.dataTransfer.types.includes(type));
  element.addEventListener("dragover", event => {
    if (!accepts(event)) return;
    event.preventDefault();
    element.classList.add("over");
  });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", async event => {
    if (!accepts(event)) return;
    event.preventDefault();
    element.classList.remove("over");
    const dragged = event.dataTransfer.getData(DRAGGED);
    const files = [...event.dataTransfer.files]; // both before anything is waited for: the browser clears them
    try {
      if (dragged && !library.get(dragged)) await library.takeChanges({ written: [dragged] }); // of another tab
      if (dragged) await take([needed(library.get(dragged), "This clip was removed.")]);
      else await take(await library.addFiles(files));
    } catch (error) { onerror(error); }
  });
}
