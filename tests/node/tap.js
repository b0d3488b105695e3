// SPDX-License-Identifier: MIT
// TAP for the tests of lib/node: test(name, function), one after another.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');

const { APP: app, TESTS: here } = process.env;
// Of the projects that vault-env makes, and where it keeps what it has pulled.
const protocol = Number(process.env.TEST_PROTOCOL || 2);
const cacheOf = (environment) =>
  (protocol === 1 ? '.vault-cache' : path.join('.vault-cache.d', environment));
const queue = [];

function test(name, run) {
  if (queue.length === 0) setImmediate(runAll);
  queue.push([name, run]);
}

async function runAll() {
  let n = 0;
  let failed = 0;
  for (const [name, run] of queue) {
    n++;
    try {
      await run();
      console.log(`ok ${n} - ${name}`);
    } catch (error) {
      failed++;
      console.log(`not ok ${n} - ${name}`);
      console.error(String(error && error.stack).replace(/^/gm, '# '));
    }
  }
  console.log(`1..${n}`);
  process.exitCode = failed > 0 ? 1 : 0;
  for (const end of ends) await end();
}

const ends = [];

// What vault-env says on standard error while run() runs.
async function said(run) {
  const { write } = process.stderr;
  const lines = [];
  process.stderr.write = (text) => lines.push(...String(text).split('\n').filter(Boolean));
  try {
    await run();
  } finally {
    process.stderr.write = write;
  }
  return lines;
}

// Puts process.env back as it was, after run().
async function withEnv(changes, run) {
  const before = { ...process.env };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  try {
    return await run();
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

// A program of its own, in the app's folder: { status, signal, stdout, stderr }.
function node(args, env = {}, options = {}) {
  const r = spawnSync(process.execPath, args, { cwd: app, encoding: 'utf8', timeout: 60000,
    env: { ...process.env, ...env }, ...options });
  return { status: r.status, signal: r.signal, stdout: r.stdout, stderr: r.stderr };
}

function write(name, text) {
  const file = path.join(app, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

async function until(seconds, condition) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${condition}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

// A server that answers as fallback.json has it, or has a new version now and
// then, with one of these blobs: { url, is(state), has(blobs), polls() }.
async function fakeServer() {
  const child = spawn(process.execPath, [path.join(here, 'fake-server.js')],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ask = (question) => new Promise((resolve) => {
    child.once('message', resolve);
    if (question) child.send(question);
  });
  const { port } = await ask();
  ends.push(() => child.kill());
  return {
    url: `http://127.0.0.1:${port}`,
    is: (answers) => ask({ answers }),
    has: (blobs) => ask({ blobs }),
    polls: async () => (await ask({ count: true })).polls,
    down: () => child.kill(),
  };
}

module.exports = { app, cacheOf, fakeServer, here, node, protocol, said, test, until, withEnv, write,
  require: createRequire(path.join(app, 'x.js')) };
