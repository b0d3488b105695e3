// SPDX-License-Identifier: MIT
// What dotenv's manual shows on its first pages, in programs of our own: each is
// written for dotenv, and runs here with the name of the package changed.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const tap = require('./tap.js');

const { app, node, test, write } = tap;
let n = 0;

process.chdir(app);

// Runs a program that was written for dotenv; what it prints.
function shows(program, want, { args = [], before = [], env = {}, kind = 'js', stderr = '' } = {}) {
  const name = `example${++n}.${kind}`;
  write(name, program.replace(/'dotenv(\/config)?'/g, "'vault-env$1'"));
  const r = node([...before, name, ...args], env);
  assert.strictEqual(r.stdout, want);
  assert.strictEqual(r.stderr, stderr);
  assert.strictEqual(r.status, 0);
}

write('.env', 'BUCKET="mine"\nACCESS_KEY="key of the bucket"\n');

test('config() as early as possible, and process.env has them', () => shows(`
  require('dotenv').config();
  console.log(process.env.BUCKET, process.env.ACCESS_KEY);`, 'mine key of the bucket\n'));

test('the same by import', () => shows(`
  import 'dotenv/config';
  console.log(process.env.BUCKET);`, 'mine\n', { kind: 'mjs' }));

test('import of config()', () => shows(`
  import dotenv from 'dotenv';
  dotenv.config();
  console.log(process.env.BUCKET);`, 'mine\n', { kind: 'mjs' }));

test('the result has parsed or an error', () => shows(`
  const dotenv = require('dotenv');
  const result = dotenv.config();
  if (result.error) {
    throw result.error;
  }
  console.log(result.parsed);`,
"{ BUCKET: 'mine', ACCESS_KEY: 'key of the bucket' }\n"));

test('values of several lines, and with line breaks in double quotes', () => {
  write('multi.env', 'KEY="-----BEGIN KEY-----\nabc\n-----END KEY-----"\n' +
    'LINE="first\\nsecond"\n');
  shows(`require('dotenv').config({ path: 'multi.env' });
    console.log(JSON.stringify([process.env.KEY, process.env.LINE]));`,
  '["-----BEGIN KEY-----\\nabc\\n-----END KEY-----","first\\nsecond"]\n');
});

test('comments, and a # in quotes', () => {
  write('comment.env', '# a comment\nA=value # beside it\nHASH="with-a-#-hash"\n');
  shows(`require('dotenv').config({ path: 'comment.env' });
    console.log(process.env.A, process.env.HASH);`, 'value with-a-#-hash\n');
});

test('parse() of a buffer', () => shows(`
  const dotenv = require('dotenv');
  const buffer = Buffer.from('BASIC=basic');
  const config = dotenv.parse(buffer);
  console.log(typeof config, config);`, "object { BASIC: 'basic' }\n"));

const print = 'console.log(process.env.BUCKET, process.env.OTHER);';

test('preloaded, and settings on the command line', () => {
  write('other.env', 'OTHER=other\n');
  const before = ['-r', 'vault-env/config'];
  shows(print, 'mine undefined\n', { before });
  shows(print, 'undefined other\n', { before, args: ['dotenv_config_path=other.env'] });
  shows(print, 'mine undefined\n', { before, args: ['dotenv_config_debug=true'],
    stderr: '[vault-env] debug: 2 variables of .env\n' });
});

test('settings in the environment', () => {
  const before = ['-r', 'vault-env/config'];
  shows(print, 'undefined other\n', { before, env: { DOTENV_CONFIG_PATH: 'other.env' } });
  shows(print, 'there undefined\n', { before, env: { BUCKET: 'there' } });
  shows(print, 'mine undefined\n', { before, env: { BUCKET: 'there', DOTENV_CONFIG_OVERRIDE: 'true' } });
});

test('path: another file, and several of them, the first of which wins', () => {
  shows(`require('dotenv').config({ path: 'other.env' });
    console.log(process.env.BUCKET, process.env.OTHER);`, 'undefined other\n');
  write('.env.local', 'BUCKET=local\n');
  shows(`require('dotenv').config({ path: ['.env.local', '.env'] });
    console.log(process.env.BUCKET, process.env.ACCESS_KEY);`, 'local key of the bucket\n');
  shows(`require('dotenv').config({ path: ['.env.local', '.env'], override: true });
    console.log(process.env.BUCKET, process.env.ACCESS_KEY);`, 'mine key of the bucket\n');
});

test('encoding', () => {
  fs.writeFileSync('latin1.env', Buffer.from('NAME=caf\xe9\n', 'latin1'));
  shows(`require('dotenv').config({ path: 'latin1.env', encoding: 'latin1' });
    console.log(process.env.NAME);`, 'caf\u00e9\n');
  shows('console.log(process.env.NAME);', 'caf\u00e9\n', { before: ['-r', 'vault-env/config'],
    env: { DOTENV_CONFIG_PATH: 'latin1.env', DOTENV_CONFIG_ENCODING: 'latin1' } });
});

test('quiet and debug', () => {
  shows(`require('dotenv').config({ quiet: true, debug: process.env.DEBUG });
    console.log(process.env.BUCKET);`, 'mine\n');
  shows(`require('dotenv').config({ debug: process.env.DEBUG });
    console.log(process.env.BUCKET);`, 'there\n', { env: { DEBUG: 'true', BUCKET: 'there' },
    stderr: '[vault-env] debug: 2 variables of .env\n' +
      '[vault-env] debug: BUCKET is set already, and stays\n' });
});

test('override', () => shows(`
  require('dotenv').config({ override: true });
  console.log(process.env.BUCKET);`, 'mine\n', { env: { BUCKET: 'there' } }));

test('processEnv', () => shows(`
  const mine = {};
  require('dotenv').config({ processEnv: mine });
  console.log(mine);
  console.log(process.env.BUCKET);`,
"{ BUCKET: 'mine', ACCESS_KEY: 'key of the bucket' }\nundefined\n"));
