/**
 * Statements on `pons_leases`, on Postgres. Each is one transaction of its own, so that it takes one round trip. Times are the database's: the
 * clocks of the nodes do not matter.
 */
import type { OpenStore } from "../store/index.ts";

type Query = OpenStore["admin"]["query"];

/** Fixed: two nodes that reckoned with different numbers would not exclude one another. */
export const partitionsCount = 16;

/** Who a node is, and where the others reach it. */
export interface Identity {
  readonly id: string;
  readonly address: string;
}

/** A row as it was when the statement ran. */
export interface LeaseRow {
  readonly partition: number;
  readonly epoch: number;
  readonly holder: string | null;
  readonly address: string | null;
  /** Milliseconds until it runs out; negative: since it has run out. */
  readonly leftMs: number;
}

export interface TakeOptions {
  readonly leaseMs: number;
  /** From and to, both included. */
  readonly partitions: readonly [number, number];
  /** This epoch is over: its holder cannot be reached, or says that it is none. */
  readonly instead?: number;
  /** Whether to wait for a row that a transaction has locked, or to leave it out. */
  readonly wait: boolean;
}

const nowMs = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
const columns = "l.partition, l.epoch, l.holder, l.address, l.until";

/** Takes what is free, has run out or belongs to one's own address; renews what one has. Answers with all the rows asked for. */
const takeSql = ({ wait }: TakeOptions): string => `
  WITH wanted AS (
    SELECT l.partition FROM pons_leases AS l
    WHERE l.realm = 0 AND l.partition BETWEEN $3::bigint AND $4::bigint
      AND (l.holder IS NULL OR l.holder = $1::text OR l.address = $2::text OR l.until <= ${nowMs} OR l.epoch = $6::bigint)
    FOR UPDATE${wait ? "" : " SKIP LOCKED"}
  ), taken AS (
    UPDATE pons_leases AS l
    SET epoch = CASE WHEN l.holder = $1::text THEN l.epoch ELSE l.epoch + 1 END, holder = $1::text, address = $2::text,
      until = ${nowMs} + $5::bigint
    FROM wanted WHERE l.realm = 0 AND l.partition = wanted.partition
    RETURNING ${columns}
  )
  SELECT ${columns}, l.until - ${nowMs} AS left_ms FROM taken AS l
  UNION ALL
  SELECT ${columns}, l.until - ${nowMs} AS left_ms FROM pons_leases AS l
  WHERE l.realm = 0 AND l.partition BETWEEN $3::bigint AND $4::bigint
    AND NOT EXISTS (SELECT 1 FROM taken WHERE taken.partition = l.partition)`;

/** No epoch. */
const none = -1;

/** Throws `StoreError`. */
export const takeLeases = async (query: Query, { id, address }: Identity, options: TakeOptions): Promise<readonly LeaseRow[]> => {
  const [from, to] = options.partitions;
  const rows = await query(takeSql(options), [id, address, from, to, options.leaseMs, options.instead ?? none]);
  return rows.map((row) => ({
    partition: Number(row["partition"]),
    epoch: Number(row["epoch"]),
    holder: row["holder"] as string | null,
    address: row["address"] as string | null,
    leftMs: Number(row["left_ms"]),
  }));
};

/** Makes the rows, where they are not there yet. Throws `StoreError`. */
export const makeLeases = async (query: Query): Promise<void> => {
  await query(
    `INSERT INTO pons_leases (realm, partition, epoch, holder, address, until)
     SELECT 0, n, 0, NULL, NULL, 0 FROM generate_series(0, $1::int - 1) AS n ON CONFLICT DO NOTHING`,
    [partitionsCount],
  );
};

/** Gives back all that a node has, so that others need not wait. Throws `StoreError`. */
export const giveLeasesBack = async (query: Query, id: string): Promise<void> => {
  await query("UPDATE pons_leases SET holder = NULL, address = NULL, until = 0 WHERE realm = 0 AND holder = $1", [id]);
};
