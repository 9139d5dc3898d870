// The lines of the table of episodes. What they hold comes from files, and is text alone.
//
// An episode is [0, source, env_id, number in its env, kind, reason, flag, note, ...values of the columns], a group of them
// [1, key, name, whether it is folded, {kind: how many}, facts, ...means of the columns]. The facts of a recording are [number,
// whether it can be opened, whether it was read, time of writing in s, seconds, envs, what is wrong with it].
(() => {
  const { state, element, send, files, episodes } = window.replayViewer;
  const { table, parts, header, drawer } = episodes;
  const FLAG = "M5 3h2v18H5zM8 4h11l-3 4.5 3 4.5H8z";
  const CHEVRON = "M8 5l8 7-8 7z";
  // What a column is called, and the CSS of its width; of all others it is the name.
  const COLUMNS = {
    recording: ["Recording", "minmax(130px, 1.6fr)"],
    env_id: ["Env", "64px"],
    episode_in_env: ["Episode", "76px"],
    outcome: ["Outcome", "minmax(130px, 1.3fr)"],
    total_reward: ["Return", "minmax(120px, 1fr)"],
    episode_length: ["Length", "84px"],
    duration_s: ["Seconds", "84px"],
    job_name: ["Job", "minmax(84px, 0.8fr)"],
    first_step: ["First step", "92px"],
    last_step: ["Last step", "92px"],
  };
  const NOTE = "minmax(96px, 1.2fr)";
  const OTHER = "minmax(92px, 0.8fr)";

  function icon(parent, path, className) {
    const node = element("span", className, parent);
    node.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
    return node;
  }

  // -- columns --------------------------------------------------------------------

  function label(name) {
    if (COLUMNS[name]) return COLUMNS[name][0];
    const bare = name.replace(/^(rewards|variations|progress)\./, "");
    const text = bare.replaceAll("_", " ");
    return bare === name ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  }

  const NUMBERS = ["env_id", "episode_in_env", "episode_length", "duration_s", "seed", "iteration", "global_step", "first_step", "last_step"];
  function isNumber(name) {
    return NUMBERS.includes(name) || name.startsWith("rewards.");
  }

  function drawHeader() {
    const { columns, sort, descending } = parts.filters.choice();
    header.replaceChildren();
    const widths = [...columns.map((name) => COLUMNS[name]?.[1] ?? OTHER), NOTE];
    const least = widths.reduce((sum, width) => sum + Number(/\d+/.exec(width)), 0);
    drawer.style.setProperty("--rv-columns", widths.join(" "));
    drawer.style.setProperty("--rv-least", `${least + 34 + 14}px`); // With what is left and right of a line.
    for (const name of columns) {
      const cell = element("div", "rv-head-cell", header, { role: "columnheader" });
      const isSorted = name === sort;
      cell.classList.toggle("rv-number", isNumber(name));
      cell.setAttribute("aria-sort", isSorted ? (descending ? "descending" : "ascending") : "none");
      const button = element("button", "", cell, { type: "button", title: `Sort by ${name}` });
      button.textContent = label(name);
      element("i", "", button).textContent = isSorted ? (descending ? "\u25be" : "\u25b4") : "";
      button.addEventListener("click", () => parts.filters.sortBy(name));
    }
    element("div", "rv-head-cell", header, { role: "columnheader" }).textContent = "Note";
  }

  // -- cells ----------------------------------------------------------------------

  function number(value) {
    if (Number.isInteger(value)) return value.toLocaleString("en");
    const size = Math.abs(value);
    return size >= 1000 ? value.toFixed(0) : size >= 0.01 || size === 0 ? String(Number(value.toPrecision(4))) : value.toExponential(1);
  }

  function text(value) {
    if (value === null || value === undefined) return "";
    return typeof value === "number" ? number(value) : typeof value === "boolean" ? (value ? "yes" : "no") : value;
  }

  function cell(parent, value, className = "") {
    const node = element("div", `rv-cell${typeof value === "number" ? " rv-number" : ""} ${className}`, parent, { role: "cell" });
    node.textContent = text(value);
    return node;
  }

  // Between the least and the greatest return, from zero on.
  function barCell(parent, value) {
    const node = cell(parent, value, "rv-return");
    if (typeof value !== "number") return node;
    const [low, high] = table.scale;
    const share = (at) => (100 * (at - low)) / (high - low || 1);
    const bar = element("i", value < 0 ? "rv-loss" : "rv-gain", element("span", "rv-return-bar", node));
    bar.style.left = `${share(Math.min(value, 0))}%`;
    bar.style.width = `${Math.abs(share(value) - share(0))}%`;
    return node;
  }

  function kindCell(parent, kind, reason) {
    const node = element("div", "rv-cell rv-kind", parent, { role: "cell" });
    const word = element("b", "", node);
    word.textContent = table.kindTexts[kind] ?? kind;
    word.style.color = `var(--rv-${kind}, var(--rv-dim))`;
    if (reason) element("span", "", node).textContent = reason;
    node.title = node.textContent;
  }

  function noteCell(parent, line) {
    const [, , , , , , flag, note] = line;
    const node = element("button", "rv-cell rv-note-cell", parent, { type: "button", title: note || "Add a flag or a note" });
    node.classList.toggle("rv-noted", Boolean(flag || note));
    node.setAttribute("aria-label", [flag, note].filter(Boolean).join(": ") || "Add a flag or a note");
    icon(node, FLAG, `rv-flag rv-flag-${table.flags.includes(flag) ? flag : flag ? "other" : "none"}`);
    element("span", "", node).textContent = note || (table.flags.includes(flag) ? "" : flag);
    node.addEventListener("click", (event) => {
      event.stopPropagation();
      edit(node, line);
    });
  }

  // -- lines ----------------------------------------------------------------------

  function episodeNode(line) {
    const [, source, env, episode, kind, reason, , , ...values] = line;
    const isHere = source === table.current && env === state.envId && episode === state.episode?.index;
    const node = element("div", `rv-line rv-episode-line${isHere ? " rv-here" : ""}`, null, { role: "row" });
    if (isHere) node.setAttribute("aria-current", "true");
    parts.filters.choice().columns.forEach((name, index) => {
      if (name === "outcome") kindCell(node, kind, reason);
      else if (name === "total_reward") barCell(node, values[index]);
      else cell(node, values[index]).title = typeof values[index] === "string" ? values[index] : "";
    });
    noteCell(node, line);
    return node;
  }

  function duration(seconds) {
    if (seconds < 100) return `${seconds.toFixed(1)} s`;
    if (seconds < 6000) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
    return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  }

  function ago(time) {
    const seconds = Math.max(Date.now() / 1000 - time, 0);
    if (seconds < 60) return "just now";
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    if (seconds < 7 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
    return new Date(time * 1000).toISOString().slice(0, 10);
  }

  function count(number, noun) {
    return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  }

  function described(total, facts) {
    if (!facts) return [count(total, "episode")];
    const [, , isRead, modified, seconds, envs] = facts;
    const found = !isRead ? ["\u2026"] : total ? [count(total, "episode")] : [];
    if (envs) found.push(count(envs, "env"));
    if (seconds !== null) found.push(duration(seconds));
    if (modified) found.push(ago(modified));
    return found;
  }

  function groupNode(line) {
    const [, key, name, isFolded, kinds, facts, ...means] = line;
    const { columns } = parts.filters.choice();
    const total = Object.values(kinds).reduce((sum, number) => sum + number, 0);
    const isShown = Boolean(facts) && facts[0] === table.current;
    const node = element("div", `rv-line rv-group-line${isShown ? " rv-here" : ""}`, null, { role: "row", "aria-expanded": String(!isFolded) });
    // The name has the room before the first mean, the facts what is left behind the last one.
    const isMean = means.map((mean) => typeof mean === "number");
    const [begin, end] = isMean.indexOf(true) < 1 ? [2, 2] : [isMean.indexOf(true), isMean.lastIndexOf(true) + 1];
    const first = element("div", "rv-cell rv-group-name", node, { role: "rowheader" });
    first.style.gridColumn = `1 / ${begin + 1}`;
    const fold = element("button", `rv-fold${isFolded ? "" : " rv-on"}`, first, { type: "button", "aria-label": isFolded ? "Unfold" : "Fold" });
    icon(fold, CHEVRON, "");
    fold.style.visibility = total ? "" : "hidden";
    fold.addEventListener("click", (event) => { event.stopPropagation(); send("fold_episodes", key); });
    element("b", "", first, { title: name }).textContent = name;
    if (isShown) element("em", "", first).textContent = "shown";
    if (total) mixture(first, kinds, total);
    for (let index = begin; index < end; index++) {
      const mean = columns[index] === "total_reward" ? barCell(node, means[index]) : cell(node, means[index]);
      mean.classList.add("rv-mean");
      mean.title = "Mean";
    }
    const rest = element("div", "rv-cell rv-group-facts", node, { role: "cell" });
    rest.style.gridColumn = `${end + 1} / -1`;
    rest.textContent = described(total, facts).join(" \u00b7 ");
    if (facts?.[6]) element("span", "rv-group-problem", rest).textContent = facts[6];
    rest.title = rest.textContent;
    return node;
  }

  // How a group's episodes ended, in the colours of the words.
  function mixture(parent, kinds, total) {
    const bar = element("span", "rv-mixture", parent);
    bar.title = Object.entries(kinds).map(([kind, number]) => `${number} ${table.kindTexts[kind] ?? kind}`).join(", ");
    for (const [kind, number] of Object.entries(kinds)) {
      const part = element("i", "", bar);
      part.style.width = `${(100 * number) / total}%`;
      part.style.background = `var(--rv-${kind}, var(--rv-dim))`;
    }
  }

  // -- what is ticked ---------------------------------------------------------------

  const MOST = 8; // More are not shown in one scene.
  const ticked = new Map(); // Key as text: what Python knows it by.
  const compare = element("button", "rv-control rv-primary", episodes.tools, { type: "button", id: "rv-compare-rows" });
  const untick = element("button", "rv-control", episodes.tools, { type: "button" });
  untick.textContent = "Clear";
  episodes.tools.prepend(compare, untick);
  compare.addEventListener("click", () => {
    send("compare_rows", [...ticked.values()]);
    clearTicks();
  });
  untick.addEventListener("click", clearTicks);

  function clearTicks() {
    ticked.clear();
    describeTicks();
    episodes.redraw();
  }

  function describeTicks() {
    const { size } = ticked;
    compare.style.display = untick.style.display = size ? "" : "none";
    compare.disabled = size > MOST || (size === 1 && !files.isShown);
    compare.textContent = size > MOST ? `${size} ticked, ${MOST} at most` : size > 1 ? `Compare ${size}` : files.isShown ? "Compare with what is shown" : "Tick another one";
  }
  describeTicks();

  // What a line is, as Python takes it; null for what cannot be shown.
  function keyOf(line) {
    if (line[0] === 0) return line.slice(1, 4);
    return line[0] === 1 && line[5]?.[1] ? [line[5][0]] : null;
  }

  function addTick(made, line) {
    const key = keyOf(line);
    if (!key) return;
    const name = JSON.stringify(key);
    const label = element("label", "rv-tick", null, { title: "Tick what is to be compared" });
    const tick = element("input", "", label, { type: "checkbox", "aria-label": "Compare" });
    tick.checked = ticked.has(name);
    tick.addEventListener("change", () => {
      if (tick.checked) ticked.set(name, key); else ticked.delete(name);
      describeTicks();
    });
    label.addEventListener("click", (event) => event.stopPropagation());
    made.prepend(label);
  }

  function node(line) {
    const made = line[0] === 0 ? episodeNode(line) : line[0] === 2 ? parts.films.node(line) : groupNode(line);
    addTick(made, line);
    made.addEventListener("click", () => open(line, made));
    return made;
  }

  function open(line, made) {
    if (line[0] === 2) return parts.films.open(line, made);
    if (line[0] === 0) send("go_to_episode", line.slice(1, 4));
    else if (!line[5]) send("fold_episodes", line[1]);
    else if (line[5][0] === table.current || line[5][0] < 0) send("fold_episodes", line[1]); // What is shown is open.
    else if (line[5][1]) send("open_listed", line[5][0]);
    if (episodes.isSmall() && files.isShown && line[0] === 0) episodes.show(false);
  }

  function fold(line, isFolded) {
    if (line[0] === 1 && line[3] !== isFolded) send("fold_episodes", line[1]);
  }

  // -- flags and notes --------------------------------------------------------------

  function edit(anchor, line) {
    const [, source, env, episode, , , flag, note] = line;
    parts.filters.popup(anchor, (box) => {
      box.classList.add("rv-note-editor");
      const row = element("div", "rv-flags", box, { role: "group", "aria-label": "Flag" });
      let chosen = flag;
      const buttons = table.flags.map((name) => {
        const button = element("button", "", row, { type: "button", "aria-pressed": String(name === chosen) });
        icon(button, FLAG, `rv-flag rv-flag-${name}`);
        button.append(name);
        button.addEventListener("click", () => {
          chosen = chosen === name ? "" : name;
          buttons.forEach((other, index) => other.setAttribute("aria-pressed", String(table.flags[index] === chosen)));
        });
        return button;
      });
      const input = element("input", "rv-control", box, { type: "text", maxlength: "2000", placeholder: "Note", "aria-label": "Note" });
      input.value = note;
      const save = element("button", "rv-primary", box, { type: "button" });
      save.textContent = "Save";
      const keep = () => {
        const said = [chosen === flag ? null : chosen, input.value === note ? null : input.value];
        if (said.some((value) => value !== null)) send("note_episode", [[source, env, episode], ...said]);
        parts.filters.closePopup();
      };
      save.addEventListener("click", keep);
      input.addEventListener("keydown", (event) => { if (event.key === "Enter") keep(); });
      return input;
    });
  }

  parts.rows = { node, open, fold, label, drawHeader };
})();
