/** What of root's rights the testbed uses; `./cilion` gives up the rest before it starts this process. */
import { readFileSync } from 'node:fs';

export interface Capability {
  /** As setpriv(1) writes it: capabilities(7) in lower case, without `cap_`. */
  readonly name: string;
  /** Its bit in the sets of /proc/<pid>/status. */
  readonly bit: number;
  readonly usedFor: string;
}

/** Without CAP_BPF and CAP_PERFMON: CAP_SYS_ADMIN, which making namespaces needs, includes them (capabilities(7)). */
export const NEEDED_CAPABILITIES: readonly Capability[] = [
  { name: 'sys_admin', bit: 21, usedFor: 'make and enter namespaces, mount the BPF file system, load BPF programs' },
  { name: 'net_admin', bit: 12, usedFor: 'devices, addresses, routes, tc filters and XDP programs' },
  { name: 'net_raw', bit: 13, usedFor: 'BIRD, captures, frames that a wire held back' },
  { name: 'net_bind_service', bit: 10, usedFor: 'BGP listens on port 179' },
  { name: 'sys_nice', bit: 23, usedFor: 'the thread that sends held-back frames runs in real time' },
  {
    name: 'sys_ptrace',
    bit: 19,
    usedFor: 'find every process in a namespace, whoever started it, so that destroy can end it',
  },
  { name: 'kill', bit: 5, usedFor: 'end processes in a lab that run as another user' },
  { name: 'dac_override', bit: 1, usedFor: 'write results into a folder that belongs to another user' },
  { name: 'setuid', bit: 7, usedFor: "a scenario's commands run as nobody" },
  { name: 'setgid', bit: 6, usedFor: "a scenario's commands run as nobody" },
  { name: 'setpcap', bit: 8, usedFor: "give up what is not needed, and most of it for a scenario's commands" },
];

/** Names of capabilities above that no process here can have, whoever runs it: a container or a service withholds them. */
export function withheldCapabilities(): Capability[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return NEEDED_CAPABILITIES.filter(({ bit }) => ((bounding >> BigInt(bit)) & 1n) === 0n);
}
