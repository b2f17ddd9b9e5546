/**
 * How a command that a scenario brings along is run: within its network namespace it may do what a router's or pod's
 * administrator may, and everywhere else nothing. docs/security.md says what that leaves open.
 *
 * Bubblewrap gives it processes and a file system of its own: the host's files are there to read only, and what other
 * programs listen on (/run, /tmp) is not there at all. setpriv then leaves root: the command owns no file of the host. A
 * filter of system calls holds back what namespaces do not.
 */

/** What a scenario's command keeps: addresses, routes and queues, raw sockets, ports below 1024. */
export const CONFINED_CAPABILITIES: readonly string[] = ['net_admin', 'net_raw', 'net_bind_service'];

/** The user and group without rights, `nobody` on Debian. */
const NOBODY = '65534';

/** What setpriv needs to become nobody and to give up the rest. */
const TO_LEAVE_ROOT: readonly string[] = ['setuid', 'setgid', 'setpcap'];

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ENVIRONMENT: Readonly<Record<string, string>> = { PATH, HOME: '/tmp', LANG: 'C.UTF-8' };

/** Hidden behind an empty folder: sockets and state of the host's services, and the devices of the host in /sys. */
const HIDDEN: readonly string[] = ['/run', '/sys'];
/** Folders that everybody may write are empty, and gone with the command. */
const SCRATCH: readonly string[] = ['/tmp', '/var/tmp'];

/** Where bubblewrap reads the filter of system calls (system-call-filter.ts) from. */
export const FILTER_DESCRIPTOR = 3;

/** The command line that runs `argv` confined. It stays in the network namespace of whoever starts it, who must be root. */
export function confined(argv: readonly string[]): string[] {
  const kept = ['-all', ...CONFINED_CAPABILITIES.map((name) => `+${name}`)].join();
  return [
    'bwrap',
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--new-session'],
    // Nothing that it starts outlives it, nor it the run.
    '--die-with-parent',
    ...['--cap-drop', 'ALL'],
    ...[...TO_LEAVE_ROOT, ...CONFINED_CAPABILITIES].flatMap((name) => ['--cap-add', `CAP_${name.toUpperCase()}`]),
    ...['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'],
    ...HIDDEN.flatMap((folder) => ['--tmpfs', folder]),
    ...SCRATCH.flatMap((folder) => ['--perms', '1777', '--tmpfs', folder]),
    // The environment of whoever runs the scenario may hold what is nobody else's business.
    '--clearenv',
    ...Object.entries(ENVIRONMENT).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--seccomp', String(FILTER_DESCRIPTOR)],
    ...['--chdir', '/', '--'],
    ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs'],
    ...[`--bounding-set=${kept}`, `--inh-caps=${kept}`, `--ambient-caps=${kept}`, '--'],
    ...argv,
  ];
}
