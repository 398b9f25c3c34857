/**
 * The simulated carrier over HTTP, and what may go wrong with it.
 *
 *   POST /v1/consignments         books: { reference, parcels: [{ kg }], … } → 201 { consignment: { reference, number } }
 *   GET  /v1/changes?since&limit  → { changes: […], next, more }
 *   GET  /simulation              → { booked, told, asked }
 *   POST /simulation/faults       { "fault": "malformed", "of": "changes", "times": 2 }: the next answers are spoilt so
 */
import type { SimulatedCarrier, ToldChange } from "./simulated-carrier.ts";

export const faults = [
  "error",
  "slow",
  "cut",
  "duplicate",
  "busy",
  "malformed",
  "wrong_schema",
  "oversized",
  "redirect",
  "refused",
] as const;
export type Fault = (typeof faults)[number];

export interface Ordered {
  readonly fault: Fault;
  readonly of: "book" | "changes";
  times: number;
}

export interface HandlerOptions {
  readonly carrier: SimulatedCarrier;
  /** What has to be shown as `Authorization: Bearer`; absent: nothing. */
  readonly token?: string | undefined;
  /** Which fault an answer has that nobody ordered one for. */
  readonly chance?: (() => Fault | undefined) | undefined;
  readonly slowMs?: number;
}

const bodyBytesMax = 256 * 1024;
const pageMax = 100;
const orderedMax = 100;

const cutOff = (): Response =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"consignment":'));
        setTimeout(() => controller.error(new Error("cut off")), 5);
      },
    }),
    { headers: { "Content-Type": "application/json" } },
  );

export class SimulationHandler {
  readonly ordered: Ordered[] = [];
  readonly #options: HandlerOptions;
  #asked = 0;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  async handle(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const route = `${request.method} ${pathname}`;
    const { carrier, token } = this.#options;
    if (route === "GET /simulation")
      return Response.json({ booked: carrier.booked, told: carrier.changes().length, asked: this.#asked });
    const body = request.method === "POST" ? await readJson(request) : undefined;
    if (route === "POST /simulation/faults") return this.#order(body);
    if (token !== undefined && request.headers.get("authorization") !== `Bearer ${token}`)
      return Response.json({ error: "unauthorized" }, { status: 401 });
    this.#asked++;
    if (route === "POST /v1/consignments") return this.#book(request.headers.get("idempotency-key"), body);
    if (route === "GET /v1/changes") return this.#changes(searchParams);
    return Response.json({ error: "not_found" }, { status: 404 });
  }

  #order(body: unknown): Response {
    const { fault, of, times = 1 } = (body ?? {}) as Partial<Ordered>;
    const isWhole = faults.some((known) => known === fault) && (of === "book" || of === "changes") && Number.isInteger(times);
    if (!isWhole || fault === undefined || of === undefined || times < 1 || times > 1_000 || this.ordered.length >= orderedMax)
      return Response.json({ error: "invalid" }, { status: 422 });
    this.ordered.push({ fault, of, times });
    return Response.json({ ordered: this.ordered });
  }

  #fault(of: Ordered["of"]): Fault | undefined {
    const found = this.ordered.find((one) => one.of === of && one.times > 0);
    if (found === undefined) return this.#options.chance?.();
    if (--found.times === 0) this.ordered.splice(this.ordered.indexOf(found), 1);
    return found.fault;
  }

  async #book(key: string | null, body: unknown): Promise<Response> {
    const { reference, parcels } = (body ?? {}) as { readonly reference?: unknown; readonly parcels?: unknown };
    if (key === null || typeof reference !== "string" || !Array.isArray(parcels) || parcels.length === 0)
      return Response.json({ error: "invalid" }, { status: 422 });
    const fault = this.#fault("book");
    if (fault === "refused") return Response.json({ error: "not_served", reference }, { status: 422 });
    if (fault === "error" || fault === "busy" || fault === "redirect") return spoilt(fault);
    const booked = this.#options.carrier.book(key, reference);
    if (booked === undefined) return spoilt("busy");
    // It has booked; what becomes of its answer is another matter.
    const { number } = booked;
    return this.#spoil(fault, Response.json({ consignment: { reference, number } }, { status: 201 }));
  }

  async #changes(query: URLSearchParams): Promise<Response> {
    const fault = this.#fault("changes");
    const all = this.#options.carrier.changes();
    const since = Number(query.get("since") ?? 0);
    const limit = Math.min(Math.max(Number(query.get("limit") ?? pageMax) || pageMax, 1), pageMax);
    const later = all.filter(({ no }) => no > since);
    const page = later.slice(0, limit);
    const next = String(page.at(-1)?.no ?? since);
    const repeated = all.filter(({ no }) => no <= since).slice(-5);
    const changes: readonly ToldChange[] = fault === "duplicate" ? [...page.toReversed(), ...repeated].slice(0, pageMax) : page;
    return this.#spoil(fault, Response.json({ changes, next, more: later.length > page.length }));
  }

  async #spoil(fault: Fault | undefined, answer: Response): Promise<Response> {
    if (fault === undefined || fault === "duplicate" || fault === "refused") return answer;
    if (fault !== "slow") return spoilt(fault);
    await Bun.sleep(this.#options.slowMs ?? 15_000);
    return answer;
  }
}

const spoilt = (fault: Exclude<Fault, "slow" | "duplicate" | "refused">): Response => {
  switch (fault) {
    case "error":
      return Response.json({ error: "inside of the carrier" }, { status: 500 });
    case "busy":
      return Response.json({ error: "busy" }, { status: 429, headers: { "Retry-After": "1" } });
    case "redirect":
      return new Response(null, { status: 302, headers: { Location: "/v1/elsewhere" } });
    case "malformed":
      return new Response('{"changes": [inside of the carrier', { headers: { "Content-Type": "application/json" } });
    case "wrong_schema":
      return Response.json({
        changes: [{ no: "seven", reference: 7 }],
        next: 1,
        more: "no",
        consignment: { number: "<script>" },
      });
    case "oversized":
      return Response.json({ changes: "inside of the carrier".repeat(100_000) });
    case "cut":
      return cutOff();
  }
};

const readJson = async (request: Request): Promise<unknown> => {
  const text = await request.text();
  if (text.length > bodyBytesMax) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
