/** The pages whose commands are typed by the tests, and what has to run for them. */
import type { Page } from "./session.ts";

const bank = { url: "http://127.0.0.1:3000", data: "data" } as const;

export const pages: readonly Page[] = [
  { path: "README.md", servers: [bank, { url: "http://127.0.0.1:3001", data: "data/notes", service: "notes.ts" }] },
  { path: "docs/guide/define.md", servers: [{ ...bank, service: "library.ts" }] },
  { path: "docs/guide/call.md", servers: [bank] },
  { path: "docs/guide/connect.md", servers: [bank] },
  { path: "docs/guide/soap.md", servers: [bank] },
  { path: "docs/guide/manage.md", servers: [bank] },
  { path: "docs/guide/webhooks.md", servers: [bank] },
  { path: "docs/guide/bank.md", servers: [bank] },
  { path: "docs/guide/delivery.md", servers: [bank] },
  { path: "docs/guide/cli.md", servers: [bank] },
  { path: "docs/guide/stream.md", servers: [bank] },
  { path: "docs/guide/mcp.md", servers: [bank] },
  { path: "docs/guide/line.md", servers: [{ ...bank, line: "127.0.0.1:3052" }] },
  { path: "docs/guide/events.md", servers: [{ ...bank, service: "parcels.ts" }] },
];
