/**
 * The authorization server on a port of its own, over a fresh database, with apps and people of two tenants that are kept in maps.
 *
 *   await using authority = await openAuthority(await engine.create());
 *   const browser = authority.browser();
 *   const answer = await browser.allow(authorizationUrl, "ada@example.com");   // logs in and consents
 */
import { applyMigration, type OpenStore, openStore, planMigration } from "../../src/store/index.ts";
import {
  createOAuth,
  type OAuth,
  type OAuthAccount,
  type OAuthClient,
  type OAuthEvent,
  type OAuthOptions,
  oauthTables,
} from "../../src/oauth/index.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { Browser, password } from "./browser.ts";

export const secret = "an installation's secret, of tests only";
export const clientSecret = "s3cret-of-the-backend-app-0123456789";
export const redirectUri = "https://app.example/callback";
export const address = "192.0.2.7";

const sha256 = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");

type Changes<T> = { -readonly [Name in keyof T]: T[Name] };

const clientOf = (id: string, more: Partial<OAuthClient> = {}): Changes<OAuthClient> => ({
  id,
  tenant: "acme",
  environment: "live",
  name: "Acme Books",
  redirectUris: [redirectUri],
  postLogoutRedirectUris: ["https://app.example/bye"],
  grantTypes: ["authorization_code", "refresh_token"],
  scopes: ["accounts:read", "transfers:write"],
  roles: ["clerk"],
  isConfidential: true,
  isActive: true,
  secretCheck: (given) => sha256(given) === sha256(clientSecret),
  ...more,
});

const accountOf = (email: string, more: Partial<OAuthAccount> = {}): Changes<OAuthAccount> => ({
  tenant: "acme",
  email,
  emailVerified: true,
  name: "Ada Lovelace",
  roles: ["customer"],
  subject: "cus_1",
  isActive: true,
  ...more,
});

/** Apps and people, which tests may change while the server runs. */
export class Directory {
  readonly clients = new Map<string, Changes<OAuthClient>>();
  readonly accounts = new Map<string, Changes<OAuthAccount>>();
  /** Attempts to log in, as they came in. */
  readonly attempts: { readonly email: string; readonly address: string; readonly totp?: string }[] = [];
  /** The account of whoever carries the portal's cookie. */
  portal: string | undefined;
  isThrottled = false;

  constructor() {
    for (const client of [
      clientOf("backend", { grantTypes: ["authorization_code", "refresh_token", "client_credentials"] }),
      clientOf("browser", { isConfidential: false, name: "Acme <b>Web</b>" }),
      clientOf("phone", { isConfidential: false, redirectUris: ["com.example.acme:/done"] }),
      clientOf("gateway", { grantTypes: ["client_credentials"], redirectUris: [] }),
      clientOf("foreign", { tenant: "globex", grantTypes: ["authorization_code", "client_credentials"] }),
    ])
      this.clients.set(client.id, client);
    this.accounts.set("acc_ada", accountOf("ada@example.com"));
    this.accounts.set("acc_bob", accountOf("bob@example.com", { name: "Bob", subject: null }));
    this.accounts.set("acc_eve", accountOf("eve@globex.example", { tenant: "globex", name: "Eve" }));
  }

  client(id: string): Changes<OAuthClient> {
    const client = this.clients.get(id);
    if (client === undefined) throw new Error(`no client ${id}`);
    return client;
  }

  get options(): Pick<OAuthOptions, "clients" | "accounts"> {
    return {
      clients: { find: (id) => this.clients.get(id) },
      accounts: {
        find: (id) => this.accounts.get(id),
        sessionOf: (request) => (request.headers.get("cookie")?.includes("portal=1") === true ? this.portal : undefined),
        logIn: async ({ tenant, email, password: given, address: from, totp }) => {
          this.attempts.push({ email, address: from, ...(totp === undefined ? {} : { totp }) });
          if (this.isThrottled) return { refused: "throttled", retryAfterSeconds: 30 };
          const found = [...this.accounts].find(([, account]) => account.tenant === tenant && account.email === email);
          return found !== undefined && given === password ? { accountId: found[0] } : { refused: "credentials" };
        },
      },
    };
  }
}

/** Rows as text, to look for what must not be there. */
export const dumpOf = (rows: unknown): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

export interface Authority extends AsyncDisposable {
  readonly issuer: string;
  readonly oauth: OAuth;
  readonly store: OpenStore;
  readonly directory: Directory;
  /** Grants that were told of as revoked. */
  readonly revoked: string[];
  readonly errors: unknown[];
  readonly events: OAuthEvent[];
  browser(): Browser;
  /** A POST of a form; with the backend's credentials unless `as` says otherwise. */
  post(path: string, form: Readonly<Record<string, string>>, options?: PostOptions): Promise<Answer>;
}

export interface PostOptions {
  /** A client id with the one secret there is, another secret, or null: no credentials. */
  readonly as?: string | readonly [id: string, secret: string] | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export const basic = (id: string, password_ = clientSecret): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(password_)}`).toString("base64")}`;

const authorization = (as: PostOptions["as"]): Readonly<Record<string, string>> => {
  if (as === null) return {};
  return { authorization: typeof as === "object" ? basic(...as) : basic(as ?? "backend") };
};

export interface AuthorityOptions extends Partial<Omit<OAuthOptions, "store">> {
  readonly directory?: Directory;
  /** Another node on the same database: it does not migrate. */
  readonly isSecond?: true;
  /** Stands between the server and its store. */
  readonly around?: (store: OpenStore) => OpenStore;
}

export const openAuthority = async (
  database: Pick<TestDatabase, "url" | "drop">,
  { directory = new Directory(), isSecond, around, ...more }: AuthorityOptions = {},
): Promise<Authority> => {
  const opened = await openStore(database.url);
  if (isSecond === undefined) await applyMigration(opened, await planMigration(opened, oauthTables), { destructive: false });
  const store = around === undefined ? opened : around(opened);
  const [revoked, errors, events]: [string[], unknown[], OAuthEvent[]] = [[], [], []];
  const running: { oauth?: OAuth } = {};
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: (request) => running.oauth?.handle(request, { address }) ?? new Response("not here", { status: 404 }),
  });
  const issuer = more.issuer ?? `http://127.0.0.1:${server.port}`;
  const here = `http://127.0.0.1:${server.port}`;
  const oauth = await createOAuth({
    store,
    secret,
    ...directory.options,
    onRevoked: (grantId) => void revoked.push(grantId),
    onError: (error) => void errors.push(error),
    onEvent: (event) => void events.push(event),
    ...more,
    issuer,
  });
  running.oauth = oauth;
  return {
    issuer,
    oauth,
    store,
    directory,
    revoked,
    errors,
    events,
    browser: () => new Browser({ origin: issuer, server: here }),
    async post(path, form, { as, headers = {} } = {}) {
      const answer = await fetch(`${here}${path}`, {
        method: "POST",
        headers: { ...authorization(as), ...headers },
        body: new URLSearchParams(form),
      });
      const text = await answer.text();
      const body = text === "" ? {} : (JSON.parse(text) as Answer["body"]);
      return { status: answer.status, headers: answer.headers, body };
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await oauth.close();
      await opened.close();
      await database.drop();
    },
  };
};
