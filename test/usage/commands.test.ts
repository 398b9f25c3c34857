/** The usage of commands: committed with them, once, and only where they are. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type OpenStore, StoreError } from "../../src/store/index.ts";
import { forEachEngine, outcomeOf, type Running } from "../core/harness.ts";
import { openShop, type Shop, sumsOf } from "./shop.ts";

const sell = (what: string) => ({ body: { what } });

forEachEngine((engine) => {
  describe("usage of commands", () => {
    let shop: Shop;
    let running: Running;
    /** What happens to the commits that come: `lost` happen, but nobody is told; `undone` do not happen, and nobody is told. */
    let fates: ("lost" | "undone")[] = [];
    let writes = 0;

    const around = (store: OpenStore): OpenStore =>
      Object.assign(Object.create(store) as OpenStore, {
        engine: store.engine,
        admin: store.admin,
        realms: store.realms,
        read: store.read.bind(store),
        scan: store.scan.bind(store),
        write: async <T>(work: Parameters<typeof store.write<T>>[0]): Promise<T> => {
          writes++;
          const fate = fates.shift();
          const lost = new StoreError("unknown_fate", "the answer was lost on purpose");
          if (fate === undefined) return store.write(work);
          if (fate === "lost") {
            await store.write(work);
            throw lost;
          }
          return store.write(async (tx) => {
            await work(tx);
            throw lost;
          });
        },
      });

    const counted = async (work: () => Promise<unknown>) => {
      const before = new Set((await shop.rows()).map(({ id }) => id));
      await work();
      return (await shop.rows()).filter(({ id }) => !before.has(id));
    };

    beforeAll(async () => {
      shop = await openShop(await engine.create(), { around, tolerant: true });
      ({ running } = shop);
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    test("a command's usage is there when it is answered, without a flush", async () => {
      const [row, ...more] = await counted(() => running.call("sales.create", sell("one")));
      expect(more).toEqual([]);
      expect(row).toMatchObject({
        grain: "raw",
        environment: "sandbox",
        app: "tests",
        user: "somebody",
        key: null,
        plan: null,
        service: "shop",
        operation: "sales.create",
        version: "v1",
        statusClass: 2,
        calls: 1,
        units: 3,
      });
      expect(row?.["at"]).toEndWith(":00.000Z");
    });

    test("commands of one batch are one row for all that differ in nothing", async () => {
      const before = writes;
      const rows = await counted(() =>
        Promise.all(Array.from({ length: 200 }, (_, at) => running.call("sales.create", sell(`w${at}`)))),
      );
      expect(sumsOf(rows)).toEqual({ "sales.create 2": [200, 600] });
      expect(rows.length).toBeLessThanOrEqual(writes - before);
    });

    test("a refusal of the command counts by its status; what is wrong before it is run costs nothing", async () => {
      const rows = await counted(async () => {
        expect(outcomeOf(await running.call("sales.create", sell("last")))).toBe("409 sold_out");
        expect(outcomeOf(await running.call("sales.create", sell("")))).toBe("422 validation_failed");
        await shop.managed.usage.flush();
      });
      expect(sumsOf(rows)).toEqual({ "sales.create 4": [2, 3] });
    });

    test("an answer given again and a dry run cost nothing", async () => {
      const rows = await counted(async () => {
        for (let times = 0; times < 3; times++) await running.call("sales.create", { ...sell("kept"), idempotencyKey: "again" });
        await running.call("sales.create", { body: { what: "dry", dryRun: true } });
      });
      expect(sumsOf(rows)).toEqual({ "sales.create 2": [4, 3] });
    });

    test("steps of an atomic batch count each; of one that is rolled back each counts as refused", async () => {
      const good = await counted(async () => {
        const steps = [
          { operation: "sales.create", options: sell("a") },
          { operation: "look", options: { body: {} } },
        ];
        expect((await running.batch(steps, "atomic")).map(outcomeOf)).toEqual(
          ["200", "200"].map((status, at) => (at === 0 ? "201" : status)),
        );
        await shop.managed.usage.flush();
      });
      expect(sumsOf(good)).toEqual({ "sales.create 2": [1, 3], "look 2": [1, 2] });
      const bad = await counted(async () => {
        const steps = ["b", "last"].map((what) => ({ operation: "sales.create", options: sell(what) }));
        expect((await running.batch(steps, "atomic")).map(outcomeOf)).toEqual(["422 rolled_back", "409 sold_out"]);
        await shop.managed.usage.flush();
      });
      expect(sumsOf(bad)).toEqual({ "sales.create 4": [2, 6] });
    });

    test("a commit whose answer is lost is counted once, also one that changed nothing", async () => {
      for (const [what, status] of [
        ["found", "201"],
        ["last", "409 sold_out"],
      ] as const) {
        const rows = await counted(async () => {
          fates = ["lost"];
          expect(outcomeOf(await running.call("sales.create", sell(what)))).toBe(status);
        });
        expect(Object.values(sumsOf(rows))).toEqual([[1, 3]]);
      }
      const idle = await counted(async () => {
        fates = ["lost"];
        expect(outcomeOf(await running.call("idle"))).toBe("204");
      });
      expect(Object.values(sumsOf(idle))).toEqual([[1, 1]]);
    });

    test("a commit that did not happen is counted when it does", async () => {
      const rows = await counted(async () => {
        fates = ["undone"];
        expect(outcomeOf(await running.call("sales.create", sell("second attempt")))).toBe("201");
      });
      expect(Object.values(sumsOf(rows))).toEqual([[1, 3]]);
    });
  });
});
