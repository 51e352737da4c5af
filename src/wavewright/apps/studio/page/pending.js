// Jobs whose results the page wants even if it is loaded again, or closed, before they end.
const PREFIX = "wavewright-studio-job-";
const OWNER = crypto.randomUUID(); // of this page, as long as it is loaded
const LOCK = "wavewright-studio-page-";
const takers = new Map();
const waiting = new Map();

navigator.locks?.request(LOCK + OWNER, () => new Promise(() => {})); // held until the page is left

/** Remember a job: `title`, `task`, `parameters`, the `panel` that takes its result, `facts` of its clips. */
export function rememberJob(id, record) {
  store(id, { ...record, owner: OWNER });
}

function store(id, record) {
  try { localStorage.setItem(PREFIX + id, JSON.stringify(record)); } catch { /* full: the job is lost at a reload */ }
}

/** Forget a job: its result is kept, or there is none. */
export function forgetJob(id) { localStorage.removeItem(PREFIX + id); }

/** Return the jobs that no open page waits for, as `[id, record]`; this page waits for them from now on. */
export async function adoptJobs() {
  if (!navigator.locks) return [];
  return navigator.locks.request(`${LOCK}adoption`, async () => {
    const { held } = await navigator.locks.query();
    const open = new Set(held.map(lock => lock.name));
    const found = [];
    for (const key of Object.keys(localStorage).filter(each => each.startsWith(PREFIX))) {
      const record = recordIn(key);
      if (!record) localStorage.removeItem(key);
      else if (!open.has(LOCK + record.owner)) found.push([key.slice(PREFIX.length), record]);
    }
    for (const [id, record] of found) store(id, { ...record, owner: OWNER });
    return found;
  });
}

function recordIn(key) {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
}

/** Let a panel take the results of its jobs from before the page was loaded: `take(result)`. */
export function takeResults(panel, take) {
  takers.set(panel, take);
  for (const result of waiting.get(panel) || []) take(result);
  waiting.delete(panel);
}

/** Give a result to a panel, now or when it is opened. */
export function giveResult(panel, result) {
  if (takers.has(panel)) takers.get(panel)(result);
  else waiting.set(panel, [...(waiting.get(panel) || []), result]);
}
