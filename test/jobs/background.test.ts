/** Jobs that follow events: in order, once, with what they do committed together with the note that it was done. */
import { expect, test } from "bun:test";
import { job, rowOf } from "../../src/index.ts";
import type { JobDefinition } from "../../src/define/jobs.ts";
import { createApp } from "../../src/host/app.ts";
import type { Failure } from "../../src/sources/index.ts";
import { dataOf, forEachEngine, idOf, type Running, serve, type ServeOptions } from "../core/harness.ts";
import { mark, marks, marksOf, orders, worksWith } from "./works.ts";

interface Works extends AsyncDisposable {
  readonly running: Running;
  readonly failures: Failure[];
  /** Goes on by so many milliseconds. */
  pass(ms: number): void;
  place(customer?: string): Promise<string>;
  poke(order: string, notes: readonly string[]): Promise<void>;
  /** Waits until nobody has anything to do. */
  settled(): Promise<void>;
}

forEachEngine((engine) => {
  const open = async (
    jobs: Readonly<Record<string, JobDefinition>>,
    options: Partial<ServeOptions> & { readonly isStarted?: false } = {},
  ): Promise<Works> => {
    const { isStarted, ...rest } = options;
    let nowMs = Date.parse("2026-03-01T12:00:00Z");
    const running = await serve(await engine.create(), { services: [worksWith(jobs)], clock: () => nowMs, ...rest });
    const failures: Failure[] = [];
    if (isStarted !== false) await running.app.jobs.start({ onFailed: (failure) => void failures.push(failure) });
    const settled = async (): Promise<void> => {
      await running.app.jobs.look();
      await running.app.jobs.settled();
    };
    return {
      running,
      failures,
      pass: (ms) => void (nowMs += ms),
      place: async (customer = "somebody") => idOf(await running.call("orders.create", { body: { customer } })),
      poke: async (id, notes) => void dataOf(await running.call("orders.poke", { id, body: { notes } })),
      settled,
      [Symbol.asyncDispose]: async () => {
        await running.app.jobs.stop();
        await running[Symbol.asyncDispose]();
      },
    };
  };

  const follow = job({
    doc: "Marks.",
    on: ["orders.placed", "orders.poked"],
    run: (ctx, event) => void mark(ctx, "follow", event),
  });

  test("each event is followed once, in order, also one of several in a row of the journal", async () => {
    await using works = await open({ follow });
    const first = await works.place();
    await works.poke(first, ["a", "b", "c"]);
    const second = await works.place();
    await works.settled();
    const done = await marksOf(works.running);
    expect(done.map(({ about }) => about)).toEqual([first, first, first, first, second]);
    const events = done.map(({ event }) => event);
    expect(events).toEqual(events.toSorted((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10)));
    expect(new Set(events).size).toBe(5);
    expect(events[0]).toBe("1-0");
    await works.settled();
    expect(await marksOf(works.running)).toHaveLength(5);
  });

  test("what it does is a command of the system: in the journal, with what it changed, and with the note how far it has come", async () => {
    await using works = await open({ follow });
    await works.place();
    await works.settled();
    const row = (await works.running.journal()).at(-1);
    expect(row).toMatchObject({ operation: "works.jobs.follow", channel: "system", requestId: "job follow 1-0", app: "pons" });
    expect(((row?.["changes"] ?? []) as unknown as { table: string }[]).map(({ table }) => table)).toEqual(["works_marks"]);
    const [stored] = await works.running.store.admin.query("SELECT seq FROM pons_jobs WHERE name = 'works.follow' AND realm > 0");
    expect(Number(stored?.["seq"])).toBeGreaterThanOrEqual(1);
  });

  test("many events share few commits", async () => {
    const loading = job({
      doc: "Marks, with the order at hand.",
      on: ["orders.placed", "orders.poked"],
      load: (event) => ({ order: rowOf(orders, event.row) }),
      run: (ctx, event) => {
        if (ctx.table(orders).loaded(event.row ?? "")?.customer !== "somebody") throw new Error("another order");
        mark(ctx, "loading", event);
      },
    });
    await using works = await open({ loading }, { isStarted: false });
    await works.running.app.jobs.start();
    const id = await works.place();
    await works.settled();
    const before = works.running.app.writer.counts.commits;
    await works.poke(
      id,
      Array.from({ length: 100 }, (_, at) => `${at}`),
    );
    await works.settled();
    expect(await marksOf(works.running)).toHaveLength(101);
    expect(works.running.app.writer.counts.commits - before).toBeLessThan(6);
  });

  test("a new job follows what comes from then on; one that asks for it, all that ever was", async () => {
    const all = job({ doc: "All.", on: "orders.*", from: "beginning", run: (ctx, event) => void mark(ctx, "all", event) });
    await using works = await open({ follow, all }, { isStarted: false });
    await works.place();
    await works.running.app.jobs.start();
    await works.settled();
    expect((await marksOf(works.running)).map(({ job: name }) => name)).toEqual(["all"]);
    await works.place();
    await works.settled();
    expect(await marksOf(works.running, "follow")).toHaveLength(1);
    expect(await marksOf(works.running, "all")).toHaveLength(2);
  });

  test("an environment that begins later is followed from its first event", async () => {
    await using works = await open({ follow });
    const { store } = works.running;
    const realm = await store.realms.of("demo", "elsewhere");
    const as = works.running.caller("clerk", { realm, environment: "elsewhere" });
    dataOf(await works.running.call("orders.create", { as, body: { customer: "first" } }));
    await works.settled();
    expect(await marksOf(works.running)).toHaveLength(1);
  });

  test("what was committed while nobody was there is made up for", async () => {
    await using works = await open({ follow });
    await works.running.app.jobs.stop();
    await works.place();
    await works.place();
    expect(await marksOf(works.running)).toHaveLength(0);
    await using again = await second(works, { follow });
    await again.settled();
    expect(await marksOf(works.running)).toHaveLength(2);
  });

  /** The same store, served by a further app. */
  const second = async ({ running: { store } }: Works, jobs: Readonly<Record<string, JobDefinition>>) => {
    const app = createApp({ services: [worksWith(jobs)], store, cursorSecret: "a secret for cursors, of tests only" });
    await app.jobs.start();
    return {
      settled: async () => {
        await app.jobs.look();
        await app.jobs.settled();
      },
      [Symbol.asyncDispose]: async () => {
        await app.jobs.stop();
        await app.writer.drained();
        await app.audit.stop();
      },
    };
  };

  test("what fails waits, its row's later events behind it; others go on; order is kept for each row", async () => {
    let isBroken = true;
    let bad = "";
    const shaky = job({
      doc: "Fails for one row.",
      on: ["orders.placed", "orders.poked"],
      attempts: 5,
      run: (ctx, event) => {
        mark(ctx, "shaky", event);
        // The first event comes before anyone knows which row it is about.
        if (isBroken && bad === "") bad = event.row ?? "";
        if (isBroken && event.row === bad) throw new Error("not now");
      },
    });
    await using works = await open({ shaky });
    bad = await works.place("bad");
    const good = await works.place("good");
    await works.poke(bad, ["1", "2"]);
    await works.poke(good, ["1", "2"]);
    await works.settled();
    expect((await marksOf(works.running)).map(({ about }) => about)).toEqual([good, good, good]);
    expect(works.failures).toMatchObject([{ job: "works.shaky", event: "1-0", attempts: 1, isParked: false }]);
    // Not before its time.
    works.pass(400);
    await works.settled();
    expect(works.failures).toHaveLength(1);
    works.pass(700);
    await works.settled();
    expect(works.failures).toHaveLength(2);
    const waiting = await works.running.store.admin.query("SELECT state FROM pons_job_events");
    expect(waiting.map(({ state }) => state)).toEqual(["waiting", "waiting", "waiting"]);
    isBroken = false;
    works.pass(3_000);
    await works.settled();
    const done = (await marksOf(works.running)).filter(({ about }) => about === bad).map(({ event }) => event);
    expect(done).toHaveLength(3);
    expect(done[0]).toBe("1-0");
    expect(done).toEqual(done.toSorted());
    expect(await works.running.store.admin.query("SELECT * FROM pons_job_events")).toHaveLength(0);
  });

  test("what fails too often is parked, told of, and its row goes on; attempts come further and further apart", async () => {
    const poison = job({
      doc: "Fails for one note.",
      on: "orders.poked",
      attempts: 4,
      run: (ctx, event) => {
        mark(ctx, "poison", event);
        return event.data["note"] === "bad" ? ctx.refuse("nonsense", { note: "bad" }) : undefined;
      },
    });
    const told = job({ doc: "Hears of it.", on: "jobs.parked", run: (ctx, event) => void mark(ctx, "told", event) });
    await using works = await open({ poison, told });
    const id = await works.place();
    await works.poke(id, ["bad", "good"]);
    const waits: number[] = [];
    for (let passed = 0; !(works.failures.at(-1)?.isParked ?? false) && passed < 60_000; passed += 250) {
      await works.settled();
      if (works.failures.length > waits.length) waits.push(passed);
      works.pass(250);
    }
    await works.settled();
    expect(works.failures.map(({ attempts }) => attempts)).toEqual([1, 2, 3, 4]);
    for (const [at, waited] of waits.slice(1).entries()) {
      const apart = waited - (waits[at] ?? 0);
      expect(apart).toBeGreaterThanOrEqual(500 * 2 ** at);
      expect(apart).toBeLessThanOrEqual(1_000 * 2 ** at + 250);
    }
    const [parked, ...others] = await works.running.store.admin.query(
      "SELECT job, type, state, attempts, problem FROM pons_job_events",
    );
    expect(others).toHaveLength(0);
    const facts: unknown = { ...parked, attempts: Number(parked?.["attempts"]) };
    expect(facts).toEqual({
      job: "works.poison",
      type: "orders.poked",
      state: "parked",
      attempts: 4,
      problem: 'Error: refused: nonsense {"note":"bad"}',
    });
    expect((await marksOf(works.running, "poison")).map(({ event }) => event)).toEqual(["2-1"]);
    expect(await marksOf(works.running, "told")).toHaveLength(1);
    const event = (await works.running.journal())
      .flatMap(({ events }) => (events ?? []) as { type: string; data: object }[])
      .find(({ type }) => type === "jobs.parked");
    expect(event?.data).toMatchObject({ job: "poison", event: "2-0", type: "orders.poked", row: id });
  });

  test("what the database refuses is an attempt that failed; what was in its batch is not", async () => {
    const unique = job({
      doc: "Writes a value twice.",
      on: "orders.poked",
      attempts: 1,
      run: (ctx, event) => void mark(ctx, "unique", event, String(event.data["note"])),
    });
    await using works = await open({ unique }, { tolerant: true });
    const id = await works.place();
    await works.poke(id, ["a", "b", "a", "c"]);
    await works.settled();
    expect((await marksOf(works.running)).map(({ event }) => event)).toEqual(["2-0", "2-1", "2-3"]);
    expect(works.failures).toMatchObject([{ event: "2-2", isParked: true }]);
  });

  test("work outside: its result comes inside; what it takes too long or throws counts as failed", async () => {
    const asked: string[] = [];
    const outside = job({
      doc: "Asks a provider.",
      on: "orders.placed",
      timeoutSeconds: 1,
      work: async (ctx, event) => {
        asked.push(`${event.row} ${ctx.principal.roles.join()}`);
        const order = await ctx.table(orders).get(event.row ?? "");
        if (order?.customer === "slow" && asked.length < 4) await new Promise(() => undefined);
        if (order?.customer === "broken" && asked.length < 4) throw new Error("503");
        return `about ${order?.customer}`;
      },
      run: (ctx, event, answer) => void ctx.table(marks).insert({ job: answer, event: event.id }),
    });
    await using works = await open({ outside });
    await works.place("slow");
    await works.place("broken");
    await works.place("good");
    await works.settled();
    expect((await marksOf(works.running)).map(({ job: name }) => name)).toEqual(["about good"]);
    expect(works.failures.map(({ error }) => (error as Error).message)).toEqual(["it took longer than 1 s", "503"]);
    works.pass(5_000);
    await works.settled();
    expect((await marksOf(works.running)).map(({ job: name }) => name).toSorted()).toEqual([
      "about broken",
      "about good",
      "about slow",
    ]);
  });

  test("work outside: one event after the other, or so many rows at once, and inside in order all the same", async () => {
    let [under, most] = [0, 0];
    const at = (atOnce: number) =>
      job({
        doc: "Counts.",
        on: "orders.placed",
        atOnce,
        work: async () => {
          most = Math.max(most, ++under);
          await Bun.sleep(Math.random() * 4);
          under--;
        },
        run: (ctx, event) => void mark(ctx, "at", event),
      });
    for (const atOnce of [1, 4]) {
      most = 0;
      await using works = await open({ at: at(atOnce) }, { isStarted: false });
      await works.running.app.jobs.start();
      await works.place();
      await Promise.all(Array.from({ length: 12 }, (_, at) => works.place(`${at}`)));
      await works.settled();
      const events = (await marksOf(works.running)).map(({ event }) => Number.parseInt(event, 10));
      expect(events).toHaveLength(13);
      expect(events).toEqual(events.toSorted((a, b) => a - b));
      expect(most).toBe(atOnce);
    }
  });

  test("jobs may follow one another; in a circle they end after sixteen", async () => {
    const circle = job({
      doc: "Calls itself.",
      on: ["orders.poked", "orders.changed"],
      run: async (ctx, event) => {
        mark(ctx, "circle", event);
        const id = event.row ?? "";
        if (event.depth % 2 === 0) ctx.emit("poked", { order: id, note: "again" }, orders);
        else {
          const order = await ctx.table(orders).get(id);
          ctx.table(orders).update(id, { weight: (order?.weight ?? 0) + 1 });
        }
      },
    });
    await using works = await open({ circle });
    const id = await works.place();
    await works.poke(id, ["once"]);
    await works.settled();
    expect(await marksOf(works.running)).toHaveLength(16);
    expect(works.failures).toMatchObject([{ isParked: true, attempts: 1 }]);
    expect(works.failures.map(({ error }) => String(error)).join()).toContain("circle");
  });

  test("an event without a row, and one that a job emits without saying whose", async () => {
    const nobody = job({
      doc: "Emits wrongly.",
      on: "orders.counted",
      attempts: 1,
      run: (ctx, event) => {
        mark(ctx, "nobody", event);
        if (event.data["count"] === 2) ctx.emit("counted", { count: 3 });
      },
    });
    await using works = await open({ nobody });
    for (const count of [1, 2, 4])
      dataOf({ ok: true, status: 200, data: await works.running.call("orders.tally", { body: { count } }) } as never);
    await works.settled();
    expect((await marksOf(works.running)).map(({ about }) => about)).toEqual(["", ""]);
    expect(works.failures).toMatchObject([{ isParked: true }]);
  });

  test("events that concern no job cost it nothing, and are not read again after a start", async () => {
    let reads = 0;
    const around: ServeOptions["around"] = (store) => ({
      ...wrapped(store),
      read: (shape, calls) => {
        if (shape.key.endsWith(":events")) reads++;
        return store.read(shape, calls);
      },
    });
    await using works = await open({ follow }, { around });
    const id = await works.place();
    await works.settled();
    reads = 0;
    for (let at = 0; at < 50; at++) dataOf(await works.running.call("orders.update", { id, body: { weight: at + 2 } }));
    await works.settled();
    expect(reads).toBe(0);
    await works.poke(id, ["now"]);
    await works.settled();
    expect(await marksOf(works.running)).toHaveLength(2);
  });
});

const wrapped = (store: Running["store"]): Running["store"] => ({
  engine: store.engine,
  admin: store.admin,
  realms: store.realms,
  read: (shape, calls) => store.read(shape, calls),
  scan: (shape, call, options) => store.scan(shape, call, options),
  write: (work) => store.write(work),
  ping: () => store.ping(),
  close: () => store.close(),
});
