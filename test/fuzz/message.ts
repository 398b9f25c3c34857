/** Messages of WebSockets by type: every kind there is, sound or with one thing wrong, and texts that are none. */
import fc from "fast-check";
import type { Contract, Operation } from "../../src/contract/contract.ts";
import type { Harvest } from "./harvest.ts";
import { noJson } from "./no-json.ts";
import { goodObject, hostileTexts, hostileValue, spoilt } from "./value.ts";

export type Written = Record<string, unknown>;

const orNothing = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(value, { nil: undefined, freq: 2 });

const text = fc.oneof(fc.constantFrom(...hostileTexts), fc.string({ maxLength: 30 }));

const queryOf = (operation: Operation): fc.Arbitrary<unknown> => {
  const fields = Object.keys(operation.resource?.fields ?? {});
  const name = fc.oneof(
    fc.constantFrom(...fields, "page", "perPage", "sortBy", "fields", "include", "filters", "cursor", "count"),
    fc
      .tuple(fc.constantFrom(...fields, "nope"), fc.constantFrom("gte", "lt", "contains", "null", "nope", ""))
      .map(([field, op]) => `${field}[${op}]`),
    text,
  );
  const value = fc.oneof(hostileValue, fc.constantFrom(1, 5, "name", "id", true, ["id"], { gte: 5 }, null));
  return fc.oneof({ weight: 6, arbitrary: fc.dictionary(name, value, { maxKeys: 4 }) }, { weight: 1, arbitrary: hostileValue });
};

const inputOf = (operation: Operation, harvest: Harvest, service: string): fc.Arbitrary<unknown> => {
  const ids = harvest.ids.get(`${service}.${operation.resource?.name ?? ""}`) ?? [...harvest.ids.values()].flat();
  const good = goodObject(operation.input, harvest, service);
  const sound = fc.record(
    {
      id:
        operation.target === "item"
          ? fc.oneof(fc.constantFrom<unknown>(...ids), fc.constantFrom<unknown>(...ids), hostileValue)
          : orNothing(hostileValue),
      body:
        operation.kind === "query" && operation.action !== "function"
          ? fc.constant(undefined)
          : spoilt(good, Object.keys(operation.input)),
      query:
        operation.action === "list" || operation.action === "get" || operation.action === "stats"
          ? orNothing(queryOf(operation))
          : fc.constant(undefined),
    },
    { noNullPrototype: true },
  );
  return fc.oneof({ weight: 12, arbitrary: sound }, { weight: 1, arbitrary: hostileValue });
};

/** Throws on purpose. */
const failing = "fail";

const callOf = (contract: Contract, harvest: Harvest): fc.Arbitrary<Written> =>
  fc.constantFrom(...[...contract.operations.values()].filter(({ name }) => name !== failing)).chain((operation) =>
    fc.record(
      {
        operation: fc.oneof(
          { weight: 20, arbitrary: fc.constant<unknown>(operation.name) },
          { weight: 1, arbitrary: hostileValue },
        ),
        input: inputOf(operation, harvest, contract.service),
      },
      { noNullPrototype: true },
    ),
  );

const conditions = fc.record(
  {
    idempotencyKey: fc.oneof(fc.constantFrom<unknown>("fuzz", '"fuzz"'), hostileValue),
    ifMatch: fc.oneof(fc.constantFrom<unknown>("*", '"9f2c"', 'W/"a"'), hostileValue),
    language: fc.oneof(fc.constantFrom<unknown>("de", "en", "xx"), hostileValue),
    requestId: fc.oneof(fc.constantFrom<unknown>("mine-1"), hostileValue),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const subscription = (contract: Contract): fc.Arbitrary<unknown> => {
  const types = [...contract.resources.values()].flatMap(({ name, events }) => [
    `${name}.*`,
    ...Object.keys(events).map((event) => `${name}.${event}`),
  ]);
  const fields = [...contract.resources.values()].flatMap(({ events }) =>
    Object.values(events).flatMap(({ data }) => Object.keys(data)),
  );
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record(
        {
          types: fc.oneof(fc.subarray<unknown>(types), hostileValue),
          filters: fc.oneof(
            fc.dictionary(
              fc.constantFrom(...fields, "nope", "__proto__", "data.x"),
              fc.oneof(fc.constant<unknown>("a"), hostileValue),
              { maxKeys: 3 },
            ),
            hostileValue,
          ),
          after: fc.oneof(fc.constantFrom<unknown>("0", "1-0", 5, "999999999999"), hostileValue),
        },
        { requiredKeys: [], noNullPrototype: true },
      ),
    },
    { weight: 1, arbitrary: hostileValue },
  );
};

/** A message of any kind; what stands in `authenticate` ends the connection, and is left to a property of its own. */
export const messageOf = (contract: Contract, harvest: Harvest): fc.Arbitrary<Written> => {
  const call = callOf(contract, harvest);
  const item = fc
    .tuple(call, fc.constantFrom("a", "b", "{a.data.id}", undefined))
    .map(([one, id]) => ({ ...one, ...(id === undefined ? {} : { id }) }));
  const kind: fc.Arbitrary<Written> = fc.oneof(
    { weight: 12, arbitrary: call },
    {
      weight: 2,
      arbitrary: fc.record(
        {
          calls: fc.oneof(fc.array(item, { maxLength: 4 }), hostileValue),
          strategy: fc.constantFrom("atomic", "independent", undefined, 5),
        },
        { noNullPrototype: true },
      ),
    },
    { weight: 3, arbitrary: subscription(contract).map((subscribe) => ({ subscribe })) },
    { weight: 1, arbitrary: fc.constantFrom<Written>({ unsubscribe: true }, { unsubscribe: 5 }) },
    { weight: 1, arbitrary: hostileValue.map((ping) => ({ ping })) },
    {
      weight: 1,
      arbitrary: fc
        .dictionary(text, hostileValue, { maxKeys: 3 })
        .map((any) => Object.fromEntries(Object.entries(any).filter(([name]) => name !== "authenticate"))),
    },
  );
  return fc.tuple(kind, fc.option(conditions, { freq: 4, nil: {} })).map(([one, more]) => ({ ...one, ...more }));
};

/** What `authenticate` may hold. */
export const shown: fc.Arbitrary<unknown> = fc.oneof(
  fc.dictionary(
    fc.constantFrom("authorization", "apiKey", "dpop", "csrfToken", "tenant", "actFor", "nope", "__proto__"),
    fc.oneof(
      hostileValue,
      fc.constantFrom("Bearer a.b.c", "DPoP a.b.c", "Basic YTpi", "Bearer pons_sandbox_x", { subject: "a" }),
    ),
    { maxKeys: 3 },
  ),
  hostileValue,
);

/** A text bent at a place or two, or one that never was JSON. */
export const bent = (message: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...noJson) },
    {
      weight: 4,
      arbitrary: fc
        .array(
          fc.tuple(
            fc.nat({ max: 400 }),
            fc.oneof(
              fc.constantFrom("{", "}", "[", "]", '"', ",", ":", "\\", "\\ud800", "1e400", "null", "__proto__", "\ufeff", "\0"),
              text,
            ),
            fc.boolean(),
          ),
          {
            minLength: 1,
            maxLength: 2,
          },
        )
        .map((changes) =>
          changes.reduce((bentText, [at, piece, replaces]) => {
            const place = at % (bentText.length + 1);
            return bentText.slice(0, place) + piece + bentText.slice(place + (replaces ? piece.length : 0));
          }, message),
        ),
    },
  );
