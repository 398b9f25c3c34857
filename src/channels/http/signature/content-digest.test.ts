import { expect, test } from "bun:test";
import { checkContentDigest, contentDigest } from "./content-digest.ts";

const content = Buffer.from('{"hello": "world"}');
const sha256 = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
const sha512 = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
const md5 = "md5=:Sd/dVLAcvNLSq16eXua5uQ==:";

test.each([
  [sha256, undefined],
  [sha512, undefined],
  [`${sha256}, ${sha512}`, undefined],
  [`${md5}, ${sha256}`, undefined],
  [null, "digest_missing"],
  ["", "digest_malformed"],
  ["sha-256", "digest_malformed"],
  ['sha-256="abc"', "digest_malformed"],
  ["sha-256=(:AAAA:)", "digest_malformed"],
  [`${sha256}x`, "digest_malformed"],
  [`${sha256}, ${sha256}`, "digest_malformed"],
  [md5, "digest_unknown"],
  ["sha=:AAAA:, unixsum=:AAAA:", "digest_unknown"],
  ["constructor=:AAAA:", "digest_unknown"],
  ["sha-256=:AAAA:", "digest_mismatch"],
  ["sha-256=::", "digest_mismatch"],
  [sha256.replace("X48E", "X48F"), "digest_mismatch"],
  [`${sha256}, ${sha512.replace("WZDP", "WZDQ")}`, "digest_mismatch"],
] as const)("SECURITY 16: %s: %s", (header, problem) => {
  const found = checkContentDigest(header, content);
  expect(found).toEqual(problem === undefined ? undefined : { problem });
});

test("the header for a content", () => {
  expect(contentDigest(content)).toBe(sha256);
  expect(contentDigest(content, "sha-512")).toBe(sha512);
});

test("SECURITY 16: another content does not fit", () => {
  expect(checkContentDigest(sha256, Buffer.from('{"hello": "World"}'))).toEqual({ problem: "digest_mismatch" });
  expect(checkContentDigest(sha256, new Uint8Array(0))).toEqual({ problem: "digest_mismatch" });
});
