// SPDX-License-Identifier: MIT
// import 'vault-env/config': the same, once, whoever imports or requires it.
import './config.js';
