/** Three nodes over one Postgres: one writes, and a call has the same outcome whichever node it comes to. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dataOf, idOf, outcomeOf, refusalOf } from "../harness.ts";
import { type Node, type Nodes, openNodes, secret } from "./nodes.ts";

describe("handover", () => {
  let nodes: Nodes;
  let owner: string;
  const everyNode = (): readonly Node[] => [0, 1, 2].map((position) => nodes.at(position));

  beforeAll(async () => {
    nodes = await openNodes(3);
    owner = idOf(await nodes.at(0).call("owners.create", { body: { name: "Ann" } }));
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  test("one node has the lease, and only its writer commits", async () => {
    expect((await nodes.lease()).address).toBe(nodes.at(0).address);
    const before = everyNode().map(({ app }) => app.writer.counts.commands);
    const results = await Promise.all(
      Array.from({ length: 90 }, (_, at) => nodes.at(at % 3).call("boxes.create", { body: { owner, code: `one-${at}` } })),
    );
    expect(results.map(outcomeOf)).toEqual(results.map(() => "201"));
    expect(everyNode().map(({ app }, at) => app.writer.counts.commands - (before[at] ?? 0))).toEqual([90, 0, 0]);
    const numbers = results.map((result) => Number(dataOf(result)["number"])).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 90 }, (_, at) => (numbers[0] ?? 0) + at));
    const journal = await nodes.depot.journal();
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, at) => at + 1));
  });

  test("an answer and a refusal are the same from every node", async () => {
    const created = await Promise.all(
      everyNode().map((node, at) =>
        node.call("boxes.create", {
          body: { owner, code: `same-${at}`, value: 9_007_199_254_740_993n, meta: { a: [1, null, "x"] }, weight: "1.250" },
        }),
      ),
    );
    const [first, ...others] = created.map((result) => {
      const { id, code, number, createdAt, updatedAt, ...rest } = dataOf(result);
      expect([typeof id, typeof code, typeof number, typeof createdAt, typeof updatedAt]).not.toContain("undefined");
      return rest;
    });
    expect(first).toMatchObject({ value: "9007199254740993", meta: { a: [1, null, "x"] } });
    expect(others).toEqual(others.map(() => ({ ...first })));
    const refusals = await Promise.all(
      everyNode().flatMap((node) => [
        node.call("boxes.create", { body: { owner, code: "" } }),
        node.call("boxes.create", { body: { owner, code: "same-0" } }),
        node.call("boxes.update", { id: idOf(created[0]), body: { value: 1 }, ifMatch: ['"other"'] }),
        node.call("boxes.delete", { id: "box_none" }),
        node.call("boxes.create", { as: nodes.depot.caller("auditor"), body: { owner, code: "not-mine" } }),
      ]),
    );
    const told = refusals.map((result) => refusalOf(result));
    expect(told.slice(5)).toEqual([...told.slice(0, 5), ...told.slice(0, 5)]);
    expect(told.slice(0, 5).map(({ status }) => status)).toEqual([422, 409, 412, 404, 403]);
  });

  test("an older version is spoken by the node that was asked", async () => {
    const made = await Promise.all(
      everyNode().map((node, at) => node.call("boxes.create", { version: "v1", body: { owner, sku: `old-${at}`, value: "12" } })),
    );
    for (const [at, result] of made.entries()) {
      expect(dataOf(result)).toMatchObject({ sku: `old-${at}`, value: "12" });
      expect(dataOf(result)).not.toContainKeys(["code"]);
    }
    const refused = await Promise.all(
      everyNode().map((node) => node.call("boxes.create", { version: "v1", body: { owner, sku: "old-0", value: "1" } })),
    );
    for (const result of refused) expect(refusalOf(result).issues).toEqual({ sku: [{ code: "duplicate" }] });
  });

  test("who called, from where and what for is in the journal", async () => {
    const as = nodes.depot.caller("clerk", { user: "carla" });
    const result = await nodes.at(2).call("owners.create", { as, body: { name: "Told" }, requestId: "asked-of-2" });
    const [row] = (await nodes.depot.journal()).filter(({ requestId }) => requestId === "asked-of-2");
    expect(row).toMatchObject({ user: "carla", channel: "test", operation: "depot.owners.create", status: 201 });
    expect(outcomeOf(result)).toBe("201");
  });

  test("an idempotency key has one effect on all of them", async () => {
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        nodes.at(at % 3).call("restock", { idempotencyKey: "all", body: { names: ["all"] } }),
      ),
    );
    expect(results.map(outcomeOf)).toEqual(results.map(() => "200"));
    expect(results.filter((result) => result.replayed === undefined)).toHaveLength(1);
    expect(new Set(results.map((result) => JSON.stringify(dataOf(result)))).size).toBe(1);
  });

  test("a deadline that has passed and a call that was given up are not executed", async () => {
    const results = await Promise.all([
      nodes.at(1).call("boxes.create", { body: { owner, code: "too-late" }, deadline: Date.now() - 1 }),
      nodes.at(1).call("boxes.create", { body: { owner, code: "in-time" }, deadline: Date.now() + 20_000 }),
    ]);
    expect(results.map(outcomeOf)).toEqual(["504 deadline_exceeded", "201"]);
  });

  test("an atomic batch is handed over as one", async () => {
    const { epoch } = await nodes.lease();
    const good = await nodes.at(1).batch(
      ["a", "b"].map((code) => ({ operation: "boxes.create", options: { body: { owner, code: `atomic-${code}` } } })),
      "atomic",
    );
    expect(good.map(outcomeOf)).toEqual(["201", "201"]);
    const bad = await nodes.at(2).batch(
      ["c", "a"].map((code) => ({ operation: "boxes.create", options: { body: { owner, code: `atomic-${code}` } } })),
      "atomic",
    );
    expect(bad.map(outcomeOf)).toEqual(["422 rolled_back", "409 already_exists"]);
    expect((await nodes.lease()).epoch).toBe(epoch);
    const rows = (await nodes.depot.journal()).slice(-2);
    expect(rows.map(({ operation }) => operation)).toEqual(["depot.boxes.create", "depot.boxes.create"]);
  });

  test("a batch whose steps need one another's results runs where it came to, as a guest; the holder goes on under a new epoch", async () => {
    const { commands } = nodes.at(1).app.writer.counts;
    const { epoch } = await nodes.lease();
    const results = await nodes.at(1).batch(
      [
        { operation: "owners.create", options: { body: { name: "Fresh" } } },
        {
          operation: "boxes.create",
          dependsOn: [0],
          options: (earlier) => ({ body: { owner: idOf(earlier[0]), code: "of-fresh" } }),
        },
      ],
      "atomic",
    );
    expect(results.map(outcomeOf)).toEqual(["201", "201"]);
    expect(dataOf(results[1])["owner"]).toBe(idOf(results[0]));
    expect(nodes.at(1).app.writer.counts.commands).toBe(commands + 2);
    expect((await nodes.lease()).epoch).toBeGreaterThan(epoch);
    const later = await Promise.all(
      everyNode().map((node, at) => node.call("boxes.create", { body: { owner, code: `later-${at}` } })),
    );
    expect(later.map(outcomeOf)).toEqual(["201", "201", "201"]);
    expect((await nodes.lease()).epoch).toBeGreaterThanOrEqual(epoch + 2);
  });

  test("a node with another secret is not let in, and not needed: it takes the lease itself", async () => {
    const stranger = await nodes.open({ secret: `${secret}, but another one` });
    await stranger.join();
    const { epoch } = await nodes.lease();
    expect(outcomeOf(await stranger.call("boxes.create", { body: { owner, code: "stranger" } }))).toBe("201");
    expect(await nodes.lease()).toMatchObject({ epoch: epoch + 1, address: stranger.address });
    expect(outcomeOf(await nodes.at(0).call("boxes.create", { body: { owner, code: "not-stranger" } }))).toBe("201");
    await stranger[Symbol.asyncDispose]();
    expect(outcomeOf(await nodes.at(1).call("boxes.create", { body: { owner, code: "after-stranger" } }))).toBe("201");
    const journal = await nodes.depot.journal();
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, at) => at + 1));
  });
});
