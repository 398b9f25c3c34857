/** Events as subscribers see them: what was committed, in order, only rows and fields that they may see, from wherever they left off. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { resource, service, t } from "../../src/index.ts";
import type { EventQuery, PresentedEvent } from "../../src/pipeline/events.ts";
import { beginning, parsePosition, positionText } from "../../src/pipeline/events.ts";
import { type Caller, dataOf, forEachEngine, type Running, serve } from "./harness.ts";

const parcels = resource(
  "parcels",
  {
    doc: "Parcels.",
    fields: {
      id: t.id("pcl"),
      owner: t.string({ maxLength: 64 }),
      weight: t.integer({ default: 1 }),
      margin: t.integer({ default: 7, read: ["clerk"], write: ["clerk"] }),
      code: t.string({ default: "12345678", read: ["clerk"], mask: "last4" }),
    },
  },
  ({ self, all, own, command: change }) => ({
    rows: { clerk: all, owner: own("owner") },
    access: { create: ["clerk"], delete: ["clerk"] },
    events: {
      posted: { on: "create", data: { parcel: t.ref("parcels"), owner: t.string({ maxLength: 64 }), weight: t.integer() } },
      changed: { on: "update", data: { parcel: t.ref("parcels"), weight: t.integer() } },
      gone: { on: "delete", data: { parcel: t.ref("parcels"), owner: t.string({ maxLength: 64 }) } },
      sent: {
        doc: "A parcel was sent.",
        data: {
          parcel: t.ref("parcels"),
          weight: t.integer(),
          margin: t.integer(),
          code: t.string(),
          note: t.string({ read: ["clerk"] }),
        },
      },
    },
    functions: {
      send: change({
        doc: "Sends a parcel.",
        on: "item",
        roles: ["clerk"],
        input: { times: t.integer({ default: 1 }) },
        run: (ctx, { row, input }) => {
          for (let time = 0; time < input.times; time++)
            ctx.emit("sent", { parcel: row.id, weight: row.weight + time, margin: row.margin, code: row.code, note: "inner" });
          return ctx.table(self).update(row.id, { weight: row.weight + 1 });
        },
      }),
    },
  }),
);

const mail = service("mail", {
  doc: "Sends parcels.",
  version: "v1",
  roles: { clerk: "Sends.", owner: "Owns.", stranger: "Sees nothing." },
  resources: [parcels],
});

/** The first `count` events. */
const take = async (running: Running, as: Caller, query: EventQuery, count: number): Promise<PresentedEvent[]> => {
  const ending = new AbortController();
  const call = { ...running.callOf("parcels.list", { as, signal: ending.signal }), operation: running.contract.events };
  const opened = await running.app.pipeline.subscribe(call, query);
  if (!opened.ok) throw new Error(opened.refusal.type);
  const events: PresentedEvent[] = [];
  for await (const batch of opened.events) {
    events.push(...batch);
    if (events.length >= count) break;
  }
  ending.abort();
  return events;
};

const refusalOf = async (running: Running, as: Caller, query: EventQuery): Promise<string> => {
  const call = { ...running.callOf("parcels.list", { as }), operation: running.contract.events };
  const opened = await running.app.pipeline.subscribe(call, query);
  return opened.ok ? "open" : `${opened.refusal.type} ${Object.keys(opened.refusal.issues ?? {}).join()}`.trim();
};

test("positions as text", () => {
  for (const text of ["0", "12", "12-0", "12-3"]) expect(positionText(parsePosition(text) ?? beginning)).toBe(text);
  for (const text of ["", "-1", "1-", "01", "1-2-3", "x", "99999999999999999999"]) expect(parsePosition(text)).toBeUndefined();
});

forEachEngine((engine) => {
  let running: Running;
  const clerk = () => running.caller("clerk");
  const owner = (subject: string) => running.caller("owner", { subject });
  const create = async (name: string): Promise<string> => {
    const row = dataOf(await running.call("parcels.create", { as: clerk(), body: { owner: name } }));
    return String(row["id"]);
  };
  const send = (id: string, times = 1) => running.call("parcels.send", { as: clerk(), id, body: { times } });

  beforeAll(async () => void (running = await serve(await engine.create(), { services: [mail] })));
  afterAll(() => running[Symbol.asyncDispose]());

  test("what is committed comes in order, with what the roles may see", async () => {
    const [first, second] = [await create("ann"), await create("bob")];
    const head = await running.app.events.head(running.realm);
    const after = { seq: head, index: Number.POSITIVE_INFINITY };
    const types = ["parcels.sent"];
    const all = take(running, clerk(), { after, types }, 5);
    const own = take(running, owner("bob"), { after, types }, 2);
    await send(first, 2);
    await send(second);
    await send(first);
    await send(second);
    const events = await all;
    expect(events.map(({ type, subject }) => [type, subject])).toEqual(
      [first, first, second, first, second].map((id) => ["parcels.sent", id]),
    );
    expect(events.map(({ id }) => id)).toEqual([0, 0, 1, 2, 3].map((step, at) => `${head + 1 + step}-${at === 1 ? 1 : 0}`));
    expect(events[0]?.data).toEqual({ parcel: first, weight: 1, margin: 7, code: "12345678", note: "inner" });
    const seen = await own;
    expect(seen.map(({ subject }) => subject)).toEqual([second, second]);
    // Neither the field of the row that its owner may not read, nor the event's own; what is masked is masked.
    expect(seen[0]?.data).toEqual({ parcel: second, weight: 1, code: "••••5678" });
  });

  test("from any position on, nothing is missed or repeated", async () => {
    const id = await create("cyd");
    const head = await running.app.events.head(running.realm);
    for (let round = 0; round < 20; round++) await send(id, 3);
    const types = ["parcels.sent"];
    const all = await take(running, clerk(), { types, after: { seq: head, index: Number.POSITIVE_INFINITY } }, 60);
    expect(all).toHaveLength(60);
    for (const cut of [0, 1, 2, 29, 58]) {
      const after = parsePosition(all[cut]?.id ?? "");
      expect(await take(running, clerk(), { types, after }, 59 - cut)).toEqual(all.slice(cut + 1));
    }
    const everything = await take(running, clerk(), { types, after: beginning }, 60);
    expect(everything.length).toBeGreaterThanOrEqual(60);
  });

  test("types and filters; a hidden field is no filter", async () => {
    const id = await create("dan");
    const after = { seq: await running.app.events.head(running.realm), index: Number.POSITIVE_INFINITY };
    await send(id, 4);
    const heavy = await take(running, clerk(), { after, types: ["parcels.sent"], filters: { weight: ["3", "4"] } }, 2);
    expect(heavy.map(({ data }) => data["weight"])).toEqual([3, 4]);
    expect(await refusalOf(running, clerk(), { types: ["parcels.lost"] })).toBe("validation_failed types");
    expect(await refusalOf(running, clerk(), { filters: { size: ["1"] } })).toBe("validation_failed size");
    for (const field of ["margin", "code", "note"])
      expect(await refusalOf(running, owner("dan"), { filters: { [field]: ["7"] } })).toBe(`validation_failed ${field}`);
    expect(await refusalOf(running, running.caller("stranger"), {})).toBe("forbidden");
  });

  test("the writer tells of rows that come, change and go, whatever did it", async () => {
    const after = { seq: await running.app.events.head(running.realm), index: Number.POSITIVE_INFINITY };
    const id = await create("fay");
    await send(id);
    await running.call("parcels.delete", { as: clerk(), id });
    const events = await take(running, clerk(), { after }, 4);
    expect(events.map(({ type, data }) => [type, data])).toEqual([
      ["parcels.posted", { parcel: id, owner: "fay", weight: 1 }],
      ["parcels.sent", { parcel: id, weight: 1, margin: 7, code: "12345678", note: "inner" }],
      ["parcels.changed", { parcel: id, weight: 2 }],
      ["parcels.gone", { parcel: id, owner: "fay" }],
    ]);
  });

  test("up to a position, one by one, and how far was looked", async () => {
    const id = await create("fay");
    const head = await running.app.events.head(running.realm);
    const after = { seq: head, index: Number.POSITIVE_INFINITY };
    for (let round = 0; round < 4; round++) await send(id, 3);
    const all = await take(running, clerk(), { after, types: ["parcels.sent"] }, 12);
    const looked: string[] = [];
    const until = parsePosition(all[7]?.id ?? "");
    const call = { ...running.callOf("parcels.list", { as: clerk() }), operation: running.contract.events };
    const query = { after, until, types: ["parcels.sent"], filters: { weight: ["1"] } };
    const opened = await running.app.pipeline.subscribe(call, {
      ...query,
      onLooked: (through) => void looked.push(positionText(through)),
    });
    if (!opened.ok) throw new Error(opened.refusal.type);
    const events = (await Array.fromAsync(opened.events)).flat();
    expect(events).toEqual(all.slice(0, 1));
    // Also where nothing was to be seen.
    expect(looked.at(-1)).toBe(all[7]?.id);
    expect(await opened.one(parsePosition(all[0]?.id ?? "") ?? beginning)).toEqual(all[0]);
    expect(await opened.one(parsePosition(all[1]?.id ?? "") ?? beginning)).toBeUndefined();
    expect(await opened.one({ seq: head + 10_000, index: 0 })).toBeUndefined();
  });

  test("many follow at once, behind and ahead of what is kept in memory", async () => {
    const id = await create("eve");
    const head = await running.app.events.head(running.realm);
    const after = { seq: head, index: Number.POSITIVE_INFINITY };
    const followers = Array.from({ length: 20 }, () =>
      take(running, clerk(), { after, types: ["parcels.sent", "parcels.gone"] }, 300),
    );
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 10 }, () => send(id, 3)));
    const [first = [], ...others] = await Promise.all(followers);
    expect(first).toHaveLength(300);
    expect(first.map(({ seq }) => seq)).toEqual(first.map(({ seq }) => seq).toSorted((a, b) => a - b));
    for (const other of others) expect(other).toEqual(first);
  });
});
