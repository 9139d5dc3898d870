// The numbers and bars in the table of rewards: they change with every step, the table seldom.
(() => {
  const { state, addPart } = window.replayViewer;
  let shown = { table: null, rewards: null };

  function fill(table) {
    shown = { table, rewards: state.rewards };
    for (const row of table.querySelectorAll("tr[data-row]")) {
      const [text, share] = state.rewards[Number(row.dataset.row)] ?? ["", 0];
      row.classList.toggle("unsaid", text === "");
      row.querySelector(".value").textContent = text;
      const bar = row.querySelector(".bar b");
      if (!bar) continue;
      bar.classList.toggle("down", share < 0);
      bar.classList.toggle("over", Math.abs(share) > 1);
      bar.style.width = share ? `max(${(50 * Math.min(Math.abs(share), 1)).toFixed(2)}%, 1px)` : "0";
    }
  }

  // viser makes the table anew when it changes, and when its tab is opened again.
  function draw() {
    const table = document.querySelector(".rv-rewards table");
    if (table && (table !== shown.table || state.rewards !== shown.rewards)) fill(table);
  }

  addPart({ draw });
})();
