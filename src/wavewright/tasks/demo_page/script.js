document.documentElement.classList.add("scripted");
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
let current = null;
function named(button, word) {
  button.setAttribute("aria-label", button.getAttribute("aria-label").replace(/^(Play all|Play|Stop)/, word));
}
function stop(atEnd) {
  if (!current) return;
  const { figure, player, line, done } = current;
  current = null;
  player.pause();
  if (line) line.cancel();
  figure.classList.remove("playing");
  named(figure.querySelector(".pad"), "Play");
  done(atEnd === true);
}
function play(figure) {
  stop();
  const player = figure.querySelector("audio"), head = figure.querySelector(".pad span");
  const steps = [{ left: "0", visibility: "visible" }, { left: "100%", visibility: "visible" }];
  const line = still ? null : head.animate(steps, 1000 * head.dataset.seconds);
  figure.classList.add("playing");
  named(figure.querySelector(".pad"), "Stop");
  return new Promise(done => {
    current = { figure, player, line, done };
    const mine = () => current && current.player === player;
    player.onended = () => { if (mine()) stop(true); };
    player.onerror = () => { if (mine()) stop(true); };
    player.currentTime = 0;
    Promise.resolve(player.play()).catch(() => {});
  });
}
for (const pad of document.querySelectorAll(".pad"))
  pad.addEventListener("click", () => {
    const figure = pad.closest("figure");
    if (current && current.figure === figure) stop(); else play(figure);
  });
for (const all of document.querySelectorAll(".all"))
  all.addEventListener("click", async () => {
    if (all.classList.contains("busy")) { stop(); return; }
    all.classList.add("busy");
    all.textContent = "Stop";
    named(all, "Stop");
    for (const figure of all.closest("section").querySelectorAll("figure")) if (!(await play(figure))) break;
    all.classList.remove("busy");
    all.textContent = "Play all";
    named(all, "Play all");
  });
addEventListener("keydown", event => { if (event.key === "Escape") stop(); });
const models = [...document.querySelectorAll("details.model")];
if (matchMedia("(max-width: 40rem)").matches) models.slice(1).forEach(model => { model.open = false; });
function show() {
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (wanted && wanted.matches("details")) { wanted.open = true; wanted.scrollIntoView(); }
}
addEventListener("hashchange", show);
for (const link of document.querySelectorAll("nav a")) link.addEventListener("click", () => setTimeout(show));
const growing = document.querySelector(".growing"), RELOAD_MS = 3000, GIVEN_UP_MS = 120000, VIEW = "wavewright-demo-view";
const title = model => model.querySelector("h2").textContent;
function reload() {
  if (current || document.hidden) { setTimeout(reload, RELOAD_MS / 6); return; }
  const first = models.find(model => model.getBoundingClientRect().bottom > 0);
  const closed = models.filter(model => !model.open).map(title);
  const view = { y: scrollY, first: first && title(first), top: first && first.getBoundingClientRect().top, closed };
  sessionStorage.setItem(VIEW, JSON.stringify(view));
  location.reload();
}
const view = JSON.parse(sessionStorage.getItem(VIEW));
sessionStorage.removeItem(VIEW);
if (view) {
  history.scrollRestoration = "manual";
  for (const model of models) if (view.closed.includes(title(model))) model.open = false;
  const first = models.find(model => title(model) === view.first);
  scrollTo(0, view.y);
  if (first && view.y > 0) scrollBy(0, first.getBoundingClientRect().top - view.top);
} else show();
if (growing && Date.now() - growing.dataset.written < GIVEN_UP_MS) setTimeout(reload, RELOAD_MS);
