/** Sealed calls through a real server: any call, answered sealed; each good once, and of no use to anybody else. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { seal, sealingKey } from "../../src/channels/http/signature/index.ts";
import { createSealer } from "../../src/client/index.mjs";
import { forEachEngine } from "../core/harness.ts";
import { type Heard, type Node, openSignedShop, type SignedShop } from "./signed-shop.ts";

type Sealer = Awaited<ReturnType<typeof createSealer>>;
type Call = Parameters<Sealer["sealCall"]>[0];

forEachEngine((engine) => {
  describe("sealed calls", () => {
    let shop: SignedShop;
    let node: Node;
    let sealer: Sealer;
    beforeAll(async () => {
      shop = await openSignedShop(await engine.create());
      node = await shop.start();
      sealer = await createSealer({ appId: shop.apps.ann.keyId, secret: shop.apps.ann.secret });
    });
    afterAll(async () => {
      await node[Symbol.asyncDispose]();
      await shop[Symbol.asyncDispose]();
      expect(shop.failures).toEqual([]);
    });
    afterEach(() => shop.shiftClock(0));

    const post = (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Heard> =>
      node.send(node.request("POST", "/call", body, headers));
    const heardOf = async (call: Call, by = sealer) => {
      const { body, jti } = await by.sealCall(call);
      const heard = await post(body);
      return { heard, opened: await by.openAnswer(heard.body, jti) };
    };
    const openedOf = async (call: Call, by = sealer) => (await heardOf(call, by)).opened;
    const refusalOf = ({ status, body }: Heard): string =>
      `${status} ${body.error?.type}${body.error?.details?.reason === undefined ? "" : ` ${body.error.details.reason}`}`;
    /** Whatever is wished for, sealed with the app's key. */
    const sealedAs = (content: string) => {
      const { keyId, secret } = shop.apps.ann;
      return { appId: keyId, sealed: seal(sealingKey(new TextEncoder().encode(secret)), keyId, content) };
    };
    const now = (): number => Math.floor(Date.now() / 1000);

    test("rows are made, read, listed, changed, counted and deleted", async () => {
      const made = await openedOf({ controller: "products", action: "create", data: { name: "Sealed", price: 250 } });
      expect(made.status).toBe(201);
      const { id } = made.body.data;
      const read = await openedOf({ controller: "products", action: "read", id, query: { fields: "id,name" } });
      expect(read).toMatchObject({ status: 200, body: { success: true, data: { id, name: "Sealed" } } });
      const list = await openedOf({ controller: "products", action: "list", query: { name: "Sealed", perPage: "1" } });
      expect(list.body.pagination).toMatchObject({ totalRecords: 1, perPage: 1 });
      expect((await openedOf({ controller: "products", action: "list" })).body.data.length).toBeGreaterThan(0);
      expect((await openedOf({ controller: "products", action: "count", query: { name: "Sealed" } })).body.data).toBe(1);
      expect((await openedOf({ controller: "products", action: "update", id, data: { price: 300 } })).body.data.price).toBe(300);
      expect((await openedOf({ controller: "products", action: "replace", id, data: { name: "New", price: 1 } })).status).toBe(
        200,
      );
      const label = await openedOf({ controller: "products", action: "label", id });
      expect(label.body.data).toEqual({ text: "New: 1" });
      expect((await openedOf({ controller: "products", action: "retire", id, data: { reason: "old" } })).status).toBe(200);
      const { heard, opened } = await heardOf({ controller: "products", action: "delete", id });
      expect(opened).toEqual({ status: 204, body: null });
      expect(heard.status).toBe(200);
      const batch = await openedOf({ action: "batch", data: { calls: [{ path: "/products?perPage=1" }, { path: "/nowhere" }] } });
      expect(batch.status).toBe(207);
    });

    test("nothing of the call or its answer is in the open, but for the status", async () => {
      const { body, jti } = await sealer.sealCall({
        controller: "products",
        action: "create",
        data: { name: "Confidential", price: 1 },
      });
      const heard = await post(body);
      expect(Object.keys(heard.body)).toEqual(["sealed"]);
      for (const text of [JSON.stringify(body), heard.text, JSON.stringify([...heard.headers])]) {
        expect(text).not.toContain("Confidential");
        expect(text).not.toContain("prd_");
      }
      expect((await sealer.openAnswer(heard.body, jti)).body.data.name).toBe("Confidential");
    });

    test("refusals of the call are sealed as well, with their status", async () => {
      const { heard, opened } = await heardOf({ controller: "products", action: "create", data: { price: -1 } });
      expect(heard.status).toBe(422);
      expect(opened.body.error.type).toBe("validation_failed");
      expect(Object.keys(heard.body)).toEqual(["sealed"]);
      for (const call of [
        { controller: "nowhere", action: "list" },
        { controller: "products", action: "read", id: "prd_01HK3QGM00E6F8SH2A02S1KG4Q" },
        { controller: "products", action: "read", id: "../users" },
        { action: "openapi" },
        { action: "call", data: {} },
      ])
        expect((await openedOf(call)).status).toBe(404);
    });

    test("an idempotency key and an entity tag count inside", async () => {
      const call: Call = {
        controller: "products",
        action: "create",
        data: { name: "Once", price: 1 },
        idempotencyKey: "sealed-1",
      };
      const [first, second] = [await openedOf(call), await openedOf(call)];
      expect(second.body).toEqual(first.body);
      const { id } = first.body.data;
      const stale = await openedOf({ controller: "products", action: "update", id, data: { price: 2 }, ifMatch: '"stale"' });
      expect(stale.status).toBe(412);
      expect((await openedOf({ controller: "products", action: "count", query: { name: "Once" } })).body.data).toBe(1);
    });

    test("SECURITY 18: a call that is sent again is refused, also after a restart and at the same moment", async () => {
      const { body, jti } = await sealer.sealCall({
        controller: "products",
        action: "create",
        data: { name: "Twice", price: 1 },
      });
      const heard = await Promise.all(Array.from({ length: 10 }, () => post(body)));
      const opened = await Promise.all(heard.map((each) => sealer.openAnswer(each.body, jti)));
      expect(opened.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        201,
        ...Array.from({ length: 9 }, () => 401),
      ]);
      await using again = await shop.start();
      const replayed = await again.send(again.request("POST", "/call", body));
      expect((await sealer.openAnswer(replayed.body, jti)).body.error.details.reason).toBe("replayed");
      expect((await openedOf({ controller: "products", action: "count", query: { name: "Twice" } })).body.data).toBe(1);
    });

    test("SECURITY 17: a call that is too old or too far ahead is refused with our time", async () => {
      for (const [shiftMs, words] of [
        [302_000, "401 invalid_credentials created_too_old"],
        [-63_000, "401 invalid_credentials created_in_future"],
      ] as const) {
        const { body } = await sealer.sealCall({ controller: "products", action: "list" });
        shop.shiftClock(shiftMs);
        const heard = await post(body);
        shop.shiftClock(0);
        expect(refusalOf(heard)).toBe(words);
        expect(Math.abs(heard.body.error.details.serverTime - (now() + shiftMs / 1000))).toBeLessThan(5);
      }
    });

    test("SECURITY 20: another secret, an app nobody has, an app without a secret: all the same", async () => {
      const { ann, ben } = shop.apps;
      const heard: Heard[] = [];
      for (const [appId, secret] of [
        [ann.keyId, ben.secret],
        ["app_nobody/sandbox", ann.secret],
        [ann.ed25519KeyId, ann.secret],
        ["app_ann", ann.secret],
      ] as const) {
        const other = await createSealer({ appId, secret });
        heard.push(await post((await other.sealCall({ controller: "products", action: "list" })).body));
      }
      const texts = heard.map(({ status, body }) => JSON.stringify([status, { ...body.error, requestId: "" }]));
      expect(new Set(texts).size).toBe(1);
      expect(heard[0]?.status).toBe(401);
      // Sealed by one, under the id of another.
      const { body } = await sealer.sealCall({ controller: "products", action: "list" });
      expect(refusalOf(await post({ ...body, appId: ben.keyId }))).toBe("400 invalid_body sealed_malformed");
    });

    test("SECURITY 21: the secret of one tenant does nothing in another", async () => {
      const { ben } = shop.apps;
      const other = await createSealer({ appId: ben.keyId, secret: ben.secret });
      const made = await openedOf({ controller: "products", action: "create", data: { name: "Anna's", price: 1 } });
      const { id } = made.body.data;
      for (const action of ["read", "update", "delete"])
        expect(
          (await openedOf({ controller: "products", action, id, ...(action === "update" ? { data: { price: 2 } } : {}) }, other))
            .status,
        ).toBe(404);
      expect((await openedOf({ controller: "products", action: "read", id })).body.data.price).toBe(1);
    });

    test("a credential beside it is refused, a changed message as well", async () => {
      const { body } = await sealer.sealCall({ controller: "products", action: "list" });
      expect(refusalOf(await post(body, { authorization: "Bearer pons_sandbox_x" }))).toBe("400 invalid_header");
      expect(refusalOf(await post(body, { "x-api-key": "pons_sandbox_x" }))).toBe("400 invalid_header");
      const [header, , iv, text, tag] = body.sealed.split(".");
      const flipped = `${text?.startsWith("A") === true ? "B" : "A"}${text?.slice(1)}`;
      expect(refusalOf(await post({ ...body, sealed: `${header}..${iv}.${flipped}.${tag}` }))).toBe("401 invalid_credentials");
      for (const wrong of [
        {},
        [],
        { appId: "app_ann" },
        { ...body, more: 1 },
        { ...body, sealed: "a.b.c.d.e" },
        { ...body, appId: "" },
      ])
        expect(refusalOf(await post(wrong))).toBe("400 invalid_body sealed_malformed");
      expect((await node.send(node.request("GET", "/call"))).status).toBe(405);
    });

    test.each([
      ["no JSON", "nonsense", "invalid_json"],
      ["a key twice", '{"action":"list","action":"delete","iat":1,"jti":"a"}', "duplicate_key"],
      ["no object", "[]", "sealed_call_malformed"],
      ["no action", '{"iat":1,"jti":"a"}', "sealed_call_malformed"],
      ["an action that is a path", '{"action":"a/b","iat":1,"jti":"a"}', "sealed_call_malformed"],
      ["a controller that is a path", '{"controller":"products/x","action":"list","iat":1,"jti":"a"}', "sealed_call_malformed"],
      ["no number", '{"action":"list","iat":1}', "sealed_call_malformed"],
      ["no time", '{"action":"list","jti":"a"}', "sealed_call_malformed"],
      ["a time in words", '{"action":"list","iat":"1","jti":"a"}', "sealed_call_malformed"],
      ["a long number", `{"action":"list","iat":1,"jti":"${"a".repeat(129)}"}`, "sealed_call_malformed"],
      ["an unknown field", '{"action":"list","iat":1,"jti":"a","role":"admin"}', "sealed_call_malformed"],
      ["nested too deeply", `{"action":"list","iat":1,"jti":"a","data":${"[".repeat(500)}${"]".repeat(500)}}`, "too_deep"],
    ])("inside: %s", async (_, content, reason) => {
      const heard = await post(sealedAs(content));
      expect([heard.status, heard.body.error.details.reason]).toEqual([400, reason]);
    });

    test("a body beyond the bound is refused before it is read", async () => {
      const heard = await post(sealedAs(JSON.stringify({ action: "x", data: "x".repeat(2_000_000) })));
      expect(heard.status).toBe(413);
    });
  });
});
