import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { signWebhook, webhookPublicKey, webhookSecret, webhookSigner } from "./signature.ts";

/** The key of the example of Standard Webhooks, and what it signs there. */
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const derived = Buffer.from(secret.slice(6), "base64").toString("base64url");

test("the example of the specification's libraries", () => {
  const headers = signWebhook([webhookSigner("hmac", derived)], {
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
    keys.map((key) => webhookSigner("hmac", key)),
    { id: "m", atMs: 5_000, body: "{}" },
  );
  const wanted = ["A", "B"].map((letter) => createHmac("sha256", letter.repeat(32)).update("m.5.{}").digest("base64"));
  expect(header).toBe(wanted.map((signature) => `v1,${signature}`).join(" "));
});
