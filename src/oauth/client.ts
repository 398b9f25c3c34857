/**
 * Apps as the authorization server sees them: OAuth clients. Where they are kept is not its business; it asks for one at a time and never keeps an
 * answer, so that an app that is switched off is refused by its next request.
 */
import type { webcrypto } from "node:crypto";
import type { MaybePromise } from "../store/index.ts";
import type { Payload } from "./state.ts";

/** A public or private key as a JWK (RFC 7517). */
export type JsonWebKey = webcrypto.JsonWebKey & { readonly kid?: string };

export type GrantType = "authorization_code" | "client_credentials" | "refresh_token";

export interface OAuthClient {
  /** The app's id: `client_id`. */
  readonly id: string;
  readonly tenant: string;
  readonly environment: string;
  /** What a person is shown. */
  readonly name: string;
  /** Compared character by character. See `isRedirectUri`. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  readonly grantTypes: readonly string[];
  /** What it may ask for; those of OpenID Connect need not be named. */
  readonly scopes: readonly string[];
  /** What it gets when it asks for none: as much in fewer words; absent: all of `scopes`. */
  readonly scopesDefault?: readonly string[];
  /** What it is when it acts for itself. */
  readonly roles: readonly string[];
  /** Has a secret or a key; others are public: apps in a browser or on a phone. */
  readonly isConfidential: boolean;
  readonly isActive: boolean;
  /** Whether it is the app's secret, compared by hash and in constant time. */
  secretCheck(secret: string): MaybePromise<boolean>;
  /** JWKs: with any, it proves itself by `private_key_jwt` (RFC 7523) and no longer by a secret. */
  readonly publicKeys?: readonly JsonWebKey[];
  /** Requests have to be pushed (RFC 9126). */
  readonly requiresPushedRequests?: boolean;
  /** Every token is bound to a key (RFC 9449). */
  readonly requiresDpop?: boolean;
}

export interface OAuthClients {
  find(clientId: string): MaybePromise<OAuthClient | undefined>;
}

const grantTypes: readonly string[] = ["authorization_code", "client_credentials", "refresh_token"] satisfies GrantType[];
const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** RFC 8252, 7.1: a domain name backwards, so that it belongs to somebody. */
const privateScheme = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/;

/**
 * Whether an app may have this redirect URI: https; http to the machine of the one who asks; or a private scheme such as `com.example.app:/done`.
 * Without fragment, user name or wildcard (RFC 9700, 4.1.3).
 */
export const isRedirectUri = (uri: string): boolean => {
  const url = URL.parse(uri);
  if (url === null || uri.includes("#") || uri.includes("*") || url.username !== "" || url.password !== "") return false;
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" ? loopback.has(url.hostname) : privateScheme.test(url.protocol);
};

const isWeb = (uri: string): boolean => /^https?:/i.test(uri);

const authMethodOf = ({ publicKeys = [], isConfidential }: OAuthClient): string => {
  if (publicKeys.length > 0) return "private_key_jwt";
  return isConfidential ? "client_secret_basic" : "none";
};

/**
 * What the library knows of a client (RFC 7591). `secret` stands where it wants to see one: it is never compared, see `compareClientSecret`, and
 * nobody can know it.
 */
export const metadataOf = (client: OAuthClient, secret: string): Payload => {
  const redirectUris = client.redirectUris.filter(isRedirectUri);
  // A public client cannot act for itself: anybody could.
  const granted = client.grantTypes.filter(
    (type) => grantTypes.includes(type) && (type !== "client_credentials" || client.isConfidential),
  );
  const hasCode = granted.includes("authorization_code") && redirectUris.length > 0;
  const method = authMethodOf(client);
  return {
    client_id: client.id,
    client_name: client.name,
    // With `native`, loopback redirects may differ in their port, which nobody asked for.
    application_type: redirectUris.every(isWeb) ? "web" : "native",
    redirect_uris: hasCode ? redirectUris : [],
    post_logout_redirect_uris: (client.postLogoutRedirectUris ?? []).filter(isRedirectUri),
    grant_types: granted,
    response_types: hasCode ? ["code"] : [],
    response_modes: hasCode ? ["query", "form_post"] : undefined,
    token_endpoint_auth_method: method,
    client_secret: method === "client_secret_basic" ? secret : undefined,
    jwks: method === "private_key_jwt" ? { keys: client.publicKeys } : undefined,
    require_pushed_authorization_requests: client.requiresPushedRequests === true,
    dpop_bound_access_tokens: client.requiresDpop === true,
  };
};
