/** What is called, and for how long. The calls themselves belong to the peers (`Running.calls`), under the same names. */
export interface Case {
  readonly name: "get" | "create" | "refused" | "any";
  readonly title: string;
  readonly connections: number;
}

export const cases: readonly Case[] = [
  { name: "get", title: "Get one account by id", connections: 64 },
  { name: "create", title: "Create one account, durable, with its journal row and its usage", connections: 64 },
  { name: "refused", title: "A call that the key has no scope for: refused, and told to the audit", connections: 64 },
  { name: "any", title: "Get one account, every call by another key", connections: 64 },
];

export interface Plan {
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Keys and tenants of the two databases that are compared. */
  readonly small: { readonly keys: number; readonly tenants: number };
  readonly large: { readonly keys: number; readonly tenants: number };
}

export const fullPlan: Plan = {
  rounds: 7,
  warmUpSeconds: 2,
  seconds: 1.6,
  small: { keys: 10, tenants: 10 },
  large: { keys: 200_000, tenants: 10_000 },
};
/** Shows that everything runs; too short to be a result. */
export const quickPlan: Plan = {
  rounds: 2,
  warmUpSeconds: 0.5,
  seconds: 0.5,
  small: { keys: 10, tenants: 10 },
  large: { keys: 20_000, tenants: 1_000 },
};
