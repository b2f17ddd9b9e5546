/**
 * Sends a datagram, again if need be, until it arrives somewhere: `deliver.ts <from> <to> <at> <hex>`, all in the current
 * network namespace, prints what arrived at `at` in hexadecimal. Ends with code 1 when nothing has for a minute.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { parseSocketAddress } from '../../src/scion/topology-json.ts';

const RESEND_MS = 200;
const TRIES = 300;

async function bound(text: string): Promise<Socket> {
  const { address, port } = parseSocketAddress(text)!;
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

const [from = '', to = '', at = '', hex = ''] = process.argv.slice(2);
const sender = await bound(from);
const receiver = at === from ? sender : await bound(at);
const arrival = once(receiver, 'message') as Promise<[Buffer]>;
const { address, port } = parseSocketAddress(to)!;
for (let tries = 0; tries < TRIES; tries++) {
  sender.send(Buffer.from(hex, 'hex'), port, address);
  const arrived = await Promise.race([arrival, setTimeout(RESEND_MS)]);
  if (arrived === undefined) continue;
  process.stdout.write(arrived[0].toString('hex'));
  process.exit(0);
}
process.exit(1);
