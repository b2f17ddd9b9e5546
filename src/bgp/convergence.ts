/** Waits until BGP has carried every wanted prefix to every router. */
import { LabError } from '../errors.ts';
import type { BirdControl } from './control.ts';
import type { BirdProtocol } from './routes.ts';

/** BIRD reports nothing by itself, so its table is asked for. */
const POLL_MS = 50;

interface Lack {
  readonly router: string;
  readonly prefixes: readonly string[];
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
  signal?: AbortSignal,
): Promise<number> {
  const started = performance.now();
  const lacks = await Promise.all(
    [...routers].map(([router, control]) => awaitRouter(router, control, prefixes, started + deadlineMs, signal)),
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
  signal: AbortSignal | undefined,
): Promise<Lack | null> {
  for (;;) {
    signal?.throwIfAborted();
    // The count is one line; the table itself is worth reading only when it can be complete.
    const late = performance.now() > deadline;
    if (late || (await control.routeCount()) >= prefixes.length) {
      const missing = await missingPrefixes(control, prefixes);
      if (missing.length === 0) return null;
      if (late) return { router, prefixes: missing, sessions: await bgpSessions(control) };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function missingPrefixes(control: BirdControl, prefixes: readonly string[]): Promise<string[]> {
  const present = new Set((await control.bestRoutes()).map((route) => route.prefix));
  return prefixes.filter((prefix) => !present.has(prefix));
}

async function bgpSessions(control: BirdControl): Promise<BirdProtocol[]> {
  return (await control.protocols()).filter((protocol) => protocol.kind === 'BGP');
}

function describe({ router, prefixes, sessions }: Lack): string {
  const shown = prefixes.slice(0, 5).join(', ');
  const more = prefixes.length > 5 ? ` and ${prefixes.length - 5} more` : '';
  const states = sessions.map(({ name, state, info }) => `${name} ${info.replace(/\s+/g, ' ') || state}`).join('; ');
  return `${router} has no route to ${shown}${more}; sessions: ${states || 'none'}`;
}
