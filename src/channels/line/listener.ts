/**
 * The listener of the line protocol: TCP on a port of its own, over TLS where the server has a certificate. Connections are bounded in number, in all and from
 * one address. What speaks on them is loaded for the first one: a start need not wait for it.
 */
import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { ChannelParts } from "../http/index.ts";
import type { Connection } from "./connection.ts";
import type { LineLimits } from "./limits.ts";
import type { Services } from "./services.ts";

export interface LineOptions {
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Whether other machines may speak without TLS: something before this server has it. */
  readonly isPlainAllowed?: boolean | undefined;
  readonly parts: ChannelParts;
  readonly limits: LineLimits;
}

interface Spoken {
  readonly Connection: typeof Connection;
  readonly services: Services;
}

const handshakeMsMax = 10_000;
const loopback = /^(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/;

/** What somebody is told whom nobody speaks to. */
const turnedAway = {
  plain: "Error:forbidden,Message:This port speaks TLS, or to its own machine.\n",
  full: "Error:overloaded,@RetryAfter:1,Message:Too many connections are open.\n",
} as const;

/** What it is to say farewell to somebody who may not listen, in milliseconds. */
const farewellMsMax = 2_000;

const turnAway = (socket: Socket, why: keyof typeof turnedAway): void => {
  socket.on("error", () => socket.destroy());
  socket.setTimeout(farewellMsMax, () => socket.destroy());
  socket.resume();
  socket.end(turnedAway[why]);
};

export class Listener {
  readonly #options: LineOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #ofAddress = new Map<string, number>();
  #open = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isStopping = false;
  #emptied: (() => void) | undefined;
  #loading: Promise<Spoken> | undefined;

  private constructor(options: LineOptions) {
    this.#options = options;
    const { tls } = options;
    const take = (socket: Socket): void => this.#take(socket);
    const shared = { allowHalfOpen: true, pauseOnConnect: tls === undefined };
    this.#server =
      tls === undefined
        ? createPlainServer(shared, take)
        : createTlsServer({ ...tls, ...shared, minVersion: "TLSv1.2", handshakeTimeout: handshakeMsMax }, take);
    // A handshake that fails is nobody's request.
    this.#server.on("tlsClientError", (_: unknown, socket: Socket | undefined) => socket?.destroy());
  }

  /** Starts listening. Rejects with the system's error when the port cannot be had. */
  static async listen(options: LineOptions): Promise<Listener> {
    const listener = new Listener(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.#server.once("error", reject);
    listener.#server.listen({ host: options.host, port: options.port }, resolve);
    await promise;
    listener.#server.off("error", reject);
    listener.#server.on("error", (error) => options.parts.onError(error, { requestId: "", channel: "line" }));
    return listener;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#open;
  }

  /** Takes no more connections, lets what was asked be answered, `withinMs` at most; then cuts the rest off. Whether all was answered. */
  async stop({ withinMs }: { readonly withinMs: number }): Promise<boolean> {
    this.#isStopping = true;
    this.#server.close();
    const emptied = new Promise<boolean>((resolve) => (this.#emptied = () => resolve(true)));
    for (const connection of this.#connections) connection.stop();
    if (this.#open === 0) this.#emptied?.();
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), withinMs);
    const isEmpty = await Promise.race([emptied, late.promise]);
    clearTimeout(timer);
    for (const connection of this.#connections) connection.destroy();
    clearInterval(this.#timer);
    return isEmpty;
  }

  #take(socket: Socket): void {
    const { tls, isPlainAllowed = false, limits } = this.#options;
    const address = socket.remoteAddress ?? "";
    if (tls === undefined && !isPlainAllowed && !loopback.test(address)) return turnAway(socket, "plain");
    const count = this.#ofAddress.get(address) ?? 0;
    if (this.#isStopping || this.#open >= limits.connectionsMax || count >= limits.connectionsPerAddressMax)
      return turnAway(socket, "full");
    this.#open++;
    this.#ofAddress.set(address, count + 1);
    socket.once("close", () => this.#left(address));
    socket.once("error", () => socket.destroy());
    socket.pause();
    this.#loaded().then(
      (spoken) => this.#speak(socket, address, spoken),
      (error: unknown) => {
        this.#options.parts.onError(error, { requestId: "", channel: "line" });
        socket.destroy();
      },
    );
  }

  #speak(socket: Socket, address: string, { Connection: Speaker, services }: Spoken): void {
    if (socket.destroyed) return;
    const { parts, limits } = this.#options;
    const connection = new Speaker(socket, {
      parts,
      limits,
      services,
      address,
      onClose: () => void this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    this.#timer ??= setInterval(() => this.#tick(), limits.tickMs);
    this.#timer.unref();
    if (this.#isStopping) connection.stop();
    else socket.resume();
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.tick(nowMs);
    if (this.#connections.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #left(address: string): void {
    this.#open--;
    const count = (this.#ofAddress.get(address) ?? 1) - 1;
    if (count === 0) this.#ofAddress.delete(address);
    else this.#ofAddress.set(address, count);
    if (this.#isStopping && this.#open === 0) this.#emptied?.();
  }

  async #loaded(): Promise<Spoken> {
    this.#loading ??= this.#load();
    try {
      return await this.#loading;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  async #load(): Promise<Spoken> {
    const [connection, services] = await Promise.all([import("./connection.ts"), import("./services.ts")]);
    return { Connection: connection.Connection, services: new services.Services(this.#options.parts.contracts) };
  }
}
