/** Signed requests through a real server: what is accepted, what is not, and that each is good once. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { hmac } from "../../src/channels/http/signature/signing-algorithm.ts";
import { createSigner } from "../../src/client/index.mjs";
import { forEachEngine } from "../core/harness.ts";
import { type Node, openSignedShop, type SignedShop } from "./signed-shop.ts";

const pen = { name: "Pen", price: 250 };

/** A copy of a request with other headers, method or address. */
const changed = async (
  request: Request,
  {
    headers = {},
    url = request.url,
    method = request.method,
    body,
  }: {
    readonly headers?: Readonly<Record<string, string | null>>;
    readonly url?: string;
    readonly method?: string;
    readonly body?: string;
  },
): Promise<Request> => {
  const sent = new Headers(request.headers);
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) sent.delete(name);
    else sent.set(name, value);
  }
  const content = body ?? (await request.clone().text());
  return new Request(url, { method, headers: sent, ...(content === "" ? {} : { body: content }) });
};

forEachEngine((engine) => {
  describe("signed requests", () => {
    let shop: SignedShop;
    let node: Node;
    let signer: Awaited<ReturnType<typeof createSigner>>;
    let edSigner: Awaited<ReturnType<typeof createSigner>>;
    let nonces = 0;

    beforeAll(async () => {
      shop = await openSignedShop(await engine.create());
      node = await shop.start();
      const { ann } = shop.apps;
      signer = await createSigner({ keyId: ann.keyId, secret: ann.secret });
      edSigner = await createSigner({ keyId: ann.ed25519KeyId, privateKey: ann.privateKey });
    });
    afterAll(async () => {
      await node[Symbol.asyncDispose]();
      await shop[Symbol.asyncDispose]();
      expect(shop.failures).toEqual([]);
    });
    afterEach(() => shop.shiftClock(0));

    const signedPost = (body: unknown = pen) => signer.sign(node.request("POST", "/products", body));
    const wordsOf = async (request: Request): Promise<string> => {
      const { status, body } = await node.send(request);
      return `${status}${body?.error === undefined ? "" : ` ${body.error.type}`}${body?.error?.details?.reason === undefined ? "" : ` ${body.error.details.reason}`}`;
    };

    /** Signed by hand, so that it can be signed wrongly. */
    const byHand = (
      request: Request,
      lines: readonly (readonly [identifier: string, value: string])[],
      {
        parameters,
        secret = shop.apps.ann.secret,
        label = "pons",
      }: { readonly parameters?: string; readonly secret?: string | Uint8Array; readonly label?: string } = {},
    ): Promise<Request> => {
      const now = Math.floor(Date.now() / 1000);
      const more = parameters ?? `;created=${now};keyid="${shop.apps.ann.keyId}";nonce="by-hand-${++nonces}"`;
      const text = `(${lines.map(([identifier]) => identifier).join(" ")})${more}`;
      const base = `${lines.map(([identifier, value]) => `${identifier}: ${value}\n`).join("")}"@signature-params": ${text}`;
      const bytes = typeof secret === "string" ? Buffer.from(secret) : secret;
      const signature = Buffer.from(hmac(bytes, base)).toString("base64");
      return changed(request, { headers: { "signature-input": `${label}=${text}`, signature: `${label}=:${signature}:` } });
    };
    const usualLines = (request: Request) =>
      [
        ['"@method"', request.method],
        ['"@target-uri"', request.url],
      ] as const;

    test("SECURITY 15: reads and changes signed by HMAC and by Ed25519 are accepted", async () => {
      for (const each of [signer, edSigner]) {
        const made = await node.send(await each.sign(node.request("POST", "/products", pen)));
        expect(made.status).toBe(201);
        const { id } = made.body.data;
        expect((await node.send(await each.sign(node.request("GET", `/products/${id}?fields=id,name`)))).body.data).toEqual({
          id,
          name: "Pen",
        });
        expect(await wordsOf(await each.sign(node.request("PATCH", `/products/${id}`, { price: 300 })))).toBe("200");
        expect(await wordsOf(await each.sign(node.request("QUERY", "/products", { filters: { name: "Pen" } })))).not.toContain(
          "401",
        );
        expect(await wordsOf(await each.sign(node.request("DELETE", `/products/${id}`)))).toBe("204");
      }
    });

    test("SECURITY 15: a batch is signed as one request", async () => {
      const calls = {
        calls: [
          { path: "/products", body: pen },
          { path: "/products", body: { name: "" } },
        ],
      };
      const { status, body } = await node.send(await signer.sign(node.request("POST", "/batch", calls)));
      expect(status).toBe(207);
      expect(body.data.map((item: { status: number }) => item.status)).toEqual([201, 422]);
    });

    test("SECURITY 15: a compressed body is signed as it is sent", async () => {
      const content = Bun.gzipSync(Buffer.from(JSON.stringify(pen)));
      const request = node.request("POST", "/products", content, { "content-encoding": "gzip" });
      expect(await wordsOf(await signer.sign(request))).toBe("201");
    });

    test("SECURITY 15: another method, path, query, order of the query, authority, body or covered header", async () => {
      const target = "/products?perPage=2&sortBy=name";
      const get = () => signer.sign(node.request("GET", target));
      const { origin } = node;
      const otherHost = `http://localhost:${node.port}/shop/v2${target}`;
      const row = node.request("PATCH", "/products/prd_01HK3QGM00E6F8SH2A02S1KG4Q", pen);
      const refused: Record<string, Request> = {
        method: await changed(await signer.sign(row), { method: "PUT" }),
        path: await changed(await get(), { url: `${origin}/shop/v2/orders?perPage=2&sortBy=name` }),
        query: await changed(await get(), { url: `${origin}/shop/v2/products?perPage=3&sortBy=name` }),
        order: await changed(await get(), { url: `${origin}/shop/v2/products?sortBy=name&perPage=2` }),
        added: await changed(await get(), { url: `${origin}/shop/v2/products?perPage=2&sortBy=name&page=1` }),
        removed: await changed(await get(), { url: `${origin}/shop/v2/products` }),
        authority: await changed(await get(), { url: otherHost }),
        header: await changed(await signer.sign(node.request("POST", "/products", pen, { "idempotency-key": "a" })), {
          headers: { "idempotency-key": "b" },
        }),
        type: await changed(await signedPost(), { headers: { "content-type": "application/yaml" } }),
      };
      const words = await Promise.all(Object.entries(refused).map(async ([name, request]) => [name, await wordsOf(request)]));
      expect(words).toEqual(Object.keys(refused).map((name) => [name, "401 invalid_credentials"]));
      const body = await changed(await signedPost(), { body: JSON.stringify({ ...pen, price: 251 }) });
      expect(await wordsOf(body)).toBe("401 invalid_credentials digest_mismatch");
    });

    test("SECURITY 16: a body that is not covered, without a digest, or with one that does not fit", async () => {
      const post = () => node.request("POST", "/products", pen);
      expect(await wordsOf(await byHand(post(), usualLines(post())))).toBe("401 invalid_credentials coverage_insufficient");
      const digests = {
        "md5=:Sd/dVLAcvNLSq16eXua5uQ==:": "401 invalid_credentials digest_unknown",
        "sha-256=:AAAA:": "401 invalid_credentials digest_mismatch",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:": "401 invalid_credentials digest_mismatch",
        "sha-256": "400 invalid_header digest_malformed",
      };
      for (const [digest, words] of Object.entries(digests)) {
        const request = await changed(post(), { headers: { "content-digest": digest } });
        const lines = [...usualLines(request), ['"content-digest"', digest]] as const;
        expect(await wordsOf(await byHand(request, lines))).toBe(words);
      }
      const withoutDigest = await changed(await signedPost(), { headers: { "content-digest": null } });
      expect(await wordsOf(withoutDigest)).toBe("401 invalid_credentials component_missing");
    });

    test("SECURITY 16: a body that was added, in chunks as well, and one that was taken away", async () => {
      const remove = node.request("DELETE", "/products/prd_0");
      const added = await byHand(remove, usualLines(remove));
      expect(await wordsOf(await changed(added, { body: '{"ids":["prd_1"]}' }))).toBe(
        "401 invalid_credentials coverage_insufficient",
      );
      const { headers, url } = added;
      const stream = new ReadableStream({
        start: (controller) => {
          controller.enqueue(Buffer.from('{"ids":["prd_1"]}'));
          controller.close();
        },
      });
      expect(await wordsOf(new Request(url, { method: "DELETE", headers, body: stream }))).toBe(
        "401 invalid_credentials coverage_insufficient",
      );
      const post = await signedPost();
      expect(await wordsOf(new Request(post.url, { method: "POST", headers: post.headers }))).toBe(
        "401 invalid_credentials digest_mismatch",
      );
    });

    test("SECURITY 17: too old, too far ahead, without created, expired: 401 with our time", async () => {
      const request = () => node.request("GET", "/products");
      for (const [shiftMs, words] of [
        [298_000, "200"],
        [302_000, "401 invalid_credentials created_too_old"],
        [3_600_000, "401 invalid_credentials created_too_old"],
        [-58_000, "200"],
        [-63_000, "401 invalid_credentials created_in_future"],
        [-3_600_000, "401 invalid_credentials created_in_future"],
      ] as const) {
        const signed = await signer.sign(request());
        shop.shiftClock(shiftMs);
        expect(await wordsOf(signed)).toBe(words);
        shop.shiftClock(0);
      }
      const now = Math.floor(Date.now() / 1000);
      const { keyId } = shop.apps.ann;
      const without = await byHand(request(), usualLines(request()), { parameters: `;keyid="${keyId}";nonce="n-created"` });
      const heard = await node.send(without);
      expect(heard.body.error.details.reason).toBe("created_missing");
      expect(Math.abs(heard.body.error.details.serverTime - now)).toBeLessThan(5);
      expect(Math.abs(Date.parse(heard.headers.get("date") ?? "") / 1000 - now)).toBeLessThan(5);
      expect(heard.headers.get("accept-signature")).toBe('pons=("@method" "@target-uri");created;tag="pons"');
      const expired = `;created=${now};expires=${now - 1};keyid="${keyId}";nonce="n-expired"`;
      expect(await wordsOf(await byHand(request(), usualLines(request()), { parameters: expired }))).toBe(
        "401 invalid_credentials signature_expired",
      );
      const nonceless = `;created=${now};keyid="${keyId}"`;
      expect(await wordsOf(await byHand(request(), usualLines(request()), { parameters: nonceless }))).toBe(
        "401 invalid_credentials nonce_missing",
      );
    });

    test("SECURITY 18: a request that is sent again is refused, and nothing is done twice", async () => {
      const signed = await signedPost({ ...pen, name: "Once" });
      expect(await wordsOf(signed.clone() as Request)).toBe("201");
      expect(await wordsOf(signed.clone() as Request)).toBe("401 invalid_credentials replayed");
      const { body } = await node.send(await signer.sign(node.request("GET", "/products/count?name=Once")));
      expect(body.data).toBe(1);
    });

    test("SECURITY 18: of twenty at the same moment exactly one is accepted", async () => {
      const signed = await signedPost({ ...pen, name: "Twenty" });
      const words = await Promise.all(Array.from({ length: 20 }, () => wordsOf(signed.clone() as Request)));
      expect(words.filter((each) => each === "201").length).toBe(1);
      expect(words.filter((each) => each === "401 invalid_credentials replayed").length).toBe(19);
    });

    test("SECURITY 18: a wrong signature does not use its nonce up", async () => {
      const signed = await signedPost({ ...pen, name: "Kept" });
      const wrong = await changed(signed, { headers: { signature: `pons=:${Buffer.alloc(32).toString("base64")}:` } });
      expect(await wordsOf(wrong)).toBe("401 invalid_credentials");
      expect(await wordsOf(signed)).toBe("201");
    });

    test("SECURITY 18: what was used stays used after a restart, and after the clock stepped an hour and back", async () => {
      const signed = await signer.sign(node.request("GET", "/products"));
      expect(await wordsOf(signed.clone() as Request)).toBe("200");
      await using again = await shop.start();
      const moved = await changed(signed, {
        headers: { host: `127.0.0.1:${node.port}` },
        url: signed.url.replace(node.origin, again.origin),
      });
      const { status, body } = await again.send(moved);
      expect([status, body.error.details?.reason]).toEqual([401, "replayed"]);
      shop.shiftClock(3_600_000);
      expect(await wordsOf(signed.clone() as Request)).toBe("401 invalid_credentials created_too_old");
      shop.shiftClock(0);
      expect(await wordsOf(signed.clone() as Request)).toBe("401 invalid_credentials replayed");
    });

    test("SECURITY 19: labels, components and parameters that repeat or are unknown, and what stands behind them", async () => {
      const request = () => node.request("GET", "/products");
      const good = await signer.sign(request());
      const input = good.headers.get("signature-input") ?? "";
      const signature = good.headers.get("signature") ?? "";
      const lines = usualLines(request());
      const refused: readonly (readonly [string, Request])[] = [
        ["label twice", await changed(good, { headers: { "signature-input": `${input}, ${input}` } })],
        ["signature twice", await changed(good, { headers: { signature: `${signature}, ${signature}` } })],
        ["component twice", await byHand(request(), [...lines, ['"@method"', "GET"]])],
        ["unknown component", await byHand(request(), [...lines, ['"@everything"', ""]])],
        ["unknown parameter of a component", await byHand(request(), [...lines, ['"host";x', `127.0.0.1:${node.port}`]])],
        ["unknown parameter", await changed(good, { headers: { "signature-input": `${input};more=1` } })],
        ["parameter twice", await changed(good, { headers: { "signature-input": `${input};nonce="other"` } })],
        ["junk behind it", await changed(good, { headers: { "signature-input": `${input} x` } })],
        ["junk behind the signature", await changed(good, { headers: { signature: `${signature} x` } })],
        ["no signature", await changed(good, { headers: { signature: null } })],
        ["no input", await changed(good, { headers: { "signature-input": null } })],
      ];
      const words = await Promise.all(refused.map(async ([name, each]) => [name, (await wordsOf(each)).slice(0, 18)]));
      expect(words).toEqual(refused.map(([name]) => [name, "400 invalid_header"]));
      expect(await wordsOf(good)).toBe("200");
    });

    test("SECURITY 19: a key beside a signature is refused", async () => {
      for (const name of ["authorization", "x-api-key"]) {
        const value = name === "authorization" ? "Bearer pons_sandbox_x" : "pons_sandbox_x";
        const request = await changed(await signer.sign(node.request("GET", "/products")), { headers: { [name]: value } });
        expect(await wordsOf(request)).toBe("400 invalid_header");
      }
    });

    test("SECURITY 20: the algorithm is the key's, and a public key is no secret", async () => {
      const { ann } = shop.apps;
      const request = () => node.request("GET", "/products");
      const now = Math.floor(Date.now() / 1000);
      const named = (keyId: string, alg: string) => `;created=${now};keyid="${keyId}";nonce="alg-${++nonces}";alg="${alg}"`;
      expect(await wordsOf(await byHand(request(), usualLines(request()), { parameters: named(ann.keyId, "hmac-sha256") }))).toBe(
        "200",
      );
      for (const alg of ["ed25519", "none", "rsa-v1_5-sha256", "HMAC-SHA256"]) {
        const signed = await byHand(request(), usualLines(request()), { parameters: named(ann.keyId, alg) });
        expect(await wordsOf(signed)).toBe("401 invalid_credentials");
      }
      // HMAC with what everybody knows of an Ed25519 key.
      for (const secret of [ann.publicKey, ann.publicKey.subarray(-32)]) {
        for (const parameters of [named(ann.ed25519KeyId, "hmac-sha256"), named(ann.ed25519KeyId, "ed25519")]) {
          expect(await wordsOf(await byHand(request(), usualLines(request()), { parameters, secret }))).toBe(
            "401 invalid_credentials",
          );
        }
      }
    });

    test("SECURITY 20: an id that nobody has, or of another environment, is refused as a wrong signature is", async () => {
      const request = () => node.request("GET", "/products");
      const bodies: string[] = [];
      for (const keyId of ["app_nobody/sandbox", "app_ann", "app_ann/live", "", " ", "../app_ann"]) {
        const { secret } = shop.apps.ann;
        if (keyId === "") continue;
        const { status, body } = await node.send(await (await createSigner({ keyId, secret })).sign(request()));
        bodies.push(JSON.stringify([status, { ...body.error, requestId: "" }]));
      }
      const wrong = await createSigner({ keyId: shop.apps.ann.keyId, secret: "x".repeat(43) });
      const { status, body } = await node.send(await wrong.sign(request()));
      expect(new Set([...bodies, JSON.stringify([status, { ...body.error, requestId: "" }])]).size).toBe(1);
      expect(status).toBe(401);
    });

    test("SECURITY 21: the key of one tenant does nothing in another", async () => {
      const { ben } = shop.apps;
      const other = await createSigner({ keyId: ben.keyId, secret: ben.secret });
      const made = await node.send(await signedPost({ ...pen, name: "Anna's" }));
      const path = `/products/${made.body.data.id}`;
      const absent = await node.send(await other.sign(node.request("GET", "/products/prd_01HK3QGM00E6F8SH2A02S1KG4Q")));
      const foreign = await node.send(await other.sign(node.request("GET", path)));
      expect([foreign.status, foreign.body.error.type]).toEqual([404, "not_found"]);
      expect({ ...foreign.body.error, requestId: "" }).toEqual({ ...absent.body.error, requestId: "" });
      for (const method of ["PATCH", "DELETE"]) {
        const body = method === "PATCH" ? { price: 1 } : undefined;
        expect(await wordsOf(await other.sign(node.request(method, path, body)))).toBe("404 not_found");
      }
      const named = await node.send(await other.sign(node.request("GET", path, undefined, { "pons-tenant": "anna" })));
      expect(named.status).toBeGreaterThanOrEqual(400);
      expect(named.text).not.toContain("Anna's");
      // Signed by one, under the id of the other.
      const mixed = await createSigner({ keyId: shop.apps.ann.keyId, secret: ben.secret });
      expect(await wordsOf(await mixed.sign(node.request("GET", path)))).toBe("401 invalid_credentials");
      expect((await node.send(await signer.sign(node.request("GET", path)))).body.data.price).toBe(250);
    });

    test("SECURITY 22: behind a proxy the configured origin counts, whatever Host and X-Forwarded-* say", async () => {
      await using behind = await shop.start({ publicOrigin: "https://api.example.com" });
      const publicUrl = "https://api.example.com/shop/v2/products?perPage=1";
      const arrived = async (signed: Request, headers: Readonly<Record<string, string>> = {}) => {
        const request = await changed(signed, { headers, url: signed.url.replace(/^https?:\/\/[^/]+/, behind.origin) });
        return (await behind.send(request)).status;
      };
      const honest = () => signer.sign(new Request(publicUrl));
      expect(await arrived(await honest())).toBe(200);
      expect(
        await arrived(await honest(), {
          host: "internal.example:8080",
          "x-forwarded-host": "evil.example",
          "x-forwarded-proto": "http",
        }),
      ).toBe(200);
      const evil = () => signer.sign(new Request(publicUrl.replace("api.example.com", "evil.example")));
      expect(await arrived(await evil(), { host: "evil.example" })).toBe(401);
      expect(
        await arrived(await evil(), { "x-forwarded-host": "evil.example", forwarded: 'host="evil.example";proto=https' }),
      ).toBe(401);
      // As it reaches the node itself.
      expect(await arrived(await signer.sign(new Request(publicUrl.replace("https://api.example.com", behind.origin))))).toBe(
        401,
      );
      expect(await arrived(await signer.sign(new Request(publicUrl.replace("https", "http"))))).toBe(401);
    });
  });

  // SQLite has one process.
  if (engine.engine === "postgres") {
    describe("two nodes", () => {
      test("SECURITY 18: what one node has accepted no other does, also at the same moment", async () => {
        await using shop = await openSignedShop(await engine.create());
        const options = { publicOrigin: "https://api.example.com" };
        await using first = await shop.start(options);
        await using second = await shop.start(options);
        const { ann } = shop.apps;
        const signer = await createSigner({ keyId: ann.keyId, secret: ann.secret });
        for (let round = 0; round < 10; round++) {
          const signed = await signer.sign(new Request("https://api.example.com/shop/v2/products"));
          const asked = [first, second, first, second].map(async (node) => {
            const request = await changed(signed, { url: signed.url.replace("https://api.example.com", node.origin) });
            return (await node.send(request)).status;
          });
          expect((await Promise.all(asked)).toSorted((a, b) => a - b)).toEqual([200, 401, 401, 401]);
        }
      });
    });
  }
});
