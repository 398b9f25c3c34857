/** How long a caller waits: `grpc-timeout` and `connect-timeout-ms`. */
const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** `grpc-timeout: 250m` → 250, at most eight digits and a unit (gRPC over HTTP2). Undefined: none is given; null: it is malformed. */
export const grpcTimeoutMs = (text: string | null | undefined): number | undefined | null => {
  if (text === null || text === undefined) return undefined;
  const [, digits, unit] = /^([0-9]{1,8})([HMSmun])$/.exec(text) ?? [];
  return digits === undefined || unit === undefined ? null : Number(digits) * (unitMs[unit] ?? 0);
};

/** `connect-timeout-ms: 250`, at most ten digits (Connect protocol). Undefined: none is given; null: it is malformed. */
export const connectTimeoutMs = (text: string | null | undefined): number | undefined | null => {
  if (text === null || text === undefined) return undefined;
  return /^[0-9]{1,10}$/.test(text) ? Number(text) : null;
};
