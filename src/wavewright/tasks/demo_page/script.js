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
show();
