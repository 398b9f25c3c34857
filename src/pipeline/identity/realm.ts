/** Realm of what belongs to the installation itself and not to a tenant. */
export const installationRealm = 0;

/** Name of the environment whose realm holds what belongs to a tenant as a whole. */
export const tenantEnvironment = "tenant";
