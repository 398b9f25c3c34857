/** People as the authorization server sees them. Where they are kept, and how they prove who they are, is not its business. */
import type { MaybePromise } from "../store/index.ts";
import type { OAuthClient } from "./client.ts";

export interface OAuthAccount {
  readonly tenant: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly name: string;
  readonly roles: readonly string[];
  /** The row the account stands for, such as a customer's id. */
  readonly subject: string | null;
  readonly isActive: boolean;
}

export interface LogInAttempt {
  readonly tenant: string;
  readonly email: string;
  readonly password: string;
  /** One-time code (RFC 6238), where one was entered. */
  readonly totp?: string;
  /** Where the attempt comes from, for limits and the audit trail. */
  readonly address: string;
}

/**
 * `credentials`: whatever it is that is not right, told in the same words and in the same time. `throttled`: too many attempts.
 */
export type LogInOutcome =
  | { readonly accountId: string }
  | { readonly refused: "credentials" }
  | { readonly refused: "throttled"; readonly retryAfterSeconds: number };

export interface OAuthAccounts {
  logIn(attempt: LogInAttempt): Promise<LogInOutcome>;
  find(accountId: string): MaybePromise<OAuthAccount | undefined>;
  /** The account of a session of ours that the request carries, such as the portal's. */
  sessionOf(request: Request): MaybePromise<string | undefined>;
}

/** The account as long as it may use the client: active, and of the client's tenant. */
export const usableAccount = async (
  accounts: OAuthAccounts,
  accountId: string,
  client: Pick<OAuthClient, "tenant"> | undefined,
): Promise<OAuthAccount | undefined> => {
  const account = await accounts.find(accountId);
  return account?.isActive === true && client !== undefined && account.tenant === client.tenant ? account : undefined;
};
