/** The way to an AS's daemon from outside its namespace. */
import { join } from 'node:path';
import type { Plan } from '../../emulator/plan.ts';
import type { IsdAs } from '../../topology/model.ts';
import { DaemonClient } from '../daemon/client.ts';
import { Relay } from '../daemon/relay.ts';
import { DAEMON_PORT } from '../ports.ts';
import { fileName, referencePlaces } from './places.ts';

export interface Namespaces {
  /** Path of a namespace of the plan, as `/run/netns/x`. */
  netns(namespace: string): string;
}

export interface OpenDaemon {
  readonly client: DaemonClient;
  close(): void;
}

/**
 * @param folder of the reference services; the socket lies below it
 * @throws RangeError when the plan has no such AS
 */
export async function openDaemon(lab: Namespaces, plan: Plan, folder: string, ia: IsdAs): Promise<OpenDaemon> {
  const place = referencePlaces(plan).find((each) => each.ia === ia);
  if (place === undefined) throw new RangeError(`no AS ${ia} in this lab`);
  const [{ namespace, address }] = place.routers;
  // Another process may look into the same lab.
  const socket = join(folder, 'sockets', `${fileName(ia)}.${process.pid}`);
  const relay = await Relay.open(socket, lab.netns(namespace), address, DAEMON_PORT);
  const client = new DaemonClient(`unix:${socket}`);
  return {
    client,
    close() {
      client.close();
      relay.close();
    },
  };
}
