/**
 * Headers by which proxies hand the client certificate of a connection on (RFC 9440 and older customs). Whoever sends one says so himself: they are never
 * read, and are not passed on to others.
 */
const form =
  /^(?:client-cert(?:-chain)?|x-(?:forwarded-)?client-cert(?:-.*)?|x-(?:forwarded-)?(?:ssl|tls)-.*|ssl-client-.*|x-arr-clientcert|x-amzn-mtls-.*)$/;

/** Whether a header, in small letters, claims a client certificate. */
export const isCertificateHeader = (name: string): boolean => form.test(name);
