/**
 * What a query costs the database. A level of a query is one read, whatever the number of its rows, counted twice: as reads of the store, and as statements, on
 * SQLite where they are executed, on Postgres as they pass over the wire.
 */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { counting, forEachEngine } from "../core/harness.ts";
import { severingProxy } from "../../src/store/postgres/severing-proxy.ts";
import { type Library, openLibrary } from "./library.ts";

const authorsCount = 20;
const booksPerAuthor = 10;
/** What the names of the library's tables begin with: what the directory reads of its own, now and then, is no query's. */
const own = "library_";

/** Counts what SQLite executes for queries, but for what begins and ends a snapshot. */
const sqliteStatements = (): { taken(): number; end(): void } => {
  let statements = 0;
  const { prototype } = Database;
  const original = Object.getOwnPropertyDescriptor(prototype, "prepare");
  const prepare = original?.value as (this: Database, sql: string, ...more: unknown[]) => Record<string, unknown>;
  Object.defineProperty(prototype, "prepare", {
    configurable: true,
    value(this: Database, sql: string, ...more: unknown[]) {
      const statement = prepare.call(this, sql, ...more);
      if (!/^\s*(?:SELECT|WITH)/.test(sql) || !sql.includes(own)) return statement;
      for (const name of ["all", "values", "get"]) {
        const run = statement[name] as (...given: unknown[]) => unknown;
        statement[name] = (...given: unknown[]) => {
          statements++;
          return run.apply(statement, given);
        };
      }
      return statement;
    },
  });
  return {
    taken() {
      const taken = statements;
      statements = 0;
      return taken;
    },
    end: () => void Object.defineProperty(prototype, "prepare", original as PropertyDescriptor),
  };
};

forEachEngine((engine) => {
  describe("statements", () => {
    const counts = { reads: 0, loads: 0, finds: 0, applies: 0, writes: 0 };
    let library: Library;
    let key: string;
    let statements: { taken(): number };
    let isPostgres = false;
    const ends: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      const database = await engine.create();
      isPostgres = database.url.startsWith("postgres");
      if (isPostgres) {
        const proxy = severingProxy(database.url, { counted: own });
        ends.push(() => proxy[Symbol.asyncDispose]() as Promise<void>);
        let known = 0;
        statements = {
          taken() {
            const taken = proxy.bindCount - known;
            known = proxy.bindCount;
            return taken;
          },
        };
        library = await openLibrary(database, { through: counting(counts, own), url: proxy.url });
      } else {
        const counter = sqliteStatements();
        ends.push(async () => counter.end());
        statements = counter;
        library = await openLibrary(database, { through: counting(counts, own) });
      }
      key = await library.grant("librarian");
      const many = async (path: string, bodies: readonly object[]): Promise<string[]> => {
        const made = await library.rest(path, { key, method: "POST", body: bodies });
        return (made.data as { data: { id: string } }[]).map(({ data }) => data.id);
      };
      const readers = await many(
        "/readers",
        Array.from({ length: 15 }, (_, at) => ({ name: `Reader ${at}` })),
      );
      const authors = await many(
        "/authors",
        Array.from({ length: authorsCount }, (_, at) => ({ name: `Author ${at}` })),
      );
      const books = await many(
        "/books",
        authors.flatMap((author) => Array.from({ length: booksPerAuthor }, (_, at) => ({ author, title: `Book ${at}` }))),
      );
      await many(
        "/reviews",
        books.map((book, at) => ({ book, reader: readers[at % readers.length], stars: 1 + (at % 5) })),
      );
    });
    afterAll(async () => {
      expect(library.errors).toEqual([]);
      await library[Symbol.asyncDispose]();
      for (const end of ends) await end();
    });

    /** Reads of the store and statements of a document that was asked before. */
    const costOf = async (
      document: string,
    ): Promise<{ readonly reads: number; readonly statements: number; readonly text: string }> => {
      await library.get(document, { key });
      counts.reads = 0;
      statements.taken();
      const answer = await library.ask(document, { key });
      expect(answer.errors).toEqual([]);
      return { reads: counts.reads, statements: statements.taken(), text: answer.text };
    };

    const cases: [string, number, string][] = [
      ["one level", 1, "{ authors(first: 20) { nodes { name } } }"],
      ["two levels down", 2, "{ authors(first: 20) { nodes { name books(first: 10) { nodes { title } } } } }"],
      [
        "three levels down: 20 × 10 × 1",
        3,
        "{ authors(first: 20) { nodes { name books(first: 10) { nodes { title reviews(first: 1) { nodes { stars } } } } } } }",
      ],
      [
        "four levels: down, and over a reference",
        4,
        "{ authors(first: 20) { nodes { books(first: 10) { edges { cursor node { reviews(first: 1) { nodes { reader { name } } } } } } } } }",
      ],
      ["up three levels", 3, "{ reviews(first: 100) { nodes { book { title author { name } } } } }"],
      ["two references of a level", 3, "{ reviews(first: 100) { nodes { book { title } reader { name } } } }"],
      [
        "the same relation twice, differently",
        3,
        "{ authors(first: 20) { nodes { a: books(first: 3) { nodes { title } } b: books(first: 2, sort: [{ price: desc }]) { nodes { price } } } } }",
      ],
    ];
    test.each(cases)("%s: %d", async (_, levels, document) => {
      const cost = await costOf(document);
      expect([cost.reads, cost.statements]).toEqual([levels, levels]);
    });

    test("the number of all, of each parent, is one read more", async () => {
      const cost = await costOf("{ authors(first: 20) { totalCount nodes { books(first: 5) { totalCount nodes { title } } } } }");
      // The last page of a list knows it without a count. On SQLite counts gain nothing by being one statement, and are one for each parent.
      expect([cost.reads, cost.statements]).toEqual([3, isPostgres ? 3 : 2 + authorsCount]);
      // Where the first page is the last one, nothing is counted.
      const whole = await costOf(
        "{ authors(first: 30) { totalCount nodes { books(first: 11) { totalCount nodes { title } } } } }",
      );
      expect([whole.reads, whole.statements]).toEqual([2, 2]);
      expect(whole.text.match(/"totalCount":10/g)?.length).toBe(authorsCount);
    });

    test("three levels of 20 × 10 × 1 have all their rows", async () => {
      const { text } = await costOf(cases[2]?.[2] ?? "");
      expect(text.match(/"title"/g)?.length).toBe(authorsCount * booksPerAuthor);
      expect(text.match(/"stars"/g)?.length).toBe(authorsCount * booksPerAuthor);
    });
  });
});
