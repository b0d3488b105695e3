// SPDX-License-Identifier: MIT
// watch(): the polling is a thread of libvaultenv; here its news reach
// process.env and the program's callbacks, on the thread that called watch().
// Must not keep the process alive.
'use strict';

const { isMainThread } = require('node:worker_threads');
const { checkNames, optionsOf, settings, typeError } = require('./options.js');
const { VaultError, givenTo, loads, native, warn, withTexts } = require('./vault.js');

const MAX_INTERVAL_MS = 2 ** 31 - 1;
// A poll in hand may end before the process does, but not hold it for long.
const EXIT_WAIT_MS = 1000;

// Options by which two loads give the same.
const sameLoad = ['path', 'layers', 'environment', 'url', 'allow', 'env', 'encoding'];

const watches = new Set();
let hasExitHandler = false;

// Variables that vault-env has set follow the vault; the program's own do not.
function isOurs(env, name) {
  return Object.hasOwn(env, name) && givenTo(env).get(name) === env[name];
}

// What changed, as onChange gets it: new values by name (undefined: removed), all
// there is, and what more is known.
function apply(update, { env, override }) {
  const given = givenTo(env);
  const { version, changes, parsed } = update;
  const names = (wanted) => changes.filter(([mark]) => mark === wanted).map(([, name]) => name);
  const removed = names('-');

  for (const name of removed) {
    if (isOurs(env, name)) delete env[name];
    given.delete(name);
  }
  const changed = Object.fromEntries(changes.map(([mark, name]) =>
    [name, mark === '-' ? undefined : parsed[name]]));
  for (const [name, value] of Object.entries(changed)) {
    if (value === undefined) continue;
    if (override || !Object.hasOwn(env, name) || isOurs(env, name)) {
      env[name] = value;
      given.set(name, value);
    }
  }
  return [changed, parsed, { version, added: names('+'), removed }];
}

class Watch {
  #native = null;
  #onChange;
  #onError;
  #wanted;
  #warned = null;

  constructor(options, wanted) {
    this.#onChange = options.onChange;
    this.#onError = options.onError;
    this.#wanted = wanted;
  }

  // False: there is nothing to watch, since there is no vault key.
  get active() {
    return this.#native !== null;
  }

  start(interval, known) {
    const started = withTexts(this.#wanted, (all) =>
      native.watchStart(all, interval, known, (news) => this.#hear(news)));
    if (started.status === 'NO_KEY') return;
    if (started.status !== 'OK') throw new VaultError(started);
    this.#native = started.watch;
    watches.add(this);
  }

  stop() {
    if (this.#native === null) return;
    native.watchStop(this.#native);
    this.#native = null;
    watches.delete(this);
  }

  #hear(news) {
    if (this.#native === null) return;
    if (news.kind === 'notice') {
      this.#warnOnce(news.text);
    } else if (news.kind === 'error') {
      this.#fail(new VaultError(news));
    } else {
      this.#warned = null;
      const update = apply(news, this.#wanted);
      this.#call(this.#onChange, update, (error) => this.#fail(error, true));
    }
  }

  // thrown: by the program's own callback, which is never passed over.
  #fail(error, thrown = false) {
    const last = (another) => process.nextTick(() => { throw another; });
    if (this.#onError) this.#call(this.#onError, [error], last);
    else if (thrown) last(error);
    else this.#warnOnce(error.message);
  }

  #call(callback, args, failed) {
    if (!callback) return;
    try {
      const result = callback(...args);
      if (typeof result?.then === 'function') result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  }

  #warnOnce(sentence) {
    if (this.#warned !== sentence && !this.#wanted.quiet) warn(sentence);
    this.#warned = sentence;
  }
}

function interval(options) {
  const value = options.interval ?? 0;
  if (typeof value !== 'number' || !(value >= 0) || value > MAX_INTERVAL_MS) {
    throw typeError('options.interval', 'a number of milliseconds');
  }
  return value === 0 ? 0 : Math.max(1, Math.round(value));
}

// What is not given is what config() had.
function wantedSettings({ interval: _, onChange, onError, ...options }) {
  const { last } = loads;
  return settings(last === null ? options : optionsOf(last.options, options));
}

function same(a, b) {
  return Array.isArray(a) ? String(a) === String(b) : a === b;
}

function watch(options = {}) {
  checkNames(options, 'watch');
  for (const name of ['onChange', 'onError']) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw typeError(`options.${name}`, 'a function');
    }
  }
  const every = interval(options);
  const wanted = wantedSettings(options);
  const { last } = loads;
  const known = last !== null && sameLoad.every((name) =>
    same(last.options[name], wanted[name])) ? last.loaded : undefined;
  const handle = new Watch(options, wanted);

  handle.start(every, known);
  if (handle.active && !hasExitHandler) {
    hasExitHandler = true;
    process.on('exit', () => {
      unwatch();
      if (isMainThread) native.settle(EXIT_WAIT_MS);
    });
  }
  return handle;
}

function unwatch(handle) {
  if (handle !== undefined && !(handle instanceof Watch)) {
    throw typeError('handle', 'what watch() returned');
  }
  for (const each of handle ? [handle] : [...watches]) each.stop();
}

module.exports = { unwatch, watch };
