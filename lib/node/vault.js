// SPDX-License-Identifier: MIT
// Loading into process.env, and the calls on a server. What a program sees and
// which sentence it gets is decided by libvaultenv; here it becomes JavaScript.
'use strict';

const os = require('node:os');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { isMainThread } = require('node:worker_threads');

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
    this.name = 'VaultError';
    this.code = `ERR_VAULT_${result.status}`;
    if (result.currentVersion > 0) this.currentVersion = result.currentVersion;
  }
}

// What this thread has put into process.env, and its last load.
const given = new Map();
const loads = { last: null };

function warn(sentence) {
  process.stderr.write(`[vault-env] ${sentence}\n`);
}

function typeError(name, wanted) {
  const error = new TypeError(`${name} must be ${wanted}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

// ---- options

function text(options, name) {
  const value = options[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.includes('\0')) {
    throw typeError(`options.${name}`, 'a string without a NUL');
  }
  return value;
}

function flag(options, name, otherwise) {
  const value = options[name];
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'boolean') throw typeError(`options.${name}`, 'true or false');
  return value;
}

function count(options, name) {
  const value = options[name];
  if (value === undefined || value === null) return undefined;
  if (!Number.isSafeInteger(value) || value < 0) {
    throw typeError(`options.${name}`, 'a whole number, 0 or more');
  }
  return value;
}

function names(options, name) {
  const value = options[name] ?? [];
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw typeError(`options.${name}`, 'an array of names');
  }
  return [...value];
}

// An environment variable, without the white space that files and CI variables
// end in.
function variable(name) {
  return (process.env[name] || '').trim() || undefined;
}

function filePath(options) {
  if (options.path instanceof URL) return fileURLToPath(options.path);
  const value = text(options, 'path') || '.env';
  // As dotenv has it.
  return value.startsWith('~') ? path.join(os.homedir(), value.slice(1)) : value;
}

// Options as the addon takes them. A worker's process.env is its own, and C
// sees only the process's: so what a worker has set goes along.
function settings(options = {}) {
  if (options === null || typeof options !== 'object') throw typeError('options', 'an object');
  const url = options.vaultUrl instanceof URL ? options.vaultUrl.href : text(options, 'vaultUrl');
  const result = {
    path: filePath(options),
    environment: text(options, 'environment') || variable('NODE_ENV') ||
      variable('ENVIRONMENT') || 'development',
    url: url || undefined,
    cache: flag(options, 'cache', true),
    override: flag(options, 'override', false),
    allow: names(options, 'allow'),
  };
  if (!isMainThread) {
    result.url = result.url || variable('VAULT_URL');
    result.vaultKey = variable('VAULT_KEY');
    result.deviceSecret = variable('VAULT_DEVICE_SECRET');
    result.caFile = variable('VAULT_CA_FILE');
  }
  return result;
}

// ---- results

// Throws what failed; prints what the user should know although it did not.
function check(result) {
  for (const sentence of result.notices || []) warn(sentence);
  if (result.status !== 'OK') throw new VaultError(result);
  return result;
}

function populate(parsed, override) {
  const { env } = process;
  for (const [name, value] of Object.entries(parsed)) {
    if (override || !Object.hasOwn(env, name)) {
      env[name] = value;
      given.set(name, value);
    } else if (!isMainThread && env[name] === value) {
      // Its parent's load: this worker's watch may change it.
      given.set(name, value);
    }
  }
}

function finish(options, result) {
  check(result);
  const { loaded, parsed, source, version } = result;
  if (source !== 'file') {
    const name = Object.keys(parsed).find((key) => parsed[key].includes('\0'));
    if (name !== undefined) {
      throw new VaultError({ status: 'INVALID',
        text: `The value of ${name} holds a NUL byte, which no environment variable can` });
    }
  }
  populate(parsed, options.override);
  loads.last = { options, loaded };
  return { parsed, version };
}

// ---- the functions of index.d.ts

async function config(options) {
  const s = settings(options);
  return finish(s, await native.load(s));
}

// What vault-env/config does: config() that waits.
function configBlocking(options) {
  const s = settings(options);
  if (!isMainThread) s.freshS = FRESH_IN_WORKER_S;
  return finish(s, native.loadSync(s, 'server'));
}

const noCache = new Set(['NOT_FOUND', 'NO_SECRETS', 'DECRYPT', 'IO']);

function configSync(options) {
  const s = settings(options);
  if (!s.cache) return finish(s, native.loadSync(s, 'file'));
  const result = native.loadSync(s, 'cache');
  if (!noCache.has(result.status)) return finish(s, result);
  const file = native.loadSync(s, 'file');
  if (file.status === 'OK') warn(new VaultError(result).message);
  return finish(s, file);
}

function parse(source) {
  if (typeof source !== 'string' && !ArrayBuffer.isView(source)) {
    throw typeError('text', 'a string or a Buffer');
  }
  return check(native.parse(typeof source === 'string' ? Buffer.from(source) :
    Buffer.from(source.buffer, source.byteOffset, source.byteLength))).parsed;
}

async function pull(options) {
  const version = count(options || {}, 'version');
  const { parsed, version: got } = check(await native.pull({ ...settings(options), version }));
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
  const how = { baseVersion: count(options || {}, 'baseVersion') };
  for (const name of ['ours', 'theirs', 'replace', 'merge', 'force']) {
    how[name] = flag(options || {}, name, false);
  }
  const result = check(await native.push({ ...settings(options), ...how }, pairs));
  return { version: result.version };
}

async function checkVersion(options) {
  const { version, updatedAt } = check(await native.checkVersion(settings(options)));
  return { version, updatedAt };
}

module.exports = { VaultError, checkVersion, config, configBlocking, configSync, given, loads,
  native, parse, pull, push, settings, typeError, variable, warn };
