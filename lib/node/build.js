#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Builds build/vaultenv.node with the C compiler and what is on this machine;
// downloads nothing. `npm install` runs it. It links the installed libvaultenv
// if pkg-config knows one that is new enough, and otherwise compiles the
// library's own sources, with the command vault-env beside it: those of the
// source tree around this folder, or the copies that `npm pack` put into the
// tarball (--bundle before it, --unbundle after it).
//
//   VAULT_ENV_BUILD=system|bundled   decides instead of pkg-config
//   CC, CFLAGS, LDFLAGS              as everywhere
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const here = __dirname;
const out = path.join(here, 'build');
const { version } = require('./package.json');
const packages = {
  libgcrypt: 'libgcrypt20-dev',
  libsodium: 'libsodium-dev',
  libcurl: 'libcurl4-openssl-dev',
};

function die(sentence) {
  console.error(`vault-env: ${sentence}`);
  process.exit(1);
}

const words = (text) => (text || '').split(/\s+/).filter(Boolean);

function pkgConfig(...args) {
  const r = spawnSync('pkg-config', args, { encoding: 'utf8' });
  return r.status === 0 ? r.stdout.trim() : undefined;
}

// A folder of C sources: in the tarball beside us, else in the tree above us.
function sources(bundled, inTree, sign) {
  const folders = [path.join(here, bundled), path.join(here, inTree)];
  return folders.find((folder) => fs.existsSync(path.join(folder, sign)));
}

const library = () => sources('libvaultenv', '..', 'vaultenv.h');
const command = () => sources('cli', '../../cli', 'cmd.h');

function list(folder, pattern) {
  return fs.readdirSync(folder).filter((name) => pattern.test(name)).sort()
    .map((name) => path.join(folder, name));
}

// The same, and in the rooms below the folder; the bindings are none.
function tree(folder, pattern) {
  const rooms = fs.readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['node', 'python'].includes(entry.name))
    .map((entry) => path.join(folder, entry.name)).sort();
  return [folder, ...rooms].flatMap((room) => list(room, pattern));
}

// ---- npm pack

function bundle() {
  unbundle();
  for (const [to, from] of [['libvaultenv', '..'], ['cli', '../../cli']]) {
    const folder = path.join(here, from);
    if (!fs.existsSync(folder)) die(`${folder} is not there: pack it in the source tree`);
    for (const file of tree(folder, /\.[ch]$/)) {
      const copy = path.join(here, to, path.relative(folder, file));
      fs.mkdirSync(path.dirname(copy), { recursive: true });
      fs.copyFileSync(file, copy);
    }
  }
  fs.copyFileSync(path.join(here, '../../LICENSE'), path.join(here, 'LICENSE'));
}

function unbundle() {
  // In an unpacked tarball these are all there is.
  if (!fs.existsSync(path.join(here, '..', 'vaultenv.h'))) return;
  for (const name of ['libvaultenv', 'cli', 'LICENSE']) {
    fs.rmSync(path.join(here, name), { recursive: true, force: true });
  }
}

// ---- what there is to build with

function nodeHeaders() {
  const folders = [
    process.env.npm_config_nodedir &&
      path.join(process.env.npm_config_nodedir, 'include/node'),
    path.join(path.dirname(fs.realpathSync(process.execPath)), '../include/node'),
    '/usr/include/node',
    '/usr/local/include/node',
    path.join(os.homedir(), '.cache/node-gyp', process.versions.node, 'include/node'),
  ].filter(Boolean);
  return folders.find((folder) => fs.existsSync(path.join(folder, 'node_api.h'))) ||
    die(`node_api.h is in none of ${folders.join(', ')}. Install Node.js's headers ` +
      '(Debian: apt-get install libnode-dev), or give their folder by npm_config_nodedir');
}

function isSystem() {
  const wanted = process.env.VAULT_ENV_BUILD;
  if (wanted === 'bundled') return false;
  if (pkgConfig(`--atleast-version=${version}`, 'vaultenv') !== undefined) return true;
  if (wanted === 'system') die(`pkg-config finds no vaultenv ${version} or newer`);
  return false;
}

// ---- compiling

const compiler = words(process.env.CC || 'cc');
const common = ['-std=c11', '-O2', '-g', '-Wall', '-Wextra', '-Wno-unused-parameter',
  '-fPIC', '-fvisibility=hidden', '-fstack-protector-strong', '-pthread',
  '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2', `-I${out}`, ...words(process.env.CFLAGS)];
// Never unmapped: a thread may end after the worker that loaded it.
const shared = ['-shared', '-pthread', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,nodelete',
  '-Wl,--as-needed'];

function cc(args) {
  return new Promise((resolve, reject) => {
    const [program, ...first] = compiler;
    const child = spawn(program, [...first, ...args], { stdio: 'inherit' });
    child.on('error', (error) => reject(new Error(error.code === 'ENOENT' ?
      `there is no C compiler: ${program}. Install one (Debian: apt-get install gcc libc6-dev)` :
      `${program}: ${error.message}`)));
    child.on('exit', (code) => (code === 0 ? resolve() :
      reject(new Error(`${program} failed, as it says above`))));
  });
}

// Compiles into build/<kind>-<name>.o, as many at once as there are processors.
async function compile(kind, files, flags) {
  const objects = files.map((file, i) =>
    path.join(out, `${kind}-${i}-${path.basename(file, '.c')}.o`));
  const left = files.map((file, i) => [...common, ...flags, '-c', file, '-o', objects[i]]);
  const worker = async () => {
    while (left.length > 0) await cc(left.shift());
  };
  await Promise.all(os.cpus().map(worker));
  return objects;
}

async function build() {
  const system = isSystem();
  const node = ['-DNAPI_VERSION=8', '-D_GNU_SOURCE', `-I${nodeHeaders()}`];
  const addon = list(path.join(here, 'src'), /\.c$/);
  const ldflags = words(process.env.LDFLAGS);
  const target = path.join(out, 'vaultenv.node');
  let cli = null;

  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out);
  fs.writeFileSync(path.join(out, 'config.h'), '#define _GNU_SOURCE 1\n' +
    `#define HAVE_EXPLICIT_BZERO 1\n#define PACKAGE_VERSION "${version}"\n`);
  if (system) {
    const cflags = words(pkgConfig('--cflags', 'vaultenv'));
    const libdir = pkgConfig('--variable=libdir', 'vaultenv');
    const libs = words(pkgConfig('--libs', 'vaultenv'));
    if (libdir && !/^(\/usr)?\/lib(\/|$)/.test(libdir)) libs.push(`-Wl,-rpath,${libdir}`);
    const objects = await compile('node', addon, [...node, ...cflags]);
    await cc([...shared, ...ldflags, ...objects, '-o', target, ...libs]);
    const prefix = pkgConfig('--variable=exec_prefix', 'vaultenv');
    if (prefix) cli = path.join(prefix, 'bin/vault-env');
  } else {
    const folder = library() ||
      die('the sources of libvaultenv are not here, and pkg-config finds no vaultenv');
    const missing = Object.keys(packages)
      .filter((name) => pkgConfig('--exists', name) === undefined);
    if (missing.length > 0) {
      die(`${missing.join(', ')} not found by pkg-config. On Debian: apt-get install pkg-config ` +
        missing.map((name) => packages[name]).join(' '));
    }
    const cflags = [`-I${folder}`, ...words(pkgConfig('--cflags', ...Object.keys(packages)))];
    const libs = words(pkgConfig('--libs', ...Object.keys(packages)));
    const objects = await compile('lib', tree(folder, /\.c$/), cflags);
    const own = await compile('node', addon, [...node, `-I${folder}`]);
    await cc([...shared, ...ldflags, ...own, ...objects, '-o', target, ...libs]);
    const commands = await compile('cli', list(command(), /\.c$/), [`-I${folder}`]);
    cli = path.join(out, 'vault-env');
    await cc(['-pthread', '-Wl,--as-needed', ...ldflags, ...commands, ...objects, '-o', cli,
      ...libs]);
  }
  for (const object of list(out, /\.o$/)) fs.unlinkSync(object);
  fs.writeFileSync(path.join(out, 'built.json'),
    `${JSON.stringify({ library: system ? 'system' : 'bundled', cli })}\n`);
  require(target);
}

if (process.argv[2] === '--bundle') bundle();
else if (process.argv[2] === '--unbundle') unbundle();
else build().catch((error) => die(error.message));
