// Controls for parameters of tasks, made of what the server says of them: range, default, step, unit, choices, help.
import { describeTask } from "./api.js";
import { checkbox, h, labelled, select, slider } from "./ui.js";

/** Return the parameters of a task, of which controls are made. */
export async function fieldsOf(task) { return new Fields(task, await describeTask(task)); }

/** Return the values of fields that differ from the defaults of their parameters, by the names of the parameters. */
export function changes(...fields) {
  return Object.fromEntries(fields.filter(field => field.value !== undefined && !field.isDefault).map(field => [field.key, field.value]));
}

/**
 * Parameters by name, each a JSON schema. A method returns a field with its label: `.control` is the element,
 * `.value` what the task is given, undefined where the parameter is left out, `.isDefault` whether that is its default,
 * and `.reset()` sets it back. Where a parameter has no default of its own, `value` may set the first one.
 */
export class Fields {
  constructor(task, schemas) { Object.assign(this, { task, schemas }); }

  /** Return a field for a number; `most` is a limit of the page below that of the task. */
  number(key, text = titleOf(key), { value, most = Infinity, onchange } = {}) {
    const { type, minimum, exclusiveMinimum, maximum = Infinity, default: usual, form } = this.schemas[key];
    const first = value ?? usual;
    const isOptional = first === null || first === undefined;
    const top = Math.min(maximum, most);
    const control = h("input", { type: "number", min: minimum ?? form?.minimum ?? exclusiveMinimum, max: Number.isFinite(top) ? top : null,
      step: type === "integer" ? 1 : "any", required: !isOptional, placeholder: isOptional ? "default" : null, value: isOptional ? "" : String(first), onchange });
    const field = labelled(text, control);
    return this.finished(key, field, () => isOptional && control.value === "" ? undefined : Number(control.value), () => { control.value = isOptional ? "" : String(first); });
  }

  /** Return a slider; one without a default says so until it is moved, and has a button to leave it out again. */
  slider(key, text = titleOf(key), { value, ...listeners } = {}) {
    const { minimum, maximum, default: usual, unit = "", form = {} } = this.schemas[key];
    const first = value ?? usual ?? form.value;
    const field = slider(text, { min: form.minimum ?? minimum, max: form.maximum ?? maximum, step: form.step, value: first,
      unit: unit && ` ${unit}`, ...listeners });
    const { control } = field;
    if (usual !== null || value !== undefined) return this.finished(key, field, () => control.valueAsNumber, () => field.set(first));
    return this.finished(key, field, ...optional(field, text, first));
  }

  /** Return a list of the choices of a parameter. */
  choice(key, text = titleOf(key), { onchange } = {}) {
    const { enum: names, default: usual } = this.schemas[key];
    const control = select([...usual === null ? [["", "default"]] : [], ...names], usual ?? "", onchange);
    return this.finished(key, labelled(text, control), () => control.value || undefined, () => { control.value = usual ?? ""; });
  }

  /** Return a checkbox. */
  checkbox(key, text = titleOf(key), { value = this.schemas[key].default, onchange } = {}) {
    const field = checkbox(text, value, onchange);
    return this.finished(key, field, () => field.control.checked, () => { field.control.checked = value; });
  }

  /** Return a field with its help, its value, and what sets it back. */
  finished(key, field, read, reset) {
    const { description, default: usual } = this.schemas[key];
    const control = field.control ||= field.querySelector("input, select");
    for (const element of [control, control.labels?.[0] ?? field.querySelector("label")]) if (element && description) element.title = description;
    control.dataset.parameter = `${this.task}.${key}`;
    Object.defineProperty(field, "value", { get: read });
    Object.defineProperty(field, "isDefault", { get: () => read() === (usual ?? undefined) });
    return Object.assign(field, { key, reset });
  }
}

/** Let a slider stand for no value until it is moved; return what reads and what resets it. */
function optional(field, text, first) {
  const { control, set } = field;
  const output = field.querySelector("output");
  let isSet = false;
  const show = isNow => {
    isSet = isNow;
    back.hidden = !isSet;
    if (isSet) { control.removeAttribute("aria-valuetext"); return; }
    output.textContent = "default";
    control.setAttribute("aria-valuetext", "default");
  };
  const reset = () => { set(first); show(false); };
  const back = h("button.small", { "aria-label": `Leave out ${text}`, title: "Back to the default", onclick: () => {
    reset();
    control.dispatchEvent(new Event("change"));
    control.focus();
  } }, "×");
  control.addEventListener("input", () => show(true), true); // before the listeners of the panel
  field.set = value => { set(value); show(true); };
  field.append(back);
  show(false);
  return [() => isSet ? control.valueAsNumber : undefined, reset];
}

/** Return the name of a parameter as a label. */
function titleOf(key) { return `${key[0].toUpperCase()}${key.slice(1).replaceAll("_", " ")}`; }
