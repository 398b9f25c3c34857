/** What a file of `pons apply` can hold: kinds of rows of the control plane, named by people rather than by ids. */
import type { Row } from "../../store/index.ts";

export type KindName = "products" | "plans" | "communities" | "apps" | "issuers" | "grants" | "policies";

export interface Kind {
  readonly name: KindName;
  /** The resource in the control plane. */
  readonly resource: string;
  /** One of them, in words. */
  readonly word: string;
  /** Fields, or paths in one, that hold names in the file and ids in the control plane. */
  readonly references: Readonly<Record<string, KindName | "users">>;
  /** What tells one from another; `undefined`: the item does not say. */
  keyOf(item: Readonly<Record<string, unknown>>): string | undefined;
  /** Fields that stay once the row is there because they name it. */
  readonly fixed: readonly string[];
  /** Which rows a file is about. */
  isMeant(row: Row): boolean;
  /** Rows that are as good as not there, until a file names them. */
  isGone(row: Row): boolean;
  /** What brings such a row back. */
  readonly revival?: Readonly<Record<string, unknown>>;
  /** The operation that removes one. */
  readonly removal: string;
  /** Done in place of a removal that is refused since something else needs the row. */
  readonly retirement?: Readonly<Record<string, unknown>>;
  /** Rows are not changed but ended and made again. */
  readonly isReplaced?: true;
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const byName: Kind["keyOf"] = ({ name }) => textOf(name);
const always = (): boolean => true;
const never = (): boolean => false;
const retires = {
  isGone: (row: Row): boolean => row["status"] === "retired",
  retirement: { status: "retired" },
  revival: { status: "active" },
};

/** In the order in which they are made: each refers to earlier ones. */
export const kinds: readonly Kind[] = [
  {
    name: "products",
    resource: "products",
    word: "product",
    references: {},
    keyOf: byName,
    fixed: ["name"],
    isMeant: always,
    removal: "products.delete",
    ...retires,
  },
  {
    name: "plans",
    resource: "plans",
    word: "plan",
    references: { products: "products" },
    keyOf: byName,
    fixed: ["name"],
    isMeant: always,
    removal: "plans.delete",
    ...retires,
  },
  {
    name: "communities",
    resource: "communities",
    word: "community",
    references: { products: "products" },
    keyOf: byName,
    fixed: ["name"],
    isMeant: always,
    isGone: never,
    removal: "communities.delete",
  },
  {
    name: "apps",
    resource: "apps",
    word: "app",
    references: {},
    keyOf: byName,
    fixed: ["name"],
    // Apps of developers are theirs to make and to end.
    isMeant: (row) => row["owner"] === null && row["status"] !== "closed",
    isGone: never,
    removal: "apps.close",
  },
  {
    name: "issuers",
    resource: "issuers",
    word: "issuer",
    references: { app: "apps" },
    keyOf: ({ issuer }) => textOf(issuer),
    fixed: ["issuer"],
    isMeant: always,
    isGone: never,
    removal: "issuers.delete",
  },
  {
    name: "grants",
    resource: "roleGrants",
    word: "grant",
    references: { user: "users", app: "apps" },
    keyOf: ({ user, app, role, environment }) => {
      const who = textOf(user) ?? textOf(app);
      return who === undefined || textOf(role) === undefined
        ? undefined
        : `${who} ${String(role)}${textOf(environment) === undefined ? "" : `@${String(environment)}`}`;
    },
    fixed: ["user", "app", "role", "environment"],
    isMeant: (row) => row["status"] === "active",
    isGone: never,
    removal: "roleGrants.revoke",
    isReplaced: true,
  },
  {
    name: "policies",
    resource: "policies",
    word: "policy",
    references: { "scope.plans": "plans", "scope.apps": "apps" },
    keyOf: ({ name, scope }) => {
      const { environment } = (typeof scope === "object" && scope !== null ? scope : {}) as { environment?: unknown };
      return textOf(name) === undefined
        ? undefined
        : `${String(name)}${textOf(environment) === undefined ? "" : `@${String(environment)}`}`;
    },
    fixed: ["name", "kind"],
    isMeant: always,
    isGone: never,
    removal: "policies.delete",
  },
];

export const kindNames: readonly string[] = kinds.map(({ name }) => name);

/** By which field of a row the file calls it. */
export const nameFieldOf = (kind: KindName | "users"): string => (kind === "users" ? "email" : "name");

/** The resource behind a kind of names. */
export const resourceOf = (kind: KindName | "users"): string => kinds.find(({ name }) => name === kind)?.resource ?? kind;
