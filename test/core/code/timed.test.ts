/** What definitions may say of memory and time: rows kept in memory, work that rows ask for, and loading in two rounds. On both engines. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { command, resource, rowOf, rowsOf as rowsRequest, service, t } from "../../../src/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf, type Running, serve } from "../harness.ts";

const rules = resource(
  "rules",
  {
    doc: "Small table.",
    fields: {
      id: t.id("rul"),
      label: t.string({ unique: true }),
      shelf: t.ref("shelves", { optional: true }),
      most: t.integer(),
    },
  },
  ({ all }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"], update: ["clerk"], delete: ["clerk"] },
    inMemory: true,
  }),
);

const shelves = resource(
  "shelves",
  { doc: "Shelves.", singular: "shelf", fields: { id: t.id("shl"), count: t.integer({ default: 0 }) } },
  ({ self, all, command: on }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"] },
    functions: {
      put: on({
        on: "item",
        doc: "Puts things on the shelf, as far as every rule allows; a rule may look at another shelf.",
        roles: ["clerk"],
        input: { count: t.integer({ min: 1 }) },
        refusals: { full: { status: 422, doc: "Full." } },
        load: ({ row }) => ({ self: rowOf(self, row.id) }),
        loadMore: ({ all: of }) => ({
          shelves: rowsRequest(
            self,
            of(rules).flatMap(({ shelf }) => shelf ?? []),
          ),
        }),
        run: (ctx, { row, input, loaded }) => {
          const limits = ctx.table(rules).all();
          const other = loaded.shelves.reduce((sum, shelf) => sum + (shelf?.count ?? 0), 0);
          const most = Math.min(...limits.map((rule) => rule.most));
          if (row.count + other + input.count > most) return ctx.refuse("full", { rules: limits.length, other });
          return ctx.table(self).update(row.id, { count: row.count + input.count });
        },
      }),
    },
  }),
);

const alarms = resource(
  "alarms",
  {
    doc: "Alarms.",
    fields: {
      id: t.id("alm"),
      at: t.dateTime({ optional: true }),
      rings: t.integer({ default: 0 }),
      mode: t.enum(["once", "hourly", "throws", "stuck"], { default: "once" }),
      shelf: t.ref("shelves", { optional: true }),
    },
  },
  ({ self, all, due }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"], update: ["clerk"], delete: ["clerk"] },
    events: { rang: { doc: "Rang.", data: { alarm: t.ref("alarms") } } },
    due: due({
      doc: "Rings.",
      at: "at",
      load: ({ row }) => ({ shelf: rowOf(shelves, row.shelf) }),
      run: (ctx, { row, loaded: { shelf } }) => {
        if (row.mode === "throws") throw new Error("broken alarm");
        if (shelf !== undefined) ctx.table(shelves).update(shelf.id, { count: shelf.count + 1 });
        if (row.mode === "stuck") return;
        const next = row.mode === "hourly" ? new Date(Date.parse(row.at ?? ctx.now) + 3_600_000).toISOString() : null;
        ctx.table(self).update(row.id, { at: next, rings: row.rings + 1 });
        ctx.emit("rang", { alarm: row.id });
      },
    }),
  }),
);

const nudge = command({ doc: "Does nothing.", roles: ["clerk"], output: "none", run: () => undefined });

const depot = service("timed", {
  doc: "A depot with alarms.",
  version: "v1",
  roles: { clerk: "Somebody." },
  resources: [shelves, rules, alarms],
  operations: { nudge },
});

forEachEngine((engine) => {
  let running: Running;
  let shiftMs = 0;

  beforeAll(async () => {
    running = await serve(await engine.create(), { services: [depot], clock: () => Date.now() + shiftMs, tolerant: true });
  });
  afterAll(() => running[Symbol.asyncDispose]());

  const shelf = async () => idOf(await running.call("shelves.create", { body: {} }));
  const alarm = async (id: string) => dataOf(await running.call("alarms.get", { id }));
  const soon = (ms: number) => new Date(Date.now() + shiftMs + ms).toISOString();

  test("rows in memory: what a batch changes is seen by the commands behind it, and by the next batch", async () => {
    const id = await shelf();
    const put = (count: number) => running.call("shelves.put", { id, body: { count } });
    const rule = idOf(await running.call("rules.create", { body: { label: "a", most: 10 } }));
    expect(outcomeOf(await put(6))).toBe("200");
    expect(refusalOf(await put(5)).details).toMatchObject({ rules: 1 });
    const results = await Promise.all([
      running.call("rules.update", { id: rule, body: { most: 20 } }),
      put(5),
      running.call("rules.create", { body: { label: "b", most: 12 } }),
      put(5),
    ]);
    expect(results.map(outcomeOf)).toEqual(["200", "200", "201", "422 full"]);
    const [second] = rowsOf(await running.call("rules.list", { query: { sortBy: ["label.desc"] } }));
    expect(outcomeOf(await running.call("rules.delete", { id: String(second?.["id"]) }))).toBe("204");
    expect(outcomeOf(await put(5))).toBe("200");
  });

  test("what another process changes is seen too", async () => {
    // Two apps over one database, as two processes have it.
    const database = await engine.create();
    await using one = await serve(database, { services: [depot] });
    await using two = await serve({ url: database.url, drop: async () => undefined }, { services: [depot] });
    const id = idOf(await one.call("shelves.create", { body: {} }));
    const rule = idOf(await one.call("rules.create", { body: { label: "a", most: 1 } }));
    const put = (at: Running) => at.call("shelves.put", { id, body: { count: 1 } });
    expect([outcomeOf(await put(one)), outcomeOf(await put(one))]).toEqual(["200", "422 full"]);
    dataOf(await two.call("rules.update", { id: rule, body: { most: 2 } }));
    expect([outcomeOf(await put(one)), outcomeOf(await put(two))]).toEqual(["200", "422 full"]);
  });

  test("a second round of loading follows the rules of the moment", async () => {
    const [one, two] = [await shelf(), await shelf()];
    for (const rule of rowsOf(await running.call("rules.list"))) await running.call("rules.delete", { id: String(rule["id"]) });
    await running.call("rules.create", { body: { label: "sum", most: 10, shelf: two } });
    const put = (id: string, count: number) => running.call("shelves.put", { id, body: { count } });
    expect(outcomeOf(await put(one, 4))).toBe("200");
    const third = await shelf();
    // The rule is made to look at another shelf by a command before it in the same batch: that row is fetched in time.
    const [rule] = rowsOf(await running.call("rules.list"));
    const results = await Promise.all([
      running.call("rules.update", { id: String(rule?.["id"]), body: { shelf: third } }),
      put(third, 4),
      put(one, 3),
    ]);
    expect(results.map(outcomeOf)).toEqual(["200", "200", "422 full"]);
  });

  test("work that is due is done at the head of the next batch, once, with its event", async () => {
    const place = await shelf();
    const id = idOf(await running.call("alarms.create", { body: { at: soon(60_000), shelf: place } }));
    await running.call("nudge");
    expect(await alarm(id)).toMatchObject({ rings: 0 });
    const seq = await running.lastSeq();
    shiftMs += 61_000;
    await Promise.all([running.call("nudge"), running.call("nudge")]);
    await running.call("nudge");
    expect(await alarm(id)).toMatchObject({ rings: 1, at: null });
    expect(dataOf(await running.call("shelves.get", { id: place }))).toMatchObject({ count: 1 });
    const rows = await running.journal({ after: seq });
    expect(rows.map(({ operation, channel, events }) => [operation, channel, events])).toEqual([
      ["timed.alarms.due", "system", [{ type: "alarms.rang", data: { alarm: id } }]],
    ]);
  });

  test("one that names a later moment comes again; a moment that is taken away does not", async () => {
    const hourly = idOf(await running.call("alarms.create", { body: { at: soon(1_000), mode: "hourly" } }));
    const gone = idOf(await running.call("alarms.create", { body: { at: soon(1_000) } }));
    await running.call("alarms.update", { id: gone, body: { at: null } });
    for (let hour = 0; hour < 3; hour++) {
      shiftMs += 3_600_000;
      await running.call("nudge");
    }
    expect([(await alarm(hourly))["rings"], (await alarm(gone))["rings"]]).toEqual([3, 0]);
    await running.call("alarms.delete", { id: hourly });
  });

  test("work that fails costs nobody else anything, is told of, and is tried again a minute later", async () => {
    const place = await shelf();
    const stuck = idOf(await running.call("alarms.create", { body: { at: soon(1_000), mode: "stuck", shelf: place } }));
    const broken = idOf(await running.call("alarms.create", { body: { at: soon(1_000), mode: "throws" } }));
    const good = idOf(await running.call("alarms.create", { body: { at: soon(1_000) } }));
    const told = running.errors.length;
    shiftMs += 2_000;
    expect(outcomeOf(await running.call("nudge"))).toBe("204");
    for (let again = 0; again < 5; again++) await running.call("nudge");
    expect(await alarm(good)).toMatchObject({ rings: 1 });
    // What a run wrote before it failed is gone with it.
    expect(dataOf(await running.call("shelves.get", { id: place }))).toMatchObject({ count: 0 });
    expect(running.errors.slice(told).map(String)).toEqual([
      expect.stringContaining(`left "at" as it was`),
      expect.stringContaining("broken alarm"),
    ]);
    await running.call("alarms.update", { id: broken, body: { mode: "once" } });
    await running.call("nudge");
    expect(await alarm(broken)).toMatchObject({ rings: 0 });
    shiftMs += 61_000;
    await running.call("nudge");
    expect(await alarm(broken)).toMatchObject({ rings: 1 });
    await running.call("alarms.delete", { id: stuck });
  });

  test("more than a batch takes at once is done in several", async () => {
    const bodies = Array.from({ length: 1_200 }, () => ({ operation: "alarms.create", options: { body: { at: soon(1_000) } } }));
    const ids = (await running.batch(bodies, "independent")).map(idOf);
    shiftMs += 2_000;
    for (let again = 0; again < 5; again++) await running.call("nudge");
    const rung = await Promise.all(ids.map(alarm));
    expect(ids.length).toBe(1_200);
    expect(rung.filter(({ rings }) => rings !== 1)).toEqual([]);
  });

  test("nobody calls: a timer wakes the writer", async () => {
    running.app.agenda.start(() => running.app.writer.wake());
    try {
      const id = idOf(await running.call("alarms.create", { body: { at: soon(150) } }));
      const until = performance.now() + 5_000;
      while ((await alarm(id))["rings"] === 0 && performance.now() < until) await Bun.sleep(20);
      expect(await alarm(id)).toMatchObject({ rings: 1 });
    } finally {
      running.app.agenda.stop();
    }
  });

  test("nobody calls: what was missed is done, one run after the other", async () => {
    const id = idOf(await running.call("alarms.create", { body: { at: soon(-30 * 3_600_000 + 60_000), mode: "hourly" } }));
    running.app.agenda.start(() => running.app.writer.wake());
    try {
      const until = performance.now() + 5_000;
      while (Number((await alarm(id))["rings"]) < 30 && performance.now() < until) await Bun.sleep(20);
      expect(await alarm(id)).toMatchObject({ rings: 30 });
    } finally {
      running.app.agenda.stop();
    }
    await running.call("alarms.delete", { id });
  });
});
