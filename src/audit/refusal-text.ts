/** The text that the hash of a row of `pons_refusals` is taken over; see batch/chain.ts for its form. */

/** A row; the actor as the text that is stored. */
export interface RefusalRow {
  readonly realm: number;
  readonly stream: string;
  readonly seq: number;
  /** `YYYY-MM-DDTHH:MM:SS.sssZ`. */
  readonly at: string;
  readonly count: number;
  readonly type: string;
  readonly status: number;
  readonly tenant: string | null;
  readonly operation: string | null;
  readonly channel: string;
  readonly requestId: string | null;
  readonly address: string | null;
  readonly app: string | null;
  readonly key: string | null;
  readonly user: string | null;
  readonly subject: string | null;
  readonly actor: string | null;
}

export const refusalText = (previous: string, row: RefusalRow): string => {
  const { realm, stream, seq, at, count, type, status, tenant, operation, channel } = row;
  const { requestId, address, app, key, user, subject, actor } = row;
  const what = [realm, stream, seq, at, count, type, status, tenant, operation, channel];
  const head = JSON.stringify([...what, requestId, address, app, key, user, subject, actor?.length ?? null]);
  return `pons-refusals-1\n${previous}\n${head}\n${actor ?? ""}`;
};
