/** Many events, many subscribers: each hears all that it asked for, once and in order; also when the event was committed by another node. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { forEachEngine } from "../core/harness.ts";
import { type TestDatabase, testDatabases } from "../postgres/index.ts";
import type { CloudEvent } from "./client.ts";
import { type Office, openOffice } from "./office.ts";

const eventCount = 2_000;
const lanes = ["a", "b", "c", "d"] as const;

interface Ask {
  readonly lanes: readonly string[];
  readonly types: readonly string[];
}

const asks: readonly Ask[] = [
  { lanes: [], types: [] },
  { lanes: ["a"], types: ["parcels.posted"] },
  { lanes: ["b", "c"], types: ["parcels.*"] },
  { lanes: ["d"], types: ["parcels.moved"] },
  { lanes: [...lanes], types: ["parcels.posted", "parcels.moved"] },
];

const positionOf = ({ id }: CloudEvent): readonly [number, number] => {
  const [seq = "", index = ""] = id.split("-");
  return [Number(seq), Number(index)];
};

const isAfter = (a: CloudEvent, b: CloudEvent): boolean => {
  const [[seqA, indexA], [seqB, indexB]] = [positionOf(a), positionOf(b)];
  return seqA > seqB || (seqA === seqB && indexA > indexB);
};

const fits = ({ lanes: wanted, types }: Ask, { type, data }: CloudEvent): boolean =>
  (wanted.length === 0 || wanted.includes(String(data["lane"]))) &&
  (types.length === 0 ||
    types.some((one) => `post.${one}` === type || (one.endsWith("*") && type.startsWith(`post.${one.slice(0, -1)}`))));

/** Has some clients write so many events or a few more, at nodes in turn; returns how many. */
const write = async (
  office: Office,
  key: string,
  { nodeCount = 1, seed, count = eventCount }: { readonly nodeCount?: number; readonly seed: number; readonly count?: number },
): Promise<number> => {
  const random = fc.sample(fc.record({ lane: fc.constantFrom(...lanes), steps: fc.integer({ min: 0, max: 5 }) }), {
    seed,
    numRuns: count,
  });
  const writers = await Promise.all(Array.from({ length: 4 }, (_, at) => office.connect({ key, at: at % nodeCount })));
  let events = 0;
  const parts = writers.map(() => [] as (typeof random)[number][]);
  for (const [at, one] of random.entries()) {
    if (events >= count) break;
    parts[at % writers.length]?.push(one);
    events += 1 + one.steps;
  }
  await Promise.all(
    writers.map(async (writer, at) => {
      for (const { lane, steps } of parts[at] ?? []) {
        const told = await writer.ask({
          calls: [
            { id: "p", operation: "parcels.create", input: { body: { label: "A parcel", lane } } },
            ...(steps === 0 ? [] : [{ operation: "parcels.move", input: { id: "{p.data.id}", body: { lane, steps } } }]),
          ],
          strategy: "atomic",
        });
        if (told.success !== true) throw new Error(JSON.stringify(told));
      }
      writer.close();
    }),
  );
  return events;
};

/** What the journal holds, by REST's own means: nothing of the stream channel. */
const committed = async (office: Office, from: number): Promise<readonly CloudEvent[]> => {
  const { app } = office.at(0);
  const { realm } = await app.identity.systemCaller("demo", "sandbox");
  const all: CloudEvent[] = [];
  let after = { seq: from, index: Number.POSITIVE_INFINITY };
  for (;;) {
    const { events, through, isLast } = await app.events.read(realm, after);
    for (const { seq, index, type, data } of events)
      all.push({ id: `${seq}-${index}`, type: `post.${type}`, data } as unknown as CloudEvent);
    if (isLast) return all;
    after = through;
  }
};

forEachEngine((engine) => {
  describe("order", () => {
    test("two thousand events under load, five subscribers of each kind: all that was asked for, once, in order", async () => {
      await using office = await openOffice(await engine.create());
      const key = await office.grant("clerk");
      const before = await committed(office, 0);
      const sockets = await Promise.all(asks.map(() => office.connect({ key })));
      for (const [at, { types, lanes: wanted }] of asks.entries()) {
        const filters = wanted.length === 0 ? {} : { lane: wanted };
        await sockets[at]?.ask({ id: "s", subscribe: { types, filters } });
      }
      const streams = await Promise.all(
        asks.map(({ types, lanes: wanted }) =>
          office.events([...types.map((one) => `types=${one}`), ...wanted.map((one) => `lane=${one}`)].join("&"), { key }),
        ),
      );
      const count = await write(office, key, { seed: 20_261_128 });
      const all = (await committed(office, 0)).slice(before.length);
      expect(all.length).toBe(count);
      for (const [at, ask] of asks.entries()) {
        const expected = all.filter((event) => fits(ask, event)).map(({ id }) => id);
        expect(expected.length).toBeGreaterThan(50);
        expect((await sockets[at]!.events(expected.length, "s")).map(({ id }) => id)).toEqual(expected);
        expect((await streams[at]!.events(expected.length)).map(({ id }) => id)).toEqual(expected);
        expect(sockets[at]?.told).toEqual([]);
      }
      for (const socket of sockets) socket.close();
      for (const stream of streams) await stream.close();
      expect(office.errors).toEqual([]);
    }, 60_000);

    test("a subscriber that is cut off again and again misses nothing and hears nothing twice", async () => {
      await using office = await openOffice(await engine.create());
      const key = await office.grant("clerk");
      const writing = write(office, key, { seed: 7, count: 1_000 });
      const heard: CloudEvent[] = [];
      let lastEventId = "0";
      let isDone = false;
      const done = writing.then((count) => {
        isDone = true;
        return count;
      });
      for (let round = 0; !isDone || round < 3; round++) {
        const stream = await office.events("", { key, headers: { "last-event-id": lastEventId } });
        for (let count = 0; count < 1 + ((round * 37) % 120); count++) {
          const event = await stream.next(300).catch(() => undefined);
          if (event === undefined) break;
          heard.push(JSON.parse(event.data) as CloudEvent);
        }
        ({ lastEventId } = stream);
        await stream.close();
      }
      const count = await done;
      await using rest = await office.events("", { key, headers: { "last-event-id": lastEventId } });
      heard.push(...(await rest.events(count - heard.length)));
      expect(heard.every((event, at) => at === 0 || isAfter(event, heard[at - 1]!))).toBe(true);
      expect(heard.map(({ id }) => id)).toEqual((await committed(office, 0)).map(({ id }) => id));
    }, 60_000);
  });
});

const onPostgres = async (): Promise<TestDatabase> => {
  const postgres = testDatabases().find(({ engine }) => engine === "postgres");
  if (postgres === undefined) throw new Error("there is no Postgres");
  return postgres.create();
};

describe("two nodes", () => {
  test("what both commit is heard on both, in the one order of the realm", async () => {
    await using office = await openOffice(await onPostgres(), { count: 2 });
    const key = await office.grant("clerk");
    const streams = await Promise.all([0, 1].map((at) => office.events("", { key, at })));
    const socket = await office.connect({ key, at: 1 });
    await socket.ask({ id: "s", subscribe: {} });
    const count = await write(office, key, { nodeCount: 2, seed: 11, count: 1_000 });
    const expected = (await committed(office, 0)).map(({ id }) => id);
    expect(expected.length).toBe(count);
    for (const stream of streams) {
      expect((await stream.events(count)).map(({ id }) => id)).toEqual(expected);
      await stream.close();
    }
    expect((await socket.events(count, "s")).map(({ id }) => id)).toEqual(expected);
    socket.close();
    expect(office.errors).toEqual([]);
  }, 60_000);

  test("who resumes at the other node goes on where he was", async () => {
    await using office = await openOffice(await onPostgres(), { count: 2 });
    const key = await office.grant("clerk");
    const writer = await office.connect({ key, at: 0 });
    const post = (weight: number) =>
      writer.ask({ operation: "parcels.create", input: { body: { label: "A", lane: "x", weight } } });
    const stream = await office.events("", { key, at: 0 });
    for (const weight of [1, 2, 3]) await post(weight);
    const heard = [...(await stream.events(2))];
    const { lastEventId } = stream;
    await stream.close();
    await using other = await office.events("", { key, at: 1, headers: { "last-event-id": lastEventId } });
    await post(4);
    heard.push(...(await other.events(2)));
    expect(heard.map(({ data }) => data["weight"])).toEqual([1, 2, 3, 4]);
    writer.close();
  });
});
