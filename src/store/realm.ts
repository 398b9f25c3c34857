/**
 * Realms: the small integer that stands for one environment of one tenant in every row of every table. Made at first use, kept for ever,
 * so that it can be remembered without asking again.
 */
import type { Admin } from "./migrate/schema.ts";
import type { MaybePromise } from "./store.ts";

/** One environment of one tenant, by name. */
export interface Place {
  readonly tenant: string;
  readonly environment: string;
}

export class Realms {
  readonly #admin: Admin;
  /** By tenant, then environment: looked up with every call, so that no text is made for it. */
  readonly #known = new Map<string, Map<string, number>>();
  readonly #places = new Map<number, Place>();

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  /** Whose a realm is; `undefined` where there is none. Throws `StoreError`. */
  at(realm: number): MaybePromise<Place | undefined> {
    const known = this.#places.get(realm);
    if (known !== undefined) return known;
    const take = (rows: Rows): Place | undefined => {
      const [row] = rows;
      if (row === undefined) return undefined;
      const place = { tenant: String(row["tenant"]), environment: String(row["environment"]) };
      this.#places.set(realm, place);
      return place;
    };
    const found = this.#admin.query("SELECT tenant, environment FROM pons_realms WHERE realm = $1", [realm]);
    return found instanceof Promise ? found.then(take) : take(found);
  }

  /** The realm; made when there is none. Needs the store's own tables, which `applyMigration` makes. Throws `StoreError`. */
  of(tenant: string, environment: string): MaybePromise<number> {
    const known = this.#known.get(tenant)?.get(environment);
    if (known !== undefined) return known;
    const values = [tenant, environment];
    const find = () => this.#admin.query("SELECT realm FROM pons_realms WHERE tenant = $1 AND environment = $2", values);
    const make = () =>
      this.#admin.query(
        "INSERT INTO pons_realms (tenant, environment) VALUES ($1, $2) ON CONFLICT (tenant, environment) DO NOTHING",
        values,
      );
    const take = (rows: Rows): number => {
      const realm = Number(rows[0]?.["realm"]);
      if (!Number.isSafeInteger(realm)) throw new Error(`no realm for ${JSON.stringify([tenant, environment])}`);
      const ofTenant = this.#known.get(tenant) ?? new Map<string, number>();
      this.#known.set(tenant, ofTenant.set(environment, realm));
      return realm;
    };
    const found = find();
    if (!(found instanceof Promise)) {
      if (found.length > 0) return take(found);
      void make();
      return take(find() as Rows);
    }
    return found.then(async (rows) => {
      if (rows.length > 0) return take(rows);
      await make();
      return take(await find());
    });
  }
}

type Rows = readonly Record<string, unknown>[];
