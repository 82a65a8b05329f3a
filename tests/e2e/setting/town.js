// A server, a browser, and people who use the demo: what every test begins with.

import { launch } from '../../browser.js';
import { layCable } from './cable.js';
import { Person } from './person.js';
import { startServer } from './server.js';

let count = 0;

/** A userID nobody had before. */
export const newName = (name) => `${name}-${++count}`;

/** Opens a town; `end` closes everything in it. */
export async function openTown() {
  const [browser, server] = await Promise.all([launch(), startServer()]);
  const origin = `http://127.0.0.1:${server.port}`;
  const cables = [];

  /** Somebody with a browser profile of their own, who is not logged in. */
  async function visitor(name, { prepare, cable, ...options } = {}) {
    const context = await browser.newContext(options);
    const person = new Person(await context.newPage(), cable?.origin ?? origin, newName(name));
    await prepare?.(person);
    await person.visit();
    return Object.assign(person, { cable });
  }

  async function lay() {
    const cable = await layCable(server.port);
    cables.push(cable);
    return cable;
  }

  /** Somebody who is logged in. */
  async function person(name, options) {
    const it = await visitor(name, options);
    await it.signIn();
    return it;
  }

  return {
    browser,
    server,
    visitor,
    person,
    /** Somebody whose connection a test can interfere with, as `person.cable`. */
    personOnCable: async (name, options) => person(name, { cable: await lay(), ...options }),
    visitorOnCable: async (name, options) => visitor(name, { cable: await lay(), ...options }),
    async end() {
      await browser.close();
      await Promise.all(cables.map((it) => it.end()));
      await server.end();
    },
  };
}
