/** Keys of apps: made, shown once, replaced without a gap, ended at once. */
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Result } from "../../src/pipeline/call.ts";
import type { Credentials, SigningKey } from "../../src/pipeline/identity/credentials.ts";
import { forEachEngine } from "../core/harness.ts";
import { CertificateAuthority } from "../security/certificate-authority.ts";
import { type Data, dataOf, openPlatform, outcomeOf, type Platform, type Session } from "./platform.ts";

forEachEngine((engine) => {
  let platform: Platform;
  let admin: Session;
  let ada: Session;
  beforeAll(async () => {
    platform = await openPlatform(await engine.create());
    admin = await platform.person("admin@acme.example", ["platform:admin"]);
    ada = await platform.person("ada@example.com", ["platform:developer"]);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  let apps = 0;
  /** An app of Ada's that may look at the shelf. */
  const newApp = async (by = ada, more: Data = {}): Promise<string> => {
    const id = String(dataOf(await platform.call("apps.create", { by, body: { name: `App ${++apps}`, ...more } }))["id"]);
    const role = { app: id, role: "shelf:reader" };
    admin = await platform.again(admin);
    expect(outcomeOf(await platform.call("roleGrants.create", { by: admin, body: role }))).toBe("201");
    return id;
  };
  const createKey = (app: string, more: Data = {}, by = ada): Promise<Result> =>
    platform.call("apps.createKey", { by, id: app, body: { name: "Server", environment: "sandbox", ...more } });
  const newKey = async (app: string, more: Data = {}): Promise<{ id: string; secret: string; keyId: string }> => {
    const { id, secret, keyId } = dataOf(await createKey(app, more));
    return { id: String(id), secret: String(secret), keyId: String(keyId) };
  };
  const look = async (key: string, address?: string): Promise<string> =>
    outcomeOf(await platform.call("look", { key, body: {}, ...(address === undefined ? {} : { address }) }));

  test("a key calls in its environment as its app, with the app's roles", async () => {
    const app = await newApp();
    const { secret } = await newKey(app);
    expect(dataOf(await platform.call("look", { key: secret, body: {} }))).toEqual({ environment: "sandbox", user: null, app });
    expect(outcomeOf(await platform.call("books.create", { key: secret, body: { title: "Emma" } }))).toBe("403 forbidden");
  });

  test("SECURITY 1: a secret is shown once; database, directory and journal hold none", async () => {
    const app = await newApp();
    const made = [await newKey(app), await newKey(app, { kind: "secret" }), await newKey(app, { kind: "hmac" })];
    const answer = dataOf(await createKey(app));
    for (const hidden of ["hash", "tenant", "owner", "dueAt"]) expect(answer).not.toHaveProperty(hidden);
    for (const { id, secret } of made) {
      const shown = JSON.stringify(dataOf(await platform.call("keys.get", { by: ada, id })));
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain("hash");
    }
    for (const table of [
      "platform_keys",
      "platform_apps",
      "pons_directory",
      "pons_journal",
      "platform_mails",
      "platform_notifications",
    ]) {
      const rows = JSON.stringify(await platform.sql(`SELECT * FROM ${table}`), (_, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      );
      for (const { secret } of made) expect([table, rows.includes(secret)]).toEqual([table, false]);
    }
    // Its beginning and end tell keys apart.
    const [{ hint }] = (await platform.sql("SELECT hint FROM platform_keys WHERE id = $1", [made[0]?.id ?? ""])) as [
      { hint: string },
    ];
    expect(hint.length).toBeLessThan(32);
  });

  test("SECURITY 1: an answer that is given again has no secret, and none is kept for it", async () => {
    const app = await newApp();
    const ask = () =>
      platform.call("apps.createKey", {
        by: ada,
        id: app,
        body: { name: "k", environment: "sandbox" },
        idempotencyKey: `again ${app}`,
      });
    const [first, again] = [await ask(), await ask()];
    expect(again.ok && again.replayed).toBe(true);
    expect(dataOf(again)).toEqual({ ...dataOf(first), secret: null });
    const log = () =>
      platform.call("logIn", { body: { email: ada.email, password: platform.password }, idempotencyKey: `log in ${app}` });
    const [begun, repeated] = [await log(), await log()];
    expect(begun.ok && typeof begun.session?.token).toBe("string");
    expect(repeated.ok && repeated.session).toBeUndefined();
    const kept = JSON.stringify(await platform.sql("SELECT reply FROM pons_idempotency"));
    const secrets = [dataOf(first)["secret"], dataOf(begun)["csrfToken"], begun.ok ? begun.session?.token : ""];
    expect(secrets.filter((secret) => kept.includes(String(secret)))).toEqual([]);
  });

  test("SECURITY 2: keys are long, random, and recognised by their form", async () => {
    const app = await newApp();
    const secrets = new Set<string>();
    for (let made = 0; made < 20; made++) secrets.add((await newKey(app)).secret);
    expect(secrets.size).toBe(20);
    // 32 characters of 62: 190 bits.
    for (const secret of secrets) expect(secret).toMatch(/^pons_sandbox_[0-9A-Za-z]{38}$/);
    const one = [...secrets][0] ?? "";
    expect(await look(`${one.slice(0, -1)}${one.endsWith("0") ? "1" : "0"}`)).toBe("401 invalid_credentials");
    expect((await newKey(app, { kind: "secret" })).secret).toMatch(/^[\w-]{43}$/);
  });

  describe("SECURITY 4: a key is replaced without a gap", () => {
    test("both count during the overlap, the former one not a moment longer; no call fails meanwhile", async () => {
      const app = await newApp();
      const old = await newKey(app);
      const outcomes: string[] = [];
      let isRotated = false;
      const calling = (async () => {
        // Calls by a known key wait for nothing: without a pause nothing else would have its turn.
        for (; !isRotated; await Bun.sleep(1)) outcomes.push(await look(old.secret));
      })();
      const rotated = dataOf(await platform.call("keys.rotate", { by: ada, id: old.id, body: { overlapSeconds: 600 } }));
      isRotated = true;
      await calling;
      const fresh = String(rotated["secret"]);
      for (let called = 0; called < 10; called++) outcomes.push(await look(old.secret), await look(fresh));
      expect(new Set(outcomes)).toEqual(new Set(["200"]));
      expect(dataOf(await platform.call("keys.get", { by: ada, id: old.id }))).toMatchObject({
        status: "active",
        replacedBy: rotated["id"],
      });
      platform.pass(601);
      expect(await look(old.secret)).toBe("401 invalid_credentials");
      expect(await look(fresh)).toBe("200");
      ada = await platform.again(ada);
      expect(dataOf(await platform.call("keys.get", { by: ada, id: old.id }))).toMatchObject({ status: "expired" });
    });

    test("without an overlap the former one ends at once; it is replaced once", async () => {
      const app = await newApp();
      const old = await newKey(app);
      const fresh = String(
        dataOf(await platform.call("keys.rotate", { by: ada, id: old.id, body: { overlapSeconds: 0 } }))["secret"],
      );
      expect([await look(old.secret), await look(fresh)]).toEqual(["401 invalid_credentials", "200"]);
      expect(outcomeOf(await platform.call("keys.rotate", { by: ada, id: old.id, body: {} }))).toBe("409 key_not_active");
    });

    test("the overlap is thirty days at most", async () => {
      const { id } = await newKey(await newApp());
      expect(outcomeOf(await platform.call("keys.rotate", { by: ada, id, body: { overlapSeconds: 30 * 86_400 + 1 } }))).toBe(
        "422 validation_failed",
      );
    });

    test("of a Basic secret and of a signing key too", async () => {
      const app = await newApp();
      for (const kind of ["secret", "hmac"]) {
        const old = await newKey(app, { kind });
        const fresh = dataOf(await platform.call("keys.rotate", { by: ada, id: old.id, body: { overlapSeconds: 60 } }));
        const [{ secrets, signers }] = (await platform.sql("SELECT secrets, signers FROM platform_apps WHERE id = $1", [
          app,
        ])) as [Data];
        const text = JSON.stringify([secrets, signers]);
        expect([kind, text.includes(old.id), text.includes(String(fresh["id"]))]).toEqual([kind, true, true]);
      }
    });
  });

  describe("SECURITY 5: what ends, ends at once", () => {
    test("a revoked key", async () => {
      const { id, secret } = await newKey(await newApp());
      expect(await look(secret)).toBe("200");
      expect(outcomeOf(await platform.call("keys.revoke", { by: ada, id, body: {} }))).toBe("200");
      expect(await look(secret)).toBe("401 invalid_credentials");
      expect(outcomeOf(await platform.call("keys.revoke", { by: ada, id, body: {} }))).toBe("409 key_not_active");
    });

    test("a key whose time is over", async () => {
      const expiresAt = new Date(platform.now() + 60_000).toISOString();
      const { secret } = await newKey(await newApp(), { expiresAt });
      expect(await look(secret)).toBe("200");
      platform.pass(61);
      expect(await look(secret)).toBe("401 invalid_credentials");
    });

    test("keys of an app that is suspended, until it goes on; of one that is closed, for good", async () => {
      ada = await platform.again(ada);
      const app = await newApp();
      const { secret } = await newKey(app);
      const change = (name: string, body: Data = {}) => platform.call(`apps.${name}`, { by: admin, id: app, body });
      expect(outcomeOf(await change("suspend", { reason: "Unusual calls" }))).toBe("200");
      expect(await look(secret)).toBe("401 invalid_credentials");
      expect(outcomeOf(await change("activate"))).toBe("200");
      expect(await look(secret)).toBe("200");
      expect(outcomeOf(await platform.call("apps.close", { by: ada, id: app, body: {} }))).toBe("200");
      expect(await look(secret)).toBe("401 invalid_credentials");
      expect(outcomeOf(await createKey(app))).toBe("409 app_closed");
    });

    test("keys of an app whose owner is suspended", async () => {
      const eve = await platform.person("eve@example.com", ["platform:developer"]);
      const app = await newApp(eve);
      const secret = String(dataOf(await createKey(app, {}, eve))["secret"]);
      expect(await look(secret)).toBe("200");
      expect(outcomeOf(await platform.call("users.suspend", { by: admin, id: eve.user, body: {} }))).toBe("200");
      expect(await look(secret)).toBe("401 invalid_credentials");
    });

    test("a role that was taken back", async () => {
      const app = await newApp();
      const { secret } = await newKey(app);
      expect(await look(secret)).toBe("200");
      const grants = dataOf(
        await platform.call("roleGrants.list", {
          by: admin,
          query: { filters: [{ path: "app", op: "eq", values: [app], as: "app" }] },
        }),
      ) as unknown as Data[];
      expect(outcomeOf(await platform.call("roleGrants.revoke", { by: admin, id: String(grants[0]?.["id"]), body: {} }))).toBe(
        "200",
      );
      expect(await look(secret)).toBe("403 forbidden");
    });
  });

  test("a key is limited to addresses, operations and scopes", async () => {
    const app = await newApp();
    const { secret } = await newKey(app, { ips: ["192.0.2.0/24", "2001:db8::/32"] });
    expect([await look(secret), await look(secret, "2001:db8::7"), await look(secret, "203.0.113.1")]).toEqual([
      "200",
      "200",
      "403 address_not_allowed",
    ]);
    expect(await look((await newKey(app, { operations: ["shelf.books.*"] })).secret)).toBe("403 forbidden");
    expect(await look((await newKey(app, { operations: ["shelf.*"] })).secret)).toBe("200");
    expect(await look((await newKey(app, { scopes: ["shelf.books"] })).secret)).toBe("403 scope_required");
    for (const network of ["192.0.2.0/33", "300.1.1.1", "10.0.0.0/08", "example.com", "2001:db8::/129", "1.2.3.4/24/24"])
      expect([network, outcomeOf(await createKey(app, { ips: [network] }))]).toEqual([network, "422 network_invalid"]);
    expect(outcomeOf(await createKey(app, { kind: "hmac", ips: ["192.0.2.1"] }))).toBe("422 key_limits_misplaced");
  });

  test("SECURITY 12: a key for real data is made by a person who has lately shown a second factor; the owner is told", async () => {
    const person = await platform.person("live@example.com", ["platform:developer"]);
    const app = await newApp(person);
    expect(outcomeOf(await createKey(app, { environment: "live" }, person))).toBe("403 step_up_required");
    await platform.enrol(person);
    expect(outcomeOf(await createKey(app, { environment: "live" }, person))).toBe("201");
    await platform.mail("live@example.com", "keyMade");
    platform.pass(601);
    expect(outcomeOf(await createKey(app, { environment: "live" }, person))).toBe("403 step_up_required");
    expect(outcomeOf(await createKey(app, {}, person))).toBe("201");
    await platform.call("stepUp", { by: person, body: { totp: platform.codeFor(person.email) } });
    expect(outcomeOf(await createKey(app, { environment: "live" }, person))).toBe("201");
  });

  describe("other kinds", () => {
    test("Basic: the app and a secret, in each environment", async () => {
      const app = await newApp();
      const { secret, keyId } = await newKey(app, { kind: "secret" });
      expect(keyId).toBe(`${app}/sandbox`);
      const basic = (given: string): Credentials => ({ kind: "basic", id: keyId, secret: given });
      expect(dataOf(await platform.call("look", { credentials: basic(secret), body: {} }))).toMatchObject({
        app,
        environment: "sandbox",
      });
      expect(outcomeOf(await platform.call("look", { credentials: basic(`${secret}x`), body: {} }))).toBe(
        "401 invalid_credentials",
      );
    });

    test("signing keys: the secret that is shown is the one that signatures are checked with; a public key is taken as it is given", async () => {
      const app = await newApp();
      const { secret } = await newKey(app, { kind: "hmac" });
      const { publicKey } = generateKeyPairSync("ed25519");
      const pem = publicKey.export({ format: "pem", type: "spki" });
      expect(dataOf(await createKey(app, { kind: "ed25519", publicKey: pem }))["secret"]).toBeNull();
      const signers: readonly { readonly key: SigningKey }[] = await platform.app.identity.signersOf(`${app}/sandbox`);
      const held = signers.map(({ key }) =>
        key.algorithm === "hmac-sha256" ? new TextDecoder().decode(key.secret) : key.publicKey.toBase64(),
      );
      expect(held.toSorted()).toEqual([secret, publicKey.export({ format: "der", type: "spki" }).toString("base64")].toSorted());
      const { publicKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      for (const wrong of [null, "nonsense", rsa.export({ format: "pem", type: "spki" })])
        expect(outcomeOf(await createKey(app, { kind: "ed25519", publicKey: wrong }))).toBe("422 key_material_invalid");
    });

    test("certificates: recognised by their fingerprint, until they end", async () => {
      const app = await newApp();
      const nowMs = platform.now();
      const issued = new CertificateAuthority("clients").issue({
        name: "shop",
        usages: ["clientAuth"],
        fromMs: nowMs - 60_000,
        untilMs: nowMs + 60_000,
      });
      const made = dataOf(await createKey(app, { kind: "certificate", certificate: issued.cert }));
      expect(made).toMatchObject({ fingerprint: issued.fingerprint256, secret: null });
      expect(Date.parse(String(made["expiresAt"]))).toBe(Math.floor((nowMs + 60_000) / 1_000) * 1_000);
      const credentials = { kind: "certificate", fingerprint: issued.fingerprint256 } as const;
      expect(dataOf(await platform.call("look", { credentials, body: {} }))).toMatchObject({ app });
      // The same certificate is of one app only.
      expect(outcomeOf(await createKey(await newApp(), { kind: "certificate", certificate: issued.cert }))).toBe(
        "409 already_exists",
      );
      platform.pass(61);
      expect(outcomeOf(await platform.call("look", { credentials, body: {} }))).toBe("401 invalid_credentials");
      expect(outcomeOf(await createKey(app, { kind: "certificate", certificate: issued.cert }))).toBe("422 key_material_invalid");
      expect(outcomeOf(await createKey(app, { kind: "certificate", certificate: issued.key }))).toBe("422 key_material_invalid");
    });
  });

  test("an app has fifty keys at most, revoked ones aside", async () => {
    const app = await newApp();
    const made = await Promise.all(Array.from({ length: 50 }, () => createKey(app)));
    expect(made.every(({ ok }) => ok)).toBe(true);
    expect(outcomeOf(await createKey(app))).toBe("409 too_many_keys");
    expect(
      outcomeOf(await platform.call("keys.revoke", { by: ada, id: String(dataOf(made[0] as Result)["id"]), body: {} })),
    ).toBe("200");
    expect(outcomeOf(await createKey(app))).toBe("201");
  }, 30_000);

  test("developers see the own keys and no others", async () => {
    const { id } = await newKey(await newApp());
    const mallory = await platform.person("mallory@example.com", ["platform:developer"]);
    for (const operation of ["keys.get", "keys.revoke", "keys.rotate"])
      expect([operation, outcomeOf(await platform.call(operation, { by: mallory, id, body: {} }))]).toEqual([
        operation,
        "404 not_found",
      ]);
    expect(dataOf(await platform.call("keys.list", { by: mallory, query: {} }))).toEqual([] as never);
  });

  test("when a key was last used is noted", async () => {
    const { id } = await newKey(await newApp());
    const at = new Date(platform.now()).toISOString();
    expect(
      dataOf(
        await platform.system("keys.touch", {
          items: [
            { id, at },
            { id: "key_00000000000000000000000000", at },
          ],
        }),
      ),
    ).toEqual({ noted: 1 });
    expect(dataOf(await platform.call("keys.get", { by: ada, id }))["lastUsedAt"]).toBe(at);
  });
});
