/** What is remembered of a call that was answered: what policies ask about, and nothing of its content. */
export interface RecentCall {
  /** RFC 3339 in UTC. */
  readonly at: string;
  readonly environment: string;
  /** With the service: `bank.accounts.list`. */
  readonly operation: string;
  readonly kind: "query" | "command";
  readonly plan: string | null;
  readonly app: string | null;
  readonly user: string | null;
  readonly roles: readonly string[];
  /** How the caller was recognised: `key`, `session`. */
  readonly authentication: string | null;
  /** When a second factor was last shown. */
  readonly verifiedAt: string | null;
  readonly address: string | null;
  readonly status: number;
}
