"use strict";
const links = JSON.parse(document.getElementById("links").textContent)
  .map(([from, to, kind, outputs]) => ({ from, to, kind, outputs }));
const sections = [...document.querySelectorAll("section")];
const picker = document.getElementById("picker");
const search = document.getElementById("search");
const found = document.getElementById("found");
const aside = document.querySelector("aside");
const ids = [...new Set([...sections[0].querySelectorAll(".node")].map((node) => node.dataset.id))];
let chosen = null;

const shown = () => sections[picker.selectedIndex];
const nodeOf = (id) => [...shown().querySelectorAll(".node")].find((node) => node.dataset.id === id);
const needs = (id) => links.filter((link) => link.to === id);
const neededBy = (id) => links.filter((link) => link.from === id);

/* Everything that `step` leads to from `id`, and `id`. */
function closure(id, step, end) {
  const reached = new Set([id]);
  for (const one of reached) for (const link of step(one)) reached.add(link[end]);
  return reached;
}

function choose(id) {
  chosen = id;
  const above = id === null ? new Set() : closure(id, needs, "from");
  const below = id === null ? new Set() : closure(id, neededBy, "to");
  for (const node of document.querySelectorAll(".node")) {
    const near = above.has(node.dataset.id) || below.has(node.dataset.id);
    node.classList.toggle("chosen", node.dataset.id === id);
    node.classList.toggle("near", near && node.dataset.id !== id);
    node.classList.toggle("dim", id !== null && !near);
    node.setAttribute("aria-pressed", node.dataset.id === id);
  }
  for (const edge of document.querySelectorAll("section .edge")) {
    const { from, to } = edge.dataset;
    const near = (above.has(from) && above.has(to)) || (below.has(from) && below.has(to));
    edge.classList.toggle("near", near);
    edge.classList.toggle("dim", id !== null && !near);
  }
  describe(id, above.size - 1, below.size - 1);
  history.replaceState(null, "", id === null ? location.pathname + location.search : `#${id}`);
}

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function describe(id, above, below) {
  if (id === null) {
    aside.replaceChildren(element("p",
      "Choose a node to see what it needs and what needs it. Keys: Tab and Enter choose, "
      + "left and right follow an edge, / searches, Escape clears."));
    return;
  }
  aside.replaceChildren(
    element("h2", id),
    element("p", `${above} upstream and ${below} downstream in all`),
    ...listed("needs", needs(id), "from"),
    ...listed("needed by", neededBy(id), "to"),
  );
}

function listed(title, edges, end) {
  const meaning = { order: "order only", bridge: "through units not shown" };
  const items = edges.map((edge) => {
    const button = element("button", edge[end]);
    button.addEventListener("click", () => go(edge[end]));
    return element("li", "", button, element("small", meaning[edge.kind] || edge.outputs.join(", ")));
  });
  if (!items.length) items.push(element("li", "", element("small", "nothing")));
  return [element("h3", `${title} (${edges.length})`), element("ul", "", ...items)];
}

/* Choose a node and bring it into view, in the picture of everything if need be. */
function go(id) {
  if (!nodeOf(id)) { picker.selectedIndex = 0; pick(); }
  choose(id);
  const node = nodeOf(id);
  node.focus({ preventScroll: true });
  node.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function pick() {
  for (const section of sections) section.hidden = section !== shown();
  filter();
}

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = (id) => words.every((word) => id.toLowerCase().includes(word));
  let count = 0;
  for (const node of shown().querySelectorAll(".node")) {
    const hit = hits(node.dataset.id);
    count += hit;
    node.classList.toggle("miss", !hit);
  }
  for (const edge of shown().querySelectorAll(".edge")) {
    edge.classList.toggle("miss", !hits(edge.dataset.from) && !hits(edge.dataset.to));
  }
  found.textContent = words.length ? `${count} found` : shown().dataset.summary;
}

document.querySelector("main").addEventListener("click", (event) => {
  const node = event.target.closest(".node");
  if (node) choose(node.dataset.id === chosen ? null : node.dataset.id);
  else if (!event.target.closest(".edge")) choose(null);
});
document.addEventListener("keydown", (event) => {
  const node = event.target.closest(".node");
  if (event.key === "Escape") { search.value = ""; filter(); choose(null); }
  else if (event.key === "/" && event.target !== search) { event.preventDefault(); search.focus(); }
  else if (event.key === "Enter" && event.target === search) {
    const first = shown().querySelector(".node:not(.miss)");
    if (first) go(first.dataset.id);
  } else if (node && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    choose(node.dataset.id === chosen ? null : node.dataset.id);
  } else if (node && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    const right = event.key === "ArrowRight";
    const next = (right ? neededBy : needs)(node.dataset.id).map((link) => (right ? link.to : link.from));
    const near = next.find(nodeOf);
    if (near) { event.preventDefault(); go(near); }
  }
});
picker.addEventListener("change", pick);
search.addEventListener("input", filter);
pick();
const start = decodeURIComponent(location.hash.slice(1));
if (ids.includes(start)) go(start);
else choose(null);
