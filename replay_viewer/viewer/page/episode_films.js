// The films of the table's episodes as tiles: they play under the pointer, and a click goes to the moment that one shows.
//
// A film is [2, source, env_id, number in its env, kind, reason, flag, note, {url, state, hasReplay, camera, isCut, note, size, facts, ended, total}].
(() => {
  const { state, element, send, files, episodes } = window.replayViewer;
  const { table, parts, scroller } = episodes;
  const LEAST_WIDTH = 190, SMALL_WIDTH = 150; // [px] of a tile, of which as many are beside each other as fit.
  const TEXT_HEIGHT = 62; // [px] below the picture.
  const PADDING = 10; // [px] left and right of all.
  // What is said in the place of a picture.
  const WITHOUT = { written: "still being filmed", orphaned: "cut off: not complete yet" };

  // How the tiles lie: columns, and the width of each and the height of a row of them [px].
  function grid() {
    const room = Math.max(scroller.clientWidth - 2 * PADDING, 1);
    const columns = Math.max(Math.floor(room / (episodes.isSmall() ? SMALL_WIDTH : LEAST_WIDTH)), 1);
    const width = Math.floor(room / columns);
    return { columns, width, left: PADDING, pitch: Math.round(((width - 8) * 10) / 16) + TEXT_HEIGHT };
  }

  function title(line) {
    const [, , env, episode, , , , , film] = line;
    return [`env ${env}, episode ${episode}`, film.camera].filter(Boolean).join(" \u00b7 ");
  }

  function isHere([, source, env, episode]) {
    return source === table.current && env === state.envId && episode === state.episode?.index;
  }

  function picture(parent, film) {
    const box = element("div", "rv-tile-picture", parent);
    if (film.state !== "complete" || !film.url) {
      element("span", "", box).textContent = WITHOUT[film.state] ?? "no film";
      return null;
    }
    // The first picture is shown at once, the rest is fetched under the pointer.
    const video = element("video", "", box, { preload: "metadata", playsinline: "", disablepictureinpicture: "", src: `${film.url}#t=0.001` });
    video.muted = true;
    video.loop = true;
    const bar = element("i", "", box);
    video.addEventListener("timeupdate", () => { bar.style.width = `${(100 * video.currentTime) / (video.duration || 1)}%`; });
    return video;
  }

  function node(line) {
    const [, , , , kind, reason, , note, film] = line;
    const tile = element("div", "rv-tile", null, { role: "row", "aria-label": title(line) });
    tile.classList.toggle("rv-here", isHere(line));
    const video = picture(tile, film);
    const first = element("div", "rv-tile-title", tile, { title: title(line) });
    first.textContent = title(line);
    const second = element("div", "rv-tile-outcome", tile, { role: "cell" });
    const word = element("b", "", second);
    word.textContent = film.isCut ? "cut off" : table.kindTexts[kind] ?? kind;
    word.style.color = film.isCut ? "var(--rv-dim)" : `var(--rv-${kind}, var(--rv-dim))`;
    if (typeof film.total === "number") element("span", "", second).textContent = `return ${Number(film.total.toPrecision(4))}`;
    const third = element("div", "rv-tile-facts", tile);
    third.textContent = film.note || film.facts || film.ended.slice(0, 19).replace("T", " ");
    tile.title = [reason, note, film.facts, film.note, film.ended].filter(Boolean).join("\n");
    if (video) {
      tile.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") play(video); });
      tile.addEventListener("pointerleave", () => stop(video));
      tile.release = () => { video.removeAttribute("src"); video.load(); };
    }
    return tile;
  }

  function play(video) {
    video.play().catch(() => {}); // Taken away before it began.
  }

  function stop(video) {
    video.pause();
    video.currentTime = 0.001;
  }

  function open(line, tile) {
    const { url, state: how } = line[8];
    if (how !== "complete" || !url) return;
    if (!line[8].hasReplay) return enlarge(line);
    send("go_to_film", [url, tile?.querySelector("video")?.currentTime ?? 0]);
    if (episodes.isSmall() && files.isShown) episodes.show(false);
  }

  // Of an episode whose states are not here there is the film alone.
  function enlarge(line) {
    const dialog = element("dialog", "rv-film-dialog", document.body, { "aria-label": title(line) });
    element("b", "", dialog).textContent = title(line);
    const video = element("video", "", dialog, { src: line[8].url, controls: "", loop: "", playsinline: "" });
    element("p", "", dialog).textContent = "Of this episode there is no recording here: the film alone.";
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("keydown", (event) => event.stopPropagation()); // The keys are those of the film.
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
    video.play().catch(() => {});
  }

  // The one that the keys are at plays as if the pointer was there.
  function attend(tile, isAttended) {
    const video = tile.querySelector("video");
    if (!video) return;
    if (isAttended) play(video);
    else if (!tile.matches(":hover")) stop(video);
  }

  parts.films = { grid, node, open, attend, isHere };
})();
