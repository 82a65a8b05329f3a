// A TCP connection between a browser and the server that a test can interfere with.
//
// A browser's own "offline" switch is not the same as a network that fails: here a link can be cut
// (connections break and new ones are refused), or one direction of it can go silent while both ends
// still believe in it. Only bytes are passed on; nothing is answered or changed here.

import { connect, createServer } from 'node:net';

/** Lays a cable to a port; people at the other end use `origin`. */
export async function layCable(port) {
  const pairs = new Set();
  let isCut = false;
  /** Directions that are held: `up` from the browser, `down` to it. */
  const held = { up: false, down: false };

  function pass(from, to, direction) {
    from.on('data', (bytes) => {
      if (!held[direction]) to.write(bytes);
    });
    from.on('end', () => to.end());
  }

  const server = createServer((browser) => {
    if (isCut) return browser.destroy();
    const remote = connect(port, '127.0.0.1');
    const pair = [browser, remote];
    pairs.add(pair);
    for (const it of pair) {
      it.setNoDelay(true);
      // The reason why one end broke is of no interest: the other must break as well.
      it.on('error', () => {});
      it.on('close', () => {
        pairs.delete(pair);
        pair.forEach((one) => one.destroy());
      });
    }
    pass(browser, remote, 'up');
    pass(remote, browser, 'down');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

  function breakAll() {
    for (const pair of pairs) pair.forEach((it) => it.destroy());
  }
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    cut() {
      isCut = true;
      breakAll();
    },
    /** What is sent in this direction gets lost from now on. */
    lose(direction) {
      held[direction] = true;
    },
    /** Works again; what had lost bytes is broken, as TCP would break it. */
    mend() {
      const lost = held.up || held.down;
      isCut = held.up = held.down = false;
      if (lost) breakAll();
    },
    end() {
      breakAll();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
