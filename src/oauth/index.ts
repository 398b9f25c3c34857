export type { LogInAttempt, LogInOutcome, OAuthAccount, OAuthAccounts } from "./account.ts";
export { accessTokenSeconds } from "./access-token.ts";
export { isRedirectUri } from "./client.ts";
export type { OAuthClient, OAuthClients } from "./client.ts";
export type { OAuthEvent } from "./event.ts";
export { createOAuth } from "./oauth.ts";
export type { OAuth, OAuthOptions, OAuthPeer } from "./oauth.ts";
export { oauthTables } from "./tables.ts";
