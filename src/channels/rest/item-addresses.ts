/**
 * Addresses of single rows, the most common of all, by what stands before the id: `/bank/v1/accounts` leads to the collection, and the last
 * segment is the id. One look-up in place of splitting and walking.
 *
 * Only what the walk has found before is kept, and only what has one meaning: no escapes, no extension, no word that is a member of the
 * collection. Where hosts take part in routing (a base domain) nothing is kept.
 */
import { BoundedCache } from "../http/bounded-cache.ts";
import type { Place } from "./place.ts";
import type { Match } from "./route.ts";
import type { CollectionNode } from "./route-table.ts";

interface Known {
  readonly place: Place;
  readonly collection: string;
  readonly node: CollectionNode;
}

/** Ids of every form that exists; anything else takes the long way. */
const plainId = /^[\w-]{1,64}$/;

export class ItemAddresses {
  readonly #known = new BoundedCache<Known>({ entriesMax: 1024, keyLengthMax: 128 });

  find(path: string): { readonly place: Place; readonly match: Match } | undefined {
    const slash = path.lastIndexOf("/");
    const known = this.#known.get(path.slice(0, slash));
    if (known === undefined) return undefined;
    const id = path.slice(slash + 1);
    if (!plainId.test(id) || known.node.members.has(id)) return undefined;
    const match = { address: known.node.item, collection: known.collection, id, relatedId: undefined, format: undefined };
    return { place: known.place, match };
  }

  /** Remembers where an item was found; other matches are left alone. */
  keep(path: string, place: Place, match: Match): void {
    const { collection, id } = match;
    const node = collection === undefined ? undefined : place.version.table.collections.get(collection);
    if (node === undefined || collection === undefined || id === undefined || match.address !== node.item) return;
    const prefix = path.slice(0, path.lastIndexOf("/"));
    if (!prefix.includes("%")) this.#known.set(prefix, { place, collection, node });
  }
}
