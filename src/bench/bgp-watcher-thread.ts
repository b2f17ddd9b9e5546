/** The thread of bgp-watcher.ts: told a lab's id, it connects to the lab's BIRDs and says when BGP has converged. */
import { parentPort } from 'node:worker_threads';
import { BgpPlane } from '../bgp/plane.ts';
import { speakers } from '../emulator/lab.ts';
import { LabDirectory } from '../emulator/lab-directory.ts';
import type { BgpAnswer } from './bgp-watcher.ts';

const port = parentPort!;

port.on('message', (lab: string) => {
  converged(lab).then(
    (answer) => port.postMessage(answer),
    (error: unknown) => port.postMessage({ failure: error instanceof Error ? error.message : String(error) }),
  );
});
port.postMessage('ready');

async function converged(lab: string): Promise<BgpAnswer> {
  const directory = LabDirectory.open(lab);
  const bgp = await BgpPlane.attach(speakers(directory.plan(), directory));
  try {
    await bgp.converge();
    return { at: process.hrtime.bigint() };
  } finally {
    bgp.close();
  }
}
