/**
 * What the API server says of the cluster's links (ScionLink) and of other clusters (ScionClusterPeer), as a node's view;
 * and what there is to say of these objects.
 */
import type { Path } from '../../scion/end-to-end-path.ts';
import type { IsdAs } from '../../topology/model.ts';
import type { ApiClient } from '../api/client.ts';
import { Collection } from '../api/collection.ts';
import { GROUP, VERSION } from '../crd/definitions.ts';
import type { Finding, ResourceObject, Stated } from './conditions.ts';
import { LinkEnds } from './link-ends.ts';
import { type LinkPlaces, type NodeObject, PROGRAMMED, placeLinks } from './link-places.ts';
import type { NodePlace, NodeView, OwnInterface, Sibling, SiblingPlace } from './node-view.ts';
import { Numbers } from './numbers.ts';
import { reachability, readPeers } from './peers.ts';

export interface ClusterWanSettings {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly place: NodePlace;
  readonly siblings: readonly SiblingPlace[];
  /** Interfaces of the AS must be below it. */
  readonly linkLimit: number;
  /** Told when the view may be another. */
  readonly changed: () => void;
}

type PeersRead = ReturnType<typeof readPeers>;

const FOLDER = `/apis/${GROUP}/${VERSION}`;
/** For neighbours to say their hardware addresses, at the start. */
const FIRST_ENDS_MS = 2000;

export class ClusterWan {
  readonly #settings: ClusterWanSettings;
  readonly #links: Collection<ResourceObject>;
  readonly #peers: Collection<ResourceObject>;
  readonly #nodes: Collection<NodeObject>;
  readonly #ends: LinkEnds;
  readonly #ids = new Numbers();
  readonly #first = Promise.withResolvers<void>();
  #started = false;
  #places: LinkPlaces = { placed: [], refused: [] };
  #read: PeersRead = { known: [], refused: [] };
  #view: NodeView;
  #seen = '';
  #interfaces: readonly number[] = [];

  constructor(settings: ClusterWanSettings) {
    this.#settings = settings;
    const { client, place } = settings;
    const changed = (): void => this.#look();
    this.#links = new Collection(client, { path: `${FOLDER}/scionlinks` }, changed);
    this.#peers = new Collection(client, { path: `${FOLDER}/scionclusterpeers` }, changed);
    this.#nodes = new Collection(client, { path: '/api/v1/nodes' }, changed);
    this.#ends = new LinkEnds(changed);
    this.#view = { ...place, interfaces: [], siblings: [], remotes: [] };
  }

  /** Resolves when the view is what the API server says, and the node's links have ends or are late. @throws ApiError */
  async start(): Promise<void> {
    await Promise.all([this.#links.start(), this.#peers.start(), this.#nodes.start()]);
    this.#started = true;
    this.#look();
    const late = setTimeout(this.#first.resolve, FIRST_ENDS_MS);
    await this.#first.promise;
    clearTimeout(late);
  }

  stop(): void {
    this.#ends.stop();
    for (const each of [this.#links, this.#peers, this.#nodes]) each.stop();
  }

  /** It is known where each link of this node ends. */
  get settled(): boolean {
    return this.#own().every((link) => {
      const end = this.#ends.get(link);
      return end !== undefined && 'own' in end;
    });
  }

  /** The same object as long as nothing of it has changed. */
  get view(): NodeView {
    return this.#view;
  }

  /** Those at which a link of the cluster ends; the same object likewise. */
  get interfaces(): readonly number[] {
    return this.#interfaces;
  }

  /** What there is to say of links and peers, of a link by the agent of its node or, where it has none, by all. */
  findings(pathsTo: (ia: IsdAs) => readonly Path[]): Stated[] {
    const own = this.#own().flatMap((link) => {
      const end = this.#ends.get(link);
      if (end === undefined) return [];
      const finding: Finding =
        'fault' in end
          ? { type: PROGRAMMED, holds: false, ...end.fault }
          : { type: PROGRAMMED, holds: true, reason: 'Attached', message: `on ${end.device} of ${link.node}` };
      return [{ object: link.object, finding }];
    });
    const peers = this.#read.known.map((peer) => ({
      object: peer.object,
      finding: reachability(peer, pathsTo(peer.ia)),
    }));
    return [
      ...[...own, ...this.#places.refused].map((each) => ({ kind: 'ScionLink', ...each })),
      ...[...peers, ...this.#read.refused].map((each) => ({ kind: 'ScionClusterPeer', ...each })),
    ];
  }

  #own() {
    return this.#places.placed.filter(({ node }) => node === this.#settings.nodeName);
  }

  #look(): void {
    if (!this.#started) return;
    const { place, linkLimit, changed } = this.#settings;
    this.#places = placeLinks(this.#links.objects, this.#nodes.objects, linkLimit);
    const podCidrs = this.#nodes.objects.flatMap(({ spec }) => spec.podCIDR ?? []);
    this.#read = readPeers(this.#peers.objects, { ia: place.ia, podCidrs }, this.#ids);
    const own = this.#own();
    this.#ends.follow(own);
    const ends = own.map((link) => this.#ends.get(link));
    if (ends.every((end) => end !== undefined)) this.#first.resolve();
    const view: NodeView = {
      ...place,
      interfaces: ends.flatMap((end): OwnInterface[] => (end !== undefined && 'own' in end ? [end.own] : [])),
      siblings: this.#siblings(),
      remotes: this.#read.known.flatMap(({ nodes }) => nodes),
    };
    const seen = JSON.stringify(view);
    if (seen !== this.#seen) this.#view = view;
    this.#seen = seen;
    const interfaces = this.#places.placed.map(({ ifid }) => ifid);
    if (interfaces.join() !== this.#interfaces.join()) this.#interfaces = interfaces;
    changed();
  }

  #siblings(): Sibling[] {
    return this.#settings.siblings.map(({ name, address, mac }) => ({
      address,
      mac,
      interfaces: this.#places.placed.filter(({ node }) => node === name).map(({ ifid, role }) => ({ ifid, role })),
    }));
  }
}
