/**
 * Of vethscope.proto and of the packed records in it (flowRecord.ts): an agent and an extension that differ do not talk.
 * Grows whenever one could take the other's bytes for something else.
 */
export const PROTOCOL_VERSION = 2;
