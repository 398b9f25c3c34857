/**
 * A bounded map from a limit's key and name to what is counted. What counts nothing is forgotten as the map grows; where everything counts
 * something, the one of a few that counts least.
 */
import type { LimitRule } from "./rule.ts";
import type { Moment } from "./steady-clock.ts";

export interface KeyedEntry<Entry> {
  rule: LimitRule;
  /** Another limit of the same key. */
  next: Entry | undefined;
  /** The part in use: 0 may be forgotten, Infinity must not. */
  load(at: Moment): number;
}

/** Keys looked at per new one, so that the map is passed through twice while it doubles. */
const sweptPerKey = 2;
/** So few may stay, though they count nothing: who calls again and again is not forgotten between two calls. */
const keptAtLeast = 100;
/** Keys looked at for one to forget when there is no room. */
const sampled = 32;

export class Keyed<Entry extends KeyedEntry<Entry>> {
  readonly #heads = new Map<string, Entry>();
  readonly #keysMax: number;
  #cursor: Iterator<[string, Entry]>;
  #added = 0;
  /** What was found last: the limits of a call mostly have one key. */
  #foundKey = "";
  #foundHead: Entry | undefined;

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
    this.#cursor = this.#heads.entries();
  }

  /** Keys, each with all its limits. */
  get size(): number {
    return this.#heads.size;
  }

  find(rule: LimitRule): Entry | undefined {
    const { key, name } = rule;
    if (key !== this.#foundKey || this.#foundHead === undefined) {
      this.#foundKey = key;
      this.#foundHead = this.#heads.get(key);
    }
    let entry = this.#foundHead;
    while (entry !== undefined && entry.rule.name !== name) entry = entry.next;
    return entry;
  }

  /** Adds what `find` did not find. False where the map is full. Forgets nothing: only `tidy` and `sweep` do. */
  add(entry: Entry): boolean {
    const { key } = entry.rule;
    const head = this.#heads.get(key);
    if (head === undefined) {
      if (this.#heads.size >= this.#keysMax) return false;
      this.#added += 1;
      this.#heads.set(key, entry);
    } else {
      entry.next = head.next;
      head.next = entry;
    }
    return true;
  }

  /** Puts an entry in the place of one of the same key and name. */
  replace(old: Entry, entry: Entry): void {
    entry.next = old.next;
    const head = this.#heads.get(old.rule.key);
    this.#foundHead = undefined;
    if (head === old) this.#heads.set(old.rule.key, entry);
    else for (let before = head; before !== undefined; before = before.next) if (before.next === old) before.next = entry;
  }

  /** Pays for what was added since, and makes room for `count` more keys where it can. */
  tidy(count: number, at: Moment): void {
    if (this.#added > 0) {
      if (this.#heads.size > keptAtLeast) this.sweep(this.#added * sweptPerKey, at);
      this.#added = 0;
    }
    const full = this.#keysMax - count;
    for (let tries = count; tries > 0 && this.#heads.size > full; tries--) this.#forgetOne(at);
  }

  /** Forgets what counts nothing among the next `count` keys. */
  sweep(count: number, at: Moment): void {
    for (let left = Math.min(count, this.#heads.size); left > 0; left--) this.#visit(at);
  }

  /** The next key and the highest load of its limits; those that count nothing are gone. */
  #visit(at: Moment): { readonly key: string; readonly load: number } | undefined {
    let step = this.#cursor.next();
    if (step.done === true) {
      this.#cursor = this.#heads.entries();
      step = this.#cursor.next();
      if (step.done === true) return undefined;
    }
    const [key, head] = step.value;
    this.#foundHead = undefined;
    let [kept, last, load]: [Entry | undefined, Entry | undefined, number] = [undefined, undefined, 0];
    for (let entry: Entry | undefined = head; entry !== undefined; entry = entry.next) {
      const own = entry.load(at);
      if (own === 0) continue;
      load = Math.max(load, own);
      if (last === undefined) kept = entry;
      else last.next = entry;
      last = entry;
    }
    if (last !== undefined) last.next = undefined;
    if (kept === undefined) this.#heads.delete(key);
    else if (kept !== head) this.#heads.set(key, kept);
    return { key, load };
  }

  #forgetOne(at: Moment): void {
    let least: { readonly key: string; readonly load: number } | undefined;
    for (let count = 0; count < sampled; count++) {
      const seen = this.#visit(at);
      if (seen === undefined || seen.load === 0) return;
      if (least === undefined || seen.load < least.load) least = seen;
    }
    if (least === undefined || least.load === Number.POSITIVE_INFINITY) return;
    this.#foundHead = undefined;
    this.#heads.delete(least.key);
  }
}
