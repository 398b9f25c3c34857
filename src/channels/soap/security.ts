/**
 * Web Services Security: a UsernameToken (OASIS UsernameToken Profile 1.1.1) in place of HTTP's own credentials.
 *
 *   PasswordText    the id and secret of an app, as Basic has them. Only over TLS, but in development from the same machine; a service may say otherwise
 *                   (`passwords`).
 *   PasswordDigest  Base64(SHA-1(nonce + created + password)), Username the id of an app, `app_…` or `app_…/sandbox`. The password is not the app's secret,
 *                   of which the server knows only a hash, but follows from the secret the app signs with (`digestPasswordOf`). The nonce counts once,
 *                   `created` is at most 300 seconds old. It covers nothing of the message, so it too is for TLS only, and counts as Basic does.
 *   Timestamp       a message that has expired is refused.
 *
 * Anything else in the block is refused: what is not looked at must not be believed.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Credentials } from "../../pipeline/call.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { HttpExchange } from "../http/index.ts";
import type { Fault } from "./fault.ts";
import { usernameTokenProfile, wsse, wsu } from "./namespaces.ts";
import { attributeOf, type XmlNode } from "./xml.ts";

type WsseName = Extract<NonNullable<Fault["code"]>, { of: "wsse" }>["name"];

const ageMsMax = 300_000;
const aheadMsMax = 60_000;
const nonceBytesMin = 8;
const nonceBytesMax = 64;
const textLengthMax = 4_096;

const refused = (name: WsseName, explanation: string): Fault => ({
  refusal: refuse(name === "FailedAuthentication" || name === "MessageExpired" ? "invalid_credentials" : "invalid_header", {
    details: { header: "Security", explanation },
  }),
  code: { of: "wsse", name },
});

/** The password of digests, from the secret that the app signs with: 43 characters of base64url. */
export const digestPasswordOf = (signingSecret: Uint8Array): string =>
  createHmac("sha256", signingSecret).update("pons: soap password").digest("base64url");

interface SecurityOptions {
  /** Where a password may be sent. */
  readonly passwords: "overTls" | "anywhere" | "never";
  readonly mode: "development" | "production";
  readonly nowMs: number;
}

const isLoopback = (address: string): boolean => /^(?:::ffff:)?127\.|^::1$/.test(address);

/** Whether nobody on the way reads along: as configured, or as the connection is. */
const isPrivate = ({ publicOrigin, request, caller }: HttpExchange, { passwords, mode }: SecurityOptions): boolean => {
  if (passwords === "anywhere") return true;
  if ((publicOrigin ?? request.url).startsWith("https:")) return true;
  return mode === "development" && isLoopback(caller.address);
};

/** A moment, milliseconds since the epoch; NaN for what is none. Without an offset it is in UTC, as the profile has it. */
const momentOf = (text: string): number => {
  const given = text.trim();
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})?$/.test(given))
    return Number.NaN;
  return Date.parse(/(?:Z|[+-][0-9]{2}:[0-9]{2})$/.test(given) ? given : `${given}Z`);
};

/** Why a timestamp does not count. */
const checkTimestamp = (node: XmlNode, nowMs: number): Fault | undefined => {
  const expires = node.elements.find(({ namespace, name }) => namespace === wsu && name === "Expires");
  if (expires === undefined) return undefined;
  const at = momentOf(expires.text);
  if (Number.isNaN(at)) return refused("InvalidSecurity", "Expires is no moment.");
  // The caller's clock may be slow.
  return at + aheadMsMax < nowMs ? refused("MessageExpired", "The message has expired.") : undefined;
};

interface Token {
  readonly username: string;
  readonly password: string;
  readonly type: string;
  readonly nonce: string | undefined;
  readonly created: string | undefined;
}

const readToken = (node: XmlNode): Token | Fault => {
  const parts = new Map<string, XmlNode>();
  for (const element of node.elements) {
    const { namespace, name, elements, text } = element;
    const isKnown =
      namespace === wsse
        ? name === "Username" || name === "Password" || name === "Nonce"
        : namespace === wsu && name === "Created";
    if (!isKnown || parts.has(name) || elements.length > 0 || text.length > textLengthMax)
      return refused("InvalidSecurityToken", "A UsernameToken holds Username, Password, Nonce and Created, each once.");
    parts.set(name, element);
  }
  const password = parts.get("Password");
  const username = parts.get("Username")?.text ?? "";
  if (username === "" || password === undefined)
    return refused("InvalidSecurityToken", "A UsernameToken needs a Username and a Password.");
  return {
    username,
    password: password.text,
    type: attributeOf(password, "", "Type") ?? `${usernameTokenProfile}#PasswordText`,
    nonce: parts.get("Nonce")?.text,
    created: parts.get("Created")?.text,
  };
};

/** Whether the token's moment is past, or ahead. */
const checkCreated = (created: string, nowMs: number): Fault | undefined => {
  const at = momentOf(created);
  if (Number.isNaN(at)) return refused("InvalidSecurityToken", "Created is no moment.");
  return at < nowMs - ageMsMax || at > nowMs + aheadMsMax
    ? refused("MessageExpired", "Created lies too far from now.")
    : undefined;
};

const isSame = (given: Uint8Array, expected: Uint8Array): boolean =>
  given.length === expected.length && timingSafeEqual(given, expected);

const digestCredentials = ({ username, password, nonce, created }: Token): Credentials | Fault => {
  if (nonce === undefined || created === undefined) return refused("InvalidSecurityToken", "A digest needs Nonce and Created.");
  const nonceBytes = Buffer.from(nonce.trim(), "base64");
  if (nonceBytes.length < nonceBytesMin || nonceBytes.length > nonceBytesMax)
    return refused("InvalidSecurityToken", `A nonce has ${nonceBytesMin} to ${nonceBytesMax} bytes, in base64.`);
  const digest = Buffer.from(password.trim(), "base64");
  return {
    kind: "digest",
    keyId: username,
    // Not to be taken for the nonce of a signature.
    nonce: `soap ${nonceBytes.toString("hex")}`,
    nonceUntilMs: momentOf(created) + ageMsMax + aheadMsMax,
    verify: (key) => {
      const secret = key.algorithm === "hmac-sha256" ? key.secret : new Uint8Array(0);
      const expected = createHash("sha1").update(nonceBytes).update(created).update(digestPasswordOf(secret)).digest();
      return isSame(digest, expected) && key.algorithm === "hmac-sha256" ? undefined : refuse("invalid_credentials");
    },
  };
};

/** What a security block says of who calls; undefined: nothing. */
export const credentialsIn = (
  security: XmlNode,
  exchange: HttpExchange,
  options: SecurityOptions,
): Credentials | Fault | undefined => {
  const { nowMs, passwords } = options;
  let credentials: Credentials | undefined;
  for (const element of security.elements) {
    if (element.namespace === wsu && element.name === "Timestamp") {
      const expired = checkTimestamp(element, nowMs);
      if (expired !== undefined) return expired;
      continue;
    }
    if (element.namespace !== wsse || element.name !== "UsernameToken")
      return refused("UnsupportedSecurityToken", "Only UsernameToken and Timestamp are understood.");
    if (credentials !== undefined) return refused("InvalidSecurity", "There are two UsernameTokens.");
    if (passwords === "never")
      return refused("UnsupportedSecurityToken", "This service takes no UsernameToken: use Basic or an API key.");
    if (!isPrivate(exchange, options)) return refused("InvalidSecurity", "A password is taken over TLS only.");
    const token = readToken(element);
    if ("refusal" in token) return token;
    const late = token.created === undefined ? undefined : checkCreated(token.created, nowMs);
    if (late !== undefined) return late;
    if (token.type === `${usernameTokenProfile}#PasswordText`)
      credentials = { kind: "basic", id: token.username, secret: token.password };
    else if (token.type === `${usernameTokenProfile}#PasswordDigest`) {
      const digest = digestCredentials(token);
      if ("refusal" in digest) return digest;
      credentials = digest;
    } else return refused("UnsupportedSecurityToken", "A Password is of the Type #PasswordText or #PasswordDigest.");
  }
  return credentials;
};
