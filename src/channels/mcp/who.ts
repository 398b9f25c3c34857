/** Who is at the other end, for what is no call of an operation: the handshake, and the list of tools. Nothing of it is counted. */
import type { Operation } from "../../contract/contract.ts";
import type { Caller } from "../../pipeline/identity/caller.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { isOpenTo } from "../../pipeline/steps/authorize.ts";
import { callOf, type HttpExchange } from "../http/index.ts";
import type { Catalogue, Tool } from "./tool.ts";

/** Credentials that count once: whoever shows them is asked once. */
const onceOnly: ReadonlySet<string> = new Set(["signature", "sealed", "digest"]);

/** A database that is away is no fault of the caller's nor of ours. */
const unavailable = (error: unknown): Refusal => {
  const { kind } = (error ?? {}) as { readonly kind?: unknown };
  if (kind === "unavailable" || kind === "timeout") return refuse("unavailable", { retryAfter: 1 });
  throw error;
};

export class Who {
  readonly #pipeline: Pipeline;

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /** Why somebody may not speak to this version at all; undefined: he may. */
  async refused(exchange: HttpExchange, { isOpen, contract }: Catalogue): Promise<Refusal | undefined> {
    if (exchange.credentials.kind === "none") return isOpen ? undefined : refuse("unauthenticated");
    const caller = await this.caller(exchange, contract.events);
    if (!("status" in caller)) await this.#tell(exchange, contract.events, caller);
    // Who may not use that one may use others.
    return "status" in caller && caller.status !== 403 ? caller : undefined;
  }

  /** The tools that are open to him. */
  async tools(exchange: HttpExchange, { tools, contract }: Catalogue): Promise<readonly Tool[] | Refusal> {
    if (onceOnly.has(exchange.credentials.kind)) {
      const caller = await this.caller(exchange, contract.events);
      if (!("status" in caller)) {
        await this.#tell(exchange, contract.events, caller);
        return tools.filter(({ operation }) => isOpenTo(operation, caller));
      }
      return caller.status === 403 ? [] : caller;
    }
    const open: Tool[] = [];
    let isTold = false;
    for (const tool of tools) {
      // Credentials may be limited to operations, and nobody's are good for some only.
      const caller = this.caller(exchange, tool.operation);
      const found = caller instanceof Promise ? await caller : caller;
      if (!("status" in found)) {
        if (isOpenTo(tool.operation, found)) open.push(tool);
        if (!isTold) await this.#tell(exchange, contract.events, found);
        isTold = true;
      } else if (found.status !== 403 && exchange.credentials.kind !== "none") return found;
    }
    return open.length === 0 && exchange.credentials.kind === "none" ? refuse("unauthenticated") : open;
  }

  /** What the policies of his tenant let a page read. */
  async #tell(exchange: HttpExchange, operation: Operation, caller: Caller): Promise<void> {
    const call = callOf(exchange, operation, {});
    if (call.origin === undefined) return;
    try {
      await this.#pipeline.note(call, caller);
    } catch (error) {
      // A page reads nothing then.
      unavailable(error);
    }
  }

  /** Who would call an operation. */
  caller(exchange: HttpExchange, operation: Operation): Caller | Refusal | Promise<Caller | Refusal> {
    try {
      const caller = this.#pipeline.identify({ ...callOf(exchange, operation, {}), isIdle: true });
      return caller instanceof Promise ? caller.catch(unavailable) : caller;
    } catch (error) {
      return unavailable(error);
    }
  }
}
