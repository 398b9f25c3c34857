/** `pons start`: the server, until a signal ends it. */
import { constants } from "node:os";
import { relative } from "node:path";
import { demoPath } from "../../host/demo-file.ts";
import { requireConfig } from "../../host/config.ts";
import { run, type Running } from "../../host/run.ts";
import { createLogger, type Logger } from "../../observe/logger.ts";
import { type Command, type Invocation, servicesOption } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { table } from "../output.ts";
import { createProgress } from "../progress.ts";

const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
type Signal = (typeof signals)[number];

const shown = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short === "" || short.startsWith("..") ? path : short;
};

const factsOf = ({ baseUrl, config, app, demo, grpcPort, linePort }: Running): Record<string, unknown> => ({
  baseUrl,
  mode: config.mode,
  ...(grpcPort === undefined ? {} : { grpcPort }),
  ...(linePort === undefined ? {} : { linePort }),
  services: [...app.contracts.values()].map(({ service, version }) => ({
    name: service,
    url: `${baseUrl}/${service}/${version}`,
  })),
  ...(demo === undefined ? {} : { demo: { ...demo, file: demoPath(config.data) } }),
});

const textOf = ({ baseUrl, config, app, demo, grpcPort, linePort }: Running): string => {
  const rows: string[][] = [];
  for (const { title, service, version } of app.contracts.values()) {
    rows.push([title, `${baseUrl}/${service}/${version}`], ["reference", `${baseUrl}/${service}/${version}/docs`]);
  }
  if (grpcPort !== undefined) rows.push(["gRPC", `${config.host}:${grpcPort}`]);
  if (linePort !== undefined) rows.push(["line protocol", `${config.host}:${linePort}`]);
  if (demo !== undefined) {
    const { keys, logins, basic } = demo;
    rows.push(["sandbox key", keys.sandbox], ["live key", keys.live], ["staff", `${logins.staff.key}  ${logins.staff.email}`]);
    if (logins.customer !== undefined) rows.push(["customer", `${logins.customer.key}  ${logins.customer.email}`]);
    if (basic !== undefined) rows.push(["Basic, for SOAP", `${basic.user}  ${basic.password}`]);
    rows.push(["kept in", shown(demoPath(config.data))]);
  }
  return `Pons listens on ${baseUrl} (${config.mode})\n\n${table(rows, { indent: "  " })}\n`;
};

/**
 * What is thrown where nobody waits for it belongs to no call any more: it is recorded, and the calls of others go on. State is safe, since it
 * changes only in transactions.
 */
const recordStrays = (logger: Logger): void => {
  process.on("unhandledRejection", (error) => logger.error("unhandled_rejection", { error }));
  process.on("uncaughtException", (error) => logger.error("uncaught_exception", { error }));
};

/** Resolves with the first signal. A second one ends the process at once. */
const firstSignal = (): Promise<Signal> =>
  new Promise((resolve) => {
    let isStopping = false;
    for (const signal of signals) {
      process.on(signal, () => {
        if (isStopping) process.exit(128 + constants.signals[signal]);
        isStopping = true;
        resolve(signal);
      });
    }
  });

const serve = async ({ options, environment, output }: Invocation): Promise<number> => {
  const { config, unknown } = requireConfig(environment);
  const logger = createLogger({ level: config.log });
  if (unknown.length > 0) logger.warn("unknown_settings", { names: unknown, advice: "see: pons help environment" });
  const aborter = new AbortController();
  const signalled = firstSignal().then((signal) => {
    aborter.abort();
    return signal;
  });
  const progress = createProgress(output);
  let running: Running;
  try {
    running = await run(config, {
      services: options.texts("services"),
      logger,
      onProgress: ({ service, done, total }) => progress.show(`Demo data of ${service}`, done, total),
      signal: aborter.signal,
    });
  } catch (error) {
    if (!aborter.signal.aborted) throw error;
    return 128 + constants.signals[await signalled];
  } finally {
    progress.end();
  }
  recordStrays(logger);
  output.result(factsOf(running), textOf(running));
  await signalled;
  return (await running.stop()) ? exitCodes.ok.code : exitCodes.failed.code;
};

export const start: Command = {
  name: "start",
  summary: "Start the server.",
  doc: [
    "An empty database gets its schema. In development (the default) an older one is brought up to date unless values would be lost, and a demo tenant is made at the first start: its credentials are printed, and kept in demo.json of the data folder.\nIn production an older schema is left as it is, and the server does not start on one that does not fit (exit code 3): run `pons migrate --apply`. No tenant is made: make its first key with `pons keys create`. PONS_SECRET has to be set.",
    "SIGTERM and SIGINT stop it: no more connections are taken, calls under way are answered, and it ends with 0.",
    "What it listens on and where it keeps its data is told by environment variables: pons help environment.",
  ],
  arguments: [],
  options: servicesOption,
  examples: [
    "pons start",
    "PONS_PORT=8080 pons start --services ./notes",
    "PONS_DATABASE_URL=postgres://pons@localhost/pons pons start",
  ],
  async run(invocation) {
    const code = await serve(invocation);
    // Whatever still holds the event loop is of no use to anyone.
    process.exit(code);
  },
};
