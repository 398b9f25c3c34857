/**
 * W3C Trace Context level 1, section 3.2: the traceparent header. A header that is not exactly right is undefined, and
 * the request then starts a trace of its own. Never throws.
 */

export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** The caller's span: 16 lower-case hexadecimal digits, not all zero. */
  readonly parentId: string;
  readonly isSampled: boolean;
}

const V00 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** A later version may append fields behind a dash; `ff` is forbidden. */
const LATER = /^(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-[^\s]*)?$/;
const LENGTH_MAX = 512;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/** `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01` → its parts. */
export function parseTraceparent(header: string | null | undefined): TraceContext | undefined {
  if (header === null || header === undefined || header.length > LENGTH_MAX) return undefined;
  const match = V00.exec(header) ?? LATER.exec(header);
  if (match === null) return undefined;
  const [, traceId = NO_TRACE, parentId = NO_SPAN, flags = "00"] = match;
  if (traceId === NO_TRACE || parentId === NO_SPAN) return undefined;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header for a call that this span makes, or for the answer. */
export function formatTraceparent({ traceId, parentId, isSampled }: TraceContext): string {
  return `00-${traceId}-${parentId}-${isSampled ? "01" : "00"}`;
}

/**
 * Makes span and trace ids from a pool of random bytes that is refilled as a whole, which costs a tenth of asking for
 * 8 bytes each time. Ids name spans and are no secrets. `fill` is given by tests; it is the system's generator else.
 */
export class TraceIds {
  readonly #pool: Buffer;
  readonly #fill: (bytes: Uint8Array<ArrayBuffer>) => unknown;
  #used: number;

  constructor({ fill = (bytes) => crypto.getRandomValues(bytes) }: { fill?: (bytes: Uint8Array<ArrayBuffer>) => unknown } = {}) {
    this.#pool = Buffer.from(new ArrayBuffer(4096));
    this.#fill = fill;
    this.#used = this.#pool.length;
  }

  /** A span of the same trace, to be put in place of the caller's. */
  child(parent: TraceContext): TraceContext {
    return { traceId: parent.traceId, parentId: this.spanId(), isSampled: parent.isSampled };
  }

  /** A new trace with its first span. */
  root({ isSampled }: { readonly isSampled: boolean }): TraceContext {
    return { traceId: this.#hex(16, NO_TRACE), parentId: this.spanId(), isSampled };
  }

  /** 16 hexadecimal digits, never all zero. */
  spanId(): string {
    return this.#hex(8, NO_SPAN);
  }

  #hex(bytes: number, none: string): string {
    if (this.#used + bytes > this.#pool.length) {
      this.#fill(this.#pool as Uint8Array<ArrayBuffer>);
      this.#used = 0;
    }
    const text = this.#pool.toString("hex", this.#used, (this.#used += bytes));
    // One in 2^64; a last digit of 1 makes it valid without asking a generator that may be broken again.
    return text === none ? `${text.slice(0, -1)}1` : text;
  }
}
