// SPDX-License-Identifier: MIT
// watch(): what a program sees of a push, that it outlives the server, that it
// holds no process up, ends with its thread, and does not grow: over 600 polls,
// or VAULT_POLLS=10000.
'use strict';

const assert = require('node:assert');
const { fork, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const tap = require('./tap.js');

const { app, cacheOf, fakeServer, node, protocol, said, test, until, withEnv, write } = tap;
const vault = tap.require('vault-env');
const { CLI: cli, SERVER_DIR: serverDir, TOP_SRCDIR: source } = process.env;
const ours = fs.readFileSync(path.join(app, '.env'), 'utf8');
// Two intervals, with the jitter, and the time that a busy machine takes.
const INTERVAL_MS = 300;
const SOON_S = 15;

process.chdir(app);

function server(...args) {
  const r = spawnSync(path.join(source, 'etc/dev-server'), [...args, '--dir', serverDir],
    { encoding: 'utf8' });
  assert.strictEqual(r.status, 0, r.stderr);
}

// Loads, watches, and hands run() what it hears.
async function watching(options, run) {
  const heard = { changes: [], errors: [] };
  await withEnv(options.env || {}, async () => {
    await vault.config(options.config);
    const handle = vault.watch({ interval: INTERVAL_MS, ...options.watch,
      onChange: (changed, all, more) => heard.changes.push({ changed, all, ...more }),
      onError: (error) => heard.errors.push(error) });
    try {
      assert.strictEqual(handle.active, true);
      await run(heard, handle);
    } finally {
      vault.unwatch(handle);
    }
    assert.strictEqual(handle.active, false);
  });
}

const next = (list, n = 1) => until(SOON_S, () => list.length >= n && list[n - 1]);
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
// Whatever is there: each test begins with what it wants.
const push = (secrets, options) => vault.push(secrets, { replace: true, ...options });
const secretsOf = ({ VAULT_KEY, VAULT_URL, ...secrets }) => secrets;

test('a push is seen within two intervals', async () => {
  await push({ A: '1', B: '1' });
  // Long enough that what the machine is slow by does not count.
  await watching({ watch: { interval: 2000 } }, async (heard) => {
    assert.strictEqual(process.env.A, '1');
    await push({ A: '2', B: '1', NEW: 'x' });
    const pushed = Date.now();
    const change = await next(heard.changes);
    assert.ok(Date.now() - pushed < 2 * 2000, `${Date.now() - pushed} ms`);
    assert.strictEqual(change.version, 2);
    assert.deepStrictEqual(change.changed, { A: '2', NEW: 'x' });
    assert.deepStrictEqual(secretsOf(change.all), { A: '2', B: '1', NEW: 'x' });
    assert.deepStrictEqual(change.added, ['NEW']);
    assert.deepStrictEqual(change.removed, []);
    assert.strictEqual(process.env.A, '2');
    assert.strictEqual(process.env.NEW, 'x');
  });
});

test('the lines of the published description, as they stand', async () => {
  const text = fs.readFileSync(path.join(tap.here, 'sample/watch.js'), 'utf8');
  const [watches, stops] = text.replace('30000', String(INTERVAL_MS))
    .split('// Stop watching when done\n');
  const { log } = console;
  const lines = [];
  const AsyncFunction = (async () => {}).constructor;
  const published = (lines) => new AsyncFunction('require', lines)(tap.require);

  await push({ A: '1', GONE: '1' }, { environment: 'production' });
  console.log = (...args) => lines.push(args);
  try {
    await withEnv({ NODE_ENV: 'production' }, async () => {
      await published(watches);
      await push({ A: '2', B: '1' }, { environment: 'production' });
      await next(lines);
      await published(`const vault = require('vault-env');\n${stops}`);
    });
  } finally {
    console.log = log;
    vault.unwatch();
  }
  assert.deepStrictEqual(lines, [['Secrets updated:', ['A', 'B', 'GONE']]]);
});

test('a removal is seen, and what the program has set stays', () =>
  watching({ env: { MINE: 'mine' } }, async (heard) => {
    process.env.B = 'changed by the program';
    await push({ MINE: 'theirs', A: '3' });
    const change = await next(heard.changes);
    assert.deepStrictEqual(change.changed,
      { MINE: 'theirs', A: '3', B: undefined, NEW: undefined });
    assert.deepStrictEqual(change.added, ['MINE']);
    assert.deepStrictEqual(change.removed.sort(), ['B', 'NEW']);
    assert.strictEqual(process.env.NEW, undefined);
    assert.strictEqual(process.env.A, '3');
    assert.strictEqual(process.env.B, 'changed by the program');
    assert.strictEqual(process.env.MINE, 'mine');
  }));

test('with override, the vault wins in a watch too', () =>
  watching({ config: { override: true } }, async (heard) => {
    process.env.A = 'changed by the program';
    await push({ A: '4' });
    await next(heard.changes);
    assert.strictEqual(process.env.A, '4');
  }));

test('it watches the environment that config had', async () => {
  await push({ S: '1' }, { environment: 'staging' });
  await watching({ config: { environment: 'staging' } }, async (heard) => {
    process.env.NODE_ENV = 'production';
    await push({ S: '2' }, { environment: 'staging' });
    assert.deepStrictEqual((await next(heard.changes)).changed, { S: '2' });
  });
});

test('environment of watch: begins with the first poll', () =>
  watching({ watch: { environment: 'staging' } }, async (heard) => {
    await pause(2 * INTERVAL_MS + 1000);
    assert.deepStrictEqual(heard, { changes: [], errors: [] });
    await push({ S: '3' }, { environment: 'staging' });
    assert.deepStrictEqual((await next(heard.changes)).changed, { S: '3' });
  }));

test('a server that is away is reported, and its return is seen', () =>
  watching({}, async (heard) => {
    server('stop', 'web');
    assert.strictEqual((await next(heard.errors)).code, 'ERR_VAULT_NETWORK');
    assert.ok(heard.errors[0] instanceof vault.VaultError);
    server('start', 'web');
    await push({ A: '5' });
    assert.deepStrictEqual((await next(heard.changes)).changed, { A: '5' });
  }));

// Another device of v1 could not even load.
if (protocol === 2) {
  test('a device that is revoked while it watches is told', async () => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'vt-home-'));
    const command = (env, ...args) => {
      const r = spawnSync(cli, args, { encoding: 'utf8', env: { ...process.env, ...env } });
      assert.strictEqual(r.status, 0, r.stderr);
      return r.stdout;
    };
    const [, id] = /--id (\S+)$/m.exec(command({ HOME: home }, 'register-device'));
    const admin = { HOME: process.env.HOME };
    command(admin, 'approve-device', '--id', id);
    await watching({ env: { HOME: home } }, async (heard) => {
      const { A: before } = process.env;
      assert.ok(fs.existsSync(cacheOf('development')));
      command(admin, 'revoke-device', '--id', id);
      const error = await next(heard.errors);
      assert.deepStrictEqual([error.code, error.reason], ['ERR_VAULT_DEVICE', 'device_revoked']);
      assert.strictEqual(process.env.A, before);
      assert.deepStrictEqual(heard.changes, []);
      assert.ok(!fs.existsSync(cacheOf('development')));
    });
    fs.rmSync(home, { recursive: true });
  });
}

test('it survives restarts of vault.fcgi and of PostgreSQL', () =>
  watching({}, async (heard) => {
    server('restart', 'vault');
    server('restart', 'postgres');
    await until(SOON_S, () => push({ A: '6' }).catch(() => false));
    assert.deepStrictEqual((await next(heard.changes)).changed, { A: '6' });
  }));

test('without onError a failing poll warns once', async () => {
  const lines = await said(async () => {
    await withEnv({}, async () => {
      await vault.config();
      const handle = vault.watch({ interval: 20 });
      server('stop', 'web');
      await pause(1500);
      handle.stop();
    });
  });
  server('start', 'web');
  assert.strictEqual(new Set(lines).size, lines.length);
  assert.ok(lines.length > 0);
  for (const line of lines) assert.match(line, /^\[vault-env\] /);
});

test('what onChange throws, or rejects with, goes to onError', async () => {
  for (const [i, fail] of [() => { throw new Error('oops'); },
    async () => { throw new Error('oops'); }].entries()) {
    const errors = [];
    let calls = 0;
    await withEnv({}, async () => {
      await vault.config();
      const handle = vault.watch({ interval: INTERVAL_MS, onError: (error) => errors.push(error),
        onChange: () => { calls++; return fail(); } });
      await push({ A: `thrown ${i}` });
      assert.strictEqual((await next(errors)).message, 'oops');
      await push({ A: `thrown again ${i}` });
      await until(SOON_S, () => calls === 2);
      handle.stop();
    });
  }
});

test('without onError it is an uncaught exception', async () => {
  write('throws.js', `
    const vault = require('vault-env');
    process.on('uncaughtException', (error) => { console.log(error.message); process.exit(3); });
    vault.config().then(async ({ parsed }) => {
      vault.watch({ interval: 50, onChange: () => { throw new Error('mine'); } });
      setTimeout(() => {}, 20000);
      await vault.push({ A: 'uncaught' + Date.now() }, { replace: true });
    });`);
  const r = node(['throws.js']);
  assert.deepStrictEqual([r.status, r.stdout], [3, 'mine\n'], r.stderr);
});

test('nothing is heard after unwatch', async () => {
  const calls = [];
  await withEnv({}, async () => {
    await vault.config();
    for (let i = 0; i < 3; i++) {
      vault.watch({ interval: 20, onChange: (change) => calls.push(change) });
    }
    vault.unwatch();
    await push({ A: `after unwatch ${Date.now()}` });
    await pause(500);
  });
  assert.deepStrictEqual(calls, []);
});

// ---- the process

test('a program that watches exits by itself', () => {
  write('exits.js', `
    const vault = require('vault-env');
    vault.config().then(() => vault.watch({ interval: 10 }));
    setTimeout(() => console.log('done'), 300);`);
  const begin = Date.now();
  const r = node(['exits.js']);
  assert.deepStrictEqual(r, { status: 0, signal: null, stdout: 'done\n', stderr: '' });
  assert.ok(Date.now() - begin < 15000);
});

test('process.exit() keeps its code, also amid a poll that hangs', async () => {
  const hanging = await fakeServer();
  await hanging.is({ 'secrets/current-version': 'hang' });
  write('hangs.js', `
    const vault = require('vault-env');
    vault.watch({ interval: 1, vaultUrl: '${hanging.url}' });
    setTimeout(() => process.exit(7), 300);`);
  const begin = Date.now();
  assert.deepStrictEqual(node(['hangs.js']), { status: 7, signal: null, stdout: '', stderr: '' });
  assert.ok(Date.now() - begin < 15000);
  hanging.down();
});

// ---- workers

test('workers load, watch and end at any moment', async () => {
  write('worker.js', `
    const { parentPort, workerData } = require('node:worker_threads');
    const vault = require('vault-env');
    vault.config().then(({ version }) => {
      vault.watch({ interval: 1, onChange: () => parentPort.postMessage('change') });
      parentPort.postMessage(version);
      if (workerData === 'exit') process.exit(0);
      if (workerData === 'end') return;
      setInterval(() => {}, 1000);
    });`);
  const { version } = await vault.checkVersion();
  const run = (workerData) => new Promise((resolve, reject) => {
    const worker = new Worker(path.join(app, 'worker.js'), { workerData });
    worker.once('error', reject);
    worker.once('exit', resolve);
    worker.once('message', (got) => {
      if (got !== version) reject(new Error(`version ${got}, not ${version}`));
      if (workerData === 'terminate') worker.terminate();
    });
  });
  for (const how of ['exit', 'end', 'terminate']) {
    await Promise.all(Array.from({ length: 6 }, () => run(how)));
  }
});

test('a worker has its own process.env, and its own watch', async () => {
  await push({ A: 'before' });
  write('own.js', `
    const { parentPort } = require('node:worker_threads');
    const vault = require('vault-env');
    vault.config({ override: true }).then(() => {
      vault.watch({ interval: 50, onChange: () => parentPort.postMessage(process.env.A) });
      parentPort.postMessage(process.env.A);
      setInterval(() => {}, 1000);
    });`);
  await withEnv({ A: 'the parent\'s' }, async () => {
    const worker = new Worker(path.join(app, 'own.js'));
    const heard = [];
    worker.on('message', (value) => heard.push(value));
    assert.strictEqual(await next(heard), 'before');
    await push({ A: 'after' });
    assert.strictEqual(await next(heard, 2), 'after');
    assert.strictEqual(process.env.A, 'the parent\'s');
    await worker.terminate();
  });
});

test('a worker takes the key of its own process.env', async () => {
  const [, key] = /VAULT_KEY=(.*)/.exec(ours);
  write('elsewhere.js', `
    const { parentPort } = require('node:worker_threads');
    require('vault-env').config({ path: 'nowhere/.env', cache: false }).then(
      ({ version }) => parentPort.postMessage(version), (error) => { throw error; });`);
  const worker = new Worker(path.join(app, 'elsewhere.js'),
    { env: { ...process.env, VAULT_KEY: `${key}\n`, ENVIRONMENT: 'staging\r\n' } });
  const got = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  assert.strictEqual(got, (await vault.checkVersion({ environment: 'staging' })).version);
});

test('node -r vault-env/config in a process that has workers', () => {
  write('preloaded.js', `
    const { Worker, isMainThread, parentPort } = require('node:worker_threads');
    if (isMainThread) new Worker(__filename).once('message', (a) => console.log(process.env.A, a));
    else parentPort.postMessage(process.env.A);`);
  const r = node(['-r', 'vault-env/config', 'preloaded.js']);
  assert.deepStrictEqual(r, { status: 0, signal: null, stdout: 'after after\n', stderr: '' });
});

// ---- memory

// Each 50th time there is another version.
const POLLS = Math.max(600, Number(process.env.VAULT_POLLS) || 0);

test(`${POLLS} polls take no memory`, async () => {
  const table = JSON.parse(fs.readFileSync(path.join(tap.here, '../vectors/fallback.json')));
  const fake = await fakeServer();
  await fake.has([table.caches.fresh.text, table.servers.up['secrets/pull'].body.secrets]);
  write('polls/.env', table.env_files.file);
  write('polls/polls.js', `
    const vault = require('vault-env');
    let changes = 0;
    vault.watch({ interval: 1, vaultUrl: '${fake.url}', environment: 'production',
      onChange: () => { changes++; }, onError: (e) => { throw e; } });
    process.on('message', () => {
      global.gc();
      process.send({ changes, rss: process.memoryUsage.rss() / 2 ** 20 });
    });`);
  const child = fork(path.join(app, 'polls/polls.js'), { cwd: path.join(app, 'polls'),
    execArgv: ['--expose-gc'], env: { ...process.env, VAULT_KEY: undefined,
      VAULT_DEVICE_SECRET: table.device_secret } });
  const after = async (n) => {
    await until(120, async () => (await fake.polls()) >= n);
    const answer = new Promise((resolve) => { child.once('message', resolve); });
    child.send('how much?');
    return answer;
  };
  const early = await after(POLLS / 2);
  const late = await after(POLLS);
  assert.strictEqual(child.exitCode, null);
  child.kill();
  console.log(`# ${late.changes} changes; ${early.rss} MiB, then ${late.rss}`);
  assert.ok(late.changes >= Math.floor(POLLS / 50) - 1, `${late.changes} changes`);
  assert.ok(late.rss - early.rss < 4, `RSS grew from ${early.rss} to ${late.rss} MiB`);
});
