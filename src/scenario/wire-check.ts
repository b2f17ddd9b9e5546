/** Before anything is measured over them: every shaped wire is what the file says, or the run refuses. */
import type { Lab } from '../emulator/lab.ts';
import type { MiddleEnd } from '../emulator/plan.ts';
import { checkWires, type WireUnderTest } from '../emulator/wire/measure-wire.ts';
import { LabError } from '../errors.ts';

/** @throws LabError with a sentence for each wire that is not what its shape says. */
export async function requireShapes(lab: Lab, detail: (text: string) => void): Promise<void> {
  const wires = lab.plan.wires.map(
    ({ link, mtu, a, b, ab, ba }): WireUnderTest => ({ link, mtu, ab, ba, a: probeEnd(lab, a), b: probeEnd(lab, b) }),
  );
  const mismatches = await checkWires(wires);
  if (mismatches.length > 0) {
    throw new LabError(
      `the wires are not what the topology says:\n${mismatches.map((each) => `  ${each}`).join('\n')}`,
      {
        hint: 'is this machine busy with something else? The delay line needs a core when frames are due',
      },
    );
  }
  detail(`${wires.length} wires are as the topology says`);
}

function probeEnd(lab: Lab, { outer }: MiddleEnd): WireUnderTest['a'] {
  return { netns: lab.netns(outer.namespace), ifindex: outer.ifindex };
}
