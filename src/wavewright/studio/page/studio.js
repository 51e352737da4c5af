// The page: panels that open on demand, keys of the whole page, the level meter.
import { warmUp } from "./api.js";
import { library } from "./library.js";
import { colour } from "./drawing.js";
import { audio, onPlaying, output, stop } from "./player.js";
import { complain, h, say } from "./ui.js";

const TITLES = {
  generate: ["Generate clips", "Choose a model, press Generate, play the pads."],
  morph: ["Morph and adjust", "Move between two clips, and change what a clip sounds like, by sliders."],
  map: ["Map of sounds", "Clips that sound alike lie close to each other. Move over them to play them."],
  speech: ["Speech", "Words are marked as they are spoken."],
  enhance: ["Enhance a recording", "Remove noise and reverberation, and compare before and after."],
  editor: ["Editor", "Select a region, add effects, preview, apply. The file itself never changes."],
  sequence: ["Piano roll and step sequencer", "Compose, play and change scores, and render them with instruments."],
  training: ["Training", "Drop a folder of recordings, look at it, train a model, hear it learn."],
};
const opened = new Map();

/** Show the panel that the address names; its module is loaded when it is first shown. */
async function show() {
  say("");
  const name = TITLES[location.hash.slice(1)] ? location.hash.slice(1) : "generate";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  document.querySelector("nav [aria-current]").scrollIntoView({ block: "nearest", inline: "nearest" });
  for (const panel of document.querySelectorAll("main > section")) panel.hidden = true;
  if (!opened.has(name)) opened.set(name, build(name));
  const panel = opened.get(name);
  panel.hidden = false;
  panel.dispatchEvent(new Event("studio-show"));
  document.title = `${TITLES[name][0]} – Wavewright studio`;
}

function build(name) {
  const [title, hint] = TITLES[name];
  const panel = h("section", { "data-panel": name, "aria-labelledby": `${name}-title` },
    h("h2", { id: `${name}-title` }, title), h("p.soft", {}, hint));
  document.getElementById("main").append(panel);
  library.opened.then(() => import(`./${name}.js`)).then(module => module.open(panel)).then(() => { panel.dataset.ready = "true"; }).catch(complain);
  return panel;
}

/** Pass keys to the panel unless a field takes them. */
function onKey(event) {
  if (event.key === "Escape") { stop(); return; }
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
    output().getFloatTimeDomainData(samples);
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
document.getElementById("stop").addEventListener("click", stop);
addEventListener("hashchange", show);
addEventListener("keydown", onKey);
addEventListener("pointerdown", () => audio(), { once: true }); // browsers let sound start only after a gesture
for (const type of ["dragover", "drop"]) addEventListener(type, event => event.preventDefault()); // never leave the page
meter();
show();
warmUp(); // the server starts its processes while the user looks at the page
