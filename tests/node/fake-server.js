// SPDX-License-Identifier: MIT
// A child process that answers POST /api/v1/<path>, and v2's, with what its parent has set:
// {status, body} by path. "hang" instead of an answer: none, ever. Or, with
// blobs, as a server on which a new version is pushed between every 50 polls.
'use strict';

const http = require('node:http');

const POLLS_A_VERSION = 50;
let answers = {};
let blobs = null;
let count = 0;
let polls = 0;

function pushed(path) {
  if (path === 'secrets/current-version') polls++;
  const version = 1 + Math.floor(polls / POLLS_A_VERSION);
  const secrets = blobs[version % blobs.length];
  return { status: 200, body: { version, secrets, updated_at: null } };
}

const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    count++;
    const path = request.url.replace(/^\/api\/v\d\//, '');
    const answer = blobs ? pushed(path) :
      answers[path] || { status: 404, body: { error: 'Not found' } };
    if (answer === 'hang') return;
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
});

process.on('message', (message) => {
  if (message.answers) answers = message.answers;
  if (message.blobs) blobs = message.blobs;
  process.send({ count, polls });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
