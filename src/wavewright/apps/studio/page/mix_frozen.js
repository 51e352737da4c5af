// Tracks with their effects, rendered by the server, so that they are heard while the faders stay live.
import { fetchFile, run, ServerFile } from "./api.js";
import { attachmentsOf, pathsIn } from "./mix_files.js";
import { completed, tomlOf } from "./mix_project.js";
import { decode } from "./player.js";

const MOST = 24; // sounds that are kept
const ELSEWHERE = "not heard";

/** Return whether a track sounds otherwise than its regions. */
function isProcessed(track) { return Boolean(track.effects.trim() || track.duck || track.regions.some(region => region.effects.trim())); }

/** Return a mix in which a track is heard alone, before its fader; others are there where the track depends on them. */
function aloneOf(project, track) {
  const isFree = !track.duck && !track.automation.effects.some(each => each.follow);
  const plain = { ...track, gain_db: 0, pan: 0, mute: false, solo: false, output: "master", sends: [], automation: { ...track.automation, gain_db: [], pan: [] } };
  if (isFree) return completed({ ...project, tracks: [plain], buses: [], master: {} });
  const away = strip => ({ ...strip, solo: undefined, output: strip.output === "master" ? ELSEWHERE : strip.output });
  return completed({ ...project, tracks: project.tracks.map(each => each.name === track.name ? plain : away(each)),
    buses: [...project.buses.map(away), { name: ELSEWHERE, mute: true }], master: {} });
}

/** The sounds of tracks with effects; `onready()` is called when another one is there. */
export class FrozenTracks {
  constructor(onready) { Object.assign(this, { onready, sounds: new Map(), problem: "" }); }

  /** Return what is there, by the names of the tracks, and let the server render what is missing. */
  of({ project, files }, isAsked = true) {
    const found = new Map();
    for (const track of project.tracks) {
      if (!isProcessed(track) || !track.regions.length) continue;
      const alone = aloneOf(project, track);
      const text = tomlOf(alone);
      const key = JSON.stringify([text, pathsIn(alone, files).map(path => files[path])]);
      const sound = this.sounds.get(key);
      if (sound instanceof AudioBuffer) found.set(track.name, sound);
      else if (!sound && isAsked) this.ask(key, track.name, text, () => attachmentsOf(alone, files));
    }
    return found;
  }

  /** Let the server render a track; what goes wrong is said by the render of the whole mix. */
  ask(key, name, text, attachments) {
    const asked = (async () => {
      const project = new ServerFile("track.toml", async () => new Blob([text]));
      const job = await run("mix", { project, attachments: attachments(), out: "track.wav", subtype: "FLOAT" }, { title: `Effects of ${name}` });
      return decode(await fetchFile(job.files[0]), name);
    })();
    this.sounds.set(key, asked);
    asked.then(sound => {
      this.sounds.set(key, sound);
      for (const old of [...this.sounds.keys()].slice(0, -MOST)) this.sounds.delete(old);
      this.problem = "";
      this.onready();
    }).catch(error => { this.sounds.delete(key); this.problem = `${name} is heard without its effects: ${error.message}`; this.onready(); });
  }
}
