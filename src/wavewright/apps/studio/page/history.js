// States with undo and redo, kept across reloads. Each tab of the browser has its own; a new tab starts with the newest.

const MOST_STATES = 100;

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
  }

  get current() { return this.states[this.position]; }

  get canUndo() { return this.position > 0; }

  get canRedo() { return this.position < this.states.length - 1; }

  /** Set a new state; those that were undone are gone. */
  push(state) {
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
    const text = JSON.stringify({ states: this.states, position: this.position });
    for (const storage of [sessionStorage, localStorage]) {
      try { storage.setItem(this.key, text); } catch { /* full or forbidden: the history lasts as long as the page */ }
    }
    if (isShown) this.show(this.current);
    for (const listener of this.listeners) listener();
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
