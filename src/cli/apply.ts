/** `cilion apply`: path policies and pods' labels of a running lab, changed while traffic flows. */
import { existsSync } from 'node:fs';
import { claim } from '../emulator/claim.ts';
import { LabDirectory } from '../emulator/lab-directory.ts';
import { labPaths } from '../emulator/lab-paths.ts';
import type { ClusterPlan, Plan } from '../emulator/plan.ts';
import { CilionError, type ExitCode, LabError } from '../errors.ts';
import { oneOf, suggestion } from '../input/nearest.ts';
import { readText } from '../input/read-text.ts';
import { changedBy, type Wanted } from '../k8s/changes.ts';
import { RESOURCES } from '../k8s/crd/definitions.ts';
import { policiesInForce } from '../k8s/policy/in-force.ts';
import type { Path } from '../scion/end-to-end-path.ts';
import type { IsdAs } from '../topology/model.ts';
import { reconcileCluster } from '../transports/cilion-left.ts';
import { leftToProber, tellProber } from '../transports/cilion-prober.ts';
import { type Applied, appliedText } from './applied-text.ts';
import type { Command, Options } from './command.ts';

export const apply: Command = {
  name: 'apply',
  summary: 'change path policies and the labels of pods in a running lab, as `kubectl apply` does in a cluster',
  arguments: [{ name: '<lab>', description: 'its id, as `cilion ls` shows it' }],
  options: [
    {
      flags: '-f, --filename <file>',
      description: 'manifests that are to be in force; several times',
      repeatable: true,
    },
    {
      flags: '--delete <kind/name>',
      description: 'a policy that is to go, as scionpathpolicy/fenced; several times',
      repeatable: true,
    },
    { flags: '--cluster <name>', description: 'whose they are, in a lab of several clusters' },
    { flags: '--json', description: 'one JSON value instead of text' },
  ],
  needsRoot: true,
  needsBuild: true,
  async run([id = ''], options): Promise<ExitCode> {
    const wanted = await wantedOf(options);
    const lab = LabDirectory.open(id);
    requireOurs(lab);
    const release = claim([lab.path('apply')], `the policies of lab ${id} are being changed`);
    try {
      const applied = await applyTo(lab, options['cluster'], wanted);
      process.stdout.write(options['json'] === true ? `${JSON.stringify(applied, null, 2)}\n` : appliedText(applied));
    } finally {
      release();
    }
    return 0;
  },
};

async function wantedOf(options: Options): Promise<Wanted> {
  const [names, deleted] = [listOf(options['filename']), listOf(options['delete'])];
  if (names.length + deleted.length === 0) {
    throw new CilionError('nothing is to be changed', {
      exitCode: 2,
      hint: 'name manifests, -f <file>, or a policy to delete, --delete scionpathpolicy/<name>',
    });
  }
  const files = names.map(async (path) => ({ path, text: await readText(path) }));
  return { deleted: deleted.map(policyName), files: await Promise.all(files) };
}

function listOf(option: Options[string]): readonly string[] {
  return Array.isArray(option) ? (option as readonly string[]) : [];
}

/** As kubectl names one: `scionpathpolicy/fenced`, `spp/fenced`. */
function policyName(text: string): string {
  const [kind = '', name = '', ...rest] = text.split('/');
  const policy = RESOURCES.find((resource) => resource.kind === 'ScionPathPolicy');
  const names = policy === undefined ? [] : [policy.kind.toLowerCase(), policy.plural, ...policy.shortNames];
  if (rest.length === 0 && name !== '' && names.includes(kind.toLowerCase())) return name;
  throw new CilionError(`--delete: "${text}" is no path policy, and nothing else can be deleted`, {
    exitCode: 2,
    hint: 'expected scionpathpolicy/<name>',
  });
}

async function applyTo(lab: LabDirectory, name: Options[string], wanted: Wanted): Promise<Applied> {
  const plan = lab.plan();
  const before = findCluster(plan, lab.id, name);
  const { objects, changes } = changedBy(
    before,
    wanted,
    plan.ases.map(({ ia }) => ia),
  );
  const after: ClusterPlan = { ...before, ...objects };
  const paths = await pathsFrom(lab, plan, before);
  const pathsTo = (ia: IsdAs) => paths.get(ia) ?? [];
  await reconcileCluster(lab, plan, before, objects, pathsTo);
  lab.keepPlan({ ...plan, clusters: plan.clusters.map((each) => (each === before ? after : each)) });
  const probed = tellProber(lab, plan);
  const policies = policiesInForce(after, [...paths.keys()], pathsTo);
  return { lab: lab.id, cluster: before.name, changes, policies, probed };
}

/** @throws CilionError (exit code 2) for a lab in which somebody else has the say, or nobody heeds policies */
function requireOurs(lab: LabDirectory): void {
  const owner = lab.owner();
  if (lab.state() !== 'running' || owner?.phase !== 'left') {
    const whose = owner === undefined ? '' : `, of \`${owner.command}\``;
    throw new CilionError(`lab ${lab.id} is not one that can be changed: ${lab.state()}${whose}`, {
      exitCode: 2,
      hint: '`cilion up` leaves a lab whose policies can be changed',
    });
  }
  if (existsSync(lab.path('kind'))) {
    throw new CilionError(`the clusters of lab ${lab.id} have API servers of their own`, {
      exitCode: 2,
      hint: `kubectl --kubeconfig ${lab.path('kind', '<cluster>.kubeconfig')} apply -f <manifests.yaml>`,
    });
  }
  if (leftToProber(lab)) return;
  throw new CilionError(`nothing heeds path policies in lab ${lab.id}`, {
    exitCode: 2,
    hint: 'only the transport cilion does; `cilion up` attaches it',
  });
}

function findCluster({ clusters }: Plan, lab: string, name: Options[string]): ClusterPlan {
  const names = clusters.map((cluster) => cluster.name);
  const [first] = clusters;
  if (name === undefined) {
    if (first !== undefined && clusters.length === 1) return first;
    throw new CilionError(`lab ${lab} has ${clusters.length} clusters`, {
      exitCode: 2,
      hint: `name one: --cluster ${oneOf(names)}`,
    });
  }
  const found = clusters.find((cluster) => cluster.name === name);
  if (found !== undefined) return found;
  throw new CilionError(`there is no cluster "${String(name)}"`, {
    exitCode: 2,
    hint: suggestion(String(name), names),
  });
}

/** To the ASes of all other clusters. @throws LabError where there is none to one of them: what is in force stays */
async function pathsFrom(
  lab: LabDirectory,
  { clusters }: Plan,
  { ia }: ClusterPlan,
): Promise<ReadonlyMap<IsdAs, readonly Path[]>> {
  const destinations = clusters.map((cluster) => cluster.ia).filter((other) => other !== ia);
  const paths = await labPaths(lab, ia, destinations);
  const [unknown] = [...paths].filter(([, { length }]) => length === 0);
  if (unknown !== undefined) throw new LabError(`no path from ${ia} to ${unknown[0]} is known now`);
  return paths;
}
