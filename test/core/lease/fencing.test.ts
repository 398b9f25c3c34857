/** A writer that has lost its lease writes nothing; what it was asked for is done by the one who has it, or refused truthfully. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Command, Outcome } from "../../../src/batch/index.ts";
import { countersTable } from "../../../src/batch/system-tables.ts";
import { idOf, outcomeOf } from "../harness.ts";
import { type Node, type Nodes, openNodes } from "./nodes.ts";

describe("fencing", () => {
  let nodes: Nodes;
  let owner: string;
  const ending: { stop(): unknown }[] = [];

  beforeAll(async () => {
    nodes = await openNodes(2);
    owner = idOf(await nodes.at(0).call("owners.create", { body: { name: "Ann" } }));
  });
  afterEach(() => void ending.splice(0).map((listener) => listener.stop()));
  afterAll(() => nodes[Symbol.asyncDispose]());

  const create = (node: Node, code: string, more: object = {}) => node.call("boxes.create", { body: { owner, code }, ...more });
  const codes = async (prefix: string): Promise<string[]> => {
    const rows = await nodes.sql(`SELECT code FROM depot_boxes WHERE code LIKE '${prefix}%' ORDER BY code`);
    return rows.map(({ code }) => String(code));
  };

  /** A command straight to a node's writer, as if it had been routed there: it makes a counter. */
  const submit = (node: Node, name: string): Promise<readonly Outcome[]> => {
    const command: Command = {
      realm: nodes.depot.realm,
      origin: { operation: "x", channel: "test", requestId: name, address: null, app: null, user: null, subject: null },
      sequences: [],
      needs: [],
      evaluate: (unit) => {
        unit.insert(countersTable, nodes.depot.realm, { name, value: 1 });
        return { ok: true, status: 204, data: () => undefined };
      },
    };
    return node.app.writer.submit({ steps: [command] });
  };
  const counters = async (name: string): Promise<number> =>
    (await nodes.sql(`SELECT 1 FROM pons_counters WHERE name = '${name}'`)).length;

  test("a writer whose lease another node has taken meanwhile writes nothing and says so", async () => {
    const [first, second] = [nodes.at(0), nodes.at(1)];
    expect((await submit(first, "before"))[0]?.ok).toBe(true);
    expect(await counters("before")).toBe(1);
    const { epoch, partition } = await nodes.lease();
    // The second believes that the first cannot be reached. The first knows nothing of it.
    await second.app.leases?.replace({ partition, epoch });
    expect(await nodes.lease()).toMatchObject({ epoch: epoch + 1, address: second.address });
    const commits = first.app.writer.counts.commits;
    const [outcome] = await submit(first, "fenced");
    expect(outcome).toMatchObject({ ok: false, refusal: { status: 503, type: "unavailable" } });
    expect(first.app.writer.counts.commits).toBe(commits);
    expect(await counters("fenced")).toBe(0);
    expect((await nodes.sql("SELECT 1 FROM pons_journal WHERE request_id = 'fenced'")).length).toBe(0);
    // A call, in contrast to a command that was routed already, finds the other node.
    const before = second.app.writer.counts.commands;
    expect(outcomeOf(await create(first, "fenced-call"))).toBe("201");
    expect(second.app.writer.counts.commands).toBe(before + 1);
  });

  test("both taking the lease from one another for a while: each call has one effect, the journal no gap", async () => {
    const { partition } = await nodes.lease();
    let isOver = false;
    const robbing = (async () => {
      for (let round = 0; !isOver && round < 2_000; round++) {
        const { epoch } = await nodes.lease();
        await nodes.at(round % 2).app.leases?.replace({ partition, epoch });
        await Bun.sleep(3);
      }
    })();
    const { epoch } = await nodes.lease();
    const outcomes: string[] = [];
    for (let round = 0; round < 20; round++) {
      const results = await Promise.all(Array.from({ length: 20 }, (_, at) => create(nodes.at(at % 2), `robbed-${round}-${at}`)));
      outcomes.push(...results.map(outcomeOf));
    }
    isOver = true;
    await robbing;
    expect(outcomes).toEqual(outcomes.map(() => "201"));
    expect((await codes("robbed-")).length).toBe(400);
    expect((await nodes.lease()).epoch).toBeGreaterThan(epoch + 10);
    const journal = await nodes.depot.journal();
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, at) => at + 1));
  }, 30_000);

  test("a holder that refuses connections is replaced at once", async () => {
    const gone = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    await nodes.giveTo(`http://127.0.0.1:${gone.port}`, { forMs: 60_000 });
    gone.stop(true);
    const began = performance.now();
    expect(outcomeOf(await create(nodes.at(0), "replaced"))).toBe("201");
    expect(performance.now() - began).toBeLessThan(1_000);
    expect((await nodes.lease()).address).toBe(nodes.at(0).address);
  });

  test("an earlier process at a node's own address is replaced at once", async () => {
    await nodes.giveTo(nodes.at(1).address, { forMs: 60_000 });
    expect(outcomeOf(await create(nodes.at(1), "own-address"))).toBe("201");
    expect((await nodes.lease()).address).toBe(nodes.at(1).address);
  });

  test("two nodes that were given one address are slow, but right", async () => {
    const twin = await nodes.open();
    await twin.app.leases?.join({ address: nodes.at(0).address });
    const results: string[] = [];
    for (let round = 0; round < 10; round++) {
      const pair = [nodes.at(0), twin].map((node, at) => create(node, `twin-${round}-${at}`));
      results.push(...(await Promise.all(pair)).map(outcomeOf));
    }
    await twin[Symbol.asyncDispose]();
    expect(results).toEqual(results.map(() => "201"));
    expect((await codes("twin-")).length).toBe(20);
    const journal = await nodes.depot.journal();
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, at) => at + 1));
  });

  /** Takes what comes and hangs up without an answer. */
  const mute = (): { readonly address: string; readonly requests: () => number } => {
    let requests = 0;
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          requests++;
          socket.end();
        },
      },
    });
    ending.push({ stop: () => listener.stop(true) });
    return { address: `http://127.0.0.1:${listener.port}`, requests: () => requests };
  };

  test("an answer that is lost is an unknown fate, and nothing is executed a second time", async () => {
    const holder = mute();
    await nodes.giveTo(holder.address, { forMs: 2_000 });
    expect(outcomeOf(await create(nodes.at(0), "lost"))).toBe("503 unknown_fate");
    expect(holder.requests()).toBe(1);
    expect(await codes("lost")).toEqual([]);
  });

  test("with an idempotency key it is asked for again until somebody answers", async () => {
    const holder = mute();
    await nodes.giveTo(holder.address, { forMs: 1_500 });
    const result = await create(nodes.at(0), "found", { idempotencyKey: "found" });
    expect(outcomeOf(result)).toBe("201");
    expect(holder.requests()).toBeGreaterThan(1);
    expect(await codes("found")).toEqual(["found"]);
  }, 15_000);

  test("a holder that accepts connections and never answers is given up; its lease is waited for", async () => {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    ending.push({ stop: () => listener.stop(true) });
    await nodes.giveTo(`http://127.0.0.1:${listener.port}`, { forMs: 4_500 });
    const [unknown, kept] = await Promise.all([
      create(nodes.at(0), "silent"),
      create(nodes.at(0), "silent-key", { idempotencyKey: "silent" }),
    ]);
    expect(outcomeOf(unknown)).toBe("503 unknown_fate");
    expect(outcomeOf(kept)).toBe("201");
    expect(await codes("silent")).toEqual(["silent-key"]);
  }, 20_000);

  test("to a holder that did not answer nothing more is sent: whoever comes later waits for its lease to run out, and is served", async () => {
    let bytes = 0;
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (_, { length }) => void (bytes += length) },
    });
    ending.push({ stop: () => listener.stop(true) });
    await nodes.giveTo(`http://127.0.0.1:${listener.port}`, { forMs: 5_000 });
    expect(outcomeOf(await create(nodes.at(0), "hushed-1"))).toBe("503 unknown_fate");
    const sent = bytes;
    const later = await Promise.all(
      [2, 3, 4].map((at) => create(nodes.at(0), `hushed-${at}`, { requestId: "x".repeat(10_000) })),
    );
    expect(later.map(outcomeOf)).toEqual(["201", "201", "201"]);
    // Asked whether it lives, but told nothing of the calls.
    expect(bytes - sent).toBeLessThan(10_000);
    expect(await codes("hushed")).toEqual(["hushed-2", "hushed-3", "hushed-4"]);
  }, 20_000);

  test("a node that leaves gives its lease back: the other has it within a moment", async () => {
    expect(outcomeOf(await create(nodes.at(0), "before-leaving"))).toBe("201");
    await nodes.at(0).app.leases?.leave();
    const began = performance.now();
    expect(outcomeOf(await create(nodes.at(1), "after-leaving"))).toBe("201");
    expect(performance.now() - began).toBeLessThan(500);
    expect((await nodes.lease()).address).toBe(nodes.at(1).address);
    // Whoever has left writes as a guest, and the other goes on.
    expect(outcomeOf(await create(nodes.at(0), "as-guest"))).toBe("201");
    expect(outcomeOf(await create(nodes.at(1), "after-guest"))).toBe("201");
    await nodes.at(0).join();
  });
});
