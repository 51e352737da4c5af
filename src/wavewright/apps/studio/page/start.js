// The first view: what this is, and six examples that sound at once and open their panel.
import { CARDS, exampleFile, openCard, playCard } from "./examples.js";
import { stop } from "./player.js";
import { complain, guarded, h } from "./ui.js";

const SVG = "http://www.w3.org/2000/svg";

/** Build the panel. */
export async function open(panel) {
  const playButton = h("button.primary.big", { id: "play-button", onclick: () => tour() });
  const cards = h("ul.cards", {}, ...CARDS.map(card => h("li", {}, h("button.card", { "data-card": card.name, onclick: guarded(() => openCard(card)) },
    icon(card.name), h("strong", {}, card.title), h("span.soft", {}, card.text)))));
  let isTour = false;

  panel.append(
    h("div.row.lead", {}, playButton, h("p.soft", {}, "Six examples, one after the other. All of it is made on this machine; nothing is sent anywhere.")),
    h("h3", {}, "Or press one: you hear it, and its panel opens with everything set."), cards);
  show(null);

  /** Play all cards, or stop. */
  function tour() {
    if (isTour) { stop(); isTour = false; show(null); } else playAll().catch(complain).finally(() => { isTour = false; show(null); });
  }

  async function playAll() {
    isTour = true;
    for (const [index, card] of CARDS.entries()) {
      show(card);
      const { ended } = await playCard(card);
      if (!isTour) { stop(); return; }
      if (CARDS[index + 1]) exampleFile(CARDS[index + 1].file).catch(() => {}); // it is there by then
      if (!await ended) return;
    }
  }

  /** Mark the card that sounds. */
  function show(card) {
    playButton.textContent = card ? "Stop" : "Play";
    playButton.classList.toggle("on", Boolean(card));
    for (const button of cards.querySelectorAll("button")) button.classList.toggle("playing", button.dataset.card === card?.name);
  }
}

/** Return an icon of the page's file of icons. */
function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("aria-hidden", "true");
  picture.classList.add("icon");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `icons.svg#${name}`);
  picture.append(use);
  return picture;
}
