/** Which BPF objects of the kernel processes of other machines hold, by descriptors: those are not this one's. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** How proc_pid_fdinfo(5) calls the number of each kind, and the list of it in a photograph (machine-photo.ts). */
const LISTS: Readonly<Record<string, string>> = {
  prog_id: 'BPF programs',
  map_id: 'BPF maps',
  link_id: 'BPF links',
};

/**
 * As `BPF maps: 12:`.
 * @param init of the machine whose own processes do not count, by its number here
 */
export function heldElsewhere(init: number): Set<string> {
  const own = attempt(() => readlinkSync(`/proc/${init}/ns/pid`));
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const others = pids.filter((pid) => attempt(() => readlinkSync(`/proc/${pid}/ns/pid`)) !== own);
  return new Set(others.flatMap(heldBy));
}

function heldBy(pid: string): string[] {
  const descriptors = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return descriptors.flatMap((descriptor) => {
    const target = attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? '';
    if (!/^anon_inode:\[?bpf/.test(target)) return [];
    const info = attempt(() => readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8')) ?? '';
    return Object.entries(LISTS).flatMap(([field, list]) => {
      const id = new RegExp(`^${field}:\\t(\\d+)$`, 'm').exec(info)?.[1];
      return id === undefined ? [] : [`${list}: ${id}:`];
    });
  });
}

/** Undefined for what is gone by the time of the look. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
