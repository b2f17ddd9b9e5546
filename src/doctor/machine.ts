/** Reads what there is to read about a machine; changes nothing on it. */
import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabDirectory, NAMESPACE_PREFIX } from '../emulator/lab-directory.ts';
import { namespaceFiles } from '../emulator/namespace-processes.ts';
import { parseStat } from '../measure/machine-load.ts';
import { withheldCapabilities } from '../process/capabilities.ts';
import type { GoFacts, KernelFacts, LabFacts, MachineFacts, NodeFacts, NoiseFacts, SizeFacts } from './facts.ts';
import { findPrograms, said, whereIs } from './find-programs.ts';
import { tryKernel } from './trials.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CPUS = '/sys/devices/system/cpu';

export async function readMachine(): Promise<MachineFacts> {
  // Read first: what the trials do to the load is no matter of the machine's.
  const noise = readNoise();
  const [trials, programs, go] = await Promise.all([tryKernel(), findPrograms(), readGo()]);
  return {
    kernel: readKernel(),
    rights: { root: process.getuid?.() === 0, withheld: withheldCapabilities().map(({ name }) => name) },
    ...{ trials, programs, go, noise },
    node: readNode(),
    size: readSize(),
    labs: readLabs(),
  };
}

function readKernel(): KernelFacts {
  const controls = text('/proc/sys/net/ipv4/tcp_available_congestion_control');
  return {
    release: release(),
    btf: existsSync('/sys/kernel/btf/vmlinux'),
    congestionControls: controls === null ? null : controls.split(' '),
    tun: existsSync('/dev/net/tun'),
  };
}

function readNode(): NodeFacts {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
  return { version: process.versions.node, wanted: engines.node.replace('>=', ''), packages: packages() };
}

/** As testbed/setup.sh decides it. */
function packages(): NodeFacts['packages'] {
  const installed = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return 'absent';
  return statSync(join(ROOT, 'package-lock.json')).mtimeMs > statSync(installed).mtimeMs ? 'stale' : 'installed';
}

async function readGo(): Promise<GoFacts> {
  const wanted = /^go (\S+)$/m.exec(readFileSync(join(ROOT, 'testbed/scion/go.mod'), 'utf8'))?.[1] ?? '';
  const cc = whereIs('cc', (process.env['PATH'] ?? '').split(delimiter)) !== null;
  return { version: await said(['go', 'version'], /\bgo(\d\S*)/), wanted, cc };
}

function readSize(): SizeFacts {
  return {
    cores: availableParallelism(),
    memoryBytes: memory('MemTotal'),
    availableBytes: memory('MemAvailable'),
    diskFreeBytes: freeIn(ROOT),
    runFreeBytes: freeIn('/run'),
  };
}

/** proc_meminfo(5): kibibytes, whatever it calls them. */
function memory(field: string): number {
  return Number(new RegExp(`^${field}: *(\\d+) kB$`, 'm').exec(text('/proc/meminfo') ?? '')?.[1] ?? 0) * 1024;
}

/** What a user without reserves can write, bytes. */
function freeIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function readNoise(): NoiseFacts {
  const { steal, total } = parseStat(readFileSync('/proc/stat', 'utf8'));
  return {
    clockSource: text('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    governors: governors(),
    boost: boost(),
    siblings: text(`${CPUS}/smt/active`) === '1',
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(text('/proc/cpuinfo') ?? ''),
    steal: total === 0 ? 0 : steal / total,
    load: Number(text('/proc/loadavg')?.split(' ')[0] ?? 0),
  };
}

function governors(): string[] {
  const cores = readdirSync(CPUS).filter((name) => /^cpu\d+$/.test(name));
  return [...new Set(cores.flatMap((core) => text(`${CPUS}/${core}/cpufreq/scaling_governor`) ?? []))].sort();
}

/** The drivers of Intel's and of everybody else's cores say it the other way round. */
function boost(): boolean | null {
  const [generic, noTurbo] = [numberIn(`${CPUS}/cpufreq/boost`), numberIn(`${CPUS}/intel_pstate/no_turbo`)];
  if (noTurbo !== null) return noTurbo === 0;
  return generic === null ? null : generic === 1;
}

function readLabs(): LabFacts {
  const labs = LabDirectory.all();
  const leftOver = labs.filter((lab) => lab.state() === 'left over');
  const prefixes = labs.map((lab) => lab.namespacePrefix);
  return {
    atWork: labs.filter((lab) => !leftOver.includes(lab)).map(({ id }) => id),
    leftOver: leftOver.map(({ id }) => id),
    orphans: namespaceFiles().filter(
      (name) => name.startsWith(NAMESPACE_PREFIX) && !prefixes.some((prefix) => name.startsWith(prefix)),
    ),
  };
}

/** Null where there is no such file, or it may not be read. */
function text(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}

function numberIn(file: string): number | null {
  const value = text(file);
  return value === null ? null : Number(value);
}
