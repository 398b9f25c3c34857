/**
 * The paths beside the operations: front page, health, security.txt, and the index and documents of every service version. What makes OpenAPI
 * documents and the reference is loaded when one is first asked for, or when the server has been up for a while: a start need not wait for it.
 */
import type { DocumentHandler } from "../channels/rest/index.ts";
import { atLeisure } from "../observe/at-leisure.ts";
import type { Booted } from "./boot.ts";
import { favicon, frontPage } from "./front-page.ts";
import { live, ready } from "./health.ts";
import { numbersOf } from "./lock.ts";
import type { FolderSender } from "./mail.ts";
import { outboxPage } from "./outbox.ts";
import { mcpPaths, resourceMetadata, resourceMetadataPath } from "./resource-metadata.ts";
import { securityTxtHandler, securityTxtPath } from "./security-txt.ts";
import { versionPage } from "./version-page.ts";

const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

/** Path → handler. `isStopping`: whether the server takes no more calls. */
export const documentsOf = (booted: Booted, isStopping: () => boolean): ReadonlyMap<string, DocumentHandler> => {
  const { app, config, demo, mail } = booted;
  const contracts = [...app.contracts.values()];
  const handlers = new Map<string, DocumentHandler>([
    ["/", frontPage(contracts)],
    ["/favicon.ico", favicon],
    ["/healthz", live],
    ["/readyz", ready(app.store, isStopping)],
    [resourceMetadataPath, resourceMetadata(booted)],
    ...mcpPaths(contracts).map((path): [string, DocumentHandler] => [
      `${resourceMetadataPath}${path}`,
      resourceMetadata(booted, path),
    ]),
    [securityTxtPath, securityTxtHandler(config)],
  ]);
  // Mails are for whoever develops: only where that is this machine alone.
  if (config.mode === "development" && loopback.has(config.host) && mail !== undefined && "recent" in mail)
    handlers.set("/outbox", outboxPage(mail as FolderSender));
  // A key on a page is for whoever sees the page: only where that is this machine alone.
  const options = {
    ...(demo !== undefined && loopback.has(config.host) ? { demoKey: demo.keys.sandbox } : {}),
    ...(config.publicUrl === undefined ? {} : { origin: config.publicUrl }),
  };
  const numbers = numbersOf(booted.services);
  let loading: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    const { documents } = await import("../contract/docs/index.ts");
    for (const contract of contracts)
      for (const [path, handler] of documents(contract, { ...options, numbers: numbers(contract) })) handlers.set(path, handler);
  };
  const loaded = (): Promise<void> => (loading ??= load());
  for (const contract of contracts) {
    const { service, version, older } = contract;
    for (const name of [version, ...older.map((one) => one.name)]) {
      handlers.set(`/${service}/${name}`, versionPage(contract, name));
      for (const document of ["openapi.json", "asyncapi.json", `${service}.proto`, "protocol.html", "docs"]) {
        const path = `/${service}/${name}/${document}`;
        const first: DocumentHandler = async (request) => {
          await loaded();
          const handler = handlers.get(path);
          if (handler === undefined || handler === first) throw new Error(`${path} is not among the documents`);
          return handler(request);
        };
        handlers.set(path, first);
      }
    }
  }
  atLeisure(loaded);
  return handlers;
};
