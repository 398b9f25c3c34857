/** What is really there: ids of rows, a cursor, an entity tag. Hostile input that begins with the truth gets further. */
import { valueOf } from "./judge.ts";
import type { Caller, Target } from "./target.ts";
import { headerOf } from "./wire.ts";

export interface Harvest {
  /** `bank.accounts` → ids. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
  readonly cursor: string;
  readonly tag: string;
}

type Envelope = { data?: unknown; pagination?: { nextCursor?: string } };

/** Makes rows in the shop and in `kinds`, new ones at every call, and looks around in the bank. */
export const harvest = async (target: Target): Promise<Harvest> => {
  const ask = async (as: Caller, method: string, path: string, body?: object): Promise<Envelope> => {
    const heard = await target.ask({ method, path, as, ...(body === undefined ? {} : { body }) });
    const value = valueOf(heard) as Envelope;
    if (heard.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  };
  const made = async (path: string, body: object): Promise<string> => {
    const { data } = await ask("clerk", "POST", path, body);
    return (data as { id: string }).id;
  };
  const mark = crypto.randomUUID().slice(0, 8);
  const user = await made("/shop/v2/users", { name: "Ann", email: `ann.${mark}@example.com`, country: "DE" });
  const second = await made("/shop/v2/users", { name: "Ben", email: `ben.${mark}@example.com`, country: "FR" });
  const product = await made("/shop/v2/products", { name: "Pen", price: 250, tags: ["blue"], size: { width: 1, height: 2 } });
  const order = await made("/shop/v2/orders", { user, product, quantity: 2 });
  const role = await made("/shop/v2/roles", { name: `admins ${mark}` });
  const pair = await made("/shop/v2/userRoles", { user, role });
  const thing = await made("/kinds/v1/things", {
    line: `one ${mark}`,
    free: { a: [1, null] },
    box: { width: 1 },
    list: [1, 2],
    whole: 5,
  });
  const child = await made("/kinds/v1/things", { line: `two ${mark}`, parent: thing });
  const ids = new Map<string, readonly string[]>([
    ["shop.users", [user, second]],
    ["shop.products", [product]],
    ["shop.orders", [order]],
    ["shop.roles", [role]],
    ["shop.userRoles", [pair]],
    ["kinds.things", [thing, child]],
  ]);
  let cursor = "";
  for (const resource of ["accounts", "customers", "transfers"]) {
    const { data, pagination } = await ask("teller", "GET", `/bank/v2/${resource}?perPage=20`);
    ids.set(
      `bank.${resource}`,
      (data as { id: string }[]).map(({ id }) => id),
    );
    cursor = pagination?.nextCursor ?? cursor;
  }
  const one = await target.ask({ method: "GET", path: `/bank/v2/accounts/${ids.get("bank.accounts")?.[0] ?? ""}`, as: "teller" });
  return { ids, cursor, tag: headerOf(one, "etag") ?? "" };
};
