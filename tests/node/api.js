// SPDX-License-Identifier: MIT
// The package without a server: what it exports, how it is loaded, what every
// option means, and that without a vault key it is plain dotenv.
'use strict';

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const tap = require('./tap.js');

const { app, node, said, test, withEnv, write } = tap;
const vault = tap.require('vault-env');
const vectors = path.join(tap.here, '../vectors');
const key = 'vk_4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11_' + '0a'.repeat(32);

const show = 'console.log(JSON.stringify({ A: process.env.A, B: process.env.B }))';
const seen = (r) => {
  assert.strictEqual(r.stderr, '');
  assert.strictEqual(r.status, 0);
  return JSON.parse(r.stdout);
};

process.chdir(app);
write('.env', 'A=file\nB="two words"\n');
write('other.env', 'A=other\n');

test('a handle is taken for nothing else', () => {
  // In a program of its own: it would crash.
  write('handles.js', `const { dirname } = require('path');
    const native = require(\`\${dirname(require.resolve('vault-env'))}/build/vaultenv.node\`);
    const s = { path: '.env', cache: false };
    const { loaded } = native.loadSync(s, 'file');
    for (const value of [loaded, {}, null, 1, native]) native.watchStop(value);
    const { watch } = native.watchStart({ ...s, vaultKey: '${key}', url: 'http://127.0.0.1:1' },
      60000, { __proto__: loaded }, () => {});
    native.watchStart({ ...s, vaultKey: '${key}', url: 'http://127.0.0.1:1' }, 60000, watch,
      () => {});
    native.watchStop(watch);
    native.settle(1000);
    process.stdout.write('ok');`);
  const r = node(['handles.js']);
  assert.deepStrictEqual([r.signal, r.stdout, r.stderr], [null, 'ok', '']);
});

test('__proto__ is a name as any other', () => {
  const parsed = vault.parse('__proto__=value\nconstructor=c\nA=1');
  assert.deepStrictEqual(Object.entries(parsed),
    [['__proto__', 'value'], ['constructor', 'c'], ['A', '1']]);
  assert.strictEqual(Object.getPrototypeOf(parsed), Object.prototype);
  write('proto.env', '__proto__=value\n');
  write('proto.js', `const { parsed } = require('vault-env').configSync({ path: 'proto.env' });
    console.log(JSON.stringify([Object.keys(parsed), process.env.__proto__]));
    console.log(require('child_process').execSync('env').toString().includes('__proto__=value'));`);
  assert.strictEqual(node(['proto.js']).stdout, '[["__proto__"],"value"]\ntrue\n');
});

test('index.d.ts declares what is exported, and no more', () => {
  const text = fs.readFileSync(tap.require.resolve('vault-env').replace('.js', '.d.ts'), 'utf8');
  const declared = [...text.matchAll(/^export (?:function|class) (\w+)/gm)].map((m) => m[1]);
  assert.deepStrictEqual(declared.sort(), Object.keys(vault).sort());
});

test('index.d.ts declares every code of an error', () => {
  const source = fs.readFileSync(path.join(path.dirname(
    tap.require.resolve('vault-env')), 'src/convert.c'), 'utf8');
  const text = fs.readFileSync(tap.require.resolve('vault-env').replace('.js', '.d.ts'), 'utf8');
  const header = fs.readFileSync(path.join(tap.here, '../../lib/vaultenv.h'), 'utf8');
  for (const [, name] of header.matchAll(/VAULTENV_ERR_(\w+) =/g)) {
    assert.ok(text.includes(`'ERR_VAULT_${name}'`), name);
    assert.ok(source.includes(`[-VAULTENV_ERR_${name}] = "${name}"`), name);
  }
});

// Gives text to whoever opens the FIFO, once.
function fifo(file, text) {
  spawnSync('mkfifo', [file]);
  return spawn('sh', ['-c', 'printf %s "$1" >"$2"', 'sh', text, file], { stdio: 'ignore' });
}

test('.env may be a FIFO, which is read once, or a link to /dev/null', async () => {
  fifo('fifo.env', 'A=fifo\n');
  await withEnv({ A: undefined }, async () => {
    assert.deepStrictEqual((await vault.config({ path: 'fifo.env' })).parsed, { A: 'fifo' });
  });
  fifo('fifo.env', 'A=again\n');
  await withEnv({ A: undefined }, () =>
    assert.deepStrictEqual(vault.configSync({ path: 'fifo.env' }).parsed, { A: 'again' }));
  fs.symlinkSync('/dev/null', 'null.env');
  assert.deepStrictEqual((await vault.config({ path: 'null.env' })).parsed, {});
});

test('a .env in UTF-16 is refused, with the command that converts it', async () => {
  fs.writeFileSync('wide.env', Buffer.from('\ufeffA=1\r\n', 'utf16le'));
  const refusal = { code: 'ERR_VAULT_INVALID',
    message: /^Cannot use wide\.env: it is in UTF-16LE, not in UTF-8\. Run: .*iconv -f UTF-16 / };
  await assert.rejects(vault.config({ path: 'wide.env' }), refusal);
  assert.throws(() => vault.configSync({ path: 'wide.env' }), refusal);
});

test('parse reads as dotenv does', () => {
  const cases = JSON.parse(fs.readFileSync(path.join(vectors, 'dotenv.json')));
  const rows = cases.cases;
  assert.ok(rows.length > 20);
  for (const row of rows) {
    const input = row.src;
    const want = row.parsed;
    assert.deepStrictEqual(vault.parse(input), want, JSON.stringify(input));
    assert.deepStrictEqual(vault.parse(Buffer.from(input)), want);
  }
  assert.deepStrictEqual(vault.parse(new Uint8Array([65, 61, 49])), { A: '1' });
  assert.deepStrictEqual(vault.parse(''), {});
  assert.deepStrictEqual(vault.parse('A=gr\u00fcn \u{1f600}'), { A: 'gr\u00fcn \u{1f600}' });
  assert.throws(() => vault.parse(1), { code: 'ERR_INVALID_ARG_TYPE',
    message: 'text must be a string or a Buffer' });
});

test('config without a key is dotenv', () => withEnv({}, async () => {
  assert.deepStrictEqual(await said(async () => {
    assert.deepStrictEqual(await vault.config(),
      { parsed: { A: 'file', B: 'two words' }, version: 0 });
  }), []);
  assert.strictEqual(process.env.A, 'file');
  assert.strictEqual(process.env.B, 'two words');
  assert.ok(!fs.existsSync('.vault-cache'));
}));

test('configSync without a key is dotenv', () => withEnv({}, async () => {
  assert.deepStrictEqual(await said(() => {
    assert.deepStrictEqual(vault.configSync(),
      { parsed: { A: 'file', B: 'two words' }, version: 0 });
  }), []);
  assert.strictEqual(process.env.A, 'file');
}));

test('a file that is not there has no variables', async () => {
  const nothing = { parsed: {}, version: 0 };
  assert.deepStrictEqual(await vault.config({ path: 'nowhere/.env' }), nothing);
  assert.deepStrictEqual(vault.configSync({ path: 'nowhere/.env' }), nothing);
});

for (const how of ['config', 'configSync']) {
  test(`${how}: existing variables win, empty ones too`, () =>
    withEnv({ A: 'mine', B: '' }, async () => {
      const { parsed } = await vault[how]();
      assert.deepStrictEqual(parsed, { A: 'file', B: 'two words' });
      assert.strictEqual(process.env.A, 'mine');
      assert.strictEqual(process.env.B, '');
    }));

  test(`${how}: with override they do not`, () => withEnv({ A: 'mine', B: '' }, async () => {
    await vault[how]({ override: true });
    assert.strictEqual(process.env.A, 'file');
    assert.strictEqual(process.env.B, 'two words');
  }));

  test(`${how}: path is text, a URL, or begins with ~`, async () => {
    const other = path.join(app, 'other.env');
    for (const file of ['other.env', other, pathToFileURL(other)]) {
      await withEnv({}, async () => {
        assert.deepStrictEqual((await vault[how]({ path: file })).parsed, { A: 'other' });
        assert.strictEqual(process.env.A, 'other');
      });
    }
    fs.writeFileSync(path.join(os.homedir(), 'at-home.env'), 'A=home\n');
    await withEnv({}, async () => {
      assert.deepStrictEqual((await vault[how]({ path: '~/at-home.env' })).parsed, { A: 'home' });
    });
  });

  test(`${how}: loading again, many times, is safe`, () => withEnv({}, async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => vault[how]()));
    for (const { parsed } of all) assert.deepStrictEqual(parsed, { A: 'file', B: 'two words' });
  }));

  test(`${how}: a key that is none`, () => withEnv({ VAULT_KEY: 'vk_x' }, async () => {
    await assert.rejects(async () => vault[how](), {
      name: 'VaultError', code: 'ERR_VAULT_INVALID',
      message: 'VAULT_KEY is not a vault key, vk_<project id>_<secret>: what follows vk_ is ' +
        'not a UUID in lower case. Copy it again from where it was made' });
  }));

  test(`${how}: a path that cannot be read`, async () => {
    await assert.rejects(async () => vault[how]({ path: app }), (error) =>
      error instanceof vault.VaultError && error instanceof Error &&
      error.code === 'ERR_VAULT_IO' && error.message.includes(app));
  });
}

const bad = [
  [{ path: 1 }, 'options.path must be a string without a NUL'],
  [{ path: 'a\0b' }, 'options.path must be a string without a NUL'],
  [{ path: ['.env', 1] }, 'options.path must be a string without a NUL'],
  [{ path: [] }, 'options.path must be one path at least'],
  [{ environment: 1 }, 'options.environment must be a string without a NUL'],
  [{ vaultUrl: {} }, 'options.vaultUrl must be a string without a NUL'],
  [{ override: 1 }, 'options.override must be true or false'],
  [{ cache: 'no' }, 'options.cache must be true or false'],
  [{ quiet: 1 }, 'options.quiet must be true or false'],
  [{ encoding: 'klingon' }, 'options.encoding must be an encoding of Buffer, such as utf8 or latin1'],
  [{ processEnv: 1 }, 'options.processEnv must be an object'],
  [null, 'options must be an object'],
  ['x', 'options must be an object'],
];

test('options of the wrong type are TypeErrors', async () => {
  for (const [options, message] of bad) {
    const want = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message };
    await assert.rejects(vault.config(options), want);
    assert.throws(() => vault.configSync(options), want);
    assert.throws(() => vault.watch(options), want);
  }
  await assert.rejects(vault.checkVersion({ path: ['.env'] }),
    { name: 'TypeError', message: 'options.path must be a string without a NUL' });
  await assert.rejects(vault.pull({ version: -1 }),
    { message: 'options.version must be a whole number, 0 or more' });
  await assert.rejects(vault.push({}, { baseVersion: 'x' }),
    { message: 'options.baseVersion must be a whole number, 0 or more' });
  await assert.rejects(vault.push(null), { message: 'secrets must be an object of names and values' });
  await assert.rejects(vault.push({ A: null }), { message: 'secrets.A must be a string' });
  assert.throws(() => vault.watch({ interval: -1 }),
    { message: 'options.interval must be a number of milliseconds' });
  assert.throws(() => vault.watch({ onChange: 1 }), { message: 'options.onChange must be a function' });
  assert.throws(() => vault.unwatch({}), { message: 'handle must be what watch() returned' });
});

test('an unknown option is a TypeError that names it', async () => {
  const want = (name, of, takes) => ({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE',
    message: new RegExp(`^options\\.${name} is no option of ${of}\\(\\), which takes ${takes}`) });
  await assert.rejects(vault.config({ enviroment: 'x' }), want('enviroment', 'config', 'path, env'));
  assert.throws(() => vault.configSync({ overide: true }), want('overide', 'configSync', 'path'));
  assert.throws(() => vault.watch({ intervall: 1 }), want('intervall', 'watch', 'path'));
  await assert.rejects(vault.pull({ override: true }), want('override', 'pull', 'path'));
  await assert.rejects(vault.push({ A: 1 }, { version: 1 }), want('version', 'push', 'path'));
  await assert.rejects(vault.checkVersion({ cache: true }), want('cache', 'checkVersion', 'path'));
});

test('without a key config() has done its work when it returns', () => withEnv({}, async () => {
  const result = vault.config();
  assert.strictEqual(process.env.A, 'file');
  assert.deepStrictEqual([result.parsed, result.error], [{ A: 'file', B: 'two words' }, undefined]);
  assert.deepStrictEqual((await result).parsed, result.parsed);
}));

test('processEnv is what is filled instead', () => withEnv({}, async () => {
  const mine = { A: 'mine' };
  await vault.config({ processEnv: mine });
  assert.deepStrictEqual(mine, { A: 'mine', B: 'two words' });
  assert.strictEqual(process.env.B, undefined);
  vault.configSync({ processEnv: mine, override: true });
  assert.deepStrictEqual(mine, { A: 'file', B: 'two words' });
}));

test('debug says what happens, never a value; quiet says nothing', () =>
  withEnv({ A: 'mine' }, async () => {
    assert.deepStrictEqual(await said(() => vault.configSync({ debug: true })), [
      '[vault-env] debug: 2 variables of .env', '[vault-env] debug: A is set already, and stays']);
    assert.deepStrictEqual(await said(() => vault.configSync({ debug: 'true', override: true })), [
      '[vault-env] debug: 2 variables of .env',
      '[vault-env] debug: A is set already, and is replaced',
      '[vault-env] debug: B is set already, and is replaced']);
    assert.deepStrictEqual(await said(() => vault.configSync({ debug: undefined })), []);
    write('odd.env', 'A=1\nNODE_OPTIONS=x\n');
    assert.strictEqual((await said(() => vault.configSync({ path: 'odd.env' }))).length, 1);
    assert.deepStrictEqual(await said(() => vault.configSync({ path: 'odd.env', quiet: true })), []);
    await withEnv({ DOTENV_CONFIG_QUIET: 'true' }, async () => assert.deepStrictEqual(
      await said(() => vault.configSync({ path: 'odd.env' })), []));
  }));

test('options that are undefined or null count as not given', () => withEnv({}, async () => {
  const none = Object.fromEntries(['path', 'environment', 'vaultUrl', 'override', 'cache']
    .flatMap((name, i) => [[name, i % 2 ? null : undefined]]));
  assert.deepStrictEqual((await vault.config(none)).parsed, { A: 'file', B: 'two words' });
}));

test('pull, push and checkVersion need a key, and say so', async () => {
  const want = { name: 'VaultError', code: 'ERR_VAULT_NO_KEY', message: 'VAULT_KEY not found in ' +
    'the environment or in .env. Run: vault-env init, or set VAULT_KEY to the key of an existing project' };
  await assert.rejects(vault.pull(), want);
  await assert.rejects(vault.push({ A: '1' }), want);
  await assert.rejects(vault.checkVersion(), want);
});

test('watch without a key watches nothing, and does not mind', async () => {
  assert.deepStrictEqual(await said(() => {
    const handle = vault.watch({ interval: 1, onError: assert.fail, onChange: assert.fail });
    assert.strictEqual(handle.active, false);
    handle.stop();
    vault.unwatch(handle);
    vault.unwatch();
  }), []);
});

test('a server whose URL is not encrypted is refused', () => withEnv({ VAULT_KEY: key }, () =>
  assert.rejects(vault.config({ vaultUrl: 'http://vault.example.com' }),
    (error) => error.code === 'ERR_VAULT_INVALID' &&
      error.message.startsWith('http://vault.example.com is not encrypted. Use https'))));

test('a malformed VAULT_CACHE_MAX_AGE is named', () =>
  withEnv({ VAULT_KEY: key, VAULT_CACHE_MAX_AGE: 'soon' }, () => {
    assert.throws(() => vault.configSync(), { code: 'ERR_VAULT_INVALID',
      message: 'VAULT_CACHE_MAX_AGE is no span of time: "soon". Write seconds, or a number with s, m, h or d such as 12h' });
  }));

// ---- how it is loaded

const both = { A: 'file', B: 'two words' };

test("require('vault-env/config')", () => {
  write('r.js', `require('vault-env/config');\n${show}`);
  assert.deepStrictEqual(seen(node(['r.js'])), both);
  write('r.js', `require('vault-env/config.js');\n${show}`);
  assert.deepStrictEqual(seen(node(['r.js'])), both);
  write('r.js', `require('vault-env').configSync();\n${show}`);
  assert.deepStrictEqual(seen(node(['r.js'])), both);
});

test("import 'vault-env/config', and names from 'vault-env'", () => {
  write('i.mjs', `import 'vault-env/config';\n${show}`);
  assert.deepStrictEqual(seen(node(['i.mjs'])), both);
  write('i.mjs', `import { config, watch } from 'vault-env';\nawait config();\nwatch();\n${show}`);
  assert.deepStrictEqual(seen(node(['i.mjs'])), both);
  write('i.mjs', `import vault from 'vault-env';\nawait vault.config();\n${show}`);
  assert.deepStrictEqual(seen(node(['i.mjs'])), both);
});

test('import loads before the line after it', () => {
  write('later.mjs', 'export const A = process.env.A;');
  write('i.mjs', "import 'vault-env/config';\nimport { A } from './later.mjs';\n" +
    'console.log(JSON.stringify({ A }));');
  assert.deepStrictEqual(seen(node(['i.mjs'])), { A: 'file' });
});

test('node -r vault-env/config, and --import', () => {
  write('plain.js', show);
  assert.deepStrictEqual(seen(node(['-r', 'vault-env/config', 'plain.js'])), both);
  if (process.allowedNodeEnvironmentFlags.has('--import')) {
    assert.deepStrictEqual(seen(node(['--import', 'vault-env/config', 'plain.js'])), both);
  }
});

test('its settings are those of dotenv/config', () => {
  const other = { A: 'other' };
  const run = (args, env) => seen(node(['-r', 'vault-env/config', 'plain.js', ...args], env));
  assert.deepStrictEqual(run([], { DOTENV_CONFIG_PATH: 'other.env' }), other);
  assert.deepStrictEqual(run(['dotenv_config_path=other.env'], {}), other);
  assert.deepStrictEqual(run([], { A: 'mine' }), { ...both, A: 'mine' });
  assert.deepStrictEqual(run([], { A: 'mine', DOTENV_CONFIG_OVERRIDE: 'true' }), both);
  assert.deepStrictEqual(run([], { A: 'mine', DOTENV_CONFIG_OVERRIDE: 'false' }), { ...both, A: 'mine' });
  assert.deepStrictEqual(run(['dotenv_config_override=true'], { A: 'mine' }), both);
  assert.strictEqual(node(['-r', 'vault-env/config', 'plain.js', 'dotenv_config_debug=true'],
    { A: 'mine' }).stderr, '[vault-env] debug: 2 variables of .env\n' +
    '[vault-env] debug: A is set already, and stays\n');
});

test('a program does not start when its load fails', () => {
  const r = node(['-r', 'vault-env/config', 'plain.js'], { VAULT_KEY: 'vk_x' });
  assert.strictEqual(r.status, 1);
  assert.strictEqual(r.stdout, '');
  assert.match(r.stderr, /VaultError: VAULT_KEY is not a vault key, vk_/);
  assert.match(r.stderr, /code: 'ERR_VAULT_INVALID'/);
});

test('a package that is not built says how to build it', () => {
  const folder = write('unbuilt/package.json', '{}').replace('/package.json', '');
  for (const file of ['index.js', 'options.js', 'vault.js', 'watch.js']) {
    fs.copyFileSync(path.join(path.dirname(tap.require.resolve('vault-env')), file),
      path.join(folder, file));
  }
  const r = node(['-e', "require('./unbuilt/index.js')"]);
  assert.match(r.stderr, /vault-env is not built, since its install script has not run\. Run: node .*\/unbuilt\/build\.js/);
});
