/** Waits until BGP has carried every wanted prefix to every router, and where asked nothing else. */
import { LabError } from '../errors.ts';
import type { BirdControl } from './control.ts';
import type { BirdProtocol } from './routes.ts';

/** BIRD reports nothing by itself, so its table is asked for. */
const POLL_MS = 50;

export interface ConvergenceOptions {
  /** No router has a route to any other prefix either: what was announced falsely is gone. */
  readonly exactly?: boolean;
  readonly signal?: AbortSignal;
}

interface Lack {
  readonly router: string;
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
  readonly sessions: readonly BirdProtocol[];
}

/**
 * Resolves when every router has a route to every prefix.
 * @param routers Name (shown in errors) → control client.
 * @param deadlineMs From now, milliseconds.
 * @returns Milliseconds until the last router had them all.
 * @throws LabError that says which router lacks which prefix and what its sessions say.
 */
export async function awaitConvergence(
  routers: ReadonlyMap<string, BirdControl>,
  prefixes: readonly string[],
  deadlineMs: number,
  options: ConvergenceOptions = {},
): Promise<number> {
  const started = performance.now();
  const lacks = await Promise.all(
    [...routers].map(([router, control]) => awaitRouter(router, control, prefixes, started + deadlineMs, options)),
  );
  const failed = lacks.filter((lack) => lack !== null);
  if (failed.length > 0)
    throw new LabError(`BGP has not converged within ${deadlineMs} ms\n${failed.map(describe).join('\n')}`);
  return performance.now() - started;
}

async function awaitRouter(
  router: string,
  control: BirdControl,
  prefixes: readonly string[],
  deadline: number,
  { signal, exactly = false }: ConvergenceOptions,
): Promise<Lack | null> {
  for (;;) {
    signal?.throwIfAborted();
    // The count is one line; the table itself is worth reading only when it can be complete.
    const late = performance.now() > deadline;
    const count = late ? prefixes.length : await control.routeCount();
    if (exactly ? count === prefixes.length : count >= prefixes.length) {
      const { missing, surplus } = await difference(control, prefixes, exactly);
      if (missing.length + surplus.length === 0) return null;
      if (late) return { router, missing, surplus, sessions: await bgpSessions(control) };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function difference(
  control: BirdControl,
  prefixes: readonly string[],
  exactly: boolean,
): Promise<{ missing: string[]; surplus: string[] }> {
  const wanted = new Set(prefixes);
  const present = new Set((await control.bestRoutes()).map((route) => route.prefix));
  return { missing: [...wanted.difference(present)], surplus: exactly ? [...present.difference(wanted)] : [] };
}

async function bgpSessions(control: BirdControl): Promise<BirdProtocol[]> {
  return (await control.protocols()).filter((protocol) => protocol.kind === 'BGP');
}

function describe({ router, missing, surplus, sessions }: Lack): string {
  const faults = [
    ...(missing.length === 0 ? [] : [`has no route to ${list(missing)}`]),
    ...(surplus.length === 0 ? [] : [`still has a route to ${list(surplus)}`]),
  ];
  const states = sessions.map(({ name, state, info }) => `${name} ${info.replace(/\s+/g, ' ') || state}`).join('; ');
  return `${router} ${faults.join(' and ')}; sessions: ${states || 'none'}`;
}

function list(prefixes: readonly string[]): string {
  const shown = prefixes.slice(0, 5).join(', ');
  return prefixes.length > 5 ? `${shown} and ${prefixes.length - 5} more` : shown;
}
