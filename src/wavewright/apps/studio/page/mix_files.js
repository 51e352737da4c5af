// Project files of mixes, with their sounds: opened from a ZIP archive or beside the sounds, saved as an archive.
import { fetchJson } from "./api.js";
import { completed } from "./mix_project.js";
import { library } from "./library.js";
import { isSound } from "./folder.js";
import { counted, firstFree, Refusal } from "./ui.js";
import { unzip, zip } from "./zip.js";

const PROJECT = /\.toml$/i;
const ARCHIVE = /\.zip$/i;
const FOLDER = "sounds";
const LONGEST = 60; // characters of a name
const NAMED = 3; // missing files in a message

/** Return a project in TOML as data. */
export async function parsed(text) { return completed(await fetchJson("/studio/mix", { method: "POST", body: text })); }

/** Return the last part of a path. */
function fileName(path) { return path.split(/[\\/]/).pop(); }

/** Return a path below the folder of a project that no other file has, of characters that every system allows. */
function freePath(files, name) {
  const clean = fileName(name).replace(/[^\p{L}\p{N}._+-]+/gu, "_").replace(/^[.-]+/, "");
  const [, stem, ending] = clean.match(/^(.*?)(\.\w+)?$/);
  return firstFree(Object.keys(files), number => `${FOLDER}/${[...stem].slice(0, LONGEST).join("") || "sound"}${number}${(ending ?? "").toLowerCase()}`);
}

/** Return the path of a clip in the files of a project, `{ path: id of the clip }`, and the files with it. */
export function pathOf(files, clip) {
  const known = Object.keys(files).find(path => files[path] === clip.id);
  if (known) return [known, files];
  const path = freePath(files, clip.name);
  return [path, { ...files, [path]: clip.id }];
}

/** Return the paths that a project reads: of its regions, and those of its files that chains of effects name. */
export function pathsIn(project, files) {
  const regions = project.tracks.flatMap(track => track.regions);
  const chains = [...project.tracks, ...project.buses, project.master, ...regions].map(each => each.effects).filter(Boolean);
  return [...new Set([...regions.map(region => region.file), ...Object.keys(files).filter(path => chains.some(chain => chain.includes(path)))])];
}

/**
 * Return the project in files that the user gave, `{ project, files }`: a ZIP archive, or a project and its sounds.
 * Sounds that are not among them are taken from the history by their names.
 */
export async function openProject(given) {
  const entries = [];
  for (const file of given) {
    if (ARCHIVE.test(file.name)) entries.push(...await unzip(file));
    else entries.push({ name: file.webkitRelativePath || file.name, blob: file });
  }
  const found = entries.find(({ name }) => PROJECT.test(name));
  if (!found) throw new Refusal("There is no project in what was given; give a ZIP archive of the studio, or a .toml file together with its sounds.");
  const project = await parsed(await found.blob.text());
  const root = found.name.slice(0, found.name.length - fileName(found.name).length);
  return connected(project, path => soundFor(path, entries, root));
}

/** Return the file of a path among those that were given: at its place, or by its name. */
function soundFor(path, entries, root) {
  const sounds = entries.filter(({ name }) => isSound({ name }));
  const entry = sounds.find(({ name }) => name === root + path) || sounds.find(({ name }) => fileName(name) === fileName(path));
  return entry && (async () => (await library.addFiles([new File([entry.blob], fileName(path))]))[0]);
}

/** Return a project with its files: `loaderOf(path)` returns what makes the clip of one, if it is known. */
export async function connected(project, loaderOf) {
  const named = new Map();
  const files = {};
  const missing = [];
  const chains = [...project.tracks, ...project.buses, project.master, ...project.tracks.flatMap(track => track.regions)].map(each => each.effects || "");
  const inChains = chains.flatMap(chain => [...chain.matchAll(/\bfile\s*=\s*(?:"([^"]+)"|([^\s;"]+))/g)].map(([, quoted, plain]) => quoted ?? plain));
  for (const path of new Set([...project.tracks.flatMap(track => track.regions.map(region => region.file)), ...inChains])) {
    const load = loaderOf(path);
    const clip = load ? await load() : library.all().find(each => each.name === fileName(path));
    if (!clip) { missing.push(path); continue; }
    const kept = isPlain(path) ? path : freePath(files, path);
    named.set(path, kept);
    files[kept] = clip.id;
  }
  if (missing.length) {
    const names = missing.slice(0, NAMED).join(", ") + (missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "");
    throw new Refusal(`The project reads ${counted(missing.length, "file")} that ${missing.length === 1 ? "is" : "are"} not there: ${names}; choose the project together with its sounds.`);
  }
  const chain = each => ({ ...each, effects: inChains.reduce((text, path) => text.replaceAll(path, named.get(path)), each.effects) });
  const tracks = project.tracks.map(track => ({ ...chain(track), regions: track.regions.map(region => chain({ ...region, file: named.get(region.file) })) }));
  return { project: { ...project, tracks, buses: project.buses.map(chain), master: chain(project.master) }, files };
}

/** Return whether a path lies below the folder of the project, and has characters that every system allows. */
function isPlain(path) { return /^([\p{L}\p{N}_+][\p{L}\p{N}._+-]*\/)*[\p{L}\p{N}_+][\p{L}\p{N}._+-]*\.[a-z0-9]+$/u.test(path); }

/** Return the clips of the paths that a project reads; raise an error that names those that were removed. */
export function clipsOf(project, files) {
  return pathsIn(project, files).map(path => {
    const clip = library.get(files[path]);
    if (!clip) throw new Refusal(`The sound ${fileName(path)} was removed; remove its regions, or undo.`);
    return [path, clip];
  });
}

/** Return the files that the server needs for a project. */
export function attachmentsOf(project, files) { return clipsOf(project, files).map(([path, clip]) => library.file(clip).at(path)); }

/** Return an archive of a project and its sounds. */
export async function archiveOf(project, files, text, name) {
  const sounds = await Promise.all(clipsOf(project, files).map(async ([path, clip]) => ({ name: path, blob: await library.blob(clip) })));
  return zip([{ name, blob: new Blob([text]) }, ...sounds]);
}
