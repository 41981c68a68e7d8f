RENDER.errors = function (box) {
  const here = DATA.parity && DATA.parity.tasks[state.task];
  if (!here || !here.rows[state.row]) return say(box, "The chosen row has no predictions.");
  const samples = DATA.parity.samples[here.family], curves = DATA.about.tasks[state.task].kind !== "coupling";
  const sums = {}, counts = {}, values = here.rows[state.row];
  function add(a, b, size) {
    const key = `${a}|${b}`;
    sums[key] = (sums[key] || 0) + size;
    counts[key] = (counts[key] || 0) + 1;
  }
  here.index.forEach((k, n) => {
    const a = samples.first[k], b = samples.second[k];
    const size = curves ? values[n] : Math.abs(values[n] - here.truth[n]);
    add(a, b, size);
    if (!curves && a !== b) add(b, a, size);
  });
  const number = (name) => { const k = DATA.errors.elements.indexOf(name); return k < 0 ? DATA.errors.elements.length : k; };
  const names = (side) => [...new Set(Object.keys(counts).map((key) => key.split("|")[side]))]
    .sort((a, b) => number(a) - number(b) || (a < b ? -1 : 1));
  const x = names(0), y = names(1);
  const z = y.map((b) => x.map((a) => (counts[`${a}|${b}`] ? sums[`${a}|${b}`] / counts[`${a}|${b}`] : null)));
  const text = y.map((b) => x.map((a) => `${a}–${b}: ${z[y.indexOf(b)][x.indexOf(a)]?.toPrecision(3) ?? "no row"}`));
  const place = figure(box, [{ type: "heatmap", x, y, z, text, hoverinfo: "text", colorscale: "Viridis",
    colorbar: { title: { text: unit() } } }], { title: `${safe(state.row)}: mean ${curves ? "rms" : "absolute"} error`,
    xaxis: { title: { text: curves ? "impurity" : "" }, type: "category" }, yaxis: { title: { text: curves ? "host" : "" }, type: "category" } });
  if (curves) { place.style.height = "720px"; Plotly.Plots.resize(place); }
};
