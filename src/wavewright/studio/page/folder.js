// Folders of sound files: chosen or dropped, with their paths, and uploaded in parts.
import { upload } from "./api.js";

const SOUNDS = /\.(wav|flac|ogg|opus|mp3|aif|aiff|m4a|mid|midi|csv|jsonl|txt)$/i;
const PART = 40; // files of one request

/** Return the sound files of a file field, each with its path. */
export function filesOf(list) {
  return [...list].filter(file => SOUNDS.test(file.name)).map(file => ({ file, path: file.webkitRelativePath || file.name }));
}

/** Return the sound files that were dropped, those in folders too. */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  for (const entry of entries) await collect(entry, found);
  return found.filter(({ file }) => SOUNDS.test(file.name));
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

/** Upload files; return them as parameters name a folder, with paths below it. */
export async function uploadFolder(files, onProgress, signal) {
  const references = [];
  for (let start = 0; start < files.length; start += PART) {
    const part = files.slice(start, start + PART);
    const uploaded = await upload(part.map(({ file }) => file), signal);
    references.push(...uploaded.map((reference, index) => ({ ...reference, path: part[index].path.split("/").slice(1).join("/") || part[index].path })));
    onProgress(references.length / files.length);
  }
  return references;
}
