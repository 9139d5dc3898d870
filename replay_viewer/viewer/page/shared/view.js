// From where a shared replay is looked at: the camera stays, and the world moves so that the robot is in the middle.
(() => {
  const { facts } = window.rvShared;
  const viser = window.rvViser;
  const WORLD = "/world";
  const OFF_AXIS = 1e-3; // An orbit camera cannot look along its own axis; nobody sees this tilt.
  const NARROWEST = 0.2; // In a sliver of a picture the robot would be a dot.
  let following = true;
  let shadows = true;
  let origin = [0, 0, 0]; // The world's point in the middle.

  function world({ position }) {
    if (following) origin = [position[0], position[1], 0];
    return [WORLD, origin.map((x) => -x), [1, 0, 0, 0]];
  }

  function direction(azimuth, elevation) {
    const level = Math.cos(elevation);
    return [level * Math.cos(azimuth), level * Math.sin(azimuth), Math.sin(elevation)];
  }

  function lookFrom(name, aim) {
    const [turn, elevation] = facts.views[name];
    const azimuth = aim.heading + turn;
    const target = aim.position.map((x, i) => x - origin[i]);
    const picture = viser.picture();
    const aspect = picture && picture.clientHeight ? picture.clientWidth / picture.clientHeight : 1;
    const distance = (2 * facts.size) / Math.tan(facts.fov / 2) / Math.min(Math.max(aspect, NARROWEST), 1);
    const up = direction(azimuth, elevation + Math.PI / 2);
    const tilt = Math.abs(up[2]) < 0.5 ? OFF_AXIS * distance : 0;
    const away = direction(azimuth, elevation);
    viser.moveCamera(target.map((x, i) => x + distance * away[i] - tilt * up[i]), target, facts.fov);
  }

  // Let go of the robot where it is, or take it to the middle again, seen from the same side.
  function toggleFollow(aim) {
    following = !following;
    if (!following) return;
    const seen = viser.camera();
    const target = [0, 0, aim.position[2]];
    if (seen) viser.moveCamera(target.map((x, i) => x + seen.position[i] - seen.target[i]), target, seen.fov);
  }

  function toggleShadows() {
    shadows = !shadows;
    viser.setShadows(shadows);
  }

  const state = () => ({ following, shadows });
  Object.assign(window.rvShared, { view: { world, lookFrom, toggleFollow, toggleShadows, state } });
})();
