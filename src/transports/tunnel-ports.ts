/** UDP ports that tunnels between nodes listen on, and by which their packets are told in captures. */

/** RFC 7348, section 5. */
export const VXLAN_PORT = 4789;
/** The one that WireGuard's own documentation uses. */
export const WIREGUARD_PORT = 51_820;
