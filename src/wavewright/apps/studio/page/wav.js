// WAV files: written, and decoded piece by piece.

const [RIFF, WAVE, FORMAT, DATA] = ["RIFF", "WAVE", "fmt ", "data"].map(name => new DataView(new TextEncoder().encode(name).buffer).getUint32(0));
const MOST_CHUNKS = 100; // that are looked through
const PIECE_SAMPLES = 2_000_000; // decoded at a time: the browser copies them while the page waits
const MARGIN = 1; // s around a piece, in which the filter of a resampler settles
const PCM = new Set([1, 3, 0xfffe]); // formats whose samples can be cut anywhere

/** Return a WAV file of 16-bit mono samples. */
export function wavFile(chunks, sampleRate) {
  const format = new Uint16Array([1, 1, 0, 0, 0, 0, 2, 16]);
  new Uint32Array(format.buffer).set([sampleRate, 2 * sampleRate], 1);
  return wavOf(format, new Blob(chunks));
}

function wavOf(format, samples) {
  const number = value => new Uint32Array([value]);
  return new Blob(["RIFF", number(20 + format.byteLength + samples.size), "WAVEfmt ", number(format.byteLength), format, "data", number(samples.size), samples],
    { type: "audio/wav" });
}

/** Return the `format` of a WAV file, its `sampleRate`, and its `samples` as a blob; null for any other file. */
export async function readWav(blob) {
  const read = async (at, size) => new DataView(await blob.slice(at, at + size).arrayBuffer());
  const head = await read(0, 12);
  if (head.byteLength < 12 || head.getUint32(0) !== RIFF || head.getUint32(8) !== WAVE) return null;
  let format = null;
  for (let at = 12, i = 0; at + 8 <= blob.size && i < MOST_CHUNKS; i++) {
    const chunk = await read(at, 8);
    const [name, size] = [chunk.getUint32(0), chunk.getUint32(4, true)];
    if (name === FORMAT) format = await read(at + 8, size);
    if (name === DATA) return format?.byteLength >= 16 ? { format, sampleRate: format.getUint32(4, true), samples: blob.slice(at + 8, at + 8 + size) } : null;
    at += 8 + size + size % 2;
  }
  return null;
}

/** Return the sound of a large WAV file, decoded piece by piece so that the page answers meanwhile; null for others. */
export async function decodedByPieces(blob, context) {
  const wav = blob.size > 2 * PIECE_SAMPLES && await readWav(blob);
  if (!wav || !PCM.has(wav.format.getUint16(0, true))) return null;
  const { format, sampleRate, samples } = wav;
  const [numberOfChannels, frameBytes] = [format.getUint16(2, true), format.getUint16(12, true)];
  const nFrames = Math.floor(samples.size / frameBytes);
  const sound = new AudioBuffer({ numberOfChannels, length: Math.ceil(nFrames / sampleRate * context.sampleRate), sampleRate: context.sampleRate });
  const seconds = Math.ceil(PIECE_SAMPLES / numberOfChannels / context.sampleRate); // whole ones begin at a sample at any rate
  for (let start = 0; start * sampleRate < nFrames; start += seconds) {
    const first = Math.max(0, start - MARGIN);
    const part = samples.slice(first * sampleRate * frameBytes, Math.min(nFrames, (start + seconds + MARGIN) * sampleRate) * frameBytes);
    const piece = await context.decodeAudioData(await wavOf(format, part).arrayBuffer());
    const skipped = (start - first) * context.sampleRate;
    for (let channel = 0; channel < numberOfChannels; channel++) {
      sound.copyToChannel(piece.getChannelData(channel).subarray(skipped, skipped + seconds * context.sampleRate), channel, start * context.sampleRate);
    }
  }
  return sound;
}
