/**
 * Access for support: tells the tenant that is entered, and only then opens the access; ends one that its tenant has ended. The rows of both sides lie in
 * different tenants, which no single command may touch.
 */
import type { App } from "./app.ts";
import { callAsSystem, Pending, type Piece } from "./pending.ts";

export interface SupportOptions {
  readonly app: App;
  /** Tenant of the installation's own staff. */
  readonly operatorTenant: string;
  readonly onError: (error: unknown) => void;
}

export class Support {
  readonly #options: SupportOptions;
  readonly #pending: readonly Pending[];

  constructor(options: SupportOptions) {
    const { app, onError } = options;
    this.#options = options;
    this.#pending = [
      new Pending({ app, kind: "supportRequest", work: (piece) => this.#open(piece), onError }),
      new Pending({ app, kind: "supportEnd", work: (piece) => this.#end(piece), onError }),
    ];
  }

  start(): void {
    for (const pending of this.#pending) pending.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pending.map((pending) => pending.stop()));
  }

  async #open({ name: id, value, tenant: home }: Piece): Promise<void> {
    const { app, operatorTenant } = this.#options;
    // Requests of other tenants open nothing.
    if (home !== operatorTenant) return;
    const { tenant, operator, operatorName, reason, roles, until } = value;
    const body = { id, operator, operatorName, reason, roles, until };
    await callAsSystem(app, { operation: "supportAccesses.told", tenant: String(tenant), body });
    await callAsSystem(app, { operation: "supportAccesses.open", tenant: operatorTenant, id, body: {} });
  }

  /** `home`: the tenant that was entered, and has ended it. */
  async #end({ name: id, tenant: home }: Piece): Promise<void> {
    const { app, operatorTenant } = this.#options;
    await callAsSystem(app, { operation: "supportAccesses.closeFor", tenant: operatorTenant, body: { id, tenant: home } });
    await callAsSystem(app, { operation: "supportAccesses.closed", tenant: home, id, body: {} });
  }
}
