RENDER.uncertainty = function (box, data) {
  const curves = data.curves[state.task] || {};
  if (Object.keys(curves).length) {
    const diagonal = { x: [0, 1], y: [0, 1], mode: "lines", line: { color: colour("--soft"), width: 1 }, hoverinfo: "skip", showlegend: false };
    const traces = Object.entries(curves).map(([row, observed]) => ({ x: data.grid, y: observed, name: safe(row), mode: "lines+markers",
      type: "scatter", line: { width: row === state.row ? 3 : 1 }, marker: { size: 4 } }));
    figure(box, [diagonal, ...traces], { title: "Calibration of the standard deviations",
      xaxis: { title: { text: "expected share in the interval" }, range: [0, 1] }, yaxis: { title: { text: "observed share" }, range: [0, 1] } });
  } else say(box, "No row of this task gives a standard deviation.");
  const format = (value, form) => {
    if (value === null) return "";
    const digits = form.match(/\.(\d)([fg%])/);
    if (!digits) return String(value);
    if (digits[2] === "%") return `${(100 * value).toFixed(0)} %`;
    return digits[2] === "f" ? value.toFixed(digits[1]) : Number(value).toPrecision(3);
  };
  const lines = (data.lines[state.task] || []).filter((line) => shownRow(line.row));
  const columns = data.columns.filter((c) => lines.some((line) => line[c.key] !== null)).map((c) => ({ ...c,
    text: c.form === "{}", cell: (line) => format(line[c.key], c.form) }));
  sortable(box, columns, lines, { mark: (line) => (line.row === state.row ? "chosen" : "") });
  say(box, "Conformal intervals are calibrated on the inner rows of each cell; worst: the element, pair, shell, host or impurity that the 95 % intervals hold least often.");
};
