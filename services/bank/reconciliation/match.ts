/**
 * Matches lines of a statement with transfers, one to one. What is matched does not depend on the order of either:
 *
 *   id         the line bears the transfer's id, and the amounts are equal
 *   reference  amount and reference are equal
 *   day        amount and value date are equal
 *   window     amounts are equal, value dates at most three days apart
 *
 * Each rule takes what the rules before it left, and matches a line and a transfer only if neither has another partner by this rule. A line that has
 * partners, but more than one, is ambiguous, and so is one whose only partner is another line's too.
 */

export interface MatchLine {
  readonly position: number;
  readonly amount: bigint;
  readonly valueOn: string;
  readonly reference: string | null;
  readonly ids: readonly string[];
}

export interface MatchTransfer {
  readonly id: string;
  /** Signed as the statement's lines are. */
  readonly amount: bigint;
  readonly valueOn: string;
  readonly reference: string | null;
}

export type Rule = "id" | "reference" | "day" | "window";

export interface Matching {
  /** Position of the line → transfer and rule. */
  readonly matched: ReadonlyMap<number, { readonly transfer: string; readonly rule: Rule }>;
  /** Position of the line → transfers that it may be, at most ten. */
  readonly ambiguous: ReadonlyMap<number, readonly string[]>;
}

/** Value dates this far apart may be the same booking: a weekend and a day. */
export const windowDays = 3;
const candidatesMax = 10;
const dayMs = 86_400_000;

const dayNumber = (day: string): number => Math.round(Date.parse(`${day}T00:00:00Z`) / dayMs);

/** References are compared without case and with single spaces. */
const normalized = (reference: string | null): string =>
  (reference ?? "").normalize("NFKC").toLowerCase().replace(/\s+/gu, " ").trim();

const grouped = <T>(items: Iterable<T>, keysOf: (item: T) => readonly string[]): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    for (const key of keysOf(item)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [item]);
      else group.push(item);
    }
  }
  return groups;
};

/** First place in a sorted list that is not below a value. */
const lowerBound = (sorted: readonly number[], value: number): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
};

class Matcher {
  readonly #lines: Map<number, MatchLine>;
  readonly #transfers: Map<string, MatchTransfer>;
  readonly matched = new Map<number, { readonly transfer: string; readonly rule: Rule }>();

  constructor(lines: readonly MatchLine[], transfers: readonly MatchTransfer[]) {
    this.#lines = new Map(lines.map((line) => [line.position, line]));
    this.#transfers = new Map(transfers.map((transfer) => [transfer.id, transfer]));
  }

  #pair(line: MatchLine, transfer: MatchTransfer, rule: Rule): void {
    this.matched.set(line.position, { transfer: transfer.id, rule });
    this.#lines.delete(line.position);
    this.#transfers.delete(transfer.id);
  }

  byId(): void {
    const wanted = grouped(this.#lines.values(), ({ ids }) => [...new Set(ids)].filter((id) => this.#transfers.has(id)));
    const claims = [...wanted].flatMap(([id, lines]) => {
      const transfer = this.#transfers.get(id);
      const fitting = lines.filter(({ amount }) => amount === transfer?.amount);
      return transfer !== undefined && fitting.length === 1 ? [{ transfer, line: fitting[0] as MatchLine }] : [];
    });
    const perLine = grouped(claims, ({ line }) => [String(line.position)]);
    for (const [only, second] of perLine.values())
      if (only !== undefined && second === undefined) this.#pair(only.line, only.transfer, "id");
  }

  /** Lines and transfers with one key belong together; only a group of one and one is certain. */
  byKey(rule: Rule, keyOf: (item: MatchLine | MatchTransfer) => string | undefined): void {
    const keys = (item: MatchLine | MatchTransfer): readonly string[] => [keyOf(item)].filter((key) => key !== undefined);
    const transfers = grouped(this.#transfers.values(), keys);
    for (const [key, [line, another]] of grouped(this.#lines.values(), keys)) {
      const [transfer, second] = transfers.get(key) ?? [];
      if (line !== undefined && another === undefined && transfer !== undefined && second === undefined)
        this.#pair(line, transfer, rule);
    }
  }

  /** Transfers within the window of each line, and lines within that of each transfer, by sorted days: no pair is looked at that is no partner. */
  byWindow(): Map<number, readonly string[]> {
    const ambiguous = new Map<number, readonly string[]>();
    const byAmount = (item: MatchLine | MatchTransfer): readonly string[] => [String(item.amount)];
    const byDay = (a: { readonly valueOn: string }, b: { readonly valueOn: string }): number =>
      a.valueOn < b.valueOn ? -1 : a.valueOn > b.valueOn ? 1 : 0;
    const transfersOf = grouped(this.#transfers.values(), byAmount);
    for (const [amount, group] of grouped(this.#lines.values(), byAmount)) {
      const lines = group.toSorted((a, b) => byDay(a, b) || a.position - b.position);
      const transfers = (transfersOf.get(amount) ?? []).toSorted((a, b) => byDay(a, b) || (a.id < b.id ? -1 : 1));
      const lineDays = lines.map(({ valueOn }) => dayNumber(valueOn));
      const transferDays = transfers.map(({ valueOn }) => dayNumber(valueOn));
      for (const [at, line] of lines.entries()) {
        const day = lineDays[at] ?? 0;
        const first = lowerBound(transferDays, day - windowDays);
        const end = lowerBound(transferDays, day + windowDays + 1);
        const transfer = transfers[first];
        if (first === end || transfer === undefined) continue;
        const around = transferDays[first] ?? 0;
        const rivals = lowerBound(lineDays, around + windowDays + 1) - lowerBound(lineDays, around - windowDays);
        if (end - first === 1 && rivals === 1) this.#pair(line, transfer, "window");
        else
          ambiguous.set(
            line.position,
            transfers.slice(first, Math.min(end, first + candidatesMax)).map(({ id }) => id),
          );
      }
    }
    return ambiguous;
  }

  /** Lines that share amount and reference with transfers that are left, though not within the window. */
  byReference(ambiguous: Map<number, readonly string[]>): void {
    const transfers = grouped(this.#transfers.values(), (item) => [referenceKey(item)].filter((key) => key !== undefined));
    for (const line of this.#lines.values()) {
      const candidates = transfers.get(referenceKey(line) ?? "") ?? [];
      if (candidates.length > 0 && !ambiguous.has(line.position))
        ambiguous.set(
          line.position,
          candidates
            .map(({ id }) => id)
            .toSorted()
            .slice(0, candidatesMax),
        );
    }
  }
}

const referenceKey = ({ amount, reference }: MatchLine | MatchTransfer): string | undefined => {
  const text = normalized(reference);
  return text === "" ? undefined : `${amount} ${text}`;
};

/** Matches what can be matched with certainty. */
export const match = (lines: readonly MatchLine[], transfers: readonly MatchTransfer[]): Matching => {
  const matcher = new Matcher(lines, transfers);
  matcher.byId();
  matcher.byKey("reference", referenceKey);
  matcher.byKey("day", ({ amount, valueOn }) => `${amount} ${valueOn}`);
  const ambiguous = matcher.byWindow();
  matcher.byReference(ambiguous);
  return { matched: matcher.matched, ambiguous };
};
