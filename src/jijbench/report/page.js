"use strict";
// What all sections share: the state, elements made without markup, tables that sort, figures that follow the theme.
const DATA = JSON.parse(document.getElementById("data").textContent);
const RENDER = {}; // a section's name -> function(box, data)
const state = { task: "", row: "", other: "", kind: "" };

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children); // strings become text, never markup
  return made;
}

function show(value, digits) {
  if (value === null || value === undefined || value === "") return "";
  return typeof value === "number" && digits !== null && digits !== undefined ? value.toFixed(digits) : String(value);
}

// columns: {key, title, digits, text, cell(line)}; empty cells come last in both directions
function sortable(box, columns, lines, options = {}) {
  let by = null, up = true;
  const head = el("tr"), body = el("tbody");
  const value = (line, column) => (column.sort ? column.sort(line) : line[column.key]);
  const empty = (v) => v === null || v === undefined || v === "";
  function fill() {
    const order = [...lines];
    if (by) order.sort((a, b) => {
      const x = value(a, by), y = value(b, by);
      if (empty(x) || empty(y)) return empty(x) - empty(y);
      const way = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
      return up ? way : -way;
    });
    body.replaceChildren(...order.map((line) => {
      const row = el("tr", options.mark ? { class: options.mark(line) } : {});
      for (const column of columns) {
        const content = column.cell ? column.cell(line) : show(line[column.key], column.digits);
        row.append(el("td", { class: column.long ? "long" : column.text ? "text" : "" }, ...[content].flat()));
      }
      return row;
    }));
    [...head.children].forEach((cell, k) => {
      cell.setAttribute("aria-sort", columns[k] === by ? (up ? "ascending" : "descending") : "none");
    });
  }
  for (const column of columns) {
    const button = el("button", { type: "button" }, column.title);
    button.addEventListener("click", () => { up = by === column ? !up : true; by = column; fill(); });
    head.append(el("th", { class: column.text || column.long ? "text" : "", scope: "col" }, button));
  }
  fill();
  box.append(el("div", { class: "wide", tabindex: "0" }, el("table", {}, el("thead", {}, head), body)));
}

function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function figure(box, traces, layout) {
  const place = el("div", { class: "figure" });
  box.append(place);
  const ink = colour("--ink"), line = colour("--line"), paper = colour("--paper");
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, exponentformat: "power" };
  const named = traces.filter((trace) => trace.name && trace.showlegend !== false).length;
  const lines = Math.ceil(named / Math.max(1, Math.floor(place.clientWidth / 190))); // of the legend, below the axis
  place.style.height = `${place.clientHeight + 21 * lines}px`;
  const whole = {
    paper_bgcolor: paper, plot_bgcolor: paper, font: { color: ink, size: 12 }, hovermode: "closest",
    margin: { l: 60, r: 16, t: 40, b: 54 + 21 * lines },
    legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0 }, ...layout,
  };
  for (const name of ["xaxis", "yaxis"]) whole[name] = { ...axis, ...(layout[name] || {}) };
  whole.title = { text: layout.title || "", font: { size: 14 } };
  Plotly.react(place, traces, whole, { responsive: true, displayModeBar: false });
  return place;
}

function say(box, text) { box.append(el("p", {}, text)); }

function unit() { return DATA.about.tasks[state.task].unit; }

function options(id, names, chosen) {
  const select = document.getElementById(id);
  select.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
  select.value = names.includes(chosen) ? chosen : names[0] || "";
  return select.value;
}

function update() {
  const about = DATA.about.tasks[state.task];
  document.getElementById("question").textContent = `${about.question}; errors in ${about.unit}`;
  for (const section of DATA.about.sections) {
    const box = document.getElementById(`body-${section.name}`);
    box.querySelectorAll(".figure").forEach((old) => Plotly.purge(old));
    box.replaceChildren();
    RENDER[section.name](box, DATA[section.name]);
  }
  document.querySelectorAll(".figure").forEach((place) => Plotly.Plots.resize(place)); // columns are known only now
}

function rows() {
  const lines = (DATA.leaderboard.lines[state.task] || []).filter((line) => line.status === "complete");
  const names = lines.map((line) => line.row);
  state.row = options("row", names, state.row);
  const rest = names.filter((name) => name !== state.row);
  state.other = options("other", names, rest.includes(state.other) ? state.other : rest[0]);
}

function start() {
  const dark = window.matchMedia && window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    update();
  });
  for (const section of DATA.about.sections) {
    document.getElementById("contents").append(el("a", { href: `#${section.name}` }, section.title));
    const body = el("div", { id: `body-${section.name}` });
    document.getElementById("page").append(el("section", { id: section.name }, el("h2", {}, section.title), body));
  }
  state.task = options("task", Object.keys(DATA.about.tasks), "");
  rows();
  for (const id of ["task", "row", "other", "kind"]) {
    document.getElementById(id).addEventListener("change", (event) => {
      state[id] = event.target.value;
      if (id === "task") rows();
      update();
    });
  }
  update();
}
