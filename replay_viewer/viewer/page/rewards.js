// The numbers and bars in the table of rewards: they change with every step, the table seldom. Of several takes a row has
// several cells.
(() => {
  const { state, addPart } = window.replayViewer;
  let shown = { table: null, rewards: null };

  function fill(table) {
    shown = { table, rewards: state.rewards };
    for (const row of table.querySelectorAll("tr[data-row]")) {
      const cells = state.rewards[Number(row.dataset.row)] ?? [];
      row.classList.toggle("unsaid", cells.every(([text]) => text === ""));
      for (const place of row.querySelectorAll(".value, .bar")) {
        const [text, share] = cells[Number(place.dataset.cell ?? 0)] ?? ["", 0];
        if (place.classList.contains("bar")) fillBar(place.querySelector("b"), share);
        else {
          place.textContent = text;
          place.classList.toggle("nought", text !== "" && Number(text) === 0);
        }
      }
    }
  }

  function fillBar(bar, share) {
    bar.classList.toggle("down", share < 0);
    bar.classList.toggle("over", Math.abs(share) > 1);
    bar.style.width = share ? `max(${(50 * Math.min(Math.abs(share), 1)).toFixed(2)}%, 1px)` : "0";
  }

  // viser makes the table anew when it changes, and when its tab is opened again.
  function draw() {
    const table = document.querySelector(".rv-rewards table");
    if (table && (table !== shown.table || state.rewards !== shown.rewards)) fill(table);
  }

  addPart({ draw });
})();
