/**
 * What the library asks of its storage, answered from `pons_oidc`, from the clients and, where a token carries all there is to know, from the token.
 *
 * The library checks whether a code, refresh token or pushed request was used and then says that it is used now. Between the two another request may
 * have done the same: `consume` lets one of them win and takes the other for what it is, a second use. It throws what the library itself throws then.
 */
import { InvalidGrant, InvalidRequestUri } from "oidc-provider/lib/helpers/errors.js";
import { metadataOf, type OAuthClients } from "./client.ts";
import type { OidcState, Payload } from "./state.ts";

export interface AdapterOptions {
  readonly state: OidcState;
  readonly clients: OAuthClients;
  /** What stands in for a client's secret, which nobody knows. */
  readonly placeholder: (clientId: string) => string;
  /** The stored form of an access token of ours, given as itself or by a handle of a request under way. */
  readonly tokenOf: (kind: string, value: string) => Promise<Payload | undefined>;
}

export interface Adapter {
  find(id: string): Promise<Payload | undefined>;
  findByUid(uid: string): Promise<Payload | undefined>;
  upsert(id: string, payload: Payload, ttlSeconds: number): Promise<void>;
  consume(id: string): Promise<void>;
  destroy(id: string): Promise<void>;
  revokeByGrantId(grantId: string): Promise<void>;
}

const entities = (model: string, { state }: AdapterOptions): Adapter => ({
  find: (id) => state.find(model, id),
  findByUid: (uid) => state.findByUid(model, uid),
  upsert: (id, payload, ttlSeconds) => state.save(model, id, payload, ttlSeconds),
  async consume(id) {
    if (await state.consume(model, id)) return;
    if (model === "PushedAuthorizationRequest") throw new InvalidRequestUri("request_uri was already used");
    const grantId = (await state.find(model, id))?.["grantId"];
    if (typeof grantId === "string") await state.revoke(grantId);
    throw new InvalidGrant(`${model} was used twice at once`);
  },
  destroy: (id) => state.remove(model, id),
  // Goes with its grant, which the library destroys whenever it calls this.
  revokeByGrantId: async () => undefined,
});

/** Grants: with one goes all that was given out by it. */
const grants = (options: AdapterOptions): Adapter => ({
  ...entities("Grant", options),
  destroy: (id) => options.state.revoke(id),
});

/** Access tokens are JWTs: never stored. An app's own token is its own grant. */
const accessTokens = (kind: string, options: AdapterOptions): Adapter => ({
  ...entities(kind, options),
  find: (value) => options.tokenOf(kind, value),
  upsert: async () => undefined,
  destroy: async (id) => {
    if (kind === "ClientCredentials") await options.state.revoke(id);
  },
});

const clients = (options: AdapterOptions): Adapter => ({
  ...entities("Client", options),
  async find(id) {
    const client = await options.clients.find(id);
    return client?.isActive === true ? metadataOf(client, options.placeholder(id)) : undefined;
  },
});

/** The storage of each model, by the library's name for it. */
export const createAdapter =
  (options: AdapterOptions) =>
  (model: string): Adapter => {
    if (model === "Client") return clients(options);
    if (model === "Grant") return grants(options);
    return model === "AccessToken" || model === "ClientCredentials" ? accessTokens(model, options) : entities(model, options);
  };
