/** Mutations: what commands answer, typed refusals, idempotency, entity tags; several fields one after the other. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { type Data, type Library, openLibrary } from "./library.ts";

const refusal =
  "refusal { __typename ... on Refusal { type message status requestId retryAfter details issues { field messages } } }";

forEachEngine((engine) => {
  describe("mutations", () => {
    let library: Library;
    let key: string;
    let author: string;

    beforeAll(async () => {
      library = await openLibrary(await engine.create());
      key = await library.grant("librarian");
      const made = await library.get(
        'mutation { authorCreate(input: { name: "Ann", country: "DE" }) { author { id } status } }',
        { key },
      );
      const { author: row, status } = made["authorCreate"] as { author: { id: string }; status: number };
      expect(status).toBe(201);
      author = row.id;
    });
    afterAll(async () => {
      expect(library.errors).toEqual([]);
      await library[Symbol.asyncDispose]();
    });

    const create = async (title: string, more: Data = {}): Promise<Data> => {
      const { bookCreate } = await library.get(
        `mutation ($input: BookCreateInput!) { bookCreate(input: $input) { book { id title price etag } status replayed ${refusal} } }`,
        { key, variables: { input: { author, title, ...more } } },
      );
      return bookCreate as Data;
    };
    const idOf = (payload: Data): string => (payload["book"] as { id: string }).id;

    test("create, change, replace, delete; functions of an item, of a collection, of none", async () => {
      const made = await create("Ant", { price: "9007199254740993", parts: [{ name: "x" }], size: { width: 1 }, state: "_3rd" });
      expect(made).toMatchObject({
        status: 201,
        replayed: false,
        refusal: null,
        book: { title: "Ant", price: "9007199254740993" },
      });
      const id = idOf(made);
      const data = await library.get(
        `mutation ($id: ID!) {
           a: bookUpdate(id: $id, input: { title: "Bee", size: { height: 2 } }) { book { title size { width height } state author { name } } status }
           b: bookLend(id: $id, input: { days: 3, why: fun }) { book { id } status refusal { __typename } }
           c: bookReplace(id: $id, input: { author: "${author}", title: "Cat" }) { book { title price size { width } } }
           d: booksRecount(input: { shelf: { name: "S", rows: [1, 2] } }) { result { counted shelf } status }
           e: booksForget { done status }
           f: wait(input: { ms: 1 }) { result { ms } __typename }
           g: bookDelete(id: $id) { done status replayed __typename } }`,
        { key, variables: { id } },
      );
      expect(data).toEqual({
        a: { book: { title: "Bee", size: { width: 1, height: 2 }, state: "_3rd", author: { name: "Ann" } }, status: 200 },
        b: { book: { id }, status: 200, refusal: null },
        c: { book: { title: "Cat", price: "0", size: null } },
        d: { result: { counted: 2, shelf: "S" }, status: 200 },
        e: { done: true, status: 204 },
        f: { result: { ms: 1 }, __typename: "WaitPayload" },
        g: { done: true, status: 204, replayed: false, __typename: "BookDeletePayload" },
      });
    });

    test("a refusal is typed where it is asked for, an error where it is not; what comes before and behind it is done", async () => {
      const rare = idOf(await create("Rare", { isRare: true }));
      const plain = idOf(await create("Plain"));
      const answer = await library.ask(
        `mutation ($rare: ID!, $plain: ID!) {
           one: bookLend(id: $rare) { book { id } status refusal { __typename ... on NotLendableRefusal { type message status } } }
           two: bookLend(id: $plain, input: { days: 21 }) { refusal { ... on TooLongRefusal { message details } ... on Refusal { type } } }
           three: bookLend(id: $plain, input: { days: 21 }) { book { id } }
           four: bookLend(id: "bok_00000000000000000000000000") { refusal { __typename ... on Refusal { type status requestId retryAfter issues { field } } } }
           five: bookLend(id: $plain) { book { title } } }`,
        { key, variables: { rare, plain }, headers: { "accept-language": "de" } },
      );
      const requestId = answer.headers.get("x-request-id");
      expect(answer.data).toEqual({
        one: {
          book: null,
          status: 409,
          refusal: { __typename: "NotLendableRefusal", type: "not_lendable", message: "Rare books stay.", status: 409 },
        },
        two: { refusal: { message: "Nicht für 21 Tage.", details: { days: 21 }, type: "too_long" } },
        three: null,
        four: {
          refusal: { __typename: "OtherRefusal", type: "not_found", status: 404, requestId, retryAfter: null, issues: [] },
        },
        five: { book: { title: "Plain" } },
      });
      expect(answer.errors).toEqual([
        {
          message: "Nicht für 21 Tage.",
          locations: [{ line: 4, column: 12 }],
          path: ["three"],
          extensions: { type: "too_long", status: 422, requestId, details: { days: 21 } },
        },
      ]);
      expect(answer.status).toBe(294);
    });

    test("wrong values are named, in literals as in variables", async () => {
      const query = `mutation ($input: BookCreateInput!) { bookCreate(input: $input) { ${refusal} } }`;
      const named = await library.get(query, { key, variables: { input: { author, title: "", price: -1, pages: 99_999 } } });
      expect((named["bookCreate"] as { refusal: Data }).refusal).toMatchObject({
        __typename: "OtherRefusal",
        type: "validation_failed",
        message: expect.stringMatching(/^Validation failed: The title .+ The price .+ The pages .+\.$/),
        issues: [{ field: "title" }, { field: "price" }, { field: "pages" }],
      });
      // What GraphQL itself refuses is refused in the same words, and the operation did not run.
      for (const [input, fields] of [
        [{ title: 5, author }, ["title"]],
        [{ author }, ["title"]],
        [{ author, title: "A", nothing: 1 }, ["nothing"]],
        [{ author, title: "A", id: 7, state: "lost", tags: "a", parts: [{ cost: 1 }] }, ["id", "parts.0.name", "state", "tags"]],
        ["text", [""]],
      ] as const) {
        const answer = await library.ask(query, { key, variables: { input } });
        expect([answer.status, answer.data, answer.errors[0]?.extensions["type"]]).toEqual([422, undefined, "validation_failed"]);
        expect(Object.keys(answer.errors[0]?.extensions["issues"] as Data).toSorted()).toEqual([...fields]);
      }
    });

    test("SECURITY 26: fields that are set by the writer, and names of an object's own, are no input", async () => {
      const id = idOf(await create("Set"));
      for (const input of ["{ edition: 9 }", '{ constructor: "x" }', '{ __proto__: { title: "x" } }', '{ id: "bok_1" }']) {
        const answer = await library.ask(`mutation { bookUpdate(id: "${id}", input: ${input}) { book { edition } } }`, { key });
        expect([input, answer.status, answer.data]).toEqual([input, 422, undefined]);
      }
      for (const input of ['{"edition":9}', '{"constructor":"x"}', '{"id":"bok_1"}', '{"title":"x","isAdmin":true}']) {
        const body = `{"query":"mutation ($i: BookUpdateInput!) { bookUpdate(id: \\"${id}\\", input: $i) { book { edition } } }","variables":{"i":${input}}}`;
        const answer = await library.ask(undefined, { key, body });
        expect([input, answer.status, answer.errors[0]?.extensions["type"]]).toEqual([input, 422, "validation_failed"]);
      }
      const { book } = await library.get(`{ book(id: "${id}") { title edition } }`, { key });
      expect(book).toEqual({ title: "Set", edition: 1 });
      const reader = await library.grant("reader", { subject: "rdr_00000000000000000000000000" });
      const answer = await library.ask("mutation ($i: BookCreateInput!) { bookCreate(input: $i) { status } }", {
        key: reader,
        variables: { i: { author, title: "No" } },
      });
      expect([answer.status, answer.errors[0]?.extensions["type"]]).toEqual([403, "forbidden"]);
    });

    test("SECURITY 32, 33: one effect for one key: as argument, as header, and over REST", async () => {
      const query = `mutation ($input: BookCreateInput!, $k: String) { bookCreate(input: $input, idempotencyKey: $k) { book { id } replayed ${refusal} } }`;
      const variables = { input: { author, title: "Once" } };
      const first = (await library.get(query, { key, variables: { ...variables, k: "once-1" } }))["bookCreate"] as Data;
      const again = (await library.get(query, { key, variables, headers: { "idempotency-key": '"once-1"' } }))[
        "bookCreate"
      ] as Data;
      expect([first["replayed"], again["replayed"], idOf(again)]).toEqual([false, true, idOf(first)]);
      const rest = await library.rest("/books", {
        key,
        method: "POST",
        body: variables.input,
        headers: { "idempotency-key": "once-1" },
      });
      expect([(rest.data as Data)["id"], rest.headers.get("idempotent-replayed")]).toEqual([idOf(first), "true"]);
      const other = (await library.get(query, { key, variables: { input: { author, title: "Twice" }, k: "once-1" } }))[
        "bookCreate"
      ] as { refusal: Data };
      expect(other.refusal["type"]).toBe("idempotency_key_reused");
      for (const [headers, k] of [
        [{ "idempotency-key": "a b" }, undefined],
        [{ "if-match": "x y" }, undefined],
        [{}, "ü"],
        [{}, ""],
      ] as const) {
        const answer = await library.ask(query, { key, variables: { ...variables, k }, headers });
        expect([answer.status < 300 ? answer.errors[0]?.extensions["status"] : answer.status]).toEqual([
          k === undefined ? 400 : 422,
        ]);
      }
      const two = await library.ask("mutation { a: booksForget { done } b: booksForget { done } }", {
        key,
        headers: { "idempotency-key": "two" },
      });
      expect([two.status, two.errors[0]?.extensions["type"]]).toEqual([400, "invalid_header"]);
      const all = await Promise.all(
        Array.from({ length: 20 }, () => library.get(query, { key, variables: { ...variables, k: "many" } })),
      );
      expect(new Set(all.map((one) => idOf(one["bookCreate"] as Data))).size).toBe(1);
      expect(all.filter((one) => (one["bookCreate"] as Data)["replayed"] === false).length).toBe(1);
    });

    test("SECURITY 37: a change of what has changed meanwhile", async () => {
      const made = await create("Turn");
      const id = idOf(made);
      const { etag } = made["book"] as { etag: string };
      const rest = await library.rest(`/books/${id}`, { key });
      expect(rest.headers.get("etag")).toBe(etag);
      const query = `mutation ($id: ID!, $tags: [String!]) { bookUpdate(id: $id, ifMatch: $tags, input: { pages: 2 }) { book { pages etag } ${refusal} } }`;
      const once = (await library.get(query, { key, variables: { id, tags: [etag] } }))["bookUpdate"] as { book: Data };
      expect(once.book["pages"]).toBe(2);
      const late = (await library.get(query, { key, variables: { id, tags: [etag] } }))["bookUpdate"] as { refusal: Data };
      expect(late.refusal["type"]).toBe("precondition_failed");
      const bare = String(once.book["etag"]).slice(1, -1);
      expect((await library.get(query, { key, variables: { id, tags: ["0", bare] } }))["bookUpdate"]).toMatchObject({
        refusal: null,
      });
      expect((await library.get(query, { key, variables: { id, tags: ["*"] } }))["bookUpdate"]).toMatchObject({ refusal: null });
      const writers = await Promise.all(
        Array.from({ length: 10 }, async (_, at) => {
          const { book } = await library.get(`{ book(id: "${id}") { etag } }`, { key });
          return library
            .get(
              `mutation ($id: ID!, $tags: [String!]) { bookUpdate(id: $id, ifMatch: $tags, input: { pages: ${at + 10} }) { status } }`,
              {
                key,
                variables: { id, tags: [(book as { etag: string }).etag] },
              },
            )
            .then(
              () => 1,
              () => 0,
            );
        }),
      );
      expect(writers.reduce<number>((sum, one) => sum + one, 0)).toBeGreaterThan(0);
    });

    test("several mutations run in their order, and each sees what the ones before it did", async () => {
      const id = idOf(await create("Order"));
      const data = await library.get(
        `mutation { ${Array.from({ length: 10 }, (_, at) => `m${at}: bookUpdate(id: "${id}", input: { pages: ${at + 1} }) { book { pages edition } }`).join(" ")} }`,
        { key },
      );
      expect(Object.values(data)).toEqual(Array.from({ length: 10 }, (_, at) => ({ book: { pages: at + 1, edition: at + 2 } })));
      const { book } = await library.get(`{ book(id: "${id}") { pages } }`, { key });
      expect(book).toEqual({ pages: 10 });
    });
  });
});
