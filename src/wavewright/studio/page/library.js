// Clips that the page has: their sound and how they were made, kept in the browser across reloads.
import { fetchFile, upload } from "./api.js";
import { decode } from "./player.js";

const MOST_CLIPS = 400;
const DRAGGED = "application/x-wavewright-clip";

/**
 * A clip: `id`, `name` of its file, `label`, `task`, `parameters` and `command` that made it, `seed`, `index`,
 * `isFavourite`, `madeAt` in ms. Its sound is a blob beside it.
 */
class Library {
  constructor() {
    this.clips = new Map();
    this.sounds = new Map(); // decoded, by id
    this.references = new Map(); // where the server has them, in this visit
    this.listeners = new Set();
  }

  /** Open the store and read the list of clips; without a store, clips last as long as the page. */
  async open() {
    try {
      this.store = await new Promise((resolve, reject) => {
        const request = indexedDB.open("wavewright-studio", 1);
        request.onupgradeneeded = () => {
          request.result.createObjectStore("clips", { keyPath: "id" });
          request.result.createObjectStore("sounds");
        };
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      for (const clip of await this.request("clips", "readonly", clips => clips.getAll())) this.clips.set(clip.id, clip);
    } catch {
      this.store = null;
      this.unstored = new Map();
    }
  }

  request(name, mode, action) {
    return new Promise((resolve, reject) => {
      const request = action(this.store.transaction(name, mode).objectStore(name));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  /** Call `listener` when clips were added or changed. */
  onChange(listener) { this.listeners.add(listener); }

  changed() { for (const listener of this.listeners) listener(); }

  get(id) { return this.clips.get(id); }

  /** Return all clips, the newest first. */
  all() { return [...this.clips.values()].sort((a, b) => b.madeAt - a.madeAt || a.index - b.index); }

  /** Add a clip with its sound. */
  async add(blob, facts, reference = null) {
    const clip = { id: crypto.randomUUID(), isFavourite: false, madeAt: Date.now(), index: 0, ...facts };
    this.clips.set(clip.id, clip);
    if (reference) this.references.set(clip.id, reference);
    if (this.store) {
      await this.request("sounds", "readwrite", sounds => sounds.put(blob, clip.id));
      await this.request("clips", "readwrite", clips => clips.put(clip));
    } else {
      this.unstored.set(clip.id, blob);
    }
    return clip;
  }

  /** Add the sound files of a job as clips, in their order. */
  async addJob(job, parameters, factsOf = () => ({})) {
    const files = job.files.filter(file => /\.(wav|flac|ogg|opus|mp3)$/i.test(file.name));
    const blobs = await Promise.all(files.map(file => fetchFile(file)));
    const clips = await Promise.all(files.map((file, index) => this.add(blobs[index], {
      name: file.name.split("/").pop(), task: job.task, parameters, command: job.command, index, ...factsOf(file, index),
    }, { job: job.id, file: file.name })));
    await this.prune();
    this.changed();
    return clips;
  }

  /** Add files of the user as clips. */
  async addFiles(files) {
    const clips = [];
    for (const file of files) clips.push(await this.add(file, { name: file.name, label: null, task: "file" }));
    this.changed();
    return clips;
  }

  /** Mark a clip as favourite, or not. */
  async favour(clip, isFavourite) {
    clip.isFavourite = isFavourite;
    if (this.store) await this.request("clips", "readwrite", clips => clips.put(clip));
    this.changed();
  }

  /** Return the sound file of a clip. */
  async blob(clip) {
    const blob = this.store ? await this.request("sounds", "readonly", sounds => sounds.get(clip.id)) : this.unstored.get(clip.id);
    if (!blob) throw Object.assign(new Error(`The sound of ${clip.name} was removed.`), { isExpected: true });
    return blob;
  }

  /** Return the decoded sound of a clip. */
  async sound(clip) {
    if (!this.sounds.has(clip.id)) {
      if (this.sounds.size > 200) this.sounds.delete(this.sounds.keys().next().value);
      this.sounds.set(clip.id, await decode(await this.blob(clip)));
    }
    return this.sounds.get(clip.id);
  }

  /** Return how parameters of a task name the clip; it is uploaded if the server does not have it. */
  async reference(clip) {
    if (!this.references.has(clip.id)) {
      const blob = await this.blob(clip);
      const [reference] = await upload([new File([blob], clip.name, { type: blob.type })]);
      this.references.set(clip.id, reference);
    }
    return this.references.get(clip.id);
  }

  /** Remove the oldest clips beyond MOST_CLIPS that are no favourites. */
  async prune() {
    const old = this.all().filter(clip => !clip.isFavourite).slice(MOST_CLIPS);
    for (const clip of old) {
      this.clips.delete(clip.id);
      this.sounds.delete(clip.id);
      if (!this.store) { this.unstored.delete(clip.id); continue; }
      await this.request("clips", "readwrite", clips => clips.delete(clip.id));
      await this.request("sounds", "readwrite", sounds => sounds.delete(clip.id));
    }
  }
}

export const library = new Library();

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
    const clip = library.get(event.dataTransfer.getData(DRAGGED));
    const files = [...event.dataTransfer.files];
    try {
      await take(clip ? [clip] : await library.addFiles(files));
    } catch (error) { onerror(error); }
  });
}
