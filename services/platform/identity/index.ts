/** Who there is: tenants, communities, people and their sessions, apps and their keys. */
import type { FunctionDefinition, ResourceDefinition } from "pons";
import { appResource } from "./apps.ts";
import { attempts } from "./attempts.ts";
import { communityResource, memberships } from "./communities.ts";
import { confirmations } from "./confirmations.ts";
import { changeEmail, confirmEmail } from "./email-change.ts";
import { acceptInvitation, invitationResource } from "./invitations.ts";
import { keyResource } from "./keys.ts";
import { checkCredentials, logIn } from "./log-in.ts";
import { logOut, logOutEverywhere, sessionInfo } from "./log-out.ts";
import { mailResource } from "./mails.ts";
import { memberResource } from "./members.ts";
import { notificationResource, notify } from "./notifications.ts";
import { challenges, confirmPasskey, enrolPasskey, passkeyResource, startPasskey } from "./passkeys.ts";
import { changePassword, requestPasswordReset, resetPassword } from "./passwords.ts";
import { provisionUser } from "./provision.ts";
import { confirmTotp, enrolTotp, removeTotp, renewRecoveryCodes, stepUp } from "./second-factor.ts";
import { sessionResource } from "./sessions.ts";
import { signUp, verifyEmail } from "./sign-up.ts";
import { supportResource } from "./support-accesses.ts";
import { ensureTenant, tenant, tenantResource } from "./tenants.ts";
import { userResource } from "./users.ts";

export const resources: readonly ResourceDefinition[] = [
  tenantResource,
  communityResource,
  userResource,
  memberResource,
  invitationResource,
  sessionResource,
  passkeyResource,
  challenges,
  confirmations,
  attempts,
  appResource,
  keyResource,
  mailResource,
  notificationResource,
  supportResource,
];

export const operations: Readonly<Record<string, FunctionDefinition>> = {
  tenant,
  ensureTenant,
  memberships,
  signUp,
  verifyEmail,
  acceptInvitation,
  logIn,
  logOut,
  logOutEverywhere,
  sessionInfo,
  stepUp,
  requestPasswordReset,
  resetPassword,
  changePassword,
  changeEmail,
  confirmEmail,
  enrolTotp,
  confirmTotp,
  removeTotp,
  renewRecoveryCodes,
  startPasskey,
  enrolPasskey,
  confirmPasskey,
  checkCredentials,
  provisionUser,
  notify,
};

export { identity as messages } from "../messages/identity.ts";
