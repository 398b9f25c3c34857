/** The control plane on the database itself: calls pass the pipeline and the writer of this process, as an administrator of the tenant. */
import { createApp, tablesOf } from "../../host/app.ts";
import { openDatabase } from "../../host/boot.ts";
import { requireConfig } from "../../host/config.ts";
import { makeDataFolder } from "../../host/data-folder.ts";
import { fitSchema } from "../../host/schema.ts";
import { installationSecret } from "../../host/secret.ts";
import type { Call } from "../../pipeline/call.ts";
import { tenantEnvironment } from "../../pipeline/identity/realm.ts";
import { localizeRefusal } from "../../pipeline/localize.ts";
import { realmOf, type Row } from "../../store/index.ts";
import type { Invocation } from "../command.ts";
import { CommandError } from "../exit-code.ts";
import type { Definitions } from "../surroundings.ts";
import { type Answer, type ControlPlane, pageSize, rowsMax } from "./control-plane.ts";

const language = "en";

export const onDatabase = async (
  { environment }: Pick<Invocation, "environment">,
  { definitions, tenant, channel }: { readonly definitions: Definitions; readonly tenant: string; readonly channel: string },
): Promise<ControlPlane> => {
  const { config } = requireConfig(environment);
  makeDataFolder(config);
  const store = await openDatabase(config);
  try {
    const { contracts, services } = definitions;
    await fitSchema(store, tablesOf(contracts.values()), config);
    const errors: unknown[] = [];
    const app = createApp({
      services: services.map(({ definition }) => definition),
      contracts,
      store,
      cursorSecret: installationSecret(config),
      onError: (error) => void errors.push(error),
    });
    const contract = contracts.get("platform");
    if (contract === undefined) throw new Error("there is no control plane");
    const realm = await realmOf(store, tenant, tenantEnvironment);
    const principal = {
      tenant,
      environment: "live",
      realm,
      app: "cli",
      user: null,
      subject: null,
      roles: ["admin"],
      authentication: "system",
    } as const;
    const run = async (name: string, input: Call["input"]): Promise<Awaited<ReturnType<typeof app.pipeline.run>>> => {
      const operation = contract.operations.get(name);
      if (operation === undefined) throw new CommandError("usage", `the control plane has no operation ${name}`);
      const result = await app.pipeline.run({
        operation,
        input,
        credentials: { kind: "none" },
        principal,
        locale: language,
        requestId: crypto.randomUUID(),
        channel,
      });
      if (!result.ok && result.refusal.status >= 500)
        throw new CommandError("failed", `${name}: ${result.refusal.message}`, { cause: errors.at(-1) });
      return result;
    };
    return {
      async list(resource) {
        const rows: Row[] = [];
        let cursor: string | undefined;
        do {
          const result = await run(`${resource}.list`, {
            query: { sortBy: ["id"], perPage: pageSize, ...(cursor === undefined ? {} : { cursor }) },
          });
          if (!result.ok) throw new CommandError("failed", `${resource} cannot be read: ${result.refusal.type}`);
          rows.push(...(result.data as Row[]));
          if (rows.length > rowsMax) throw new CommandError("failed", `there are more than ${rowsMax} ${resource}`);
          cursor = result.page?.nextCursor;
        } while (cursor !== undefined);
        return rows;
      },
      async call(operation, input): Promise<Answer> {
        const result = await run(operation, input);
        if (result.ok) return { ok: true, data: result.data };
        const { status, type } = result.refusal;
        const [resource] = operation.split(".");
        const { message, data } = localizeRefusal(result.refusal, language, undefined, resource);
        return { ok: false, refused: { status, type, message, fields: data } };
      },
      [Symbol.asyncDispose]: async () => {
        await app.writer.drained();
        await app.audit.stop();
        await app.leases?.leave();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
};
