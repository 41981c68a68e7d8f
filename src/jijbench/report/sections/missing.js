RENDER.missing = function (box, data) {
  if (!data.length) return say(box, "None: every cell of every task is complete.");
  const columns = [["task", 1], ["row", 1], ["fold", 0], ["seed", 0], ["status", 1]].map(([key, text]) => ({ key, title: key, text: Boolean(text) }));
  sortable(box, [...columns, { key: "reason", title: "reason", long: true }], data);
};
