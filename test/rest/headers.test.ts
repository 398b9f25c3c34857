/** WIRE.md, "Headers" and the API keys of "Credentials". On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { testDatabases } from "../postgres/index.ts";
import { play } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { openShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const scenarios: readonly Scenario[] = [
  {
    name: "a request id is echoed",
    ask: "GET /products/count",
    headers: { "x-request-id": "a-B_9.1:x/y" },
    status: 200,
    answers: { "x-request-id": "a-B_9.1:x/y" },
  },
  {
    name: "a request id with a quote is not",
    ask: "GET /products/count",
    headers: { "x-request-id": 'a"b' },
    status: 200,
    answers: { "x-request-id": /^x-request-id: [\w]{8}-\w+$/ },
    lacks: ['a"b'],
  },
  {
    name: "a request id that is too long is not",
    ask: "GET /products/count",
    headers: { "x-request-id": "x".repeat(129) },
    status: 200,
    answers: { "x-request-id": /^x-request-id: [\w]{8}-\w+$/ },
  },
  {
    name: "a trace is carried on",
    ask: "GET /products/count",
    headers: { traceparent: trace },
    status: 200,
    answers: { traceparent: trace },
  },
  {
    name: "a malformed trace is not",
    ask: "GET /products/count",
    headers: { traceparent: "00-x" },
    status: 200,
    answers: { traceparent: null },
  },
  {
    name: "time on request",
    ask: "GET /products/count",
    headers: { prefer: "timing" },
    status: 200,
    answers: { "server-timing": /^server-timing: total;dur=\d+\.\d{3}$/, "preference-applied": "timing" },
  },
  { name: "no time unasked", ask: "GET /products/count", status: 200, answers: { "server-timing": null } },
  {
    name: "return=minimal on create: 201 without a body, with the address",
    ask: "POST /roles",
    body: { name: "minimal" },
    headers: { prefer: "return=minimal" },
    status: 201,
    answers: { location: /\/shop\/v2\/roles\/rol_/, "preference-applied": "return=minimal", "content-type": null },
  },
  {
    name: "return=minimal on change: 204",
    ask: "PATCH /products/{pen}",
    body: { stock: 9 },
    headers: { prefer: "return=minimal" },
    status: 204,
    answers: { "preference-applied": "return=minimal" },
  },
  {
    name: "return=representation is the default, and said to be applied",
    ask: "PATCH /products/{pen}",
    body: { stock: 9 },
    headers: { prefer: "return=representation" },
    status: 200,
    answers: { "preference-applied": "return=representation" },
  },
  {
    name: "return=minimal does not empty what is only read",
    ask: "POST /quote",
    body: { price: 100 },
    headers: { prefer: "return=minimal" },
    status: 200,
    json: { data: { total: 120 } },
  },
  {
    name: "an unknown preference is ignored",
    ask: "GET /products/count",
    headers: { prefer: "dessert, respond-async" },
    status: 200,
    answers: { "preference-applied": null },
  },
  {
    name: "an idempotency key that is too long is 400",
    ask: "POST /roles",
    body: { name: "x" },
    headers: { "idempotency-key": "k".repeat(256) },
    status: 400,
    json: { error: { type: "invalid_header", details: { header: "Idempotency-Key" } } },
  },
  {
    name: "an empty idempotency key is 400",
    ask: "POST /roles",
    body: { name: "x" },
    headers: { "idempotency-key": '""' },
    status: 400,
  },

  {
    name: "no key is 401 with a challenge",
    as: "nobody",
    ask: "GET /products",
    status: 401,
    json: { error: { code: 401, type: "unauthenticated" } },
    answers: {
      "www-authenticate":
        /^www-authenticate: Bearer realm="pons", resource_metadata="http:[^"]+\/\.well-known\/oauth-protected-resource"$/,
    },
  },
  {
    name: "an unknown key is 401",
    as: "nobody",
    ask: "GET /products",
    headers: { authorization: `Bearer ${newApiKey("sandbox")}` },
    status: 401,
    json: { error: { type: "invalid_credentials" } },
    answers: { "www-authenticate": /^www-authenticate: Bearer realm="pons", resource_metadata="[^"]+", error="invalid_token"$/ },
  },
  {
    name: "a mistyped key is 401",
    as: "nobody",
    ask: "GET /products",
    headers: { "x-api-key": "pons_sandbox_wrong" },
    status: 401,
    lacks: ["pons_sandbox_wrong"],
  },
  {
    name: "another scheme is 401",
    as: "nobody",
    ask: "GET /products",
    headers: { authorization: "Basic YTpi" },
    status: 401,
    json: { error: { type: "invalid_credentials" } },
  },
  {
    name: "a malformed bearer is 400",
    as: "nobody",
    ask: "GET /products",
    headers: { authorization: "Bearer a b" },
    status: 400,
  },
  {
    name: "a key in the address is 400 and not repeated",
    as: "nobody",
    ask: "GET /products?api_key=pons_live_abcdef",
    status: 400,
    json: { error: { type: "credential_in_address" } },
    lacks: ["abcdef"],
  },
  { name: "a key in a page link is 400", ask: "GET /products?page=1&x=pons_sandbox_abcdef", status: 400, lacks: ["abcdef"] },
];

describe.each(testDatabases())("$engine", ({ create }) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(await create());
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  test.each([...scenarios])("$name", async (scenario) => {
    await play(shop, scenario);
  });

  test("a key in either header, or the same in both", async () => {
    const { clerk, ann } = shop.keys;
    const ask = (headers: Record<string, string>) => shop.ask("GET", "/products/count", { as: "nobody", headers });
    expect((await ask({ "x-api-key": clerk })).status).toBe(200);
    expect((await ask({ authorization: `bearer ${clerk}` })).status).toBe(200);
    expect((await ask({ authorization: `Bearer ${clerk}`, "x-api-key": clerk })).status).toBe(200);
    const both = await ask({ authorization: `Bearer ${clerk}`, "x-api-key": ann });
    expect([both.status, both.body.error.type]).toEqual([400, "invalid_header"]);
    expect(both.text).not.toContain(ann);
  });

  test("made request ids are never the same", async () => {
    const ids = await Promise.all(
      Array.from({ length: 50 }, async () => (await shop.ask("GET", "/products/count")).headers.get("x-request-id")),
    );
    expect(new Set(ids).size).toBe(50);
  });

  describe("Idempotency-Key", () => {
    const create = (key: string, name: string, as: "clerk" | "nobody" = "clerk") =>
      shop.ask("POST", "/roles", { as, headers: { "idempotency-key": key }, body: { name } });

    test("the same key and body: the stored answer", async () => {
      const first = await create("key-1", "first");
      expect([first.status, first.headers.get("idempotent-replayed")]).toEqual([201, null]);
      const second = await create('"key-1"', "first");
      expect([second.status, second.headers.get("idempotent-replayed"), second.body.data]).toEqual([
        201,
        "true",
        first.body.data,
      ]);
      expect(second.headers.get("location")).toBe(first.headers.get("location"));
      expect((await shop.ask("GET", "/roles/count?name=first")).text).toContain("1");
    });

    test("the same key, another body: 422", async () => {
      await create("key-2", "second");
      const other = await create("key-2", "another");
      expect([other.status, other.body.error.type]).toEqual([422, "idempotency_key_reused"]);
    });

    test("a refusal is stored and replayed as well, or given again", async () => {
      const ask = () => shop.ask("POST", "/refuseLater", { headers: { "idempotency-key": "key-3" } });
      const [first, second] = [await ask(), await ask()];
      expect([first.status, second.status, second.body.error.type]).toEqual([422, 422, "out_of_stock"]);
    });

    test("SECURITY 32: 20 at once have one effect and the same answer", async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => create("key-4", "fourth")));
      const done = answers.filter(({ status }) => status === 201);
      expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
      expect(new Set(done.map(({ body }) => body.data.id)).size).toBe(1);
      expect((await shop.ask("GET", "/roles?name=fourth")).body.data).toHaveLength(1);
    });
  });

  describe("respond-async", () => {
    const start = (name: string, prefer = "respond-async") => shop.ask("POST", "/roles", { headers: { prefer }, body: { name } });
    const done = async (path: string, as: "clerk" | "ann" = "clerk") => {
      for (;;) {
        const answered = await shop.ask("GET", path, { as });
        if (answered.body.data?.status !== "running") return answered;
        expect(answered.headers.get("retry-after")).toBe("1");
        await Bun.sleep(5);
      }
    };

    test("202 with a job, whose outcome is what the call would have answered", async () => {
      const started = await start("async");
      expect([started.status, started.headers.get("preference-applied"), started.headers.get("retry-after")]).toEqual([
        202,
        "respond-async",
        "1",
      ]);
      const id = started.body.data.id as string;
      expect(id).toMatch(/^job_[0-9a-f]{32}$/);
      expect(started.body.data.status).toBe("running");
      const location = started.headers.get("location") ?? "";
      expect(location).toBe(`/shop/v2/jobs/${id}`);
      const job = await done(location);
      expect(job.body.data).toMatchObject({
        status: "done",
        finishedAt: expect.any(String),
        outcome: { success: true, status: 201, data: { name: "async" } },
      });
    });

    test("the outcome of a refused call, and of a batch", async () => {
      const refused = await done((await start("async")).headers.get("location") ?? "");
      expect(refused.body.data.outcome).toMatchObject({ success: false, status: 409, error: { type: "already_exists" } });
      const started = await shop.ask("POST", "/roles", {
        headers: { prefer: "respond-async" },
        body: [{ name: "as1" }, { name: "" }, {}],
      });
      const batch = await done(started.headers.get("location") ?? "");
      expect(batch.body.data.outcome).toMatchObject({ success: true, status: 207, data: [{ status: 201 }, {}, { status: 422 }] });
    });

    test("whoever is ready to wait gets the answer itself", async () => {
      const answered = await start("waited", "respond-async, wait=10");
      expect([answered.status, answered.body.data.name]).toEqual([201, "waited"]);
    });

    test("SECURITY 29: a job is nobody else's", async () => {
      const started = await start("private");
      const path = started.headers.get("location") ?? "";
      expect((await shop.ask("GET", path, { as: "ann" })).status).toBe(404);
      expect((await shop.ask("GET", path, { as: "nobody" })).status).toBe(401);
      expect((await shop.ask("GET", "/jobs/job_00000000000000000000000000000000")).status).toBe(404);
      expect((await shop.ask("DELETE", path)).status).toBe(405);
      await done(path);
    });

    test("an unknown key leaves no job behind", async () => {
      const headers = { prefer: "respond-async", authorization: `Bearer ${newApiKey("sandbox")}` };
      const answered = await shop.ask("POST", "/roles", { as: "nobody", headers, body: { name: "ghost" } });
      expect([202, 401]).toContain(answered.status);
      await Bun.sleep(20);
      if (answered.status === 202)
        expect(
          (
            await shop.ask("GET", answered.headers.get("location") ?? "", {
              as: "nobody",
              headers: { authorization: headers.authorization },
            })
          ).status,
        ).toBe(404);
      expect((await shop.ask("GET", "/roles?name=ghost")).body.data).toEqual([]);
    });
  });

  test("nothing of ours went wrong", () => expect(shop.failures).toEqual([]));
});
