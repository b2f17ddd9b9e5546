/** What each kind of timeline event does to a running lab, and how it reads in a sentence. */
import type { Lab } from '../emulator/lab.ts';
import { asNamespace, nodeNamespace, podNamespace } from '../emulator/namespace-names.ts';
import type { AsPlan } from '../emulator/plan.ts';
import { LabError } from '../errors.ts';
import { run } from '../process/process.ts';
import { formatPrefix, halves, parsePrefix } from '../topology/ipv4.ts';
import type { IsdAs, Shape } from '../topology/model.ts';
import type { Attached } from '../transports/transport.ts';
import type { HijackEvent, Scenario, TimelineEvent } from './model.ts';
import type { Action } from './play-timeline.ts';
import { describeReplay, type Replayer } from './replay.ts';

/** No command of a timeline may outlive its pass by more. */
const EXEC_TIMEOUT_MS = 60_000;

/** Those beside the lab who do what the timeline says. */
export interface Performers {
  /** Sends packets again, where the timeline has it do so. */
  readonly replayer?: Replayer | undefined;
  /** What carries the packets. */
  readonly attached?: Attached;
}

export function actionsOf(scenario: Scenario, lab: Lab, performers: Performers = {}): Action[] {
  return scenario.timeline.map((event) => {
    return { at: event.at, event: event.event, ...meaning(event, scenario, lab, performers) };
  });
}

type Meaning = Pick<Action, 'text' | 'perform' | 'outcome'>;

function meaning(event: TimelineEvent, scenario: Scenario, lab: Lab, { replayer, attached }: Performers): Meaning {
  const name = (ia: IsdAs) => labelled(scenario, ia);
  switch (event.event) {
    case 'bgp.hijack': {
      const hijack = hijackOf(event, lab);
      const forged = hijack.forgedOriginAsn === undefined ? '' : ' with a forged origin';
      const text = `${name(event.by)} announces ${hijack.prefixes.join(' and ')} of ${name(event.victim)}${forged}`;
      return { text, perform: () => lab.bgp.hijack(event.by, hijack) };
    }
    case 'bgp.leak':
      return {
        text: `${name(event.by)} leaks every route it knows to every neighbour`,
        perform: () => lab.bgp.leak(event.by),
      };
    case 'bgp.withdraw':
      return {
        text: `${name(event.by)} withdraws ${attacks(scenario, event.by) ? 'what it announced falsely' : 'its prefix'}`,
        perform: () => lab.bgp.withdraw(event.by),
      };
    case 'scion.replay': {
      const text = `${name(event.by)} sends ${describeReplay(event)}`;
      if (replayer === undefined) throw new LabError('nobody sends packets again here');
      return {
        text,
        perform: (over) => replayer.replay(event, over),
        outcome: () => replayer.outcome(event),
      };
    }
    case 'link.cut':
      return { text: `${event.link} is cut, silently`, perform: () => lab.wires.reshape(event.link, { cut: true }) };
    case 'link.restore':
      return { text: `${event.link} works again`, perform: () => lab.wires.reshape(event.link, { cut: false }) };
    case 'link.shape':
      return {
        text: `${event.link} changes to ${describeShape(event.shape)}`,
        perform: () => lab.wires.reshape(event.link, event.shape),
      };
    case 'exec': {
      const netns = lab.netns(namespaceNamed(event.in, lab));
      return {
        text: `${event.argv.join(' ')} in ${event.in}`,
        perform: async (over) => {
          await run(event.argv, { netns, confined: true, timeoutMs: EXEC_TIMEOUT_MS, signal: over });
        },
      };
    }
    case 'apply': {
      const what = event.changes.map(({ kind, name: object, outcome }) => `${kind} ${object} ${outcome}`);
      return {
        text: `cluster ${event.cluster}: ${what.join(', ')}`,
        perform: async () => attached?.apply?.(event.cluster, event.objects),
        outcome: () => (attached?.apply === undefined ? 'nothing heeds it' : undefined),
      };
    }
  }
}

function hijackOf({ victim, type }: HijackEvent, lab: Lab): { prefixes: string[]; forgedOriginAsn?: number } {
  const { prefix, bgpAsn } = asPlan(lab, victim);
  if (type === 'more-specific') return { prefixes: halves(parsePrefix(prefix)).map(formatPrefix) };
  return type === 'exact' ? { prefixes: [prefix] } : { prefixes: [prefix], forgedOriginAsn: bgpAsn };
}

function attacks(scenario: Scenario, ia: IsdAs): boolean {
  return scenario.timeline.some(
    (event) => (event.event === 'bgp.hijack' || event.event === 'bgp.leak') && event.by === ia,
  );
}

function asPlan(lab: Lab, ia: IsdAs): AsPlan {
  const plan = lab.plan.ases.find((as) => as.ia === ia);
  if (plan === undefined) throw new LabError(`the lab has no AS ${ia}`);
  return plan;
}

function labelled(scenario: Scenario, ia: IsdAs): string {
  const label = scenario.topology.ases.find((as) => as.ia === ia)?.label;
  return label === undefined ? ia : `${ia} (${label})`;
}

/** An AS, `cluster/node` or `cluster/pod` → namespace of the plan. */
function namespaceNamed(place: string, lab: Lab): string {
  const [cluster = '', member] = place.split('/');
  const candidates =
    member === undefined
      ? [asNamespace(place as IsdAs)]
      : [podNamespace(cluster, member), nodeNamespace(cluster, member)];
  const found = candidates.find((id) => lab.plan.namespaces.some((namespace) => namespace.id === id));
  if (found === undefined) throw new LabError(`the lab has no namespace for ${place}`);
  return found;
}

function describeShape(shape: Partial<Shape>): string {
  const parts = [
    shape.delayNs === undefined ? '' : `${shape.delayNs / 1e6} ms delay`,
    shape.jitterNs === undefined ? '' : `${shape.jitterNs / 1e6} ms jitter`,
    shape.lossPpm === undefined ? '' : `${shape.lossPpm / 1e4} % loss`,
    shape.rateBps === undefined ? '' : `${shape.rateBps / 1e6} Mbit/s`,
    shape.queueNs === undefined ? '' : `${shape.queueNs / 1e6} ms of queue`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
