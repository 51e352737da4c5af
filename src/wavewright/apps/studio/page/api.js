// The server: tasks as jobs, files that they read, and the errors that it answers with, one sentence each.
import { forgetJob, rememberJob } from "./pending.js";
import { jobRow } from "./ui.js";

const FINAL = new Set(["done", "failed", "cancelled"]);
const FIRST_WAIT = 0.15; // s; jobs that take longer report their progress, and can be cancelled
const GONE = new Set(["upload_not_found", "job_not_found", "file_not_found"]);
const PART = 40; // files of one request
const TRIES = 4; // to reach the server again while it computes a job
const TRY_MS = 1000;
const HEALTH_MS = 10_000;

/** An error whose message is a sentence for the user; `code` is the server's. */
export class ServerError extends Error {
  isExpected = true;

  constructor(message, code = null) {
    super(message);
    this.code = code;
  }
}

/** Fetch an answer; raise the server's sentence if it refuses. */
export async function request(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    watchServer();
    throw new ServerError("The server does not answer; start `wavewright studio` again.", "no_answer");
  }
  if (reply.ok) return reply;
  const value = await reply.json().catch(() => null);
  throw new ServerError(value?.error?.message || `The server answered ${reply.status}.`, value?.error?.code);
}

/** Fetch JSON. */
export async function fetchJson(path, options = {}) { return body(await request(path, options), reply => reply.json()); }

/** Read the rest of an answer; raise a sentence if it breaks off. */
async function body(reply, read) {
  try {
    return await read(reply);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    watchServer();
    throw new ServerError("The answer of the server broke off; try again.", "no_answer");
  }
}

let isWatched = false;
const returns = new Set();
const connections = new Set();

/** Call `listener(isThere)` at once, and whenever the server stops to answer or answers again. */
export function onConnection(listener) { connections.add(listener); listener(!isWatched); }

/** Ask now and then whether the server is there, while the page is shown. */
setInterval(() => { if (!document.hidden && !isWatched) fetch("/health", { cache: "no-store" }).catch(watchServer); }, HEALTH_MS);

/** Call `listener()` whenever the server answers again. */
export function onReturn(listener) { returns.add(listener); }

/** Ask until the server answers again. */
function watchServer() {
  if (isWatched) return;
  isWatched = true;
  for (const listener of connections) listener(false);
  const timer = setInterval(async () => {
    const reply = await fetch("/health", { cache: "no-store" }).catch(() => null);
    if (!reply?.ok || !isWatched) return;
    clearInterval(timer);
    isWatched = false;
    for (const listener of connections) listener(true);
    warmUp();
    for (const listener of returns) listener();
  }, TRY_MS);
}

/** Post an object as JSON and return the answer. */
export function postJson(path, value, signal) { return fetchJson(path, { ...jsonOptions(value), signal }); }

/** Return the options of a request that posts an object as JSON. */
export function jsonOptions(value) {
  return { method: "POST", body: JSON.stringify(value), headers: { "Content-Type": "application/json" } };
}

/** Fetch a file of a job. */
export async function fetchFile(file, signal) {
  return body(await request(file.url, { signal }), reply => reply.blob());
}

/**
 * A file that tasks read. It is sent when it is first needed, and again where the server no longer has it: the server
 * removes files after an hour, and all of them when it ends.
 */
export class ServerFile {
  /**
   * @param {string} name Its name on the server.
   * @param {function(): Promise<Blob>} contents Returns what is sent.
   * @param {object} reference Where the server has it, `{"job": id, "file": name}`, or null.
   */
  constructor(name, contents, reference = null) { Object.assign(this, { name, contents, reference }); }

  /** Return this file at a path of a folder. */
  at(path) { return new PlacedFile(this, path); }

  /** Return what is stored with a clip that is made of it. */
  toJSON() { return this.name; }
}

class PlacedFile {
  constructor(file, path) { Object.assign(this, { file, path }); }

  toJSON() { return this.path; }
}

/** Return the files in parameters. */
function filesIn(value) {
  if (value instanceof ServerFile) return [value];
  if (value instanceof PlacedFile) return [value.file];
  return value && typeof value === "object" ? Object.values(value).flatMap(filesIn) : [];
}

/** Return parameters with references in place of files. */
function referred(value) {
  if (value instanceof ServerFile) return value.reference;
  if (value instanceof PlacedFile) return { ...value.file.reference, path: value.path };
  if (Array.isArray(value)) return value.map(referred);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, referred(each)]));
}

/** Send the files that the server does not have, some at a time. */
export async function sendFiles(files, signal, onProgress = () => {}) {
  const missing = [...new Set(files)].filter(file => !file.reference);
  for (let start = 0; start < missing.length; start += PART) {
    const part = missing.slice(start, start + PART);
    const form = new FormData();
    for (const file of part) form.append("file", await file.contents(), file.name);
    const { uploads } = await fetchJson("/v1/uploads", { method: "POST", body: form, signal });
    part.forEach((file, index) => { file.reference = { upload: uploads[index].id }; });
    onProgress((start + part.length) / missing.length);
  }
}

/** Start a task; files that the server has lost are sent again. */
export async function start(task, parameters, signal, wait = 0) {
  const files = filesIn(parameters);
  for (let isAgain = false; ; isAgain = true) {
    await sendFiles(files, signal);
    try {
      return await postJson(`/v1/tasks/${task}?wait=${wait}`, referred(parameters), signal);
    } catch (error) {
      if (isAgain || !GONE.has(error.code)) throw error;
      for (const file of files) file.reference = null;
    }
  }
}

/**
 * Run a task to its end.
 *
 * @param {string} task Its name, such as "generate".
 * @param {object} parameters Its parameters; files are `ServerFile`s or `{"job": id, "file": name}`.
 * @param {object} options `title` for the row of running jobs; `signal` cancels; `wait` in seconds; `keep` for a
 *     result that is taken even where the page is loaded again meanwhile (see pending.js): `panel`, and `facts` of its
 *     clips.
 * @returns {Promise<object>} The job with `result`, `files` and `command`.
 */
export async function run(task, parameters, { title = task, signal, wait = FIRST_WAIT, keep = null } = {}) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  const row = jobRow(title, controller);
  try {
    const job = await start(task, parameters, controller.signal, wait);
    if (keep) rememberJob(job.id, { title, task, parameters, ...keep });
    return await ended(job, controller.signal, row);
  } finally {
    signal?.removeEventListener("abort", abort);
    row.close();
  }
}

/** Show a job that was started before the page was loaded, to its end. */
export async function runOn(jobId, title) {
  const controller = new AbortController();
  const row = jobRow(title, controller);
  try {
    return await ended(await stateOf(jobId), controller.signal, row);
  } finally { row.close(); }
}

/** Return a job that is done; raise an error for any other end. */
async function ended(first, signal, row) {
  const job = FINAL.has(first.state) ? first : await follow(first, signal, state => row.update(state));
  if (job.state !== "done") forgetJob(job.id);
  if (job.state === "failed") throw new ServerError(job.error || `${job.task} failed.`);
  if (job.state === "cancelled") throw new DOMException("Cancelled.", "AbortError");
  return job;
}

/** Return the state of a job. */
async function stateOf(jobId) {
  try {
    return await fetchJson(`/v1/jobs/${jobId}`);
  } catch (error) {
    if (error.code !== "job_not_found") throw error;
    forgetJob(jobId);
    throw new ServerError("The server was started again and has lost this job; start it once more.", error.code);
  }
}

/** Return the state of a job, asked for until the server answers; raise an error if it does not. */
async function patientStateOf(jobId) {
  for (let tries = 1; ; tries++) {
    try {
      return await stateOf(jobId);
    } catch (error) {
      if (tries === TRIES || error.code !== "no_answer") throw error;
      await new Promise(resolve => setTimeout(resolve, TRY_MS));
    }
  }
}

/** Follow a job's events to its end; an aborted signal cancels it. */
export function follow(job, signal, onProgress) {
  return new Promise((resolve, reject) => {
    let events = null;
    const end = (settle, value) => { events.close(); signal?.removeEventListener("abort", cancel); settle(value); };
    const cancel = () => {
      forgetJob(job.id);
      fetch(`/v1/jobs/${job.id}`, { method: "DELETE" }).catch(() => {});
      end(reject, new DOMException("Cancelled.", "AbortError"));
    };
    const take = state => {
      onProgress(state);
      if (FINAL.has(state.state)) end(resolve, state);
    };
    const listen = () => {
      events = new EventSource(`/v1/jobs/${job.id}/events`);
      events.addEventListener("job", event => take(JSON.parse(event.data)));
      events.onerror = () => { // the browser would try again for ever, where the server has ended too
        events.close();
        patientStateOf(job.id).then(state => {
          take(state);
          if (!FINAL.has(state.state) && !signal?.aborted) listen();
        }).catch(error => end(reject, error));
      };
    };
    listen();
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
    pending = { value };
    if (isRunning) return;
    isRunning = true;
    try {
      while (pending) {
        const next = pending;
        pending = null;
        try { await action(next.value); } catch (error) { if (!pending) throw error; } // a newer value may do
      }
    } finally {
      isRunning = false;
    }
  };
}

/** Return `ask(name)` as a function that asks once for each name; what could not be answered is asked for again. */
export function once(ask) {
  const answers = new Map();
  const answer = name => {
    if (!answers.has(name)) {
      answers.set(name, ask(name));
      answers.get(name).catch(() => answers.delete(name));
    }
    return answers.get(name);
  };
  return Object.assign(answer, { forget: () => answers.clear() });
}

/** Return what the server has: models, effects, styles, patches and pieces. */
export const describe = once(() => fetchJson("/studio/descriptions"));

/** Return what only an opened model says: `options` of generate, `attributes` of adjust. */
export const detailsOf = once(name => fetchJson(`/studio/models/${encodeURIComponent(name)}`));

/** Return the parameters of a task as the server describes them, JSON schemas by name. */
export const describeTask = once(name => fetchJson(`/v1/tasks/${name}`).then(task => task.parameters.properties));

/** Let the server start the processes that run tasks, so that the first task does not wait for them. */
export function warmUp() { fetch("/v1/tasks").catch(() => {}); }
