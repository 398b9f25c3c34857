import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  fieldsOf,
  keys,
  requestBody,
  requestLines,
  responseBody,
  testRequest,
  testResponse,
  transformations,
  transformedRequest,
  vectors,
} from "../../../../test/http/rfc9421.ts";
import { compileComponents } from "./component.ts";
import { checkContentDigest, contentDigest } from "./content-digest.ts";
import type { RequestMessage } from "./message.ts";
import { messageOf, originOf } from "./message.ts";
import { isProblem } from "./problem.ts";
import { signatureBase } from "./signature-base.ts";
import { hmac, type VerifyingKey } from "./signing-algorithm.ts";
import { checkSignature, readAnySignature, readSignature, verifySignature } from "./verify-signature.ts";
import { parseDictionary } from "../structured-fields.ts";

const key = keys["test-shared-secret"];
const created = 1_618_884_473;
const nowMs = created * 1000;
const covered = '("@method" "@target-uri" "content-digest")';
const usual = `${covered};created=${created};keyid="app_1";nonce="n-1"`;

/** The request of B.2 under a header Signature-Input, signed for what that header says. */
const signed = (
  parameters = usual,
  { label = "pons", change = {} }: { readonly label?: string; readonly change?: Partial<RequestMessage> } = {},
): RequestMessage => {
  const inputs = parseDictionary(`${label}=${parameters}`);
  const input = inputs?.get(label);
  if (input === undefined || !("items" in input)) throw new Error(`no list of components: ${parameters}`);
  const components = compileComponents(input.items, { kind: "request" });
  const base = isProblem(components) ? undefined : signatureBase(testRequest(), components, parameters);
  const signature = Buffer.from(hmac(key.secret, base ?? "")).toString("base64");
  return {
    ...testRequest([
      ["Signature-Input", `${label}=${parameters}`],
      ["Signature", `${label}=:${signature}:`],
    ]),
    ...change,
  };
};

const keyOf = (keyId: string): VerifyingKey | undefined => (keyId === "app_1" ? key : undefined);

const outcomeOf = async (message: RequestMessage, more: { readonly nowMs?: number; readonly hasBody?: boolean } = {}) => {
  const result = await verifySignature(message, { nowMs, hasBody: true, keyOf, ...more });
  return isProblem(result) ? result.problem : "ok";
};

describe("RFC 9421", () => {
  test.each(vectors.map((vector) => ({ name: vector.section, vector })))(
    "SECURITY 15: vector of $name verifies",
    ({ vector }) => {
      const label = vector.input.slice(0, vector.input.indexOf("="));
      const message = vector.message([
        ["Signature-Input", vector.input],
        ["Signature", vector.signature],
      ]);
      const read = readAnySignature(message, { label });
      if (isProblem(read)) throw new Error(read.problem);
      if (vector.base !== undefined) expect(read.base).toBe(vector.base);
      expect(read.keyId).toBe(vector.key);
      expect(checkSignature(read, keys[vector.key])).toBeUndefined();
      for (const other of Object.values(keys)) {
        if (other !== keys[vector.key]) expect(checkSignature(read, other)).toEqual({ problem: "signature_wrong" });
      }
      const signature = Buffer.from(read.signature);
      signature[0] = (signature[0] as number) ^ 1;
      expect(checkSignature({ ...read, signature }, keys[vector.key])).toEqual({ problem: "signature_wrong" });
      expect(checkSignature({ ...read, base: `${read.base} ` }, keys[vector.key])).toEqual({ problem: "signature_wrong" });
    },
  );

  test("the digests of the vectors' bodies fit", () => {
    expect(checkContentDigest(testRequest().headers.get("content-digest"), Buffer.from(requestBody))).toBeUndefined();
    expect(checkContentDigest(testResponse().headers.get("content-digest"), Buffer.from(responseBody))).toBeUndefined();
  });

  test.each([{ name: "nothing", isValid: true, message: transformedRequest }, ...transformations])(
    "on its way: $name",
    ({ isValid, message }) => {
      const read = readAnySignature(message);
      if (isProblem(read)) throw new Error(read.problem);
      expect(checkSignature(read, keys["test-key-ed25519"]) === undefined).toBe(isValid);
    },
  );
});

describe("policy", () => {
  test("a signed request is accepted, with what has to be kept of it", async () => {
    const result = await verifySignature(signed(), { nowMs, hasBody: true, keyOf });
    expect(result).toMatchObject({ label: "pons", keyId: "app_1", nonce: "n-1", nonceUntilMs: nowMs + 301_000 });
  });

  const minimum = '"@method" "@authority" "@path" "@query"';
  test.each([
    [`(${minimum})`, false, "ok"],
    ['("@method" "@target-uri")', false, "ok"],
    ['("@method" "@target-uri")', true, "coverage_insufficient"],
    ['("@method" "@target-uri" "content-digest";key="sha-512")', true, "coverage_insufficient"],
    ['("@method" "@target-uri" "content-digest";sf)', true, "ok"],
    ['("@target-uri" "content-digest")', true, "coverage_insufficient"],
    ['("@method" "@authority" "@path")', false, "coverage_insufficient"],
    ['("@method" "@path" "@query")', false, "coverage_insufficient"],
    ['("@method" "@authority" "@query")', false, "coverage_insufficient"],
    ['("@method" "@request-target" "@scheme")', false, "coverage_insufficient"],
    ['("@method" "@authority" "@path" "@query-param";name="Pet")', false, "coverage_insufficient"],
    ["()", false, "coverage_insufficient"],
  ])("SECURITY 16: %s, body %p: %s", async (list, hasBody, outcome) => {
    expect(await outcomeOf(signed(`${list};created=${created};keyid="app_1";nonce="n"`), { hasBody })).toBe(outcome as never);
  });

  test.each([
    ["created now", 0, "ok"],
    ["300 s old", -300, "ok"],
    ["301 s old", -301, "created_too_old"],
    ["an hour old", -3_600, "created_too_old"],
    ["60 s ahead", 60, "ok"],
    ["61 s ahead", 61, "created_in_future"],
    ["an hour ahead", 3_600, "created_in_future"],
  ])("SECURITY 17: %s", async (_, seconds, outcome) => {
    expect(await outcomeOf(signed(), { nowMs: nowMs - seconds * 1000 })).toBe(outcome as never);
  });

  test.each([
    [`${covered};keyid="app_1";nonce="n"`, "created_missing"],
    [`${covered};created=${created};expires=${created};keyid="app_1";nonce="n"`, "signature_expired"],
    [`${covered};created=${created};expires=${created + 1};keyid="app_1";nonce="n"`, "ok"],
    [`${covered};created=${created};keyid="app_1"`, "nonce_missing"],
    [`${covered};created=${created};keyid="app_1";nonce=""`, "nonce_missing"],
    [`${covered};created=${created};keyid="app_1";nonce="${"n".repeat(129)}"`, "signature_too_large"],
    [`${covered};created=${created};nonce="n"`, "key_missing"],
    [`${covered};created=${created};keyid="app_2";nonce="n"`, "key_unknown"],
    [`${covered};created=${created};keyid="app_1";nonce="n";alg="hmac-sha256"`, "ok"],
    [`${covered};created=${created};keyid="app_1";nonce="n";alg="ed25519"`, "algorithm_mismatch"],
    [`${covered};created=${created};keyid="app_1";nonce="n";alg="none"`, "algorithm_mismatch"],
    [`${covered};created=${created};keyid="app_1";nonce="n";tag="other"`, "ok"],
    [`${covered};created=${created};keyid="app_1";nonce="n";more="1"`, "parameter_unknown"],
    [`${covered};created="${created}";keyid="app_1";nonce="n"`, "signature_malformed"],
    [`${covered};created=${created}.0;keyid="app_1";nonce="n"`, "signature_malformed"],
    [`${covered};created=${created};keyid=app_1;nonce="n"`, "signature_malformed"],
    [`${covered};created=${created};keyid="app_1";nonce=n`, "signature_malformed"],
    [`${covered};created=${created};keyid="app_1";nonce`, "signature_malformed"],
  ])("SECURITY 17: %s: %s", async (parameters, outcome) => expect(await outcomeOf(signed(parameters))).toBe(outcome as never));

  test("the time until which a nonce is kept ends with expires", async () => {
    const read = readSignature(signed(`${covered};created=${created};expires=${created + 10};keyid="app_1";nonce="n"`), {
      nowMs,
      hasBody: true,
    });
    expect(read).toMatchObject({ nonceUntilMs: nowMs + 10_000 });
  });
});

describe("headers", () => {
  const input = signed().headers.get("signature-input") ?? "";
  const signature = signed().headers.get("signature") ?? "";
  const withHeaders = (more: readonly (readonly [string, string])[]) => outcomeOf(testRequest(more));

  test.each([
    ["no headers", [], "signature_missing"],
    ["no Signature", [["Signature-Input", input]], "signature_missing"],
    ["no Signature-Input", [["Signature", signature]], "signature_missing"],
    [
      "empty headers",
      [
        ["Signature-Input", ""],
        ["Signature", ""],
      ],
      "signature_missing",
    ],
    [
      "the same label twice in Signature-Input",
      [
        ["Signature-Input", `${input}, ${input}`],
        ["Signature", signature],
      ],
      "signature_malformed",
    ],
    [
      "the same label in two headers",
      [
        ["Signature-Input", input],
        ["Signature-Input", input],
        ["Signature", signature],
      ],
      "signature_malformed",
    ],
    [
      "the same label twice in Signature",
      [
        ["Signature-Input", input],
        ["Signature", `${signature}, ${signature}`],
      ],
      "signature_malformed",
    ],
    [
      "a parameter twice",
      [
        ["Signature-Input", `${input};created=${created}`],
        ["Signature", signature],
      ],
      "signature_malformed",
    ],
    [
      "a parameter of a component twice",
      [
        ["Signature-Input", input.replace('"@method"', '"date";tr;tr')],
        ["Signature", signature],
      ],
      "signature_malformed",
    ],
    [
      "junk behind Signature-Input",
      [
        ["Signature-Input", `${input} x`],
        ["Signature", signature],
      ],
      "signature_malformed",
    ],
    [
      "a comma behind Signature-Input",
      [
        ["Signature-Input", `${input},`],
        ["Signature", signature],
      ],
      "signature_malformed",
    ],
    [
      "junk behind Signature",
      [
        ["Signature-Input", input],
        ["Signature", `${signature}x`],
      ],
      "signature_malformed",
    ],
    [
      "a parameter behind Signature",
      [
        ["Signature-Input", input],
        ["Signature", `${signature};a`],
      ],
      "signature_malformed",
    ],
    [
      "a list that is an item",
      [
        ["Signature-Input", "pons=1"],
        ["Signature", signature],
      ],
      "signature_malformed",
    ],
    [
      "a component that is a token",
      [
        ["Signature-Input", input.replace('"@method"', "method")],
        ["Signature", signature],
      ],
      "signature_malformed",
    ],
    [
      "a signature that is a string",
      [
        ["Signature-Input", input],
        ["Signature", 'pons="abc"'],
      ],
      "signature_malformed",
    ],
    [
      "a signature that is a list",
      [
        ["Signature-Input", input],
        ["Signature", "pons=(:YQ==:)"],
      ],
      "signature_malformed",
    ],
    [
      "other labels",
      [
        ["Signature-Input", input],
        ["Signature", signature.replace("pons", "sig1")],
      ],
      "signature_malformed",
    ],
    [
      "an input without signature",
      [
        ["Signature-Input", `${input}, b=${usual}`],
        ["Signature", signature],
      ],
      "signature_malformed",
    ],
    [
      "an empty signature",
      [
        ["Signature-Input", input],
        ["Signature", "pons=::"],
      ],
      "signature_wrong",
    ],
    [
      "a long signature",
      [
        ["Signature-Input", input],
        ["Signature", `pons=:${"AAAA".repeat(400)}:`],
      ],
      "signature_too_large",
    ],
    [
      "a long header",
      [
        ["Signature-Input", `${input};tag="${"x".repeat(9_000)}"`],
        ["Signature", signature],
      ],
      "signature_too_large",
    ],
  ] as const)("SECURITY 19: %s", async (_, lines, outcome) => expect(await withHeaders(lines)).toBe(outcome as never));

  test("SECURITY 19: 65 components and 5 signatures are too many", async () => {
    const many = Array.from({ length: 65 }, (_, index) => `"x-${index}"`).join(" ");
    expect(
      await withHeaders([
        ["Signature-Input", input.replace('"@method"', many)],
        ["Signature", signature],
      ]),
    ).toBe("signature_too_large");
    const labels = ["pons", "b", "c", "d", "e"];
    const inputs = labels.map((label) => `${label}=${usual}`).join(", ");
    const signatures = labels.map((label) => `${label}=:AAAA:`).join(", ");
    expect(
      await withHeaders([
        ["Signature-Input", inputs],
        ["Signature", signatures],
      ]),
    ).toBe("signature_too_large");
  });

  const both = (label: string, parameters: string, secret = key.secret) => {
    const message = signed(parameters, { label });
    const read = readAnySignature(message, { label });
    if (isProblem(read)) throw new Error(read.problem);
    return [
      message.headers.get("signature-input") ?? "",
      `${label}=:${Buffer.from(hmac(secret, read.base)).toString("base64")}:`,
    ] as const;
  };
  const joined = (...pairs: readonly (readonly [string, string])[]) =>
    withHeaders([
      ["Signature-Input", pairs.map(([first]) => first).join(", ")],
      ["Signature", pairs.map(([, second]) => second).join(", ")],
    ]);
  const foreign = both(
    "proxy",
    `("@method");created=${created};keyid="proxy"`,
    Buffer.from("another secret, of a proxy in front"),
  );

  test("of several signatures the one with our label or our tag counts", async () => {
    expect(await joined(foreign, both("pons", usual))).toBe("ok");
    expect(await joined(both("pons", usual), foreign)).toBe("ok");
    expect(await joined(foreign, both("sig1", `${usual};tag="pons"`))).toBe("ok");
    expect(await joined(both("sig1", usual))).toBe("ok");
  });

  test("SECURITY 19: of several signatures that may be meant, none counts", async () => {
    expect(await joined(foreign, both("sig1", usual))).toBe("signature_ambiguous");
    expect(await joined(both("a", `${usual};tag="pons"`), both("b", `${usual};tag="pons"`))).toBe("signature_ambiguous");
  });

  test("what is written in an unusual way is read as the usual, and what comes again as for the first time", async () => {
    const unusual = `("@method"  "@target-uri"   "content-digest" ); created=0${created};  keyid="app_1"; nonce="n-1"`;
    for (const parameters of [usual, usual, unusual, unusual]) {
      const lines = [
        ["Signature-Input", `pons=${parameters}`],
        ["Signature", signature],
      ] as const;
      expect(await withHeaders(lines)).toBe("ok");
    }
  });

  test("SECURITY 15: any change of one character of the headers is refused", () => {
    const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
    const change = fc.record({ inSignature: fc.boolean(), at: fc.nat(), by: printable });
    fc.assert(
      fc.property(change, ({ inSignature, at, by }) => {
        const text = inSignature ? signature : input;
        const index = at % text.length;
        const changed = text.slice(0, index) + by + text.slice(index + 1);
        const message = testRequest([
          ["Signature-Input", inSignature ? input : changed],
          ["Signature", inSignature ? changed : signature],
        ]);
        const read = readSignature(message, { nowMs, hasBody: true });
        const isAccepted = !isProblem(read) && read.keyId === "app_1" && checkSignature(read, key) === undefined;
        // Base64 has bits at its end that mean nothing.
        const bytes = (header: string) => Buffer.from(/^pons=:([A-Za-z0-9+/]+=?):$/.exec(header)?.[1] ?? "", "base64");
        const isSame = changed === text || (inSignature && bytes(changed).equals(bytes(text)));
        expect(isAccepted).toBe(isSame);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("changes of the message", () => {
  const message = signed();
  test.each([
    ["method", { method: "PUT" }],
    ["path", { target: "/fop?param=Value&Pet=dog" }],
    ["query", { target: "/foo?param=Value&Pet=dof" }],
    ["order of the query", { target: "/foo?Pet=dog&param=Value" }],
    ["an added parameter", { target: "/foo?param=Value&Pet=dog&a=1" }],
    ["no query", { target: "/foo" }],
    ["authority", { authority: "example.org" }],
    ["port", { authority: "example.com:8443" }],
    ["scheme", { scheme: "http" }],
  ] as const)("SECURITY 15: another %s", async (_, change) => {
    expect(await outcomeOf({ ...message, ...change })).toBe("signature_wrong");
  });

  test("SECURITY 15: another digest", async () => {
    const lines = requestLines.map(
      ([name, value]) => [name, name === "Content-Digest" ? contentDigest(Buffer.from("{}")) : value] as const,
    );
    const own = (["signature-input", "signature"] as const).map((name) => [name, message.headers.get(name) ?? ""] as const);
    expect(await outcomeOf({ ...message, headers: fieldsOf([...lines, ...own]) })).toBe("signature_wrong");
  });

  test("SECURITY 15: an uncovered header may change", async () => {
    const lines = requestLines.map(([name, value]) => [name, name === "Date" ? "later" : value] as const);
    const own = (["signature-input", "signature"] as const).map((name) => [name, message.headers.get(name) ?? ""] as const);
    expect(await outcomeOf({ ...message, headers: fieldsOf([...lines, ...own]) })).toBe("ok");
  });
});

describe("where clients reach us", () => {
  test.each([
    ["https://API.Example.com:443/x", { scheme: "https", authority: "api.example.com", origin: "https://api.example.com" }],
    ["http://localhost:80", { scheme: "http", authority: "localhost", origin: "http://localhost" }],
    ["http://[::1]:3000/", { scheme: "http", authority: "[::1]:3000", origin: "http://[::1]:3000" }],
    ["ftp://example.com", undefined],
    ["/a", undefined],
  ])("%s", (url, origin) => expect(originOf(url)).toEqual(origin));

  test("SECURITY 22: with an origin, Host and X-Forwarded-* do not count", () => {
    const request = new Request("http://evil.example/bank?a=1", {
      headers: { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http" },
    });
    expect(messageOf(request, originOf("https://api.example.com"))).toMatchObject({
      scheme: "https",
      authority: "api.example.com",
      target: "/bank?a=1",
    });
    expect(messageOf(request)).toMatchObject({ scheme: "http", authority: "evil.example", target: "/bank?a=1" });
  });
});
