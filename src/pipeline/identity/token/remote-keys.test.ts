import { beforeEach, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { keyLimits } from "./limits.ts";
import { discoveryUrl, RemoteKeys } from "./remote-keys.ts";

const issuer = "https://login.example.com";
const jwksUri = `${issuer}/keys`;
const second = 1_000;
const minute = 60_000;

const jwk = (kid: string): object => ({ ...generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }), kid });

let nowMs = 0;
let requests: string[] = [];
let errors: string[] = [];
/** Answers of the issuer; a text is an error. */
let answers: Record<string, () => Response | Promise<Response>> = {};

const remote = (more: { jwksUri?: string } = { jwksUri }): RemoteKeys =>
  new RemoteKeys({
    issuer,
    ...more,
    fetch: async (url) => {
      requests.push(url);
      const answer = answers[url];
      if (answer === undefined) throw new Error("unreachable");
      return answer();
    },
    clock: () => nowMs,
    onError: ({ error }) => errors.push(String(error)),
  });

const serving =
  (kids: readonly string[], headers: Record<string, string> = {}) =>
  (): Response =>
    Response.json({ keys: kids.map(jwk) }, { headers });

/** Ids of the keys found. */
const find = async (keys: RemoteKeys, kid: string): Promise<readonly string[] | string> => {
  const found = await keys.find(kid);
  return found === "unavailable" ? found : found.map((key) => key.kid);
};

beforeEach(() => {
  nowMs = 1_000_000_000;
  requests = [];
  errors = [];
  answers = { [jwksUri]: serving(["a"]) };
});

describe("keys of an issuer", () => {
  test("are fetched once, and then are at hand", async () => {
    const keys = remote();
    expect(await Promise.all([find(keys, "a"), find(keys, "a"), find(keys, "x")])).toEqual([["a"], ["a"], []]);
    expect(keys.find("a")).not.toBeInstanceOf(Promise);
    expect(requests).toEqual([jwksUri]);
  });

  test("an id that is not among them: fetched again, at most every 30 seconds, by one fetch", async () => {
    const keys = remote();
    expect(await find(keys, "b")).toEqual([]);
    answers[jwksUri] = serving(["b"]);
    nowMs += 29 * second;
    expect(await find(keys, "b")).toEqual([]);
    expect(requests).toHaveLength(1);
    nowMs += second;
    const found = await Promise.all(Array.from({ length: 50 }, (_, at) => find(keys, at % 2 === 0 ? "b" : `unknown-${at}`)));
    expect(found.filter((one) => one.length === 1)).toHaveLength(25);
    expect(requests).toHaveLength(2);
    for (let at = 0; at < 100; at++) expect(await find(keys, `unknown-${at}`)).toEqual([]);
    expect(requests).toHaveLength(2);
    // What the issuer has withdrawn counts no more.
    expect(await find(keys, "a")).toEqual([]);
  });

  test.each([
    ["nothing", undefined, keyLimits.freshMsDefault],
    ["two minutes", "public, max-age=120", 2 * minute],
    ["a second", "max-age=1", keyLimits.freshMsMin],
    ["a year", "max-age=31536000, immutable", keyLimits.freshMsMax],
    ["something else", "s-maxage=5, no-transform", keyLimits.freshMsDefault],
  ])("are fresh for as long as the issuer says, within bounds: %s", async (_, header, freshMs) => {
    answers[jwksUri] = serving(["a"], header === undefined ? {} : { "Cache-Control": header });
    const keys = remote();
    await find(keys, "a");
    nowMs += freshMs * 0.8 - 1;
    await find(keys, "a");
    expect(requests).toHaveLength(1);
    // Now they are renewed beside the answer, which does not wait.
    nowMs += 1;
    expect(keys.find("a")).not.toBeInstanceOf(Promise);
    await Bun.sleep(1);
    expect(requests).toHaveLength(2);
  });

  test("too old: fetched before the answer, so that a withdrawn key is not taken", async () => {
    const keys = remote();
    await find(keys, "a");
    answers[jwksUri] = serving(["b"]);
    nowMs += keyLimits.freshMsDefault;
    expect(await find(keys, "a")).toEqual([]);
    expect(await find(keys, "b")).toEqual(["b"]);
    expect(requests).toHaveLength(2);
  });

  test("an issuer that is silent: the last keys for an hour more, asked again every five seconds, then unavailable", async () => {
    const keys = remote();
    await find(keys, "a");
    answers = {};
    nowMs += keyLimits.freshMsDefault;
    expect(await find(keys, "a")).toEqual(["a"]);
    expect(errors).toEqual(["Error: unreachable"]);
    for (let at = 0; at < 20; at++) expect(await find(keys, "a")).toEqual(["a"]);
    expect(requests).toHaveLength(2);
    nowMs += keyLimits.retryMsMin;
    expect(keys.find("a")).not.toBeInstanceOf(Promise);
    await Bun.sleep(1);
    expect(requests).toHaveLength(3);
    nowMs += keyLimits.staleMsMax;
    expect(await find(keys, "a")).toBe("unavailable");
    answers[jwksUri] = serving(["a"]);
    expect(await find(keys, "a")).toBe("unavailable");
    nowMs += keyLimits.retryMsMin;
    expect(await find(keys, "a")).toEqual(["a"]);
  });

  test("nothing fetched yet, and nothing to be had", async () => {
    answers = {};
    const keys = remote();
    for (let at = 0; at < 10; at++) expect(await find(keys, "a")).toBe("unavailable");
    expect(requests).toHaveLength(1);
    nowMs += keyLimits.retryMsMin;
    answers[jwksUri] = serving(["a"]);
    expect(await find(keys, "a")).toEqual(["a"]);
  });

  test.each<[string, () => Response]>([
    ["another status", () => new Response("no", { status: 500 })],
    ["no content", () => new Response(null, { status: 204 })],
    ["no JSON", () => new Response("<html>")],
    ["a list", () => Response.json([])],
    ["no keys", () => Response.json({})],
    ["keys that are no list", () => Response.json({ keys: {} })],
    ["too many keys", () => Response.json({ keys: Array.from({ length: 101 }, () => ({})) })],
    ["too large", () => Response.json({ keys: [], padding: "x".repeat(keyLimits.documentBytesMax) })],
  ])("a document that is none: %s", async (_, answer) => {
    answers[jwksUri] = answer;
    expect(await find(remote(), "a")).toBe("unavailable");
    expect(errors).toHaveLength(1);
  });

  test("what cannot be used among them is passed over", async () => {
    answers[jwksUri] = () =>
      Response.json({ keys: [null, 1, "x", [], {}, { kid: "a" }, { kid: 1 }, { kty: "oct", k: "AA", kid: "a" }, jwk("a")] });
    expect(await find(remote(), "a")).toEqual(["a"]);
  });
});

describe("discovery", () => {
  const document = discoveryUrl(issuer);
  const naming = (more: object) => () => Response.json({ issuer, jwks_uri: jwksUri, ...more });

  test("where it is", () => {
    expect(discoveryUrl("https://login.example.com")).toBe("https://login.example.com/.well-known/openid-configuration");
    expect(discoveryUrl("https://login.example.com/")).toBe("https://login.example.com/.well-known/openid-configuration");
    expect(discoveryUrl("https://login.example.com/a")).toBe("https://login.example.com/a/.well-known/openid-configuration");
  });

  test("says where the keys are", async () => {
    answers[document] = naming({});
    expect(await find(remote({}), "a")).toEqual(["a"]);
    expect(requests).toEqual([document, jwksUri]);
  });

  test.each([
    ["another issuer", { issuer: "https://attacker.example" }],
    ["an issuer that is nearly the same", { issuer: `${issuer}/` }],
    ["no issuer", { issuer: undefined }],
    ["no address", { jwks_uri: undefined }],
    ["an address that is none", { jwks_uri: [jwksUri] }],
  ])("%s: nothing is fetched from there", async (_, more) => {
    answers[document] = naming(more);
    expect(await find(remote({}), "a")).toBe("unavailable");
    expect(requests).toEqual([document]);
  });
});
