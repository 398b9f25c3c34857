import { describe, expect, test } from "bun:test";
import { readEventParameters, readSubscription } from "./event-query.ts";
import { streamLimits } from "./limits.ts";

const read = (query: string, lastEventId: string | null = null) =>
  readEventParameters(query, lastEventId, { service: "bank", limits: streamLimits });
const whole = Number.POSITIVE_INFINITY;

describe("what a subscriber asks for", () => {
  const cases: readonly (readonly [string, string | null, object])[] = [
    ["", null, {}],
    ["types=accounts.opened,transfers.*", null, { types: ["accounts.opened", "transfers.*"] }],
    ["types=accounts.opened&types[]=transfers.posted", null, { types: ["accounts.opened", "transfers.posted"] }],
    ["types=bank.accounts.opened,bank.accounts.*,bank.*", null, { types: ["accounts.opened", "accounts.*", "bank.*"] }],
    ["data.account=acc_1&account=acc_2&account[]=acc_3", null, { filters: { account: ["acc_1", "acc_2", "acc_3"] } }],
    ["data.types=a&data.after=b", null, { filters: { types: ["a"], after: ["b"] } }],
    ["reason=late+at%20night%3D", null, { filters: { reason: ["late at night="] } }],
    ["after=12", null, { after: { seq: 12, index: whole } }],
    ["after=12-3", null, { after: { seq: 12, index: 3 } }],
    ["after=12", "40-1", { after: { seq: 40, index: 1 } }],
    ["after=12", "", { after: { seq: 12, index: whole } }],
  ];
  test.each(cases)("%s with the last event %j", (query, lastEventId, expected) => {
    expect(read(query, lastEventId)).toEqual({ query: expected, language: undefined });
  });

  test("a field may be called like what every object has", () => {
    const asked = read("__proto__=1&constructor=2");
    const filters = "query" in asked ? asked.query.filters : undefined;
    expect(Object.entries(filters ?? {})).toEqual([
      ["__proto__", ["1"]],
      ["constructor", ["2"]],
    ]);
    expect(({} as Record<string, unknown>)["1"]).toBeUndefined();
  });

  test("values of a message are compared as text", () => {
    const filters = { amount: [5, 9007199254740993n], isOpen: true, "data.reason": "late" };
    expect(readSubscription({ types: "accounts.*", filters, after: 7 }, "bank")).toEqual({
      types: ["accounts.*"],
      filters: { amount: ["5", "9007199254740993"], isOpen: ["true"], reason: ["late"] },
      after: { seq: 7, index: whole },
    });
  });
});
