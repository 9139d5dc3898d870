// Which episodes the table shows, in which order, and what of them: the chips, fields and menus above its lines.
(() => {
  const { element, textButton, setPressed, send, files, episodes } = window.replayViewer;
  const { memory, remember } = window.rvBrowser;
  const { table, parts, drawer, filters, choose, redraw } = episodes;
  const SPECIAL = ["recording", "outcome"]; // Columns that every episode has, beside the names that records have.
  const ALWAYS = ["env_id", "episode_in_env", "outcome", "total_reward", "episode_length"];
  const WHERE_PRESENT = ["job_name", "policy", "task", "checkpoint", "seed"];
  const SMALL = ["env_id", "episode_in_env", "outcome", "total_reward"];
  const GROUP_TEXTS = { "": "nothing", recording: "recording", outcome: "outcome", job_name: "job" };
  const DELAY = 200; // [ms] after the last letter.

  const chosen = { sort: "", descending: false, kinds: [], noted: false, text: "", ranges: [], where: "" };
  let columnsWere = "";

  // -- what is chosen -----------------------------------------------------------------

  function own() {
    const found = memory().episodes;
    return found && typeof found === "object" ? found : {};
  }

  const isOfMany = () => files.folder !== null || table.isOfSeveral;

  function group() {
    const wished = own().group;
    const usual = isOfMany() ? "recording" : "";
    return typeof wished === "string" && (wished !== "" || isOfMany()) ? wished : usual;
  }

  function known() {
    return [...new Set([...SPECIAL, ...ALWAYS, ...table.names])];
  }

  function columns() {
    const { columns: wished } = own();
    const isWished = Array.isArray(wished) && wished.every((name) => typeof name === "string");
    if (episodes.isSmall() && !isWished) return SMALL;
    const usual = [...ALWAYS, ...WHERE_PRESENT.filter((name) => table.names.includes(name))];
    const found = isWished ? wished.filter((name) => known().includes(name)) : usual;
    const isNeeded = isOfMany() && group() !== "recording" && !found.includes("recording");
    return isNeeded ? ["recording", ...found] : found;
  }

  function choice() {
    return { ...chosen, group: group(), columns: columns(), films: isTiled() };
  }

  function isTiled() {
    return own().films === true && table.numFilms > 0;
  }

  function change(changes) {
    Object.assign(chosen, changes);
    draw();
    choose();
  }

  function keep(changes) {
    remember({ episodes: { ...own(), ...changes } });
    change({});
    redraw();
  }

  // Numbers from the greatest on, texts from A on; then the other way round; then as they come.
  function sortBy(name) {
    if (chosen.sort !== name) return change({ sort: name, descending: false });
    change(chosen.descending ? { sort: "", descending: false } : { descending: true });
  }

  // -- a small window for a choice ------------------------------------------------------

  let box = null;
  function closePopup() {
    const wasOpen = box !== null;
    box?.remove();
    box = null;
    return wasOpen;
  }

  // `build` fills it, and may say what has the focus first.
  function popup(anchor, build) {
    closePopup();
    box = element("div", "rv-popup", document.body, { role: "dialog" });
    const focused = build(box);
    const at = anchor.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = box;
    const isAbove = at.bottom + offsetHeight + 8 > window.innerHeight;
    box.style.left = `${Math.max(Math.min(at.left, window.innerWidth - offsetWidth - 8), 8)}px`;
    box.style.top = `${Math.max(isAbove ? at.top - offsetHeight - 4 : at.bottom + 4, 8)}px`;
    focused?.focus();
  }
  const outside = (event) => { if (box && !box.contains(event.target)) closePopup(); };
  document.addEventListener("pointerdown", outside);

  // -- fields and chips -----------------------------------------------------------------

  const search = element("input", "rv-control rv-search", filters, { type: "search", placeholder: "Search", "aria-label": "Search" });
  let typing = null;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ text: search.value }), DELAY);
  });
  const chips = element("div", "rv-kinds", filters, { role: "group", "aria-label": "Outcome" });
  const ranges = element("div", "rv-ranges", filters);
  const where = element("input", "rv-control rv-where", filters, {
    type: "text", spellcheck: "false", autocapitalize: "off", "aria-label": "Condition", placeholder: "where  episode_length < 100 and not success",
    title: "A condition on episodes, as --where takes it: rewards.tracking < 10 and variations.friction > 0.5. Enter applies it",
  });
  where.addEventListener("change", () => change({ where: where.value }));
  where.addEventListener("keydown", (event) => { if (event.key === "Enter") change({ where: where.value }); });
  const grouping = element("label", "rv-grouping", null);
  grouping.append("Group by");
  const groups = element("select", "rv-control", grouping, { "aria-label": "Group by" });
  groups.addEventListener("change", () => { keep({ group: groups.value }); groups.blur(); });
  const foldAll = textButton(null, "Unfold all", "Show the episodes of all groups, or of none");
  let isUnfolded = false;
  foldAll.addEventListener("click", () => {
    isUnfolded = !isUnfolded;
    send("fold_episodes", !isUnfolded);
    draw();
  });
  const columnsButton = textButton(null, "Columns", "Which columns are shown");
  columnsButton.addEventListener("click", () => popup(columnsButton, chooseColumns));
  columnsButton.classList.add("rv-not-tiled");
  foldAll.classList.add("rv-not-tiled");
  const filmsButton = textButton(null, "Films", "The films of these episodes, newest first");
  filmsButton.addEventListener("click", () => keep({ films: !isTiled() }));
  const failures = element("div", "rv-failures", null);
  const before = textButton(failures, "\u2039", "Previous failure (Shift P)");
  element("span", "", failures).textContent = "failure";
  const after = textButton(failures, "\u203a", "Next failure (Shift N)");
  before.setAttribute("aria-label", "Previous failure");
  after.setAttribute("aria-label", "Next failure");
  before.addEventListener("click", () => send("go_to_previous_failure"));
  after.addEventListener("click", () => send("go_to_next_failure"));
  episodes.tools.prepend(failures, filmsButton, grouping, foldAll, columnsButton);
  const problem = element("div", "rv-where-problem", filters, { role: "alert" });

  function chip(parent, text, isOn, run, color = "") {
    const node = textButton(parent, text, "");
    node.removeAttribute("title");
    node.classList.add("rv-filter-chip");
    setPressed(node, isOn);
    if (color) node.style.setProperty("--rv-chip", color);
    node.addEventListener("click", run);
    return node;
  }

  const noted = chip(filters, "noted", false, () => change({ noted: !chosen.noted }));
  noted.title = "Those with a flag or a note";
  ranges.before(noted);

  // They stay the nodes that they are while numbers change: nobody's click may fall on one that is just replaced.
  const ofKinds = new Map();
  function drawKinds() {
    for (const [kind, number] of Object.entries(table.kinds)) {
      if (!ofKinds.has(kind)) {
        const node = chip(chips, table.kindTexts[kind] ?? kind, false, () => toggleKind(kind), `var(--rv-${kind}, var(--rv-dim))`);
        ofKinds.set(kind, { node, number: element("span", "", node) });
      }
      const { node, number: label } = ofKinds.get(kind);
      const isOn = chosen.kinds.includes(kind);
      label.textContent = number.toLocaleString("en");
      node.style.display = number || isOn ? "" : "none";
      setPressed(node, isOn);
    }
    setPressed(noted, chosen.noted);
  }

  function toggleKind(kind) {
    const others = chosen.kinds.filter((other) => other !== kind);
    change({ kinds: others.length < chosen.kinds.length ? others : [...others, kind] });
  }

  function drawRanges() {
    ranges.replaceChildren();
    for (const range of chosen.ranges) {
      const text = `${parts.rows.label(range.name)} ${range.low ?? "\u2026"} to ${range.high ?? "\u2026"} \u00d7`;
      chip(ranges, text, true, () => change({ ranges: chosen.ranges.filter((other) => other !== range) })).title = "Take this range away";
    }
    const add = chip(ranges, "+ range", false, () => popup(add, chooseRange));
    add.removeAttribute("aria-pressed");
    add.title = "Only those whose number in a column lies in a range";
  }

  function chooseRange(parent) {
    parent.classList.add("rv-range-editor");
    const names = known().filter((name) => !SPECIAL.includes(name));
    const name = element("select", "rv-control", parent, { "aria-label": "Column" });
    for (const value of names) element("option", "", name, { value }).textContent = value;
    name.value = names.includes("total_reward") ? "total_reward" : names[0];
    const [low, high] = ["Least", "Greatest"].map((text) => (
      element("input", "rv-control", parent, { type: "number", step: "any", placeholder: text, "aria-label": text })
    ));
    const add = element("button", "rv-primary", parent, { type: "button" });
    add.textContent = "Apply";
    const apply = () => {
      const [least, greatest] = [low, high].map(({ value }) => (value === "" ? null : Number(value)));
      closePopup();
      if (least !== null || greatest !== null) change({ ranges: [...chosen.ranges, { name: name.value, low: least, high: greatest }] });
    };
    add.addEventListener("click", apply);
    parent.addEventListener("keydown", (event) => { if (event.key === "Enter") apply(); });
    return low;
  }

  function chooseColumns(parent) {
    parent.classList.add("rv-columns-editor");
    const list = element("div", "", parent);
    for (const name of known()) {
      const row = element("label", "", list, { title: name });
      const input = element("input", "", row, { type: "checkbox" });
      input.checked = columns().includes(name);
      element("span", "", row).textContent = name;
      input.addEventListener("change", () => {
        const others = columns().filter((other) => other !== name);
        keep({ columns: input.checked ? [...others, name] : others });
      });
    }
    const usual = textButton(parent, "As usual", "The columns that are shown at first");
    usual.addEventListener("click", () => { closePopup(); keep({ columns: null }); });
  }

  let groupsWere = "";
  function drawGroups() {
    const names = table.groups.length ? table.groups : ["", "recording"];
    if (names.join() !== groupsWere) {
      groupsWere = names.join();
      groups.replaceChildren();
      for (const value of names) element("option", "", groups, { value }).textContent = GROUP_TEXTS[value] ?? value;
    }
    groups.value = names.includes(group()) ? group() : "";
    grouping.style.display = table.numEpisodes ? "" : "none";
    foldAll.style.display = group() && table.numEpisodes ? "" : "none";
    foldAll.textContent = isUnfolded ? "Fold all" : "Unfold all";
  }

  let drawn = "";
  function draw() {
    drawKinds();
    drawGroups();
    const key = JSON.stringify(choice());
    if (key !== drawn) {
      drawRanges();
      parts.rows.drawHeader();
    }
    drawn = key;
    problem.textContent = table.problem;
    filmsButton.style.display = table.numFilms ? "" : "none";
    setPressed(filmsButton, isTiled());
    where.classList.toggle("rv-wrong", Boolean(table.problem));
    for (const node of [columnsButton, failures, chips, noted, ranges, where]) node.style.display = table.numEpisodes ? "" : "none";
    const isEmpty = !table.numEpisodes && !table.numSources;
    for (const node of [search, episodes.header]) node.style.display = isEmpty ? "none" : "";
  }

  function update() {
    // Groups and columns that are there only now are asked for.
    const wanted = JSON.stringify([group(), columns(), isTiled()]);
    const isOther = columnsWere !== wanted && columnsWere !== "";
    columnsWere = wanted;
    draw();
    if (isOther) choose();
  }

  parts.filters = { choice, update, sortBy, popup, closePopup };
  window.replayViewer.addPart({ close: () => { closePopup(); document.removeEventListener("pointerdown", outside); } });
})();
