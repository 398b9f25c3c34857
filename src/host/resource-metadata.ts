/** What an app has to know to get tokens for this server (RFC 9728): `/.well-known/oauth-protected-resource`. */
import type { DocumentHandler } from "../channels/rest/index.ts";
import type { Booted } from "./boot.ts";

export const resourceMetadataPath = "/.well-known/oauth-protected-resource";

/** Answers the document; the authorization server is our own. */
export const resourceMetadata =
  ({ authority, app }: Pick<Booted, "authority" | "app">): DocumentHandler =>
  () =>
    Response.json(
      {
        resource: authority.issuer,
        authorization_servers: [authority.issuer],
        bearer_methods_supported: ["header"],
        dpop_signing_alg_values_supported: ["ES256", "EdDSA"],
        scopes_supported: [...app.contracts.keys()].flatMap((service) => [service, `${service}:read`, `${service}:write`]),
      },
      { headers: { "Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff" } },
    );
