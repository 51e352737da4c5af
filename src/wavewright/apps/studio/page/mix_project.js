// Projects of mixes as data: the tables that `wavewright mix` reads, with all values; their text, lengths and fades.
import { firstFree } from "./ui.js";

const REGION = { start: 0, offset: 0, length: null, gain_db: 0, pan: 0, fade_in: 0, fade_out: 0, fade_curve: "s-curve", loop: false, speed: 1, effects: "" };
const STRIP = { name: "", gain_db: 0, pan: 0, mute: false, effects: "", output: "master", sends: [] };
const MASTER = { gain_db: 0, pan: 0, effects: "" };
const PROJECT = { title: "", sample_rate: 48_000, channels: 2, length: null, tempo: null };
const EXPONENTIAL_FLOOR = 1e-3; // -60 dB, see dsp/assembly.py
const SHORTEST = 0.02; // s of a region
const NEAR = 1e-3; // s from the end of a file

/** Gains of a fade in by its curve, from 0 to 1 as time goes from 0 to 1. */
export const CURVES = {
  "s-curve": t => 0.5 - 0.5 * Math.cos(Math.PI * t),
  linear: t => t,
  "equal-power": t => Math.sin(0.5 * Math.PI * t),
  exponential: t => (EXPONENTIAL_FLOOR ** (1 - t) - EXPONENTIAL_FLOOR) / (1 - EXPONENTIAL_FLOOR),
};

/** Return a gain of a level in dB. */
export function gainOf(db) { return 10 ** (db / 20); }

/** Return a region, or a project, with the usual values where it has none. */
export function regionOf(values) { return { ...REGION, ...values }; }

export function completed(project) {
  const automated = strip => ({ ...strip, automation: { gain_db: [], pan: [], effects: [], ...strip.automation } });
  return {
    ...PROJECT, ...project,
    tracks: project.tracks.map((track, index) => automated({ ...STRIP, solo: false, ...track, name: track.name || `track ${index + 1}`,
      regions: (track.regions || []).map(regionOf) })),
    buses: (project.buses || []).map(bus => automated({ ...STRIP, ...bus })),
    master: automated({ ...MASTER, ...project.master }),
  };
}

/** Return a new track. */
export function trackOf(name, regions = []) { return completed({ tracks: [{ name, regions }] }).tracks[0]; }

/** Return a name that no track or bus has yet, which may also name a file. */
export function freeName(project, wanted) {
  const base = wanted.replace(/\.\w+$/, "").replace(/[^\p{L}\p{N}_-]+/gu, " ").trim().slice(0, 40) || "track";
  return firstFree(["master", ...namedStrips(project).map(each => each.name)], number => base + number.replace("-", " "));
}

/** Return the tracks and buses. */
export function namedStrips(project) { return [...project.tracks, ...project.buses]; }

/** Return all strips in their order, the master at the end. */
export function stripsOf(project) { return [...namedStrips(project), project.master]; }

/** Return a project in which the strip at a position of `stripsOf` is `change(strip)`. */
export function withStrip(project, position, change) {
  const { tracks, buses } = project;
  const replaced = (list, at) => list.map((each, index) => index === at ? change(each) : each);
  if (position < tracks.length) return { ...project, tracks: replaced(tracks, position) };
  if (position < tracks.length + buses.length) return { ...project, buses: replaced(buses, position - tracks.length) };
  return { ...project, master: change(project.master) };
}

/** Return a project in which a region is `change(region)`. */
export function withRegion(project, track, index, change) {
  return withStrip(project, track, each => ({ ...each, regions: each.regions.map((region, i) => i === index ? change(region) : region) }));
}

/** Return how long a region sounds; `seconds` are those of its file. */
export function lengthOf(region, seconds) {
  const left = Math.max(0, (seconds - region.offset) / region.speed);
  if (region.loop) return region.length ?? left;
  return Math.min(region.length ?? left, left);
}

/** Return how long a project is, without tails of effects; `secondsOf(path)` are those of a file. */
export function secondsOf(project, secondsOfFile) {
  if (project.length !== null) return project.length;
  return Math.max(0, ...project.tracks.flatMap(track => track.regions.map(region => region.start + lengthOf(region, secondsOfFile(region.file)))));
}

/** Return the gain of the fades of a region of `length` s, `t` s after its start. */
export function fadeAt({ fade_in: fadeIn, fade_out: fadeOut, fade_curve: curve }, length, t) {
  const out = Math.min(fadeOut, length); // a region that is shorter than its end's fade is faded as a whole
  const rising = fadeIn > 0 && t < fadeIn ? CURVES[curve](t / fadeIn) : 1;
  const falling = out > 0 && t > length - out ? CURVES[curve](Math.max(0, (length - t) / out)) : 1;
  return rising * falling;
}

/** Return the value of points `[time, value]` at a time, linear between them. */
export function valueAt(points, seconds) {
  if (seconds <= points[0][0]) return points[0][1];
  for (let index = 1; index < points.length; index++) {
    const [[t0, v0], [t1, v1]] = [points[index - 1], points[index]];
    if (seconds < t1) return v0 + (v1 - v0) * (seconds - t0) / (t1 - t0);
  }
  return points[points.length - 1][1];
}

/**
 * Changes of regions by `seconds`; all times are on samples of the mix, so that parts of a region join without a gap.
 * `total` are the seconds of the file.
 */
export class RegionEdits {
  constructor(sampleRate) { this.tidy = seconds => Math.round(seconds * sampleRate) / sampleRate; }

  /** Return a length that is shorter; one up to the end of the file stays that, whose length a browser knows roughly. */
  less(region, length, by) { return region.length === null ? null : this.tidy(length - by); }

  move(region, start) { return { ...region, start: this.tidy(Math.max(0, start)) }; }

  trimStart(region, total, start) {
    const length = lengthOf(region, total);
    const at = this.tidy(Math.min(Math.max(start, region.start - region.offset / region.speed, 0), region.start + length - SHORTEST));
    const by = at - region.start;
    return { ...region, start: at, offset: Math.max(0, this.tidy(region.offset + by * region.speed)), length: this.less(region, length, by) };
  }

  trimEnd(region, total, end) {
    const most = region.loop ? Infinity : (total - region.offset) / region.speed;
    const length = Math.max(end - region.start, SHORTEST);
    return { ...region, length: length > most - NEAR ? null : this.tidy(length) };
  }

  fade(region, total, side, seconds) {
    return { ...region, [side]: this.tidy(Math.min(Math.max(0, seconds), lengthOf(region, total))) };
  }

  /** Return both parts of a region; null where `seconds` is not inside of it, or it is a loop. */
  split(region, total, seconds) {
    const at = this.tidy(seconds);
    const length = lengthOf(region, total);
    const before = this.tidy(at - region.start);
    if (region.loop || before < SHORTEST || length - before < SHORTEST) return null;
    return [{ ...region, length: before, fade_out: 0 },
      { ...region, start: at, offset: this.tidy(region.offset + before * region.speed), length: this.less(region, length, before), fade_in: 0 }];
  }
}

/** Return a text, number, list or table in TOML. */
export function literal(value) {
  if (typeof value === "string") return JSON.stringify(value).replaceAll("\u007f", "\\u007f");
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value && typeof value === "object") return `{ ${Object.entries(value).map(([key, each]) => `${key} = ${literal(each)}`).join(", ")} }`;
  return String(value);
}

/** Return the lines of a table, without the usual values. */
function lines(values, usual) {
  return Object.entries(values)
    .filter(([key, value]) => value !== null && value !== undefined && literal(value) !== literal(usual[key] ?? null))
    .map(([key, value]) => `${key} = ${literal(value)}`);
}

function stripLines({ automation, regions, ...strip }, usual) {
  const moving = [
    ...["gain_db", "pan"].filter(name => automation[name].length).map(name => `automation.${name} = ${literal(automation[name])}`),
    ...automation.effects.length ? [`automation.effects = [\n${automation.effects.map(each => `  ${literal(withoutEmpty(each))},\n`).join("")}]`] : [],
  ];
  return [...lines(strip, usual), ...moving];
}

function withoutEmpty(table) { return Object.fromEntries(Object.entries(table).filter(([, value]) => value !== null && value !== undefined)); }

/** Return a project as the text that `wavewright mix` reads. */
export function tomlOf(project) {
  const { tracks, buses, master, ...top } = project;
  const parts = [lines(top, PROJECT)];
  for (const track of tracks) {
    parts.push(["[[tracks]]", ...stripLines(track, { ...STRIP, solo: false })]);
    for (const region of track.regions) parts.push(["[[tracks.regions]]", ...lines({ file: region.file, ...region }, REGION)]);
  }
  for (const bus of buses) parts.push(["[[buses]]", ...stripLines(bus, STRIP)]);
  const last = stripLines(master, MASTER);
  if (last.length) parts.push(["[master]", ...last]);
  return `${parts.filter(part => part.length).map(part => part.join("\n")).join("\n\n")}\n`;
}
