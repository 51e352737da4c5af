// Send a clip from one panel to a field of another.
import { h } from "./ui.js";

/** Places that take a clip: panel, place in it, and its title. */
const PLACES = [
  ["morph", "A", "Morph: from"], ["morph", "B", "Morph: to"], ["morph", "sound", "Adjust and vary"],
  ["kit", "source", "Slice"], ["enhance", "source", "Enhance"], ["podcast", "Speaker 1", "Podcast: speaker 1"], ["podcast", "Speaker 2", "Podcast: speaker 2"],
  ["mix", "track", "Mix: a new track"], ["dub", "source", "Dub"], ["editor", "source", "Editor"], ["editor", "second", "Editor: second sound"],
];
const waiting = new Map();

/** Show a panel and give a clip to one of its places. */
export function sendTo(name, place, clip) {
  waiting.set(name, [...(waiting.get(name) || []), { place, clip }]);
  if (location.hash === `#${name}`) deliver(name); else location.hash = name;
}

/** Let a panel receive clips in its fields, by the names of their places. */
export function receive(name, panel, slots, onerror) {
  const take = () => {
    for (const { place, clip } of waiting.get(name) || []) slots[place].set(clip).catch(onerror);
    waiting.delete(name);
  };
  panel.addEventListener("studio-show", take);
  panel.addEventListener("studio-take", take);
  take();
}

function deliver(name) { document.querySelector(`[data-panel=${name}]`).dispatchEvent(new Event("studio-take")); }

/** Return a list of the places that a clip can be sent to. */
export function sender(clip, title) {
  const list = h("select.send", { "aria-label": `Send ${title} to`, onchange: () => {
    const [name, place] = PLACES[Number(list.value)];
    list.value = "";
    sendTo(name, place, clip);
  } }, h("option", { value: "" }, "Send to …"), ...PLACES.map(([, , text], index) => h("option", { value: String(index) }, text)));
  return list;
}
