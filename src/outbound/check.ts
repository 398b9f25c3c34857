/** Whether an address that somebody gives may be kept, to be requested later: what can be known of it now. The guard looks again at each request. */
import { OutboundError } from "./outbound-error.ts";
import { addressesOf, type Lookup, systemLookup } from "./resolve.ts";
import { targetOf, type TargetPolicy } from "./target.ts";

const lookUpMsDefault = 1_500;

/** Why an address may not be requested, by its text alone; `undefined` where it may. */
export const flawOfAddress = (text: string, policy: TargetPolicy = {}): string | undefined => {
  try {
    targetOf(text, policy);
    return undefined;
  } catch (error) {
    if (error instanceof OutboundError) return error.message;
    throw error;
  }
};

/** Whether the name of an address leads to one that is not public, as it is resolved now. What has no address yet, or takes too long, does not. Never rejects. */
export const leadsInside = async (
  text: string,
  { lookup = systemLookup, withinMs = lookUpMsDefault }: { readonly lookup?: Lookup; readonly withinMs?: number } = {},
): Promise<boolean> => {
  const look = async (): Promise<boolean> => {
    try {
      await addressesOf(targetOf(text), lookup);
      return false;
    } catch (error) {
      return error instanceof OutboundError && error.fault === "refused_address";
    }
  };
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), withinMs);
  try {
    return await Promise.race([look(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
};
