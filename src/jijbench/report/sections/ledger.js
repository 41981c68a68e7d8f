RENDER.ledger = function (box, data) {
  const lines = (data.lines[state.task] || []).filter((line) => shownRow(line.row));
  if (!lines.length) return say(box, "No row of this task was tuned.");
  const digits = (key, signed) => (line) => (line[key] === null ? "" : (signed && line[key] > 0 ? "+" : "") + Number(line[key]).toPrecision(3));
  const half = (line) => digits("difference", true)(line) + (line.half === null ? "" : ` ± ${Number(line.half).toPrecision(2)}`);
  const columns = [{ key: "row", title: "row", text: true }, { key: "inner", title: `inner, ${unit()}`, cell: digits("inner") },
    { key: "outer", title: `test, ${unit()}`, cell: digits("outer") }, { key: "difference", title: "test − inner", cell: half },
    { key: "trials", title: "trials" }, { key: "seconds", title: "seconds", digits: 0 }];
  const used = data.budgets.filter((b) => lines.some((line) => line[`rank_${b}`] !== undefined));
  for (const b of used) columns.push({ key: `rank_${b}`, title: `rank, trials ≤ ${b}` });
  sortable(box, columns, lines, { mark: (line) => (line.row === state.row ? "chosen" : "") });
};
