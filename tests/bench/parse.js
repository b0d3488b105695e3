// SPDX-License-Identifier: MIT
// parse.js FILE: npm dotenv's parse() of FILE's text inside one process; prints
// the median in seconds, as library.c does.
'use strict';

const { readFileSync } = require('fs');
const { parse } = require('dotenv');

const text = readFileSync(process.argv[2], 'utf8');
const took = [];
for (let i = 0; i < 5; i++) {
  const start = process.hrtime.bigint();
  parse(text);
  took.push(Number(process.hrtime.bigint() - start) / 1e9);
}
took.sort((a, b) => a - b);
console.log(took[2].toFixed(9));
