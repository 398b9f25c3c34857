/**
 * The headers by which an old version announces its end: Deprecation (RFC 9745, a structured-field date) and Sunset
 * (RFC 8594, an HTTP-date). An invalid Date throws: it comes from a definition, never from a caller.
 */

/** `Deprecation: @1688169599`. May lie in the future: deprecated from then on. */
export function formatDeprecation(at: Date): string {
  return `@${Math.floor(time(at) / 1000)}`;
}

/** `Sunset: Sat, 31 Dec 2026 23:59:59 GMT` (IMF-fixdate, RFC 9110 section 5.6.7). */
export function formatSunset(at: Date): string {
  time(at);
  return at.toUTCString();
}

function time(at: Date): number {
  const value = at.getTime();
  if (Number.isNaN(value)) throw new TypeError("not a valid date");
  return value;
}
