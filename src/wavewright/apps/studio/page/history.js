// States with undo and redo, kept across reloads. Each tab of the browser has its own; a new tab starts with the newest.

const MOST_STATES = 100;
const MOST_CHARACTERS = 2_000_000; // that are stored; browsers store about five
const STORE_MS = 300;
const texts = new WeakMap(); // JSON of states

function textOf(state) {
  if (!texts.has(state)) texts.set(state, JSON.stringify(state));
  return texts.get(state);
}

/** A line of states of one panel; each is a plain object. */
export class History {
  /**
   * @param {string} name Key in the browser's storage.
   * @param {object} first State before the first change.
   * @param {function(object): void} show Shows a state.
   */
  constructor(name, first, show) {
    this.key = `wavewright-studio-${name}`;
    this.show = show;
    this.listeners = new Set();
    const kept = [sessionStorage, localStorage].map(storage => storedIn(storage, this.key)).find(Boolean);
    this.states = kept?.states || [first];
    this.position = kept?.position || 0;
    addEventListener("pagehide", () => this.store());
  }

  get current() { return this.states[this.position]; }

  get canUndo() { return this.position > 0; }

  get canRedo() { return this.position < this.states.length - 1; }

  /** Set a new state; those that were undone are gone. One that is equal to the current state is no step. */
  push(state) {
    if (textOf(state) === textOf(this.current)) return this.show(this.current);
    this.states = [...this.states.slice(0, this.position + 1), state].slice(-MOST_STATES);
    this.position = this.states.length - 1;
    this.changed();
  }

  /** Change the current state without a step of its own. */
  replace(state) {
    this.states[this.position] = state;
    this.changed(false);
  }

  undo() { if (this.canUndo) { this.position--; this.changed(); } }

  redo() { if (this.canRedo) { this.position++; this.changed(); } }

  changed(isShown = true) {
    this.timer ??= setTimeout(() => this.store(), STORE_MS);
    if (isShown) this.show(this.current);
    for (const listener of this.listeners) listener();
  }

  /** Store the newest changes, and as many states before the current one as there is room for. */
  store() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = null;
    const kept = [];
    let length = 0;
    for (let index = this.states.length - 1; index >= 0; index--) {
      length += textOf(this.states[index]).length;
      if (length > MOST_CHARACTERS && index < this.position) break;
      kept.unshift(textOf(this.states[index]));
    }
    const text = `{"states":[${kept.join(",")}],"position":${this.position - this.states.length + kept.length}}`;
    for (const storage of [sessionStorage, localStorage]) {
      try { storage.setItem(this.key, text); } catch { /* full or forbidden: the history lasts as long as the page */ }
    }
  }
}

/** Return the states in a storage, null if there are none. */
function storedIn(storage, key) {
  try {
    const { states, position } = JSON.parse(storage.getItem(key));
    return states[position] ? { states, position } : null;
  } catch { return null; }
}

/** Return buttons that undo and redo. */
export function undoButtons(history, h) {
  const undo = h("button.small", { onclick: () => history.undo(), "aria-keyshortcuts": "Control+Z" }, "Undo");
  const redo = h("button.small", { onclick: () => history.redo(), "aria-keyshortcuts": "Control+Shift+Z" }, "Redo");
  const update = () => { undo.disabled = !history.canUndo; redo.disabled = !history.canRedo; };
  history.listeners.add(update);
  update();
  return [undo, redo];
}
