/**
 * GraphQL: documents made along the schema, with values that fit and values that do not; the same with their text damaged; requests of any JSON. Nothing is an
 * error of ours, nothing hangs, nothing tells of the inside. What is answered is held against graphql-js: collected by it from the answer anew, it is the same.
 *
 * How documents are read does not depend on the database: SQLite only.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  executeSync,
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
} from "graphql";
import { schemaOf } from "../../src/channels/graphql/schema/schema.ts";
import { compile } from "../../src/contract/index.ts";
import definition from "../graphql/library-service.ts";
import { type Data, type Library, openLibrary } from "../graphql/library.ts";
import { testDatabases } from "../postgres/index.ts";
import { holds, testMsMax } from "./runs.ts";

const schema: GraphQLSchema = schemaOf(compile(definition), "v2");
const answerMs = 3_000;
const statuses: ReadonlySet<number> = new Set([200, 294, 400, 403, 404, 405, 406, 409, 413, 415, 422]);
const telltales =
  /node_modules|\.ts:\d|SELECT |SQLITE|at <anonymous>|is not a function|undefined is not|Cannot read|\[object Object\]/;

/** Choices, one after the other, from a list of numbers: what a generator shrinks. */
class Choices {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(count: number): number {
    const number = this.#numbers[this.#at++ % this.#numbers.length] ?? 0;
    return (number + this.#at) % count;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const ids = ["aut_00000000000000000000000000", "bok_1", "", "rdr_x", "__proto__"];
const strings = [
  "",
  "a",
  "B",
  "x y",
  "\\u0000",
  "%",
  "_",
  "'; DROP TABLE books; --",
  "\\uD83D\\uDE00",
  "2026-01-31",
  "P1D",
  "AAEC",
  "EUR",
  "12.50",
  "9007199254740993",
];
const literals = [
  "null",
  "0",
  "-1",
  "1",
  "7",
  "1.5",
  "1e400",
  "9007199254740993",
  "true",
  "false",
  "in_print",
  "nothing",
  "[]",
  "{}",
  "[1, [2]]",
  '{a: {b: "c"}}',
];

class Maker {
  readonly #choices: Choices;
  readonly #variables: string[] = [];
  readonly variables: Data = {};
  #fields = 0;

  constructor(numbers: readonly number[]) {
    this.#choices = new Choices(numbers);
  }

  document(): string {
    const kind = this.#choices.of(["query", "query", "query", "mutation"] as const);
    const root = (kind === "query" ? schema.getQueryType() : schema.getMutationType()) as GraphQLObjectType;
    const selection = this.#selection(root, 0);
    const declared = this.#variables.length === 0 ? "" : `(${this.#variables.join(", ")})`;
    return `${kind} Q${declared} ${selection}`;
  }

  #selection(type: GraphQLObjectType, depth: number): string {
    const fields = Object.values(type.getFields());
    const parts: string[] = this.#choices.below(3) === 0 ? ["__typename"] : [];
    for (let count = 1 + this.#choices.below(depth === 0 ? 3 : 4); count > 0; count--) {
      const field = this.#choices.of(fields);
      const inner = getNamedType(field.type);
      if (++this.#fields > 60 || (!isLeafType(inner) && depth > 5)) continue;
      const alias = this.#choices.below(4) === 0 ? `a${this.#choices.below(3)}: ` : "";
      const args = this.#arguments(field.args);
      const directive = this.#choices.of(["", "", "", "", " @skip(if: false)", " @include(if: true)", " @include(if: false)"]);
      let selection = "";
      if (isObjectType(inner)) selection = this.#selection(inner, depth + 1);
      else if (isAbstractType(inner)) selection = this.#abstract(schema.getPossibleTypes(inner), depth);
      const text = `${alias}${field.name}${args}${directive}${selection}`;
      parts.push(this.#choices.below(6) === 0 ? `... on ${type.name} { ${text} }` : text);
    }
    return ` { ${parts.length === 0 ? "__typename" : parts.join(" ")} }`;
  }

  #abstract(types: readonly GraphQLObjectType[], depth: number): string {
    const type = this.#choices.of(types);
    return ` { t_: __typename ... on ${type.name}${this.#selection(type, depth + 2)} }`;
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const given = args.flatMap((argument) => {
      if (!isNonNullType(argument.type) && this.#choices.below(3) > 0) return [];
      if (this.#choices.below(4) === 0) return [`${argument.name}: ${this.#variable(argument.type)}`];
      return [`${argument.name}: ${this.#value(argument.type, 0)}`];
    });
    return given.length === 0 ? "" : `(${given.join(", ")})`;
  }

  #variable(type: GraphQLInputType): string {
    const name = `v${this.#variables.length}`;
    this.#variables.push(`$${name}: ${String(type)}`);
    const text = this.#value(type, 0, true);
    try {
      this.variables[name] = JSON.parse(text) as unknown;
    } catch {
      this.variables[name] = text;
    }
    return `$${name}`;
  }

  /** A value that fits, mostly; `asJson`: of a variable. */
  #value(type: GraphQLInputType, depth: number, asJson = false): string {
    if (this.#choices.below(14) === 0) return this.#choices.of(literals);
    const plain = getNullableType(type);
    if (isListType(plain)) {
      const item = plain.ofType;
      return `[${Array.from({ length: this.#choices.below(3) }, () => this.#value(item, depth + 1, asJson)).join(", ")}]`;
    }
    if (isInputObjectType(plain)) {
      const fields = Object.values(plain.getFields());
      const wanted = plain.isOneOf
        ? [this.#choices.of(fields)]
        : fields.filter((field) => isNonNullType(field.type) || (depth < 3 && this.#choices.below(4) === 0));
      const members = wanted.map(
        ({ name, type: inner }) => `${asJson ? `"${name}"` : name}: ${this.#value(inner, depth + 1, asJson)}`,
      );
      return `{ ${members.join(", ")} }`;
    }
    if (isEnumType(plain)) {
      const { name } = this.#choices.of(plain.getValues());
      return asJson ? `"${name}"` : name;
    }
    switch (plain.name) {
      case "Int":
      case "Integer":
        return String(this.#choices.below(12) - 1);
      case "Boolean":
        return this.#choices.of(["true", "false"]);
      case "ID":
        return `"${this.#choices.of(ids)}"`;
      case "Money":
      case "Decimal":
        return this.#choices.of(["0", "100", '"250"', "9007199254740993", "-5", '"1.25"']);
      default:
        return `"${this.#choices.of(strings)}"`;
    }
  }
}

/** The answer as graphql-js collects it from the answer itself. */
const collectedAnew = (document: string, variables: Data, data: Data): unknown => {
  const valueOf = (value: unknown, type: unknown): unknown => {
    if (Array.isArray(value)) return value.map((item: unknown) => valueOf(item, type));
    return isEnumType(type) && typeof value === "string" ? type.getValue(value)?.value : value;
  };
  const result = executeSync({
    schema,
    document: parse(document),
    variableValues: variables,
    rootValue: data,
    fieldResolver: (source, _args, _context, { path, returnType }) =>
      valueOf((source as Data)[path.key], getNamedType(returnType)),
    typeResolver: (value) => String((value as Data)["t_"]),
  });
  return { data: result.data, errors: result.errors?.map(({ message }) => message) };
};

describe("GraphQL", () => {
  let library: Library;
  let key: string;

  beforeAll(async () => {
    const sqlite = testDatabases().find((one) => one.engine === "sqlite");
    if (sqlite === undefined) throw new Error("there is no SQLite");
    library = await openLibrary(await sqlite.create(), { mode: "production" });
    key = await library.grant("librarian");
    const made = await library.get(
      'mutation { a: authorCreate(input: { name: "Ann" }) { author { id } } b: authorCreate(input: { name: "Bob" }) { author { id } } }',
      { key },
    );
    for (const [at, one] of [made["a"], made["b"], made["a"]].entries()) {
      const { author } = one as { author: { id: string } };
      ids.push(author.id);
      const input = {
        author: author.id,
        title: `Book ${at}`,
        price: at * 100,
        size: { width: at },
        parts: [{ name: "p" }],
        tags: ["x"],
        facts: { a: at },
      };
      const book = await library.get("mutation ($input: BookCreateInput!) { bookCreate(input: $input) { book { id } } }", {
        key,
        variables: { input },
      });
      ids.push((book["bookCreate"] as { book: { id: string } }).book.id);
    }
  });
  afterAll(async () => {
    expect(library.errors).toEqual([]);
    await library[Symbol.asyncDispose]();
  });

  const send = async (
    body: string,
    headers: Record<string, string> = {},
  ): Promise<{ readonly status: number; readonly answer: Data }> => {
    const begin = performance.now();
    const response = await library.handle(
      new Request("http://127.0.0.1/library/v2/graphql", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/graphql-response+json",
          authorization: `Bearer ${key}`,
          ...headers,
        },
        body,
      }),
    );
    const text = await response.text();
    const { status } = response;
    if (!statuses.has(status)) throw new Error(`${status}: ${text}`);
    if (text.includes('"type":"internal"') || telltales.test(text)) throw new Error(`told: ${text}`);
    if (performance.now() - begin > answerMs) throw new Error(`took ${performance.now() - begin} ms`);
    const answer = JSON.parse(text) as Data;
    if ("data" in answer !== status < 300) throw new Error(`${status} with: ${text}`);
    if (!("data" in answer) && (answer["errors"] as unknown[]).length === 0) throw new Error("neither data nor errors");
    return { status, answer };
  };

  const numbers = fc.array(fc.nat(9_999), { minLength: 12, maxLength: 80 });

  test(
    "documents along the schema: answered, or refused for their values; collected anew by graphql-js the answer is the same",
    async () => {
      let answered = 0;
      await holds(numbers, { runs: 4_000 }, async (given) => {
        const maker = new Maker(given);
        const query = maker.document();
        // As they arrive: JSON has no infinity.
        const variables = JSON.parse(JSON.stringify(maker.variables)) as Data;
        const { answer } = await send(JSON.stringify({ query, variables }));
        if (!("data" in answer)) return;
        answered++;
        expect(collectedAnew(query, variables, answer["data"] as Data)).toEqual({ data: answer["data"], errors: undefined });
      });
      expect(answered).toBeGreaterThan(100);
    },
    testMsMax,
  );

  test(
    "documents whose text is damaged",
    async () => {
      const damage = fc.array(
        fc.tuple(
          fc.nat(2_000),
          fc.constantFrom(
            "",
            "{",
            "}",
            "(",
            ")",
            "...",
            "$",
            "@",
            '"',
            '"""',
            "#",
            "\u0000",
            "\u2028",
            "é",
            "on",
            "fragment",
            "&",
            "|",
            "!",
            "[",
            "]",
            ":",
            "=",
            "\\",
            "1",
            ",",
          ),
          fc.nat(4),
        ),
        { minLength: 1, maxLength: 6 },
      );
      await holds(fc.tuple(numbers, damage), { runs: 4_000 }, async ([given, places]) => {
        const maker = new Maker(given);
        let query = maker.document();
        for (const [at, text, cut] of places) {
          const place = at % (query.length + 1);
          query = query.slice(0, place) + text + query.slice(place + cut);
        }
        await send(JSON.stringify({ query, variables: maker.variables }));
      });
    },
    testMsMax,
  );

  test(
    "requests of any JSON, and of none",
    async () => {
      const value = fc.jsonValue({ maxDepth: 4 });
      const request = fc.record(
        {
          query: fc.oneof(
            fc.constantFrom("{ hours { text } }", "query ($a: JSON) { echo(input: { any: $a }) { any } }", "{", ""),
            value,
          ),
          variables: fc.oneof(fc.dictionary(fc.constantFrom("a", "b", "constructor", "toString", "__proto__"), value), value),
          operationName: fc.oneof(fc.string(), value),
          extensions: fc.oneof(fc.dictionary(fc.constantFrom("persistedQuery", "x"), value), value),
          documentId: fc.oneof(fc.constantFrom("titles", "sha256:", "x-a:b"), value),
        },
        { requiredKeys: [] },
      );
      const body = fc.oneof(
        request.map((one) => JSON.stringify(one)),
        value.map((one) => JSON.stringify(one)),
        fc.string(),
        fc.string({ unit: "binary" }),
      );
      await holds(body, { runs: 2_000 }, async (text) => {
        await send(text);
      });
    },
    testMsMax,
  );
});
