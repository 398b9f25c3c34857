/**
 * A field that a role may neither read nor write, by every way there is: it is not written, not shown, and nothing that can be asked tells two of its
 * values apart.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encode } from "@msgpack/msgpack";
import { dataOf, forEachEngine, idOf } from "../core/harness.ts";
import { type Nodes, openNodes } from "./nodes.ts";
import { archive, registry } from "./registry.ts";

const hidden = 7_700_077;

forEachEngine((engine) => {
  describe("a field of another role", () => {
    let nodes: Nodes;
    let author: string;
    let keeper: string;
    let id: string;
    let other: string;
    beforeAll(async () => {
      nodes = await openNodes(await engine.create(), { services: [registry, archive] });
      author = await nodes.grant({ subject: "ann", roles: ["archive:author"] });
      keeper = await nodes.grant({ roles: ["archive:keeper"] });
      const make = (price: number) =>
        nodes.running.call("papers.create", { body: { title: "a paper", text: "of ann", owner: "ann", price } });
      id = idOf(await make(hidden));
      other = idOf(await make(1));
    });
    afterAll(() => nodes[Symbol.asyncDispose]());

    const ask = (method: string, path: string, init: BunFetchRequestInit = {}, key = author): Promise<Response> =>
      nodes.at(0).ask(`/archive/v1${path}`, {
        ...init,
        method,
        headers: { authorization: `Bearer ${key}`, ...(init.headers as Record<string, string> | undefined) },
      });
    const sent = (type: string, body: string | Uint8Array): BunFetchRequestInit => ({
      headers: { "content-type": type },
      body: body as string,
    });
    const priceOf = async (of: string): Promise<unknown> => dataOf(await nodes.running.call("papers.get", { id: of }))["price"];

    const json = "application/json";
    const patch = "application/json-patch+json";
    const writings: readonly (readonly [string, string, (of: string) => string, string, string | Uint8Array])[] = [
      ["PATCH", "JSON", (of) => `/papers/${of}`, json, '{"price":5}'],
      ["PATCH", "null", (of) => `/papers/${of}`, json, '{"price":null}'],
      ["PATCH", "a merge patch", (of) => `/papers/${of}`, "application/merge-patch+json", '{"title":"x","price":5}'],
      ["PATCH", "a JSON Patch that replaces", (of) => `/papers/${of}`, patch, '[{"op":"replace","path":"/price","value":5}]'],
      ["PATCH", "a JSON Patch that adds", (of) => `/papers/${of}`, patch, '[{"op":"add","path":"/price","value":5}]'],
      ["PATCH", "a JSON Patch that removes", (of) => `/papers/${of}`, patch, '[{"op":"remove","path":"/price"}]'],
      [
        "PATCH",
        "a JSON Patch that copies to it",
        (of) => `/papers/${of}`,
        patch,
        '[{"op":"copy","from":"/title","path":"/price"}]',
      ],
      ["PATCH", "a JSON Patch that moves it", (of) => `/papers/${of}`, patch, '[{"op":"move","from":"/price","path":"/text"}]'],
      [
        "PATCH",
        "a JSON Patch that tests it",
        (of) => `/papers/${of}`,
        patch,
        `[{"op":"test","path":"/price","value":${hidden}}]`,
      ],
      ["PATCH", "XML", (of) => `/papers/${of}`, "application/xml", "<request><price>5</price></request>"],
      [
        "PATCH",
        "an attribute of XML",
        (of) => `/papers/${of}`,
        "application/xml",
        '<request price="5"><title>x</title></request>',
      ],
      ["PATCH", "YAML", (of) => `/papers/${of}`, "application/yaml", "price: 5\n"],
      ["PATCH", "MessagePack", (of) => `/papers/${of}`, "application/msgpack", encode({ price: 5 })],
      ["PUT", "a whole row", (of) => `/papers/${of}`, json, '{"title":"x","price":5}'],
      ["PUT", "the property", (of) => `/papers/${of}/price`, json, "5"],
      ["PATCH", "the property", (of) => `/papers/${of}/price`, json, "[5]"],
      ["PATCH", "many", () => "/papers", json, '[{"id":"{id}","price":5}]'],
      ["PATCH", "many in CSV", () => "/papers", "text/csv", "id,price\r\n{id},5\r\n"],
      ["POST", "a create", () => "/papers", json, '{"title":"x","owner":"ann","price":5}'],
      ["POST", "a create of many", () => "/papers", json, '[{"title":"x","owner":"ann","price":5}]'],
      ["POST", "the prototype", () => "/papers", json, '{"title":"x","owner":"ann","__proto__":{"price":5}}'],
      ["POST", "a batch", () => "/batch", json, '{"calls":[{"method":"PATCH","path":"/papers/{id}","body":{"price":5}}]}'],
      [
        "POST",
        "an atomic batch",
        () => "/batch",
        json,
        '{"strategy":"atomic","calls":[{"method":"PATCH","path":"/papers/{id}","body":{"price":5}}]}',
      ],
    ];
    test.each(writings)("SECURITY 26: %s by %s writes nothing", async (method, _, path, type, body) => {
      const count = async (): Promise<unknown> => dataOf(await nodes.running.call("papers.count"));
      const before = await count();
      const filled = typeof body === "string" ? body.replaceAll("{id}", id) : body;
      const answer = await ask(method, path(id), sent(type, filled));
      const text = await answer.text();
      expect([answer.status >= 400 || text.includes('"success":false'), text.includes(String(hidden))]).toEqual([true, false]);
      expect([await priceOf(id), await count()]).toEqual([hidden, before]);
    });

    test("SECURITY 25: no form of any answer shows it", async () => {
      const paths = ["", ".xml", ".yaml", ".msgpack", "?fields=id,title", "?envelope=false"].map(
        (tail) => `/papers/${id}${tail}`,
      );
      const lists = ["", ".csv", ".ndjson", ".xml", ".yaml", ".msgpack", "?perPage=1", "?count=true"].map(
        (tail) => `/papers${tail}`,
      );
      for (const path of [...paths, ...lists]) {
        const answer = await ask("GET", path);
        const bytes = await answer.bytes();
        const text = Buffer.from(bytes).toString("latin1");
        const headers = JSON.stringify([...answer.headers]);
        expect([path, answer.status]).toEqual([path, 200]);
        expect([path, text.includes("price"), text.includes(String(hidden)), headers.includes(String(hidden))]).toEqual([
          path,
          false,
          false,
          false,
        ]);
      }
      const shown = await ask("GET", `/papers/${id}`, {}, keeper);
      expect(await shown.text()).toContain(String(hidden));
    });

    test("SECURITY 25: a change of it changes nothing of what others are answered, the entity tag included", async () => {
      const faces = async (): Promise<unknown> => {
        const heard = await Promise.all(
          [`/papers/${id}`, "/papers", "/papers.xml", "/papers/count"].map((path) => ask("GET", path)),
        );
        return Promise.all(heard.map(async (answer) => [answer.headers.get("etag"), await answer.text()]));
      };
      const before = await faces();
      dataOf(await nodes.running.call("papers.update", { id, body: { price: 12 } }));
      const after = await faces();
      dataOf(await nodes.running.call("papers.update", { id, body: { price: hidden } }));
      expect(after).toEqual(before);
    });

    test("SECURITY 25: filters, orders, choices, cursors and conditions about it are refused, and alike for any value", async () => {
      const questions = [
        `price=${hidden}`,
        "price>=1",
        "price[null]=true",
        "price!=1",
        "sortBy=price",
        "sortBy=price.desc",
        "fields=price",
        "fields=id,price",
        "include=price",
      ];
      for (const question of questions) {
        const answer = await ask("GET", `/papers?${question}`);
        expect([question, answer.status]).toEqual([question, 422]);
        expect(await answer.text()).not.toContain(`${hidden}"`);
      }
      for (const path of [`/papers/${id}/price`, "/papers/count?price=1", "/papers.csv?fields=price"])
        expect([path, (await ask("GET", path)).status >= 400]).toEqual([path, true]);
      const query = JSON.stringify({ price: hidden });
      expect((await ask("QUERY", "/papers", sent(json, query))).status).toBe(422);
      const [right, wrong] = await Promise.all([id, other].map((of) => ask("GET", `/papers?id=${of}&price=${hidden}`)));
      expect(right?.status).toBe(wrong?.status ?? 0);
    });

    test("no error of ours", () => expect(nodes.errors).toEqual([]));
  });
});
