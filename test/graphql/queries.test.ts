/** Queries: rows, lists, relations, filters, order, pages, counts, statistics, functions, every kind of value. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { type Data, type Library, openLibrary } from "./library.ts";

type Nodes = { readonly nodes: readonly Data[] };

forEachEngine((engine) => {
  describe("queries", () => {
    let library: Library;
    let key: string;
    let readerKey: string;
    const ids: Record<string, string> = {};

    const make = async (path: string, body: object): Promise<string> => {
      const made = await library.rest(path, { key, method: "POST", body });
      expect([path, made.status]).toEqual([path, 201]);
      return String((made.data as Data)["id"]);
    };
    beforeAll(async () => {
      library = await openLibrary(await engine.create());
      key = await library.grant("librarian");
      for (const [name, country] of [
        ["Ann", "DE"],
        ["Bob", "MT"],
        ["Cid", "FR"],
      ] as const)
        ids[name] = await make("/authors", { name, country, salary: 7_000 });
      ids["reader"] = await make("/readers", { name: "Rea", email: "rea@example.com" });
      ids["other"] = await make("/readers", { name: "Ole", email: "ole@example.com" });
      readerKey = await library.grant("reader", { subject: ids["reader"] ?? "" });
      const titles = ["Ant", "Bee", "Cat", "Dog", "Eel"];
      for (const [at, title] of titles.entries()) {
        ids[title] = await make("/books", {
          author: ids[["Ann", "Bob", "Cid"][at % 3] ?? ""],
          title,
          price: at * 100,
          pages: at + 1,
          isRare: title === "Eel",
          state: at % 2 === 0 ? "in-print" : "sold-out",
          cost: 4_242,
          secret: "abc-9999",
        });
        for (const stars of [1, 2, 3])
          await make("/reviews", {
            book: ids[title],
            reader: ids[stars === 3 ? "other" : "reader"],
            stars,
            text: `${title} ${stars}`,
          });
      }
      ids["whole"] = await make("/books", {
        author: ids["Ann"],
        title: "Whole",
        price: "9007199254740993",
        pages: 12,
        weight: "1.250",
        state: "3rd",
        size: { width: 3, height: null },
        tags: ["a", "b"],
        parts: [{ name: "x", cost: "9007199254740993" }, { name: "y" }],
        cover: "AAEC",
        facts: { deep: [1, { two: null }] },
        loan: "P1DT2H",
        shownAt: "2026-02-03T04:05:06+02:00",
      });
    });
    afterAll(async () => {
      expect(library.errors).toEqual([]);
      await library[Symbol.asyncDispose]();
    });

    test("every kind of value, exactly", async () => {
      const { book } = await library.get(
        `query ($id: ID!) { book(id: $id) { id title price pages weight state isRare size { width height } tags parts { name cost }
           cover facts loan shownAt cost secret edition authorId author { id name salary born } __typename } }`,
        { key, variables: { id: ids["whole"] } },
      );
      expect(book).toEqual({
        id: ids["whole"],
        title: "Whole",
        price: "9007199254740993",
        pages: 12,
        weight: "1.25",
        state: "_3rd",
        isRare: false,
        size: { width: 3, height: null },
        tags: ["a", "b"],
        parts: [
          { name: "x", cost: "9007199254740993" },
          { name: "y", cost: "0" },
        ],
        cover: "AAEC",
        facts: { deep: [1, { two: null }] },
        loan: "P1DT2H",
        shownAt: "2026-02-03T02:05:06.000Z",
        cost: null,
        secret: null,
        edition: 1,
        authorId: ids["Ann"],
        author: { id: ids["Ann"], name: "Ann", salary: "7000", born: null },
        __typename: "Book",
      });
    });

    test("a list as connection, with aliases, fragments, edges and cursors", async () => {
      const data = await library.get(
        `query { first: books(first: 2) { ...Page } rest: books(first: 2, page: 2) { ...Page } }
         fragment Page on BookConnection { __typename edges { cursor node { ...Title } __typename } nodes { ...Title price }
           pageInfo { hasNextPage hasPreviousPage startCursor endCursor currentPage totalPages perPage maxPerPage __typename } totalCount }
         fragment Title on Book { title }`,
        { key },
      );
      const { first, rest } = data as Record<"first" | "rest", Data & { edges: Data[]; pageInfo: Data; nodes: Data[] }>;
      expect(first.edges.map(({ node }) => node)).toEqual([{ title: "Ant" }, { title: "Bee" }]);
      expect(first.nodes).toEqual([
        { title: "Ant", price: "0" },
        { title: "Bee", price: "100" },
      ]);
      expect(first.pageInfo).toMatchObject({
        hasNextPage: true,
        hasPreviousPage: false,
        currentPage: null,
        totalPages: 3,
        perPage: 2,
        maxPerPage: 100,
      });
      expect([first.pageInfo["startCursor"], first.pageInfo["endCursor"]]).toEqual(first.edges.map(({ cursor }) => cursor));
      expect([first["totalCount"], first["__typename"], first.edges[0]?.["__typename"]]).toEqual([
        6,
        "BookConnection",
        "BookEdge",
      ]);
      expect(rest.nodes.map(({ title }) => title)).toEqual(["Cat", "Dog"]);
      expect(rest.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true, currentPage: 2, totalPages: 3 });
      const walked: unknown[] = [];
      for (let after: unknown = null, more = true; more;) {
        const { books } = await library.get(
          "query ($after: String) { books(first: 2, after: $after) { nodes { title } pageInfo { hasNextPage endCursor } } }",
          { key, variables: { after } },
        );
        const page = books as Nodes & { pageInfo: { hasNextPage: boolean; endCursor: string } };
        walked.push(...page.nodes.map(({ title }) => title));
        ({ hasNextPage: more, endCursor: after } = page.pageInfo);
      }
      expect(walked).toEqual(["Ant", "Bee", "Cat", "Dog", "Eel", "Whole"]);
    });

    const listed: [string, readonly string[]][] = [
      ['where: { title: { eq: "Bee" } }', ["Bee"]],
      ['where: { title: { in: ["Bee", "Dog"] } }', ["Bee", "Dog"]],
      ['where: { title: { notIn: ["Bee", "Dog", "Whole"] } }', ["Ant", "Cat", "Eel"]],
      ['where: { title: { ne: "Bee", startsWith: "B" } }', []],
      ['where: { title: { contains: "E" } }', ["Bee", "Eel", "Whole"]],
      ['where: { price: { gt: 100, lte: "300" } }', ["Cat", "Dog"]],
      ["where: { price: { gte: 9007199254740993 } }", ["Whole"]],
      ["where: { weight: { isNull: false } }", ["Whole"]],
      ["where: { weight: { eq: 1.25 } }", ["Whole"]],
      ["where: { pages: { lt: 2 } }", ["Ant"]],
      ["where: { state: { in: [sold_out, _3rd] } }", ["Bee", "Dog", "Whole"]],
      ["where: { isRare: { eq: true } }", ["Eel"]],
      ['where: { shownAt: { gt: "2026-02-03" } }', ["Whole"]],
      ['where: { author: { country: { eq: "MT" } } }', ["Bee", "Eel"]],
      ['where: { author: { name: { startsWith: "A" } }, pages: { lt: 10 } }', ["Ant", "Dog"]],
      ["filters: [{ rare: true }]", ["Eel"]],
      ["filters: [{ rare: false }]", ["Ant", "Bee", "Cat", "Dog", "Eel", "Whole"]],
      ["filters: [{ between: { from: 200 } }]", ["Cat", "Dog", "Eel"]],
      ["filters: [{ between: { from: 200, to: 300 } }]", ["Cat"]],
      ["sort: [{ price: desc }]", ["Whole", "Eel", "Dog", "Cat", "Bee", "Ant"]],
      ["sort: [{ author: { name: desc } }, { title: desc }]", ["Cat", "Eel", "Bee", "Whole", "Dog", "Ant"]],
      ["first: 2, sort: [{ author: { name: asc } }, { title: asc }]", ["Ant", "Dog"]],
    ];
    test.each(listed)("books(%s)", async (args, titles) => {
      const { books } = await library.get(`{ books(${args}) { nodes { title } pageInfo { hasNextPage } } }`, { key });
      expect((books as Nodes).nodes.map(({ title }) => title as string)).toEqual([...titles]);
    });

    test("a relation's rows: nested lists with conditions and pages of their own, references, back again", async () => {
      const data = await library.get(
        `{ authors { nodes { name
             all: books { totalCount nodes { title } }
             dear: books(where: { price: { gte: 200 } }, first: 1, sort: [{ price: desc }]) { nodes { title author { name } } pageInfo { hasNextPage endCursor } }
         } } }`,
        { key },
      );
      const { nodes } = data["authors"] as {
        nodes: { name: string; all: Nodes & { totalCount: number }; dear: Nodes & { pageInfo: Data } }[];
      };
      expect(nodes.map(({ name, all }) => [name, all.totalCount, all.nodes.map(({ title }) => title)])).toEqual([
        ["Ann", 3, ["Ant", "Dog", "Whole"]],
        ["Bob", 2, ["Bee", "Eel"]],
        ["Cid", 1, ["Cat"]],
      ]);
      expect(
        nodes.map(({ dear }) => [dear.nodes.map(({ title, author }) => [title, author]), dear.pageInfo["hasNextPage"]]),
      ).toEqual([
        [[["Whole", { name: "Ann" }]], true],
        [[["Eel", { name: "Bob" }]], false],
        [[["Cat", { name: "Cid" }]], false],
      ]);
      const after = nodes[0]?.dear.pageInfo["endCursor"];
      const next = await library.get(
        `query ($id: ID!, $after: String) { author(id: $id) { books(where: { price: { gte: 200 } }, first: 1, after: $after, sort: [{ price: desc }]) {
           nodes { title } pageInfo { hasPreviousPage hasNextPage } } } }`,
        { key, variables: { id: ids["Ann"], after } },
      );
      expect(next["author"]).toEqual({
        books: { nodes: [{ title: "Dog" }], pageInfo: { hasPreviousPage: true, hasNextPage: false } },
      });
    });

    test("any row by its id; what is not there is null and an error", async () => {
      const { node } = await library.get(
        "query ($id: ID!) { node(id: $id) { __typename id ... on Author { name } ... on Book { title } } }",
        {
          key,
          variables: { id: ids["Bob"] },
        },
      );
      expect(node).toEqual({ __typename: "Author", id: ids["Bob"], name: "Bob" });
      for (const id of ["aut_00000000000000000000000000", "xyz_1", ""]) {
        const answer = await library.ask("query ($id: ID!) { node(id: $id) { id } }", { key, variables: { id } });
        expect([id, answer.status, answer.data, answer.errors[0]?.extensions["type"], answer.errors[0]?.path]).toEqual([
          id,
          294,
          { node: null },
          "not_found",
          ["node"],
        ]);
      }
    });

    test("counts, properties, statistics", async () => {
      const data = await library.get(
        `{ booksCount(where: { isRare: { eq: false } }) booksWorth(filters: [{ between: { from: 100 } }])
           booksStatsByState(where: { pages: { lt: 10 } }) { rows { state books worth pages mean dearest } isTruncated } }`,
        { key },
      );
      expect(data).toEqual({
        booksCount: 5,
        booksWorth: "1000",
        booksStatsByState: {
          rows: [
            { state: "in_print", books: 3, worth: "600", pages: "9", mean: "200", dearest: "400" },
            { state: "sold_out", books: 2, worth: "400", pages: "6", mean: "200", dearest: "300" },
          ],
          isTruncated: false,
        },
      });
    });

    test("functions that only read: of an item, of a collection, of none; rows, objects, documents", async () => {
      const data = await library.get(
        `query ($id: ID!) { bookAppraise(id: $id, input: { times: 3 }) { total authorId author { name } lines { text amount } }
           plain: bookAppraise(id: $id) { total } booksNewest { title author { name } } booksPrinted { mediaType filename encoding content } hours { text } }`,
        { key, variables: { id: ids["Cat"] } },
      );
      expect(data).toEqual({
        bookAppraise: { total: "600", authorId: ids["Cid"], author: { name: "Cid" }, lines: [{ text: "Cat", amount: "200" }] },
        plain: { total: "200" },
        booksNewest: [
          { title: "Ant", author: { name: "Ann" } },
          { title: "Bee", author: { name: "Bob" } },
          { title: "Cat", author: { name: "Cid" } },
        ],
        booksPrinted: { mediaType: "text/csv", filename: "books.csv", encoding: "text", content: "title\nA\n" },
        hours: { text: "9 to 5" },
      });
    });

    test("SECURITY 35: numbers of variables and literals keep their digits; JSON stays what it is", async () => {
      const data = await library.get(
        `query ($any: JSON, $amount: Money) { v: echo(input: { any: $any, amount: $amount, bytes: "AAEC" }) { any amount bytes }
           l: echo(input: { any: { a: [1, 2.5, "x", null, true], b: {} }, amount: 9007199254740993 }) { any amount } }`,
        {
          key,
          body: `{"query":${JSON.stringify(`query ($any: JSON, $amount: Money) { v: echo(input: { any: $any, amount: $amount, bytes: "AAEC" }) { any amount bytes }
           l: echo(input: { any: { a: [1, 2.5, "x", null, true], b: {} }, amount: 9007199254740993 }) { any amount } }`)},"variables":{"any":{"k":[1]},"amount":9007199254740993}}`,
        },
      );
      expect(data).toEqual({
        v: { any: { k: [1] }, amount: "9007199254740993", bytes: "AAEC" },
        l: { any: { a: [1, 2.5, "x", null, true], b: {} }, amount: "9007199254740993" },
      });
    });

    test("@skip and @include by variables; a document is one plan for each outcome", async () => {
      const document =
        "query ($no: Boolean!, $yes: Boolean!) { books(first: 1) { nodes { title @skip(if: $no) ... @include(if: $yes) { price } } } }";
      for (const [no, yes, row] of [
        [true, true, { price: "0" }],
        [false, false, { title: "Ant" }],
        [false, true, { title: "Ant", price: "0" }],
        [true, true, { price: "0" }],
      ] as const) {
        const { books } = await library.get(document, { key, variables: { no, yes } });
        expect((books as Nodes).nodes).toEqual([row]);
      }
    });

    test("SECURITY 25: what is withheld is nowhere: aliases, fragments, relations, tags, filters, sorting, errors", async () => {
      const hidden = ["4242", "7000", "abc-", "Eel", "ole@"];
      const asked = [
        "{ books { nodes { a: cost b: cost ...F } edges { node { cost secret __typename } } } } fragment F on Book { c: cost ... on Book { d: cost } }",
        "{ authors { nodes { salary books { nodes { cost author { salary } } } } } }",
        "{ reviews(first: 100) { nodes { book { title cost } reader { email } } } }",
        "{ readers { nodes { email etag } } account { email etag } }",
        "{ booksCount(where: { isRare: { eq: true } }) books(filters: [{ rare: true }]) { totalCount nodes { title } } booksStatsByState { rows { state books } } }",
      ];
      for (const query of asked) {
        const answer = await library.ask(query, { key: readerKey });
        for (const text of hidden) expect([query, text, answer.text.includes(text)]).toEqual([query, text, false]);
        for (const { message, extensions } of answer.errors)
          expect([message, extensions["type"]]).toEqual([message, "forbidden"]);
      }
      const rare = await library.get("{ booksCount(where: { isRare: { eq: true } }) }", { key: readerKey });
      expect(rare["booksCount"]).toBe(0);
      for (const [args, field] of [
        ['where: { cost: { gte: "4000" } }', "cost[gte]"],
        ["where: { cost: { isNull: false } }", "cost[null]"],
        ['where: { secret: { startsWith: "abc" } }', "secret[startsWith]"],
        ['where: { author: { salary: { gt: "1" } } }', "author.salary[gt]"],
        ["sort: [{ cost: desc }]", "sortBy"],
        ["sort: [{ author: { salary: asc } }]", "sortBy"],
      ] as const) {
        const answer = await library.ask(`{ books(${args}) { totalCount } }`, { key: readerKey });
        expect([args, answer.data, Object.keys(answer.errors[0]?.extensions["issues"] as Data)]).toEqual([
          args,
          { books: null },
          [field],
        ]);
        const nested = await library.ask(`{ authors(first: 1) { nodes { books(${args}) { totalCount } } } }`, { key: readerKey });
        expect([args, nested.errors[0]?.extensions["type"]]).toEqual([args, "validation_failed"]);
      }
      // Another row's tag differs by nothing that he does not see.
      const id = ids["Bee"];
      const tag = async (): Promise<unknown> => (await library.ask(`{ book(id: "${id}") { etag } }`, { key: readerKey })).data;
      const before = await tag();
      await library.get(`mutation { bookUpdate(id: "${id}", input: { cost: 4243 }) { status } }`, { key });
      const { data } = await library.ask(`{ book(id: "${id}") { edition } }`, { key: readerKey });
      expect(JSON.stringify(data)).not.toContain("424");
      expect(before).toMatchObject({ book: { etag: expect.any(String) as string } });
    });

    test("SECURITY 23, 29: rows of others are as if they were not", async () => {
      const other = await library.grant(["librarian"], { tenant: "other" });
      for (const key of [other]) {
        const answer = await library.ask(
          `query ($id: ID!, $author: ID!) { book(id: $id) { title } node(id: $author) { id } books { totalCount } missing: book(id: "bok_00000000000000000000000000") { title } }`,
          {
            key,
            variables: { id: ids["Ant"], author: ids["Ann"] },
          },
        );
        expect(answer.data).toEqual({ book: null, node: null, books: { totalCount: 0 }, missing: null });
        const told = answer.errors.map(({ message, extensions }) => JSON.stringify([message, { ...extensions, requestId: "" }]));
        expect([answer.errors.length, new Set(told).size]).toEqual([3, 1]);
      }
      const { books } = await library.get("{ books(first: 1) { pageInfo { endCursor } } }", { key });
      const cursor = (books as { pageInfo: { endCursor: string } }).pageInfo.endCursor;
      const stolen = await library.ask("query ($c: String) { books(after: $c) { totalCount } }", {
        key: other,
        variables: { c: cursor },
      });
      expect(stolen.errors[0]?.extensions["type"]).toBe("invalid_cursor");
    });

    test("the singleton, and what a reader sees: own rows, no rare books, masks, nothing of what is withheld", async () => {
      const answer = await library.ask(
        `{ account { id name email } readers { nodes { name } } books(where: { pages: { lt: 10 } }) { nodes { title cost secret } totalCount }
           reviews(first: 6) { nodes { text reader { name } book { title } } } authors(first: 1) { nodes { name salary } } }`,
        { key: readerKey },
      );
      expect(answer.status).toBe(294);
      const { account, readers, books, authors, reviews } = answer.data as Record<string, Nodes & { totalCount: number }>;
      expect(account as unknown).toEqual({ id: ids["reader"], name: "Rea", email: "r••••@example.com" });
      expect(readers?.nodes).toEqual([{ name: "Rea" }]);
      expect(books?.totalCount).toBe(4);
      expect(books?.nodes[0]).toEqual({ title: "Ant", cost: null, secret: "••••9999" });
      expect(authors?.nodes).toEqual([{ name: "Ann", salary: null }]);
      // Whom and what he does not see is null where something leads to it.
      expect(new Set(reviews?.nodes.map(({ reader }) => JSON.stringify(reader)))).toEqual(new Set(['{"name":"Rea"}', "null"]));
      expect(answer.errors.map(({ path, extensions }) => `${path?.join(".")} ${String(extensions["type"])}`).toSorted()).toEqual([
        "authors.nodes.0.salary forbidden",
        "books.nodes.0.cost forbidden",
      ]);
      expect(answer.text).not.toMatch(/4242|7000|abc-|Eel/);
    });

    test("an older version: its own words, and what became of them", async () => {
      const { books } = await library.get(
        '{ books(where: { name: { eq: "Cat" } }, sort: [{ name: asc }]) { nodes { name shelf price author { name } } } }',
        {
          key,
          version: "v1",
        },
      );
      expect((books as Nodes).nodes).toEqual([{ name: "Cat", shelf: "A", price: "200", author: { name: "Cid" } }]);
      const answer = await library.ask("{ books { nodes { title } } }", { key, version: "v1" });
      expect([answer.status, answer.errors[0]?.extensions["type"]]).toEqual([422, "validation_failed"]);
      expect(answer.headers.get("deprecation")).toBe("@1767225600");
      const { __type } = (await library.get(
        '{ __type(name: "Book") { fields(includeDeprecated: true) { name deprecationReason } } }',
        {
          key,
          version: "v1",
        },
      )) as { __type: { fields: Data[] } };
      expect(__type.fields.filter(({ deprecationReason }) => deprecationReason !== null)).toEqual([
        { name: "name", deprecationReason: "Called title from v2 on." },
        { name: "shelf", deprecationReason: "Not there any more from v2 on." },
      ]);
    });
  });
});
