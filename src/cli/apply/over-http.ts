/** The control plane of a running server, over HTTP with an administrator's key. */
import type { Contract } from "../../contract/index.ts";
import type { Row } from "../../store/index.ts";
import { locateOperation } from "../call-address.ts";
import { CommandError } from "../exit-code.ts";
import { type Answer, type ControlPlane, pageSize, rowsMax } from "./control-plane.ts";

const timeoutMs = 60_000;

interface Envelope {
  readonly success?: boolean;
  readonly data?: unknown;
  readonly error?: { readonly type?: string; readonly message?: string };
  readonly pagination?: { readonly nextCursor?: string };
}

const fieldsOf = (data: unknown): Record<string, readonly string[]> =>
  typeof data !== "object" || data === null
    ? {}
    : Object.fromEntries(Object.entries(data).filter((entry): entry is [string, string[]] => Array.isArray(entry[1])));

export const overHttp = ({
  url,
  key,
  contract,
}: {
  readonly url: string;
  readonly key: string;
  readonly contract: Contract;
}): ControlPlane => {
  const base = url.replace(/\/+$/, "");
  const send = async (
    operation: string,
    options: { readonly id?: string; readonly body?: unknown; readonly query?: string },
  ): Promise<{ status: number; envelope: Envelope }> => {
    const { id, body, query = "" } = options;
    const { method, path } = locateOperation({ contract, operation, many: false, ...(id === undefined ? {} : { id }) });
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${base}${path}${query}`, {
        method,
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          Accept: "application/json",
          Authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CommandError("unavailable", `${base} does not answer: ${reason}`, {
        advice: "Is the server started? pons start",
        cause: error,
      });
    }
    if (text === "") return { status: response.status, envelope: { success: response.ok } };
    try {
      return { status: response.status, envelope: JSON.parse(text) as Envelope };
    } catch (error) {
      throw new CommandError("unavailable", `${base} answers ${response.status}, but not as Pons does`, { cause: error });
    }
  };
  return {
    async list(resource) {
      const rows: Row[] = [];
      let cursor: string | undefined;
      do {
        const place = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
        const { status, envelope } = await send(`${resource}.list`, { query: `?sortBy=id&perPage=${pageSize}${place}` });
        if (envelope.success !== true)
          throw new CommandError(
            "failed",
            `${resource} cannot be read: ${status} ${envelope.error?.type ?? ""}: ${envelope.error?.message ?? ""}`,
          );
        rows.push(...(envelope.data as Row[]));
        if (rows.length > rowsMax) throw new CommandError("failed", `there are more than ${rowsMax} ${resource}`);
        cursor = envelope.pagination?.nextCursor;
      } while (cursor !== undefined);
      return rows;
    },
    async call(operation, input): Promise<Answer> {
      const { status, envelope } = await send(operation, input);
      if (envelope.success === true) return { ok: true, data: envelope.data };
      const { type = "unknown", message = "" } = envelope.error ?? {};
      return { ok: false, refused: { status, type, message, fields: fieldsOf(envelope.data) } };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
};
