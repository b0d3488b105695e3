// SPDX-License-Identifier: MIT
// require('vault-env/config'), or node -r vault-env/config: loads before the
// next line runs. Takes the settings that dotenv/config takes: DOTENV_CONFIG_PATH,
// _ENCODING, _QUIET, _DEBUG and _OVERRIDE, and the same as arguments
// (dotenv_config_path=…).
'use strict';

const { saysYes, variable } = require('./options.js');
const { configBlocking } = require('./vault.js');

const names = ['path', 'encoding', 'quiet', 'debug', 'override'];
const said = Object.fromEntries(names.map((name) =>
  [name, variable(`DOTENV_CONFIG_${name.toUpperCase()}`)]));

for (const argument of process.argv) {
  const [, name, value] = /^dotenv_config_(\w+)=(.+)$/s.exec(argument) || [];
  if (names.includes(name)) said[name] = value;
}
configBlocking({
  path: said.path,
  encoding: said.encoding,
  quiet: saysYes(said.quiet),
  debug: saysYes(said.debug),
  override: saysYes(said.override),
});
