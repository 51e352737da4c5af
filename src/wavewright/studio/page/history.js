// States with undo and redo, kept across reloads.

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
    try {
      ({ states: this.states, position: this.position } = JSON.parse(localStorage.getItem(this.key)));
      if (!this.states[this.position]) throw new Error("no state");
    } catch {
      this.states = [first];
      this.position = 0;
    }
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
    try {
      localStorage.setItem(this.key, JSON.stringify({ states: this.states, position: this.position }));
    } catch { /* the storage is full or forbidden: the history lasts as long as the page */ }
    if (isShown) this.show(this.current);
    for (const listener of this.listeners) listener();
  }
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
