// Light, dark, or as the system has it: the button in the bar and the switch in the View tab.
(() => {
  const { element, colour, setPressed, send, addPart } = window.replayViewer;
  const { look, setLook, isDark } = window.rvBrowser;
  const viser = window.rvViser;
  const TOTAL = /*TOTAL*/; // The reward's own curve, as Python draws it.
  const MOON = "M20 14.6A8.5 8.5 0 0 1 9.4 4 8.5 8.5 0 1 0 20 14.6z";
  const SUN = "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM11 2h2v3h-2zm0 17h2v3h-2zM2 11h3v2H2zm17 0h3v2h-3zM4.2 5.6l1.4-1.4 "
    + "2.1 2.1-1.4 1.4zm12.1 12.1 1.4-1.4 2.1 2.1-1.4 1.4zM18.4 4.2l1.4 1.4-2.1 2.1-1.4-1.4zM6.3 16.3l1.4 1.4-2.1 2.1-1.4-1.4z";

  const toggle = element("button", "rv-look", document.querySelector("#rv-bar .rv-row"), { type: "button" });
  toggle.addEventListener("click", () => setLook(isDark() ? "light" : "dark"));

  function choose(event) {
    const chosen = event.target.closest?.("[data-look]");
    if (chosen) setLook(chosen.dataset.look);
  }

  // The switch is part of viser's panel, which makes it anew when it likes.
  function markSwitch() {
    for (const choice of document.querySelectorAll("[data-look]")) {
      const isChosen = choice.dataset.look === look();
      if (choice.getAttribute("aria-pressed") !== String(isChosen)) setPressed(choice, isChosen);
    }
  }

  // The reward's curve is as dark as text on light ground, and as light on dark ground.
  function inkCurves() {
    const { rvLook } = document.documentElement.dataset;
    for (const chart of viser.charts()) {
      if (chart.inkedFor === rvLook) continue;
      const ink = colour("text");
      const isTotal = (series) => series.stroke && [TOTAL, chart.ink].includes(series.stroke(chart));
      for (const series of chart.series.filter(isTotal)) series.stroke = () => ink;
      Object.assign(chart, { ink, inkedFor: rvLook });
      chart.redraw(false);
    }
  }

  function follow() {
    const label = isDark() ? "Light page" : "Dark page";
    toggle.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${isDark() ? SUN : MOON}"/></svg>`;
    toggle.title = label;
    toggle.setAttribute("aria-label", label);
    send("set_look", isDark() ? "dark" : "light");
  }

  function close() {
    document.removeEventListener("click", choose);
    window.removeEventListener("rv-look", follow);
  }

  function draw() {
    markSwitch();
    inkCurves();
  }

  document.addEventListener("click", choose);
  window.addEventListener("rv-look", follow);
  addPart({ update: (changes) => { if ("title" in changes) follow(); }, draw, close });
})();
