/** Where an agent has its paths from: the AS's SCION daemon, or a file that somebody has written for it. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonClient } from '../../scion/daemon/client.ts';
import { PathSource } from '../../scion/daemon/path-source.ts';
import type { Path } from '../../scion/end-to-end-path.ts';
import type { InterfaceId, IsdAs } from '../../topology/model.ts';
import { pathsFromJson } from './agent-config.ts';

const RETRY_MS = 1000;

export interface AgentPaths {
  /** All paths that are known now, best first. The same object as long as they are the same. */
  pathsTo(ia: IsdAs): readonly Path[];
  /** From now on paths to these ASes are wanted too. */
  follow(destinations: readonly IsdAs[]): void;
  /** Resolves when each of those has been asked for once, whatever the answer. */
  asked(): Promise<void>;
  /** A router on the way says that an interface does not forward. */
  interfaceDown(ia: IsdAs, ifid: InterfaceId): void;
  /** Reads the file again. */
  reload(): void;
}

interface Listener {
  /** There are other paths than before. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

const NONE: readonly Path[] = [];

/** @throws Error where the file cannot be read; later, `failed` is told and the paths remain */
export function pathsOfFile(file: string, { changed, failed }: Listener): AgentPaths {
  let paths = pathsFromJson(readFileSync(file, 'utf8'));
  return {
    pathsTo: (ia) => paths.get(ia) ?? NONE,
    follow: () => {}, // All that there are stand in the file.
    asked: () => Promise.resolve(),
    // The probes find out, and nobody can be told.
    interfaceDown: () => {},
    reload: () => {
      try {
        paths = pathsFromJson(readFileSync(file, 'utf8'));
        changed();
      } catch (error) {
        failed(error);
      }
    },
  };
}

/** @param target As gRPC names servers: `10.1.0.1:30255`. It may come up later than the agent. */
export function pathsOfDaemon(target: string, src: IsdAs, { changed, failed }: Listener): AgentPaths {
  const source = new PathSource(new DaemonClient(target), src, {
    onChange: changed,
    onError: (_dst, error) => failed(error),
  });
  /** What is wanted, and its first answer. */
  const followed = new Map<IsdAs, Promise<void>>();
  const followOne = async (dst: IsdAs): Promise<void> => {
    try {
      await source.follow(dst);
      changed();
    } catch (error) {
      failed(error);
      void sleep(RETRY_MS).then(() => followOne(dst));
    }
  };
  return {
    pathsTo: (dst) => source.paths(dst),
    follow: (destinations) => {
      for (const dst of destinations) if (!followed.has(dst)) followed.set(dst, followOne(dst));
    },
    asked: async () => void (await Promise.all(followed.values())),
    interfaceDown: (ia, ifid) => void source.interfaceDown(ia, ifid).catch(failed),
    reload: () => {},
  };
}
