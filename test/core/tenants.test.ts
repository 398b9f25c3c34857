/** Two tenants, and two environments of one, in one database: no operation shows, changes or refers to what is another's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Result } from "../../src/pipeline/call.ts";
import { realmOf } from "../../src/store/index.ts";
import definition from "./depot/index.ts";
import { type Caller, dataOf, forEachEngine, idOf, outcomeOf, refusalOf, type Running, serve } from "./harness.ts";

interface Realm {
  readonly as: Caller;
  readonly word: string;
  readonly ids: Readonly<Record<string, string>>;
}

forEachEngine((engine) => {
  describe("tenants", () => {
    let depot: Running;
    let realms: Realm[];

    /** The same things in every realm, each with its own word in every text. */
    const furnish = async (tenant: string, environment: string, word: string): Promise<Realm> => {
      const realm = await realmOf(depot.store, tenant, environment);
      const as = depot.caller("clerk", { tenant, environment, realm, app: "same", user: "same", subject: "own_same" });
      const make = async (operation: string, body: object) => idOf(await depot.call(operation, { as, body }));
      const owner = await make("owners.create", {
        id: "own_01JD3Q8Z5T7N9V1X3B5D7F9H1K",
        name: word,
        email: "same@example.com",
        agent: word,
      });
      const box = await make("boxes.create", { owner, code: "same", label: word, value: 7, packedOn: "2026-01-01" });
      const other = await make("boxes.create", { owner, code: `other ${word}`, value: 7 });
      const item = await make("items.create", { id: "itm_01JD3Q8Z5T7N9V1X3B5D7F9H1K", box, name: word });
      const tag = await make("tags.create", { name: word });
      const label = await make("labels.create", { box, tag });
      const move = await make("moves.create", { source: box, target: other, value: 1 });
      const sample = await make("samples.create", { line: word });
      return {
        as,
        word,
        ids: { owners: owner, boxes: box, items: item, tags: tag, labels: label, moves: move, samples: sample, other },
      };
    };

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition] });
      realms = [];
      for (const [tenant, environment, word] of [
        ["north", "live", "NORTHLIVE"],
        ["south", "live", "SOUTHLIVE"],
        ["north", "sandbox", "NORTHSAND"],
      ] as const)
        realms.push(await furnish(tenant, environment, word));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    /** What stands in a realm, by its own staff's eyes. */
    const snapshot = async ({ as }: Realm): Promise<string> => {
      const lists = await Promise.all(
        [...depot.contract.resources.keys()].map((name) =>
          depot.call(`${name}.list`, { as, query: { perPage: 50, sortBy: ["id"] } }),
        ),
      );
      return JSON.stringify([lists.map(dataOf), (await depot.journal({ realm: as.realm })).length]);
    };

    test("the same ids, unique values and keys live side by side", () => {
      expect(new Set(realms.map(({ ids }) => ids["owners"])).size).toBe(1);
      expect(new Set(realms.map(({ as }) => as.realm)).size).toBe(3);
    });

    test("SECURITY 29: every operation, with every id of another realm, shows and changes nothing of it", async () => {
      const words = realms.map(({ word }) => word);
      for (const mine of realms) {
        const before = await Promise.all(realms.map(snapshot));
        for (const theirs of realms) {
          if (theirs === mine) continue;
          const foreign = theirs.ids;
          const body = {
            owner: foreign["owners"],
            box: foreign["boxes"],
            tag: foreign["tags"],
            source: foreign["boxes"],
            target: foreign["other"],
            into: foreign["other"],
            value: 1,
            code: "new",
            name: theirs.word,
            by: 0,
            from: 0,
            names: [],
          };
          for (const operation of depot.contract.operations.values()) {
            const { name, resource, target } = operation;
            // Ids that both realms have are one's own row, which is changed in another test.
            const id = resource === undefined ? undefined : foreign[resource.name];
            if (target === "item" && id === mine.ids[resource?.name ?? ""]) continue;
            if (name === "owners.create" || name === "samples.create" || name === "tags.create" || name === "restock") continue;
            const given = Object.fromEntries(
              Object.keys(operation.input).flatMap((field) =>
                field in body && body[field as keyof typeof body] !== mine.ids["owners"]
                  ? [[field, body[field as keyof typeof body]]]
                  : [],
              ),
            );
            const options = {
              as: mine.as,
              ...(id === undefined ? {} : { id }),
              ...(operation.kind === "command" || operation.action === "function" ? { body: given } : {}),
            };
            const results: Result[] = [await depot.call(name, options)];
            results.push(...(await depot.batch([{ operation: name, options }], "atomic")));
            for (const result of results) {
              const answer = JSON.stringify(result);
              for (const word of words)
                if (word !== mine.word) expect([name, word, answer.includes(word)]).toEqual([name, word, false]);
              if (target === "item") expect([name, outcomeOf(result)]).toEqual([name, expect.stringMatching(/^(404|422)/)]);
            }
          }
          for (const [resource, relation, list] of [
            ["boxes", "items", "items"],
            ["boxes", "moves", "moves"],
            ["boxes", "tags", "tags"],
            ["tags", "boxes", "boxes"],
          ] as const) {
            const parent = { resource, id: String(foreign[resource]), relation };
            expect(outcomeOf(await depot.call(`${list}.list`, { as: mine.as, parent }))).toBe("404 not_found");
          }
          for (const [operation, options] of [
            ["items.create", { body: { box: foreign["boxes"], name: "x" } }],
            ["labels.create", { body: { box: foreign["boxes"], tag: mine.ids["tags"] } }],
            ["moves.create", { body: { source: mine.ids["boxes"], target: foreign["boxes"], value: 1 } }],
            ["items.update", { id: mine.ids["items"], body: { box: foreign["boxes"] } }],
          ] as const) {
            // Code does not ask for the row: the database has no such reference in this realm.
            expect([operation, refusalOf(await depot.call(operation, { as: mine.as, ...(options as object) })).type]).toEqual([
              operation,
              "invalid_reference",
            ]);
          }
        }
        expect(await Promise.all(realms.map(snapshot))).toEqual(before);
      }
    });

    test("SECURITY 29: filters, includes, statistics and counts stay within the realm", async () => {
      for (const { as, word } of realms) {
        const include = [
          { name: "boxes", include: [{ name: "items" }, { name: "tags", include: [{ name: "boxes" }] }, { name: "moves" }] },
        ];
        const answers = JSON.stringify([
          await depot.call("owners.list", { as, query: { include } }),
          await depot.call("boxes.list", {
            as,
            query: {
              filters: [{ path: "owner.email", op: "eq", values: ["same@example.com"], as: "e" }],
              include: [{ name: "owner" }],
            },
          }),
          await depot.call("items.stats.perBox", { as }),
          await depot.call("boxes.twins", { as, id: realms.find((realm) => realm.as === as)?.ids["boxes"] as string }),
        ]);
        for (const other of realms) expect(answers.includes(other.word)).toBe(other.word === word);
        expect(dataOf(await depot.call("boxes.stats.byState", { as }))).toMatchObject([{ boxes: 2, value: 14 }] as never);
        expect(dataOf(await depot.call("boxes.count", { as }))).toBe(2 as never);
        expect(dataOf(await depot.call("summary", { as, body: {} }))).toMatchObject({ boxes: 2 });
      }
    });

    test("SECURITY 29: changes, sequences and idempotency keys at once in all realms", async () => {
      const results = await Promise.all(
        Array.from({ length: 60 }, (_, at) => {
          const { as, ids, word } = realms[at % 3] as Realm;
          return depot.call("boxes.create", {
            as,
            idempotencyKey: `key ${Math.floor(at / 3) % 10}`,
            body: { owner: ids["owners"], code: `seq ${Math.floor(at / 3) % 10} ${word}` },
          });
        }),
      );
      expect(results.map(outcomeOf)).toEqual(results.map(() => "201"));
      expect(results.filter((result) => result.replayed === true)).toHaveLength(30);
      for (const [at, { word }] of realms.entries()) {
        const mine = results.filter((result, position) => position % 3 === at && result.replayed !== true).map(dataOf);
        expect(mine.map(({ number }) => number)).toEqual(mine.map((_, position) => position + 3));
        expect(mine.every(({ code }) => String(code).endsWith(word))).toBe(true);
      }
      for (const { as, word } of realms) {
        const journal = JSON.stringify(await depot.journal({ realm: as.realm }));
        for (const other of realms) expect(journal.includes(other.word)).toBe(other.word === word);
      }
    });
  });
});
