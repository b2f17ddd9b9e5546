/** The transports by name. */
import type { TransportName } from '../scenario/model.ts';
import { cilion } from './cilion.ts';
import { ip } from './ip.ts';
import { sig } from './sig.ts';
import type { Transport } from './transport.ts';
import { vxlan } from './vxlan.ts';
import { wireguard } from './wireguard.ts';

export const TRANSPORTS: Readonly<Record<TransportName, Transport>> = { ip, vxlan, wireguard, sig, cilion };
