// SPDX-License-Identifier: MIT
// require('vault-env/config'), or node -r vault-env/config: loads before the
// next line runs. Takes the settings that dotenv/config takes:
// DOTENV_CONFIG_PATH and DOTENV_CONFIG_OVERRIDE, and the same as arguments
// (dotenv_config_path=…).
'use strict';

const { configBlocking, variable } = require('./vault.js');

const no = ['', '0', 'false', 'no', 'off'];
const settings = {
  path: variable('DOTENV_CONFIG_PATH'),
  override: variable('DOTENV_CONFIG_OVERRIDE'),
};

for (const argument of process.argv) {
  const [, name, value] = /^dotenv_config_(path|override)=(.+)$/s.exec(argument) || [];
  if (name) settings[name] = value;
}
configBlocking({
  path: settings.path || undefined,
  override: !no.includes((settings.override || '').toLowerCase()),
});
