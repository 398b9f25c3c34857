/**
 * Access for support. An operator asks for it in the installation's own tenant; the host tells the tenant that is entered (`told`, run there as the
 * system), and only then opens it (`open`). From then on the operator's calls that name the tenant are its staff's, and each stands in its journal under
 * both names. It ends by itself after four hours at most, or when either side ends it.
 */
import { and, entry, entryOf, eq, ne, resource, rowOf, t } from "pons";
import { isGrantable, nameOfRole, operatorTenant, rolePattern } from "../roles.ts";
import { administrators, notify, tell } from "./mail.ts";
import { after, daySeconds } from "./moments.ts";
import { accessMinutesMax, supportAccesses as declared, supportFields } from "./support-fields.ts";
import { users } from "./user-fields.ts";

const keptDays = 365;

/** What nobody gets for support: it could make itself at home. */
const never: ReadonlySet<string> = new Set(["admin", "operator"]);

const ended = { access_ended: { status: 409, doc: "The access has ended." } } as const;

export const supportResource = resource(declared, ({ self, all, filter, command, directory, due }) => ({
  rows: { operator: all, admin: all, auditor: all, system: all },
  sortBy: "createdAt.desc",
  filters: { open: filter(({ status }) => eq(status, "open")) },
  events: {
    entered: {
      doc: "The installation's staff has access to the tenant.",
      data: { access: t.ref("supportAccesses"), operator: t.string(), until: t.dateTime() },
    },
  },
  directory: directory((row) => {
    if (row.isClosing) return [entry("supportEnd", row.id, { tenant: row.tenant })];
    if (row.isCopy || row.status === "ended") return [];
    const { tenant, operator, operatorName, until, reason, roles } = row;
    if (row.status === "requested")
      return [entry("supportRequest", row.id, { tenant, operator, operatorName, reason, roles, until })];
    return [entry("support", `${operator} ${tenant}`, { until, reason, roles })];
  }),
  due: due({
    doc: "Ends an access whose time is over, and forgets it a year later.",
    at: "dueAt",
    run: (ctx, { row }) =>
      row.status === "ended"
        ? ctx.table(self).delete(row.id)
        : ctx.table(self).update(row.id, { status: "ended", endedAt: ctx.now, dueAt: after(ctx.now, keptDays * daySeconds) }),
  }),
  functions: {
    request: command({
      on: "collection",
      doc: "Asks for access to a tenant. It opens as soon as the tenant has been told, within seconds.",
      roles: ["operator"],
      stepUp: true,
      input: {
        tenant: t.string({ maxLength: 63, example: "acme" }),
        reason: t.text({
          minLength: 10,
          maxLength: 500,
          doc: "Why; the tenant reads it.",
          example: "Ticket 4711: transfers fail",
        }),
        minutes: t.integer({ default: 60, min: 5, max: accessMinutesMax }),
        roles: t.array(t.string({ maxLength: 81, pattern: rolePattern }), {
          default: ["platform:staff"],
          minItems: 1,
          maxItems: 20,
          doc: "What the operator may do there.",
        }),
      },
      accepted: "It waits for the tenant to be told.",
      refusals: {
        not_operator_tenant: { status: 403, doc: "Access is asked for in the installation's own tenant alone." },
        tenant_not_found: { status: 422, doc: "There is no such tenant to enter." },
        role_not_for_support: { status: 422, doc: "No support gets this role." },
        access_open: { status: 409, doc: "There is an access of the caller to this tenant." },
      },
      load: ({ input, principal }) => ({ tenant: entryOf("tenant", input.tenant), operator: rowOf(users, principal.user) }),
      run: async (ctx, { input, loaded }) => {
        const { operator } = loaded;
        if (ctx.principal.tenant !== operatorTenant || operator === undefined) return ctx.refuse("not_operator_tenant");
        if (loaded.tenant === undefined || input.tenant === operatorTenant) return ctx.refuse("tenant_not_found");
        const barred = input.roles.find((role) => !isGrantable(role, input.tenant) || never.has(nameOfRole(role)));
        if (barred !== undefined) return ctx.refuse("role_not_for_support", { role: barred });
        const own = await ctx
          .table(self)
          .count((row) => and(eq(row.operator, operator.id), eq(row.tenant, input.tenant), ne(row.status, "ended")));
        if (own > 0) return ctx.refuse("access_open");
        const until = after(ctx.now, input.minutes * 60);
        const { tenant, reason, roles } = input;
        const row = ctx
          .table(self)
          .insert({ tenant, reason, roles, operator: operator.id, operatorName: operator.email, until, dueAt: until });
        return ctx.accepted(row);
      },
    }),
    told: command({
      on: "collection",
      doc: "Tells a tenant of an access to it: its administrators are notified. Asked for again it does nothing.",
      roles: ["system"],
      input: {
        id: t.string({ maxLength: 64 }),
        operator: t.string({ maxLength: 64 }),
        operatorName: t.string({ maxLength: 255 }),
        reason: supportFields.reason,
        roles: t.array(t.string({ maxLength: 81 }), { maxItems: 20 }),
        until: t.dateTime(),
      },
      output: { told: t.boolean() },
      load: ({ input }) => ({ known: rowOf(declared, input.id) }),
      run: async (ctx, { input, loaded: { known } }) => {
        if (known !== undefined) return { told: false };
        const { tenant } = ctx.principal;
        ctx.table(self).insert({ ...input, tenant, status: "open", isCopy: true, dueAt: input.until });
        ctx.emit("entered", { access: input.id, operator: input.operatorName, until: input.until });
        const people = await administrators(ctx);
        const { operatorName, reason, until } = input;
        notify(
          ctx,
          people,
          { kind: "supportAccess", text: `${operatorName}: ${reason}`, data: { access: input.id, until } },
          { byMail: false },
        );
        for (const user of people) tell(ctx, user, "supportAccess", { operator: operatorName, reason, until });
        return { told: true };
      },
    }),
    open: command({
      on: "item",
      doc: "Opens an access that its tenant was told of.",
      roles: ["system"],
      refusals: ended,
      run: (ctx, { row }) => {
        if (row.status === "open") return row;
        if (row.status === "ended" || row.until <= ctx.now) return ctx.refuse("access_ended");
        return ctx.table(self).update(row.id, { status: "open" });
      },
    }),
    end: command({
      on: "item",
      doc: "Ends an access before its time, from either side. Ended by the tenant, it is over within seconds.",
      roles: ["operator", "admin", "system"],
      refusals: ended,
      run: (ctx, { row }) => {
        if (row.status === "ended") return ctx.refuse("access_ended");
        const isClosing = row.isCopy && ctx.principal.roles.includes("admin");
        const dueAt = after(ctx.now, keptDays * daySeconds);
        return ctx.table(self).update(row.id, { status: "ended", endedAt: ctx.now, dueAt, isClosing });
      },
    }),
    closeFor: command({
      on: "collection",
      doc: "Ends an access whose tenant has ended it.",
      roles: ["system"],
      input: { id: t.string({ maxLength: 64 }), tenant: t.string({ maxLength: 63 }) },
      output: { ended: t.boolean() },
      load: ({ input }) => ({ row: rowOf(declared, input.id) }),
      run: (ctx, { input, loaded: { row } }) => {
        // A tenant ends the accesses to itself.
        if (row === undefined || row.tenant !== input.tenant || row.status === "ended") return { ended: false };
        const dueAt = after(ctx.now, keptDays * daySeconds);
        ctx.table(self).update(row.id, { status: "ended", endedAt: ctx.now, dueAt });
        return { ended: true };
      },
    }),
    closed: command({
      on: "item",
      doc: "Notes that an access, ended by its tenant, is over.",
      roles: ["system"],
      run: (ctx, { row }) => ctx.table(self).update(row.id, { isClosing: false }),
    }),
  },
}));
