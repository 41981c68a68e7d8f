RENDER.missing = function (box, data) {
  if (!data.length) return say(box, "None: every cell of every task is complete.");
  const columns = [["task", "task"], ["row", "row"], ["status", "status"], ["cells", "folds/seeds"]].map(([key, title]) => ({ key, title, text: true }));
  sortable(box, [...columns, { key: "reason", title: "reason", long: true }], data);
};
