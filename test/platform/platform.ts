/**
 * The control plane in service over a fresh database, with a small service beside it (`shelf`) that keys and sessions are tried on. Calls carry real
 * credentials and pass the whole pipeline.
 *
 *   await using platform = await openPlatform(await create());
 *   const ada = await platform.person("ada@example.com", ["platform:admin"]);
 *   await platform.call("communities.create", { by: ada, body: { … } });
 */
import { query, resource, service, t } from "pons";
import definition from "../../services/platform/index.ts";
import type { Contract } from "../../src/contract/index.ts";
import { createApp, type App, tablesOf } from "../../src/host/app.ts";
import type { Call, Credentials, Findings, Result } from "../../src/pipeline/call.ts";
import { csrfOf } from "../../src/pipeline/identity/session.ts";
import { totpCode, totpStep } from "../../src/pipeline/identity/totp.ts";
import { applyMigration, type OpenStore, openStore, planMigration } from "../../src/store/index.ts";
import { compiled } from "../core/compiled.ts";
import type { TestDatabase } from "../postgres/index.ts";

export type Data = Record<string, unknown>;

const books = resource(
  "books",
  { doc: "What stands on the shelf.", fields: { id: t.id("book"), title: t.string() } },
  ({ all }) => ({ rows: { reader: all, keeper: all }, access: { create: ["keeper"] } }),
);

/** A service of environments: readers look, keepers put books on it. */
export const shelf = service("shelf", {
  doc: "A shelf of books.",
  version: "v1",
  roles: { reader: "Looks.", keeper: "Puts books on it." },
  resources: [books],
  operations: {
    look: query({
      doc: "Tells who looks.",
      roles: ["reader", "keeper"],
      output: { environment: t.string(), user: t.string({ optional: true }), app: t.string({ optional: true }) },
      run: ({ principal: { environment, user, app } }) => ({ environment, user, app }),
    }),
  },
});

/** A browser, logged in. */
export interface Session {
  readonly user: string;
  readonly email: string;
  token: string;
}

export interface CallOptions {
  readonly id?: string;
  readonly body?: unknown;
  readonly query?: Call["input"]["query"];
  /** Whose session, which is renewed with what the answer brings. */
  readonly by?: Session | undefined;
  readonly key?: string;
  readonly credentials?: Credentials;
  readonly tenant?: string;
  readonly address?: string;
  readonly locale?: string;
  readonly findings?: Findings;
  readonly idempotencyKey?: string;
}

export interface Mail {
  readonly kind: string;
  readonly subject: string;
  readonly text: string;
}

export interface Platform extends AsyncDisposable {
  readonly app: App;
  readonly store: OpenStore;
  readonly contract: Contract;
  /** Of `call`, unless it says another. */
  readonly tenant: string;
  readonly password: string;
  /** Of everybody whom the harness makes: of the least cost, as a hash names its own. Hashes that the platform makes cost what they cost. */
  readonly passwordHash: string;
  call(operation: string, options?: CallOptions): Promise<Result>;
  /** As the installation itself, in a tenant. */
  system(operation: string, body: unknown, options?: { readonly id?: string; readonly tenant?: string }): Promise<Result>;
  /** Makes a tenant with an administrator, logged in. */
  addTenant(name: string): Promise<Session>;
  /** An account with these roles, logged in; staff has a second factor. */
  person(
    email: string,
    roles: readonly string[],
    options?: { readonly tenant?: string; readonly subject?: string },
  ): Promise<Session>;
  logIn(email: string, more?: Data, options?: CallOptions): Promise<Session>;
  /** Logs somebody in anew, with a second factor where there is one: the session is as after `stepUp`. */
  again(session: Session, options?: { readonly tenant?: string }): Promise<Session>;
  /** Enrols an authenticator app; codes come from `codeFor`. */
  enrol(session: Session): Promise<{ readonly recoveryCodes: readonly string[] }>;
  /** A code of the account's authenticator app that was not used yet: the clock is set on where it has to be. */
  codeFor(email: string): string;
  /** Mails to an address, oldest first. */
  mails(to: string): Promise<readonly Mail[]>;
  /** Waits for the next mail of a kind. */
  mail(to: string, kind: string): Promise<Mail>;
  /** A community that everyone may join, and whose portal is at `http://localhost:3000`. */
  community(by: Session, more?: Data): Promise<string>;
  sql(statement: string, values?: readonly (string | number | null)[]): Promise<readonly Data[]>;
  /** Sets the clock on, in seconds. */
  pass(seconds: number): void;
  now(): number;
}

export const dataOf = (result: Result): Data => {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
  return result.data as Data;
};

/** `"200"`, `"403 forbidden"`. */
export const outcomeOf = (result: Result): string =>
  result.ok ? String(result.status) : `${result.refusal.status} ${result.refusal.type}`;

const waitMsMax = 5_000;
const home = "acme";
const password = "correct horse battery staple";
const passwordHash = Bun.password.hashSync(password, { algorithm: "argon2id", memoryCost: 8, timeCost: 1 });

export const openPlatform = async (database: Pick<TestDatabase, "url" | "drop">): Promise<Platform> => {
  const store = await openStore(database.url);
  const services = [definition, shelf];
  const contracts = compiled(services);
  await applyMigration(store, await planMigration(store, tablesOf(contracts.values())), { destructive: false });
  const errors: unknown[] = [];
  let shiftMs = 0;
  let requests = 0;
  const now = (): number => Date.now() + shiftMs;
  const app = createApp({
    services,
    contracts,
    store,
    cursorSecret: "a secret for cursors, of tests only",
    clock: now,
    onError: (error) => void errors.push(error),
  });
  app.agenda.start(() => app.writer.wake());
  app.directory.start();
  const contract = app.contracts.get("platform");
  if (contract === undefined) throw new Error("no platform");

  const operationOf = (name: string) => {
    for (const { operations } of app.contracts.values()) {
      const operation = operations.get(name);
      if (operation !== undefined) return operation;
    }
    throw new Error(`there is no operation ${name}`);
  };

  const run = async (call: Call): Promise<Result> => {
    const result = await app.pipeline.run(call);
    if (!result.ok && result.refusal.status === 500) throw new Error(JSON.stringify(result.refusal), { cause: errors.at(-1) });
    return result;
  };

  const credentialsOf = ({ by, key, credentials }: CallOptions): Credentials => {
    if (credentials !== undefined) return credentials;
    if (key !== undefined) return { kind: "key", secret: key };
    return by === undefined ? { kind: "none" } : { kind: "session", token: by.token, csrf: csrfOf(by.token), isChange: true };
  };

  const call: Platform["call"] = async (name, options = {}) => {
    const { id, body, query: wanted, by, tenant, address = "192.0.2.1", locale = "en", findings, idempotencyKey } = options;
    const credentials = credentialsOf(options);
    const result = await run({
      operation: operationOf(name),
      input: {
        ...(id === undefined ? {} : { id }),
        ...(body === undefined ? {} : { body }),
        ...(wanted === undefined ? {} : { query: wanted }),
      },
      credentials,
      locale,
      requestId: `test-${++requests}`,
      channel: "test",
      peer: { address },
      ...(credentials.kind === "none" ? { tenant: tenant ?? home } : tenant === undefined ? {} : { tenant }),
      ...(findings === undefined ? {} : { findings }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
    if (by !== undefined && result.ok && typeof result.session?.token === "string") by.token = result.session.token;
    return result;
  };

  const system: Platform["system"] = async (name, body, { id, tenant = home } = {}) =>
    run({
      operation: operationOf(name),
      input: { ...(id === undefined ? {} : { id }), body },
      credentials: { kind: "none" },
      principal: await app.identity.systemCaller(tenant, "tenant"),
      locale: "en",
      requestId: `test-${++requests}`,
      channel: "test",
    });

  const sql: Platform["sql"] = async (statement, values = []) => store.admin.query(statement, [...values]);

  const apps = new Map<string, { readonly key: Uint8Array; step: number }>();

  const codeFor: Platform["codeFor"] = (email) => {
    const held = apps.get(email);
    if (held === undefined) throw new Error(`${email} has no authenticator app`);
    // Each code counts once: the next step is the soonest that does.
    if (totpStep(now()) <= held.step) shiftMs += (held.step + 1 - totpStep(now())) * 30_000;
    held.step = totpStep(now());
    return totpCode(held.key, held.step);
  };

  const enrol: Platform["enrol"] = async (session) => {
    const begun = dataOf(await call("enrolTotp", { by: session, body: { password } }));
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const bits = [...String(begun["secret"])].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
    const key = Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
    apps.set(session.email, { key, step: 0 });
    const done = dataOf(await call("confirmTotp", { by: session, body: { code: codeFor(session.email) } }));
    return { recoveryCodes: done["recoveryCodes"] as string[] };
  };

  const logIn: Platform["logIn"] = async (email, more = {}, options = {}) => {
    const result = await call("logIn", { ...options, body: { email, password, ...more } });
    const data = dataOf(result);
    const token = result.ok ? result.session?.token : undefined;
    if (typeof token !== "string") throw new Error("no session has begun");
    return { user: String((data["user"] as Data)["id"]), email, token };
  };

  const again: Platform["again"] = (session, options = {}) =>
    logIn(session.email, apps.has(session.email) ? { totp: codeFor(session.email) } : {}, options);

  const person: Platform["person"] = async (email, roles, { tenant = home, subject } = {}) => {
    const { user } = dataOf(
      await system("provisionUser", { email, name: email.split("@")[0], password, roles, subject }, { tenant }),
    );
    await sql("UPDATE platform_users SET password_hash = $1 WHERE id = $2", [passwordHash, String(user)]);
    const session = await logIn(email, {}, { tenant });
    if (dataOf(await call("sessionInfo", { by: session }))["mustEnrol"] === true) await enrol(session);
    return session;
  };

  const mails: Platform["mails"] = async (to) =>
    (await sql('SELECT "kind", "subject", "text" FROM platform_mails WHERE "to" = $1 ORDER BY created_at, id', [
      to,
    ])) as unknown as Mail[];

  const seen = new Map<string, number>();
  const mail: Platform["mail"] = async (to, kind) => {
    const until = performance.now() + waitMsMax;
    const from = seen.get(to) ?? 0;
    for (;;) {
      const all = await mails(to);
      const at = all.findIndex((one, position) => position >= from && one.kind === kind);
      const found = all[at];
      if (found !== undefined) {
        seen.set(to, at + 1);
        return found;
      }
      if (performance.now() > until) throw new Error(`no mail ${kind} to ${to}: ${JSON.stringify(all.map((one) => one.kind))}`);
      await Bun.sleep(10);
    }
  };

  const addTenant: Platform["addTenant"] = async (name) => {
    const contact = `admin@${name}.example`;
    dataOf(await system("tenants.add", { name, title: `The ${name}`, contact }, { tenant: "pons" }));
    return person(contact, ["platform:admin"], { tenant: name });
  };

  dataOf(await system("tenants.add", { name: "pons", title: "Pons", contact: "ops@pons.example" }, { tenant: "pons" }));
  dataOf(await system("tenants.add", { name: home, title: "Acme", contact: "admin@acme.example" }, { tenant: "pons" }));

  return {
    app,
    store,
    contract,
    tenant: home,
    password,
    passwordHash,
    call,
    system,
    addTenant,
    person,
    logIn,
    again,
    enrol,
    codeFor,
    mails,
    mail,
    community: async (by, more = {}) =>
      String(
        dataOf(
          await call("communities.create", {
            by,
            body: { name: "developers", title: "Acme Developers", joining: "open", origin: "http://localhost:3000", ...more },
          }),
        )["id"],
      ),
    sql,
    pass: (seconds) => {
      shiftMs += seconds * 1_000;
    },
    now,
    [Symbol.asyncDispose]: async () => {
      app.agenda.stop();
      app.directory.stop();
      await app.writer.drained();
      await app.audit.stop();
      await store.close();
      await database.drop();
    },
  };
};
