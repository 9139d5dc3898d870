// The panel of a shared replay: its name, its episodes to choose among, and the table of rewards, filled by rewards.js.
(() => {
  const { facts, text } = window.rvShared;
  const { state, element, send, addPart } = window.replayViewer;

  const side = element("aside", "", document.body, { id: "rv-side" });
  const head = element("header", "", side);
  element("h1", "", head).textContent = facts.title;
  element("p", "", head).textContent = facts.about;

  function rowOf(clip, index) {
    const row = element("button", "rv-clip", null, { type: "button" });
    const name = element("b", "", row);
    name.textContent = `env ${clip.env}, episode ${clip.episode}`;
    const outcome = element("span", "rv-outcome", row, { title: clip.text });
    outcome.textContent = facts.kinds[clip.kind];
    outcome.style.color = `var(--rv-${clip.kind})`;
    element("span", "rv-length", row).textContent = `${(clip.count * facts.dt).toFixed(2)} s`;
    element("span", "rv-return", row).textContent = clip.total === null ? "" : text(clip.total);
    row.addEventListener("click", () => send("go_to_clip", index));
    return row;
  }

  const list = element("section", "rv-clips", side, { "aria-label": "Episodes" });
  const titles = element("div", "rv-clip rv-titles", list);
  for (const title of ["Episode", "", "Length", "Return"]) element("span", "", titles).textContent = title;
  const rows = facts.clips.map(rowOf);
  list.append(...rows);

  const rewards = element("section", "rv-rewards", side, { "aria-label": "Rewards" });

  function table() {
    const made = element("table", "", rewards);
    const columns = element("colgroup", "", made);
    for (const name of ["name", "", "value"]) element("col", name, columns);
    facts.rows.forEach((row, index) => addRow(made, row, index));
  }

  function addRow(parent, { name, kind, colour }, index) {
    const isFirstNumber = kind !== "term" && facts.rows[index - 1]?.kind === "term";
    const row = element("tr", { residual: "note" }[kind] ?? "", parent, { "data-row": index, "data-term": name });
    if (isFirstNumber) row.classList.add("sum");
    const label = element("td", "", row, { title: name, ...(kind === "term" ? {} : { colspan: 2 }) });
    if (colour) element("i", "rv-swatch", label).style.cssText = `border-color: ${colour}; background: ${colour}`;
    // A long name breaks where its words end.
    name.split(/(?<=[_/])/).forEach((part, place) => { if (place) element("wbr", "", label); label.append(part); });
    if (kind === "term") element("div", "bar", element("td", "", row)).append(element("u"), element("b"));
    element("td", "value", row);
    if (colour) row.addEventListener("click", () => window.rvShared.chart.toggle(index));
  }

  if (facts.rows.length) table();
  else element("div", "empty", rewards).textContent = "No rewards are recorded.";

  function update(changes) {
    if (!changes.episode) return;
    rows.forEach((row, index) => {
      const isShown = index === state.episode.index;
      row.classList.toggle("rv-here", isShown);
      row.setAttribute("aria-current", String(isShown));
      if (isShown && rows.length > 1) row.scrollIntoView({ block: "nearest" });
    });
  }

  window.rvShared.side = side;
  addPart({ update });
})();
