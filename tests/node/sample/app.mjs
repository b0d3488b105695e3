// SPDX-License-Identifier: MIT
// The same as an ES module.
import 'dotenv/config';

console.log(JSON.stringify(process.env));
