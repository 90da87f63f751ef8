/** Ids are 32 bits wide; the agent's number stands above them. Exact up to two million agents. */
const KEY_STRIDE = 2 ** 32;

/** One number for an agent's own id. */
export const keyOf = (agent: number, id: number): number => agent * KEY_STRIDE + id;
export const agentOfKey = (key: number): number => Math.floor(key / KEY_STRIDE);
