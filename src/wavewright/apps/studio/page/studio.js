// The page: panels that open on demand, keys of the whole page, the level meter.
import { fetchJson, onReturn, runOn, warmUp } from "./api.js";
import { library } from "./library.js";
import { colour } from "./drawing.js";
import { adoptJobs, giveResult } from "./pending.js";
import { audio, meterNode, onPlaying, stop } from "./player.js";
import { openTray } from "./tray.js";
import { checkNumbers, complain, counted, forgetMessages, h, keepFocus, say, showJobsOfOtherTabs } from "./ui.js";

const TITLES = {
  start: ["Make sounds, speech and music on your own computer", ""],
  generate: ["Generate clips", "Choose a model, press Generate, play the pads."],
  morph: ["Morph and adjust", "Move between two clips, and change what a clip sounds like, by sliders."],
  map: ["Map of sounds", "Clips that sound alike lie close to each other. Move over them to play them."],
  speech: ["Speech", "Words are marked as they are spoken."],
  kit: ["Slice a loop", "Cut a recording of drums at its hits, and play them as a kit."],
  enhance: ["Enhance a recording", "Remove noise and reverberation, and compare before and after."],
  podcast: ["Make a podcast episode", "One recording of each speaker, begun at the same time, or one of all."],
  dub: ["Dub a recording", "Its lines in another language, each in its time. Drag their borders, change a translation, play it."],
  mix: ["Mix on tracks", "Drag regions, their ends and their fades, press Play; Render makes one clip of all of it."],
  editor: ["Editor", "Select a region, add effects, preview, apply. The file itself never changes."],
  sequence: ["Piano roll and step sequencer", "Press Play, then change notes, tempo, instrument and accompaniment while they play."],
  training: ["Training", "Drop a folder of recordings, look at it, train a model, hear it learn."],
};
const SOUNDLESS = new Set(["sequence"]); // panels whose results are no clips
const SPRING_MS = 600;
const opened = new Map();

function named() { return TITLES[location.hash.slice(1)] ? location.hash.slice(1) : "start"; }

/** Show the panel that the address names; its module is loaded when it is first shown. */
async function show() {
  say("");
  const name = named();
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  document.querySelector("nav [aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
  for (const panel of document.querySelectorAll("main > section")) panel.hidden = true;
  const panel = panelOf(name);
  panel.hidden = false;
  panel.dispatchEvent(new Event("studio-show"));
  document.title = `${TITLES[name][0]} – Wavewright studio`;
}

/** Return a panel, which is built if it is not there yet. */
function panelOf(name) {
  if (!opened.has(name)) opened.set(name, build(name));
  return opened.get(name);
}

function build(name) {
  const [title, hint] = TITLES[name];
  const panel = h("section", { "data-panel": name, "aria-labelledby": `${name}-title` });
  document.getElementById("main").append(panel);
  const heading = () => [h("h2", { id: `${name}-title` }, title), hint && h("p.soft", {}, hint)].filter(Boolean);
  panel.fill = async () => {
    delete panel.dataset.failed;
    panel.replaceChildren(...heading());
    try {
      await library.opened;
      await (await import(`./${name}.js`)).open(panel);
      panel.dataset.ready = "true";
    } catch (error) {
      panel.dataset.failed = "true";
      const sentence = error?.isExpected ? error.message : "This panel could not be opened.";
      panel.replaceChildren(...heading(), h("p", {}, sentence), h("button", { onclick: () => reopen(name, error) }, "Try again"));
      if (!panel.hidden) complain(error?.isExpected ? error : Object.assign(error, { isExpected: isFetchError(error) }));
    }
  };
  panel.fill();
  return panel;
}

/** Return whether a script could not be fetched; browsers keep that until the page is loaded again. */
function isFetchError(error) { return error instanceof TypeError && /module/i.test(error.message); }

function reopen(name, error) {
  if (isFetchError(error)) { location.hash = name; location.reload(); } else opened.get(name).fill();
}

/** Open the panels again that could not be opened while the server did not answer. */
function recover() {
  say(""); // the error that it does not
  say("The server answers again.");
  for (const panel of opened.values()) if (panel.dataset.failed) panel.querySelector("button").click();
}

/** Take up the jobs that ran when the page was loaded again or closed, and show a training that goes on. */
async function takeUp() {
  await library.opened;
  for (const [id, record] of await adoptJobs()) takeUpJob(id, record).catch(complain);
  const { jobs } = await fetchJson("/v1/jobs");
  if (jobs.some(job => job.task === "train" && ["queued", "running"].includes(job.state)) && !opened.has("training")) {
    panelOf("training").hidden = true;
  }
}

async function takeUpJob(id, { title, parameters, panel, facts }) {
  const job = await runOn(id, title);
  const clips = SOUNDLESS.has(panel) ? [] : await library.addJob(job, parameters, facts);
  giveResult(panel, { job, clips, parameters });
  say(clips.length ? `${title}: ${counted(clips.length, "clip")} of before the page was loaded, in the history.` : `${title}: done.`);
}

/** Open a panel when a pad is held over its name. */
function openWhileDragging() {
  for (const link of document.querySelectorAll("nav a")) {
    let timer = null;
    const leave = () => { clearTimeout(timer); timer = null; };
    link.addEventListener("dragover", () => { timer ??= setTimeout(() => { location.hash = link.hash; }, SPRING_MS); });
    for (const type of ["dragleave", "drop"]) link.addEventListener(type, leave);
  }
}

/** Fetch the other panels, so that they open even if the server is being started again. */
function fetchPanels() { for (const name of Object.keys(TITLES)) import(`./${name}.js`).catch(() => {}); }

let isByKeys = true; // whether the focus came to its control by the keyboard

/** Pass keys to the panel unless a field takes them, or a control that Space presses. */
function onKey(event) {
  if (event.key === "Escape") { stop(); return; }
  if (event.key === "Tab") isByKeys = true;
  if (event.key === " " && isByKeys && event.target.closest?.("button, summary, input")) return;
  const isTyping = event.target.closest?.("input:not([type=checkbox], [type=range]), textarea, select, [data-keys]");
  if (isTyping || event.altKey || event.metaKey || (event.ctrlKey && event.key.toLowerCase() !== "z")) return;
  const panel = document.querySelector("main > section:not([hidden])");
  panel?.dispatchEvent(new CustomEvent("studio-key", { detail: event }));
  if (event.ctrlKey) event.preventDefault();
}

/** Draw the level of the sound while there is some. */
function meter() {
  const canvas = document.getElementById("meter");
  const context = canvas.getContext("2d");
  const samples = new Float32Array(2048);
  let isRunning = false;
  const draw = () => {
    meterNode().getFloatTimeDomainData(samples);
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const fraction = Math.max(0, 1 + 20 * Math.log10(Math.max(peak, 1e-6)) / 60);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = colour("--line");
    context.fillRect(0, 9, canvas.width, 6);
    context.fillStyle = colour("--accent");
    context.fillRect(0, 9, fraction * canvas.width, 6);
    if (isRunning || fraction > 0) requestAnimationFrame(draw);
  };
  context.fillStyle = colour("--line");
  context.fillRect(0, 9, canvas.width, 6);
  onPlaying(isPlaying => {
    document.getElementById("stop").disabled = !isPlaying;
    const wasRunning = isRunning;
    isRunning = isPlaying;
    if (isPlaying && !wasRunning) requestAnimationFrame(draw);
  });
}

library.opened = library.open();
library.opened.then(openTray);
document.getElementById("stop").addEventListener("click", stop);
addEventListener("hashchange", show);
addEventListener("keydown", onKey);
addEventListener("pointerdown", () => { isByKeys = false; }, true);
addEventListener("pointerdown", () => audio(), { once: true }); // browsers let sound start only after a gesture
for (const type of ["dragover", "drop"]) addEventListener(type, event => event.preventDefault()); // never leave the page
document.querySelector(".skip").addEventListener("click", event => { // its address would be that of a panel
  event.preventDefault();
  document.getElementById("main").focus();
});
forgetMessages();
keepFocus();
checkNumbers();
openWhileDragging();
showJobsOfOtherTabs();
onReturn(recover);
meter();
show();
takeUp().catch(complain);
setTimeout(fetchPanels, 3000);
warmUp(); // the server starts its processes while the user looks at the page
