/**
 * Everything on a machine that a command could leave behind, as sorted lines; prints them as JSON when it is started as
 * a program, which is how a test photographs a machine of its own (machine.ts); with the argument `bpf`, the BPF objects
 * of the kernel. Files are not in it: the machine's disk holds nothing else than what was written, and is looked at from
 * outside.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/process/process.ts';

export type MachinePhoto = Readonly<Record<string, readonly string[]>>;

/**
 * Sysctls that change by themselves or with whatever else the kernel's other users do: counts of what is open or cached,
 * the last pid dealt out, random numbers, and the limits that perf lowers when an interrupt took long.
 */
const RESTLESS_SYSCTLS =
  /^(fs\/(aio-nr|dentry-state|file-nr|inode-nr|inode-state|quota\/.*)|kernel\/(ns_last_pid|pty\/nr|perf_event_max_sample_rate|perf_cpu_time_max_percent|random\/.*)|net\/netfilter\/nf_conntrack_count)$/;

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  namespaces: ['lsns', '--noheadings', '--raw', '--output', 'TYPE,NS'],
  'named network namespaces': ['ip', 'netns', 'list'],
  devices: ['ip', '-o', '-d', 'link'],
  addresses: ['ip', '-o', 'addr'],
  routes: ['ip', 'route', 'show', 'table', 'all'],
  'IPv6 routes': ['ip', '-6', 'route', 'show', 'table', 'all'],
  rules: ['ip', 'rule'],
  'IPv6 rules': ['ip', '-6', 'rule'],
  neighbours: ['ip', 'neigh', 'show', 'nud', 'all'],
  nftables: ['nft', 'list', 'ruleset'],
  iptables: ['iptables-save'],
  ip6tables: ['ip6tables-save'],
  qdiscs: ['tc', 'qdisc', 'show'],
  'filters at ingress': ['tc', 'filter', 'show', 'dev', 'lo', 'ingress'],
  'filters at egress': ['tc', 'filter', 'show', 'dev', 'lo', 'egress'],
  pins: ['find', '/sys/fs/bpf', '-mindepth', '1'],
};

/** The kernel has one list of each for all machines on it, so these are a photograph of their own. */
const BPF_PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'BPF programs': ['bpftool', 'prog', 'list'],
  'BPF maps': ['bpftool', 'map', 'list'],
  'BPF links': ['bpftool', 'link', 'list'],
};

async function photographMachine(): Promise<MachinePhoto> {
  return {
    ...(await outputs(PROGRAMS)),
    // Read when the programs above have ended.
    processes: processes(),
    mounts: lines(readFileSync('/proc/mounts', 'utf8')),
    sysctls: sysctls('/proc/sys'),
  };
}

async function photographBpf(): Promise<MachinePhoto> {
  const all = Object.entries(await outputs(BPF_PROGRAMS));
  // The line that begins with an object's id says which it is; those beneath it differ with time and use.
  return Object.fromEntries(all.map(([name, found]) => [name, found.filter((line) => /^\d+:/.test(line))]));
}

async function outputs(programs: Readonly<Record<string, readonly string[]>>): Promise<MachinePhoto> {
  const named = Object.entries(programs).map(async ([name, argv]) => [name, await output(argv)] as const);
  return Object.fromEntries(await Promise.all(named));
}

/** The absence of a tool is part of the picture: it cannot have been used either. */
async function output(argv: readonly string[]): Promise<string[]> {
  const text = await run(argv).then(
    ({ stdout }) => stdout,
    (error: Error) => `not looked at: ${error.message}`,
  );
  return lines(text).filter((line) => !/^# (Generated|Completed)/.test(line));
}

function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
      } catch {
        return [];
      }
    })
    .sort();
}

function sysctls(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sysctls(path);
    const name = path.slice('/proc/sys/'.length);
    if (RESTLESS_SYSCTLS.test(name)) return [];
    try {
      return [`${name} = ${readFileSync(path, 'utf8').trim()}`];
    } catch {
      // To be written only, or unreadable on this kernel.
      return [];
    }
  });
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .sort();
}

if (import.meta.main) {
  const photo = process.argv[2] === 'bpf' ? await photographBpf() : await photographMachine();
  process.stdout.write(JSON.stringify(photo));
}
