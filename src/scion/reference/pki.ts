/** Keys, certificates and TRCs of a lab's ASes, made and checked by the reference's own `scion-pki`. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inParallel } from '../../process/parallel.ts';
import { run } from '../../process/process.ts';
import type { As, IsdAs, Topology } from '../../topology/model.ts';
import { masterKey } from '../segments.ts';
import type { AsPlace } from './places.ts';
import { fileName } from './places.ts';
import type { ScionTools } from './tools.ts';

/** A lab outlives the three days that `testcrypto` gives by default only on purpose. */
const AS_CERTIFICATE_VALIDITY = '365d';

/**
 * Writes crypto/, certs/ and keys/ of every AS below `gen`. Certificates and signatures are new each time; the master
 * keys, and with them all hop field MACs, depend on the seed and the AS alone, as with the `computed` control plane.
 *
 * @throws LabError when scion-pki fails, or does not verify what it made
 */
export async function makePki(
  tools: ScionTools,
  topology: Topology,
  places: readonly AsPlace[],
  { gen, seed }: { readonly gen: string; readonly seed: number },
): Promise<void> {
  mkdirSync(gen, { recursive: true });
  const description = join(gen, 'pki.topo');
  writeFileSync(description, pkiDescription(topology));
  const options = ['--topo', description, '--out', gen, '--isd-dir', '--as-validity', AS_CERTIFICATE_VALIDITY];
  await run([tools.bin('scion-pki'), 'testcrypto', ...options]);
  const isds = [...new Set(topology.ases.map((as) => as.isd))];
  for (const place of places) {
    const folder = join(gen, place.folder);
    const certs = join(folder, 'certs');
    mkdirSync(certs, { recursive: true });
    for (const isd of isds) copyFileSync(trcFile(gen, isd), join(certs, `ISD${isd}-B1-S1.trc`));
    writeMasterKeys(join(folder, 'keys'), seed, place.ia);
  }
  await verify(tools, topology, places, gen);
}

/** What `scion-pki testcrypto` reads of a .topo file; JSON is YAML. */
export function pkiDescription(topology: Topology): string {
  const entry = ({ core, voting, authoritative, issuing, certIssuer }: As) => ({
    core,
    voting,
    authoritative,
    issuing,
    ...(certIssuer === undefined ? {} : { cert_issuer: certIssuer }),
  });
  const ases = Object.fromEntries(topology.ases.map((as) => [as.ia, entry(as)]));
  return `${JSON.stringify({ ASes: ases }, null, 2)}\n`;
}

/** Master key 0 is what forwarding keys are derived from; 1 is its successor, which the services want to find. */
function writeMasterKeys(folder: string, seed: number, ia: IsdAs): void {
  const first = masterKey(seed, ia);
  const second = createHash('sha256').update(first).digest().subarray(0, first.length);
  mkdirSync(folder, { recursive: true });
  for (const [index, key] of [first, second].entries()) {
    writeFileSync(join(folder, `master${index}.key`), Buffer.from(key).toString('base64'), { mode: 0o600 });
  }
}

/** Every TRC against the certificates that it is to hold, every AS's certificate chain against its ISD's TRC. */
async function verify(tools: ScionTools, topology: Topology, places: readonly AsPlace[], gen: string): Promise<void> {
  const pki = tools.bin('scion-pki');
  for (const [isd, ases] of Map.groupBy(topology.ases, (as) => as.isd)) {
    const anchor = join(gen, `ISD${isd}`, 'anchor.pem');
    const folders = places.filter(({ ia }) => ases.some((as) => as.ia === ia)).map(({ folder }) => join(gen, folder));
    writeFileSync(anchor, folders.flatMap(anchorCertificates).join(''));
    await run([pki, 'trc', 'verify', '--anchor', anchor, '--isd', String(isd), trcFile(gen, isd)]);
  }
  await inParallel(places, async ({ ia, folder }) => {
    const isd = ia.slice(0, ia.indexOf('-'));
    const chain = join(gen, folder, 'crypto', 'as', `ISD${isd}-AS${fileName(ia).slice(isd.length + 1)}.pem`);
    const trc = trcFile(gen, Number(isd));
    await run([pki, 'certificate', 'verify', '--trc', trc, '--subject-isd-as', ia, chain]);
  });
}

/** Voting and root certificates below an AS's folder. */
function anchorCertificates(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /crypto\/(voting|ca)\/.*\.(sensitive|regular|root)\.crt$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
}

function trcFile(gen: string, isd: number): string {
  return join(gen, `ISD${isd}`, 'trcs', `ISD${isd}-B1-S1.trc`);
}
