/**
 * What an app has to know to get tokens for this server (RFC 9728): `/.well-known/oauth-protected-resource`, and the same of each address for agents, which
 * is a resource of its own: `/.well-known/oauth-protected-resource/bank/v2/mcp`.
 */
import type { DocumentHandler } from "../channels/rest/index.ts";
import type { Contract } from "../contract/contract.ts";
import type { Booted } from "./boot.ts";

export const resourceMetadataPath = "/.well-known/oauth-protected-resource";

/** Addresses for agents, of every version of every service. */
export const mcpPaths = (contracts: Iterable<Contract>): readonly string[] =>
  [...contracts].flatMap(({ service, version, older }) =>
    [version, ...older.map(({ name }) => name)].map((name) => `/${service}/${name}/mcp`),
  );

/**
 * Answers the document of a resource, of the whole server unless a path is given; the authorization server is our own. Agents ask for every scope that they
 * are told of: of theirs none are named, and they are given what their app may have.
 */
export const resourceMetadata =
  ({ authority, app }: Pick<Booted, "authority" | "app">, path = ""): DocumentHandler =>
  () =>
    Response.json(
      {
        resource: `${authority.issuer}${path}`,
        authorization_servers: [authority.issuer],
        bearer_methods_supported: ["header"],
        dpop_signing_alg_values_supported: ["ES256", "EdDSA"],
        ...(path === ""
          ? { scopes_supported: [...app.contracts.keys()].flatMap((service) => [service, `${service}:read`, `${service}:write`]) }
          : {}),
      },
      // Public, and the same for everybody: agents that run in a page read it as they read the authorization server's.
      {
        headers: {
          "Access-Control-Allow-Origin": "*",
          "Cache-Control": "public, max-age=300",
          "X-Content-Type-Options": "nosniff",
        },
      },
    );
