// SPDX-License-Identifier: MIT
// An application that was written for dotenv.
require('dotenv').config();

console.log(JSON.stringify(process.env));
