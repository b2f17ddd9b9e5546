/** What testbed/scion/goldenpackets has written. */
import { readFileSync } from 'node:fs';

interface ReferencePackets {
  /** Of the descriptions that they were made from. */
  readonly digest: string;
  readonly packets: Readonly<Record<string, { readonly in: string; readonly out?: string }>>;
}

/** The packets as the reference wrote them, by the names of their rows. */
export const reference: ReferencePackets = JSON.parse(readFileSync(new URL('packets.json', import.meta.url), 'utf8'));
