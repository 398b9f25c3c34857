/** A broken invariant: nothing of its batch is committed, its realm is halted, others go on. On both engines. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { resource, service, t } from "../../../src/index.ts";
import { realmOf } from "../../../src/store/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, type Running, serve } from "../harness.ts";

const piles = resource(
  "piles",
  { doc: "Piles of coins, a hundred in all.", fields: { id: t.id("pil"), coins: t.integer() } },
  ({ self, all, command, invariant }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"] },
    invariant: invariant((changes) => {
      const sum = changes.reduce((rest, { before, after }) => rest + (after?.coins ?? 0) - (before?.coins ?? 0), 0);
      return sum === 0 || changes.every(({ before }) => before === undefined) ? undefined : `${sum} coins too many`;
    }),
    functions: {
      move: command({
        on: "item",
        doc: "Moves coins; with a slip of the hand, some appear.",
        roles: ["clerk"],
        input: { to: t.ref("piles"), coins: t.integer(), slip: t.integer({ default: 0 }) },
        run: async (ctx, { row, input }) => {
          const table = ctx.table(self);
          const to = await table.get(input.to);
          if (to === undefined) throw new Error("no such pile");
          table.update(to.id, { coins: to.coins + input.coins + input.slip });
          return table.update(row.id, { coins: row.coins - input.coins });
        },
      }),
    },
  }),
);

const mint = service("mint", { doc: "A mint.", version: "v1", roles: { clerk: "Somebody." }, resources: [piles] });

forEachEngine((engine) => {
  let running: Running;
  beforeAll(async () => {
    running = await serve(await engine.create(), { services: [mint], tolerant: true });
  });
  afterAll(() => running[Symbol.asyncDispose]());

  test("halts its environment and nothing else", async () => {
    const other = running.caller("clerk", {
      tenant: "other",
      realm: await realmOf(running.store, "other", "sandbox"),
    });
    const pile = async (coins: number, as = running.caller("clerk")) =>
      idOf(await running.call("piles.create", { as, body: { coins } }));
    const [a, b] = [await pile(60), await pile(40)];
    const [c, d] = [await pile(60, other), await pile(40, other)];
    const move = (id: string, to: string, more: object = {}, as = running.caller("clerk")) =>
      running.call("piles.move", { as, id, body: { to, coins: 10, ...more } });
    const coins = async (id: string, as = running.caller("clerk")) =>
      dataOf(await running.call("piles.get", { as, id }))["coins"];
    expect(outcomeOf(await move(a, b))).toBe("200");
    const results = await Promise.all([move(a, b), move(c, d, {}, other), move(b, a, { slip: 1 }), move(c, d, {}, other)]);
    expect(results.map(outcomeOf)).toEqual(["503 unavailable", "200", "503 unavailable", "200"]);
    // Nothing of the batch was written, not even the move that was in order.
    expect([await coins(a), await coins(b)]).toEqual([50, 50]);
    expect([await coins(c, other), await coins(d, other)]).toEqual([40, 60]);
    expect(running.errors.map(String)).toEqual([expect.stringContaining("mint_piles: 1 coins too many; nothing is written")]);
    // Reads go on, changes do not; the other environment has both.
    expect(outcomeOf(await move(a, b))).toBe("503 unavailable");
    expect(outcomeOf(await move(d, c, {}, other))).toBe("200");
  });
});
