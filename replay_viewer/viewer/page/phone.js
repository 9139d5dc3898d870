// A phone held upright: viser's page has the panel as a sheet over the picture, open. It is closed once there is a picture.
(() => {
  const { addPart } = window.replayViewer;
  const SHEET = '#root .mantine-Paper-root[style*="position: fixed"]';
  let closed = false;

  function closeSheet() {
    const handle = document.querySelector(`${SHEET} [style*="cursor: pointer"]`);
    if (closed || !handle?.querySelector("button")) return; // Only an open one has buttons.
    closed = true;
    handle.click();
  }

  addPart({ update: (changes) => { if ("title" in changes) closeSheet(); } });
})();
