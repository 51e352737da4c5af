// Write ZIP archives without compression, which sound files would not gain from, and read them (APPNOTE.TXT of PKWARE, 4.3).
import { Refusal } from "./ui.js";

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/**
 * Return an archive of files.
 *
 * @param {Array<{name: string, blob: Blob}>} files Their names must differ.
 */
export async function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, blob } of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const encoded = new TextEncoder().encode(name);
    // Version 2.0, UTF-8 names, no compression; 1980-01-01 as the time, so that equal files give equal archives.
    const fields = [20, 0x800, 0, 0, 0x21, crc32(bytes), bytes.length, bytes.length, encoded.length, 0];
    parts.push(record(0x04034b50, fields, "HHHHHIIIHH"), encoded, bytes);
    directory.push(record(0x02014b50, [20, ...fields, 0, 0, 0, 0, offset], "HHHHHHIIIHHHHHII"), encoded);
    offset += 30 + encoded.length + bytes.length;
  }
  const nBytes = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record(0x06054b50, [0, 0, files.length, files.length, nBytes, offset, 0], "HHHHIIH");
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Return a signature and numbers of 16 (H) and 32 bits (I), little endian. */
function record(signature, numbers, format) {
  const view = new DataView(new ArrayBuffer(4 + [...format].reduce((sum, kind) => sum + (kind === "H" ? 2 : 4), 0)));
  view.setUint32(0, signature, true);
  let at = 4;
  numbers.forEach((number, i) => {
    if (format[i] === "H") { view.setUint16(at, number, true); at += 2; } else { view.setUint32(at, number, true); at += 4; }
  });
  return new Uint8Array(view.buffer);
}

const END_BYTES = 22; // of the record at the end, without its comment of at most 65,535
const [STORED, DEFLATED] = [0, 8];

/** Return the files of an archive, `[{ name, blob }]`; raise an error with a sentence if it is none. */
export async function unzip(archive) {
  const tail = new DataView(await archive.slice(Math.max(0, archive.size - 65_557)).arrayBuffer());
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at--;
  const broken = () => new Refusal("This is no ZIP archive that can be read, or only a part of one; pack it again.");
  if (at < 0) throw broken();
  try {
    const [count, nBytes, start] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
    const directory = new DataView(await archive.slice(start, start + nBytes).arrayBuffer());
    const files = [];
    for (let position = 0; files.length < count;) {
      const half = offset => directory.getUint16(position + offset, true);
      const whole = offset => directory.getUint32(position + offset, true);
      const name = new TextDecoder().decode(new Uint8Array(directory.buffer, position + 46, half(28)));
      files.push({ name, blob: await unpacked(archive, { method: half(10), nPacked: whole(20), at: whole(42) }) });
      position += 46 + half(28) + half(30) + half(32);
    }
    return files.filter(({ name }) => !name.endsWith("/"));
  } catch (error) { throw error?.isExpected ? error : broken(); }
}

/** Return one file of an archive. */
async function unpacked(archive, { method, nPacked, at }) {
  const header = new DataView(await archive.slice(at, at + 30).arrayBuffer());
  const start = at + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = archive.slice(start, start + nPacked);
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw new Refusal("A file of this ZIP archive is packed by a method that is not known here; pack it as usual.");
  return new Response(packed.stream().pipeThrough(new DecompressionStream("deflate-raw"))).blob();
}

/** Return files whose names differ: the second "kick.wav" becomes "kick-2.wav". */
export function withUniqueNames(files) {
  const seen = new Map();
  return files.map(file => {
    const count = (seen.get(file.name) || 0) + 1;
    seen.set(file.name, count);
    if (count === 1) return file;
    const dot = file.name.lastIndexOf(".");
    return { ...file, name: `${file.name.slice(0, dot)}-${count}${file.name.slice(dot)}` };
  });
}
