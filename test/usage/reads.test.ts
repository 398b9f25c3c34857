/** What is counted in memory: reads, what is refused before the writer, and the traffic of all calls. Written within a second, once. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { latencyBuckets } from "../../src/define/latency.ts";
import { Usage } from "../../src/manage/usage/index.ts";
import { otherOperation } from "../../src/manage/usage/counters.ts";
import { type OpenStore, StoreError, type StoreErrorKind } from "../../src/store/index.ts";
import { forEachEngine, outcomeOf, type Running } from "../core/harness.ts";
import { openShop, type Shop, sumsOf, trafficTable } from "./shop.ts";

/** Longer than a flush may take to come, in milliseconds. */
const soonMs = 5_000;

forEachEngine((engine) => {
  describe("usage of reads", () => {
    let shop: Shop;
    let running: Running;
    let next: { readonly kind: StoreErrorKind; readonly isWritten: boolean }[] = [];
    const around = (store: OpenStore): OpenStore =>
      Object.assign(Object.create(store) as OpenStore, {
        engine: store.engine,
        admin: store.admin,
        realms: store.realms,
        read: store.read.bind(store),
        scan: store.scan.bind(store),
        write: async <T>(work: Parameters<typeof store.write<T>>[0]): Promise<T> => {
          const fate = next.shift();
          if (fate === undefined) return store.write(work);
          if (fate.isWritten) await store.write(work);
          throw new StoreError(fate.kind, "on purpose");
        },
      });
    const sums = async () => sumsOf(await shop.rows());
    const since = async (work: () => Promise<unknown>) => {
      const known = new Set((await shop.rows()).map(({ id }) => id));
      await work();
      await shop.managed.usage.flush();
      return sumsOf((await shop.rows()).filter(({ id }) => !known.has(id)));
    };
    const look = (body = {}) => running.call("look", { body });

    beforeAll(async () => {
      shop = await openShop(await engine.create(), { around });
      ({ running } = shop);
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    test("reads are written by themselves, within a second", async () => {
      for (let times = 0; times < 5; times++) await look();
      for (const until = Date.now() + soonMs; Date.now() < until && Object.keys(await sums()).length === 0;) await Bun.sleep(20);
      expect(await sums()).toEqual({ "look 2": [5, 10] });
    });

    test("what is refused before it is run costs nothing", async () => {
      const counted = await since(async () => {
        expect(outcomeOf(await look({ no: 10 }))).toBe("422 validation_failed");
        expect(outcomeOf(await running.call("look", { as: running.caller("guest"), body: {} }))).toBe("403 forbidden");
      });
      expect(counted).toEqual({ "look 4": [2, 0] });
    });

    test("a list read as a stream counts when it has ended", async () => {
      const counted = await since(async () => {
        const stream = await running.app.pipeline.stream(running.callOf("sales.list"));
        if (!stream.ok) throw new Error("refused");
        for await (const _ of stream.rows) continue;
      });
      expect(counted).toEqual({ "sales.list 2": [1, 1] });
    });

    test("a flush whose answer is lost is written once; one that failed, when it can be", async () => {
      for (const fate of [
        { kind: "unknown_fate", isWritten: true },
        { kind: "unknown_fate", isWritten: false },
        { kind: "unavailable", isWritten: false },
      ] as const) {
        const counted = await since(async () => {
          await look();
          next = [fate];
          const failed = await shop.managed.usage.flush().then(
            () => undefined,
            (error: unknown) => error,
          );
          expect(failed).toBeInstanceOf(StoreError);
          await look();
        });
        expect(counted).toEqual({ "look 2": [2, 4] });
      }
    });

    test("traffic tells of all calls, those of nobody too, with their times", async () => {
      await shop.managed.usage.flush();
      const known = new Set((await shop.rows(trafficTable)).map(({ id }) => id));
      const address = { address: "8.8.8.8", channel: "rest" } as const;
      for (const [operation, body] of [
        ["sales.create", { what: "seen" }],
        ["look", {}],
        ["look", { no: 10 }],
      ] as const)
        await running.app.pipeline.run({ ...running.callOf(operation, { body }), ...address });
      const { principal: _, ...nobody } = running.callOf("look", { body: {} });
      expect(outcomeOf(await running.app.pipeline.run({ ...nobody, channel: "rest", address: "10.0.0.7" }))).toBe(
        "401 unauthenticated",
      );
      await shop.managed.usage.flush();
      const rows = (await shop.rows(trafficTable)).filter(({ id }) => !known.has(id));
      const told = rows.map((row) =>
        ["operation", "statusClass", "channel", "country", "calls", "errors"].map((field) => row[field] as string).join(" "),
      );
      expect(told.toSorted()).toEqual(["look 2 rest US 1 0", "look 4 rest US 1 1", "sales.create 2 rest US 1 0"]);
      for (const row of rows) expect(latencyBuckets.reduce((sum, name) => sum + (row[name] as number), 0)).toBe(1);
      const unknown = await shop.rows(trafficTable, 0);
      expect(
        unknown.map(({ operation, app, environment, country, calls }) => ({ operation, app, environment, country, calls })),
      ).toEqual([{ operation: "look", app: null, environment: null, country: "ZZ", calls: 1 }]);
    });

    test("more different calls than there are counters: they are written at once, and what finds none is still counted", async () => {
      const { store, app } = running;
      const usage = new Usage({ store, contracts: app.contracts, countersMax: 10, flushMs: 60_000 });
      const context = (user: string) => ({
        call: running.callOf("look", { body: {} }),
        operation: running.callOf("look").operation,
        caller: running.caller("clerk", { user }),
        hasRun: true,
        units: 2,
      });
      const ok = { ok: true, status: 200, data: {} } as const;
      const counted = await since(async () => {
        for (let at = 0; at < 50; at++) usage.count(context(`user ${at}`) as never, ok, 1);
        await usage.stop();
      });
      const sum = Object.values(counted).reduce(([calls, units], more) => [calls + more[0], units + more[1]] as const, [
        0, 0,
      ] as const);
      expect(sum).toEqual([50, 100]);
      expect(Object.keys(counted).toSorted()).toEqual([`${otherOperation} 2`, "look 2"]);
    });
  });
});
