/** Issuers that tenants have registered, from the directory. */
import type { MaybePromise } from "../../../store/store.ts";
import { andThen } from "../../condition.ts";
import type { Directory, DirectoryRecord } from "../directory.ts";
import type { IssuerEntry } from "../entries.ts";
import type { ExternalIssuer } from "./trust.ts";

export interface RegisteredIssuersOptions {
  readonly directory: Pick<Directory, "get">;
  /** The tenant of the realm that publishes an entry. */
  readonly placeOf: (realm: number) => MaybePromise<{ readonly tenant: string } | undefined>;
}

/** Types of access tokens of issuers that do not follow RFC 9068, which most do not. */
const types = ["at+jwt", "JWT"] as const;

const registrationOf = (issuer: string, { value }: DirectoryRecord, tenant: string): ExternalIssuer => {
  const { audience, jwksUri, environment, app, claims, roles } = value as unknown as IssuerEntry;
  return {
    issuer,
    audience,
    tenant,
    environment,
    types,
    roleMap: roles,
    ...(jwksUri === null ? {} : { jwksUri }),
    ...(app === null ? {} : { app }),
    claims: { subject: claims.subject, scopes: claims.scopes, ...(claims.roles === null ? {} : { roles: claims.roles }) },
  };
};

const none: readonly ExternalIssuer[] = [];

/** Registrations of an issuer: the same object for as long as the entry does not change. At once where the directory knows it. */
export const registeredIssuers = ({
  directory,
  placeOf,
}: RegisteredIssuersOptions): ((issuer: string) => MaybePromise<readonly ExternalIssuer[]>) => {
  const made = new WeakMap<DirectoryRecord, readonly ExternalIssuer[]>();
  return (issuer) =>
    andThen(directory.get("issuer", issuer), (record): MaybePromise<readonly ExternalIssuer[]> => {
      if (record === undefined) return none;
      const known = made.get(record);
      if (known !== undefined) return known;
      return andThen(placeOf(record.owner), (place) => {
        if (place === undefined) return none;
        const registrations = [registrationOf(issuer, record, place.tenant)];
        made.set(record, registrations);
        return registrations;
      });
    });
};
