// 混雑予測: time and mean of a bar, by mouse, finger or arrow keys. Without this script the bars
// still have their titles, and the table says the same.
(() => {
  "use strict";

  const barsOf = (graph) => [...graph.querySelectorAll(".day-bar")];

  const tell = (graph, bar) => {
    const tip = graph.querySelector("[data-tip]");
    for (const told of graph.querySelectorAll(".is-told")) told.classList.remove("is-told");
    if (!bar) {
      tip.hidden = true;
      return;
    }
    bar.classList.add("is-told");
    tip.textContent = bar.querySelector("title").textContent;
    tip.hidden = false;
    const plot = tip.parentElement.getBoundingClientRect();
    const box = bar.getBoundingClientRect();
    const half = tip.offsetWidth / 2;
    const middle = box.left + box.width / 2 - plot.left;
    tip.style.setProperty("--at", `${Math.max(half, Math.min(plot.width - half, middle))}px`);
  };

  const nearest = (graph, x) => {
    let found = null;
    let least = Infinity;
    for (const bar of barsOf(graph)) {
      const box = bar.getBoundingClientRect();
      const distance = Math.abs(box.left + box.width / 2 - x);
      if (distance < least) [found, least] = [bar, distance];
    }
    return found;
  };

  const graphOf = (event) => event.target.closest?.("[data-forecast]");

  const point = (event) => {
    const graph = graphOf(event);
    if (graph && event.target.closest(".forecast-plot")) tell(graph, nearest(graph, event.clientX));
  };
  document.addEventListener("pointermove", point);
  document.addEventListener("pointerdown", point);
  document.addEventListener("pointerout", (event) => {
    const graph = graphOf(event);
    if (graph && event.pointerType === "mouse" && !graph.contains(event.relatedTarget)) {
      tell(graph, null);
    }
  });
  document.addEventListener("focusout", (event) => {
    const graph = graphOf(event);
    if (graph) tell(graph, null);
  });

  const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -4, PageDown: 4 };
  document.addEventListener("keydown", (event) => {
    const graph = graphOf(event);
    if (!graph || event.target !== graph) return;
    if (event.key === "Escape") {
      tell(graph, null);
      return;
    }
    const bars = barsOf(graph);
    const now = bars.findIndex((bar) => bar.classList.contains("is-told"));
    let next = -1;
    if (event.key === "Home") next = 0;
    else if (event.key === "End") next = bars.length - 1;
    else if (event.key in STEPS) next = now < 0 ? Math.floor(bars.length / 4) : now + STEPS[event.key];
    else return;
    event.preventDefault();
    tell(graph, bars[Math.max(0, Math.min(bars.length - 1, next))]);
  });
})();
