/** The programs that the testbed uses: what proves that each is there, the Debian package that brings it, and its use. */

/** By whom it is missed: every command that makes something, `cilion test`, or clusters that are containers. */
export type Need = 'everything' | 'tests' | 'kind';

export interface Program {
  readonly need: Need;
  /** A command, or a file by its absolute path; as in testbed/setup.sh. */
  readonly proof: string;
  readonly packageName: string;
  /** What it does here: what stands behind "it". */
  readonly use: string;
  /** Arguments that make it say its version; a file is read. */
  readonly ask: readonly string[];
  /** Its first group is the version; null where it says none. */
  readonly version: RegExp | null;
}

function needed(proof: string, packageName: string, use: string, version: RegExp | null, ask = ['--version']): Program {
  return { need: 'everything', proof, packageName, use, ask, version };
}

function optional(need: Need, proof: string, packageName: string, use: string, version: RegExp | null): Program {
  return { need, proof, packageName, use, ask: ['--version'], version };
}

export const PROGRAMS: readonly Program[] = [
  needed('clang-19', 'clang-19', 'compiles the BPF programs', /version (\S+)/),
  needed('llvm-strip-19', 'llvm-19', 'takes debug data out of BPF objects', /LLVM version (\S+)/),
  needed('bpftool', 'bpftool', "writes the kernel's types as C", /v(\S+)/, ['version']),
  needed('/usr/include/bpf/libbpf.h', 'libbpf-dev', 'loads BPF programs', null),
  needed('/usr/include/libelf.h', 'libelf-dev', 'reads BPF objects', null),
  needed('/usr/include/zlib.h', 'zlib1g-dev', 'reads BPF objects', /ZLIB_VERSION "([^"]+)"/),
  needed('g++', 'g++', 'compiles the addon', /\) (\S+)/),
  needed('bird', 'bird2', 'speaks BGP in every AS', /version (\S+)/),
  needed('iperf3', 'iperf3', 'runs workloads of kind tcp', /iperf (\S+)/),
  needed('irtt', 'irtt', 'runs workloads of kind udp', /irtt version: (\S+)/, ['version']),
  needed('ip', 'iproute2', 'makes namespaces and devices', /iproute2-([^\s,]+)/, ['-V']),
  needed('nsenter', 'util-linux', 'enters namespaces', /util-linux (\S+)/),
  needed('bwrap', 'bubblewrap', "confines a scenario's commands", /bubblewrap (\S+)/),
  needed('wg', 'wireguard-tools', 'sets up the transport wireguard', /v(\S+)/),
  needed('wireguard-go', 'wireguard-go', 'is WireGuard where the kernel has none', /v(\S+)/),
  needed('ping', 'iputils-ping', 'finds out whether clusters reach each other', /iputils (\S+)/, ['-V']),
  needed('npm', 'npm', 'installs Node 24 and the libraries', /^(\d\S*)/m),
  optional('tests', 'clang-format-19', 'clang-format-19', 'checks the form of C', /version (\S+)/),
  optional('tests', 'tshark', 'tshark', 'reads captures', /TShark \(Wireshark\) ([\d.]*\d)/),
  optional('tests', 'tcpdump', 'tcpdump', 'captures on a device', /tcpdump version (\S+)/),
  optional('tests', 'ethtool', 'ethtool', 'reads offloads', /version (\S+)/),
  // Never started: a browser leaves files behind even when it only says its version.
  optional('tests', 'chromium', 'chromium', 'opens the report', null),
  optional('tests', 'ruby', 'ruby', 'reads the Vagrantfile', /ruby (\S+)/),
  optional('kind', 'docker', 'docker.io', 'runs the nodes', /version ([^\s,]+)/),
  optional('kind', 'dockerd', 'docker.io', 'runs the nodes', /version ([^\s,]+)/),
];
