// Write ZIP archives without compression, which sound files would not gain from (APPNOTE.TXT of PKWARE, 4.3).

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
