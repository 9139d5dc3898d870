// The films of the robot's cameras beside it, each at the frame that belongs to the step shown. While time passes they play
// at its speed, and are kept from drifting away; while it stands still, each is put to the middle of its frame.
(() => {
  const { state, element, textButton, addPart } = window.replayViewer;
  const { memory, remember } = window.rvBrowser;
  const FAR = 0.12; // [s]: what is further away is jumped to.
  const PULL = 2.5; // Of the distance, how much is made up per second.
  const STILL = 150; // [ms] after which the playhead is taken to stand.
  const RATES = [0.0625, 16]; // What browsers play.

  const shelf = element("div", "", document.body, { id: "rv-films" });
  const head = element("header", "", shelf);
  element("b", "", head).textContent = "Cameras";
  const fold = textButton(head, "", "Show the films of the robot's cameras, or not");
  const list = element("div", "rv-films-list", shelf);
  let shown = [];
  let last = -1;
  let movedAt = 0;

  fold.addEventListener("click", () => {
    remember({ filmsFolded: !memory().filmsFolded });
    fit();
  });

  function fit() {
    const isFolded = Boolean(memory().filmsFolded);
    shelf.hidden = !shown.length;
    list.hidden = isFolded;
    fold.textContent = isFolded ? "show" : "hide";
    fold.setAttribute("aria-expanded", String(!isFolded));
    if (isFolded) for (const { video } of shown) video.pause();
  }

  function make(film) {
    const figure = element("figure", "", list);
    const video = element("video", "", figure, { preload: "auto", playsinline: "", disablepictureinpicture: "", src: film.url });
    video.muted = true; // Else it may not play by itself.
    element("figcaption", "", figure, { title: film.camera }).textContent = film.camera;
    return { ...film, figure, video };
  }

  function take(films) {
    for (const { figure, video } of shown) {
      video.removeAttribute("src");
      video.load(); // Ends what is being fetched.
      figure.remove();
    }
    shown = films.map(make);
    fit();
  }

  // The time in the film, at which a frame begins at the step that it was taken at.
  function timeAt(film, at) {
    return (at - film.first) / film.stride / film.fps;
  }

  function rest(film, at) {
    const { video, fps, frames, figure } = film;
    const frame = Math.min(Math.max(Math.floor(timeAt(film, at) * fps + 1e-4), 0), frames - 1);
    const end = Number.isFinite(video.duration) ? video.duration - 0.25 / fps : Infinity;
    const middle = Math.min((frame + 0.5) / fps, end);
    if (!video.paused) video.pause();
    if (!video.seeking && Math.abs(video.currentTime - middle) > 0.3 / fps) video.currentTime = middle;
    figure.dataset.frame = frame;
  }

  function follow(film, at, rate) {
    const { video, fps } = film;
    // It is some time from being asked for to the frame on the screen; the pose in the page comes as late.
    const away = timeAt(film, at) + 0.25 / fps - video.currentTime;
    if (Math.abs(away) > Math.max(FAR * rate, 2 / fps)) {
      if (!video.seeking) video.currentTime = Math.max(timeAt(film, at) + 0.5 / fps, 0);
    } else {
      const pulled = rate + PULL * away;
      video.playbackRate = Math.min(Math.max(pulled, rate * 0.5, RATES[0]), Math.min(rate * 2, RATES[1]));
    }
    if (video.paused) video.play().catch(() => {}); // Where a browser does not let it, it is put from frame to frame.
  }

  function draw(at) {
    if (!shown.length || list.hidden) return;
    const now = performance.now();
    if (at !== last) movedAt = now;
    last = at;
    const isMoving = state.playing && now - movedAt < STILL;
    for (const film of shown) {
      if (film.video.readyState < 1) continue;
      const seconds = timeAt(film, at);
      const rate = (state.speed ?? 1) / state.dt / film.stride / film.fps;
      const isInside = seconds >= 0 && seconds < film.frames / film.fps;
      film.figure.classList.toggle("rv-outside", !isInside);
      if (isMoving && isInside && rate >= RATES[0] && rate <= RATES[1]) follow(film, at, rate);
      else rest(film, at);
    }
  }

  function close() {
    take([]);
    shelf.remove();
  }

  fit();
  addPart({ takes: { films: take }, draw, close });
})();
