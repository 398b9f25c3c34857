/** Services that call one another: as themselves, with the roles that they declare and no others, and not without end. */
import { expect, test } from "bun:test";
import { type CallAnswer, job, resource, schedule, service, t } from "../../src/index.ts";
import { compile } from "../../src/contract/index.ts";
import type { CalledServices } from "../../src/define/calls.ts";
import type { JobDefinition } from "../../src/define/jobs.ts";
import { compileServices, createApp } from "../../src/host/app.ts";
import { createSeeder } from "../../src/host/seeder.ts";
import type { Failure } from "../../src/sources/index.ts";
import { dataOf, forEachEngine, refusalOf, rowsOf, type Running, serve } from "../core/harness.ts";

type Jobs = Readonly<Record<string, JobDefinition>>;

const parcels = resource(
  "parcels",
  {
    doc: "Parcels.",
    fields: {
      id: t.id("prc", { client: true }),
      label: t.string({ maxLength: 200 }),
      value: t.money({ default: 0n }),
    },
  },
  ({ all, command }) => ({
    rows: { clerk: all, keeper: all },
    access: { create: ["clerk", "keeper"] },
    events: { sent: { on: "create", data: { parcel: t.ref("parcels"), label: t.string() } } },
    functions: {
      burn: command({
        doc: "Refuses.",
        on: "item",
        roles: ["keeper", "clerk"],
        output: "none",
        refusals: { too_damp: { status: 409, doc: "It does not burn." } },
        run: (ctx) => ctx.refuse("too_damp", { water: 3 }),
      }),
      audit: command({ doc: "For keepers.", on: "collection", roles: ["keeper"], output: "none", run: () => undefined }),
    },
  }),
);

/** Whoever is called. */
const depot = (jobs: Jobs = {}, calls: CalledServices = {}) =>
  service("depot", {
    doc: "Keeps parcels.",
    version: "v1",
    roles: { clerk: "Sends.", keeper: "Keeps." },
    resources: [parcels],
    jobs,
    calls,
  });

const notes = resource(
  "notes",
  { doc: "Notes.", fields: { id: t.id("nte", { client: true }), text: t.string({ maxLength: 400 }) } },
  ({ all }) => ({
    rows: { writer: all },
    access: { create: ["writer"] },
    events: { written: { on: "create", data: { note: t.ref("notes"), text: t.string() } } },
  }),
);

const answers = resource(
  "answers",
  { doc: "What was answered.", fields: { id: t.id("ans"), text: t.string({ maxLength: 2_000 }) } },
  ({ all }) => ({ rows: { writer: all } }),
);

/** Whoever calls. */
const office = (jobs: Jobs, calls: CalledServices = { depot: { roles: ["clerk"] } }) =>
  service("office", {
    doc: "Writes notes.",
    version: "v1",
    roles: { writer: "Writes." },
    resources: [notes, answers],
    jobs,
    calls,
  });

const asks = (work: NonNullable<Parameters<typeof job<CallAnswer>>[0]["work"]>) =>
  job<CallAnswer>({
    doc: "Asks the depot, and keeps what it says.",
    on: "notes.written",
    attempts: 1,
    work,
    run: (ctx, _event, answer) => void ctx.table(answers).insert({ text: JSON.stringify(answer) }),
  });

/** The id of a parcel that follows from that of a note. */
const parcelOf = (note: string | null): string => `prc_${String(note).slice(4)}`;

forEachEngine((engine) => {
  const open = async (
    services: Parameters<typeof serve>[1]["services"],
  ): Promise<{ readonly running: Running; readonly failures: Failure[] } & AsyncDisposable> => {
    const running = await serve(await engine.create(), { services });
    const failures: Failure[] = [];
    await running.app.jobs.start({ onFailed: (failure) => void failures.push(failure) });
    return {
      running,
      failures,
      [Symbol.asyncDispose]: async () => {
        await running.app.jobs.stop();
        await running[Symbol.asyncDispose]();
      },
    };
  };
  const write = async (running: Running, text = "hello"): Promise<string> => {
    const made = await running.call("notes.create", { as: running.caller("writer"), body: { text } });
    await running.app.jobs.look();
    await running.app.jobs.settled();
    return String(dataOf(made)["id"]);
  };
  const answered = async (running: Running): Promise<CallAnswer[]> => {
    const rows = rowsOf(await running.call("answers.list", { as: running.caller("writer") }));
    return rows.map(({ text }) => JSON.parse(String(text)) as CallAnswer);
  };

  test("it passes the pipeline as the service itself: rights, checks, journal; what is done again is a replay", async () => {
    const sends = asks((ctx, { row }) =>
      ctx.call("depot.parcels.create", { body: { id: parcelOf(row), label: "x", value: 2n ** 60n } }),
    );
    await using at = await open([office({ sends }), depot()]);
    const { running } = at;
    const note = await write(running);
    expect(await answered(running)).toMatchObject([
      { ok: true, status: 201, data: { id: parcelOf(note), value: String(2n ** 60n) }, isReplayed: false },
    ]);
    const row = (await running.journal()).find(({ operation }) => operation === "depot.parcels.create");
    expect(row).toMatchObject({ app: "service:office", user: null, subject: null, channel: "system" });
    expect(row?.["requestId"]).toMatch(/^job sends \d+-0$/);
  });

  test("SECURITY 24: it has the roles that are declared, not those of whoever caused it, nor gives it any", async () => {
    const audits = asks((ctx) => ctx.call("depot.parcels.audit"));
    await using at = await open([office({ audits }), depot()]);
    const { running } = at;
    const both = running.caller(["writer", "keeper"]);
    dataOf(await running.call("notes.create", { as: both, body: { text: "a" } }));
    await running.app.jobs.look();
    await running.app.jobs.settled();
    expect(await answered(running)).toMatchObject([{ ok: false, type: "forbidden", status: 403 }]);
    const writer = running.caller("writer");
    expect(refusalOf(await running.call("parcels.create", { as: writer, body: { label: "x" } })).type).toBe("forbidden");
    await running.app.audit.flush();
    const refused = await running.store.admin.query("SELECT app, operation FROM pons_refusals WHERE operation LIKE 'depot.%'");
    expect(refused.map(({ app, operation }) => [app, operation])).toContainEqual(["service:office", "depot.parcels.audit"]);
  });

  test("refusals are answers, with their details; mistakes of form too", async () => {
    const burns = asks(async (ctx) => {
      await ctx.call("depot.parcels.create", { body: { id: parcelOf("nte_00000000000000000000000001"), label: "x" } });
      return ctx.call("depot.parcels.burn", { id: parcelOf("nte_00000000000000000000000001"), body: {} });
    });
    const errs = asks((ctx) => ctx.call("depot.parcels.create", { body: { label: 7 } }));
    await using at = await open([office({ burns, errs }), depot()]);
    await write(at.running);
    const found = await answered(at.running);
    expect(found.find((answer) => !answer.ok && answer.type === "too_damp")).toMatchObject({
      status: 409,
      details: { water: 3 },
    });
    expect(found.find((answer) => !answer.ok && answer.type === "validation_failed")).toMatchObject({
      details: { issues: expect.anything() as unknown },
    });
  });

  test("rows of a list, by what fields have", async () => {
    const lists = asks(async (ctx, { row }) => {
      for (const label of ["a", "b", "b"]) await ctx.call("depot.parcels.create", { body: { label } });
      return row === null
        ? Promise.reject(new Error("no row"))
        : ctx.call("depot.parcels.list", { filters: { label: "b" }, perPage: 5 });
    });
    await using at = await open([office({ lists }), depot()]);
    await write(at.running);
    const [answer] = await answered(at.running);
    expect((answer?.ok === true ? (answer.data as { label: string }[]) : []).map(({ label }) => label)).toEqual(["b", "b"]);
  });

  test("an optional service that is not served says so; what is not declared or not there fails the attempt", async () => {
    const optional = asks(async (ctx) => {
      if (ctx.serves("depot")) throw new Error("it is not there");
      return ctx.call("depot.parcels.list");
    });
    await using alone = await open([office({ optional }, { depot: { roles: ["clerk"], optional: true } })]);
    await write(alone.running);
    expect(await answered(alone.running)).toEqual([{ ok: false, type: "service_not_served", status: 501, details: {} }]);
    const undeclared = asks((ctx) => ctx.call("vault.coins.list"));
    const unknown = asks((ctx) => ctx.call("depot.parcels.juggle"));
    const ownOne = asks((ctx) => ctx.call("notes.list"));
    await using at = await open([office({ undeclared, unknown, ownOne }), depot()]);
    await write(at.running);
    expect(
      at.failures.map(({ job: name, error, isParked }) => `${name} ${String(isParked)} ${String(error)}`).toSorted(),
    ).toEqual([
      'office.ownOne true TypeError: office does not say that it calls "notes": `calls`',
      'office.undeclared true TypeError: office does not say that it calls "vault": `calls`',
      'office.unknown true TypeError: depot has no operation "parcels.juggle"',
    ]);
  });

  test("services that call each other in a circle are stopped", async () => {
    const there = job({
      doc: "There.",
      on: "notes.written",
      work: (ctx) => ctx.call("depot.parcels.create", { body: { label: "again" } }),
    });
    const back = job({
      doc: "And back.",
      on: "parcels.sent",
      work: (ctx) => ctx.call("office.notes.create", { body: { text: "again" } }),
    });
    await using at = await open([office({ there }), depot({ back }, { office: { roles: ["writer"] } })]);
    await write(at.running);
    const { data } = (await at.running.call("parcels.count", { as: at.running.caller("clerk") })) as { data?: unknown };
    expect(Number((data as { count?: number }).count ?? data)).toBe(8);
    expect(at.failures.map(({ isParked, error }) => [isParked, String(error)])).toEqual([
      [true, expect.stringContaining("in a circle") as unknown as string],
    ]);
  });

  test("a schedule calls too", async () => {
    let nowMs = Date.parse("2026-03-01T12:00:00Z");
    const often = schedule<CallAnswer>(
      { every: 60 },
      {
        doc: "Sends one a minute.",
        work: (ctx, { dueAt }) => ctx.call("depot.parcels.create", { body: { label: dueAt } }),
        run: (ctx, _run, answer) => void ctx.table(answers).insert({ text: JSON.stringify(answer) }),
      },
    );
    const running = await serve(await engine.create(), { services: [office({ often }), depot()], clock: () => nowMs });
    await running.app.jobs.start();
    const settled = async (): Promise<void> => {
      await running.app.jobs.look();
      await running.app.jobs.settled();
    };
    await settled();
    nowMs += 61_000;
    await settled();
    expect(await answered(running)).toMatchObject([{ ok: true, data: { label: "2026-03-01T12:01:00.000Z" } }]);
    await running.app.jobs.stop();
    await running[Symbol.asyncDispose]();
  });

  test("seeds call and list what their service calls", async () => {
    await using at = await open([office({}), depot()]);
    const { running } = at;
    const contract = running.app.contracts.get("office");
    if (contract === undefined) throw new Error("no contract");
    const seeder = createSeeder(running.app, contract, running.caller(["clerk", "writer"]));
    await seeder.call("depot.parcels.create", [{ label: "a" }, { label: "b" }]);
    expect((await seeder.list("depot.parcels.list", { filters: { label: "b" } })).map(({ label }) => label)).toEqual(["b"]);
    expect(seeder.list("vault.coins.list")).rejects.toThrow("there is no operation");
  });
});

test.each<readonly [string, CalledServices, string]>([
  ["itself", { office: { roles: ["writer"] } }, "does not call itself"],
  ["without a role", { depot: { roles: [] } }, "names no role"],
  ["as the system", { depot: { roles: ["system"] } }, "never granted"],
  ["as anyone", { depot: { roles: ["anyone"] } }, "never granted"],
])("a definition that calls %s does not compile", (_, calls, problem) => {
  expect(() => compile(office({}, calls))).toThrow(problem);
});

test.each<readonly [string, CalledServices, string]>([
  ["a role that is not there", { depot: { roles: ["queen"] } }, 'depot has no role "queen"'],
  ["a service that is not there", { vault: { roles: ["clerk"] } }, "vault is not served beside it"],
])("services that do not fit do not start: %s", (_, calls, problem) => {
  const services = [office({}, calls), depot()];
  const start = (): unknown =>
    createApp({ services, contracts: compileServices(services), store: undefined as never, cursorSecret: "x".repeat(32) });
  expect(start).toThrow(problem);
});
