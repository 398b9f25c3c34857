/**
 * The official clients against a server: Connect in both codecs and by GET, gRPC-Web, over fetch, HTTP/1.1 and HTTP/2. What they are given is made from the
 * published descriptors, as generated code would be.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { forEachEngine } from "../core/harness.ts";
import { type Bazaar, duplexNames, type Fields, itemNames, openBazaar, transportNames } from "./bazaar.ts";

const errorOf = async (asked: Promise<unknown>): Promise<ConnectError> => {
  try {
    await asked;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("nothing was refused");
};

async function* given(items: readonly Fields[]): AsyncGenerator<Fields> {
  for (const item of items) yield item;
}

/** Details of an error as JSON, by the last part of their type; Connect brings them along as `debug`, gRPC-Web in the trailers. */
const detailTypes = ({ details }: ConnectError): readonly string[] =>
  details.map((detail) => ("type" in detail ? detail.type : "").replace("google.rpc.", ""));

forEachEngine((engine) => {
  let bazaar: Bazaar;
  beforeAll(async () => (bazaar = await openBazaar(await engine.create())));
  afterAll(async () => {
    expect(bazaar.plane.errors).toEqual([]);
    await bazaar[Symbol.asyncDispose]();
  });

  // How messages travel does not depend on the database: on Postgres one transport of each protocol.
  const named = engine.engine === "sqlite" ? transportNames : (["Connect", "gRPC-Web, HTTP/2"] as const);
  describe.each(named)("%s", (name) => {
    test("SECURITY 35: creates, reads, changes and deletes; every kind of value comes back as it was", async () => {
      const { call } = bazaar.client(name, { key: bazaar.seller });
      const sent = {
        stall: bazaar.stall,
        name: `All kinds ${name}`,
        price: 9_007_199_254_740_993n,
        currency: "CHF",
        stock: 7n,
        weight: "12.125",
        state: 3,
        isFragile: true,
        madeOn: "2026-01-31",
        shownAt: { seconds: 1_769_851_800n, nanos: 123_000_000 },
        note: "Grüße 🏺\nzwei",
        tags: { values: ["a", ""] },
        cost: -(2n ** 63n),
      };
      const { ware } = await call<{ ware: Record<string, unknown> }>("createWare", sent);
      expect(ware).toMatchObject(sent);
      expect(ware).toMatchObject({ code: "A-123456", edition: 1n });
      const id = String(ware["id"]);
      const again = await call<{ ware: Record<string, unknown> }>("getWare", { id });
      expect(again.ware).toEqual(ware);
      const changed = await call<{
        ware: Record<string, unknown>;
      }>("updateWare", {
        id,
        price: 0n,
        updateMask: { paths: ["price", "note", "tags"] },
      });
      expect([changed.ware["price"], changed.ware["note"], changed.ware["tags"], changed.ware["weight"]]).toEqual([
        0n,
        undefined,
        undefined,
        "12.125",
      ]);
      await call("deleteWare", { id });
      expect((await errorOf(call("getWare", { id }))).code).toBe(Code.NotFound);
    });

    test("an empty list is told from none", async () => {
      const { call } = bazaar.client(name, { key: bazaar.seller });
      const { ware } = await call<{
        ware: { id: string; tags?: { values: string[] } };
      }>("createWare", {
        stall: bazaar.stall,
        price: 1n,
        name: `Tags ${name}`,
        tags: { values: [] },
      });
      expect(ware.tags?.values).toEqual([]);
      const { ware: without } = await call<{
        ware: { tags?: unknown };
      }>("updateWare", { id: ware.id, updateMask: { paths: ["tags"] } });
      expect(without.tags).toBeUndefined();
      await call("deleteWare", { id: ware.id });
    });

    test("lists: filters, named filters, order, fields, relations, pages, tokens", async () => {
      const { call } = bazaar.client(name, { key: bazaar.seller });
      interface Listed {
        readonly wares: readonly (Fields & {
          readonly included?: { readonly stall: { readonly id: string; readonly name: string } };
        })[];
        readonly pageInfo: { readonly totalRecords?: bigint };
        readonly nextPageToken: string;
      }
      const list = (request: Fields): Promise<Listed> => call<Listed>("listWares", request);
      const marked = `List ${name}`;
      for (const [index, price] of [30n, 10n, 20n].entries())
        await call("createWare", { stall: bazaar.stall, name: `${marked} ${index}`, price });
      const own = { field: "name", operator: 8, values: [{ kind: { case: "stringValue", value: marked } }] };
      const dear = { field: "price", operator: 6, values: [{ kind: { case: "numberValue", value: 20 } }] };
      const prices = ({ wares }: { wares: readonly Record<string, unknown>[] }): unknown => wares.map(({ price }) => price);
      expect(prices(await list({ filters: [own], orderBy: ["price desc"] }))).toEqual([30n, 20n, 10n]);
      expect(prices(await list({ filters: [own, dear], orderBy: ["price"] }))).toEqual([20n, 30n]);
      const params = { name: `${marked} 1` };
      expect(prices(await list({ namedFilters: [{ name: "named", params }] }))).toEqual([10n]);
      const first = await list({ filters: [own], orderBy: ["price"], pageSize: 2, count: true });
      expect([prices(first), Number(first.pageInfo.totalRecords)]).toEqual([[10n, 20n], 3]);
      const next = await list({ filters: [own], orderBy: ["price"], pageSize: 2, pageToken: first.nextPageToken });
      expect([prices(next), next.nextPageToken]).toEqual([[30n], ""]);
      const readMask = { paths: ["name", "stall.name"] };
      const [chosen] = (await list({ filters: [own], readMask })).wares;
      expect([chosen?.["price"], chosen?.included?.stall.name]).toEqual([undefined, "The corner"]);
      const [whole] = (await list({ filters: [own], include: [{ relation: "stall" }] })).wares;
      expect([whole?.["stall"], whole?.included?.stall.id]).toEqual([bazaar.stall, bazaar.stall]);
      const parent = { resource: "stalls", id: bazaar.stall, relation: "wares" };
      expect(prices(await list({ parent, filters: [own], orderBy: ["price"] }))).toEqual([10n, 20n, 30n]);
      expect(await call("countWares", { filters: [own] })).toMatchObject({ count: 3n });
      const stats = await call<{ rows: unknown[] }>("getWareStatsByState", { filters: [own] });
      expect(stats.rows).toMatchObject([{ state: 1, wares: 3n, value: "60" }]);
      for (const { id } of (await list({ filters: [own] })).wares) await call("deleteWare", { id });
    });

    test("functions, and the answer to the same idempotency key", async () => {
      const { call } = bazaar.client(name, { key: bazaar.seller });
      expect(await call("getWareQuote", { id: bazaar.ware, amount: 3n })).toMatchObject({ total: 30n, currency: "EUR" });
      expect(await call("greet", { name: "Ann", times: 2n })).toMatchObject({ text: "Hello Ann, Hello Ann" });
      const headers = { "idempotency-key": `"sell ${name.replaceAll(/[^a-z0-9]/gi, "")}"` };
      let replayed: string | null = null;
      const onHeader = (heard: Headers): void => void (replayed = heard.get("idempotent-replayed"));
      const sell = async (): Promise<unknown> => call("sellWare", { id: bazaar.ware, amount: 1n }, { headers, onHeader });
      const first = await sell();
      expect(replayed).toBeNull();
      expect(await sell()).toEqual(first);
      expect(replayed as string | null).toBe("true");
    });

    test("refusals have their code, their details and the caller's language", async () => {
      const { call } = bazaar.client(name, { key: bazaar.seller });
      const headers = { "accept-language": "de", "x-request-id": "mine-1" };
      const wrong = await errorOf(call("createWare", { stall: bazaar.stall, name: "A", stock: 2_000n }, { headers }));
      expect(wrong.code).toBe(Code.InvalidArgument);
      expect(wrong.rawMessage).toMatch(/^Validierung fehlgeschlagen: Das Feld „Name“ .+ Das Feld „Vorrat“ .+\.$/);
      expect(detailTypes(wrong)).toEqual(["ErrorInfo", "BadRequest", "LocalizedMessage", "RequestInfo"]);
      const sold = { stall: bazaar.stall, name: `Sold ${name}`, price: 1n, stock: 2n };
      const { ware } = await call<{ ware: { id: string } }>("createWare", sold);
      const none = await errorOf(call("sellWare", { id: ware.id, amount: 3n }, { headers }));
      expect([none.code, none.rawMessage]).toEqual([Code.FailedPrecondition, "Es sind nur noch 2 da."]);
      await call("deleteWare", { id: ware.id });
      const { call: nobody } = bazaar.client(name, {});
      expect((await errorOf(nobody("getWare", { id: bazaar.ware }))).code).toBe(Code.Unauthenticated);
      const { call: buyer } = bazaar.client(name, { key: bazaar.buyer });
      expect((await errorOf(buyer("createStall", { name: "Mine" }))).code).toBe(Code.PermissionDenied);
    });

    test("If-Match: the tag of an answer, and an older one", async () => {
      const { call } = bazaar.client(name, { key: bazaar.seller });
      let tag: string | null = null;
      const onHeader = (heard: Headers): void => void (tag = heard.get("etag"));
      const { ware } = await call<{
        ware: { id: string };
      }>("createWare", { stall: bazaar.stall, price: 1n, name: `Tag ${name}` }, { onHeader });
      const headers = { "if-match": String(tag) };
      await call("updateWare", { id: ware.id, price: 1n }, { headers });
      const stale = await errorOf(call("updateWare", { id: ware.id, price: 2n }, { headers }));
      expect(stale.code).toBe(Code.FailedPrecondition);
      await call("deleteWare", { id: ware.id });
    });

    test("SECURITY 25: who may not read a field does not get it, in rows and in streams of them", async () => {
      const { call, rows } = bazaar.client(name, { key: bazaar.buyer });
      const seen = await call<{ ware: Record<string, unknown> }>("getWare", { id: bazaar.ware });
      expect([seen.ware["cost"], seen.ware["code"]]).toEqual([undefined, "••••3456"]);
      for await (const part of rows("exportWares", {}))
        for (const ware of (part as unknown as { wares: Record<string, unknown>[] }).wares)
          expect([ware["cost"], ware["code"]]).toEqual([undefined, "••••3456"]);
      const filter = { field: "cost", operator: 6, values: [{ kind: { case: "numberValue", value: 1 } }] };
      expect((await errorOf(call("listWares", { filters: [filter] }))).code).toBe(Code.InvalidArgument);
    });

    test("an older version has its own names and numbers, and says that it is old", async () => {
      const { call } = bazaar.client(name, { key: bazaar.seller, version: "v1" });
      const { ware } = await call<{
        ware: Record<string, unknown>;
      }>("createWare", { stall: bazaar.stall, price: 1n, title: `Old ${name}` });
      expect(ware["title"]).toBe(`Old ${name}`);
      const changed = await call<{
        ware: Record<string, unknown>;
      }>("updateWare", {
        id: ware["id"],
        title: `Older ${name}`,
        updateMask: { paths: ["title"] },
      });
      expect(changed.ware["title"]).toBe(`Older ${name}`);
      await call("deleteWare", { id: ware["id"] });
    });
  });

  describe.each(itemNames)("%s", (name) => {
    test("a stream of items: a verdict for each, in order, whatever became of the others", async () => {
      const { items } = bazaar.client(name, { key: bazaar.seller });
      const sent = Array.from({ length: 150 }, (_, index) => ({
        request: { stall: bazaar.stall, price: 1n, name: index % 50 === 7 ? "x" : `Item ${index} ${name}` },
        idempotencyKey: `${name.replaceAll(/[^a-z0-9]/gi, "")}-${index % 149}`,
      }));
      const heard: unknown[] = [];
      for await (const answer of items("createWareStream", given(sent))) {
        const { verdict, replayed } = answer as unknown as {
          verdict: {
            case: string;
            value: { ware?: { name: string }; type?: string; code?: number; message?: string };
          };
          replayed: boolean;
        };
        const { ware, type, code, message } = verdict.value;
        heard.push(verdict.case === "response" ? [ware?.name, replayed] : [type, code, message]);
      }
      expect(heard).toEqual(
        sent.map(({ request }, index) => {
          if (index % 50 === 7)
            return ["validation_failed", Code.InvalidArgument, "Validation failed: The name must have at least 2 characters."];
          return index === 149 ? ["idempotency_key_reused", Code.InvalidArgument, expect.any(String)] : [request.name, false];
        }),
      );
    });
  });

  describe.each(duplexNames)("%s", (name) => {
    test("an item is answered before the next one is sent", async () => {
      const { items } = bazaar.client(name, { key: bazaar.seller });
      const waiting: Fields[] = [];
      let wake = (): void => undefined;
      let isOver = false;
      async function* dialog(): AsyncGenerator<Fields> {
        for (;;) {
          const next = waiting.shift();
          if (next !== undefined) yield next;
          else if (isOver) return;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      }
      const answers = items("updateWareStream", dialog())[Symbol.asyncIterator]();
      for (let step = 0; step < 5; step++) {
        waiting.push({ request: { id: bazaar.ware, note: `step ${step}` } });
        wake();
        const { value } = (await answers.next()) as { value: { verdict: { value: { ware: { note: string } } }; etag: string } };
        expect([value.verdict.value.ware.note, value.etag]).toEqual([`step ${step}`, expect.stringMatching(/^"[0-9a-f]+"$/)]);
      }
      isOver = true;
      wake();
      expect((await answers.next()).done).toBe(true);
    });
  });
});
