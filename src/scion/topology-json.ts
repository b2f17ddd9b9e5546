/**
 * A SCION AS's `topology.json` as a border router reads it (doc/manuals/common.rst): routers, their interfaces, and where
 * hosts listen. Fields that only other services need are not looked at.
 */
import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';
import { InputError, type Problem } from '../errors.ts';
import { readText } from '../input/read-text.ts';
import { type FieldPath, loadYaml, type YamlFile } from '../input/yaml.ts';
import type { InterfaceId, IsdAs } from '../topology/model.ts';
import { parseGoDuration } from './go-duration.ts';
import { parseIsdAs } from './isd-as.ts';

/** What the neighbour on a link is to this AS. */
export type LinkTo = 'core' | 'parent' | 'child' | 'peer';

/** UDP over IP. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

export interface UnderlayEnds {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
}

export interface BfdSettings {
  readonly disable: boolean | undefined;
  readonly requiredMinRxNs: number | undefined;
}

export interface TopologyInterface {
  readonly ifid: InterfaceId;
  readonly neighbour: IsdAs;
  readonly linkTo: LinkTo;
  /** Both ends; or what the underlay is where that is not UDP between two IP addresses. */
  readonly underlay: UnderlayEnds | string;
  readonly bfd: BfdSettings;
  /** Of the link in its file, for messages: `border_routers.brA.interfaces["121"]`. */
  readonly path: FieldPath;
}

export interface TopologyRouter {
  readonly internal: SocketAddress;
  readonly path: FieldPath;
  readonly interfaces: readonly TopologyInterface[];
}

export interface AsTopology {
  readonly ia: IsdAs;
  /** First and last of the ports that packets for hosts are sent to directly. */
  readonly hostPorts: readonly [number, number] | undefined;
  readonly routers: ReadonlyMap<string, TopologyRouter>;
  /** A problem with what stands at a path of the file. */
  readonly problem: (path: FieldPath, message: string, expected?: string) => Problem;
}

const bfdSchema = z.object({
  disable: z.boolean().optional(),
  required_min_rx_interval: z.string().optional(),
});

const interfaceSchema = z.object({
  underlay: z.object({
    provider: z.string().optional(),
    local: z.string().optional(),
    remote: z.string().optional(),
  }),
  isd_as: z.string(),
  link_to: z.string(),
  bfd: bfdSchema.optional(),
});

const schema = z.object({
  isd_as: z.string(),
  dispatched_ports: z.string().optional(),
  attributes: z.array(z.string()).nullish(),
  border_routers: z.record(
    z.string(),
    z.object({ internal_addr: z.string(), interfaces: z.record(z.string(), interfaceSchema).default({}) }),
  ),
});

type Input = z.infer<typeof schema>;
type InterfaceInput = z.infer<typeof interfaceSchema>;

/** @throws InputError with file, line and field of everything that is wrong */
export async function readTopologyJson(file: string): Promise<AsTopology> {
  // JSON is YAML but for tabs between values; inside a JSON string there is none.
  const text = (await readText(file)).replaceAll('\t', ' ');
  return new Reader(loadYaml(file, text, schema)).read();
}

class Reader {
  readonly #yaml: YamlFile<Input>;
  readonly #problems: Problem[] = [];
  readonly #ifids = new Set<InterfaceId>();

  constructor(yaml: YamlFile<Input>) {
    this.#yaml = yaml;
  }

  read(): AsTopology {
    const { value } = this.#yaml;
    const ia = this.#isdAs(['isd_as'], value.isd_as);
    const hostPorts = this.#hostPorts(value.dispatched_ports);
    const routers = new Map(
      Object.entries(value.border_routers).map(([name, router]) => [name, this.#router(name, router)] as const),
    );
    if (this.#problems.length > 0) throw new InputError(this.#problems);
    return { ia, hostPorts, routers, problem: (...args) => this.#yaml.problem(...args) };
  }

  #report(path: FieldPath, message: string, expected?: string): void {
    this.#problems.push(this.#yaml.problem(path, message, expected));
  }

  #isdAs(path: FieldPath, text: string): IsdAs {
    try {
      return parseIsdAs(text);
    } catch (error) {
      this.#report(path, (error as Error).message, 'an ISD-AS such as 1-ff00:0:110');
      return text as IsdAs;
    }
  }

  #hostPorts(text: string | undefined): [number, number] | undefined {
    if (text === undefined || text === '' || text === '-') return undefined;
    if (text.toLowerCase() === 'all') return [1, 65_535];
    const [first, last] = (/^(\d+)-(\d+)$/.exec(text) ?? []).slice(1).map(Number);
    if (first !== undefined && last !== undefined && first >= 1 && first <= last && last <= 65_535) {
      return [first, last];
    }
    this.#report(['dispatched_ports'], `"${text}" is no range of ports`, 'a range such as 31000-32767, "all" or "-"');
    return undefined;
  }

  #router(name: string, input: Input['border_routers'][string]): TopologyRouter {
    const path = ['border_routers', name];
    const internal = parseSocketAddress(input.internal_addr);
    if (internal === undefined) {
      this.#report([...path, 'internal_addr'], `"${input.internal_addr}" is no address and port`, '192.0.2.1:30042');
    }
    const interfaces = Object.entries(input.interfaces).map(([key, value]) =>
      this.#interface([...path, 'interfaces', key], key, value),
    );
    return { internal: internal ?? { address: '', port: 0 }, path, interfaces };
  }

  #ifid(path: FieldPath, key: string): InterfaceId {
    const ifid = Number(key);
    if (!/^\d+$/.test(key) || ifid < 1 || ifid > 65_535) {
      this.#report(path, `"${key}" is no interface identifier`, 'a number from 1 to 65535');
    } else if (this.#ifids.has(ifid)) {
      this.#report(path, `interface ${ifid} exists already`, 'each identifier once in an AS');
    }
    this.#ifids.add(ifid);
    return ifid;
  }

  #interface(path: FieldPath, key: string, input: InterfaceInput): TopologyInterface {
    const linkTo = input.link_to.toLowerCase();
    // private/topology, CheckLinks(): a core AS has no parent, and only a core AS has core links.
    const core = this.#yaml.value.attributes?.includes('core') === true;
    const kinds = [core ? 'core' : 'parent', 'child', 'peer'];
    if (!kinds.includes(linkTo)) {
      this.#report(
        [...path, 'link_to'],
        `"${input.link_to}" is no link of a ${core ? '' : 'non-'}core AS`,
        kinds.join(', '),
      );
    }
    return {
      ifid: this.#ifid(path, key),
      path,
      underlay: underlayEnds(input),
      neighbour: this.#isdAs([...path, 'isd_as'], input.isd_as),
      linkTo: linkTo as LinkTo,
      bfd: { disable: input.bfd?.disable, requiredMinRxNs: this.#interval(path, input.bfd?.required_min_rx_interval) },
    };
  }

  #interval(path: FieldPath, text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const ns = parseGoDuration(text);
    if (ns === undefined)
      this.#report([...path, 'bfd', 'required_min_rx_interval'], `"${text}" is no duration`, '200ms');
    return ns;
  }
}

/** The two ends of a UDP/IP underlay; or what the underlay is, where it is something else. */
function underlayEnds({ underlay }: InterfaceInput): UnderlayEnds | string {
  const { provider, local, remote } = underlay;
  if (provider !== undefined && provider !== '' && provider !== 'udpip') return `underlay ${provider}`;
  const ends = { local: parseSocketAddress(local ?? ''), remote: parseSocketAddress(remote ?? '') };
  if (ends.local === undefined) return `local underlay "${local ?? ''}", not an address and port`;
  if (ends.remote === undefined) return `remote underlay "${remote ?? ''}", not an address and port`;
  return { local: ends.local, remote: ends.remote };
}

/** `192.0.2.1:50000` or `[2001:db8::1]:50000`; undefined for anything else, also for names. */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  const [, ipv6, ipv4, portText] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = ipv6 ?? ipv4 ?? '';
  const port = Number(portText);
  const valid = ipv6 === undefined ? isIPv4(address) : isIP(address) === 6;
  return valid && port >= 1 && port <= 65_535 ? { address, port } : undefined;
}
