/**
 * What this folder uses of oidc-provider, which ships no types. Its modules are imported one by one: its index greets every runtime but Node
 * with a warning on standard error.
 */
declare module "oidc-provider/lib/provider.js" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  /** A stored entity or a request parameter set, as plain data. */
  type Data = Record<string, unknown>;

  interface Client {
    readonly clientId: string;
    readonly clientName?: string;
    readonly redirectUris: readonly string[];
    readonly clientAuthMethod: string;
    grantTypeAllowed(type: string): boolean;
  }

  interface Grant {
    readonly jti: string;
    readonly accountId: string;
    readonly clientId: string;
    /** Seconds since the epoch. */
    readonly exp: number;
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }

  interface Token {
    readonly kind: string;
    readonly jti: string;
    readonly clientId: string;
    readonly grantId?: string;
    readonly accountId?: string;
    readonly scopes: ReadonlySet<string>;
  }

  interface Session {
    readonly accountId?: string;
    readonly authorizations?: Readonly<Record<string, { readonly grantId?: string; readonly persistsLogout?: true }>>;
    readonly state?: Readonly<Record<string, unknown>>;
    grantIdFor(clientId: string): string | undefined;
    destroy(): Promise<void>;
  }

  interface Interaction {
    readonly uid: string;
    /** Seconds since the epoch. */
    readonly exp: number;
    readonly prompt: { readonly name: string; readonly reasons: readonly string[]; readonly details: Data };
    readonly params: Readonly<Record<string, string | undefined>>;
    readonly grantId?: string;
    session?: { readonly accountId?: string; readonly uid?: string } | undefined;
    save(ttlSeconds: number): Promise<string>;
  }

  interface OidcContext {
    readonly route: string;
    readonly client?: Client;
    readonly account?: { readonly accountId: string };
    readonly session?: Session;
    readonly result?: Data;
    readonly params?: Record<string, unknown>;
    readonly entities: {
      readonly Account?: { readonly accountId: string };
      readonly Client?: Client;
      readonly Grant?: Grant;
      readonly RotatedRefreshToken?: Token;
      readonly AccessToken?: Token;
      readonly ClientCredentials?: Token;
    };
  }

  /** A Koa context. */
  interface Context {
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    readonly method: string;
    readonly path: string;
    readonly oidc?: OidcContext;
    status: number;
    type: string;
    body: unknown;
    get(header: string): string;
    set(header: string, value: string): void;
    redirect(url: string): void;
  }

  interface Stored<Entity> {
    find(id: string, options?: { readonly ignoreExpiration?: boolean }): Promise<Entity | undefined>;
  }

  class Provider {
    constructor(issuer: string, configuration: Data);
    proxy: boolean;
    readonly Client: { readonly prototype: { compareClientSecret(this: Client, secret: string): Promise<boolean> } };
    readonly Grant: Stored<Grant> & (new (from: { readonly accountId: string; readonly clientId: string }) => Grant);
    readonly Session: { findByUid(uid: string): Promise<Session | undefined> };
    readonly ReplayDetection: { unique(issuer: string, id: string, expiresAtSeconds: number): Promise<boolean> };
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): this;
    on(event: "error", listener: (error: unknown) => void): this;
    /** `server_error`, and what happens at the endpoints: `grant.success`, `grant.error` … */
    on(event: "server_error" | `${string}.${string}`, listener: (context: Context, error?: unknown) => void): this;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    /** Keeps the result; where the browser goes on. */
    interactionResult(request: IncomingMessage, response: ServerResponse, result: Data): Promise<string>;
  }

  export { Provider };
  export type { Client, Context, Data, Grant, Interaction, OidcContext, Session, Token };
}

declare module "oidc-provider/lib/helpers/errors.js" {
  class OIDCProviderError extends Error {
    readonly error: string;
    readonly error_description?: string;
    readonly statusCode: number;
  }
  class InvalidClientAuth extends OIDCProviderError {
    constructor(detail: string);
  }
  class InvalidGrant extends OIDCProviderError {
    constructor(detail: string);
  }
  class InvalidRequestUri extends OIDCProviderError {
    constructor(description: string);
  }
  class InvalidScope extends OIDCProviderError {
    constructor(description: string, scope: string);
  }
  class InvalidTarget extends OIDCProviderError {
    constructor(description?: string);
  }
  class SessionNotFound extends OIDCProviderError {
    constructor(description: string);
  }
  export { InvalidClientAuth, InvalidGrant, InvalidRequestUri, InvalidScope, InvalidTarget, OIDCProviderError, SessionNotFound };
}

declare module "oidc-provider/lib/helpers/interaction_policy/index.js" {
  import type { Context } from "oidc-provider/lib/provider.js";

  interface Check {
    readonly reason: string;
  }
  const Check: new (reason: string, description: string, check: (context: Context) => boolean | Promise<boolean>) => Check;
  interface Prompt {
    readonly name: string;
    readonly checks: { add(check: Check): void };
  }
  /** The prompts `login` and `consent` with their checks. */
  const base: () => Prompt[];
  export { base, Check };
  export type { Prompt };
}
