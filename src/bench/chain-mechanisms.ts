/** What was used where there is a choice, of benches over chains; part of it is known only when it has been used. */
export interface ChainMechanisms {
  readonly facts: Readonly<Record<string, string>>;
  readonly add: (name: string, value: string) => void;
}

export function chainMechanisms(): ChainMechanisms {
  const facts: Record<string, string> = {
    'cost of a transport': 'time of all cores that is not idle (/proc/stat), others’ work included',
    segmentation: 'in software before each wire; no frame longer than its MTU',
    'receive offload': 'GRO on at every router and node',
  };
  return {
    facts,
    add: (name, value) => {
      facts[name] = value;
    },
  };
}
