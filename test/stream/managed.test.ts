/** Plans and policies hold for each message of a stream: limits, usage, what a tenant lets pages of another origin read, what it hides. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { type Data, openPlane, type Plane } from "../manage/plane.ts";
import { type CloudEvent, EventReader, Socket, type Told } from "./client.ts";
import post from "./post-office.ts";

const outcomeOf = ({ status, error }: Told): string => (error === undefined ? String(status) : `${status} ${error.type}`);
const ringing = { operation: "ring" };
const app = "https://app.example";

forEachEngine((engine) => {
  describe("streams under management", () => {
    let plane: Plane;
    const opened: Socket[] = [];
    beforeAll(async () => {
      plane = await openPlane(await engine.create(), { service: post });
    });
    afterAll(async () => {
      for (const socket of opened) socket.close();
      expect(plane.errors).toEqual([]);
      await plane[Symbol.asyncDispose]();
    });

    const address = (): string => `${plane.nodes[0]?.origin}/post/v2/stream`;
    const connect = async (key: string, headers: Readonly<Record<string, string>> = {}): Promise<Socket> => {
      const socket = await Socket.open(address().replace("http", "ws"), { key, headers });
      opened.push(socket);
      return socket;
    };
    const events = async (query: string, key: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> =>
      new EventReader(await fetch(`${address()}?${query}`, { headers: { authorization: `Bearer ${key}`, ...headers } }));
    const minute = (limit: number): Data => ({ name: "minute", kind: "rate", limit, windowSeconds: 60 });

    test("SECURITY 54: each message counts against the plan, in a batch too, and says what is left", async () => {
      const { key } = await plane.app({ limits: [minute(6)] }, ["clerk"]);
      const socket = await connect(key);
      const first = await socket.ask(ringing);
      expect(first["limits"]).toEqual([
        { name: "minute", quota: 6, windowSeconds: 60, remaining: 5, resetSeconds: expect.any(Number) as number },
      ]);
      // What cannot be read counts as well.
      expect((await socket.ask({ operation: "parcels.get" }))["limits"]).toMatchObject([{ remaining: 4 }]);
      expect((await socket.ask({ id: "s", subscribe: {} }))["limits"]).toMatchObject([{ remaining: 3 }]);
      const batch = await socket.ask({ calls: [ringing, ringing, ringing, ringing] });
      expect([batch.status, (batch.data as readonly Told[]).map(outcomeOf)]).toEqual([
        207,
        ["204", "204", "204", "429 too_many_requests"],
      ]);
      const refused = await socket.ask(ringing);
      expect([outcomeOf(refused), refused.error?.details]).toEqual([
        "429 too_many_requests",
        { limit: "minute", quota: 6, windowSeconds: 60 },
      ]);
      expect(Number(refused["retryAfter"])).toBeGreaterThan(0);
      // No other connection and no other door is a way around.
      expect(outcomeOf(await (await connect(key)).ask(ringing))).toBe("429 too_many_requests");
      expect((await plane.ask("/post/v2/parcels", { key })).status).toBe(429);
      const stream = await events("", key);
      expect([stream.status, Number(stream.response.headers.get("retry-after")) > 0]).toEqual([429, true]);
      expect(await socket.ask({ ping: 1 })).toMatchObject({ pong: 1 });
    });

    test("an event stream is one call, and its answer tells the limits like any other", async () => {
      const { key } = await plane.app({ limits: [minute(5)] }, ["clerk"]);
      await using stream = await events("", key);
      expect(stream.response.headers.get("ratelimit")).toMatch(/^"minute";r=4;t=\d+$/);
      await connect(key).then(async (socket) => {
        for (let count = 0; count < 3; count++)
          await socket.ask({ operation: "alarms.create", input: { body: { text: "one" } } });
      });
      expect((await stream.events(3)).length).toBe(3);
    });

    test("messages are metered and priced one by one", async () => {
      const { key, id } = await plane.app({}, ["clerk"]);
      const socket = await connect(key);
      for (let count = 0; count < 3; count++) await socket.ask(ringing);
      await socket.ask({ calls: [ringing, ringing] });
      await socket.ask({ operation: "parcels.get", input: { id: "par_none" } });
      await plane.nodes[0]?.app.managed?.usage.flush();
      const used = await plane.admin("POST", "/usage", { app: id, group: ["operation"], environment: "sandbox" });
      const calls = Object.fromEntries(
        (used["rows"] as readonly Data[]).map(({ operation, calls: count, errors }) => [operation, [count, errors]]),
      );
      expect(calls).toEqual({ "post.ring": [5, 0], "post.parcels.get": [1, 1] });
    });

    test("SECURITY 61: pages of an origin that the caller's tenant lets read, and of no other", async () => {
      const { key } = await plane.app({}, ["clerk"]);
      const refused = async (origin: string): Promise<string> =>
        connect(key, { origin }).then(
          () => "open",
          () => "refused",
        );
      expect(await refused(app)).toBe("refused");
      await plane.policy("cors", { origins: [app], allowCredentials: false, maxAgeSeconds: 60 });
      for (let waited = 0; (await refused(app)) !== "open" && waited < 40; waited++) await Bun.sleep(25);
      const socket = await connect(key, { origin: app });
      expect(outcomeOf(await socket.ask(ringing))).toBe("204");
      expect(outcomeOf(await socket.ask({ id: "s", subscribe: {} }))).toBe("200");
      expect(outcomeOf(await socket.ask({ calls: [ringing] }))).toBe("200");
      expect(await refused("https://evil.example")).toBe("refused");
      await using stream = await events("", key, { origin: app });
      expect(stream.response.headers.get("access-control-allow-origin")).toBe(app);
      await plane.clear();
      // What was allowed is allowed no longer: the connection ends with the next answer.
      for (let waited = 0; !socket.isClosed && waited < 40; waited++) {
        socket.send({ id: "later", ...ringing });
        await Bun.sleep(25);
      }
      expect(await socket.ends()).toBe("4403 origin_not_allowed");
    });

    test("SECURITY 25: what a policy hides is hidden in events from then on, and what it switches off is off", async () => {
      const { key } = await plane.app({}, ["clerk"]);
      const socket = await connect(key);
      await socket.ask({ id: "s", subscribe: { types: ["parcels.posted"] } });
      await using stream = await events("types=parcels.posted", key);
      const create = async (): Promise<readonly CloudEvent[]> => {
        await socket.ask({ operation: "parcels.create", input: { body: { label: "A", lane: "seen", worth: 27_182 } } });
        return [...(await socket.events(1, "s")), ...(await stream.events(1))];
      };
      expect((await create()).map(({ data }) => [data["lane"], data["worth"]])).toEqual([
        ["seen", 27_182],
        ["seen", 27_182],
      ]);
      await plane.policy("redaction", { fields: ["post.parcels.worth"], mask: "removed" });
      await plane.policy("redaction", { fields: ["post.parcels.lane"], mask: "hidden" });
      await Bun.sleep(700);
      const hidden = await create();
      expect(hidden.map(({ data }) => [data["lane"], "worth" in data])).toEqual([
        ["••••", false],
        ["••••", false],
      ]);
      await plane.policy("operationSwitch", { isOn: false }, { scope: { operations: ["post.events"] } });
      expect(await socket.next(({ ended }) => ended === true)).toMatchObject({ id: "s", error: { type: "operation_disabled" } });
      expect((await stream.last())["reason"]).toBe("operation_disabled");
      expect(outcomeOf(await socket.ask({ id: "s", subscribe: {} }))).toBe("403 operation_disabled");
      expect(outcomeOf(await socket.ask(ringing))).toBe("204");
      await plane.clear();
    });
  });
});
