/** What happens at the authorization server, for the audit trail and for limits. Attempts to log in are told to `OAuthAccounts.logIn` itself. */
import type { Context, Provider } from "oidc-provider/lib/provider.js";

interface Happened {
  /** Where the request came from. */
  readonly address: string;
  /** Undefined where the request named none that exists. */
  readonly clientId: string | undefined;
  readonly accountId: string | undefined;
}

export type OAuthEvent =
  /** A person let an app act for them, now or before; the app was sent a code. */
  | (Happened & { readonly kind: "authorized"; readonly grantId: string | undefined })
  /** Tokens were given out. */
  | (Happened & { readonly kind: "issued"; readonly grantType: string; readonly grantId: string | undefined })
  /** A request of a program was refused: `error` as OAuth names it, `invalid_client` for one that is not who it says. */
  | (Happened & { readonly kind: "refused"; readonly endpoint: string; readonly error: string })
  /** A person logged out, here and of what was given out until then. */
  | (Happened & { readonly kind: "logged_out" });

const refusals = ["grant", "introspection", "revocation", "pushed_authorization_request", "userinfo"] as const;

/** Tells of all that happens at a provider. */
export const tellEvents = (
  provider: Provider,
  { tell, addressOf }: { readonly tell: (event: OAuthEvent) => void; readonly addressOf: (context: Context) => string },
): void => {
  const happened = (context: Context): Happened => {
    const { client, entities, session } = context.oidc ?? {};
    const accountId = entities?.Account?.accountId ?? session?.accountId;
    return { address: addressOf(context), clientId: client?.clientId, accountId };
  };
  const grantOf = ({ oidc }: Context): string | undefined => oidc?.entities.Grant?.jti ?? oidc?.entities.ClientCredentials?.jti;
  provider.on("authorization.success", (context) =>
    tell({ kind: "authorized", ...happened(context), grantId: grantOf(context) }),
  );
  provider.on("grant.success", (context) => {
    const grantType = context.oidc?.params?.["grant_type"];
    tell({ kind: "issued", ...happened(context), grantType: String(grantType), grantId: grantOf(context) });
  });
  provider.on("end_session.success", (context) => tell({ kind: "logged_out", ...happened(context) }));
  for (const name of refusals)
    provider.on(`${name}.error`, (context, error) => {
      const reason = error instanceof Error && "error" in error ? String(error.error) : "invalid_request";
      tell({ kind: "refused", ...happened(context), endpoint: context.path, error: reason });
    });
};
