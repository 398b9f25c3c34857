/** Calls by type: a body for every operation of the contracts, sound or with one thing wrong, alone, in lists, in mixed batches and as patches. */
import fc from "fast-check";
import { pathOf, type Place, places } from "./address.ts";
import type { Harvest } from "./harvest.ts";
import type { Asking, Caller } from "./target.ts";
import { goodObject, goodValue, hostileTexts, hostileValue, spoilt } from "./value.ts";

const callersOf = (service: string): readonly Caller[] => (service === "bank" ? ["teller", "teller", "customer"] : ["clerk"]);

/** A sound or spoilt body for the operation of a place. */
export const bodyOf = (place: Place, harvest: Harvest): fc.Arbitrary<unknown> => {
  const { contract, address } = place;
  const fields = (address.then ?? address.operation)?.input ?? {};
  if (address.property !== undefined) {
    const field = fields[address.property];
    return field === undefined ? hostileValue : fc.oneof(goodValue(field, harvest, contract.service), hostileValue);
  }
  const good = goodObject(fields, harvest, contract.service);
  return spoilt(
    address.use === "change"
      ? good.chain((body) => fc.subarray(Object.entries(body)).map((some) => Object.fromEntries(some)))
      : good,
    Object.keys(fields),
  );
};

const writes = places.filter(({ address }) => address.method !== "GET" && !["query", "batch", "job"].includes(address.use));

/** An address that is as it should be. */
const straight = (place: Place, harvest: Harvest): fc.Arbitrary<string> =>
  pathOf(place, harvest).map((path) => path.replace(/^\/+[^/]*(?=\/(?:bank|shop|kinds)\/)/, ""));

const askedBy = (service: string, asking: fc.Arbitrary<Omit<Asking, "as">>): fc.Arbitrary<Asking> =>
  fc.tuple(asking, fc.constantFrom(...callersOf(service))).map(([one, as]) => ({ ...one, as }));

const typed = (body: unknown, type = "application/json"): Pick<Asking, "headers" | "body"> => ({
  headers: [["Content-Type", type]],
  body: JSON.stringify(body),
});

/** One call of any operation that takes a body. */
export const call = (harvest: Harvest): fc.Arbitrary<Asking> =>
  fc.constantFrom(...writes).chain((place) =>
    askedBy(
      place.contract.service,
      fc
        .tuple(
          straight(place, harvest),
          bodyOf(place, harvest),
          fc.constantFrom<Asking["headers"]>(
            [],
            [],
            [],
            [["Prefer", "return=minimal"]],
            [["Idempotency-Key", '"fuzz"']],
            [["If-Match", harvest.tag]],
            [["Prefer", "respond-async, wait=1"]],
            [["Accept", "application/xml"]],
            [["Accept", "application/yaml"]],
          ),
        )
        .map(([path, body, more = []]) => {
          const sent = typed(
            place.address.use === "deleteMany" ? { ids: [body] } : place.address.use === "changeMany" ? [body] : body,
          );
          return { method: place.address.method, path, ...sent, headers: [...(sent.headers ?? []), ...more] };
        }),
    ),
  );

const many = places.filter(
  ({ address }) =>
    address.use === "create" || address.use === "changeMany" || address.use === "deleteMany" || address.use === "relate",
);

/** A list of bodies of one resource; some the same, some with an id. */
export const list = (harvest: Harvest): fc.Arbitrary<Asking> =>
  fc.constantFrom(...many).chain((place) => {
    const { contract, address } = place;
    const ids = harvest.ids.get(`${contract.service}.${address.operation?.resource?.name ?? ""}`) ?? ["x"];
    const item = fc
      .tuple(bodyOf(place, harvest), fc.constantFrom(...ids, ...hostileTexts.slice(0, 30)), fc.nat({ max: 3 }))
      .map(([body, id, dice]) => {
        if (address.use === "deleteMany") return dice === 0 ? body : id;
        return address.use === "changeMany" && typeof body === "object" && body !== null && !Array.isArray(body) && dice > 0
          ? Object.fromEntries([...Object.entries(body), ["id", id]])
          : body;
      });
    const items = fc.array(item, { maxLength: 6 }).chain((some) => fc.constantFrom(some, [...some, ...some]));
    return askedBy(
      contract.service,
      fc
        .tuple(straight(place, harvest), items, fc.constantFrom("independent", "atomic", "return=minimal, atomic", "x"))
        .map(([path, bodies, prefer]) => {
          const sent = typed(address.use === "deleteMany" ? { ids: bodies } : bodies);
          return { method: address.method, path, ...sent, headers: [...(sent.headers ?? []), ["Prefer", prefer]] };
        }),
    );
  });

const names = ["a", "b", "c", "d"];
/** Stands for the name of the call's place. */
const own = Symbol("own");
const references = [
  "{a.data.id}",
  "{b.data.id}",
  "{a.data}",
  "{a.status}",
  "{c.data.0.id}",
  "{d.data.id}",
  "{z.data.id}",
  "{a.data.__proto__}",
  "{a.data.constructor}",
  "{a.data.nope}",
  "{{a.data.id}}",
  "{a}",
  "{a.data.id}{b.data.id}",
  "x{a.data.id}",
  "{a.data.id.length}",
  `{a.data${".a".repeat(20)}}`,
];

/** Puts references where values stand. */
const referring = (body: unknown, reference: string, dice: number): unknown => {
  if (typeof body !== "object" || body === null || Array.isArray(body) || dice > 1) return dice === 3 ? reference : body;
  const entries = Object.entries(body);
  const at = entries.length === 0 ? -1 : dice % entries.length;
  return Object.fromEntries(entries.map(([name, value], index) => [name, index === at ? reference : value]));
};

/** A mixed batch: calls that refer to each other, forwards, in circles, to nothing. */
export const mixed = (harvest: Harvest): fc.Arbitrary<Asking> =>
  fc.constantFrom("bank", "shop", "kinds").chain((service) => {
    const among = places.filter(
      ({ contract, address }) =>
        contract.service === service && !["batch", "job", "changeMany", "deleteMany", "query"].includes(address.use),
    );
    const one = fc.constantFrom(...among).chain((place) =>
      fc
        .record({
          id: fc.oneof(
            { weight: 30, arbitrary: fc.constant<unknown>(own) },
            {
              weight: 1,
              arbitrary: fc.constantFrom<unknown>(...names, undefined, "", "a b", 1, null, "x".repeat(65), "__proto__"),
            },
          ),
          path: straight(place, harvest),
          reference: fc.constantFrom(...references),
          body: bodyOf(place, harvest),
          dice: fc.nat({ max: 5 }),
          method: fc.oneof(
            { weight: 30, arbitrary: fc.constant<unknown>(place.address.method) },
            { weight: 1, arbitrary: fc.constantFrom<unknown>("GET", "TRACE", "get", 1, "", undefined) },
          ),
        })
        .map(({ id, path, reference, body, dice, method }) => {
          const below = path.replace(/^\/\w+\/v\d/, "");
          const written = dice === 4 ? below.replace(/\/[a-z]+_[0-9A-Z]{26}/, `/${reference}`) : below;
          return {
            ...(id === own ? {} : { id }),
            ...(method === undefined ? {} : { method }),
            path: written,
            ...(place.address.method === "GET" ? {} : { body: referring(body, reference, dice) }),
          };
        }),
    );
    const calls = fc.oneof(
      {
        weight: 12,
        arbitrary: fc
          .array(one, { maxLength: names.length })
          .map((some) => some.map((written, index) => ({ id: names[index], ...written }))),
      },
      { weight: 1, arbitrary: hostileValue },
    );
    return askedBy(
      service,
      fc
        .tuple(
          calls,
          fc.constantFrom<unknown>("atomic", "atomic", "independent", "independent", "independent", undefined, "both"),
          fc.nat({ max: 29 }),
        )
        .map(([some, strategy, dice]) => ({
          method: "POST",
          path: `/${service}/${service === "kinds" ? "v1" : "v2"}/batch`,
          ...typed({ ...(strategy === undefined ? {} : { strategy }), calls: some, ...(dice === 0 ? { extra: 1 } : {}) }),
        })),
    );
  });

const pointers = [
  "",
  "/",
  "/line",
  "/whole",
  "/free",
  "/free/a",
  "/free/a/0",
  "/free/a/-",
  "/free/a/00",
  "/free/a/1e0",
  "/free/a/-1",
  "/free/a/99999999999",
  "/box",
  "/box/width",
  "/box/nope",
  "/list/0",
  "/list/-",
  "/id",
  "/version",
  "/createdAt",
  "/secret",
  "/number",
  "/nope",
  "/__proto__",
  "/__proto__/isAdmin",
  "/constructor/prototype/isAdmin",
  "/free/__proto__/x",
  "line",
  "/~",
  "/~2",
  "/~0~1",
  "/line/0",
  "/a".repeat(100),
  "/\0",
  "/tenant",
  "/realm",
  "/roles",
];
const operations = ["add", "remove", "replace", "move", "copy", "test", "ADD", "", "spam", "__proto__"];

/** A document of RFC 6902, lawful or not, on a row. */
export const jsonPatch = (harvest: Harvest): fc.Arbitrary<Asking> => {
  const ids = harvest.ids.get("kinds.things") ?? [];
  const operation = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record(
        {
          op: fc.constantFrom<unknown>(...operations, 1),
          path: fc.oneof(
            { weight: 10, arbitrary: fc.constantFrom<unknown>(...pointers) },
            { weight: 1, arbitrary: hostileValue },
          ),
          from: fc.constantFrom<unknown>(...pointers, 1),
          value: hostileValue,
        },
        { requiredKeys: ["op", "path"], noNullPrototype: true },
      ),
    },
    { weight: 1, arbitrary: hostileValue },
  );
  const document = fc.oneof(
    { weight: 12, arbitrary: fc.array(operation, { maxLength: 6 }) },
    { weight: 1, arbitrary: hostileValue },
    // Each copy doubles what is there: 2^40 in the end, if nobody counts.
    {
      weight: 1,
      arbitrary: fc.constant([
        { op: "add", path: "/free", value: ["x"] },
        ...Array.from({ length: 40 }, () => ({ op: "copy", from: "/free", path: "/free/-" })),
      ]),
    },
    { weight: 1, arbitrary: fc.constant(Array.from({ length: 1_001 }, () => ({ op: "test", path: "/line", value: "one" }))) },
  );
  return fc.tuple(document, fc.constantFrom(...ids, "thg_nope")).map(([patch, id]) => ({
    method: "PATCH",
    path: `/kinds/v1/things/${id}`,
    as: "clerk",
    ...typed(patch, "application/json-patch+json"),
  }));
};

/** A document of RFC 7396 on a row, its objects and its properties. */
export const mergePatch = (harvest: Harvest): fc.Arbitrary<Asking> => {
  const ids = harvest.ids.get("kinds.things") ?? [];
  const fields = [
    "line",
    "whole",
    "free",
    "box",
    "boxes",
    "list",
    "bytes",
    "parent",
    "secret",
    "first",
    "number",
    "__proto__",
    "constructor",
  ];
  const inner = fc.oneof(
    hostileValue,
    fc.dictionary(fc.constantFrom("width", "label", "a", "nope", "__proto__", "constructor"), hostileValue, {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  );
  return fc
    .tuple(
      fc.constantFrom(...ids),
      fc.dictionary(fc.constantFrom(...fields), inner, { maxKeys: 3, noNullPrototype: true }),
      fc.constantFrom("", "", ...fields),
      fc.constantFrom("PATCH", "PATCH", "PUT"),
    )
    .map(([id, patch, property, method]) => ({
      method,
      path: `/kinds/v1/things/${id}${property === "" ? "" : `/${property}`}`,
      as: "clerk",
      ...typed(
        property === "" ? patch : Object.values(patch)[0],
        method === "PUT" ? "application/json" : "application/merge-patch+json",
      ),
    }));
};
