/**
 * Answers every request with a body of a given length that begins with the marker. A program of its own, run by Node
 * inside the server's namespace: `http-server.ts ADDRESS PORT BYTES`. Prints `listening` once it does.
 */
import { createServer } from 'node:http';
import { MARKER } from './marker.ts';

const [address = '', port = '', bytes = ''] = process.argv.slice(2);
const body = Buffer.alloc(Number(bytes), '.');
body.write(MARKER);

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length, connection: 'close' });
  response.end(body);
});
server.listen(Number(port), address, () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
