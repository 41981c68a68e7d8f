RENDER.parity = function (box, data) {
  const here = data.tasks[state.task];
  if (!here) return say(box, "No row of this task is complete.");
  const samples = data.samples[here.family], curves = DATA.about.tasks[state.task].kind !== "coupling";
  const digits = (v) => (v === null ? "" : Number(v).toPrecision(3));
  const hover = here.index.map((k, n) => {
    const where = curves ? `${samples.first[k]} in ${samples.second[k]}` : `${samples.first[k]}–${samples.second[k]}, shell ${samples.shell[k]}, ${samples.distance[k].toFixed(2)} Å`;
    const near = here.neighbours ? `<br>in training: ${here.neighbours[n][0]} of this pair, ${here.neighbours[n][1]} others at this shell with one of its elements` : "";
    const values = Object.keys(here.rows).filter((row) => shownRow(row)).map((row) => `<br>${safe(row)}: ${digits(here.rows[row][n])}`).join("");
    return `<b>${safe(samples.name[k])}</b><br>${where}${near}<br>${curves ? "size" : "reference"}: ${digits(here.truth[n])}${values}`;
  });
  const pair = el("div", { class: "pair" });
  box.append(pair);
  for (const row of [...new Set([state.row, state.other])].filter((name) => here.rows[name])) {
    const ends = here.truth.concat(here.rows[row]);
    const low = Math.min(...ends), high = Math.max(...ends), log = curves ? { type: "log" } : {};
    const trace = { x: here.truth, y: here.rows[row], text: hover, hoverinfo: "text", mode: "markers", type: "scatter",
      marker: { size: 5, opacity: 0.6, color: colour("--accent") }, showlegend: false };
    const line = { x: [low, high], y: [low, high], mode: "lines", line: { color: colour("--soft"), width: 1 }, hoverinfo: "skip", showlegend: false };
    figure(pair, [line, trace], { title: safe(row),
      xaxis: { title: { text: curves ? `size of the curve (${unit()})` : `reference (${unit()})` }, ...log },
      yaxis: { title: { text: curves ? `error of the curve (${unit()})` : `predicted (${unit()})` }, ...log } });
  }
  say(box, curves ? "Root mean squares over the cell; on the line an error is as large as the curve itself."
    : "Pairs with two moments only: J of the others is zero. Point at a dot to see the dimer and every row's value.");
};

function shownRow(row) {
  const line = DATA.leaderboard.lines[state.task].find((one) => one.row === row);
  return line && (!state.kind || line.kind === state.kind);
}

// texts of figures are read as markup by the plotting library
function safe(text) { return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"); }
