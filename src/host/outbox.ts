/** Sends what waits in the outboxes of all tenants. A mail is claimed before it is sent, so that one node sends it, and settled afterwards. */
import type { DocumentHandler } from "../channels/rest/index.ts";
import type { App } from "./app.ts";
import { type FolderSender, MailRefused, type MailSender } from "./mail.ts";
import { callAsSystem, Pending, type Piece } from "./pending.ts";

export interface OutboxOptions {
  readonly app: App;
  readonly sender: MailSender;
  readonly clock?: () => number;
  readonly onError: (error: unknown) => void;
}

const problemLengthMax = 500;

export class Outbox {
  readonly #app: App;
  readonly #sender: MailSender;
  readonly #clock: () => number;
  readonly #pending: Pending;

  constructor({ app, sender, clock = Date.now, onError }: OutboxOptions) {
    this.#app = app;
    this.#sender = sender;
    this.#clock = clock;
    this.#pending = new Pending({ app, kind: "mail", work: (piece) => this.#send(piece), onError });
  }

  start(): void {
    this.#pending.start();
  }

  async stop(): Promise<void> {
    await this.#pending.stop();
    this.#sender.close();
  }

  async #send({ name: id, value: { nextAt }, tenant }: Piece): Promise<void> {
    if (typeof nextAt === "string" && Date.parse(nextAt) > this.#clock()) return;
    const { claimed, to, subject, text } = await callAsSystem(this.#app, { operation: "mails.claim", tenant, body: { id } });
    if (claimed !== true) return;
    const settle = (body: object): Promise<unknown> =>
      callAsSystem(this.#app, { operation: "mails.settle", tenant, body: { id, ...body } });
    try {
      await this.#sender.send({ id, to: String(to), subject: String(subject), text: String(text) });
    } catch (error) {
      const problem = (error instanceof Error ? error.message : String(error)).slice(0, problemLengthMax);
      await settle({ problem, isFinal: error instanceof MailRefused });
      return;
    }
    await settle({});
  }
}

const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

/**
 * The latest mails as JSON, newest first: for development on one machine alone, where a sign-up is tried without a mail server. A request that names another
 * host, as of a page that has taken over a name, finds nothing.
 */
export const outboxPage =
  (sender: Pick<FolderSender, "recent">): DocumentHandler =>
  (request) => {
    if (!loopback.has(new URL(request.url).hostname)) return new Response(null, { status: 404 });
    const mails = sender.recent().map(({ to, subject, text, at }) => ({ to, subject, text, at }));
    return Response.json({ success: true, data: mails }, { headers: { "Cache-Control": "no-store" } });
  };
