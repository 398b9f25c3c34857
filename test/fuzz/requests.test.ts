/** Random and bent addresses, queries, methods and headers: every answer is sound, and the books are right afterwards. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { testDatabases } from "../postgres/index.ts";
import { pathOf, places, requestLine } from "./address.ts";
import { checkBooks } from "./books.ts";
import { type Harvest, harvest } from "./harvest.ts";
import { headersOf } from "./header.ts";
import { askAndJudge } from "./judge.ts";
import { soundQuery } from "./query.ts";
import { holds, testMsMax } from "./runs.ts";
import { type Caller, startTarget, type Target } from "./target.ts";

const callers: readonly (Caller | undefined)[] = [
  "teller",
  "teller",
  "clerk",
  "clerk",
  "customer",
  "auditor",
  "guest",
  "stranger",
  undefined,
];
const memoryMax = 400 * 1024 * 1024;
/** Documents beside the API, which have forms of their own. */
const documents = /^\/(?:\?.*|#.*)?$|healthz|readyz|favicon|openapi|docs/;

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    let target: Target;
    let known: Harvest;
    beforeAll(async () => {
      target = await startTarget(await create());
      known = await harvest(target);
    }, testMsMax);
    afterAll(async () => target[Symbol.asyncDispose]());

    test(
      "addresses, queries and methods",
      async () => {
        const inputs = fc.record({ line: requestLine(known), as: fc.constantFrom(...callers) });
        await holds(inputs, { runs: 500 }, async ({ line, as }) => {
          const asking = { ...line, ...(as === undefined ? {} : { as }) };
          await askAndJudge(target, asking, { isDocument: documents.test(line.path) });
        });
      },
      testMsMax,
    );

    test(
      "sound queries with hostile values",
      async () => {
        const lists = places.filter(
          ({ address }) => address.method === "GET" && (address.use === "list" || address.use === "value"),
        );
        const inputs = fc.constantFrom(...lists).chain((place) => {
          const { contract, address } = place;
          const resource = address.many?.target ?? address.operation?.resource;
          if (resource === undefined) throw new Error(`a list of nothing: ${address.path}`);
          return fc.record({
            path: pathOf(place, known),
            query: soundQuery(resource, known, contract.service),
            as: fc.constantFrom<Caller>(
              ...(contract.service === "bank" ? (["teller", "customer"] as const) : (["clerk"] as const)),
            ),
          });
        });
        await holds(inputs, { runs: 500 }, async ({ path, query, as }) => {
          await askAndJudge(target, { method: "GET", path: query === "" ? path : `${path}?${query}`, as });
        });
      },
      testMsMax,
    );

    test(
      "headers",
      async () => {
        const inputs = fc.record({ line: requestLine(known), as: fc.constantFrom(...callers), headers: headersOf(known) });
        await holds(inputs, { runs: 400 }, async ({ line, as, headers }) => {
          const asking = { ...line, headers, ...(as === undefined ? {} : { as }) };
          await askAndJudge(target, asking, { isDocument: documents.test(line.path) });
        });
      },
      testMsMax,
    );

    test("nothing was logged as a fault, the server lives, its memory is bounded, and the books are right", async () => {
      expect(target.faults()).toEqual([]);
      expect(target.isAlive()).toBe(true);
      expect(await target.memory()).toBeLessThan(memoryMax);
      await checkBooks(target);
    });
  });
}
