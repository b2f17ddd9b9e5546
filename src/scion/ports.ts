/** UDP ports of SCION routers and hosts in a lab, by what listens there. */

/** Of a router's socket towards its own AS. */
export const ROUTER_PORT = 30_042;
/** Where routers deliver to hosts that have no port of their own: the shim dispatcher's, and CilION's. */
export const HOST_PORT = 30_041;
/** Of the daemon's gRPC API, over TCP. */
export const DAEMON_PORT = 30_255;
/** First and last of hosts' own ports; the reference generator's default. Routers hand these over without a shim dispatcher. */
export const HOST_PORTS = [31_000, 32_767] as const;
/** Likewise, as topology.json has it. */
export const DISPATCHED_PORTS = HOST_PORTS.join('-');
/** The control service's. */
export const CONTROL_PORT = 31_000;
/** The reference gateway's: what gateways tell each other of prefixes, pods' packets, and probes of paths. */
export const GATEWAY_CONTROL_PORT = 31_256;
export const GATEWAY_DATA_PORT = 31_056;
export const GATEWAY_PROBE_PORT = 31_856;
