/** What `pons/client` promises: it signs and seals in Node as well as in Bun, and refuses what it cannot do. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { createSealer, createSigner } from "pons/client";
import { isProblem, messageOf, readSignature } from "../../src/channels/http/signature/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { openSignedShop } from "../security/signed-shop.ts";
import { ed25519Private } from "./rfc9421.ts";

const secret = "a secret of the app that has forty-three ch";

const signaturesOf = async (request: Request, cover: readonly string[] = []) => {
  const signer = await createSigner({ keyId: "app_1", secret, cover });
  const signed = await signer.sign(request);
  const message = messageOf(signed);
  const read = message === undefined ? undefined : readSignature(message, { nowMs: Date.now(), hasBody: signed.body !== null });
  if (read === undefined || isProblem(read)) throw new Error(JSON.stringify(read));
  return { signed, read };
};

test("in Node, where there is one", async () => {
  const [sqlite] = testDatabases();
  if (sqlite === undefined) throw new Error("no engine");
  await using shop = await openSignedShop(await sqlite.create());
  await using node = await shop.start();
  const { ann } = shop.apps;
  const script = join(import.meta.dir, "client-in-node.mjs");
  const key = Buffer.from(ann.privateKey).toString("base64");
  const args = [`${node.origin}/shop/v2`, ann.keyId, ann.secret, key, ann.ed25519KeyId];
  const child = Bun.spawn([Bun.which("node") ?? process.execPath, script, ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect([await child.exited, err.replace(/\(node:\d+\) .*Warning[^\n]*\n(?:\(Use [^\n]*\n)?/g, "")]).toEqual([0, ""]);
  expect(JSON.parse(out)).toMatchObject({ statuses: [200, 201, 200, 201], opened: { status: 200, body: { data: 2 } } });
});

test("what decides about a request is covered", async () => {
  const headers = { "content-type": "application/json", "idempotency-key": "a", "if-match": '"b"', "x-more": "c", accept: "d" };
  const { read, signed } = await signaturesOf(
    new Request("https://api.example.com/a?b=c#part", { method: "PATCH", headers, body: "{}" }),
    ["X-More"],
  );
  const names = [...read.base.matchAll(/^"([^"]+)": /gm)].map(([, name]) => name);
  expect(names).toEqual([
    "@method",
    "@target-uri",
    "content-digest",
    "content-type",
    "idempotency-key",
    "if-match",
    "x-more",
    "@signature-params",
  ]);
  expect(read.base).toContain('"@target-uri": https://api.example.com/a?b=c\n');
  expect(await signed.text()).toBe("{}");
});

test("two signatures of one request have two nonces", async () => {
  const request = new Request("https://api.example.com/a");
  const [first, second] = [await signaturesOf(request), await signaturesOf(request)];
  expect(first.read.nonce).not.toBe(second.read.nonce);
  expect(first.read.nonce.length).toBeGreaterThanOrEqual(22);
});

test("options that do not fit are refused", async () => {
  const key = new Uint8Array(ed25519Private);
  const pem = { keyId: "app_1", privateKey: key };
  expect(createSigner({ keyId: "app_1" })).rejects.toThrow("either a secret");
  expect(createSigner({ ...pem, secret })).rejects.toThrow("either a secret");
  expect(createSigner({ ...pem, algorithm: "hmac-sha256" })).rejects.toThrow("either a secret");
  expect(createSigner({ keyId: "app_1", secret, algorithm: "ed25519" })).rejects.toThrow("either a secret");
  expect(createSigner({ keyId: "app_1", secret: "short" })).rejects.toThrow("shorter than 32 bytes");
  expect(createSigner({ keyId: "app\n1", secret })).rejects.toThrow("printable");
  expect(createSigner({ keyId: "app_1", secret, cover: ["not a name"] })).rejects.toThrow("not the name");
  expect(createSealer({ appId: "app_1", secret: "short" })).rejects.toThrow("shorter than 32 bytes");
});
