/** From what was found on a machine to what to say about it. Pure. */
import { CONGESTION_CONTROL } from '../measure/tcp.ts';
import { NEEDED_CAPABILITIES } from '../process/capabilities.ts';
import type { MachineFacts, ProgramFacts, Trial, Trials } from './facts.ts';
import { type Finding, Group } from './finding.ts';
import { judgeLabs, judgeNoise, judgeSize } from './judge-machine.ts';
import { type Need, PROGRAMS } from './programs.ts';
import { isAtLeast } from './release.ts';
import { CANNOT_COMPILE } from './trials.ts';

const OLDEST_KERNEL = '6.1';
const DISTRIBUTION = "install your distribution's current kernel, and start it";

/** In the order in which they are to be read. */
export function judge(facts: MachineFacts): Finding[] {
  return [
    judgeRights(facts),
    judgeKernel(facts),
    judgePrograms('Programs', 'everything', facts.programs),
    judgeNode(facts),
    judgeGo(facts),
    judgePrograms('Tests (./cilion test)', 'tests', facts.programs),
    judgePrograms('Clusters of containers (kind)', 'kind', facts.programs),
    judgeSize(facts.size),
    judgeNoise(facts.noise, facts.size.cores),
    judgeLabs(facts.labs),
  ].flatMap(({ findings }) => findings);
}

function judgeRights({ rights }: MachineFacts): Group {
  const group = new Group('Rights');
  group.judge('needed', rights.root, 'root', [
    'not root',
    'nothing can be built, and the kernel is not tried here',
    'run it as root',
  ]);
  const withheld = NEEDED_CAPABILITIES.filter(({ name }) => rights.withheld.includes(name));
  for (const { name, usedFor } of withheld) {
    group.needed(
      `CAP_${name.toUpperCase()} is withheld from everybody here`,
      usedFor,
      'a container or service leaves it out: start that with more rights, or use a virtual machine',
    );
  }
  if (withheld.length === 0) group.ok(`no needed capability is withheld (${NEEDED_CAPABILITIES.length} looked for)`);
  return group;
}

/** What a trial proves, how it is said, and what is missing without it. */
const KERNEL_TRIALS: readonly (readonly [keyof Trials, string, string])[] = [
  ['namespaces', 'network and mount namespaces', 'there is no lab without them'],
  ['bpffs', 'BPF file system', 'a lab pins its maps there'],
  ['veth', 'veth', 'every link is one'],
  ['xdp', 'native XDP on veth', 'border routers and shaped wires are XDP programs'],
  ['tc', 'BPF at a clsact hook', "pods' traffic leaves through one"],
  ['bridge', 'bridge', 'the nodes of a cluster share one'],
  ['confined', 'confined commands (bubblewrap)', 'events of kind exec'],
];

function judgeKernel({ kernel, trials }: MachineFacts): Group {
  const group = new Group('Kernel');
  group.judge('needed', isAtLeast(kernel.release, OLDEST_KERNEL), `Linux ${kernel.release}`, [
    `Linux ${kernel.release}`,
    `older than ${OLDEST_KERNEL}`,
    DISTRIBUTION,
  ]);
  group.judge('needed', kernel.btf, 'BTF', [
    'no BTF (/sys/kernel/btf/vmlinux)',
    'the BPF programs are compiled against it',
    `a kernel built with CONFIG_DEBUG_INFO_BTF: ${DISTRIBUTION}`,
  ]);
  for (const [name, title, without] of KERNEL_TRIALS) {
    const trial = trials[name] as Trial;
    if (trial === 'works') group.ok(`${title}, tried`);
    else if (trial !== null) group.needed(`${title}: ${trial.failed}`, without, fixOf(name, trial.failed));
  }
  if (trials.compiled !== null) {
    group.judge('optional', trials.compiled, 'BPF programs become machine code', [
      'BPF programs are interpreted',
      'routers are several times slower',
      'sysctl -w net.core.bpf_jit_enable=1',
    ]);
  }
  judgeTransports(group, { kernel, trials });
  return group;
}

function fixOf(trial: keyof Trials, failed: string): string {
  // Then it was not the kernel that failed.
  const program = /^(?:nsenter: failed to execute )?(\S+?):? (?:is not installed|No such file)/.exec(failed)?.[1];
  if (program !== undefined) return `install ${program}: see below`;
  if (failed.startsWith(CANNOT_COMPILE)) return 'reinstall clang-19: testbed/setup.sh names its package';
  if (trial === 'namespaces' || trial === 'bpffs' || trial === 'confined') {
    return 'a container or security module may forbid it: start that with more rights, or use a virtual machine';
  }
  return `the kernel lacks it, or may not load its module: ${DISTRIBUTION}`;
}

/** What single transports and workloads need. */
function judgeTransports(group: Group, { kernel, trials }: Pick<MachineFacts, 'kernel' | 'trials'>): void {
  if (trials.vxlan === 'works') group.ok('VXLAN, tried');
  else if (trials.vxlan !== null) {
    const { failed } = trials.vxlan;
    group.optional(`VXLAN: ${failed}`, 'the transport vxlan', fixOf('vxlan', failed));
  }
  if (trials.wireguard === 'works') group.ok('WireGuard of the kernel, tried');
  else if (trials.wireguard !== null) {
    group.judge('optional', kernel.tun, 'no WireGuard in the kernel; wireguard-go takes its place', [
      'no WireGuard in the kernel, and no /dev/net/tun',
      'the transport wireguard',
      'modprobe tun, or a kernel with CONFIG_WIREGUARD or CONFIG_TUN',
    ]);
  }
  if (kernel.congestionControls === null) return;
  group.judge('optional', kernel.congestionControls.includes(CONGESTION_CONTROL), `TCP ${CONGESTION_CONTROL}`, [
    `no TCP ${CONGESTION_CONTROL}`,
    'workloads of kind tcp',
    `modprobe tcp_${CONGESTION_CONTROL}`,
  ]);
}

const MISSED_BY: Readonly<Record<Need, string>> = {
  everything: 'it',
  tests: 'tests need it: it',
  kind: 'clusters whose nodes are containers need it: it',
};

function judgePrograms(title: string, need: Need, found: readonly ProgramFacts[]): Group {
  const group = new Group(title);
  const status = need === 'everything' ? 'needed' : 'optional';
  for (const { proof, packageName, use } of PROGRAMS.filter((program) => program.need === need)) {
    const facts = found.find((each) => each.proof === proof);
    const without = `${MISSED_BY[need]} ${use}`;
    if (facts?.path == null) {
      group[status](`no ${proof}`, without, `apt-get install ${packageName} (elsewhere: docs/install.md)`);
    } else if (facts.outsidePath) {
      const folder = facts.path.slice(0, facts.path.lastIndexOf('/'));
      group[status](`${facts.path} is in no folder of PATH`, without, `export PATH=$PATH:${folder}`);
    } else group.ok(facts.version === null ? proof : `${proof} ${facts.version}`);
  }
  return group;
}

function judgeNode({ node }: MachineFacts): Group {
  const group = new Group('Node');
  group.judge('needed', isAtLeast(node.version, node.wanted), `Node ${node.version}`, [
    `Node ${node.version}`,
    `older than ${node.wanted}`,
    'start ./cilion, which runs on the Node that testbed/setup.sh installs',
  ]);
  const [state, without] =
    node.packages === 'stale'
      ? ['are older than package-lock.json', 'libraries may be missing']
      : ['are missing', 'nothing runs'];
  group.judge('needed', node.packages === 'installed', 'npm packages', [
    `the npm packages ${state}`,
    without,
    'testbed/setup.sh',
  ]);
  return group;
}

function judgeGo({ go }: MachineFacts): Group {
  const group = new Group('Reference SCION services');
  const without = 'the control plane `reference`, and tests against the reference router';
  const fix = `install Go ${go.wanted} or newer, from go.dev/dl or a distribution that has it`;
  if (go.version === null) group.optional('no go', without, fix);
  else {
    const what = `Go ${go.version}`;
    group.judge('optional', isAtLeast(go.version, go.wanted), what, [`${what}, older than ${go.wanted}`, without, fix]);
  }
  group.judge('optional', go.cc, 'cc', ['no cc', without, 'apt-get install gcc']);
  return group;
}
