/** Attaches what is measured over a chain of ASes. */
import { bpfObject } from '../dataplane/build.ts';
import { native } from '../native.ts';
import { requireReachability } from '../scenario/reachability.ts';
import { TRANSPORTS } from '../transports/transports.ts';
import type { ChainLab } from './chain-labs.ts';
import type { ChainSubject } from './chain-subject-names.ts';

export interface AttachedSubject {
  /** Which of several programs that could be the transport is. */
  readonly implementation: string | undefined;
  detach(): Promise<void>;
}

/** Resolves when packets get through both ways. @throws LabError that says who does not reach whom */
export async function attachSubject(
  subject: ChainSubject,
  chain: ChainLab,
  signal: AbortSignal,
): Promise<AttachedSubject> {
  const { lab } = chain;
  const transport = TRANSPORTS[subject === 'xdp-pass' ? 'ip' : subject];
  const attached = await transport.attach(lab);
  let removePass = () => {};
  const detach = async () => {
    removePass();
    attached.release();
    // What has broken is taken down as a whole.
    if (!lab.watch.signal.aborted) await attached.detach();
  };
  try {
    if (subject === 'xdp-pass') removePass = attachPass(chain);
    await requireReachability(lab, transport, attached, AbortSignal.any([signal, lab.watch.signal]));
  } catch (error) {
    await detach();
    throw error;
  }
  return { implementation: attached.implementation, detach };
}

function attachPass({ lab, to }: ChainLab): () => void {
  const ends = lab.plan.links.flatMap(({ a, b }) => [a, b]).filter(({ namespace }) => namespace === to.node.namespace);
  const netns = lab.netns(to.node.namespace);
  const object = native().openObject(bpfObject('bench_pass'));
  try {
    object.load();
    for (const { ifindex } of ends) object.program('bench_pass').attachXdp(ifindex, netns);
  } finally {
    object.close();
  }
  return () => {
    for (const { ifindex } of ends) native().detachXdp(ifindex, netns);
  };
}
