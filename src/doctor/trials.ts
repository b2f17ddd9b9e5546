/**
 * Tries what a lab needs of the kernel, in a network and a mount namespace that nobody else uses and that end with the
 * trial, however this process ends: nothing is left to be cleaned up. (The kernel may load a module of its own for a kind
 * of device, as it would when the first lab is built.)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from '../errors.ts';
import { run } from '../process/process.ts';
import type { Trial, Trials } from './facts.ts';

const POLL_MS = 5;
const START_LIMIT_MS = 20_000;
const STEP_LIMIT_MS = 60_000;

/** Sections named as iproute2 and libbpf know them. No header: the compiler alone is tried, not the libraries. */
const PROGRAM = `
__attribute__((section("xdp"), used)) int pass(void *packet) { return 2; }
__attribute__((section("tc"), used)) int accept(void *packet) { return 0; }
char terms[] __attribute__((section("license"), used)) = "GPL";
`;
const OBJECT = '/tmp/try.bpf.o';
const COMPILE = ['clang-19', '-O2', '-g', '--target=bpf', '-xc', '-c', '-', '-o', OBJECT];

const UNSHARE = ['unshare', '--net', '--mount', '--'];

export const NOT_TRIED: Trials = {
  ...{ namespaces: null, bpffs: null, veth: null, xdp: null, compiled: null, tc: null },
  ...{ bridge: null, vxlan: null, wireguard: null, confined: null },
};

type Attempt = (argv: readonly string[], input?: string) => Promise<Trial>;

/** Without root's rights nothing is tried. */
export async function tryKernel(): Promise<Trials> {
  if (process.getuid?.() !== 0) return NOT_TRIED;
  const namespaces = await attempt([...UNSHARE, 'true']);
  if (namespaces !== 'works') return { ...NOT_TRIED, namespaces };
  // It holds the namespaces until its standard input ends, that is, as long as this process at the longest.
  const [program, ...args] = [...UNSHARE, 'cat'] as const;
  // Not by start(): that needs the addon, which may not have been built where somebody asks what is missing.
  const keeper = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  try {
    const pid = await inNamespaces(keeper);
    return { ...(await tryIn(pid)), namespaces };
  } finally {
    const gone = keeper.exitCode === null && keeper.signalCode === null ? once(keeper, 'exit') : undefined;
    keeper.kill();
    await gone;
  }
}

/** unshare(1) becomes cat(1) when both namespaces are there. Resolves with its pid. */
async function inNamespaces(keeper: ChildProcess): Promise<number> {
  await once(keeper, 'spawn');
  const pid = keeper.pid!;
  for (const end = performance.now() + START_LIMIT_MS; nameOf(pid) !== 'cat'; await delay(POLL_MS)) {
    if (keeper.exitCode !== null || performance.now() > end) {
      throw new LabError(`${UNSHARE.join(' ')} cat: it does not start`);
    }
  }
  // Whatever is done now is not done to the machine.
  for (const kind of ['net', 'mnt']) {
    const [own, made] = ['self', pid].map((process) => readlinkSync(`/proc/${process}/ns/${kind}`));
    if (own === made) throw new LabError(`${UNSHARE.join(' ')} cat: its ${kind} namespace is not new`);
  }
  return pid;
}

function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

async function tryIn(pid: number): Promise<Trials> {
  const inside: Attempt = (argv, input) =>
    attempt(['nsenter', `--target=${pid}`, '--net', '--mount', '--', ...argv], input);
  const add = (...what: string[]) => inside(['ip', 'link', 'add', ...what]);
  const bpffs = await inside(['mount', '-t', 'bpf', 'none', '/sys/fs/bpf']);
  const veth = await add('name', 'try0', 'type', 'veth', 'peer', 'name', 'try1');
  return {
    ...{ ...NOT_TRIED, bpffs, veth },
    ...(veth === 'works' && bpffs === 'works' ? await tryPrograms(inside, pid) : {}),
    bridge: await add('name', 'try2', 'type', 'bridge'),
    vxlan: await add('name', 'try3', 'type', 'vxlan', 'id', '1', 'dstport', '4789'),
    wireguard: await add('name', 'try4', 'type', 'wireguard'),
    confined: await run(['true'], { netns: `/proc/${pid}/ns/net`, confined: true, timeoutMs: STEP_LIMIT_MS }).then(
      works,
      failure,
    ),
  };
}

/** Loaded by ip(8) and tc(8), so that the machine can be judged before anything of this project is built. */
async function tryPrograms(inside: Attempt, pid: number): Promise<Pick<Trials, 'xdp' | 'compiled' | 'tc'>> {
  // In memory, and out of sight of everybody else.
  const folder = await inside(['mount', '-t', 'tmpfs', 'none', '/tmp']);
  const object = folder === 'works' ? compiling(await inside(COMPILE, PROGRAM)) : folder;
  if (object !== 'works') return { xdp: object, compiled: null, tc: object };
  const xdp = await inside(['ip', 'link', 'set', 'dev', 'try0', 'xdpdrv', 'object', OBJECT, 'section', 'xdp']);
  const compiled = xdp === 'works' ? await isCompiled(pid) : null;
  const clsact = await inside(['tc', 'qdisc', 'add', 'dev', 'try1', 'clsact']);
  if (clsact !== 'works') return { xdp, compiled, tc: clsact };
  const filter = ['filter', 'add', 'dev', 'try1', 'ingress', 'bpf', 'direct-action'];
  return { xdp, compiled, tc: await inside(['tc', ...filter, 'object-file', OBJECT, 'section', 'tc']) };
}

function compiling(trial: Trial): Trial {
  if (trial === null || trial === 'works' || trial.failed.includes('failed to execute')) return trial;
  return { failed: `${CANNOT_COMPILE}: ${trial.failed}` };
}

async function isCompiled(pid: number): Promise<boolean> {
  const { stdout } = await run(['ip', '-d', 'link', 'show', 'dev', 'try0'], { netns: `/proc/${pid}/ns/net` });
  return /\bjited\b/.test(stdout);
}

function attempt(argv: readonly string[], input?: string): Promise<Trial> {
  return run(argv, { timeoutMs: STEP_LIMIT_MS, ...(input === undefined ? {} : { input }) }).then(works, failure);
}

function works(): Trial {
  return 'works';
}

/** What the reason for a failure begins with when there is nothing to load. */
export const CANNOT_COMPILE = 'clang-19 cannot compile for BPF';

/** The reason alone, which is the last line of what a program said. */
function failure(error: unknown): Trial {
  if (!(error instanceof LabError)) throw error;
  const lines = error.message.split('\n').filter((line) => line.trim() !== '');
  return { failed: (lines.at(-1) ?? error.message).replace(/^(RTNETLINK answers|Error): /, '') };
}
