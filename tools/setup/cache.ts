import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where what takes minutes to build is kept, outside the clone so that the next clone finds it: VETHSCOPE_CACHE, else
 * vethscope in the user's cache folder.
 */
export function cacheFolder(): string {
  const { VETHSCOPE_CACHE, XDG_CACHE_HOME } = process.env;
  return VETHSCOPE_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vethscope');
}
