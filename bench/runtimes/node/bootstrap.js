// The protocol in a page of JavaScript on Node's own http module, over one connection.
const http = require('node:http');
const path = require('node:path');

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [file, name] = process.env._HANDLER.split('.');
const handler = require(path.join(process.env.LAMBDA_TASK_ROOT, file))[name];

function request(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const sent = http.request({ host, port, method, path: `/2018-06-01/runtime${path}`, headers, agent }, (reply) => {
      const chunks = [];
      reply.on('data', (chunk) => chunks.push(chunk));
      reply.on('end', () => resolve({ headers: reply.headers, body: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

(async () => {
  for (;;) {
    const { headers, body } = await request('GET', '/invocation/next');
    const id = headers['lambda-runtime-aws-request-id'];
    const result = await handler(JSON.parse(body), { awsRequestId: id });
    await request('POST', `/invocation/${id}/response`, JSON.stringify(result));
  }
})();
