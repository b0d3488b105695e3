// SPDX-License-Identifier: MIT
// tests/vectors/fallback.json, the table that C, Node.js and Python share: each
// row as config(), the cached ones as configSync(), and for each server state
// one program that begins with vault-env/config.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const tap = require('./tap.js');

const { app, fakeServer, node, said, test, withEnv, write } = tap;
const vault = tap.require('vault-env');
const table = JSON.parse(fs.readFileSync(path.join(tap.here, '../vectors/fallback.json')));
const state = path.join(os.homedir(), '.vault', `${table.project_id}.state`);
const env = { ENVIRONMENT: 'production', VAULT_DEVICE_SECRET: table.device_secret,
  VAULT_CACHE_MAX_AGE: '1d' };
const cache = '.vault-cache';
const leftOut = `[vault-env] ${table.left_out}`;
const hides = `[vault-env] ${table.hides.replace('{file}', '.env')}`;
const server = fakeServer();
let url;

process.chdir(app);

function remove(file) {
  fs.rmSync(file, { force: true });
}

function worldIs(row) {
  const kept = table.caches[row.cache];
  write('.env', table.env_files[row.key]);
  remove(cache);
  remove(state);
  fs.mkdirSync(path.dirname(state), { recursive: true, mode: 0o700 });
  if (Object.keys(kept.state).length > 0) {
    fs.writeFileSync(state, JSON.stringify(kept.state).replaceAll('{url}', url), { mode: 0o600 });
  }
  if (kept.text === null) return;
  fs.writeFileSync(cache, kept.text, { mode: 0o600 });
  const then = Date.now() / 1000 - kept.age_s;
  fs.utimesSync(cache, then, then);
}

async function serverIs(name) {
  const fake = await server;
  // A port on which nobody listens.
  url = table.servers[name] === null ? 'http://127.0.0.1:1' : fake.url;
  if (table.servers[name] !== null) await fake.is(table.servers[name]);
}

const sorry = (at) => `Cannot reach ${at}: Connection refused. Check the URL (VAULT_URL)`;

function pattern(text) {
  return new RegExp(`^${text.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace('{url}', url).replace('{cache}', `\\${cache}`)
    .replace('{away}', sorry(url).replace(/[.()]/g, '\\$&'))}$`);
}

const loaded = ['server', 'cache', 'file'];

function linesOf(row) {
  const text = row.text.replace('{url}', url).replace('{away}', sorry(url));
  const lines = text === '' ? [] : [`[vault-env] ${text}`];
  return row.want === 'file' ? lines : [hides, ...lines, leftOut];
}

function checkLoaded(row, result) {
  const want = Object.fromEntries(table.variables[row.want]);
  assert.deepStrictEqual(result, { parsed: want, version: table.versions[row.want] });
  assert.deepStrictEqual(Object.keys(result.parsed), Object.keys(want));
  for (const [name, value] of Object.entries(want)) assert.strictEqual(process.env[name], value);
}

async function checkRow(row, load) {
  worldIs(row);
  await withEnv({ ...env, VAULT_URL: url }, async () => {
    let result;
    let error;
    const lines = await said(async () => {
      try {
        result = await load();
      } catch (thrown) {
        error = thrown;
      }
    });
    if (loaded.includes(row.want)) {
      assert.ifError(error);
      checkLoaded(row, result);
      assert.deepStrictEqual(lines, linesOf(row));
    } else {
      assert.ok(error instanceof vault.VaultError, String(error));
      assert.strictEqual(error.code, `ERR_VAULT_${row.want}`);
      assert.match(error.message, pattern(row.text));
      assert.deepStrictEqual(lines, []);
      assert.strictEqual(process.env.WHO, undefined);
      assert.strictEqual(process.env.LOCAL, undefined);
    }
  });
}

for (const name of Object.keys(table.servers)) {
  for (const row of table.rows.filter((each) => each.server === name)) {
    test(`config: key ${row.key}, server ${name}, cache ${row.cache}: ${row.want}`, async () => {
      await serverIs(name);
      await checkRow(row, () => vault.config());
    });
  }
}

// What cannot be used is said, and the plain file loaded.
for (const row of table.cached) {
  test(`configSync: key ${row.key}, cache ${row.cache}: ${row.want}`, async () => {
    const { VAULT_KEY, ...parsed } = vault.parse(table.env_files[row.key]);
    const plain = { parsed, version: 0 };
    await serverIs('up');
    if (loaded.includes(row.want)) {
      await checkRow(row, () => vault.configSync());
      return;
    }
    worldIs(row);
    await withEnv({ ...env, VAULT_URL: url }, async () => {
      const lines = await said(() => assert.deepStrictEqual(vault.configSync(), plain));
      assert.strictEqual(lines.length, 1);
      assert.match(lines[0].replace('[vault-env] ', ''), pattern(row.text));
      assert.strictEqual(process.env.LOCAL, 'file');
    });
  });
}

const programs = Object.keys(table.servers).map((name) => ({ server: name, cache: 'fresh' }))
  .concat([{ server: 'down', cache: 'absent' }, { server: 'up', cache: 'absent' }]);
const show = 'console.log(JSON.stringify([process.env.WHO, process.env.LOCAL]))';

for (const { server: name, cache: kept } of programs) {
  const row = table.rows.find((each) =>
    each.key === 'file' && each.server === name && each.cache === kept);
  test(`vault-env/config: server ${name}, cache ${kept}: ${row.want}`, async () => {
    await serverIs(name);
    worldIs(row);
    write('show.js', show);
    const r = node(['-r', 'vault-env/config', 'show.js'], { ...env, VAULT_URL: url });
    if (loaded.includes(row.want)) {
      assert.deepStrictEqual(r, { status: 0, signal: null,
        stdout: `${JSON.stringify([row.want, 'file'])}\n`,
        stderr: linesOf(row).map((line) => `${line}\n`).join('') });
    } else {
      assert.strictEqual(r.status, 1);
      assert.strictEqual(r.stdout, '');
      const [, sentence] = /^VaultError: (.*)$/m.exec(r.stderr);
      assert.match(sentence, pattern(row.text));
      assert.match(r.stderr, new RegExp(`code: 'ERR_VAULT_${row.want}'`));
    }
  });
}

test('cache: false neither reads nor writes it', async () => {
  await serverIs('down');
  worldIs({ key: 'file', cache: 'fresh' });
  await withEnv({ ...env, VAULT_URL: url }, () =>
    assert.rejects(vault.config({ cache: false }), { code: 'ERR_VAULT_NETWORK',
      message: /^Failed to fetch secrets and no cache available: / }));
  await withEnv({ ...env, VAULT_URL: url }, async () => {
    const plain = vault.parse(table.env_files.file);
    delete plain.VAULT_KEY;
    assert.deepStrictEqual(vault.configSync({ cache: false }), { parsed: plain, version: 0 });
  });
  await serverIs('up');
  remove(cache);
  await withEnv({ ...env, VAULT_URL: url }, () => said(() => vault.config({ cache: false })));
  assert.ok(!fs.existsSync(cache));
});

test('allow takes what would be left out', async () => {
  await serverIs('up');
  worldIs({ key: 'file', cache: 'absent' });
  await withEnv({ ...env, VAULT_URL: url }, async () => {
    const lines = await said(async () => {
      const { parsed } = await vault.config({ allow: ['LD_PRELOAD'] });
      assert.strictEqual(typeof parsed.LD_PRELOAD, 'string');
      assert.strictEqual(process.env.LD_PRELOAD, parsed.LD_PRELOAD);
    });
    assert.deepStrictEqual(lines, [hides]);
  });
});

test('a file without a key is used with the key of .env; path may be a list', async () => {
  await serverIs('up');
  worldIs({ key: 'file', cache: 'absent' });
  write('named.env', 'LOCAL=named\n');
  write('more.env', 'LOCAL=more\nMORE=1\n');
  await withEnv({ ...env, VAULT_URL: url }, async () => {
    await said(async () => {
      assert.deepStrictEqual((await vault.config({ path: 'named.env' })).parsed,
        { WHO: 'server', FROM_VAULT: 'yes', LOCAL: 'named' });
      assert.deepStrictEqual((await vault.config({ path: ['named.env', 'more.env'] })).parsed,
        { WHO: 'server', FROM_VAULT: 'yes', LOCAL: 'named', MORE: '1' });
      const { parsed } = await vault.config({ path: ['named.env', 'more.env'], override: true });
      assert.strictEqual(parsed.LOCAL, 'more');
    });
  });
  write('keys.env', table.env_files.file);
  remove('.env');
  await withEnv({ ...env, VAULT_URL: url }, () => said(async () => {
    const { parsed } = await vault.config({ path: ['named.env', 'keys.env'] });
    assert.deepStrictEqual(parsed, { WHO: 'server', FROM_VAULT: 'yes', LOCAL: 'named' });
  }));
});

test('names that run code are left out of a plain file, too', async () => {
  worldIs({ key: 'none', cache: 'absent' });
  fs.appendFileSync('.env', 'NODE_OPTIONS=--require ./evil.js\nENV=mine\n');
  await withEnv(env, async () => {
    const lines = await said(async () => {
      const { parsed } = await vault.config();
      assert.deepStrictEqual({ ...parsed }, { LOCAL: 'file', ENV: 'mine' });
      assert.strictEqual(process.env.NODE_OPTIONS, undefined);
    });
    assert.deepStrictEqual(lines, [leftOut.replace('LD_PRELOAD', 'NODE_OPTIONS')]);
    assert.throws(() => vault.configSync({ allow: 'NODE_OPTIONS' }), { name: 'TypeError',
      message: 'options.allow must be an array of names' });
  });
});

test('the options say the same as the environment', async () => {
  await serverIs('up');
  worldIs({ key: 'file', cache: 'absent' });
  const { VAULT_DEVICE_SECRET, VAULT_CACHE_MAX_AGE } = env;
  await withEnv({ VAULT_DEVICE_SECRET, VAULT_CACHE_MAX_AGE, NODE_ENV: 'staging' }, async () => {
    await said(async () => {
      const result = await vault.config({ environment: 'production', vaultUrl: new URL(url) });
      assert.strictEqual(result.version, 7);
    });
    const { versions } = JSON.parse(fs.readFileSync(state));
    assert.deepStrictEqual(versions.map((row) => row.environment), ['production']);
  });
  assert.strictEqual(fs.statSync(cache).mode & 0o777, 0o600);
});
