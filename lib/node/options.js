// SPDX-License-Identifier: MIT
// The options of every function: which there are, and what they mean for the
// addon. Must not load anything, nor change process.env.
'use strict';

const os = require('node:os');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { isMainThread } = require('node:worker_threads');

const server = ['path', 'environment', 'vaultUrl'];
const load = [...server, 'override', 'cache', 'mirror', 'allow', 'processEnv', 'quiet', 'debug',
  'encoding'];
const known = {
  checkVersion: server,
  config: load,
  configSync: load,
  pull: [...server, 'version'],
  push: [...server, 'baseVersion', 'ours', 'theirs', 'replace', 'merge', 'force'],
  watch: [...load, 'interval', 'onChange', 'onError'],
};

// As dotenv reads a variable that says yes or no.
const no = ['', '0', 'false', 'no', 'off'];

function typeError(name, wanted) {
  const error = new TypeError(`${name} must be ${wanted}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

// An option that is not one is nearly always a slip: it is never passed over.
function checkNames(options, of) {
  if (options === null || typeof options !== 'object') throw typeError('options', 'an object');
  const name = Object.keys(options).find((one) => !known[of].includes(one));
  if (name === undefined) return;
  const error = new TypeError(`options.${name} is no option of ${of}(), which takes ` +
    known[of].join(', '));
  error.code = 'ERR_INVALID_ARG_VALUE';
  throw error;
}

function text(options, name) {
  const value = options[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.includes('\0')) {
    throw typeError(`options.${name}`, 'a string without a NUL');
  }
  return value;
}

function urlText(options, name) {
  const value = options[name];
  return (value instanceof URL ? value.href : text(options, name)) || undefined;
}

function flag(options, name, otherwise) {
  const value = options[name];
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'boolean') throw typeError(`options.${name}`, 'true or false');
  return value;
}

// { debug: process.env.DEBUG } is how dotenv's manual has it.
function flagOrText(options, name) {
  const value = options[name];
  return typeof value === 'string' ? saysYes(value) : flag(options, name, false);
}

function saysYes(value) {
  return value !== undefined && !no.includes(value.toLowerCase());
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

function processEnv(options) {
  const value = options.processEnv ?? process.env;
  if (typeof value !== 'object') throw typeError('options.processEnv', 'an object');
  return value;
}

function encoding(options) {
  const value = text(options, 'encoding') || 'utf8';
  if (!Buffer.isEncoding(value)) {
    throw typeError('options.encoding', 'an encoding of Buffer, such as utf8 or latin1');
  }
  return value;
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

function filePaths(options, of) {
  if (!Array.isArray(options.path) || !known[of].includes('override')) return [filePath(options)];
  if (options.path.length === 0) throw typeError('options.path', 'one path at least');
  return options.path.map((one) => filePath({ path: one }));
}

// Options as the addon takes them. A worker's process.env is its own, and C
// sees only the process's: so what a worker has set goes along.
function settings(options = {}, of = 'config') {
  checkNames(options, of);
  const [first, ...layers] = filePaths(options, of);
  const result = {
    path: first,
    layers,
    environment: text(options, 'environment') || variable('NODE_ENV') ||
      variable('ENVIRONMENT') || 'development',
    url: urlText(options, 'vaultUrl'),
    mirror: urlText(options, 'mirror'),
    cache: flag(options, 'cache', true),
    override: flag(options, 'override', false),
    allow: names(options, 'allow'),
    env: processEnv(options),
    encoding: encoding(options),
    quiet: flagOrText(options, 'quiet') || saysYes(variable('DOTENV_CONFIG_QUIET')),
    debug: flagOrText(options, 'debug') || saysYes(variable('DOTENV_CONFIG_DEBUG')),
  };
  if (!isMainThread) {
    result.url = result.url || variable('VAULT_URL');
    result.mirror = result.mirror || variable('VAULT_MIRROR');
    result.vaultKey = variable('VAULT_KEY');
    result.deviceSecret = variable('VAULT_DEVICE_SECRET');
    result.caFile = variable('VAULT_CA_FILE');
  }
  return result;
}

// The options by which settings() gives the same, but for what changed says.
function optionsOf(s, changed) {
  const options = {
    path: [s.path, ...s.layers],
    environment: s.environment,
    vaultUrl: s.url,
    cache: s.cache,
    mirror: s.mirror,
    override: s.override,
    allow: s.allow,
    processEnv: s.env,
    encoding: s.encoding,
    quiet: s.quiet,
    debug: s.debug,
  };
  for (const [name, value] of Object.entries(changed)) {
    if (value !== undefined && value !== null) options[name] = value;
  }
  return options;
}

module.exports = { checkNames, count, flag, optionsOf, saysYes, settings, typeError, variable };
