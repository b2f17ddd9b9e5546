import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { MachineFacts } from '../../src/doctor/facts.ts';
import { type Finding, formatFindings } from '../../src/doctor/finding.ts';
import { judge } from '../../src/doctor/judgement.ts';
import { PROGRAMS } from '../../src/doctor/programs.ts';
import { isAtLeast } from '../../src/doctor/release.ts';
import { NEEDED_CAPABILITIES } from '../../src/process/capabilities.ts';

const GIB = 1024 ** 3;

/** One that lacks nothing. */
const GOOD: MachineFacts = {
  kernel: { release: '6.1.0-18-amd64', btf: true, congestionControls: ['reno', 'cubic'], tun: true },
  rights: { root: true, withheld: [] },
  trials: {
    ...{ namespaces: 'works', bpffs: 'works', veth: 'works', xdp: 'works', compiled: true, tc: 'works' },
    ...{ bridge: 'works', vxlan: 'works', wireguard: 'works', confined: 'works' },
  },
  programs: PROGRAMS.map(({ proof }) => ({ proof, path: `/usr/bin/${proof}`, outsidePath: false, version: '1.2' })),
  node: { version: '24.21.0', wanted: '24', packages: 'installed' },
  go: { version: '1.26.8', wanted: '1.26.0', cc: true },
  size: { cores: 4, memoryBytes: 8 * GIB, availableBytes: 6 * GIB, diskFreeBytes: 50 * GIB, runFreeBytes: GIB },
  noise: {
    ...{ clockSource: 'tsc', governors: ['performance'], boost: false, siblings: false },
    ...{ virtual: false, steal: 0, load: 0.1 },
  },
  labs: { atWork: [], leftOver: [], orphans: [] },
};

type Change = { readonly [Part in keyof MachineFacts]?: Partial<MachineFacts[Part]> };

/** What is said of a machine that differs from the good one, and was not said of that. */
function saidOf(change: Change): Finding[] {
  const parts = Object.keys(change) as (keyof MachineFacts)[];
  const changed = Object.fromEntries(
    parts.map((part) => [part, Array.isArray(change[part]) ? change[part] : { ...GOOD[part], ...change[part] }]),
  );
  const before = new Set(judge(GOOD).map((finding) => JSON.stringify(finding)));
  return judge({ ...GOOD, ...changed } as MachineFacts).filter((finding) => !before.has(JSON.stringify(finding)));
}

function programsWith(proof: string, change: object): Change {
  return { programs: GOOD.programs.map((facts) => (facts.proof === proof ? { ...facts, ...change } : facts)) };
}

test('a machine that lacks nothing is told so in every line', () => {
  const findings = judge(GOOD);
  assert.deepEqual(
    findings.filter(({ status }) => status !== 'ok'),
    [],
  );
  assert.match(formatFindings(findings), /^this machine has all that a run needs$/m);
});

const FAILED = { failed: 'Operation not permitted' };

/** What a machine lacks → status, what is said, and what to do. */
const LACKS: readonly (readonly [Change, Finding['status'], RegExp, RegExp])[] = [
  [{ rights: { root: false } }, 'needed', /^not root$/, /as root/],
  [{ rights: { withheld: ['net_raw'] } }, 'needed', /^CAP_NET_RAW is withheld/, /more rights/],
  [{ kernel: { release: '5.15.0-91-generic' } }, 'needed', /^Linux 5\.15\.0-91-generic$/, /current kernel/],
  [{ kernel: { btf: false } }, 'needed', /no BTF/, /CONFIG_DEBUG_INFO_BTF/],
  [{ kernel: { congestionControls: ['reno'] } }, 'optional', /no TCP cubic/, /modprobe tcp_cubic/],
  [{ trials: { namespaces: FAILED } }, 'needed', /namespaces: Operation not permitted/, /virtual machine/],
  [{ trials: { bpffs: FAILED } }, 'needed', /BPF file system: /, /more rights/],
  [{ trials: { veth: { failed: 'Unknown device type.' } } }, 'needed', /veth: Unknown device type/, /kernel lacks it/],
  [{ trials: { xdp: FAILED } }, 'needed', /native XDP on veth: /, /kernel lacks it/],
  [
    { trials: { xdp: { failed: 'nsenter: failed to execute clang-19: No such file or directory' } } },
    ...(['needed', /native XDP/, /^install clang-19: see below$/] as const),
  ],
  [
    { trials: { tc: { failed: 'clang-19 cannot compile for BPF: unknown target triple' } } },
    ...(['needed', /clsact/, /reinstall clang-19/] as const),
  ],
  [{ trials: { bridge: FAILED } }, 'needed', /bridge: /, /kernel lacks it/],
  [{ trials: { confined: FAILED } }, 'needed', /confined commands/, /more rights/],
  [
    { trials: { confined: { failed: 'true: is not installed' } } },
    ...(['needed', /confined commands/, /^install true/] as const),
  ],
  [{ trials: { compiled: false } }, 'optional', /interpreted/, /^sysctl -w net\.core\.bpf_jit_enable=1$/],
  [{ trials: { vxlan: FAILED } }, 'optional', /^VXLAN: /, /kernel lacks it/],
  [{ trials: { wireguard: FAILED }, kernel: { tun: false } }, 'optional', /no \/dev\/net\/tun/, /modprobe tun/],
  [programsWith('irtt', { path: null, version: null }), 'needed', /^no irtt$/, /^apt-get install irtt /],
  [programsWith('tshark', { path: null }), 'optional', /^no tshark$/, /^apt-get install tshark /],
  [programsWith('docker', { path: null }), 'optional', /^no docker$/, /^apt-get install docker\.io /],
  [
    programsWith('bird', { path: '/usr/sbin/bird', outsidePath: true }),
    ...(['needed', /^\/usr\/sbin\/bird is in no folder of PATH$/, /^export PATH=\$PATH:\/usr\/sbin$/] as const),
  ],
  [{ node: { version: '22.1.0' } }, 'needed', /^Node 22\.1\.0$/, /\.\/cilion/],
  [{ node: { packages: 'stale' } }, 'needed', /older than package-lock\.json/, /testbed\/setup\.sh/],
  [{ node: { packages: 'absent' } }, 'needed', /are missing/, /testbed\/setup\.sh/],
  [{ go: { version: null } }, 'optional', /^no go$/, /1\.26\.0/],
  [{ go: { version: '1.19.8' } }, 'optional', /^Go 1\.19\.8, older than 1\.26\.0$/, /1\.26\.0/],
  [{ go: { cc: false } }, 'optional', /^no cc$/, /gcc/],
  [{ size: { cores: 1 } }, 'optional', /^one core$/, /two cores/],
  [{ size: { availableBytes: 0.5 * GIB } }, 'needed', /0\.5 GiB of 8\.0 GiB of memory/, /end other programs/],
  [{ size: { availableBytes: 1.5 * GIB } }, 'optional', /1\.5 GiB of 8\.0 GiB of memory/, /end other programs/],
  [{ size: { diskFreeBytes: 0.1 * GIB } }, 'needed', /0\.1 GiB free for results/, /results\//],
  [{ size: { diskFreeBytes: GIB } }, 'optional', /1\.0 GiB free for results/, /results\//],
  [{ size: { runFreeBytes: 0 } }, 'needed', /0\.0 GiB free in \/run/, /remount/],
  [{ noise: { clockSource: 'hpet' } }, 'optional', /clock hpet/, /dmesg/],
  [{ noise: { governors: ['powersave', 'schedutil'] } }, 'optional', /powersave, schedutil/, /^cpupower /],
  [{ noise: { boost: true } }, 'optional', /turbo is on/, /cpufreq\/boost/],
  [{ noise: { siblings: true } }, 'optional', /two threads/, /smt\/control/],
  [{ noise: { virtual: true, steal: 0.031 } }, 'optional', /3\.1 % of its time/, /cores of its own/],
  [{ noise: { load: 3.5 } }, 'optional', /^load 3\.50 on 4 cores$/, /^wait/],
  [{ labs: { leftOver: ['abcde', 'fghij'] } }, 'optional', /^left over: abcde, fghij$/, /^\.\/cilion destroy --all$/],
  [{ labs: { orphans: ['cil-x-wires'] } }, 'optional', /no lab owns: cil-x-wires/, /^ip netns del cil-x-wires,/],
];

for (const [change, status, what, fix] of LACKS) {
  test(`what is ${status} is told with what to do: ${what.source}, ${fix.source}`, () => {
    const missing = saidOf(change).filter((finding) => finding.status !== 'ok');
    assert.equal(missing.length, 1, JSON.stringify(missing));
    const [finding] = missing;
    assert.equal(finding?.status, status);
    assert.match(finding.what, what);
    assert.match(finding.fix ?? '', fix);
    assert.ok((finding.without ?? '').length > 3, 'what does not work without it');
  });
}

test('what a machine has of the optional is said without alarm', () => {
  const said = (change: Change) => saidOf(change).map(({ status, what }) => `${status} ${what}`);
  const { trials } = GOOD;
  assert.deepEqual(said({ trials: { ...trials, wireguard: { failed: 'Unknown device type.' } } }), [
    'ok no WireGuard in the kernel; wireguard-go takes its place',
  ]);
  assert.deepEqual(said({ noise: { virtual: true, steal: 0 } }), [
    'ok a virtual machine; 0.0 % of its time since the start was given to others',
  ]);
  assert.deepEqual(said({ labs: { atWork: ['abcde'] } }), ['ok at work: abcde']);
  assert.deepEqual(said({ noise: { clockSource: null, governors: [], boost: null } }), []);
});

test('what could not be tried is not said to be missing', () => {
  const trials = {
    ...{ namespaces: null, bpffs: null, veth: null, xdp: null, compiled: null, tc: null },
    ...{ bridge: null, vxlan: null, wireguard: null, confined: null },
  };
  assert.deepEqual(saidOf({ trials }), []);
});

test('every finding that is wrong says what to do, and every one that is right says nothing of it', () => {
  for (const finding of LACKS.flatMap(([change]) => saidOf(change))) {
    assert.equal(finding.fix === undefined, finding.status === 'ok', finding.what);
    assert.equal(finding.without === undefined, finding.status === 'ok', finding.what);
  }
});

test('findings are printed under their headings, with a mark each and what they amount to', () => {
  const text = formatFindings([
    { group: 'Kernel', status: 'ok', what: 'BTF' },
    { group: 'Kernel', status: 'optional', what: 'no VXLAN', without: 'the transport vxlan', fix: 'load it' },
    { group: 'Programs', status: 'needed', what: 'no irtt', without: 'it measures', fix: 'apt-get install irtt' },
  ]);
  assert.equal(
    text,
    `Kernel
  ✓ BTF
  ! no VXLAN: the transport vxlan
      → load it

Programs
  ✗ no irtt: it measures
      → apt-get install irtt

a run needs one thing that this machine lacks (✗); 1 thing could be better (!)
`,
  );
});

test('the programs that are looked for are those of testbed/setup.sh', () => {
  const script = readFileSync('testbed/setup.sh', 'utf8');
  const listed = (opening: string) => {
    const [, list = ''] = new RegExp(`^ *needs${opening}\\(\\n(.*?)^ *\\)`, 'ms').exec(script) ?? [];
    return list.trim().split(/\s*\n\s*/);
  };
  const ours = (need: string) =>
    PROGRAMS.filter((program) => program.need === need).map(({ proof, packageName }) => `${proof} ${packageName}`);
  assert.deepEqual(ours('everything'), listed('='));
  assert.deepEqual(ours('tests'), listed('\\+='));
});

test('versions are compared by number', () => {
  for (const [version, oldest] of [
    ['6.1.0-18-amd64', '6.1'],
    ['6.18.44+', '6.1'],
    ['10.0', '6.1'],
    ['24.21.0', '24'],
    ['1.26.8', '1.26.0'],
    ['1.27rc1', '1.26.0'],
  ] as const) {
    assert.ok(isAtLeast(version, oldest), `${version} ≥ ${oldest}`);
  }
  for (const [version, oldest] of [
    ['6.0.19', '6.1'],
    ['5.15.0-91-generic', '6.1'],
    ['22.99.0', '24'],
    ['1.25.9', '1.26.0'],
    ['unknown', '6.1'],
  ] as const) {
    assert.ok(!isAtLeast(version, oldest), `${version} < ${oldest}`);
  }
});

test('every needed capability that is withheld is named with what it is for', () => {
  for (const { name, usedFor } of NEEDED_CAPABILITIES) {
    const [finding] = saidOf({ rights: { withheld: [name] } });
    assert.equal(finding?.what, `CAP_${name.toUpperCase()} is withheld from everybody here`);
    assert.equal(finding?.without, usedFor);
  }
});
