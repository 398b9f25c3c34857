import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { createSealer } from "../../../client/index.mjs";
import { parseSealed, seal, sealingKey, unseal } from "./sealed-message.ts";

const secret = new TextEncoder().encode("a secret of forty-three characters, in text");
const key = sealingKey(secret);

const opened = (compact: string, by = key): string | undefined => {
  const message = parseSealed(compact);
  const content = message === undefined ? undefined : unseal(by, message);
  return content === undefined ? undefined : new TextDecoder().decode(content);
};

test("what is sealed is opened with the same key", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (content) => {
      const message = parseSealed(seal(key, "app_1", content));
      expect(message?.kid).toBe("app_1");
      expect(message === undefined ? undefined : Buffer.from(unseal(key, message) ?? "").equals(Buffer.from(content))).toBe(true);
    }),
  );
});

test("the same is sealed differently each time", () => {
  expect(seal(key, "app_1", "a")).not.toBe(seal(key, "app_1", "a"));
});

/** RFC 5869: HKDF by HMAC, written out. */
test("the key is HKDF-SHA-256 of the secret", () => {
  const hmac = (by: Uint8Array, text: Uint8Array) => new Bun.CryptoHasher("sha256", by).update(text).digest();
  const extracted = hmac(new Uint8Array(32), secret);
  const expanded = hmac(extracted, Buffer.from("pons sealed call\u0001"));
  expect(Buffer.from(key).toString("hex")).toBe(Buffer.from(expanded).toString("hex"));
});

test("what the client seals is opened, and what is answered is opened by the client", async () => {
  const sealer = await createSealer({ appId: "app_1", secret });
  const { body, jti } = await sealer.sealCall({ controller: "accounts", action: "read", id: "acc_1" });
  const content = JSON.parse(opened(body.sealed) ?? "null");
  expect(content).toMatchObject({ controller: "accounts", action: "read", id: "acc_1", jti });
  expect(Math.abs(content.iat - Date.now() / 1000)).toBeLessThan(60);
  const answer = { sealed: seal(key, "app_1", JSON.stringify({ answers: jti, status: 200, body: { success: true } })) };
  expect(await sealer.openAnswer(answer, jti)).toEqual({ status: 200, body: { success: true } });
  expect(sealer.openAnswer(answer, "another")).rejects.toThrow("another call");
  // The call itself, sent back, is no answer.
  expect(sealer.openAnswer({ sealed: body.sealed }, jti)).rejects.toThrow("another call");
  expect(sealer.openAnswer({ data: 1 }, jti)).rejects.toThrow("not sealed");
});

const encoded = (text: string): string => Buffer.from(text).toString("base64url");
const [header = "", , iv = "", text = "", tag = ""] = seal(key, "app_1", "content").split(".");

test.each([
  ["no header", `..${iv}.${text}.${tag}`],
  ["a header that is no JSON", `${encoded("{")}..${iv}.${text}.${tag}`],
  ["a header that is a list", `${encoded("[]")}..${iv}.${text}.${tag}`],
  ["another algorithm", `${encoded('{"alg":"A256KW","enc":"A256GCM"}')}..${iv}.${text}.${tag}`],
  ["passwords", `${encoded('{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":1000000000}')}..${iv}.${text}.${tag}`],
  ["no algorithm", `${encoded('{"alg":"none","enc":"A256GCM"}')}..${iv}.${text}.${tag}`],
  ["another encryption", `${encoded('{"alg":"dir","enc":"A128CBC-HS256"}')}..${iv}.${text}.${tag}`],
  ["compression", `${encoded('{"alg":"dir","enc":"A256GCM","zip":"DEF"}')}..${iv}.${text}.${tag}`],
  ["critical headers", `${encoded('{"alg":"dir","enc":"A256GCM","crit":["exp"],"exp":1}')}..${iv}.${text}.${tag}`],
  ["a key in the header", `${encoded('{"alg":"dir","enc":"A256GCM","jwk":{}}')}..${iv}.${text}.${tag}`],
  ["a name twice", `${encoded('{"alg":"none","alg":"dir","enc":"A256GCM"}')}..${iv}.${text}.${tag}`],
  ["a kid that is no text", `${encoded('{"alg":"dir","enc":"A256GCM","kid":1}')}..${iv}.${text}.${tag}`],
  ["a long header", `${encoded(`{"alg":"dir","enc":"A256GCM","kid":"${"k".repeat(500)}"}`)}..${iv}.${text}.${tag}`],
  ["an encrypted key", `${header}.AAAA.${iv}.${text}.${tag}`],
  ["four parts", `${header}..${iv}.${text}`],
  ["six parts", `${header}..${iv}.${text}.${tag}.`],
  ["a short iv", `${header}..${iv.slice(0, -2)}.${text}.${tag}`],
  ["a short tag", `${header}..${iv}.${text}.${tag.slice(0, 16)}`],
  ["padding", `${header}..${iv}.${text}.${tag}==`],
  ["white space", `${header}..${iv}.${text}.${tag} `],
  ["nothing", ""],
])("%s is refused before it is opened", (_, compact) => expect(parseSealed(compact)).toBeUndefined());

test("a change of any character, and another key, are seen", () => {
  const compact = seal(key, "app_1", "some content to be kept");
  fc.assert(
    fc.property(fc.nat({ max: compact.length - 1 }), fc.constantFrom(..."ABCxyz019-_."), (at, by) => {
      const changed = compact.slice(0, at) + by + compact.slice(at + 1);
      expect(opened(changed)).toBe(changed === compact ? "some content to be kept" : undefined);
    }),
    { numRuns: 2_000 },
  );
  expect(opened(compact, sealingKey(new Uint8Array(32)))).toBeUndefined();
});
