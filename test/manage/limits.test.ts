/**
 * Limits of plans over REST: what counts, what it costs, what is told of it, and that there is no way around.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { type Asking, type Data, type Heard, openPlane, type Plane } from "./plane.ts";

const minute = (limit: number, more: Data = {}): Data => ({ name: "minute", kind: "rate", limit, windowSeconds: 60, ...more });

/** `"minute";r=3;t=60, "burst";r=1;t=1` → what remains by name. */
const remainingIn = ({ headers }: Heard): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...(headers.get("ratelimit") ?? "").matchAll(/"([^"]+)";r=(\d+)/g)].map(([, name = "", left]) => [name, Number(left)]),
  );

forEachEngine((engine) => {
  describe("limits over REST", () => {
    let plane: Plane;
    beforeAll(async () => {
      plane = await openPlane(await engine.create());
    });
    afterAll(async () => {
      expect(plane.errors).toEqual([]);
      await plane[Symbol.asyncDispose]();
    });

    const look = (key: string, asking: Asking = {}): Promise<Heard> =>
      plane.ask("/market/v1/look", { key, method: "POST", body: {}, ...asking });
    const post = (key: string, path: string, body: object, asking: Asking = {}): Promise<Heard> =>
      plane.ask(`/market/v1${path}`, { key, method: "POST", body, ...asking });
    const statuses = async (count: number, call: () => Promise<Heard>): Promise<readonly string[]> => {
      const heard: string[] = [];
      for (let at = 0; at < count; at++) heard.push((await call()).outcome);
      return heard;
    };
    const good = { title: "Pen", price: 1 };

    test("every answer of a call tells the limits, refusals too", async () => {
      const { key } = await plane.app({
        limits: [
          { name: "burst", kind: "burst", limit: 50, windowSeconds: 10 },
          minute(200),
          { name: "daily", kind: "quota", limit: 1_000, period: "day" },
          { name: "atOnce", kind: "concurrency", limit: 90 },
        ],
      });
      const policy = ['"burst";q=50;w=10', '"minute";q=200;w=60', '"daily";q=1000;w=86400', '"atOnce";q=90'];
      const answers: readonly (readonly [number, Promise<Heard>])[] = [
        [200, look(key)],
        [201, post(key, "/goods", good)],
        [204, post(key, "/haggle", {})],
        [409, post(key, "/haggle", { isRefused: true })],
        [404, plane.ask("/market/v1/goods/god_0", { key })],
        [422, post(key, "/goods", { price: -1 })],
        [422, plane.ask("/market/v1/goods?nope=1", { key })],
        [400, plane.ask("/market/v1/goods", { key, method: "POST", body: "{" })],
        [415, plane.ask("/market/v1/goods", { key, method: "POST", body: "a", headers: { "content-type": "text/x" } })],
        [422, plane.ask("/market/v1/look?nope=1", { key, method: "POST", body: {} })],
        [200, plane.ask("/market/v1/goods", { key, method: "HEAD" })],
        [200, plane.ask("/market/v1/goods", { key, method: "QUERY", body: {} })],
        [400, plane.ask("/market/v1/goods", { key, method: "QUERY", body: "[" })],
        [200, plane.ask("/market/v1/goods.ndjson", { key })],
        [200, post(key, "/goods", [good, good])],
        [200, post(key, "/batch", { calls: [{ path: "/goods" }] })],
      ];
      for (const [status, asked] of answers) {
        const heard = await asked;
        expect([heard.text, heard.status]).toEqual([heard.text, status]);
        const told = (heard.headers.get("ratelimit-policy") ?? "").split(", ").toSorted();
        expect([heard.text, told]).toEqual([heard.text, policy.toSorted()]);
        expect(Object.keys(remainingIn(heard)).toSorted()).toEqual(["atOnce", "burst", "daily", "minute"]);
      }
      const daily = remainingIn(await look(key))["daily"];
      // haggle costs two each; of what was not run the body counts like any other call.
      expect(daily).toBe(1_000 - (answers.length + 2 + 1) - 1);
    });

    test("429 with the time to wait, which is kept", async () => {
      const { key } = await plane.app({ limits: [{ name: "burst", kind: "burst", limit: 2, windowSeconds: 2 }] });
      expect(await statuses(2, () => look(key))).toEqual(["200", "200"]);
      const refused = await look(key);
      expect(refused.outcome).toBe("429 too_many_requests");
      const waitSeconds = Number(refused.headers.get("retry-after"));
      expect([waitSeconds >= 1, waitSeconds <= 2]).toEqual([true, true]);
      await Bun.sleep(waitSeconds * 1_000);
      expect((await look(key)).outcome).toBe("200");
    });

    test("quotas are 429, the cap on spending 402, places at once 429", async () => {
      const quota = await plane.app({ limits: [{ name: "monthly", kind: "quota", limit: 2, period: "month" }] });
      expect(await statuses(3, () => look(quota.key))).toEqual(["200", "200", "429 quota_exceeded"]);
      const capped = await plane.app({ unitPrice: 10, spendCap: 50 });
      expect(await statuses(3, () => post(capped.key, "/haggle", {}))).toEqual(["204", "204", "402 spend_cap_reached"]);
      expect((await look(capped.key)).outcome).toBe("200");
      expect((await look(capped.key)).outcome).toBe("402 spend_cap_reached");
      const places = await plane.app({ limits: [{ name: "atOnce", kind: "concurrency", limit: 2 }] });
      const wait = () => post(places.key, "/wait", { ms: 300 });
      const held = [wait(), wait()];
      await Bun.sleep(100);
      expect((await look(places.key)).outcome).toBe("429 concurrency_exceeded");
      expect((await Promise.all(held)).map(({ outcome }) => outcome)).toEqual(["200", "200"]);
      expect((await look(places.key)).outcome).toBe("200");
    });

    test("a place is given back however a call ends", async () => {
      const { key } = await plane.app({ limits: [{ name: "atOnce", kind: "concurrency", limit: 1 }] });
      const ways: readonly (() => Promise<unknown>)[] = [
        () => post(key, "/goods", { price: "x" }),
        () => plane.ask("/market/v1/goods", { key, method: "POST", body: "{" }),
        () => plane.ask("/market/v1/goods.ndjson", { key }),
        () => plane.ask("/market/v1/goods.ndjson", { key, method: "HEAD" }),
        () => plane.ask("/market/v1/goods.csv", { key, method: "HEAD" }),
        () => plane.ask("/market/v1/goods.ndjson?nope=1", { key }),
        () => post(key, "/wait", { ms: 2_000 }, { signal: AbortSignal.timeout(50) }).catch(() => undefined),
      ];
      for (const [at, way] of ways.entries()) {
        await way();
        let heard = await look(key);
        for (const until = performance.now() + 3_000; heard.status === 429 && performance.now() < until; heard = await look(key))
          await Bun.sleep(20);
        expect([at, heard.outcome]).toEqual([at, "200"]);
      }
    });

    test("payload is the size of a body, whatever it is packed in, and not what a call costs", async () => {
      const { key } = await plane.app({ limits: [{ name: "body", kind: "payload", limit: 100 }] });
      expect((await post(key, "/goods", good)).outcome).toBe("201");
      const large = { ...good, title: "x".repeat(60), code: "y".repeat(40) };
      const refused = await post(key, "/goods", large);
      expect([refused.outcome, refused.headers.get("retry-after")]).toEqual(["413 too_large", null]);
      const packed = Bun.gzipSync(new TextEncoder().encode(JSON.stringify(large)));
      const asking = { key, method: "POST", body: packed, headers: { "content-encoding": "gzip" } };
      expect((await plane.ask("/market/v1/goods", asking)).outcome).toBe("413 too_large");
      expect((await plane.ask("/market/v1/goods", { key })).outcome).toBe("200");
    });

    test("costs are the plan's, or the operation's own; limits count what they are for", async () => {
      const { key } = await plane.app({
        limits: [
          minute(100),
          minute(2, { name: "making", operations: ["market.goods.create"] }),
          minute(9, { name: "each", each: true }),
        ],
        costs: [
          { operation: "market.look", units: 7 },
          { operation: "market.goods.list", units: 0 },
        ],
      });
      expect(remainingIn(await look(key))).toEqual({ minute: 93, each: 2 });
      expect(remainingIn(await plane.ask("/market/v1/goods", { key }))).toEqual({ minute: 93, each: 9 });
      expect(remainingIn(await post(key, "/haggle", {}))).toEqual({ minute: 91, each: 7 });
      expect(remainingIn(await post(key, "/goods", good))).toEqual({ minute: 90, making: 1, each: 8 });
      expect(await statuses(2, () => post(key, "/goods", good))).toEqual(["201", "429 too_many_requests"]);
      // A call that is refused by one limit has taken nothing of the others.
      expect(remainingIn(await plane.ask("/market/v1/goods", { key }))).toEqual({ minute: 89, each: 9 });
    });

    test("SECURITY 56: a limit is not got around", async () => {
      const { id, key } = await plane.app({ limits: [minute(3)] });
      const second = await plane.key(id);
      expect(await statuses(3, () => plane.ask("/market/v1/goods", { key }))).toEqual(["200", "200", "200"]);
      const forged = {
        "x-forwarded-for": "192.0.2.7",
        "x-real-ip": "192.0.2.7",
        forwarded: "for=192.0.2.7",
        "x-http-method-override": "DELETE",
        "x-original-url": "/market/v1/look",
        "cf-connecting-ip": "192.0.2.7",
      };
      const ways: readonly (readonly [string, Promise<Heard>])[] = [
        ["the same again", plane.ask("/market/v1/goods", { key })],
        ["forged headers", plane.ask("/market/v1/goods", { key, headers: forged })],
        ["another key of the app", plane.ask("/market/v1/goods", { key: second })],
        ["the other header of keys", plane.ask("/market/v1/goods", { headers: { "x-api-key": key } })],
        ["HEAD", plane.ask("/market/v1/goods", { key, method: "HEAD" })],
        ["QUERY", plane.ask("/market/v1/goods", { key, method: "QUERY", body: {} })],
        ["another format", plane.ask("/market/v1/goods.csv", { key })],
        ["a stream", plane.ask("/market/v1/goods.ndjson", { key })],
        ["another language", plane.ask("/de/market/v1/goods", { key })],
        ["parameters", plane.ask("/market/v1/goods?perPage=1&page=1", { key })],
        ["an encoded address", plane.ask("/market/v1/g%6fods", { key })],
        ["a body that is none", plane.ask("/market/v1/goods", { key, method: "POST", body: "{" })],
        ["another operation", look(key)],
        ["a later answer", look(key, { headers: { prefer: "respond-async, wait=1" } })],
        ["a new idempotency key", post(key, "/haggle", {}, { headers: { "idempotency-key": '"new"' } })],
      ];
      for (const [way, asked] of ways) {
        const { status } = await asked;
        expect([way, status]).toEqual([way, 429]);
      }
      // Addresses that are none are no calls at all.
      for (const path of ["/market/v1/goods/", "/market/v1/GOODS", "/market//v1/goods", "/market/v1/goods;a=b"]) {
        const { status } = await plane.ask(path, { key });
        expect([path, [404, 429].includes(status)]).toEqual([path, true]);
      }
      for (const strategy of ["independent", "atomic"]) {
        const many = await post(key, "/goods", [good, good], { headers: { prefer: strategy } });
        expect([strategy, many.status]).toEqual([strategy, 422]);
        const mixed = await post(key, "/batch", { strategy, calls: [{ path: "/goods" }, { path: "/goods", body: good }] });
        expect([strategy, mixed.status]).toEqual([strategy, 422]);
      }
    });

    test("SECURITY 56: the items of a batch count one by one, whatever becomes of them", async () => {
      for (const strategy of ["independent", "atomic"]) {
        const { key } = await plane.app({ limits: [minute(10), { name: "daily", kind: "quota", limit: 10, period: "day" }] });
        const prefer = { headers: { prefer: strategy } };
        const first = await post(
          key,
          "/goods",
          Array.from({ length: 6 }, () => good),
          prefer,
        );
        expect([strategy, first.status, remainingIn(first)]).toEqual([strategy, 200, { minute: 4, daily: 4 }]);
        const second = await post(
          key,
          "/goods",
          Array.from({ length: 6 }, () => good),
          prefer,
        );
        const refused = (second.data as Data[]).filter(({ status }) => status === 429).length;
        expect([strategy, second.status, refused]).toEqual([
          strategy,
          strategy === "atomic" ? 422 : 207,
          strategy === "atomic" ? 1 : 2,
        ]);
      }
    });

    test("an atomic batch counts once, also where it has to be made anew", async () => {
      const { key } = await plane.app({ limits: [{ name: "daily", kind: "quota", limit: 1_000, period: "day" }] });
      const made = await post(key, "/goods", { title: "Raced", price: 0 });
      const id = String((made.data as Data)["id"]);
      const rounds = 20;
      // Batches that touch the same row and refer to what they made.
      const batch = () =>
        post(key, "/batch", {
          strategy: "atomic",
          calls: [
            { id: "a", path: "/goods", body: good },
            { path: `/goods/${id}`, method: "PATCH", body: { code: "{a.data.id}" } },
            { path: `/goods/${id}/reprice`, body: { price: 5 } },
          ],
        });
      const answers = await Promise.all(Array.from({ length: rounds }, batch));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      const left = remainingIn(await look(key))["daily"];
      expect(left).toBe(1_000 - 1 - rounds * (1 + 1 + 4) - 1);
    });

    test("another limit of the plan, another plan, the end of the subscription: each is in force within a second", async () => {
      const { id, key, plan } = await plane.app({ limits: [minute(2)] });
      expect(await statuses(3, () => look(key))).toEqual(["200", "200", "429 too_many_requests"]);
      const until = async (expected: string): Promise<number> => {
        const began = performance.now();
        while ((await look(key)).outcome !== expected)
          if (performance.now() - began > 5_000) throw new Error(`never ${expected}`);
        return performance.now() - began;
      };
      await plane.admin("PATCH", `/plans/${plan}`, { limits: [minute(1_000_000)] });
      expect(await until("200")).toBeLessThan(1_000);
      await plane.admin("PATCH", `/plans/${plan}`, { limits: [minute(1)] });
      expect(await until("429 too_many_requests")).toBeLessThan(1_000);
      const other = await plane.admin("POST", "/plans", { name: `wide-${plan.slice(-8).toLowerCase()}`, title: "Wide" });
      const [subscription] = (await plane.admin("GET", `/subscriptions?app=${id}`)) as unknown as Data[];
      await plane.admin("POST", `/subscriptions/${String(subscription?.["id"])}/changePlan`, { plan: other["id"] });
      expect(await until("200")).toBeLessThan(1_000);
      await plane.admin("POST", `/subscriptions/${String(subscription?.["id"])}/cancel`, {});
      expect(await until("403 forbidden")).toBeLessThan(1_000);
    });
  });

  describe("SECURITY 58: overload", () => {
    test("SECURITY 58: the lowest plan is shed first, and nobody takes all", async () => {
      await using plane = await openPlane(await engine.create(), { managed: { inFlightMax: 20 } });
      const low = await plane.app({ priority: 0 });
      const high = await plane.app({ priority: 9 });
      const held = Array.from({ length: 15 }, () =>
        plane.ask("/market/v1/wait", { key: high.key, method: "POST", body: { ms: 700 } }),
      );
      await Bun.sleep(250);
      const look = (key: string) => plane.ask("/market/v1/look", { key, method: "POST", body: {} });
      const refused = await look(low.key);
      expect(refused.outcome).toBe("503 overloaded");
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect((await look(high.key)).outcome).toBe("200");
      expect((await Promise.all(held)).map(({ outcome }) => outcome)).toEqual(held.map(() => "200"));
      expect((await look(low.key)).outcome).toBe("200");
      expect(plane.errors).toEqual([]);
    });
  });
});
