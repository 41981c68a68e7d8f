RENDER.cost = function (box) {
  const headline = DATA.leaderboard.headline[state.task];
  const lines = DATA.leaderboard.lines[state.task].filter((line) => line.status === "complete" && line[headline] > 0 && shownRow(line.row));
  const pair = el("div", { class: "pair" });
  box.append(pair);
  for (const [key, title, type] of [["seconds_fit", "seconds of all fits", "log"], ["peak_memory_mib", "peak memory (MiB)", "linear"]]) {
    const traces = [["model", "--accent"], ["floor", "--soft"]].map(([kind, ink]) => {
      const some = lines.filter((line) => line.kind === kind && line[key] !== null);
      return { x: some.map((line) => Math.max(line[key], 0.001)), y: some.map((line) => line[headline]), text: some.map((line) => safe(line.row)),
        name: kind, mode: "markers", type: "scatter", marker: { size: 8, color: colour(ink) }, hovertemplate: "%{text}<br>%{x:.3g}, %{y:.3g}<extra></extra>" };
    });
    figure(pair, traces, { title: "", xaxis: { title: { text: title }, type }, yaxis: { title: { text: `${headline} (${unit()})` }, type: "log" } });
  }
};
