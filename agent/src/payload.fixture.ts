import { loadPayload } from './collector/addon.ts';
import { Failure } from './failure.ts';

/** Whether there is an addon, and one of these sources: that of an earlier build may have other records. */
export function isPayloadBuilt(): boolean {
  try {
    loadPayload();
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
