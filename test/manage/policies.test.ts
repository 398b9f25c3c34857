/**
 * Policies, each kind over REST: what a call without it answers, what it answers with it, and that it reaches only the calls of its scope.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { type Asking, type Data, type Heard, openPlane, type Plane } from "./plane.ts";

const seller = { name: "Ann", email: "ann@example.com", phone: "+49 30 123456" };

forEachEngine((engine) => {
  describe("policies over REST", () => {
    let plane: Plane;
    let key: string;
    let app: string;
    let id: string;
    let good: string;
    beforeAll(async () => {
      plane = await openPlane(await engine.create());
      ({ key, id: app } = await plane.app());
      id = String(((await ask("POST", "/sellers", { body: seller })).data as Data)["id"]);
      const pen = { title: "Pen", price: 2, code: "DE-1234-5678", seller: id };
      good = String(((await ask("POST", "/goods", { body: pen })).data as Data)["id"]);
    });
    afterEach(() => plane.clear());
    afterAll(() => plane[Symbol.asyncDispose]());

    const ask = (method: string, path: string, asking: Asking = {}): Promise<Heard> =>
      plane.ask(`/market/v1${path}`, { key, method, ...asking });
    const look = (asking: Asking = {}): Promise<Heard> => ask("POST", "/look", { body: {}, ...asking });
    const outcomes = async (...asked: readonly Promise<Heard>[]): Promise<readonly string[]> =>
      (await Promise.all(asked)).map(({ outcome }) => outcome);

    describe("who may call", () => {
      test("ipAllow lets only its networks pass, ipDeny all but its own; a header says nothing of it", async () => {
        const forged = { "x-forwarded-for": "192.0.2.1", forwarded: "for=192.0.2.1", "x-real-ip": "192.0.2.1" };
        const allow = await plane.policy("ipAllow", { networks: ["192.0.2.0/24", "2001:db8::/32"] });
        expect(await outcomes(look(), look({ headers: forged }))).toEqual(["403 address_not_allowed", "403 address_not_allowed"]);
        await plane.admin("PATCH", `/policies/${allow}`, { settings: { networks: ["127.0.0.0/8"] } });
        expect(await outcomes(look(), look({ headers: forged }))).toEqual(["200", "200"]);
        await plane.policy("ipDeny", { networks: ["127.0.0.1"] }, { scope: { operations: ["market.goods.*"] } });
        expect(await outcomes(look(), ask("GET", "/goods"))).toEqual(["200", "403 address_not_allowed"]);
      });

      test("every ipAllow has to let the address pass", async () => {
        await plane.policy("ipAllow", { networks: ["127.0.0.1"] });
        await plane.policy("ipAllow", { networks: ["192.0.2.1"] }, { order: -5 });
        expect((await look()).outcome).toBe("403 address_not_allowed");
      });

      test("the control plane is not closed by what it keeps: whoever locks everybody out can undo it", async () => {
        await plane.policy("ipDeny", { networks: ["0.0.0.0/0", "::/0"] });
        await plane.policy("maintenance", { retryAfterSeconds: 5, allowsReads: false });
        expect((await look()).outcome).toBe("403 address_not_allowed");
        await plane.clear();
        expect((await look()).outcome).toBe("200");
      });

      test("authenticationStrength refuses callers recognised otherwise", async () => {
        const own = await plane.policy("authenticationStrength", { accepted: ["signature", "certificate"] });
        const refused = await look();
        expect(refused.outcome).toBe("403 stronger_authentication_required");
        await plane.admin("PATCH", `/policies/${own}`, { settings: { accepted: ["key"] } });
        expect((await look()).outcome).toBe("200");
      });

      test("a scope covers calls that meet every part of it", async () => {
        const off = { isOn: false };
        const other = await plane.app();
        const cases: readonly (readonly [Data, string, string])[] = [
          [{ apps: [app] }, "403 operation_disabled", "200"],
          [{ plans: [other.plan] }, "200", "403 operation_disabled"],
          [{ environment: "live" }, "200", "200"],
          [{ environment: "sandbox" }, "403 operation_disabled", "403 operation_disabled"],
          [{ roles: ["auditor"] }, "200", "200"],
          [{ roles: ["buyer"] }, "403 operation_disabled", "403 operation_disabled"],
          [{ operations: ["market.look"], apps: [other.id] }, "200", "403 operation_disabled"],
          [{ operations: ["market.goods.*"], apps: [other.id] }, "200", "200"],
        ];
        for (const [scope, own, others] of cases) {
          await plane.policy("operationSwitch", off, { scope });
          expect([scope, await outcomes(look(), look({ key: other.key }))]).toEqual([scope, [own, others]]);
          await plane.clear();
        }
      });
    });

    describe("what may be called", () => {
      test("operationSwitch switches off by pattern, and the later one counts", async () => {
        await plane.policy("operationSwitch", { isOn: false }, { scope: { operations: ["market.*"] }, order: 1 });
        expect(await outcomes(look(), ask("GET", "/goods"), ask("GET", `/goods/${good}`))).toEqual([
          "403 operation_disabled",
          "403 operation_disabled",
          "403 operation_disabled",
        ]);
        await plane.policy("operationSwitch", { isOn: true }, { scope: { operations: ["market.goods.list"] }, order: 2 });
        expect(await outcomes(look(), ask("GET", "/goods"), ask("GET", `/goods/${good}`))).toEqual([
          "403 operation_disabled",
          "200",
          "403 operation_disabled",
        ]);
      });

      test("SECURITY 24: what is switched off is reached by no other way to say it", async () => {
        await plane.policy("operationSwitch", { isOn: false }, { scope: { operations: ["market.goods.list"] } });
        const ways = await Promise.all([
          ask("GET", "/goods"),
          ask("GET", "/goods.ndjson"),
          ask("GET", "/goods.csv?perPage=5"),
          ask("GET", "/goods/"),
          ask("GET", "/GOODS"),
          ask("GET", "/g%6fods"),
          ask("HEAD", "/goods"),
          ask("QUERY", "/goods", { body: {} }),
          ask("GET", "/goods?language=de"),
          plane.ask("/de/market/v1/goods", { key }),
          ask("POST", "/goods", { headers: { "x-http-method-override": "GET" }, body: {} }),
        ]);
        for (const { status, text } of ways) expect([text, [403, 404, 422].includes(status)]).toEqual([text, true]);
        const batch = await ask("POST", "/batch", { body: { calls: [{ path: "/goods" }, { path: `/goods/${good}` }] } });
        expect((batch.data as Data[]).map(({ status }) => status)).toEqual([403, 200]);
        // Related rows are another operation's, and what is included another row's.
        expect((await ask("GET", `/sellers/${id}/goods`)).outcome).toBe("403 operation_disabled");
      });

      test("maintenance answers 503 with the time to wait, and lets reads pass where it says so", async () => {
        const own = await plane.policy("maintenance", { retryAfterSeconds: 90, allowsReads: true });
        expect(await outcomes(look(), ask("GET", "/goods"), ask("POST", "/haggle", { body: {} }))).toEqual([
          "200",
          "200",
          "503 maintenance",
        ]);
        const closed = { retryAfterSeconds: 90, allowsReads: false };
        await plane.admin("PATCH", `/policies/${own}`, { settings: closed });
        const read = await ask("GET", "/goods");
        expect([read.outcome, read.headers.get("retry-after")]).toEqual(["503 maintenance", "90"]);
        const soon = new Date(Date.now() + 20_000).toISOString();
        await plane.admin("PATCH", `/policies/${own}`, { settings: { ...closed, until: soon } });
        const wait = Number((await ask("GET", "/goods")).headers.get("retry-after"));
        expect([wait > 10, wait <= 20]).toEqual([true, true]);
        const over = new Date(Date.now() - 1_000).toISOString();
        await plane.admin("PATCH", `/policies/${own}`, { settings: { ...closed, until: over } });
        expect((await ask("GET", "/goods")).outcome).toBe("200");
      });

      test("deprecation says so on every answer, and answers 410 once the sunset has come", async () => {
        const deprecatedAt = "2026-01-01T00:00:00Z";
        const link = "https://market.example/guides/goods";
        const scope = { operations: ["market.goods.*"] };
        const settings = { deprecatedAt, sunsetAt: "2999-01-01T00:00:00Z", link };
        const own = await plane.policy("deprecation", settings, { scope });
        for (const heard of [await ask("GET", "/goods"), await ask("GET", "/goods?nope=1"), await ask("GET", "/goods/god_0")]) {
          expect(heard.headers.get("deprecation")).toBe(`@${Date.parse(deprecatedAt) / 1_000}`);
          expect(heard.headers.get("sunset")).toBe("Tue, 01 Jan 2999 00:00:00 GMT");
          expect(heard.headers.get("link")).toContain(`<${link}>; rel="deprecation"`);
        }
        expect((await look()).headers.has("deprecation")).toBe(false);
        await plane.admin("PATCH", `/policies/${own}`, { settings: { ...settings, sunsetAt: "2026-02-01T00:00:00Z" } });
        const gone = await ask("GET", "/goods");
        expect([gone.outcome, gone.headers.get("sunset")]).toEqual(["410 gone", "Sun, 01 Feb 2026 00:00:00 GMT"]);
        expect((await look()).outcome).toBe("200");
      });

      test("its headers stand once on the answer of a batch, however many calls it has", async () => {
        await plane.policy("deprecation", { deprecatedAt: "2026-01-01T00:00:00Z", link: "/guides/goods" });
        await plane.policy("cors", { origins: ["https://app.example"], allowCredentials: false, maxAgeSeconds: 5 });
        const body = Array.from({ length: 50 }, (_, at) => ({ title: `Pen ${at}`, price: at }));
        const { headers } = await ask("POST", "/goods", { body, headers: { origin: "https://app.example" } });
        expect(headers.get("deprecation")).toBe("@1767225600");
        expect(headers.get("link")).toBe('</guides/goods>; rel="deprecation"');
        expect(headers.get("access-control-allow-origin")).toBe("https://app.example");
      });
    });

    describe("what may be sent", () => {
      test("size refuses larger bodies, whether their length is told or not, and whatever they are packed in", async () => {
        await plane.policy("size", { requestBytesMax: 100 });
        const small = { title: "Pen", price: 2 };
        const large = { ...small, code: "x".repeat(40), title: "y".repeat(60) };
        expect((await ask("POST", "/goods", { body: small })).outcome).toBe("201");
        expect((await ask("POST", "/goods", { body: large })).outcome).toBe("413 too_large");
        const inChunks = (text: string) =>
          new ReadableStream({
            start: (controller) => {
              controller.enqueue(new TextEncoder().encode(text.slice(0, 10)));
              controller.enqueue(new TextEncoder().encode(text.slice(10)));
              controller.close();
            },
          });
        expect((await ask("POST", "/goods", { body: inChunks(JSON.stringify(small)) })).outcome).toBe("201");
        expect((await ask("POST", "/goods", { body: inChunks(JSON.stringify(large)) })).outcome).toBe("413 too_large");
        const packed = Bun.gzipSync(new TextEncoder().encode(JSON.stringify(large)));
        expect(packed.length).toBeLessThan(100);
        const zipped = { "content-encoding": "gzip" };
        expect((await ask("POST", "/goods", { body: packed, headers: zipped })).outcome).toBe("413 too_large");
      });

      test("lenient validation leaves out what is not known, in single calls and batches, and nothing else", async () => {
        const known = { title: "Ink", price: 3 };
        const more = { ...known, colour: "blue", seller: id, constructor: 1, __proto__x: 2 };
        expect((await ask("POST", "/goods", { body: more })).outcome).toBe("422 validation_failed");
        await plane.policy(
          "validation",
          { request: "lenient", response: "off" },
          { scope: { operations: ["market.goods.create"] } },
        );
        const made = await ask("POST", "/goods", { body: more });
        expect([made.outcome, made.data]).toEqual(["201", expect.objectContaining({ ...known, seller: id })]);
        expect(made.data).not.toHaveProperty("colour");
        const batch = await ask("POST", "/goods", { body: [more, { ...more, price: "x" }] });
        expect((batch.data as Data[]).map(({ status }) => status)).toEqual([201, 422]);
        expect((await ask("POST", "/goods", { body: { ...more, price: -1 } })).issues).toEqual({ price: [expect.any(String)] });
        expect((await ask("PATCH", `/goods/${good}`, { body: more })).outcome).toBe("422 validation_failed");
      });

      test("answers are checked: reported to the log, or refused as an error of ours", async () => {
        const weigh = (n: number) => ask("POST", "/weigh", { body: { n } });
        expect((await weigh(31_415_926)).outcome).toBe("200");
        const own = await plane.policy("validation", { request: "strict", response: "report" });
        expect((await weigh(9)).outcome).toBe("200");
        expect(plane.errors).toEqual([]);
        expect((await weigh(31_415_926)).outcome).toBe("200");
        expect(plane.errors.map(String)).toEqual([expect.stringContaining("n: too_large")]);
        plane.errors.length = 0;
        await plane.admin("PATCH", `/policies/${own}`, { settings: { request: "strict", response: "enforce" } });
        const refused = await weigh(31_415_926);
        expect([refused.outcome, refused.text.includes("31415926")]).toEqual(["500 internal", false]);
        expect(plane.errors.map(String)).toEqual([expect.stringContaining("n: too_large")]);
        plane.errors.length = 0;
        // Whatever is sound stays so: rows, lists, parts of rows, included ones, counts, statistics.
        const sound = ["/goods", `/goods/${good}`, `/goods/${good}/title`, "/goods?fields=title", "/goods?include=seller"];
        for (const path of [...sound, "/goods/count", "/goods/stats/byPrice", `/sellers/${id}?include=goods`, "/goods.csv"])
          expect([path, (await ask("GET", path)).outcome]).toEqual([path, "200"]);
        expect((await ask("POST", `/goods/${good}/reprice`, { body: { price: 5 } })).outcome).toBe("200");
        expect(plane.errors).toEqual([]);
      });
    });

    describe("what a client may keep", () => {
      test("cache says so on what was read, and on nothing else", async () => {
        await plane.policy("cache", { maxAgeSeconds: 60 });
        const told = async (heard: Promise<Heard>) => (await heard).headers.get("cache-control");
        expect(await told(ask("GET", "/goods"))).toBe("private, max-age=60");
        expect(await told(ask("GET", `/goods/${good}`))).toBe("private, max-age=60");
        expect(await told(ask("GET", "/goods/god_0"))).toBe("no-store");
        expect(await told(ask("GET", "/goods?nope=1"))).toBe("no-store");
        expect(await told(ask("POST", "/haggle", { body: {} }))).toBe("no-store");
        const { headers } = await ask("GET", `/goods/${good}`);
        const again = await ask("GET", `/goods/${good}`, { headers: { "if-none-match": headers.get("etag") ?? "" } });
        expect([again.status, again.headers.get("cache-control")]).toEqual([304, "private, max-age=60"]);
      });
    });

    describe("SECURITY 61: pages of other origins", () => {
      const page = "https://app.example";
      const corsOf = ({ headers }: Heard): Data =>
        Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-allow")));
      const preflight = (origin: string): Promise<Heard> =>
        plane.ask("/market/v1/goods", { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
      const told = async (origin: string): Promise<readonly unknown[]> =>
        [await preflight(origin), await ask("GET", "/goods?perPage=1", { headers: { origin } })].map(
          (heard) => corsOf(heard)["access-control-allow-origin"],
        );
      /** Preflights hear of a change a moment after it. */
      const settled = async (origin: string, isAllowed: boolean): Promise<void> => {
        for (const until = performance.now() + 1_000; performance.now() < until; await Bun.sleep(10))
          if ("access-control-allow-origin" in corsOf(await preflight(origin)) === isAllowed) return;
        throw new Error(`preflights of ${origin} did not change within a second`);
      };

      test("SECURITY 61: the origin that is named may call, and read refusals too; no other, and `null` never", async () => {
        const settings = { origins: [page], allowCredentials: true, maxAgeSeconds: 60 };
        await plane.policy("cors", settings);
        await plane.policy("operationSwitch", { isOn: false }, { scope: { operations: ["market.look"] } });
        await settled(page, true);
        expect(await told(page)).toEqual([page, page]);
        for (const origin of ["https://evil.example", "null", "http://app.example", `${page}:444`])
          expect([origin, ...(await told(origin))]).toEqual([origin, undefined, undefined]);
        const refused = await look({ headers: { origin: page } });
        expect([refused.outcome, corsOf(refused)]).toEqual([
          "403 operation_disabled",
          { "access-control-allow-origin": page, "access-control-allow-credentials": "true" },
        ]);
        await plane.clear();
        await settled(page, false);
        expect(await told(page)).toEqual([undefined, undefined]);
      });

      test("SECURITY 61: a page may read a batch only where it may read each of its calls", async () => {
        const settings = { origins: [page], allowCredentials: false, maxAgeSeconds: 60 };
        await plane.policy("cors", settings, { scope: { operations: ["market.goods.*"] } });
        const batch = async (...paths: readonly string[]) =>
          corsOf(await ask("POST", "/batch", { body: { calls: paths.map((path) => ({ path })) }, headers: { origin: page } }));
        expect(await batch("/goods", `/goods/${good}`)).toEqual({ "access-control-allow-origin": page });
        expect(await batch("/goods", `/sellers/${id}`)).toEqual({});
        expect(await batch(`/sellers/${id}`, "/goods")).toEqual({});
        await plane.clear();
        await settled(page, false);
      });

      test("a policy that does not fit any more is left out in favour of the last good one, and stands in nobody's way", async () => {
        const cors = await plane.policy("cors", { origins: [page], allowCredentials: false, maxAgeSeconds: 60 });
        const off = { isOn: false };
        const on = await plane.policy("operationSwitch", off, { scope: { operations: ["market.look"] } });
        await settled(page, true);
        expect((await look()).outcome).toBe("403 operation_disabled");
        for (const broken of ['{"isOn":"perhaps"}', '{"origins":7}', "[]"]) {
          await plane.sql("UPDATE platform_policies SET settings = $1 WHERE id = $2 OR id = $3", [broken, cors, on]);
          // Something else changes, so that all are read again.
          const other = await plane.policy("cache", { maxAgeSeconds: 5 });
          const late = "https://late.example";
          const further = await plane.policy("cors", { origins: [late], allowCredentials: false, maxAgeSeconds: 60 });
          await settled(late, true);
          expect([broken, (await look()).outcome, ...(await told(page))]).toEqual([broken, "403 operation_disabled", page, page]);
          await plane.admin("DELETE", "/policies", { ids: [other, further] });
          await settled(late, false);
        }
        await plane.admin("DELETE", "/policies", { ids: [cors, on] });
        await settled(page, false);
        expect(plane.errors.map(String).every((error) => error.includes("does not fit and is left out"))).toBe(true);
        expect(plane.errors.length).toBeGreaterThan(0);
        plane.errors.length = 0;
      });
    });

    test("no error of ours", () => expect(plane.errors).toEqual([]));
  });
});
