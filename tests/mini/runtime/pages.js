// `App`, `Page`, `Component` and the stack of pages.
//
// A page's file runs when the page is opened for the first time. Pages have data and methods and are
// told of their life; there is no view, so nothing is drawn and `setData` only changes `data`. Knows
// nothing of why the program goes to the background.

import { Failure } from './realm.js';

/** Members of `Page`'s and `Component`'s options that do not become members of the page as they are. */
const OF_COMPONENT = [
  'data',
  'methods',
  'properties',
  'lifetimes',
  'pageLifetimes',
  'observers',
  'options',
  'behaviors',
];

export class Pages {
  app;
  #stack = [];
  #known = new Map();
  /** The path of the page whose file is running. */
  #loading;
  #host;

  /** `host` has realm, thread, settings, modules and the `paths` of app.json. */
  constructor(host) {
    this.#host = host;
  }

  get top() {
    return this.#stack.at(-1);
  }

  /** The globals for the program. */
  names() {
    const { realm } = this.#host;
    const names = {
      App: (options) => this.#register(options),
      Page: (options) => this.#define(options),
      Component: (options) => this.#define(componentAsPage(options)),
      Behavior: (options) => options,
      getApp: () => this.app,
      getCurrentPages: () => realm.toProgram([...this.#stack]),
    };
    return Object.fromEntries(Object.entries(names).map(([name, work]) => [name, realm.function(name, work)]));
  }

  tellApp(name, ...given) {
    const { realm, thread } = this.#host;
    if (typeof this.app?.[name] === 'function')
      thread.run(() => this.app[name](...given.map((it) => realm.toProgram(it))));
  }

  tellTop(name) {
    if (this.top) this.#tell(this.top, name);
  }

  /** Opens a page over the others; `url` may be relative to the page on top. */
  open(url) {
    const { path, query } = this.#find(url);
    if (this.#stack.length >= this.#host.settings.limits.pages) {
      throw new Failure(`webview count limit exceed: ${this.#host.settings.limits.pages}`);
    }
    this.tellTop('onHide');
    return this.#show(path, query);
  }

  replace(url) {
    const { path, query } = this.#find(url);
    this.#close(1);
    return this.#show(path, query);
  }

  restart(url) {
    const { path, query } = this.#find(url);
    this.#close(this.#stack.length);
    return this.#show(path, query);
  }

  back(delta = 1) {
    if (this.#stack.length < 2) throw new Failure('cannot navigate back at first page.');
    this.#close(Math.min(delta, this.#stack.length - 1));
    this.tellTop('onShow');
  }

  #find(url) {
    if (typeof url !== 'string') throw new Failure('invalid url');
    const [name, query = ''] = url.split(/\?(.*)/s);
    const base = `file:///${this.top?.route ?? ''}`;
    const path = new URL(name, base).pathname.slice(1);
    if (!this.#host.paths.includes(path)) throw new Failure(`page "${path}" is not found`);
    // The values stay as they are in the address; decoding is the page's business.
    const pairs = query
      .split('&')
      .filter(Boolean)
      .map((it) => it.split(/=(.*)/s));
    return { path, query: Object.fromEntries(pairs.map(([key, value = '']) => [key, value])) };
  }

  #show(path, query) {
    const { realm, thread, modules } = this.#host;
    if (!this.#known.has(path)) {
      this.#loading = path;
      thread.run(() => modules.require(`/${path}`));
      this.#loading = undefined;
      if (!this.#known.has(path)) throw new Failure(`${path}.js does not call Page or Component`);
    }
    const page = this.#make(path, this.#known.get(path));
    page.options = realm.toProgram(query);
    this.#stack.push(page);
    this.#tell(page, 'onLoad', page.options);
    this.#tell(page, 'onShow');
    this.#tell(page, 'onReady');
    return page;
  }

  #close(count) {
    for (const page of this.#stack.splice(this.#stack.length - count).reverse()) this.#tell(page, 'onUnload');
  }

  #tell(page, name, ...given) {
    if (typeof page[name] === 'function') this.#host.thread.run(() => page[name](...given));
  }

  #register(options) {
    const { realm } = this.#host;
    this.app = Object.assign(realm.object({}), options);
  }

  #define(options) {
    if (this.#loading) this.#known.set(this.#loading, options);
  }

  #make(path, options) {
    const { realm, thread } = this.#host;
    const page = Object.assign(realm.object({}), options);
    page.data = realm.clone(options.data ?? {});
    page.route = path;
    page.is = path;
    page.setData = realm.function('setData', (patch, callback) => {
      for (const [where, value] of Object.entries(patch)) put(realm, page.data, where, realm.clone(value));
      if (typeof callback === 'function') thread.post(() => callback.call(page));
    });
    return page;
  }
}

/** Sets what a path such as `list[0].name` names, and makes what is missing on the way. */
function put(realm, data, where, value) {
  const steps = where.split(/[.[\]]+/).filter(Boolean);
  const last = steps.pop();
  let at = data;
  for (const [index, step] of steps.entries()) {
    const following = steps[index + 1] ?? last;
    at[step] ??= realm.toProgram(/^\d+$/.test(following) ? [] : {});
    at = at[step];
  }
  at[last] = value;
}

/** Frameworks build their pages with `Component`; the hooks have other names there. */
function componentAsPage(options) {
  const { methods = {}, properties = {}, lifetimes = {}, pageLifetimes = {} } = options;
  const page = { ...methods };
  for (const [name, member] of Object.entries(options)) if (!OF_COMPONENT.includes(name)) page[name] = member;
  const initial = Object.entries(properties).map(([name, it]) => [name, it?.value]);
  page.data = { ...Object.fromEntries(initial), ...options.data };
  page.properties = page.data;
  page.triggerEvent = () => {};
  const hook = (own, ...others) => {
    const all = [...others, methods[own]].filter((it) => typeof it === 'function');
    if (all.length)
      page[own] = function each(...given) {
        for (const it of all) it.apply(this, given);
      };
  };
  hook('onLoad', lifetimes.created ?? options.created, lifetimes.attached ?? options.attached);
  hook('onShow', pageLifetimes.show);
  hook('onHide', pageLifetimes.hide);
  hook('onReady', lifetimes.ready ?? options.ready);
  hook('onUnload', lifetimes.detached ?? options.detached);
  return page;
}
