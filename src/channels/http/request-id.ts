/**
 * X-Request-Id: the caller's own when it is harmless (it goes into logs and back onto the wire), or a made one.
 * A made one is 8 random characters of this process and a counter: unique, cheap, and no secret.
 */
const harmless = /^[\w.:@/+=-]{1,128}$/;

/** Hands out request ids; one per process. */
export class RequestIds {
  readonly #prefix: string;
  #count = 0;

  constructor(options: { readonly prefix?: string } = {}) {
    this.#prefix = options.prefix ?? crypto.randomUUID().slice(0, 8);
  }

  /** The caller's id, or a new one where it is missing or not of 1 to 128 harmless characters. */
  of(header: string | null): string {
    if (header !== null && harmless.test(header)) return header;
    this.#count++;
    return `${this.#prefix}-${this.#count.toString(36)}`;
  }
}
