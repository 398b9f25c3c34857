/** Work by the clock: once per moment and realm, once for all that was missed, and its moment in the same commit as what it did. */
import { describe, expect, test } from "bun:test";
import { job, schedule, service } from "../../src/index.ts";
import { compile, type DefinitionError } from "../../src/contract/index.ts";
import type { JobDefinition } from "../../src/define/jobs.ts";
import { createApp } from "../../src/host/app.ts";
import type { Failure } from "../../src/sources/index.ts";
import { momentAfter, retryAfterMs } from "../../src/sources/jobs/moments.ts";
import { forEachEngine, type Running, serve } from "../core/harness.ts";
import { marks, marksOf, worksWith } from "./works.ts";

const secret = "a secret for cursors, of tests only";
const minuteMs = 60_000;

interface Clocked extends AsyncDisposable {
  readonly running: Running;
  readonly failures: Failure[];
  readonly clock: () => number;
  to(moment: string): Promise<void>;
}

const leave = (name: string) =>
  schedule("0 3 * * *", {
    doc: "Marks the day.",
    run: (ctx, { dueAt, lastAt }) =>
      void ctx.table(marks).insert({ job: name, event: dueAt.slice(0, 16), about: lastAt?.slice(0, 16) ?? "" }),
  });

forEachEngine((engine) => {
  const open = async (jobs: Readonly<Record<string, JobDefinition>>, from: string): Promise<Clocked> => {
    let nowMs = Date.parse(from);
    const clock = (): number => nowMs;
    const running = await serve(await engine.create(), { services: [worksWith(jobs)], clock, tolerant: true });
    const failures: Failure[] = [];
    const { jobs: started } = running.app;
    await started.start({ onFailed: (failure) => void failures.push(failure) });
    await started.settled();
    return {
      running,
      failures,
      clock,
      to: async (moment) => {
        nowMs = Date.parse(moment);
        await started.look();
        await started.settled();
      },
      [Symbol.asyncDispose]: async () => {
        await started.stop();
        await running[Symbol.asyncDispose]();
      },
    };
  };
  const eventsOf = async (running: Running) => (await marksOf(running)).map(({ event }) => event);

  test("once per moment; all that were missed once", async () => {
    await using works = await open({ daily: leave("daily") }, "2026-03-01T12:00:00Z");
    expect(await eventsOf(works.running)).toEqual([]);
    await works.to("2026-03-02T02:59:59.999Z");
    expect(await eventsOf(works.running)).toEqual([]);
    await works.to("2026-03-02T03:00:00Z");
    await works.to("2026-03-02T03:00:30Z");
    expect(await eventsOf(works.running)).toEqual(["2026-03-02T03:00"]);
    await works.to("2026-03-07T18:00:00Z");
    await works.to("2026-03-08T02:00:00Z");
    expect(await eventsOf(works.running)).toEqual(["2026-03-02T03:00", "2026-03-03T03:00"]);
    await works.to("2026-03-08T03:00:00Z");
    const done = await marksOf(works.running);
    expect(done.map(({ event, about }) => `${event} ${about}`)).toEqual([
      "2026-03-02T03:00 ",
      "2026-03-03T03:00 2026-03-02T03:00",
      "2026-03-08T03:00 2026-03-07T18:00",
    ]);
    const [row] = (await works.running.journal()).toReversed();
    expect(row).toMatchObject({
      operation: "works.jobs.daily",
      channel: "system",
      requestId: "job daily 2026-03-08T03:00:00.000Z",
    });
  });

  test("SECURITY 29: in every environment of every tenant, each by itself", async () => {
    await using works = await open({ daily: leave("daily") }, "2026-03-01T12:00:00Z");
    const { store } = works.running;
    for (const [tenant, environment] of [
      ["demo", "live"],
      ["other", "live"],
      ["other", "tenant"],
    ] as const)
      await store.realms.of(tenant, environment);
    await works.to("2026-03-01T13:00:00Z");
    await works.to("2026-03-02T03:00:00Z");
    const rows = await store.admin.query("SELECT realm FROM works_marks ORDER BY realm");
    // The rows of the service are an environment's: the tenant as a whole has none.
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map(({ realm }) => Number(realm))).size).toBe(3);
  });

  test("two nodes, none of which knows of the other: each moment once", async () => {
    let nowMs = Date.parse("2026-03-01T12:00:00Z");
    const clock = (): number => nowMs;
    const jobs = {
      often: schedule(
        { every: 10 },
        { doc: "Often.", run: (ctx, { dueAt }) => void ctx.table(marks).insert({ job: "often", event: dueAt }) },
      ),
    };
    await using running = await serve(await engine.create(), { services: [worksWith(jobs)], clock, tolerant: true });
    const other = createApp({ services: [worksWith(jobs)], store: running.store, cursorSecret: secret, clock });
    const apps = [running.app, other];
    await Promise.all(apps.map((app) => app.jobs.start()));
    for (let at = 0; at < 20; at++) {
      await Promise.all(apps.map((app) => app.jobs.settled()));
      nowMs += 10_000;
      await Promise.all(apps.map((app) => app.jobs.look()));
    }
    await Promise.all(apps.map((app) => app.jobs.settled()));
    const events = await eventsOf(running);
    expect(events).toHaveLength(20);
    expect(new Set(events).size).toBe(20);
    for (const app of apps) await app.jobs.stop();
    await other.writer.drained();
    await other.audit.stop();
  });

  test("what fails is tried again, leaves nothing, and gives way to the next moment when it is given up", async () => {
    let isBroken = true;
    const shaky = schedule("0 3 * * *", {
      doc: "Fails.",
      attempts: 3,
      run: (ctx, { dueAt }) => {
        ctx.table(marks).insert({ job: "shaky", event: dueAt.slice(0, 10) });
        if (isBroken) throw new Error("not today");
      },
    });
    const told = job({
      doc: "Hears.",
      on: "jobs.parked",
      run: (ctx, { data }) => void ctx.table(marks).insert({ job: "told", event: String(data["event"]) }),
    });
    await using works = await open({ shaky, told }, "2026-03-01T12:00:00Z");
    await works.to("2026-03-02T03:00:00Z");
    await works.to("2026-03-02T03:00:01Z");
    await works.to("2026-03-02T03:00:05Z");
    await works.to("2026-03-02T03:00:15Z");
    expect(works.failures.map(({ attempts, isParked }) => `${attempts} ${isParked}`)).toEqual(["1 false", "2 false", "3 true"]);
    expect(await eventsOf(works.running)).toEqual(["2026-03-02T03:00:00.000Z"]);
    const [row] = await works.running.store.admin.query("SELECT problem FROM pons_jobs WHERE name = 'works.shaky' AND realm > 0");
    expect(row).toEqual({ problem: "Error: not today" });
    isBroken = false;
    await works.to("2026-03-03T03:00:00Z");
    expect((await marksOf(works.running, "shaky")).map(({ event }) => event)).toEqual(["2026-03-03"]);
    const [after] = await works.running.store.admin.query(
      "SELECT problem FROM pons_jobs WHERE name = 'works.shaky' AND realm > 0",
    );
    expect(after).toEqual({ problem: null });
  });

  test("work outside comes first; a moment that was given another time is planned anew", async () => {
    const worked: string[] = [];
    const outside = schedule("0 * * * *", {
      doc: "Asks.",
      work: async (_, { dueAt }) => {
        worked.push(dueAt);
        return worked.length;
      },
      run: (ctx, { dueAt }, count) => void ctx.table(marks).insert({ job: `${count}`, event: dueAt.slice(11, 16) }),
    });
    await using works = await open({ outside }, "2026-03-01T12:30:00Z");
    await works.to("2026-03-01T13:00:00Z");
    expect((await marksOf(works.running)).map(({ job: name, event }) => `${name} ${event}`)).toEqual(["1 13:00"]);
    await works.running.app.jobs.stop();
    const { store } = works.running;
    const changed = {
      outside: schedule("30 13 * * *", {
        doc: "Later.",
        run: (ctx) => void ctx.table(marks).insert({ job: "changed", event: ctx.now.slice(11, 16) }),
      }),
    };
    let nowMs = Date.parse("2026-03-01T13:10:00Z");
    const app = createApp({ services: [worksWith(changed)], store, cursorSecret: secret, clock: () => nowMs });
    await app.jobs.start();
    await app.jobs.settled();
    nowMs = Date.parse("2026-03-01T13:30:00Z");
    await app.jobs.look();
    await app.jobs.settled();
    expect((await marksOf(works.running)).map(({ event }) => event)).toEqual(["13:00", "13:30"]);
    await app.jobs.stop();
    await app.writer.drained();
    await app.audit.stop();
  });
});

describe("moments", () => {
  const at = (when: string | { every: number }, after: string, timezone?: string): string | undefined => {
    const contract = compile(
      worksWith({ one: schedule(when, { doc: "One.", ...(timezone === undefined ? {} : { timezone }), run: () => undefined }) }),
    );
    const one = contract.jobs.get("one");
    if (one?.kind !== "scheduled") throw new Error("no schedule");
    const next = momentAfter(one, Date.parse(after));
    return next === undefined ? undefined : new Date(next).toISOString();
  };

  test("cron in UTC, in a time zone over both changes of the clock, and every so many seconds", () => {
    expect(at("0 3 * * *", "2026-03-01T03:00:00Z")).toBe("2026-03-02T03:00:00.000Z");
    expect(at("0 3 * * MON-FRI", "2026-02-27T03:00:00Z")).toBe("2026-03-02T03:00:00.000Z");
    expect(at("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin")).toBe("2026-03-29T01:30:00.000Z");
    expect(at("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin")).toBe("2026-10-25T00:30:00.000Z");
    expect(at("30 2 * * *", "2026-10-25T00:30:00Z", "Europe/Berlin")).toBe("2026-10-26T01:30:00.000Z");
    expect(at({ every: 300 }, "2026-03-01T12:00:00Z")).toBe("2026-03-01T12:05:00.000Z");
    expect(at({ every: 300 }, "2026-03-01T12:04:59.999Z")).toBe("2026-03-01T12:05:00.000Z");
  });

  test("attempts come apart, by up to half, and at most an hour", () => {
    expect([1, 2, 3, 12, 13, 100].map((attempts) => retryAfterMs(attempts, () => 0))).toEqual([
      1_000, 2_000, 4_000, 2_048_000, 3_600_000, 3_600_000,
    ]);
    expect(retryAfterMs(3, () => 1)).toBe(2_000);
    expect(60 * minuteMs).toBe(3_600_000);
  });
});

test("what does not fit is told when it is compiled", () => {
  const definition = worksWith({
    "Not-camel": job({ doc: "Name.", on: "orders.placed", run: () => undefined }),
    nothing: job({ doc: "Does nothing.", on: "orders.placed" }),
    unknown: job({ doc: "Follows what is not there.", on: ["orders.flown", "ships.*"], run: () => undefined }),
    none: job({ doc: "Follows nothing.", on: [], run: () => undefined }),
    wild: job({ doc: "Numbers.", on: "*", attempts: 0, timeoutSeconds: 0.5, atOnce: 33, run: () => undefined }),
    cron: schedule("61 * * * *", { doc: "No minute.", run: () => undefined }),
    never: schedule("0 0 30 2 *", { doc: "No day.", run: () => undefined }),
    nowhere: schedule("0 0 * * *", { doc: "No place.", timezone: "Mars/Olympus", run: () => undefined }),
    every: schedule({ every: 0 }, { doc: "No time.", run: () => undefined }),
  });
  let problems: readonly string[] = [];
  try {
    compile(service("works", definition));
  } catch (error) {
    problems = (error as DefinitionError).problems;
  }
  expect(problems).toEqual([
    'jobs.Not-camel: "Not-camel" is not a usable name (camelCase, at most 48 characters)',
    "jobs.nothing: needs `run`, `work` or both",
    'jobs.unknown: there is no event "orders.flown" (events: orders.placed, orders.changed, orders.poked, orders.counted, jobs.parked)',
    'jobs.unknown: there is no event "ships.*" (events: orders.placed, orders.changed, orders.poked, orders.counted, jobs.parked)',
    "jobs.none: follows no event",
    "jobs.wild: `attempts` is a whole number, 1 … 100",
    "jobs.wild: `timeoutSeconds` is a whole number, 1 … 3600",
    "jobs.wild: `atOnce` is a whole number, 1 … 32",
    'jobs.cron: "61 * * * *" in UTC: value out of range for field',
    'jobs.never: "0 0 30 2 *" never comes',
    "jobs.nowhere: \"0 0 * * *\" in Mars/Olympus: unknown time zone 'Mars/Olympus'",
    "jobs.every: `every` is a whole number of seconds, 1 … 31622400",
  ]);
});
