// Waveforms, spectrograms, curves and points on canvases. Colours come from the page's style.
import { h } from "./ui.js";

const RANGE_DB = 80;
const MIN_HZ = 40;

/** Return a colour of the page's style, such as "--accent". */
export function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

/** Return the colours of a name such as "--series". */
function colours(name) { return colour(name).split(" "); }

/** 256 colours of spectrograms from dark to light, as one array of bytes. */
const PALETTE = (() => {
  const stops = colours("--picture").map(each => [1, 3, 5].map(start => parseInt(each.slice(start, start + 2), 16)));
  const bytes = new Uint8ClampedArray(4 * 256);
  for (let i = 0; i < 256; i++) {
    const position = i / 255 * (stops.length - 1);
    const lower = Math.min(Math.floor(position), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      bytes[4 * i + c] = stops[lower][c] + (position - lower) * (stops[lower + 1][c] - stops[lower][c]);
    }
    bytes[4 * i + 3] = 255;
  }
  return bytes;
})();

/** Fit a canvas to its size on the screen; return its context, in CSS pixels, and that size. */
export function fitted(canvas) {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth || canvas.width;
  const height = canvas.clientHeight || canvas.height;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Return a function that reads the mean of all channels of a buffer into `frame`, from the sample `start` on. */
function reader(buffer) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel));
  return (start, frame) => {
    frame.fill(0);
    for (const samples of channels) {
      for (let i = 0; i < frame.length; i++) frame[i] += (samples[start + i] || 0) / channels.length;
    }
  };
}

const PEAK_SAMPLES = 256; // of a smallest and a largest sample in an overview
const SLICE = 1 << 18; // samples that are read at a time, in some milliseconds
const COLUMNS = 32; // of a spectrogram that are computed at a time
const overviews = new WeakMap();

/** Let the page answer before a long computation goes on. */
function pause() { return new Promise(resolve => setTimeout(resolve)); }

/** Return the smallest and largest samples of a buffer, alternating; the page answers meanwhile. */
export function overviewOf(buffer) {
  if (!overviews.has(buffer)) overviews.set(buffer, overview(buffer));
  return overviews.get(buffer);
}

async function overview(buffer) {
  const peaks = new Float32Array(2 * Math.ceil(buffer.length / PEAK_SAMPLES));
  const read = reader(buffer);
  for (let start = 0; start < buffer.length; start += SLICE) {
    const wave = new Float32Array(Math.min(SLICE, buffer.length - start));
    read(start, wave);
    peaks.set(extremes(wave, 0, wave.length, Math.ceil(wave.length / PEAK_SAMPLES), PEAK_SAMPLES), 2 * start / PEAK_SAMPLES);
    if (start + SLICE < buffer.length) await pause();
  }
  return peaks;
}

/** Return the smallest and largest value of each of `nColumns` parts of samples, of `size` each, alternating. */
function extremes(wave, from, to, nColumns, size = (to - from) / nColumns) {
  const peaks = new Float32Array(2 * nColumns);
  for (let column = 0; column < nColumns; column++) {
    const start = from + Math.floor(column * size);
    const end = Math.min(to, Math.max(from + Math.floor((column + 1) * size), start + 1));
    let low = 0;
    let high = 0;
    for (let i = start; i < end; i++) {
      if (wave[i] < low) low = wave[i]; else if (wave[i] > high) high = wave[i];
    }
    peaks[2 * column] = low;
    peaks[2 * column + 1] = high;
  }
  return peaks;
}

/** Return the smallest and largest sample of each column from one sample to another, alternating. */
export function envelope(buffer, peaks, from, to, nColumns) {
  if (to - from > 4 * PEAK_SAMPLES * nColumns) {
    const [first, last] = [from, to].map(sample => Math.round(sample / PEAK_SAMPLES));
    return extremes(peaks, 2 * first, 2 * last, nColumns, 2 * (last - first) / nColumns);
  }
  const wave = new Float32Array(to - from);
  reader(buffer)(from, wave);
  return extremes(wave, 0, wave.length, nColumns);
}

/** Draw an envelope into a rectangle of a context. */
function drawEnvelope(context, peaks, x, y, width, height, fill = colour("--accent")) {
  const nColumns = peaks.length / 2;
  const middle = y + height / 2;
  context.fillStyle = fill;
  context.beginPath();
  for (let i = 0; i < nColumns; i++) context.lineTo(x + i * width / (nColumns - 1), middle - peaks[2 * i + 1] * height / 2);
  for (let i = nColumns - 1; i >= 0; i--) context.lineTo(x + i * width / (nColumns - 1), middle - peaks[2 * i] * height / 2 + 0.6);
  context.fill();
}

/** Return the magnitudes of the first half of the spectrum of `frame`, whose length is a power of two. */
function spectrumOf(frame) {
  const size = frame.length;
  const real = Float64Array.from(frame);
  const imaginary = new Float64Array(size);
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [real[i], real[j]] = [real[j], real[i]];
  }
  for (let length = 2; length <= size; length <<= 1) {
    const angle = -2 * Math.PI / length;
    for (let k = 0; k < length / 2; k++) {
      const cosine = Math.cos(angle * k);
      const sine = Math.sin(angle * k);
      for (let a = k; a < size; a += length) {
        const b = a + length / 2;
        const re = real[b] * cosine - imaginary[b] * sine;
        const im = real[b] * sine + imaginary[b] * cosine;
        real[b] = real[a] - re; imaginary[b] = imaginary[a] - im;
        real[a] += re; imaginary[a] += im;
      }
    }
  }
  return Float64Array.from({ length: size / 2 }, (_, bin) => Math.hypot(real[bin], imaginary[bin]));
}

/**
 * Return a spectrogram of a buffer, from one sample to another, as a canvas; the page answers meanwhile.
 *
 * @param {object} options `nColumns` and `nRows`, each `rangeDb` from dark to light; the `size` of the transform; the lowest
 *     frequency `hzOf(row)` of each row, 0 being the highest; `isStale()`, whether something else is wanted by now: then
 *     null is returned.
 */
export async function spectrogram(buffer, from, to, { nColumns, nRows, rangeDb, size, hzOf, isStale = () => false }) {
  const read = reader(buffer);
  const window = Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / size));
  const level = new Float32Array(nColumns * nRows);
  const frame = new Float64Array(size);
  let highest = -100;
  const bins = Array.from({ length: nRows + 1 }, (_, row) => Math.min(size / 2 - 1, Math.round(hzOf(row - 1) * size / buffer.sampleRate)));
  for (let column = 0; column < nColumns; column++) {
    if (column && column % COLUMNS === 0 && nColumns > 4 * COLUMNS) {
      await pause();
      if (isStale()) return null;
    }
    read(from + Math.round((column + 0.5) * (to - from) / nColumns - size / 2), frame);
    for (let i = 0; i < size; i++) frame[i] *= window[i];
    const magnitude = spectrumOf(frame);
    for (let row = 0; row < nRows; row++) {
      let largest = 1e-9;
      for (let bin = bins[row + 1]; bin <= Math.max(bins[row] - 1, bins[row + 1]); bin++) largest = Math.max(largest, magnitude[bin]);
      const db = 20 * Math.log10(largest);
      level[row * nColumns + column] = db;
      if (db > highest) highest = db;
    }
  }
  const picture = new ImageData(nColumns, nRows);
  level.forEach((db, i) => {
    const shade = Math.max(0, Math.min(255, Math.floor(255 * (1 + (db - highest) / rangeDb))));
    picture.data.set(PALETTE.subarray(4 * shade, 4 * shade + 4), 4 * i);
  });
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: nColumns, height: nRows });
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return canvas;
}

/** A picture of a buffer, from one sample to another: spectrogram and waveform, one above the other. */
export class ClipPicture {
  static async of(buffer, from = 0, to = buffer.length, { split = 0.68, nColumns = 128, nRows = 96 } = {}) {
    const picture = new ClipPicture();
    Object.assign(picture, { buffer, from, to, split, peaks: await overviewOf(buffer) });
    const { sampleRate } = buffer;
    picture.spectrogram = await spectrogram(buffer, from, to, { nColumns, nRows, rangeDb: RANGE_DB, size: sampleRate > 16_000 ? 1024 : 512,
      hzOf: row => MIN_HZ * (sampleRate / 2 / MIN_HZ) ** (1 - (row + 1) / nRows) });
    return picture;
  }

  /** Draw it into a fitted canvas. */
  draw({ context, width, height }) {
    const y = Math.round(height * this.split);
    context.drawImage(this.spectrogram, 0, 0, width, y);
    drawEnvelope(context, envelope(this.buffer, this.peaks, this.from, this.to, Math.max(64, Math.round(width))), 0, y, width, height - y);
  }
}

/** Draw spectrogram and waveform of a buffer. */
export async function drawClip(canvas, buffer) {
  canvas.drawn = buffer;
  const picture = await ClipPicture.of(buffer);
  if (canvas.drawn === buffer) picture.draw(fitted(canvas)); // unless the canvas is that of another sound by now
}

/** Draw the waveform of a buffer. */
export async function drawWave(canvas, buffer) {
  const peaks = await overviewOf(buffer);
  const { context, width, height } = fitted(canvas);
  drawEnvelope(context, envelope(buffer, peaks, 0, buffer.length, Math.max(32, Math.round(width))), 0, 0, width, height);
}

/** Return the colour of the series or label with this number. */
export function seriesColour(index) {
  const all = colours("--series");
  return all[index % all.length];
}

/** Show names with their colours. */
export function showLegend(box, names) {
  box.replaceChildren(...names.map((name, index) => {
    const dot = h("i");
    dot.style.background = seriesColour(index);
    return h("span", {}, dot, name);
  }));
}

/** Draw curves, `[[x, y], ...]` by name, over axes with their ranges. */
export function drawCurves(canvas, curves) {
  const { context, width, height } = fitted(canvas);
  const points = Object.values(curves).flat();
  if (!points.length) return;
  const xs = points.map(point => point[0]);
  const ys = points.map(point => point[1]);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const toX = x => 46 + (width - 56) * (x - left) / (right - left || 1);
  const toY = y => height - 22 - (height - 34) * (y - low) / (high - low || 1);
  context.strokeStyle = colour("--line");
  context.strokeRect(46, 12, width - 56, height - 34);
  context.fillStyle = colour("--soft");
  context.font = "11px system-ui, sans-serif";
  context.fillText(short(high), 2, 18);
  context.fillText(short(low), 2, height - 22);
  context.fillText(`step ${left}`, 46, height - 6);
  context.textAlign = "right";
  context.fillText(String(right), width - 10, height - 6);
  context.textAlign = "left";
  Object.values(curves).forEach((curve, index) => {
    context.strokeStyle = context.fillStyle = seriesColour(index);
    context.lineWidth = 1.8;
    context.beginPath();
    for (const [x, y] of curve) context.lineTo(toX(x), toY(y));
    context.stroke();
    const [x, y] = curve[curve.length - 1];
    context.beginPath();
    context.arc(toX(x), toY(y), 2.5, 0, 7);
    context.fill();
  });
}

/** Return a number with three digits. */
export function short(value) { return Number(value.toPrecision(3)).toString(); }
