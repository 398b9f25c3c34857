/**
 * The usage that the commands of a batch cause: written with them in one transaction, as one row for all that differ in nothing. What was committed is
 * counted, once, and what was not is not.
 *
 *   pons_usage  calls and units by whose they are and what was called. `grain` says of how long a time a row is: `raw` rows are of a batch, or of what a
 *               node counted within a second, at their minute; they are made one per hour, and those one per day, as they grow old.
 */
import { newIdentifier } from "../pipeline/identifier.ts";
import { type Metering, unitsOf } from "../pipeline/metering.ts";
import type { Row, TableChanges } from "../store/store.ts";
import type { Column, ColumnType, Table } from "../store/table.ts";
import type { Command, Outcome } from "./command.ts";

const column = (field: string, type: ColumnType, options: { readonly nullable?: true } = {}): Column => ({
  field,
  name: field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  type,
  nullable: options.nullable === true,
});

const nullable = { nullable: true } as const;

export const usageTable: Table = {
  name: "pons_usage",
  columns: [
    column("id", "text"),
    column("grain", "text"),
    // When its minute, hour or day began.
    column("at", "timestamp"),
    // Of the caller: services of a tenant as a whole have rows of both in one realm.
    column("environment", "text"),
    column("app", "text", nullable),
    column("user", "text", nullable),
    // The credential by its id.
    column("key", "text", nullable),
    column("plan", "text", nullable),
    column("service", "text"),
    column("operation", "text"),
    column("version", "text"),
    // 2 for 200 to 299, and so on.
    column("statusClass", "integer"),
    column("calls", "integer"),
    column("units", "integer"),
  ],
  key: ["id"],
  indexes: [{ name: "grain_at", fields: ["grain", "at"], unique: false }],
  references: [],
  appendOnly: false,
};

/** Grain of rows as they are first written. */
export const rawGrain = "raw";

/** `2026-11-28T09:41:17.250Z` → `2026-11-28T09:41:00.000Z`. */
export const minuteOf = (at: string): string => `${at.slice(0, 16)}:00.000Z`;

export const statusOf = (outcome: Outcome): number => (outcome.ok ? outcome.status : outcome.refusal.status);

/** A first row of usage that a batch wrote: who finds it knows that the batch was committed. */
export interface UsageWitness {
  readonly realm: number;
  readonly id: string;
}

interface Counted {
  readonly realm: number;
  readonly row: Row & { calls: number; units: number; readonly id: string };
}

export class BatchUsage {
  readonly #at: string;
  readonly #counted = new Map<string, Counted>();
  readonly #meterings: Metering[] = [];
  /** Calls that follow one another are mostly alike. */
  #last: { readonly metering: Metering; readonly key: string } | undefined;

  /** `now`: the moment of the batch, RFC 3339. */
  constructor(now: string) {
    this.#at = minuteOf(now);
  }

  add({ realm, usage }: Command, outcome: Outcome): void {
    if (usage === undefined) return;
    this.#meterings.push(usage);
    const status = statusOf(outcome);
    const statusClass = Math.floor(status / 100);
    const units = unitsOf(usage, { status, isReplayed: outcome.replayed === true });
    const key = `${realm} ${statusClass} ${this.#keyOf(usage)}`;
    const known = this.#counted.get(key);
    if (known !== undefined) {
      known.row.calls++;
      known.row.units += units;
      return;
    }
    const { environment, app, user, key: credential, plan, service, operation, version } = usage;
    const whose = { environment, app, user, key: credential, plan };
    const what = { service, operation, version, statusClass };
    const row = { id: newIdentifier(), grain: rawGrain, at: this.#at, ...whose, ...what, calls: 1, units };
    this.#counted.set(key, { realm, row });
  }

  get witness(): UsageWitness | undefined {
    for (const { realm, row } of this.#counted.values()) return { realm, id: row.id };
    return undefined;
  }

  changes(): readonly TableChanges[] {
    if (this.#counted.size === 0) return [];
    return [{ table: usageTable, inserts: [...this.#counted.values()], updates: [], deletes: [] }];
  }

  /** To be called once the rows are committed. */
  committed(): void {
    for (const metering of this.#meterings) metering.isRecorded = true;
  }

  #keyOf(metering: Metering): string {
    const last = this.#last;
    if (last !== undefined && isAlike(last.metering, metering)) return last.key;
    const { environment, app, user, key, plan, service, operation, version } = metering;
    const text = JSON.stringify([environment, app, user, key, plan, service, operation, version]);
    this.#last = { metering, key: text };
    return text;
  }
}

const isAlike = (a: Metering, b: Metering): boolean =>
  a.operation === b.operation &&
  a.app === b.app &&
  a.user === b.user &&
  a.key === b.key &&
  a.plan === b.plan &&
  a.environment === b.environment &&
  a.service === b.service &&
  a.version === b.version;
