/** UDP ports of SCION hosts in a lab, by what listens there. */

/** Ports of hosts' own sockets; the reference generator's default. Routers hand these over without a shim dispatcher. */
export const DISPATCHED_PORTS = '31000-32767';
/** The control service's. */
export const CONTROL_PORT = 31_000;
/** The reference gateway's: what gateways tell each other of prefixes, pods' packets, and probes of paths. */
export const GATEWAY_CONTROL_PORT = 31_256;
export const GATEWAY_DATA_PORT = 31_056;
export const GATEWAY_PROBE_PORT = 31_856;
