/** Scenarios as data: what is asked, what must come back, what must not. */
import { expect } from "bun:test";
import type { Answered, Asking, Shop } from "./shop.ts";

export interface Scenario extends Asking {
  /** What it shows. */
  readonly name: string;
  /** `GET /products/{pen}`: ids in braces are the shop's. */
  readonly ask: string;
  readonly status: number;
  /** Of the answer's headers: the exact text, a pattern, or null for none. */
  readonly answers?: Readonly<Record<string, string | RegExp | null>>;
  /** Matched as by `toMatchObject`; ids in braces are replaced. */
  readonly json?: unknown;
  /** Texts that stand in the body. */
  readonly contains?: readonly string[];
  /** Texts that stand nowhere in body or headers. */
  readonly lacks?: readonly string[];
}

const filled = <T>(value: T, ids: Readonly<Record<string, string>>): T => {
  if (typeof value === "string") return value.replace(/\{(\w+)\}/g, (whole, name: string) => ids[name] ?? whole) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => filled(item, ids)) as T;
  if (
    typeof value !== "object" ||
    value === null ||
    value instanceof Uint8Array ||
    Object.getPrototypeOf(value) !== Object.prototype
  )
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filled(item, ids)])) as T;
};

/** What no answer may ever show. */
/** `prd_01M8M1FYFFE008AS7F7E2T3MKX`. */
const rowId = /_[0-9A-HJKMNP-TV-Z]{26}\b/g;
const never = ["secret detail", "node_modules", ".ts:", "SELECT ", 'select "', "at Object.", "StoreError"];

/** Asks, and checks everything the scenario says. Also: the status line and `error.code` agree, and every answer has its request id. */
export const play = async (shop: Shop, scenario: Scenario): Promise<Answered> => {
  const [method = "", path = ""] = filled(scenario.ask, shop.ids).split(/ (.*)/s);
  const { as, headers, body } = filled({ as: scenario.as, headers: scenario.headers, body: scenario.body }, shop.ids);
  const answered = await shop.ask(method, path, {
    ...(as === undefined ? {} : { as }),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
  });
  const shown = answered.text.slice(0, 600);
  expect({ status: answered.status, shown }).toEqual({ status: scenario.status, shown });
  for (const [name, wanted] of Object.entries(filled(scenario.answers ?? {}, shop.ids))) {
    const value = answered.headers.get(name);
    if (wanted instanceof RegExp) expect(`${name}: ${value}`).toMatch(wanted);
    else expect({ name, value }).toEqual({ name, value: wanted });
  }
  if (scenario.json !== undefined) expect(answered.body).toMatchObject(filled(scenario.json, shop.ids) as object);
  for (const text of filled(scenario.contains ?? [], shop.ids)) expect(answered.text).toContain(text);
  // Ids of requests and of rows are random, so they may hold any number and any two letters.
  const id = answered.headers.get("x-request-id") ?? "";
  const everything = (answered.text + JSON.stringify([...answered.headers])).replaceAll(id, "");
  const withoutIds = everything.replaceAll(rowId, "");
  for (const text of [...never, ...filled(scenario.lacks ?? [], shop.ids)])
    expect(text.search(rowId) < 0 ? withoutIds : everything).not.toContain(text);
  expect(answered.headers.get("x-request-id")).toMatch(/^[\w.:@/+=-]{1,128}$/);
  if (answered.body?.success === false) expect(answered.body.error.code).toBe(answered.status);
  return answered;
};
