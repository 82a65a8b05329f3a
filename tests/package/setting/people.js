// Pages in which people are logged in, each in a browser context of its own.

/** Log levels of the page that are worth a failing test's attention. */
const LOUD = ['error', 'warning'];

/** What every page of the tests can use; runs before anything else in it. */
function prepare() {
  /** The next event of a name that fits, within ten seconds. */
  window.next = (tim, name, fits = () => true) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${name} came`)), 10000);
      tim.on(name, function listen(event) {
        if (!fits(event.data)) return;
        clearTimeout(timer);
        tim.off(name, listen);
        resolve(event.data);
      });
    });
  /** Logs in and waits until the SDK is ready. */
  window.enter = async ({ SDKAppID, userID, userSig, ...options }) => {
    const tim = window.TIM.create({ SDKAppID, ...options });
    const ready = window.next(tim, window.TIM.EVENT.SDK_READY);
    await Promise.all([tim.login({ userID, userSig }), ready]);
    return tim;
  };
  /** A text message to somebody. */
  window.text = (tim, to, words) =>
    tim.createTextMessage({ to, conversationType: window.TIM.TYPES.CONV_C2C, payload: { text: words } });
  /** What a promise rejects with, as plain data. */
  window.rejection = (promise) =>
    promise.then(
      (it) => ({ resolved: it }),
      (error) => ({ code: error.code, isError: error instanceof Error, name: error.name, keys: Object.keys(error).sort() }),
    );
  window.wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * A page at `url` in a new context, with TIM loaded. `problems` collects what the page complained
 * about in its console or threw.
 */
export async function openPage(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems = [];
  page.on('console', (line) => LOUD.includes(line.type()) && problems.push(line.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.addInitScript(prepare);
  await page.goto(url);
  await page.waitForFunction(() => window.TIM, undefined, { timeout: 30000 }).catch((error) => {
    throw new Error(`${url} did not load TIM: ${problems.join('; ') || error}`);
  });
  return Object.assign(page, { problems, end: () => context.close() });
}

let count = 0;

/** A userID nobody had before. */
export const newName = (name) => `${name}-${process.pid}-${++count}`;

/** Opens a page and logs a new user in; `window.tim` is the instance, `page.userID` the user. */
export async function enter(browser, url, server, { name = 'user', userID = newName(name), SDKAppID, ...options } = {}) {
  const page = await openPage(browser, url);
  const login = { SDKAppID, userID, userSig: server.userSig(userID, SDKAppID), proxyServer: server.url, ...options };
  await page.evaluate(async (it) => void (window.tim = await window.enter(it)), login);
  return Object.assign(page, { userID, login });
}
