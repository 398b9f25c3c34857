/** The engine of generated clients: what it sends, and what it makes of answers. */
import { describe, expect, test } from "bun:test";
import { createClient } from "../../src/client/api.mjs";

const operations = [
  { name: "wares.list", method: "GET", path: "/wares", kind: "list", isRead: true },
  { name: "wares.get", method: "GET", path: "/wares/{id}", kind: "get", isRead: true },
  { name: "wares.create", method: "POST", path: "/wares", kind: "create", hasBody: true },
  { name: "wares.delete", method: "DELETE", path: "/wares/{id}", kind: "delete" },
] as const;

/** A client whose requests are answered one after the other by `answers`, the last one for good. */
const clientOf = (...answers: readonly (() => Response)[]) => {
  const requests: Request[] = [];
  const client = createClient(
    { service: "bazaar", version: "v1", operations },
    {
      baseUrl: "http://localhost",
      retries: 2,
      fetch: (request: Request) => {
        requests.push(request);
        const answer = answers[Math.min(requests.length, answers.length) - 1];
        return Promise.resolve(answer === undefined ? Response.json({ success: true, data: [] }) : answer());
      },
    },
  );
  return { client, requests };
};

/** The query that a list is asked with, decoded. */
const queryOf = async (query: object): Promise<string> => {
  const { client, requests } = clientOf();
  await client["wares"].list(query);
  return decodeURIComponent(new URL(requests[0]?.url ?? "").search.replaceAll("+", " "));
};

const moment = new Date("2026-02-03T04:05:06Z");

describe("what is asked for", () => {
  test.each<[object, string]>([
    [{ price: { gte: undefined, lt: 8n }, name: undefined }, "?price[lt]=8"],
    [{ shownAt: [moment, "x"] }, "?shownAt=2026-02-03T04:05:06.000Z&shownAt=x"],
    [{ filters: { name: "since", params: { moment, upTo: undefined } } }, "?filters=since(moment:2026-02-03T04:05:06.000Z)"],
    [
      { filters: { name: "named", params: { name: 'a)b;c,"d"\\', amount: 5 } } },
      '?filters=named(name:"a)b;c,\\"d\\"\\\\",amount:5)',
    ],
    [{ filters: ["cheap", { name: "of", params: { stalls: ["a", "b"] } }] }, '?filters=cheap;of(stalls:["a","b"])'],
  ])("%#", async (query, sent) => expect(await queryOf(query)).toBe(sent));

  test.each<[object]>([[{ id: [] }], [{ id: { ne: [] } }]])("no values to choose from are not all of them: %j", async (query) => {
    const { client, requests } = clientOf();
    expect(await client["wares"].list(query).catch((error: unknown) => error)).toMatchObject({
      type: "validation_failed",
      issues: { id: [expect.any(String)] },
    });
    expect(requests).toHaveLength(0);
  });

  test.each(["", ".", ".."])("%j is no row's id", async (id) => {
    const { client, requests } = clientOf();
    for (const call of [client["wares"].get(id), client["wares"].delete(id)])
      expect(await call.catch(({ type }: { type: string }) => type)).toBe("not_found");
    expect(requests).toHaveLength(0);
  });

  test("bytes of any length, also as a Buffer, are Base64", async () => {
    const { client, requests } = clientOf();
    const large = new Uint8Array(300_000).fill(7);
    await client["wares"].create({ small: Buffer.from("hi"), large, at: moment });
    const body = (await requests[0]?.json()) as Record<string, string>;
    expect([body["small"], body["large"] === Buffer.from(large).toString("base64"), body["at"]]).toEqual([
      "aGk=",
      true,
      moment.toISOString(),
    ]);
  });

  test("keys and reasons fit their headers", async () => {
    const { client, requests } = clientOf();
    const actFor = { subject: "cus_1", reason: "Молба 50%" };
    await client["wares"].create({}, { idempotencyKey: 'a"b\\c', actFor });
    expect(requests[0]?.headers.get("idempotency-key")).toBe('"a\\"b\\\\c"');
    expect(requests[0]?.headers.get("pons-reason")).toBe('%"%d0%9c%d0%be%d0%bb%d0%b1%d0%b0 50%25"');
    expect(await client["wares"].create({}, { idempotencyKey: "ключ" }).catch((error: unknown) => error)).toBeInstanceOf(
      TypeError,
    );
  });
});

describe("what is answered", () => {
  const unread = () => new Response("<html>a proxy's page</html>", { headers: { "Content-Type": "text/html" } });
  const away = () => Response.json({ success: false, error: { type: "overloaded", message: "later" } }, { status: 503 });
  const rows = () => Response.json({ success: true, data: [1], pagination: { perPage: 1 } });

  test("an answer that cannot be read to its end is asked for again", async () => {
    const { client, requests } = clientOf(unread, rows);
    expect((await client["wares"].list()).data).toEqual([1]);
    expect(requests).toHaveLength(2);
  });
  test("and is no answer where it never can", async () => {
    const { client, requests } = clientOf(unread);
    expect(await client["wares"].list().catch(({ type }: { type: string }) => type)).toBe("no_answer");
    expect(requests).toHaveLength(3);
  });
  test("a batch is repeated as well, under one key", async () => {
    const { client, requests } = clientOf(away, rows);
    expect(await client["batch"]([{ path: "/wares" }])).toEqual([1]);
    expect(new Set(requests.map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1);
  });
  test("a batch of which nothing succeeded is answered all the same", async () => {
    const { client } = clientOf(() => Response.json({ success: false, data: [{ success: false }] }, { status: 422 }));
    expect(await client["batch"]([{ path: "/wares" }])).toEqual([{ success: false }]);
  });
});
