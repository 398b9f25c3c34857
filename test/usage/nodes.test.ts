/** Several nodes: a call counts once, whichever node it came to and whichever ran it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createManaged } from "../../src/host/managed.ts";
import { MemoryLimiter } from "../../src/limits/index.ts";
import { type Nodes, openNodes } from "../core/lease/nodes.ts";
import { outcomeOf } from "../core/harness.ts";
import { rowsOf, sumsOf, trafficTable, usageTable } from "./shop.ts";

describe("usage of several nodes", () => {
  let nodes: Nodes;
  const flush = async () => {
    for (const at of [0, 1]) await nodes.at(at).app.managed?.usage.flush();
  };
  const counted = async (work: () => Promise<unknown>) => {
    const ids = async () => new Set((await rowsOf(nodes.depot.store, usageTable, nodes.depot.realm)).map(({ id }) => id));
    await flush();
    const before = await ids();
    await work();
    await flush();
    return sumsOf((await rowsOf(nodes.depot.store, usageTable, nodes.depot.realm)).filter(({ id }) => !before.has(id)));
  };
  const owner = (name: string) => ({ operation: "owners.create", options: { body: { name } } });

  beforeAll(async () => {
    nodes = await openNodes(2, { managed: (parts) => createManaged(parts, { limiter: new MemoryLimiter() }) });
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  test("a command handed over counts where it is run, with what it was refused", async () => {
    const sums = await counted(async () => {
      for (const at of [0, 1]) {
        expect(outcomeOf(await nodes.at(at).call("owners.create", { body: { name: `of ${at}` } }))).toBe("201");
        expect(outcomeOf(await nodes.at(at).call("boxes.delete", { id: "box_none" }))).toBe("404 not_found");
        expect(outcomeOf(await nodes.at(at).call("owners.create", { body: { name: "" } }))).toBe("422 validation_failed");
      }
    });
    expect(sums).toEqual({ "owners.create 2": [2, 2], "owners.create 4": [2, 0], "boxes.delete 4": [2, 2] });
  });

  test("so do the steps of an atomic batch", async () => {
    const sums = await counted(async () => {
      for (const at of [0, 1])
        expect((await nodes.at(at).batch([owner("a"), owner("b")], "atomic")).map(outcomeOf)).toEqual(["201", "201"]);
    });
    expect(sums).toEqual({ "owners.create 2": [4, 4] });
  });

  test("traffic is of the node that was asked, and of that alone", async () => {
    await flush();
    const rows = await rowsOf(nodes.depot.store, trafficTable, nodes.depot.realm);
    expect(sumsOf(rows)).toEqual({ "owners.create 2": [6, 0], "owners.create 4": [2, 0], "boxes.delete 4": [2, 0] });
  });
});
