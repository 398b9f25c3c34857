/**
 * The hash of each realm's last row of the journal, as this process committed it, so that the next batch need not read the row again. Exact: the realm's
 * counter, which every batch fetches and locks, says which row is the last one, and a committed row never changes. Where another process has written
 * meanwhile the numbers differ, and the row is read.
 */

export interface JournalHead {
  readonly seq: number;
  readonly hash: string;
}

/** Realms remembered; the one written longest ago goes first. */
const realmsMax = 10_000;
/** Realms noted for the next checkpoint. More than that: the oldest waits until it is written again. */
const movedMax = 100_000;

/** What a commit added to a realm's journal. */
export interface Emitted {
  /** The last row before it. */
  readonly after: number;
  /** Types of its events: `bank.accounts.opened`. */
  readonly types: ReadonlySet<string>;
}

/** Told of what was committed: realm → its last row, and what was emitted since the one before. */
export type HeadsListener = (heads: ReadonlyMap<number, JournalHead>, emitted: ReadonlyMap<number, Emitted>) => void;

export class JournalHeads {
  readonly #listeners: HeadsListener[] = [];
  readonly #known = new Map<number, JournalHead>();
  readonly #moved = new Map<number, JournalHead>();

  /** The hash of row `seq`; `undefined` where it is not known. */
  hashOf(realm: number, seq: number): string | undefined {
    const head = this.#known.get(realm);
    return head?.seq === seq ? head.hash : undefined;
  }

  /** Notes what was committed. */
  committed(heads: ReadonlyMap<number, JournalHead>, emitted: ReadonlyMap<number, Emitted> = new Map()): void {
    for (const listener of this.#listeners) listener(heads, emitted);
    for (const [realm, head] of heads) {
      put(this.#known, realm, head, realmsMax);
      put(this.#moved, realm, head, movedMax);
    }
  }

  /** Has a listener told of every commit of this process, behind it. It must not throw. */
  listen(listener: HeadsListener): void {
    this.#listeners.push(listener);
  }

  /** The heads that have moved since the last call. */
  takeMoved(): ReadonlyMap<number, JournalHead> {
    const moved = new Map(this.#moved);
    this.#moved.clear();
    return moved;
  }
}

/** Puts an entry at the end; of too many the first goes. */
const put = <T>(map: Map<number, T>, key: number, value: T, sizeMax: number): void => {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > sizeMax && oldest !== undefined) map.delete(oldest);
};
