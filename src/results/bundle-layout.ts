/** Where each part of a bundle lies, relative to its folder. Writer and reader both ask here. */
import { join } from 'node:path';
import { CilionError } from '../errors.ts';

export const MANIFEST = 'manifest.json';
export const TOPOLOGY = 'topology.json';
export const EVENTS = 'events.ndjson';
export const SUMMARY = 'summary.json';
export const VERDICTS = 'verdicts.json';
export const INPUTS = 'inputs';
export const LOGS = 'logs';
const CHARTS = 'charts';
export const REPORT = 'report.html';

/** Names that stand beside the workloads' in a pass's folder, so no workload may have them. */
export const RESERVED_SAMPLES: readonly string[] = ['wires', 'observed', 'replays'];

const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** `samples/<pass>/<name>.ndjson`. @throws CilionError for a name that is no plain file name. */
export function samplesPath(pass: string, name: string): string {
  return join('samples', safe(pass), `${safe(name)}.ndjson`);
}

/**
 * `captures/<pass>/<link>.pcap`. Colons and `#` of the link's id become `_` and `.`, as SCION's own file names write
 * ISD-ASes, so that the path survives URLs and other file systems.
 */
export function capturePath(pass: string, link: string): string {
  return join('captures', safe(pass), `${safe(link.replaceAll(':', '_').replaceAll('#', '.'))}.pcap`);
}

/** `charts/<name>.png`. @throws CilionError for a name that is no plain file name. */
export function chartPath(name: string): string {
  return join(CHARTS, `${safe(name)}.png`);
}

/** Whether it can be part of a file's name as it is. */
export function isSafeName(name: string): boolean {
  return SAFE_NAME.test(name);
}

function safe(name: string): string {
  if (!isSafeName(name)) throw new CilionError(`"${name}" cannot be a file's name in a bundle`, { exitCode: 2 });
  return name;
}
