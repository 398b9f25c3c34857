import type { SettingName } from "./setting.ts";
import { StartError } from "./start-error.ts";

/** Why listening failed, for a person. `setting`: what chooses the port. */
export const refusedPort = (
  error: unknown,
  { host, port, setting = "PONS_PORT" }: { readonly host: string; readonly port: number; readonly setting?: SettingName },
): StartError => {
  const code = (error as { code?: unknown }).code;
  const advice = `Choose another one: ${setting}=${port === 0 ? 3001 : (port % 65_535) + 1}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} of ${host} is taken by another process. ${advice}`,
    EACCES: `port ${port} may not be used by this account. ${advice}`,
    EADDRNOTAVAIL: `PONS_HOST is "${host}": this machine has no such address`,
  };
  const reason = typeof code === "string" ? reasons[code] : undefined;
  const message = reason ?? `cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`;
  return new StartError("unavailable", message, { cause: error });
};
