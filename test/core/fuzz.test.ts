/** Whatever is sent to whatever operation: an outcome, never a throw, never an error of ours, and the depot is whole afterwards. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import definition from "./depot/index.ts";
import { type Caller, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf, type Running, serve } from "./harness.ts";
import { inputOf } from "./inputs.ts";

/** These fail on purpose. */
const onPurpose = new Set(["boxes.break"]);
const callsPerOperation = 60;

forEachEngine((engine) => {
  describe("fuzz", () => {
    let depot: Running;
    let ids: string[];
    let callers: Caller[];

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition], tolerant: true });
      const owner = idOf(await depot.call("owners.create", { body: { name: "Ann", agent: "a1" } }));
      const box = idOf(await depot.call("boxes.create", { body: { owner, code: "z", value: 5 } }));
      const second = idOf(await depot.call("boxes.create", { body: { owner, code: "zz", label: "L" } }));
      const item = idOf(await depot.call("items.create", { body: { box, name: "i" } }));
      const tag = idOf(await depot.call("tags.create", { body: { name: "t" } }));
      const sample = idOf(await depot.call("samples.create", { body: {} }));
      ids = [owner, box, second, item, tag, sample];
      callers = [
        depot.caller("clerk"),
        depot.caller("owner", { subject: owner }),
        depot.caller("agent", { user: "a1" }),
        depot.caller(["auditor", "guest"]),
      ];
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    const seed = Number(process.env["PONS_TEST_SEED"] ?? 1);

    test("every operation with random input, by random callers, many at once", async () => {
      const outcomes = new Map<string, number>();
      for (const operation of depot.contract.operations.values()) {
        if (onPurpose.has(operation.name)) continue;
        const calls = fc.sample(
          fc.record({
            input: inputOf(depot.contract, operation, ids),
            caller: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.nat({ max: 3 }), weight: 2 }),
            text: fc.boolean(),
            version: fc.constantFrom(undefined, undefined, "v1"),
            ifMatch: fc.constantFrom(undefined, undefined, undefined, ["*"], ['"x"', ""]),
            idempotencyKey: fc.constantFrom(undefined, undefined, "k", "__proto__", "k 2"),
          }),
          { seed, numRuns: callsPerOperation },
        );
        const results = await Promise.all(
          calls.map(({ input, caller, text, version, ifMatch, idempotencyKey }) =>
            depot.call(operation.name, {
              ...input,
              as: callers[caller] as Caller,
              text,
              ...(version === undefined ? {} : { version }),
              ...(ifMatch === undefined ? {} : { ifMatch }),
              ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
            }),
          ),
        );
        for (const [at, result] of results.entries()) {
          const outcome = outcomeOf(result);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
          if (!result.ok && result.refusal.status >= 500)
            throw new Error(`${operation.name} ${outcome}: ${Bun.inspect(calls[at], { depth: 9 })}`, {
              cause: depot.errors.at(-1),
            });
          // Every answer is JSON as it is.
          if (result.ok && result.data !== undefined) expect(JSON.parse(JSON.stringify(result.data))).toEqual(result.data);
        }
      }
      // The inputs are not all refused at the door.
      for (const outcome of ["200", "201", "403 forbidden", "404 not_found", "422 validation_failed", "422 invalid_reference"])
        expect([outcome, (outcomes.get(outcome) ?? 0) > 0]).toEqual([outcome, true]);
    }, 30_000);

    test("random batches, atomic and independent", async () => {
      const operations = [...depot.contract.operations.values()].filter(({ name }) => !onPurpose.has(name));
      const batches = fc.sample(
        fc.record({
          strategy: fc.constantFrom("atomic" as const, "independent" as const),
          steps: fc.array(
            fc
              .constantFrom(...operations)
              .chain((operation) =>
                inputOf(depot.contract, operation, ids).map((input) => ({ operation: operation.name, options: input })),
              ),
            { minLength: 1, maxLength: 6 },
          ),
        }),
        { seed, numRuns: 40 },
      );
      const answered = await Promise.all(batches.map(({ steps, strategy }) => depot.batch(steps, strategy)));
      for (const [at, results] of answered.entries()) {
        const { strategy, steps } = batches[at] as (typeof batches)[number];
        expect(results).toHaveLength(steps.length);
        const failed = results.filter((result) => !result.ok);
        for (const result of failed) expect([strategy, steps, refusalOf(result).status < 500]).toEqual([strategy, steps, true]);
        if (strategy === "atomic" && failed.length > 0) {
          expect(failed).toHaveLength(results.length);
          expect(failed.filter((result) => refusalOf(result).type !== "rolled_back")).toHaveLength(1);
        }
      }
    }, 30_000);

    test("afterwards the depot is whole: the journal has no gaps and no number of a sequence is missing or doubled", async () => {
      const journal = await depot.journal();
      expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, at) => at + 1));
      const made = journal.flatMap(({ changes }) =>
        (changes as { table: string; before?: object; after?: { number?: number } }[]).flatMap(({ table, before, after }) =>
          table === "depot_boxes" && before === undefined ? [after?.number] : [],
        ),
      );
      expect(made).toEqual(made.map((_, at) => at + 1));
      const numbers = new Set(made);
      const rows = rowsOf(await depot.call("boxes.list", { query: { perPage: 50, fields: ["number"] } }));
      for (const { number } of rows) expect(numbers.has(Number(number))).toBe(true);
    });
  });
});
