// @ts-check
/**
 * The client in Node: one signed and one sealed call, told on standard output. Arguments: the service's address, the app's key id, its secret and its
 * Ed25519 key (PKCS #8, base64) with the id that it is registered under.
 */
import { createSealer, createSigner } from "../../src/client/index.mjs";

const [, , service = "", keyId = "", secret = "", privateKey = "", ed25519KeyId = ""] = process.argv;
const body = JSON.stringify({ name: "Node", price: 1 });
const headers = { "content-type": "application/json" };
const statuses = [];
for (const signer of [
  await createSigner({ keyId, secret }),
  await createSigner({ keyId: ed25519KeyId, privateKey: new Uint8Array(Buffer.from(privateKey, "base64")) }),
]) {
  for (const request of [
    new Request(`${service}/products?perPage=1#part`),
    new Request(`${service}/products`, { method: "POST", headers, body }),
  ])
    statuses.push((await fetch(await signer.sign(request))).status);
}
const sealer = await createSealer({ appId: keyId, secret });
const call = await sealer.sealCall({ controller: "products", action: "count", query: { name: "Node" } });
const answer = await fetch(`${service}/call`, { method: "POST", headers, body: JSON.stringify(call.body) });
const opened = await sealer.openAnswer(await answer.json(), call.jti);
console.log(JSON.stringify({ statuses, opened }));
