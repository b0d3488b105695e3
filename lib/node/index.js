// SPDX-License-Identifier: MIT
// What the package offers; index.d.ts is its manual.
'use strict';

const { VaultError, checkVersion, config, configSync, parse, pull, push } = require('./vault.js');
const { unwatch, watch } = require('./watch.js');

module.exports = {
  VaultError,
  checkVersion,
  config,
  configSync,
  parse,
  pull,
  push,
  unwatch,
  watch,
};
