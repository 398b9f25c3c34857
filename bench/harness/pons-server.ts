/** Pons as it is started for a benchmark: the real command with the demo tenant, on a fresh folder and, on Postgres, a fresh database. */
import { existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type Surroundings, Unavailable } from "./peer.ts";
import type { ServerOptions } from "./server.ts";

const root = join(import.meta.dir, "..", "..");
const commandLine = join(root, "src", "cli", "main.ts");

interface Answer<T> {
  readonly data: T;
  readonly pagination?: { readonly nextCursor?: string };
}

/** Calls the server and expects success. */
export class Client {
  readonly headers: Readonly<Record<string, string>>;
  readonly #url: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.headers = { authorization: `Bearer ${key}` };
  }

  async call<T>(path: string, body?: string): Promise<Answer<T>> {
    const answer = await fetch(this.#url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...this.headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    if (answer.status < 200 || answer.status > 204) throw new Error(`${path}: ${answer.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as Answer<T>;
  }

  async count(collection: string): Promise<number> {
    return Number((await this.call<number | string>(`${collection}/count`)).data);
  }
}

export interface PonsServer {
  readonly options: ServerOptions;
  /** The folder of its data. */
  readonly data: string;
  /** Where its rows are. */
  readonly database: { readonly engine: "sqlite"; readonly file: string } | { readonly engine: "postgres"; readonly url: string };
}

/** The command that starts it; ready when its health is. */
export async function ponsOptions(
  surroundings: Surroundings,
  { engine, env }: { readonly engine: "sqlite" | "postgres"; readonly env?: Readonly<Record<string, string>> },
): Promise<PonsServer> {
  if (!existsSync(commandLine)) throw new Unavailable("src/cli/main.ts is not there yet");
  const data = mkdtempSync(join(surroundings.folder, "pons-"));
  const url = engine === "postgres" ? await surroundings.createDatabase() : undefined;
  const options: ServerOptions = {
    command: [process.execPath, commandLine, "start"],
    cwd: root,
    env: { PONS_HOST: "127.0.0.1", PONS_DATA: data, PONS_DATABASE_URL: url, PONS_LOG: "error", ...env },
    portVariable: "PONS_PORT",
    path: "/healthz",
  };
  const database =
    url === undefined ? ({ engine: "sqlite", file: join(data, "pons.sqlite") } as const) : ({ engine: "postgres", url } as const);
  return { options, data, database };
}

/** The key of the demo tenant's sandbox, which may do everything; there once the server has answered. */
export async function keyOf(data: string): Promise<string> {
  const demo = (await Bun.file(join(data, "demo.json")).json()) as { readonly keys: { readonly sandbox: string } };
  return demo.keys.sandbox;
}
