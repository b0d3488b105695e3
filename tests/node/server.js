// SPDX-License-Identifier: MIT
// The package against the development server: pull, push, checkVersion, what
// each refusal becomes, and the cache that this client and the command share.
'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const tap = require('./tap.js');

const { app, protocol, said, test, withEnv, write } = tap;
const vault = tap.require('vault-env');
const { CLI: cli, SERVER_DIR: serverDir, TOP_SRCDIR: source } = process.env;
const warning = /^\[vault-env\] Remote fetch failed, using cached secrets \(\d+ seconds? old\): \S/;
const cache = tap.cacheOf('development');
const ours = fs.readFileSync(path.join(app, '.env'), 'utf8');

process.chdir(app);

function command(...args) {
  const r = spawnSync(cli, args, { encoding: 'utf8' });
  assert.strictEqual(r.status, 0, r.stderr);
  return r.stdout;
}

function server(...args) {
  const r = spawnSync(path.join(source, 'etc/dev-server'), [...args, '--dir', serverDir],
    { encoding: 'utf8' });
  assert.strictEqual(r.status, 0, r.stderr);
}

const loaded = (result) => {
  const { VAULT_KEY, VAULT_URL, ...secrets } = result.parsed;
  assert.strictEqual(VAULT_KEY, undefined);
  assert.strictEqual(process.env.VAULT_KEY, undefined);
  return { secrets, version: result.version };
};

test('before the first push', async () => {
  assert.deepStrictEqual(await vault.checkVersion(), { version: 0, updatedAt: null });
  await assert.rejects(vault.pull(), { code: 'ERR_VAULT_NO_SECRETS' });
  await assert.rejects(vault.config(), { code: 'ERR_VAULT_NO_SECRETS' });
});

test('jest on its first day: the error says which environments there are', async () => {
  await vault.push({ A: '1' }, { environment: 'production' });
  for (const how of [() => vault.config({ environment: 'test' }),
    () => vault.pull({ environment: 'test' }),
    () => withEnv({ NODE_ENV: 'test' }, () => vault.config())]) {
    await assert.rejects(how, { code: 'ERR_VAULT_NO_SECRETS',
      message: 'No secrets stored yet in environment test, but in production. To use those, ' +
        'name that environment (NODE_ENV, ENVIRONMENT, --env); to fill this one, run: ' +
        'vault-env push --env test' });
  }
});

const first = { A: '1', TEXT: 'two\nlines "and" \'quotes\' $A', EMPTY: '', N: 5, YES: true };
const asText = { ...first, N: '5', YES: 'true' };

test('push stores, and pull gives it back', async () => {
  assert.deepStrictEqual(await vault.push({ ...first, VAULT_KEY: 'no', VAULT_URL: 'no',
    VAULT_DEVICE_SECRET: 'no' }), { version: 1 });
  assert.deepStrictEqual(await vault.pull(), { parsed: asText, version: 1 });
  // A pull of v2 keeps what it has verified.
  assert.strictEqual(fs.existsSync(cache), protocol === 2);
  assert.strictEqual(process.env.TEXT, undefined);
});

test('push of the same makes no version', async () => {
  assert.deepStrictEqual(await vault.push(first), { version: 1 });
});

test('checkVersion gives the version and its time', async () => {
  const { version, updatedAt } = await vault.checkVersion();
  assert.strictEqual(version, 1);
  assert.ok(Math.abs(new Date(updatedAt) - Date.now()) < 60000, updatedAt);
});

test('push from an older version keeps what others have changed since', async () => {
  const { parsed, version } = await vault.pull();
  assert.deepStrictEqual(await vault.push({ ...parsed, A: '2' }, { baseVersion: version }),
    { version: 2 });
  const other = { ...parsed, N: '6' };
  assert.deepStrictEqual(await vault.push(other, { baseVersion: version }), { version: 3 });
  assert.deepStrictEqual((await vault.pull()).parsed, { ...parsed, A: '2', N: '6' });
  assert.strictEqual((await vault.pull({ version: 1 })).parsed.A, '1');
});

test('what both have changed is a conflict, until one is said to have it', async () => {
  const mine = { ...first, A: '3' };
  await assert.rejects(vault.push(mine, { baseVersion: 1 }), { code: 'ERR_VAULT_CONFLICT',
    message: /^Others have changed A in development since version 1, and so have you: / });
  assert.deepStrictEqual(await vault.push(mine, { baseVersion: 1, theirs: true }), { version: 3 });
  assert.deepStrictEqual(await vault.push(mine, { baseVersion: 1, ours: true }), { version: 4 });
  assert.deepStrictEqual((await vault.pull()).parsed, { ...asText, A: '3', N: '6' });
});

test('without baseVersion push adds, and takes nothing away unasked', async () => {
  await assert.rejects(vault.push({ A: '4' }), { code: 'ERR_VAULT_CONFLICT',
    message: /^It is not known from which version of development this was made, / });
  assert.deepStrictEqual(await vault.push({ A: '2', MORE: '1' }, { merge: true }), { version: 5 });
  assert.deepStrictEqual((await vault.pull()).parsed, { ...asText, A: '2', N: '6', MORE: '1' });
  assert.deepStrictEqual(await vault.push({ ...first, A: '2' }, { replace: true }), { version: 6 });
  assert.deepStrictEqual((await vault.pull()).parsed, { ...asText, A: '2' });
});

test('the history has the names that changed', () => {
  const rows = JSON.parse(command('versions', '--json'));
  assert.match(JSON.stringify(rows), /~A/);
});

test('environments are apart', async () => {
  assert.deepStrictEqual(await vault.push({ A: 'staging' }, { environment: 'staging' }), { version: 1 });
  assert.deepStrictEqual(await vault.pull({ environment: 'staging' }),
    { parsed: { A: 'staging' }, version: 1 });
  await withEnv({ ENVIRONMENT: 'staging' }, async () => {
    assert.strictEqual((await vault.pull()).parsed.A, 'staging');
    await withEnv({ NODE_ENV: 'development' }, async () => {
      assert.strictEqual((await vault.pull()).parsed.A, '2');
    });
  });
});

test('names and values that cannot be are refused', async () => {
  await assert.rejects(vault.push({ 'A=B': '1' }), { code: 'ERR_VAULT_INVALID' });
  await assert.rejects(vault.push({ '': '1' }), { code: 'ERR_VAULT_INVALID' });
  // What did not arrive does not delete what is there.
  for (const nothing of [{}, { VAULT_KEY: 'vk_x' }]) {
    await assert.rejects(vault.push(nothing), { code: 'ERR_VAULT_INVALID',
      message: 'Nothing to push: there is no variable to share' });
  }
});

test('config loads the secrets, and .env beside them', async () => {
  write('.env', `${ours}LOCAL=file\nA=from the file\n`);
  await withEnv({}, async () => {
    assert.deepStrictEqual(loaded(await vault.config()),
      { secrets: { ...asText, A: 'from the file', LOCAL: 'file' }, version: 6 });
    assert.strictEqual(process.env.TEXT, asText.TEXT);
    assert.strictEqual(process.env.LOCAL, 'file');
  });
  write('.env', ours);
  await withEnv({ A: 'mine' }, async () => {
    await vault.config();
    assert.strictEqual(process.env.A, 'mine');
    await vault.config({ override: true });
    assert.strictEqual(process.env.A, '2');
  });
});

test('a .env that is a link is followed', async () => {
  fs.rmSync('.env');
  fs.symlinkSync(path.join('..data', 'env'), '.env');
  write('..data/env', `${ours}LOCAL=linked\n`);
  await withEnv({}, async () => {
    assert.deepStrictEqual(loaded(await vault.config()),
      { secrets: { ...asText, A: '2', LOCAL: 'linked' }, version: 6 });
  });
  fs.rmSync('.env');
  write('.env', ours);
});

test('the command reads the cache that config wrote', async () => {
  fs.rmSync(cache, { force: true });
  await withEnv({}, () => vault.config());
  assert.strictEqual(fs.statSync(cache).mode & 0o777, 0o600);
  assert.strictEqual(command('run', '--offline', '--', 'printenv', 'TEXT'), `${asText.TEXT}\n`);
});

test('configSync reads the cache that the command wrote', async () => {
  fs.rmSync(cache);
  command('run', '--', 'true');
  await withEnv({}, async () => {
    assert.deepStrictEqual(await said(() => {
      assert.deepStrictEqual(loaded(vault.configSync()), { secrets: { ...asText, A: '2' }, version: 6 });
    }), []);
    assert.strictEqual(process.env.TEXT, asText.TEXT);
  });
});

test('vault.fcgi away (5xx): the cache, and a warning', async () => {
  server('stop', 'vault');
  await withEnv({}, async () => {
    const lines = await said(async () => {
      assert.strictEqual(loaded(await vault.config()).version, 6);
    });
    assert.strictEqual(lines.length, 1);
    assert.match(lines[0], warning);
  });
  await assert.rejects(vault.checkVersion(), { code: 'ERR_VAULT_SERVER' });
  server('start', 'vault');
});

test('the web server away: the cache, and a warning', async () => {
  server('stop', 'web');
  await withEnv({}, async () => {
    const lines = await said(async () => {
      assert.strictEqual(loaded(await vault.config()).version, 6);
    });
    assert.strictEqual(lines.length, 1);
    assert.match(lines[0], warning);
    await assert.rejects(vault.config({ cache: false }), { code: 'ERR_VAULT_NETWORK' });
  });
  await assert.rejects(vault.pull(), { code: 'ERR_VAULT_NETWORK' });
  server('start', 'web');
});

test('vault.fcgi away: the mirror, by option or variable', async () => {
  if (protocol === 1) return;
  const { id } = JSON.parse(command('list-devices', '--json')).devices
    .find((d) => d.status === 'approved');
  command('scope-device', '--id', id, '--fresh', '1d', '--yes');
  const bundle = command('bundle');
  const asked = [];
  const mirror = http.createServer((request, response) => {
    asked.push(request.url);
    response.end(bundle);
  }).listen(0, '127.0.0.1');
  await once(mirror, 'listening');
  const url = `http://127.0.0.1:${mirror.address().port}`;
  server('stop', 'vault');
  for (const [env, options] of [[{}, { mirror: url }], [{}, { mirror: new URL(url) }],
    [{ VAULT_MIRROR: url }, {}]]) {
    await withEnv(env, async () => {
      const lines = await said(async () => {
        assert.strictEqual(loaded(await vault.config({ cache: false, ...options })).version, 6);
      });
      assert.match(lines[0], /^\[vault-env\] Remote fetch failed, using the mirror: /);
    });
  }
  assert.deepStrictEqual(asked, Array(3).fill(`/${JSON.parse(bundle).project_id}/development.json`));
  assert.throws(() => vault.configSync({ mirror: 1 }), { name: 'TypeError',
    message: 'options.mirror must be a string without a NUL' });
  server('start', 'vault');
  mirror.close();
});

test('a wrong key is an error, whatever the cache holds', async () => {
  const [, id, secret] = /vk_([^_]+)_([0-9a-f]+)/.exec(ours);
  const zeros = '0'.repeat(64);
  const cut = protocol === 1 ? `vk_${id}_${zeros}` : `vk_${id}_${secret}`;
  const wrong = [[cut, { code: 'ERR_VAULT_UNAUTHORIZED', message: protocol === 1 ?
    'The server does not accept this ' +
      `VAULT_KEY for project ${id}. Check that key and server belong together` :
    `Project ${id} is of protocol v2, and VAULT_KEY is none of its keys. Copy it again` }]];
  if (protocol === 2) {
    wrong.push([`vk_${id}_${secret}_${zeros}`, { code: 'ERR_VAULT_VERIFY', reason: 'log_anchor' }],
      [ours.match(/vk_\S+/)[0].replace(secret, zeros), { code: 'ERR_VAULT_UNAUTHORIZED',
        reason: 'key_unknown', message: `VAULT_KEY is not one of project ${id}. Copy it again` }]);
  }
  for (const [key, want] of wrong) {
    await withEnv({ VAULT_KEY: key }, async () => {
      await assert.rejects(vault.config(), want);
      await assert.rejects(vault.pull(), want);
      await assert.rejects(vault.checkVersion(), want);
    });
  }
});

test('variables that end in white space, and a device secret in upper case', async () => {
  const [, key] = /VAULT_KEY=(.*)/.exec(fs.readFileSync('.env', 'utf8'));
  const file = fs.readdirSync(path.join(process.env.HOME, '.vault')).find((n) => /key$/.test(n));
  const secret = fs.readFileSync(path.join(process.env.HOME, '.vault', file), 'utf8').trim();
  const { parsed } = await vault.pull();
  await withEnv({ VAULT_KEY: `${key}\n`, VAULT_URL: ` ${process.env.VAULT_URL}\r\n`,
    VAULT_DEVICE_SECRET: `${secret.toUpperCase()}\n`, NODE_ENV: 'development ' }, async () => {
    assert.deepStrictEqual((await vault.pull({ path: 'nowhere/.env' })).parsed, parsed);
  });
});

test('403: a device that nobody knows, or that waits', async () => {
  const secret = crypto.randomBytes(32).toString('hex');
  const pending = { code: 'ERR_VAULT_PENDING',
    message: /^Device not yet approved\. Ask the project owner to run: vault-env approve-device --id / };
  await withEnv({ VAULT_DEVICE_SECRET: secret }, async () => {
    // One of v2 has asked to be let in by coming.
    await assert.rejects(vault.config(), protocol === 2 ? pending : { code: 'ERR_VAULT_DEVICE',
      message: 'Device not registered. Run: vault-env register-device' });
  });
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'vt-home-'));
  await withEnv({ HOME: home }, async () => {
    await assert.rejects(vault.config(), protocol === 2 ? { code: 'ERR_VAULT_DEVICE',
      reason: 'device_missing' } : { code: 'ERR_VAULT_DEVICE' });
    command('register-device', '--name', 'second');
    await assert.rejects(vault.config(), pending);
    await assert.rejects(vault.pull(), { code: 'ERR_VAULT_PENDING' });
  });
  const id = await withEnv({ HOME: home }, () => vault.pull().catch((error) =>
    /--id (\S+)$/.exec(error.message)[1]));
  command('approve-device', '--id', protocol === 2 ? id :
    JSON.parse(command('list-devices', '--json')).devices.find((d) => d.status === 'pending').id);
  await withEnv({ HOME: home }, async () => {
    if (protocol === 2) {
      assert.strictEqual((await vault.config()).version, 6);
      assert.deepStrictEqual(await vault.push({ A: 'second' }, { merge: true }), { version: 7 });
      return;
    }
    // Approved, one of v1 still cannot read what the first one has pushed.
    await assert.rejects(vault.config(), { code: 'ERR_VAULT_DECRYPT' });
    await assert.rejects(vault.push({ A: '1' }), { code: 'ERR_VAULT_DECRYPT' });
    assert.deepStrictEqual(await vault.push({ A: 'forced' }, { force: true }), { version: 7 });
    assert.strictEqual((await vault.pull()).parsed.A, 'forced');
  });
  if (protocol === 2) assert.strictEqual((await vault.pull()).parsed.A, 'second');
  fs.rmSync(home, { recursive: true });
});

test('a hundred calls at once', async () => {
  await vault.push({ A: 'again' }, { force: true, replace: true });
  const all = await withEnv({}, () => Promise.all(Array.from({ length: 100 }, (_, i) =>
    (i % 2 ? vault.config() : vault.pull()))));
  for (const { version } of all) assert.strictEqual(version, 8);
});

test('the thread goes on while the network is waited for', async () => {
  const hanging = await tap.fakeServer();
  await hanging.is({ 'secrets/pull': 'hang' });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const waits = vault.pull({ vaultUrl: hanging.url }).catch((error) => error.code);
  await tap.until(20, () => ticks > 20);
  clearInterval(timer);
  hanging.down();
  assert.strictEqual(await waits, 'ERR_VAULT_NETWORK');
});
