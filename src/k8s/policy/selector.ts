/** Label selectors, as Kubernetes has them. */

export type Labels = Readonly<Record<string, string>>;

export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** Of `In` and `NotIn`. */
  readonly values?: readonly string[] | undefined;
}

/** All of it must hold; an empty one selects everything. */
export interface PodSelector {
  readonly matchLabels?: Labels | undefined;
  readonly matchExpressions?: readonly LabelRequirement[] | undefined;
}

export function selects({ matchLabels = {}, matchExpressions = [] }: PodSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => own(labels, key) === value) && matchExpressions.every(holds)
  );

  function holds({ key, operator, values = [] }: LabelRequirement): boolean {
    const value = own(labels, key);
    switch (operator) {
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
    }
  }
}

/** How much it asks for: the more, the more specific it is. */
export function requirements({ matchLabels = {}, matchExpressions = [] }: PodSelector): number {
  return Object.keys(matchLabels).length + matchExpressions.length;
}

function own(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
