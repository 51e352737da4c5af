// The models that the page offers; the lists grow as soon as a training has made another one.
import { describe, detailsOf } from "./api.js";
import { fill, select } from "./ui.js";

/** All models, as the server describes them; complete once `loadModels` has been awaited. */
export let models = [];
const updates = new Set();

/** Fill `models`; asked for once. */
export async function loadModels() { ({ models } = await describe()); }

/** Return a select of the options that `offered()` makes of `models`; it keeps its choice when there are others. */
export async function modelSelect(offered, value, onchange) {
  await loadModels();
  const control = select(await offered(), value, onchange);
  updates.add(async () => fill(control, await offered(), control.value));
  return control;
}

/** Call `show()` when there are other models. */
export function onModels(show) { updates.add(show); }

/** Ask for the models again, and show them in every list. */
export async function refreshModels() {
  describe.forget();
  detailsOf.forget();
  await loadModels();
  await Promise.all([...updates].map(update => update()));
}
