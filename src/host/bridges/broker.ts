/** What a bridge needs of a broker. */
import type { Message } from "./message.ts";

/** The broker is away, or did not take something. What was sent before is safe; nothing of what follows was sent. */
export class Away extends Error {
  override readonly name = "Away";
}

/** An open connection; one that has failed is not used again. */
export interface Connection {
  /**
   * Sends messages of one environment in their order and waits until the broker has them for good. Tells by `onSafe` up to which one that is so and how
   * many more that are, also before it throws. `mayGoOn` is asked between messages. Throws `Away`.
   */
  send(
    messages: readonly Message[],
    options: { readonly onSafe: (last: Message, count: number) => void; readonly mayGoOn: () => boolean },
  ): Promise<void>;
  /** Resolves when the connection is lost. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
}

export interface Broker {
  /** `nats`: its rows are those of `bridge.nats`. */
  readonly name: string;
  /** Where it is, without a password. */
  readonly shown: string;
  /** Throws where it is away. */
  connect(): Promise<Connection>;
}
