// The player of a shared replay: in the place of a viewer it does what the page asks for, and tells the page its state.
(() => {
  const { facts, numSteps, read, poses, aim, rewardsAt, standIn, text, view } = window.rvShared;
  const page = window.replayViewer;
  const viser = window.rvViser;
  const LOOPS = ["off", "episode", "rollout", "selection"];
  const LONGEST = 0.25; // [s] that pass at once: in a page in the background time stands still.
  const TRACE = 1e-3; // Of a bar: what is not zero is seen.
  const second = Math.max(1, Math.round(1 / facts.dt));
  const { clips } = facts;
  const last = numSteps - 1;

  let at = 0; // In steps of the file.
  let over = 0; // How long, in steps, the last step of a loop is shown already: as long as any other one.
  let playing = false, speed = 1, loop = "rollout", selection = null;
  let span = [0, last]; // What is repeated: first and last step.
  let isHeld = false, isReady = false;
  let drawn = null, told = {}, ticked = 0;

  const endOf = (clip) => clip.start + clip.count - 1;
  const clampStep = (step) => Math.min(Math.max(step, 0), last);

  function clipAt(step) {
    let index = clips.length - 1;
    while (index > 0 && clips[index].start > step) index -= 1;
    return clips[index];
  }

  // Within a clip, in steps; between two clips the last pose of the first one stands.
  function within(clip) {
    return Math.min(at - clip.start, clip.count - 1);
  }

  // -- time ---------------------------------------------------------------------

  function tick(seconds) {
    const [a, b] = loop === "off" ? [0, last] : span;
    const next = at + over + (seconds * speed) / facts.dt;
    if (loop === "off" && next >= b) [at, over, playing] = [b, 0, false];
    else {
      const place = next < b + 1 ? next : a + ((next - a) % (b - a + 1));
      at = Math.min(place, b);
      over = place - at;
    }
  }

  function seek(step) {
    if (!Number.isFinite(step)) return;
    [at, over] = [clampStep(step), 0];
    fitSpan();
  }

  function fitSpan() {
    const clip = clipAt(at);
    const spans = { episode: [clip.start, endOf(clip)], selection: selection ?? [0, last] };
    span = spans[loop] ?? [0, last];
    if (loop === "selection" && (at < span[0] || at > span[1])) at = span[0];
  }

  // -- what the page asks for -----------------------------------------------------

  function play() {
    if (loop === "off" && at >= last) seek(0);
    playing = true;
  }

  function pause() {
    playing = false;
  }

  function stepBy(count) {
    pause();
    seek((count < 0 ? Math.ceil(at - 1e-6) : Math.floor(at + 1e-6)) + count);
  }

  function stopAt(step) {
    pause();
    seek(step);
  }

  function goToPreviousEpisode() {
    const clip = clipAt(at);
    const isFresh = at - clip.start < second;
    seek(isFresh ? clips[Math.max(clips.indexOf(clip) - 1, 0)].start : clip.start);
  }

  function setSpeed(wanted) {
    if (facts.speeds.includes(wanted)) speed = wanted;
  }

  function stepSpeed(by) {
    setSpeed(facts.speeds[facts.speeds.indexOf(speed) + by]);
  }

  function setLoop(wanted) {
    if (!LOOPS.includes(wanted)) return;
    if (wanted === "selection" && !selection) return selectSteps(at - second / 2, at + second / 2);
    loop = wanted;
    fitSpan();
  }

  function selectSteps(first, end) {
    selection = [first, end].map((step) => clampStep(Math.round(step))).sort((a, b) => a - b);
    loop = "selection";
    fitSpan();
  }

  function clearSelection() {
    selection = null;
    if (loop === "selection") setLoop("rollout");
  }

  function selectFrom(step) {
    const end = selection && selection[1] > step ? selection[1] : endOf(clipAt(step));
    selectSteps(step, end);
  }

  function selectTo(step) {
    const first = selection && selection[0] < step ? selection[0] : clipAt(step).start;
    selectSteps(first, step);
  }

  const ends = clips.map(endOf);
  const lookFrom = (name) => view.lookFrom(name, aimNow());
  const actions = {
    play, pause,
    toggle: () => (playing ? pause() : play()),
    seek: (step) => seek(Number(step)),
    begin_scrub: () => { isHeld = true; },
    end_scrub: () => { isHeld = false; },
    step_back: () => stepBy(-1),
    step_forward: () => stepBy(1),
    jump_back: () => stepBy(-second),
    jump_forward: () => stepBy(second),
    leap_back: () => stepBy(-5 * second),
    leap_forward: () => stepBy(5 * second),
    go_to_start: () => seek(0),
    go_to_end: () => seek(last),
    go_to_previous_episode: goToPreviousEpisode,
    go_to_next_episode: () => seek(clips[clips.indexOf(clipAt(at)) + 1]?.start ?? at),
    go_to_next_end: () => stopAt(ends.find((end) => end > at) ?? at),
    go_to_previous_end: () => stopAt(ends.findLast((end) => end < Math.floor(at)) ?? at),
    go_to_clip: (index) => seek(clips[index]?.start ?? at),
    slower: () => stepSpeed(-1),
    faster: () => stepSpeed(1),
    set_speed: (wanted) => setSpeed(Number(wanted)),
    set_loop: setLoop,
    next_loop: () => setLoop(LOOPS[(LOOPS.indexOf(loop) + 1) % (selection ? 4 : 3)]),
    select_steps: (steps) => selectSteps(...steps),
    select_from_here: () => selectFrom(Math.floor(at)),
    select_to_here: () => selectTo(Math.floor(at)),
    clear_selection: clearSelection,
    look_top: () => lookFrom("top"),
    look_side: () => lookFrom("side"),
    look_front: () => lookFrom("front"),
    look_follow: () => lookFrom("follow"),
    toggle_follow: () => { view.toggleFollow(aimNow()); drawn = null; },
    toggle_shadows: view.toggleShadows,
    zoom: page.toggleZoom,
    go_to_place: goToPlace,
  };

  function act(name, value = null) {
    actions[name]?.(value);
    tell();
  }
  viser.send = (control, text) => {
    const { do: name, value } = JSON.parse(text);
    act(name, value);
  };

  // -- what the page is told ------------------------------------------------------

  function aimNow() {
    const clip = clipAt(at);
    return aim(clip, within(clip));
  }

  // In the words of the viewer's own address: steps are the recording's.
  page.placeAt = () => {
    const clip = clipAt(at);
    return { env: clip.env, episode: clip.episode, step: clip.first + Math.floor(within(clip) + 1e-6) };
  };

  function goToPlace({ env, episode, step }) {
    const isSaid = (said, own) => said === undefined || Number(said) === own;
    const meant = clips.filter((clip) => isSaid(env, clip.env) && isSaid(episode, clip.episode));
    const place = (clip) => (step === undefined ? 0 : Number(step) - clip.first);
    const clip = meant.find((found) => place(found) >= 0 && place(found) < found.count);
    if (clip) seek(clip.start + Math.floor(place(clip)));
  }

  function clipState(clip) {
    const index = clips.indexOf(clip);
    const title = `env ${clip.env}, episode ${clip.episode}` + (clips.length > 1 ? ` (${index + 1} of ${clips.length})` : "");
    return { index, first: clip.start, last: endOf(clip), kind: clip.kind, text: clip.text, title };
  }

  function tell() {
    const clip = clipAt(at);
    const state = {
      playing, speed, loop, selection, ...view.state(),
      envId: clip.env, episode: clipState(clip), standIn: standIn(clip, within(clip)),
    };
    const news = Object.entries(state).filter(([name, value]) => JSON.stringify(value) !== told[name]);
    for (const [name, value] of news) told[name] = JSON.stringify(value);
    if (news.length) page.update(Object.fromEntries(news));
  }

  // Of each row of the table its one cell: the number as text, and how full its bar is.
  function rewardsOf(clip) {
    return [...rewardsAt(clip, within(clip))].map((value, row) => {
      const { kind } = facts.rows[row];
      if (kind === "residual" && !(Math.abs(value) > facts.rounding)) return [["", 0]];
      if (kind !== "term" || !value) return [[text(value), 0]];
      return [[text(value), Math.sign(value) * Math.max(Math.abs(value) / clip.bar, TRACE)]];
    });
  }

  function show() {
    const clip = clipAt(at);
    const key = `${at}`;
    if (key === drawn) return;
    drawn = key;
    viser.move([["/playhead", [at, 0, 0]], view.world(aim(clip, within(clip))), ...poses(clip, within(clip))]);
    page.update({ rewards: rewardsOf(clip) });
    tell();
  }

  function draw() {
    const now = performance.now();
    const passed = Math.min((now - ticked) / 1000, LONGEST);
    ticked = now;
    if (!isReady) return begin();
    if (playing && !isHeld) tick(passed);
    show();
  }

  // The scene is there once viser has read it.
  function begin() {
    if (!viser.camera() || !viser.nodePosition("/playhead")) return;
    isReady = true;
    window.rvBrowser.endComingBack();
    show();
    lookFrom("follow");
    playing = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.documentElement.classList.add("rv-ready");
    tell();
  }

  async function load() {
    // All at once: where drawing is slow, each has to wait for pictures to be drawn.
    await Promise.all(clips.map(async (clip) => Object.assign(clip, await read(clip), { data: null })));
    const { title, dt, speeds, kinds } = facts;
    const codes = Object.keys(kinds);
    const episodes = {
      first: clips.map((clip) => clip.start),
      last: clips.map(endOf),
      kind: clips.map((clip) => codes.indexOf(clip.kind)),
    };
    page.open({ control: `shared-${performance.timeOrigin}` });
    page.update({ title, dt, speeds, kinds, numSteps, episodes });
    tell();
    page.addPart({ draw });
  }

  window.rvShared.clipAt = clipAt;
  load();
})();
