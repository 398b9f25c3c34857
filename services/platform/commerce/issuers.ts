/**
 * Issuers whose access tokens are accepted beside the installation's own: somebody else's identity provider. An issuer belongs to one tenant of the
 * installation.
 */
import { type CommandContext, entry, type FieldIssue, type FunctionRefusal, resource, type RowOf, t, type Value } from "pons";
import { isGrantable, overseers, rolePattern } from "../roles.ts";
import { environmentNames } from "./words.ts";

const claim = (doc: string) => t.string({ optional: true, minLength: 1, maxLength: 100, doc });

const terms = {
  audience: t.string({
    minLength: 1,
    maxLength: 255,
    doc: "Audience that its tokens must name.",
    example: "https://api.example.com",
  }),
  jwksUri: t.url({ optional: true, doc: "Where its keys are; absent: as its discovery document says." }),
  environment: t.enum(environmentNames, { doc: "Environment its tokens are for." }),
  app: t.ref("apps", { optional: true, doc: "App for which its tokens count." }),
  claims: t.object(
    {
      subject: t.string({ default: "sub", minLength: 1, maxLength: 100, doc: "Claim that names who it is." }),
      roles: claim("Claim with roles; absent: none count."),
      scopes: claim("Claim with scopes; absent: none count."),
    },
    { default: {}, doc: "Names of claims." },
  ),
  roles: t.array(
    t.object({
      name: t.string({ minLength: 1, maxLength: 255, doc: "Role as the issuer calls it." }),
      roles: t.array(t.string({ maxLength: 81, pattern: rolePattern, example: "bank:teller" }), {
        minItems: 1,
        maxItems: 50,
        doc: "Roles here.",
      }),
    }),
    { default: [], maxItems: 200, doc: "What the issuer's roles stand for; others count for nothing." },
  ),
};

const fields = {
  id: t.id("iss"),
  issuer: t.url({
    write: "create",
    unique: true,
    doc: "As `iss` of its tokens says, exactly.",
    example: "https://id.example.com",
  }),
  ...terms,
  enabled: t.boolean({ default: true, doc: "Whether its tokens are accepted." }),
  createdAt: t.dateTime({ set: "created" }),
  updatedAt: t.dateTime({ set: "updated" }),
};

type Issuer = RowOf<typeof fields>;

const flawsOf = (ctx: CommandContext, row: Pick<Issuer, "issuer" | "jwksUri" | "roles">): FunctionRefusal | undefined => {
  const flaws: Record<string, readonly FieldIssue[]> = {};
  for (const name of ["issuer", "jwksUri"] as const) {
    const url = row[name];
    if (url !== null && !url.startsWith("https://")) flaws[name] = [{ code: "bad_format", params: { format: "url" } }];
  }
  for (const [index, { name, roles }] of row.roles.entries()) {
    if (row.roles.findIndex((one) => one.name === name) < index) flaws[`roles.${index}.name`] = [{ code: "duplicate" }];
    for (const [position, role] of roles.entries())
      if (!isGrantable(role, ctx.principal.tenant))
        flaws[`roles.${index}.roles.${position}`] = [{ code: "not_in_list", params: { values: "roles that may be given" } }];
  }
  return Object.keys(flaws).length === 0 ? undefined : ctx.refuse("validation_failed", undefined, { fields: flaws });
};

export const issuers = resource(
  "issuers",
  { doc: "Identity providers whose access tokens are accepted.", fields },
  ({ self, all, command, directory, guard }) => ({
    rows: Object.fromEntries(overseers.map((role) => [role, all])),
    access: { update: ["admin"], replace: [], delete: ["admin"] },
    sortBy: "issuer",
    directory: directory(({ issuer, enabled, audience, jwksUri, environment, app, claims, roles }) =>
      enabled
        ? [
            entry("issuer", issuer, {
              audience,
              jwksUri,
              environment,
              app,
              claims,
              roles: Object.fromEntries(roles.map((one) => [one.name, one.roles])),
            } satisfies Record<string, Value>),
          ]
        : [],
    ),
    create: command({
      on: "collection",
      doc: "Accepts an issuer's tokens.",
      roles: ["admin"],
      stepUp: true,
      input: { issuer: fields.issuer, ...terms, enabled: fields.enabled },
      output: "row",
      run: async (ctx, { input }) => {
        const flaw = flawsOf(ctx, input);
        if (flaw !== undefined) return flaw;
        const taken = await ctx.table(self).count(({ issuer }) => ({ op: "eq", left: issuer, right: { value: input.issuer } }));
        return taken > 0
          ? ctx.refuse("already_exists", undefined, { fields: { issuer: ["duplicate"] } })
          : ctx.created(ctx.table(self).insert(input));
      },
    }),
    guard: { update: guard((ctx, { row, changes }) => flawsOf(ctx, { ...row, ...changes })) },
  }),
);
