// Mix sounds on tracks: regions, faders, automation and effects, played at once, rendered by the server.
import { describe, postJson, run, ServerFile } from "./api.js";
import { Arranger } from "./arranger.js";
import { SOUND_FILES } from "./folder.js";
import { History, undoButtons } from "./history.js";
import { library } from "./library.js";
import { archiveOf, attachmentsOf, openProject, pathOf } from "./mix_files.js";
import { changedRegion, RegionForm, StripForm } from "./mix_forms.js";
import { FrozenTracks } from "./mix_frozen.js";
import { MixMeter } from "./mix_meter.js";
import { MixPlayer, peakDb } from "./mix_player.js";
import { EXAMPLE } from "./mix_example.js";
import { completed, freeName, regionOf, secondsOf, stripsOf, tomlOf, trackOf, withStrip } from "./mix_project.js";
import { padOf } from "./pads.js";
import { takeResults } from "./pending.js";
import { stop } from "./player.js";
import { recordButton } from "./record.js";
import { receive } from "./send.js";
import { checkbox, chosenFiles, clock, commandBox, complain, counted, fill, guarded, h, labelled, onKeys, outputName, Refusal, save, say, select } from "./ui.js";

const PROJECT_NAME = "mix.toml";
const GRIDS = [["", "off"], ["0.1", "0.1 s"], ["0.5", "0.5 s"], ["1", "1 s"], ["quarter", "1/4 beat"], ["beat", "beats"], ["bar", "bars"]];
const BEATS = { quarter: 0.25, beat: 1, bar: 4 };
const USUAL_TEMPO = 120;
const RESTART_MS = 150; // after which changes of regions are heard
const SHOWN = { gain_db: { title: "Gain", low: -60, high: 12, unit: "dB", curve: "linear", usual: 0 }, pan: { title: "Position", low: -1, high: 1, unit: "", curve: "linear", usual: 0 } };
const AUDIBLE_HZ = [20, 20_000];
const SHOWN_DB = [-60, 24];
const WIDE = 20; // times its value: a range that is not shown as a whole
const DEFAULT_NAME = "mix";

/** Build the panel. */
export async function open(panel) {
  const { effects, mix: ranges } = await describe();
  const sounds = new Map(); // by clip
  const movable = new Map(); // settings that can move, by chain
  const host = { chosen: { strip: 0, region: null }, lanes: new Map(), clipboard: null, draftProject: null, get current() { return current(); } };
  const state = { played: null, timer: 0, frame: 0, nRenders: 0, clip: null, frozenProblem: "" };
  const history = new History("mix", EXAMPLE, () => show());
  const frozen = new FrozenTracks(() => { if (player.isPlaying) player.restart(); });
  const player = new MixPlayer(() => ({ project: project(), soundOf, frozen: frozen.of(current(), false), end: end(), loop: loop.control.checked ? state.range ?? [0, end()] : null }),
    () => { showPlaying(); follow(); });
  Object.assign(host, {
    soundOf, titleOf, draft, commit, choose, chooseStrip, seek, loopTo, addClips, laneOf, lanesOf, setLane, hideLane, showLane,
    changeStrip, changeRegion, rename, arrange, split, copy, paste, duplicate, remove, toggle: () => toggle().catch(complain), peakOf: meterNode => peakDb(meterNode, samples),
    format: () => ({ channels: project().channels, sample_rate: project().sample_rate, seconds: end() }),
  });
  const samples = new Float32Array(2048);
  const arranger = new Arranger(host);
  const regionForm = new RegionForm(host, ranges.region);
  const stripForm = new StripForm(host, ranges.track, effects);
  const meter = new MixMeter();
  const playButton = h("button.primary", { onclick: guarded(() => toggle()) }, "Play");
  const loop = checkbox("loop", false, () => { if (player.isPlaying) player.restart(); arranger.paintSoon(); });
  const position = h("output.position");
  const grid = select(GRIDS, "quarter", () => setGrid());
  const tempo = h("input", { type: "number", step: "any", min: ranges.project.tempo.minimum, max: ranges.project.tempo.maximum, required: true,
    onchange: () => { if (tempo.checkValidity()) edit(each => ({ ...each, tempo: tempo.valueAsNumber })); } });
  const clips = select([], "", () => { const clip = library.get(clips.value); clips.value = ""; if (clip) addChosen([clip]).catch(complain); });
  clips.setAttribute("aria-label", "Add a clip of the history");
  const soundFile = h("input", { type: "file", accept: SOUND_FILES, multiple: true, hidden: true, onchange: guarded(async () => { const files = chosenFiles(soundFile); if (files.length) await addChosen(await library.addFiles(files)); }) });
  const projectFile = h("input", { type: "file", accept: `.toml,.zip,${SOUND_FILES}`, multiple: true, hidden: true, onchange: guarded(async () => { const files = chosenFiles(projectFile); if (files.length) await openFiles(files); }) });
  const command = commandBox();
  const results = h("div.pads.small", {}, h("p.soft", {}, "Render makes one clip of the whole mix, which appears here and in the tray."));

  panel.append(
    h("div.row.transport", {}, playButton, h("button", { onclick: () => seek(0) }, "To the start"), loop, position, meter.live, ...undoButtons(history, h)),
    arranger.element,
    h("div.row.view", { role: "group", "aria-label": "View and tracks" }, labelled("Snap to", grid), labelled("Tempo", tempo),
      h("button.small", { onclick: () => arranger.zoom(0.5) }, "Zoom out"), h("button.small", { onclick: () => arranger.zoom(2) }, "Zoom in"), h("button.small", { onclick: () => arranger.fit() }, "Whole mix"),
      h("button.small", { onclick: () => addTrack() }, "Add track"), h("button.small", { onclick: () => addBus() }, "Add bus"),
      h("button.small", { onclick: () => soundFile.click() }, "Open sounds"), recordButton("a sound of the mix", clip => addChosen([clip])), clips, soundFile),
    h("div.row", {}, h("button.primary", { onclick: guarded(() => render()) }, "Render"), h("button", { onclick: guarded(() => saveProject()) }, "Save project"),
      h("button", { onclick: () => projectFile.click() }, "Open project"), h("button", { onclick: () => startNew() }, "New project"), projectFile),
    command, meter.loudness, results, regionForm.element, stripForm.element,
  );

  function current() { return host.draftProject ? { ...history.current, project: host.draftProject } : history.current; }

  function project() { return current().project; }

  function soundOf(path) { return sounds.get(current().files[path]); }

  function titleOf(path) { return library.get(current().files[path])?.name.replace(/\.\w+$/, "") ?? `${path.split("/").pop()} (missing)`; }

  function end() { return secondsOf(project(), path => soundOf(path)?.duration ?? 0); }

  /** Make a change of the project. */
  function edit(change, values = {}) {
    host.draftProject = null;
    history.push({ ...history.current, ...values, project: change(history.current.project) });
  }

  /** Show a change that is not made yet, such as that of a drag. */
  function draft(changed, strip = host.chosen.strip, region = host.chosen.region) {
    host.draftProject = changed;
    host.chosen = { strip, region };
    show();
  }

  function commit(changed, strip = host.chosen.strip, region = host.chosen.region) {
    host.chosen = { strip, region };
    edit(() => changed);
  }

  function changeStrip(strip, change, isDraft = false) {
    const changed = withStrip(history.current.project, strip, change);
    if (isDraft) draft(changed, strip, host.chosen.strip === strip ? host.chosen.region : null);
    else edit(() => changed);
  }

  /** Return the chosen region, if there is one. */
  function chosenRegion() { return host.chosen.region === null ? null : stripsOf(project())[host.chosen.strip]?.regions?.[host.chosen.region] ?? null; }

  function totalOf(region) { return soundOf(region.file)?.duration ?? 0; }

  function changeRegion(change) {
    const region = chosenRegion();
    if (region) edit(each => changedRegion(each, host.chosen, arranger.edits, totalOf(region), change));
  }

  /** Show the state of the history, or the draft. */
  function show() {
    const shown = project();
    const strips = stripsOf(shown);
    if (host.chosen.strip >= strips.length) host.chosen = { strip: 0, region: null };
    if (!strips[host.chosen.strip].regions?.[host.chosen.region]) host.chosen.region = null;
    if (document.activeElement !== tempo) tempo.value = String(shown.tempo ?? USUAL_TEMPO);
    setGrid(false);
    arranger.loop = loop.control.checked ? state.range : null;
    arranger.update();
    showForms();
    loadSounds().catch(complain);
    hear(shown);
    if (state.clip && state.renderedOf !== shown) meter.age();
  }

  function showForms() {
    const region = chosenRegion();
    regionForm.show(region, region ? titleOf(region.file) : "", region ? arranger.rows[host.chosen.strip].regions[host.chosen.region].length : 0, Boolean(host.clipboard), project().channels === 2);
    stripForm.show(project(), host.chosen.strip, settingsOf(stripsOf(project())[host.chosen.strip].effects));
    position.textContent = `${clock(arranger.cursor)} of ${clock(end())}`;
  }

  function choose(strip, region) {
    if (host.chosen.strip === strip && host.chosen.region === region) return;
    host.chosen = { strip, region };
    arranger.update();
    showForms();
  }

  function chooseStrip(strip) { if (host.chosen.strip !== strip) choose(strip, null); }

  /** Decode the sounds that are not there yet. */
  async function loadSounds() {
    const { files } = current();
    const missing = [...new Set(Object.values(files))].filter(id => !sounds.has(id) && library.get(id));
    if (!missing.length) return;
    await Promise.all(missing.map(async id => sounds.set(id, await library.sound(library.get(id)))));
    arranger.update();
    showForms();
  }

  /** Show all of a project that was opened, unless it is changed by the time its sounds are there. */
  async function fit() {
    const opened = history.current;
    await loadSounds();
    if (history.current === opened) arranger.fit();
  }

  /** Let what plays follow a change: faders at once, all else from its position on. */
  function hear(shown) {
    if (!player.isPlaying) { state.played = null; return; }
    const structure = JSON.stringify(shown, function (key, value) { return ["gain_db", "pan", "mute", "solo"].includes(key) && "automation" in this ? undefined : value; });
    if (state.played !== null && state.played !== structure) {
      clearTimeout(state.timer);
      state.timer = setTimeout(() => { frozen.of(current()); player.restart(); }, RESTART_MS);
    } else { player.follow(shown); }
    state.played = structure;
  }

  // ------------------------------------------------------------------------------------------------- playing

  async function toggle() {
    if (player.isPlaying) { stop(); return; }
    await loadSounds();
    if (!end()) { say("There is nothing on the tracks; add a clip, or open a sound."); return; }
    frozen.of(current());
    state.played = null;
    player.play(arranger.cursor >= end() - 0.01 ? (loop.control.checked && state.range?.[0]) || 0 : arranger.cursor);
    hear(project());
  }

  function seek(seconds) {
    arranger.setCursor(seconds);
    player.restart(seconds);
    showForms();
  }

  function loopTo(range) {
    state.range = range;
    loop.control.checked = true;
    arranger.loop = range;
    arranger.paintSoon();
    if (player.isPlaying && !(player.position() >= range[0] && player.position() < range[1])) player.restart(range[0]);
  }

  function showPlaying() { playButton.textContent = player.isPlaying ? "Stop" : "Play"; }

  /** Move the cursor and the meters while it plays. */
  function follow() {
    cancelAnimationFrame(state.frame);
    arranger.setCursor(player.isPlaying ? player.position() : Math.min(player.stoppedAt ?? 0, end()));
    position.textContent = `${clock(arranger.cursor)} of ${clock(end())}`;
    const { strips } = player;
    arranger.showLevels(strips);
    meter.showLevel(strips?.get("master").channels ?? null);
    if (!player.isPlaying) {
      if (frozen.problem) { complain(new Refusal(frozen.problem)); frozen.problem = ""; }
      return;
    }
    arranger.follow();
    state.frame = requestAnimationFrame(follow);
  }

  function setGrid(isShown = true) {
    const beat = 60 / (project().tempo ?? USUAL_TEMPO);
    arranger.grid = grid.value in BEATS ? BEATS[grid.value] * beat : Number(grid.value || 0);
    arranger.tempo = grid.value in BEATS ? project().tempo ?? USUAL_TEMPO : null;
    if (isShown) arranger.update();
  }

  // ---------------------------------------------------------------------------------------- regions and strips

  /** Add clips one after the other: on a track, or each on a new one. */
  async function addClips(added, strip, seconds) {
    const durations = await Promise.all(added.map(async clip => (await library.sound(clip)).duration));
    let { files } = history.current;
    let changed = history.current.project;
    let at = seconds;
    let chosen = host.chosen;
    added.forEach((clip, index) => {
      const [path, known] = pathOf(files, clip);
      files = known;
      const region = regionOf({ file: path, start: arranger.edits.tidy(at) });
      if (strip === null) changed = { ...changed, tracks: [...changed.tracks, trackOf(freeName(changed, clip.name), [region])] };
      else { changed = withStrip(changed, strip, track => ({ ...track, regions: [...track.regions, region] })); at += durations[index]; }
      const to = strip ?? changed.tracks.length - 1;
      chosen = { strip: to, region: changed.tracks[to].regions.length - 1 };
    });
    host.chosen = chosen;
    edit(() => changed, { files });
    say(`${counted(added.length, "clip")} added${strip === null ? ", each on a track of its own" : ` on ${changed.tracks[strip].name}`}.`);
  }

  /** Add clips to the chosen track, at the cursor. */
  function addChosen(added) { return addClips(added, host.chosen.strip < project().tracks.length ? host.chosen.strip : null, arranger.cursor); }

  function addTrack() {
    host.chosen = { strip: project().tracks.length, region: null };
    edit(each => ({ ...each, tracks: [...each.tracks, trackOf(freeName(each, `Track ${each.tracks.length + 1}`))] }));
  }

  function addBus() {
    host.chosen = { strip: project().tracks.length + project().buses.length, region: null };
    edit(each => completed({ ...each, buses: [...each.buses, { name: freeName(each, `Bus ${each.buses.length + 1}`) }] }));
    say("A bus is there; send tracks to it, or let them go through it.");
  }

  /** Give a track or a bus another name, everywhere. */
  function rename(strip, wanted) {
    const before = stripsOf(project())[strip].name;
    const others = { tracks: project().tracks.filter(each => each.name !== before), buses: project().buses.filter(each => each.name !== before) };
    const name = freeName(others, wanted);
    const lanes = host.lanes.get(before);
    if (lanes) { host.lanes.delete(before); host.lanes.set(name, lanes); }
    if (name !== before) edit(each => renamed(each, before, name)); else arranger.update();
  }

  function arrange(action) {
    const { strip } = host.chosen;
    const shown = project();
    const isTrack = strip < shown.tracks.length;
    const list = isTrack ? "tracks" : "buses";
    const at = isTrack ? strip : strip - shown.tracks.length;
    if (action === "remove") {
      host.chosen = { strip: Math.max(0, strip - 1), region: null };
      const { name } = shown[list][at];
      edit(each => renamed({ ...each, [list]: each[list].filter((_, index) => index !== at) }, name, null));
      say(`${name} is removed; Undo brings it back.`);
      return;
    }
    const to = at + (action === "up" ? -1 : 1);
    host.chosen = { strip: strip + to - at, region: null };
    edit(each => {
      const moved = [...each[list]];
      [moved[at], moved[to]] = [moved[to], moved[at]];
      return { ...each, [list]: moved };
    });
  }

  /** Change the regions of the chosen track by `change(regions)`, which returns them and the number of the chosen one. */
  function changeRegions(change) {
    const { strip } = host.chosen;
    const { regions } = project().tracks[strip];
    const [changed, region] = change(regions);
    commit(withStrip(project(), strip, track => ({ ...track, regions: changed })), strip, region);
    arranger.focus();
  }

  function split() {
    const region = chosenRegion();
    if (!region) return;
    const parts = arranger.edits.split(region, totalOf(region), arranger.cursor);
    if (!parts) { say(region.loop ? "A region that repeats cannot be split." : "Set the cursor inside of the region first: press the ruler or an empty place of a track."); return; }
    const { region: index } = host.chosen;
    changeRegions(regions => [[...regions.slice(0, index), ...parts, ...regions.slice(index + 1)], index + 1]);
    say(`Split at ${clock(arranger.cursor)}.`);
  }

  function copy() {
    host.clipboard = chosenRegion() ?? host.clipboard;
    showForms();
    if (host.clipboard) say(`${titleOf(host.clipboard.file)} is copied; Paste puts it at the cursor.`);
  }

  function paste() {
    if (!host.clipboard) return;
    if (host.chosen.strip >= project().tracks.length) { say("Choose a track first."); return; }
    if (!(host.clipboard.file in current().files)) { say("The sound of what was copied is not in this project."); return; }
    changeRegions(regions => [[...regions, { ...host.clipboard, start: arranger.edits.tidy(arranger.cursor) }], regions.length]);
  }

  /** Repeat the region behind itself. */
  function duplicate() {
    const region = chosenRegion();
    if (!region) return;
    const length = arranger.rows[host.chosen.strip].regions[host.chosen.region].length;
    changeRegions(regions => [[...regions, { ...region, start: arranger.edits.tidy(region.start + length) }], regions.length]);
  }

  function remove() {
    const { region: index } = host.chosen;
    if (index === null) return;
    changeRegions(regions => [regions.filter((_, i) => i !== index), regions.length > 1 ? Math.max(0, index - 1) : null]);
  }

  // ------------------------------------------------------------------------------------------------ automation

  /** Return the numbers that can move in a chain; they are asked for once. */
  function settingsOf(chain) {
    if (!chain.trim()) return [];
    const { channels, sample_rate } = project();
    const key = JSON.stringify([chain, channels, sample_rate]);
    if (!movable.has(key)) {
      movable.set(key, []);
      postJson("/studio/movable", { chain, channels, sample_rate }).then(({ settings }) => { movable.set(key, settings); arranger.update(); showForms(); })
        .catch(error => { movable.delete(key); complain(error); });
    }
    return movable.get(key);
  }

  /** Return the lanes of a strip that are shown: those with points, and those that were opened. */
  function lanesOf(position) {
    const strip = stripsOf(project())[position];
    const { opened, hidden } = shownLanes(strip.name);
    const moving = [...["gain_db", "pan"].filter(key => strip.automation[key].length), ...strip.automation.effects.filter(each => each.points?.length).map(each => `effect ${each.step} ${each.setting}`)];
    return [...new Set([...moving.filter(key => !hidden.includes(key)), ...opened])];
  }

  function shownLanes(name) { return { opened: [], hidden: [], ...host.lanes.get(name) }; }

  /** Open a lane, or hide it. */
  function setShown(position, key, isOpen) {
    const { name } = stripsOf(project())[position];
    const [opened, hidden] = Object.values(shownLanes(name)).map(keys => keys.filter(each => each !== key));
    (isOpen ? opened : hidden).push(key);
    host.lanes.set(name, { opened, hidden });
    arranger.update();
  }

  function showLane(position, key) {
    setShown(position, key, true);
    arranger.rows[position].lanes.get(key)?.row.querySelector("button").focus();
  }

  function hideLane(position, key) {
    setShown(position, key, false);
    say("The lane is hidden; its points stay, and Show lane brings it back.");
  }

  /** Return what a lane shows, null while it is not known. */
  function laneOf(position, key) {
    const strip = stripsOf(project())[position];
    if (key in SHOWN) {
      const points = strip.automation[key];
      const { low, high, ...rest } = SHOWN[key];
      const values = points.map(([, value]) => value);
      return { ...rest, points, low: Math.min(low, ...values), high: Math.max(high, ...values), usual: key === "pan" ? strip.pan : 0 };
    }
    const [, step, setting] = key.split(" ");
    const known = settingsOf(strip.effects).find(each => each.step === Number(step) && each.setting === setting);
    if (!known) return null;
    const moved = strip.automation.effects.find(each => each.step === known.step && each.setting === setting && each.points);
    const points = moved?.points ?? [];
    return { title: `${step}. ${known.title}`, points, ...shownRange(known, [known.value, ...points.map(([, value]) => value)]), unit: known.unit, curve: moved?.curve ?? known.curve, usual: known.value };
  }

  function setLane(position, key, points, isDraft) {
    changeStrip(position, strip => {
      if (key in SHOWN) return { ...strip, automation: { ...strip.automation, [key]: points } };
      const [, step, setting] = key.split(" ");
      const isIt = each => each.step === Number(step) && each.setting === setting && !each.lfo && !each.follow;
      const others = strip.automation.effects.filter(each => !isIt(each));
      const moved = { ...strip.automation.effects.find(isIt) ?? { step: Number(step), setting }, points };
      return { ...strip, automation: { ...strip.automation, effects: points.length ? [...others, moved] : others } };
    }, isDraft);
    if (!points.length) setShown(position, key, true); // a lane without points stays
  }

  // ------------------------------------------------------------------------------------ project, render, results

  function text() { return tomlOf(history.current.project); }

  async function render() {
    const { project: rendered, files } = history.current;
    await loadSounds();
    if (!end()) { say("There is nothing on the tracks; add a clip, or open a sound."); return; }
    const number = ++state.nRenders;
    command.show("");
    const contents = text();
    const values = { project: new ServerFile(PROJECT_NAME, async () => new Blob([contents])), attachments: attachmentsOf(rendered, files),
      out: outputName(rendered.title || DEFAULT_NAME, "-mix", Object.keys(files).map(path => path.split("/").pop())) };
    const job = await run("mix", values, { title: "Render the mix", keep: { panel: "mix", facts: { label: "mix" } } });
    const made = await library.addJob(job, { project: contents }, { label: "mix" });
    if (number !== state.nRenders) return;
    state.renderedOf = rendered;
    await showResult(job, made);
  }

  async function showResult(job, [clip]) {
    state.clip = clip;
    command.show(job.command);
    results.querySelector("p")?.remove();
    results.prepend(padOf(clip, { title: clip.name }));
    const { clipped } = job.result.details;
    say(clipped ? `${clip.name} is a clip; ${counted(clipped.n_samples, "sample")} exceeded full scale: lower the master, or add limit to its effects.` : `${clip.name} is a clip; it is in the tray, too.`);
    await meter.measure(clip);
    if (state.renderedOf && state.renderedOf !== project()) meter.age();
  }

  async function saveProject() {
    const { project: saved, files } = history.current;
    const name = outputName(saved.title || DEFAULT_NAME, "").replace(/\.wav$/, ".zip");
    save(await archiveOf(saved, files, text(), PROJECT_NAME), name);
    say(`${name} has the project and its sounds; unpack it, and wavewright mix ${PROJECT_NAME} renders the same.`);
  }

  async function openFiles(files) { openState(await openProject(files)); }

  /** Show a project with its files. */
  function openState(opened) {
    host.chosen = { strip: 0, region: null };
    host.lanes.clear();
    arranger.setCursor(0);
    state.range = null;
    host.draftProject = null;
    history.push(opened);
    fit().catch(complain);
    say(`${counted(opened.project.tracks.length, "track")} opened; Undo goes back to the project before.`);
  }

  function startNew() { openState({ project: completed({ tracks: [{ name: "Track 1" }] }), files: {} }); }

  function showClips() { fill(clips, [["", "Add a clip …"], ...library.choices()], ""); }

  showClips();
  show();
  fit().catch(() => {}); // the user has not asked for these sounds
  receive("mix", panel, { track: { set: clip => addClips([clip], null, arranger.cursor) }, project: { set: async opened => openState(opened) } }, complain);
  takeResults("mix", ({ job, clips: made }) => showResult(job, made).catch(complain));
  library.keepFor(() => [...Object.values(history.current.files), ...state.clip ? [state.clip.id] : []]);
  library.onChange(() => {
    showClips();
    for (const id of sounds.keys()) if (!library.get(id)) sounds.delete(id);
    for (const pad of results.querySelectorAll("[data-clip]")) if (!library.get(pad.dataset.clip)) pad.remove();
    arranger.update();
    showForms();
  });
  panel.addEventListener("studio-show", () => arranger.update());
  onKeys(panel, { " ": toggle }, history);
  panel.addEventListener("keydown", event => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "v" || event.target.matches("input, textarea, select")) return;
    event.preventDefault();
    paste();
  });
}

/** Return the range of a number that is shown: the whole, or what is usual of it, with the values that it has. */
function shownRange({ minimum: lowest, maximum: highest, unit }, values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  let [low, high] = [lowest, highest];
  if (unit === "Hz") [low, high] = [Math.max(low, AUDIBLE_HZ[0]), Math.min(high, AUDIBLE_HZ[1])];
  else if (unit === "dB") [low, high] = [Math.max(low, SHOWN_DB[0]), Math.min(high, SHOWN_DB[1])];
  else if (most > 0 && high > WIDE * most) high = Math.max(WIDE / 2 * most, low);
  return { low: Math.min(low, least), high: Math.max(high, most) };
}

/** Return a project in which a track or bus has another name, or, by null, is not named any more. */
function renamed(project, before, name) {
  const strip = each => ({
    ...each, ...each.name === before && name ? { name } : {},
    ...each.output === before ? { output: name ?? "master" } : {},
    ...each.sends ? { sends: each.sends.flatMap(send => send.to !== before ? [send] : name ? [{ ...send, to: name }] : []) } : {},
    ...each.duck?.by === before ? { duck: name ? { ...each.duck, by: name } : undefined } : {},
    automation: { ...each.automation, effects: each.automation.effects.flatMap(moved => moved.follow?.by !== before ? [moved] : name ? [{ ...moved, follow: { ...moved.follow, by: name } }] : []) },
  });
  return { ...project, tracks: project.tracks.map(strip), buses: project.buses.map(strip), master: strip(project.master) };
}
