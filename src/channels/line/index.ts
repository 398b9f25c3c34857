/**
 * The line protocol: every operation of every version of every service, one request a line, `Title:Value,Title:Value`, over TCP or TLS.
 *
 *   listener ─► connection ─► conversation ─► grammar ─► request ─► input ─► Call ─► pipeline
 *   how many    bytes, time   who speaks,     pairs      what is    by titles       answers as lines, in order
 *                             in which order             asked
 */
import type { ChannelParts } from "../http/index.ts";
import { type LineLimits, lineLimits } from "./limits.ts";
import { Listener } from "./listener.ts";

export { type LineLimits, lineLimits } from "./limits.ts";

export interface LineListening {
  readonly port: number;
  /** Connections open now. */
  connections(): number;
  /** Takes no more connections, lets what was asked be answered, `withinMs` at most. Returns whether all was. */
  stop(options: { readonly withinMs: number }): Promise<boolean>;
}

/** Starts listening. Rejects with the system's error (`code`: `EADDRINUSE`) when the port cannot be had. */
export const listenLine = async ({
  limits,
  ...options
}: {
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Whether other machines may speak without TLS: something before this server has it. Without it only this machine may. */
  readonly isPlainAllowed?: boolean | undefined;
  readonly parts: ChannelParts;
  readonly limits?: Partial<LineLimits>;
}): Promise<LineListening> => {
  const listener = await Listener.listen({ ...options, limits: { ...lineLimits, ...limits } });
  return { port: listener.port, connections: () => listener.connections, stop: (stopping) => listener.stop(stopping) };
};
