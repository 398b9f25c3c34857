/** GraphQL over HTTP, September 2026 edition: what is asked, with which status and type it is answered; and the public audits of graphql-http. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { auditServer, serverAudits } from "graphql-http";
import { testDatabases } from "../postgres/index.ts";
import { type Library, openLibrary } from "./library.ts";

const [engine] = testDatabases();
const graphqlType = "application/graphql-response+json; charset=utf-8";
const jsonType = "application/json; charset=utf-8";

const notWellFormed = "422: a request that is not well-formed (section 'Status Codes', example 'Invalid parameters')";
const sameForLegacy = "a client that accepts only JSON gets the same statuses (section 'Body'); 200 was the draft's";

/** Audits that assert what the drafts said before the first edition, with what the edition says in place of it. */
const outdated: Readonly<Record<string, string>> = {
  "423L": notWellFormed,
  LKJ0: notWellFormed,
  LKJ1: notWellFormed,
  LKJ2: notWellFormed,
  LKJ3: notWellFormed,
  "6C00": notWellFormed,
  "6C01": notWellFormed,
  "6C02": notWellFormed,
  "6C03": notWellFormed,
  "4760": notWellFormed,
  "4761": notWellFormed,
  "4762": notWellFormed,
  "4763": notWellFormed,
  "58B0": notWellFormed,
  "58B1": notWellFormed,
  "58B2": notWellFormed,
  "58B3": notWellFormed,
  "3E3A": notWellFormed,
  "572B": `400: the document cannot be parsed; ${sameForLegacy}`,
  FDE2: `400, as the audit's document cannot be parsed; ${sameForLegacy}`,
  "7B9B": `422: variables that cannot be coerced; ${sameForLegacy}`,
  "86EE": "422: variables that cannot be coerced (section 'Status Codes', example 'Variable coercion failure')",
};

describe("GraphQL over HTTP", () => {
  let library: Library;
  let url: string;
  let key: string;

  const send = async (
    init: RequestInit & { readonly query?: string },
  ): Promise<{ status: number; type: string | null; body: Record<string, unknown>; headers: Headers }> => {
    const { query = "", headers, ...more } = init;
    const response = await fetch(`${url}${query}`, {
      ...more,
      headers: { authorization: `Bearer ${key}`, ...(headers as Record<string, string>) },
    });
    const text = await response.text();
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
      headers: response.headers,
    };
  };
  const post = (body: unknown, headers: Record<string, string> = {}): ReturnType<typeof send> =>
    send({
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  const typeOf = ({ body }: Awaited<ReturnType<typeof send>>): unknown =>
    (body["errors"] as { extensions: { type: string } }[] | undefined)?.[0]?.extensions.type;

  beforeAll(async () => {
    if (engine === undefined) throw new Error("there is no engine");
    library = await openLibrary(await engine.create());
    url = `${library.origin}/library/v2/graphql`;
    key = await library.grant("librarian");
  });
  afterAll(async () => {
    expect(library.errors).toEqual([]);
    await library[Symbol.asyncDispose]();
  });

  test("graphql-http's audits: no error; what is no success is what the first edition has changed", async () => {
    const fetchFn = (at: string, init: RequestInit = {}): Promise<Response> =>
      fetch(at, { ...init, headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${key}` } });
    const results = await auditServer({ url, fetchFn });
    expect(results.length).toBe(serverAudits({ url }).length);
    expect(results.filter(({ status }) => status === "error").map(({ id, name }) => `${id} ${name}`)).toEqual([]);
    expect(results.flatMap(({ id, status }) => (status === "ok" ? [] : [id])).toSorted()).toEqual(
      Object.keys(outdated).toSorted(),
    );
  });

  const hello = { query: "{ hours { text } }" };
  const data = { hours: { text: "9 to 5" } };

  const accepted: [string | undefined, number, string][] = [
    [undefined, 200, jsonType],
    ["*/*", 200, jsonType],
    ["application/json", 200, jsonType],
    ["application/graphql-response+json", 200, graphqlType],
    ["application/graphql-response+json, application/json;q=0.9", 200, graphqlType],
    ["application/json, application/graphql-response+json", 200, graphqlType],
    ["application/json, application/graphql-response+json;q=0.5", 200, jsonType],
    ["text/html", 406, graphqlType],
  ];
  test.each(accepted)("Accept: %s → %d %s", async (accept, status, type) => {
    const answer = await post(hello, accept === undefined ? { accept: "" } : { accept });
    expect([answer.status, answer.type]).toEqual([status, type]);
    if (status === 200) expect(answer.body).toEqual({ data });
    else expect(typeOf(answer)).toBe("not_acceptable");
  });

  const types: [string, number][] = [
    ["application/json", 200],
    ["application/json; charset=utf-8", 200],
    ['application/json;charset="UTF-8"', 200],
    ["application/json; charset=latin1", 415],
    ["text/plain", 415],
    ["application/graphql", 415],
    ["application/x-www-form-urlencoded", 415],
    ["multipart/form-data; boundary=x", 415],
    ["application/graphql-response+json", 415],
  ];
  test.each(types)("SECURITY 48: a body of %s: %d", async (type, status) => {
    const answer = await post(hello, { "content-type": type });
    expect([answer.status, typeOf(answer)]).toEqual([status, status === 200 ? undefined : "unsupported_media_type"]);
  });

  const bodies: [string, number, string][] = [
    ["{", 400, "invalid_body"],
    ["", 400, "invalid_body"],
    ['{"query":"{hours{text}}","query":"{hours{text}}"}', 400, "duplicate_key"],
    ['{"query":"{hours{text}}","variables":{"__proto__":1}}', 400, "invalid_body"],
    ["[]", 422, "validation_failed"],
    ['[{"query":"{hours{text}}"}]', 422, "validation_failed"],
    ["7", 422, "validation_failed"],
    ["{}", 422, "validation_failed"],
    ['{"query":7}', 422, "validation_failed"],
    ['{"query":""}', 422, "validation_failed"],
    ['{"query":"{hours{text}}","documentId":"titles"}', 422, "validation_failed"],
    ['{"documentId":"a b"}', 422, "validation_failed"],
    ['{"documentId":"nothing"}', 404, "not_found"],
    ['{"query":"{"}', 400, "invalid_request"],
    ['{"query":"{ nothing }"}', 422, "validation_failed"],
    ['{"query":"query A { hours { text } } query B { hours { text } }"}', 422, "validation_failed"],
    ['{"query":"query A { hours { text } }","operationName":"C"}', 422, "validation_failed"],
    ['{"query":"query ($a: Int!) { books(first: $a) { totalCount } }"}', 422, "validation_failed"],
    ['{"query":"query ($a: Int!) { books(first: $a) { totalCount } }","variables":{"a":"x"}}', 422, "validation_failed"],
    ['{"query":"subscription { bookAdded { id } }"}', 406, "not_acceptable"],
    [
      '{"query":"query ($a: ID = \\"x\\") { hours { text } book(id: $a) { title } }","variables":{"a":null}}',
      422,
      "validation_failed",
    ],
    [
      '{"query":"mutation ($a: ID = \\"x\\") { booksForget { done } bookDelete(id: $a) { done } }","variables":{"a":null}}',
      422,
      "validation_failed",
    ],
    ['{"query":"query ($a: Boolean = true) { hours @skip(if: $a) { text } }","variables":{"a":null}}', 422, "validation_failed"],
  ];
  test.each(bodies)("%s: %d %s", async (body, status, type) => {
    for (const accept of ["application/graphql-response+json", "application/json"]) {
      const answer = await post(body, { accept });
      expect([answer.status, typeOf(answer), answer.type, "data" in answer.body]).toEqual([status, type, graphqlType, false]);
    }
  });

  test("more members than there are, and null for those that may be absent", async () => {
    const answer = await post({ ...hello, variables: null, operationName: null, extensions: null, more: 1 });
    expect([answer.status, answer.body]).toEqual([200, { data }]);
  });

  test("GET: the parameters of the address", async () => {
    const params = new URLSearchParams({
      query: "query A($n: Int) { books(first: $n) { nodes { title } } } query B { hours { text } }",
      operationName: "B",
      variables: "",
      extensions: "",
    });
    const answer = await send({ query: `?${params.toString()}` });
    expect([answer.status, answer.body]).toEqual([200, { data }]);
    params.set("operationName", "A");
    params.set("variables", '{"n":1}');
    expect((await send({ query: `?${params.toString()}` })).body).toEqual({ data: { books: { nodes: [] } } });
    for (const [query, status, type] of [
      ["", 422, "validation_failed"],
      ["?query=%7Bhours%7Btext%7D%7D&query=%7Bhours%7Btext%7D%7D", 422, "validation_failed"],
      ["?query=%7Bhours%7Btext%7D%7D&variables=%5B%5D", 422, "validation_failed"],
      ["?query=%7Bhours%7Btext%7D%7D&variables=%7B", 400, "invalid_body"],
    ] as const) {
      const wrong = await send({ query });
      expect([query, wrong.status, typeOf(wrong)]).toEqual([query, status, type]);
    }
  });

  test("SECURITY 61: a GET changes nothing: 405 with Allow, also over HEAD and as a stream", async () => {
    const query = `?query=${encodeURIComponent('mutation { authorCreate(input: { name: "Got" }) { status } }')}`;
    const answer = await send({ query });
    expect([answer.status, typeOf(answer), answer.headers.get("allow")]).toEqual([405, "method_not_allowed", "POST"]);
    const headers = { authorization: `Bearer ${key}`, accept: "text/event-stream" };
    expect(await (await fetch(`${url}${query}`, { headers })).text()).toContain('"type":"method_not_allowed"');
    await send({ query, method: "HEAD" });
    const { authorsCount } = await library.get('{ authorsCount(where: { name: { eq: "Got" } }) }', { key });
    expect(authorsCount).toBe(0);
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      const other = await send({ method, query: "" });
      expect([method, other.status, other.headers.get("allow")?.includes("POST")]).toEqual([method, 405, true]);
    }
  });

  test("data and errors: 294; to a client that takes JSON only, 200", async () => {
    const body = { query: '{ hours { text } author(id: "aut_00000000000000000000000000") { name } }' };
    const answer = await post(body, { accept: "application/graphql-response+json" });
    expect([answer.status, answer.type, answer.body["data"]]).toEqual([294, graphqlType, { ...data, author: null }]);
    const [error] = answer.body["errors"] as { message: string }[];
    expect(error).toEqual({
      message: String(error?.message),
      locations: [{ line: 1, column: 18 }],
      path: ["author"],
      extensions: { type: "not_found", status: 404, requestId: answer.headers.get("x-request-id") },
    } as never);
    const legacy = await post(body, { accept: "application/json" });
    expect([legacy.status, legacy.type]).toEqual([200, jsonType]);
  });

  test("who calls without credentials, or with ones that are no good, is told so by the status", async () => {
    const ask = async (headers: Record<string, string>, query: string): Promise<[number, unknown, boolean, boolean]> => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/graphql-response+json", ...headers },
        body: JSON.stringify({ query }),
      });
      const body = (await response.json()) as Record<string, unknown>;
      return [
        response.status,
        (body["errors"] as { extensions: { type: string } }[])[0]?.extensions.type,
        "data" in body,
        response.headers.has("www-authenticate"),
      ];
    };
    expect(await ask({}, "{ books { nodes { title } } }")).toEqual([401, "unauthenticated", false, true]);
    expect(await ask({ authorization: `Bearer ${key.slice(0, -3)}aaa` }, "{ books { nodes { title } } }")).toEqual([
      401,
      "invalid_credentials",
      false,
      true,
    ]);
    const guest = await library.grant("guest");
    expect(await ask({ authorization: `Bearer ${guest}` }, "{ books { nodes { title } } }")).toEqual([
      403,
      "forbidden",
      false,
      false,
    ]);
    // Where something was answered, what was refused is an error of its field.
    const mixed = await library.ask("{ hours { text } books { nodes { title } } }", { key: guest });
    expect([mixed.status, mixed.data, mixed.errors[0]?.extensions["type"]]).toEqual([
      294,
      { hours: { text: "9 to 5" }, books: null },
      "forbidden",
    ]);
  });

  test("the schema as a document, an unknown address below, languages, an unknown version", async () => {
    const sdl = await fetch(`${url}/schema.graphql`, { headers: { authorization: `Bearer ${key}` } });
    expect([sdl.status, sdl.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    expect(await sdl.text()).toContain("type Book implements Node {");
    expect((await send({ query: "/nothing" })).status).toBe(404);
    const german = await library.ask('mutation { authorCreate(input: { name: "x" }) { status } }', {
      key,
      headers: { "accept-language": "de" },
    });
    expect(german.errors[0]?.message).toBe("Validierung fehlgeschlagen: Das Feld „Name“ muss mindestens 2 Zeichen haben.");
    expect(german.errors[0]?.extensions["issues"]).toEqual({ name: ["Das Feld „Name“ muss mindestens 2 Zeichen haben."] });
    expect((await fetch(`${library.origin}/de/library/v2/graphql?query=%7Bhours%7Btext%7D%7D`)).status).toBe(401);
    expect((await fetch(`${library.origin}/library/v9/graphql`)).status).toBe(404);
  });

  test("SECURITY 61: a page of another site changes nothing with a session's cookie", async () => {
    const cookie = `__Host-pons=${"a".repeat(43)}`;
    const ask = async (headers: Record<string, string>): Promise<[number, unknown, boolean]> => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", cookie, ...headers },
        body: JSON.stringify({ query: "mutation { booksForget { done } }" }),
      });
      const { errors } = (await response.json()) as { errors: { extensions: { type: string } }[] };
      return [response.status, errors[0]?.extensions.type, response.headers.has("access-control-allow-origin")];
    };
    expect(await ask({ "sec-fetch-site": "cross-site", origin: "https://evil.example.com" })).toEqual([
      403,
      "csrf_required",
      false,
    ]);
    expect((await ask({}))[0]).toBeGreaterThanOrEqual(401);
    const preflight = await fetch(url, {
      method: "OPTIONS",
      headers: {
        origin: "https://evil.example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    expect([preflight.status, preflight.headers.has("access-control-allow-origin")]).toEqual([204, false]);
  });

  test("what is large is compressed as the client takes it", async () => {
    const query = "{ schema: __schema { types { name fields { name } } } }";
    for (const coding of ["gzip", "br", "zstd", "identity"]) {
      const answer = await post({ query }, { "accept-encoding": coding });
      expect([answer.status, answer.headers.get("content-encoding")]).toEqual([200, coding === "identity" ? null : coding]);
      expect((answer.body["data"] as { schema: unknown }).schema).toBeDefined();
    }
  });
});
