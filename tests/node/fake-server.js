// SPDX-License-Identifier: MIT
// A child process that answers POST /api/v1/<path> with what its parent has set:
// {status, body} by path. "hang" instead of an answer: none, ever.
'use strict';

const http = require('node:http');

let answers = {};
let count = 0;

const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    count++;
    const answer = answers[request.url.replace('/api/v1/', '')] ||
      { status: 404, body: { error: 'Not found' } };
    if (answer === 'hang') return;
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
});

process.on('message', (message) => {
  if (message.answers) answers = message.answers;
  process.send({ count });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
