// The server: tasks as jobs, uploads, and the errors that it answers with, one sentence each.
import { jobRow } from "./ui.js";

const FINAL = new Set(["done", "failed", "cancelled"]);
const FIRST_WAIT = 0.15; // s; jobs that take longer report their progress, and can be cancelled

/** An error whose message is the server's sentence. */
export class ServerError extends Error {
  isExpected = true;
}

/** Fetch JSON; raise the server's sentence if it refuses. */
export async function fetchJson(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer; start `wavewright studio` again.");
  }
  const value = await reply.json().catch(() => null);
  if (!reply.ok) throw new ServerError(value?.error?.message || `The server answered ${reply.status}.`);
  return value;
}

/** Post an object as JSON and return the answer. */
export function postJson(path, value, signal) {
  return fetchJson(path, {
    method: "POST", body: JSON.stringify(value), headers: { "Content-Type": "application/json" }, signal,
  });
}

/** Fetch a file of a job. */
export async function fetchFile(file, signal) {
  const reply = await fetch(file.url, { signal });
  if (!reply.ok) throw new ServerError(`The file ${file.name} is no longer on the server.`);
  return reply.blob();
}

/** Upload files; return their references for parameters, `{"upload": id}`, in order. */
export async function upload(files, signal) {
  const form = new FormData();
  for (const file of files) form.append("file", file, file.path || file.name);
  const { uploads } = await fetchJson("/v1/uploads", { method: "POST", body: form, signal });
  return uploads.map(each => ({ upload: each.id }));
}

/**
 * Run a task to its end.
 *
 * @param {string} task Its name, such as "generate".
 * @param {object} parameters Its parameters; files are `{"upload": id}` or `{"job": id, "file": name}`.
 * @param {object} options `title` for the row of running jobs; `signal` cancels; `onProgress(job)`; `wait` in seconds.
 * @returns {Promise<object>} The job with `result`, `files` and `command`.
 */
export async function run(task, parameters, { title = task, signal, onProgress = () => {}, wait = FIRST_WAIT } = {}) {
  const controller = new AbortController();
  const row = jobRow(title, controller);
  const abort = () => controller.abort();
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    let job = await postJson(`/v1/tasks/${task}?wait=${wait}`, parameters, controller.signal);
    if (!FINAL.has(job.state)) {
      job = await follow(job, controller.signal, state => { row.update(state); onProgress(state); });
    }
    if (job.state === "failed") throw new ServerError(job.error || `${task} failed.`);
    if (job.state === "cancelled") throw new DOMException("Cancelled.", "AbortError");
    return job;
  } finally {
    signal?.removeEventListener("abort", abort);
    row.close();
  }
}

/** Follow a job's events to its end; an aborted signal cancels it. */
export function follow(job, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const events = new EventSource(`/v1/jobs/${job.id}/events`);
    const end = (settle, value) => { events.close(); signal?.removeEventListener("abort", cancel); settle(value); };
    const cancel = () => {
      fetch(`/v1/jobs/${job.id}`, { method: "DELETE" }).catch(() => {});
      end(reject, new DOMException("Cancelled.", "AbortError"));
    };
    const receive = event => {
      const state = JSON.parse(event.data);
      onProgress(state);
      if (FINAL.has(state.state)) end(resolve, state);
    };
    events.onmessage = receive;
    for (const kind of ["job", "state", "progress", "end"]) events.addEventListener(kind, receive);
    events.onerror = () => {
      if (events.readyState !== EventSource.CLOSED) return; // it connects again by itself
      fetchJson(`/v1/jobs/${job.id}`).then(state => end(resolve, state), error => end(reject, error));
    };
    signal?.addEventListener("abort", cancel);
    if (signal?.aborted) cancel();
  });
}

/**
 * Return a function that calls `action` with the newest value alone: while one call runs, later values replace each
 * other. For sliders, whose every movement would otherwise queue a job.
 */
export function latest(action) {
  let isRunning = false;
  let pending = null;
  return async function call(value) {
    if (isRunning) { pending = { value }; return; }
    isRunning = true;
    try {
      await action(value);
      while (pending) {
        const next = pending;
        pending = null;
        await action(next.value);
      }
    } finally {
      isRunning = false;
      pending = null;
    }
  };
}

let descriptions = null;

/** Return what the server has: models, effects, styles, patches and pieces; asked for once. */
export function describe() {
  descriptions ||= fetchJson("/studio/descriptions").catch(error => { descriptions = null; throw error; });
  return descriptions;
}

/** Let models be asked for again: there are others. */
export function forgetModels() {
  descriptions = null;
  details.clear();
}

const details = new Map();

/** Return what only an opened model says: `options` of generate, `attributes` of adjust; asked for once. */
export function detailsOf(name) {
  if (!details.has(name)) {
    const asked = fetchJson(`/studio/models/${encodeURIComponent(name)}`);
    details.set(name, asked);
    asked.catch(() => details.delete(name));
  }
  return details.get(name);
}

/** Let the server start the processes that run tasks, so that the first task does not wait for them. */
export function warmUp() { fetch("/v1/tasks").catch(() => {}); }
