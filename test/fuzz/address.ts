/** Addresses: valid ones of every operation, and what becomes of them when they are bent. All are sent as bytes of one request line. */
import fc from "fast-check";
import { type Address, addressesOf } from "../../src/contract/openapi/index.ts";
import type { Contract } from "../../src/contract/index.ts";
import type { Harvest } from "./harvest.ts";
import { contracts } from "./judge.ts";
import { queryOf, sendable } from "./query.ts";

export interface Place {
  readonly contract: Contract;
  readonly address: Address;
}

/** Throws on purpose: what it answers is tested elsewhere. */
const failing = "fail";

/** Every address of every service. */
export const places: readonly Place[] = [...contracts.values()].flatMap((contract) =>
  addressesOf(contract)
    .filter(({ operation }) => operation?.name !== failing)
    .map((address) => ({ contract, address })),
);

const escapes = [
  "%00",
  "%0d%0a",
  "%0a",
  "%2e%2e%2f",
  "%2f",
  "%5c",
  "%25",
  "%2525",
  "%c0%af",
  "%ff",
  "%",
  "%z",
  "%u0041",
  "%ed%a0%80",
  "%f0%9f%92%a9",
  "%E2%80%AE",
  "%7f",
];
const segments = [
  "..",
  ".",
  "",
  "...",
  "~",
  ";",
  ";a=b",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "prototype",
  "stats",
  "count",
  "batch",
  "jobs",
  "openapi.json",
  "docs",
  "v0",
  "v1",
  "v2",
  "v9",
  "de",
  "xx",
  "en-GB",
  "null",
  "undefined",
  "NaN",
  "*",
  "'",
  '"',
  "<",
  "a".repeat(300),
];
const extensions = [
  ".json",
  ".xml",
  ".yaml",
  ".yml",
  ".csv",
  ".ndjson",
  ".jsonl",
  ".msgpack",
  ".exe",
  ".json.xml",
  ".",
  ".JSON",
  ".xml%00.json",
];
const prefixes = [
  ...Array.from({ length: 40 }, () => ""),
  "/de",
  "/en",
  "/pt-BR",
  "/zz",
  "/DE",
  "//",
  "/./",
  "/../",
  "/de/fr",
  "/%64%65",
];

const identifier = ({ ids }: Harvest, service: string, resource: string | undefined): fc.Arbitrary<string> => {
  const real = ids.get(`${service}.${resource ?? ""}`) ?? [];
  const all = [...ids.values()].flat();
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...(real.length > 0 ? real : all)) },
    { weight: 1, arbitrary: fc.constantFrom(...all) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...segments,
        ...escapes,
        "acc_00000000000000000000000000",
        "acc_",
        "0",
        "-1",
        "1e9",
        crypto.randomUUID(),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.string({ unit: "binary", maxLength: 30 }).map((text) => sendable(encodeURIComponent(text.toWellFormed()))),
    },
  );
};

/** The path of a place, with an id in each of its gaps. */
export const pathOf = (place: Place, harvest: Harvest): fc.Arbitrary<string> => {
  const { contract, address } = place;
  const resource = address.parent?.name ?? address.operation?.resource?.name;
  const parts = address.path.split(/\{\w+\}/);
  const versions = [...Array.from({ length: 8 }, () => contract.version), ...contract.older.map(({ name }) => name)];
  return fc
    .tuple(
      fc.constantFrom(...prefixes),
      fc.constantFrom(...versions),
      ...parts.slice(1).map(() => identifier(harvest, contract.service, resource)),
    )
    .map(
      ([prefix, version, ...ids]) =>
        `${prefix}/${contract.service}/${version}${parts.map((part, index) => part + (ids[index] ?? "")).join("")}`,
    );
};

const bend = (path: string): fc.Arbitrary<string> => {
  const at = fc.nat({ max: path.length });
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(path) },
    { weight: 1, arbitrary: fc.constantFrom(...extensions).map((extension) => path + extension) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          at,
          fc.constantFrom(...escapes, "/", "//", "\\", "\xff", "\xc3", ";", ":", "@", "|", "^", "`", "{", "}", "<", ">", '"'),
        )
        .map(([where, piece]) => path.slice(0, where) + piece + path.slice(where)),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(at, fc.constantFrom(...segments))
        .map(([where, piece]) => `${path.slice(0, where)}/${piece}/${path.slice(where)}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(at, at)
        .map(([from, to]) => path.slice(0, Math.min(from, to)) + path.slice(Math.max(from, to)))
        .map((text) => (text.startsWith("/") ? text : `/${text}`)),
    },
    { weight: 1, arbitrary: at.map((where) => path.slice(0, where) + (path[where] ?? "").toUpperCase() + path.slice(where + 1)) },
    {
      weight: 1,
      arbitrary: at
        .filter((where) => where < path.length && where > 0)
        .map((where) => `${path.slice(0, where)}%${path.charCodeAt(where).toString(16)}${path.slice(where + 1)}`),
    },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }).map((text) => `/${sendable(text)}`) },
  );
};

/** A path with its query, bent or not, of a place. */
export const targetOf = (place: Place, harvest: Harvest): fc.Arbitrary<string> =>
  fc
    .tuple(
      pathOf(place, harvest).chain(bend).map(sendable),
      queryOf(place.address.many?.target ?? place.address.operation?.resource, harvest),
      fc.constantFrom("", "", "", "", "", "#fragment", "?", "&"),
    )
    .map(([path, query, tail]) => `${path.startsWith("/") ? "" : "/"}${path}${query === "" ? "" : `?${query}`}${tail}`);

/** Method and target of a request. */
export const requestLine = (harvest: Harvest): fc.Arbitrary<{ readonly method: string; readonly path: string }> =>
  fc.constantFrom(...places).chain((place) =>
    fc.record({
      method: fc.oneof(
        { weight: 6, arbitrary: fc.constant(place.address.method as string) },
        { weight: 3, arbitrary: fc.constant("GET") },
        { weight: 2, arbitrary: fc.constantFrom("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "QUERY") },
      ),
      path: targetOf(place, harvest),
    }),
  );
