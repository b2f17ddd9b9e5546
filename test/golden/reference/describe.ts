/** Prints what testbed/scion/goldenpackets is to write (its documentation has the whole command). */
import { BORDER_ROUTER_ROWS } from '../border-router.table.ts';
import { NODE_WAN_ROWS } from '../node-wan.table.ts';
import { encapsulatedPackets } from '../pod-egress.table.ts';
import { descriptionOf, digestOf } from '../row.ts';

/** A row's name stands for its packet. @throws Error where two rows share one */
export function allDescriptions(): readonly Readonly<Record<string, unknown>>[] {
  const rows = [...BORDER_ROUTER_ROWS, ...NODE_WAN_ROWS, ...encapsulatedPackets()];
  const twice = rows.find(({ name }, index) => rows.findIndex((row) => row.name === name) !== index);
  if (twice !== undefined) throw new Error(`two rows are called "${twice.name}"`);
  return rows.map((row) => descriptionOf(row.name, row));
}

if (import.meta.main) {
  const descriptions = allDescriptions();
  console.log(JSON.stringify({ digest: digestOf(descriptions), descriptions }));
}
