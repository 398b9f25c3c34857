/** What a block of request fields must be (RFC 9113 sections 8.2 and 8.3); a request that is not so is malformed, and its stream is reset. */
import type { Field } from "./hpack.ts";
import { fieldBytes } from "./hpack.ts";

/** Fields of a request by name; repeated ones joined by a comma, cookies by a semicolon. */
export type RequestFields = Readonly<Record<string, string | undefined>>;

const pseudo: ReadonlySet<string> = new Set([":method", ":scheme", ":authority", ":path"]);
/** Belong to one hop of HTTP/1.1. */
const forbidden: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);
const nameForm = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** No control characters but the tab, no white space at the ends. */
// oxlint-disable-next-line no-control-regex
const valueForm = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const pathForm = /^\/[\x21-\x7e]*$/;

/** Collects the fields of one block. */
export class RequestFieldReader {
  readonly #bytesMax: number;
  readonly #isTrailers: boolean;
  readonly fields: Record<string, string | undefined> = Object.create(null) as Record<string, string | undefined>;
  #bytes = 0;
  #hasRegular = false;
  #isMalformed = false;

  constructor(options: { readonly bytesMax: number; readonly isTrailers: boolean }) {
    this.#bytesMax = options.bytesMax;
    this.#isTrailers = options.isTrailers;
  }

  /** More than was allowed: the rest was not kept. */
  get isTooLarge(): boolean {
    return this.#bytes > this.#bytesMax;
  }

  /** Whether this is no request, once all its fields were taken. */
  get isMalformed(): boolean {
    if (this.#isMalformed || this.#isTrailers) return this.#isMalformed;
    const { fields } = this;
    const path = fields[":path"];
    const isWhole = fields[":method"] !== undefined && fields[":scheme"] !== undefined && path !== undefined;
    return !isWhole || !pathForm.test(path);
  }

  take(field: Field): void {
    this.#bytes += fieldBytes(field);
    if (this.#bytes > this.#bytesMax || this.#isMalformed) return;
    const [name, value] = field;
    if (name.startsWith(":")) {
      this.#isMalformed =
        this.#isTrailers || this.#hasRegular || !pseudo.has(name) || this.fields[name] !== undefined || !valueForm.test(value);
      this.fields[name] = value;
      return;
    }
    this.#hasRegular = true;
    if (!nameForm.test(name) || !valueForm.test(value) || forbidden.has(name) || (name === "te" && value !== "trailers")) {
      this.#isMalformed = true;
      return;
    }
    const before = this.fields[name];
    this.fields[name] = before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`;
  }
}
