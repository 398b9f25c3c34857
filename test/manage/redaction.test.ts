/** Policies that keep fields from callers, and policies that give them other names: in every answer, in every question, in tags and refusals. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { type Asking, type Data, type Heard, openPlane, type Plane } from "./plane.ts";

const secret = "ann@hidden.example";

forEachEngine((engine) => {
  describe("redaction and transformation", () => {
    let plane: Plane;
    let key: string;
    let id: string;
    let good: string;
    beforeAll(async () => {
      plane = await openPlane(await engine.create());
      ({ key } = await plane.app());
      const ann = { name: "Ann", email: secret, phone: "+49 30 123456" };
      id = String(((await ask("POST", "/sellers", { body: ann })).data as Data)["id"]);
      const pen = { title: "Pen", price: 2, code: "DE-1234-5678", seller: id };
      good = String(((await ask("POST", "/goods", { body: pen })).data as Data)["id"]);
    });
    afterEach(() => plane.clear());
    afterAll(async () => {
      expect(plane.errors).toEqual([]);
      await plane[Symbol.asyncDispose]();
    });

    const ask = (method: string, path: string, asking: Asking = {}): Promise<Heard> =>
      plane.ask(`/market/v1${path}`, { key, method, ...asking });
    const get = (path: string, asking: Asking = {}): Promise<Heard> => ask("GET", path, asking);
    const rowOf = async (heard: Promise<Heard>): Promise<Data> => {
      const { data, text } = await heard;
      if (typeof data !== "object" || data === null) throw new Error(text);
      return (Array.isArray(data) ? data[0] : data) as Data;
    };

    describe("SECURITY 25: redaction", () => {
      const hide = (mask: string, fields = ["market.sellers.email", "market.goods.code"], more: Data = {}) =>
        plane.policy("redaction", { fields, mask }, more);

      test("SECURITY 25: what is removed stands in no answer", async () => {
        await hide("removed");
        const answers = await Promise.all([
          get(`/sellers/${id}`),
          get("/sellers"),
          get("/sellers.csv"),
          get("/sellers.ndjson"),
          get("/sellers.xml"),
          get("/sellers.yaml"),
          get(`/goods/${good}?include=seller`),
          get("/goods?include=seller"),
          get(`/sellers/${id}?include=goods`),
          get(`/sellers/${id}/goods`),
          ask("QUERY", "/sellers", { body: { perPage: 5 } }),
          ask("PATCH", `/sellers/${id}`, { body: { name: "Anna" } }),
          ask("POST", `/goods/${good}/reprice`, { body: { price: 3 } }),
          ask("POST", "/batch", { body: { calls: [{ path: `/sellers/${id}` }, { path: "/goods?include=seller" }] } }),
          ask("POST", "/batch", { body: { strategy: "atomic", calls: [{ path: `/sellers/${id}` }] } }),
        ]);
        for (const { status, text } of answers) {
          expect([text, status]).toEqual([text, 200]);
          expect(text).not.toMatch(/hidden\.example|"email"|1234-5678|<email>|"code"/);
        }
        expect(await rowOf(get(`/sellers/${id}`))).toHaveProperty("phone");
      });

      test("SECURITY 25: nobody filters, sorts, groups or picks by it, whatever the way", async () => {
        const asked = [
          `/sellers?email=${secret}`,
          "/sellers?email~=hidden",
          "/sellers?email^=ann",
          "/sellers?email[null]=false",
          "/sellers?email!=x@example.com",
          "/sellers?sortBy=email",
          "/sellers?sortBy=email.desc",
          "/sellers?fields=email",
          "/sellers?fields=id,email",
          `/goods?seller.email=${secret}`,
          "/goods?sortBy=seller.email",
          "/goods?fields=seller.email",
          "/goods?include=seller(sortBy:email)",
          `/sellers/count?email=${secret}`,
          `/sellers/${id}/email`,
        ];
        const before = await Promise.all(asked.slice(0, 8).map((path) => get(path)));
        expect(before.map(({ status }) => status)).toEqual(before.map(() => 200));
        for (const mask of ["removed", "hidden", "email"]) {
          await hide(mask);
          for (const path of asked) {
            const { status, text } = await get(path);
            const isShownMasked = status === 200 && /fields=|\/email$/.test(path) && mask !== "removed";
            expect([mask, path, isShownMasked || [403, 422].includes(status)]).toEqual([mask, path, true]);
            expect(text).not.toContain(secret);
          }
          const { status } = await ask("QUERY", "/sellers", { body: { email: secret } });
          expect([mask, [403, 422].includes(status)]).toEqual([mask, true]);
          await plane.clear();
        }
      });

      test("masks show as much as they say", async () => {
        const shown = async (mask: string): Promise<readonly unknown[]> => {
          const own = await hide(mask);
          const both = [(await rowOf(get(`/sellers/${id}`)))["email"], (await rowOf(get(`/goods/${good}`)))["code"]];
          await plane.admin("DELETE", `/policies/${own}`);
          return both;
        };
        expect(await shown("hidden")).toEqual(["••••", "••••"]);
        expect(await shown("last4")).toEqual(["••••mple", "••••5678"]);
        expect(await shown("email")).toEqual(["a••••@hidden.example", "••••"]);
        await hide("last4");
        await hide("removed", ["market.goods.code"]);
        expect(await rowOf(get(`/goods/${good}`))).not.toHaveProperty("code");
        expect(await rowOf(get(`/goods/${good}?include=seller`))).toMatchObject({ seller: { email: "••••mple" } });
      });

      test("it reaches only the callers of its scope, and included rows whatever operation it names", async () => {
        const other = await plane.app();
        await hide("removed", ["market.sellers.email"], { scope: { apps: [other.id] } });
        expect(await rowOf(get(`/sellers/${id}`))).toHaveProperty("email");
        expect(await rowOf(get(`/sellers/${id}`, { key: other.key }))).not.toHaveProperty("email");
        expect((await get("/goods?include=seller", { key: other.key })).text).not.toContain(secret);
        await plane.clear();
        await hide("removed", ["market.sellers.email"], { scope: { operations: ["market.sellers.*"] } });
        expect((await get("/goods?include=seller")).text).not.toContain(secret);
      });

      test("SECURITY 25: the entity tag changes with what is shown, and with nothing else", async () => {
        const tagOf = async (): Promise<string> => (await get(`/sellers/${id}`)).headers.get("etag") ?? "";
        const open = await tagOf();
        await hide("removed");
        const redacted = await tagOf();
        expect(redacted).not.toBe(open);
        await plane.clear();
        expect(await tagOf()).toBe(open);
        expect((await ask("PATCH", `/sellers/${id}`, { body: { email: "ann2@hidden.example" } })).outcome).toBe("200");
        await hide("removed");
        expect(await tagOf()).toBe(redacted);
        // And it is good for a change under a condition.
        const stale = { "if-match": open };
        expect((await ask("PATCH", `/sellers/${id}`, { body: { name: "Bea" }, headers: stale })).outcome).toBe(
          "412 precondition_failed",
        );
        const fresh = { "if-match": redacted };
        expect((await ask("PATCH", `/sellers/${id}`, { body: { name: "Bea" }, headers: fresh })).outcome).toBe("200");
      });
    });

    describe("transformation", () => {
      const rename = (names: Data = { "market.goods.title": "label", "market.goods.code": "article" }, more: Data = {}) =>
        plane.policy("transformation", { rename: names }, more);

      test("fields go out and come in under the other name; the old one is not known", async () => {
        await rename();
        const made = await ask("POST", "/goods", { body: { label: "Cup", price: 9, article: "A-1" } });
        expect([made.outcome, made.data]).toEqual(["201", expect.objectContaining({ label: "Cup", article: "A-1" })]);
        expect(made.data).not.toHaveProperty("title");
        const cup = String((made.data as Data)["id"]);
        expect(await rowOf(get(`/goods/${cup}`))).toMatchObject({ label: "Cup", price: 9 });
        expect(await rowOf(ask("PATCH", `/goods/${cup}`, { body: { label: "Mug" } }))).toMatchObject({ label: "Mug" });
        expect(await rowOf(ask("PUT", `/goods/${cup}`, { body: { label: "Jug", price: 8 } }))).toMatchObject({ label: "Jug" });
        for (const body of [
          { title: "Old", price: 1 },
          { label: "New", title: "Old", price: 1 },
        ]) {
          const refused = await ask("POST", "/goods", { body });
          expect([refused.outcome, Object.keys(refused.issues)]).toEqual([
            "422 validation_failed",
            "label" in body ? ["title"] : expect.arrayContaining(["title"]),
          ]);
        }
        expect((await ask("PATCH", `/goods/${cup}`, { body: { title: "Old" } })).outcome).toBe("422 validation_failed");
        await plane.clear();
        expect(await rowOf(get(`/goods/${cup}`))).toMatchObject({ title: "Jug", code: null });
      });

      test("lists are asked and answered in the other name, in every format", async () => {
        await rename();
        const found = await get("/goods?label=Pen&sortBy=label.desc&fields=id,label");
        expect([found.outcome, found.data]).toEqual(["200", [{ id: good, label: "Pen" }]]);
        expect((await ask("QUERY", "/goods", { body: { label: "Pen" } })).data).toMatchObject([{ label: "Pen" }]);
        for (const path of ["/goods?title=Pen", "/goods?sortBy=title", "/goods?fields=title"]) {
          const { outcome, text } = await get(path);
          expect([path, outcome, text.includes("renamed")]).toEqual([path, "422 validation_failed", false]);
        }
        for (const format of ["csv", "ndjson", "xml", "yaml", "msgpack"]) {
          const { status, text } = await get(`/goods.${format}`);
          expect([format, status, text.includes("label"), text.includes("title")]).toEqual([format, 200, true, false]);
        }
        const paged = await get("/goods.csv?perPage=1");
        expect(paged.text.split(/\r?\n/)[0]).toContain("label");
      });

      test("rows have the name wherever they stand: included, related, in batches, as answers of functions", async () => {
        await rename({ "market.goods.title": "label", "market.sellers.name": "company" });
        expect(await rowOf(get(`/goods/${good}?include=seller`))).toMatchObject({ label: "Pen", seller: { company: "Bea" } });
        expect(await rowOf(get(`/sellers/${id}?include=goods`))).toMatchObject({ company: "Bea", goods: [{ label: "Pen" }] });
        expect(await rowOf(get(`/sellers/${id}/goods`))).toMatchObject({ label: "Pen" });
        expect(await rowOf(ask("POST", `/goods/${good}/reprice`, { body: { price: 4 } }))).toMatchObject({ label: "Pen" });
        const batch = await ask("POST", "/batch", {
          body: { strategy: "atomic", calls: [{ path: "/goods", body: { label: "Box", price: 1 } }, { path: `/goods/${good}` }] },
        });
        expect((batch.data as Data[]).map(({ data }) => data)).toMatchObject([{ label: "Box" }, { label: "Pen" }]);
      });

      test("entity tags and patches are made of what is shown", async () => {
        await rename();
        const tag = (await get(`/goods/${good}`)).headers.get("etag") ?? "";
        const changed = await ask("PATCH", `/goods/${good}`, { body: { label: "Quill" }, headers: { "if-match": tag } });
        expect([changed.outcome, changed.data]).toEqual(["200", expect.objectContaining({ label: "Quill" })]);
        expect((await ask("PATCH", `/goods/${good}`, { body: { label: "x" }, headers: { "if-match": tag } })).outcome).toBe(
          "412 precondition_failed",
        );
        const patch = [{ op: "replace", path: "/label", value: "Pen" }];
        const patched = await ask("PATCH", `/goods/${good}`, {
          body: patch,
          headers: { "content-type": "application/json-patch+json" },
        });
        expect([patched.outcome, patched.data]).toEqual(["200", expect.objectContaining({ label: "Pen" })]);
      });

      test("refusals name fields as the caller does", async () => {
        await rename();
        const refused = await ask("POST", "/goods", { body: { label: "", price: -1, article: 5 } });
        expect([refused.outcome, Object.keys(refused.issues).toSorted()]).toEqual([
          "422 validation_failed",
          ["article", "label", "price"],
        ]);
      });
    });
  });
});
