/** The works of test/jobs with a bridge: events that are emitted, and what a broker should have of them. */
import { type Bridges, createBridges } from "../../src/host/bridges/index.ts";
import type { Config } from "../../src/host/config.ts";
import { readConfig } from "../../src/host/config.ts";
import { createLogger } from "../../src/observe/index.ts";
import { dataOf, idOf, type Running, serve } from "../core/harness.ts";
import { worksWith } from "../jobs/works.ts";
import type { TestDatabase } from "../postgres/index.ts";

export interface Bridged extends AsyncDisposable {
  readonly running: Running;
  readonly bridges: Bridges;
  /** Lines of the log. */
  readonly log: string[];
  /** Makes further bridges, as after a start, in place of those that were there. */
  restart(): Promise<void>;
  /** Emits so many events, of several rows. */
  emit(count: number): Promise<void>;
  /** Positions of all events that were committed. */
  emitted(): Promise<string[]>;
  /** Waits until so many events have been sent since the last start, with a bound. */
  sent(count: number): Promise<void>;
}

const waitMsMax = 20_000;

export const settingsOf = (
  environment: Readonly<Record<string, string>>,
): Pick<Config, "natsUrl" | "kafkaUrl" | "eventsPrefix"> => {
  const reading = readConfig(environment);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.config;
};

export const until = async (isSo: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  for (const end = performance.now() + waitMsMax; performance.now() < end; await Bun.sleep(10)) if (await isSo()) return;
  throw new Error(`it has not come to that: ${what}`);
};

/** `isStarted: false`: nothing is sent before `restart`. */
export const bridged = async (
  database: Pick<TestDatabase, "url" | "drop">,
  environment: Readonly<Record<string, string>>,
  { isStarted = true }: { readonly isStarted?: boolean } = {},
): Promise<Bridged> => {
  const running = await serve(database, { services: [worksWith({})] });
  const log: string[] = [];
  const logger = createLogger({ level: "debug", text: false, write: (line) => void log.push(line) });
  const make = (): Bridges =>
    createBridges(running.app, settingsOf(environment), { logger, origin: () => "https://api.example.com" });
  let bridges = make();
  if (isStarted) bridges.start();
  const orders: string[] = [];
  return {
    running,
    get bridges() {
      return bridges;
    },
    log,
    restart: async () => {
      await bridges.stop();
      bridges = make();
      bridges.start();
    },
    emit: async (count) => {
      while (orders.length < 7 && count > 0) {
        orders.push(idOf(await running.call("orders.create", { body: { customer: "somebody" } })));
        count--;
      }
      for (let left = count; left > 0; left -= 3) {
        const id = orders[left % orders.length] ?? "";
        const notes = Array.from({ length: Math.min(3, left) }, (_, at) => `${left} ${at}`);
        const result = await running.call("orders.poke", { id, body: { notes } });
        if (!result.ok) dataOf(result);
      }
    },
    emitted: async () =>
      (await running.journal()).flatMap(({ seq, events }) =>
        ((events ?? []) as unknown[]).map((_, index) => `${Number(seq)}-${index}`),
      ),
    sent: (count) => until(() => (bridges.status()[0]?.sent ?? 0) >= count, `${count} sent`),
    [Symbol.asyncDispose]: async () => {
      await bridges.stop();
      await running[Symbol.asyncDispose]();
    },
  };
};
