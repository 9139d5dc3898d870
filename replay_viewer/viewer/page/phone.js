// A phone held upright: viser's page has the panel as a sheet over the picture, open. It is closed once there is a picture.
(() => {
  let isDone = false;

  function update(changes) {
    if ("title" in changes && !isDone) isDone = window.rvViser.closeSheet();
  }

  window.replayViewer.addPart({ update });
})();
