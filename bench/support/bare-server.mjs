/** The limit: a bare node:http server that answers with the bytes of two files, plain and gzip. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [, , port, plainPath, gzipPath] = process.argv;
const plain = readFileSync(plainPath);
const gzip = readFileSync(gzipPath);
const type = 'text/plain; version=0.0.4; charset=utf-8';

createServer((request, response) => {
  const isGzip = request.headers['accept-encoding'] === 'gzip';
  const body = isGzip ? gzip : plain;
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Length': body.length,
    ...(isGzip && { 'Content-Encoding': 'gzip' }),
  });
  response.end(body);
}).listen(Number(port), '127.0.0.1', () => {
  console.log('ready');
});
