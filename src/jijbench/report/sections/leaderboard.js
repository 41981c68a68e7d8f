RENDER.leaderboard = function (box, data) {
  const about = DATA.about.tasks[state.task], kind = about.kind;
  const smallest = data.resolvable[state.task];
  const words = data.resampled[state.task];
  if (words) say(box, words.startsWith("one split") ? words + "."
    : `In brackets: 95 % intervals over ${words}. Rank: the places that a row may have at 95 %.` +
      (smallest === null ? "" : ` Smallest lead over the best row that is resolved: ${smallest.toPrecision(2)} ${about.unit}.`));
  const ends = { mae_magnetic: ["low", "high"], error_left: ["error_left_low", "error_left_high"], tc_mae_k: ["tc_low", "tc_high"], steps_saved: ["steps_low", "steps_high"] };
  const filled = data.columns[kind].filter((column) => data.lines[state.task].some((line) => line[column.key] !== null));
  const columns = filled.map((column) => {
    const made = { ...column, text: column.digits === null && !["trials", "seconds"].includes(column.key) };
    if (column.key in ends) made.cell = (line) => {
      const [low, high] = ends[column.key].map((name) => show(line[name], column.digits));
      const value = show(line[column.key], column.digits);
      return low === "" ? value : [value + " ", el("span", { class: "interval" }, `[${low}, ${high}]`)];
    };
    if (column.key === "fold_low") made.cell = (line) =>
      line.fold_low === null ? "" : `${show(line.fold_low, column.digits)}–${show(line.fold_high, column.digits)}`;
    if (column.key === "rank") made.sort = (line) => (line.rank ? Number(line.rank.split("–")[0]) : null);
    return made;
  });
  const lines = data.lines[state.task].filter((line) => !state.kind || line.kind === state.kind);
  const mark = (line) => (line.row === state.row ? "chosen" : line.kind);
  sortable(box, columns, lines, { mark });
  const worst = lines.find((line) => line.worst);
  if (worst) say(box, `Largest errors of ${worst.row} (${about.unit}): ${worst.worst}`);
};
