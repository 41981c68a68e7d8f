RENDER.provenance = function (box, data) {
  say(box, `jijbench ${DATA.about.version}, benchmark ${DATA.about.benchmark}: ${data.records} records, ${data.hours.toFixed(2)} h of processor time, ${data.first} to ${data.last}.`);
  for (const machine of data.machines) say(box, `Machine: ${machine}`);
  sortable(box, [{ key: "task", title: "task", text: true }, { key: "data", title: "data (sha256)", text: true }, { key: "split", title: "split (sha256)", text: true }], data.tasks);
  box.append(el("br"));
  sortable(box, [["row", "row"], ["adapter", "adapter"], ["version", "version"], ["code", "code (sha256)"], ["versions", "versions"], ["licence", "licence"]]
    .map(([key, title]) => ({ key, title, text: true })).concat([{ key: "citation", title: "citation", long: true }]), data.rows);
};
