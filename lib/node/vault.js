// SPDX-License-Identifier: MIT
// Loading into process.env, and the calls on a server. What a program sees and
// which sentence it gets is decided by libvaultenv; here it becomes JavaScript.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { isMainThread } = require('node:worker_threads');
const { count, flag, settings, typeError, variable } = require('./options.js');

function addon() {
  try {
    return require('./build/vaultenv.node');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error('vault-env is not built, since its install script has not run. ' +
      `Run: node ${path.join(__dirname, 'build.js')}`);
  }
}

const native = addon();

// A worker loads what its parent has just loaded.
const FRESH_IN_WORKER_S = 60;

class VaultError extends Error {
  constructor(result) {
    super(result.hint ? `${result.text}. ${result.hint}` : result.text);
    this.hint = result.hint || '';
    this.reason = result.reason || '';
    this.name = 'VaultError';
    this.code = `ERR_VAULT_${result.status}`;
    if (result.currentVersion > 0) this.currentVersion = result.currentVersion;
  }
}

// What this thread has put into process.env (or into another object that it was
// told to use instead), and its last load.
const given = new WeakMap();
const loads = { last: null };

function givenTo(env) {
  if (!given.has(env)) given.set(env, new Map());
  return given.get(env);
}

function warn(sentence) {
  process.stderr.write(`[vault-env] ${sentence}\n`);
}

// ---- results

// Throws what failed; prints what the user should know although it did not.
function check(result, quiet) {
  if (!quiet) for (const sentence of result.notices || []) warn(sentence);
  if (result.status !== 'OK') throw new VaultError(result);
  return result;
}

function populate(parsed, { env, override, debug }) {
  const ours = givenTo(env);
  for (const [name, value] of Object.entries(parsed)) {
    const exists = Object.hasOwn(env, name);
    if (debug && exists) {
      warn(`debug: ${name} is set already, and ${override ? 'is replaced' : 'stays'}`);
    }
    if (override || !exists) {
      env[name] = value;
      ours.set(name, value);
    } else if (!isMainThread && env[name] === value) {
      // Its parent's load: this worker's watch may change it.
      ours.set(name, value);
    }
  }
}

function finish(options, result) {
  check(result, options.quiet);
  const { loaded, parsed, source, version } = result;
  if (source !== 'file') {
    const name = Object.keys(parsed).find((key) => parsed[key].includes('\0'));
    if (name !== undefined) {
      throw new VaultError({ status: 'INVALID',
        text: `The value of ${name} holds a NUL byte, which no environment variable can` });
    }
  }
  if (options.debug) {
    const from = source === 'file' ? [options.path, ...options.layers].join(', ') :
      `${options.environment}, version ${version}, from the ${source}`;
    warn(`debug: ${Object.keys(parsed).length} variables of ${from}`);
  }
  populate(parsed, options);
  loads.last = { options, loaded };
  return { parsed, version };
}

// ---- files in another encoding, which the library does not know

function isUtf8(s) {
  return ['utf8', 'utf-8'].includes(s.encoding.toLowerCase());
}

// The library asks the descriptor whose file it is.
function open(file, encoding) {
  try {
    const fd = fs.openSync(file, 'r');
    return { fd, bytes: Buffer.from(fs.readFileSync(fd, encoding)) };
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

// What the library's function returns, given settings that hold the texts.
function withTexts(s, call) {
  if (isUtf8(s)) return call(s);
  const texts = [s.path, ...s.layers].map((file) => open(file, s.encoding));
  try {
    return call({ ...s, texts });
  } finally {
    for (const { fd } of texts) if (fd !== undefined) fs.closeSync(fd);
  }
}

function loadSync(s, how) {
  return withTexts(s, (all) => native.loadSync(all, how));
}

// ---- the functions of index.d.ts

// Certainly: the library has the last word on what is a key, and a FIFO can be
// read once only.
function hasNoKey(s) {
  if (s.vaultKey !== undefined || variable('VAULT_KEY') !== undefined) return false;
  return [s.path, ...s.layers, '.env'].every((file) => {
    try {
      return fs.statSync(file).isFile() && !fs.readFileSync(file, s.encoding).includes('VAULT_KEY');
    } catch (error) {
      return error.code === 'ENOENT';
    }
  });
}

// Without a key it is dotenv, for a program that does not wait either: variables
// are set when it returns, and the promise has what dotenv's result has.
function config(options) {
  try {
    const s = settings(options, 'config');
    if (hasNoKey(s)) {
      const result = finish(s, loadSync(s, 'file'));
      return Object.assign(Promise.resolve(result), result);
    }
    return withTexts(s, (all) => native.load(all)).then((result) => finish(s, result));
  } catch (error) {
    return Promise.reject(error);
  }
}

// What vault-env/config does: config() that waits.
function configBlocking(options) {
  const s = settings(options, 'config');
  if (!isMainThread) s.freshS = FRESH_IN_WORKER_S;
  return finish(s, loadSync(s, 'server'));
}

function configSync(options) {
  const s = settings(options, 'configSync');
  return finish(s, loadSync(s, s.cache ? 'cache' : 'file'));
}

function parse(source) {
  if (typeof source !== 'string' && !ArrayBuffer.isView(source)) {
    throw typeError('text', 'a string or a Buffer');
  }
  return check(native.parse(typeof source === 'string' ? Buffer.from(source) :
    Buffer.from(source.buffer, source.byteOffset, source.byteLength))).parsed;
}

async function pull(options) {
  const s = settings(options, 'pull');
  s.version = count(options || {}, 'version');
  const { parsed, version: got } = check(await native.pull(s));
  return { parsed, version: got };
}

async function push(secrets, options) {
  if (secrets === null || typeof secrets !== 'object') {
    throw typeError('secrets', 'an object of names and values');
  }
  const pairs = [];
  for (const [name, value] of Object.entries(secrets)) {
    if (!['string', 'number', 'boolean', 'bigint'].includes(typeof value)) {
      throw typeError(`secrets.${name}`, 'a string');
    }
    pairs.push(name, String(value));
  }
  const s = settings(options, 'push');
  const how = { baseVersion: count(options || {}, 'baseVersion') };
  for (const name of ['ours', 'theirs', 'replace', 'merge', 'force']) {
    how[name] = flag(options || {}, name, false);
  }
  const result = check(await native.push({ ...s, ...how }, pairs));
  return { version: result.version };
}

async function checkVersion(options) {
  const { version, updatedAt } = check(await native.checkVersion(settings(options, 'checkVersion')));
  return { version, updatedAt };
}

module.exports = { VaultError, checkVersion, config, configBlocking, configSync, givenTo,
  loads, native, parse, pull, push, warn, withTexts };
