/**
 * Hash chains: each row of a chain carries the SHA-256 of its own content and of the hash of the row before it, so that no row can be changed, put in, taken
 * out or moved without every later hash being another one. Whoever writes a chain and whoever verifies one share the form of the text that is hashed, and
 * nothing else.
 *
 * The text of a row, in lines: the chain's name, the hash before (of the first row 64 zeros), a JSON array of its plain values and of the lengths of its
 * JSON values, and these behind one another, byte by byte as they are stored:
 *
 *   pons-journal-1
 *   0000000000000000000000000000000000000000000000000000000000000000
 *   [7,1,"2026-03-01T12:00:00.000Z","bank.accounts.create","rest","req-1",null,"office",null,null,201,null,84,null]
 *   [{"table":"bank_accounts","key":"acc_…","after":{…}}]
 *
 * No line of the head holds a line end of its own (JSON escapes it), and the lengths say where each JSON value ends: two rows never have one text.
 */

/** The hash before the first row of a chain. */
export const chainStart = "0".repeat(64);

/** A row of the journal; JSON values as the text that is stored. */
export interface JournalRow {
  readonly realm: number;
  readonly seq: number;
  /** `YYYY-MM-DDTHH:MM:SS.sssZ`. */
  readonly at: string;
  readonly operation: string;
  readonly channel: string;
  readonly requestId: string;
  readonly address: string | null;
  readonly app: string | null;
  readonly user: string | null;
  readonly subject: string | null;
  readonly status: number;
  readonly actor: string | null;
  readonly changes: string;
  readonly events: string | null;
}

export const journalText = (previous: string, row: JournalRow): string => {
  const { realm, seq, at, operation, channel, requestId, address, app, user, subject, status, actor, changes, events } = row;
  const plain = [realm, seq, at, operation, channel, requestId, address, app, user, subject, status];
  const head = JSON.stringify([...plain, actor?.length ?? null, changes.length, events?.length ?? null]);
  return `pons-journal-1\n${previous}\n${head}\n${actor ?? ""}${changes}${events ?? ""}`;
};

/** SHA-256 of a row's text, hex. */
export const chainHash = (text: string): string => Bun.SHA256.hash(text, "hex");
