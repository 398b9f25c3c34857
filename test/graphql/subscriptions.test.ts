/** Subscriptions, by the clients of graphql-ws and graphql-sse and byte by byte; and how connections that stay open end. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient as createSseClient } from "graphql-sse";
import { createClient, type Client } from "graphql-ws";
import { forEachEngine } from "../core/harness.ts";
import { ByHand, within } from "./by-hand.ts";
import { type Data, type Library, openLibrary } from "./library.ts";

forEachEngine((engine) => {
  describe("subscriptions", () => {
    let library: Library;
    let key: string;
    let author: string;
    let socketUrl: string;
    let url: string;

    beforeAll(async () => {
      library = await openLibrary(await engine.create(), { limits: { slowMs: 500, tickMs: 50, bufferedBytesMax: 64 * 1024 } });
      key = await library.grant("librarian");
      url = `${library.origin}/library/v2/graphql`;
      socketUrl = url.replace("http", "ws");
      const made = await library.get('mutation { authorCreate(input: { name: "Ann" }) { author { id } } }', { key });
      author = (made["authorCreate"] as { author: { id: string } }).author.id;
    });
    afterAll(async () => {
      expect(library.errors).toEqual([]);
      await library[Symbol.asyncDispose]();
    });

    const add = async (title: string, more: Data = {}): Promise<string> => {
      const made = await library.get("mutation ($input: BookCreateInput!) { bookCreate(input: $input) { book { id } } }", {
        key,
        variables: { input: { author, title, ...more } },
      });
      return (made["bookCreate"] as { book: { id: string } }).book.id;
    };
    const connect = (connectionParams: Data, more: object = {}): Client =>
      createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0, lazy: true, ...more });

    const document =
      "subscription ($after: String) { bookAdded(after: $after) { id type at subject data { title cost bookId book { title author { name } } } } }";

    test("graphql-ws's client: what happens, with the rows that it is about", async () => {
      const client = connect({ authorization: `Bearer ${key}` });
      const events = client.iterate<{ bookAdded: Data }>({ query: document });
      const first = events.next();
      await Bun.sleep(100);
      const id = await add("Ant", { cost: 7 });
      const { value } = (await within(first, "an event")) as { value: { data: { bookAdded: Data } } };
      expect(value.data.bookAdded).toMatchObject({
        type: "books.added",
        subject: id,
        data: { title: "Ant", cost: "7", bookId: id, book: { title: "Ant", author: { name: "Ann" } } },
      });
      // From there on again, by another client.
      const other = connect({ "X-Api-Key": key });
      await add("Bee");
      const again = other.iterate<{ bookAdded: Data }>({ query: document, variables: { after: value.data.bookAdded["id"] } });
      const next = (await within(again.next(), "an event")) as { value: { data: { bookAdded: { data: Data } } } };
      expect(next.value.data.bookAdded.data["title"]).toBe("Bee");
      await again.return?.();
      await events.return?.();
      await client.dispose();
      await other.dispose();
    });

    test("graphql-ws's client: queries and mutations, exact numbers among them, and what is refused", async () => {
      const client = connect({ authorization: `Bearer ${key}` });
      const one = async (query: string, variables: Data = {}): Promise<Data> => {
        for await (const result of client.iterate<Data>({ query, variables })) return result as unknown as Data;
        return {};
      };
      expect(await one("{ hours { text } }")).toEqual({ data: { hours: { text: "9 to 5" } } });
      expect(await one("mutation { booksForget { done } }")).toEqual({ data: { booksForget: { done: true } } });
      expect(await one('{ hours { text } book(id: "bok_0") { id } }')).toMatchObject({
        data: { hours: { text: "9 to 5" }, book: null },
        errors: [{ path: ["book"], extensions: { type: "not_found" } }],
      });
      const wrong = one("{ nothing }").catch((errors: unknown) => errors);
      expect(await wrong).toMatchObject([{ extensions: { type: "validation_failed", status: 422 } }]);
      await client.dispose();

      const raw = new ByHand(socketUrl);
      expect(await raw.begin({ authorization: `Bearer ${key}` })).toEqual({ type: "connection_ack" });
      raw.send(
        '{"id":"1","type":"subscribe","payload":{"query":"query ($a: Money) { echo(input: { amount: $a }) { amount } }","variables":{"a":9007199254740993}}}',
      );
      expect(await raw.next()).toEqual({ id: "1", type: "next", payload: { data: { echo: { amount: "9007199254740993" } } } });
      expect(await raw.next()).toEqual({ id: "1", type: "complete" });
      raw.send({ type: "ping", payload: { a: 1 } });
      expect(await raw.next()).toEqual({ type: "pong", payload: { a: 1 } });
      raw.socket.close();
    });

    test("filters, and only what the subscriber may see", async () => {
      const readerKey = await library.grant("reader", { subject: "rdr_00000000000000000000000000" });
      const client = connect({ authorization: `Bearer ${readerKey}` });
      const all = client.iterate<{ bookAdded: Data }>({ query: "subscription { bookAdded { subject data { title cost } } }" });
      const some = client.iterate<{ bookLent: Data }>({
        query: 'subscription { bookLent(where: { days: ["3", "4"] }) { data { days bookId } } }',
      });
      const [first, lent] = [all.next(), some.next()];
      await Bun.sleep(100);
      await add("Rare", { isRare: true, cost: 5 });
      const id = await add("Plain", { cost: 5 });
      for (const days of [2, 3])
        await library.get(`mutation { bookLend(id: "${id}", input: { days: ${days} }) { status } }`, { key });
      expect((await within(first, "an event")).value as unknown).toMatchObject({
        data: { bookAdded: { subject: id, data: { title: "Plain", cost: null } } },
        errors: [{ path: ["bookAdded", "data", "cost"], extensions: { type: "forbidden" } }],
      });
      expect((await within(lent, "an event")).value as unknown).toEqual({
        data: { bookLent: { data: { days: 3, bookId: id } } },
      });
      for (const query of [
        'subscription { bookAdded(after: "x") { id } }',
        'subscription { bookAdded(where: { cost: ["5"] }) { id } }',
      ])
        expect(
          await client
            .iterate({ query })
            .next()
            .catch((errors: unknown) => errors),
        ).toMatchObject([{ extensions: { status: 422 } }]);
      await client.dispose();
    });

    test("graphql-sse's client: distinct connections, resumed where they were cut off", async () => {
      const client = createSseClient({ url, headers: { authorization: `Bearer ${key}` }, retryAttempts: 0 });
      const events = client.iterate<{ bookAdded: Data }>({ query: document });
      const first = events.next();
      await Bun.sleep(150);
      await add("Cat");
      const { value } = (await within(first, "an event")) as { value: { data: { bookAdded: { id: string; data: Data } } } };
      expect(value.data.bookAdded.data["title"]).toBe("Cat");
      for await (const result of client.iterate({ query: "{ hours { text } }" }))
        expect(result as unknown).toEqual({ data: { hours: { text: "9 to 5" } } });
      for await (const result of client.iterate({ query: "{ nothing }" }))
        expect(result as unknown).toMatchObject({ errors: [{ extensions: { status: 422 } }] });
      await events.return?.();
      client.dispose();
      await add("Dog");
      const response = await fetch(`${url}?query=${encodeURIComponent("subscription { bookAdded { data { title } } }")}`, {
        headers: { authorization: `Bearer ${key}`, accept: "text/event-stream", "last-event-id": value.data.bookAdded.id },
      });
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
      const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>)
        .pipeThrough(new TextDecoderStream())
        .getReader() as unknown as ReadableStreamDefaultReader<string>;
      let text = "";
      while (!text.includes("Dog")) text += (await within(reader.read(), "an event")).value ?? "";
      expect(text).toMatch(/^:\n\nid: \d+-0\nevent: next\ndata: \{"data":\{"bookAdded":\{"data":\{"title":"Dog"\}\}\}\}\n\n$/);
      await reader.cancel();
      for (const [headers, status] of [
        [{}, 401],
        [{ authorization: `Bearer ${await library.grant("guest")}` }, 403],
      ] as const) {
        const refused = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json", accept: "text/event-stream", ...headers },
          body: JSON.stringify({ query: "subscription { bookAdded { id } }" }),
        });
        expect([refused.status, refused.headers.get("content-type")?.includes("json")]).toEqual([
          status === 401 ? 200 : status,
          status !== 401,
        ]);
        await refused.body?.cancel();
      }
    });
  });
});
