/** What needs the library, which is loaded when it is needed: the provider with its adapter and its pages. */
import { createHmac } from "node:crypto";
import type { Context, Provider } from "oidc-provider/lib/provider.js";
import { createAdapter } from "./adapter.ts";
import { CookieSigner } from "./cookie-signer.ts";
import { Interactions } from "./interaction.ts";
import type { OAuthOptions } from "./oauth.ts";
import { createProvider } from "./provider.ts";
import type { SigningKeys } from "./signing-keys.ts";
import type { OidcState, Payload } from "./state.ts";

export interface ProviderParts extends OAuthOptions {
  readonly state: OidcState;
  readonly keys: SigningKeys;
  /** A key for each purpose, from the installation's secret. */
  readonly derived: (purpose: string) => Buffer;
  /** The stored form of an access token of ours, given as itself or by a handle of a request under way. */
  readonly tokenOf: (kind: string, value: string) => Promise<Payload | undefined>;
  /** The request from outside that a request to the library stands for. */
  readonly outside: (context: Context) => { readonly request: Request; readonly address: string };
}

/** Makes providers with the keys as they are when one is made. */
export const providerMaker = (parts: ProviderParts): (() => Provider) => {
  const { issuer, clients, accounts, state, keys, derived, tokenOf, outside, describeScope } = parts;
  const interactions = new Interactions({
    issuer,
    clients,
    accounts,
    state,
    formKey: derived("forms"),
    outside,
    ...(describeScope === undefined ? {} : { describeScope }),
  });
  const placeholders = derived("clients");
  const adapter = createAdapter({
    state,
    clients,
    placeholder: (clientId) => createHmac("sha256", placeholders).update(clientId).digest("base64url"),
    tokenOf,
  });
  const resources = [...new Set([issuer, ...(parts.resources ?? [])])];
  return () =>
    createProvider({
      issuer,
      resources,
      clients,
      accounts,
      adapter,
      state,
      keys,
      interactions,
      cookies: new CookieSigner(derived("cookies")),
      nonceSecret: derived("nonces"),
      onError: parts.onError ?? (() => undefined),
      onEvent: parts.onEvent ?? (() => undefined),
      addressOf: (context) => outside(context).address,
    });
};
