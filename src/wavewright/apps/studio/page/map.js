// A map of sounds: clips that sound alike lie close to each other, and play as the pointer moves over them.
import { run } from "./api.js";
import { colour, fitted, seriesColour, showLegend } from "./drawing.js";
import { exampleFile, KIT } from "./examples.js";
import { library } from "./library.js";
import { models, modelSelect, onModels } from "./models.js";
import { playClip } from "./pads.js";
import { sender } from "./send.js";
import { chosenFiles, commandBox, complain, counted, fill, foretell, guarded, h, labelled, say, select } from "./ui.js";
import { filesOf, isSound } from "./folder.js";

const NEAR = 40; // pixels
const N_NEW = 40;
const FEWEST = 3;

/** Build the panel. */
export async function open(panel) {
  const source = select([], "");
  const by = await modelSelect(() => [...models.filter(model => model.can_encode).map(model => [`model:${model.name}`, `latents of ${model.name}`]),
    ...models.filter(model => ["encoder", "classifier"].includes(model.family)).map(model => [`embedding:${model.name}`, `embedding by ${model.name}`]),
    ["embedding:log-mel", "log-mel spectrum"]], "embedding:log-mel");
  const folder = h("input", { type: "file", multiple: true, webkitdirectory: true, hidden: true, onchange: guarded(() => draw(filesOf(chosenFiles(folder)))) });
  const canvas = h("canvas", { tabindex: 0, role: "application", "aria-label": "Map of sounds: arrow keys move to the nearest clip and play it, Enter plays it again", "data-keys": true });
  const legend = h("div.legend");
  const here = h("p", { "aria-live": "polite" });
  const actions = h("div.row");
  const list = h("ol.past");
  const command = commandBox();
  const state = { points: [], current: null, labels: [] };
  const stage = h("div.stage", { "data-empty": "The clips appear here as points; those that sound alike lie close to each other." }, canvas);

  panel.append(
    h("div.row", {}, labelled("Clips", source), labelled("Compare by", by),
      h("button.primary", { onclick: guarded(() => draw()) }, "Draw the map"), folder),
    stage, legend, here, actions, command,
    h("details", {}, h("summary", {}, "The clips as a list"), list));

  function showSources() {
    const chosen = source.value;
    fill(source, [["history", `history (${library.all().length})`], ["favourites", `favourites (${library.all().filter(clip => clip.isFavourite).length})`],
      ["folder", "a folder of files …"], ...models.filter(model => model.can_generate).map(model => [`new:${model.name}`, `${N_NEW} new clips of ${model.name}`])],
    chosen || (library.all().length >= FEWEST ? "history" : "new:drums"));
  }

  /** Return the clips of the chosen source. */
  async function clipsOf(files) {
    if (files) return addFolder(files);
    if (source.value.startsWith("new:")) {
      const values = { model: source.value.slice(4), count: N_NEW, seed: Math.floor(Math.random() * 1e6) };
      const facts = { seed: values.seed };
      const job = await run("generate", values, { title: `Generate ${N_NEW} clips`, keep: { panel: "map", facts } });
      return library.addJob(job, values, facts);
    }
    return library.all().filter(clip => source.value === "history" || clip.isFavourite).slice(0, 200);
  }

  async function draw(files = null) {
    if (source.value === "folder" && !files) { folder.click(); return; }
    const clips = await clipsOf(files);
    if (clips.length < FEWEST) { say(`A map needs at least ${FEWEST} clips; there ${clips.length === 1 ? "is" : "are"} ${clips.length}.`); return; }
    const byPath = new Map();
    const references = clips.map((clip, index) => {
      const safe = text => String(text).replace(/[^\w.-]+/g, "-");
      const path = `${clip.label ? `${safe(clip.label)}/` : ""}${String(index).padStart(3, "0")}-${safe(clip.name)}`;
      byPath.set(`${String(index).padStart(3, "0")}-`, clip);
      return library.file(clip).at(path);
    });
    const [kind, name] = by.value.split(":");
    const job = await run("map", { folder: references, [kind]: name, label_from: clips.some(clip => clip.label) ? "folder" : "none" }, { title: "Map" });
    command.show(job.command);
    show(job.result.details.clips.map(each => ({ ...each, clip: byPath.get(each.file.split("/").pop().slice(0, 4)) })).filter(each => each.clip));
    for (const { reason } of job.result.failed) say(reason);
  }

  /** Show clips at their places: `[{clip, label, x, y}]`. */
  function show(points) {
    Object.assign(state, { points, current: null, labels: [...new Set(points.map(each => each.label).filter(Boolean))].sort() });
    foretell(stage, "");
    paint();
    showLegend(legend, state.labels);
    showList();
    actions.replaceChildren();
    here.textContent = `${counted(points.length, "clip")} on the map.`;
  }

  /** Show the map of the examples. */
  async function showExample() {
    const places = JSON.parse(await (await exampleFile("map.json")).text());
    show(KIT.map(clip => ({ clip, label: clip.label, x: places[clip.name][0], y: places[clip.name][1] })));
    here.textContent = `${counted(KIT.length, "example")} on the map: move over them. Draw the map makes new clips.`;
  }

  /** Take removed clips from the map. */
  function forgetRemoved() {
    state.points = state.points.filter(point => library.get(point.clip.id));
    if (state.current && !library.get(state.current.clip.id)) { state.current = null; actions.replaceChildren(); }
    showList();
    here.textContent = `${counted(state.points.length, "clip")} on the map.`;
    paint();
  }

  function showList() {
    list.replaceChildren(...state.points.map(point => h("li", {}, h("button.small", { onclick: () => visit(point) }, titleOf(point)))));
  }

  function place(point, width, height) {
    return [18 + (point.x + 1) / 2 * (width - 36), 18 + (1 - (point.y + 1) / 2) * (height - 36)];
  }

  function paint() {
    const { context, width, height } = fitted(canvas);
    for (const point of state.points) {
      const [x, y] = place(point, width, height);
      context.fillStyle = seriesColour(Math.max(0, state.labels.indexOf(point.label)));
      context.beginPath();
      context.arc(x, y, point === state.current ? 10 : 6, 0, 7);
      context.fill();
      if (point.clip.isFavourite || point === state.current) {
        context.strokeStyle = colour("--ink");
        context.lineWidth = 2;
        context.stroke();
      }
    }
  }

  /** Go to a clip and play it. */
  function visit(point, isForced = true) {
    if (point === state.current && !isForced) return;
    state.current = point;
    paint();
    here.textContent = titleOf(point);
    actions.replaceChildren(
      h("button", { onclick: guarded(async () => { await library.favour(point.clip, !point.clip.isFavourite); visit(point); }), "aria-pressed": String(point.clip.isFavourite) }, point.clip.isFavourite ? "★ Favourite" : "☆ Favourite"),
      sender(point.clip, titleOf(point)));
    playClip(point.clip).catch(complain);
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    let least = NEAR;
    for (const point of state.points) {
      const [px, py] = place(point, box.width, box.height);
      const distance = Math.hypot(px - x, py - y);
      if (distance < least) { least = distance; best = point; }
    }
    return best;
  }

  canvas.addEventListener("pointermove", event => { const point = nearest(event); if (point) visit(point, false); });
  canvas.addEventListener("pointerdown", event => { const point = nearest(event); if (point) visit(point); });
  canvas.addEventListener("keydown", event => {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.key === "Enter" && state.current) visit(state.current);
    if (!direction || !state.points.length) return;
    event.preventDefault();
    const from = state.current || state.points[0];
    const score = point => {
      const [dx, dy] = [point.x - from.x, point.y - from.y];
      const along = dx * direction[0] + dy * direction[1];
      return along <= 0 ? Infinity : Math.hypot(dx, dy) + 2 * Math.hypot(dx - along * direction[0], dy - along * direction[1]);
    };
    const best = state.points.reduce((a, b) => score(b) < score(a) ? b : a);
    if (Number.isFinite(score(best))) visit(best);
  });
  library.onChange(() => {
    showSources();
    if (state.points.some(point => !library.get(point.clip.id))) forgetRemoved();
  });
  library.keepFor(() => state.points.map(point => point.clip.id));
  onModels(showSources);
  showSources();
  panel.addEventListener("studio-show", paint);
  addEventListener("resize", paint);
  if (library.all().length < FEWEST) await showExample().catch(() => {}); // the user has not asked for it
}

/** Add the sound files of a folder as clips, labelled by their first subfolders. */
function addFolder(files) {
  const sounds = files.filter(({ file }) => isSound(file));
  const labels = new Map(sounds.map(({ file, path }) => [file, path.split("/").length > 2 ? path.split("/")[1] : null]));
  return library.addFiles(sounds.map(({ file }) => file), file => ({ label: labels.get(file) }));
}

function titleOf(point) { return `${point.label ? `${point.label}: ` : ""}${point.clip.name}`; }
