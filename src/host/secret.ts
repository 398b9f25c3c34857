/**
 * The installation's secret: given by PONS_SECRET, else, in development, made at the first start and kept in `secret` of the data folder.
 * Whoever loses it makes the cursors that clients hold invalid, nothing else. Nodes that share a Postgres sign calls to one another with it: whoever
 * else knows it can call as anybody.
 */
import { join } from "node:path";
import type { Config } from "./config.ts";
import { createPrivate, readIfPresent } from "./private-file.ts";
import { StartError } from "./start-error.ts";

const secretBytes = 32;
const secretLengthMin = 32;

/** The secret. Throws a `StartError` when the kept one was spoilt. */
export const installationSecret = (config: Pick<Config, "data" | "secret">): string => {
  if (config.secret !== undefined) return config.secret;
  const path = join(config.data, "secret");
  const made = (): string => crypto.getRandomValues(new Uint8Array(secretBytes)).toBase64({ alphabet: "base64url" });
  const secret = (readIfPresent(path) ?? createPrivate(path, `${made()}\n`)).trim();
  if (secret.length >= secretLengthMin) return secret;
  throw new StartError(
    "configuration",
    `${path} holds no secret of at least ${secretLengthMin} characters: remove it to have one made, or set PONS_SECRET`,
  );
};
