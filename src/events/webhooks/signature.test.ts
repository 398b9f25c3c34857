import { expect, test } from "bun:test";
import { createHmac, createPublicKey, verify } from "node:crypto";
import { signWebhook, type WebhookMessage, webhookPublicKey, webhookSecret, webhookSigner } from "./signature.ts";

/** The key of the example of Standard Webhooks, and what it signs there. */
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const derived = Buffer.from(secret.slice(6), "base64").toString("base64url");

const message: WebhookMessage = {
  webhook: "wh_1",
  id: "m",
  atMs: 5_000,
  url: "https://hooks.example.com/in?a=b#c",
  mediaType: "application/json",
  body: "{}",
};

test("the example of the specification's libraries", () => {
  const headers = signWebhook("hmac", [webhookSigner("hmac", 1, derived)], {
    ...message,
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    atMs: 1_614_265_330_999,
    body: '{"test": 2432232314}',
  });
  expect(headers).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("secrets and keys in the forms receivers know", () => {
  expect(webhookSecret(derived)).toBe(secret);
  // RFC 8032 section 7.1, test 1.
  const seed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex").toString("base64url");
  const publicKey = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex").toString("base64");
  expect(webhookPublicKey(seed)).toBe(`whpk_${publicKey}`);
});

test("several keys: a signature of each, in their order", () => {
  const keys = ["A", "B"].map((letter) => Buffer.from(letter.repeat(32)).toString("base64url"));
  const { "webhook-signature": header } = signWebhook(
    "hmac",
    keys.map((key, at) => webhookSigner("hmac", at + 1, key)),
    message,
  );
  const wanted = ["A", "B"].map((letter) => createHmac("sha256", letter.repeat(32)).update("m.5.{}").digest("base64"));
  expect(header).toBe(wanted.map((signature) => `v1,${signature}`).join(" "));
});

test("RFC 9421: the request is signed, its body by a digest", () => {
  const keys = ["A", "B"].map((letter) => Buffer.from(letter.repeat(32)).toString("base64url"));
  const signers = keys.map((key, at) => webhookSigner("httpSignature", at + 1, key));
  const headers = signWebhook("httpSignature", signers, message);
  const params = (number: number): string =>
    `("@method" "@target-uri" "content-type" "content-digest" "webhook-id" "webhook-timestamp");created=5;keyid="wh_1/${number}";alg="ed25519"`;
  expect(headers).toEqual({
    "webhook-id": "m",
    "webhook-timestamp": "5",
    // Of "{}".
    "content-digest": "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",
    "signature-input": `key1=${params(1)}, key2=${params(2)}`,
    signature: expect.stringMatching(/^key1=:[A-Za-z0-9+/]{86}==:, key2=:[A-Za-z0-9+/]{86}==:$/) as string,
  });
  for (const [at, key] of keys.entries()) {
    const base = [
      '"@method": POST',
      '"@target-uri": https://hooks.example.com/in?a=b',
      '"content-type": application/json',
      `"content-digest": ${headers["content-digest"]}`,
      '"webhook-id": m',
      '"webhook-timestamp": 5',
      `"@signature-params": ${params(at + 1)}`,
    ].join("\n");
    const spki = Buffer.concat([
      Buffer.from("302a300506032b6570032100", "hex"),
      Buffer.from(webhookPublicKey(key).slice(5), "base64"),
    ]);
    const signature = new RegExp(`key${at + 1}=:([^:]+):`).exec(headers["signature"] ?? "")?.[1] ?? "";
    const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
    expect(verify(null, Buffer.from(base), publicKey, Buffer.from(signature, "base64"))).toBe(true);
  }
});
