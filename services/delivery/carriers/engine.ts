/**
 * Speaks to a carrier as its connector says: books consignments, asks for changes. Whatever a carrier answers is checked before it is anything to us; of
 * what does not fit only a word remains (`wrong_schema`), never what was said.
 */
import { OutboundError, type WorkContext } from "pons";
import type { Connector } from "./connector.ts";
import { filled, valueAt } from "./json-path.ts";

/** The carrier gave no answer that can be used: it is asked again. */
export class CarrierFault extends Error {
  override readonly name = "CarrierFault";
  /** `unreachable`, `timed_out`, `resting`, `invalid_json`, `wrong_schema`, `status_500` … */
  readonly fault: string;

  constructor(carrier: string, fault: string) {
    super(`carrier ${carrier}: ${fault}`);
    this.fault = fault;
  }
}

export interface Carrier {
  readonly code: string;
  /** Where its paths begin. */
  readonly address: string;
  /** Name of its secret. */
  readonly secret: string | null;
}

export type Booked = { readonly number: string } | { readonly refused: string };

/** What a carrier tells of a consignment. */
export interface Change {
  readonly no: number;
  readonly reference: string;
  readonly number: string | null;
  readonly status: string | null;
  readonly happenedAt: string;
  readonly place: string | null;
}

export interface Page {
  readonly changes: readonly Change[];
  readonly cursor: string;
  readonly more: boolean;
}

const numberForm = /^[0-9A-Za-z][0-9A-Za-z/-]{3,59}$/;
/** Statuses that tell of the consignment, not of the carrier or of how it is asked. */
const ofConsignment: ReadonlySet<number> = new Set([400, 409, 413, 422]);
const cursorLengthMax = 200;

export class Engine {
  readonly #ctx: WorkContext;
  readonly #carrier: Carrier;
  readonly #connector: Connector;

  constructor(ctx: WorkContext, carrier: Carrier, connector: Connector) {
    this.#ctx = ctx;
    this.#carrier = carrier;
    this.#connector = connector;
  }

  /** Books a consignment, once per key. Throws a `CarrierFault` where it may be tried again. */
  async book(data: unknown, key: string): Promise<Booked> {
    const { path, key: header, body, number } = this.#connector.book;
    const response = await this.#ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", [header]: key },
      body: JSON.stringify(filled(body, data)),
    });
    if (ofConsignment.has(response.status)) return { refused: `status_${response.status}` };
    const assigned = valueAt(await this.#json(response), number);
    if (typeof assigned !== "string" || !numberForm.test(assigned)) throw this.#fault("wrong_schema");
    return { number: assigned };
  }

  /** What has changed since; null: from the beginning. Throws a `CarrierFault`. */
  async changes(cursor: string | null): Promise<Page> {
    const { path, since, most, pageMax, list, cursor: next, more } = this.#connector.changes;
    const query = new URLSearchParams({ ...(cursor === null ? {} : { [since]: cursor }), [most]: String(pageMax) });
    const answer = await this.#json(await this.#ask(`${path}?${query.toString()}`, {}));
    const [found, after, isMore] = [valueAt(answer, list), valueAt(answer, next), valueAt(answer, more)];
    if (!Array.isArray(found) || found.length > pageMax || typeof isMore !== "boolean") throw this.#fault("wrong_schema");
    if (typeof after !== "string" || after === "" || after.length > cursorLengthMax) throw this.#fault("wrong_schema");
    return { changes: found.map((one: unknown) => this.#change(one)), cursor: after, more: isMore };
  }

  #change(value: unknown): Change {
    const { change: paths } = this.#connector.changes;
    const no = valueAt(value, paths.no);
    const text = (path: string, lengthMax: number): string | null => {
      const found = valueAt(value, path);
      if (found === undefined || found === null) return null;
      if (typeof found !== "string" || found === "" || found.length > lengthMax || /\p{Cc}/u.test(found))
        throw this.#fault("wrong_schema");
      return found;
    };
    const [reference, number, status] = [text(paths.reference, 60), text(paths.number, 60), text(paths.status, 60)];
    const atMs = Date.parse(text(paths.happenedAt, 40) ?? "");
    if (typeof no !== "number" || !Number.isSafeInteger(no) || no < 1 || reference === null || Number.isNaN(atMs))
      throw this.#fault("wrong_schema");
    if ((number === null && status === null) || (number !== null && !numberForm.test(number))) throw this.#fault("wrong_schema");
    return { no, reference, number, status, happenedAt: new Date(atMs).toISOString(), place: text(paths.place, 200) };
  }

  async #ask(path: string, request: Pick<RequestInit, "method"> & { headers?: Record<string, string>; body?: string }) {
    const { timeoutMs, bytesMax, secret } = this.#connector;
    const { address, secret: name } = this.#carrier;
    const { method = "GET", headers = {}, body } = request;
    try {
      return await this.#ctx.fetch(`${address.replace(/\/$/, "")}${path}`, {
        method,
        headers: { accept: "application/json", ...headers },
        timeoutMs,
        bytesMax,
        ...(body === undefined ? {} : { body }),
        ...(name === null ? {} : { secret: { name, ...secret } }),
      });
    } catch (error) {
      if (error instanceof OutboundError) throw this.#fault(error.fault);
      throw error;
    }
  }

  async #json(response: Response): Promise<unknown> {
    if (!response.ok) throw this.#fault(`status_${response.status}`);
    try {
      return await response.json();
    } catch {
      throw this.#fault("invalid_json");
    }
  }

  #fault(fault: string): CarrierFault {
    return new CarrierFault(this.#carrier.code, fault);
  }
}
