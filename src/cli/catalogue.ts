/** Every command, by name; each is loaded when it is called. */
import type { Command } from "./command.ts";

export interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const catalogue: Readonly<Record<string, Entry>> = {
  start: { summary: "Start the server.", load: async () => (await import("./commands/start.ts")).start },
  dev: {
    summary: "Start the server, again after every change of a file.",
    load: async () => (await import("./commands/dev.ts")).dev,
  },
  migrate: {
    summary: "Show or apply what separates the database from the definitions.",
    load: async () => (await import("./commands/migrate.ts")).migrate,
  },
  seed: {
    summary: "Fill an environment of the demo tenant with demo data.",
    load: async () => (await import("./commands/seed.ts")).seed,
  },
  keys: { summary: "Make, list and revoke API keys.", load: async () => (await import("./commands/keys.ts")).keys },
  apply: {
    summary: "Make products, plans, policies and so on as a file describes them.",
    load: async () => (await import("./commands/apply.ts")).apply,
  },
  export: {
    summary: "Write products, plans, policies and so on as a file for pons apply.",
    load: async () => (await import("./commands/export.ts")).exportPlane,
  },
  audit: { summary: "Verify and export the audit.", load: async () => (await import("./commands/audit.ts")).audit },
  jobs: {
    summary: "Show jobs and bridges, and try again what they have given up.",
    load: async () => (await import("./commands/jobs.ts")).jobs,
  },
  contract: {
    summary: "Lock the contract, compare with the lock, print OpenAPI.",
    load: async () => (await import("./commands/contract.ts")).contract,
  },
  sdk: { summary: "Write a typed client of a service.", load: async () => (await import("./commands/sdk.ts")).sdk },
  call: { summary: "Call an operation of a running server.", load: async () => (await import("./commands/call.ts")).call },
  new: { summary: "Write a small service that runs.", load: async () => (await import("./commands/new.ts")).create },
  doctor: { summary: "Find out why something does not work.", load: async () => (await import("./commands/doctor.ts")).doctor },
  help: { summary: "Say what a command does.", load: async () => (await import("./commands/help.ts")).help },
};

export const commandNames: readonly string[] = Object.keys(catalogue);
