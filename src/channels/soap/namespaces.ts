/** Namespaces of the standards, and our own. */
export const envelopeNamespaces = {
  "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
  "1.2": "http://www.w3.org/2003/05/soap-envelope",
} as const;

export type SoapVersion = keyof typeof envelopeNamespaces;

export const xsi = "http://www.w3.org/2001/XMLSchema-instance";

/** Header blocks of ours, the same for every service. */
export const ownNamespace = "urn:pons:soap";

/** Web Services Security 1.1, with the names of its first edition. */
export const wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
export const wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
export const usernameTokenProfile = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
