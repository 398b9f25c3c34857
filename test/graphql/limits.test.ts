/** SECURITY 52, 56: what an operation may cost, how deep and how broad it may be, and who may ask for the schema or send documents of his own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from "graphql";
import { graphqlLimits } from "../../src/channels/graphql/limits.ts";
import { sha256Of } from "../../src/channels/graphql/persisted.ts";
import { openPlane, type Plane } from "../manage/plane.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Answer, type Library, openLibrary } from "./library.ts";
import definition, { registered } from "./library-service.ts";

const [engine] = testDatabases();
const { aliasesMax, costMax, depthMax, directivesMax, fieldsMax, fragmentsMax, rootFieldsMax, tokensMax } = graphqlLimits;

const repeat = (count: number, make: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => make(at)).join(" ");
const nested = (depth: number): string => (depth === 0 ? "title" : `author { books { nodes { ${nested(depth - 1)} } } }`);

describe("limits", () => {
  let library: Library;
  let strict: Library;
  let key: string;

  beforeAll(async () => {
    if (engine === undefined) throw new Error("there is no engine");
    library = await openLibrary(await engine.create());
    strict = await openLibrary(await engine.create(), { mode: "production" });
    key = await library.grant("librarian");
  });
  afterAll(async () => {
    expect([...library.errors, ...strict.errors]).toEqual([]);
    await library[Symbol.asyncDispose]();
    await strict[Symbol.asyncDispose]();
  });

  /** An answer, and what it cost the process in milliseconds of processor time: however busy the machine is. */
  const within = async (document: string, more: object = {}): Promise<{ readonly answer: Answer; readonly ms: number }> => {
    const begin = process.cpuUsage();
    const answer = await library.ask(document, { key, ...more });
    const { user, system } = process.cpuUsage(begin);
    return { answer, ms: (user + system) / 1_000 };
  };

  const beyond: [string, string, number][] = [
    ["depth", `{ books { nodes { ${nested(7)} } } }`, depthMax],
    ["depth", `{ books { nodes { ${repeat(30, () => "... { ")} ${nested(7)} ${repeat(30, () => "}")} } } }`, depthMax],
    ["aliases", `{ books { nodes { ${repeat(aliasesMax + 1, (at) => `a${at}: title`)} } } }`, aliasesMax],
    ["directives", `{ books { nodes { ${repeat(directivesMax + 1, () => "title @include(if: true)")} } } }`, directivesMax],
    [
      "fragments",
      `{ books { nodes { title } } } ${repeat(fragmentsMax + 1, (at) => `fragment F${at} on Book { title }`)}`,
      fragmentsMax,
    ],
    ["selected fields", `{ books { nodes { ${repeat(fieldsMax + 1, () => "title")} } } }`, fieldsMax],
    ["fields of the root", `{ ${repeat(rootFieldsMax + 1, (at) => `a${at}: hours { text }`)} }`, rootFieldsMax],
    [
      "cost",
      "{ authors(first: 100) { nodes { books(first: 100) { nodes { reviews(first: 100) { nodes { stars } } } } } } }",
      costMax,
    ],
    [
      "cost",
      `{ ${repeat(5, (at) => `a${at}: authors(first: 100) { nodes { books(first: 100) { nodes { title } } } }`)} }`,
      costMax,
    ],
    [
      "selected fields",
      // Fragments that double with each step.
      `{ books { nodes { ...F0 } } } ${repeat(14, (at) => `fragment F${at} on Book { a: author { books { nodes { ...F${at + 1} } } } b: author { books { nodes { ...F${at + 1} } } } }`)} fragment F14 on Book { title }`,
      0,
    ],
  ];
  test.each(beyond)("SECURITY 52: beyond the limit of %s", async (limit, document, max) => {
    const { answer, ms } = await within(document);
    expect([answer.status, answer.data, answer.errors[0]?.extensions["type"]]).toEqual([422, undefined, "validation_failed"]);
    if (max > 0) expect(answer.errors[0]?.extensions).toMatchObject({ limit, max });
    expect(ms).toBeLessThan(500);
  });

  test("what just fits is answered", async () => {
    for (const document of [
      `{ books { nodes { ${repeat(aliasesMax, (at) => `a${at}: title`)} } } }`,
      `{ books { nodes { ${repeat(directivesMax, () => "title @include(if: true)")} } } }`,
      `{ ${repeat(rootFieldsMax, (at) => `a${at}: hours { text }`)} }`,
      "{ authors(first: 100) { nodes { books(first: 100) { nodes { author { name } } } } } }",
    ])
      expect((await within(document)).answer.status).toBe(200);
  });

  const hostile: [string, string, number][] = [
    ["10⁴ aliases", `{ ${repeat(10_000, (at) => `a${at}: hours { text }`)} }`, 400],
    ["more tokens than are read", `{ ${repeat(tokensMax, () => "hours")} }`, 400],
    [
      "a fragment that spreads itself",
      "{ books { nodes { ...A } } } fragment A on Book { title ...B } fragment B on Book { ...A }",
      422,
    ],
    [
      "a fragment of itself in depth",
      "{ books { nodes { ...A } } } fragment A on Book { author { books { nodes { ...A } } } }",
      422,
    ],
    ["open brackets without end", "{".repeat(4_000), 400],
    ["the same field over and over", `{ ${repeat(150, () => "books { nodes { title } }")} }`, 422],
    [
      "the same field over and over, in depth",
      `{ ${repeat(90, () => "books { nodes { author { books { nodes { title } } } } }")} }`,
      422,
    ],
    [
      "fragments that select the same",
      `{ ${repeat(99, (at) => `...F${at}`)} } ${repeat(99, (at) => `fragment F${at} on Query { books { nodes { title price pages } } }`)}`,
      422,
    ],
    ["fields that contradict each other", `{ ${repeat(90, (at) => `books(first: ${at}) { nodes { title } }`)} }`, 422],
    [
      "introspection of introspection",
      `{ __schema { types { ${repeat(6, () => "fields { type { ")} name ${repeat(6, () => "} }")} } } }`,
      422,
    ],
    ["a directive that there is not", "{ hours @nothing { text } }", 422],
    ["@skip twice", "{ hours @skip(if: false) @skip(if: true) { text } }", 422],
    ["deferred parts", "{ ... @defer { hours { text } } }", 422],
  ];
  test.each(hostile)("SECURITY 52: %s: refused, and at once", async (_, document, status) => {
    const { answer, ms } = await within(document);
    expect([answer.status, answer.data]).toEqual([status, undefined]);
    expect(answer.errors.length).toBeLessThanOrEqual(21);
    expect(ms).toBeLessThan(500);
  });

  test("SECURITY 52: values nested without end are refused by the operation", async () => {
    for (const any of ["[".repeat(2_400) + "]".repeat(2_400), `${"{a:".repeat(1_200)}1${"}".repeat(1_200)}`]) {
      const { answer, ms } = await within(`{ echo(input: { any: ${any} }) { any } }`);
      expect([answer.data, answer.errors[0]?.extensions["type"]]).toEqual([{ echo: null }, "validation_failed"]);
      expect(ms).toBeLessThan(500);
    }
  });

  test("SECURITY 52: variables cannot raise the cost unseen", async () => {
    const document =
      "query ($n: Int) { authors(first: $n) { nodes { books(first: $n) { nodes { reviews(first: $n) { nodes { stars } } } } } } }";
    const dear = await within(document, { variables: { n: 100 } });
    expect(dear.answer.errors[0]?.extensions).toMatchObject({ limit: "cost", max: costMax, given: 1_010_100 });
    expect((await within(document, { variables: { n: 2 } })).answer.status).toBe(200);
    // Pages that do not exist cost what the largest does, and are refused by the list.
    for (const n of [1_000_000, -5, 0]) {
      const { answer } = await within("query ($n: Int) { books(first: $n) { totalCount } }", { variables: { n } });
      expect([answer.errors[0]?.extensions["type"], Object.keys(answer.errors[0]?.extensions["issues"] as object)]).toEqual([
        "validation_failed",
        ["perPage"],
      ]);
    }
  });

  test("SECURITY 52: in production no error names what was not asked for", async () => {
    const strictKey = await strict.grant("librarian");
    for (const document of [
      "{ book { titel } }",
      "{ bookz { nodes { title } } }",
      '{ books(where: { titel: { eq: "a" } }) { totalCount } }',
      "{ books(frist: 1) { totalCount } }",
      "{ books { nodes { ... on Bok { title } } } }",
    ]) {
      const answer = await strict.ask(document, { key: strictKey });
      expect([document, answer.status]).toEqual([document, 422]);
      expect(answer.text).not.toContain("Did you mean");
    }
    const { answer } = await within("{ bookz { nodes { title } } }");
    expect(answer.text).toContain("Did you mean");
  });

  test("introspection: the whole schema, as tools ask for it", async () => {
    const query = getIntrospectionQuery({
      inputValueDeprecation: true,
      oneOf: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
    });
    for (let round = 0; round < 2; round++) {
      const { answer } = await within(query, { operationName: "IntrospectionQuery" });
      expect(answer.status).toBe(200);
      const sdl = printSchema(buildClientSchema(answer.data as unknown as IntrospectionQuery));
      expect(sdl).toContain("input BookSort @oneOf {");
      expect(sdl).toContain('scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")');
    }
    const mixed = await within('{ __typename __type(name: "Book") { name kind } hours { text } }');
    expect(mixed.answer.data).toEqual({
      __typename: "Query",
      __type: { name: "Book", kind: "OBJECT" },
      hours: { text: "9 to 5" },
    });
  });

  test("SECURITY 52: introspection by who calls: in production not without credentials", async () => {
    const query = "{ __schema { queryType { name } } }";
    const statuses: [number, number][] = [];
    for (const one of [library, strict]) {
      const known = await one.ask(query, { key: await one.grant("reader") });
      const sdl = await fetch(`${one.origin}/library/v2/graphql/schema.graphql`);
      statuses.push([known.status, sdl.status]);
    }
    expect(statuses).toEqual([
      [200, 200],
      [200, 401],
    ]);
  });

  test("persisted documents: by name and by hash, over GET and POST, as Apollo names them; those bound to them execute no others", async () => {
    const kiosk = await library.grant(["kiosk", "reader"]);
    const bound = await library.grant("kiosk");
    const titles = { books: { nodes: [] } };
    const hash = sha256Of(registered.titles);
    for (const body of [
      { documentId: "titles" },
      { documentId: hash },
      { query: registered.titles },
      { extensions: { persistedQuery: { version: 1, sha256Hash: hash.slice(7) } } },
    ]) {
      const answer = await library.ask(undefined, { key, body });
      expect([answer.status, answer.data]).toEqual([200, titles]);
      // A kiosk may send it, and is refused by the operation, not by the document.
      expect((await library.ask(undefined, { key: bound, body })).errors[0]?.path).toEqual(["books"]);
    }
    const get = await fetch(`${library.origin}/library/v2/graphql?documentId=${encodeURIComponent(hash)}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(await get.json()).toEqual({ data: titles });
    const changing = await fetch(
      `${library.origin}/library/v2/graphql?documentId=add&variables=%7B%22input%22%3A%7B%22author%22%3A%22aut_1%22%2C%22title%22%3A%22A%22%7D%7D`,
      {
        headers: { authorization: `Bearer ${key}` },
      },
    );
    expect(changing.status).toBe(405);
    const own = { query: "{ hours { text } }" };
    expect((await library.ask(undefined, { key: bound, body: own })).status).toBe(403);
    expect((await library.ask(undefined, { body: own })).status).toBe(401);
    // Whoever has another role as well is free.
    expect((await library.ask(undefined, { key: kiosk, body: own })).status).toBe(200);
    const unknown = await library.ask(undefined, {
      key,
      body: { extensions: { persistedQuery: { version: 1, sha256Hash: "0".repeat(64) } } },
    });
    expect([unknown.status, unknown.errors[0]?.message, unknown.errors[0]?.extensions["type"]]).toEqual([
      404,
      "PersistedQueryNotFound",
      "not_found",
    ]);
    // With its text it is executed, and not kept.
    const text = "{ hours { text } }";
    const sha256Hash = sha256Of(text).slice(7);
    expect(
      (await library.ask(undefined, { key, body: { query: text, extensions: { persistedQuery: { version: 1, sha256Hash } } } }))
        .status,
    ).toBe(200);
    expect(
      (await library.ask(undefined, { key, body: { extensions: { persistedQuery: { version: 1, sha256Hash } } } })).status,
    ).toBe(404);
  });
});

describe("limits of plans and policies", () => {
  let plane: Plane;
  beforeAll(async () => {
    if (engine === undefined) throw new Error("there is no engine");
    plane = await openPlane(await engine.create(), { service: definition });
  });
  afterAll(async () => {
    await plane[Symbol.asyncDispose]();
  });
  const ask = (key: string, query: string): ReturnType<Plane["ask"]> =>
    plane.ask("/library/v2/graphql", { key, method: "POST", body: { query } });

  test("SECURITY 56: each field that is an operation counts, each level of its relations too; aliases dodge nothing", async () => {
    const limits = [{ name: "minute", kind: "rate", limit: 5, windowSeconds: 60 }];
    const { key } = await plane.app({ limits }, ["librarian"]);
    const six = await ask(key, `{ ${repeat(6, (at) => `a${at}: books { totalCount }`)} }`);
    const { data, errors } = JSON.parse(six.text) as {
      data: Record<string, unknown>;
      errors: { extensions: { type: string; retryAfter: number } }[];
    };
    expect([six.status, Object.values(data).filter((one) => one !== null).length, errors.length]).toEqual([200, 5, 1]);
    expect([errors[0]?.extensions.type, (errors[0]?.extensions.retryAfter ?? 0) > 0]).toEqual(["too_many_requests", true]);
    const none = await ask(key, "{ books { totalCount } }");
    expect([none.status, Number(none.headers.get("retry-after")) > 0, none.headers.has("ratelimit")]).toEqual([429, true, true]);

    const other = await plane.app({ limits }, ["librarian"]);
    const author = await plane.ask("/library/v2/authors", { key: other.key, method: "POST", body: { name: "Ann" } });
    expect(author.status).toBe(201);
    // Two levels are two of the remaining four.
    expect((await ask(other.key, "{ authors { nodes { books { totalCount } } } }")).status).toBe(200);
    const { text } = await ask(other.key, "{ authors { nodes { name a: books { totalCount } b: books { totalCount } } } }");
    const deep = JSON.parse(text) as { data: unknown; errors: { path: unknown }[] };
    expect(deep.errors.map(({ path }) => path)).toEqual([["authors", "nodes", 0, "b"]]);
  });

  test("SECURITY 52: a policy binds callers to registered documents and closes the schema, for those it is for, while the server runs", async () => {
    const { key, id } = await plane.app({}, ["librarian"]);
    const other = await plane.app({}, ["librarian"]);
    const [name = "", text = ""] = Object.entries(registered)[0] ?? [];
    const own = "{ authors { nodes { name } } }";
    const schema = "{ __schema { queryType { name } } }";
    const sent = (body: object) => plane.ask("/library/v2/graphql", { key, method: "POST", body });
    const told = async (document: string, as = key): Promise<string> => {
      const { status, text: answer } = await ask(as, document);
      return `${status} ${/"type":"(\w+)"/.exec(answer)?.[1] ?? "done"}`;
    };
    const before = (await sent({ documentId: name })).text;
    expect([await told(own), await told(schema)]).toEqual(["200 done", "200 done"]);
    const scope = { apps: [id] };
    const policy = await plane.policy("graphql", { introspection: true, persistedOnly: true }, { scope });
    await Bun.sleep(100);
    const open = [await told(own, other.key), await told(schema, other.key)];
    expect(open).toEqual(["200 done", "200 done"]);
    expect([await told(own), await told(schema)]).toEqual(["403 forbidden", "403 forbidden"]);
    await ask(key, 'mutation { authorCreate(input: { name: "Smuggled" }) { status } }');
    expect((await plane.ask("/library/v2/authors?name=Smuggled", { key })).data).toEqual([]);
    await ask(other.key, 'mutation { authorCreate(input: { name: "Brought" }) { status } }');
    expect((await plane.ask("/library/v2/authors?name=Brought", { key })).data).toMatchObject([{ name: "Brought" }]);
    // What is registered is executed, by its name and as a whole.
    expect((await sent({ documentId: name })).text).toBe(before);
    expect((await sent({ query: text })).text).toBe(before);
    await plane.admin("PATCH", `/policies/${policy}`, { settings: { introspection: false, persistedOnly: false } });
    await Bun.sleep(100);
    expect([await told(own), await told(schema), await told(schema, other.key)]).toEqual([
      "200 done",
      "403 operation_disabled",
      "200 done",
    ]);
    await plane.clear();
    await Bun.sleep(100);
  });

  test("policies: an operation that is switched off is so as a relation too; so is introspection; other names for fields are none here", async () => {
    const { key } = await plane.app({}, ["librarian"]);
    const author = await plane.ask("/library/v2/authors", { key, method: "POST", body: { name: "Ann" } });
    const { id } = author.data as { id: string };
    await plane.policy(
      "operationSwitch",
      { isOn: false },
      { scope: { operations: ["library.books.list", "library.introspection"] } },
    );
    await plane.policy("transformation", { rename: { "library.authors.name": "title" } });
    await plane.policy("redaction", { fields: ["library.authors.country"], mask: "removed" });
    await Bun.sleep(100);
    const { text } = await ask(key, `{ author(id: "${id}") { name country books { totalCount } } }`);
    const { data, errors } = JSON.parse(text) as { data: unknown; errors: { path: unknown; extensions: { type: string } }[] };
    expect(data).toEqual({ author: { name: "Ann", country: null, books: null } });
    expect(errors.map(({ path, extensions }) => [path, extensions.type])).toEqual([
      [["author", "country"], "forbidden"],
      [["author", "books"], "operation_disabled"],
    ]);
    expect((await ask(key, "{ __schema { queryType { name } } }")).outcome).toContain("403");
    // Answers that are held against the definition are found to fit it, of several rows at once as of one.
    await plane.policy("validation", { request: "strict", response: "enforce" });
    await Bun.sleep(100);
    const { text: fitting } = await ask(
      key,
      `{ author(id: "${id}") { name } node(id: "${id}") { id } reviews { nodes { book { title } } } }`,
    );
    expect(fitting).not.toContain('"type":"internal"');
    // By what is hidden nobody filters or sorts.
    for (const query of [
      '{ authors(where: { country: { eq: "MT" } }) { totalCount } }',
      "{ authors(sort: [{ country: asc }]) { totalCount } }",
    ]) {
      const hidden = await ask(key, query);
      expect(hidden.text).toContain('"type":"validation_failed"');
      expect(hidden.text).not.toContain("Ann");
    }
    await plane.clear();
    await Bun.sleep(100);
  });
});
