/**
 * Policies while the system runs, on two nodes over one Postgres: a change is in force on both within a second, costs no call, and holds whichever node a
 * call comes to and whichever runs it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Asking, type Data, type Heard, openPlane, type Plane } from "./plane.ts";

const withinMs = 1_000;
const changes = 100;

for (const { create } of testDatabases().filter(({ engine }) => engine === "postgres")) {
  describe("policies on two nodes", () => {
    let plane: Plane;
    let key: string;
    beforeAll(async () => {
      plane = await openPlane(await create(), { count: 2 });
      ({ key } = await plane.app());
    });
    afterEach(async () => {
      await plane.clear();
      await inForce((at) => outcomeAt(at), "200");
    });
    afterAll(async () => {
      expect(plane.errors).toEqual([]);
      await plane[Symbol.asyncDispose]();
    });

    const ask = (at: number, method: string, path: string, asking: Asking = {}): Promise<Heard> =>
      plane.ask(`/market/v1${path}`, { key, method, at, ...asking });
    const outcomeAt = async (at: number): Promise<string> => (await ask(at, "POST", "/look", { body: {} })).outcome;

    /** Milliseconds until both nodes answer as expected. */
    const inForce = async (answer: (at: number) => Promise<unknown>, expected: unknown): Promise<number> => {
      const began = performance.now();
      await Promise.all(
        plane.nodes.map(async (_, at) => {
          let heard = await answer(at);
          for (; !Bun.deepEquals(heard, expected); heard = await answer(at))
            if (performance.now() - began > 5 * withinMs) throw new Error(`node ${at} answers ${JSON.stringify(heard)}`);
        }),
      );
      return performance.now() - began;
    };

    test("a change is in force on both within a second, whichever was told", async () => {
      const took: number[] = [];
      const change = async (
        at: number,
        method: string,
        path: string,
        body: object | undefined,
        expected: string,
      ): Promise<Data> => {
        const asking = { key: plane.adminKey, method, at, ...(body === undefined ? {} : { body }) };
        const { status, data, text } = await plane.ask(`/platform/v1${path}`, asking);
        expect([text, status < 300]).toEqual([text, true]);
        took.push(await inForce(outcomeAt, expected));
        return data as Data;
      };
      const draft = { kind: "operationSwitch", settings: { isOn: false }, scope: { operations: ["market.look"] } };
      for (const round of [0, 1, 2]) {
        const at = round % 2;
        const { id } = await change(at, "POST", "/policies", { name: `switch-${round}`, ...draft }, "403 operation_disabled");
        const path = `/policies/${String(id)}`;
        await change(1 - at, "PATCH", path, { enabled: false }, "200");
        await change(at, "PATCH", path, { enabled: true }, "403 operation_disabled");
        await change(1 - at, "PATCH", path, { settings: { isOn: true } }, "200");
        await change(at, "POST", `${path}/rollBack`, { revision: 1 }, "403 operation_disabled");
        await change(1 - at, "DELETE", path, undefined, "200");
      }
      expect(took).toHaveLength(18);
      expect(Math.max(...took)).toBeLessThan(withinMs);
    });

    test("a bad one is refused with the reason, and the last good one stays in force on both", async () => {
      const id = await plane.policy("operationSwitch", { isOn: false }, { scope: { operations: ["market.look"] } });
      await inForce(outcomeAt, "403 operation_disabled");
      for (const at of [0, 1]) {
        const asking = { key: plane.adminKey, method: "PATCH", at, body: { settings: { isOn: "maybe" } } };
        const refused = await plane.ask(`/platform/v1/policies/${id}`, asking);
        expect([refused.outcome, Object.keys(refused.issues)]).toEqual(["422 validation_failed", ["settings.isOn"]]);
      }
      await Bun.sleep(300);
      expect(await Promise.all([outcomeAt(0), outcomeAt(1)])).toEqual(["403 operation_disabled", "403 operation_disabled"]);
    });

    test(`${changes} changes under load on both: no call is refused, lost, or answered as an error of ours`, async () => {
      const settings: readonly (readonly [string, (n: number) => object, object])[] = [
        ["ipAllow", (n) => ({ networks: ["127.0.0.0/8", `192.0.2.${n % 255}`] }), {}],
        ["ipDeny", (n) => ({ networks: [`192.0.2.${n % 255}`] }), {}],
        ["operationSwitch", (n) => ({ isOn: n % 2 === 0 }), { scope: { operations: ["market.weigh"] } }],
        ["size", (n) => ({ requestBytesMax: 10_000 + n }), {}],
        ["redaction", (n) => ({ fields: ["market.goods.code"], mask: n % 2 === 0 ? "removed" : "last4" }), {}],
        ["validation", (n) => ({ request: n % 2 === 0 ? "strict" : "lenient", response: "enforce" }), {}],
        ["cache", (n) => ({ maxAgeSeconds: n }), {}],
        ["deprecation", (n) => ({ deprecatedAt: `2026-01-01T00:00:${String(n % 60).padStart(2, "0")}Z` }), {}],
        ["authenticationStrength", (n) => ({ accepted: n % 2 === 0 ? ["key"] : ["key", "signature"] }), {}],
        ["maintenance", () => ({ retryAfterSeconds: 5, allowsReads: false }), { scope: { operations: ["market.haggle"] } }],
      ];
      const ids = await Promise.all(settings.map(([kind, make, more]) => plane.policy(kind, make(0) as Data, more as Data)));
      const wrong: string[] = [];
      let calls = 0;
      let made = 0;
      let isOver = false;
      const note = ({ status, text }: Heard, expected: number): void => {
        calls++;
        if (status !== expected) wrong.push(text);
      };
      const load = plane.nodes.flatMap((_, at) =>
        [0, 1].map(async () => {
          while (!isOver) {
            note(await ask(at, "POST", "/look", { body: {} }), 200);
            const good = { title: "Load", price: 7, code: "DE-1234" };
            note(await ask(at, "POST", "/goods", { body: good }), 201);
            note(await ask(at, "GET", "/goods?perPage=3"), 200);
            note(await ask(at, "POST", "/goods", { body: [good, good], headers: { prefer: "atomic" } }), 200);
            made += 3;
          }
        }),
      );
      for (let n = 0; n < changes; n++) {
        const which = n % settings.length;
        const asking = { key: plane.adminKey, method: "PATCH", at: n % 2, body: { settings: settings[which]?.[1](n) } };
        note(await plane.ask(`/platform/v1/policies/${ids[which]}`, asking), 200);
      }
      isOver = true;
      await Promise.all(load);
      expect(wrong).toEqual([]);
      expect(calls).toBeGreaterThan(2 * changes);
      await plane.clear();
      await inForce(outcomeAt, "200");
      expect((await ask(0, "GET", "/goods/count?title=Load")).data).toBe(made);
    }, 60_000);

    test("SECURITY 56: policies and limits hold whichever node a batch comes to, and whichever runs it", async () => {
      const limit = { name: "minute", kind: "rate", limit: 5, windowSeconds: 60 };
      const good = { title: "Counted", price: 1 };
      const many = (at: number, count: number, own: string) =>
        ask(at, "POST", "/goods", { key: own, body: Array.from({ length: count }, () => good), headers: { prefer: "atomic" } });
      for (const at of [0, 1]) {
        const { key: own } = await plane.app({ limits: [limit] });
        const refused = await many(at, 6, own);
        expect([at, refused.status, (refused.data as Data[]).map(({ status }) => status)]).toEqual([
          at,
          422,
          expect.arrayContaining([429]),
        ]);
        const fresh = await plane.app({ limits: [limit] });
        expect([at, (await many(at, 5, fresh.key)).status]).toEqual([at, 200]);
        expect([at, (await many(at, 1, fresh.key)).status]).toEqual([at, 422]);
      }
      expect((await ask(0, "GET", "/goods/count?title=Counted")).data).toBe(10);
      await plane.policy("operationSwitch", { isOn: false }, { scope: { operations: ["market.goods.create"] } });
      for (const at of [0, 1]) {
        await inForce(async (node) => (await ask(node, "POST", "/goods", { body: good })).outcome, "403 operation_disabled");
        expect([at, ((await many(at, 2, key)).data as Data[])[0]?.["status"]]).toEqual([at, 403]);
      }
    });

    test("names of a transformation and its tags hold whichever node runs the change", async () => {
      const goods = await ask(0, "POST", "/goods", { body: { title: "Vase", price: 1 } });
      const path = `/goods/${String((goods.data as Data)["id"])}`;
      await plane.policy("transformation", { rename: { "market.goods.title": "label" } });
      const labelAt = async (at: number) => ((await ask(at, "GET", path)).data as Data)["label"];
      await inForce(labelAt, "Vase");
      for (const at of [0, 1]) {
        const tag = (await ask(at, "GET", path)).headers.get("etag") ?? "";
        const changed = await ask(at, "PATCH", path, { body: { label: `Vase ${at}` }, headers: { "if-match": tag } });
        expect([at, changed.outcome, (changed.data as Data)["label"]]).toEqual([at, "200", `Vase ${at}`]);
        const idempotent = { "idempotency-key": '"the-same"' };
        const made = await ask(at, "POST", "/goods", { body: { label: "Once", price: 1 }, headers: idempotent });
        expect([at, made.outcome, made.headers.get("idempotent-replayed")]).toEqual([at, "201", at === 0 ? null : "true"]);
        const batch = await ask(at, "POST", "/goods", { body: [{ label: "A", price: 1 }], headers: { prefer: "atomic" } });
        expect([at, (batch.data as Data[])[0]]).toEqual([at, expect.objectContaining({ status: 201 })]);
        expect((await ask(at, "PATCH", path, { body: { title: "Old" } })).outcome).toBe("422 validation_failed");
      }
    });
  });
}
