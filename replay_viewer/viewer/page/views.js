// The buttons in the picture: where it is looked from, and how it is drawn.
(() => {
  const { state, element, textButton, setPressed, send, addPart } = window.replayViewer;
  const viser = window.rvViser;

  const views = element("div", "", document.body, { id: "rv-views" });
  for (const [name, key] of [["Top", 1], ["Side", 2], ["Front", 3]]) {
    const view = textButton(views, name, `Look at the robot from here (${key})`);
    view.addEventListener("click", () => send(`look_${name.toLowerCase()}`));
  }
  const follow = textButton(views, "Follow", "Keep the robot in the middle; orbit as you like (F)");
  element("span", "", follow).textContent = " Robot";
  follow.addEventListener("click", () => send("toggle_follow"));
  const keep = textButton(views, "Keep All", "The camera goes along with all recordings (Shift R)");
  element("span", "", keep).textContent = " in View";
  keep.addEventListener("click", () => send("toggle_keep_all"));
  const shadows = textButton(views, "Shadows", "Off is faster without a GPU (H)");
  shadows.classList.add("rv-shadows");
  keep.classList.add("rv-keep");
  shadows.addEventListener("click", () => send("toggle_shadows"));
  const screenshot = textButton(views, "Screenshot", "This view as a picture, well drawn (X)");
  screenshot.addEventListener("click", takeScreenshot);

  // As large as the screen has it; where drawing is slow, viser draws fewer pixels than that.
  function takeScreenshot() {
    const { clientWidth, clientHeight } = viser.picture();
    send("draw_screenshot", [clientWidth, clientHeight].map((side) => Math.round(side * window.devicePixelRatio)));
  }

  // The buttons keep to the picture, beside the panel.
  function fitViews() {
    const width = `${Math.max((viser.picture()?.clientWidth ?? 0) - 24, 120)}px`;
    if (views.style.maxWidth !== width) views.style.maxWidth = width;
  }

  function update() {
    setPressed(follow, state.following);
    setPressed(keep, Boolean(state.keepsAll));
    keep.hidden = !(state.takes.length || state.keepsAll);
    setPressed(shadows, state.shadows);
  }

  window.replayViewer.takeScreenshot = takeScreenshot;
  addPart({ update, draw: fitViews, close: () => views.remove() });
})();
