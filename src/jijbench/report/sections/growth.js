RENDER.growth = function (box, data) {
  if (data.reason) return say(box, data.reason);
  const curves = data.curves[state.task];
  if (!curves) return say(box, `Learning curves were made for: ${Object.keys(data.curves).join(", ")}.`);
  const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"], dashes = ["solid", "dash", "dot", "dashdot"];
  const rows = [...new Set(curves.map((c) => c.row))], hows = [...new Set(curves.map((c) => c.acquire))];
  const traces = [];
  for (const curve of curves) {
    const ink = palette[hows.length > 1 ? hows.indexOf(curve.acquire) : rows.indexOf(curve.row)];
    const ends = [...curve.units, ...[...curve.units].reverse()], band = [...curve.high, ...[...curve.low].reverse()];
    const name = safe(`${curve.row}, ${curve.acquire}${curve.draws}`);
    if (curve.high.every((v) => v !== null)) traces.push({ x: ends, y: band, fill: "toself", fillcolor: ink, opacity: 0.12, line: { width: 0 },
      mode: "lines", hoverinfo: "skip", showlegend: false, legendgroup: name });
    traces.push({ x: curve.units, y: curve.mean, name, legendgroup: name, mode: "lines+markers", marker: { size: 4 },
      line: { color: ink, dash: dashes[hows.length > 1 ? rows.indexOf(curve.row) : 0] } });
  }
  const wide = [Math.min(...curves.flatMap((c) => c.units)), Math.max(...curves.flatMap((c) => c.units))];
  for (const [name, floor] of Object.entries(data.floors[state.task] || {})) traces.push({ x: wide, y: [floor, floor], mode: "lines",
    name: safe(name), line: { color: colour("--soft"), width: 1, dash: "longdash" } });
  figure(box, traces, { title: "", xaxis: { title: { text: `${curves[0].unit}s in training` }, type: "log" },
    yaxis: { title: { text: `${DATA.about.tasks[state.task].headline} (${unit()})` }, type: "log" } });
  const missing = data.missing[state.task] || [];
  say(box, "Means over draws with 95 % t-intervals; long dashes: noise floors."
    + (missing.length ? ` Not computed: ${missing.join("; ")}.` : ""));
};
