// Who is who where several recordings are in one scene: names and colours over the picture, the one that leads first.
(() => {
  const { state, element, textButton, addPart } = window.replayViewer;

  const legend = element("div", "", document.body, { id: "rv-takes" });
  legend.hidden = true;

  function update(changes) {
    if (!("takes" in changes || "mode" in changes)) return;
    legend.hidden = !state.takes.length;
    legend.replaceChildren();
    for (const { name, color, note } of state.takes) {
      const row = element("div", "", legend, { title: name });
      const sign = element("i", "", row);
      if (color) sign.style.background = color;
      else sign.className = "rv-lead"; // It has the colours of its robots.
      element("span", "", row).textContent = name;
      if (note) element("em", "", row).textContent = note;
    }
    textButton(legend, state.mode, "Another way to compare (C)").dataset.do = "next_mode";
  }

  addPart({ update, close: () => legend.remove() });
})();
