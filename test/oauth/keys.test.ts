/** Signing keys: how they are kept, and how they are replaced while tokens are out. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SigningKeys } from "../../src/oauth/signing-keys.ts";
import { oauthTables } from "../../src/oauth/tables.ts";
import { applyMigration, type OpenStore, openStore, planMigration } from "../../src/store/index.ts";
import { forEachEngine } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { type Authority, dumpOf, openAuthority, secret } from "./authority.ts";
import { headerOf, isActive, tokensFor } from "./flow.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

forEachEngine((engine) => {
  let database: TestDatabase;
  let store: OpenStore;
  let nowMs = Date.UTC(2026, 0, 1);
  const keysOf = (more: { readonly secret?: string; readonly onError?: (error: unknown) => void } = {}) =>
    new SigningKeys(store, { secret, clock: () => nowMs, rotateMs: 30 * day, publishMs: hour, tokenMsMax: 11 * minute, ...more });
  beforeAll(async () => {
    database = await engine.create();
    store = await openStore(database.url);
    await applyMigration(store, await planMigration(store, oauthTables), { destructive: false });
  }, minute);
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  const kids = (keys: SigningKeys) => keys.published().map(({ kid }) => kid);
  const current = (keys: SigningKeys) => [keys.current("EdDSA").kid, keys.current("ES256").kid];

  describe("replaced by age", () => {
    test("nodes that start together have one generation of two keys", async () => {
      const [one, two] = [keysOf(), keysOf()];
      await Promise.all([one.refresh(), two.refresh()]);
      await Promise.all([one.refresh(), two.refresh()]);
      expect(kids(one)).toHaveLength(2);
      expect(kids(two)).toEqual(kids(one));
      expect(current(two)).toEqual(current(one));
      expect(one.current("EdDSA").publicJwk).toMatchObject({ kty: "OKP", crv: "Ed25519" });
      expect(one.current("ES256").publicJwk).toMatchObject({ kty: "EC", crv: "P-256" });
    });

    test("a new one is published before it is used; the old one stays until its tokens have expired", async () => {
      const keys = keysOf();
      await keys.refresh();
      const old = current(keys);
      nowMs += 30 * day;
      await keys.refresh();
      expect(kids(keys)).toHaveLength(4);
      expect(current(keys)).toEqual(old);
      // Another node reads the same, and does not make a third.
      const other = keysOf();
      await other.refresh();
      expect(kids(other)).toEqual(kids(keys));
      nowMs += hour;
      const next = current(keys);
      expect(next).not.toEqual(old);
      expect(current(other)).toEqual(next);
      expect(keys.byKid(old[0] ?? "")?.kid).toBe(old[0] ?? "");
      nowMs += 11 * minute;
      expect(keys.byKid(old[0] ?? "")).toBeUndefined();
      expect(kids(keys).toSorted()).toEqual(next.toSorted());
    });

    test("by call: once, however often it is called while the new one waits", async () => {
      const keys = keysOf();
      await keys.refresh();
      await keys.rotate();
      await keys.rotate();
      expect(kids(keys)).toHaveLength(4);
      nowMs += 2 * hour;
      await keys.rotate();
      // The rows of what has expired go with the next rotation.
      const rows = await store.admin.query("SELECT kid FROM pons_oidc_keys");
      expect(rows).toHaveLength(4);
    });

    test("in the wrong hands: the new one is used at once, and the old ones are worth nothing", async () => {
      const keys = keysOf();
      await keys.refresh();
      const old = kids(keys);
      await keys.rotate({ compromised: true });
      expect(old.map((kid) => keys.byKid(kid))).toEqual(old.map(() => undefined));
      expect(kids(keys)).toHaveLength(2);
      expect(old).not.toContain(current(keys)[0] ?? "");
    });
  });

  describe("at rest", () => {
    test("nothing of a private key can be read in the database", async () => {
      const keys = keysOf();
      await keys.refresh();
      const dump = dumpOf(await store.admin.query("SELECT * FROM pons_oidc_keys"));
      for (const { privateJwk, publicJwk } of keys.published()) {
        expect(dump).toContain(publicJwk.x ?? "no x");
        expect(dump).not.toContain(privateJwk.d ?? "");
      }
    });

    test("with another secret they cannot be opened: it is told, and new ones are made", async () => {
      const errors: unknown[] = [];
      const keys = keysOf({ secret: "another secret than the one before", onError: (error) => void errors.push(error) });
      await keys.refresh();
      await keys.refresh();
      expect(kids(keys)).toHaveLength(2);
      const first = keysOf();
      await first.refresh();
      expect(kids(first)).not.toContain(current(keys)[0] ?? "");
      expect(errors.length).toBeGreaterThan(0);
      expect(new Set(errors.map(String)).size).toBe(errors.length);
    });

    test("a sealed key opens in its own row only", async () => {
      const [one, two] = await store.admin.query("SELECT kid, sealed_key FROM pons_oidc_keys ORDER BY generation DESC, alg");
      await store.admin.query("UPDATE pons_oidc_keys SET sealed_key = $1 WHERE kid = $2", [
        one?.["sealed_key"],
        two?.["kid"],
      ] as string[]);
      const errors: unknown[] = [];
      const keys = keysOf({ secret: "another secret than the one before", onError: (error) => void errors.push(error) });
      await keys.refresh();
      expect(errors.map(String).join()).toContain(String(two?.["kid"]));
    });
  });

  describe("while the server runs", () => {
    let authority: Authority;
    beforeAll(async () => (authority = await openAuthority(await engine.create(), { publishMs: 4_000, refreshMs: 50 })), minute);
    afterAll(() => authority[Symbol.asyncDispose]());
    const published = async (): Promise<readonly unknown[]> => {
      const answer = (await (await fetch(`${authority.issuer}/oauth/jwks`)).json()) as {
        readonly keys: readonly { kid: string }[];
      };
      return answer.keys.map(({ kid }) => kid);
    };

    test("a rotation is no event for those that hold tokens", async () => {
      const before = await tokensFor(authority);
      await authority.oauth.rotateKeys();
      expect(await published()).toHaveLength(4);
      expect(headerOf((await tokensFor(authority)).access)["kid"]).toBe(headerOf(before.access)["kid"]);
      let after = before;
      for (const began = performance.now(); headerOf(after.access)["kid"] === headerOf(before.access)["kid"];) {
        if (performance.now() - began > 20_000) throw new Error("the new key is not used");
        await Bun.sleep(250);
        after = await tokensFor(authority);
      }
      expect(headerOf(after.id)["kid"]).not.toBe(headerOf(before.id)["kid"]);
      expect([await isActive(authority, before.access), await isActive(authority, after.access)]).toEqual([true, true]);
      expect(await published()).toEqual(expect.arrayContaining([headerOf(before.access)["kid"], headerOf(after.id)["kid"]]));
    }, 30_000);

    test("keys in the wrong hands end at once", async () => {
      const before = await tokensFor(authority);
      await authority.oauth.rotateKeys({ compromised: true });
      expect(await isActive(authority, before.access)).toBe(false);
      expect(await published()).not.toContain(headerOf(before.access)["kid"]);
      expect(await isActive(authority, (await tokensFor(authority)).access)).toBe(true);
    });
  });
});
