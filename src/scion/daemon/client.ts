/** Client of a SCION daemon's gRPC API. */
import { fileURLToPath } from 'node:url';
import {
  type ChannelOptions,
  type Client,
  credentials,
  loadPackageDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { LabError } from '../../errors.ts';
import type { InterfaceId, IsdAs } from '../../topology/model.ts';
import type { Path } from '../end-to-end-path.ts';
import { bigintToIsdAs, isdAsToBigint } from '../isd-as.ts';
import { type DaemonPath, pathFromDaemon } from './path.ts';

const PROTO = fileURLToPath(new URL('daemon.proto', import.meta.url));
const DEFAULT_TIMEOUT_MS = 10_000;

/** A call to the daemon failed. */
export class DaemonError extends LabError {
  /** `unavailable`: nobody answers · `timeout` · `refused`: the daemon answered that it cannot. */
  readonly kind: 'unavailable' | 'timeout' | 'refused';

  constructor(call: string, error: ServiceError) {
    super(`SCION daemon, ${call}: ${error.details || error.message}`, { cause: error });
    this.kind =
      error.code === status.UNAVAILABLE
        ? 'unavailable'
        : error.code === status.DEADLINE_EXCEEDED
          ? 'timeout'
          : 'refused';
  }
}

export interface AsInfo {
  readonly ia: IsdAs;
  readonly core: boolean;
  /** Bytes of an IP packet inside the AS. */
  readonly mtu: number;
}

type Method = 'Paths' | 'AS' | 'Interfaces' | 'NotifyInterfaceDown';
type Callback = (error: ServiceError | null, response: unknown) => void;
type Stub = Client & Record<Method, (request: object, options: { deadline: number }, done: Callback) => void>;

export class DaemonClient {
  readonly #stub: Stub;
  readonly #timeoutMs: number;

  /** @param target as gRPC names servers: `unix:/path`, `10.1.0.1:30255` */
  constructor(target: string, timeoutMs = DEFAULT_TIMEOUT_MS) {
    const options: ChannelOptions = {
      // A daemon that is being restarted is back within moments; nobody needs to spare a server in the same lab.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.enable_http_proxy': 0,
    };
    this.#stub = new (stubClass())(target, credentials.createInsecure(), options) as Stub;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Paths between the daemon's own AS and another, in the daemon's order; empty when there is none.
   *
   * @param refresh ask the control service anew instead of answering from what the daemon has
   * @throws DaemonError; FormatError for a path that contradicts itself
   */
  async paths(src: IsdAs, dst: IsdAs, refresh = false): Promise<Path[]> {
    const request = {
      source_isd_as: String(isdAsToBigint(src)),
      destination_isd_as: String(isdAsToBigint(dst)),
      refresh,
    };
    const { paths } = (await this.#call('Paths', request)) as { paths: DaemonPath[] };
    // Within an AS the daemon answers with one empty path.
    const foreign = paths.filter((path) => path.interfaces.length > 0);
    if (foreign.length === 0) return [];
    const { core } = await this.as(src);
    return foreign.map((path) => pathFromDaemon(path, core));
  }

  /** About the daemon's own AS, or another. */
  async as(ia?: IsdAs): Promise<AsInfo> {
    const request = { isd_as: ia === undefined ? '0' : String(isdAsToBigint(ia)) };
    const answer = (await this.#call('AS', request)) as { isd_as: string; core: boolean; mtu: number };
    return { ia: bigintToIsdAs(BigInt(answer.isd_as)), core: answer.core, mtu: answer.mtu };
  }

  /** By interface of the daemon's own AS, where inside the AS the router of that interface is: `10.1.0.1:30042`. */
  async interfaces(): Promise<ReadonlyMap<InterfaceId, string>> {
    const { interfaces } = (await this.#call('Interfaces', {})) as {
      interfaces: { key: string; value: { address: { address: string } } }[];
    };
    return new Map(interfaces.map(({ key, value }) => [Number(key), value.address.address]));
  }

  /** The daemon leaves out paths over this interface for the next seconds. */
  async notifyInterfaceDown(ia: IsdAs, ifid: InterfaceId): Promise<void> {
    await this.#call('NotifyInterfaceDown', { isd_as: String(isdAsToBigint(ia)), id: String(ifid) });
  }

  close(): void {
    this.#stub.close();
  }

  #call(method: Method, request: object): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#stub[method](request, { deadline: Date.now() + this.#timeoutMs }, (error, response) => {
      if (error === null) resolve(response);
      else reject(new DaemonError(method, error));
    });
    return promise;
  }
}

type StubClass = new (target: string, credentials: object, options: ChannelOptions) => Client;
let loaded: StubClass | undefined;

/** Takes a while the first time: whoever has time to spare before the first client is made may call it. */
export function loadDaemonApi(): void {
  stubClass();
}

function stubClass(): StubClass {
  if (loaded === undefined) {
    const definition = loadSync(PROTO, { keepCase: true, longs: String, defaults: true });
    const root = loadPackageDefinition(definition) as unknown as {
      proto: { daemon: { v1: { DaemonService: StubClass } } };
    };
    loaded = root.proto.daemon.v1.DaemonService;
  }
  return loaded;
}
