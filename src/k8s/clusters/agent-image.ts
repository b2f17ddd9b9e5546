/**
 * The agent's image, from what this checkout has: Node, our sources and the packages that they need, the compiled programs,
 * ip(8), and the shared libraries of all of them. No base image, no registry.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bpfDirectory } from '../../dataplane/build.ts';
import { run } from '../../process/process.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ARCHIVE = join(ROOT, 'testbed/kind/image-archive.sh');

export const AGENT_IMAGE = 'cilion.test/agent:1';
const NODE = '/usr/bin/node';
/** Where the checkout's files are in the image. */
const HOME = '/cilion';
const ENTRY = `${HOME}/src/k8s/agent/agent-process.ts`;
/** Packages that the agent's code imports. */
const PACKAGES = ['@grpc/grpc-js', '@grpc/proto-loader', 'execa', 'yaml', 'zod'];
/** BPF objects that it loads. */
const OBJECTS = ['node_wan', 'pod_egress', 'prober'];

/** Of packages, what nothing reads at run time. */
const UNREAD = /\.(map|md|d\.[cm]?ts)$/;

export interface AgentImageOptions {
  /** Layer with Node that is there already (testbed/kind/build-node-image.sh); the archive is a tenth then. */
  readonly onto?: string;
}

/** @param archive File to write, for `docker load`, `kind load image-archive` or `ctr images import`. */
export async function buildAgentImage(archive: string, { onto }: AgentImageOptions = {}): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'cilion-agent-'));
  try {
    const node = realpathSync(process.execPath);
    const ip = (await run(['which', 'ip'])).stdout.trim();
    const addon = join(ROOT, 'build/cilion.node');
    if (onto === undefined) await copyProgram(node, NODE, root);
    else for (const library of await librariesOf(node)) copyInto(root, library, library);
    await copyProgram(realpathSync(ip), '/usr/sbin/ip', root);
    await copyProgram(addon, `${HOME}/build/cilion.node`, root);
    const into = (path: string) => join(root, HOME, path);
    for (const path of ['src', 'package.json']) cpSync(join(ROOT, path), into(path), { recursive: true });
    for (const name of packagesOf(PACKAGES)) {
      const filter = (path: string) => !UNREAD.test(path);
      cpSync(join(ROOT, 'node_modules', name), into(`node_modules/${name}`), {
        recursive: true,
        dereference: true,
        filter,
      });
    }
    mkdirSync(into('build/bpf'), { recursive: true });
    for (const name of OBJECTS) {
      cpSync(join(bpfDirectory(), `${name}.bpf.o`), into(`build/bpf/${name}.bpf.o`));
    }
    for (const folder of ['tmp', 'etc', 'run', 'proc', 'sys']) mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/\n');
    await run(['chown', '-R', '0:0', root]);
    const below = onto === undefined ? [] : ['--onto', onto];
    await run([ARCHIVE, ...below, root, AGENT_IMAGE, archive, JSON.stringify([NODE, ENTRY])]);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** With the libraries that it is linked to, at the places where the loader looks for them. */
async function copyProgram(file: string, place: string, root: string): Promise<void> {
  copyInto(root, file, place);
  for (const library of await librariesOf(file)) copyInto(root, library, library);
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run(['ldd', program]);
  // `name => /path (address)`, and the loader by its path alone.
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
}

function copyInto(root: string, file: string, place: string): void {
  mkdirSync(join(root, dirname(place)), { recursive: true });
  cpSync(realpathSync(file), join(root, place));
}

/** With the packages that they need themselves, but for declarations of types. npm has put all of them side by side. */
function packagesOf(names: readonly string[]): string[] {
  const all = new Set<string>();
  const add = (name: string): void => {
    if (all.has(name) || name.startsWith('@types/')) return;
    all.add(name);
    const file = join(ROOT, 'node_modules', name, 'package.json');
    const { dependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies?: Record<string, string> };
    Object.keys(dependencies).forEach(add);
  };
  names.forEach(add);
  return [...all];
}
