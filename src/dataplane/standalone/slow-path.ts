/** Whether another router listens on the same addresses: the slow path, to which XDP hands what it does not finish. */
import { readFileSync } from 'node:fs';
import type { SocketAddress } from '../../scion/topology-json.ts';
import { parseIpv4 } from '../../topology/ipv4.ts';

/** Local address of a socket in /proc/net/udp: the address's bytes as a little-endian number, then the port. */
const LISTENING = /^\s*\d+: ([0-9A-F]{8}):([0-9A-F]{4}) /gm;

/** Those of the addresses on which nobody in the current network namespace has a UDP socket. */
export function unheard(addresses: readonly SocketAddress[]): SocketAddress[] {
  const table = readFileSync('/proc/self/net/udp', 'latin1');
  const bound = new Set([...table.matchAll(LISTENING)].map(([, address, port]) => `${address}:${port}`));
  return addresses.filter(({ address, port }) => {
    const ends = [address, '0.0.0.0'].map((each) => `${procAddress(each)}:${hex(port, 4)}`);
    return !ends.some((end) => bound.has(end));
  });
}

function procAddress(address: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(parseIpv4(address));
  return bytes.toString('hex').toUpperCase();
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
