/** Host addresses of the SCION address header: IPv4, IPv6 and service addresses. */
import { isIPv4, isIPv6 } from 'node:net';
import { checkUnsigned, FormatError, viewOf } from './format-error.ts';

/** Type (2 bits) and length (2 bits) as they stand in the common header. */
export const HOST_IPV4 = 0b0000;
export const HOST_SERVICE = 0b0100;
export const HOST_IPV6 = 0b0011;

export interface Host {
  /** HOST_IPV4, HOST_IPV6 or HOST_SERVICE; a decoded header may hold any other four bits. */
  readonly type: number;
  /** As long as the type says: 4, 8, 12 or 16 bytes. */
  readonly bytes: Uint8Array;
}

/** Bytes of an address of this type. */
export function hostLength(type: number): number {
  return 4 * (1 + (type & 3));
}

/** Address of an IPv4 or IPv6 host from its text. An IPv4-mapped IPv6 address becomes IPv4. Throws FormatError. */
export function ipHost(text: string): Host {
  if (isIPv4(text)) return { type: HOST_IPV4, bytes: Uint8Array.from(text.split('.'), Number) };
  if (!isIPv6(text) || text.includes('%')) throw new FormatError(`"${text}" is no IP address`);
  const bytes = ipv6Bytes(text);
  return isMapped(bytes) ? { type: HOST_IPV4, bytes: bytes.slice(12) } : { type: HOST_IPV6, bytes };
}

/** Address of a service, e.g. 2 for the control service (bit 15 set means multicast). */
export function serviceHost(service: number): Host {
  checkUnsigned('service address', service, 16);
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint16(0, service);
  return { type: HOST_SERVICE, bytes };
}

/** The address as text: `10.0.0.1`, `fd00::1`, `service 0x0002`; of a type that nobody defined, its bytes in hexadecimal. */
export function formatHost(host: Host): string {
  if (host.type === HOST_IPV4) return host.bytes.join('.');
  if (host.type === HOST_IPV6) return ipv6Text(host.bytes);
  const hex = Buffer.from(host.bytes).toString('hex');
  return host.type === HOST_SERVICE ? `service 0x${hex.slice(0, 4)}` : `type ${host.type} 0x${hex}`;
}

/** True of ::ffff:0:0/96 in IPv6 form, which routers refuse as a SCION host address. */
export function isMappedIpv4(host: Host): boolean {
  return host.type === HOST_IPV6 && isMapped(host.bytes);
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}

/** The URL parser is the platform's reader of IPv6 text: it returns hexadecimal groups, also for a dotted tail. */
function ipv6Bytes(text: string): Uint8Array {
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function ipv6Text(bytes: Uint8Array): string {
  const view = viewOf(bytes);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(2 * index).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
