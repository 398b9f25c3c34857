/**
 * The shop for apps that sign: nodes with a listener each over one database, two tenants, and apps with the keys of the directory.
 *
 *   await using shop = await openSignedShop(await create());
 *   const node = await shop.start();
 *   const signer = await createSigner({ keyId: shop.apps.ann.keyId, secret: shop.apps.ann.secret });
 *   await node.send(await signer.sign(node.request("GET", "/products")))
 */
import { generateKeyPairSync } from "node:crypto";
import { createRest, type RestOptions } from "../../src/channels/rest/index.ts";
import { createApp, tablesOf } from "../../src/host/app.ts";
import type { AppEntry, SignerEntry } from "../../src/pipeline/identity/entries.ts";
import { directoryTable } from "../../src/pipeline/identity/directory-tables.ts";
import { installationRealm, tenantEnvironment } from "../../src/pipeline/identity/realm.ts";
import { Secrets, signingLabel } from "../../src/pipeline/identity/secrets.ts";
import { applyMigration, openStore, planMigration, realmOf } from "../../src/store/index.ts";
import definition from "../fixtures/shop.ts";
import { compiled } from "../core/compiled.ts";
import type { TestDatabase } from "../postgres/index.ts";

const installationSecret = "a secret of the installation, of tests only";
const environment = "sandbox";

/** An app that signs: `anna/sandbox`, with a secret and an Ed25519 key. */
export interface SigningApp {
  readonly keyId: string;
  readonly secret: string;
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Of the app whose only key is Ed25519. */
  readonly ed25519KeyId: string;
}

export interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Node extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  /** A request to an address below /shop/v2; an object is sent as JSON. */
  request(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Request;
  send(request: Request): Promise<Heard>;
}

export interface SignedShop extends AsyncDisposable {
  readonly apps: Readonly<Record<"ann" | "ben", SigningApp>>;
  /** What was thrown on the nodes. */
  readonly failures: unknown[];
  shiftClock(byMs: number): void;
  start(rest?: Partial<RestOptions>): Promise<Node>;
}

const heardOf = async (response: Response): Promise<Heard> => {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, headers: response.headers, text, body };
};

const entryOf = (name: string, signers: readonly SignerEntry[]): AppEntry => ({
  name,
  owner: null,
  status: "active",
  subscriptions: [],
  signers,
  secrets: [],
  roles: ["clerk"],
  redirectUris: [],
  grantTypes: [],
  scopes: null,
  isConfidential: true,
});

export const openSignedShop = async (database: TestDatabase): Promise<SignedShop> => {
  const services = [definition];
  const first = await openStore(database.url);
  await applyMigration(first, await planMigration(first, tablesOf(compiled(services).values())), { destructive: false });
  const secrets = new Secrets(installationSecret);
  const failures: unknown[] = [];
  let shiftMs = 0;
  const clock = (): number => Date.now() + shiftMs;
  let requests = 0;

  const register = async (tenant: string, name: string): Promise<SigningApp> => {
    await realmOf(first, tenant, environment);
    const owner = await realmOf(first, tenant, tenantEnvironment);
    const pair = generateKeyPairSync("ed25519");
    const publicKey = pair.publicKey.export({ type: "spki", format: "der" });
    const shared = { environment, expiresAt: null };
    const hmac: SignerEntry = { ...shared, id: `key_${name}`, algorithm: "hmac-sha256", publicKey: null };
    const ed25519: SignerEntry = {
      ...shared,
      id: `key_${name}_ed`,
      algorithm: "ed25519",
      publicKey: publicKey.toString("base64"),
    };
    const rows = [
      { kind: "app", name: `app_${name}`, owner, value: { ...entryOf(name, [hmac]) } },
      { kind: "app", name: `app_${name}_ed`, owner, value: { ...entryOf(name, [ed25519]) } },
    ];
    const inserts = rows.map((row) => ({ realm: installationRealm, row }));
    await first.write((tx) => tx.apply([{ table: directoryTable, inserts: inserts as never, updates: [], deletes: [] }]));
    return {
      keyId: `app_${name}/${environment}`,
      secret: secrets.text(signingLabel(hmac.id)),
      privateKey: new Uint8Array(pair.privateKey.export({ type: "pkcs8", format: "der" })),
      publicKey: new Uint8Array(publicKey),
      ed25519KeyId: `app_${name}_ed/${environment}`,
    };
  };
  const apps = { ann: await register("anna", "ann"), ben: await register("bens", "ben") };
  await first.close();

  const start = async (rest: Partial<RestOptions> = {}): Promise<Node> => {
    const store = await openStore(database.url);
    const app = createApp({
      services,
      contracts: compiled(services),
      store,
      cursorSecret: installationSecret,
      clock,
      onError: (error) => void failures.push(error),
    });
    const channel = createRest({
      contracts: [...app.contracts.values()],
      pipeline: app.pipeline,
      now: clock,
      signingKeys: async (keyId) => (await app.identity.signersOf(keyId)).map(({ key }) => key),
      hooks: { onError: (error) => void failures.push(error) },
      ...rest,
    });
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      development: false,
      // Each from an address of its own: what an address guesses wrong is counted, and that is not what is tested here.
      fetch: (request) => channel.handle(request, { address: `2001:db8::${(requests++ % 0xffff).toString(16)}` }),
    });
    const port = server.port ?? 0;
    const origin = `http://127.0.0.1:${port}`;
    return {
      origin,
      port,
      request: (method, path, body, headers = {}) => {
        const sent = new Headers(headers);
        const isText = typeof body === "string" || body instanceof Uint8Array || body === undefined;
        if (body !== undefined && !sent.has("content-type")) sent.set("content-type", "application/json");
        const content = isText ? body : JSON.stringify(body);
        return new Request(`${origin}/shop/v2${path}`, {
          method,
          headers: sent,
          ...(content === undefined ? {} : { body: content as string }),
        });
      },
      send: async (request) => heardOf(await fetch(request)),
      [Symbol.asyncDispose]: async () => {
        await server.stop(true);
        await app.writer.drained();
        await app.audit.stop();
        await store.close();
      },
    };
  };
  return {
    apps,
    failures,
    shiftClock: (byMs) => {
      shiftMs = byMs;
    },
    start,
    [Symbol.asyncDispose]: () => database.drop(),
  };
};
