"use strict";
// The table, and what chooses among its rows. Everything else on the page stands without a script.
(async () => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const columns = data.columns;
  const byId = new Map(columns.map((column, index) => [column.id, index]));
  const source = document.getElementById("datatables").textContent;
  const module = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: DataTable } = await import(module);

  const odd = /[&<>"']/;
  const escaped = (text) =>
    typeof text === "number" || !odd.test(text) ? text : text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const value = (name, place) => {
    const column = columns[byId.get(name)];
    const found = column?.values[place] ?? null;
    return found !== null && column.texts ? column.texts[found] : found;
  };

  // -- cells --------------------------------------------------------------------

  const TRUTH = ["no", "yes"];
  const numbers = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  const whole = new Intl.NumberFormat("en");
  const numberText = (number) =>
    (Number.isInteger(number) ? whole : numbers).format(number).replace("-", "\u2212");

  const barOf = (column) => {
    let low = 0;
    let high = 0;
    for (const v of column.values) if (v !== null) [low, high] = [Math.min(low, v), Math.max(high, v)];
    const span = high - low || 1;
    return (v) => {
      const [from, to] = v < 0 ? [v, 0] : [0, v];
      const place = `left:${(100 * (from - low)) / span}%;width:${(100 * (to - from)) / span}%`;
      return `<span class="bar"><i class="${v < 0 ? "loss" : "gain"}" style="${place}"></i>${numberText(v)}</span>`;
    };
  };

  const shownAs = (column) => {
    if (column.kind === "bar") return barOf(column);
    if (column.kind === "number") return numberText;
    if (column.kind === "truth") return (v) => `<span class="outcome ${v ? "good" : "bad"}">${TRUTH[v]}</span>`;
    if (column.kind === "outcome")
      return (v, place) => {
        const success = value("success", place);
        const kind = success === null ? (data.outcomes.includes(v) ? v : "unknown") : success ? "good" : "bad";
        return `<span class="outcome ${kind}">${escaped(v)}</span>`;
      };
    return (v) => `<span class="text" title="${escaped(v)}">${escaped(v)}</span>`;
  };

  // A button in the head of each column: of numbers a range, of few texts a choice.
  const filterOf = (column) => {
    const isNumber = column.kind === "number" || column.kind === "bar";
    const content = [isNumber ? "searchNumber" : (column.texts?.length ?? 0) <= 50 ? "searchList" : "searchText"];
    return { extend: "dropdown", icon: "search", text: `Filter by ${escaped(column.label)}`, content };
  };

  const plain = (column) => (v) => (v === null ? "" : column.kind === "truth" ? TRUTH[v] : v);

  const columnOf = (column, index) => {
    const display = shownAs(column);
    const text = plain(column);
    const isNumber = column.kind === "number" || column.kind === "bar" || column.kind === "truth";
    return {
      title: escaped(column.label),
      data: index + 1,
      visible: column.shown,
      className: isNumber && column.kind !== "truth" ? "dt-right" : "dt-left",
      type: isNumber ? "known-number" : "known-text",
      columnControl: [filterOf(column)],
      render: (v, kind, row) => {
        if (kind === "display") return v === null ? "" : display(v, row[0]);
        if (kind === "export") return text(v);
        // DataTables takes what it searches in for HTML.
        return kind === "filter" ? escaped(text(v)) : v;
      },
    };
  };

  // What is not known comes last, whichever way it is sorted.
  const last = (compare) => (a, b) => (a === null ? (b === null ? 0 : 1) : b === null ? -1 : compare(a, b));
  const collator = new Intl.Collator("en", { numeric: true });
  const types = { "known-number": (a, b) => a - b, "known-text": (a, b) => collator.compare(a, b) };
  for (const [name, compare] of Object.entries(types))
    DataTable.type(name, { order: { asc: last(compare), desc: last((a, b) => compare(b, a)), pre: (v) => v } });

  // -- rows ---------------------------------------------------------------------

  // A text that a spreadsheet would take for a formula, behind an apostrophe.
  const defused = (value) =>
    typeof value === "string" && /^[=+\-@\t\r]/.test(value) && !Number.isFinite(Number(value)) ? `'${value}` : value;

  const addressOf = (place, name) => {
    const column = columns[byId.get("recording")];
    const [recording, step] = [column?.values[place] ?? null, value(name, place)];
    const query = recording === null ? null : data.recordings[recording];
    if (query === null || step === null) return null;
    return `${data.viewer}/?recording=${query}&env=${value("env_id", place)}&step=${step}`;
  };
  const link = (address, text) => (address === null ? "" : `<a href="${escaped(address)}">${text}</a>`);
  const links = (place) =>
    [
      link(addressOf(place, "first_step"), "replay"),
      link(addressOf(place, "last_step"), "end"),
      data.clips[place] ? link(data.clips[place], "clip") : "",
      data.replays[place] ? link(data.replays[place], "file") : "",
    ].join(" ");

  const rows = Array.from({ length: data.count }, (_, place) => [
    place,
    ...columns.map((column) => {
      const v = column.values[place];
      return v !== null && column.texts ? column.texts[v] : v;
    }),
  ]);
  // The buttons go into a head that is there.
  const head = document.getElementById("episodes").createTHead().insertRow();
  for (let index = 0; index <= columns.length; index++) head.append(document.createElement("th"));
  const table = new DataTable("#episodes", {
    data: rows,
    columns: [
      {
        title: "",
        data: 0,
        orderable: false,
        searchable: false,
        visible: Array.from({ length: data.count }, (_, place) => place).some((place) => links(place).trim()),
        className: "links",
        render: (place, kind) => (kind === "display" ? links(place) : place),
      },
      ...columns.map(columnOf),
    ],
    order: [],
    pageLength: 25,
    lengthMenu: [25, 100, 1000],
    autoWidth: false,
    deferRender: true,
    layout: {
      topStart: {
        buttons: [
          { extend: "colvis", text: "Columns", columns: ":gt(0)" },
          {
            extend: "csv",
            text: "CSV",
            filename: "episodes",
            exportOptions: {
              orthogonal: "export",
              columns: ":gt(0)",
              stripHtml: false,
              decodeEntities: false,
              format: { header: (_, index, cell) => defused(columns[cell.dataset.dtColumn - 1].id), body: defused },
            },
          },
        ],
      },
      topEnd: { search: { text: "", placeholder: "Search" } },
      bottomStart: "info",
      bottomEnd: ["pageLength", "paging"],
    },
    language: {
      entries: { _: "episodes", 1: "episode" },
      info: "_START_ to _END_ of _TOTAL_ _ENTRIES-TOTAL_",
      infoEmpty: "none",
      infoFiltered: "(of _MAX_)",
      lengthMenu: "_MENU_ a page",
      emptyTable: "no episodes", zeroRecords: "no episode is so",
    },
  });
  URL.revokeObjectURL(module);

  // -- what is chosen -----------------------------------------------------------

  const chosen = [];
  const filters = document.getElementById("filters");
  const holds = (one, place) => {
    if (one.places) return one.places.includes(place);
    const v = value(one.column, place);
    if (one.low !== undefined) return v !== null && within(one, v);
    if (one.text === "not stated" && v === null) return true;
    return String(byId.get(one.column) !== undefined ? plain(columns[byId.get(one.column)])(v) : v) === one.text;
  };
  // The table's numbers are rounded.
  const within = ({ low, high }, v) => {
    const slack = 1e-4 * Math.max(Math.abs(low), Math.abs(high));
    return v >= low - slack && v <= high + slack;
  };
  const said = (one) => {
    if (one.places) return "one episode";
    const label = columns[byId.get(one.column)]?.label ?? one.column;
    return one.low === undefined ? `${label}: ${one.text}` : `${label}: ${numberText(one.low)} to ${numberText(one.high)}`;
  };
  const showChosen = () => {
    filters.hidden = !chosen.length;
    filters.replaceChildren(
      ...chosen.map((one) => {
        const chip = document.createElement("button");
        chip.type = "button";
        chip.textContent = `${said(one)} ×`;
        chip.title = "Show the others too";
        chip.addEventListener("click", () => {
          chosen.splice(chosen.indexOf(one), 1);
          showChosen();
        });
        return chip;
      }),
    );
    table.search.fixed("chosen", (_, row) => chosen.every((one) => holds(one, row[0]))).draw();
  };
  const choose = (one) => {
    const same = chosen.findIndex((other) => one.places || other.places || other.column === one.column);
    if (one.places) chosen.length = 0;
    else if (same >= 0) chosen.splice(same, 1);
    chosen.push(one);
    showChosen();
    document.getElementById("table").scrollIntoView({ behavior: "smooth" });
  };
  const chosenBy = (target) => {
    const place = target.closest("[data-place]")?.dataset.place;
    if (place !== undefined) return { places: [Number(place)] };
    const mark = target.closest("[data-chosen]")?.dataset.chosen;
    return mark && mark !== "null" ? JSON.parse(mark) : null;
  };
  document.addEventListener("click", (event) => {
    const one = chosenBy(event.target);
    if (!one) return;
    event.preventDefault();
    choose(one);
  });
  document.addEventListener("keydown", (event) => {
    const one = event.key === "Enter" && event.target.matches("g.mark") ? chosenBy(event.target) : null;
    if (one) choose(one);
  });
  document.documentElement.dataset.ready = "";
  window.episodeTable = table;
})().catch((error) => {
  document.querySelector(".table-place").textContent = `This browser cannot show the table: ${error.message}`;
});

document.getElementById("look").addEventListener("click", () => window.turnLook());

// What plays a clip lies over its picture only for somebody who comes near.
for (const video of document.querySelectorAll("video")) {
  video.controls = false;
  for (const kind of ["pointerenter", "focus", "pointerdown"])
    video.addEventListener(kind, () => (video.controls = true));
  video.tabIndex = 0;
}

// Where it is served, it may be built anew meanwhile.
if (location.protocol.startsWith("http")) {
  const stamp = async () => {
    try {
      return (await fetch(location.href, { method: "HEAD", cache: "no-store" })).headers.get("ETag");
    } catch {
      return null; // The server has ended.
    }
  };
  let first = null;
  const look = async () => {
    const found = await stamp();
    first ??= found;
    if (found !== null && found !== first) document.getElementById("renewed").hidden = false;
    else setTimeout(look, 3000);
  };
  document.querySelector("#renewed button").addEventListener("click", () => location.reload());
  look();
}
