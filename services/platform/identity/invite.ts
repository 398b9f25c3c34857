/** Makes an invitation and mails it. */
import { type CommandContext, hashOfKey, newSessionToken } from "pons";
import type { Community } from "./community-fields.ts";
import { type Invitation, invitationDays, invitations } from "./invitation-fields.ts";
import { sendMail } from "./mail.ts";
import { after, daySeconds } from "./moments.ts";
import { portalLink } from "./portal.ts";

export interface InvitationWanted extends Pick<Invitation, "email" | "tenant" | "roles" | "community" | "communityRole"> {
  /** What the mail calls the tenant or community. */
  readonly tenantTitle: string;
  readonly portal?: Pick<Community, "origin"> | undefined;
}

/** The token is shown and mailed now, and is kept as a hash only. */
export const invite = (
  ctx: CommandContext,
  { tenantTitle, portal, ...wanted }: InvitationWanted,
): { readonly invitation: Invitation; readonly token: string } => {
  const token = newSessionToken();
  const email = wanted.email.toLowerCase();
  const expiresAt = after(ctx.now, invitationDays * daySeconds);
  const invitation = ctx.table(invitations).insert({
    ...wanted,
    email,
    roles: [...new Set(wanted.roles)].toSorted(),
    tokenHash: hashOfKey(token),
    expiresAt,
    dueAt: expiresAt,
    invitedBy: ctx.principal.user,
  });
  sendMail(ctx, {
    to: email,
    kind: "invitation",
    language: ctx.locale,
    values: { to: tenantTitle, tenant: wanted.tenant, token, days: String(invitationDays) },
    link: portalLink(portal, "invitation", { token, tenant: wanted.tenant }),
  });
  return { invitation, token };
};
