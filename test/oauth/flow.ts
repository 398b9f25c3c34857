/** The authorization code flow by hand, each step as a test wants it. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { type Answer, type Authority, type PostOptions, redirectUri } from "./authority.ts";
import type { Browser } from "./browser.ts";

export const challengeOf = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url");

export interface Asked {
  readonly client?: string;
  readonly email?: string;
  readonly browser?: Browser;
  /** Parameters that replace or, when undefined, take away those of a proper request. */
  readonly parameters?: Readonly<Record<string, string | undefined>>;
}

export interface Coded {
  readonly code: string;
  readonly verifier: string;
  readonly answer: URL;
}

/** A proper authorization request, but for what is changed. */
export const requestOf = (client: string, verifier: string, changes: Asked["parameters"] = {}): Record<string, string> => {
  const proper = {
    client_id: client,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: "openid accounts:read",
    state: "state-1",
    code_challenge: challengeOf(verifier),
    code_challenge_method: "S256",
  };
  const entries = Object.entries({ ...proper, ...changes });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
};

export const addressOf = (authority: Authority, parameters: Readonly<Record<string, string>>): URL => {
  const url = new URL("/oauth/authorize", authority.issuer);
  url.search = new URLSearchParams(parameters).toString();
  return url;
};

export const newVerifier = (): string => randomBytes(32).toString("base64url");

/** Lets a person allow the request; the code. */
export const codeFor = async (authority: Authority, asked: Asked = {}): Promise<Coded> => {
  const { client = "backend", email = "ada@example.com", browser = authority.browser(), parameters } = asked;
  const verifier = newVerifier();
  const answer = await browser.allow(addressOf(authority, requestOf(client, verifier, parameters)), email);
  const code = answer.searchParams.get("code");
  if (code === null) throw new Error(`no code: ${answer.href}`);
  return { code, verifier, answer };
};

export const redeem = (
  authority: Authority,
  { code, verifier }: Pick<Coded, "code"> & { readonly verifier?: string },
  { form = {}, ...options }: PostOptions & { readonly form?: Readonly<Record<string, string>> } = {},
): Promise<Answer> => {
  const proof = verifier === undefined ? {} : { code_verifier: verifier };
  const proper = { grant_type: "authorization_code", code, redirect_uri: redirectUri, ...proof, ...form };
  return authority.post("/oauth/token", proper, options);
};

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly id: string;
}

export const tokensOf = ({ status, body }: Answer): Tokens => {
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  const text = (name: string): string => (typeof body[name] === "string" ? body[name] : "");
  return { access: text("access_token"), refresh: text("refresh_token"), id: text("id_token") };
};

export const tokensFor = async (authority: Authority, asked: Asked = {}): Promise<Tokens> => {
  const { client = "backend" } = asked;
  const isPublic = !authority.directory.client(client).isConfidential;
  const options = isPublic ? { as: null, form: { client_id: client } } : { as: client };
  return tokensOf(await redeem(authority, await codeFor(authority, asked), options));
};

export const refreshed = (authority: Authority, refresh: string, options: PostOptions = {}): Promise<Answer> =>
  authority.post("/oauth/token", { grant_type: "refresh_token", refresh_token: refresh }, options);

/** Whether introspection calls a token active. */
export const isActive = async (authority: Authority, token: string, options: PostOptions = {}): Promise<boolean> => {
  const { status, body } = await authority.post("/oauth/introspect", { token }, options);
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body["active"] === true;
};

export type Claims = Readonly<Record<string, unknown>>;

const decoded = (part: string | undefined): Claims => JSON.parse(Buffer.from(part ?? "", "base64url").toString()) as Claims;
export const headerOf = (token: string): Claims => decoded(token.split(".")[0]);
export const claimsOf = (token: string): Claims => decoded(token.split(".")[1]);

/** A JWT with any header and claims, signed with ES256. */
export const signed = (header: Claims, claims: Claims, key: KeyObject): string => {
  const part = (value: Claims): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
};

/** A key of a client that proves to have it (RFC 9449). */
export class ProofKey {
  readonly #key: KeyObject = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  readonly #publicJwk: Claims;

  constructor() {
    const { kty, crv, x, y } = this.#key.export({ format: "jwk" });
    this.#publicJwk = { kty, crv, x, y };
  }

  /** RFC 7638. */
  get thumbprint(): string {
    const { crv, kty, x, y } = this.#publicJwk;
    return challengeOf(JSON.stringify({ crv, kty, x, y }));
  }

  proof(claims: Claims, header: Claims = {}): string {
    const proper = { jti: crypto.randomUUID(), iat: Math.floor(Date.now() / 1_000) };
    return signed({ typ: "dpop+jwt", alg: "ES256", jwk: this.#publicJwk, ...header }, { ...proper, ...claims }, this.#key);
  }
}
