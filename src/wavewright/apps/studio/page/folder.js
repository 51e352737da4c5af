// Folders of sound files: chosen or dropped, with their paths.
import { ServerFile } from "./api.js";

const ENDINGS = `
  3g2 3ga 3gp aac ac3 aif aifc aiff amr ape asf au avi avr awb bwf caf dsf dts eac3 f4v flac flv gsm m2ts m4a m4b
  m4r m4v mka mkv mlp mov mp2 mp3 mp4 mpc mpeg mpg mpga nist oga ogg ogv oma opus paf pvf qcp rf64 shn snd sph spx
  tak thd tta vob voc vqf w64 wav wave weba webm wma wmv wv`.trim().split(/\s+/); // of all files that tasks read as sounds
const SOUNDS = new RegExp(`\\.(${ENDINGS.join("|")})$`, "i");
const TABLES = /\.(mid|midi|csv|jsonl|txt)$/i; // scores, texts and labels beside the sounds

/** What a field of sound files offers; browsers know some endings as no kind of sound. */
export const SOUND_FILES = `audio/*,video/*,${ENDINGS.map(ending => `.${ending}`)}`;

/** Return whether the name of a file is that of a sound. */
export function isSound(file) { return SOUNDS.test(file.name); }

/** Return the files of a list that a training or a map may use, each with its path. */
export function filesOf(list) {
  return [...list].filter(file => isSound(file) || TABLES.test(file.name)).map(file => ({ file, path: file.webkitRelativePath || file.name }));
}

/** Return the sound files that were dropped, those in folders too. */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  for (const entry of entries) await collect(entry, found);
  return found.filter(({ file }) => isSound(file) || TABLES.test(file.name));
}

async function collect(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (;;) { // it answers some entries at a time
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return;
    for (const each of entries) await collect(each, found);
  }
}

/** Return files as parameters name a folder, with their paths below it. */
export function folderOf(files) {
  return files.map(({ file, path }) => new ServerFile(file.name, async () => file).at(path.split("/").slice(1).join("/") || path));
}
