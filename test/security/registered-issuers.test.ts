/** Issuers as tenants register them in the directory, on both databases: from the entry to whom a token stands for. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Directory } from "../../src/pipeline/identity/directory.ts";
import { type ChangedEntry, directoryTable } from "../../src/pipeline/identity/directory-tables.ts";
import type { IssuerEntry } from "../../src/pipeline/identity/entries.ts";
import { installationRealm } from "../../src/pipeline/identity/realm.ts";
import { registeredIssuers, TokenVerifier } from "../../src/pipeline/identity/token/index.ts";
import { applyMigration, type OpenStore, openStore, planMigration, realmOf } from "../../src/store/index.ts";
import { forEachEngine } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { TestIssuer, TestKey } from "./token-maker.ts";

const issuer = new TestIssuer("https://login.example.com/", [new TestKey("RS256")]);
const entry: IssuerEntry = {
  audience: "https://api.example.com",
  jwksUri: "https://login.example.com/keys",
  environment: "live",
  app: "app_spa",
  claims: { subject: "customer", roles: "groups", scopes: null },
  roles: { Tellers: ["bank:teller"] },
};

forEachEngine((engine) => {
  let database: TestDatabase;
  let store: OpenStore;
  let directory: Directory;
  let verifier: TokenVerifier;

  beforeAll(async () => {
    database = await engine.create();
    store = await openStore(database.url);
    await applyMigration(store, await planMigration(store, [directoryTable]), { destructive: false });
    directory = new Directory(store);
    verifier = new TokenVerifier({
      issuersOf: registeredIssuers({ directory, placeOf: (realm) => store.realms.at(realm) }),
      fetch: () => Promise.resolve(Response.json(issuer.jwks)),
    });
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  /** Publishes the entry in place of the one before, or removes it. */
  const publish = async (value: IssuerEntry | undefined, owner: number): Promise<void> => {
    const key = { realm: installationRealm, key: ["issuer", issuer.issuer] };
    const row = { kind: "issuer", name: issuer.issuer, owner, value: { ...value } };
    await store.write(async (tx) => {
      const [held] = await tx.load(directoryTable, [key]);
      await tx.apply([
        { table: directoryTable, inserts: [], updates: [], deletes: held === undefined ? [] : [key] },
        {
          table: directoryTable,
          inserts: value === undefined ? [] : [{ realm: installationRealm, row }],
          updates: [],
          deletes: [],
        },
      ]);
    });
    const changed: ChangedEntry = { kind: "issuer", name: issuer.issuer, owner };
    directory.notice([changed]);
  };

  test("an issuer counts from its registration on, as it is registered, until it is removed", async () => {
    const token = issuer.token(
      { aud: entry.audience, customer: "cus_1", groups: ["Tellers", "Domain Admins"], tenant: "other" },
      { typ: "JWT" },
    );
    const found = await realmOf(store, "acme", "live");
    expect(await verifier.verify(token)).toEqual({ ok: false, fault: "issuer" });
    await publish(entry, found);
    const identity = {
      tenant: "acme",
      environment: "live",
      app: "app_spa",
      user: null,
      subject: "cus_1",
      roles: ["bank:teller"],
      scopes: null,
      grant: null,
    };
    expect(await verifier.verify(token)).toMatchObject(identity);
    // Known now: nothing is waited for.
    expect(await verifier.verify(token)).toMatchObject(identity);
    expect(verifier.remembered).toBe(1);
    await publish({ ...entry, environment: "sandbox", roles: {} }, found);
    expect(await verifier.verify(token)).toMatchObject({ environment: "sandbox", roles: [] });
    await publish({ ...entry, audience: "https://other.example.com" }, found);
    expect(await verifier.verify(token)).toEqual({ ok: false, fault: "audience" });
    await publish(undefined, found);
    expect(await verifier.verify(token)).toEqual({ ok: false, fault: "issuer" });
  });
});
