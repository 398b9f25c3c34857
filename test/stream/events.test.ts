/** Events by Server-Sent Events and over a WebSocket: who hears what, in which order, and from where on. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import type { CloudEvent, Socket, Told } from "./client.ts";
import { type Office, openOffice } from "./office.ts";

type Data = Readonly<Record<string, unknown>>;

const outcomeOf = ({ status, error }: Told): string => (error === undefined ? String(status) : `${status} ${error.type}`);
const namesOf = (events: readonly CloudEvent[]): readonly unknown[] =>
  events.map(({ type, data }) => [type, data["lane"] ?? data["text"]]);

forEachEngine((engine) => {
  describe("events", () => {
    let office: Office;
    let key: string;
    let carrierKey: string;
    let clerk: Socket;
    beforeAll(async () => {
      office = await openOffice(await engine.create(), { limits: { heartbeatMs: 300, tickMs: 50 } });
      key = await office.grant("clerk");
      carrierKey = await office.grant("carrier");
      clerk = await office.connect({ key });
    });
    afterAll(async () => {
      expect(office.errors).toEqual([]);
      await office[Symbol.asyncDispose]();
    });

    const post = async (lane: string, more: Data = {}): Promise<string> => {
      const told = await clerk.ask({ operation: "parcels.create", input: { body: { label: "A parcel", lane, ...more } } });
      expect(outcomeOf(told)).toBe("201");
      return String((told.data as Data)["id"]);
    };
    const ring = (text: string): Promise<Told> => clerk.ask({ operation: "alarms.create", input: { body: { text } } });
    const move = (id: string, lane: string, steps: number): Promise<Told> =>
      clerk.ask({ operation: "parcels.move", input: { id, body: { lane, steps } } });

    test("an event stream says what it is, where it begins, and gives CloudEvents", async () => {
      await using stream = await office.events("", { key });
      expect(stream.status).toBe(200);
      const { headers } = stream.response;
      expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
      expect(headers.get("cache-control")).toBe("no-store, no-transform");
      const { app } = office.at(0);
      const before = await app.events.head((await app.identity.systemCaller("demo", "sandbox")).realm);
      const id = await post("plain", { weight: 3 });
      const event = await stream.next();
      expect([stream.retry, event?.event, event?.id]).toEqual([1_000, "parcels.posted", `${before + 1}-0`]);
      const told = JSON.parse(event?.data ?? "") as CloudEvent;
      expect(told).toEqual({
        specversion: "1.0",
        id: `${before + 1}-0`,
        source: "/post/v2",
        type: "post.parcels.posted",
        subject: id,
        time: told.time,
        datacontenttype: "application/json",
        sequence: `${before + 1}-0`,
        data: { parcel: id, lane: "plain", weight: 3, worth: null },
      } as CloudEvent);
      expect(Date.parse(told.time)).toBeGreaterThan(Date.now() - 10_000);
    });

    test("types and fields are chosen; both clients hear the same, in order", async () => {
      await using chosen = await office.events("types=parcels.*&data.lane=red&data.lane=blue", { key });
      await using alarms = await office.events("types=post.alarms.rang,parcels.moved&lane=red", { key });
      const all = { id: "all", subscribe: { types: ["parcels.posted", "alarms.rang"] } };
      const red = { id: "red", subscribe: { types: "parcels.*", filters: { "data.lane": "red" } } };
      expect((await clerk.ask(all)).success).toBe(true);
      expect((await clerk.ask(red)).success).toBe(true);
      const id = await post("red");
      await post("green");
      await ring("fire");
      await post("blue");
      await move(id, "red", 3);
      expect(namesOf(await chosen.events(5))).toEqual([
        ["post.parcels.posted", "red"],
        ["post.parcels.posted", "blue"],
        ...[1, 2, 3].map(() => ["post.parcels.moved", "red"]),
      ]);
      expect(namesOf(await alarms.events(3))).toEqual([1, 2, 3].map(() => ["post.parcels.moved", "red"]));
      expect(namesOf(await clerk.events(4, "all"))).toEqual([
        ["post.parcels.posted", "red"],
        ["post.parcels.posted", "green"],
        ["post.alarms.rang", "fire"],
        ["post.parcels.posted", "blue"],
      ]);
      const steps = await clerk.events(4, "red");
      expect(steps.map(({ data }) => data["step"])).toEqual([undefined, 1, 2, 3]);
      expect(new Set(steps.map(({ id: position }) => position)).size).toBe(4);
      for (const one of ["all", "red"])
        expect(await clerk.ask({ id: one, unsubscribe: true })).toMatchObject({ unsubscribed: true });
      await post("red");
      await Bun.sleep(100);
      expect(clerk.told).toEqual([]);
    });

    test("SECURITY 25: a subscriber hears of what he sees, with the fields that he may read", async () => {
      const owner = await office.grant("owner", { subject: "sub_1" });
      const subscribers = { clerk: key, carrier: carrierKey, owner };
      const streams = await Promise.all(Object.values(subscribers).map((one) => office.events("", { key: one })));
      await post("mine", { owner: "sub_1", worth: 27_182 });
      await post("theirs", { owner: "sub_2", worth: 27_182 });
      await ring("secret");
      await post("last", { owner: "sub_1" });
      const [all, carried, own] = [await streams[0]!.events(4), await streams[1]!.events(3), await streams[2]!.events(2)];
      expect(namesOf(all).map((one) => (one as unknown[])[1])).toEqual(["mine", "theirs", "secret", "last"]);
      expect(namesOf(carried).map((one) => (one as unknown[])[1])).toEqual(["mine", "theirs", "last"]);
      expect(namesOf(own).map((one) => (one as unknown[])[1])).toEqual(["mine", "last"]);
      expect(JSON.stringify(all)).toContain("27182");
      expect(JSON.stringify([carried, own])).not.toContain("27182");
      for (const stream of streams) await stream.close();
      const hidden = await office.events("worth=27182", { key: carrierKey });
      expect([hidden.status, await hidden.refusal()]).toEqual([422, "validation_failed"]);
    });

    test("SECURITY 29: another tenant, and another environment, hear nothing of it", async () => {
      const strangers = await Promise.all([
        office.grant("clerk", { tenant: "other" }),
        office.grant("clerk", { environment: "live" }),
      ]);
      const streams = await Promise.all(strangers.map((one) => office.events("after=0", { key: one })));
      await post("ours");
      await Bun.sleep(150);
      const made = await office.connect({ key: strangers[0] });
      await made.ask({ operation: "alarms.create", input: { body: { text: "theirs" } } });
      expect(namesOf(await streams[0]!.events(1))).toEqual([["post.alarms.rang", "theirs"]]);
      for (const stream of streams) await stream.close();
      made.close();
    });

    const refused: readonly (readonly [string, string, Readonly<Record<string, string>>, number, string])[] = [
      ["a type that is none", "types=parcels.stolen", {}, 422, "validation_failed"],
      ["types of nothing", "types=nope.*", {}, 422, "validation_failed"],
      ["a field that is none", "nope=1", {}, 422, "validation_failed"],
      ["a field that every object has", "__proto__=1&constructor=2", {}, 422, "validation_failed"],
      ["an operator", "weight>=5", {}, 422, "validation_failed"],
      ["a position that is none", "after=abc", {}, 422, "validation_failed"],
      ["a last event that is none", "", { "last-event-id": "1-2-3" }, 400, "invalid_header"],
      ["a language that is none", "language=xx", {}, 422, "validation_failed"],
      ["a broken escape", "lane=%zz", {}, 400, "invalid_request"],
      ["too many parameters", Array.from({ length: 101 }, (_, at) => `lane=${at}`).join("&"), {}, 400, "invalid_request"],
      ["another format", "", { accept: "application/json" }, 406, "not_acceptable"],
      ["a format that is not wanted", "", { accept: "text/event-stream;q=0" }, 406, "not_acceptable"],
    ];
    test.each(refused)("%s is refused", async (_, query, headers, status, type) => {
      const stream = await office.events(query, { key, headers });
      expect([stream.status, await stream.refusal()]).toEqual([status, type]);
    });

    test("SECURITY 6: a key in the address is refused", async () => {
      const stream = await office.events(`access_token=${key}`);
      expect([stream.status, await stream.refusal()]).toEqual([400, "credential_in_address"]);
    });

    test("who may not listen is refused before anything is sent", async () => {
      const cases = [
        [undefined, 401, "unauthenticated"],
        [`${key.slice(0, -3)}aaa`, 401, "invalid_credentials"],
        [await office.grant("guest"), 403, "forbidden"],
      ] as const;
      for (const [one, status, type] of cases) {
        const stream = await office.events("", { key: one });
        expect([stream.status, await stream.refusal()]).toEqual([status, type]);
      }
      const other = await fetch(`${office.at(0).origin}/post/v2/stream`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}` },
      });
      expect([other.status, other.headers.get("allow")]).toEqual([405, "GET, OPTIONS"]);
      const below = await fetch(`${office.at(0).origin}/post/v2/stream/more`, { headers: { authorization: `Bearer ${key}` } });
      expect(below.status).toBe(404);
    });

    test("subscriptions of a WebSocket: their own mistakes", async () => {
      const socket = await office.connect({ key });
      const ask = async (message: object): Promise<string> => outcomeOf(await socket.ask(message));
      expect(await ask({ id: "a", subscribe: {} })).toBe("200");
      expect(await ask({ id: "a", subscribe: {} })).toBe("409 conflict");
      expect(await ask({ id: "b", subscribe: { types: [5] } })).toBe("422 validation_failed");
      expect(await ask({ id: "b", subscribe: { types: ["nope"] } })).toBe("422 validation_failed");
      expect(await ask({ id: "b", subscribe: { filters: { nope: 1 } } })).toBe("422 validation_failed");
      expect(await ask({ id: "b", subscribe: { filters: { lane: [] } } })).toBe("422 validation_failed");
      expect(await ask({ id: "b", subscribe: { filters: [] } })).toBe("422 validation_failed");
      expect(await ask({ id: "b", subscribe: { after: "x" } })).toBe("422 validation_failed");
      expect(await ask({ id: "b", subscribe: { nope: 1 } })).toBe("422 validation_failed");
      expect(await ask({ id: "b", subscribe: 5 })).toBe("422 validation_failed");
      expect(await ask({ id: "b", unsubscribe: true })).toBe("404 not_found");
      expect(await ask({ id: "a", unsubscribe: false })).toBe("422 validation_failed");
      expect(await ask({ id: "a", unsubscribe: true })).toBe("200");
      expect(await ask({ id: "a", subscribe: {} })).toBe("200");
      const carrier = await office.connect({ key: carrierKey });
      expect(outcomeOf(await carrier.ask({ id: "c", subscribe: { types: ["alarms.rang"] } }))).toBe("403 forbidden");
      socket.close();
      carrier.close();
    });

    test("who comes again hears what he has missed, and nothing twice", async () => {
      const stream = await office.events("types=parcels.posted&lane=again", { key });
      await post("again", { weight: 1 });
      const [first] = await stream.events(1);
      await stream.close();
      await post("again", { weight: 2 });
      await post("elsewhere");
      await post("again", { weight: 3 });
      await using resumed = await office.events("types=parcels.posted&lane=again", {
        key,
        headers: { "last-event-id": stream.lastEventId },
      });
      await using asked = await office.events(`types=parcels.posted&lane=again&after=${first?.id}`, { key });
      const subscribe = { types: ["parcels.posted"], filters: { lane: "again" }, after: first?.id };
      const told = await clerk.ask({ id: "again", subscribe });
      expect(told["subscribed"]).toEqual({ after: first?.id });
      await post("again", { weight: 4 });
      for (const events of [await resumed.events(3), await asked.events(3), await clerk.events(3, "again")])
        expect(events.map(({ data }) => data["weight"])).toEqual([2, 3, 4]);
      await clerk.ask({ id: "again", unsubscribe: true });
    });

    test("within a row of several events it goes on behind the one that was seen", async () => {
      const id = await post("several");
      await using stream = await office.events("types=parcels.moved&lane=several", { key });
      await move(id, "several", 5);
      const events = await stream.events(5);
      await using rest = await office.events("types=parcels.moved&lane=several", {
        key,
        headers: { "last-event-id": String(events[1]?.id) },
      });
      expect((await rest.events(3)).map(({ data }) => data["step"])).toEqual([3, 4, 5]);
    });

    test("a position behind the last event there is is refused, and says what that is", async () => {
      await post("head");
      const { app } = office.at(0);
      const { realm } = await app.identity.systemCaller("demo", "sandbox");
      const head = await app.events.head(realm);
      const refused = async (after: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> => {
        await using stream = await office.events(after, { key, headers });
        const told = stream.status === 200 ? undefined : await stream.refusal();
        return [stream.status, told];
      };
      for (const after of [String(head + 1), `${head + 1}-0`, "9007199254740991"]) {
        expect(await refused(`after=${after}`)).toEqual([422, "validation_failed"]);
        expect(await refused("", { "last-event-id": after })).toEqual([422, "validation_failed"]);
        const told = await clerk.ask({ id: "ahead", subscribe: { after } });
        expect(told).toMatchObject({ status: 422, data: { after: [`The after must be at most ${head}.`] } });
      }
      // The last one itself, and what stands behind the last event of its row, is where everybody begins.
      for (const after of [String(head), `${head}-7`]) {
        expect(await refused(`after=${after}`)).toEqual([200, undefined]);
        expect(outcomeOf(await clerk.ask({ id: "ahead", subscribe: { after } }))).toBe("200");
        await clerk.ask({ id: "ahead", unsubscribe: true });
      }
    });

    test("who was cut off before the first event resumes where he began", async () => {
      const stream = await office.events("lane=early", { key });
      const opened = stream.next(400).catch(() => undefined);
      await opened;
      await stream.close();
      expect(stream.lastEventId).toMatch(/^\d+$/);
      await post("early");
      await using again = await office.events("lane=early", { key, headers: { "last-event-id": stream.lastEventId } });
      expect(namesOf(await again.events(1))).toEqual([["post.parcels.posted", "early"]]);
    });

    test("a silent stream shows signs of life", async () => {
      await using stream = await office.events("lane=silent", { key });
      const late = stream.next(900).catch((error: unknown) => String(error));
      expect(await late).toContain("too long");
      expect(stream.comments).toBeGreaterThanOrEqual(2);
    });

    test("events survive a restart of the server: none is lost, none comes twice", async () => {
      const stream = await office.events("types=parcels.posted&lane=restart", { key });
      const heard: unknown[] = [];
      for (let weight = 1; weight <= 5; weight++) await post("restart", { weight });
      heard.push(...(await stream.events(4)));
      const lastSeen = stream.lastEventId;
      await office.restart(0);
      const last = await stream.last();
      expect(last).toMatchObject({ reason: "shutdown", retryAfter: 1 });
      expect(await clerk.ends()).toBe("1001 shutdown");
      clerk = await office.connect({ key });
      for (let weight = 6; weight <= 8; weight++) await post("restart", { weight });
      await using again = await office.events("types=parcels.posted&lane=restart", {
        key,
        headers: { "last-event-id": lastSeen },
      });
      heard.push(...(await again.events(4)));
      expect((heard as readonly CloudEvent[]).map(({ data }) => data["weight"])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    });
  });
});
